//! Sealed values: what stands beside the record, so that it can be disclosed singly or erased.

use std::fmt;

use counterpart_core::id::{CaseId, EntryId};

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// A sealed value as stored. Its debug form shows nothing of the value, which is often somebody's name or number.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedValue {
    pub entry: EntryId,
    /// Where in the entry the commitment stands.
    pub path: Vec<u8>,
    /// The value with its salt.
    pub disclosure: Vec<u8>,
}

impl fmt::Debug for SealedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedValue").field("entry", &self.entry).finish_non_exhaustive()
    }
}

impl Reads {
    /// All values of `case`, in the order they came.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn values(&self, case: CaseId) -> Result<Vec<SealedValue>, StoreError> {
        let sql = "SELECT entry, path, disclosure FROM sealed_values WHERE case_id = ?1 ORDER BY arrival";
        self.rows(sql, params![case.0], sealed_value)
    }

    /// The values of one entry, by path.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn values_of(&self, case: CaseId, entry: EntryId) -> Result<Vec<SealedValue>, StoreError> {
        let sql = "SELECT entry, path, disclosure FROM sealed_values WHERE case_id = ?1 AND entry = ?2 ORDER BY path";
        self.rows(sql, params![case.0, entry.0], sealed_value)
    }
}

fn sealed_value(row: &Row<'_>) -> Result<SealedValue, StoreError> {
    Ok(SealedValue { entry: EntryId(row.get(0)?), path: row.get(1)?, disclosure: row.get(2)? })
}

impl Txn<'_> {
    /// Stores the value at `path` of `entry`, in place of an earlier one there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_value(&self, case: CaseId, entry: EntryId, path: &[u8], disclosure: &[u8]) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO sealed_values (arrival, case_id, entry, path, disclosure) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (case_id, entry, path) DO UPDATE SET disclosure = excluded.disclosure",
            params![self.number(), case.0, entry.0, path, disclosure],
        )?;
        Ok(())
    }

    /// Erases a value; tells whether it was there. Its bytes are overwritten in the main file, but the log of
    /// changes holds them until [`crate::Store::scrub`].
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_value(&self, case: CaseId, entry: EntryId, path: &[u8]) -> Result<bool, StoreError> {
        let sql = "DELETE FROM sealed_values WHERE case_id = ?1 AND entry = ?2 AND path = ?3";
        Ok(self.change(sql, params![case.0, entry.0, path])? > 0)
    }

    /// Overwriting on deletion does not reach copies that SQLite leaves in the unused part of a page when it moves
    /// rows between pages. Emptying the table frees its pages, and freed pages are overwritten whole.
    pub(crate) fn rewrite_values(&self) -> Result<(), StoreError> {
        // In memory (temp_store), so that no value reaches another file.
        self.change("CREATE TEMP TABLE kept AS SELECT * FROM main.sealed_values", [])?;
        self.change("DELETE FROM main.sealed_values", [])?;
        self.change(
            "INSERT INTO main.sealed_values (arrival, case_id, entry, path, disclosure)
             SELECT arrival, case_id, entry, path, disclosure FROM temp.kept ORDER BY arrival",
            [],
        )?;
        self.change("DROP TABLE temp.kept", [])?;
        Ok(())
    }
}
