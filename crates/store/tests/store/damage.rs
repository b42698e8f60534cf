//! Files that are not, or no longer, a store: named errors, and never a panic.

use std::fs;

use counterpart_core::id::{CaseId, PartyId};
use counterpart_store::{CaseSummary, Inserted, Store, StoreError};

use crate::{Home, Noise, case, device, entry_id, insert, own};

const PAGE: usize = 4096;

/// A store with something in every kind of table, all in the main file.
fn sound_store() -> (Home, Vec<u8>) {
    let home = Home::new();
    let mut store = home.store();
    store
        .write(|txn| {
            for seq in 1..=120 {
                txn.insert_entry(&own(1, seq, &[0x5a; 400]))?;
                txn.put_value(case(1), entry_id(1, seq), b"path", &[0x77; 50])?;
                txn.put_summary(&CaseSummary {
                    case: CaseId(entry_id(9, seq).0),
                    title: "t".repeat(40),
                    state: "open".to_owned(),
                    whose_move: "ours".to_owned(),
                    next_due: None,
                    entries: seq,
                    updated_at: 5,
                })?;
            }
            Ok::<_, StoreError>(())
        })
        .expect("written");
    assert_eq!(store.checkpoint(), Ok(true));
    drop(store);
    let bytes = fs::read(home.db()).expect("read");
    assert!(bytes.len() > 20 * PAGE);
    (home, bytes)
}

/// Uses all of the store and gives the first error. Whatever the file holds, this must come back.
fn exercise(home: &Home) -> Result<(), StoreError> {
    let mut store = Store::open(&home.db())?;
    let everything = |store: &Store| -> Result<(), StoreError> {
        store.entries_after(case(1), 0)?;
        for seq in [1, 60, 120] {
            store.entry(case(1), entry_id(1, seq))?;
        }
        store.cases()?;
        store.entry_count(case(1))?;
        store.last_own_entry(case(1), device(1))?;
        store.all_key_events()?;
        store.receipts(case(1))?;
        store.values(case(1))?;
        store.summaries()?;
        store.peer_addresses(case(1))?;
        store.key_events(PartyId([1; 32]))?;
        store.invites(case(1))?;
        store.joins()?;
        store.whereabouts()?;
        Ok(())
    };
    let read = everything(&store);
    let wrote = store.write(|txn| {
        txn.insert_entry(&own(2, 1, b"new"))?;
        txn.delete_value(case(1), entry_id(1, 60), b"path")
    });
    let faults = store.check_integrity();
    read.and(wrote.map(|_| ()))?;
    if let Some(fault) = faults.first() {
        return Err(StoreError::Damaged { detail: fault.clone() });
    }
    Ok(())
}

fn put_back(home: &Home, bytes: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let beside = home.db().with_extension(format!("db{suffix}"));
        if beside.exists() {
            fs::remove_file(beside).expect("removed");
        }
    }
    fs::write(home.db(), bytes).expect("written");
}

#[test]
fn random_bytes_are_not_a_store() {
    let mut noise = Noise(1);
    // (SQLite takes a file of one byte for an empty one.)
    for length in [2, 99, 100, 512, PAGE, 5 * PAGE + 7] {
        let home = Home::new();
        let mut bytes = vec![0; length];
        noise.fill(&mut bytes);
        fs::write(home.db(), &bytes).expect("written");
        for result in [Store::open(&home.db()), Store::open_read_only(&home.db())] {
            assert!(matches!(result, Err(StoreError::Damaged { .. })), "{length}: {result:?}");
        }
        assert_eq!(fs::read(home.db()).expect("read"), bytes, "nothing was changed");
    }
}

#[test]
fn a_cut_file_is_damaged() {
    let (home, bytes) = sound_store();
    for keep in [50, 100, PAGE - 1, PAGE, 3 * PAGE, 10 * PAGE + 100, bytes.len() - PAGE, bytes.len() - 1] {
        put_back(&home, &bytes[..keep]);
        let result = exercise(&home);
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{keep} bytes kept: {result:?}");
    }
}

#[test]
fn overwritten_pages_never_panic() {
    let (home, bytes) = sound_store();
    let mut noise = Noise(2);
    for page in 0..bytes.len() / PAGE {
        let mut hurt = bytes.clone();
        noise.fill(&mut hurt[page * PAGE..(page + 1) * PAGE]);
        put_back(&home, &hurt);
        let result = exercise(&home);
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "page {page}: {result:?}");
    }
}

#[test]
fn scattered_flips_never_panic() {
    let (home, bytes) = sound_store();
    let mut noise = Noise(3);
    let mut found = 0;
    for _ in 0..150 {
        let mut hurt = bytes.clone();
        for _ in 0..1 + noise.next() % 16 {
            // Half of them in the first bytes of a page, where the structure is.
            let page = noise.below(bytes.len() / PAGE);
            let reach = if noise.next().is_multiple_of(2) { 64 } else { PAGE };
            let at = page * PAGE + noise.below(reach);
            hurt[at] ^= 1 << (noise.next() % 8);
        }
        put_back(&home, &hurt);
        match exercise(&home) {
            // Inside an envelope: its signature shows it.
            Ok(()) => {}
            Err(
                StoreError::Damaged { .. }
                | StoreError::NotAStore { .. }
                | StoreError::NewerVersion { .. }
                // A flipped constraint or name in the stored schema.
                | StoreError::Unexpected { .. },
            ) => found += 1,
            Err(other) => unreachable!("an odd name for damage: {other:?}"),
        }
    }
    assert!(found > 50, "only {found} of 150 were noticed");
}

#[test]
fn a_damaged_log_keeps_what_came_before_it() {
    let home = Home::new();
    let mut store = home.store();
    for seq in 1..=20 {
        insert(&mut store, &own(1, seq, &[0x5a; 500])).expect("inserted");
    }
    // As a crash leaves it: the log beside the file, never moved in.
    let (main, log) = (fs::read(home.db()).expect("read"), fs::read(home.db().with_extension("db-wal")).expect("read"));
    drop(store);
    let mut noise = Noise(4);
    for cut in 1..8 {
        let copy = Home::new();
        fs::write(copy.db(), &main).expect("written");
        let mut hurt = log.clone();
        let at = log.len() * cut / 8;
        noise.fill(&mut hurt[at..]);
        fs::write(copy.db().with_extension("db-wal"), hurt).expect("written");
        let mut store = copy.store();
        let count = store.entry_count(case(1)).expect("read");
        assert!(count < 20);
        assert!(store.check_integrity().is_empty());
        assert!(matches!(insert(&mut store, &own(1, 21, b"x")), Ok(Inserted::New(_))));
    }
}

#[test]
fn another_program_s_file_is_left_alone() {
    let home = Home::new();
    let other = rusqlite::Connection::open(home.db()).expect("opens");
    other.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);").expect("written");
    drop(other);
    let before = fs::read(home.db()).expect("read");
    for result in [Store::open(&home.db()), Store::open_read_only(&home.db())] {
        assert!(matches!(result, Err(StoreError::NotAStore { .. })), "{result:?}");
    }
    assert_eq!(fs::read(home.db()).expect("read"), before);
}

#[test]
fn a_newer_version_says_update() {
    let home = Home::new();
    drop(home.store());
    let newer = rusqlite::Connection::open(home.db()).expect("opens");
    newer.pragma_update(None, "user_version", 1_000).expect("set");
    drop(newer);
    for result in [Store::open(&home.db()), Store::open_read_only(&home.db())] {
        let error = result.expect_err("refused");
        assert!(matches!(error, StoreError::NewerVersion { found: 1_000, .. }), "{error:?}");
        assert!(error.to_string().contains("newer version") && error.to_string().contains("update"));
    }
}

#[test]
fn places_without_a_store_are_named() {
    let home = Home::new();
    assert_eq!(Store::open_read_only(&home.db()).err(), Some(StoreError::Missing { path: home.db() }));
    let nowhere = home.folder.path().join("none").join("counterpart.db");
    assert!(matches!(Store::open(&nowhere), Err(StoreError::CannotOpen { .. })));
    assert!(matches!(Store::open(home.folder.path()), Err(StoreError::CannotOpen { .. })));
    assert!(!nowhere.exists());
}

#[test]
fn opened_for_reading_it_takes_no_writing() {
    let (home, _) = sound_store();
    let mut store = Store::open_read_only(&home.db()).expect("opens");
    assert_eq!(insert(&mut store, &own(1, 500, b"x")), Err(StoreError::ReadOnly));
    assert_eq!(store.checkpoint(), Err(StoreError::ReadOnly));
    assert_eq!(store.entry_count(case(1)), Ok(120));
}

#[cfg(unix)]
#[test]
fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let mut store = home.store();
    insert(&mut store, &own(1, 1, b"x")).expect("inserted");
    for beside in ["db", "db-wal", "db-shm"] {
        assert_eq!(mode(&home.db().with_extension(beside)), 0o600, "{beside}");
    }
    drop(store);
    // As a careless copy leaves it.
    fs::set_permissions(home.db(), fs::Permissions::from_mode(0o644)).expect("set");
    drop(home.store());
    assert_eq!(mode(&home.db()), 0o600);
}
