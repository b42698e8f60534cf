//! R10 and R11: what a feed that forked, or that left out what it had received, loses.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    statement::Entry,
    value::{ActionId, Unit},
};

use crate::{shown::*, world::*};

/// A device's second statement at the position of its next one: what it signs besides an act.
struct Forked {
    /// The act's own branch.
    act: EntryId,
    /// The other branch, as bytes nobody has yet.
    other: Vec<u8>,
}

/// A device signs an act and, at the same position, a note; nobody has the note yet.
fn fork(w: &mut World, device: usize, act: &Act, at: i64) -> Forked {
    let before = std::mem::replace(&mut w.at, at - 2_000);
    let note = w.statement(device, &note("or did I?"));
    let other = w.seal(device, &note);
    let act = w.act(device, act);
    w.at = before;
    Forked { act, other }
}

fn reveal(w: &mut World, to: usize, branch: &[u8]) -> EntryId {
    w.devices[to].record.apply_bytes(branch).expect("a branch is an entry");
    Entry::decode(branch).expect("own").id
}

/// An agreement and two changes that crossed, known to all.
fn crossed() -> (World, ActionId, EntryId, EntryId) {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let one = w.propose(A1, vec![change_of(action, Some(r), "A's")]);
    let other = w.propose(B1, vec![change_of(action, Some(r), "B's")]);
    w.deliver(A1, B2);
    w.act(B2, &accept(one));
    w.deliver(B1, A2);
    w.act(A2, &accept(other));
    w.sync_all();
    (w, action, one, other)
}

#[test]
fn a_choose_by_a_feed_that_forked_there_does_not_count() {
    let (mut w, action, one, other) = crossed();
    let at = w.at + 5_000;
    let forked = fork(&mut w, B1, &choose(one), at);
    // As long as nobody has both branches, it does.
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [one]);
    reveal(&mut w, A1, &forked.other);
    assert_eq!(w.word(action), "crossed");
    // Another device of the chooser chooses.
    w.act(B2, &choose(other));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [other]);
}

#[test]
fn nor_does_a_choose_after_the_fork_on_either_branch() {
    for from_fork in [1, 2] {
        let (mut w, action, one, _) = crossed();
        let at = w.at + 5_000;
        let forked = fork(&mut w, B1, &note("a word"), at);
        if from_fork == 2 {
            w.act(B1, &note("another"));
        }
        w.act(B1, &choose(one));
        assert_eq!(w.word(action), "agreed");
        reveal(&mut w, A1, &forked.other);
        assert_eq!(w.word(action), "crossed");
    }
}

#[test]
fn a_choose_before_the_fork_counts() {
    let (mut w, action, one, _) = crossed();
    w.act(B1, &choose(one));
    w.sync_all();
    let at = w.at + 5_000;
    let forked = fork(&mut w, B1, &note("a word"), at);
    reveal(&mut w, A1, &forked.other);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [one]);
}

#[test]
fn a_fork_of_another_feed_takes_nothing_from_this_one() {
    for forker in [B4, A1] {
        let (mut w, action, one, _) = crossed();
        let at = w.at + 5_000;
        let forked = fork(&mut w, forker, &note("a word"), at);
        w.act(B1, &choose(one));
        reveal(&mut w, A2, &forked.other);
        assert_eq!(w.word(action), "agreed");
    }
}

fn cancellable() -> (World, EntryId, ActionId) {
    let mut w = World::two();
    let clause = CancelClause { by: seat(0), text: text("any time"), until: None };
    let terms = ActionTerms { cancel: vec![clause], ..terms("revocable", &[1], &[0]) };
    let subject = Subject { base: None, topic: Topic::Action { action: None, terms } };
    let r = w.agreed_on(vec![subject], &[B1]);
    (w, r, action_of(r, 0))
}

#[test]
fn a_cancel_by_a_feed_that_forked_does_not_count() {
    let (mut w, r, action) = cancellable();
    let at = w.at + 5_000;
    let forked = fork(&mut w, A1, &cancel(r, 0), at);
    assert_eq!(w.word(action), "cancelled");
    reveal(&mut w, B1, &forked.other);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
    w.act(A2, &cancel(r, 0));
    assert_eq!(w.word(action), "cancelled");
}

#[test]
fn a_deemed_approve_by_a_feed_that_forked_does_not_count() {
    let mut w = World::two();
    let terms = ActionTerms { deemed: Some((1, Unit::Hours)), ..terms("inspect it", &[1], &[0]) };
    let r = w.agreed_on(vec![Subject { base: None, topic: Topic::Action { action: None, terms } }], &[B1]);
    let action = action_of(r, 0);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    let got = w.act(A1, &note("it came"));
    w.sync_all();
    let at = w.record(A1).graph().statement(w.record(A1).graph().find(&got).expect("here")).at + 3_600_000;
    let forked = fork(&mut w, B1, &approve(done), at);
    assert_eq!(w.word(action), "completed");
    reveal(&mut w, A2, &forked.other);
    assert_eq!(w.word(action), "declared");
    w.act_at(B2, &approve(done), at);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn a_forked_feed_still_binds_its_party() {
    // An accept, a declare, an own approve, an allow: all that gives others something counts on every branch.
    let mut w = World::two();
    let (r, action) = w.offered();
    let at = w.at + 5_000;
    let forked = fork(&mut w, B1, &accept(r), at);
    reveal(&mut w, A1, &forked.other);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.why(forked.act), "effective");
    let mut w = World::two();
    let (_, action, done) = w.declared();
    let at = w.at + 5_000;
    let forked = fork(&mut w, A1, &approve(done), at);
    reveal(&mut w, B1, &forked.other);
    assert_eq!(w.word(action), "completed");
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    let at = w.at + 5_000;
    let forked = fork(&mut w, B1, &allow(asked), at);
    reveal(&mut w, A1, &forked.other);
    assert_eq!(w.word(action), "cancelled");
}

#[test]
fn both_of_two_accepted_branches_bind() {
    // B1 accepts one offer on one branch and another on the other.
    let mut w = World::two();
    let one = w.propose(A1, vec![work("one")]);
    let two = w.propose(A1, vec![work("two")]);
    w.sync_all();
    let at = w.at + 5_000;
    w.at = at;
    let first = w.statement(B1, &accept(one));
    let second = w.statement(B1, &accept(two));
    for (statement, to) in [(first, A1), (second, A2)] {
        let bytes = w.seal(B1, &statement);
        reveal(&mut w, to, &bytes);
    }
    assert_eq!(w.word(action_of(one, 0)), "agreed");
    assert_eq!(w.word(action_of(two, 0)), "agreed");
}

#[test]
fn a_closing_on_a_forked_branch_works_only_on_those_who_have_it() {
    // B1 declines on one branch; A, who has the other, goes on.
    let mut w = World::two();
    let (r, action) = w.offered();
    w.at += 5_000;
    let no = w.statement(B1, &decline(r));
    let word = w.statement(B1, &note("let me think"));
    let no = w.seal(B1, &no);
    let word = w.seal(B1, &word);
    reveal(&mut w, B2, &word);
    w.act(B2, &accept(r));
    reveal(&mut w, A1, &no);
    assert_eq!(w.word(action), "agreed");
    // With the branch in its past, the accept is idle.
    let mut w = World::two();
    let (r, action) = w.offered();
    w.at += 5_000;
    let no = w.statement(B1, &decline(r));
    let word = w.statement(B1, &note("let me think"));
    let no = w.seal(B1, &no);
    let word = w.seal(B1, &word);
    reveal(&mut w, B2, &no);
    reveal(&mut w, A1, &word);
    assert_eq!(w.idle(B2, &accept(r)), "Declined");
    assert_eq!(w.word(action), "declined");
}

// R11.

/// A offers, withdraws, and B's first device has received the withdraw, but accepts as if it had not.
struct Omitted {
    w: World,
    r: EntryId,
    action: ActionId,
    withdrawn: EntryId,
    accepted: EntryId,
    /// How many statements B's device had signed when it gave the receipt.
    seq: u32,
}

fn omitted() -> Omitted {
    let mut w = World::three();
    let (r, action) = w.offered();
    let withdrawn = w.act(A1, &withdraw(r));
    let seq = w.seq(B1);
    let accepted = w.act(B1, &accept(r));
    Omitted { w, r, action, withdrawn, accepted, seq }
}

#[test]
fn what_leaves_out_an_own_receipt_is_idle_once_proven() {
    for prover in [A1, A2] {
        let mut o = omitted();
        let receipt = o.w.receipt_for(B1, &[o.withdrawn], o.seq, 1_500_000);
        // The receipt alone changes nothing.
        assert_eq!(o.w.word(o.action), "agreed");
        assert_eq!(o.w.requests_on(o.action), [o.withdrawn]);
        o.w.act(prover, &prove(&receipt));
        assert_eq!(o.w.word(o.action), "withdrawn");
        assert!(o.w.in_force(o.action).is_empty());
    }
}

#[test]
fn who_signs_nothing_of_it_cannot_help_a_party_out() {
    // B's receipt with a false position, made after the fact, and a friend who merely watches.
    let mut o = omitted();
    let receipt = o.w.receipt_for(B1, &[o.withdrawn], o.seq, 1_500_000);
    o.w.sync_all();
    o.w.act(C1, &prove(&receipt));
    assert_eq!(o.w.word(o.action), "agreed");
    o.w.act(A1, &prove(&receipt));
    assert_eq!(o.w.word(o.action), "withdrawn");
}

#[test]
fn the_own_party_cannot_prove_its_way_out() {
    let mut o = omitted();
    let receipt = o.w.receipt_for(B1, &[o.withdrawn], o.seq, 1_500_000);
    o.w.sync_all();
    for own in [B1, B2] {
        o.w.force(own, &prove(&receipt));
        assert_eq!(o.w.word(o.action), "agreed");
    }
    assert_eq!(o.w.in_force(o.action), [o.r]);
}

#[test]
fn a_receipt_given_after_the_statement_shows_nothing() {
    let mut o = omitted();
    let receipt = o.w.receipt_for(B1, &[o.withdrawn], o.seq + 1, 1_500_000);
    o.w.act(A1, &prove(&receipt));
    assert_eq!(o.w.word(o.action), "agreed");
}

#[test]
fn a_receipt_of_the_partys_other_device_voids_nothing_and_is_shown() {
    // The other device had the withdraw when the accept was signed, or a moment later.
    for (later, shown) in [(0, true), (1, false)] {
        let mut o = omitted();
        let signed = o.w.record(B1).graph().find(&o.accepted).expect("the accept");
        let at = o.w.record(B1).graph().statement(signed).at;
        let receipt = o.w.receipt_for(B2, &[o.withdrawn], 0, at + later);
        assert!(!o.w.shows(o.action, "accepted_after_receipt"), "nobody has embedded it");
        o.w.act(A1, &prove(&receipt));
        assert_eq!(o.w.word(o.action), "agreed");
        assert_eq!(o.w.shows(o.action, "accepted_after_receipt"), shown);
    }
}

#[test]
fn a_receipt_of_what_the_statement_holds_shows_nothing() {
    let mut o = omitted();
    let (r, seq) = (o.r, o.seq);
    let receipt = o.w.receipt_for(B1, &[r], seq, 1_500_000);
    o.w.act(A1, &prove(&receipt));
    assert_eq!(o.w.word(o.action), "agreed");
}

#[test]
fn all_that_the_feed_signed_on_without_it_is_idle() {
    // The accept was honest; what came after it, with a receipt between, was not.
    let mut w = World::three();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    let seq = w.seq(B1);
    w.act(B1, &note("nothing heard"));
    w.act(B1, &declare(r));
    let receipt = w.receipt_for(B1, &[asked], seq, 1_500_000);
    assert_eq!(w.word(action), "declared");
    w.act(A1, &prove(&receipt));
    assert_eq!(w.word(action), "agreed");
    // Once it knows again, it goes on.
    w.act(B1, &declare(r));
    assert_eq!(w.word(action), "declared");
}

#[test]
fn a_proposal_that_left_something_out_is_no_offer() {
    let mut w = World::two();
    let news = w.act(A1, &note("we moved house"));
    let seq = w.seq(B1);
    let r = w.propose(B1, vec![work("at the old house")]);
    w.deliver(B1, A2);
    w.act(A2, &accept(r));
    let receipt = w.receipt_for(B1, &[news], seq, 1_500_000);
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    w.act(A1, &prove(&receipt));
    assert_ne!(w.word(action_of(r, 0)), "agreed");
    assert!(w.in_force(action_of(r, 0)).is_empty());
}

#[test]
fn an_embedded_receipt_that_is_not_genuine_shows_nothing() {
    let mut o = omitted();
    let mut receipt = o.w.receipt_for(B1, &[o.withdrawn], o.seq, 1_500_000);
    let last = receipt.len() - 1;
    receipt[last] ^= 1;
    o.w.idle(A1, &prove(&receipt));
    assert_eq!(o.w.word(o.action), "agreed");
    assert_eq!(o.w.why(o.accepted), "effective");
    assert!(!o.w.is_crossed(&SubjectKey::Action(o.action)));
}

#[test]
fn a_time_stamp_is_kept_and_not_judged() {
    let mut w = World::two();
    let act = Act::Prove { what: counterpart_core::act::Proof::TimeStamp, data: vec![1, 2, 3], about: None };
    let token = w.force(A1, &act);
    assert_eq!(w.why(token), "not judged");
    let (_, action) = w.agreed();
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn a_receipt_against_the_admission_of_whoever_embeds_it_is_found_alike_everywhere() {
    // B's receipt, embedded by C, speaks against the very accept that let C in.
    let mut w = World::three();
    let (r, action) = w.agreed();
    let said = w.act(C1, &note("I am here"));
    w.sync_all();
    let receipt = w.receipt_for(B1, &[said], 1, 1_500_000);
    w.bargain(B1, vec![change_of(action, Some(r), "B's")], &[A2]);
    w.act(C1, &prove(&receipt));
    w.act(C1, &note("go on"));
    w.deliver(C1, B2);
    w.act(B2, &note("what?"));
    w.converge();
    let first = w.word(action);
    w.act(A1, &note("what?"));
    assert_eq!(w.word(action), first);
}
