//! What was acknowledged is there after the worst end of a process.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use counterpart_store::{Inserted, Store};

use crate::{Home, case, child, given_store, insert, own, tell};

const ROUNDS: usize = 5;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let Some(home) = Home::any() else { return };
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..ROUNDS {
        let mut writer =
            child("killed::writing_child", &home).stdout(Stdio::piped()).spawn().expect("the child starts");
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
    let Some(place) = given_store() else { return };
    let mut store = Store::open_at(&place).expect("opens");
    let mut seq = store.last_own_entry(case(1), crate::device(1)).expect("read").map_or(0, |(seq, _)| seq);
    // Ends by being killed; the bound is for a parent that dies first.
    for _ in 0..200_000 {
        seq += 1;
        if let Inserted::New(ordinal) = insert(&mut store, &own(1, seq, &[0x5a; 300])).expect("inserted") {
            tell(&format!("ack {ordinal}"));
        }
    }
}
