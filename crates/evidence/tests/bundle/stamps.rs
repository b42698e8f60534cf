//! Time stamps in a bundle: believed by the verifier's roots alone, and never broken ones.

use counterpart_core::{
    id::EntryId,
    stamp::{KeptStamp, imprint},
};
use counterpart_evidence::{Evidence, Failure, Roots, StampStatus, Verdict, verify, verify_with};
use serde_json::Value;

use crate::{
    case::Case,
    maker,
    members::{Members, hex, members, pack, relist_signed, replace, sha256},
};

const LATER: i64 = 1_790_000_000_000;
/// Ten minutes after the case began.
const TIME: &str = "20260601091000Z";
const AT: i64 = 1_780_305_000_000;

fn roots() -> Roots {
    Roots::read(maker::ROOT).expect("a root")
}

fn believing(bundle: &[u8]) -> Result<Verdict, Failure> {
    verify_with(bundle, Some(&roots()), &|_, _| {})
}

/// A case stamped as it stands, and then gone on with.
fn stamped() -> Case {
    let mut case = Case::of(12);
    let stamp = over(&case, case.record.graph().heads(), TIME);
    case.stamps.push(stamp);
    while case.record.graph().len() < 15 {
        case.supplier_does(&crate::case::note(99));
    }
    case
}

fn over(case: &Case, mut heads: Vec<EntryId>, time: &str) -> KeptStamp {
    heads.sort_unstable();
    let token = maker::token(&imprint(&case.record.case().expect("a case"), &heads), time);
    KeptStamp { heads, token }
}

/// The bundle with another member in the place of its stamp, signed for by the exporter.
fn with(case: &Case, stamp: &[u8]) -> Vec<u8> {
    let mut all: Members = members(&case.bundle(LATER));
    all.retain(|(name, _)| !name.starts_with("data/stamps/"));
    all.push((format!("data/stamps/{}.cbor", hex(&sha256(stamp))), stamp.to_vec()));
    relist_signed(&mut all, &case.customer.key, |word| word);
    pack(&all)
}

#[test]
fn what_a_stamp_proves_is_the_verifiers_choice() {
    let case = stamped();
    let bundle = case.bundle(LATER);
    let id = case.stamps[0].id();
    let names: Vec<String> = members(&bundle).into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&format!("data/stamps/{id}.cbor")));

    let unchecked = verify(&bundle, &|_, _| {}).expect("a good bundle");
    assert_eq!(unchecked.stamps.len(), 1);
    assert_eq!((unchecked.stamps[0].id, &unchecked.stamps[0].status), (id, &StampStatus::Unchecked));
    assert!(unchecked.in_words().contains("not checked: name the service's root certificate with --trust"));
    assert!(unchecked.entries.iter().all(|e| !matches!(e.not_after.map(|b| b.by), Some(Evidence::Stamp(_)))));

    let valid = believing(&bundle).expect("a good bundle");
    assert_eq!(valid.stamps[0].status, StampStatus::Valid { at: AT, service: Some("Example Time".to_owned()) });
    assert!(valid.in_words().contains("time stamp by Example Time"), "{}", valid.in_words());
    for (n, (entry, before)) in valid.entries.iter().zip(&unchecked.entries).enumerate() {
        let by_stamp = entry.not_after.filter(|bound| bound.by == Evidence::Stamp(id));
        match before.not_after {
            // Another party's word stays where it is no later.
            Some(word) if word.at <= AT => assert_eq!(entry.not_after, Some(word)),
            _ if n < 12 => assert_eq!(by_stamp.map(|bound| (bound.at, bound.party)), Some((AT, None)), "{n}"),
            word => assert_eq!(entry.not_after, word, "what came later is not covered"),
        }
    }
    assert!(valid.entries.iter().any(|e| matches!(e.not_after.map(|b| b.by), Some(Evidence::Stamp(_)))));

    // A certificate that the token brings along makes nobody believe it.
    let service = include_bytes!("../../../../tests/fixtures/time-stamp-service.der");
    let other = Roots::read(service).expect("a certificate");
    let untrusted = verify_with(&bundle, Some(&other), &|_, _| {}).expect("an unknown root is no failure");
    assert!(matches!(&untrusted.stamps[0].status, StampStatus::Untrusted(why) if why.contains("vouches")));
    assert_eq!(untrusted.entries, unchecked.entries);
}

#[test]
fn the_line_for_programs_is_as_documented() {
    let case = stamped();
    let json = |verdict: &Verdict| serde_json::from_str::<Value>(&verdict.to_json()).expect("JSON");
    let stamp = &case.stamps[0];
    let heads: Vec<String> = stamp.heads.iter().map(|head| head.to_hex()).collect();
    let valid = json(&believing(&case.bundle(LATER)).expect("a good bundle"));
    let of = |status: &str, at: Value, tsa: Value| serde_json::json!([{"at": at, "heads": heads, "sha256": stamp.id().to_hex(), "status": status, "tsa": tsa}]);
    assert_eq!(valid["stamps"], of("valid", AT.into(), "Example Time".into()));
    let bound = serde_json::json!({"at": AT, "by": "stamp", "id": stamp.id().to_hex(), "party": null});
    assert!(valid["entries"].as_array().expect("a list").iter().any(|entry| entry["not_after"] == bound));
    let unchecked = json(&verify(&case.bundle(LATER), &|_, _| {}).expect("a good bundle"));
    assert_eq!(unchecked["stamps"], of("unchecked", Value::Null, Value::Null));
}

#[test]
fn a_broken_stamp_is_named() {
    let case = stamped();
    let good = case.stamps[0].clone();
    assert!(believing(&with(&case, &good.encode())).is_ok(), "put together again it is the same");
    let mut altered = good.clone();
    let last = altered.token.len() - 1;
    altered.token[last] ^= 1;
    let first = case.record.graph().all().next().expect("the opening");
    let other_heads = KeptStamp { heads: vec![case.record.graph().id(first)], ..good.clone() };
    let unknown = over(&case, vec![EntryId([7; 32])], TIME);
    let garbage = KeptStamp { token: b"no token".to_vec(), ..good.clone() };
    let broken = [
        (altered.encode(), "signature does not fit"),
        (other_heads.encode(), "the hash in it is another"),
        (unknown.encode(), "which is not here"),
        (garbage.encode(), "cannot be read"),
        (good.token.clone(), "cannot be read"),
        (Vec::new(), "cannot be read"),
    ];
    for (bytes, words) in broken {
        let bundle = with(&case, &bytes);
        // Whomever one trusts.
        for failure in [verify(&bundle, &|_, _| {}), believing(&bundle)] {
            let failure = failure.expect_err(words);
            assert_eq!(failure.what.as_str(), "bad_stamp", "{failure}");
            let name = format!("data/stamps/{}.cbor", hex(&sha256(&bytes)));
            assert_eq!(failure.member, Some(name));
            assert!(failure.message.contains(words), "{failure}");
        }
    }
}

#[test]
fn a_stamp_under_another_name_was_altered() {
    let case = stamped();
    let mut all = members(&case.bundle(LATER));
    let name = format!("data/stamps/{}.cbor", case.stamps[0].id());
    let other = over(&case, case.stamps[0].heads.clone(), "20260601091001Z");
    replace(&mut all, &name, other.encode());
    relist_signed(&mut all, &case.customer.key, |word| word);
    let failure = believing(&pack(&all)).expect_err("another stamp under its name");
    assert_eq!((failure.what.as_str(), failure.member.as_deref()), ("altered_member", Some(name.as_str())));
}

#[test]
fn more_stamps_than_may_be_are_refused_and_an_exporter_leaves_out_what_does_not_hold() {
    let mut case = Case::of(6);
    let one = over(&case, case.record.graph().heads(), TIME);
    // As many tokens as asked: what is not signed may differ.
    let several = |n: u32| {
        let mut token = one.token.clone();
        token.truncate(token.len() - 1);
        KeptStamp { token: [token, n.to_be_bytes().to_vec()].concat(), ..one.clone() }
    };
    let mut all = members(&case.bundle(LATER));
    for n in 0..1025 {
        let bytes = several(n).encode();
        all.push((format!("data/stamps/{}.cbor", hex(&sha256(&bytes))), bytes));
    }
    relist_signed(&mut all, &case.customer.key, |word| word);
    let failure = believing(&pack(&all)).expect_err("too many");
    assert_eq!((failure.what.as_str(), failure.member), ("too_large", None));

    // What does not hold, and what is there twice, an exporter leaves out.
    case.stamps = vec![one.clone(), several(1), one];
    let verdict = believing(&case.bundle(LATER)).expect("a good bundle");
    assert_eq!(verdict.stamps.len(), 1);
}
