//! What others wrote is found, whoever was under way when it was looked for.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use counterpart_core::id::{CaseId, EventId, PartyId};
use counterpart_store::{Change, Chore, EntryRow, KeyEventRow, Scrubbed, Store, StoreError};

use crate::{Home, case, entry_id, insert, own};

fn look(store: &mut Store, seen: u64) -> (u64, Vec<CaseId>) {
    store.read(|reads| Ok::<_, StoreError>((reads.newest_ordinal()?, reads.cases_since(seen)?))).expect("read")
}

#[test]
fn cases_are_told_once_and_none_is_missed() {
    let Some(home) = Home::any() else { return };
    let (mut looker, mut writer, mut slow) = (home.store(), home.store(), home.store());
    insert(&mut writer, &own(1, 1, b"x")).expect("inserted");
    let (mut seen, told) = look(&mut looker, 0);
    assert_eq!(told, [case(1)]);
    slow.write(|txn| {
        txn.insert_entry(&EntryRow { case: case(2), ..own(2, 1, b"x") })?;
        // Began later, is there sooner.
        writer.write(|txn| txn.insert_entry(&EntryRow { case: case(3), ..own(3, 1, b"x") }))?;
        let (now, told) = look(&mut looker, seen);
        assert_eq!(told, [case(3)]);
        assert!(now > seen);
        seen = now;
        Ok::<_, StoreError>(())
    })
    .expect("written");
    let (now, told) = look(&mut looker, seen);
    assert_eq!(told, [case(2)], "what was under way");
    assert_eq!(look(&mut looker, now).1, [], "told once");
    insert(&mut writer, &own(1, 2, b"x")).expect("inserted");
    assert_eq!(look(&mut looker, now).1, [case(1)]);
}

/// Whoever looks for what is new looks back only so far: what took longer would be missed.
#[test]
fn what_took_too_long_to_write_is_refused_and_nothing_of_it_is_kept() {
    let Some(home) = Home::any() else { return };
    let (mut slow, mut looker) = (home.store(), home.store());
    let (seen, _) = look(&mut looker, 0);
    slow.refuse_writes_after(Duration::ZERO);
    assert_eq!(slow.write(|txn| txn.insert_entry(&own(1, 1, b"x"))), Err(StoreError::TookTooLong));
    let mut tries = 0;
    let refused = slow.write_again(|txn| {
        tries += 1;
        txn.insert_entry(&own(1, 1, b"x"))
    });
    assert_eq!((refused, tries), (Err(StoreError::TookTooLong), 2), "begun again once");
    assert_eq!(looker.entry_count(case(1)), Ok(0));
    assert_eq!(slow.write(|txn| txn.entry_count(case(1))), Ok(0), "what changes nothing is nobody's news");

    // A machine that slept in the middle. The server does not wait for it either.
    slow.refuse_writes_after(Duration::from_secs(3));
    let mut slept = false;
    let written = slow.write_again(|txn| {
        txn.insert_entry(&own(1, 1, b"x"))?;
        if !std::mem::replace(&mut slept, true) {
            home.sql("SELECT pg_sleep(4.2)");
        }
        txn.put_value(case(1), entry_id(1, 1), b"p", b"v")
    });
    assert_eq!(written, Ok(()));
    assert_eq!(look(&mut looker, seen).1, [case(1)]);
    assert_eq!(looker.entry_count(case(1)), Ok(1));
}

#[test]
fn key_logs_and_address_records_are_told() {
    let Some(home) = Home::any() else { return };
    let (looker, mut writer) = (home.store(), home.store());
    let party = PartyId([7; 32]);
    let seen = looker.newest_key_event().expect("read");
    let event = KeyEventRow { id: EventId([1; 32]), party, position: 0, envelope: b"e" };
    writer.write(|txn| txn.insert_key_event(&event)).expect("written");
    assert_eq!(looker.key_logs_since(seen), Ok(vec![party]));
    assert_eq!(looker.key_logs_since(seen), Ok(Vec::new()));
    let (none, seen) = looker.whereabouts_since(0).expect("read");
    assert_eq!(none, []);
    writer.write(|txn| txn.put_whereabouts(party, crate::device(1), 1, b"record")).expect("written");
    let (told, seen) = looker.whereabouts_since(seen).expect("read");
    assert_eq!(told, [(party, crate::device(1))]);
    assert_eq!(looker.whereabouts_since(seen).expect("read").0, []);
}

#[test]
fn that_others_wrote_is_told_and_own_writing_is_not() {
    let Some(home) = Home::any() else { return };
    let (mut one, mut other) = (home.store(), home.store());
    let before = one.others_version().expect("read");
    insert(&mut one, &own(1, 1, b"x")).expect("inserted");
    assert_eq!(one.others_version(), Ok(before));
    other.write(|txn| txn.put_value(case(1), entry_id(1, 1), b"p", b"v")).expect("written");
    let after = one.others_version().expect("read");
    assert_ne!(after, before);
    other.write(|txn| txn.put_value(case(1), entry_id(1, 1), b"p", b"w")).expect("written");
    assert_ne!(one.others_version(), Ok(after));
}

/// Whoever follows along by numbers, while several write and several follow.
#[test]
fn changes_are_numbered_without_a_gap_and_nobody_who_follows_misses_one() {
    const WRITERS: u8 = 4;
    const EACH: u64 = 60;
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let done = AtomicBool::new(false);
    let follow = || {
        let store = home.store();
        let mut seen: Vec<Change> = Vec::new();
        loop {
            let last = done.load(Ordering::SeqCst);
            loop {
                let after = seen.last().map_or(0, |change| change.number);
                let page = store.changes(after, 7).expect("read");
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            if last {
                return seen;
            }
        }
    };
    let told = thread::scope(|scope| {
        let followers: Vec<_> = (0..3).map(|_| scope.spawn(follow)).collect();
        let writers: Vec<_> = (1..=WRITERS)
            .map(|n| {
                let home = &home;
                scope.spawn(move || {
                    let mut store = home.store();
                    for seq in 1..=EACH {
                        // Two cases that all write to, and one of each writer's own.
                        let to = [case(1), case(2), case(10 + n)][(seq % 3) as usize];
                        insert(&mut store, &EntryRow { case: to, ..own(n, seq, b"x") }).expect("inserted");
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("wrote");
        }
        done.store(true, Ordering::SeqCst);
        followers.into_iter().map(|follower| follower.join().expect("followed")).collect::<Vec<_>>()
    });
    let store = home.store();
    let all = u64::from(WRITERS) * EACH;
    for seen in &told {
        assert!(seen.iter().map(|change| change.number).eq(1..=all), "each once, in order, without a gap");
        assert_eq!(*seen, told[0]);
    }
    // Within a case they are in the order in which the entries are.
    let mut by_case: BTreeMap<CaseId, Vec<[u8; 32]>> = BTreeMap::new();
    for change in &told[0] {
        by_case.entry(change.case).or_default().push(change.what.expect("an entry"));
    }
    for (case, whats) in by_case {
        let entries: Vec<_> = store.entries_after(case, 0).expect("read").iter().map(|entry| entry.id.0).collect();
        assert_eq!(whats, entries, "{case}");
    }
    assert_eq!(store.newest_change(), Ok(all));
}

#[test]
fn the_server_is_asked_to_clear_what_was_erased() {
    let Some(home) = Home::any() else { return };
    let (mut one, other) = (home.store(), home.store());
    assert_eq!(one.scrub_step(), Ok(Scrubbed::Clean), "nothing is asked for");
    one.write(|txn| {
        txn.put_value(case(1), entry_id(1, 1), b"p", b"v")?;
        txn.add_terms(case(1), ["quixnard"], true)
    })
    .expect("written");
    one.write(|txn| {
        txn.delete_value(case(1), entry_id(1, 1), b"p")?;
        txn.forget_sealed_terms(case(1))?;
        txn.put_chore(&Chore::Scrub)
    })
    .expect("erased");
    assert_eq!(one.scrub_step(), Ok(Scrubbed::Clean));
    assert_eq!(other.chores(), Ok(Vec::new()));
    assert_eq!(other.spread_of("quixnard", 9), Ok(0));
    // Not even as rows that nobody sees any more.
    for table in ["sealed_values", "sealed_terms"] {
        let left = home.sql(&format!("SELECT pg_relation_size('{table}')"));
        assert_eq!(left, "0", "{table}: the pages at its end are given back");
    }
    assert_eq!(one.scrub(), Ok(true));
}
