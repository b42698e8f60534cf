//! The desk on real files: identity, cases, acts, summaries.

use counterpart_core::{
    act::{Act, ActionTerms, Role, SeatOffer},
    fold::ActionState,
    value::{Due, ItemValue, Money, Sealable},
};
use counterpart_node::{Desk, DeskError};
use counterpart_testkit::case::{new_action, terms};

fn offer(role: Role, label: &str) -> SeatOffer {
    SeatOffer { role, label: Sealable::Open(label.to_owned()) }
}

fn action(what: &str, by: u32, to: u32) -> Act {
    let due =
        Due::At { instant: 1_783_094_400_000, local: "2026-07-03T17:00".to_owned(), zone: "Europe/London".to_owned() };
    Act::Propose(new_action(ActionTerms {
        due: Some(due),
        value: Money::parse("25.00", "GBP").ok(),
        conditions: vec![Sealable::Open("on the next bill".to_owned())],
        ..terms(what, &[by], &[to])
    }))
}

fn opened() -> (tempfile::TempDir, Desk, counterpart_core::id::CaseId) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    Desk::init(&home).expect("a new identity");
    let desk = Desk::open(&home).expect("an opened home");
    let open = desk.open_act(
        "Broadband price",
        offer(Role::Customer, "Keith"),
        vec![offer(Role::Supplier, "Northlink Ltd")],
        "Europe/London",
        None,
    );
    let case = desk.new_case(&open, 1_782_000_000_000).expect("a new case");
    (folder, desk, case)
}

#[test]
fn a_customer_alone_records_and_lists() {
    let (_folder, desk, case) = opened();
    let now = 1_782_000_100_000;
    let (record, signed) = desk.sign(&case, &action("charge 24.99 a month", 1, 0), now).expect("a proposal");
    let view = record.view().expect("a case");
    assert_eq!(view.actions.len(), 1);
    assert_eq!(view.actions[0].status.state, ActionState::Proposed);
    assert_eq!(record.names().of(&signed.id), "#2");
    let phone = Act::Item {
        key: "phone".to_owned(),
        value: ItemValue::Phone(Sealable::Open("+44 20 7946 0000".to_owned())),
        label: None,
        note: None,
    };
    let (record, signed) = desk.sign(&case, &phone, now).expect("an item");
    assert_eq!(record.values_of(&signed.id).len(), 1, "a phone number is sealed, its value kept beside");
    assert!(!String::from_utf8_lossy(&signed.bytes).contains("7946"));

    let row = desk.summaries().expect("summaries").remove(0);
    assert_eq!((row.title.as_str(), row.entries, row.state.as_str()), ("Broadband price", 3, "open"));
    assert_eq!(row.whose_move, "theirs: answer #2");
    let reopened = desk.record(&case).expect("the case again");
    assert_eq!(reopened.graph().heads(), record.graph().heads());
    assert_eq!(reopened.values_of(&signed.id).len(), 1);
    assert_eq!(reopened.document().expect("a document").heads().len(), 1);
    assert_eq!(desk.doctor(&mut |_, _| {}).expect("a check-up").faults, Vec::<String>::new());
}

#[test]
fn what_would_have_no_effect_is_refused_before_signing() {
    let (_folder, desk, case) = opened();
    let now = 1_782_000_100_000;
    let (_, proposed) = desk.sign(&case, &action("charge 24.99 a month", 1, 0), now).expect("a proposal");
    let again = desk.sign(&case, &Act::Accept { revision: proposed.id, note: None }, now);
    assert!(matches!(again, Err(DeskError::Draft(_))), "the author has signed already: {again:?}");
    let done = Act::Declare { revision: proposed.id, subject: 0, note: None, evidence: Vec::new() };
    let refused = desk.sign(&case, &done, now).expect_err("not a performer");
    assert_eq!(refused.to_string(), "its author is not one of those who were to do it");
    assert_eq!(desk.record(&case).expect("the case").graph().len(), 2, "nothing was kept");
}

#[test]
fn a_home_has_one_identity_and_names_find_cases() {
    let (folder, desk, case) = opened();
    let home = folder.path().join("home");
    assert!(matches!(Desk::init(&home), Err(DeskError::AlreadyInitialised { .. })));
    let short = counterpart_core::id::short_form(&case.0);
    assert_eq!(desk.resolve(&short), Ok(case));
    let four: String = short.to_lowercase().chars().take(4).collect();
    assert_eq!(desk.resolve(&four), Ok(case));
    assert_eq!(desk.resolve("."), Ok(case));
    assert!(matches!(desk.resolve("ZZZZ"), Err(DeskError::UnknownCase(_))));
    assert!(matches!(desk.resolve("K7F2-Q9XA-4"), Err(DeskError::CaseName(..) | DeskError::UnknownCase(_))));
    let empty = folder.path().join("nothing");
    assert!(matches!(Desk::open(&empty), Err(DeskError::NoIdentity { .. })));
}
