//! Agendas: what each case keeps ready of what is to be done, so that all cases can be listed without opening one. A
//! cache, rebuildable from the entries and the notebook.

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Many, Param as _, Row, Value, params, unsigned},
    error::signed,
};

/// What one case keeps ready. What the texts say is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaRow {
    pub case: CaseId,
    pub title: String,
    /// As in the summary of the case.
    pub state: String,
    /// How many entries the case has by its summary.
    pub entries: u64,
    /// How many of them the agenda takes into account, and the agenda; nothing where it is to be made yet.
    pub agenda: Option<(u64, String)>,
    /// On how much the dates of the steps rest that are kept, and the dates.
    pub steps: Option<(u64, String)>,
    /// Where the notebook has steps for it, on how much their dates rest now: entries, receipts and time stamps.
    pub rests_on: Option<u64>,
    /// When its reminders are looked at next, Unix milliseconds.
    pub reminder: Option<i64>,
}

impl Reads {
    /// What every case keeps ready, by case id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn agendas(&self) -> Result<Vec<AgendaRow>, StoreError> {
        let sql = "SELECT s.case_id, s.title, s.state, s.entries, a.entries, a.body, a.steps_rest_on, a.steps,
                          CASE WHEN EXISTS (SELECT 1 FROM notebook n WHERE n.case_id = s.case_id AND n.kind = 'step')
                          THEN s.entries + (SELECT count(*) FROM receipts r WHERE r.case_id = s.case_id)
                                         + (SELECT count(*) FROM stamps t WHERE t.case_id = s.case_id) END,
                          (SELECT l.next_try FROM letters l WHERE l.case_id = s.case_id AND l.occasion = 'plan')
                   FROM case_summaries s LEFT JOIN agendas a ON a.case_id = s.case_id
                   ORDER BY s.case_id";
        self.rows(sql, [], agenda)
    }

    /// The agendas of some cases, those that take every entry into account: of a page of a list.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn ready_agendas(&self, cases: &[CaseId]) -> Result<Vec<(CaseId, String)>, StoreError> {
        if cases.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=cases.len()).map(|n| format!("?{n}")).collect();
        let sql = format!(
            "SELECT a.case_id, a.body FROM agendas a JOIN case_summaries s ON s.case_id = a.case_id
             WHERE a.entries = s.entries AND a.case_id IN ({})",
            places.join(", ")
        );
        let values: Vec<Value<'_>> = cases.iter().map(|case| case.0.value()).collect();
        self.rows(&sql, Many(&values), |row| Ok((CaseId(row.get(0)?), row.get(1)?)))
    }
}

fn agenda(row: &Row<'_>) -> Result<AgendaRow, StoreError> {
    let both = |entries: usize, body: usize| match row.get::<_, Option<String>>(body)? {
        Some(body) => Ok::<_, StoreError>(Some((unsigned(row, entries)?, body))),
        None => Ok(None),
    };
    Ok(AgendaRow {
        case: CaseId(row.get(0)?),
        title: row.get(1)?,
        state: row.get(2)?,
        entries: unsigned(row, 3)?,
        agenda: both(4, 5)?,
        steps: both(6, 7)?,
        rests_on: row.get::<_, Option<i64>>(8)?.map(|_| unsigned(row, 8)).transpose()?,
        reminder: row.get(9)?,
    })
}

impl Txn<'_> {
    /// Keeps an agenda in place of the case's earlier one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_agenda(&self, case: CaseId, entries: u64, body: &str) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO agendas (case_id, entries, body) VALUES (?1, ?2, ?3)
             ON CONFLICT (case_id) DO UPDATE SET entries = excluded.entries, body = excluded.body",
            params![case.0, signed(entries)?, body],
        )?;
        Ok(())
    }

    /// Keeps the dates of a case's steps; with nothing, what is kept of them goes. Without an agenda nothing is kept.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_step_dates(&self, case: CaseId, dates: Option<(u64, &str)>) -> Result<(), StoreError> {
        let (rest_on, steps) = dates.unzip();
        let rest_on = rest_on.map(signed).transpose()?;
        let sql = "UPDATE agendas SET steps_rest_on = ?2, steps = ?3 WHERE case_id = ?1";
        self.change(sql, params![case.0, rest_on, steps])?;
        Ok(())
    }
}
