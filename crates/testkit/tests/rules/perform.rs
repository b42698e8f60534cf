//! R8: declared, approved, rejected, reopened.

use counterpart_core::{
    act::{Act, Subject, Topic},
    fold::{ActionState, Reason, Verdict},
    id::EntryId,
    record::DraftError,
    value::ActionId,
};

use crate::world::*;

/// An action that B does for A and C, agreed and declared.
fn declared_for_two() -> (World, ActionId, EntryId) {
    let mut w = World::three();
    let topic = Topic::Action { action: None, terms: terms("for two", &[1], &[0, 2]) };
    let r = w.propose(A1, vec![Subject { base: None, topic }]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.act(C1, &accept(r));
    w.sync_all();
    let done = w.act(B1, &declare(r));
    w.sync_all();
    (w, ActionId { proposal: r, index: 0 }, done)
}

#[test]
fn only_performers_declare_and_only_what_is_in_force() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let early = w.force(B1, &declare(r));
    assert_eq!(w.verdict(early), Verdict::Without(Reason::NotInForce));
    w.act(B1, &accept(r));
    w.sync_all();
    let not_theirs = w.force(A1, &declare(r));
    assert_eq!(w.verdict(not_theirs), Verdict::Without(Reason::NotAPerformer));
    assert_eq!(w.state(action), ActionState::Agreed);
    w.act(B1, &declare(r));
    assert_eq!(w.state(action), ActionState::Declared);
}

#[test]
fn only_beneficiaries_judge_and_only_performers_take_back() {
    let mut w = World::two();
    let (_, action, done) = w.declared();
    for act in [approve(done), reject(done)] {
        let idle = w.force(B1, &act);
        assert_eq!(w.verdict(idle), Verdict::Without(Reason::NotABeneficiary));
    }
    let idle = w.force(A1, &undeclare(done));
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::NotAPerformer));
    assert_eq!(w.state(action), ActionState::Declared);
    w.act(B1, &undeclare(done));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn completed_when_every_beneficiary_approved_the_same_declare() {
    let (mut w, action, done) = declared_for_two();
    w.act(A1, &approve(done));
    assert_eq!(w.state(action), ActionState::Declared);
    w.act(C1, &approve(done));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn approvals_of_different_declares_do_not_add_up() {
    let (mut w, action, one) = declared_for_two();
    w.act(A1, &approve(one));
    w.act(B1, &undeclare(one));
    w.sync_all();
    let r = action.proposal;
    let other = w.act(B1, &declare(r));
    w.sync_all();
    w.act(C1, &approve(other));
    assert_eq!(w.state(action), ActionState::Declared);
    w.act(A1, &approve(other));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn an_approval_that_knew_the_undeclare_or_a_rejection_is_without_effect() {
    let mut w = World::two();
    let (_, action, done) = w.declared();
    w.act(B1, &undeclare(done));
    w.sync_all();
    let late = w.force(A1, &approve(done));
    assert_eq!(w.verdict(late), Verdict::Without(Reason::Undeclared));
    assert_eq!(w.state(action), ActionState::Agreed);
    let (mut w, action, done) = declared_for_two();
    w.act(C1, &reject(done));
    w.sync_all();
    let late = w.force(A1, &approve(done));
    assert_eq!(w.verdict(late), Verdict::Without(Reason::Rejected));
    assert_eq!(w.state(action), ActionState::Rework);
}

#[test]
fn rework_is_declared_and_judged_again() {
    let mut w = World::two();
    let (r, action, done) = w.declared();
    w.act(A1, &reject(done));
    assert_eq!(w.state(action), ActionState::Rework);
    let again = w.act(B1, &declare(r));
    assert_eq!(w.state(action), ActionState::Declared);
    w.act(A1, &approve(again));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn own_approval_stands_against_the_own_other_devices_rejection() {
    let mut w = World::two();
    let (_, action, done) = w.declared();
    w.act(A1, &approve(done));
    w.act(A2, &reject(done));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn after_completion_it_is_too_late_to_reject_take_back_or_ask_for_release() {
    let mut w = World::two();
    let (r, action, done) = w.completed();
    for (device, act) in [(A1, reject(done)), (B1, undeclare(done)), (A1, release(r))] {
        let idle = w.force(device, &act);
        assert_eq!(w.verdict(idle), Verdict::Without(Reason::Completed), "{act:?}");
    }
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn a_result_is_reopened_by_all_and_done_again() {
    let mut w = World::two();
    let (r, action, done) = w.completed();
    let asked = w.act(A1, &release(done));
    assert_eq!(w.state(action), ActionState::Completed);
    assert_eq!(w.requests_on(action), [asked]);
    w.act(B1, &allow(asked));
    assert_eq!(w.state(action), ActionState::Agreed);
    let again = w.act(B1, &declare(r));
    w.sync_all();
    w.act(A1, &approve(again));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn a_refused_reopening_leaves_it_completed() {
    let mut w = World::two();
    let (_, action, done) = w.completed();
    let asked = w.act(A1, &release(done));
    w.sync_all();
    w.act(B1, &refuse(asked));
    assert_eq!(w.state(action), ActionState::Completed);
    assert!(w.requests_on(action).is_empty());
}

#[test]
fn nothing_is_reopened_that_was_not_completed() {
    let mut w = World::two();
    let (_, action, done) = w.declared();
    let early = w.force(A1, &release(done));
    assert_eq!(w.verdict(early), Verdict::Without(Reason::NotCompleted));
    assert_eq!(w.state(action), ActionState::Declared);
}

#[test]
fn completion_stands_against_a_concurrent_end() {
    let mut w = World::two();
    let (r, action, done) = w.declared();
    let asked = w.act(B2, &release(r));
    w.deliver(B2, A2);
    w.act(A2, &allow(asked));
    w.act(A1, &approve(done));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn completion_yields_to_an_agreement_that_knew_it() {
    let mut w = World::two();
    let (r, action, _) = w.completed();
    let more = w.propose(A1, vec![change_of(action, Some(r), "and polish it")]);
    assert_eq!(w.state(action), ActionState::Completed);
    w.act(B1, &accept(more));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [more]);
}

#[test]
fn a_missed_due_time_changes_no_terms() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(A1, &Act::Missed { revision: r, subject: 0, due: 5, note: None });
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.status(action).missed.len(), 1);
    w.act(B1, &declare(r));
    assert_eq!(w.state(action), ActionState::Declared);
}

#[test]
fn the_own_node_refuses_what_would_be_idle() {
    let mut w = World::two();
    let (r, _, done) = w.declared();
    assert_eq!(w.try_act(B1, &declare(r)), Err(DraftError::WithoutEffect(Reason::AlreadyDeclared)));
    w.act(A1, &approve(done));
    w.sync_all();
    assert_eq!(w.try_act(A2, &approve(done)), Err(DraftError::WithoutEffect(Reason::AlreadyApproved)));
    assert_eq!(w.try_act(B1, &declare(r)), Err(DraftError::WithoutEffect(Reason::Completed)));
}
