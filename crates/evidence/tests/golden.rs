//! Bundles written once and kept for ever: what was signed verifies with every later version, and says the same.

use counterpart_evidence::{FailureKind, proof::Shape, verify};

/// The demo's case in bundle version 1, which was never released.
const OLDER: &[u8] = include_bytes!("../../../tests/fixtures/broadband-1.zip");
/// The demo's case: two parties, a crossing of offers, a rejection, a closing.
const BROADBAND: &[u8] = include_bytes!("../../../tests/fixtures/broadband-2.zip");
const BROADBAND_LINE: &str = include_str!("../../../tests/fixtures/broadband-2.json");
/// Random histories: forks, forked key logs, contradicted receipts, withheld values, files.
const HISTORIES: [&[u8]; 2] = [
    include_bytes!("../../../tests/fixtures/history-a-2.zip"),
    include_bytes!("../../../tests/fixtures/history-b-2.zip"),
];
const HISTORY_LINES: [&str; 2] = [
    include_str!("../../../tests/fixtures/history-a-2.json"),
    include_str!("../../../tests/fixtures/history-b-2.json"),
];
/// A random history in which a key log was forked, and a rotation decided.
const SETTLED: &[u8] = include_bytes!("../../../tests/fixtures/settled-2.zip");
const SETTLED_LINE: &str = include_str!("../../../tests/fixtures/settled-2.json");

#[test]
fn the_form_that_was_never_released_is_named() {
    let failure = verify(OLDER, &|_, _| {}).expect_err("an older form");
    assert_eq!((failure.what, failure.member.as_deref()), (FailureKind::OtherVersion, Some("bag-info.txt")));
    assert!(failure.message.contains("export the case again"), "{}", failure.message);
}

#[test]
fn kept_bundles_say_what_they_said() {
    let histories = HISTORIES.into_iter().zip(HISTORY_LINES);
    for (bundle, line) in histories.chain([(BROADBAND, BROADBAND_LINE), (SETTLED, SETTLED_LINE)]) {
        let verdict = verify(bundle, &|_, _| {}).expect("it verified when it was written");
        assert_eq!(verdict.to_json(), line);
    }
}

#[test]
fn a_fork_that_a_rotation_settled_is_proven_and_not_in_dispute() {
    for (bundle, disputed) in [(SETTLED, false), (HISTORIES[1], true)] {
        let verdict = verify(bundle, &|_, _| {}).expect("a good bundle");
        let proven = verdict.proofs.iter().filter(|p| matches!(p.shape, Shape::TwoKeyEvents(_))).map(|p| p.party);
        let proven: Vec<_> = proven.collect();
        assert!(!proven.is_empty());
        for party in &verdict.parties {
            assert_eq!(party.log_forked, disputed && proven.contains(&party.party));
        }
    }
}

/// Fixtures in which nothing happens would keep nothing.
#[test]
fn the_kept_histories_hold_what_they_are_kept_for() {
    let lines = HISTORY_LINES.concat();
    for part in [
        r#""forks":[{"#,
        r#""shape":"past_omitted""#,
        r#""shape":"receipt_contradicted""#,
        r#""shape":"two_key_events""#,
        r#""shape":"two_statements""#,
        r#""effect":"without_effect""#,
        r#""effect":"not_judged""#,
        r#""grade":"acknowledged""#,
        r#""grade":"contested""#,
        r#""log_forked":true"#,
        r#""by":"receipt""#,
        r#""after_fork""#,
        r#""held":"#,
    ] {
        assert!(lines.contains(part), "{part}");
    }
    let verdicts = HISTORIES.map(|bundle| verify(bundle, &|_, _| {}).expect("a good bundle"));
    assert!(verdicts.iter().any(|v| !v.lacking.is_empty()));
    assert!(verdicts.iter().any(|v| v.attachments.held > 0));
}
