//! What is said where a setting is wrong, here or at the server.

use counterpart_store::{Store, StoreError, StorePlace};

use crate::server::{Server, server};

/// What opening says, for a person: never a password, and nothing of a fault in this program.
fn refused(address: &str) -> String {
    let why = Store::open_at(&StorePlace::named(address)).expect_err("it cannot be opened");
    assert!(matches!(why, StoreError::Unusable { .. }), "{why:?}");
    let said = why.to_string();
    assert!(!said.contains("s3cret") && !said.contains("report"), "{said}");
    said
}

/// The same address for another user, made without any right that not everybody has. The one called `locked` must say its
/// password, see there; the others come in without.
fn as_user(server: &Server, address: &str, user: &str) -> String {
    server.sql("postgres", &format!("CREATE ROLE {user} LOGIN PASSWORD 'right'"));
    address.replacen("postgres://counterpart@", &format!("postgres://{user}@"), 1)
}

fn has(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn who_is_not_let_in_is_told_why_and_what_helps() {
    let Some(server) = server() else { return };
    let address = server.database();
    let locked = as_user(server, &address, "locked");
    let said = refused(&format!("{locked}?password=s3cret"));
    has(&said, &["postgres://locked@", "password for the user locked is not the right one", "--password-file"]);
    let said = refused(&locked);
    has(&said, &["wants a password for the user locked", "--password-file"]);
    let said = refused(&address.replacen("counterpart@", "nobody_here@", 1));
    has(&said, &["postgres://nobody_here@", "createuser --pwprompt nobody_here", "pg_hba.conf"]);
    let said = refused(&format!("{address}_gone"));
    has(&said, &["there is no database", "_gone", "createdb --owner counterpart"]);
    let said = refused(&format!("{address}?sslmode=require"));
    has(&said, &["speaks no TLS", "ssl = on"]);
    let said = refused(&format!("{address}?options=-c%20no_such_setting%3D1"));
    has(&said, &["no_such_setting", "correct the address"]);
}

#[test]
fn a_right_that_is_lacking_is_named_with_what_gives_it() {
    let Some(server) = server() else { return };
    let address = server.database();
    let plain = as_user(server, &address, "plain");
    has(&refused(&plain), &["the user plain lacks a right", "GRANT USAGE, CREATE ON SCHEMA public TO plain"]);
    let own_schema = format!("{plain}?options=-c%20search_path%3Ddesk");
    has(&refused(&own_schema), &["search_path%3Ddesk", "GRANT CONNECT, CREATE ON DATABASE"]);

    // With the tables of somebody else there, it is about these.
    drop(Store::open_at(&StorePlace::named(&address)).expect("opens"));
    has(&refused(&plain), &["permission denied for table", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES"]);
}

#[test]
fn tables_of_something_else_are_named() {
    let Some(server) = server() else { return };
    let address = server.database();
    let database = address.rsplit('/').next().expect("a name");
    server.sql(database, "CREATE TABLE entries (what TEXT)");
    has(&refused(&address), &["tables of something else", "\"entries\" already exists", "search_path"]);
    let another = server.database();
    let database = another.rsplit('/').next().expect("a name");
    server.sql(database, "CREATE TABLE counterpart (what TEXT)");
    has(&refused(&another), &["not as this program makes it", "name the right database"]);
}

#[test]
fn too_many_connections_are_told_as_that() {
    let Some(server) = server() else { return };
    let few = as_user(server, &server.database(), "few");
    server.sql("postgres", "ALTER ROLE few CONNECTION LIMIT 0");
    let why = Store::open_at(&StorePlace::named(&few)).expect_err("no room");
    let said = why.to_string();
    assert!(matches!(why, StoreError::Unreachable { .. }), "{why:?}");
    has(&said, &["postgres://few@", "takes no more connections", "max_connections"]);
    assert!(!said.contains("check that it runs"), "{said}");
}
