//! A failed disk is not trusted, and one that takes more again is used again.

use std::process::Command;

use counterpart_store::{Inserted, Store, StoreError};

use crate::{CHILD_STORE, Home, case, given_store, insert, own, tell};

/// A limit on file size makes the log's next write fail for real, in the middle of a commit.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_write_keeps_nothing_and_goes_on_where_there_is_room_again() {
    let home = Home::new();
    drop(home.store());
    let program = std::env::current_exe().expect("own path");
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -S -f 800; exec \"$0\" durability::limited_child --exact --nocapture"])
        .arg(program)
        .env(CHILD_STORE, home.name())
        .output()
        .expect("the child runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let acknowledged: Vec<u64> = said.lines().filter_map(|l| l.strip_prefix("ack ")?.parse().ok()).collect();
    assert!(acknowledged.len() > 5, "{said}");
    assert!(said.lines().any(|l| l == "healed"), "{said}");

    let mut store = home.store();
    let kept: Vec<u64> = store.entries_after(case(1), 0).expect("read").iter().map(|e| e.ordinal).collect();
    assert!(acknowledged.iter().all(|a| kept.binary_search(a).is_ok()));
    assert!(store.check_integrity().is_empty());
    assert!(insert(&mut store, &own(7, 1, b"x")).is_ok(), "opened again, it goes on");
}

#[cfg(target_os = "linux")]
#[test]
fn limited_child() {
    let Some(place) = given_store() else { return };
    let mut store = Store::open_at(&place).expect("opens");
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
    // Each tries anew, and says itself why it fails.
    for again in seq..seq + 2 {
        assert_eq!(insert(&mut store, &own(1, again, &[0x5a; 3000])), Err(failure.clone()));
        assert_eq!(store.health().trouble(), Some(failure.clone()), "every handle of this process knows");
        store.try_out();
        assert!(matches!(store.health().trouble(), Some(StoreError::Io { .. })), "it fails still");
    }
    assert_eq!(store.entry_count(case(1)), Ok(seq - 1), "reading goes on, and the failed one is not seen");

    let more = Command::new("prlimit").args(["--pid", &std::process::id().to_string(), "--fsize=unlimited:"]).status();
    assert!(more.expect("prlimit is there").success());
    store.try_out();
    assert_eq!(store.health().trouble(), None, "it works again");
    match insert(&mut store, &own(1, seq, &[0x5a; 3000])) {
        Ok(Inserted::New(ordinal)) => tell(&format!("ack {ordinal}")),
        other => unreachable!("there is room: {other:?}"),
    }
    assert_eq!(store.entry_count(case(1)), Ok(seq));
    assert_eq!(store.checkpoint(), Ok(true));
    assert!(store.check_integrity().is_empty());
    tell("healed");
}
