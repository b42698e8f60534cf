use std::{fs, path::Path};

use counterpart_core::{
    act::{Act, Role, SeatOffer},
    value::Sealable,
};

use super::*;
use crate::clock::now;

fn open(home: &Path) -> Desk {
    Desk::init(home).expect("a new home");
    Desk::open(home).expect("a home")
}

fn one_case(desk: &Desk, n: usize) -> CaseId {
    let seat = |role, label: &str| SeatOffer { role, label: Sealable::Open(label.to_owned()) };
    let (own, other) = (seat(Role::Customer, "Keith"), seat(Role::Supplier, "Northlink"));
    let open = desk.open_act(&format!("Broadband {n}"), own, vec![other], "Europe/London", None);
    desk.new_case(&open, now()).expect("a case")
}

fn note(desk: &Desk, case: &CaseId, text: &str) {
    let note = Act::Note { text: Sealable::Open(text.to_owned()), about: None };
    desk.sign(case, &note, now()).expect("a note");
}

#[test]
fn what_was_found_is_kept_until_something_comes() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = open(folder.path());
    let case = one_case(&desk, 0);
    let label = |desk: &Desk| desk.status(None, now()).expect("a status").cases[0].free[0].label.clone();
    assert_eq!(label(&desk), "Northlink");
    let kept = folder.path().join("status.ready");
    let text = fs::read_to_string(&kept).expect("it was kept");
    fs::write(&kept, text.replace("Northlink", "Kept")).expect("written");
    assert_eq!(label(&desk), "Kept", "what did not change is not opened again");
    note(&desk, &case, "they rang");
    assert_eq!(label(&desk), "Northlink", "what did change is");
    fs::write(&kept, text.replace("Northlink", "Kept")).expect("written");
    assert_eq!(label(&desk), "Northlink", "an old one is of no use");
    for bytes in [&b""[..], b"{}", b"\xff\xfe", b"[[[["] {
        fs::write(&kept, bytes).expect("written");
        assert_eq!(label(&desk), "Northlink");
    }
    let elsewhere = tempfile::tempdir().expect("a folder");
    let other = open(elsewhere.path());
    one_case(&other, 1);
    fs::write(elsewhere.path().join("status.ready"), text).expect("written");
    assert_eq!(label(&other), "Northlink", "another home's is not believed");
}

#[test]
fn of_many_cases_some_are_looked_into_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let desk = open(folder.path());
    let cases: Vec<CaseId> = (0..4).map(|n| one_case(&desk, n)).collect();
    let told = |most: u64| {
        let status = desk.status_reading(None, most, now()).expect("a status");
        (status.cases.len(), status.more)
    };
    assert_eq!(told(1), (1, 3));
    assert_eq!(told(1), (2, 2), "those looked into are known");
    assert_eq!(told(2), (4, 0));
    assert_eq!(told(1), (4, 0));
    // One that is asked for is always looked into.
    note(&desk, &cases[0], "they rang");
    let one = desk.status_reading(Some(&cases[0]), 0, now()).expect("a status");
    assert_eq!((one.cases.len(), one.cases[0].case, one.more), (1, cases[0], 0));
    assert_eq!(told(0), (4, 0), "what is known of the others stays known");
    assert!(!one.running && one.as_of.is_none(), "no node ran here");
}
