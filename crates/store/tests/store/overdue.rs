//! That something fell due is told once for each time, whoever looks.

use std::{sync::Barrier, thread};

use counterpart_core::id::CaseId;
use counterpart_store::{Change, ChangeKind, FellDue, Lane, QueuePlace, Store, StoreError, Txn};

use crate::{Home, case, insert, own};

fn place(case: CaseId, lane: Lane, dues: &[i64]) -> QueuePlace {
    QueuePlace { lane, due: dues.first().copied().unwrap_or(i64::MAX), since: 1, case }
}

fn put(store: &mut Store, case: CaseId, lane: Lane, dues: &[i64]) {
    store.write_again(|txn| txn.put_in_queue(&place(case, lane, dues), "", dues)).expect("written");
}

fn fell(dues: &[i64]) -> Vec<FellDue> {
    dues.iter().map(|at| FellDue { at: *at, dues: format!("what is due at {at}") }).collect()
}

fn tell(txn: &Txn<'_>, dues: &[i64], before: i64) -> Result<Vec<(CaseId, i64)>, StoreError> {
    let mut told = Vec::new();
    for (case, alarm) in txn.alarms(before, 1_000)? {
        told.extend(txn.tell_overdue(case, alarm, &fell(dues), before)?.into_iter().map(|due| (case, due)));
    }
    Ok(told)
}

/// What a look at this time tells, where that is due in every case.
fn look(store: &mut Store, dues: &[i64], before: i64) -> Vec<(CaseId, i64)> {
    store.write_again(|txn| tell(txn, dues, before)).expect("told")
}

fn told(store: &Store) -> Vec<(CaseId, FellDue)> {
    let told = |change: Change| {
        assert_eq!(change.kind == ChangeKind::CaseOverdue, change.due.is_some());
        Some((change.case, change.due?))
    };
    store.changes(0, 1_000).expect("readable").into_iter().filter_map(told).collect()
}

#[test]
fn each_time_is_told_once_and_late_where_nobody_looked() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    insert(&mut store, &own(1, 0, b"open")).expect("stored");
    let dues = [10, 20, 30];
    put(&mut store, case(1), Lane::Ours, &dues);
    assert_eq!(store.alarms(10, 9), Ok(Vec::new()), "due just now is not late yet");
    assert_eq!(store.alarms(11, 9), Ok(vec![(case(1), 10)]));
    assert_eq!(look(&mut store, &dues, 11), [(case(1), 10)]);
    assert_eq!(look(&mut store, &dues, 12), []);
    // The case goes on, and what is due is not done; the program was off for a while.
    put(&mut store, case(1), Lane::Others, &dues);
    drop(store);
    let mut store = home.store();
    assert_eq!(look(&mut store, &dues, 15), []);
    assert_eq!(look(&mut store, &dues, 100), [(case(1), 20), (case(1), 30)]);
    assert_eq!(look(&mut store, &dues, i64::MAX), []);
    // What is due earlier than all that, and comes later, is told as well; the rest is not told again.
    let dues = [5, 10, 20, 30, 40];
    put(&mut store, case(1), Lane::Ours, &dues);
    assert_eq!(look(&mut store, &dues, 40), [(case(1), 5)]);
    assert_eq!(store.alarms(41, 9), Ok(vec![(case(1), 40)]));
    let expected: Vec<(CaseId, FellDue)> = fell(&[10, 20, 30, 5]).into_iter().map(|due| (case(1), due)).collect();
    assert_eq!(told(&store), expected);
    let numbers: Vec<u64> = store.changes(0, 9).expect("readable").iter().map(|change| change.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5], "among the others, without a gap");
}

#[test]
fn a_closed_case_tells_nothing_and_one_that_is_open_again_only_what_it_did_not_tell() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let dues = [10, 20];
    put(&mut store, case(1), Lane::Ours, &dues);
    put(&mut store, case(2), Lane::Closed, &dues);
    assert_eq!(look(&mut store, &dues, 15), [(case(1), 10)]);
    put(&mut store, case(1), Lane::Closed, &dues);
    assert_eq!(look(&mut store, &dues, 100), []);
    put(&mut store, case(1), Lane::Others, &dues);
    assert_eq!(look(&mut store, &dues, 100), [(case(1), 20)]);
    // What is no more to be done is not told either.
    put(&mut store, case(2), Lane::Ours, &dues);
    put(&mut store, case(2), Lane::Ours, &[]);
    assert_eq!(look(&mut store, &dues, 100), []);
}

#[test]
fn who_comes_late_or_gives_up_tells_nothing() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    put(&mut store, case(1), Lane::Ours, &[10, 20]);
    let undone: Result<(), StoreError> = store.write(|txn| {
        assert_eq!(tell(txn, &[10, 20], 15)?, [(case(1), 10)]);
        Err(StoreError::OwnEntry)
    });
    assert_eq!(undone, Err(StoreError::OwnEntry));
    assert_eq!((told(&store), store.alarms(15, 9)), (Vec::new(), Ok(vec![(case(1), 10)])));
    // Others changed the case since it was looked at.
    put(&mut store, case(1), Lane::Ours, &[12, 20]);
    let late = store.write(|txn| txn.tell_overdue(case(1), 10, &fell(&[10, 20]), 15));
    assert_eq!((late, told(&store)), (Ok(Vec::new()), Vec::new()));
    assert_eq!(look(&mut store, &[12, 20], 15), [(case(1), 12)]);
}

/// As several nodes do on one store: each looks and tells what it finds.
#[test]
fn of_several_that_look_at_once_one_tells() {
    const CASES: u8 = 40;
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    for n in 1..=CASES {
        put(&mut store, case(n), Lane::Ours, &[10, 20]);
    }
    let start = Barrier::new(3);
    let by_each: Vec<usize> = thread::scope(|scope| {
        let nodes: Vec<_> = (0..3)
            .map(|_| {
                let (mut store, start) = (home.store(), &start);
                scope.spawn(move || {
                    start.wait();
                    let mut told = 0;
                    while !store.alarms(15, 1).expect("read").is_empty() {
                        // A few at a time, as in one look of a node.
                        let few = |txn: &Txn<'_>| {
                            let mut told = 0;
                            for (case, alarm) in txn.alarms(15, 7)? {
                                told += txn.tell_overdue(case, alarm, &fell(&[10, 20]), 15)?.len();
                            }
                            Ok::<_, StoreError>(told)
                        };
                        told += store.write_again(few).expect("told");
                    }
                    told
                })
            })
            .collect();
        nodes.into_iter().map(|node| node.join().expect("it told")).collect()
    });
    assert_eq!(by_each.iter().sum::<usize>(), usize::from(CASES), "{by_each:?}");
    let mut cases: Vec<CaseId> = told(&store).into_iter().map(|(case, _)| case).collect();
    cases.sort();
    assert_eq!(cases, (1..=CASES).map(case).collect::<Vec<_>>(), "each once");
    assert_eq!(store.alarms(25, 99).map(|all| all.len()), Ok(usize::from(CASES)), "and again for the next time");
}
