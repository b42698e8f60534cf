//! Mail that waits in the home, whole and as it came, for somebody to say what it is.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use counterpart_core::attachment::FileRef;
use counterpart_mail::{LARGEST, ReadError};
use data_encoding::HEXLOWER;

use super::{MailFinding, PostError};
use crate::{
    desk::Desk,
    error::DeskError,
    home::{private_folder, write_private},
};

/// A folder: a file each message, named by its hash.
const FOLDER: &str = "mail-aside";
const MOST: usize = 200;
const MOST_BYTES: u64 = 400 * 1024 * 1024;

/// A message that waits.
#[derive(Debug, Clone)]
pub struct Aside {
    pub sha256: [u8; 32],
    pub path: PathBuf,
    pub size: u64,
    /// What it is, or why it cannot be read.
    pub found: Result<Box<MailFinding>, ReadError>,
}

/// Puts a message aside: on disk when this returns. Tells whether it was not there before.
pub(super) fn put(home: &Path, bytes: &[u8]) -> Result<bool, PostError> {
    let folder = home.join(FOLDER);
    let failed = |path: &Path, e: io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
    private_folder(&folder).map_err(|e| failed(&folder, e))?;
    let path = folder.join(format!("{}.eml", HEXLOWER.encode(&FileRef::of(bytes).sha256)));
    if path.exists() {
        return Ok(false);
    }
    let all = list(&folder).map_err(|e| failed(&folder, e))?;
    let held: u64 = all.iter().map(|(_, size)| size).sum();
    if all.len() >= MOST || held.saturating_add(bytes.len() as u64) > MOST_BYTES {
        return Err(PostError::AsideFull);
    }
    // Several processes may do this at once.
    let written = path.with_extension(format!("{}.new", std::process::id()));
    let kept = write_private(&written, bytes).and_then(|()| fs::rename(&written, &path));
    kept.map_err(|e| failed(&path, e))?;
    // The name is to outlive a crash too: the mailbox is read on from here.
    #[cfg(unix)]
    fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|e| failed(&folder, e))?;
    Ok(true)
}

fn list(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let files = match fs::read_dir(folder) {
        Ok(files) => files,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut all = Vec::new();
    for file in files {
        let file = file?;
        let path = file.path();
        if path.extension().is_some_and(|ending| ending == "eml") {
            all.push((path, file.metadata()?.len()));
        }
    }
    all.sort();
    Ok(all)
}

impl Desk {
    /// The mail that waits, by date. What is on record meanwhile no longer does.
    ///
    /// # Errors
    /// When the folder or the store cannot be read.
    pub fn mail_aside(&self) -> Result<Vec<Aside>, PostError> {
        let folder = self.home().join(FOLDER);
        let failed = |path: &Path, e: io::Error| DeskError::File { path: path.to_owned(), why: e.to_string() };
        let mut all = Vec::new();
        for (path, size) in list(&folder).map_err(|e| failed(&folder, e))?.into_iter().take(MOST) {
            let mut bytes = Vec::new();
            let read = fs::File::open(&path).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
            read.map_err(|e| failed(&path, e))?;
            let sha256 = FileRef::of(&bytes).sha256;
            if self.with_store(|store| store.mail(&sha256))?.is_some() {
                // Left there by a crash after it was taken in.
                drop(fs::remove_file(&path));
                continue;
            }
            let found = match self.examine_mail(&bytes) {
                Ok(found) => Ok(Box::new(found)),
                Err(PostError::Read(why)) => Err(why),
                Err(other) => return Err(other),
            };
            all.push(Aside { sha256, path, size, found });
        }
        all.sort_by_key(|aside| aside.found.as_ref().ok().and_then(|found| found.mail.date));
        Ok(all)
    }

    /// Keeps a message aside for later; tells whether it was not there before.
    ///
    /// # Errors
    /// When there is no room, or it cannot be written.
    pub fn put_mail_aside(&self, bytes: &[u8]) -> Result<bool, PostError> {
        put(self.home(), bytes)
    }

    /// Throws away a message that waits; in the mailbox it stays.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn drop_mail_aside(&self, aside: &Aside) -> Result<(), PostError> {
        let gone = fs::remove_file(&aside.path);
        let failed = |e: io::Error| DeskError::File { path: aside.path.clone(), why: e.to_string() };
        Ok(gone.map_err(failed)?)
    }
}
