//! One record gives one report, whatever the order in which it arrived.

use counterpart_core::record::Record;
use counterpart_report::Paper;

use crate::stage::{AMIRA, HOME, Stage, by, note, report_of};

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut stage = Stage::new();
    let repair = stage.agreed("Repair visit", by(10));
    let mut copy = stage.copy();
    stage.act(AMIRA, &note("here"));
    stage.act_in(&mut copy, HOME, &note("there"));
    stage.merge(&copy);
    let declare = stage.declare(repair);
    stage.receive(AMIRA);
    stage.approve(declare);
    stage.receive(HOME);
    let at = stage.at;
    let first = report_of(&stage.record, at).html(Some(Paper::A4)).expect("memory");
    assert_eq!(first, report_of(&stage.record, at).html(Some(Paper::A4)).expect("memory"), "twice the same");

    // The branches the other way round, receipts backwards.
    let graph = stage.record.graph();
    let mut other = Record::new();
    for event in stage.parties.iter().rev().flat_map(|p| &p.events) {
        other.apply_key_event(event).expect("good");
    }
    let mut waiting: Vec<Vec<u8>> = graph.all().rev().map(|ix| graph.node(ix).entry.bytes().to_vec()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|bytes| other.apply_bytes(bytes).is_err());
        assert!(waiting.len() < before, "something can always be taken in");
    }
    for receipt in stage.record.receipts().iter().rev() {
        other.apply_receipt(receipt.clone()).expect("good");
    }
    assert_eq!(first, report_of(&other, at).html(Some(Paper::A4)).expect("memory"));
}

#[test]
fn the_paper_is_the_only_thing_that_paper_changes() {
    let mut stage = Stage::new();
    stage.agreed("Repair visit", by(10));
    let report = stage.report();
    let [any, a4, letter] =
        [None, Some(Paper::A4), Some(Paper::Letter)].map(|paper| report.html(paper).expect("memory"));
    assert!(!any.contains("  size:"));
    assert_eq!(a4.replace("size: A4;", "size: letter;"), letter);
    assert_eq!(letter.replace("\n  size: letter;", ""), any);
    for page in [any, a4, letter] {
        assert!(page.contains("counter(page)") && page.contains(&report.case.to_hex()), "the footer");
    }
}
