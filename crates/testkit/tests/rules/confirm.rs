//! R6, mode confirm: offers that bind only once their author confirms.

use counterpart_core::{
    act::{Act, Mode, Proposal, Subject},
    id::EntryId,
    value::{ActionId, Due},
};

use crate::{
    shown::*,
    time::{agreed, not_agreed},
    world::*,
};

/// Work offered in mode confirm, known to all.
fn to_confirm(w: &mut World, subject: Subject, until: Option<Due>) -> (EntryId, ActionId) {
    let proposal: Proposal = w.proposal_with(A1, vec![subject], Mode::Confirm, until);
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    (r, action_of(r, 0))
}

#[test]
fn in_mode_confirm_the_authors_confirm_is_his_signature() {
    for by in [A1, A2] {
        let mut w = World::two();
        let (r, action) = to_confirm(&mut w, work("large"), None);
        assert_eq!(w.word(action), "proposed");
        w.act(B1, &accept(r));
        assert_ne!(w.word(action), "agreed");
        assert!(w.in_force(action).is_empty());
        w.act(by, &confirm(r));
        assert_eq!(w.word(action), "agreed");
        assert_eq!(w.in_force(action), [r]);
    }
}

#[test]
fn a_confirm_needs_all_accepts_in_its_past() {
    let mut w = World::two();
    let (r, action) = to_confirm(&mut w, work("large"), None);
    w.act(B1, &accept(r));
    // A has not heard of it.
    assert_eq!(w.refuses(A1, &confirm(r)), "NotAllAccepted");
    let early = w.force(A1, &confirm(r));
    assert_eq!(w.why(early), "NotAllAccepted");
    assert_ne!(w.word(action), "agreed");
    w.act(A1, &confirm(r));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn a_confirm_needs_every_one_of_several_accepts() {
    let mut w = World::three();
    let (r, action) = to_confirm(&mut w, work_for("for two", &[1], &[0, 2]), None);
    w.act(B1, &accept(r));
    w.sync_all();
    assert_eq!(w.idle(A1, &confirm(r)), "NotAllAccepted");
    w.act(C1, &accept(r));
    w.sync_all();
    w.act(A1, &confirm(r));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn only_the_author_confirms_and_only_what_waits_for_it() {
    let mut w = World::two();
    let (r, action) = to_confirm(&mut w, work("large"), None);
    w.act(B1, &accept(r));
    w.sync_all();
    w.idle(B1, &confirm(r));
    w.idle(B2, &confirm(r));
    assert_eq!(w.idle(A1, &accept(r)), "ConfirmInstead");
    assert_eq!(w.idle(A2, &accept(r)), "ConfirmInstead");
    assert_ne!(w.word(action), "agreed");
    let (firm, _) = w.offered();
    w.act(B1, &accept(firm));
    w.sync_all();
    assert_eq!(w.idle(A1, &confirm(firm)), "NotConfirmMode");
}

#[test]
fn a_confirm_obeys_the_rules_for_accepting() {
    // Withdrawn, declined, moved on, overtaken: each in the confirm's past.
    type Before = fn(&mut World, EntryId, ActionId);
    let cases: [(Before, &str); 4] = [
        (|w, r, _| assert_ne!(w.act(A2, &withdraw(r)), r), "Withdrawn"),
        (|w, r, _| assert_ne!(w.act(B2, &decline(r)), r), "Declined"),
        (
            |w, r, action| {
                w.counter(B2, r, vec![change_of(action, None, "B's")]);
            },
            "Countered",
        ),
        (
            |w, _, action| {
                w.amend(B2, action, "B's other");
            },
            "MovedOn",
        ),
    ];
    for (before, why) in cases {
        let mut w = World::two();
        let (r, action) = to_confirm(&mut w, work("large"), None);
        w.act(B1, &accept(r));
        w.sync_all();
        before(&mut w, r, action);
        w.sync_all();
        assert_eq!(w.idle(A1, &confirm(r)), why);
        assert_ne!(w.word(action), "agreed");
    }
}

#[test]
fn a_confirm_after_another_agreement_on_the_action_comes_too_late() {
    let mut w = World::two();
    let (r, action) = to_confirm(&mut w, work("large"), None);
    w.act(B1, &accept(r));
    let other = w.counter(B2, r, vec![change_of(action, None, "B's")]);
    w.deliver(B2, A2);
    w.act(A2, &accept(other));
    w.sync_all();
    w.idle(A1, &confirm(r));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [other]);
}

#[test]
fn confirmed_while_the_accepter_declines_is_agreed_with_a_request() {
    let mut w = World::two();
    let (r, action) = to_confirm(&mut w, work("large"), None);
    w.act(B1, &accept(r));
    w.deliver(B1, A1);
    w.act(A1, &confirm(r));
    let declined = w.act(B2, &decline(r));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.requests_on(action), [declined]);
}

#[test]
fn confirmed_while_the_author_withdraws_is_agreed_with_a_request() {
    let mut w = World::two();
    let (r, action) = to_confirm(&mut w, work("large"), None);
    w.act(B1, &accept(r));
    w.deliver(B1, A1);
    w.act(A1, &confirm(r));
    let withdrawn = w.act(A2, &withdraw(r));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.requests_on(action), [withdrawn]);
}

#[test]
fn mode_confirm_with_an_end() {
    // The confirm itself dates the accept: in time it binds, late it takes the late accept up.
    for at in [UNTIL, UNTIL + 1] {
        let mut w = World::two();
        let (r, action) = to_confirm(&mut w, work("large"), Some(instant(UNTIL)));
        w.act(B1, &accept(r));
        not_agreed(&mut w, action, "arrival_unproven");
        w.act_at(A1, &confirm(r), at);
        agreed(&mut w, action, r);
    }
}

#[test]
fn mode_confirm_with_an_end_and_a_third_signer() {
    let mut w = World::three();
    let (r, action) = to_confirm(&mut w, work_for("for two", &[1], &[0, 2]), Some(instant(UNTIL)));
    w.act(C1, &accept(r));
    w.deliver(C1, A1);
    w.act_at(A1, &note("C's came"), UNTIL);
    w.act(B1, &accept(r));
    w.sync_all();
    w.act_at(A1, &confirm(r), UNTIL + 1);
    // B's was late; the author took it up, C did not yet.
    not_agreed(&mut w, action, "late");
    w.act_at(C1, &accept(r), UNTIL + 2);
    agreed(&mut w, action, r);
}
