//! What can go wrong with the store, in words that say what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

use rusqlite::{ErrorCode, ffi};

/// Why the store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no store at {path}: check the home folder, or start a case to make one", path = path.display())]
    Missing { path: PathBuf },
    #[error("the store at {path} cannot be opened ({reason}): check that its folder exists and is yours", path = path.display())]
    CannotOpen { path: PathBuf, reason: String },
    #[error("the file at {path} is not a Counterpart store: nothing was changed; move it away or choose another home folder", path = path.display())]
    NotAStore { path: PathBuf },
    #[error(
        "the store was made by a newer version (its version is {found}, this program knows {known}): update the program"
    )]
    NewerVersion { found: i64, known: i64 },
    #[error("the disk is full: nothing of this step was kept; free some space, then try again")]
    DiskFull,
    #[error("the disk failed while the store was in use ({detail}): check the disk, then look what was kept")]
    Io { detail: String },
    #[error(
        "the store is damaged ({detail}): keep a copy of the file as it is, then restore it from a backup or from the other party's copy"
    )]
    Damaged { detail: String },
    #[error(
        "another program is using the store and did not finish in 5 seconds: try again, and close the other program if this goes on"
    )]
    Busy,
    #[error("the store can only be read: open it for writing, or make its file and folder writable")]
    ReadOnly,
    #[error("this step was undone by an earlier failure in it: start the step again from its beginning")]
    Undone,
    #[error(
        "position {seq} of this device is taken by another own entry: read the case again and sign at the next position"
    )]
    PositionTaken { seq: u64 },
    #[error(
        "receipt number {number} of this device is taken by another own receipt: read the case again and use the next number"
    )]
    ReceiptNumberTaken { number: u64 },
    #[error(
        "another machine wrote at the same moment what this step rests on: nothing of it was kept; look again, then try again"
    )]
    Conflict,
    #[error("this step took so long that other machines might have missed it: nothing of it was kept; try again")]
    TookTooLong,
    #[error("the database at {place} cannot be reached: {reason}")]
    Unreachable { place: String, reason: String },
    /// A setting is wrong, here or at the server.
    #[error("the database at {place} cannot be used: {why}")]
    Unusable { place: String, why: String },
    #[error(
        "the database was lost while this step was kept, so whether it was is not known: look before doing it again"
    )]
    Unsure,
    #[error("the address of the database does not serve ({reason}): write it such as postgres://name@host/database")]
    BadAddress { reason: String },
    #[error(
        "the copy differs from what was copied ({detail}): stop what writes to the store, then copy into an empty one again"
    )]
    NotTheSame { detail: String },
    #[error("there is something in {place} already: copy into an empty one")]
    NotEmpty { place: String },
    #[error("the copy into {place} did not come to its end, so what is there is not used: {emptied}")]
    Unfinished { place: String, emptied: &'static str },
    #[error(
        "the store at {place} is another party's, and nothing was changed in it: every party keeps its cases in a place of \
         its own; `counterpart store use` names the right one"
    )]
    OfAnother { place: String },
    #[error("an own entry is never removed: only surplus branches of other devices are")]
    OwnEntry,
    #[error("the number {number} is too large for the store: it takes numbers up to 2^63-1; the caller is at fault")]
    NumberTooLarge { number: u64 },
    #[error("the store refused the step ({detail}): nothing of it was kept; please report this")]
    Unexpected { detail: String },
}

impl StoreError {
    pub(crate) fn cannot_open(path: &Path, why: &io::Error) -> Self {
        Self::CannotOpen { path: path.to_owned(), reason: why.to_string() }
    }
}

/// Names an SQLite error. Not a `From`, so that SQLite stays out of the public interface.
pub(crate) fn sqlite(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, ref message) => {
            let detail = || message.clone().unwrap_or_else(|| failure.to_string());
            match failure.code {
                ErrorCode::DiskFull => StoreError::DiskFull,
                // Pages whose place in the file does not exist read short: the file was cut, the disk is well.
                ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ => {
                    StoreError::Damaged { detail: detail() }
                }
                // What the programs of this machine share is grown in time, which fails for nothing else.
                ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
                    StoreError::DiskFull
                }
                ErrorCode::SystemIoFailure => {
                    StoreError::Io { detail: format!("{}, code {}", detail(), failure.extended_code) }
                }
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged { detail: detail() },
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
                ErrorCode::ReadOnly => StoreError::ReadOnly,
                _ => StoreError::Unexpected { detail: detail() },
            }
        }
        // The tables are strict and checked, so a value of the wrong type or size was not put there by this crate.
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..) => StoreError::Damaged { detail: error.to_string() },
        other => StoreError::Unexpected { detail: other.to_string() },
    }
}

/// Whether `error` says that a rule of uniqueness was broken.
pub(crate) fn is_taken(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(f, _) if f.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}

/// SQLite's integers are signed. Every number stored here is far below the limit; a larger one is a caller's fault.
pub(crate) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_out_of_range| StoreError::NumberTooLarge { number })
}
