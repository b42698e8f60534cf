//! The connection seen two ways: [`Reads`] may look, [`Txn`] may also change.

use std::{cell::Cell, ops::Deref};

use rusqlite::{Connection, Params, Row, config::DbConfig};

use crate::error::{StoreError, sqlite};

/// Everything that can be read. On a [`crate::Store`] each call sees the latest committed state; inside a
/// [`Txn`] it sees that transaction's own changes too.
#[derive(Debug)]
pub struct Reads {
    pub(crate) conn: Connection,
    poisoned: Cell<bool>,
    clock: Cell<Clock>,
}

/// What tells the time, in Unix milliseconds.
pub type Clock = fn() -> i64;

impl Reads {
    pub(crate) fn new(conn: Connection) -> Self {
        Self { conn, poisoned: Cell::new(false), clock: Cell::new(|| 0) }
    }

    /// The faults SQLite finds in the file, one a line, for people to read; empty when it is sound. Reads the
    /// whole file. A changed byte inside a stored envelope is not a fault here: its signature shows that.
    #[must_use]
    pub fn check_integrity(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match self.rows("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)) {
            Ok(lines) => faults.extend(lines.into_iter().filter(|line| line != "ok")),
            Err(e) => faults.push(e.to_string()),
        }
        match self.rows("PRAGMA foreign_key_check", [], |row| row.get::<_, String>(0)) {
            Ok(tables) => faults.extend(tables.into_iter().map(|t| format!("a row of {t} speaks of a missing one"))),
            Err(e) => faults.push(e.to_string()),
        }
        faults
    }

    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(sqlite)?;
        let rows = statement.query_map(params, read).map_err(sqlite)?;
        rows.collect::<rusqlite::Result<_>>().map_err(sqlite)
    }

    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.conn.prepare_cached(sql).map_err(sqlite)?;
        let mut rows = statement.query(params).map_err(sqlite)?;
        rows.next().map_err(sqlite)?.map(read).transpose().map_err(sqlite)
    }

    /// By what clock it is noted when something came in; the store has none of its own, and takes it to be 0 until then.
    pub fn use_clock(&self, clock: Clock) {
        self.clock.set(clock);
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock.get())()
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.get()
    }

    /// From now on nothing is written through this handle, not even what closing it would move out of the log:
    /// after a failed fsync the system may report success for bytes it has dropped.
    pub(crate) fn poison(&self) {
        self.poisoned.set(true);
        // Refused only by a closed connection, which writes nothing either.
        drop(self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
    }
}

/// A column holding a number that is never negative.
pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_negative| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// A transaction under way, given to the closure of [`crate::Store::write`].
#[derive(Debug)]
pub struct Txn<'a> {
    reads: &'a Reads,
}

impl Deref for Txn<'_> {
    type Target = Reads;

    fn deref(&self) -> &Reads {
        self.reads
    }
}

impl<'a> Txn<'a> {
    pub(crate) fn begin(reads: &'a Reads) -> Result<Self, StoreError> {
        // Immediate: the right to write is taken before anything is read, so what is read stays true to the end.
        reads.conn.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.execute([])).map_err(sqlite)?;
        Ok(Self { reads })
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.still_open()?;
        self.conn.prepare_cached("COMMIT").and_then(|mut s| s.execute([])).map_err(|e| {
            let error = sqlite(e);
            if error != StoreError::Busy {
                self.poison();
            }
            error
        })?;
        Ok(())
    }

    /// Runs one changing statement and tells how many rows it changed; `taken` names the error for a broken rule
    /// of uniqueness.
    pub(crate) fn change_or(
        &self,
        sql: &str,
        params: impl Params,
        taken: impl FnOnce() -> Option<StoreError>,
    ) -> Result<usize, StoreError> {
        self.still_open()?;
        self.conn.prepare_cached(sql).and_then(|mut s| s.execute(params)).map_err(|e| {
            if crate::error::is_taken(&e)
                && let Some(named) = taken()
            {
                return named;
            }
            let error = sqlite(e);
            if matches!(error, StoreError::Io { .. } | StoreError::Damaged { .. }) {
                self.poison();
            }
            error
        })
    }

    pub(crate) fn change(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.change_or(sql, params, || None)
    }

    /// SQLite itself ends a transaction on a full or failing disk. A caller that went on regardless would then
    /// write each statement on its own, outside any transaction.
    fn still_open(&self) -> Result<(), StoreError> {
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        if self.conn.is_autocommit() { Err(StoreError::Undone) } else { Ok(()) }
    }
}

impl Drop for Txn<'_> {
    fn drop(&mut self) {
        roll_back(self.reads);
    }
}

/// A reading transaction.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    reads: &'a Reads,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn begin(reads: &'a Reads) -> Result<Self, StoreError> {
        reads.conn.prepare_cached("BEGIN").and_then(|mut s| s.execute([])).map_err(sqlite)?;
        Ok(Self { reads })
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        roll_back(self.reads);
    }
}

fn roll_back(reads: &Reads) {
    if !reads.conn.is_autocommit() && reads.conn.execute_batch("ROLLBACK").is_err() {
        // Left open, the transaction would swallow the next one.
        reads.poison();
    }
}
