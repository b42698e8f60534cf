//! The notebook on real files: what contacts teach it, drafts, people of the other side.

use counterpart_core::{
    act::{Act, Card, Contact, Role, SeatOffer},
    id::CaseId,
    value::{Sealable, Seat},
};
use counterpart_node::{Check, CheckedBy, Desk, Lesson};
use counterpart_process::{
    call::Draft,
    menu,
    notebook::{Note, Person, Remark},
};

const NOW: i64 = 1_782_000_000_000;

fn opened() -> (tempfile::TempDir, Desk, CaseId) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let home = folder.path().join("home");
    Desk::init(&home).expect("a new identity");
    let desk = Desk::open(&home).expect("an opened home");
    let offer = |role, label: &str| SeatOffer { role, label: open(label) };
    let others = vec![offer(Role::Supplier, "Acme Ltd"), offer(Role::Observer, "A friend")];
    let act = desk.open_act("Washing machine", offer(Role::Customer, "Maya"), others, "Europe/London", None);
    let case = desk.new_case(&act, NOW).expect("a new case");
    (folder, desk, case)
}

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn contact(seat: u32, person: &str) -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: NOW,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(seat)),
        person: Some(open(person)),
        number: None,
        reference: None,
        summary: open("They will ring back"),
        menu: Vec::new(),
    })
}

fn learn(desk: &Desk, lesson: &Lesson, now: i64) {
    desk.with_store(|store| store.write(|txn| desk.learn(txn, lesson, now))).expect("learnt");
}

fn lesson(steps: &str, waited: u32, at: i64) -> Lesson {
    Lesson {
        of: "Acme Ltd".to_owned(),
        number: Some("0800 111 222".to_owned()),
        steps: menu::read(steps).expect("a way"),
        waited: Some(waited),
        called: true,
        person: Some(Person { name: "Dean".to_owned(), ..Person::default() }),
        at,
    }
}

#[test]
fn contacts_teach_it_each_thing_once() {
    let (_folder, desk, _) = opened();
    learn(&desk, &lesson("2, 1", 600, NOW), NOW);
    learn(&desk, &lesson("2 billing, 1", 300, NOW + 1), NOW + 1);
    learn(&desk, &Lesson { called: false, number: Some("0113 1".to_owned()), ..lesson("9", 1, NOW + 2) }, NOW + 2);
    let notes = desk.notes_about("acme  LTD").expect("notes");
    let of = |kind: &str| notes.iter().filter(|entry| entry.note.kind() == kind).count();
    assert_eq!((of(Note::NUMBER), of(Note::PATH), of(Note::PERSON)), (1, 1, 1), "{notes:?}");
    let path = notes.iter().find_map(|entry| if let Note::Path(path) = &entry.note { Some(path) } else { None });
    let path = path.expect("a way");
    assert_eq!((path.took, path.worked, path.times), (Some(300), Some(NOW + 1), 2));
    assert!(desk.notes_about("Acme").expect("notes").is_empty());
}

#[test]
fn one_draft_a_case_and_it_is_no_note() {
    let (_folder, desk, case) = opened();
    for name in ["Dean", "Priya"] {
        let draft = Draft { person: Some(name.to_owned()), ..Draft::default() };
        desk.keep_draft(&case, &draft, NOW).expect("kept");
        assert_eq!(desk.draft_of(&case).expect("a draft"), Some(draft));
    }
    assert_eq!(desk.notebook().expect("the notebook").len(), 1);
    assert!(desk.private_notes(&case).expect("notes").is_empty());
    desk.drop_draft(&case).expect("dropped");
    assert_eq!(desk.draft_of(&case).expect("none"), None);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let (_folder, desk, case) = opened();
    let mut record = desk.record(&case).expect("a record");
    let next = |signed: &[counterpart_core::record::Signed]| match signed.len() {
        0 => Some(contact(1, "Dean")),
        // There is no such seat: the second act is refused, and with it the first.
        1 => Some(Act::Note { text: open("x"), about: Some(case_as_entry(&case)) }),
        _ => None,
    };
    let also = |txn: &counterpart_store::Txn<'_>, _: &[_]| desk.learn(txn, &lesson("2", 1, NOW), NOW);
    desk.sign_together(&case, &mut record, next, also, NOW).expect_err("refused");
    assert_eq!(desk.record(&case).expect("a record").graph().len(), 1);
    assert!(desk.notebook().expect("the notebook").is_empty());
}

/// An id that no entry of the case has.
fn case_as_entry(case: &CaseId) -> counterpart_core::id::EntryId {
    counterpart_core::id::EntryId(case.0)
}

#[test]
fn people_of_the_other_side_come_from_contacts_and_the_notebook() {
    let (_folder, desk, case) = opened();
    desk.sign(&case, &contact(1, "Dean, customer care"), NOW).expect("a contact");
    desk.sign(&case, &contact(2, "Uncle Bob"), NOW).expect("a contact with the observer");
    let own = Card {
        name: open("Maya"),
        function: None,
        phone: None,
        email: Some(open("maya@home.example")),
        hours: None,
        device: None,
    };
    desk.sign(&case, &Act::Card(own), NOW).expect("our own card");
    let priya = Person { name: "Priya".to_owned(), email: Some("priya@acme.example".to_owned()), ..Person::default() };
    desk.write_note(Note::Person(priya), Some("ACME Ltd"), None, NOW).expect("a note");
    let dean = Person { name: "dean".to_owned(), email: Some("dean@acme.example".to_owned()), ..Person::default() };
    desk.write_note(Note::Person(dean), Some("Acme Ltd"), None, NOW).expect("a note");
    desk.write_note(Note::Remark(Remark::default()), Some("Acme Ltd"), None, NOW).expect("a note");
    let people = desk.people_of(&case).expect("people");
    let told: Vec<_> = people.iter().map(|p| (p.name.as_str(), p.function.as_deref(), p.email.as_deref())).collect();
    assert_eq!(
        told,
        [("Dean", Some("customer care"), Some("dean@acme.example")), ("Priya", None, Some("priya@acme.example"))]
    );
}

#[test]
fn an_identity_that_was_checked_is_remembered_until_it_is_forgotten() {
    let (_folder, desk, _case) = opened();
    let other = counterpart_core::id::PartyId([7; 32]);
    assert_eq!(desk.checks().expect("read"), []);
    desk.keep_check(&other, CheckedBy::Telephone, NOW).expect("kept");
    desk.keep_check(&other, CheckedBy::InPerson, NOW + 1).expect("kept anew");
    let check = Check { party: other, by: CheckedBy::InPerson, at: NOW + 1 };
    assert_eq!(desk.checks().expect("read"), [check]);
    assert!(desk.notebook().expect("read").is_empty(), "it is none of the notes about people");
    assert!(desk.drop_check(&other).expect("forgotten") && !desk.drop_check(&other).expect("gone already"));
    assert_eq!(desk.checks().expect("read"), []);
}
