//! What is left to be done about erased things, kept with what asked for it: a crash in between forgets nothing.

use counterpart_core::{attachment::FileRef, id::CaseId};

use crate::{
    Reads, StoreError, Txn,
    db::{params, unsigned},
    error::signed,
};

/// Something to do once the transaction that asked for it is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chore {
    /// [`crate::Store::scrub`]: values were deleted.
    Scrub,
    /// [`crate::Files::erase`].
    EraseFile { case: CaseId, file: FileRef },
}

/// A chore under its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChoreRow {
    pub number: u64,
    pub chore: Chore,
}

impl Reads {
    /// What is left to be done, oldest first.
    ///
    /// # Errors
    /// A damaged, busy or failing store.
    pub fn chores(&self) -> Result<Vec<ChoreRow>, StoreError> {
        let sql = "SELECT number, case_id, sha256, size FROM chores ORDER BY number";
        self.rows(sql, [], |row| {
            let number = unsigned(row, 0)?;
            let chore = match row.get::<_, Option<[u8; 32]>>(1)? {
                None => Chore::Scrub,
                Some(case) => {
                    let file = FileRef { sha256: row.get(2)?, size: unsigned(row, 3)? };
                    Chore::EraseFile { case: CaseId(case), file }
                }
            };
            Ok(ChoreRow { number, chore })
        })
    }
}

impl Txn<'_> {
    /// Leaves something to be done.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn put_chore(&self, chore: &Chore) -> Result<(), StoreError> {
        match chore {
            Chore::Scrub => self.change("INSERT INTO chores (number) VALUES (?1)", params![self.number()])?,
            Chore::EraseFile { case, file } => self.change(
                "INSERT INTO chores (number, case_id, sha256, size) VALUES (?1, ?2, ?3, ?4)",
                params![self.number(), case.0, file.sha256, signed(file.size)?],
            )?,
        };
        Ok(())
    }

    /// Says that it is done.
    ///
    /// # Errors
    /// A full, damaged or failing store.
    pub fn end_chore(&self, number: u64) -> Result<(), StoreError> {
        self.change("DELETE FROM chores WHERE number = ?1", params![signed(number)?])?;
        Ok(())
    }
}
