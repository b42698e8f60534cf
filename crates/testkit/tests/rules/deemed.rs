//! R8: accepted because a signed window passed; and going on after that.

use counterpart_core::{
    act::{ActionTerms, Subject, Topic},
    id::EntryId,
    value::{ActionId, Unit},
};

use crate::{shown::*, world::*};

const DAY: i64 = 86_400_000;
/// 1970-01-02, 10:00 UTC: a Friday.
const FRIDAY: i64 = DAY + 10 * 3_600_000;

fn deemed_terms(what: &str, beneficiaries: &[u32], window: (u32, Unit)) -> Subject {
    let terms = ActionTerms { deemed: Some(window), ..terms(what, &[1], beneficiaries) };
    Subject { base: None, topic: Topic::Action { action: None, terms } }
}

/// Work for A, deemed accepted after a window, declared by B; known to all.
fn deemed(window: (u32, Unit)) -> (World, ActionId, EntryId) {
    let mut w = World::two();
    let r = w.agreed_on(vec![deemed_terms("inspect it", &[0], window)], &[B1]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    (w, action_of(r, 0), done)
}

#[test]
fn accepted_because_the_window_passed_to_the_millisecond() {
    let windows = [
        ((30, Unit::Minutes), 30 * 60_000),
        ((3, Unit::Hours), 3 * 3_600_000),
        ((2, Unit::Days), 2 * DAY),
        ((1, Unit::WorkingDays), 3 * DAY),
        ((2, Unit::WorkingDays), 4 * DAY),
        ((6, Unit::WorkingDays), 10 * DAY),
    ];
    for (window, length) in windows {
        for by in [B1, B2] {
            let (mut w, action, done) = deemed(window);
            w.act_at(A1, &note("it came"), FRIDAY);
            w.sync_all();
            let early = w.force_at(by, &approve(done), FRIDAY + length - 1);
            let why = w.why(early);
            assert!(why != "effective" && why != "not judged", "{window:?}: {why}");
            assert_eq!(w.word(action), "declared");
            let due = w.act_at(by, &approve(done), FRIDAY + length);
            assert_eq!(w.why(due), "effective");
            assert_eq!(w.word(action), "completed", "{window:?}");
        }
    }
}

#[test]
fn working_days_skip_the_weekend_only() {
    // From Monday, five working days end on the next Monday; one ends on Tuesday.
    let monday = FRIDAY + 3 * DAY;
    for (count, days) in [(1, 1), (4, 4), (5, 7)] {
        let (mut w, action, done) = deemed((count, Unit::WorkingDays));
        w.act_at(A1, &note("it came"), monday);
        w.sync_all();
        w.force_at(B1, &approve(done), monday + days * DAY - 1);
        assert_eq!(w.word(action), "declared");
        w.act_at(B1, &approve(done), monday + days * DAY);
        assert_eq!(w.word(action), "completed");
    }
}

#[test]
fn no_window_without_proof_that_it_was_received() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.idle_at(B1, &approve(done), FRIDAY + 90 * DAY);
    assert_eq!(w.word(action), "declared");
    // What A says without knowing of the declare proves nothing.
    let mut w = World::two();
    let r = w.agreed_on(vec![deemed_terms("inspect it", &[0], (2, Unit::Days))], &[B1]);
    let done = w.act(B1, &declare(r));
    w.act_at(A1, &note("before it came"), FRIDAY);
    w.sync_all();
    w.idle_at(B1, &approve(done), FRIDAY + 90 * DAY);
    assert_eq!(w.word(action_of(r, 0)), "declared");
}

#[test]
fn the_performers_own_side_proves_no_receipt() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(B2, &note("we have it"), FRIDAY);
    let last = w.seq(B1);
    let own = w.receipt_for(B1, &[done], last, FRIDAY);
    w.sync_all();
    w.force(B1, &prove(&own));
    w.idle_at(B1, &approve(done), FRIDAY + 90 * DAY);
    assert_eq!(w.word(action), "declared");
}

#[test]
fn a_proved_receipt_starts_the_window() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    let receipt = w.receipt(A1, FRIDAY);
    w.idle_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "declared");
    w.act(B1, &prove(&receipt));
    w.idle_at(B1, &approve(done), FRIDAY + 2 * DAY - 1);
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn the_earliest_proof_starts_the_window() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(A1, &note("it came"), FRIDAY);
    w.act_at(A2, &note("still here"), FRIDAY + DAY);
    w.sync_all();
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn no_window_that_the_terms_do_not_give() {
    let mut w = World::two();
    let (_, action, done) = w.declared();
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.idle_at(B1, &approve(done), FRIDAY + 90 * DAY);
    assert_eq!(w.word(action), "declared");
}

#[test]
fn every_beneficiary_has_a_window_or_approved() {
    let start = || {
        let mut w = World::three();
        let r = w.agreed_on(vec![deemed_terms("for two", &[0, 2], (2, Unit::Days))], &[B1, C1]);
        let done = w.act(B1, &declare(r));
        w.sync_all();
        (w, action_of(r, 0), done)
    };
    // Only A's receipt is proven.
    let (mut w, action, done) = start();
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.idle_at(B1, &approve(done), FRIDAY + 9 * DAY);
    assert_eq!(w.word(action), "declared");
    // C's window runs longer than A's.
    w.act_at(C1, &note("it came"), FRIDAY + DAY);
    w.sync_all();
    w.idle_at(B1, &approve(done), FRIDAY + 3 * DAY - 1);
    w.act_at(B1, &approve(done), FRIDAY + 3 * DAY);
    assert_eq!(w.word(action), "completed");
    // C approved: only A's window counts.
    let (mut w, action, done) = start();
    w.act(C1, &approve(done));
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    assert_eq!(w.word(action), "declared");
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn a_known_reject_leaves_nothing_to_deem() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(A1, &reject(done), FRIDAY);
    w.sync_all();
    assert_eq!(w.idle_at(B1, &approve(done), FRIDAY + 9 * DAY), "Rejected");
    assert_eq!(w.word(action), "rework");
}

#[test]
fn a_declare_that_was_taken_back_is_not_deemed_accepted() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.act(B2, &undeclare(done));
    w.sync_all();
    assert_eq!(w.idle_at(B1, &approve(done), FRIDAY + 9 * DAY), "Undeclared");
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn a_reject_within_the_window_voids_what_was_deemed() {
    for (at, voids) in [(FRIDAY + 1, true), (FRIDAY + 2 * DAY, true), (FRIDAY + 2 * DAY + 1, false)] {
        let (mut w, action, done) = deemed((2, Unit::Days));
        w.act_at(A1, &note("it came"), FRIDAY);
        w.deliver(A1, B1);
        let rejected = w.act_at(A2, &reject(done), at);
        let deemed = w.act_at(B1, &approve(done), FRIDAY + 5 * DAY);
        assert_eq!(w.why(deemed), "effective", "whether it stands is for the view");
        if voids {
            assert_eq!(w.word(action), "rework");
        } else {
            assert_eq!(w.word(action), "completed");
            assert_eq!(w.requests_on(action), [rejected], "it asks to reopen");
        }
    }
}

#[test]
fn a_reject_by_who_is_no_beneficiary_voids_nothing() {
    let mut w = World::three();
    let r = w.agreed_on(vec![deemed_terms("inspect it", &[0], (2, Unit::Days))], &[B1]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act_at(A1, &note("it came"), FRIDAY);
    w.deliver(A1, B1);
    w.force_at(C1, &reject(done), FRIDAY + 1);
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action_of(r, 0)), "completed");
}

#[test]
fn who_is_performer_and_beneficiary_approves_for_himself() {
    // B does it for A and itself: B's approve in time is its own.
    let mut w = World::two();
    let r = w.agreed_on(vec![work_for("for both", &[1], &[0, 1])], &[B1]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(B1, &approve(done));
    assert_eq!(w.word(action_of(r, 0)), "declared");
    w.act(A1, &approve(done));
    assert_eq!(w.word(action_of(r, 0)), "completed");
}

#[test]
fn what_was_deemed_accepted_is_reopened_like_any_result() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    w.sync_all();
    let asked = w.act(A1, &release(done));
    assert_eq!(w.word(action), "completed");
    w.act(B1, &allow(asked));
    assert_eq!(w.word(action), "agreed");
    // The old window is spent.
    w.force_at(B1, &approve(done), FRIDAY + 30 * DAY);
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn a_silent_beneficiary_is_not_bound_by_a_second_declare_he_has_not_got() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.act(B1, &undeclare(done));
    let again = w.act(B1, &declare(action.proposal));
    w.sync_all();
    w.idle_at(B1, &approve(again), FRIDAY + 30 * DAY);
    assert_eq!(w.word(action), "declared");
    w.act_at(A1, &note("so did this"), FRIDAY + 3 * DAY);
    w.sync_all();
    w.act_at(B1, &approve(again), FRIDAY + 5 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn nobody_but_performers_uses_the_window_and_nobody_but_beneficiaries_starts_it() {
    let mut w = World::three();
    let r = w.agreed_on(vec![deemed_terms("inspect it", &[0], (2, Unit::Days))], &[B1]);
    let action = action_of(r, 0);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act_at(C1, &note("I saw it"), FRIDAY);
    w.sync_all();
    w.idle_at(B1, &approve(done), FRIDAY + 9 * DAY);
    w.act_at(A1, &note("it came"), FRIDAY);
    w.sync_all();
    w.idle_at(C1, &approve(done), FRIDAY + 9 * DAY);
    assert_eq!(w.word(action), "declared");
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn an_earlier_receipt_starts_the_window_before_a_later_statement() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    let receipt = w.receipt(A1, FRIDAY);
    w.act_at(A2, &note("it came"), FRIDAY + DAY);
    w.sync_all();
    w.act(B1, &prove(&receipt));
    w.act_at(B1, &approve(done), FRIDAY + 2 * DAY);
    assert_eq!(w.word(action), "completed");
}

#[test]
fn an_approve_by_the_beneficiary_needs_no_window() {
    let (mut w, action, done) = deemed((2, Unit::Days));
    w.act(A1, &approve(done));
    assert_eq!(w.word(action), "completed");
}
