//! R7: several agreements that nobody replaced, and how one of them comes to stand.

use counterpart_core::{
    act::{Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    value::ActionId,
};

use crate::{shown::*, world::*};

/// What one device offers and another takes, each pair without knowing of the other pairs.
pub(crate) fn cross(w: &mut World, pairs: &[(usize, usize, Vec<Subject>)]) -> Vec<EntryId> {
    let offers: Vec<EntryId> = pairs.iter().map(|(by, _, subjects)| w.propose(*by, subjects.clone())).collect();
    for (offer, (by, taker, _)) in offers.iter().zip(pairs) {
        w.deliver(*by, *taker);
        w.act(*taker, &accept(*offer));
    }
    offers
}

/// An agreement and two changes of it that crossed: A's, taken by B2, and B's, taken by A2. Nobody knows of both.
pub(crate) fn crossing() -> (World, ActionId, EntryId, EntryId, EntryId) {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    let both = cross(&mut w, &[(A1, B2, change("A's")), (B1, A2, change("B's"))]);
    (w, action, r, both[0], both[1])
}

/// The same, known to all: neither side has signed over one of them alone.
pub(crate) fn known_crossing() -> (World, ActionId, EntryId, EntryId, EntryId) {
    let (mut w, action, r, one, other) = crossing();
    assert_eq!(w.word(action), "crossed");
    let mut both = vec![one, other];
    both.sort_unstable();
    assert_eq!(w.rivals(action), both);
    assert_eq!(w.standing(action), Some(r));
    (w, action, r, one, other)
}

pub(crate) fn stands(w: &mut World, action: ActionId, r: EntryId) {
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
}

pub(crate) fn still_crossed(w: &mut World, action: ActionId) {
    assert_eq!(w.word(action), "crossed");
    assert!(w.is_crossed(&SubjectKey::Action(action)));
}

#[test]
fn the_performer_who_signed_both_chooses_either() {
    for first in [true, false] {
        for device in [B1, B2] {
            let (mut w, action, _, one, other) = known_crossing();
            let pick = if first { one } else { other };
            w.act(device, &choose(pick));
            stands(&mut w, action, pick);
        }
    }
}

#[test]
fn nobody_else_chooses() {
    let (mut w, action, _, one, _) = known_crossing();
    for device in [A1, A2] {
        assert_eq!(w.refuses(device, &choose(one)), "NotTheChooser");
        assert_eq!(w.idle(device, &choose(one)), "NotTheChooser");
    }
    still_crossed(&mut w, action);
}

#[test]
fn a_third_party_does_not_choose() {
    let mut w = World::three();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    let both = cross(&mut w, &[(A1, B2, change("A's")), (B1, A2, change("B's"))]);
    still_crossed(&mut w, action);
    w.idle(C1, &choose(both[0]));
    still_crossed(&mut w, action);
}

#[test]
fn only_a_rival_of_a_known_crossing_is_picked() {
    let (mut w, action, r, one, other) = crossing();
    // B2 knows one of them only.
    assert_eq!(w.refuses(B2, &choose(one)), "NotCrossed");
    assert_eq!(w.idle(B2, &choose(one)), "NotCrossed");
    // What stays is no rival, nor is an entry of another sort.
    let open = w.amend(A1, action, "a third, not agreed");
    w.sync_all();
    for pick in [r, open] {
        assert_eq!(w.idle(B1, &choose(pick)), "NotCrossed");
    }
    w.idle(B1, &choose(EntryId([7; 32])));
    let elsewhere = w.agreed_on(vec![work("elsewhere")], &[B1]);
    assert_eq!(w.idle(B1, &choose(elsewhere)), "NotCrossed");
    w.act(B1, &choose(other));
    stands(&mut w, action, other);
    // Resolved: there is nothing to choose any more.
    assert_eq!(w.idle(B1, &choose(one)), "NotCrossed");
    stands(&mut w, action, other);
}

#[test]
fn of_two_performers_the_lower_party_chooses() {
    let mut w = World::two();
    let r = w.agreed_on(vec![work_for("together", &[0, 1], &[0])], &[B1]);
    let action = action_of(r, 0);
    let change = |what: &str| {
        let topic = Topic::Action { action: Some(action), terms: terms(what, &[0, 1], &[0]) };
        vec![Subject { base: Some(r), topic }]
    };
    let both = cross(&mut w, &[(A1, B2, change("A's")), (B1, A2, change("B's"))]);
    w.converge();
    let (low, high) = (w.lower(A1, B1), w.higher(A1, B1));
    assert_eq!(w.idle(high, &choose(both[0])), "NotTheChooser");
    w.act(low, &choose(both[1]));
    stands(&mut w, action, both[1]);
}

#[test]
fn a_performer_of_any_rival_counts() {
    // In one rival B is to do it for A, in the other A for B: both perform somewhere.
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |what: &str, by: u32, to: u32| {
        let topic = Topic::Action { action: Some(action), terms: terms(what, &[by], &[to]) };
        vec![Subject { base: Some(r), topic }]
    };
    let both = cross(&mut w, &[(A1, B2, change("B does", 1, 0)), (B1, A2, change("A does", 0, 1))]);
    w.converge();
    let (low, high) = (w.lower(A1, B1), w.higher(A1, B1));
    assert_eq!(w.idle(high, &choose(both[0])), "NotTheChooser");
    w.act(low, &choose(both[0]));
    stands(&mut w, action, both[0]);
}

/// A fourth signer beside A, B and C, with the seat 4.
fn four() -> World {
    let mut w = World::three();
    let subject = Subject { base: None, topic: Topic::AdmitSeat { seat: seat(4) } };
    let revision = w.bargain(A1, vec![subject], &[B1, C1]);
    w.sync_all();
    w.bring_in(D1, 4, Some(revision));
    w.sync_all();
    w
}

/// An action that was only offered, and two agreements on it with other people.
fn offered_then(w: &mut World, pairs: &[(usize, usize, &[u32], &[u32])]) -> (ActionId, Vec<EntryId>) {
    let (_, action) = w.offered();
    let pairs: Vec<(usize, usize, Vec<Subject>)> = pairs
        .iter()
        .map(|(by, taker, performers, beneficiaries)| {
            let topic = Topic::Action { action: Some(action), terms: terms("other", performers, beneficiaries) };
            (*by, *taker, vec![Subject { base: None, topic }])
        })
        .collect();
    let offers = cross(w, &pairs);
    (action, offers)
}

#[test]
fn where_no_performer_signed_all_the_lowest_who_did_chooses() {
    // B is to do it for A, or C for A: only A signed both.
    let mut w = World::three();
    let (action, both) = offered_then(&mut w, &[(A1, B1, &[1], &[0]), (A2, C1, &[2], &[0])]);
    still_crossed(&mut w, action);
    for device in [B1, C1] {
        assert_eq!(w.idle(device, &choose(both[0])), "NotTheChooser");
    }
    w.act(A1, &choose(both[1]));
    stands(&mut w, action, both[1]);
}

#[test]
fn where_nobody_signed_all_the_lowest_performer_chooses() {
    // B for A, or C for D.
    let mut w = four();
    let (action, both) = offered_then(&mut w, &[(A1, B1, &[1], &[0]), (C1, D1, &[2], &[4])]);
    still_crossed(&mut w, action);
    let (low, high) = (w.lower(B1, C1), w.higher(B1, C1));
    for device in [high, A1, D1] {
        assert_eq!(w.idle(device, &choose(both[0])), "NotTheChooser");
    }
    w.act(low, &choose(both[0]));
    stands(&mut w, action, both[0]);
}

#[test]
fn where_nobody_performs_the_lowest_signer_chooses() {
    // Free terms between A and B, and the same terms between C and D.
    let mut w = four();
    let free = |id: Option<ActionId>, what: &str, seats: &[u32]| {
        let seats = seats.iter().map(|n| seat(*n)).collect();
        let topic = Topic::Terms { terms: id, title: "House rules".to_owned(), text: text(what), seats };
        vec![Subject { base: None, topic }]
    };
    let first = w.propose(A1, free(None, "quiet", &[0, 1]));
    w.sync_all();
    let id = action_of(first, 0);
    let key = SubjectKey::Terms(id);
    let both = cross(&mut w, &[(A1, B1, free(Some(id), "loud", &[0, 1])), (C1, D1, free(Some(id), "mute", &[2, 4]))]);
    w.converge();
    assert!(w.is_crossed(&key));
    let mut order = [A1, B1, C1, D1];
    order.sort_by_key(|d| w.party(*d));
    for device in &order[1..] {
        assert_eq!(w.idle(*device, &choose(both[0])), "NotTheChooser");
    }
    w.act(order[0], &choose(both[1]));
    w.converge();
    assert!(!w.is_crossed(&key));
}

#[test]
fn crossed_values_of_an_item_are_chosen_by_the_lowest_who_signed_both() {
    let mut w = World::two();
    let item = |n: i64| {
        let value = counterpart_core::value::ItemValue::Integer(n);
        vec![Subject { base: None, topic: Topic::Item { key: "price".to_owned(), value } }]
    };
    let both = cross(&mut w, &[(A1, B2, item(1)), (B1, A2, item(2))]);
    w.converge();
    let key = SubjectKey::Item("price".to_owned());
    assert!(w.is_crossed(&key));
    let (low, high) = (w.lower(A1, B1), w.higher(A1, B1));
    assert_eq!(w.idle(high, &choose(both[0])), "NotTheChooser");
    w.act(low, &choose(both[0]));
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.items[0].agreed.as_ref().map(|(id, _)| *id), Some(both[0]));
}

#[test]
fn two_chooses_that_contradict_count_for_nothing_until_one_knows_both() {
    let (mut w, action, _, one, other) = known_crossing();
    w.act(B1, &choose(one));
    w.act(B2, &choose(other));
    still_crossed(&mut w, action);
    // Knowing both, either side of the chooser may say what holds.
    w.act(B2, &choose(one));
    stands(&mut w, action, one);
}

#[test]
fn two_chooses_of_the_same_do_not_contradict() {
    let (mut w, action, _, one, _) = known_crossing();
    w.act(B1, &choose(one));
    w.act(B2, &choose(one));
    stands(&mut w, action, one);
}

#[test]
fn three_chooses_of_which_the_third_knows_only_one() {
    let (mut w, action, _, one, other) = known_crossing();
    w.act(B1, &choose(one));
    w.act(B2, &choose(other));
    w.deliver(B1, B4);
    w.force(B4, &choose(other));
    still_crossed(&mut w, action);
    w.act(B4, &choose(other));
    stands(&mut w, action, other);
}

#[test]
fn the_choose_another_signer_relied_on_stands() {
    for first in [true, false] {
        let (mut w, action, _, one, other) = known_crossing();
        w.act(B1, &choose(one));
        w.act(B2, &choose(other));
        let (chosen, by) = if first { (one, B1) } else { (other, B2) };
        w.deliver(by, A1);
        w.act(A1, &note("so be it"));
        stands(&mut w, action, chosen);
    }
}

#[test]
fn both_chooses_relied_on_stay_crossed() {
    let (mut w, action, _, one, other) = known_crossing();
    w.act(B1, &choose(one));
    w.act(B2, &choose(other));
    w.deliver(B1, A1);
    w.act(A1, &note("so be it"));
    w.deliver(B2, A2);
    w.act(A2, &note("so be that"));
    still_crossed(&mut w, action);
    w.act(B1, &choose(other));
    stands(&mut w, action, other);
}

#[test]
fn relying_takes_another_signer_who_did_not_know_the_other() {
    // The chooser's own third device does not count.
    let (mut w, action, _, one, other) = known_crossing();
    w.act(B1, &choose(one));
    w.act(B2, &choose(other));
    w.deliver(B1, B4);
    w.act(B4, &note("we go by this"));
    still_crossed(&mut w, action);
    // Nor does who knows both.
    w.act(A1, &note("which now?"));
    still_crossed(&mut w, action);
    // Nor a member who signed neither.
    let mut w = World::three();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    let both = cross(&mut w, &[(A1, B2, change("A's")), (B1, A2, change("B's"))]);
    w.sync_all();
    w.act(B1, &choose(both[0]));
    w.act(B2, &choose(both[1]));
    w.deliver(B1, C1);
    w.act(C1, &note("I go by this"));
    still_crossed(&mut w, action);
}

#[test]
fn one_of_several_other_signers_relying_is_enough() {
    let mut w = World::three();
    let r = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
    let action = action_of(r, 0);
    let change = |what: &str| {
        let topic = Topic::Action { action: Some(action), terms: terms(what, &[1], &[0, 2]) };
        vec![Subject { base: Some(r), topic }]
    };
    let one = w.propose(A1, change("A's"));
    let other = w.propose(B1, change("B's"));
    w.deliver(A1, B2);
    w.act(B2, &accept(one));
    w.deliver(A1, C1);
    w.act(C1, &accept(one));
    w.deliver(B1, A2);
    w.act(A2, &accept(other));
    w.deliver(B1, C2);
    w.act(C2, &accept(other));
    still_crossed(&mut w, action);
    w.act(B1, &choose(one));
    w.act(B2, &choose(other));
    w.deliver(B2, C1);
    w.act(C1, &note("so be it"));
    stands(&mut w, action, other);
}

#[test]
fn a_later_find_does_not_undo_a_choose() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    // The third pair is dark while the others resolve their crossing.
    let dark = w.bargain(A3, change("dark"), &[B4]);
    let lit = [A1, A2, B1, B2];
    let one = w.bargain(A1, change("A's"), &[B2]);
    let other = w.propose(B1, change("B's"));
    w.deliver(B1, A2);
    w.act(A2, &accept(other));
    for from in lit {
        for to in lit {
            w.deliver(from, to);
        }
    }
    assert_eq!(w.word_at(B1, action), "crossed");
    w.act(B1, &choose(one));
    stands(&mut w, action, one);
    assert!(w.open_on(action).is_empty(), "{dark:?} is out");
}

#[test]
fn what_replaces_the_pick_is_not_removed_by_it() {
    let (mut w, action, r, one, _) = known_crossing();
    w.act(B1, &choose(one));
    w.sync_all();
    let next = w.amend(A1, action, "and on");
    w.sync_all();
    w.act(B1, &accept(next));
    stands(&mut w, action, next);
    assert_ne!(w.standing(action), Some(r));
}

#[test]
fn a_choose_and_a_new_agreement_that_knew_the_crossing() {
    // The new agreement replaces all rivals, the picked one too.
    let (mut w, action, r, one, _) = known_crossing();
    w.act(B1, &choose(one));
    let new = w.bargain(A1, vec![change_of(action, Some(r), "anew")], &[B2]);
    stands(&mut w, action, new);
}

#[test]
fn everyone_may_sign_anew_knowing_the_crossing() {
    for by in [A1, B1] {
        let (mut w, action, r, _, _) = known_crossing();
        let taker = if by == A1 { B1 } else { A1 };
        let new = w.bargain(by, vec![change_of(action, Some(r), "anew")], &[taker]);
        stands(&mut w, action, new);
    }
}

#[test]
fn a_revision_made_before_the_crossing_was_known_is_not_accepted_in_it() {
    let (mut w, action, _, _, _) = crossing();
    let stale = w.amend(A3, action, "stale");
    still_crossed(&mut w, action);
    w.idle(B1, &accept(stale));
    still_crossed(&mut w, action);
}

#[test]
fn work_is_declared_on_the_terms_that_stay_and_on_no_rival() {
    let (mut w, action, r, one, _) = known_crossing();
    assert_eq!(w.idle(B1, &declare(one)), "NotInForce");
    let done = w.act(B1, &declare(r));
    assert_eq!(w.why(done), "effective");
    w.act(A1, &approve(done));
    w.converge();
    assert_eq!(w.word(action), "completed");
}

#[test]
fn the_settled_one_stands_and_a_device_kept_dark_cannot_undo_it() {
    let (mut w, action, _, one, _) = crossing();
    // B2's accept holds it fully signed; A signs over it too, before the rival shows up.
    w.deliver(B2, A1);
    w.act(A1, &note("agreed then"));
    stands(&mut w, action, one);
}

#[test]
fn one_side_alone_settles_nothing() {
    let (mut w, action, _, _, _) = crossing();
    w.act(B2, &note("agreed then"));
    still_crossed(&mut w, action);
}

#[test]
fn signing_over_both_settles_nothing() {
    let (mut w, action, _, _, _) = crossing();
    w.sync_all();
    w.act(A1, &note("what now?"));
    w.act(B1, &note("what now?"));
    still_crossed(&mut w, action);
}

#[test]
fn both_settled_is_crossed() {
    let (mut w, action, _, _, _) = crossing();
    w.deliver(B2, A1);
    w.act(A1, &note("agreed then"));
    w.deliver(A2, B1);
    w.act(B1, &note("agreed then"));
    still_crossed(&mut w, action);
}

#[test]
fn a_proved_receipt_settles_as_a_statement_does() {
    let (mut w, action, _, one, _) = crossing();
    w.deliver(B2, A1);
    let at = w.at + 10_000;
    let receipt = w.receipt(A1, at);
    still_crossed(&mut w, action);
    w.act(B1, &prove(&receipt));
    stands(&mut w, action, one);
}

#[test]
fn a_receipt_over_both_settles_nothing() {
    let (mut w, action, _, _, _) = crossing();
    w.sync_all();
    let at = w.at + 10_000;
    let receipt = w.receipt(A1, at);
    w.act(B1, &prove(&receipt));
    still_crossed(&mut w, action);
}

#[test]
fn a_choose_knowing_the_crossing_goes_before_what_was_settled_unseen() {
    let (mut w, action, _, one, other) = crossing();
    // A3 settles one of them in the dark; B chooses the other on what it knows.
    w.deliver(B2, A3);
    for (from, to) in [(B2, B1), (A2, B1), (A1, B1)] {
        w.deliver(from, to);
    }
    w.act(A3, &note("agreed then"));
    assert_eq!(w.word_at(B1, action), "crossed");
    w.act(B1, &choose(other));
    assert_ne!(one, other);
    stands(&mut w, action, other);
}

#[test]
fn what_is_known_to_be_settled_is_not_chosen() {
    let (mut w, action, _, one, other) = crossing();
    w.deliver(B2, A1);
    w.act(A1, &note("agreed then"));
    stands(&mut w, action, one);
    assert_eq!(w.idle(B1, &choose(other)), "NotCrossed");
    stands(&mut w, action, one);
}

#[test]
fn every_signer_must_have_settled_it() {
    // Three signers: C has not signed over it.
    let mut w = World::three();
    let r = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
    let action = action_of(r, 0);
    let change = |what: &str| {
        let topic = Topic::Action { action: Some(action), terms: terms(what, &[1], &[0, 2]) };
        vec![Subject { base: Some(r), topic }]
    };
    let one = w.propose(A1, change("A's"));
    let other = w.propose(B1, change("B's"));
    w.deliver(A1, C1);
    w.act(C1, &accept(one));
    for (from, to) in [(A1, B2), (C1, B2)] {
        w.deliver(from, to);
    }
    w.act(B2, &accept(one));
    w.deliver(B1, C2);
    w.act(C2, &accept(other));
    w.deliver(B1, A2);
    w.act(A2, &accept(other));
    // B2's accept, and A1 over it: C1 accepted before it was fully signed.
    w.deliver(B2, A1);
    w.act(A1, &note("agreed then"));
    still_crossed(&mut w, action);
    let (mut w2, action2, one2) = {
        let mut w = World::three();
        let r = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
        let action = action_of(r, 0);
        let change = |what: &str| {
            let topic = Topic::Action { action: Some(action), terms: terms(what, &[1], &[0, 2]) };
            vec![Subject { base: Some(r), topic }]
        };
        let one = w.bargain(A1, change("A's"), &[C1]);
        let other = w.bargain(B1, change("B's"), &[C2]);
        w.deliver(C1, B2);
        w.act(B2, &accept(one));
        w.deliver(C2, A2);
        w.act(A2, &accept(other));
        w.deliver(B2, A1);
        w.act(A1, &note("agreed then"));
        w.deliver(B2, C1);
        w.act(C1, &note("agreed then"));
        (w, action, one)
    };
    stands(&mut w2, action2, one2);
}

#[test]
fn a_performer_who_did_not_sign_all_does_not_choose() {
    // B and C are to do it for A, or one of them alone: that one signed both.
    for alone in [1, 2] {
        let mut w = World::three();
        let (_, action) = w.offered();
        let topic = |performers: &[u32]| {
            let terms = terms("other", performers, &[0]);
            vec![Subject { base: None, topic: Topic::Action { action: Some(action), terms } }]
        };
        let (one, other) = if alone == 1 { (B1, C1) } else { (C1, B1) };
        let together = w.bargain(A1, topic(&[1, 2]), &[one, other]);
        w.deliver(one, other);
        let second = if alone == 1 { B2 } else { C2 };
        let single = w.bargain(A2, topic(&[alone]), &[second]);
        still_crossed(&mut w, action);
        assert_eq!(w.idle(other, &choose(single)), "NotTheChooser");
        w.act(one, &choose(together));
        stands(&mut w, action, together);
    }
}

#[test]
fn a_receipt_of_somebody_who_signed_neither_settles_nothing() {
    let mut w = World::three();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    let both = cross(&mut w, &[(A1, B2, change("A's")), (B1, A2, change("B's"))]);
    w.deliver(B2, C1);
    let at = w.at + 10_000;
    let receipt = w.receipt(C1, at);
    w.act(C1, &prove(&receipt));
    still_crossed(&mut w, action);
    assert_eq!(w.rivals(action).len(), both.len());
}
