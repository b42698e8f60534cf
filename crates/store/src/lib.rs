//! Durable storage of cases, in one of two places: one SQLite file, `counterpart.db`, that several processes share safely,
//! and beside it the bytes of attached files; or a database on PostgreSQL that several machines share, and in it the files,
//! too. See [`StorePlace`] and [`Files`].
//!
//! The store keeps envelopes, values and links as the bytes it was given and never decodes them; what they mean
//! is judged elsewhere. It upholds four things:
//!
//! - **Durable before visible.** When [`Store::write`] returns `Ok`, everything done in it is on disk (fsynced).
//! - **One transaction.** What is read inside a `write` cannot change before its inserts are in, whichever
//!   process asks. Reading the heads, signing and inserting belong in one `write`.
//! - **One own entry a position.** No two own entries of one device in one case share a sequence number.
//! - **A failed disk is not trusted.** After an I/O error nothing more is written through that connection: the next write opens
//!   the file anew, as a new start would.
//!
//! A `write` costs one fsync, whatever is done in it: a thousand entries caught up in one `write` cost about as
//! much as one. Reads load only the rows they are asked for; nothing is cached between calls.

mod agendas;
mod asides;
mod changes;
mod chores;
mod copy;
mod counts;
mod db;
mod edits;
mod entries;
mod error;
mod external;
mod files;
mod health;
mod hooks;
mod idempotency;
mod invites;
mod key_events;
mod letters;
mod mails;
mod marks;
mod news;
mod notebook;
mod numbers;
mod overdue;
mod peers;
mod place;
mod postgres;
mod queue;
mod receipts;
mod schema;
mod stamps;
mod summaries;
mod terms;
mod tokens;
mod txn;
mod values;
mod whereabouts;

pub use agendas::AgendaRow;
pub use asides::AsideRow;
pub use changes::{Change, ChangeKind, FellDue};
pub use chores::{Chore, ChoreRow, Scrubbed};
pub use copy::{Copied, copy, verify};
pub use counts::Counts;
pub use edits::{EditRow, StoredEdit};
pub use entries::{EntryRow, Inserted, StoredEntry, StoredEntryRef};
pub use error::StoreError;
pub use external::ExternalId;
pub use files::{Files, FilesError, Listing};
pub use health::Health;
pub use hooks::{HookCase, HookRow, HookStanding};
pub use idempotency::{AskedOnce, OF_A_RULE};
pub use invites::{Invite, Join};
pub use key_events::{KeyEventRow, StoredKeyEvent};
pub use letters::LetterRow;
pub use mails::MailRow;
pub use notebook::NotebookRow;
pub use peers::PeerAddress;
pub use place::StorePlace;
pub use queue::{Held, Indexed, Lane, QueueEntry, QueuePlace, QueueWish};
pub use receipts::{ReceiptRow, StoredReceipt};
pub use stamps::WantedStamp;
pub use summaries::CaseSummary;
pub use terms::WordsBy;
pub use tokens::{TokenKept, TokenRow};
pub use txn::{Clock, Reads, Txn};
pub use values::SealedValue;
pub use whereabouts::StoredWhereabouts;

use std::{
    fs, io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::{error::sqlite, postgres::Postgres, txn::Engine};

/// How long a call waits for another process to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pages waiting in the write-ahead log from which on a commit also moves them into the main file.
const CHECKPOINT_PAGES: i64 = 1000;

/// Statements kept prepared: more than the crate has.
const PREPARED: usize = 192;

/// How often what rests on something that others changed is begun again.
const TRIES: u32 = 100;

/// Tables of which what is erased is deleted.
const MAY_BE_ERASED: &[&str] = &[
    "sealed_values",
    "sealed_terms",
    "sealed_terms_anew",
    "pieces",
    "agendas",
    "case_summaries",
    "edits",
    "letters",
    "notebook",
    "queue",
];

/// An open store. Reading methods are those of [`Reads`]; all writing happens in [`Store::write`].
///
/// A handle can move between threads but not be shared by them: open one for each, or put it behind a lock.
#[derive(Debug)]
pub struct Store {
    reads: Reads,
    writable: bool,
    /// Its file, where it is kept in one.
    file: Option<PathBuf>,
}

impl Deref for Store {
    type Target = Reads;

    fn deref(&self) -> &Reads {
        &self.reads
    }
}

impl Store {
    /// Opens the store at `path` for reading and writing, and makes it if there is none. The folder must exist.
    /// On Unix the file is for its owner alone (mode 0600).
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::NotAStore`], [`StoreError::NewerVersion`], or a damaged, busy,
    /// full or failing disk.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|e| StoreError::cannot_open(path, &e))?;
        create_private(&path).map_err(|e| StoreError::cannot_open(&path, &e))?;
        let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare(&conn, &path)?;
        set_up(&conn, &path)?;
        Ok(Self::of_file(conn, path, true))
    }

    /// Opens the store at a place for reading and writing, and makes it if there is none.
    ///
    /// # Errors
    /// As [`Store::open`]; for a database [`StoreError::BadAddress`], or [`StoreError::Unreachable`] after some seconds.
    pub fn open_at(place: &StorePlace) -> Result<Self, StoreError> {
        match place {
            StorePlace::File(path) => Self::open(path),
            StorePlace::Postgres(address) => Ok(Self::of_database(Postgres::open(address, true)?, true)),
        }
    }

    /// Opens an existing store at a place for reading only.
    ///
    /// # Errors
    /// As [`Store::open_read_only`] and [`Store::open_at`].
    pub fn open_at_read_only(place: &StorePlace) -> Result<Self, StoreError> {
        match place {
            StorePlace::File(path) => Self::open_read_only(path),
            StorePlace::Postgres(address) => Ok(Self::of_database(Postgres::open(address, false)?, false)),
        }
    }

    /// Opens an existing store for reading only. [`Store::write`] then answers [`StoreError::ReadOnly`].
    ///
    /// # Errors
    /// [`StoreError::Missing`] if there is no such file, else as [`Store::open`].
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let path = std::path::absolute(path).map_err(|e| StoreError::cannot_open(path, &e))?;
        match fs::metadata(&path) {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(StoreError::Missing { path }),
            Err(e) => return Err(StoreError::cannot_open(&path, &e)),
        }
        let conn = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check(&conn, &path)?;
        Ok(Self::of_file(conn, path, false))
    }

    fn of_file(conn: Connection, path: PathBuf, writable: bool) -> Self {
        let reads = Reads::new(Engine::Sqlite(conn), Health::of(&path.to_string_lossy()));
        Self { reads, writable, file: Some(path) }
    }

    fn of_database(postgres: Postgres, writable: bool) -> Self {
        let health = postgres.health().clone();
        Self { reads: Reads::new(Engine::Postgres(postgres), health), writable, file: None }
    }

    /// Does `work` as one transaction: all of it is on disk when this returns `Ok`, none of it is kept when `work`
    /// returns `Err` or panics. Other writers wait until it ends (up to 5 s), so sign inside it but do not wait
    /// for people or the network. Several machines that share a store do not wait for each other: where what was read was
    /// changed by another one before the end, this ends with [`StoreError::Conflict`], and with [`StoreError::TookTooLong`]
    /// where it took more than 15 seconds.
    ///
    /// # Errors
    /// What `work` returns, else the failure to begin or commit. After [`StoreError::Io`], and after
    /// [`StoreError::DiskFull`] while committing, the next `write` opens the file anew: whether a failed commit was kept
    /// after all is known only then. After [`StoreError::Damaged`] the handle refuses every later `write` with the same.
    pub fn write<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Txn<'_>) -> Result<T, E>) -> Result<T, E> {
        self.ready_to_write()?;
        let txn = Txn::begin(&self.reads)?;
        let done = work(&txn)?;
        txn.commit()?;
        self.move_log_if_long();
        Ok(done)
    }

    /// As [`Store::write`], and where another machine wrote at the same moment what `work` rests on, from the beginning
    /// again: `work` must do the same each time but for what it reads.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_again<T, E: From<StoreError>>(
        &mut self,
        mut work: impl FnMut(&Txn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.ready_to_write()?;
        let (mut left, mut waits, mut late) = (TRIES, 0, false);
        loop {
            left -= 1;
            let txn = Txn::begin(&self.reads)?;
            match work(&txn) {
                // Whatever it made of the refusal, it was one.
                Err(_) if left > 0 && txn.met_conflict() => {
                    drop(txn);
                    postgres::wait(&mut waits);
                }
                Err(why) => return Err(why),
                Ok(done) => match txn.commit() {
                    Err(StoreError::Conflict) if left > 0 => postgres::wait(&mut waits),
                    // Perhaps the machine slept meanwhile.
                    Err(StoreError::TookTooLong) if !late => late = true,
                    Err(why) => return Err(why.into()),
                    Ok(()) => {
                        self.move_log_if_long();
                        return Ok(done);
                    }
                },
            }
        }
    }

    /// From now on refuses, with [`StoreError::TookTooLong`], what took longer than this to write to a shared store. Longer than
    /// 15 seconds nothing may take, whatever is said here: others look for what is new only so far back.
    pub fn refuse_writes_after(&self, longest: Duration) {
        if let Some(postgres) = self.reads.postgres() {
            postgres.refuse_after(longest);
        }
    }

    /// Does `work` on one unchanging picture of the store, however many reads it makes and whoever writes
    /// meanwhile. Keep it short: while it lasts the log of changes cannot be cut.
    ///
    /// # Errors
    /// What `work` returns, else the failure to begin.
    pub fn read<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&Reads) -> Result<T, E>) -> Result<T, E> {
        let snapshot = txn::Snapshot::begin(&self.reads)?;
        let done = work(&self.reads);
        drop(snapshot);
        done
    }

    /// Moves the log of changes into the main file and empties it. `false` if another reader or writer was in the
    /// way for 5 s; nothing is lost then.
    ///
    /// # Errors
    /// As [`Store::write`], and the file is opened anew after a failure in the same way.
    pub fn checkpoint(&mut self) -> Result<bool, StoreError> {
        self.ready_to_write()?;
        if self.is_shared() {
            return Ok(true);
        }
        self.checkpoint_by("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Makes the bytes of values deleted by [`Txn::delete_value`] disappear from the files: writes the remaining
    /// values anew, and the words they are found by, so that no page holds an older copy, then empties the log. Takes
    /// memory in proportion to all sealed values, but not to the words, which are moved a slice at a time. `false` if
    /// another process kept the log in use: call it again later. Copies made outside the files (backups, a disk's own
    /// spare blocks) are beyond it. Of a shared store too: what was deleted is there no more for
    /// anybody who asks; how its bytes go is said at [`Store::scrub_step`].
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn scrub(&mut self) -> Result<bool, StoreError> {
        if self.is_shared() {
            return self.clear_deleted();
        }
        // One that was broken off is brought to its end first: both tables may hold something of what is gone.
        while !self.write(|txn| txn.move_sealed_terms())? {}
        self.write(|txn| txn.begin_scrub())?;
        while !self.write(|txn| txn.move_sealed_terms())? {}
        self.checkpoint()
    }

    /// A step of the scrub that chores ask for, for a program that has other things to do: each is a short transaction,
    /// and where the last one got to is kept in the store. A chore is ended once nothing is left of what it asked for. Of a
    /// shared store the server is asked to clear its tables (`VACUUM`): then no statement gives what was deleted; its bytes stay
    /// in the server's files until others take their place, and in its log and backups for as long as those are kept.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn scrub_step(&mut self) -> Result<Scrubbed, StoreError> {
        let Some(asked) = self.scrub_asked()? else { return Ok(Scrubbed::Clean) };
        if self.is_shared() {
            if !self.clear_deleted()? {
                return Ok(Scrubbed::Held);
            }
            self.write_again(|txn| txn.end_scrubs(asked))?;
            return Ok(Scrubbed::Clean);
        }
        let stage = self.write(|txn| txn.step_scrub(asked))?;
        if stage == Scrubbed::More {
            return Ok(stage);
        }
        if !self.checkpoint()? {
            return Ok(Scrubbed::Held);
        }
        self.write(|txn| txn.end_scrubs(asked))?;
        Ok(Scrubbed::Clean)
    }

    fn clear_deleted(&mut self) -> Result<bool, StoreError> {
        self.ready_to_write()?;
        self.reads.postgres().map_or(Ok(true), |postgres| postgres.vacuum(MAY_BE_ERASED))
    }

    /// Finds out whether this place takes what is written, where it did not or may not: by writing what is there already, and by
    /// taking room for a moment. [`Health::trouble`] then says what came of it.
    pub fn try_out(&mut self) {
        if let Some(file) = &self.file {
            self.reads.health().look_for_room(file);
            if !self.reads.health().has_failed() {
                return;
            }
        }
        match self.write(|txn| txn.touch()) {
            // Others are at work, or it is known otherwise that nobody answers.
            Ok(())
            | Err(
                StoreError::Busy
                | StoreError::Conflict
                | StoreError::TookTooLong
                | StoreError::Unsure
                | StoreError::Unreachable { .. },
            ) => {}
            Err(why) => self.reads.health().fails(why),
        }
    }

    fn ready_to_write(&mut self) -> Result<(), StoreError> {
        if !self.writable {
            return Err(StoreError::ReadOnly);
        }
        match self.reads.poisoned_by() {
            None => Ok(()),
            Some(damaged @ StoreError::Damaged { .. }) => Err(damaged),
            Some(_) => self.open_anew(),
        }
    }

    /// What a connection whose write failed believes to be on disk may not be. What is there is read by another one, and whatever
    /// was moved out of the log without being known to be on disk is moved again.
    fn open_anew(&mut self) -> Result<(), StoreError> {
        let Some(path) = &self.file else { return Ok(()) };
        let conn = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&conn, path)?;
        set_up(&conn, path)?;
        self.reads.connect_anew(conn);
        Ok(())
    }

    /// SQLite's own automatic checkpoint swallows its errors; this one poisons the connection, so that nothing more is
    /// written through it to a disk that has failed. The commit before it is safe in the log, hence no error is returned.
    fn move_log_if_long(&self) {
        if self.is_shared() {
            return;
        }
        let waiting = self
            .reads
            .row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok(row.get::<_, i64>(1)?.saturating_sub(row.get(2)?)));
        if let Ok(Some(pages)) = waiting
            && pages >= CHECKPOINT_PAGES
        {
            drop(self.checkpoint_by("PRAGMA wal_checkpoint(PASSIVE)"));
        }
    }

    fn checkpoint_by(&self, pragma: &str) -> Result<bool, StoreError> {
        match self.reads.row(pragma, [], |row| row.get::<_, i64>(0)) {
            Ok(busy) => Ok(busy == Some(0)),
            Err(StoreError::Busy) => Ok(false),
            Err(e) => {
                self.reads.poison(&e);
                Err(e)
            }
        }
    }
}

/// What whoever writes to a file wants of SQLite.
fn set_up(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    schema::use_wal(conn, path)?;
    conn.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA journal_size_limit = 16777216;
         PRAGMA wal_autocheckpoint = 0;",
    )
    .map_err(sqlite)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    // One handle is never used by two threads at once (it is not Sync), so SQLite's own locking is not needed.
    let conn =
        Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| match sqlite(e) {
            StoreError::Unexpected { detail } => StoreError::CannotOpen { path: path.to_owned(), reason: detail },
            named => named,
        })?;
    conn.busy_timeout(BUSY_TIMEOUT).map_err(sqlite)?;
    // The file may have been tampered with: its schema gets no say in what is run.
    for (setting, on) in
        [(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true), (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)]
    {
        conn.set_db_config(setting, on).map_err(sqlite)?;
    }
    conn.execute_batch("PRAGMA cell_size_check = ON;").map_err(sqlite)?;
    conn.set_prepared_statement_cache_capacity(PREPARED);
    Ok(conn)
}

/// Held while a store's file is made.
static MAKING: Mutex<()> = Mutex::new(());

/// SQLite gives the log beside the main file the main file's mode, so the mode must be right before it opens.
///
/// A file that is there is never opened here: closing it would drop the locks that every other handle of this process has on it
/// (POSIX locks belong to the process), and the next program to read the store would take itself for the last one, and delete
/// the log under them. Of two that find none one waits, for the same reason.
fn create_private(path: &Path) -> io::Result<()> {
    let _held = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made.map(drop),
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
