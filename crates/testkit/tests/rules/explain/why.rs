//! The acts behind a state, who signed them, what proves when.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Subject, Topic},
    receipt::SignedReceipt,
    value::ItemValue,
    view::Evidence,
};

use super::*;

#[test]
fn the_acts_behind_a_state_are_named_oldest_first() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let missing = vec![seat(1)];
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose"]);
    assert_eq!(because, Because::Awaits { revision: w.ix(r), signatures: vec![(seat(0), w.ix(r))], missing });

    let taken = w.act(B1, &accept(r));
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "accept"]);
    let signatures = vec![(seat(0), w.ix(r)), (seat(1), w.ix(taken))];
    assert_eq!(because, Because::Signed { revision: w.ix(r), signatures });

    let done = w.act(B1, &declare(r));
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "accept", "declare"]);
    assert_eq!(because, Because::Declared { declare: w.ix(done), approvals: Vec::new(), missing: vec![seat(0)] });

    let approved = w.act(A1, &approve(done));
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "accept", "declare", "approve"]);
    assert_eq!(because, Because::Approved { declare: w.ix(done), approvals: vec![w.ix(approved)] });
}

#[test]
fn a_renegotiated_action_shows_what_it_replaced() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let later = w.bargain(B1, vec![change_of(action, Some(r), "later")], &[A1]);
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "accept", "propose", "accept"]);
    assert!(matches!(because, Because::Signed { revision, .. } if revision == w.ix(later)));
    // The revision that was replaced says so.
    let (_, because) = w.why_asked(Question::Entry(w.ix(r)));
    assert_eq!(because, Because::Replaced { revision: w.ix(r), by: w.ix(later) });
}

#[test]
fn how_something_ended_is_told() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let no = w.act(B1, &decline(r));
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "decline"]);
    assert!(matches!(because, Because::Closed { closing, .. } if closing.by() == w.ix(no)));

    let mut w = World::two();
    let (r, action) = w.agreed();
    let request = w.act(B1, &release(r));
    w.sync_all();
    let granted = w.act(A1, &allow(request));
    w.sync_all();
    let (kinds, because) = w.why_of(action);
    assert_eq!(kinds, ["propose", "accept", "release", "allow"]);
    assert_eq!(because, Because::Ended { revision: w.ix(r), request: w.ix(request), grants: vec![w.ix(granted)] });

    let mut w = World::two();
    let (r, action) = w.agreed();
    let given_up = w.act(B1, &stop(r));
    w.sync_all();
    assert_eq!(w.why_of(action).1, Because::Stopped { stop: w.ix(given_up) });

    let mut w = World::two();
    let (_, action, done) = w.declared();
    let no = w.act(A1, &reject(done));
    w.sync_all();
    assert_eq!(w.why_of(action).1, Because::Rejected { declare: w.ix(done), reject: w.ix(no) });

    let (w, r, action, by_a, by_b) = crossed();
    let Because::Crossed { rivals, stays } = w.why_of(action).1 else { unreachable!("it is crossed") };
    let rivals: BTreeSet<Ix> = rivals.into_iter().collect();
    assert_eq!(rivals, BTreeSet::from([w.ix(by_a), w.ix(by_b)]));
    assert_eq!(stays, Some(w.ix(r)));
}

#[test]
fn an_act_without_effect_says_why_and_names_the_cause() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let gone = w.act(A1, &withdraw(r));
    w.sync_all();
    let idle = w.force(B1, &accept(r));
    w.sync_all();
    let (kinds, because) = w.why_asked(Question::Entry(w.ix(idle)));
    assert_eq!(kinds, ["propose", "withdraw", "accept"]);
    assert!(matches!(because, Because::Without(_)), "{because:?}");
    // It stands among the acts about the action too.
    let why = w.record(A1).why(Question::Subject(SubjectKey::Action(action)));
    let step = why.steps.iter().find(|s| s.entry == w.ix(idle)).expect("it is told");
    assert!(!step.counts);
    assert!(why.steps.iter().any(|s| s.entry == w.ix(gone) && s.counts));
}

#[test]
fn a_time_is_proven_between_what_others_signed_before_and_after() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let offered = w.at;
    let taken = w.act_at(B1, &accept(r), offered + 50_000);
    w.sync_all();
    let proven = |w: &World, id: EntryId| {
        let why = w.record(A1).why(Question::Subject(SubjectKey::Action(action)));
        why.steps.into_iter().find(|s| s.entry == w.ix(id)).expect("it is a step").proven
    };
    let accepted = proven(&w, taken);
    let before = accepted.not_before.expect("it rests on the offer");
    assert_eq!((before.at, before.party, before.by), (offered, w.party(A1), Evidence::Entry(w.ix(r))));
    assert_eq!(accepted.not_after, None, "nobody has signed over it");
    assert_eq!(proven(&w, r).not_after.map(|b| b.by), Some(Evidence::Entry(w.ix(taken))));

    let receipt = w.receipt(A2, offered + 70_000);
    let receipt = SignedReceipt::verify(&receipt).expect("a good receipt");
    let id = receipt.id;
    w.devices[A1].record.apply_receipt(receipt).expect("it is taken");
    let after = proven(&w, taken).not_after.expect("a receipt covers it");
    assert_eq!((after.at, after.party, after.by), (offered + 70_000, w.party(A1), Evidence::Receipt(id)));
    // A statement by the other side's other device with an earlier claim bounds it closer.
    w.act_at(A2, &note("seen"), offered + 60_000);
    w.sync_all();
    assert_eq!(proven(&w, taken).not_after.map(|b| b.at), Some(offered + 60_000));
}

#[test]
fn an_item_shows_who_states_what() {
    let mut w = World::two();
    for (device, number) in [(A1, 1), (B1, 2), (A1, 3)] {
        let value = ItemValue::Integer(number);
        w.act(device, &Act::Item { key: "price".to_owned(), value, label: None, note: None });
        w.sync_all();
    }
    let price = || Question::Subject(SubjectKey::Item("price".to_owned()));
    let (kinds, because) = w.why_asked(price());
    assert_eq!(kinds, ["item", "item"], "an own later value takes the place of the earlier");
    assert!(matches!(because, Because::Stated { agree: false, .. }));
    let subject = Subject { base: None, topic: Topic::Item { key: "price".to_owned(), value: ItemValue::Integer(3) } };
    let r = w.agreed_on(vec![subject], &[B1]);
    let (kinds, because) = w.why_asked(price());
    assert_eq!(kinds, ["item", "item", "propose", "accept"]);
    assert!(matches!(because, Because::Signed { revision, .. } if revision == w.ix(r)));
}

#[test]
fn whoever_signs_is_named_by_a_card() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let device = Some(w.devices[B1].author.device);
    w.act(B1, &card("Priya", device));
    let taken = w.act(B1, &accept(r));
    w.sync_all();
    let why = w.record(A1).why(Question::Subject(SubjectKey::Action(action)));
    let person = |id: EntryId| why.steps.iter().find(|s| s.entry == w.ix(id)).and_then(|s| s.person.clone());
    assert_eq!(person(taken), Some(text("Priya")));
    assert_eq!(person(r), None);
}
