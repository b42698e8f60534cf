//! What is sealed: laid open where it is here, told where it is not; what was erased, by whom and when.

use counterpart_core::{
    act::{Act, Card, Open, Role, SeatOffer},
    attachment::FileRef,
    id::EntryId,
    record::Record,
    seal::{Disclosure, PathStep, SealContext, commit, find_sealed},
    value::{ItemValue, Sealable},
};
use counterpart_report::{Report, Words};

use crate::stage::{AMIRA, HOME, Stage, call, note, open, report_of};

fn key(key: &str) -> PathStep {
    PathStep::Key(key.to_owned())
}

/// A party says to have erased something, and its copy has it no more.
fn erase(stage: &mut Stage, who: usize, entry: EntryId, path: &[PathStep]) -> EntryId {
    let said = stage.act(who, &Act::Erased { entry, path: path.to_vec(), reason: None });
    stage.record.forget_value(&entry, path);
    said
}

/// A copy that has the entries, and no sealed values.
fn bare(stage: &Stage) -> Record {
    let mut bare = Record::new();
    for event in stage.parties.iter().flat_map(|p| &p.events) {
        bare.apply_key_event(event).expect("good");
    }
    for ix in stage.record.graph().all() {
        bare.apply_bytes(stage.record.graph().node(ix).entry.bytes()).expect("good");
    }
    bare
}

fn says(report: &Report, number: u32) -> String {
    report.timeline.iter().find(|line| line.number == number).expect("a line").says.plain()
}

#[test]
fn what_was_erased_is_told_in_its_place_with_who_and_when() {
    let mut stage = Stage::new();
    let called = stage.act(AMIRA, &call("They will ring back"));
    assert!(says(&stage.report(), 5).contains("“Priya”"));
    erase(&mut stage, AMIRA, called, &[key("person")]);
    let report = stage.report();
    let line = says(&report, 5);
    assert!(line.starts_with("signed a note of a telephone call to (erased by Amira in #6, 3 Jun 2026)"), "{line}");
    assert!(line.contains("number “0113 496 0123”"), "the number is still there: {line}");
    assert!(report.contacts.each[0].with.plain().starts_with("(erased by Amira in #6, 3 Jun 2026) (HomeBright Ltd)"));
    assert_eq!(says(&report, 6), "signed to have erased the person of #5");
    assert_eq!(report.laid_open, 1, "the number");
    let beside = &report.beside[0];
    assert_eq!((beside.entry.shown.as_str(), beside.place.as_str(), beside.word()), ("#5", "the person", "erased"));
    assert_eq!(beside.erased[0].at.local, "Wed 3 Jun 2026 18:06 BST");
    let html = stage.html();
    assert!(!html.contains("Priya") && html.contains("Who said to have erased it"));

    // A second one who erases it is told beside the first.
    erase(&mut stage, HOME, called, &[key("person")]);
    let line = says(&stage.report(), 5);
    assert!(line.contains("(erased by Amira in #6, 3 Jun 2026; by HomeBright Ltd in #7, 3 Jun 2026)"), "{line}");
}

#[test]
fn whoever_still_has_it_shows_it_and_who_erased_it() {
    let mut stage = Stage::new();
    let called = stage.act(AMIRA, &call("They will ring back"));
    stage.act(HOME, &Act::Erased { entry: called, path: vec![key("person")], reason: None });
    let report = stage.report();
    assert!(says(&report, 5).contains("“Priya”"), "this copy is not the one that erased it");
    let beside = &report.beside[0];
    assert_eq!((beside.word(), beside.erased[0].who.as_str()), ("laid open here", "HomeBright Ltd"));
}

#[test]
fn a_copied_fingerprint_is_not_taken_for_what_it_was_copied_from() {
    let mut stage = Stage::new();
    let called = stage.act(AMIRA, &call("They will ring back"));
    let body = &stage.record.graph().statement(stage.record.graph().find(&called).expect("here")).body;
    let (_, fingerprint) = find_sealed(body).into_iter().find(|(path, _)| *path == [key("person")]).expect("sealed");
    erase(&mut stage, AMIRA, called, &[key("person")]);
    stage.act(HOME, &Act::Note { text: Sealable::Sealed(fingerprint), about: None });
    // Nor the number of a place for the place.
    stage.act(HOME, &Act::Note { text: Sealable::Sealed([0; 32]), about: None });
    let report = stage.report();
    for number in [7, 8] {
        assert_eq!(says(&report, number), "signed a note: (sealed, its value is not here)");
    }
    assert!(says(&report, 5).contains("(erased by Amira"));
}

#[test]
fn an_erased_file_is_told_among_the_files() {
    let mut stage = Stage::new();
    let file = FileRef { sha256: [0xab; 32], size: 26 };
    let attach = Act::Attach { sha256: file.sha256, size: 26, name: open("display.jpg"), media: None, about: None };
    let attached = stage.act(AMIRA, &attach);
    stage.record.set_files([file]);
    assert!(stage.report().files[0].held && stage.report().files[0].erased.is_empty());
    stage.act(AMIRA, &Act::Erased { entry: attached, path: vec![key("sha256")], reason: None });
    stage.record.set_files([]);
    let report = stage.report();
    let erased = &report.files[0].erased;
    assert_eq!((erased.len(), erased[0].who.as_str(), erased[0].entry.shown.as_str()), (1, "Amira", "#6"));
    assert_eq!(says(&report, 6), "signed to have erased the file itself of #5");
    assert_eq!((report.beside[0].place.as_str(), report.beside[0].word()), ("the file itself", "erased"));
    assert!(report.html(None).expect("memory").contains("erased by <bdi>Amira</bdi>"));
    // Named anew, knowing that, it is wanted again.
    stage.act(AMIRA, &attach);
    assert!(stage.report().files[0].erased.is_empty());
}

#[test]
fn values_that_are_not_here_are_told_as_sealed() {
    let mut stage = Stage::new();
    let address = ItemValue::Address(open("1 Mill Lane"));
    stage.act(AMIRA, &Act::Item { key: "home".to_owned(), value: address, label: None, note: None });
    stage.act(AMIRA, &call("They will ring back"));
    let device = stage.parties[HOME].author(0).device;
    let card = Card {
        name: open("Keith"),
        function: None,
        phone: Some(open("0113 496 0999")),
        email: None,
        hours: None,
        device: Some(device),
    };
    stage.act(HOME, &Act::Card(card));
    let whole = stage.report();
    assert_eq!((whole.laid_open, whole.beside.len()), (5, 0));
    let html = stage.html();
    assert!(["1 Mill Lane", "Priya", "Keith"].iter().all(|text| html.contains(text)), "they are here");

    let report = report_of(&bare(&stage), stage.at);
    assert_eq!(report.laid_open, 0);
    let beside: Vec<(&str, &str, &str)> =
        report.beside.iter().map(|b| (b.entry.shown.as_str(), b.place.as_str(), b.word())).collect();
    let all = [
        ("#5", "the value", "not here"),
        ("#6", "the number", "not here"),
        ("#6", "the person", "not here"),
        ("#7", "the name", "not here"),
        ("#7", "the phone", "not here"),
    ];
    let mut sorted = beside.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, all);
    assert_eq!(says(&report, 5), "signed that “home” is (sealed, its value is not here)");
    assert_eq!(report.parties[1].people[0].plain(), "(sealed, its value is not here), by #7");
    let html = report.html(None).expect("memory");
    assert!(!["1 Mill Lane", "Priya", "Keith", "0113"].iter().any(|text| html.contains(text)));
    assert!(html.contains("None of them is laid open in this report."));
}

/// Opened by somebody who sealed the other side's name; gives what opens it.
fn nameless() -> (Stage, Disclosure) {
    let mut stage = Stage::empty();
    let author = stage.parties[AMIRA].author(0);
    let context = SealContext { case: None, party: author.party, device: author.device, seq: 1 };
    let (path, salt) = (vec![key("seats"), PathStep::Index(1), key("label")], [3; 32]);
    let value = "HomeBright Ltd".into();
    let label = Sealable::Sealed(commit(&context, &path, &salt, &value));
    let seats =
        vec![SeatOffer { role: Role::Customer, label: open("Amira") }, SeatOffer { role: Role::Supplier, label }];
    let entry = stage.act(
        AMIRA,
        &Act::Open(Open {
            title: "Washing machine".to_owned(),
            seats,
            level: 1,
            zone: "Europe/London".to_owned(),
            nonce: [7; 16],
            about: None,
        }),
    );
    (stage, Disclosure { entry, path, salt, value })
}

#[test]
fn names_of_seats_are_laid_open_where_they_are_here() {
    let (mut stage, value) = nameless();
    let entry = value.entry;
    let before = stage.report();
    assert_eq!(before.parties[1].who, "seat 1");
    assert_eq!(
        before.parties[1].nameless.as_ref().map(Words::plain).as_deref(),
        Some("(sealed, its value is not here)")
    );
    stage.bring_in(HOME, counterpart_core::value::Seat::Number(1), None);
    stage.act(HOME, &note("We come on Monday"));
    let taken = stage.report();
    assert_eq!(Some(taken.parties[1].who.as_str()), taken.parties[1].short.as_deref(), "the short form of who took it");
    assert!(stage.html().contains("Its name: "));

    let path = value.path.clone();
    stage.record.apply_value(value).expect("it fits");
    let named = stage.report();
    assert_eq!((named.parties[1].who.as_str(), named.parties[1].nameless.as_ref()), ("HomeBright Ltd", None));
    assert_eq!(named.timeline[4].who, "HomeBright Ltd");
    assert_eq!(named.picture.lanes[1].who, "HomeBright Ltd");
    assert!(says(&named, 1).contains("“HomeBright Ltd” as supplier"));

    erase(&mut stage, AMIRA, entry, &path);
    let erased = stage.report();
    let told = erased.parties[1].nameless.as_ref().map(Words::plain);
    assert_eq!(told.as_deref(), Some("(erased by Amira in #6, 3 Jun 2026)"));
    assert_eq!(erased.beside[0].place, "the name of seat 1");
    assert!(!stage.html().contains("HomeBright"));
}
