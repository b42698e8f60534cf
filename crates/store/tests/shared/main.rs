//! The same tests on a shared store, in a database on PostgreSQL; and what only there can go wrong.

#[path = "../store/changes.rs"]
mod changes;
#[path = "../store/common.rs"]
mod common;
mod copying;
#[path = "../store/edits.rs"]
mod edits;
#[path = "../store/files.rs"]
mod files;
#[path = "../store/keeping.rs"]
mod keeping;
#[path = "../store/killed.rs"]
mod killed;
mod marks;
#[path = "../store/model.rs"]
mod model;
mod news;
#[path = "../store/overdue.rs"]
mod overdue;
#[path = "../store/queue.rs"]
mod queue;
#[path = "../../../../tests/postgres/server.rs"]
mod server;
mod settings;
#[path = "../store/sharing.rs"]
mod sharing;
mod together;
#[path = "../store/tokens.rs"]
mod tokens;
mod upgrade;
#[path = "../store/whereabouts.rs"]
mod whereabouts;

use std::{fs, path::PathBuf};

use counterpart_store::{Files, Store, StorePlace};

use common::{Noise, case, child, device, entry_id, given_store, insert, own, tell};

/// A database of a test's own.
struct Home {
    address: String,
    folder: tempfile::TempDir,
    files: Files,
}

impl Home {
    /// Nothing where there is no PostgreSQL.
    fn any() -> Option<Self> {
        let address = server::server()?.database();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = Files::of(&StorePlace::named(&address), folder.path().join("attachments"));
        Some(Self { address, folder, files })
    }

    fn name(&self) -> String {
        self.address.clone()
    }

    fn place(&self) -> StorePlace {
        StorePlace::named(&self.address)
    }

    fn store(&self) -> Store {
        Store::open_at(&self.place()).expect("opens")
    }

    fn read_only(&self) -> Store {
        Store::open_at_read_only(&self.place()).expect("opens for reading")
    }

    fn files(&self) -> Files {
        self.files.clone()
    }

    fn source(&self, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join("source.bin");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// What the server answers, asked past the store.
    fn sql(&self, sql: &str) -> String {
        let database = self.address.rsplit('/').next().expect("a name");
        server::server().expect("it runs").sql(database, sql)
    }
}
