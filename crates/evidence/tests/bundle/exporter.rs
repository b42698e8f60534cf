//! The exporter's word: who answers for a bundle, and for what.

use counterpart_core::{
    exporter::ExporterWord,
    keylog::{self, EventSigner, RevokeReason},
};
use counterpart_evidence::{Attachments, ExportError, Exporter, Failure, FailureKind, export, verify};

use crate::{
    case::{BEGIN, Case, Member, note},
    members::{Members, find, members, pack, relist, relist_signed, replace, retag},
};

fn failure(parts: &Members) -> Failure {
    verify(&pack(parts), &|_, _| {}).expect_err("an altered bundle")
}

fn bad(parts: &Members) {
    let found = failure(parts);
    assert_eq!((found.what, found.member.as_deref()), (FailureKind::BadExporter, Some("exporter.cose")));
}

#[test]
fn the_verdict_says_who_exported() {
    let case = Case::of(20);
    let verdict = verify(&case.bundle(BEGIN), &|_, _| {}).expect("a good bundle");
    assert_eq!((verdict.exporter.party, verdict.exporter.device), {
        let author = case.customer.author;
        (author.party, author.device)
    });
    let sign = |word: &ExporterWord| word.sign(&case.supplier.key);
    let other = Exporter { author: case.supplier.author, sign: &sign };
    let bundle = export(&case.record, BEGIN, &other, &Attachments::new(), &[]).expect("a member may");
    let verdict = verify(&bundle, &|_, _| {}).expect("a good bundle");
    assert_eq!(verdict.exporter.party, case.supplier.author.party);
}

#[test]
fn every_false_word_of_the_exporter_is_refused() {
    let case = Case::of(20);
    let good = members(&case.bundle(BEGIN));
    let changes: [&dyn Fn(&mut ExporterWord); 7] = [
        &|word| word.case.0[0] ^= 1,
        &|word| word.party = case.supplier.author.party,
        &|word| word.grant = case.supplier.author.grant,
        &|word| word.log.position += 1,
        &|word| word.log.event = case.supplier.author.grant,
        &|word| word.entries += 1,
        &|word| word.manifest[0] ^= 1,
    ];
    for change in changes {
        let mut parts = good.clone();
        relist_signed(&mut parts, &case.customer.key, |mut word| {
            change(&mut word);
            word
        });
        bad(&parts);
    }
    // By the time of export everything is made anew.
    let mut parts = good.clone();
    relist_signed(&mut parts, &case.customer.key, |word| ExporterWord { at: word.at + 86_400_000, ..word });
    assert_eq!(failure(&parts).what, FailureKind::TimelineDiffers);
    // Somebody else's signature.
    let mut parts = good.clone();
    relist_signed(&mut parts, &case.supplier.key, |word| word);
    bad(&parts);
    // No word at all.
    let mut parts = good.clone();
    replace(&mut parts, "exporter.cose", Vec::new());
    retag(&mut parts);
    bad(&parts);
    assert_eq!(pack(&good), case.bundle(BEGIN));
}

/// A stranger who has the bundle can leave out what nothing rests on, and sign for that: nobody let him in.
#[test]
fn a_stranger_cannot_answer_for_a_bundle() {
    let case = Case::of(20);
    let stranger = Member::new(30);
    let mut parts = members(&case.bundle(BEGIN));
    for event in &stranger.events {
        let log = &stranger.logs;
        let event = log.of_party(&stranger.author.party).find(|e| e.bytes() == event).expect("its own");
        let name = format!("data/keys/{}/{:06}-{}.cose", event.party, event.position, event.id);
        parts.push((name, event.bytes().to_vec()));
    }
    relist_signed(&mut parts, &stranger.key, |word| ExporterWord {
        party: stranger.author.party,
        device: stranger.author.device,
        grant: stranger.author.grant,
        log: stranger.logs.head(&stranger.author.party).expect("a log"),
        ..word
    });
    bad(&parts);
    // And without his word, his key log is one that nothing rests on.
    let original = members(&case.bundle(BEGIN));
    replace(&mut parts, "exporter.cose", find(&original, "exporter.cose").to_vec());
    relist(&mut parts);
    let found = failure(&parts);
    assert_eq!(found.what, FailureKind::UnexpectedMember, "{found}");
    assert!(found.member.is_some_and(|name| name.contains(&stranger.author.party.to_hex())));
}

/// Nothing rests on the newest entry and its receipt, so only the exporter's word shows that they were taken out.
#[test]
fn the_newest_entries_cannot_be_taken_out_by_who_did_not_export() {
    let mut case = Case::of(20);
    let before = case.bundle(BEGIN);
    case.customer_does(&note(21));
    let now = case.bundle(BEGIN);
    let (before, mut parts) = (members(&before), members(&now));
    parts.retain(|(name, _)| find(&before, name) != b"");
    for name in ["data/record.automerge", "data/timeline.txt"] {
        replace(&mut parts, name, find(&before, name).to_vec());
    }
    relist(&mut parts);
    bad(&parts);
}

#[test]
fn a_device_that_lost_its_leave_does_not_export() {
    let mut case = Case::of(20);
    let customer = case.customer.author;
    let head = case.record.logs().head(&customer.party).expect("a log");
    let signer = EventSigner::Admin { grant: customer.grant, key: &case.customer.key };
    let revoke = keylog::revoke(&head, &signer, &customer.grant, RevokeReason::Ended, BEGIN);
    case.record.apply_key_event(&revoke).expect("a revocation");
    assert!(matches!(case.try_bundle_of(&case.record, BEGIN), Err(ExportError::NotAllowed)));
}
