//! How a browser gets in: a link that works once and not for long.
//!
//! While the pages are served, the folder `web` in the home holds a lock, the address, and for each link that was given
//! out a file whose name is the hash of the link's secret. So a second command can give out a link to the server that
//! runs already, and only somebody who may write in the home can. Using a link removes its file, which succeeds once.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;

use crate::session::{digest, secret};

const FOLDER: &str = "web";
const LOCK: &str = "running";
const ADDRESS: &str = "address";

/// How long a link works.
const LASTS: i64 = 10 * 60 * 1000;

/// Why no link could be made.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    #[error("{}: {why}", .path.display())]
    File { path: PathBuf, why: String },
}

/// A link to the pages of this home, if they are served by a process that runs.
///
/// # Errors
/// When the folder cannot be read or written.
pub fn link_to_running(home: &Path, now: i64) -> Result<Option<String>, OpeningError> {
    let opening = Opening { folder: home.join(FOLDER) };
    let lock = opening.folder.join(LOCK);
    let Ok(held) = File::open(&lock) else { return Ok(None) };
    match held.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // Nobody holds it: a server that was killed left it there.
        _ => return Ok(None),
    }
    let path = opening.folder.join(ADDRESS);
    let address = fs::read_to_string(&path).map_err(|e| failed(&path, &e))?;
    Ok(Some(format!("{}/open?token={}", address.trim(), opening.give(now)?)))
}

fn failed(path: &Path, why: &std::io::Error) -> OpeningError {
    OpeningError::File { path: path.to_owned(), why: why.to_string() }
}

/// What came of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redeemed {
    Good,
    /// It was good once.
    Expired,
    /// It was used, or never given out.
    Unknown,
}

/// The links of one home.
#[derive(Debug)]
pub(crate) struct Opening {
    folder: PathBuf,
}

/// That this process serves the pages of a home.
#[derive(Debug)]
pub(crate) struct Claim {
    folder: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Opening {
    pub(crate) fn of(home: &Path) -> Self {
        Self { folder: home.join(FOLDER) }
    }

    /// The home's folder for what lasts no longer than the program.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Becomes the one that serves this home's pages; nothing if another process is it.
    pub(crate) fn claim(&self) -> Result<Option<Claim>, OpeningError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(|e| failed(&self.folder, &e))?;
        let path = self.folder.join(LOCK);
        let lock = private().create(true).truncate(false).open(&path).map_err(|e| failed(&path, &e))?;
        match lock.try_lock() {
            Ok(()) => {
                self.clear();
                Ok(Some(Claim { folder: self.folder.clone(), _lock: lock }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(failed(&path, &e)),
        }
    }

    /// Takes away what a server that was killed left: links, and files that were made to be taken away.
    fn clear(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.filter_map(|e| Some(e.ok()?.path())).filter(|path| !path.ends_with(LOCK)) {
            // What cannot be removed harms nobody: it is for its owner alone.
            drop(if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) });
        }
    }

    /// Writes down where the pages are.
    pub(crate) fn publish(&self, address: &str) -> Result<(), OpeningError> {
        self.write(ADDRESS, address)
    }

    /// A new link's secret.
    pub(crate) fn give(&self, now: i64) -> Result<String, OpeningError> {
        self.forget_old(now);
        let token = secret();
        self.write(&name(&token), &(now + LASTS).to_string())?;
        Ok(token)
    }

    /// Uses a link up.
    pub(crate) fn redeem(&self, token: &str, now: i64) -> Redeemed {
        let path = self.folder.join(name(token));
        let Ok(until) = fs::read_to_string(&path) else { return Redeemed::Unknown };
        // Two who come at once: the file can be removed only once.
        if fs::remove_file(&path).is_err() {
            return Redeemed::Unknown;
        }
        if until.trim().parse::<i64>().is_ok_and(|until| now < until) { Redeemed::Good } else { Redeemed::Expired }
    }

    fn forget_old(&self, now: i64) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        for path in entries.filter_map(|e| Some(e.ok()?.path())) {
            let token = path.file_name().is_some_and(|n| n.len() == 64);
            let old = || fs::read_to_string(&path).is_ok_and(|t| t.trim().parse::<i64>().is_ok_and(|u| u <= now));
            if token && old() {
                // Another process may be faster.
                drop(fs::remove_file(&path));
            }
        }
    }

    fn write(&self, name: &str, text: &str) -> Result<(), OpeningError> {
        let path = self.folder.join(name);
        let written =
            private().create(true).truncate(true).open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|e| failed(&path, &e))
    }
}

/// A file for its owner alone.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Hex of a hash: whatever the token is, this is a file name and no path.
fn name(token: &str) -> String {
    HEXLOWER.encode(&digest(token))
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Links that were not used open nothing any more.
        drop(fs::remove_dir_all(&self.folder));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_works_once_and_not_for_long() {
        let home = tempfile::tempdir().expect("a folder");
        let opening = Opening::of(home.path());
        assert!(link_to_running(home.path(), 0).expect("readable").is_none());
        let claim = opening.claim().expect("writable").expect("nobody else");
        opening.publish("http://127.0.0.1:1").expect("writable");
        let link = link_to_running(home.path(), 0).expect("readable").expect("it runs");
        let token = link.strip_prefix("http://127.0.0.1:1/open?token=").expect("a link").to_owned();
        assert_eq!(token.len(), 43, "256 bits");
        for wrong in ["", "../running", "running", "address", &token.to_lowercase(), "\0", &"x".repeat(100_000)] {
            assert_eq!(opening.redeem(wrong, 1), Redeemed::Unknown);
        }
        assert_eq!(opening.redeem(&token, LASTS - 1), Redeemed::Good);
        assert_eq!(opening.redeem(&token, LASTS - 1), Redeemed::Unknown);
        let late = opening.give(0).expect("writable");
        assert_eq!(opening.redeem(&late, LASTS), Redeemed::Expired);
        let forgotten = opening.give(0).expect("writable");
        opening.give(LASTS).expect("writable");
        assert_eq!(opening.redeem(&forgotten, 1), Redeemed::Unknown);
        drop(claim);
        // Killed, it leaves all that to the next one.
        let folder = home.path().join(FOLDER);
        fs::create_dir_all(folder.join("backup")).expect("writable");
        fs::write(folder.join("backup/all"), b"x").expect("writable");
        let old = opening.give(2).expect("writable");
        let claim = opening.claim().expect("writable").expect("nobody else");
        let left: Vec<_> = fs::read_dir(&folder).expect("a folder").flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, [LOCK]);
        assert_eq!(opening.redeem(&old, 3), Redeemed::Unknown);
        drop(claim);
        assert!(link_to_running(home.path(), 0).expect("readable").is_none());
        assert!(fs::read_dir(home.path()).expect("a folder").next().is_none(), "nothing is left");
    }
}
