//! What was acknowledged is there after the worst end of a process; a failed disk stops writing.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use counterpart_core::id::EntryId;
use counterpart_store::{Inserted, Store, StoreError};

use crate::{CHILD_STORE, Home, case, child, given_store, insert, own, tell};

const ROUNDS: usize = 5;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let home = Home::new();
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..ROUNDS {
        let mut writer =
            child("durability::writing_child", &home.db()).stdout(Stdio::piped()).spawn().expect("the child starts");
        let lines = BufReader::new(writer.stdout.take().expect("piped")).lines();
        let acks = lines.map_while(Result::ok).filter_map(|l| l.strip_prefix("ack ")?.parse::<u64>().ok());
        let mut acks = acks.fuse();
        let wanted = 40 + 37 * round;
        acknowledged.extend(acks.by_ref().take(wanted));
        writer.kill().expect("killed");
        // What it still said before it died counts too.
        acknowledged.extend(acks);
        writer.wait().expect("ended");
        assert!(acknowledged.len() >= wanted);

        let store = home.store();
        let kept: Vec<u64> = store.entries_after(case(1), 0).expect("read").iter().map(|e| e.ordinal).collect();
        let lost: Vec<_> = acknowledged.iter().filter(|a| kept.binary_search(a).is_err()).collect();
        assert!(lost.is_empty(), "acknowledged but lost: {lost:?}");
        assert!(store.check_integrity().is_empty());
    }
}

#[test]
fn writing_child() {
    let Some(db) = given_store() else { return };
    let mut store = Store::open(&db).expect("opens");
    let mut seq = store.last_own_entry(case(1), crate::device(1)).expect("read").map_or(0, |(seq, _)| seq);
    // Ends by being killed; the bound is for a parent that dies first.
    for _ in 0..200_000 {
        seq += 1;
        if let Inserted::New(ordinal) = insert(&mut store, &own(1, seq, &[0x5a; 300])).expect("inserted") {
            tell(&format!("ack {ordinal}"));
        }
    }
}

/// A limit on file size makes the log's next write fail for real, in the middle of a commit.
#[cfg(unix)]
#[test]
fn a_failed_write_stops_writing_for_good() {
    let home = Home::new();
    drop(home.store());
    let program = std::env::current_exe().expect("own path");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 800; exec \"$0\" durability::limited_child --exact --nocapture"])
        .arg(program)
        .env(CHILD_STORE, home.db())
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<u64> = said.lines().filter_map(|l| l.strip_prefix("ack ")?.parse().ok()).collect();
    assert!(acknowledged.len() > 5, "{said}");
    assert!(said.lines().any(|l| l == "poisoned"), "{said}");

    let mut store = home.store();
    let kept: Vec<u64> = store.entries_after(case(1), 0).expect("read").iter().map(|e| e.ordinal).collect();
    assert!(acknowledged.iter().all(|a| kept.binary_search(a).is_ok()));
    assert!(store.check_integrity().is_empty());
    assert!(insert(&mut store, &own(7, 1, b"x")).is_ok(), "opened again, it goes on");
}

#[cfg(unix)]
#[test]
fn limited_child() {
    let Some(db) = given_store() else { return };
    let mut store = Store::open(&db).expect("opens");
    let mut seq = 0;
    let failure = loop {
        seq += 1;
        match insert(&mut store, &own(1, seq, &[0x5a; 3000])) {
            Ok(Inserted::New(ordinal)) => tell(&format!("ack {ordinal}")),
            Ok(Inserted::Already) => {}
            Err(e) => break e,
        }
    };
    assert!(matches!(failure, StoreError::Io { .. }), "{failure}");
    for _ in 0..2 {
        let refused = store.write(|txn| txn.remove_entry(case(1), EntryId([0; 32])));
        assert_eq!(refused, Err(StoreError::Poisoned));
    }
    assert_eq!(store.checkpoint(), Err(StoreError::Poisoned));
    assert_eq!(store.entry_count(case(1)), Ok(seq - 1), "reading goes on, and the failed one is not seen");
    tell("poisoned");
}
