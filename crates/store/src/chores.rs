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

/// How far a scrub is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scrubbed {
    /// Nothing is left to be done.
    Clean,
    /// There is more to be written anew: go on.
    More,
    /// All is written anew, and another program keeps the log in use: try again later.
    Held,
}

impl Reads {
    /// The newest chore that asks for a scrub.
    pub(crate) fn scrub_asked(&self) -> Result<Option<i64>, StoreError> {
        Ok(self.row("SELECT max(number) FROM chores WHERE sha256 IS NULL", [], |row| row.get(0))?.flatten())
    }

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

    /// The values that are left are written anew, and the words are to go over to the other table.
    pub(crate) fn begin_scrub(&self) -> Result<(), StoreError> {
        self.rewrite_values()?;
        self.turn_sealed_terms()
    }

    /// One step for the chores up to this one; [`Scrubbed::More`] until all is written anew for them.
    pub(crate) fn step_scrub(&self, asked: i64) -> Result<Scrubbed, StoreError> {
        let sql = "SELECT begun, rewritten FROM scrubbing";
        let (begun, rewritten) = self.row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)))?.unwrap_or_default();
        if begun > rewritten {
            if self.move_sealed_terms()? {
                self.change("UPDATE scrubbing SET rewritten = begun", [])?;
            }
            return Ok(Scrubbed::More);
        }
        if asked > rewritten {
            // What was deleted while a scrub went on may have left something in both tables: another one is needed for it.
            if self.move_sealed_terms()? {
                self.begin_scrub()?;
                self.change("UPDATE scrubbing SET begun = ?1", params![asked])?;
            }
            return Ok(Scrubbed::More);
        }
        Ok(Scrubbed::Clean)
    }

    /// What was asked for up to this chore is done.
    pub(crate) fn end_scrubs(&self, asked: i64) -> Result<(), StoreError> {
        self.change("DELETE FROM chores WHERE sha256 IS NULL AND number <= ?1", params![asked])?;
        Ok(())
    }
}
