//! An attached file that comes in parts: gathered apart, looked at, then kept or forgotten.

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use counterpart_core::attachment::{FileHash, FileRef};
use data_encoding::HEXLOWER;

use crate::error::DeskError;

/// One file on its way. Nothing of it is left when this is dropped.
#[derive(Debug)]
pub(super) struct Spool {
    pub(super) file: FileRef,
    path: PathBuf,
    out: File,
    hash: FileHash,
    here: u64,
}

impl Spool {
    /// Begins in a folder of our own; `token` makes its name unlike any other.
    pub(super) fn begin(folder: &Path, file: FileRef, token: [u8; 8]) -> Result<Self, DeskError> {
        let path = folder.join(format!("{}.taking", HEXLOWER.encode(&token)));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let out = options.open(&path).map_err(|e| failed(&path, &e))?;
        Ok(Self { file, path, out, hash: FileHash::default(), here: 0 })
    }

    /// Adds a part; one that is not the next is passed over, and with it the file stays short.
    pub(super) fn add(&mut self, sha256: &[u8; 32], offset: u64, bytes: &[u8]) -> Result<(), DeskError> {
        let fits = self.here.checked_add(bytes.len() as u64).is_some_and(|end| end <= self.file.size);
        if *sha256 != self.file.sha256 || offset != self.here || !fits {
            return Ok(());
        }
        self.out.write_all(bytes).map_err(|e| failed(&self.path, &e))?;
        self.hash.update(bytes);
        self.here += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.here == self.file.size
    }

    /// Whether the bytes are those that the file is named by.
    pub(super) fn is_sound(&self) -> bool {
        self.hash.clone().finish() == self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.path));
    }
}

fn failed(path: &Path, error: &std::io::Error) -> DeskError {
    DeskError::File { path: path.to_owned(), why: error.to_string() }
}
