//! An erased value leaves no trace in the files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use counterpart_store::StoreError;

use crate::{Home, Noise, case, entry_id};

const MARK: &[u8] = b"<<value ";

fn files(home: &Home) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(home.folder.path()).expect("listed");
    folder.map(|file| fs::read(file.expect("listed").path()).expect("read")).collect()
}

fn is_anywhere(home: &Home, needle: &[u8]) -> bool {
    files(home).iter().any(|bytes| bytes.windows(needle.len()).any(|w| w == needle))
}

/// The numbers of all values of which a beginning is in the files.
fn traces(home: &Home) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    for bytes in files(home) {
        for (at, window) in bytes.windows(MARK.len()).enumerate() {
            if window == MARK {
                let digits = &bytes[at + MARK.len()..][..5];
                found.insert(str::from_utf8(digits).expect("digits").parse().expect("a number"));
            }
        }
    }
    found
}

/// Different lengths, so that pages fill and empty unevenly.
fn disclosure(number: u64, noise: &mut Noise) -> Vec<u8> {
    let mut bytes = format!("<<value {number:05}>>").into_bytes();
    bytes.resize([20, 40, 90, 300, 700, 1200, 6000][noise.below(7)], b'.');
    bytes
}

/// Values come, change and go at random. Moving rows between pages leaves copies in unused parts of pages, which
/// happens in a part of the histories only: hence several.
#[test]
fn erased_bytes_disappear_and_the_others_stay() {
    for seed in 0..25 {
        let home = Home::new();
        let mut store = home.store();
        let mut noise = Noise(seed);
        let (mut standing, mut number, mut entry) = (BTreeMap::new(), 0, 0);
        for _ in 0..20 {
            store
                .write(|txn| {
                    for _ in 0..20 {
                        let choice = noise.below(4);
                        if choice <= 1 || standing.is_empty() {
                            entry += 1;
                            number += 1;
                            let value = disclosure(number, &mut noise);
                            txn.put_value(case(1), entry_id(1, entry), b"p", &value)?;
                            standing.insert(entry, (number, value));
                            continue;
                        }
                        let picked = *standing.keys().nth(noise.below(standing.len())).expect("in range");
                        if choice == 2 {
                            number += 1;
                            let value = disclosure(number, &mut noise);
                            txn.put_value(case(1), entry_id(1, picked), b"p", &value)?;
                            standing.insert(picked, (number, value));
                        } else {
                            assert!(txn.delete_value(case(1), entry_id(1, picked), b"p")?);
                            assert!(!txn.delete_value(case(1), entry_id(1, picked), b"p")?);
                            standing.remove(&picked);
                        }
                    }
                    Ok::<_, StoreError>(())
                })
                .expect("written");
        }
        assert_eq!(store.scrub(), Ok(true));
        assert_eq!(traces(&home), standing.values().map(|(number, _)| *number).collect(), "seed {seed}");
        let left: Vec<_> = store.values(case(1)).expect("read").into_iter().map(|v| (v.entry, v.disclosure)).collect();
        let wanted: Vec<_> = standing.iter().map(|(entry, (_, value))| (entry_id(1, *entry), value.clone())).collect();
        assert_eq!(left, wanted, "in the order they came");
        assert!(store.check_integrity().is_empty());
    }
}

#[test]
fn a_replaced_value_disappears_too() {
    let home = Home::new();
    let mut store = home.store();
    store.write(|txn| txn.put_value(case(1), entry_id(1, 1), b"p", b"FIRST-VALUE")).expect("written");
    store.write(|txn| txn.put_value(case(1), entry_id(1, 1), b"p", b"SECOND")).expect("written");
    assert!(is_anywhere(&home, b"FIRST-VALUE"), "the log still has it");
    assert_eq!(store.scrub(), Ok(true));
    assert!(!is_anywhere(&home, b"FIRST-VALUE"));
    assert!(is_anywhere(&home, b"SECOND"));
}
