//! How far each line is proven, alarms, what has no effect, and what is not proven.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    value::{ItemValue, Seat},
};
use counterpart_report::{Effect, Report};

use crate::stage::{AMIRA, HOME, HOUR, Stage, note, open, propose, source, terms};

#[test]
fn only_its_author_then_delivered_then_answered() {
    let mut stage = Stage::new();
    let said = stage.act(AMIRA, &note("The machine leaks"));
    let grade = |stage: &Stage| {
        let line = stage.report().timeline.remove(4);
        (line.grade.word, line.grade.says.plain())
    };
    assert_eq!(grade(&stage), ("unilateral", "Only Amira says so; nobody else signed for having it.".to_owned()));
    stage.receive(HOME);
    assert_eq!(
        grade(&stage),
        ("delivered", "HomeBright Ltd signed for having it; that it is so only Amira says.".to_owned())
    );
    stage.act(HOME, &Act::Acknowledge { entry: said, note: None });
    assert_eq!(grade(&stage), ("acknowledged", "Acknowledged as right by HomeBright Ltd in #6.".to_owned()));
}

/// A mailbox stores things for somebody: it is told apart from him everywhere.
#[test]
fn a_mailbox_is_not_taken_for_its_owner() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &note("The machine leaks"));
    stage.store(HOME);
    let report = stage.report();
    let line = &report.timeline[4];
    assert_eq!((line.grade.word, line.grade.badge), ("delivered", "stored by a mailbox"));
    let says = "HomeBright Ltd\u{2019}s mailbox signed for having it; that it is so only Amira says.";
    assert_eq!(line.grade.says.plain(), says);
    assert_eq!(line.at_mailbox, [stage.parties[HOME].id]);
    let after = line.proven.not_after.as_ref().expect("its receipt covers it");
    assert_eq!(after.by.plain(), "HomeBright Ltd\u{2019}s mailbox\u{2019}s receipt 1");
    let told = "That HomeBright Ltd looked at #5; only their mailbox signed for having it.";
    assert!(report.gaps.iter().any(|gap| gap.plain() == told), "{:?}", report.gaps);
    assert_eq!((report.parties[HOME].lacks, report.parties[HOME].at_mailbox), (0, 1));
    assert!(stage.html().contains("signed for having all, 1 of it only by their mailbox"));
    // Once the owner has it, it is as with everybody.
    stage.receive(HOME);
    let line = stage.report().timeline.remove(4);
    assert_eq!((line.grade.badge, line.at_mailbox.len()), ("delivered", 0));
}

#[test]
fn times_are_intervals_with_what_proves_each_end() {
    let mut stage = Stage::new();
    stage.act(HOME, &note("We come on Monday"));
    stage.act(AMIRA, &note("Nobody came"));
    let line = stage.report().timeline.remove(5);
    let before = line.proven.not_before.expect("it rests on the other's note");
    assert_eq!(
        (before.time.local.as_str(), before.by.plain().as_str()),
        ("Wed 3 Jun 2026 18:05 BST", "HomeBright Ltd’s #5")
    );
    assert!(line.proven.not_after.is_none());
    stage.receive(HOME);
    let line = stage.report().timeline.remove(5);
    let after = line.proven.not_after.expect("their receipt covers it");
    assert_eq!((after.by.plain().as_str(), after.kind), ("HomeBright Ltd’s receipt 1", "receipt"));
    assert_eq!(after.time.utc.as_deref(), Some("17:07:00 UTC"));
    // The opening rests on nothing, and the other's joining covers it.
    let first = stage.report().timeline.remove(0);
    assert!(first.proven.not_before.is_none() && first.proven.not_after.is_some());
    let html = stage.html();
    assert!(html.contains("<dt>Not before</dt>") && html.contains("<dt>Not after</dt>"));
}

#[test]
fn clocks_that_differ_are_told_without_saying_whose_is_right() {
    let mut stage = Stage::new();
    stage.at += 2 * HOUR;
    stage.act(HOME, &note("We come on Monday"));
    stage.at -= 2 * HOUR;
    stage.act(AMIRA, &note("Nobody came"));
    let line = stage.report().timeline.remove(5);
    assert_eq!(
        line.proven.remark.as_deref(),
        Some("Its author's clock was at least 1 h 59 min behind that of the other.")
    );
}

#[test]
fn two_histories_are_told_in_plain_words() {
    let mut stage = Stage::new();
    let mut restored = stage.copy();
    stage.act(HOME, &note("One story"));
    stage.act_in(&mut restored, HOME, &note("Another story"));
    stage.merge(&restored);
    let report = stage.report();
    assert_eq!(report.alarms.len(), 1);
    assert_eq!(report.alarms[0].shape, "two_statements");
    assert_eq!(report.alarms[0].head.plain(), "Two histories were signed with one key of HomeBright Ltd");
    let says = report.alarms[0].says.plain();
    assert!(says.starts_with("#5-") && says.contains("A copied or restored key can do that."), "{says}");
    let notes: Vec<_> = report.picture.rows[0].columns.iter().flat_map(|c| &c.marks).filter_map(|m| m.note).collect();
    assert_eq!(notes, ["one of two", "one of two"]);
    assert_eq!(report.timeline.iter().filter(|line| line.one_of_two).count(), 2);
    let html = stage.html().to_lowercase();
    for word in ["fraud", "forg", "cheat", "lied", "guilty"] {
        assert!(!html.contains(word), "{word} is not for us to say");
    }
}

#[test]
fn receipts_that_do_not_fit_are_told() {
    let mut stage = Stage::new();
    let mut restored = stage.copy();
    stage.act(AMIRA, &note("One"));
    stage.receive(HOME);
    let party = &stage.parties[HOME];
    let second = restored.receipt_due(&party.author(0), stage.at + HOUR);
    assert!(second.is_none(), "its own joining covers that");
    stage.act_in(&mut restored, AMIRA, &note("Another"));
    let party = &stage.parties[HOME];
    let receipt = restored.receipt_due(&party.author(0), stage.at + HOUR).expect("something new");
    restored.apply_receipt(receipt.sign(&party.devices[0].key)).expect("a good receipt");
    stage.merge(&restored);
    let shapes: BTreeSet<&str> = stage.report().alarms.iter().map(|a| a.shape).collect();
    assert_eq!(shapes, ["receipt_contradicted", "two_statements"].into());
}

#[test]
fn what_has_no_effect_stays_with_the_reason() {
    let mut stage = Stage::new();
    let asked = stage.act(AMIRA, &propose(terms("Repair visit", None)));
    stage.act(AMIRA, &Act::Withdraw { of: asked, reason: None });
    stage.force(HOME, &Act::Accept { revision: asked, note: None });
    let report = stage.report();
    let without: Vec<_> = report.without_effect().collect();
    assert_eq!(without.len(), 1);
    let Effect::Without(reason) = &without[0].effect else { unreachable!("it has no effect") };
    assert_eq!(reason.plain(), "its author had withdrawn it (#6)");
    let column = &report.picture.rows[0].columns.last().expect("a column");
    assert!(!column.marks[0].counts && column.marks[0].note == Some("no effect"));
    assert!(stage.html().contains("These were signed and stay on record, and change nothing."));
}

#[test]
fn what_is_not_proven_is_said() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &note("Alone"));
    let file = ItemValue::File { sha256: [0xab; 32], size: 26, name: open("display.jpg"), media: None };
    stage.act(AMIRA, &Act::Item { key: "photo".to_owned(), value: file, label: None, note: None });
    let told: Vec<String> = stage.report().gaps.iter().map(counterpart_report::Words::plain).collect();
    let all = told.join("\n");
    for said in [
        "Who stands behind an identity.",
        "That what was signed is true.",
        "That nothing newer exists.",
        "That anybody but the author has #5 and #6",
        "That any clock is right.",
        "That HomeBright Ltd has #5 and #6. It is not said that they were not received.",
        "The contents of 1 file named here",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
}

#[test]
fn files_stand_with_what_identifies_them() {
    let mut stage = Stage::new();
    let sha256 = [0xab; 32];
    let attach =
        |about| Act::Attach { sha256, size: 26, name: open("letter.txt"), media: Some("text/plain".to_owned()), about };
    let first = stage.act(AMIRA, &attach(None));
    stage.act(AMIRA, &attach(Some(first)));
    assert!(!stage.report().files[0].held);
    stage.record.set_files([FileRef { sha256, size: 26 }]);
    let with = stage.report();
    assert_eq!(with.files.len(), 1);
    let file = &with.files[0];
    assert_eq!((file.name.plain().as_str(), file.size, file.held), ("“letter.txt”", 26, true));
    assert_eq!(file.sha256, "ab".repeat(32));
    let named: Vec<&str> = file.named_in.iter().map(|(name, _)| name.shown.as_str()).collect();
    assert_eq!(named, ["#5", "#6"]);
}

#[test]
fn values_stand_side_by_side() {
    let mut stage = Stage::new();
    let state = |n| Act::Item { key: "downtime".to_owned(), value: ItemValue::Integer(n), label: None, note: None };
    stage.act(AMIRA, &state(254));
    stage.act(HOME, &state(187));
    let report = stage.report();
    assert_eq!(report.stated_by, ["Amira", "HomeBright Ltd"]);
    let item = &report.items[0];
    let columns: Vec<String> =
        item.columns.iter().flatten().map(|s| format!("{} {}", s.value.plain(), s.entry.shown)).collect();
    assert_eq!(columns, ["254 #5", "187 #6"]);
    assert!(item.differs && item.agreed.is_none());
}

#[test]
fn sealed_values_that_are_not_here_are_told() {
    let mut stage = Stage::new();
    let value = ItemValue::Address(open("1 Mill Lane"));
    stage.act(AMIRA, &Act::Item { key: "home".to_owned(), value, label: None, note: None });
    assert!(stage.html().contains("1 Mill Lane"), "it is here");
    // A copy that has the entries and not the values.
    let mut bare = counterpart_core::record::Record::new();
    for event in stage.parties.iter().flat_map(|p| &p.events) {
        bare.apply_key_event(event).expect("good");
    }
    for ix in stage.record.graph().all() {
        bare.apply_bytes(stage.record.graph().node(ix).entry.bytes()).expect("good");
    }
    let report = crate::stage::report_of(&bare, stage.at);
    assert_eq!(report.timeline[4].says.plain(), "signed that “home” is (sealed, its value is not here)");
    assert!(report.gaps.iter().any(|gap| gap.plain().starts_with("What stands in the sealed values of #5")));
}

#[test]
fn a_seat_that_nobody_took_is_told() {
    let stage = Stage::alone("Alone", "Amira", "HomeBright Ltd");
    let report = stage.report();
    let state: Vec<(String, String)> = report.parties.iter().map(|p| (p.who.clone(), p.state.plain())).collect();
    assert_eq!(
        state,
        [
            ("Amira".to_owned(), "opened it".to_owned()),
            ("HomeBright Ltd".to_owned(), "nobody has taken this seat".to_owned()),
        ]
    );
    assert_eq!(report.picture.lanes.len(), 2, "its lane is there for what it promised");
    assert!(Report::of(&source(&counterpart_core::record::Record::new(), 0, None, &[])).is_none());
    assert!(Seat::Number(1) != Seat::Number(0));
}
