//! What others wrote is found, whoever was under way when it was looked for.

use counterpart_core::id::{CaseId, EventId, PartyId};
use counterpart_store::{EntryRow, KeyEventRow, Store, StoreError};

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
