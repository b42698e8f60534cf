//! A store that an earlier version of the program wrote is brought up to date when it is opened, and loses nothing.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{attachment::FileRef, id::PartyId};
use counterpart_store::{ChangeKind, Chore, FellDue, QueueWish, Store, StoreError};
use rusqlite::{Connection, types::Value};

use crate::{Home, case, device, insert, own};

/// The tables of earlier versions, with something in each of them.
const VERSION_6: &str = include_str!("../fixtures/version-6.sql");
const VERSION_7: &str = include_str!("../fixtures/version-7.sql");
const VERSION_8: &str = include_str!("../fixtures/version-8.sql");

fn of(version: &str) -> Home {
    let home = Home::new();
    let older = Connection::open(home.db()).expect("opens");
    older.execute_batch("PRAGMA journal_mode = WAL").expect("set");
    older.execute_batch(version).expect("the tables of that version");
    home
}

fn number(home: &Home, pragma: &str) -> i64 {
    let conn = Connection::open(home.db()).expect("opens");
    conn.query_row(pragma, [], |row| row.get(0)).expect("a pragma answers")
}

/// The statements that made a store's tables and indexes.
fn schema(home: &Home) -> BTreeSet<String> {
    let conn = Connection::open(home.db()).expect("opens");
    let mut found = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").expect("a query");
    let found = found.query_map([], |row| row.get(0)).expect("read");
    found.collect::<Result<_, _>>().expect("read")
}

/// Every row of every table, with all its columns.
fn contents(home: &Home) -> BTreeMap<String, Vec<Vec<Value>>> {
    let conn = Connection::open(home.db()).expect("opens");
    let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("a query");
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).expect("read");
    let of = |table: String| {
        let mut rows = conn.prepare(&format!("SELECT * FROM {table}")).expect("a query");
        let columns = rows.column_count();
        let rows = rows.query_map([], |row| (0..columns).map(|n| row.get(n)).collect()).expect("read");
        let rows = rows.collect::<Result<_, _>>().expect("read");
        (table, rows)
    };
    tables.map(|table| of(table.expect("read"))).collect()
}

/// Opens a store of an earlier version, and gives what is in it.
fn opened(home: &Home) -> Store {
    let before = contents(home);
    assert!(before.values().all(|rows| !rows.is_empty()), "something in every table: {before:?}");
    let store = home.store();
    assert_eq!(store.check_integrity(), Vec::<String>::new());
    let after = contents(home);
    for (table, rows) in &before {
        // What a later version added to a row stands behind what was in it.
        let after = after.get(table).expect("its table");
        let kept = after.iter().map(|row| row.get(..rows[0].len()).unwrap_or(row).to_vec());
        let kept: Vec<Vec<Value>> = kept.collect();
        assert_eq!(&kept, rows, "{table}");
    }
    let entries = store.entries_after(case(1), 0).expect("readable");
    let envelopes: Vec<_> = entries.iter().map(|entry| entry.envelope.as_slice()).collect();
    assert_eq!(envelopes, [b"open".as_slice(), b"theirs"]);
    assert_eq!(store.cases().expect("readable"), [case(1), case(2)]);
    assert_eq!(store.receipt_count(case(1)), Ok(2));
    assert_eq!(store.values(case(1)).expect("readable")[0].disclosure, b"value");
    assert_eq!(store.summary(case(1)).expect("readable").expect("there").title, "A kitchen that leaks");
    assert_eq!(store.peer_addresses(case(1)).expect("readable").len(), 2);
    assert_eq!(store.notebook().expect("readable")[0].body, "rings back on Friday");
    assert_eq!(store.letters().expect("readable")[0].body, "a reminder");
    assert_eq!(store.edits_after(case(1), 0).expect("readable")[0].envelope, b"an edit");
    let chores: Vec<_> = store.chores().expect("readable").into_iter().map(|row| row.chore).collect();
    let file = FileRef { sha256: [0xf1; 32], size: 1000 };
    assert_eq!(chores, [Chore::Scrub, Chore::EraseFile { case: case(1), file }]);
    store
}

/// It is written to as any other, and is what a store that is made today is.
fn goes_on(home: &Home, mut store: Store) {
    let before = contents(home);
    assert_eq!(insert(&mut store, &own(0xd1, 0, b"again")), Err(StoreError::PositionTaken { seq: 0 }));
    let put = store.write(|txn| {
        txn.insert_entry(&own(0xd1, 1, b"next"))?;
        txn.put_whereabouts(PartyId([0xa1; 32]), device(0xd1), 1, b"here")
    });
    assert_eq!(put, Ok(true));
    drop(store);

    let mut after = contents(home);
    for (table, more) in [("entries", 7), ("whereabouts", 5)] {
        let rows = after.get_mut(table).expect("its table");
        assert_eq!(rows.pop().map(|row| row.len()), Some(more), "the one written since");
        assert_eq!(Some(&*rows), before.get(table), "{table}");
    }

    let new = Home::new();
    drop(new.store());
    assert_eq!(schema(home), schema(&new), "as a store that is made today");
    for pragma in ["PRAGMA user_version", "PRAGMA application_id"] {
        assert_eq!(number(home, pragma), number(&new, pragma), "{pragma}");
    }
    drop(home.store());
    assert_eq!(home.store().entry_count(case(1)), Ok(3), "opened once more");
}

#[test]
fn a_store_of_version_6_opens_and_keeps_all() {
    let home = of(VERSION_6);
    let store = opened(&home);
    assert_eq!(store.whereabouts(), Ok(Vec::new()), "nobody said yet where they are");
    goes_on(&home, store);
}

#[test]
fn a_store_of_version_7_opens_and_keeps_all() {
    let home = of(VERSION_7);
    let store = opened(&home);
    assert_eq!(store.whereabouts().expect("readable")[0].envelope, b"here too");
    assert_eq!(store.tokens(), Ok(Vec::new()), "no program was let in");
    let listed = store.queue(&QueueWish::default(), None, 10).expect("readable");
    let titles: Vec<_> = listed.iter().map(|row| row.summary.title.as_str()).collect();
    assert_eq!(titles, ["A kitchen that leaks"], "cases of before are in the list at once");
    assert_eq!(store.unindexed(10), Ok(vec![case(1)]), "and their words are yet to be found");
    goes_on(&home, store);
}

#[test]
fn a_store_of_version_8_opens_and_keeps_all() {
    let home = of(VERSION_8);
    let mut store = opened(&home);
    let kinds: Vec<_> =
        store.changes(0, 9).expect("readable").into_iter().map(|change| (change.kind, change.due)).collect();
    assert_eq!(kinds, [(ChangeKind::ActSigned, None), (ChangeKind::JoinAsked, None)]);
    // What is due in cases that are open is yet to be told, also where it was before.
    let late = 1_780_000_000_000;
    assert_eq!(store.alarms(i64::MAX, 9), Ok(vec![(case(6), late), (case(1), 1_800_000_000_000)]));
    let fell = [FellDue { at: late, dues: "[]".to_owned() }];
    assert_eq!(store.write(|txn| txn.tell_overdue(case(6), late, &fell, late + 1)), Ok(vec![late]));
    assert_eq!(store.hooks().expect("readable")[0].kinds, [ChangeKind::ActSigned, ChangeKind::ActReceived]);
    goes_on(&home, store);
}

#[test]
fn a_store_of_an_earlier_version_is_not_changed_by_reading_alone() {
    for (version, wrote) in [(6, VERSION_6), (7, VERSION_7), (8, VERSION_8)] {
        let home = of(wrote);
        assert_eq!(Store::open_read_only(&home.db()).err(), Some(StoreError::ReadOnly));
        assert_eq!(number(&home, "PRAGMA user_version"), version);
    }
}
