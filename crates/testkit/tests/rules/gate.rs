//! Every refusal of the gate, met by a statement made for it.

use counterpart_core::{
    act::Act,
    cbor::{self, Value},
    envelope::Envelope,
    gate::Refusal,
    id::{Domain, EntryId},
    keylog::{KeyLogs, RevokeReason},
    statement::{DecodeError, Entry, KeyCitation, Statement},
    value::Seat,
};

use crate::world::*;

/// What B1's copy says to a note of A1 that was changed before it was signed.
fn refused(change: impl FnOnce(&mut World, &mut Statement)) -> Refusal {
    let mut w = World::two();
    let mut statement = w.statement(A1, &note("one"));
    change(&mut w, &mut statement);
    let bytes = w.seal(A1, &statement);
    w.refusal(B1, &bytes)
}

#[test]
fn what_cannot_be_read() {
    let mut w = World::two();
    assert!(matches!(w.refusal(B1, &[1, 2, 3]), Refusal::Decode(DecodeError::Envelope(_))));
    // Past the envelope: a core of another format version, signed all the same.
    let other_version = cbor::header([(1, Some(Value::Int(2)))]).encode();
    let payload = Value::Array(vec![Value::Bytes(other_version), Value::from(&[0; 32])]).encode();
    let bytes = Envelope::sign(Domain::Entry, payload, &w.devices[A1].key).bytes().to_vec();
    assert_eq!(w.refusal(B1, &bytes), Refusal::Decode(DecodeError::Version(2)));
}

#[test]
fn a_statement_of_another_case() {
    assert_eq!(refused(|_, s| s.case.as_mut().expect("it has one").0[0] ^= 1), Refusal::OtherCase);
    let mut other = World::blank();
    let elsewhere = Act::Open(match open(1) {
        Act::Open(open) => counterpart_core::act::Open { nonce: [8; 16], ..open },
        _ => unreachable!("it opens"),
    });
    other.act(A1, &elsewhere);
    let foreign = other.force(A1, &note("elsewhere"));
    let graph = other.record(A1).graph();
    let bytes = graph.node(graph.find(&foreign).expect("here")).entry.bytes().to_vec();
    let mut w = World::two();
    assert_eq!(w.refusal(B1, &bytes), Refusal::OtherCase);
}

#[test]
fn an_edited_core() {
    let mut w = World::two();
    let statement = w.statement(A1, &note("one"));
    let mut bytes = w.seal(A1, &statement);
    let at = bytes.windows(3).position(|three| three == b"one").expect("the text stands open");
    bytes[at] = b'O';
    assert!(matches!(w.refusal(B1, &bytes), Refusal::Signature(_)));
}

#[test]
fn a_signature_of_another_device() {
    let mut w = World::two();
    let statement = w.statement(A1, &note("one"));
    let bytes = w.seal(A2, &statement);
    assert!(matches!(w.refusal(B1, &bytes), Refusal::Signature(_)));
}

#[test]
fn deps_out_of_order_twice_or_none() {
    assert_eq!(refused(|_, s| s.deps.clear()), Refusal::DepsShape);
    assert_eq!(refused(|_, s| s.deps.push(s.deps[0])), Refusal::DepsShape);
    let descending = refused(|_, s| {
        s.deps = vec![EntryId([2; 32]), EntryId([1; 32])];
    });
    assert_eq!(descending, Refusal::DepsShape);
}

#[test]
fn a_feed_that_begins_or_goes_on_in_the_wrong_form() {
    assert_eq!(refused(|_, s| s.prev = None), Refusal::FeedShape);
    assert_eq!(refused(|_, s| s.seq = 1), Refusal::FeedShape);
    // Without a case id it would be a case of its own.
    assert_eq!(refused(|_, s| s.case = None), Refusal::OtherCase);
    // A second opening is another case.
    let mut w = World::two();
    let mut statement = w.statement(A1, &open(1));
    statement.deps.clear();
    statement.prev = None;
    statement.seq = 1;
    let bytes = w.seal(A1, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::OtherCase);
}

#[test]
fn key_log_points_in_the_wrong_form() {
    let point = |w: &World, device| w.record(A1).logs().head(&w.party(device)).expect("a log");
    let descending = refused(|w, s| {
        s.keys = vec![point(w, A1), point(w, B1)];
        s.keys.sort_by_key(|k| std::cmp::Reverse(k.party));
    });
    assert_eq!(descending, Refusal::KeysShape);
    // Cited before at that position already: B's by its first entry.
    assert_eq!(refused(|w, s| s.keys = vec![point(w, B1)]), Refusal::KeysShape);
    // Equal, though not a feed's first.
    assert_eq!(refused(|w, s| s.keys = vec![point(w, A1)]), Refusal::KeysShape);
    // Going back.
    let back = refused(|w, s| {
        let now = point(w, B1);
        let before = w.record(A1).logs().event(&now.event).and_then(|e| e.prev).expect("not the first");
        s.keys = vec![KeyCitation { position: now.position - 1, event: before, ..now }];
    });
    assert_eq!(back, Refusal::KeysShape);
    // A feed's first always cites its own.
    let mut w = World::two();
    let mut statement = w.statement(A2, &note("one"));
    statement.keys.clear();
    let bytes = w.seal(A2, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::KeysShape);
}

#[test]
fn what_rests_on_something_missing_is_parked_and_passes_later() {
    let mut w = World::two();
    let first = w.act(A1, &note("one"));
    let second = w.statement(A1, &note("two"));
    let bytes = w.seal(A1, &second);
    let refusal = w.refusal(B1, &bytes);
    assert!(refusal.is_parked());
    assert_eq!(refusal, Refusal::MissingEntries(vec![first]));
    w.deliver(A1, B1);
    assert!(w.devices[B1].record.apply_bytes(&bytes).is_ok());
}

#[test]
fn what_relies_on_a_missing_key_event_is_parked() {
    let strange = refused(|w, s| {
        let known = w.record(A1).logs().head(&w.party(B1)).expect("a log");
        s.keys =
            vec![KeyCitation { position: known.position + 1, event: counterpart_core::id::EventId([3; 32]), ..known }];
    });
    assert!(strange.is_parked());
    assert!(matches!(strange, Refusal::MissingKeys(ref missing) if missing.len() == 1));
}

#[test]
fn heads_that_are_no_antichain() {
    let refusal = refused(|w, s| {
        let open = w.record(A1).graph().all().next().expect("open");
        s.deps.push(w.record(A1).graph().id(open));
        s.deps.sort_unstable();
    });
    assert_eq!(refusal, Refusal::NotAntichain);
}

#[test]
fn a_feed_that_is_not_one_line() {
    // It skips a position.
    assert_eq!(refused(|_, s| s.seq += 1), Refusal::NotLinear);
    // It follows another device's entry.
    let foreign = refused(|w, s| {
        let graph = w.record(A1).graph();
        let theirs = graph.tips_of(&w.devices[B1].author.device)[0];
        s.prev = Some(graph.id(theirs));
        s.seq = graph.statement(theirs).seq + 1;
    });
    assert_eq!(foreign, Refusal::NotLinear);
    // It steps over an own entry that its past holds.
    let mut w = World::two();
    let before = w.statement(A1, &note("one"));
    w.act(A1, &note("another one"));
    w.sync_all();
    let mut statement = w.statement(A1, &note("three"));
    (statement.seq, statement.prev) = (before.seq, before.prev);
    let bytes = w.seal(A1, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::NotLinear);
    // The feed's previous entry is not in its past.
    let mut w = World::two();
    w.act(A1, &note("one"));
    w.sync_all();
    let mut statement = w.statement(A1, &note("two"));
    statement.deps.clone_from(&before.deps);
    let bytes = w.seal(A1, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::NotLinear);
}

#[test]
fn a_level_nobody_here_knows() {
    let mut w = World::blank();
    let statement = w.statement(A1, &open(2));
    let bytes = w.seal(A1, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::UnknownLevel(2));
}

#[test]
fn bodies_that_the_level_does_not_have() {
    assert!(matches!(refused(|_, s| s.kind = "dance".to_owned()), Refusal::Schema(_)));
    assert!(matches!(refused(|_, s| s.body = cbor::map([])), Refusal::Schema(_)));
    let surplus = cbor::map([("text", "one".into()), ("mood", "good".into())]);
    assert!(matches!(refused(|_, s| s.body = surplus), Refusal::Schema(_)));
    assert!(matches!(refused(|_, s| s.body = cbor::map([("text", Value::Int(1))])), Refusal::Schema(_)));
    let bidi = cbor::map([("text", "one\u{202E}".into())]);
    assert!(matches!(refused(|_, s| s.body = bidi), Refusal::Schema(_)));
    let mut w = World::two();
    let mut statement = w.statement(A1, &withdraw(EntryId([1; 32])));
    statement.body = cbor::map([("of", Value::Bytes(vec![1; 31]))]);
    let bytes = w.seal(A1, &statement);
    assert!(matches!(w.refusal(B1, &bytes), Refusal::Schema(_)));
}

#[test]
fn a_grant_that_does_not_stand_or_is_anothers() {
    assert_eq!(refused(|_, s| s.grant.0[0] ^= 1), Refusal::NoGrant);
    assert_eq!(refused(|w, s| s.grant = w.devices[A2].author.grant), Refusal::NoGrant);
    assert_eq!(refused(|w, s| s.grant = w.devices[B1].author.grant), Refusal::NoGrant);
}

#[test]
fn a_grant_granted_only_after_the_point_that_is_cited() {
    let mut w = World::two();
    let mut statement = w.statement(A2, &note("one"));
    // A2's grant stands at position 3.
    let own = statement.keys[0];
    let before = w.record(A1).logs().event(&own.event).and_then(|e| e.prev).expect("not the first");
    statement.keys[0] = KeyCitation { position: own.position - 1, event: before, ..own };
    let bytes = w.seal(A2, &statement);
    // The past cites A's log as far as its end.
    assert_eq!(w.refusal(B1, &bytes), Refusal::KeysShape);
}

#[test]
fn a_revoked_grant_in_the_past_of_the_act() {
    for reason in [RevokeReason::Ended, RevokeReason::Compromised] {
        let mut w = World::two();
        let honest = w.statement(B1, &note("before"));
        let honest = w.seal(B1, &honest);
        w.revoke(B1, reason);
        // Citing the revocation oneself.
        let mut citing = w.statement(B1, &note("after"));
        citing.keys = vec![w.record(B1).logs().head(&w.party(B1)).expect("a log")];
        let citing = w.seal(B1, &citing);
        assert_eq!(w.refusal(A1, &citing), Refusal::Revoked(reason));
        // What does not know the revocation passes the gate.
        assert!(w.devices[A1].record.apply_bytes(&honest).is_ok());
    }
}

#[test]
fn a_revocation_that_somebody_elses_entry_cites() {
    let mut w = World::two();
    w.revoke(B1, RevokeReason::Ended);
    // An honest draft cites the news.
    w.act(A1, &note("I know of it"));
    w.deliver(A1, B1);
    let late = w.statement(B1, &note("after"));
    let late = w.seal(B1, &late);
    assert_eq!(w.refusal(A1, &late), Refusal::Revoked(RevokeReason::Ended));
}

#[test]
fn an_author_who_was_never_admitted() {
    let mut w = World::two();
    w.deliver(A1, C1);
    w.deliver(A1, D1);
    let statement = w.statement(C1, &note("let me in"));
    let bytes = w.seal(C1, &statement);
    assert_eq!(w.refusal(B1, &bytes), Refusal::NotAdmitted);
    // Admitted, but not in this past.
    let before = w.statement(D1, &note("early"));
    let inv = w.act(A1, &invite(Seat::Number(2)));
    let admit = w.admit(D1, Seat::Number(2), inv, None);
    w.force(A1, &admit);
    w.sync_all();
    let bytes = w.seal(D1, &before);
    assert_eq!(w.refusal(B1, &bytes), Refusal::NotAdmitted);
}

#[test]
fn another_change_than_the_statement_makes() {
    let mut w = World::two();
    let one = w.statement(A1, &note("one"));
    let other = w.statement(A1, &note("other"));
    let other = w.seal(A1, &other);
    let change = Entry::decode(&other).expect("own").change;
    let bytes = Entry::sign(&one, change, &w.devices[A1].key).bytes().to_vec();
    assert_eq!(w.refusal(B1, &bytes), Refusal::Change);
}

#[test]
fn a_replay_is_a_duplicate_and_a_second_signature_too() {
    let mut w = World::two();
    let entry = w.act(A1, &note("one"));
    w.sync_all();
    let before = w.record(B1).graph().len();
    w.deliver(A1, B1);
    assert_eq!(w.record(B1).graph().len(), before);
    assert!(w.record(B1).graph().find(&entry).is_some());
}

#[test]
fn an_empty_copy_parks_everything_but_an_opening() {
    let w = World::two();
    let graph = w.record(A1).graph();
    let mut copy = w.empty_copy();
    let all: Vec<_> = graph.all().map(|ix| graph.node(ix).entry.bytes().to_vec()).collect();
    for bytes in all.iter().skip(1) {
        assert!(copy.apply_bytes(bytes).is_err_and(|r| r.is_parked()));
    }
    assert!(copy.graph().is_empty());
    let mut without_logs = counterpart_core::record::Record::new();
    assert!(without_logs.apply_bytes(&all[0]).is_err_and(|r| matches!(r, Refusal::MissingKeys(_))));
    assert!(KeyLogs::new().head(&w.party(A1)).is_none());
}
