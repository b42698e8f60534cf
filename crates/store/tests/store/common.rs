//! What the tests of a store have in common, whatever it is kept in.

use std::{io::Write as _, process::Command};

use counterpart_core::id::{CaseId, DeviceKey, EntryId};
use counterpart_store::{EntryRow, Inserted, Store, StoreError, StorePlace};

use crate::Home;

/// Says to a test that plays another process which store to use.
pub(crate) const CHILD_STORE: &str = "COUNTERPART_STORE_TEST_PATH";

pub(crate) fn case(n: u8) -> CaseId {
    CaseId([n; 32])
}

pub(crate) fn device(n: u8) -> DeviceKey {
    DeviceKey([n; 32])
}

pub(crate) fn entry_id(device: u8, n: u64) -> EntryId {
    let mut id = [device; 32];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..16].copy_from_slice(&n.to_be_bytes());
    EntryId(id)
}

pub(crate) fn own<'a>(device_number: u8, seq: u64, envelope: &'a [u8]) -> EntryRow<'a> {
    EntryRow {
        case: case(1),
        id: entry_id(device_number, seq),
        device: device(device_number),
        seq,
        own: true,
        envelope,
    }
}

pub(crate) fn insert(store: &mut Store, entry: &EntryRow<'_>) -> Result<Inserted, StoreError> {
    store.write_again(|txn| txn.insert_entry(entry))
}

/// Splitmix64: bytes that look random and are the same in every run.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits") % end
    }

    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// This test program once more, to play the test `name` as another process on the store of `home`.
pub(crate) fn child(name: &str, home: &Home) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("own path"));
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD_STORE, home.name());
    command
}

/// The store to use, if this process plays a child.
pub(crate) fn given_store() -> Option<StorePlace> {
    std::env::var(CHILD_STORE).ok().map(|name| StorePlace::named(&name))
}

/// One line to the parent. It starts on a line of its own: the test runner prints the test's name before it.
pub(crate) fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{line}\n").as_bytes()).and_then(|()| out.flush()).expect("the parent reads");
}
