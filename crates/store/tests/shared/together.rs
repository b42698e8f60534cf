//! Several machines at one case, and connections that break.

use std::{
    sync::{Barrier, mpsc},
    thread,
};

use counterpart_core::{attachment::FileRef, id::EntryId};
use counterpart_store::{EntryRow, Inserted, Store, StoreError};

use crate::{Home, case, device, entry_id, insert, own};

/// Cuts every connection to the database but that of whoever asks.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

#[test]
fn of_two_at_one_position_one_gets_it_and_the_other_the_next() {
    let Some(home) = Home::any() else { return };
    let (mut a, mut b) = (home.store(), home.store());
    let next =
        |store: &Store| Ok::<_, StoreError>(store.last_own_entry(case(1), device(1))?.map_or(1, |(seq, _)| seq + 1));
    let mut tries = 0;
    let second = b.write_again(|txn| {
        tries += 1;
        let seq = txn.last_own_entry(case(1), device(1))?.map_or(1, |(seq, _)| seq + 1);
        if tries == 1 {
            // Another machine is faster.
            assert_eq!(next(&a)?, seq);
            a.write(|txn| txn.insert_entry(&EntryRow { id: EntryId([0xaa; 32]), ..own(1, seq, b"a") }))?;
        }
        txn.insert_entry(&EntryRow { id: EntryId([0xbb; 32]), ..own(1, seq, b"b") })?;
        Ok::<_, StoreError>(seq)
    });
    assert_eq!(second, Ok(2));
    assert_eq!(tries, 2);
    let ids: Vec<u8> = a.entries_after(case(1), 0).expect("read").iter().map(|e| e.id.0[0]).collect();
    assert_eq!(ids, [0xaa, 0xbb]);
}

#[test]
fn what_rests_on_something_that_another_changed_is_refused_by_name() {
    let Some(home) = Home::any() else { return };
    let (mut a, mut b) = (home.store(), home.store());
    let refused = b.write(|txn| {
        let seq = txn.entry_count(case(1))? + 1;
        insert(&mut a, &own(2, 1, b"a"))?;
        txn.insert_entry(&own(1, seq, b"b"))
    });
    assert_eq!(refused, Err(StoreError::Conflict));
    assert_eq!(b.entry_count(case(1)), Ok(1), "nothing of it was kept");
    assert!(insert(&mut b, &own(1, 2, b"b")).is_ok(), "the handle goes on");
}

/// As when the other side calls two machines at once and brings both the same.
#[test]
fn what_comes_to_several_at_once_is_there_once() {
    const ENTRIES: u64 = 60;
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let start = Barrier::new(3);
    let new: usize = thread::scope(|scope| {
        let machines: Vec<_> = (0..3)
            .map(|_| {
                let (mut store, start) = (home.store(), &start);
                scope.spawn(move || {
                    start.wait();
                    let theirs = |seq| EntryRow { own: false, ..own(9, seq, b"theirs") };
                    let put = |seq| store.write_again(|txn| txn.insert_entry(&theirs(seq))).expect("stored");
                    (1..=ENTRIES).map(put).filter(|put| matches!(put, Inserted::New(_))).count()
                })
            })
            .collect();
        machines.into_iter().map(|one| one.join().expect("all stored")).sum()
    });
    assert_eq!(new as u64, ENTRIES, "each was new to one of them");
    assert_eq!(home.store().entry_count(case(1)), Ok(ENTRIES));
}

#[test]
fn other_cases_are_in_nobody_s_way() {
    const EACH: u64 = 40;
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for n in 1..=4 {
            let (mut store, start) = (home.store(), &start);
            scope.spawn(move || {
                start.wait();
                for seq in 1..=EACH {
                    // Not asked for again: what others do elsewhere is not seen here.
                    store
                        .write(|txn| {
                            let last = txn.last_own_entry(case(n), device(n))?.map_or(0, |(seq, _)| seq);
                            assert_eq!(last + 1, seq);
                            txn.insert_entry(&EntryRow { case: case(n), ..own(n, seq, b"x") })
                        })
                        .expect("no conflict");
                }
            });
        }
    });
    let store = home.store();
    assert!((1..=4).all(|n| store.entry_count(case(n)) == Ok(EACH)));
}

/// Whoever reads up to some number misses nothing below it.
#[test]
fn within_a_case_numbers_come_in_the_order_of_what_is_kept() {
    const EACH: u64 = 60;
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let (done, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for n in 1..=3 {
            let (mut store, done) = (home.store(), done.clone());
            scope.spawn(move || {
                for seq in 1..=EACH {
                    store.write_again(|txn| txn.insert_entry(&own(n, seq, b"x"))).expect("written");
                }
                drop(done);
            });
        }
        drop(done);
        let reader = home.store();
        let (mut seen, mut last) = (0, 0);
        loop {
            let over = ended.try_recv() == Err(mpsc::TryRecvError::Disconnected);
            for entry in reader.entries_after(case(1), last).expect("read") {
                assert!(entry.ordinal > last);
                (seen, last) = (seen + 1, entry.ordinal);
            }
            if over {
                break;
            }
        }
        assert_eq!(seen, 3 * EACH, "each was seen, although only what is above the last was looked for");
    });
}

#[test]
fn a_connection_cut_in_the_middle_leaves_nothing_half() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    insert(&mut store, &own(1, 1, b"before")).expect("inserted");
    // Given up afterwards: nothing of it is there.
    let given_up = store.write(|txn| {
        txn.insert_entry(&own(1, 2, b"x"))?;
        home.sql(CUT);
        Err::<(), _>(StoreError::Undone)
    });
    assert_eq!(given_up, Err(StoreError::Undone));
    assert_eq!(store.entry_count(case(1)), Ok(1), "reading goes on by itself");
    // Gone on with: all of it is there, once.
    let written = store.write(|txn| {
        txn.insert_entry(&own(1, 2, b"two"))?;
        txn.put_value(case(1), entry_id(1, 2), b"p", b"value")?;
        home.sql(CUT);
        txn.insert_entry(&own(1, 3, b"three"))
    });
    assert!(matches!(written, Ok(Inserted::New(_))), "{written:?}");
    let other = home.store();
    let seqs: Vec<Vec<u8>> = other.entries_after(case(1), 0).expect("read").into_iter().map(|e| e.envelope).collect();
    assert_eq!(seqs, [b"before".to_vec(), b"two".to_vec(), b"three".to_vec()]);
    assert_eq!(other.values(case(1)).map(|values| values.len()), Ok(1));
    // Cut, and changed by another before it could be done again.
    let mut rival = home.store();
    let refused = store.write(|txn| {
        let count = txn.entry_count(case(1))?;
        home.sql(CUT);
        insert(&mut rival, &own(2, 1, b"rival"))?;
        txn.insert_entry(&own(1, count + 1, b"four"))
    });
    assert_eq!(refused, Err(StoreError::Conflict));
    assert_eq!(store.entry_count(case(1)), Ok(4));
}

/// Connections are cut at any moment, also while something is being kept.
#[test]
fn whatever_is_cut_when_what_was_acknowledged_is_there_once() {
    const ENTRIES: u64 = 150;
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let (done, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let mut store = home.store();
        scope.spawn(move || {
            for seq in 1..=ENTRIES {
                let written = store.write_again(|txn| txn.insert_entry(&own(1, seq, &[0x5a; 300])));
                assert!(matches!(written, Ok(Inserted::New(_))), "{seq}: {written:?}");
            }
            drop(done);
        });
        while ended.try_recv() == Err(mpsc::TryRecvError::Empty) {
            home.sql(CUT);
        }
    });
    let store = home.store();
    assert_eq!(store.entry_count(case(1)), Ok(ENTRIES));
    assert_eq!(store.last_own_entry(case(1), device(1)).expect("read").map(|(seq, _)| seq), Some(ENTRIES));
}

/// Who sends a file to two of our machines may hold back its beginning from one of them until the other has it all.
#[test]
fn what_one_machine_has_whole_no_part_that_comes_to_another_replaces() {
    let Some(home) = Home::any() else { return };
    let (a, b) = (home.files(), home.files());
    let photo = crate::files::bytes(3, 50_000);
    let file = FileRef::of(&photo);
    a.append(&case(1), &file, 0, &photo).expect("added");
    assert_eq!(a.finish(&case(1), &file), Ok(true));
    b.append(&case(1), &file, 0, &photo[..100]).expect("it is here already");
    assert_eq!(b.finish(&case(1), &file), Ok(true));
    assert_eq!(a.read(&case(1), &file, 0, 50_000), Ok(photo.clone()));
    // Nor does one that gives up take away what another has begun anew.
    let other = crate::files::bytes(4, 50_000);
    let file = FileRef::of(&other);
    a.append(&case(1), &file, 0, &other[..100]).expect("added");
    assert_eq!(b.finish(&case(1), &file), Ok(false));
    a.append(&case(1), &file, 100, &other[100..]).expect("added");
    assert_eq!(a.finish(&case(1), &file), Ok(true));
}
