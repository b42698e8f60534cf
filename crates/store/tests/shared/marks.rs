//! What a store says of itself: that a copy into it has not come to its end, and whose it is; and which databases do not serve.

use counterpart_core::id::{EventId, PartyId};
use counterpart_store::{Files, KeyEventRow, Store, StoreError, StorePlace, Txn, copy, verify};

use crate::{Home, copying::Failed, insert, own, server::server};

const OURS: PartyId = PartyId([3; 32]);
const THEIRS: PartyId = PartyId([4; 32]);

fn unfinished<T: std::fmt::Debug>(opened: Result<T, StoreError>, emptied_by: &str) {
    let why = opened.expect_err("a copy that did not come to its end");
    assert!(matches!(why, StoreError::Unfinished { .. }), "{why}");
    assert!(why.to_string().contains(emptied_by), "{why}");
}

#[test]
fn a_copy_is_opened_by_nobody_before_it_came_to_its_end() {
    let Some(home) = Home::any() else { return };
    let folder = |name: &str| {
        let folder = home.folder.path().join(name);
        std::fs::create_dir(&folder).expect("made");
        (folder.join("counterpart.db"), Files::new(folder.join("attachments")))
    };
    let (path, files) = folder("first");
    let mut first = Store::open(&path).expect("opens");
    insert(&mut first, &own(1, 1, b"one")).expect("inserted");

    let (mut shared, shared_files) = (home.store(), home.files());
    copy::<Failed>((&mut first, &files), (&mut shared, &shared_files)).expect("copied");
    let emptied = "DROP SCHEMA";
    unfinished(Store::open_at(&home.place()), emptied);
    unfinished(Store::open_at_read_only(&home.place()), emptied);
    verify::<Failed>((&mut first, &files), (&mut shared, &shared_files)).expect("the same");
    unfinished(Store::open_at(&home.place()), emptied);
    shared.end_copy().expect("ended");
    assert!(Store::open_at_read_only(&home.place()).is_ok());

    let (path, back_files) = folder("back");
    let mut back = Store::open(&path).expect("opens");
    copy::<Failed>((&mut shared, &shared_files), (&mut back, &back_files)).expect("copied");
    unfinished(Store::open(&path), "-wal");
    unfinished(Store::open_read_only(&path), "-wal");
    back.end_copy().expect("ended");
    assert_eq!(Store::open(&path).expect("opens").entry_count(own(1, 1, b"").case), Ok(1));
}

#[test]
fn a_copy_that_fails_leaves_what_nobody_opens() {
    let Some(home) = Home::any() else { return };
    let path = home.folder.path().join("counterpart.db");
    let (mut first, files) = (Store::open(&path).expect("opens"), Files::new(home.folder.path().join("attachments")));
    insert(&mut first, &own(1, 1, b"one")).expect("inserted");
    let (mut shared, shared_files) = (home.store(), home.files());
    home.sql("ALTER TABLE entries ADD CHECK (seq = 0)");
    copy::<Failed>((&mut first, &files), (&mut shared, &shared_files)).expect_err("the server takes no such row");
    unfinished(Store::open_at(&home.place()), "copy again");
}

#[test]
fn a_database_in_another_encoding_is_refused_before_anything_is_made() {
    let Some(home) = Home::any() else { return };
    let server = server().expect("it runs");
    let name = home.address.rsplit('/').next().expect("a name");
    // The second one does not have the letters that the order of texts is asked by.
    for encoding in ["LATIN1", "EUC_JP"] {
        let other = format!("{name}_{}", encoding.to_lowercase());
        server.sql("postgres", &format!("CREATE DATABASE {other} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'"));
        let opened = Store::open_at(&StorePlace::named(&home.address.replace(name, &other)));
        let why = opened.expect_err("texts would be lost").to_string();
        assert!(why.contains("createdb --template template0 --encoding UTF8 --locale C"), "{why}");
        let made = server.sql(&other, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'");
        assert_eq!(made, "0", "{encoding}");
    }
}

#[test]
fn it_knows_whose_it_is() {
    let Some(home) = Home::any() else { return };
    assert_eq!(home.store().belongs_to(OURS), Ok(true), "the first one who comes");
    assert_eq!(home.store().belongs_to(OURS), Ok(true), "another machine of theirs");
    assert_eq!(home.store().belongs_to(THEIRS), Ok(false));
}

/// Of a store that an earlier version made, what was signed in it tells; so it is with a file.
#[test]
fn one_that_says_nothing_is_known_by_what_was_signed_in_it() {
    let Some(home) = Home::any() else { return };
    let file = Store::open(&home.folder.path().join("counterpart.db")).expect("opens");
    for mut store in [home.store(), file] {
        insert(&mut store, &own(1, 1, b"ours")).expect("inserted");
        for (party, device) in [(THEIRS, 2), (OURS, 1)] {
            store.write_again(|txn| grant(txn, party, device)).expect("written");
        }
        assert_eq!(store.belongs_to(THEIRS), Ok(false), "our device signed in it");
        assert_eq!(store.belongs_to(OURS), Ok(true));
    }
    assert_eq!(home.sql("SELECT count(*) FROM counterpart WHERE name = 'party'"), "1", "it says so from now on");
}

/// An event that names a device.
fn grant(txn: &Txn<'_>, party: PartyId, device: u8) -> Result<(), StoreError> {
    let envelope = [&[0xa1, 0x58, 0x20][..], &[device; 32], &[0xff]].concat();
    txn.insert_key_event(&KeyEventRow { id: EventId(party.0), party, position: 1, envelope: &envelope }).map(drop)
}
