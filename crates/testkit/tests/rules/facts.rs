//! R12: people, files and words on record; alleged promises; what reopens a closed case and what does not.

use counterpart_core::{
    act::{Act, Card, Contact, Mandate, Proposal, Subject, Topic},
    fold::{SubjectKey, Verdict},
    id::{CaseId, DeviceKey, EntryId, EventId},
    record::Applied,
    seal::PathStep,
    value::ItemValue,
    view::{CaseState, Grade},
};

use crate::{shown::*, world::*};

fn card(device: Option<DeviceKey>) -> Act {
    Act::Card(Card { name: text("Jo"), function: None, phone: None, email: None, hours: None, device })
}

fn handover(to: DeviceKey) -> Act {
    Act::Handover { from: None, to, person: None, summary: text("all that was said so far") }
}

fn contact() -> Act {
    Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: 900_000,
        seconds: Some(300),
        waited: Some(1_200),
        seat: Some(seat(1)),
        person: None,
        number: None,
        reference: None,
        summary: text("they will come on Tuesday"),
        menu: Vec::new(),
    })
}

#[test]
fn cards_and_handovers_name_devices_of_the_own_party() {
    let mut w = World::two();
    let key = |w: &World, device: usize| w.devices[device].author.device;
    let (own, own_other, theirs) = (key(&w, B1), key(&w, B2), key(&w, A1));
    let nobodys = DeviceKey([3; 32]);
    for good in [card(None), card(Some(own)), card(Some(own_other)), handover(own), handover(own_other)] {
        let said = w.act(B1, &good);
        assert_eq!(w.why(said), "effective", "{good:?}");
    }
    for bad in [card(Some(theirs)), card(Some(nobodys)), handover(theirs), handover(nobodys)] {
        assert_eq!(w.refuses(B1, &bad), "UnknownDevice");
        assert_eq!(w.idle(B1, &bad), "UnknownDevice", "{bad:?}");
    }
}

#[test]
fn words_files_links_and_thanks_are_on_record_and_change_nothing() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let before = w.record(A1).view().expect("a view").waiting;
    let acts = [
        Act::Attach { sha256: [1; 32], size: 10, name: text("photo"), media: None, about: Some(r) },
        Act::Remind { text: text("please"), about: Some(r), seat: Some(seat(1)) },
        Act::Thank { text: text("well done"), seat: None, person: None, about: Some(r) },
        Act::Link { case: CaseId([4; 32]), relation: "follows".to_owned(), note: None },
        Act::Progress { revision: r, subject: 0, text: text("half way") },
        Act::Note { text: text("so far so good"), about: Some(r) },
        Act::Seen,
    ];
    for act in acts {
        let performer = matches!(act, Act::Progress { .. });
        let said = w.act(if performer { B1 } else { A1 }, &act);
        assert_eq!(w.why(said), "effective", "{act:?}");
    }
    assert_eq!(w.word(action), "agreed");
    assert_eq!(w.in_force(action), [r]);
    let after = w.record(A1).view().expect("a view");
    assert_eq!(after.waiting, before);
    assert_eq!(after.actions[0].overlays, [] as [&str; 0]);
}

#[test]
fn leaving_ends_no_duty_and_takes_no_right_to_sign() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    w.act(B1, &Act::Leave { reason: None });
    assert_eq!(w.word(action), "agreed");
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.seats[1].parties, [w.party(B1)]);
    for by in [B1, B2] {
        let said = w.act(by, &note("still here"));
        assert_eq!(w.why(said), "effective");
    }
    w.act(B1, &declare(r));
    assert_eq!(w.word(action), "declared");
    // A new agreement needs the party still.
    let more = w.propose(A1, vec![work("more")]);
    assert_eq!(w.word(action_of(more, 0)), "proposed");
    w.act(B2, &accept(more));
    assert_eq!(w.word(action_of(more, 0)), "agreed");
}

#[test]
fn one_beneficiary_leaving_does_not_complete_anything() {
    let mut w = World::three();
    let r = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    w.act(C1, &Act::Leave { reason: None });
    w.act(A1, &approve(done));
    assert_eq!(w.word(action_of(r, 0)), "declared");
}

// Alleged promises.

/// A notes what B said on the telephone.
fn alleged(w: &mut World, by: usize) -> EntryId {
    let call = w.act(by, &contact());
    let proposal = Proposal { alleged: Some(call), ..w.proposal(by, vec![work("come on Tuesday")]) };
    w.act(by, &Act::Propose(proposal))
}

fn grade(w: &World, device: usize, r: EntryId) -> Grade {
    let view = w.record(device).view().expect("a view");
    let action = view.actions.iter().find(|a| a.id == action_of(r, 0)).expect("the action");
    assert!(action.alleged);
    action.grade
}

#[test]
fn an_alleged_promise_is_graded() {
    let mut w = World::two();
    let r = alleged(&mut w, A1);
    assert_eq!(grade(&w, A1, r), Grade::Unilateral);
    // The own other device is no other side.
    w.deliver(A1, A2);
    w.act(A2, &note("I heard it too"));
    w.deliver(A2, A1);
    assert_eq!(grade(&w, A1, r), Grade::Unilateral);
    w.deliver(A1, B1);
    w.act(B1, &note("looking into it"));
    w.deliver(B1, A1);
    assert_eq!(grade(&w, A1, r), Grade::Delivered);
    w.deliver(A1, B1);
    w.act(B1, &Act::Acknowledge { entry: r, note: None });
    w.deliver(B1, A1);
    assert_eq!(grade(&w, A1, r), Grade::Acknowledged);
    assert_eq!(w.word(action_of(r, 0)), "proposed");
    w.act(B2, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    assert_eq!(grade(&w, A1, r), Grade::Agreed);
}

#[test]
fn contesting_an_alleged_promise_declines_it() {
    let mut w = World::two();
    let r = alleged(&mut w, A1);
    w.sync_all();
    w.act(B1, &Act::Contest { entry: r, reason: text("nobody said that") });
    assert_eq!(w.word(action_of(r, 0)), "declined");
    assert_eq!(grade(&w, A1, r), Grade::Contested);
    assert_eq!(w.idle(B2, &accept(r)), "Declined");
}

#[test]
fn contesting_what_was_offered_openly_declines_nothing() {
    let mut w = World::two();
    let (r, action) = w.offered();
    w.act(B1, &Act::Contest { entry: r, reason: text("the price is wrong") });
    assert_eq!(w.word(action), "proposed");
    w.act(B1, &accept(r));
    assert_eq!(w.word(action), "agreed");
}

#[test]
fn contested_while_accepted_is_agreed_with_a_request() {
    let mut w = World::two();
    let r = alleged(&mut w, A1);
    w.sync_all();
    w.act(B1, &accept(r));
    let contested = w.act(B2, &Act::Contest { entry: r, reason: text("nobody said that") });
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    assert_eq!(w.requests_on(action_of(r, 0)), [contested]);
}

#[test]
fn a_third_party_contests_and_declines_nothing() {
    let mut w = World::three();
    let r = alleged(&mut w, A1);
    w.sync_all();
    w.act(C1, &Act::Contest { entry: r, reason: text("I was there") });
    assert_eq!(w.word(action_of(r, 0)), "proposed");
}

#[test]
fn a_promise_is_recorded_for_a_seat_that_nobody_has_taken() {
    let mut w = World::alone();
    let r = alleged(&mut w, A1);
    assert_eq!(w.word(action_of(r, 0)), "proposed");
    w.bring_in(B1, 1, None);
    w.sync_all();
    w.act(B1, &accept(r));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
}

// Closing and reopening.

/// A case that all agreed to close; what else was there before is for the act that comes.
fn closed(w: &mut World) -> EntryId {
    let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
    let closing = w.agreed_on(vec![close], &[B1]);
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert!(matches!(view.state, CaseState::Closed(_)));
    closing
}

fn state(w: &mut World) -> &'static str {
    w.converge();
    w.record(A1).view().expect("a view").state.as_str()
}

/// What stands before the case is closed, for acts to speak of.
struct Before {
    w: World,
    /// A note with a sealed number.
    call: EntryId,
    offered: EntryId,
    agreed: EntryId,
    declared: EntryId,
    declare: EntryId,
    completed: EntryId,
    asked: EntryId,
    released: EntryId,
    invite: EntryId,
    confirmed: EntryId,
    closing: EntryId,
    disputed: EntryId,
    stated: EntryId,
}

fn before() -> Before {
    let mut w = World::two();
    let call = w.act(A1, &contact());
    let stated = w.act(A1, &note("as I said"));
    let (_, _, completed) = w.completed();
    let (declared, _, declare) = w.declared();
    let (released, _) = w.agreed();
    let asked = w.act(A1, &release(released));
    let clause = counterpart_core::act::CancelClause { by: seat(0), text: text("any time"), until: None };
    let revocable = counterpart_core::act::ActionTerms { cancel: vec![clause], ..terms("revocable", &[1], &[0]) };
    let agreed =
        w.agreed_on(vec![Subject { base: None, topic: Topic::Action { action: None, terms: revocable } }], &[B1]);
    let disputed = w.act(B1, &dispute(agreed));
    let invite = w.act(A1, &invite(seat(2)));
    let to_confirm = w.proposal_with(A1, vec![work("large")], counterpart_core::act::Mode::Confirm, None);
    let confirmed = w.act(A1, &Act::Propose(to_confirm));
    w.sync_all();
    w.act(B1, &accept(confirmed));
    w.sync_all();
    let (offered, _) = w.offered();
    let closing = closed(&mut w);
    Before {
        w,
        call,
        offered,
        agreed,
        declared,
        declare,
        completed,
        asked,
        released,
        invite,
        confirmed,
        closing,
        disputed,
        stated,
    }
}

#[test]
fn every_kind_of_act_and_whether_it_reopens() {
    type Made = fn(&Before) -> (usize, Act);
    let quiet: [(&str, Made); 5] = [
        ("seen", |_| (A1, Act::Seen)),
        ("acknowledge", |b| (B1, Act::Acknowledge { entry: b.stated, note: None })),
        ("thank", |_| (A1, Act::Thank { text: text("all well"), seat: None, person: None, about: None })),
        ("erased", |b| {
            (A1, Act::Erased { entry: b.call, path: vec![PathStep::Key("summary".to_owned())], reason: None })
        }),
        ("accept", |b| (B2, accept(b.closing))),
    ];
    let loud: [(&str, Made); 36] = [
        ("invite", |_| (A1, invite(seat(3)))),
        ("uninvite", |b| (A1, Act::Uninvite { invite: b.invite, reason: None })),
        ("leave", |_| (B1, Act::Leave { reason: None })),
        ("link", |_| (A1, Act::Link { case: CaseId([4; 32]), relation: "follows".to_owned(), note: None })),
        ("propose", |b| (A1, Act::Propose(b.w.proposal(A1, vec![work("more")])))),
        ("counter", |b| {
            let subjects = vec![change_of(action_of(b.offered, 0), None, "rather")];
            (B1, Act::Counter { of: b.offered, proposal: b.w.proposal(B1, subjects) })
        }),
        ("accept", |b| (B1, accept(b.offered))),
        ("decline", |b| (B1, decline(b.offered))),
        ("withdraw", |b| (A1, withdraw(b.offered))),
        ("confirm", |b| (A1, confirm(b.confirmed))),
        ("progress", |b| (B1, Act::Progress { revision: b.agreed, subject: 0, text: text("half way") })),
        ("declare", |b| (B1, declare(b.agreed))),
        ("undeclare", |b| (B1, undeclare(b.declare))),
        ("approve", |b| (A1, approve(b.declare))),
        ("reject", |b| (A1, reject(b.declare))),
        ("stop", |b| (B1, stop(b.declared))),
        ("release", |b| (A1, release(b.completed))),
        ("allow", |b| (B1, allow(b.asked))),
        ("refuse", |b| (B1, refuse(b.asked))),
        ("withdraw a request", |b| (A1, withdraw(b.asked))),
        ("cancel", |b| (A1, cancel(b.agreed, 0))),
        ("item", |_| (A1, Act::Item { key: "k".to_owned(), value: ItemValue::YesNo(true), label: None, note: None })),
        ("contest", |b| (B1, Act::Contest { entry: b.stated, reason: text("no") })),
        ("contact", |_| (A1, contact())),
        ("note", |_| (A1, note("one more thing"))),
        ("attach", |_| (A1, Act::Attach { sha256: [1; 32], size: 1, name: text("photo"), media: None, about: None })),
        ("missed", |b| (A1, Act::Missed { revision: b.agreed, subject: 0, due: 5, note: None })),
        ("remind", |_| (A1, Act::Remind { text: text("please"), about: None, seat: None })),
        ("erase", |b| {
            (A1, Act::Erase { entry: b.call, path: vec![PathStep::Key("summary".to_owned())], reason: None })
        }),
        ("card", |_| (B1, card(None))),
        ("handover", |b| (B1, handover(b.w.devices[B2].author.device))),
        ("mandate", |b| {
            let grant = b.w.devices[B2].author.grant;
            let open = true;
            let mandate = Mandate { grant, kinds: Vec::new(), ceilings: Vec::new(), from: None, until: None, open };
            (B1, Act::Mandate(mandate))
        }),
        ("dispute", |b| (A1, dispute(b.released))),
        ("concede", |b| (A1, Act::Concede { dispute: b.disputed, note: None })),
        ("settle", |b| (B1, Act::Settle { dispute: b.disputed, revision: None, note: None })),
        ("another closing", |b| {
            let again = action_of(b.closing, 0);
            let topic = Topic::Close { close: Some(again), summary: Some(text("once more")) };
            (A1, Act::Propose(b.w.proposal(A1, vec![Subject { base: Some(b.closing), topic }])))
        }),
    ];
    let mut b = before();
    for (reopens, kinds) in [(false, &quiet[..]), (true, &loud[..])] {
        for (name, made) in kinds {
            // Each on a copy of its own, as if nothing else had come.
            let (device, act) = made(&b);
            let statement = b.w.statement(device, &act);
            let bytes = b.w.seal(device, &statement);
            let mut copy = b.w.replay(1);
            assert_eq!(copy.view().expect("a view").state.as_str(), "closed");
            let Ok(Applied::New(ix)) = copy.apply_bytes(&bytes) else { unreachable!("{name} passes the gate") };
            let state = copy.view().expect("a view").state.as_str();
            let verdict = copy.fold().verdict(ix);
            // There is nothing sealed to erase in an open text, and the closing is signed already: whether these are
            // with effect is not asked here.
            let free = matches!(*name, "erase" | "erased" | "accept");
            assert!(*verdict == Verdict::Effective || free, "{name} is {verdict:?}");
            let expected = if reopens && *verdict == Verdict::Effective { "reopened" } else { "closed" };
            assert_eq!(state, expected, "{name}");
        }
    }
}

#[test]
fn a_proof_does_not_reopen() {
    let mut w = World::two();
    closed(&mut w);
    let at = w.at + 9_000;
    let receipt = w.receipt(A2, at);
    w.act(B1, &prove(&receipt));
    assert_eq!(state(&mut w), "closed");
}

#[test]
fn a_revocations_aftermath_reopens() {
    let mut w = World::two();
    let word = w.act(B2, &note("before"));
    w.sync_all();
    closed(&mut w);
    let event = w.revoke_known_to(B2, counterpart_core::keylog::RevokeReason::Ended, &[B1]);
    let tips = vec![(w.devices[B2].author.device, 1, word)];
    w.act(B1, &Act::Cut { revoke: event, tips });
    assert_eq!(state(&mut w), "reopened");
}

#[test]
fn an_act_without_effect_reopens_nothing() {
    let mut w = World::two();
    let (r, _) = w.offered();
    closed(&mut w);
    w.idle(A1, &declare(r));
    w.idle(B1, &Act::Decide { dispute: r, decision: text("mine"), outcome: None });
    w.idle(
        A1,
        &Act::Mandate(Mandate {
            grant: EventId([1; 32]),
            kinds: Vec::new(),
            ceilings: Vec::new(),
            from: None,
            until: None,
            open: true,
        }),
    );
    assert_eq!(state(&mut w), "closed");
}

#[test]
fn what_came_between_the_offer_to_close_and_its_acceptance_is_not_covered() {
    let mut w = World::two();
    let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
    let closing = w.propose(A1, vec![close]);
    w.sync_all();
    w.act(B1, &note("one more thing"));
    w.act(B1, &accept(closing));
    assert_eq!(state(&mut w), "reopened");
}

#[test]
fn a_reopened_case_is_closed_again() {
    let mut w = World::two();
    let first = closed(&mut w);
    w.act(A1, &note("one more thing"));
    assert_eq!(state(&mut w), "reopened");
    let topic = Topic::Close { close: Some(action_of(first, 0)), summary: None };
    let again = w.propose(A1, vec![Subject { base: Some(first), topic }]);
    w.sync_all();
    w.act(B1, &accept(again));
    assert_eq!(state(&mut w), "closed");
}

#[test]
fn closing_needs_every_bound_seat() {
    let mut w = World::three();
    let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
    let closing = w.propose(A1, vec![close]);
    w.sync_all();
    w.act(B1, &accept(closing));
    assert_eq!(state(&mut w), "open");
    w.sync_all();
    w.act(C1, &accept(closing));
    assert_eq!(state(&mut w), "closed");
}

// Roles.

#[test]
fn what_observers_and_arbiters_may_do() {
    const OBSERVER: [&str; 8] = ["seen", "leave", "note", "contact", "acknowledge", "contest", "attach", "prove"];
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    w.bring_in_agreed(E1, 5);
    let (r, _, done) = w.declared();
    let asked = w.act(A1, &release(r));
    let about = w.act(A1, &dispute(r));
    let said = w.act(A1, &note("so"));
    w.sync_all();
    let at = w.at + 9_000;
    let receipt = w.receipt(B1, at);
    for device in [O1, E1] {
        let grant = w.devices[device].author.grant;
        let mandate = Mandate { grant, kinds: Vec::new(), ceilings: Vec::new(), from: None, until: None, open: true };
        let acts = [
            Act::Seen,
            note("I watch"),
            contact(),
            Act::Acknowledge { entry: said, note: None },
            Act::Contest { entry: said, reason: text("no") },
            Act::Attach { sha256: [1; 32], size: 1, name: text("photo"), media: None, about: None },
            prove(&receipt),
            Act::Propose(w.proposal(A1, vec![work("mine")])),
            accept(r),
            decline(r),
            withdraw(r),
            confirm(r),
            Act::Progress { revision: r, subject: 0, text: text("half way") },
            declare(r),
            undeclare(done),
            approve(done),
            reject(done),
            stop(r),
            release(r),
            allow(asked),
            refuse(asked),
            cancel(r, 0),
            choose(r),
            Act::Item { key: "k".to_owned(), value: ItemValue::YesNo(true), label: None, note: None },
            Act::Missed { revision: r, subject: 0, due: 5, note: None },
            Act::Remind { text: text("please"), about: None, seat: None },
            Act::Thank { text: text("well"), seat: None, person: None, about: None },
            Act::Link { case: CaseId([4; 32]), relation: "follows".to_owned(), note: None },
            Act::Erase { entry: said, path: vec![PathStep::Key("text".to_owned())], reason: None },
            card(None),
            handover(w.devices[device].author.device),
            Act::Mandate(mandate),
            Act::Ratify { entries: vec![said] },
            dispute(r),
            Act::Concede { dispute: about, note: None },
            Act::Settle { dispute: about, revision: None, note: None },
            Act::Decide { dispute: about, decision: text("so"), outcome: None },
            invite(seat(4)),
            Act::Leave { reason: None },
        ];
        for act in acts {
            let kind = act.kind();
            let may = OBSERVER.contains(&kind) || (device == E1 && kind == "decide");
            let made = w.force(device, &act);
            let why = w.why_at(device, made);
            if may {
                assert_eq!(why, "effective", "{kind} by {device}");
            } else {
                assert!(why != "effective" && why != "not judged", "{kind} by {device} is {why}");
            }
        }
    }
    w.converge();
}

#[test]
fn nobody_but_an_arbiter_decides() {
    let mut w = World::two();
    let (r, _) = w.agreed();
    let about = w.act(A1, &dispute(r));
    w.sync_all();
    let decide = Act::Decide { dispute: about, decision: text("mine"), outcome: None };
    for device in [A1, B1] {
        assert_eq!(w.idle(device, &decide), "Role");
    }
}

#[test]
fn what_is_acknowledged_and_contested_stands_side_by_side_until_one_knows_the_other() {
    let mut w = World::two();
    let said = w.act(A1, &note("it was Tuesday"));
    w.sync_all();
    let grade = |w: &mut World| {
        w.converge();
        let ix = w.record(A1).graph().find(&said).expect("here");
        w.record(A1).grade(ix)
    };
    assert_eq!(grade(&mut w), Grade::Unilateral);
    w.act(B1, &Act::Acknowledge { entry: said, note: None });
    w.act(B2, &Act::Contest { entry: said, reason: text("Wednesday") });
    assert_eq!(grade(&mut w), Grade::Contested);
    w.act(B1, &Act::Acknowledge { entry: said, note: Some(text("Tuesday it was")) });
    assert_eq!(grade(&mut w), Grade::Acknowledged);
    // The author's own word adds nothing.
    w.act(A1, &Act::Contest { entry: said, reason: text("was it?") });
    assert_eq!(grade(&mut w), Grade::Acknowledged);
}

#[test]
fn an_items_agreed_value_goes_before_what_is_stated() {
    let mut w = World::two();
    let item = |n| Act::Item { key: "price".to_owned(), value: ItemValue::Integer(n), label: None, note: None };
    w.act(A1, &item(1));
    w.act(B1, &item(2));
    w.converge();
    let view = w.record(A1).view().expect("a view");
    assert!(view.items[0].disputed);
    assert_eq!(view.items[0].stated.len(), 2);
    let topic = Topic::Item { key: "price".to_owned(), value: ItemValue::Integer(3) };
    let r = w.agreed_on(vec![Subject { base: None, topic }], &[B1]);
    let view = w.record(A1).view().expect("a view");
    assert_eq!(view.items[0].agreed, Some((r, ItemValue::Integer(3))));
    assert!(!view.items[0].disputed);
    assert!(!w.is_crossed(&SubjectKey::Item("price".to_owned())));
}

#[test]
fn of_ones_own_values_the_later_ones_count() {
    let mut w = World::two();
    let item = |n| Act::Item { key: "price".to_owned(), value: ItemValue::Integer(n), label: None, note: None };
    w.act(A1, &item(1));
    w.act(A1, &item(2));
    w.act(A2, &item(3));
    w.converge();
    let values = |w: &World| {
        let view = w.record(A1).view().expect("a view");
        let mut all: Vec<_> = view.items[0].stated.iter().map(|s| s.value.clone()).collect();
        all.sort_by_key(|v| format!("{v:?}"));
        all
    };
    assert_eq!(values(&w), [ItemValue::Integer(2), ItemValue::Integer(3)]);
    w.act(A1, &item(4));
    w.converge();
    assert_eq!(values(&w), [ItemValue::Integer(4)]);
}
