//! Asides: what those on one side tell each other about a case. Never sent to another party.

use std::fmt;

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params, unsigned},
    error::signed,
};

/// One aside. Its debug form shows nothing of what is written, which is nobody else's business.
#[derive(Clone, PartialEq, Eq)]
pub struct AsideRow {
    pub case: CaseId,
    /// 1, 2, 3 in this case; a number is not given again while a later one stands.
    pub number: u64,
    /// Unix milliseconds.
    pub at: i64,
    /// Who wrote it, as they are called here.
    pub agent: String,
    pub text: String,
}

impl fmt::Debug for AsideRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsideRow").field("case", &self.case).field("number", &self.number).finish_non_exhaustive()
    }
}

impl Reads {
    /// The asides of a case, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn asides(&self, case: CaseId) -> Result<Vec<AsideRow>, StoreError> {
        let sql = "SELECT case_id, number, at, agent, text FROM asides WHERE case_id = ?1 ORDER BY number";
        self.rows(sql, params![case.0], aside)
    }

    /// Every aside of every case, by case: for a party's own backup.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn all_asides(&self) -> Result<Vec<AsideRow>, StoreError> {
        self.rows("SELECT case_id, number, at, agent, text FROM asides ORDER BY case_id, number", [], aside)
    }
}

fn aside(row: &Row<'_>) -> Result<AsideRow, StoreError> {
    Ok(AsideRow {
        case: CaseId(row.get(0)?),
        number: unsigned(row, 1)?,
        at: row.get(2)?,
        agent: row.get(3)?,
        text: row.get(4)?,
    })
}

impl Txn<'_> {
    /// Adds an aside behind the others of its case, and gives its number.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn add_aside(&self, case: CaseId, at: i64, agent: &str, text: &str) -> Result<u64, StoreError> {
        let last = self.row("SELECT max(number) FROM asides WHERE case_id = ?1", params![case.0], |row| {
            row.get::<_, Option<i64>>(0)
        })?;
        let number = last.flatten().and_then(|number| u64::try_from(number).ok()).unwrap_or(0).saturating_add(1);
        self.put_aside(&AsideRow { case, number, at, agent: agent.to_owned(), text: text.to_owned() })?;
        Ok(number)
    }

    /// Puts an aside where it stood, as a restored backup has it.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_aside(&self, row: &AsideRow) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO asides (case_id, number, at, agent, text) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id, number) DO UPDATE SET at = excluded.at, agent = excluded.agent,
                 text = excluded.text",
            params![row.case.0, signed(row.number)?, row.at, row.agent, row.text],
        )?;
        Ok(())
    }

    /// Takes an aside out; tells whether it was there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_aside(&self, case: CaseId, number: u64) -> Result<bool, StoreError> {
        let sql = "DELETE FROM asides WHERE case_id = ?1 AND number = ?2";
        Ok(self.change(sql, params![case.0, signed(number)?])? > 0)
    }
}
