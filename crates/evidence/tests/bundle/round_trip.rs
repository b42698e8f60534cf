//! What a good bundle shows.

use counterpart_core::{
    act::{Act, Proof},
    id::EntryId,
    record::Record,
    seal::{Disclosure, PathStep},
    view::Grade,
};
use counterpart_evidence::{Effect, ExportError, FailureKind, Verdict, verify};

use crate::case::{BEGIN, Case, contact, item, note};

const LATER: i64 = BEGIN + 30 * 86_400_000;

fn verdict_of(case: &Case, record: &Record) -> Verdict {
    verify(&case.bundle_of(record, LATER), &|_, _| {}).expect("a good bundle")
}

fn text_of(case: &Case, record: &Record, name: &str) -> String {
    let bundle = case.bundle_of(record, LATER);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bundle)).expect("a ZIP file");
    let file = archive.by_name(name).expect("a member");
    std::io::read_to_string(file).expect("plain text")
}

/// The record again, taken in by another order.
fn another_copy(record: &Record) -> Record {
    let mut copy = Record::new();
    for party in record.logs().parties() {
        for event in record.logs().of_party(&party) {
            copy.apply_key_event(event.bytes()).expect("a good event");
        }
    }
    let mut waiting: Vec<_> = record.graph().all().rev().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|ix| copy.apply_bytes(record.graph().node(*ix).entry.bytes()).is_err());
        assert!(waiting.len() < before, "what an entry rests on is here");
    }
    for ix in record.graph().all() {
        for value in record.values_of(&record.graph().id(ix)) {
            copy.apply_value(value.clone()).expect("a good value");
        }
    }
    for receipt in record.receipts().iter().rev() {
        copy.apply_receipt(receipt.clone()).expect("a good receipt");
    }
    copy
}

#[test]
fn a_case_verifies_and_shows_who_has_what() {
    let case = Case::of(60);
    let verdict = verdict_of(&case, &case.record);
    assert_eq!(Some(verdict.case), case.record.case());
    assert_eq!((verdict.title.as_str(), verdict.exported_at), ("Broken dishwasher", LATER));
    let ids: Vec<EntryId> = verdict.entries.iter().map(|e| e.id).collect();
    let ordered: Vec<EntryId> = case.record.graph().ordered().iter().map(|ix| case.record.graph().id(*ix)).collect();
    assert_eq!(ids, ordered);
    assert_eq!(verdict.heads, case.record.graph().heads());
    assert_eq!(verdict.document_heads, case.record.document().expect("a good record").heads());
    assert!(!verdict.receipts.is_empty());
    assert!(verdict.forks.is_empty() && verdict.without_effect.is_empty() && verdict.not_judged.is_empty());
    assert!(verdict.entries.iter().all(|e| e.effect == Effect::Effective));
    let agreed = verdict.entries.iter().filter(|e| e.grade == Grade::Agreed).count();
    assert_eq!(agreed, verdict.entries.iter().filter(|e| e.kind == "accept").count());
    let (first, last) = (&verdict.entries[0], verdict.entries.last().expect("entries"));
    assert_eq!(first.received_by[0].party, case.supplier.author.party);
    assert!(first.received_by[0].at > first.at);
    assert!(last.received_by.is_empty());
    let tail = verdict.tails.iter().find(|t| t.party != last.party).expect("the other party");
    assert_eq!(tail.entries.last(), Some(&last.id));
    let labels: Vec<_> = verdict.parties.iter().flat_map(|p| &p.seats).map(|s| s.label.as_deref()).collect();
    assert!(labels.contains(&Some("Ada")) && labels.contains(&Some("Acme Ltd")), "{labels:?}");
}

#[test]
fn there_is_one_bundle_of_a_record_however_it_arrived() {
    let case = Case::of(60);
    let bundle = case.bundle(LATER);
    assert_eq!(case.bundle_of(&another_copy(&case.record), LATER), bundle);
    assert_ne!(case.bundle(LATER + 1), bundle);
}

#[test]
fn an_empty_record_is_not_exported() {
    let found = Case::new().try_bundle_of(&Record::new(), LATER);
    assert!(matches!(found, Err(ExportError::Empty)), "{found:?}");
}

#[test]
fn progress_ends_with_all() {
    let bundle = Case::of(60).bundle(LATER);
    let last = std::sync::Mutex::new((0, 0));
    verify(&bundle, &|done, all| {
        let mut last = last.lock().expect("no panic");
        *last = (last.0.max(done), all);
    })
    .expect("a good bundle");
    let (done, all) = *last.lock().expect("no panic");
    assert!(done == all && all > 60, "{done} of {all}");
}

#[test]
fn sealed_values_are_laid_open_or_listed_as_lacking() {
    let mut case = Case::new();
    case.supplier_does(&note(1));
    let entry = case.customer_does(&contact(1));
    let lacking =
        |record: &Record| verdict_of(&case, record).lacking.iter().map(|l| (l.id, l.places)).collect::<Vec<_>>();
    assert_eq!(lacking(&case.record), []);
    let timeline = text_of(&case, &case.record, "data/timeline.txt");
    assert!(timeline.contains("person: (sealed, laid open here) Keith"), "{timeline}");

    let mut copy = Record::new();
    for party in case.record.logs().parties() {
        for event in case.record.logs().of_party(&party) {
            copy.apply_key_event(event.bytes()).expect("a good event");
        }
    }
    for ix in case.record.graph().all() {
        copy.apply_bytes(case.record.graph().node(ix).entry.bytes()).expect("a good entry");
    }
    let person = |d: &&Disclosure| d.path == [PathStep::Key("person".to_owned())];
    let known = case.record.values_of(&entry).iter().find(person).expect("sealed by default");
    copy.apply_value(known.clone()).expect("a good value");
    assert_eq!(lacking(&copy), [(entry, 1)]);
    assert!(text_of(&case, &copy, "data/timeline.txt").contains("number: (sealed, its value is not here)"));
}

#[test]
fn a_fork_is_reported_not_refused() {
    let mut case = Case::of(12);
    let graph = case.record.graph();
    let author = case.supplier.author;
    let tip = graph.tips_of(&author.device)[0];
    let statement = graph.statement(tip);
    let (prev, deps, seq) = (statement.prev.expect("not the first"), statement.deps.clone(), statement.seq);
    let first = graph.id(tip);
    let second = case.sign_anyway(&author, prev, deps, &note(99));
    let verdict = verdict_of(&case, &case.record);
    assert_eq!(verdict.forks.len(), 1);
    assert_eq!((verdict.forks[0].party, verdict.forks[0].seq), (author.party, seq));
    let mut both = vec![first, second];
    both.sort_unstable();
    assert_eq!(verdict.forks[0].branches, both);
    assert_eq!(verdict.document_heads, case.record.document().expect("a good record").heads());
    assert!(text_of(&case, &case.record, "data/timeline.txt").contains("more than once"));
    assert_eq!(case.bundle_of(&another_copy(&case.record), LATER), case.bundle(LATER));
}

#[test]
fn a_surplus_branch_is_left_out() {
    let mut case = Case::of(12);
    let graph = case.record.graph();
    let author = case.supplier.author;
    let tip = graph.tips_of(&author.device)[0];
    let statement = graph.statement(tip);
    let (prev, deps) = (statement.prev.expect("not the first"), statement.deps.clone());
    for n in 0..3 {
        case.sign_anyway(&author, prev, deps.clone(), &note(90 + n));
    }
    let verdict = verdict_of(&case, &case.record);
    assert_eq!(verdict.entries.len(), case.record.graph().ordered().len());
    assert!(verdict.entries.len() < case.record.graph().len());
    assert_eq!(verdict.forks[0].branches.len(), 2);
}

#[test]
fn entries_without_effect_or_not_judged_are_reported() {
    let mut case = Case::of(12);
    let entry = case.record.graph().heads()[0];
    let author = case.customer.author;
    let tip = case.record.graph().id(case.record.graph().tips_of(&author.device)[0]);
    let idle = case.sign_anyway(&author, tip, vec![entry], &Act::Accept { revision: entry, note: None });
    let token = Act::Prove { what: Proof::TimeStamp, data: vec![0x30, 0x00], about: None };
    let later = case.sign_anyway(&author, idle, vec![idle], &token);
    let verdict = verdict_of(&case, &case.record);
    let without: Vec<_> = verdict.without_effect.iter().map(|w| w.id).collect();
    assert_eq!(without, [idle]);
    assert_eq!(verdict.not_judged, [later]);
    assert!(text_of(&case, &case.record, "data/timeline.txt").contains("Without effect."));
}

#[test]
fn texts_claim_no_more_than_is_proven() {
    let mut case = Case::of(30);
    case.customer_does(&item(1));
    for name in ["data/timeline.txt", "data/README.txt"] {
        let text = text_of(&case, &case.record, name).to_lowercase();
        for claim in ["fraud", "not received", "not been received", "did not receive", "never received"] {
            assert!(!text.contains(claim), "{name} says {claim:?}");
        }
        assert!(text.lines().all(|line| line.chars().all(|c| !c.is_control())));
    }
}

#[test]
fn kinds_have_words() {
    assert_eq!(FailureKind::NotCanonical.as_str(), "not_canonical");
    assert_eq!(FailureKind::MissingEntries(Vec::new()).as_str(), "missing_entries");
}
