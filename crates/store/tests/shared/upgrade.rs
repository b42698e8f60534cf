//! A shared store that an earlier version of the program wrote is brought up to date when it is opened.

use counterpart_store::{ChangeKind, FellDue, Store, StoreError};

use crate::{Home, case, insert, own};

/// The tables of an earlier version, with something in those that a later one changed.
const VERSION_8: &str = include_str!("../fixtures/shared-version-8.sql");

/// Every column of every table and every index, as the server has them.
const SCHEMA: &str = "SELECT string_agg(said, chr(10) ORDER BY said) FROM (
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS said
        FROM information_schema.columns WHERE table_schema = current_schema()
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()) AS all_of_it";

#[test]
fn a_store_of_version_8_opens_and_keeps_all() {
    let Some(home) = Home::any() else { return };
    home.sql(VERSION_8);
    assert_eq!(Store::open_at_read_only(&home.place()).err(), Some(StoreError::ReadOnly), "that would be writing");
    let mut store = home.store();
    assert_eq!(home.sql("SELECT value FROM counterpart WHERE name = 'version'"), "9");
    let changes = store.changes(0, 9).expect("readable");
    let kinds: Vec<_> = changes.into_iter().map(|change| (change.number, change.kind, change.due)).collect();
    assert_eq!(kinds, [(1, ChangeKind::ActSigned, None), (2, ChangeKind::JoinAsked, None)]);
    // What is due in cases that are open is yet to be told, also where it was before.
    let late = 1_780_000_000_000;
    assert_eq!(store.alarms(i64::MAX, 9), Ok(vec![(case(6), late), (case(1), 1_800_000_000_000)]));
    let fell = [FellDue { at: late, dues: "[]".to_owned() }];
    assert_eq!(store.write_again(|txn| txn.tell_overdue(case(6), late, &fell, late + 1)), Ok(vec![late]));
    assert!(insert(&mut store, &own(0xd1, 1, b"next")).is_ok(), "it is written to as any other");
    assert_eq!(store.newest_change(), Ok(4));

    let Some(new) = Home::any() else { return };
    drop(new.store());
    assert_eq!(home.sql(SCHEMA), new.sql(SCHEMA), "as a store that is made today");
}
