//! Bundles written once and kept for ever: what was signed verifies with every later version.

use counterpart_evidence::{Effect, verify};

/// The demo's case, bundle version 1: two parties, a crossing of offers, a rejection, a closing.
const BROADBAND: &[u8] = include_bytes!("../../../tests/fixtures/broadband-1.zip");
const CASE: &str = "6f613b0d97666d3b1d7c762a295b860c8d5005c666003a99ff58e24c1e81d9d1";
const HEAD: &str = "1abd269de32fd5155dc978225d0b8d25bae7c9e48a97ab5445998c563b32c571";
const DOCUMENT_HEADS: &[&str] = &[
    "5202c7818aace7ef755f1666b6589b8bc71a1bb952b87f5fb3232b027c2e2b4d",
    "5b60b4f16725aafa7549d8459fae5dcb096eccd532c3f271f5ed4840a7c6b7f1",
];

#[test]
fn the_first_bundle_verifies_as_it_did() {
    let verdict = verify(BROADBAND, &|_, _| {}).expect("it verified when it was written");
    assert_eq!(verdict.case.to_hex(), CASE);
    assert_eq!(verdict.heads.iter().map(|h| h.to_hex()).collect::<Vec<_>>(), [HEAD]);
    assert_eq!(verdict.document_heads.iter().map(|h| h.to_hex()).collect::<Vec<_>>(), DOCUMENT_HEADS);
    assert_eq!((verdict.entries.len(), verdict.receipts.len()), (43, 3));
    assert!(verdict.entries.iter().all(|e| e.effect == Effect::Effective));
    assert!(verdict.forks.is_empty() && verdict.without_effect.is_empty());
}
