//! R6: offers that lapse, and how acceptance in time is proven.

use counterpart_core::{
    act::{Act, Mode, Subject, Topic},
    id::EntryId,
    value::{ActionId, Due, Unit},
};

use crate::{shown::*, world::*};

/// Work offered until a time, accepted by B's first device; nobody else has the accept.
fn accepted() -> (World, EntryId, ActionId, EntryId) {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    let accepted = w.act(B1, &accept(r));
    (w, r, action, accepted)
}

pub(crate) fn not_agreed(w: &mut World, action: ActionId, overlay: &str) {
    let word = w.word(action);
    assert_ne!(word, "agreed");
    assert!(w.in_force(action).is_empty());
    let shown = w.overlays_at(A1, action);
    assert!(shown.contains(&overlay), "{word} {shown:?}");
    let other = if overlay == "late" { "arrival_unproven" } else { "late" };
    assert!(!shown.contains(&other), "{word} {shown:?}");
}

pub(crate) fn agreed(w: &mut World, action: ActionId, r: EntryId) {
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
    let shown = w.overlays_at(A1, action);
    assert!(!shown.contains(&"late") && !shown.contains(&"arrival_unproven"), "{shown:?}");
}

#[test]
fn an_accept_that_nobody_answered_for_is_unproven() {
    let (mut w, _, action, _) = accepted();
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn the_offerers_statement_dates_it_to_the_millisecond() {
    for (at, in_time) in [(UNTIL - 1, true), (UNTIL, true), (UNTIL + 1, false)] {
        let (mut w, r, action, _) = accepted();
        w.deliver(B1, A1);
        w.act_at(A1, &note("it came"), at);
        if in_time {
            agreed(&mut w, action, r);
        } else {
            not_agreed(&mut w, action, "late");
        }
    }
}

#[test]
fn the_accepters_own_clock_proves_nothing_and_harms_nothing() {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    w.act_at(B1, &accept(r), UNTIL + 50_000);
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL);
    agreed(&mut w, action, r);
}

#[test]
fn a_feed_dates_it_once() {
    // What a feed says first counts, whatever it claims afterwards.
    let (mut w, _, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL + 1);
    w.act_at(A1, &note("did it not come earlier?"), UNTIL - 1);
    not_agreed(&mut w, action, "late");
    // Another feed of the offerer dates it for itself.
    let (mut w, r, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL + 1);
    w.deliver(A1, A2);
    w.act_at(A2, &note("I had it"), UNTIL - 1);
    agreed(&mut w, action, r);
}

#[test]
fn what_the_accepters_own_side_says_dates_nothing() {
    let (mut w, _, action, _) = accepted();
    w.deliver(B1, B2);
    w.act_at(B2, &note("we have it"), UNTIL - 1);
    let heads = w.record(B2).graph().heads();
    let own = w.receipt_for(B2, &heads, 1, UNTIL - 1);
    w.act(B2, &prove(&own));
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn a_statement_that_does_not_hold_the_accept_dates_nothing() {
    let (mut w, _, action, _) = accepted();
    w.act_at(A1, &note("nothing came"), UNTIL - 1);
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn a_proved_receipt_of_the_offerer_dates_it() {
    for (at, in_time) in [(UNTIL, true), (UNTIL + 1, false)] {
        let (mut w, r, action, _) = accepted();
        w.deliver(B1, A1);
        let receipt = w.receipt(A1, at);
        // Held, but embedded by nobody: it counts for nothing.
        not_agreed(&mut w, action, "arrival_unproven");
        w.act(B1, &prove(&receipt));
        if in_time {
            agreed(&mut w, action, r);
        } else {
            not_agreed(&mut w, action, "late");
        }
    }
}

#[test]
fn a_receipt_that_does_not_cover_the_accept_dates_nothing() {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    let before = w.act(B2, &note("before"));
    w.act(B1, &accept(r));
    let receipt = w.receipt_for(A1, &[before], 9, UNTIL - 1);
    w.sync_all();
    w.act(B1, &prove(&receipt));
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn a_receipt_of_another_case_or_with_another_signature_proves_nothing() {
    let (mut w, _, action, accepted) = accepted();
    w.deliver(B1, A1);
    let mut forged = w.receipt(A1, UNTIL - 1);
    let last = forged.len() - 1;
    forged[last] ^= 1;
    w.idle(B1, &prove(&forged));
    let theirs = w.receipt_for(B1, &[accepted], 9, UNTIL - 1);
    w.force(B1, &prove(&theirs));
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn a_witness_who_had_joined_dates_it() {
    let mut w = World::three();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, C1);
    w.act_at(C1, &note("I saw it"), UNTIL);
    agreed(&mut w, action, r);
    // The same by receipt.
    let mut w = World::three();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, C2);
    let receipt = w.receipt(C2, UNTIL);
    w.act(B1, &prove(&receipt));
    agreed(&mut w, action, r);
}

#[test]
fn a_witness_too_late_makes_it_late() {
    let mut w = World::three();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, C1);
    w.act_at(C1, &note("I saw it"), UNTIL + 1);
    not_agreed(&mut w, action, "late");
}

#[test]
fn an_observer_who_had_joined_is_a_witness() {
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, O1);
    w.act_at(O1, &note("I saw it"), UNTIL);
    agreed(&mut w, action, r);
}

#[test]
fn who_joined_after_the_offer_is_no_witness() {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    w.bring_in_agreed(C1, 2);
    w.act(B1, &accept(r));
    w.deliver(B1, C1);
    w.act_at(C1, &note("I saw it"), UNTIL);
    not_agreed(&mut w, action, "arrival_unproven");
}

#[test]
fn a_signer_is_no_witness_of_the_others_accepts() {
    let mut w = World::three();
    let subject = work_for("for two", &[1], &[0, 2]);
    let proposal = w.proposal_with(A1, vec![subject], Mode::Firm, Some(instant(UNTIL)));
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    w.act(B1, &accept(r));
    w.deliver(B1, C1);
    // C's accept holds B's, and dates nothing.
    w.act_at(C1, &accept(r), UNTIL - 1);
    not_agreed(&mut w, action_of(r, 0), "arrival_unproven");
    w.act_at(A2, &note("now we have both"), UNTIL);
    agreed(&mut w, action_of(r, 0), r);
}

#[test]
fn each_accept_must_come_in_time() {
    let mut w = World::three();
    let subject = work_for("for two", &[1], &[0, 2]);
    let proposal = w.proposal_with(A1, vec![subject], Mode::Firm, Some(instant(UNTIL)));
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    w.act(B1, &accept(r));
    w.deliver(B1, A1);
    w.act_at(A1, &note("B's came"), UNTIL);
    w.act(C1, &accept(r));
    w.deliver(C1, A1);
    w.act_at(A1, &note("C's came"), UNTIL + 1);
    not_agreed(&mut w, action_of(r, 0), "late");
    // Every other signer takes the late one up, knowing it.
    w.act(A1, &accept(r));
    not_agreed(&mut w, action_of(r, 0), "late");
    w.act(B1, &accept(r));
    agreed(&mut w, action_of(r, 0), r);
}

#[test]
fn a_late_accept_stands_once_the_offerer_takes_it_up() {
    let (mut w, r, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &note("too late"), UNTIL + 1);
    not_agreed(&mut w, action, "late");
    w.act_at(A2, &accept(r), UNTIL + 2);
    agreed(&mut w, action, r);
}

#[test]
fn taking_up_a_late_accept_dates_it_at_once() {
    let (mut w, r, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &accept(r), UNTIL + 7);
    agreed(&mut w, action, r);
}

#[test]
fn an_accept_by_the_offerer_that_does_not_know_the_late_one_takes_up_nothing() {
    let (mut w, r, action, _) = accepted();
    w.force_at(A2, &accept(r), UNTIL - 2);
    w.deliver(B1, A1);
    w.act_at(A1, &note("too late"), UNTIL + 1);
    not_agreed(&mut w, action, "late");
}

#[test]
fn proof_in_time_found_later_counts() {
    let (mut w, r, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &note("too late"), UNTIL + 1);
    not_agreed(&mut w, action, "late");
    let accepted = w.record(A1).graph().id(w.record(A1).graph().tips_of(&w.devices[B1].author.device)[0]);
    let receipt = w.receipt_for(A2, &[accepted], 0, UNTIL);
    w.act(B2, &prove(&receipt));
    agreed(&mut w, action, r);
}

#[test]
fn moving_on_closes_an_accept_whose_arrival_is_unproven() {
    type Moves = fn(&mut World, EntryId, ActionId, usize) -> EntryId;
    let moves: [Moves; 2] = [
        |w, _, action, by| w.amend(by, action, "rather this"),
        |w, r, action, by| w.counter(by, r, vec![change_of(action, None, "rather that")]),
    ];
    for moved in moves {
        for by in [B1, B2] {
            let (mut w, r, action, accepted) = accepted();
            w.deliver(B1, B2);
            moved(&mut w, r, action, by);
            // The offerer's receipt for the accept alone comes to light afterwards.
            let receipt = w.receipt_for(A1, &[accepted], 9, UNTIL - 1);
            w.sync_all();
            w.force(A2, &prove(&receipt));
            assert_ne!(w.word(action), "agreed", "moved on by {by}");
            w.act_at(A1, &note("it came"), UNTIL - 1);
            assert_ne!(w.word(action), "agreed", "moved on by {by}");
            assert!(w.in_force(action).is_empty());
        }
    }
}

#[test]
fn proof_and_moving_on_made_without_knowing_of_each_other() {
    for by_receipt in [false, true] {
        let (mut w, r, action, _) = accepted();
        w.deliver(B1, A1);
        if by_receipt {
            let receipt = w.receipt(A1, UNTIL);
            w.act(A1, &prove(&receipt));
        } else {
            w.act_at(A1, &note("it came"), UNTIL);
        }
        let other = w.counter(B1, r, vec![change_of(action, None, "rather this")]);
        agreed(&mut w, action, r);
        assert_eq!(w.open_on(action), [other]);
    }
}

#[test]
fn moving_on_without_knowing_of_the_accept_closes_nothing() {
    let (mut w, r, action, _) = accepted();
    w.amend(B2, action, "rather this");
    w.deliver(B1, A1);
    w.deliver(B2, A1);
    w.act_at(A1, &note("both came"), UNTIL);
    agreed(&mut w, action, r);
}

#[test]
fn moving_on_knowing_the_proof_is_a_proposed_change() {
    let (mut w, r, action, _) = accepted();
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL);
    w.deliver(A1, B1);
    let change = w.amend(B1, action, "rather this");
    agreed(&mut w, action, r);
    assert_eq!(w.open_on(action), [change]);
}

#[test]
fn moving_on_elsewhere_closes_nothing() {
    let (mut w, r, action, _) = accepted();
    w.propose(B1, vec![work("something else")]);
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL);
    agreed(&mut w, action, r);
}

#[test]
fn accepting_another_revision_closes_the_unproven_accept() {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    // A's second offer on the same action does not know that B took the first.
    w.act(B1, &accept(r));
    let second = w.amend(A2, action, "the other one");
    w.deliver(A2, B1);
    w.act(B1, &accept(second));
    w.sync_all();
    w.act_at(A1, &note("both came"), UNTIL);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [second]);
}

#[test]
fn asking_for_release_closes_an_unproven_accept_of_a_change() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let subject = w.amendment(A1, action, "sooner");
    let proposal = w.proposal_with(A1, vec![subject], Mode::Firm, Some(instant(UNTIL)));
    let change = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    w.act(B1, &accept(change));
    w.act(B1, &release(r));
    w.deliver(B1, A1);
    w.act_at(A1, &note("it came"), UNTIL);
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
}

#[test]
fn an_unproven_accept_of_a_change_leaves_the_agreement_in_force() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let subject = w.amendment(A1, action, "sooner");
    let proposal = w.proposal_with(A1, vec![subject], Mode::Firm, Some(instant(UNTIL)));
    let change = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    w.act(B1, &accept(change));
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
    assert!(w.shows(action, "arrival_unproven"));
    w.act_at(A1, &note("it came"), UNTIL);
    agreed(&mut w, action, change);
}

#[test]
fn the_offerer_may_be_the_one_who_countered() {
    // B counters with a time limit: now A's accept must be dated by B.
    let mut w = World::two();
    let (r, action) = w.offered();
    let subjects = vec![change_of(action, None, "B's")];
    let proposal = w.proposal_with(B1, subjects, Mode::Firm, Some(instant(UNTIL)));
    let counter = w.act(B1, &Act::Counter { of: r, proposal });
    w.sync_all();
    w.act(A1, &accept(counter));
    w.deliver(A1, A2);
    w.act_at(A2, &note("we accepted"), UNTIL - 1);
    not_agreed(&mut w, action, "arrival_unproven");
    w.act_at(B2, &note("it came"), UNTIL);
    agreed(&mut w, action, counter);
}

#[test]
fn a_relative_end_of_an_offer_is_no_end() {
    let mut w = World::two();
    let after = Due::After { count: 2, unit: Unit::Days, zone: "Etc/UTC".to_owned() };
    let proposal = w.proposal_with(A1, vec![work("in time")], Mode::Firm, Some(after));
    assert_eq!(w.refuses(A1, &Act::Propose(proposal.clone())), "OpenUntilRelative");
    assert_eq!(w.idle(A1, &Act::Propose(proposal)), "OpenUntilRelative");
}

#[test]
fn admitting_closing_and_raising_are_offered_outright() {
    let topics =
        [Topic::AdmitSeat { seat: seat(2) }, Topic::Close { close: None, summary: None }, Topic::Level { level: 2 }];
    for topic in topics {
        for (mode, until) in [(Mode::Confirm, None), (Mode::Firm, Some(instant(UNTIL)))] {
            let mut w = World::two();
            let subject = Subject { base: None, topic: topic.clone() };
            let proposal = w.proposal_with(A1, vec![subject], mode, until);
            assert_eq!(w.idle(A1, &Act::Propose(proposal)), "Outright");
        }
    }
}

#[test]
fn one_of_two_accepts_by_one_party_in_time_is_enough() {
    let (mut w, r, action, _) = accepted();
    w.act(B2, &accept(r));
    w.deliver(B1, A1);
    w.act_at(A1, &note("the first came"), UNTIL + 1);
    w.deliver(B2, A2);
    w.act_at(A2, &note("the second came"), UNTIL);
    agreed(&mut w, action, r);
}

#[test]
fn nothing_is_declared_on_an_accept_not_proven() {
    let (mut w, r, action, _) = accepted();
    w.sync_all();
    assert_eq!(w.idle(B1, &declare(r)), "NotInForce");
    w.act_at(A1, &note("it came"), UNTIL);
    w.sync_all();
    w.act(B1, &declare(r));
    assert_eq!(w.word(action), "declared");
}

#[test]
fn who_was_let_in_and_has_not_joined_is_no_witness() {
    let mut w = World::two();
    let subject = Subject { base: None, topic: Topic::AdmitSeat { seat: seat(2) } };
    let revision = w.agreed_on(vec![subject], &[B1]);
    let invited = w.act(A1, &invite(seat(2)));
    let admit = w.admit(C1, seat(2), invited, Some(revision));
    let admit = w.act(A1, &admit);
    w.sync_all();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, C1);
    // The offer came before its join, though not before its admission.
    w.act_at(C1, &Act::Join { admit }, UNTIL - 2);
    w.act_at(C1, &note("I saw it"), UNTIL - 1);
    not_agreed(&mut w, action, "arrival_unproven");
}
