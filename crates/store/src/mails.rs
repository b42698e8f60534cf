//! Mail that came in or went out: an answer finds its case, and nothing is taken in twice.

use counterpart_core::id::{CaseId, EntryId};

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// One message, known by the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    pub sha256: [u8; 32],
    /// What it calls itself; a claim of whoever wrote it.
    pub message_id: Option<String>,
    /// Whether it was sent from here.
    pub out: bool,
    pub case: Option<CaseId>,
    /// The entry that notes it.
    pub entry: Option<EntryId>,
    /// Unix milliseconds.
    pub at: i64,
}

const COLUMNS: &str = "SELECT sha256, message_id, out, case_id, entry, at FROM mails";

impl Reads {
    /// The message of these bytes.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn mail(&self, sha256: &[u8; 32]) -> Result<Option<MailRow>, StoreError> {
        self.row(&format!("{COLUMNS} WHERE sha256 = ?1"), params![sha256], mail)
    }

    /// The messages of a case, those that came and those that went, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn mails_of(&self, case: CaseId) -> Result<Vec<MailRow>, StoreError> {
        self.rows(&format!("{COLUMNS} WHERE case_id = ?1 ORDER BY at, sha256"), params![case.0], mail)
    }

    /// The messages that call themselves so, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn mails_called(&self, message_id: &str) -> Result<Vec<MailRow>, StoreError> {
        self.rows(&format!("{COLUMNS} WHERE message_id = ?1 ORDER BY at, sha256"), params![message_id], mail)
    }
}

fn mail(row: &Row<'_>) -> Result<MailRow, StoreError> {
    Ok(MailRow {
        sha256: row.get(0)?,
        message_id: row.get(1)?,
        out: row.get(2)?,
        case: row.get::<_, Option<[u8; 32]>>(3)?.map(CaseId),
        entry: row.get::<_, Option<[u8; 32]>>(4)?.map(EntryId),
        at: row.get(5)?,
    })
}

impl Txn<'_> {
    /// Remembers a message, unless one of the same bytes is known; tells whether it was new.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_mail(&self, row: &MailRow) -> Result<bool, StoreError> {
        if self.mail(&row.sha256)?.is_some() {
            return Ok(false);
        }
        self.change(
            "INSERT INTO mails (sha256, message_id, out, case_id, entry, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![row.sha256, row.message_id, row.out, row.case.map(|c| c.0), row.entry.map(|e| e.0), row.at],
        )?;
        Ok(true)
    }
}
