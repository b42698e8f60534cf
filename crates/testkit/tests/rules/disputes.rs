//! Disputes, and what an arbiter's decision changes for whom.

use counterpart_core::{
    act::{Act, Outcome, Role, Subject, Topic},
    id::EntryId,
    value::{ActionId, Seat},
};

use crate::{shown::*, world::*};

fn concede(dispute: EntryId) -> Act {
    Act::Concede { dispute, note: None }
}

fn settle(dispute: EntryId) -> Act {
    Act::Settle { dispute, revision: None, note: None }
}

fn decide(dispute: EntryId, outcome: Option<Outcome>) -> Act {
    Act::Decide { dispute, decision: text("heard and weighed"), outcome }
}

/// An agreed action that A disputes, known to all.
fn disputed() -> (World, EntryId, ActionId, EntryId) {
    disputed_in(World::with_arbiter())
}

fn disputed_in(mut w: World) -> (World, EntryId, ActionId, EntryId) {
    let (r, action) = w.agreed();
    let disputed = w.act(A1, &dispute(r));
    w.sync_all();
    (w, r, action, disputed)
}

#[test]
fn a_dispute_is_shown_and_changes_nothing() {
    let (mut w, r, action, _) = disputed();
    assert_eq!(w.word(action), "agreed");
    assert!(w.shows(action, "disputed"));
    w.act(B1, &declare(r));
    assert_eq!(w.word(action), "declared");
    assert!(w.shows(action, "disputed"));
}

#[test]
fn only_signers_dispute_what_was_agreed() {
    let mut w = World::three();
    let (r, action) = w.agreed();
    w.idle(C1, &dispute(r));
    assert!(!w.shows(action, "disputed"));
    for by in [A2, B1] {
        let mut w = World::two();
        let (r, action) = w.agreed();
        w.act(by, &dispute(r));
        assert!(w.shows(action, "disputed"));
    }
}

#[test]
fn a_declare_and_an_accept_are_disputed_by_signers_only() {
    let mut w = World::three();
    let (_, action, done) = w.declared();
    w.idle(C1, &dispute(done));
    let said = w.act(A1, &dispute(done));
    assert_eq!(w.why(said), "effective");
    assert!(w.shows(action, "disputed"));
}

#[test]
fn anybody_disputes_what_belongs_to_no_agreement() {
    let mut w = World::three();
    let said = w.act(A1, &note("it was raining"));
    w.sync_all();
    let no = w.act(C1, &dispute(said));
    assert_eq!(w.why(no), "effective");
    w.idle(C1, &dispute(EntryId([7; 32])));
}

#[test]
fn what_is_not_known_cannot_be_disputed() {
    let mut w = World::two();
    let said = w.act(B1, &note("it was raining"));
    w.idle(A1, &dispute(said));
}

#[test]
fn another_party_concedes_and_the_disputer_settles() {
    for (device, act, ends) in [
        (B1, concede as fn(EntryId) -> Act, true),
        (A1, concede, false),
        (A2, concede, false),
        (A1, settle, true),
        (A2, settle, true),
        (B1, settle, false),
    ] {
        let (mut w, _, action, disputed) = disputed();
        if ends {
            w.act(device, &act(disputed));
        } else {
            w.idle(device, &act(disputed));
        }
        assert_eq!(w.shows(action, "disputed"), !ends, "{device}");
        assert_eq!(w.word(action), "agreed");
    }
}

#[test]
fn one_dispute_ends_and_another_goes_on() {
    let (mut w, r, action, first) = disputed();
    let second = w.act(B1, &dispute(r));
    w.sync_all();
    w.act(B1, &concede(first));
    assert!(w.shows(action, "disputed"));
    w.act(B1, &settle(second));
    assert!(!w.shows(action, "disputed"));
}

#[test]
fn a_dispute_may_be_settled_by_an_agreement() {
    let (mut w, _, action, disputed) = disputed();
    let change = w.amend(B1, action, "half price");
    w.sync_all();
    w.act(A1, &accept(change));
    w.act(A1, &Act::Settle { dispute: disputed, revision: Some(change), note: None });
    assert!(!w.shows(action, "disputed"));
    assert_eq!(w.in_force(action), [change]);
}

#[test]
fn the_arbiter_decides() {
    for (outcome, word) in [
        (Some(Outcome::Completed), "completed"),
        (Some(Outcome::Cancelled), "cancelled"),
        (Some(Outcome::Agreed), "agreed"),
        (None, "agreed"),
    ] {
        let (mut w, _, action, disputed) = disputed();
        let decided = w.act(E1, &decide(disputed, outcome));
        assert_eq!(w.why(decided), "effective");
        assert_eq!(w.word(action), word);
        if outcome.is_some() {
            assert!(!w.shows(action, "disputed"), "{outcome:?}");
        }
    }
}

#[test]
fn a_decision_ends_a_stop() {
    for outcome in [Outcome::Agreed, Outcome::Completed, Outcome::Cancelled] {
        let mut w = World::with_arbiter();
        let (r, action) = w.agreed();
        w.act(B1, &stop(r));
        w.sync_all();
        let disputed = w.act(A1, &dispute(r));
        assert_eq!(w.word(action), "stopped");
        w.act(E1, &decide(disputed, Some(outcome)));
        assert_eq!(w.word(action), outcome.as_str());
    }
}

#[test]
fn a_decision_without_an_outcome_ends_no_stop() {
    let mut w = World::with_arbiter();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    w.sync_all();
    let disputed = w.act(A1, &dispute(r));
    w.sync_all();
    w.act(E1, &decide(disputed, None));
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn a_stop_after_the_decision_stops() {
    let (mut w, r, action, disputed) = disputed();
    w.act(E1, &decide(disputed, Some(Outcome::Agreed)));
    w.sync_all();
    w.act(B1, &stop(r));
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn nobody_else_decides() {
    let (mut w, _, action, disputed) = disputed();
    for device in [A1, B1] {
        assert_eq!(w.idle(device, &decide(disputed, Some(Outcome::Cancelled))), "Role");
    }
    assert_eq!(w.word(action), "agreed");
    assert!(w.shows(action, "disputed"));
    w.idle(E1, &decide(EntryId([7; 32]), Some(Outcome::Cancelled)));
    let said = w.act(A1, &note("no dispute"));
    w.sync_all();
    w.idle(E1, &decide(said, Some(Outcome::Cancelled)));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn an_arbiter_does_nothing_but_decide_and_observe() {
    let (mut w, r, _, _) = disputed();
    for act in [dispute(r), accept(r), declare(r), stop(r), release(r)] {
        assert_eq!(w.idle(E1, &act), "Role", "{act:?}");
    }
    for act in [note("I look into it"), Act::Seen, Act::Acknowledge { entry: r, note: None }] {
        let said = w.act(E1, &act);
        assert_eq!(w.why(said), "effective");
    }
}

/// An arbiter named along with one action only, of two that were agreed.
fn named_for_one() -> (World, [ActionId; 2], [EntryId; 2]) {
    let mut w = World::two();
    let naming = Subject { base: None, topic: Topic::AdmitSeat { seat: seat(5) } };
    let both = w.agreed_on(vec![work("with an arbiter"), naming], &[B1]);
    w.bring_in(E1, 5, Some(both));
    w.sync_all();
    let (other, action) = w.agreed();
    (w, [action_of(both, 0), action], [both, other])
}

#[test]
fn a_naming_with_other_subjects_is_for_these() {
    let (mut w, actions, [both, other]) = named_for_one();
    let about = w.act(A1, &Act::Dispute { about: both, subject: Some(0), reason: text("not so") });
    w.sync_all();
    w.act(E1, &decide(about, Some(Outcome::Cancelled)));
    assert_eq!(w.word(actions[0]), "cancelled");
    let beside = w.act(A1, &dispute(other));
    w.sync_all();
    w.force(E1, &decide(beside, Some(Outcome::Cancelled)));
    assert_eq!(w.word(actions[1]), "agreed", "nobody named the arbiter for this");
}

#[test]
fn an_arbiter_has_only_what_it_was_named_for_itself() {
    let (mut w, actions, [_, other]) = named_for_one();
    let everything = Topic::AdmitNew { role: Role::Arbiter, label: text("another arbiter"), party: None };
    let named = w.agreed_on(vec![Subject { base: None, topic: everything }], &[B1]);
    let seat = Seat::Added(named, 0);
    let invite = w.act(A1, &invite(seat));
    let admit = w.admit(D1, seat, invite, Some(named));
    let admit = w.act(A1, &admit);
    w.deliver(A1, D1);
    w.act(D1, &Act::Join { admit });
    w.sync_all();
    let beside = w.act(A1, &dispute(other));
    w.sync_all();
    w.force(E1, &decide(beside, Some(Outcome::Cancelled)));
    assert_eq!(w.word(actions[1]), "agreed", "the other arbiter is named for all, this one is not");
    w.act(D1, &decide(beside, Some(Outcome::Cancelled)));
    assert_eq!(w.word(actions[1]), "cancelled");
}

#[test]
fn what_was_given_up_and_then_cancelled_counts_as_stopped() {
    let mut w = World::with_arbiter();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    w.sync_all();
    let disputed = w.act(A1, &dispute(r));
    w.sync_all();
    w.act(E1, &decide(disputed, Some(Outcome::Cancelled)));
    w.converge();
    assert_eq!(w.word(action), "cancelled");
    assert_eq!(w.ledger_of(1), [("stopped", 1)]);
}

#[test]
fn a_decision_binds_where_every_signer_signed_the_naming() {
    // C came later and signed no naming.
    let mut w = World::with_arbiter();
    let subject = Subject { base: None, topic: Topic::AdmitSeat { seat: seat(2) } };
    let revision = w.bargain(A1, vec![subject], &[B1]);
    w.deliver(B1, A1);
    w.bring_in(C1, 2, Some(revision));
    w.sync_all();
    let with_c = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
    let (without_c, action) = w.agreed();
    for (r, action, word) in [(with_c, action_of(with_c, 0), "agreed"), (without_c, action, "cancelled")] {
        let about = w.act(A1, &dispute(r));
        w.sync_all();
        w.force(E1, &decide(about, Some(Outcome::Cancelled)));
        assert_eq!(w.word(action), word);
    }
}

#[test]
fn a_later_agreement_goes_on_from_a_decision() {
    for outcome in [Outcome::Cancelled, Outcome::Completed, Outcome::Agreed] {
        let (mut w, _, action, disputed) = disputed();
        w.act(E1, &decide(disputed, Some(outcome)));
        w.sync_all();
        let again = w.amend(B1, action, "once more");
        assert_eq!(w.word(action), outcome.as_str(), "an offer alone changes nothing");
        w.act(A1, &accept(again));
        assert_eq!(w.word(action), "agreed");
        assert_eq!(w.in_force(action), [again]);
    }
}

#[test]
fn of_two_decisions_the_one_that_knows_the_other_holds() {
    let (mut w, _, action, disputed) = disputed();
    w.act(E1, &decide(disputed, Some(Outcome::Cancelled)));
    assert_eq!(w.word(action), "cancelled");
    w.force(E1, &decide(disputed, Some(Outcome::Agreed)));
    let word = w.word(action);
    assert!(word == "agreed" || word == "cancelled", "{word}: one of them, on every copy");
}

#[test]
fn one_subject_of_a_bundle_is_decided() {
    let mut w = World::with_arbiter();
    let r = w.agreed_on(vec![work("one"), work("two")], &[B1]);
    let about = w.act(A1, &Act::Dispute { about: r, subject: Some(1), reason: text("not so") });
    w.sync_all();
    assert!(!w.shows(action_of(r, 0), "disputed"));
    assert!(w.shows(action_of(r, 1), "disputed"));
    w.act(E1, &decide(about, Some(Outcome::Cancelled)));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    assert_eq!(w.word(action_of(r, 1)), "cancelled");
}

#[test]
fn without_a_naming_in_force_nothing_is_decided() {
    // The arbiter sits there by a first admission, which nobody signed as a naming.
    let mut w = World::alone();
    w.bring_in(E1, 5, None);
    w.sync_all();
    let naming = Subject { base: None, topic: Topic::AdmitSeat { seat: seat(1) } };
    let revision = w.propose(A1, vec![naming]);
    w.deliver(A1, E1);
    w.bring_in(B1, 1, Some(revision));
    w.sync_all();
    let (r, action) = w.agreed();
    let about = w.act(A1, &dispute(r));
    w.sync_all();
    w.force(E1, &decide(about, Some(Outcome::Cancelled)));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn what_is_conceded_after_a_decision_or_settled_twice_changes_nothing() {
    let (mut w, _, action, disputed) = disputed();
    w.act(E1, &decide(disputed, Some(Outcome::Completed)));
    w.sync_all();
    w.force(B1, &concede(disputed));
    w.force(A1, &settle(disputed));
    assert_eq!(w.word(action), "completed");
    assert!(!w.shows(action, "disputed"));
}
