//! Files that somebody made to do harm: refused for a reason that has a name, before anything large is made of them.

use counterpart_core::{envelope::Envelope, id::Domain};
use counterpart_evidence::{Failure, FailureKind, verify};
use ed25519_dalek::SigningKey;

use crate::{
    case::{BEGIN, Case, contact},
    members::{Members, find, members, pack, pack_with, plain, relist, replace, retag},
};

fn refused(bundle: &[u8]) -> Failure {
    verify(bundle, &|_, _| {}).expect_err("a hostile file")
}

fn good() -> Members {
    let mut case = Case::new();
    case.customer_does(&contact(1));
    case.receive();
    members(&case.bundle(BEGIN))
}

#[test]
fn names_that_climb_or_hide_are_refused() {
    for name in [
        "../../etc/passwd",
        "/etc/passwd",
        "data/../../x",
        "data/entries/../../../x",
        "data\\entries\\x",
        "C:\\x",
        "data/entries/.",
        "data//genesis.cose",
        "data/genesis.cose/",
        "DATA/GENESIS.COSE",
    ] {
        let mut parts = good();
        parts.push((name.to_owned(), b"x".to_vec()));
        parts.sort_unstable();
        let found = refused(&pack(&parts));
        assert_eq!((found.what, found.member.as_deref()), (FailureKind::UnexpectedMember, Some(name)));
    }
    for name in ["data/a b", "data/\u{7f}", "data/\u{e9}", "data/a\u{1b}[31m"] {
        let mut parts = good();
        parts.push((name.to_owned(), b"x".to_vec()));
        parts.sort_unstable();
        assert_eq!(refused(&pack(&parts)).what, FailureKind::NotCanonical, "{name:?}");
    }
}

#[test]
fn links_are_refused_and_named() {
    let parts = good();
    let found = refused(&pack_with(&parts, plain().unix_permissions(0o120_777)));
    assert_eq!((found.what, found.member.as_deref()), (FailureKind::NotCanonical, Some("bag-info.txt")));
}

#[test]
fn too_large_parts_are_refused_before_they_are_looked_at() {
    for (name, size) in [("data/genesis.cose", 65_537), ("exporter.cose", 65_537), ("data/specification.md", 1_048_577)]
    {
        let mut parts = good();
        replace(&mut parts, name, vec![b'x'; size]);
        relist(&mut parts);
        let found = refused(&pack(&parts));
        assert_eq!((found.what, found.member.as_deref()), (FailureKind::TooLarge, Some(name)));
    }
    let mut parts = good();
    replace(&mut parts, "data/specification.md", vec![b'x'; 1_048_576]);
    relist(&mut parts);
    // As large as may be; but somebody signed for another.
    assert_eq!(refused(&pack(&parts)).what, FailureKind::BadExporter);
}

/// A kilobyte that a lenient reader would unpack to a gigabyte is not unpacked at all.
#[test]
fn a_compressed_bomb_is_refused_by_its_header() {
    let mut bundle = pack(&good());
    let directory = bundle.windows(4).position(|w| w == b"PK\x01\x02").expect("a directory");
    for (at, bytes) in [(8, [8, 0]), (directory + 10, [8, 0])] {
        bundle[at..at + 2].copy_from_slice(&bytes);
    }
    for at in [22, directory + 24] {
        bundle[at..at + 4].copy_from_slice(&(1_u32 << 30).to_le_bytes());
    }
    let found = refused(&bundle);
    assert_eq!((found.what, found.member.as_deref()), (FailureKind::NotCanonical, Some("bag-info.txt")));
}

/// Containers in containers would exhaust the stack of a reader that follows them all.
#[test]
fn deep_encodings_are_refused_where_they_stand() {
    let deep: Vec<u8> = std::iter::repeat_n(0x81, 60_000).chain([0x01]).collect();
    let key = SigningKey::from_bytes(&[1; 32]);
    let sealed = |domain| Envelope::sign(domain, deep.clone(), &key).bytes().to_vec();
    let parts = good();
    let name_of = |prefix: &str| parts.iter().find(|(n, _)| n.starts_with(prefix)).expect("one").0.clone();
    for (prefix, bytes, what) in [
        ("data/values/", deep.clone(), "unreadable_value"),
        ("data/receipts/", sealed(Domain::Receipt), "bad_receipt"),
        ("data/keys/", sealed(Domain::KeyEvent), "bad_key_event"),
        ("data/entries/", sealed(Domain::Entry), "bad_entry"),
        ("data/genesis.cose", sealed(Domain::Entry), "bad_entry"),
        ("exporter.cose", sealed(Domain::Manifest), "bad_exporter"),
    ] {
        let name = name_of(prefix);
        let mut parts = parts.clone();
        replace(&mut parts, &name, bytes);
        relist(&mut parts);
        let found = refused(&pack(&parts));
        assert_eq!((found.what.as_str(), found.member.as_deref()), (what, Some(name.as_str())), "{found}");
    }
}

/// Lists of checksums that would have a member named which is not meant.
#[test]
fn a_list_that_lies_names_nothing_wrong() {
    for lie in ["", "x", "\n", "00  data/genesis.cose\n", &"0".repeat(1 << 20)] {
        let mut parts = good();
        replace(&mut parts, "manifest-sha256.txt", lie.as_bytes().to_vec());
        retag(&mut parts);
        let found = refused(&pack(&parts));
        let (named, empty) = (found.member.as_deref(), lie.is_empty());
        // An empty list is a list: nothing is in it.
        let expected = if empty { "data/README.txt" } else { "manifest-sha256.txt" };
        assert_eq!(named, Some(expected), "{found}");
    }
    let mut parts = good();
    let list = String::from_utf8(find(&parts, "manifest-sha256.txt").to_vec()).expect("text");
    let line = format!("{}  data/zzz\n", "0".repeat(64));
    replace(&mut parts, "manifest-sha256.txt", format!("{list}{line}").into_bytes());
    retag(&mut parts);
    let found = refused(&pack(&parts));
    assert_eq!((found.what, found.member.as_deref()), (FailureKind::MissingMember, Some("data/zzz")));
}

#[test]
fn older_and_newer_versions_are_named_before_anything_else() {
    for (version, what) in [
        ("1", "other_version"),
        ("0", "other_version"),
        ("3", "other_version"),
        ("02", "altered_member"),
        ("", "altered_member"),
        ("1000000000", "altered_member"),
    ] {
        let mut parts = good();
        let info = String::from_utf8(find(&parts, "bag-info.txt").to_vec()).expect("text");
        replace(&mut parts, "bag-info.txt", info.replace("Bundle: 2", &format!("Bundle: {version}")).into_bytes());
        // As version 1 had it.
        parts.retain(|(name, _)| name != "exporter.cose");
        let found = refused(&pack(&parts));
        assert_eq!((found.what.as_str(), found.member.as_deref()), (what, Some("bag-info.txt")), "{version}");
    }
}
