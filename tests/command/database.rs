//! What a person is told of a database that cannot be used.

use std::fs;

use crate::{
    home::{Home, talk},
    server::server,
};

/// A home that keeps its cases there, as its setting says.
fn home_at(address: &str) -> Home {
    let home = Home::empty();
    fs::write(home.path().join("database"), format!("{address}\n")).expect("written");
    home.ok(&["init"]);
    home
}

fn moved_to(home: &Home, address: &str) {
    fs::write(home.path().join("database"), format!("{address}\n")).expect("written");
}

#[test]
fn a_home_says_where_its_cases_are_and_why_they_cannot_be_opened() {
    let Some(server) = server() else { return };
    let address = server.database();
    let home = home_at(&address);
    server.sql("postgres", "CREATE ROLE locked LOGIN PASSWORD 'right'");
    let locked = address.replacen("postgres://counterpart@", "postgres://locked@", 1);
    moved_to(&home, &format!("{locked}?password=s3cret"));
    for command in [&["list"][..], &["status"], &["store"], &["up"]] {
        let output = home.run(command);
        let said = talk(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
        for words in ["postgres://locked@", "password for the user locked", "--password-file"] {
            assert!(said.contains(words), "{command:?}, {words}: {said}");
        }
        assert!(!said.contains("s3cret") && !said.contains("report"), "{said}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(shown.contains("postgres://locked@"), command == ["store"], "{command:?}: {shown}");
    }

    // The same address with the right one.
    let file = home.path().join("password");
    fs::write(&file, "right\n").expect("written");
    server.sql("postgres", "ALTER ROLE locked SUPERUSER");
    home.ok(&["store", "use", &locked, "--password-file", &file.display().to_string()]);
    home.ok(&["list"]);

    // One that is not there at all.
    moved_to(&home, "postgres://ann:s3cret@127.0.0.1:1/cases");
    let output = home.run(&["store"]);
    let said = talk(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("postgres://ann@127.0.0.1:1/cases cannot be reached"), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("postgres://ann@127.0.0.1:1/cases"));
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn what_is_typed_wrong_in_an_address_is_named() {
    let home = Home::new();
    let copy = |address: &str| home.fails(2, &["store", "copy", address]);
    let said = copy("postgres://ann@db.example/x?bogus=1");
    assert!(
        said.contains("no parameter 'bogus'") && said.contains("sslmode") && !said.contains("password in"),
        "{said}"
    );
    assert!(copy("postgres://ann@db.example/x?sslmode=verify-full").contains("disable, prefer or require"));
    let with_file =
        |file: &str| home.fails(2, &["store", "copy", "postgres://ann@db.example/x", "--password-file", file]);
    assert!(with_file("/nowhere/at/all").contains("there is no file /nowhere/at/all"));
    let empty = home.path().join("empty");
    fs::write(&empty, "").expect("written");
    assert!(with_file(&empty.display().to_string()).contains("is empty"));
}

#[test]
fn roots_that_cannot_be_read_are_named() {
    let Some(server) = server() else { return };
    let home = home_at(&server.database());
    let address = format!("{}?sslmode=require", server.database());
    let empty = home.path().join("roots.pem");
    fs::write(&empty, "no certificate\n").expect("written");
    for (file, why) in [("/nonexistent.pem", "cannot be read"), (&empty.display().to_string(), "no certificate in it")]
    {
        let output = home.command(&["store", "copy", &address]).env("SSL_CERT_FILE", file).output().expect("it starts");
        let said = talk(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("SSL_CERT_FILE names {file}")) && said.contains(why), "{said}");
    }
}
