//! Histories that once came out wrong, kept for ever.

use crate::{shown::*, world::*};
use counterpart_core::{
    act::{Act, Contact, Mode, Proposal, Role, Subject, Topic},
    fold::{ActionState, SubjectKey, Verdict},
    gate::Refusal,
    id::EntryId,
    keylog::RevokeReason,
    value::{ActionId, Due, ItemValue, Sealable, Seat, Unit},
    view::Grade,
};

fn id(p: EntryId, index: u32) -> ActionId {
    ActionId { proposal: p, index }
}

#[test]
fn completed_renewed_and_completed_again() {
    let mut w = World::two();
    let (r, action, _) = w.completed();
    let r2 = w.propose(A1, vec![change_of(action, Some(r), "again")]);
    w.sync_all();
    w.act(B1, &accept(r2));
    assert_eq!(w.state(action), ActionState::Agreed);
    let d2 = w.act(B1, &declare(r2));
    assert_eq!(w.state(action), ActionState::Declared);
    w.act(A1, &approve(d2));
    assert_eq!(w.state(action), ActionState::Completed);
}

#[test]
fn two_allows_of_one_party() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let d1 = w.act(B1, &declare(r));
    w.act(B2, &declare(r)); // d2, concurrent
    w.deliver(B1, A1);
    w.act(A1, &approve(d1));
    let q = w.act(A1, &release(d1));
    w.deliver(A1, B1); // B1 does not know d2
    w.act(B1, &allow(q));
    w.deliver(A1, B2); // B2 knows d2 and q
    w.act(B2, &allow(q));
    w.state(action);
}

#[test]
fn twins_amended_by_one_name() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let t1 = w.propose(A1, vec![change_of(action, Some(r), "twin")]);
    let t2 = w.propose(A2, vec![change_of(action, Some(r), "twin")]);
    w.deliver(A1, B1);
    w.deliver(A2, B2);
    w.act(B1, &accept(t1));
    w.act(B2, &accept(t2));
    w.deliver(B1, A1);
    let r3 = w.propose(A1, vec![change_of(action, Some(t1), "third")]);
    w.deliver(A1, B1);
    w.act(B1, &accept(r3));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action), [r3]);
}

#[test]
fn twins_released() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let t1 = w.propose(A1, vec![change_of(action, Some(r), "twin")]);
    let t2 = w.propose(A2, vec![change_of(action, Some(r), "twin")]);
    w.deliver(A1, B1);
    w.deliver(A2, B2);
    w.act(B1, &accept(t1));
    w.act(B2, &accept(t2));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.in_force(action).len(), 2);
    let q = w.act(A1, &release(t1));
    w.sync_all();
    w.act(B1, &allow(q));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn crossing_suspends_the_bundle() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let bundle = w.propose(A1, vec![change_of(action, Some(r), "A's"), work("extra")]);
    let by_b = w.propose(B1, vec![change_of(action, Some(r), "B's")]);
    w.deliver(A1, B2);
    w.deliver(B1, A2);
    w.act(B2, &accept(bundle));
    w.act(A2, &accept(by_b));
    assert_eq!(w.state(action), ActionState::Crossed);
    assert_eq!(w.state(id(bundle, 1)), ActionState::Crossed);
}

#[test]
fn release_of_a_bundle_partly_replaced() {
    let mut w = World::two();
    let bundle = w.propose(A1, vec![work("one"), work("two")]);
    w.sync_all();
    w.act(B1, &accept(bundle));
    w.sync_all();
    let r2 = w.propose(A1, vec![change_of(id(bundle, 0), Some(bundle), "one, changed")]);
    w.sync_all();
    w.act(B1, &accept(r2));
    w.sync_all();
    let q = w.act(A1, &release(bundle));
    w.sync_all();
    w.act(B1, &allow(q));
    assert_eq!(w.state(id(bundle, 1)), ActionState::Cancelled);
    assert_eq!(w.state(id(bundle, 0)), ActionState::Agreed);
}

fn alleged(w: &mut World) -> (EntryId, ActionId) {
    let contact = w.act(
        A1,
        &Act::Contact(Contact {
            channel: "telephone".into(),
            direction: "out".into(),
            started: 5,
            seconds: None,
            waited: None,
            seat: None,
            person: None,
            number: None,
            reference: None,
            summary: text("they promised"),
            menu: vec![],
        }),
    );
    let p = Proposal { alleged: Some(contact), ..w.proposal(A1, vec![work("promised")]) };
    let r = w.act(A1, &Act::Propose(p));
    w.sync_all();
    (r, id(r, 0))
}

#[test]
fn contest_of_alleged_crossing_an_accept_is_a_request() {
    let mut w = World::two();
    let (r, action) = alleged(&mut w);
    w.act(B1, &accept(r));
    let c = w.act(B2, &Act::Contest { entry: r, reason: text("no") });
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.requests_on(action), [c]);
    let a = w.try_act(A1, &allow(c));
    assert!(a.is_ok(), "{a:?}");
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn own_approve_and_reject() {
    let mut w = World::two();
    let (_, action, d) = w.declared();
    w.act(A1, &approve(d));
    let no = w.act(A2, &reject(d));
    assert_eq!(w.state(action), ActionState::Completed);
    assert_eq!(w.requests_on(action), [no]);
    w.act(B1, &allow(no));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn admitting_another_than_agreed() {
    let mut w = World::two();
    let r = w.propose(
        A1,
        vec![Subject {
            base: None,
            topic: Topic::AdmitNew { role: Role::Third, label: text("C"), party: Some(w.party(C1)) },
        }],
    );
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    let seat = Seat::Added(r, 0);
    let inv = w.act(A1, &invite(seat));
    let admit = w.admit(D1, seat, inv, Some(r));
    let e = w.force(A1, &admit);
    assert_ne!(w.verdict(e), Verdict::Effective);
}

#[test]
fn close_with_open_until_or_confirm() {
    for confirm in [true, false] {
        let mut w = World::two();
        let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
        let p = w.proposal(A1, vec![close]);
        let until = Due::After { count: 1, unit: Unit::Days, zone: "Europe/Berlin".into() };
        let p = if confirm { Proposal { mode: Mode::Confirm, ..p } } else { Proposal { open_until: Some(until), ..p } };
        let e = w.force(A1, &Act::Propose(p));
        assert!(matches!(w.verdict(e), Verdict::Without(_)));
    }
}

#[test]
fn level_not_next() {
    let mut w = World::two();
    let p = w.proposal(A1, vec![Subject { base: None, topic: Topic::Level { level: 7 } }]);
    let e = w.force(A1, &Act::Propose(p));
    assert!(matches!(w.verdict(e), Verdict::Without(_)));
}

#[test]
fn a_raise_is_not_offered_by_who_could_not_go_on_after_it() {
    let mut w = World::two();
    let raise = w.proposal(A1, vec![Subject { base: None, topic: Topic::Level { level: 2 } }]);
    assert!(w.try_act(A1, &Act::Propose(raise.clone())).is_err());
    w.force(A1, &Act::Propose(raise));
}

#[test]
fn level_raised() {
    let mut w = World::two();
    let p = w.proposal(A1, vec![Subject { base: None, topic: Topic::Level { level: 2 } }]);
    let e = w.force(A1, &Act::Propose(p));
    w.sync_all();
    w.force(B1, &accept(e));
    w.sync_all();
    let s = w.statement(A1, &note("x"));
    let b = w.seal(A1, &s);
    assert_eq!(w.refusal(B1, &b), Refusal::UnknownLevel(2));
}

#[test]
fn ack_and_contest_by_one_party() {
    let mut w = World::two();
    let n = w.act(A1, &note("they came late"));
    w.sync_all();
    w.act(B1, &note("1"));
    w.act(B1, &note("2"));
    w.act(B1, &Act::Acknowledge { entry: n, note: None });
    w.act(B2, &Act::Contest { entry: n, reason: text("no") });
    w.converge();
    let ix = w.record(A1).graph().find(&n).expect("here");
    assert_eq!(w.record(A1).grade(ix), Grade::Contested);
}

#[test]
fn reason_of_an_admit() {
    let mut w = World::alone();
    let inv = w.act(A1, &invite(Seat::Number(1)));
    w.sync_all();
    w.act(A1, &Act::Uninvite { invite: inv, reason: None });
    let admit = w.admit(B1, Seat::Number(1), inv, None);
    w.act(A2, &admit);
    w.sync_all();
    w.force(A1, &admit);
    w.converge();
}

#[test]
fn amendment_needs_the_party_that_signed_its_base() {
    let mut w = World::alone();
    // A1 and A2 each admit somebody to seat 1, concurrently.
    let i1 = w.act(A1, &invite(Seat::Number(1)));
    w.sync_all();
    let i2 = w.act(A2, &invite(Seat::Number(1)));
    w.deliver(A2, A1);
    let a1 = w.admit(B1, Seat::Number(1), i1, None);
    let a2 = w.admit(C1, Seat::Number(1), i2, None);
    let a1 = w.act(A1, &a1);
    let a2 = w.act(A2, &a2);
    w.deliver(A1, B1);
    w.deliver(A2, C1);
    w.act(B1, &Act::Join { admit: a1 });
    w.act(C1, &Act::Join { admit: a2 });
    w.sync(A1, B1);
    w.sync(A2, C1);
    let r = w.propose(A1, vec![work("first")]);
    w.deliver(A1, B1);
    w.act(B1, &accept(r));
    w.deliver(B1, A1);
    let r2 = w.propose(A1, vec![change_of(id(r, 0), Some(r), "second")]);
    w.deliver(A1, C1);
    w.act(C1, &accept(r2));
    w.converge();
    assert_eq!(w.in_force(id(r, 0)), [r], "B signed r and not r2");
}

#[test]
fn completed_renewed_and_released() {
    let mut w = World::two();
    let (r, action, _) = w.completed();
    let r2 = w.propose(A1, vec![change_of(action, Some(r), "again")]);
    w.sync_all();
    w.act(B1, &accept(r2));
    w.sync_all();
    let q = w.act(A1, &release(r2));
    w.sync_all();
    w.act(B1, &allow(q));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn item_crossed_keeps_its_base() {
    let mut w = World::two();
    let item = |n, base| Subject { base, topic: Topic::Item { key: "price".into(), value: ItemValue::Integer(n) } };
    let r = w.propose(A1, vec![item(1, None)]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    let ra = w.propose(A1, vec![item(2, Some(r))]);
    let rb = w.propose(B1, vec![item(3, Some(r))]);
    w.deliver(A1, B2);
    w.deliver(B1, A2);
    w.act(B2, &accept(ra));
    w.act(A2, &accept(rb));
    w.converge();
    assert!(w.is_crossed(&SubjectKey::Item("price".into())));
    let view = w.record(A1).view().expect("view");
    assert_eq!(view.items.first().and_then(|i| i.agreed.clone()), Some((r, ItemValue::Integer(1))));
}

#[test]
fn asking_again_after_a_refusal() {
    let mut w = World::two();
    let (r, _) = w.agreed();
    let q = w.act(A1, &release(r));
    w.sync_all();
    w.act(B1, &refuse(q));
    w.sync_all();
    let again = w.try_act(A1, &release(r));
    assert!(again.is_ok(), "{again:?}");
}

#[test]
fn other_subject_of_an_overtaken_bundle() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let bundle = w.propose(A1, vec![change_of(action, Some(r), "A's"), work("extra")]);
    let by_b = w.propose(B1, vec![change_of(action, Some(r), "B's")]);
    w.deliver(B1, A2);
    w.act(A2, &accept(by_b));
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_ne!(w.state(id(bundle, 1)), ActionState::Void);
}

#[test]
fn a_reminder_freezes_nothing() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.force(A1, &Act::Remind { text: Sealable::Open("please".into()), about: Some(r), seat: None });
    w.sync_all();
    assert!(!w.status(action).not_judged);
    let d = w.try_act(B1, &declare(r));
    assert!(d.is_ok(), "{d:?}");
}

// d01, the eighth row of the table: the order of requests must not depend on arrival.
#[test]
fn withdraw_accept_and_own_decline_leave_two_requests() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let withdrawn = w.act(A1, &withdraw(r));
    w.act(B1, &accept(r));
    let declined = w.act(B2, &decline(r));
    assert_eq!(w.state(action), ActionState::Agreed);
    let mut both = vec![withdrawn, declined];
    both.sort_unstable();
    assert_eq!(w.requests_on(action), both);
}

#[test]
fn the_brief_follows_a_contest_of_an_alleged_promise() {
    let mut w = World::two();
    let (r, _) = alleged(&mut w);
    assert!(w.devices[A1].record.brief().is_some());
    w.act(B1, &Act::Contest { entry: r, reason: text("no") });
    w.sync_all();
    let kept_up = w.devices[A1].record.brief();
    let mut anew = w.replay(1);
    assert_eq!(kept_up, anew.brief());
}

#[test]
fn the_brief_follows_what_a_relative_due_time_counts_from() {
    let mut w = World::two();
    let mut subject = work("soon");
    if let Topic::Action { terms, .. } = &mut subject.topic {
        terms.due = Some(Due::After { count: 1, unit: Unit::Days, zone: "Europe/Berlin".into() });
    }
    let r = w.propose(A1, vec![subject]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    assert!(w.devices[A1].record.brief().is_some());
    let mut covering = w.statement(A1, &note("by a slow clock"));
    covering.at = 5;
    w.force_statement(A1, &covering);
    let kept_up = w.devices[A1].record.brief();
    let mut anew = w.replay(1);
    assert_eq!(kept_up, anew.brief());
}

// d22b belongs into histories.rs.
#[test]
fn the_brief_kept_up_entry_by_entry_is_the_brief_made_at_once() {
    for seed in 200..200 + rounds(4) {
        let w = crate::histories::history(u64::try_from(seed).expect("small"), 45);
        for device in crate::histories::DEVICES {
            let graph = w.record(device).graph();
            let (mut kept_up, mut at_once) = (w.empty_copy(), w.empty_copy());
            for ix in graph.all() {
                let bytes = graph.node(ix).entry.bytes();
                kept_up.apply_bytes(bytes).expect("what one copy holds, another takes");
                at_once.apply_bytes(bytes).expect("what one copy holds, another takes");
                assert!(kept_up.brief().is_some());
            }
            assert_eq!(kept_up.brief(), at_once.brief(), "history {seed}, copy {device}");
        }
    }
}

#[test]
fn what_never_had_effect_is_not_contested() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let idle = w.force(A2, &declare(r));
    w.deliver(A2, A1);
    w.revoke_known_to(A2, RevokeReason::Compromised, &[A1]);
    w.act(A1, &note("that device was stolen"));
    let reject = Act::Reject { declare: idle, unmet: Vec::new(), reason: text("it is ours") };
    assert_eq!(w.idle(A1, &reject), "UnknownReference");
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn an_offer_dated_after_its_last_signature_is_settled() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let timed = w.proposal_with(A1, vec![change_of(action, Some(r), "A's")], Mode::Firm, Some(instant(UNTIL)));
    let p = w.act(A1, &Act::Propose(timed));
    let q = w.propose(B1, vec![change_of(action, Some(r), "B's")]);
    w.deliver(A1, B2);
    w.act(B2, &accept(p));
    w.deliver(B1, A1);
    w.act(A1, &accept(q));
    w.deliver(B2, A2);
    w.act_at(A2, &note("it came in time"), UNTIL - 1);
    w.act_at(A2, &note("so it holds"), UNTIL - 1);
    w.deliver(A2, B2);
    w.act(B2, &note("so it does"));
    w.converge();
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [p]);
}

#[test]
fn the_base_signed_once_more_by_another_holder_of_the_seat() {
    let mut w = World::bound_twice();
    let p = w.propose(C1, vec![work("p")]);
    let action = ActionId { proposal: p, index: 0 };
    w.deliver(C1, A1);
    w.act(A1, &accept(p));
    w.deliver(A1, C1);
    w.deliver(A1, B1);
    let q = w.propose(C1, vec![change_of(action, Some(p), "q")]);
    w.deliver(C1, A2);
    w.act(A2, &accept(q));
    // The other holder signs what it knows, which is in force for it.
    w.force(B1, &accept(p));
    w.converge();
    assert_eq!(w.in_force(action), [q]);
}

#[test]
fn the_other_holder_of_a_seat_lets_nobody_out_of_what_it_did_not_sign() {
    // B proposed, A accepted and declined by two devices: a request for release that is B's alone to allow.
    let mut w = World::bound_twice();
    let r = w.propose(B1, vec![work("first")]);
    let action = id(r, 0);
    w.sync_all();
    w.act(A1, &accept(r));
    let declined = w.act(A2, &decline(r));
    w.sync_all();
    assert_eq!(w.idle(C1, &allow(declined)), "SignedByAnother");
    assert_eq!(w.state(action), ActionState::Agreed);
    assert_eq!(w.requests_on(action), [declined]);
    w.act(B1, &allow(declined));
    assert_eq!(w.state(action), ActionState::Cancelled);
}

#[test]
fn declared_on_terms_that_what_stays_in_a_crossing_replaced() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |base, what: &str| vec![change_of(action, Some(base), what)];
    let second = w.bargain(A1, change(r, "second"), &[B1]);
    w.deliver(B1, A1);
    let declared = w.act(B4, &declare(r));
    for device in [A2, B2] {
        w.deliver(B1, device);
    }
    w.bargain(A1, change(second, "A's"), &[B2]);
    w.bargain(B1, change(second, "B's"), &[A2]);
    assert_eq!(w.state(action), ActionState::Crossed);
    assert_eq!(w.standing(action), Some(second));
    assert!(w.shows(action, "against_old_terms"));
    w.act(B4, &undeclare(declared));
    assert_eq!(w.state(action), ActionState::Crossed);
    assert!(!w.shows(action, "against_old_terms"));
}

#[test]
fn the_end_of_what_replaced_a_crossing_replaces_it_too() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    w.bargain(A1, change("A's"), &[B2]);
    w.bargain(B1, change("B's"), &[A2]);
    assert_eq!(w.state(action), ActionState::Crossed);
    let third = w.bargain(A1, change("ours"), &[B1]);
    assert_eq!(w.state(action), ActionState::Agreed);
    let asked = w.act(A1, &release(third));
    w.sync_all();
    w.act(B1, &allow(asked));
    assert_eq!(w.state(action), ActionState::Cancelled);
    assert_eq!(w.standing(action), Some(asked));
}

#[test]
fn a_late_accept_that_a_contested_one_takes_up_is_contested() {
    let mut w = World::two();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, A1);
    w.act_at(A1, &note("too late"), UNTIL + 1);
    w.deliver(A1, A2);
    w.revoke_known_to(A2, RevokeReason::Compromised, &[A1]);
    w.act_at(A1, &note("A2 is out"), UNTIL + 2);
    let again = w.act_at(A2, &accept(r), UNTIL + 3);
    assert_eq!(w.state(action), ActionState::Contested);
    w.act_at(A1, &Act::Ratify { entries: vec![again] }, UNTIL + 4);
    assert_eq!(w.state(action), ActionState::Agreed);
}
