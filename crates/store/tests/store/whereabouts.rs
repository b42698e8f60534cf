//! Address records: of each device the newest, a bounded number of devices, and addresses that are put in others' place.

use counterpart_core::id::{CaseId, DeviceKey, PartyId};
use counterpart_store::{PeerAddress, Store, StoreError};

use crate::Home;

const ANN: PartyId = PartyId([1; 32]);
const BOB: PartyId = PartyId([2; 32]);

fn device(n: u8) -> DeviceKey {
    DeviceKey([n; 32])
}

fn put(store: &mut Store, party: PartyId, n: u8, number: u64, envelope: &[u8]) -> bool {
    store.write(|txn| txn.put_whereabouts(party, device(n), number, envelope)).expect("written")
}

fn held(store: &Store) -> Vec<(u8, u8, u64, Vec<u8>)> {
    let rows = store.whereabouts().expect("readable").into_iter();
    rows.map(|row| (row.party.0[0], row.device.0[0], row.number, row.envelope)).collect()
}

#[test]
fn of_each_device_the_newest_is_kept() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    assert!(put(&mut store, ANN, 1, 5, b"five"));
    assert!(put(&mut store, ANN, 2, 1, b"other"));
    assert!(!put(&mut store, ANN, 1, 5, b"five again"), "of one number the first stays");
    assert!(!put(&mut store, ANN, 1, 4, b"four"));
    assert!(put(&mut store, ANN, 1, 6, b"six"));
    assert!(put(&mut store, BOB, 1, 2, b"of another party"));
    drop(store);
    let mut store = home.store();
    let expected = [(1, 2, 1, b"other".to_vec()), (1, 1, 6, b"six".to_vec()), (2, 1, 2, b"of another party".to_vec())];
    assert_eq!(held(&store), expected, "in order of arrival");
    let of_ann = store.whereabouts_of(ANN).expect("readable");
    assert_eq!(of_ann.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 6]);
    assert!(of_ann[0].arrival < of_ann[1].arrival);
    store.write(|txn| txn.forget_whereabouts(ANN, device(1))).expect("written");
    assert_eq!(store.whereabouts_of(ANN).expect("readable").len(), 1);
    assert_eq!(store.whereabouts_of(BOB).expect("readable").len(), 1);
    assert!(put(&mut store, ANN, 1, 3, b"anew"), "what was forgotten counts for nothing");
    assert!(store.check_integrity().is_empty());
}

#[test]
fn a_party_has_a_bounded_number() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    assert!(put(&mut store, BOB, 1, 1, b"b"));
    for n in 0..100 {
        assert!(put(&mut store, ANN, n, 1, b"a"));
    }
    // The first came again, and so is the newest.
    assert!(put(&mut store, ANN, 36, 2, b"a"));
    let devices: Vec<u8> = store.whereabouts_of(ANN).expect("readable").iter().map(|row| row.device.0[0]).collect();
    assert_eq!(devices, (37..100).chain([36]).collect::<Vec<u8>>());
    assert_eq!(store.whereabouts_of(BOB).expect("readable").len(), 1);
}

#[test]
fn a_number_that_does_not_fit_is_refused() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let refused = store.write(|txn| txn.put_whereabouts(ANN, device(1), u64::MAX, b"a"));
    assert_eq!(refused, Err(StoreError::NumberTooLarge { number: u64::MAX }));
    assert!(store.write(|txn| txn.put_whereabouts(ANN, device(1), 0, b"a")).is_err());
    assert_eq!(held(&store), []);
}

#[test]
fn addresses_of_a_device_are_put_in_place_of_earlier_ones() {
    let Some(home) = Home::any() else { return };
    let mut store = home.store();
    let (case, other) = (CaseId([3; 32]), CaseId([4; 32]));
    let row = |case, party, device, address: &str, last_seen| PeerAddress {
        case,
        party,
        device,
        address: address.to_owned(),
        last_seen,
    };
    let untouched = [
        row(case, ANN, None, "/told", 1),
        row(case, ANN, Some(device(2)), "/old", 1),
        row(case, BOB, Some(device(1)), "/old", 1),
        row(other, ANN, Some(device(1)), "/old", 1),
    ];
    let gone = [row(case, ANN, Some(device(1)), "/old", 1), row(case, ANN, Some(device(1)), "/stays", 90)];
    store
        .write(|txn| {
            untouched.iter().chain(&gone).try_for_each(|row| txn.put_peer_address(row))?;
            txn.replace_peer_addresses(case, ANN, device(1), &["/new", "/stays"], 50)
        })
        .expect("written");
    let mut all = store.all_peer_addresses().expect("readable");
    all.sort_by_key(|row| format!("{row:?}"));
    let mut expected = untouched.to_vec();
    expected.push(row(case, ANN, Some(device(1)), "/new", 50));
    expected.push(row(case, ANN, Some(device(1)), "/stays", 90));
    expected.sort_by_key(|row| format!("{row:?}"));
    assert_eq!(all, expected);
    store.write(|txn| txn.replace_peer_addresses(case, ANN, device(1), &[] as &[&str], 60)).expect("written");
    assert!(!store.all_peer_addresses().expect("readable").iter().any(|row| row.address == "/new"));
}
