//! Several handles, threads and processes on one file.

use std::{process::Stdio, thread};

use counterpart_core::id::EntryId;
use counterpart_store::{EntryRow, Inserted, Store, StoreError};

use crate::{Home, case, child, device, entry_id, given_store, insert, own};

const EACH: usize = 100;

#[test]
fn one_position_is_given_once_across_handles() {
    let Some(home) = Home::any() else { return };
    let (mut a, mut b) = (home.store(), home.store());
    assert!(matches!(insert(&mut a, &own(1, 1, b"a")), Ok(Inserted::New(_))));
    let mut rival = own(1, 1, b"b");
    rival.id = EntryId([0xbb; 32]);
    assert_eq!(insert(&mut b, &rival), Err(StoreError::PositionTaken { seq: 1 }));
    assert_eq!(b.entry_count(case(1)), Ok(1), "the other handle sees what was committed");

    // The refusal ends only the statement: the transaction may go on.
    let went_on = b.write(|txn| {
        assert_eq!(txn.insert_entry(&rival), Err(StoreError::PositionTaken { seq: 1 }));
        txn.insert_entry(&EntryRow { seq: 2, ..rival })
    });
    assert!(matches!(went_on, Ok(Inserted::New(_))));

    // Another case, another device, or a peer's rival at the position: all allowed.
    rival.case = case(2);
    assert!(matches!(insert(&mut b, &rival), Ok(Inserted::New(_))));
    let fork = EntryRow { case: case(1), id: EntryId([0xcc; 32]), own: false, ..rival };
    assert!(matches!(insert(&mut b, &fork), Ok(Inserted::New(_))));
}

/// Takes the next free position, again and again, as a node signing does.
fn sign_many(store: &mut Store, signer: u8) {
    for n in 0..EACH as u64 {
        store
            .write_again(|txn| {
                let seq = txn.last_own_entry(case(1), device(1))?.map_or(1, |(seq, _)| seq + 1);
                txn.insert_entry(&EntryRow { id: entry_id(signer, n), ..own(1, seq, &[signer]) })
            })
            .expect("nobody takes the position between reading and inserting");
    }
}

fn assert_all_positions_taken_once(store: &Store, signers: usize) {
    assert_eq!(store.entry_count(case(1)), Ok((EACH * signers) as u64));
    let (last, _) = store.last_own_entry(case(1), device(1)).expect("read").expect("some");
    assert_eq!(last, (EACH * signers) as u64, "no gap and none twice");
}

#[test]
fn threads_never_share_a_position() {
    let Some(home) = Home::any() else { return };
    drop(home.store());
    thread::scope(|scope| {
        for signer in 1..=4 {
            let mut store = home.store();
            scope.spawn(move || sign_many(&mut store, signer));
        }
    });
    assert_all_positions_taken_once(&home.store(), 4);
}

#[test]
fn processes_never_share_a_position() {
    let Some(home) = Home::any() else { return };
    drop(home.store());
    let children: Vec<_> = (1..=3)
        .map(|signer: u8| {
            child("sharing::signing_child", &home)
                .env("SIGNER", signer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .expect("the child starts")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("the child ends").success());
    }
    assert_all_positions_taken_once(&home.store(), 3);
}

#[test]
fn signing_child() {
    let Some(place) = given_store() else { return };
    let signer = std::env::var("SIGNER").expect("set by the parent").parse().expect("a number");
    sign_many(&mut Store::open_at(&place).expect("opens"), signer);
}

#[test]
fn many_may_make_the_store_at_the_same_time() {
    for _ in 0..5 {
        let Some(home) = Home::any() else { return };
        let start = std::sync::Barrier::new(8);
        thread::scope(|scope| {
            for n in 1..=8 {
                let (home, start) = (&home, &start);
                scope.spawn(move || {
                    start.wait();
                    insert(&mut home.store(), &own(n, 1, b"x")).expect("inserted");
                });
            }
        });
        assert_eq!(home.store().entry_count(case(1)), Ok(8));
    }
}

#[test]
fn a_reader_keeps_its_picture_while_another_writes() {
    let Some(home) = Home::any() else { return };
    let (mut reader, mut writer) = (home.store(), home.store());
    insert(&mut writer, &own(1, 1, b"x")).expect("inserted");
    reader
        .read(|reads| {
            assert_eq!(reads.entry_count(case(1))?, 1);
            insert(&mut writer, &own(1, 2, b"x"))?;
            assert_eq!(reads.entry_count(case(1))?, 1);
            Ok::<_, StoreError>(())
        })
        .expect("read");
    assert_eq!(reader.entry_count(case(1)), Ok(2));
}

#[test]
fn a_handle_moves_between_threads() {
    fn movable<T: Send>() {}
    movable::<Store>();
}
