//! What was made without knowing of each other: one test for every row of the table that this version judges.

use counterpart_core::{
    act::Topic,
    fold::{ActionState, Reason, SubjectKey, Verdict},
    record::DraftError,
    value::ActionId,
    view::CaseState,
};

use crate::world::*;

#[test]
fn withdrawn_and_accepted_is_agreed_and_the_withdraw_asks_for_release() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let withdrawn = w.act(A1, &withdraw(r));
    w.act(B1, &accept(r));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.requests_on(action), [withdrawn]);
    w.act(B2, &allow(withdrawn));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn an_accept_that_knows_the_withdraw_is_without_effect_and_refused_before_signing() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let withdrawn = w.act(A1, &withdraw(r));
    w.deliver(A1, B1);
    let reason = Reason::Withdrawn(withdrawn);
    assert_eq!(w.try_act(B1, &accept(r)), Err(DraftError::WithoutEffect(reason.clone())));
    let accepted = w.force(B1, &accept(r));
    assert_eq!(w.verdict(accepted), Verdict::Without(reason));
    assert_eq!(w.state(action), ActionState::Withdrawn);
}

#[test]
fn an_offer_accepted_while_its_author_replaces_it_is_agreed_and_the_new_one_is_a_proposed_change() {
    let mut w = World::two();
    let (r1, action) = w.offered();
    let r2 = w.counter(A1, r1, vec![change_of(action, None, "second")]);
    w.act(B1, &accept(r1));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r1]);
    assert_eq!(w.open_on(action), [r2]);
    assert!(w.requests_on(action).is_empty());
    w.act(B1, &accept(r2));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r2]);
}

#[test]
fn two_counters_stand_side_by_side() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let by_a = w.counter(A1, r, vec![change_of(action, None, "A's")]);
    let by_b = w.counter(B1, r, vec![change_of(action, None, "B's")]);
    assert_eq!(w.state(action), ActionState::Proposed);
    let mut open = w.open_on(action);
    open.sort_unstable();
    let mut both = vec![by_a, by_b];
    both.sort_unstable();
    assert_eq!(open, both);
}

/// An agreement, and two changes of it each accepted by the other side without knowing of the other.
fn crossed() -> (World, ActionId, [counterpart_core::id::EntryId; 3]) {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let by_b = w.propose(B1, vec![change_of(action, Some(r), "B's")]);
    let by_a = w.propose(A1, vec![change_of(action, Some(r), "A's")]);
    w.deliver(B1, A2);
    w.deliver(A1, B2);
    w.act(A2, &accept(by_b));
    w.act(B2, &accept(by_a));
    (w, action, [r, by_a, by_b])
}

#[test]
fn two_changes_accepted_crosswise_cross_and_the_base_stays() {
    let (mut w, action, [r, by_a, by_b]) = crossed();
    assert_eq!(w.state(action), ActionState::Crossed);
    assert!(w.is_crossed(&SubjectKey::Action(action)));
    let lens = w.record(A1).lens();
    let force = lens.in_force(&SubjectKey::Action(action));
    let (stays, names) = force.standing().expect("the base stays");
    assert_eq!((lens.name(stays), names), (r, &[r][..]));
    assert!(w.record(A1).graph().find(&by_a).is_some_and(|ix| lens.fully_signed(ix)));
    assert!(w.record(A1).graph().find(&by_b).is_some_and(|ix| lens.fully_signed(ix)));
}

#[test]
fn one_device_accepts_while_another_declines() {
    let mut w = World::two();
    let (r, action) = w.offered();
    w.act(B1, &accept(r));
    let declined = w.act(B2, &decline(r));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.requests_on(action), [declined]);
    w.act(A2, &allow(declined));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn one_of_three_declines_while_another_accepts() {
    let mut w = World::three();
    let subject = |what: &str| counterpart_core::act::Subject {
        base: None,
        topic: Topic::Action { action: None, terms: terms(what, &[1], &[0, 2]) },
    };
    let r = w.propose(A1, vec![subject("for two")]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.act(C1, &decline(r));
    assert_eq!(w.state(ActionId { proposal: r, index: 0 }), ActionState::Declined);
}

#[test]
fn a_release_allowed_and_an_amendment_agreed_cross() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    let changed = w.propose(B2, vec![change_of(action, Some(r), "second")]);
    w.sync(A1, B1);
    w.sync(B2, A2);
    w.act(B1, &allow(asked));
    w.act(A2, &accept(changed));
    assert_eq!(w.state(action), ActionState::Crossed);
    let lens = w.record(A1).lens();
    let force = lens.in_force(&SubjectKey::Action(action));
    assert_eq!(force.standing().map(|(p, _)| lens.name(p)), Some(r));
}

#[test]
fn allowed_by_one_device_and_refused_by_another_is_cancelled() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.act(B1, &allow(asked));
    w.act(B2, &refuse(asked));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn an_amendment_accepted_while_the_work_is_declared_on_the_old_terms() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let changed = w.propose(A1, vec![change_of(action, Some(r), "second")]);
    w.deliver(A1, B1);
    w.act(B1, &accept(changed));
    let declared = w.act(B2, &declare(r));
    assert_eq!(w.state(action), ActionState::Declared);
    assert_eq!(w.in_force(action), [changed]);
    assert!(w.status(action).against_old_terms);
    w.act(A1, &approve(declared));
    assert_eq!(w.state(action), ActionState::Completed);
    assert!(w.status(action).against_old_terms);
}

#[test]
fn approved_on_the_old_terms_while_an_amendment_is_agreed_is_completed() {
    let mut w = World::two();
    let (r, action, declared) = w.declared();
    let changed = w.propose(A1, vec![change_of(action, Some(r), "second")]);
    w.deliver(A1, B1);
    w.act(B1, &accept(changed));
    w.act(A2, &approve(declared));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn approved_while_taken_back_is_completed_and_the_undeclare_asks_to_reopen() {
    let mut w = World::two();
    let (_, action, declared) = w.declared();
    w.act(A1, &approve(declared));
    let taken_back = w.act(B1, &undeclare(declared));
    assert_eq!(w.state(action), ActionState::Completed);
    assert_eq!(w.requests_on(action), [taken_back]);
    w.act(A2, &allow(taken_back));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn one_beneficiary_approves_while_another_rejects() {
    let mut w = World::three();
    let subject = counterpart_core::act::Subject {
        base: None,
        topic: Topic::Action { action: None, terms: terms("for two", &[1], &[0, 2]) },
    };
    let r = w.propose(A1, vec![subject]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.act(C1, &accept(r));
    w.sync_all();
    let declared = w.act(B1, &declare(r));
    w.sync_all();
    w.act(A1, &approve(declared));
    w.act(C1, &reject(declared));
    assert_eq!(w.state(ActionId { proposal: r, index: 0 }), ActionState::Rework);
}

#[test]
fn both_ask_outright_and_it_is_cancelled() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let by_a = w.act(A1, &release(r));
    let by_b = w.act(B1, &release(r));
    assert_eq!(w.state(action), ActionState::Cancelled);
    let lens = w.record(A1).lens();
    let force = lens.in_force(&SubjectKey::Action(action));
    assert_eq!(force.standing().map(|(p, _)| lens.name(p)), Some(by_a.min(by_b)));
}

#[test]
fn a_closing_agreed_while_something_new_is_proposed() {
    let mut w = World::two();
    let close = counterpart_core::act::Subject { base: None, topic: Topic::Close { close: None, summary: None } };
    let closing = w.propose(A1, vec![close]);
    w.deliver(A1, B1);
    w.act(B1, &accept(closing));
    w.deliver(B1, A1);
    let view = w.record(A1).view().expect("a view");
    assert!(matches!(view.state, CaseState::Closed(_)));
    w.propose(B2, vec![work("one more")]);
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert!(matches!(view.state, CaseState::Reopened(_)));
}
