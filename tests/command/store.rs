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

/// A home in a file, with a case, and a database that it can be copied to.
fn with_case_at_home() -> Option<(Home, String, String)> {
    let address = server()?.database();
    let home = Home::empty();
    let output = home.command(&["init"]).env_remove("COUNTERPART_TEST_STORE").output().expect("it starts");
    crate::home::succeeded(&["init"], output);
    let parties = ["--with", "Northlink Ltd:supplier", "--as", "Keith:customer", "--zone", "Europe/London", "--yes"];
    let case = home.ok(&[&["new", "Broadband price"], parties.as_slice()].concat());
    Some((home, case, address))
}

#[test]
fn a_store_that_lacks_what_was_signed_here_is_not_used() {
    let Some((home, case, address)) = with_case_at_home() else { return };
    home.ok(&["store", "copy", &address]);
    for text in ["rang again", "and again"] {
        home.ok(&["note", &case, text, "--yes"]);
    }
    let refused = home.fails(1, &["store", "use", &address]);
    assert!(refused.contains("lacks 2 entries of 1 case that this machine signed"), "{refused}");
    assert!(refused.contains("store copy"), "{refused}");
    assert!(home.ok(&["store"]).contains("your home folder"), "nothing was changed");

    // The other way round: what came since the move is in the database alone.
    let newer = server().expect("it runs").database();
    home.ok(&["store", "copy", &newer]);
    home.ok(&["store", "use", &newer]);
    home.ok(&["note", &case, "from the database", "--yes"]);
    let refused = home.fails(1, &["store", "use", "home", "--unchecked"]);
    assert!(refused.contains("lacks 1 entry of 1 case"), "what can be compared is: {refused}");
    home.ok(&["new", "Boiler", "--with", "Ann:supplier", "--as", "Keith:customer", "--zone", "UTC", "--yes"]);
    let refused = home.fails(1, &["store", "use", "home"]);
    assert!(refused.contains("lacks 2 entries of 2 cases that this machine signed, all of 1 case"), "{refused}");
    home.ok(&["note", &case, "still at the next position", "--yes"]);
    home.ok(&["doctor"]);
}

#[test]
fn a_store_that_is_lost_is_left_only_on_demand() {
    let Some((home, case, address)) = with_case_at_home() else { return };
    home.ok(&["store", "copy", &address]);
    home.ok(&["store", "use", &address]);
    let name = address.rsplit('/').next().expect("a name");
    server().expect("it runs").sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)"));
    let refused = home.fails(1, &["store", "use", "home"]);
    assert!(refused.contains("could not be compared") && refused.contains("--unchecked"), "{refused}");
    assert!(home.path().join("database").exists(), "nothing was changed");
    let (_, said) = home.said(&["store", "use", "home", "--unchecked"]);
    assert!(said.contains("renew-device"), "{said}");
    home.ok(&["note", &case, "at home again", "--yes"]);
    home.ok(&["doctor"]);
}

#[test]
fn another_party_s_store_is_opened_by_no_command() {
    let Some((supplier, _, address)) = with_case_at_home() else { return };
    supplier.ok(&["store", "copy", &address]);
    supplier.ok(&["store", "use", &address]);
    let (customer, _, _) = with_case_at_home().expect("it runs");
    let refused = customer.fails(1, &["store", "use", &address]);
    assert!(refused.contains("another party's"), "{refused}");
    // Written by hand.
    fs::copy(supplier.path().join("database"), customer.path().join("database")).expect("copied");
    for command in [&["list"][..], &["doctor"], &["up", "--listen", crate::home::LOOPBACK]] {
        let refused = customer.fails(1, command);
        assert!(refused.contains("another party's"), "{command:?}: {refused}");
    }
    // Nor is a new identity made in it.
    let new = Home::empty();
    fs::copy(supplier.path().join("database"), new.path().join("database")).expect("copied");
    assert!(new.fails(1, &["init"]).contains("another party's"));
    customer.ok(&["store", "use", "home", "--unchecked"]);
    assert!(customer.ok(&["list"]).contains("Broadband price"));
    supplier.ok(&["doctor"]);
}

#[test]
fn a_copy_that_was_broken_off_is_used_by_no_command() {
    let Some((home, _, address)) = with_case_at_home() else { return };
    let name = address.rsplit('/').next().expect("a name");
    home.ok(&["store", "copy", &address]);
    server().expect("it runs").sql(name, "INSERT INTO counterpart (name, value) VALUES ('copying', 1)");
    for command in ["use", "copy"] {
        let refused = home.fails(1, &["store", command, &address]);
        assert!(refused.contains("did not come to its end") && refused.contains("DROP SCHEMA"), "{refused}");
    }
    assert!(home.ok(&["store"]).contains("your home folder"));
}
