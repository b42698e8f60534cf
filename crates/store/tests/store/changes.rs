//! The order of what came in, and how far receivers were told of it.

use counterpart_core::id::ReceiptId;
use counterpart_store::{ChangeKind, EntryRow, HookCase, HookRow, HookStanding, Join, ReceiptRow, StoreError};

use crate::{Home, case, device, entry_id, insert, own};

fn hook(name: &str, seen: u64) -> HookRow {
    HookRow {
        name: name.to_owned(),
        url: "https://hooks.example/".to_owned(),
        secret: "whsec_c2VjcmV0".to_owned(),
        kinds: vec![ChangeKind::ActSigned, ChangeKind::JoinEnded],
        private: false,
        made: 5,
        seen,
        standing: HookStanding::default(),
    }
}

#[test]
fn what_comes_in_gets_the_next_number_whatever_it_is() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    store.use_clock(|| 77);
    insert(&mut store, &own(1, 0, b"open")).expect("stored");
    insert(&mut store, &own(1, 0, b"open")).expect("known already");
    let theirs = EntryRow { own: false, case: case(2), ..own(2, 0, b"theirs") };
    insert(&mut store, &theirs).expect("stored");
    let receipt = |own, id: u8| ReceiptRow {
        id: ReceiptId([id; 32]),
        case: case(1),
        device: device(id),
        number: 0,
        own,
        envelope: b"receipt",
    };
    let join = Join { case: case(3), link: "link".to_owned(), request: b"request".to_vec(), expires: 9 };
    let done = store.write(|txn| {
        txn.insert_receipt(&receipt(true, 1))?;
        txn.insert_receipt(&receipt(false, 2))?;
        txn.insert_receipt(&receipt(false, 2))?;
        txn.put_join(&join)?;
        txn.delete_join(case(3))?;
        txn.delete_join(case(3))
    });
    assert_eq!(done, Ok(false));
    let changes = store.changes(0, 100).expect("readable");
    let found: Vec<_> = changes.iter().map(|c| (c.number, c.case, c.kind, c.what.map(|what| what[0]))).collect();
    assert_eq!(
        found,
        [
            (1, case(1), ChangeKind::ActSigned, Some(entry_id(1, 0).0[0])),
            (2, case(2), ChangeKind::ActReceived, Some(entry_id(2, 0).0[0])),
            (3, case(1), ChangeKind::ReceiptSigned, Some(1)),
            (4, case(1), ChangeKind::ReceiptReceived, Some(2)),
            (5, case(3), ChangeKind::JoinAsked, None),
            (6, case(3), ChangeKind::JoinEnded, None),
        ]
    );
    assert!(changes.iter().all(|change| change.at == 77));
    assert_eq!(store.newest_change(), Ok(6));
    assert_eq!(store.changes(2, 2).expect("readable"), changes[2..4]);
    let next = |after, up_to, kinds: &[ChangeKind]| {
        store.next_change_of(case(1), after, up_to, kinds).expect("readable").map(|change| change.number)
    };
    assert_eq!(next(0, 6, &ChangeKind::ALL), Some(1));
    assert_eq!(next(1, 6, &ChangeKind::ALL), Some(3));
    assert_eq!(next(1, 2, &ChangeKind::ALL), None);
    assert_eq!(next(1, 6, &[ChangeKind::ReceiptReceived]), Some(4));
    assert_eq!(next(0, 6, &[]), None);
}

#[test]
fn what_is_undone_leaves_no_gap() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    insert(&mut store, &own(1, 0, b"open")).expect("stored");
    let undone: Result<(), StoreError> = store.write(|txn| {
        txn.insert_entry(&own(1, 1, b"one"))?;
        txn.insert_entry(&own(1, 2, b"two"))?;
        Err(StoreError::OwnEntry)
    });
    assert_eq!(undone, Err(StoreError::OwnEntry));
    drop(store);
    let mut store = home.store();
    insert(&mut store, &own(1, 1, b"again")).expect("stored");
    let numbers: Vec<u64> = store.changes(0, 100).expect("readable").iter().map(|change| change.number).collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn receivers_and_how_far_they_were_told_are_kept() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let added = store.write(|txn| {
        Ok::<_, StoreError>([
            txn.insert_hook(&hook("b", 3))?,
            txn.insert_hook(&hook("a", 0))?,
            txn.insert_hook(&hook("b", 0))?,
        ])
    });
    assert_eq!(added, Ok([true, true, false]));
    assert_eq!(store.hooks(), Ok(vec![hook("a", 0), hook("b", 3)]));
    let row = |hook: &str, n: u8, next| HookCase {
        hook: hook.to_owned(),
        case: case(n),
        number: 4,
        tries: 2,
        next,
        taken: None,
        failing: Some(10 + i64::from(n)),
        trouble: Some("no".to_owned()),
    };
    let taken = HookCase { taken: Some(60), ..row("a", 3, 20) };
    let standing = HookStanding {
        tries: 1,
        failing: Some(2),
        next: 3,
        trouble: Some("no".to_owned()),
        told: Some(4),
        off: Some(5),
        why: Some("gone".to_owned()),
    };
    let put = store.write(|txn| {
        for row in [row("a", 1, 50), row("a", 2, 40), taken.clone(), row("b", 1, 1)] {
            txn.put_hook_case(&row)?;
        }
        txn.put_hook_seen("a", 9)?;
        txn.put_hook_standing("a", &standing)
    });
    assert_eq!(put, Ok(()));
    assert_eq!(store.hook("a"), Ok(Some(HookRow { standing, ..hook("a", 9) })));
    assert_eq!(store.hook_cases_due("a", 50, 10), Ok(vec![row("a", 2, 40), row("a", 1, 50)]), "one is being told");
    assert_eq!(store.hook_cases_due("a", 60, 1), Ok(vec![taken]), "no more, and its time is over");
    assert_eq!(store.hook_cases_waiting("a"), Ok(3));
    assert_eq!(store.hook_taken_until("a"), Ok(None), "two that nobody tells wait as well");
    assert_eq!(store.hook_taken_until("nobody"), Ok(None));
    let others = [row("a", 1, 50), row("a", 2, 40)];
    let all_taken = store.write(|txn| {
        others.iter().try_for_each(|other| txn.put_hook_case(&HookCase { taken: Some(90), ..other.clone() }))
    });
    assert_eq!(all_taken, Ok(()));
    assert_eq!(store.hook_taken_until("a"), Ok(Some(60)), "the one that ends first");
    assert_eq!(store.write(|txn| others.iter().try_for_each(|other| txn.put_hook_case(other))), Ok(()));
    let again = store.write(|txn| {
        txn.hook_takes_again("a", 12, 30)?;
        txn.delete_hook_case("a", case(3))
    });
    assert_eq!(again, Ok(()));
    assert_eq!(store.hook_cases_due("a", 30, 10), Ok(vec![row("a", 2, 30)]), "not the one that failed before that");
    assert_eq!(store.write(|txn| txn.delete_hook("a")), Ok(true));
    assert_eq!((store.hook_cases_waiting("a"), store.hook_cases_waiting("b")), (Ok(0), Ok(1)));
    assert!(!format!("{:?}", hook("a", 0)).contains("whsec"));
}
