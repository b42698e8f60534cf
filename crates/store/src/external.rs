//! What other systems call a case, both ways. Never sent to another party.

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// One name of a case in another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalId {
    /// The other system, such as `helpdesk`.
    pub system: String,
    /// What it calls the case.
    pub id: String,
}

impl Reads {
    /// What other systems call a case, by system.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn external_ids(&self, case: CaseId) -> Result<Vec<ExternalId>, StoreError> {
        let sql = "SELECT system, id FROM external WHERE case_id = ?1 ORDER BY system";
        self.rows(sql, params![case.0], external_id)
    }

    /// The cases that a system knows, in the order of what it calls them: at most `most` behind that name.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn external_of(&self, system: &str, after: &str, most: u32) -> Result<Vec<(String, CaseId)>, StoreError> {
        let sql = "SELECT id, case_id FROM external WHERE system = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
        self.rows(sql, params![system, after, most], |row| Ok((row.get(0)?, CaseId(row.get(1)?))))
    }

    /// The case that another system calls so.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn case_called(&self, system: &str, id: &str) -> Result<Option<CaseId>, StoreError> {
        let sql = "SELECT case_id FROM external WHERE system = ?1 AND id = ?2";
        self.row(sql, params![system, id], |row| Ok(CaseId(row.get(0)?)))
    }
}

fn external_id(row: &Row<'_>) -> Result<ExternalId, StoreError> {
    Ok(ExternalId { system: row.get(0)?, id: row.get(1)? })
}

impl Txn<'_> {
    /// Keeps what a system calls a case, in place of what it called it before; false where another case has this name there
    /// already: then nothing is changed.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_external_id(&self, case: CaseId, name: &ExternalId) -> Result<bool, StoreError> {
        let ExternalId { system, id } = name;
        if self.case_called(system, id)?.is_some_and(|other| other != case) {
            return Ok(false);
        }
        self.change(
            "INSERT INTO external (case_id, system, id) VALUES (?1, ?2, ?3)
             ON CONFLICT (case_id, system) DO UPDATE SET id = excluded.id",
            params![case.0, system, id],
        )?;
        Ok(true)
    }

    /// Forgets what a system calls a case; whether there was anything.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn drop_external_id(&self, case: CaseId, system: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM external WHERE case_id = ?1 AND system = ?2";
        Ok(self.change(sql, params![case.0, system])? == 1)
    }
}
