//! The notebook: what a person keeps for themselves. Nothing of it is ever sent to another party.

use std::fmt;

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// One note. Its debug form shows nothing of what is written, which is nobody's business.
#[derive(Clone, PartialEq, Eq)]
pub struct NotebookRow {
    pub id: [u8; 16],
    /// What kind of note, in one word.
    pub kind: String,
    /// The case it is for; nothing where it is for all of them.
    pub case: Option<CaseId>,
    /// Whom it is about, as its writer names them.
    pub whom: Option<String>,
    pub body: String,
    /// Unix milliseconds.
    pub written_at: i64,
}

impl fmt::Debug for NotebookRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotebookRow").field("kind", &self.kind).finish_non_exhaustive()
    }
}

const COLUMNS: &str = "SELECT id, kind, case_id, whom, body, written_at FROM notebook";

impl Reads {
    /// The whole notebook, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn notebook(&self) -> Result<Vec<NotebookRow>, StoreError> {
        self.rows(&format!("{COLUMNS} ORDER BY written_at, id"), [], note)
    }

    /// The notes of a kind, oldest first; with `whom`, those about them.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn notes_of_kind(&self, kind: &str, whom: Option<&str>) -> Result<Vec<NotebookRow>, StoreError> {
        let sql =
            format!("{COLUMNS} WHERE kind = ?1 AND (CAST(?2 AS TEXT) IS NULL OR whom = ?2) ORDER BY written_at, id");
        self.rows(&sql, params![kind, whom], note)
    }

    /// The notes for a case, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn notes_of_case(&self, case: CaseId) -> Result<Vec<NotebookRow>, StoreError> {
        self.rows(&format!("{COLUMNS} WHERE case_id = ?1 ORDER BY written_at, id"), params![case.0], note)
    }

    /// One note.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn note(&self, id: &[u8; 16]) -> Result<Option<NotebookRow>, StoreError> {
        self.row(&format!("{COLUMNS} WHERE id = ?1"), params![id], note)
    }
}

fn note(row: &Row<'_>) -> Result<NotebookRow, StoreError> {
    Ok(NotebookRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        case: row.get::<_, Option<[u8; 32]>>(2)?.map(CaseId),
        whom: row.get(3)?,
        body: row.get(4)?,
        written_at: row.get(5)?,
    })
}

impl Txn<'_> {
    /// Writes a note, in place of an earlier one of that id.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_note(&self, row: &NotebookRow) -> Result<(), StoreError> {
        self.change(
            "INSERT INTO notebook (id, kind, case_id, whom, body, written_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, case_id = excluded.case_id, whom = excluded.whom,
                 body = excluded.body, written_at = excluded.written_at",
            params![row.id, row.kind, row.case.map(|c| c.0), row.whom, row.body, row.written_at],
        )?;
        Ok(())
    }

    /// Takes a note out; tells whether it was there.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn delete_note(&self, id: &[u8; 16]) -> Result<bool, StoreError> {
        Ok(self.change("DELETE FROM notebook WHERE id = ?1", params![id])? > 0)
    }
}
