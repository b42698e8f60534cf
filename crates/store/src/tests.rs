use counterpart_core::id::{CaseId, DeviceKey, EntryId};

use crate::{EntryRow, Inserted, Store, StoreError};

const CASE: CaseId = CaseId([1; 32]);

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::open(&folder.path().join("counterpart.db")).expect("opens");
    (folder, store)
}

fn entry(seq: u64, envelope: &[u8]) -> EntryRow<'_> {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&seq.to_be_bytes());
    EntryRow { case: CASE, id: EntryId(id), device: DeviceKey([2; 32]), seq, own: true, envelope }
}

fn number(store: &Store, pragma: &str) -> i64 {
    store.sqlite().expect("SQLite").query_row(pragma, [], |row| row.get(0)).expect("a pragma answers")
}

/// SQLite then reports a full disk, as it does when the file system is full.
fn allow_pages(store: &Store, more: i64) {
    let limit = number(store, "PRAGMA page_count") + more;
    store
        .sqlite()
        .expect("SQLite")
        .query_row(&format!("PRAGMA max_page_count = {limit}"), [], |_| Ok(()))
        .expect("set");
}

#[test]
fn a_full_disk_keeps_what_was_there() {
    let (_folder, mut store) = store();
    store.write(|txn| txn.insert_entry(&entry(1, b"before"))).expect("room for one");
    allow_pages(&store, 4);
    let big = vec![0x5a; 3000];
    let failed = store.write(|txn| {
        for seq in 2..100 {
            txn.insert_entry(&entry(seq, &big))?;
        }
        Ok::<_, StoreError>(())
    });
    assert_eq!(failed, Err(StoreError::DiskFull));
    assert_eq!(store.entry_count(CASE), Ok(1), "nothing of the failed step, all from before");
    assert_eq!(store.entry(CASE, entry(1, b"").id).expect("read").expect("there").envelope, b"before");
    assert!(store.check_integrity().is_empty());
    // Nothing had reached the disk yet, so with space again the same handle goes on.
    allow_pages(&store, 1000);
    assert!(matches!(store.write(|txn| txn.insert_entry(&entry(2, &big))), Ok(Inserted::New(_))));
}

#[test]
fn nothing_slips_in_after_a_step_was_undone() {
    let (_folder, mut store) = store();
    allow_pages(&store, 4);
    let big = vec![0x5a; 3000];
    let outcome = store.write(|txn| {
        let mut seq = 0;
        while txn.insert_entry(&entry(seq, &big)).is_ok() {
            seq += 1;
        }
        assert!(txn.sqlite().expect("SQLite").is_autocommit(), "SQLite ended the transaction by itself");
        assert_eq!(txn.insert_entry(&entry(1000, b"small")), Err(StoreError::Undone));
        Ok::<_, StoreError>(())
    });
    assert_eq!(outcome, Err(StoreError::Undone));
    assert_eq!(store.entry_count(CASE), Ok(0));
}

#[test]
fn the_log_is_moved_before_it_grows_long() {
    let (folder, mut store) = store();
    let big = vec![0x5a; 4000];
    for round in 0..40 {
        store
            .write(|txn| {
                for n in 0..100 {
                    txn.insert_entry(&entry(round * 100 + n, &big))?;
                }
                Ok::<_, StoreError>(())
            })
            .expect("written");
    }
    let log = std::fs::metadata(folder.path().join("counterpart.db-wal")).expect("there").len();
    assert!(log < 3 * 1000 * 4096, "the log has {log} bytes after 16 MB of entries");
}

#[test]
fn settings_are_those_promised() {
    let (_folder, store) = store();
    for (pragma, value) in [
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA secure_delete", 1),
        ("PRAGMA busy_timeout", 5000),
        ("PRAGMA application_id", crate::schema::APPLICATION_ID),
        ("PRAGMA user_version", crate::schema::known_version()),
    ] {
        assert_eq!(number(&store, pragma), value, "{pragma}");
    }
    let mode: String =
        store.sqlite().expect("SQLite").query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("answers");
    assert_eq!(mode, "wal");
}

#[test]
fn a_log_in_use_is_not_called_empty() {
    let (folder, mut store) = store();
    store.sqlite().expect("SQLite").busy_timeout(std::time::Duration::ZERO).expect("set");
    let mut reader = Store::open(&folder.path().join("counterpart.db")).expect("opens");
    store.write(|txn| txn.insert_entry(&entry(1, b"x"))).expect("written");
    reader
        .read(|reads| {
            reads.entry_count(CASE)?;
            assert_eq!(store.checkpoint(), Ok(false));
            Ok::<_, StoreError>(())
        })
        .expect("read");
    assert_eq!(store.checkpoint(), Ok(true));
}

#[test]
fn a_store_in_use_for_long_is_busy() {
    let (folder, mut store) = store();
    store.sqlite().expect("SQLite").busy_timeout(std::time::Duration::ZERO).expect("set");
    let mut other = Store::open(&folder.path().join("counterpart.db")).expect("opens");
    other
        .write(|txn| {
            txn.insert_entry(&entry(1, b"x"))?;
            assert_eq!(store.write(|txn| txn.insert_entry(&entry(1, b"y"))), Err(StoreError::Busy));
            Ok::<_, StoreError>(())
        })
        .expect("written");
    assert_eq!(store.write(|txn| txn.insert_entry(&entry(1, b"y"))), Ok(Inserted::Already));
}

/// The bytes of a database file on which readers have their locks, as SQLite's file format has them.
#[cfg(target_os = "linux")]
const READERS: u64 = 0x4000_0002;

/// Another program that reads the store takes itself for the last one where no lock is held, and deletes the log of those that
/// have the file open: what they were told is kept is gone then.
#[cfg(target_os = "linux")]
#[test]
fn a_second_handle_leaves_the_locks_of_the_first() {
    use std::os::unix::fs::MetadataExt as _;

    let (folder, mut store) = store();
    store.write(|txn| txn.insert_entry(&entry(1, b"one"))).expect("kept");
    let path = folder.path().join("counterpart.db");
    let file = format!(":{}", std::fs::metadata(&path).expect("the file").ino());
    let held = || {
        let locks = std::fs::read_to_string("/proc/locks").expect("the locks of this machine");
        locks.lines().any(|line| {
            let parts: Vec<&str> = line.split_whitespace().collect();
            let own = parts.get(4).is_some_and(|pid| *pid == std::process::id().to_string());
            let this = parts.get(5).is_some_and(|inode| inode.ends_with(&file));
            own && this && parts.get(6).and_then(|first| first.parse().ok()) == Some(READERS)
        })
    };
    assert!(held(), "a store that is open");
    let second = Store::open(&path).expect("opens");
    assert!(held(), "beside a second");
    drop(second);
    assert!(held(), "after it");
    Store::open_read_only(&path).expect("opens").entry_count(CASE).expect("read");
    assert!(held(), "after a reader");
    drop(store);
    assert!(!held(), "nobody has it");
}
