//! What writing and reading entries costs, on a file or a shared database: no test, figures to compare.
//!
//! `cargo run -p counterpart-store --example writes -- PLACE`, a file that is not there yet or the address of an empty database.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use counterpart_core::id::{CaseId, DeviceKey, EntryId};
use counterpart_store::{EntryRow, Store, StoreError, StorePlace};

const ONE_BY_ONE: u64 = 2_000;
const TOGETHER: u64 = 20_000;
const ROUNDS: u64 = 2_000;

fn entry(case: u8, n: u64) -> EntryRow<'static> {
    let mut id = [case; 32];
    id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..16].copy_from_slice(&n.to_be_bytes());
    let device = DeviceKey([1; 32]);
    EntryRow { case: CaseId([case; 32]), id: EntryId(id), device, seq: n, own: true, envelope: &[0x5a; 300] }
}

fn tell(what: &str, count: u64, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / count as f64;
    drop(writeln!(std::io::stdout(), "{what}: {count} in {:.2} s, {each:.1} µs each", took.as_secs_f64()));
}

fn main() -> Result<(), StoreError> {
    let place = std::env::args().nth(1).unwrap_or_else(|| "counterpart-writes.db".to_owned());
    let mut store = Store::open_at(&StorePlace::named(&place))?;
    let begun = Instant::now();
    for n in 0..ONE_BY_ONE {
        store.write_again(|txn| txn.insert_entry(&entry(1, n)))?;
    }
    tell("entries, one a transaction", ONE_BY_ONE, begun.elapsed());
    let begun = Instant::now();
    store.write(|txn| (0..TOGETHER).try_for_each(|n| txn.insert_entry(&entry(2, n)).map(drop)))?;
    tell("entries, all in one", TOGETHER, begun.elapsed());
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        store.last_own_entry(CaseId([2; 32]), DeviceKey([1; 32]))?;
    }
    tell("the last own entry", ROUNDS, begun.elapsed());
    let begun = Instant::now();
    let mut count = 0;
    store.for_each_entry(CaseId([2; 32]), 0, |_| {
        count += 1;
        Ok::<_, StoreError>(())
    })?;
    tell("entries read in order", count, begun.elapsed());
    Ok(())
}
