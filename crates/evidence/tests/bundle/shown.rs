//! The verdict: its line for programs, times that others' words prove, contradictions, files.

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject, Topic},
    keylog::{self, EventSigner, RevokeReason},
    receipt::Receipt,
    value::{ItemValue, Sealable, Seat},
    view::Evidence,
};
use counterpart_evidence::{AttachmentReport, ExportError, FailureKind, Verdict, proof::Shape, specification, verify};
use ed25519_dalek::SigningKey;

use crate::{
    case::{BEGIN, Case},
    members::{find, members, pack, relist, sha256},
};

fn verdict_of(case: &Case) -> Verdict {
    verify(&case.bundle(BEGIN), &|_, _| {}).expect("a good bundle")
}

fn timeline_of(case: &Case) -> String {
    String::from_utf8(find(&members(&case.bundle(BEGIN)), "data/timeline.txt").to_vec()).expect("plain text")
}

#[test]
fn the_line_is_canonical() {
    let case = Case::of_everything(60);
    let line = verdict_of(&case).to_json();
    assert!(line.ends_with("}\n") && line.lines().count() == 1, "{line}");
    // Fields of objects are ascending: read into ordered maps and written again, it is the same.
    let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(format!("{value}\n"), line);
    let start = r#"{"attachments":{"held":3,"lacking":[]},"case":""#;
    assert!(line.starts_with(start), "{line}");
    for part in [
        r#""exporter":{"device":""#,
        r#""forks":[{"branches":[""#,
        r#""not_after":{"at":"#,
        r#""not_before":null"#,
        r#""proofs":[{"about":[""#,
        r#""shape":"two_statements"}"#,
        r#""schema":"counterpart/verdict/2","specification":""#,
        r#""stamps":[],"states":[{"action":""#,
        r#""title":"Broken dishwasher","verified":true}"#,
        r#"{"label":"Ada","role":"customer","seat":"0"}"#,
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let mut parts = members(&case.bundle(BEGIN));
    parts.retain(|(name, _)| name != "bagit.txt");
    let failure = verify(&pack(&parts), &|_, _| {}).expect_err("one left out");
    let refused = r#"{"member":"bagit.txt","schema":"counterpart/verdict/2","verified":false,"what":"missing_member"}"#;
    assert_eq!(failure.to_json(), format!("{refused}\n"));
    let failure = verify(b"", &|_, _| {}).expect_err("nothing");
    let refused = r#"{"member":null,"schema":"counterpart/verdict/2","verified":false,"what":"not_a_bundle"}"#;
    assert_eq!(failure.to_json(), format!("{refused}\n"));
}

/// The same for every entry, said the slow way: by looking at every other word.
#[test]
fn times_are_proven_by_the_nearest_words_of_others() {
    let case = Case::of_everything(80);
    let (record, graph) = (&case.record, case.record.graph());
    let times = record.proven_times();
    for ix in graph.all().filter(|ix| graph.counts(*ix)) {
        let own = graph.statement(ix).party;
        let others = || graph.all().filter(|o| graph.counts(*o) && graph.statement(*o).party != own);
        let before = others().filter(|o| graph.in_past(*o, ix));
        let before = before.max_by_key(|o| (graph.statement(*o).at, std::cmp::Reverse(graph.id(*o))));
        let after = others().filter(|o| graph.in_past(ix, *o)).map(|o| (graph.statement(o).at, false, graph.id(o).0));
        let receipts = record.receipts().iter().filter(|r| r.receipt.party != own).filter(|r| {
            let mut heads = r.receipt.heads.iter().filter_map(|h| graph.find(h));
            heads.any(|head| graph.in_past_or_same(ix, head))
        });
        let after = after.chain(receipts.map(|r| (r.receipt.at, true, r.id.0))).min();
        let proven = &times[ix.at()];
        assert_eq!(proven.not_before.as_ref().map(|b| b.by), before.map(Evidence::Entry));
        let by = proven.not_after.as_ref().map(|b| match b.by {
            Evidence::Entry(other) => (b.at, false, graph.id(other).0),
            Evidence::Receipt(id) => (b.at, true, id.0),
        });
        assert_eq!(by, after);
    }
    let timeline = timeline_of(&case);
    assert!(timeline.contains("    Time: not after 2026-06-01 09:"), "{timeline}");
    assert!(timeline.contains(" UTC (Acme Ltd ["), "{timeline}");
    assert!(timeline.contains("], receipt 1).\n"), "{timeline}");
    assert!(timeline_of(&Case::opened()).contains("    Time: not proven.\n"));
}

#[test]
fn contradictions_are_proven_by_the_words_themselves() {
    let mut case = Case::of(20);
    assert_eq!(verdict_of(&case).proofs, []);
    let graph = case.record.graph();
    let ids: Vec<_> = graph.all().map(|ix| graph.id(ix)).collect();
    let of_supplier = |ix: &counterpart_core::graph::Ix| graph.statement(*ix).device == case.supplier.author.device;
    let first = graph.all().find(of_supplier).map(|ix| graph.id(ix)).expect("its join");
    let last = ids[ids.len() - 1];
    let receipt = |number, heads: Vec<_>, last_seq| {
        let author = case.supplier.author;
        let keys = case.record.logs().head(&author.party).into_iter().collect();
        let (party, device) = (author.party, author.device);
        let id = case.record.case().expect("a case");
        Receipt {
            case: id,
            party,
            device,
            last_seq,
            number,
            previous: None,
            heads,
            keys,
            lacking: Vec::new(),
            at: case.clock,
        }
        .sign(&case.supplier.key)
    };
    // Two of one number; a later one that covers less; and one that held the end before its device's first entry.
    let (one, two) = (receipt(7, vec![ids[4]], 9), receipt(7, vec![ids[5]], 9));
    let less = receipt(8, vec![ids[2]], 9);
    let early = receipt(9, vec![last], 0);
    for signed in [&one, &two, &less, &early] {
        case.record.apply_receipt(signed.clone()).expect("a signed receipt");
    }
    let proofs = verdict_of(&case).proofs;
    let shapes: Vec<&Shape> = proofs.iter().map(|p| &p.shape).collect();
    let pair = |a: counterpart_core::id::ReceiptId, b| {
        let mut ids = vec![a, b];
        ids.sort_unstable();
        Shape::ReceiptContradicted(ids)
    };
    for shape in [pair(one.id, two.id), pair(one.id, less.id), pair(two.id, less.id)] {
        assert!(shapes.contains(&&shape), "{shapes:?}");
    }
    assert!(shapes.contains(&&Shape::PastOmitted { receipt: early.id, entry: first }), "{shapes:?}");
    assert!(proofs.iter().all(|p| p.party == case.supplier.author.party));
    let words = verdict_of(&case).in_words().to_lowercase();
    assert!(words.contains("alarm: of acme ltd"), "{words}");
    assert!(!words.contains("fraud"));
}

#[test]
fn files_are_held_or_lacking_and_nobody_elses() {
    let mut case = Case::of(12);
    case.attach(b"a photo".to_vec());
    let there = sha256(b"a photo");
    let away = sha256(b"another");
    let file = |sha256| ItemValue::File { sha256, size: 7, name: Sealable::Open("x".to_owned()), media: None };
    let list = ItemValue::List(vec![file(away), file(there)]);
    case.customer_does(&Act::Item { key: "files".to_owned(), value: list, label: None, note: None });
    // Bytes that nobody named stay where they are.
    case.files.insert(sha256(b"private"), b"private".to_vec());
    let verdict = verdict_of(&case);
    assert_eq!(verdict.attachments, AttachmentReport { held: 1, lacking: vec![away] });
    assert_eq!(verdict.specification, specification());

    let mut parts = members(&case.bundle(BEGIN));
    parts.push((format!("data/attachments/{}", crate::members::hex(&sha256(b"private"))), b"private".to_vec()));
    relist(&mut parts);
    assert_eq!(verify(&pack(&parts), &|_, _| {}).expect_err("put in").what, FailureKind::UnexpectedMember);

    case.files.insert(there, b"other bytes".to_vec());
    assert!(matches!(case.try_bundle_of(&case.record, BEGIN), Err(ExportError::Damaged(_))));
}

#[test]
fn words_for_people_say_what_the_line_says() {
    let case = Case::of_everything(60);
    let words = verdict_of(&case).in_words();
    for part in [
        "Verified: case Broken dishwasher (",
        "60 entries by 2 parties",
        "who signed that this was all its copy held",
        "two histories signed with one key",
        "Where actions stand",
        ": agreed",
        "Files that entries name: 3 in it, 0 not in it.",
    ] {
        assert!(words.contains(part), "{part} in {words}");
    }
    assert!(!words.contains("description of formats"), "{words}");
    assert!(words.lines().all(|line| line.chars().all(|c| !c.is_control())));
}

/// Where nothing but terms was agreed, that is the point of the case: it is named, and by what they are called.
#[test]
fn agreements_that_are_no_actions_are_named() {
    let topic = |n: usize| match n {
        0 => Topic::Terms {
            terms: None,
            title: "Consent to data\u{200F}".to_owned(),
            text: Sealable::Open("as long as the case lasts".to_owned()),
            seats: vec![Seat::Number(0), Seat::Number(1)],
        },
        1 => Topic::Item { key: "meter".to_owned(), value: ItemValue::Integer(4711) },
        _ => Topic::Close { close: None, summary: None },
    };
    // What is offered, in one proposal; whether it is accepted; what is told.
    let table: [(&[usize], bool, &[&str]); 4] = [
        (&[0], true, &["  #5 terms \u{201C}Consent to data<U+200F>\u{201D}: agreed"]),
        (&[0], false, &["  #5 terms \u{201C}Consent to data<U+200F>\u{201D}: proposed"]),
        (&[1, 2], true, &["  #5/1 the fact \u{201C}meter\u{201D}: agreed", "  #5/2 to close the case: agreed"]),
        (&[], true, &[]),
    ];
    for (offered, accepted, told) in table {
        let mut case = Case::new();
        let line_before = verdict_of(&case).to_json();
        if !offered.is_empty() {
            let subjects = offered.iter().map(|n| Subject { base: None, topic: topic(*n) }).collect();
            let signers = vec![Seat::Number(0), Seat::Number(1)];
            let offer = Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None };
            let revision = case.supplier_does(&Act::Propose(offer));
            if accepted {
                case.customer_does(&Act::Accept { revision, note: None });
            }
        }
        let verdict = verdict_of(&case);
        let words = verdict.in_words();
        assert!(told.iter().all(|told| words.lines().any(|line| line == *told)), "{told:?}\n{words}");
        assert_eq!(words.contains("Where other agreements stand"), !told.is_empty(), "{words}");
        // The line for programs has the keys that docs/protocol.md names, and no others.
        let keys = |line: &str| match serde_json::from_str(line).expect("JSON") {
            serde_json::Value::Object(keys) => keys.keys().cloned().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(keys(&verdict.to_json()), keys(&line_before));
    }
}

#[test]
fn a_key_that_may_be_in_wrong_hands_is_warned_of() {
    for (reason, warns) in [(RevokeReason::Ended, false), (RevokeReason::Compromised, true)] {
        let mut case = Case::of(12);
        let supplier = &case.supplier;
        let root = SigningKey::from_bytes(&[20; 32]);
        let head = supplier.logs.head(&supplier.author.party).expect("its log");
        let event = keylog::revoke(&head, &EventSigner::Root(&root), &supplier.author.grant, reason, BEGIN);
        case.record.apply_key_event(&event).expect("a good event");
        let words = verdict_of(&case).in_words();
        let line = words.lines().find(|line| line.starts_with("WARNING: "));
        assert_eq!(line.is_some(), warns, "{words}");
        if let Some(line) = line {
            assert!(line.contains("WARNING: by the key log of Acme Ltd (") && line.contains("1 Jun 2026"), "{line}");
            assert!(line.contains("ended, because its key is in wrong hands, or may be. It signed "), "{line}");
        }
    }
}

/// The page gives the README's checksum, so that a verifier can be written from it alone.
#[test]
fn the_protocol_page_knows_the_readme() {
    let parts = members(&Case::opened().bundle(BEGIN));
    let page = include_str!("../../../../docs/protocol.md");
    let sha = crate::members::hex(&sha256(find(&parts, "data/README.txt")));
    assert!(page.contains(&format!("SHA-256 `{sha}`")), "{sha} stands in docs/protocol.md");
    let rules = include_str!("../../../../docs/rules.md");
    assert_eq!(find(&parts, "data/specification.md"), format!("{page}{rules}").as_bytes());
}
