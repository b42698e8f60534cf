//! Case summaries: a cache that lists many cases without opening one. Rebuildable from the entries.

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// One case in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSummary {
    pub case: CaseId,
    pub title: String,
    pub state: String,
    pub whose_move: String,
    /// Unix milliseconds.
    pub next_due: Option<i64>,
    /// How many entries the summary takes into account.
    pub entries: u64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

impl Reads {
    /// All summaries, the latest updated first, then by case id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn summaries(&self) -> Result<Vec<CaseSummary>, StoreError> {
        let sql = "SELECT case_id, title, state, whose_move, next_due, entries, updated_at FROM case_summaries
                   ORDER BY updated_at DESC, case_id";
        self.rows(sql, [], case_summary)
    }

    /// The summary of one case.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn summary(&self, case: CaseId) -> Result<Option<CaseSummary>, StoreError> {
        let sql = "SELECT case_id, title, state, whose_move, next_due, entries, updated_at FROM case_summaries
                   WHERE case_id = ?1";
        self.row(sql, params![case.0], case_summary)
    }

    /// The cases with a summary whose id begins with these 40 bits, as a short form gives them; by id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases_with_prefix(&self, prefix: &[u8; 5]) -> Result<Vec<CaseId>, StoreError> {
        self.cases_between(prefix, prefix, usize::MAX)
    }

    /// At most so many of the cases with a summary whose first 40 bits are from one to the other; by id.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn cases_between(&self, from: &[u8; 5], to: &[u8; 5], most: usize) -> Result<Vec<CaseId>, StoreError> {
        let (mut first, mut last) = ([0x00; 32], [0xff; 32]);
        first[..5].copy_from_slice(from);
        last[..5].copy_from_slice(to);
        let sql = "SELECT case_id FROM case_summaries WHERE case_id BETWEEN ?1 AND ?2 ORDER BY case_id LIMIT ?3";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.rows(sql, params![first, last, most], |row| Ok(CaseId(row.get(0)?)))
    }
}

fn case_summary(row: &Row<'_>) -> Result<CaseSummary, StoreError> {
    Ok(CaseSummary {
        case: CaseId(row.get(0)?),
        title: row.get(1)?,
        state: row.get(2)?,
        whose_move: row.get(3)?,
        next_due: row.get(4)?,
        entries: unsigned(row, 5)?,
        updated_at: row.get(6)?,
    })
}

impl Txn<'_> {
    /// Stores a summary in place of the case's earlier one.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_summary(&self, summary: &CaseSummary) -> Result<(), StoreError> {
        let CaseSummary { case, title, state, whose_move, next_due, entries, updated_at } = summary;
        self.change(
            "INSERT INTO case_summaries (case_id, title, state, whose_move, next_due, entries, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (case_id) DO UPDATE SET title = excluded.title, state = excluded.state,
                 whose_move = excluded.whose_move, next_due = excluded.next_due, entries = excluded.entries,
                 updated_at = excluded.updated_at",
            params![case.0, title, state, whose_move, next_due, signed(*entries)?, updated_at],
        )?;
        Ok(())
    }
}
