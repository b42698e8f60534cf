//! R8: given up, or cancelled under a clause; and going on after these.

use counterpart_core::{
    act::{Act, CancelClause, Subject, Topic},
    id::EntryId,
    value::{ActionId, Due, Seat, Unit},
};

use crate::{shown::*, world::*};

// Stop.

#[test]
fn a_performer_gives_up_and_it_is_stopped() {
    for by in [B1, B2] {
        let mut w = World::two();
        let (r, action) = w.agreed();
        w.act(by, &stop(r));
        assert_eq!(w.word(action), "stopped");
    }
}

#[test]
fn only_a_performer_stops_and_only_what_is_in_force_and_not_completed() {
    let mut w = World::two();
    let (r, action) = w.offered();
    assert_eq!(w.idle(B1, &stop(r)), "NotInForce");
    w.act(B1, &accept(r));
    w.sync_all();
    assert_eq!(w.idle(A1, &stop(r)), "NotAPerformer");
    assert_eq!(w.word(action), "agreed");
    let mut w = World::two();
    let (r, action, _) = w.completed();
    assert_eq!(w.idle(B1, &stop(r)), "Completed");
    assert_eq!(w.word(action), "completed");
}

#[test]
fn what_is_given_up_is_not_given_up_again() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    assert_eq!(w.refuses(B1, &stop(r)), "Stopped");
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn nothing_is_declared_after_a_known_stop() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    w.sync_all();
    assert_eq!(w.refuses(B2, &declare(r)), "Stopped");
    assert_eq!(w.idle(B2, &declare(r)), "Stopped");
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn declared_while_another_device_gives_up() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    let done = w.act(B2, &declare(r));
    assert_eq!(w.word(action), "declared");
    // Taken back, the stop is what remains.
    w.act(B2, &undeclare(done));
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn declared_while_another_device_gives_up_and_then_approved() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    let done = w.act(B2, &declare(r));
    w.sync_all();
    w.act(A1, &approve(done));
    assert_eq!(w.word(action), "completed");
}

#[test]
fn giving_up_after_the_own_declare_stops_it() {
    let mut w = World::two();
    let (r, action, _) = w.declared();
    w.act(B1, &stop(r));
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn approved_while_given_up_is_completed() {
    let mut w = World::two();
    let (r, action, done) = w.declared();
    w.act(B1, &stop(r));
    w.act(A1, &approve(done));
    assert_eq!(w.word(action), "completed");
}

#[test]
fn given_up_while_an_amendment_is_agreed() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = w.bargain(A1, vec![change_of(action, Some(r), "second")], &[B1]);
    w.act(B2, &stop(r));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [change]);
    assert!(w.shows(action, "against_old_terms"));
}

#[test]
fn a_new_agreement_ends_a_stop() {
    for by in [A1, B1] {
        let mut w = World::two();
        let (r, action) = w.agreed();
        w.act(B2, &stop(r));
        w.sync_all();
        let other = if by == A1 { B1 } else { A1 };
        let again = w.bargain(by, vec![change_of(action, Some(r), "less")], &[other]);
        assert_eq!(w.word(action), "agreed");
        assert_eq!(w.in_force(action), [again]);
        assert!(!w.shows(action, "against_old_terms"), "the stop was known");
        w.act(B1, &declare(again));
        assert_eq!(w.word(action), "declared");
    }
}

#[test]
fn a_proposal_alone_does_not_end_a_stop() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    w.sync_all();
    w.amend(A1, action, "less");
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn what_was_stopped_can_be_released_and_stopped_only_where_named() {
    let mut w = World::two();
    let r = w.agreed_on(vec![work("first"), work("second")], &[B1]);
    w.act(B1, &Act::Stop { revision: r, subject: 1, reason: text("no more") });
    assert_eq!(w.word(action_of(r, 1)), "stopped");
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    w.idle(B1, &Act::Stop { revision: r, subject: 2, reason: text("what?") });
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.act(B1, &allow(asked));
    assert_eq!(w.word(action_of(r, 0)), "cancelled");
    assert_eq!(w.word(action_of(r, 1)), "cancelled");
}

#[test]
fn one_of_two_performers_gives_up() {
    let mut w = World::three();
    let r = w.agreed_on(vec![work_for("by two", &[1, 2], &[0])], &[B1, C1]);
    w.act(C1, &stop(r));
    assert_eq!(w.word(action_of(r, 0)), "stopped");
}

#[test]
fn a_rejected_declare_and_a_stop_that_knew_both() {
    let mut w = World::two();
    let (r, action, done) = w.declared();
    w.act(A1, &reject(done));
    w.sync_all();
    w.act(B1, &stop(r));
    assert_eq!(w.word(action), "stopped");
}

#[test]
fn progress_is_reported_by_performers_and_changes_nothing() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let progress = Act::Progress { revision: r, subject: 0, text: text("half way") };
    let said = w.act(B1, &progress);
    assert_eq!(w.why(said), "effective");
    assert_eq!(w.word(action), "agreed");
}

// Cancel.

fn clause(by: u32, until: Option<Due>) -> CancelClause {
    CancelClause { by: Seat::Number(by), text: text("may call it off"), until }
}

fn with_clauses(what: &str, clauses: Vec<CancelClause>) -> Subject {
    let terms = counterpart_core::act::ActionTerms { cancel: clauses, ..terms(what, &[1], &[0]) };
    Subject { base: None, topic: Topic::Action { action: None, terms } }
}

/// Work that A may call off by clause 1 until a time; clause 0 is B's, without an end.
fn cancellable() -> (World, EntryId, ActionId) {
    let mut w = World::two();
    let clauses = vec![clause(1, None), clause(0, Some(instant(UNTIL)))];
    let r = w.agreed_on(vec![with_clauses("revocable", clauses)], &[B1]);
    (w, r, action_of(r, 0))
}

#[test]
fn cancelled_under_a_clause_to_the_millisecond() {
    for (at, good) in [(UNTIL - 1, true), (UNTIL, true), (UNTIL + 1, false)] {
        let (mut w, r, action) = cancellable();
        let cancelled = w.force_at(A1, &cancel(r, 1), at);
        if good {
            assert_eq!(w.why(cancelled), "effective");
            assert_eq!(w.word(action), "cancelled");
            assert_eq!(w.standing(action), Some(cancelled));
        } else {
            assert_ne!(w.why(cancelled), "effective");
            assert_eq!(w.word(action), "agreed");
        }
    }
}

#[test]
fn a_clause_for_a_span_ends_that_long_after_the_agreement() {
    for (later, good) in [(0, true), (60_000, true), (60_001, false)] {
        let mut w = World::two();
        let until = Due::After { count: 1, unit: Unit::Minutes, zone: "Etc/UTC".to_owned() };
        let r = w.offer(vec![with_clauses("cooling off", vec![clause(0, Some(until))])]);
        let accepted = w.act_at(B1, &accept(r), 1_500_000);
        w.deliver(B1, A1);
        assert!(w.record(A1).graph().find(&accepted).is_some());
        let cancelled = w.force_at(A1, &cancel(r, 0), 1_500_000 + later);
        assert_eq!(w.why(cancelled), if good { "effective" } else { "ClauseExpired" }, "{later} ms later");
    }
}

#[test]
fn a_clause_without_an_end_has_none() {
    let (mut w, r, action) = cancellable();
    w.act_at(B2, &cancel(r, 0), UNTIL + 9_000_000);
    assert_eq!(w.word(action), "cancelled");
}

#[test]
fn a_clause_is_used_by_its_own_seat_only() {
    let (mut w, r, action) = cancellable();
    w.idle(B1, &cancel(r, 1));
    w.idle(A1, &cancel(r, 0));
    w.idle(A1, &cancel(r, 2));
    w.idle(A1, &Act::Cancel { revision: r, subject: 1, clause: 1, reason: None });
    assert_eq!(w.word(action), "agreed");
    // Without a clause, nobody.
    let (plain, plain_action) = w.agreed();
    w.idle(A1, &cancel(plain, 0));
    w.idle(B1, &cancel(plain, 0));
    assert_eq!(w.word(plain_action), "agreed");
}

#[test]
fn only_what_is_in_force_and_not_completed_is_cancelled() {
    let mut w = World::two();
    let r = w.propose(A1, vec![with_clauses("revocable", vec![clause(0, None)])]);
    w.sync_all();
    assert_eq!(w.idle(A1, &cancel(r, 0)), "NotInForce");
    w.act(B1, &accept(r));
    w.sync_all();
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(A1, &approve(done));
    w.sync_all();
    assert_eq!(w.idle(A1, &cancel(r, 0)), "Completed");
    assert_eq!(w.word(action_of(r, 0)), "completed");
}

#[test]
fn a_replaced_clause_is_gone() {
    let (mut w, r, action) = cancellable();
    let change = w.amend(A1, action, "without clauses");
    w.sync_all();
    w.act(B1, &accept(change));
    w.sync_all();
    assert_eq!(w.idle(A1, &cancel(r, 1)), "NotInForce");
    w.idle(A1, &cancel(change, 1));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn cancelled_while_approved_is_completed() {
    let (mut w, r, action) = cancellable();
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(A1, &approve(done));
    w.act(A2, &cancel(r, 1));
    assert_eq!(w.word(action), "completed");
}

#[test]
fn cancelled_while_amended_is_crossed_and_the_chooser_chooses() {
    for end in [true, false] {
        let (mut w, r, action) = cancellable();
        let cancelled = w.act(A2, &cancel(r, 1));
        let change = w.bargain(A1, vec![change_of(action, Some(r), "second")], &[B1]);
        assert_eq!(w.word(action), "crossed");
        assert_eq!(w.standing(action), Some(r));
        w.act(B1, &choose(if end { cancelled } else { change }));
        assert_eq!(w.word(action), if end { "cancelled" } else { "agreed" });
    }
}

#[test]
fn cancelled_by_both_is_one_end() {
    let (mut w, r, action) = cancellable();
    let by_a = w.act(A1, &cancel(r, 1));
    let by_b = w.act(B1, &cancel(r, 0));
    assert_eq!(w.word(action), "cancelled");
    assert_eq!(w.standing(action), Some(by_a.min(by_b)));
}

#[test]
fn a_clause_ends_its_own_subject_only() {
    let mut w = World::two();
    let subjects = vec![work("stays"), with_clauses("goes", vec![clause(0, None)])];
    let r = w.agreed_on(subjects, &[B1]);
    w.idle(A1, &cancel(r, 0));
    w.act(A1, &Act::Cancel { revision: r, subject: 1, clause: 0, reason: None });
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    assert_eq!(w.word(action_of(r, 1)), "cancelled");
    w.act(B1, &declare(r));
    assert_eq!(w.word(action_of(r, 0)), "declared");
}

#[test]
fn after_a_cancel_it_is_too_late_to_stop_declare_or_amend_it() {
    let (mut w, r, action) = cancellable();
    w.act(A1, &cancel(r, 1));
    w.sync_all();
    assert_eq!(w.idle(B1, &declare(r)), "NotInForce");
    assert_eq!(w.idle(B1, &stop(r)), "NotInForce");
    assert_eq!(w.idle(B1, &cancel(r, 0)), "NotInForce");
    assert_eq!(w.word(action), "cancelled");
}

#[test]
fn what_was_cancelled_can_be_agreed_anew() {
    let (mut w, r, action) = cancellable();
    w.act(A1, &cancel(r, 1));
    w.sync_all();
    let again = w.amend(B1, action, "after all");
    w.sync_all();
    w.act(A1, &accept(again));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [again]);
}

#[test]
fn what_is_said_after_a_stop_does_not_bring_it_back() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &stop(r));
    w.sync_all();
    w.act(B1, &Act::Progress { revision: r, subject: 0, text: text("I might yet") });
    w.act(A1, &note("a pity"));
    assert_eq!(w.word(action), "stopped");
}

// Rejected.

#[test]
fn a_rejection_names_conditions_that_the_terms_have() {
    let mut w = World::two();
    let mut with = terms("paint the door", &[1], &[0]);
    with.conditions = vec![text("two coats"), text("no drips")];
    let r = w.agreed_on(vec![Subject { base: None, topic: Topic::Action { action: None, terms: with } }], &[B1]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    let reject = |unmet: &[u32]| Act::Reject { declare: done, unmet: unmet.to_vec(), reason: text("look at it") };
    for wrong in [&[2][..], &[0, 2], &[1, 1023]] {
        assert_eq!(w.idle(A1, &reject(wrong)), "UnknownCondition");
        assert_eq!(w.word(action_of(r, 0)), "declared");
    }
    let rejected = w.act(A2, &reject(&[0, 1]));
    assert_eq!(w.word(action_of(r, 0)), "rework");
    // It crossed no completion, so it asks for nothing that could be allowed.
    w.sync_all();
    assert_eq!(w.idle(B1, &allow(rejected)), "UnknownReference");
}
