//! Where cases are kept: in the home, in a database, and moved from one to the other.

use std::fs;

use crate::{home::Home, server::server};

fn in_home(home: &Home) -> bool {
    home.path().join("counterpart.db").exists()
}

#[test]
fn cases_move_to_a_database_and_back() {
    let Some(server) = server() else { return };
    let address = server.database();
    let home = Home::empty();
    // Whatever the other tests run on, this one begins in the home.
    let begin = |args: &[&str]| {
        let output = home.command(args).env_remove("COUNTERPART_TEST_STORE").output().expect("it starts");
        crate::home::succeeded(args, output).0
    };
    begin(&["init"]);
    let parties = ["--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "--zone", "Europe/London", "--yes"];
    let case = home.ok(&[&["new", "Broadband price"], parties.as_slice()].concat());
    let photo = home.path().join("photo.jpg");
    fs::write(&photo, vec![7_u8; 300_000]).expect("written");
    home.ok(&["attach", &case, &photo.display().to_string(), "--yes"]);
    let at_home = home.json(&["show", &case]);
    assert!(home.ok(&["store"]).contains("your home folder"));

    // What cannot be is said before anything is done.
    assert!(home.fails(2, &["store", "copy", "somewhere"]).contains("postgres://"));
    assert!(home.fails(2, &["store", "copy", "postgres://ann:secret@db.example/x"]).contains("--password-file"));
    assert!(home.fails(1, &["store", "use", &address]).contains("copy this home's store there first"));

    let copied = home.json(&["store", "copy", &address]);
    assert_eq!((copied["schema"].as_str(), copied["same"].as_bool()), (Some("counterpart/store-copy/1"), Some(true)));
    assert_eq!(copied["bytes"].as_u64(), Some(300_000));
    assert!(home.fails(1, &["store", "copy", &address]).contains("empty"), "it is not empty any more");
    home.ok(&["store", "use", &address]);
    let told = home.json(&["store"]);
    assert_eq!((told["schema"].as_str(), told["shared"].as_bool()), (Some("counterpart/store/1"), Some(true)));
    assert_eq!(home.json(&["show", &case]), at_home);

    // All of it is there: what was in the home is needed no more.
    for file in ["counterpart.db", "counterpart.db-wal", "counterpart.db-shm"] {
        drop(fs::remove_file(home.path().join(file)));
    }
    fs::remove_dir_all(home.path().join("attachments")).expect("removed");
    home.ok(&["note", &case, "rang again", "--yes"]);
    assert!(home.ok(&["list"]).contains("Broadband price"));
    assert!(home.ok(&["search", "again"]).contains("Broadband price"));
    assert!(home.ok(&["attachments", &case]).contains("photo.jpg"));
    home.ok(&["doctor"]);
    let up = home.up();
    assert!(home.fails(1, &["store", "use", "home"]).contains("running"));
    drop(up);
    assert!(!in_home(&home));
    let in_database = home.json(&["show", &case]);

    home.ok(&["store", "copy", "home"]);
    home.ok(&["store", "use", "home"]);
    assert!(in_home(&home));
    assert_eq!(home.json(&["show", &case]), in_database);
    home.ok(&["note", &case, "and once more", "--yes"]);
    home.ok(&["doctor"]);
}
