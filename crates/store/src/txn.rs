//! The connection seen two ways: [`Reads`] may look, [`Txn`] may also change.

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
};

use rusqlite::{Connection, config::DbConfig, params_from_iter};

use crate::{
    db::{Params, Row, params},
    error::{StoreError, sqlite},
    health::Health,
    postgres::{self, Postgres},
};

/// What the store is kept in.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite(Connection),
    Postgres(Postgres),
}

/// Everything that can be read. On a [`crate::Store`] each call sees the latest committed state; inside a
/// [`Txn`] it sees that transaction's own changes too.
#[derive(Debug)]
pub struct Reads {
    engine: Engine,
    /// Why nothing more is written through this connection.
    poisoned: RefCell<Option<StoreError>>,
    health: Health,
    clock: Cell<Clock>,
}

/// What tells the time, in Unix milliseconds.
pub type Clock = fn() -> i64;

impl Reads {
    pub(crate) fn new(engine: Engine, health: Health) -> Self {
        Self { engine, poisoned: RefCell::default(), health, clock: Cell::new(|| 0) }
    }

    /// How the place does where the store is kept, as far as this process knows.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Takes another connection to the same file in the place of one that is poisoned.
    pub(crate) fn connect_anew(&mut self, conn: Connection) {
        self.engine = Engine::Sqlite(conn);
        self.poisoned = RefCell::default();
    }

    /// Whether several machines may share it: then it is a database on PostgreSQL.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    pub(crate) fn sqlite(&self) -> Option<&Connection> {
        if let Engine::Sqlite(conn) = &self.engine { Some(conn) } else { None }
    }

    pub(crate) fn postgres(&self) -> Option<&Postgres> {
        if let Engine::Postgres(postgres) = &self.engine { Some(postgres) } else { None }
    }

    /// What only one of the two understands, or is quick at.
    pub(crate) fn by_engine<T>(&self, sqlite: T, postgres: T) -> T {
        if self.is_shared() { postgres } else { sqlite }
    }

    /// The faults SQLite finds in the file, one a line, for people to read; empty when it is sound. Reads the
    /// whole file. A changed byte inside a stored envelope is not a fault here: its signature shows that. A database
    /// server looks after its own files: of it nothing is said.
    #[must_use]
    pub fn check_integrity(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.is_shared() {
            return faults;
        }
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
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        self.each(sql, params, |row| {
            found.push(read(row)?);
            Ok::<_, StoreError>(())
        })?;
        Ok(found)
    }

    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &self.engine {
            Engine::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(sql).map_err(sqlite)?;
                let mut rows = statement.query(params_from_iter(params.values())).map_err(sqlite)?;
                rows.next().map_err(sqlite)?.map(|row| read(&Row::Sqlite(row))).transpose()
            }
            Engine::Postgres(postgres) => {
                postgres.rows(sql, params.values())?.first().map(|row| read(&Row::Postgres(row))).transpose()
            }
        }
    }

    /// Gives `visit` the rows one at a time, and stops at its first error.
    pub(crate) fn each<E: From<StoreError>>(
        &self,
        sql: &str,
        params: impl Params,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.engine {
            Engine::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(sql).map_err(sqlite)?;
                let mut rows = statement.query(params_from_iter(params.values())).map_err(sqlite)?;
                while let Some(row) = rows.next().map_err(sqlite)? {
                    visit(&Row::Sqlite(row))?;
                }
                Ok(())
            }
            Engine::Postgres(postgres) => {
                let rows = postgres.rows(sql, params.values())?;
                rows.iter().try_for_each(|row| visit(&Row::Postgres(row)))
            }
        }
    }

    /// By what clock it is noted when something came in; the store has none of its own, and takes it to be 0 until then.
    pub fn use_clock(&self, clock: Clock) {
        self.clock.set(clock);
    }

    pub(crate) fn now(&self) -> i64 {
        (self.clock.get())()
    }

    /// Notes what keeps this place from taking anything; a disk that fails, or a file that is damaged, is not trusted with more.
    fn failed(&self, why: &StoreError) {
        match why {
            StoreError::Io { .. } | StoreError::Damaged { .. } if !self.is_shared() => self.poison(why),
            StoreError::Io { .. } | StoreError::Damaged { .. } | StoreError::DiskFull | StoreError::ReadOnly => {
                self.health.fails(why.clone());
            }
            _ => {}
        }
    }

    pub(crate) fn poisoned_by(&self) -> Option<StoreError> {
        self.poisoned.borrow().clone()
    }

    /// From now on nothing is written through this connection, not even what closing it would move out of the log:
    /// after a failed fsync the system may report success for bytes it has dropped.
    pub(crate) fn poison(&self, why: &StoreError) {
        self.poisoned.replace(Some(why.clone()));
        self.health.fails(why.clone());
        if let Some(conn) = self.sqlite() {
            // Refused only by a closed connection, which writes nothing either.
            drop(conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true));
        }
    }
}

/// A transaction under way, given to the closure of [`crate::Store::write`].
#[derive(Debug)]
pub struct Txn<'a> {
    reads: &'a Reads,
    /// Something was written in it.
    wrote: Cell<bool>,
}

impl Deref for Txn<'_> {
    type Target = Reads;

    fn deref(&self) -> &Reads {
        self.reads
    }
}

impl<'a> Txn<'a> {
    pub(crate) fn begin(reads: &'a Reads) -> Result<Self, StoreError> {
        match &reads.engine {
            // Immediate: the right to write is taken before anything is read, so what is read stays true to the end.
            Engine::Sqlite(conn) => {
                let begun = conn.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.execute([])).map_err(sqlite);
                begun.inspect_err(|why| reads.failed(why))?;
            }
            Engine::Postgres(postgres) => postgres.begin(postgres::Mode::Write)?,
        }
        Ok(Self { reads, wrote: Cell::new(false) })
    }

    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.still_open()?;
        match &self.engine {
            Engine::Sqlite(conn) => {
                conn.prepare_cached("COMMIT").and_then(|mut s| s.execute([])).map_err(|e| {
                    let error = sqlite(e);
                    if error != StoreError::Busy {
                        self.poison(&error);
                    }
                    error
                })?;
            }
            Engine::Postgres(postgres) => postgres.commit().inspect_err(|why| self.failed(why))?,
        }
        if self.wrote.get() {
            self.health.writes();
        }
        Ok(())
    }

    /// Whether others changed what was read here.
    pub(crate) fn met_conflict(&self) -> bool {
        self.still_open() == Err(StoreError::Conflict)
    }

    /// Runs one changing statement and tells how many rows it changed; `taken` names the error for a broken rule
    /// of uniqueness, after which the transaction may go on.
    pub(crate) fn change_or(
        &self,
        sql: &str,
        params: impl Params,
        taken: impl FnOnce() -> Option<StoreError>,
    ) -> Result<usize, StoreError> {
        self.still_open()?;
        let changed = match &self.engine {
            Engine::Sqlite(conn) => {
                let changed = conn.prepare_cached(sql).and_then(|mut s| s.execute(params_from_iter(params.values())));
                changed.map_err(|e| {
                    if crate::error::is_taken(&e)
                        && let Some(named) = taken()
                    {
                        return named;
                    }
                    let error = sqlite(e);
                    self.failed(&error);
                    error
                })
            }
            Engine::Postgres(postgres) => {
                let changed = match taken() {
                    Some(named) => postgres.change_guarded(sql, params.values()).map(|done| done.ok_or(named)),
                    None => postgres.change(sql, params.values()).map(Ok),
                };
                changed.inspect_err(|why| self.failed(why))?
            }
        }?;
        if changed > 0 {
            self.wrote.set(true);
        }
        Ok(changed)
    }

    /// Writes what is there already, to see whether anything can be written.
    pub(crate) fn touch(&self) -> Result<(), StoreError> {
        self.still_open()?;
        match &self.engine {
            Engine::Sqlite(conn) => {
                // Read here: a newer program may have raised it.
                let version: Option<i64> = self.row("PRAGMA user_version", [], |row| row.get(0))?;
                let version = version.ok_or(StoreError::Undone)?;
                conn.execute_batch(&format!("PRAGMA user_version = {version}")).map_err(sqlite).inspect_err(|why| {
                    self.failed(why);
                })?;
            }
            Engine::Postgres(postgres) => {
                self.change("DELETE FROM writers WHERE writer = ?1 AND at < 0", params![postgres.writer()])?;
            }
        }
        self.wrote.set(true);
        Ok(())
    }

    pub(crate) fn change(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.change_or(sql, params, || None)
    }

    /// The number of the next row of a table, to be given with the row. SQLite gives it by itself where there is none here;
    /// elsewhere it is the time, so that nothing is counted that all would wait for.
    pub(crate) fn number(&self) -> Option<i64> {
        self.postgres().map(|postgres| postgres.number(0))
    }

    /// The same, above what `last` gives: then rows that come within one case are in the order in which they were
    /// committed.
    pub(crate) fn number_above(
        &self,
        last: impl FnOnce() -> Result<u64, StoreError>,
    ) -> Result<Option<i64>, StoreError> {
        let Some(postgres) = self.postgres() else { return Ok(None) };
        Ok(Some(postgres.number(crate::error::signed(last()?)?)))
    }

    /// The number of the row just inserted.
    pub(crate) fn last_number(&self) -> Result<u64, StoreError> {
        let row = match &self.engine {
            Engine::Sqlite(conn) => conn.last_insert_rowid(),
            Engine::Postgres(postgres) => postgres.last_number(),
        };
        u64::try_from(row).map_err(|_negative| StoreError::Damaged { detail: format!("row number {row} is negative") })
    }

    /// SQLite itself ends a transaction on a full or failing disk. A caller that went on regardless would then
    /// write each statement on its own, outside any transaction.
    fn still_open(&self) -> Result<(), StoreError> {
        if let Some(why) = self.poisoned_by() {
            return Err(why);
        }
        match &self.engine {
            Engine::Sqlite(conn) if conn.is_autocommit() => Err(StoreError::Undone),
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(postgres) => postgres.still_open(),
        }
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
        match &reads.engine {
            Engine::Sqlite(conn) => {
                conn.prepare_cached("BEGIN").and_then(|mut s| s.execute([])).map_err(sqlite)?;
            }
            Engine::Postgres(postgres) => postgres.begin(postgres::Mode::Read)?,
        }
        Ok(Self { reads })
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        roll_back(self.reads);
    }
}

fn roll_back(reads: &Reads) {
    match &reads.engine {
        Engine::Sqlite(conn) => {
            if !conn.is_autocommit()
                && let Err(why) = conn.execute_batch("ROLLBACK").map_err(sqlite)
            {
                // Left open, the transaction would swallow the next one.
                reads.poison(&why);
            }
        }
        Engine::Postgres(postgres) => postgres.roll_back(),
    }
}
