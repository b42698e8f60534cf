//! The store as its users see it: what it keeps, shares, refuses and survives.

mod changes;
mod common;
mod damage;
mod durability;
mod edits;
mod erasure;
mod files;
mod folder;
mod keeping;
mod killed;
mod model;
mod overdue;
mod pages;
mod queue;
mod sharing;
mod tokens;
mod upgrade;
mod whereabouts;

use std::{fs, path::PathBuf};

use counterpart_store::{Files, Store};

use common::{CHILD_STORE, Noise, case, child, device, entry_id, given_store, insert, own, tell};

/// A store on SQLite, of a test's own.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// For tests that are the same where the store is kept in what may be absent. SQLite is in the program.
    #[expect(clippy::unnecessary_wraps, reason = "the other one may be nothing")]
    fn any() -> Option<Self> {
        Some(Self::new())
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("counterpart.db")
    }

    /// What another process opens it by.
    fn name(&self) -> String {
        self.db().display().to_string()
    }

    fn store(&self) -> Store {
        Store::open(&self.db()).expect("a sound store opens")
    }

    fn read_only(&self) -> Store {
        Store::open_read_only(&self.db()).expect("opens for reading")
    }

    fn files(&self) -> Files {
        Files::new(self.folder.path().join("attachments"))
    }

    fn source(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("source.bin");
        fs::write(&path, bytes).expect("written");
        path
    }
}
