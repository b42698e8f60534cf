//! Keys at rest: under a passphrase, and swapped in one go.

use std::fs;

use counterpart_node::{Desk, DeskError, Passphrase};

use crate::homes::{Homes, NOW, case, copy, note, notes, passphrase};

#[test]
fn keys_rest_under_a_passphrase_that_is_set_changed_and_taken_away() {
    let homes = Homes::new();
    let home = homes.at("keith");
    let case = case(&homes.init("keith"));
    let key = || fs::read_to_string(home.join("keys/device.pem")).expect("a key file");
    assert!(key().starts_with("-----BEGIN PRIVATE KEY-----") && !homes.open("keith").is_locked());

    let (first, second) = (passphrase("correct horse"), passphrase("battery staple"));
    homes.open("keith").rest_under(Some(&first)).expect("encrypted");
    for name in ["device", "transport", "root"] {
        let pem = fs::read_to_string(home.join(format!("keys/{name}.pem"))).expect("a key file");
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{name}");
    }
    assert_eq!(Desk::open(&home).expect_err("locked"), DeskError::Locked);
    assert_eq!(Desk::open_with(&home, Some(&second)).expect_err("wrong"), DeskError::WrongPassphrase);
    let desk = Desk::open_with(&home, Some(&first)).expect("opened");
    assert!(desk.is_locked() && desk.is_admin(), "the main key is read with it, too");
    desk.sign(&case, &note("signed with an unlocked key"), NOW).expect("a note");

    desk.rest_under(Some(&second)).expect("changed");
    assert_eq!(Desk::open_with(&home, Some(&first)).expect_err("the old one"), DeskError::WrongPassphrase);
    Desk::open_with(&home, Some(&second)).expect("opened").rest_under(None).expect("taken away");
    let desk = homes.open("keith");
    assert!(!desk.is_locked() && key().starts_with("-----BEGIN PRIVATE KEY-----"));
    assert_eq!(notes(&desk, case), 1);
    let left: Vec<_> = fs::read_dir(&home).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("keys.")), "{left:?}");
    assert_eq!(Passphrase::new("  \n"), Err(DeskError::NoPassphrase));
    assert_eq!(format!("{:?}", passphrase("secret")), "Passphrase");
}

#[test]
fn an_identity_begins_under_a_passphrase() {
    let homes = Homes::new();
    let home = homes.at("keith");
    Desk::init_under(&home, &passphrase("correct horse")).expect("a new identity");
    assert_eq!(Desk::open(&home).expect_err("locked"), DeskError::Locked);
    // A letter with its accent, typed as one sign or as two.
    let (one, two) = (passphrase("caf\u{e9}"), passphrase("cafe\u{301}\n"));
    assert_eq!(one, two);
    Desk::open_with(&home, Some(&passphrase("correct horse")))
        .expect("opened")
        .rest_under(Some(&one))
        .expect("changed");
    Desk::open_with(&home, Some(&two)).expect("opened");
}

#[test]
fn a_swap_of_keys_that_was_cut_short_is_finished() {
    let homes = Homes::new();
    let party = homes.init("keith").party();
    let home = homes.at("keith");
    // All three moments between the steps of a swap.
    for step in 0..3 {
        copy(&home.join("keys"), &home.join("keys.next"));
        fs::write(home.join("keys.next/ready"), b"").expect("a mark");
        if step > 0 {
            fs::rename(home.join("keys"), home.join("keys.old")).expect("the first step");
        }
        if step > 1 {
            fs::rename(home.join("keys.next"), home.join("keys")).expect("the second step");
        }
        assert_eq!(homes.open("keith").party(), party, "step {step}");
        for left in ["keys.next", "keys.old", "keys/ready"] {
            assert!(!home.join(left).exists(), "step {step}: {left}");
        }
    }
    // Keys that were not whole are not used.
    fs::create_dir(home.join("keys.next")).expect("a folder");
    assert_eq!(homes.open("keith").party(), party);
}
