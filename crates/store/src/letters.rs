//! Letters: what is to be sent, or was. One a case and occasion, so that nothing is sent twice for the same reason.

use counterpart_core::id::CaseId;

use crate::{
    Reads, StoreError, Txn,
    db::{Row, params},
};

/// One letter. What the states mean, and the body, is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    pub id: [u8; 16],
    pub case: CaseId,
    /// Why it is sent: unique in its case.
    pub occasion: String,
    pub state: String,
    /// When it is to go out, Unix milliseconds.
    pub due: i64,
    /// When it is tried next, Unix milliseconds; nothing where it is not to be tried.
    pub next_try: Option<i64>,
    pub body: String,
}

const COLUMNS: &str = "SELECT id, case_id, occasion, state, due, next_try, body FROM letters";

impl Reads {
    /// All letters, by when they are due.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn letters(&self) -> Result<Vec<LetterRow>, StoreError> {
        self.rows(&format!("{COLUMNS} ORDER BY due, id"), [], letter)
    }

    /// The letters of a case, by when they are due.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn letters_of(&self, case: CaseId) -> Result<Vec<LetterRow>, StoreError> {
        self.rows(&format!("{COLUMNS} WHERE case_id = ?1 ORDER BY due, id"), params![case.0], letter)
    }

    /// One letter.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn letter(&self, id: &[u8; 16]) -> Result<Option<LetterRow>, StoreError> {
        self.row(&format!("{COLUMNS} WHERE id = ?1"), params![id], letter)
    }

    /// The letters to be tried by `now`, those that wait longest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn letters_to_try(&self, now: i64) -> Result<Vec<LetterRow>, StoreError> {
        let sql = format!("{COLUMNS} WHERE next_try IS NOT NULL AND next_try <= ?1 ORDER BY next_try, id");
        self.rows(&sql, params![now], letter)
    }

    /// When the next letter is to be tried, Unix milliseconds.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn next_letter_try(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(next_try) FROM letters WHERE next_try IS NOT NULL";
        Ok(self.row(sql, [], |row| row.get::<_, Option<i64>>(0))?.flatten())
    }
}

fn letter(row: &Row<'_>) -> Result<LetterRow, StoreError> {
    Ok(LetterRow {
        id: row.get(0)?,
        case: CaseId(row.get(1)?),
        occasion: row.get(2)?,
        state: row.get(3)?,
        due: row.get(4)?,
        next_try: row.get(5)?,
        body: row.get(6)?,
    })
}

impl Txn<'_> {
    /// Stores a letter, unless its case has one for that occasion; tells whether it was new.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn insert_letter(&self, row: &LetterRow) -> Result<bool, StoreError> {
        let known = "SELECT 1 FROM letters WHERE case_id = ?1 AND occasion = ?2";
        if self.row(known, params![row.case.0, row.occasion], |_| Ok(()))?.is_some() {
            return Ok(false);
        }
        self.change(
            "INSERT INTO letters (id, case_id, occasion, state, due, next_try, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![row.id, row.case.0, row.occasion, row.state, row.due, row.next_try, row.body],
        )?;
        Ok(true)
    }

    /// Changes what happens with a letter; its case and occasion stay. Tells whether it was there in state `from`:
    /// another process may have been faster.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn move_letter(&self, from: &str, row: &LetterRow) -> Result<bool, StoreError> {
        let sql = "UPDATE letters SET state = ?3, due = ?4, next_try = ?5, body = ?6 WHERE id = ?1 AND state = ?2";
        Ok(self.change(sql, params![row.id, from, row.state, row.due, row.next_try, row.body])? > 0)
    }
}
