//! Homes of one party in a temporary folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    id::CaseId,
    keylog::Kinds,
    value::Sealable,
};
use counterpart_node::{Desk, DeskError, Passphrase, Rights, SheetKey, ask, take};
use counterpart_store::KeyEventRow;
use tempfile::TempDir;

pub(crate) const NOW: i64 = 1_782_000_000_000;

pub(crate) struct Homes(TempDir);

impl Homes {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A home with an identity.
    pub(crate) fn init(&self, name: &str) -> Desk {
        Desk::init(&self.at(name)).expect("a new identity");
        self.open(name)
    }

    pub(crate) fn open(&self, name: &str) -> Desk {
        Desk::open(&self.at(name)).expect("a home")
    }

    pub(crate) fn sheet(&self, name: &str) -> SheetKey {
        sheet(&self.at(name).join("recovery-sheet.txt"))
    }

    /// Another machine of an identity, with the right to add and end devices.
    pub(crate) fn admin(&self, of: &Desk, name: &str) -> Desk {
        let rights = Rights { kinds: Kinds::All, receive: true, admin: true, ceilings: Vec::new() };
        let request = ask(&self.at(name), of.party(), name).expect("a request");
        let grant = of.add_agent(&request, &rights, name, NOW).expect("a grant");
        take(&self.at(name), &grant).expect("a whole home");
        self.open(name)
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        copy(&self.at(from), &self.at(to));
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let (path, target) = (entry.as_ref().expect("an entry").path(), to.join(entry.expect("an entry").file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copy");
        }
    }
}

pub(crate) fn sheet(path: &Path) -> SheetKey {
    SheetKey::parse(&fs::read_to_string(path).expect("a sheet")).expect("a key")
}

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text).expect("a passphrase")
}

/// What two machines of one party would learn of each other's writing to the log.
pub(crate) fn share_log(a: &Desk, b: &Desk) {
    for (from, to) in [(a, b), (b, a)] {
        let events = from.with_store(|s| s.key_events(from.party())).expect("a log");
        let stored = to.with_store(|s| {
            s.write(|txn| {
                for e in &events {
                    let row = KeyEventRow { id: e.id, party: e.party, position: e.position, envelope: &e.envelope };
                    txn.insert_key_event(&row)?;
                }
                Ok::<_, DeskError>(())
            })
        });
        stored.expect("a stored log");
    }
}

pub(crate) fn case(desk: &Desk) -> CaseId {
    let offer = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let others = vec![offer(Role::Supplier, "Northlink Ltd")];
    let open = desk.open_act("Broadband price", offer(Role::Customer, "Keith"), others, "Europe/London", None);
    desk.new_case(&open, NOW).expect("a case")
}

pub(crate) fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

pub(crate) fn notes(desk: &Desk, case: CaseId) -> usize {
    let record = desk.record(&case).expect("the case");
    record.graph().all().filter(|ix| record.graph().statement(*ix).kind == "note").count()
}

/// A home with a case, three notes and a second machine.
pub(crate) fn lived_in(homes: &Homes) -> (Desk, CaseId) {
    let desk = homes.init("keith");
    let case = case(&desk);
    for text in ["one", "two", "three"] {
        desk.sign(&case, &note(text), NOW).expect("a note");
    }
    homes.admin(&desk, "laptop");
    (desk, case)
}
