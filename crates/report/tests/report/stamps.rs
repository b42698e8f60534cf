//! Time stamps: who stamped what, for when, whether that is believed; and what it proves of lines and agreements.

use counterpart_core::{
    act::{Act, Proof},
    id::EntryId,
    record::Record,
    stamp::{KeptStamp, imprint},
};
use counterpart_evidence::{JudgedStamp, Roots, stamps_over};
use counterpart_report::{Report, Stamp};

use crate::{
    maker,
    stage::{AMIRA, HOME, HOUR, Stage, by, note, source},
};

/// 18:06:30 in London: between the minutes of the entries.
const TIME: &str = "20260603170630Z";

pub(crate) fn over(record: &Record, time: &str) -> KeptStamp {
    let heads = record.graph().heads();
    let token = maker::token(&imprint(&record.case().expect("a case"), &heads), time);
    KeptStamp { heads, token }
}

pub(crate) fn roots() -> Roots {
    Roots::read(maker::ROOT).expect("a root")
}

fn report(stage: &Stage, stamps: &[JudgedStamp]) -> Report {
    Report::of(&source(&stage.record, stage.at + 60_000, None, stamps)).expect("an opening")
}

/// The only one.
fn told(report: &Report) -> &Stamp {
    assert_eq!(report.stamps.len(), 1);
    &report.stamps[0]
}

#[test]
fn a_stamp_that_is_believed_ends_an_interval() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &note("Nobody came"));
    let kept = over(&stage.record, TIME);
    stage.act(AMIRA, &note("Nobody came again"));
    let stamps = stamps_over(&stage.record, [kept.clone()], Some(&roots()));
    let report = report(&stage, &stamps);
    let stamp = told(&report);
    assert_eq!((stamp.word(), stamp.standing, stamp.covers), ("believed", "valid", 5));
    assert_eq!(stamp.heads[0].shown, "#5");
    assert_eq!(stamp.at.as_ref().map(|at| at.local.as_str()), Some("Wed 3 Jun 2026 18:06 BST"));
    assert_eq!(stamp.service.as_deref(), Some("Example Time"));
    assert_eq!(stamp.says.plain(), "All 5 entries it covers were there by then.");
    let root = stamp.vouched.as_ref().expect("a root");
    assert_eq!((root.name.is_some(), root.sha256.len()), (true, 64));

    let after = report.timeline[4].proven.not_after.clone().expect("the stamp covers it");
    assert_eq!((after.by.plain().as_str(), after.kind, after.party), ("a time stamp by Example Time", "stamp", None));
    assert!(report.timeline[4].proven.stamped());
    // What came later is not covered, and an earlier word of another party says more.
    assert!(report.timeline[5].proven.not_after.is_none());
    let first = report.timeline[0].proven.not_after.clone().expect("the other joined");
    assert_eq!(first.kind, "entry");
    assert!(report.gaps.iter().any(|gap| gap.plain().contains("chose to believe")));
    let html = report.html(None).expect("memory");
    assert!(html.contains("time-proven</span>") && html.contains(&kept.id().to_hex()) && html.contains(&root.sha256));
}

#[test]
fn whom_to_believe_is_the_readers_choice() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &note("Nobody came"));
    let kept = over(&stage.record, TIME);
    let service = include_bytes!("../../../../tests/fixtures/time-stamp-service.der");
    let stranger = Roots::read(service).expect("a certificate");
    for (roots, word, says) in [
        (None, "not checked", "no root certificate was named to check it with."),
        (Some(&stranger), "not believed", "it proves no time here: "),
    ] {
        let report = report(&stage, &stamps_over(&stage.record, [kept.clone()], roots));
        let stamp = told(&report);
        assert_eq!(stamp.word(), word);
        assert!(stamp.says.plain().contains(says), "{}", stamp.says.plain());
        assert!(stamp.says.plain().starts_with("The name and the time are what it says of itself"));
        assert!(stamp.at.is_some() && stamp.vouched.is_none());
        assert!(report.timeline.iter().all(|line| !line.proven.stamped()), "{word}: it proves nothing");
        assert!(!report.gaps.iter().any(|gap| gap.plain().contains("chose to believe")));
        let html = report.html(None).expect("memory");
        assert!(html.contains("says: <bdi>Example Time</bdi>") && !html.contains("time-proven</span>"));
    }
    let none = report(&stage, &[]).html(None).expect("memory");
    assert!(none.contains("There is no time stamp over this case."));
}

#[test]
fn a_stamp_that_does_not_hold_proves_nothing() {
    let mut stage = Stage::new();
    stage.act(AMIRA, &note("Nobody came"));
    let good = over(&stage.record, TIME);
    let mut altered = good.clone();
    *altered.token.last_mut().expect("bytes") ^= 1;
    let first = stage.record.graph().id(stage.record.graph().all().next().expect("the opening"));
    let other = KeptStamp { heads: vec![first], ..good.clone() };
    let unknown = KeptStamp { heads: vec![EntryId([7; 32])], ..good };
    for (kept, why) in
        [(altered, "signature does not fit"), (other, "the hash in it is another"), (unknown, "which is not here")]
    {
        let report = report(&stage, &stamps_over(&stage.record, [kept], Some(&roots())));
        let stamp = told(&report);
        assert_eq!((stamp.word(), stamp.at.as_ref()), ("does not hold", None));
        let says = stamp.says.plain();
        assert!(says.starts_with("It proves nothing: ") && says.contains(why), "{says}");
        assert!(report.timeline.iter().all(|line| !line.proven.stamped()));
    }
}

#[test]
fn one_that_was_put_on_record_is_there_with_who_did() {
    let mut stage = Stage::new();
    let said = stage.act(AMIRA, &note("Nobody came"));
    let kept = over(&stage.record, TIME);
    let proof = Act::Prove { what: Proof::TimeStamp, data: kept.encode(), about: Some(said) };
    stage.act(HOME, &proof);
    // Kept beside the case as well, it is still one.
    for beside in [Vec::new(), vec![kept]] {
        let report = report(&stage, &stamps_over(&stage.record, beside, Some(&roots())));
        let on_record: Vec<(&str, &str)> =
            told(&report).on_record.iter().map(|(entry, who)| (entry.shown.as_str(), who.as_str())).collect();
        assert_eq!(on_record, [("#6", "HomeBright Ltd")]);
        assert_eq!(
            report.timeline[5].says.plain(),
            "signed a proof into the record for #5: a time stamp asked for over everything up to #5; under Time stamps \
             stands what it is worth"
        );
    }
}

#[test]
fn by_when_an_agreement_was_signed_by_all() {
    let mut stage = Stage::new();
    stage.agreed("Repair visit", by(10));
    let kept = over(&stage.record, "20260603170730Z");
    assert!(stage.action().complete.is_none(), "nobody else speaks of the last signature");
    let stamps = stamps_over(&stage.record, [kept], Some(&roots()));
    let stamped = report(&stage, &stamps);
    let bound = stamped.actions[0].complete.as_ref().expect("the stamp covers both");
    assert_eq!((bound.kind, bound.time.local.as_str()), ("stamp", "Wed 3 Jun 2026 18:07 BST"));
    assert!(stamped.html(None).expect("memory").contains("All of these were there not after"));
    // A later word of the other side is a proof as well.
    stage.receive(AMIRA);
    let bound = stage.action().complete.expect("their receipt covers it");
    assert_eq!((bound.kind, bound.by.plain().as_str()), ("receipt", "Amira’s receipt 1"));
}

#[test]
fn whose_clock_is_ahead_of_a_service_is_told() {
    let mut stage = Stage::new();
    stage.at += 2 * HOUR;
    stage.act(AMIRA, &note("Nobody came"));
    let stamps = stamps_over(&stage.record, [over(&stage.record, TIME)], Some(&roots()));
    let remark = report(&stage, &stamps).timeline[4].proven.remark.clone();
    let expected = "Its author's clock was at least 1 h 58 min ahead of that of the time-stamp service.";
    assert_eq!(remark.as_deref(), Some(expected));
}
