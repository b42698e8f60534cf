//! R0 to R5: what a revision is, who must sign it, what replaces what, what closes, how an agreement ends.

use counterpart_core::{
    act::{Act, Proposal, Subject, Topic},
    fold::{ActionState, Reason, SubjectKey, Verdict},
    id::EntryId,
    record::DraftError,
    value::{ActionId, ItemValue, Seat},
};

use crate::world::*;

fn first(revision: EntryId) -> ActionId {
    ActionId { proposal: revision, index: 0 }
}

fn without(reason: Reason) -> Verdict {
    Verdict::Without(reason)
}

fn for_two(what: &str) -> Subject {
    Subject { base: None, topic: Topic::Action { action: None, terms: terms(what, &[1], &[0, 2]) } }
}

fn item(value: i64, base: Option<EntryId>) -> Subject {
    Subject { base, topic: Topic::Item { key: "price".to_owned(), value: ItemValue::Integer(value) } }
}

/// Signs a proposal that states something wrong, and gives what everybody finds of it.
fn found(w: &mut World, device: usize, subjects: Vec<Subject>, change: impl FnOnce(&mut Proposal)) -> Verdict {
    let mut proposal = w.proposal(device, subjects);
    change(&mut proposal);
    let entry = w.force(device, &Act::Propose(proposal));
    w.verdict(entry)
}

#[test]
fn r0_a_bundle_is_accepted_as_a_whole_and_keeps_its_other_subjects() {
    let mut w = World::two();
    let bundle = w.propose(A1, vec![work("one"), work("two")]);
    w.sync_all();
    w.act(B1, &accept(bundle));
    let (one, two) = (first(bundle), ActionId { proposal: bundle, index: 1 });
    assert_eq!((w.state(one), w.state(two)), (ActionState::Agreed, ActionState::Agreed));
    let changed = w.propose(A1, vec![change_of(one, Some(bundle), "one, changed")]);
    w.sync_all();
    w.act(B1, &accept(changed));
    w.converge();
    assert_eq!(w.in_force(one), [changed]);
    assert_eq!(w.in_force(two), [bundle]);
}

#[test]
fn r0_a_bundle_is_declined_as_a_whole() {
    let mut w = World::two();
    let bundle = w.propose(A1, vec![work("one"), work("two")]);
    w.sync_all();
    w.act(B1, &decline(bundle));
    for index in 0..2 {
        assert_eq!(w.state(ActionId { proposal: bundle, index }), ActionState::Declined);
    }
}

#[test]
fn r0_an_act_without_effect_has_none_at_all() {
    let mut w = World::two();
    let (r, action) = w.offered();
    // B may not withdraw A's offer, so nothing is closed.
    let idle = w.force(B1, &withdraw(r));
    assert_eq!(w.verdict(idle), without(Reason::NotTheAuthor));
    assert_eq!(w.state(action), ActionState::Proposed);
    w.act(B1, &accept(r));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn r1_the_same_terms_again_are_a_new_revision() {
    let mut w = World::two();
    let (r, action) = w.offered();
    w.act(B1, &decline(r));
    w.sync_all();
    let again = w.propose(A1, vec![change_of(action, None, "first")]);
    w.sync_all();
    assert_ne!(r, again);
    w.act(B1, &accept(again));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [again]);
}

#[test]
fn r1_proposing_signs() {
    let mut w = World::two();
    let (r, _) = w.offered();
    let record = w.record(A1);
    let ix = record.graph().find(&r).expect("here");
    assert!(record.lens().signed_by(ix, &w.party(A1)));
    assert!(!record.lens().signed_by(ix, &w.party(B1)));
    assert!(!record.lens().fully_signed(ix));
}

#[test]
fn r1_wrong_signers_or_base_are_without_effect() {
    let mut w = World::three();
    let add = |n: u32| move |p: &mut Proposal| p.signers.push(Seat::Number(n));
    assert_eq!(found(&mut w, A1, vec![work("x")], add(2)), without(Reason::WrongSigners));
    let only_me = |p: &mut Proposal| p.signers = vec![Seat::Number(0)];
    assert_eq!(found(&mut w, A1, vec![work("x")], only_me), without(Reason::WrongSigners));
    let backwards = |p: &mut Proposal| p.signers.reverse();
    assert_eq!(found(&mut w, A1, vec![work("x")], backwards), without(Reason::WrongSigners));
    // C has no seat in it.
    assert_eq!(found(&mut w, C1, vec![work("x")], |_| {}), without(Reason::NotASigner));
    let (r, action) = w.agreed();
    assert_eq!(found(&mut w, A1, vec![change_of(action, None, "x")], |_| {}), without(Reason::WrongBase));
    let elsewhere = Some(EntryId([7; 32]));
    assert_eq!(found(&mut w, A1, vec![change_of(action, elsewhere, "x")], |_| {}), without(Reason::WrongBase));
    let mut new = work("x");
    new.base = Some(r);
    assert_eq!(found(&mut w, A1, vec![new], |_| {}), without(Reason::WrongBase));
    assert_eq!(found(&mut w, A1, vec![change_of(action, Some(r), "x")], |_| {}), Verdict::Effective);
}

#[test]
fn r1_signers_are_those_concerned_and_all_signers_of_each_base() {
    let mut w = World::three();
    let (r, action) = w.agreed();
    // C takes the work over: B, who signed the base, signs as well.
    let handed_on =
        Subject { base: Some(r), topic: Topic::Action { action: Some(action), terms: terms("C does it", &[2], &[0]) } };
    let changed = w.propose(A1, vec![handed_on]);
    w.sync_all();
    w.act(C1, &accept(changed));
    w.converge();
    assert_eq!(w.in_force(action), [r]);
    w.act(B1, &accept(changed));
    w.converge();
    assert_eq!(w.in_force(action), [changed]);
    // An item's value concerns every bound seat that agrees.
    let seats = |n: &[u32]| n.iter().map(|n| Seat::Number(*n)).collect::<Vec<_>>();
    assert_eq!(w.proposal(A1, vec![item(1, None)]).signers, seats(&[0, 1, 2]));
    let free = Topic::Terms { terms: None, title: "T".to_owned(), text: text("t"), seats: seats(&[0, 2]) };
    assert_eq!(w.proposal(A1, vec![Subject { base: None, topic: free }]).signers, seats(&[0, 2]));
    assert_eq!(w.proposal(A1, vec![work("x"), for_two("y")]).signers, seats(&[0, 1, 2]));
}

#[test]
fn r1_observers_and_unbound_seats_do_not_sign_for_the_whole_case() {
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    assert_eq!(w.proposal(A1, vec![item(1, None)]).signers, [Seat::Number(0), Seat::Number(1)]);
}

#[test]
fn r1_a_bundle_names_each_subject_once_and_only_what_is_known() {
    let mut w = World::two();
    let (_, action) = w.offered();
    let twice = vec![change_of(action, None, "x"), change_of(action, None, "y")];
    assert_eq!(found(&mut w, A1, twice, |_| {}), without(Reason::SubjectTwice));
    let unknown = ActionId { proposal: EntryId([3; 32]), index: 0 };
    let unknown = vec![change_of(unknown, None, "x")];
    assert_eq!(found(&mut w, A1, unknown, |_| {}), without(Reason::UnknownSubject));
    let beyond = vec![change_of(ActionId { index: 1, ..action }, None, "x")];
    assert_eq!(found(&mut w, A1, beyond, |_| {}), without(Reason::UnknownSubject));
    let nowhere = Subject { base: None, topic: Topic::Action { action: None, terms: terms("x", &[9], &[0]) } };
    assert_eq!(found(&mut w, A1, vec![nowhere], |_| {}), without(Reason::UnknownSeat));
}

#[test]
fn r1_three_signers_agree_only_when_all_three_have_signed() {
    let mut w = World::three();
    let r = w.propose(A1, vec![for_two("x")]);
    w.sync_all();
    w.act(B1, &accept(r));
    assert_eq!(w.state(first(r)), ActionState::Accepted);
    w.act(C1, &accept(r));
    assert_eq!(w.state(first(r)), ActionState::Agreed);
}

#[test]
fn r1_an_accept_by_somebody_else_signs_nothing() {
    let mut w = World::three();
    let (r, action) = w.offered();
    let idle = w.force(C1, &accept(r));
    assert_eq!(w.verdict(idle), without(Reason::NotASigner));
    assert_eq!(w.state(action), ActionState::Proposed);
}

#[test]
fn r2_a_chain_of_counters_replaces_all_before_it() {
    let mut w = World::two();
    let (r1, action) = w.offered();
    let r2 = w.counter(B1, r1, vec![change_of(action, None, "B's")]);
    w.deliver(B1, A1);
    let r3 = w.counter(A1, r2, vec![change_of(action, None, "A's again")]);
    // B's other device signed the first offer without knowing any of this.
    w.act(B2, &accept(r1));
    w.deliver(A1, B1);
    w.act(B1, &accept(r3));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r3]);
}

#[test]
fn r2_identical_terms_on_one_base_are_one_agreement() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let one = w.propose(A1, vec![change_of(action, Some(r), "same")]);
    let other = w.propose(A2, vec![change_of(action, Some(r), "same")]);
    w.deliver(A1, B1);
    w.deliver(A2, B2);
    w.act(B1, &accept(one));
    w.act(B2, &accept(other));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [one.min(other), one.max(other)]);
    // Either id names it.
    let done = w.act(B1, &declare(one.max(other)));
    assert_eq!(w.verdict(done), Verdict::Effective);
    assert_eq!(w.state(action), ActionState::Declared);
}

#[test]
fn r2_the_first_value_of_an_item_agreed_twice_alike_is_one() {
    let mut w = World::two();
    let one = w.propose(A1, vec![item(3, None)]);
    let other = w.propose(A2, vec![item(3, None)]);
    w.deliver(A1, B1);
    w.deliver(A2, B2);
    w.act(B1, &accept(one));
    w.act(B2, &accept(other));
    w.converge();
    assert!(!w.is_crossed(&SubjectKey::Item("price".to_owned())));
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.items.first().and_then(|i| i.agreed.clone()), Some((one.min(other), ItemValue::Integer(3))));
}

#[test]
fn what_is_said_already_is_not_signed_again() {
    // By the author's own node alone: in the record it would only be idle.
    let refused = |w: &mut World, device: usize, act: &Act, reason: Reason| {
        assert_eq!(w.try_act(device, act), Err(DraftError::WithoutEffect(reason)));
        w.force(device, act);
    };
    let mut w = World::three();
    let r = w.propose(A1, vec![for_two("x")]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    for device in [A1, B2] {
        refused(&mut w, device, &accept(r), Reason::AlreadySigned);
    }
    let mut w = World::two();
    let (r, _) = w.offered();
    w.act(B1, &decline(r));
    w.sync_all();
    refused(&mut w, B2, &decline(r), Reason::AlreadyClosed);
    let mut w = World::two();
    let (r, _) = w.offered();
    w.act(A1, &withdraw(r));
    w.sync_all();
    refused(&mut w, A2, &withdraw(r), Reason::AlreadyClosed);
    let mut w = World::two();
    let (r, _) = w.agreed();
    w.act(A1, &release(r));
    w.sync_all();
    refused(&mut w, A2, &release(r), Reason::AlreadyAsked);
    let mut w = World::two();
    let (r, _) = w.agreed();
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(B1, &undeclare(done));
    w.sync_all();
    refused(&mut w, B2, &undeclare(done), Reason::AlreadyClosed);
    let mut w = World::two();
    let (r, _) = w.agreed();
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(A1, &approve(done));
    w.sync_all();
    refused(&mut w, A2, &approve(done), Reason::AlreadyApproved);
}

#[test]
fn r3_what_an_accept_knew_may_void_it() {
    // Declined by a signer.
    let mut w = World::three();
    let r = w.propose(A1, vec![for_two("x")]);
    w.sync_all();
    let declined = w.act(C1, &decline(r));
    w.sync_all();
    let late = w.force(B1, &accept(r));
    assert_eq!(w.verdict(late), without(Reason::Declined(declined)));
    // Countered by a signer, oneself included.
    let mut w = World::two();
    let (r, action) = w.offered();
    let countered = w.counter(B1, r, vec![change_of(action, None, "B's")]);
    w.deliver(B1, B2);
    let late = w.force(B2, &accept(r));
    assert_eq!(w.verdict(late), without(Reason::Countered(countered)));
    // Its author's own counter takes it back.
    let mut w = World::two();
    let (r, action) = w.offered();
    let replaced = w.counter(A1, r, vec![change_of(action, None, "A's")]);
    w.sync_all();
    let late = w.force(B1, &accept(r));
    assert_eq!(w.verdict(late), without(Reason::Withdrawn(replaced)));
}

#[test]
fn r5_a_counter_closes_what_its_party_offered_before_on_the_same_matter() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let earlier = w.propose(B1, vec![change_of(action, Some(r), "B's first")]);
    w.sync_all();
    let offer = w.propose(A1, vec![change_of(action, Some(r), "A's")]);
    w.sync_all();
    let countered = w.counter(B1, offer, vec![change_of(action, Some(r), "B's second")]);
    w.sync_all();
    let late = w.force(A2, &accept(earlier));
    assert_eq!(w.verdict(late), without(Reason::MovedOn(countered)));
}

#[test]
fn r3_other_terms_in_force_or_crossed_void_an_accept_that_knew_them() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let early = w.propose(B1, vec![change_of(action, Some(r), "early")]);
    let taken = w.propose(A1, vec![change_of(action, Some(r), "taken")]);
    w.deliver(A1, B2);
    w.act(B2, &accept(taken));
    w.sync_all();
    let late = w.force(A1, &accept(early));
    assert_eq!(w.verdict(late), without(Reason::Overtaken(taken)));
    assert_eq!(w.in_force(action), [taken]);
}

#[test]
fn r3_once_fully_signed_it_is_too_late_to_withdraw_decline_or_counter() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    for (device, act) in [(A1, withdraw(r)), (B1, decline(r))] {
        assert_eq!(w.try_act(device, &act), Err(DraftError::WithoutEffect(Reason::FullySigned)));
        let idle = w.force(device, &act);
        assert_eq!(w.verdict(idle), without(Reason::FullySigned));
    }
    let proposal = w.proposal(B1, vec![change_of(action, Some(r), "x")]);
    let idle = w.force(B1, &Act::Counter { of: r, proposal });
    assert_eq!(w.verdict(idle), without(Reason::FullySigned));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert!(w.requests_on(action).is_empty());
}

#[test]
fn r4_a_release_needs_every_other_signer() {
    let mut w = World::three();
    let r = w.propose(A1, vec![for_two("x")]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.act(C1, &accept(r));
    w.sync_all();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    let own = w.force(A2, &allow(asked));
    assert_eq!(w.verdict(own), without(Reason::OwnRequest));
    w.act(B1, &allow(asked));
    assert_eq!(w.state(first(r)), ActionState::Agreed);
    // C asks too, knowing the request.
    w.act(C1, &release(r));
    assert_eq!(w.state(first(r)), ActionState::Cancelled);
}

#[test]
fn r4_an_allow_after_a_refusal_is_without_effect_and_a_refusal_after_an_allow() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.act(B1, &refuse(asked));
    w.sync_all();
    let late = w.force(B2, &allow(asked));
    assert_eq!(w.verdict(late), without(Reason::Refused));
    assert_eq!(w.state(action), ActionState::Agreed);
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.act(B1, &allow(asked));
    w.sync_all();
    let late = w.force(B2, &refuse(asked));
    assert_eq!(w.verdict(late), without(Reason::Allowed));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn r4_a_request_is_dropped_for_those_who_know() {
    type Drop = fn(&mut World, EntryId, ActionId, EntryId) -> EntryId;
    let drops: [Drop; 2] = [
        |w, _, _, asked| w.act(B1, &withdraw(asked)),
        |w, r, action, _| w.propose(B1, vec![change_of(action, Some(r), "rather")]),
    ];
    for drop in drops {
        // Known: the allow is without effect.
        let mut w = World::two();
        let (r, action) = w.agreed();
        let asked = w.act(B1, &release(r));
        drop(&mut w, r, action, asked);
        w.sync_all();
        let late = w.force(A1, &allow(asked));
        assert_eq!(w.verdict(late), without(Reason::RequestDropped));
        assert_eq!(w.state(action), ActionState::Agreed);
        // Not known: the allow stands.
        let mut w = World::two();
        let (r, action) = w.agreed();
        let asked = w.act(B1, &release(r));
        w.sync_all();
        drop(&mut w, r, action, asked);
        w.act(A1, &allow(asked));
        assert_eq!(w.state(action), ActionState::Cancelled);
    }
    // A declare of the asker's drops it as well.
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(B1, &release(r));
    w.act(B1, &declare(r));
    w.sync_all();
    let late = w.force(A1, &allow(asked));
    assert_eq!(w.verdict(late), without(Reason::RequestDropped));
    assert_eq!(w.state(action), ActionState::Declared);
}

#[test]
fn r4_words_about_a_request_do_not_drop_it() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = w.act(A1, &release(r));
    w.act(A1, &Act::Note { text: text("because we move"), about: Some(asked) });
    w.sync_all();
    w.act(B1, &allow(asked));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn r4_an_end_is_a_base_and_voids_what_knew_it_and_rests_on_the_old() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = w.propose(B1, vec![change_of(action, Some(r), "rather")]);
    w.sync_all();
    let asked = w.act(A1, &release(r));
    w.sync_all();
    w.act(B2, &allow(asked));
    w.sync_all();
    assert_eq!(w.state(action), ActionState::Cancelled);
    let late = w.force(A1, &accept(change));
    assert_eq!(w.verdict(late), without(Reason::Overtaken(r)));
    let anew = w.propose(A1, vec![change_of(action, Some(asked), "anew")]);
    w.sync_all();
    w.act(B1, &accept(anew));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [anew]);
}

#[test]
fn r4_only_what_is_in_force_is_released_by_those_who_signed_it() {
    let mut w = World::three();
    let (r, action) = w.offered();
    let early = w.force(A1, &release(r));
    assert_eq!(w.verdict(early), without(Reason::NotInForce));
    w.act(B1, &accept(r));
    w.sync_all();
    let stranger = w.force(C1, &release(r));
    assert_eq!(w.verdict(stranger), without(Reason::NotASigner));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn r5_a_new_position_closes_what_its_party_had_signed() {
    let mut w = World::two();
    let (r1, action) = w.offered();
    let r2 = w.propose(A1, vec![change_of(action, None, "second")]);
    w.sync_all();
    let late = w.force(B1, &accept(r1));
    assert_eq!(w.verdict(late), without(Reason::MovedOn(r2)));
    assert_eq!(w.open_on(action), [r2]);
    // Who did not know binds both all the same.
    let mut w = World::two();
    let (r1, action) = w.offered();
    w.propose(A1, vec![change_of(action, None, "second")]);
    w.act(B1, &accept(r1));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r1]);
}

#[test]
fn r5_accepting_closes_what_its_party_had_signed_and_nothing_else() {
    let mut w = World::three();
    let r1 = w.propose(B1, vec![for_two("one")]);
    let action = first(r1);
    let other = |what: &str| Subject {
        base: None,
        topic: Topic::Action { action: Some(action), terms: terms(what, &[1], &[0, 2]) },
    };
    w.sync_all();
    w.act(C1, &accept(r1));
    w.sync_all();
    let r2 = w.propose(A1, vec![other("two")]);
    w.sync_all();
    // C had signed r1; with r2 it moves on.
    let moved = w.act(C1, &accept(r2));
    w.sync_all();
    let late = w.force(A1, &accept(r1));
    assert_eq!(w.verdict(late), without(Reason::MovedOn(moved)));
    // Of r2 nobody has let go: B, who has not signed it, closes only its own r1 by signing it.
    w.act(B1, &accept(r2));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r2]);
}

#[test]
fn r5_a_counter_declines_what_it_answers_and_must_touch_it() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let counter = w.counter(B1, r, vec![change_of(action, None, "B's")]);
    w.sync_all();
    assert_eq!(w.open_on(action), [counter]);
    let proposal = w.proposal(A1, vec![work("something else")]);
    let elsewhere = w.force(A1, &Act::Counter { of: counter, proposal });
    assert_eq!(w.verdict(elsewhere), without(Reason::CounterElsewhere));
    assert_eq!(w.open_on(action), [counter]);
}
