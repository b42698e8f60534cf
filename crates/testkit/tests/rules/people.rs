//! Who is in the case and what they may do; R12: the case as a whole, and its facts.

use counterpart_core::{
    act::{Act, Contact, Proposal, Role, Subject, Topic},
    fold::{ActionState, Reason, Verdict},
    id::EntryId,
    record::DraftError,
    value::{ActionId, ItemValue, Seat},
    view::{CaseState, Grade},
};

use crate::world::*;

fn close(again: Option<ActionId>, base: Option<EntryId>) -> Subject {
    Subject { base, topic: Topic::Close { close: again, summary: None } }
}

fn case_state(w: &mut World) -> CaseState {
    w.converge();
    w.record(A1).view().expect("a view").state
}

fn closed() -> (World, EntryId) {
    let mut w = World::two();
    let closing = w.propose(A1, vec![close(None, None)]);
    w.sync_all();
    w.act(B1, &accept(closing));
    (w, closing)
}

fn grade(w: &mut World, entry: EntryId) -> Grade {
    w.converge();
    let record = w.record(A1);
    record.grade(record.graph().find(&entry).expect("here"))
}

#[test]
fn acts_before_join_are_without_effect() {
    let mut w = World::alone();
    let inv = w.act(A1, &invite(Seat::Number(1)));
    let admit = w.admit(B1, Seat::Number(1), inv, None);
    let admit = w.act(A1, &admit);
    w.deliver(A1, B1);
    let early = w.force(B1, &note("hello"));
    assert_eq!(w.verdict(early), Verdict::Without(Reason::NotJoined));
    let join = w.act(B1, &Act::Join { admit });
    assert_eq!(w.verdict(join), Verdict::Effective);
    let twice = w.force(B1, &Act::Join { admit });
    assert_eq!(w.verdict(twice), Verdict::Without(Reason::AlreadyJoined));
    let now = w.act(B1, &note("hello"));
    assert_eq!(w.verdict(now), Verdict::Effective);
}

#[test]
fn only_the_opener_invites_takes_back_and_admits() {
    let mut w = World::two();
    let inv = w.act(A1, &invite(Seat::Number(2)));
    w.sync_all();
    let admit = w.admit(C1, Seat::Number(2), inv, None);
    for act in [invite(Seat::Number(2)), Act::Uninvite { invite: inv, reason: None }, admit] {
        let idle = w.force(B1, &act);
        assert_eq!(w.verdict(idle), Verdict::Without(Reason::OnlyOpener), "{act:?}");
    }
    // A bound seat, and one that does not exist, are not offered.
    let idle = w.force(A1, &invite(Seat::Number(1)));
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::SeatTaken));
    let idle = w.force(A1, &invite(Seat::Number(17)));
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::UnknownSeat));
}

#[test]
fn an_invitation_taken_back_or_used_admits_nobody() {
    let mut w = World::alone();
    let inv = w.act(A1, &invite(Seat::Number(1)));
    let other = w.act(A1, &invite(Seat::Number(2)));
    w.act(A1, &Act::Uninvite { invite: inv, reason: None });
    let admit = w.admit(B1, Seat::Number(1), inv, None);
    let idle = w.force(A1, &admit);
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::InvitationRevoked));
    let good = w.admit(B1, Seat::Number(2), other, None);
    w.act(A1, &good);
    let again = w.admit(C1, Seat::Number(2), other, None);
    let idle = w.force(A1, &again);
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::InvitationUsed));
}

#[test]
fn a_request_that_does_not_fit_the_invitation_admits_nobody() {
    let mut w = World::alone();
    let inv = w.act(A1, &invite(Seat::Number(1)));
    let other = w.act(A1, &invite(Seat::Number(2)));
    let request = w.request(B1, inv);
    let admit = |w: &World, device, seat, invite| Act::Admit {
        party: w.party(device),
        seat: Seat::Number(seat),
        invite,
        request: request.clone(),
        revision: None,
    };
    for (device, seat, inv) in [(B1, 2, other), (C1, 1, inv), (B1, 2, inv)] {
        let act = admit(&w, device, seat, inv);
        let idle = w.force(A1, &act);
        assert_eq!(w.verdict(idle), Verdict::Without(Reason::BadRequest));
    }
    let act = admit(&w, B1, 1, inv);
    let good = w.force(A1, &act);
    assert_eq!(w.verdict(good), Verdict::Effective);
}

#[test]
fn the_second_party_comes_in_by_agreement_only() {
    let mut w = World::two();
    let inv = w.act(A1, &invite(Seat::Number(2)));
    let alone = w.admit(C1, Seat::Number(2), inv, None);
    let idle = w.force(A1, &alone);
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::NeedsAgreement));
    let subject = Subject { base: None, topic: Topic::AdmitSeat { seat: Seat::Number(2) } };
    let r = w.propose(A1, vec![subject]);
    let unsigned = w.admit(C1, Seat::Number(2), inv, Some(r));
    let idle = w.force(A1, &unsigned);
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::NeedsAgreement));
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    w.bring_in(C1, 2, Some(r));
    w.converge();
    assert!(w.record(A1).lens().members().contains(&w.party(C1)));
}

#[test]
fn a_seat_added_by_agreement_has_its_role_and_signs() {
    let mut w = World::two();
    let topic = Topic::AdmitNew { role: Role::Third, label: text("C"), party: Some(w.party(C1)) };
    let r = w.propose(A1, vec![Subject { base: None, topic }]);
    w.sync_all();
    w.act(B1, &accept(r));
    w.sync_all();
    let seat = Seat::Added(r, 0);
    let inv = w.act(A1, &invite(seat));
    let admit = w.admit(C1, seat, inv, Some(r));
    let admit = w.act(A1, &admit);
    w.deliver(A1, C1);
    w.act(C1, &Act::Join { admit });
    w.converge();
    let lens = w.record(A1).lens();
    assert_eq!(lens.seats_of(&w.party(C1)), [seat]);
    assert_eq!(lens.agreeing_seats(), [Seat::Number(0), Seat::Number(1), seat]);
}

#[test]
fn two_first_admissions_made_concurrently_both_stand_until_the_opener_decides() {
    let mut w = World::alone();
    let one = w.act(A1, &invite(Seat::Number(1)));
    w.sync_all();
    let other = w.act(A2, &invite(Seat::Number(1)));
    let b = w.admit(B1, Seat::Number(1), one, None);
    let c = w.admit(C1, Seat::Number(1), other, None);
    let b = w.act(A1, &b);
    let c = w.act(A2, &c);
    w.converge();
    let mut both = vec![w.party(B1), w.party(C1)];
    both.sort_unstable();
    assert_eq!(w.record(A1).lens().parties_of(&Seat::Number(1)), both);
    assert_eq!(w.record(A1).lens().members().len(), 3);
    w.act(B1, &Act::Join { admit: b });
    w.act(C1, &Act::Join { admit: c });
    w.sync_all();
    let idle = w.force(B1, &Act::Seat { seat: Seat::Number(1), admit: b });
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::OnlyOpener));
    w.act(A1, &Act::Seat { seat: Seat::Number(1), admit: b });
    w.converge();
    assert_eq!(w.record(A1).lens().parties_of(&Seat::Number(1)), [w.party(B1)]);
}

#[test]
fn an_observer_observes() {
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    let (r, action) = w.offered();
    for act in [
        accept(r),
        decline(r),
        Act::Item { key: "k".to_owned(), value: ItemValue::YesNo(true), label: None, note: None },
    ] {
        let idle = w.force(O1, &act);
        assert_eq!(w.verdict(idle), Verdict::Without(Reason::Role), "{act:?}");
        assert_eq!(w.try_act(O1, &act), Err(DraftError::WithoutEffect(Reason::Role)));
    }
    assert_eq!(w.state(action), ActionState::Proposed);
    for act in [note("I see"), Act::Contest { entry: r, reason: text("hm") }, Act::Acknowledge { entry: r, note: None }]
    {
        let done = w.act(O1, &act);
        assert_eq!(w.verdict(done), Verdict::Effective);
    }
}

#[test]
fn a_kind_that_the_grant_does_not_list_is_without_effect() {
    let mut w = World::two();
    let (r, action) = w.offered();
    let idle = w.force(B3, &accept(r));
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::KindNotGranted));
    assert_eq!(w.state(action), ActionState::Proposed);
    let fine = w.act(B3, &note("I may note"));
    assert_eq!(w.verdict(fine), Verdict::Effective);
}

#[test]
fn a_closing_covers_the_past_of_its_proposal() {
    let (mut w, closing) = closed();
    assert!(matches!(case_state(&mut w), CaseState::Closed(_)));
    for act in [Act::Seen, Act::Acknowledge { entry: closing, note: None }] {
        w.act(B2, &act);
        assert!(matches!(case_state(&mut w), CaseState::Closed(_)), "{act:?}");
    }
    w.act(B2, &note("one more thing"));
    assert!(matches!(case_state(&mut w), CaseState::Reopened(_)));
}

#[test]
fn a_reopened_case_is_closed_again() {
    let (mut w, closing) = closed();
    w.sync_all();
    w.act(B2, &note("one more thing"));
    assert!(matches!(case_state(&mut w), CaseState::Reopened(_)));
    let again = w.propose(A1, vec![close(Some(ActionId { proposal: closing, index: 0 }), Some(closing))]);
    w.sync_all();
    w.act(B1, &accept(again));
    assert!(matches!(case_state(&mut w), CaseState::Closed(_)));
}

#[test]
fn what_is_without_effect_reopens_nothing() {
    let (mut w, closing) = closed();
    w.sync_all();
    w.force(B1, &decline(closing));
    assert!(matches!(case_state(&mut w), CaseState::Closed(_)));
}

#[test]
fn values_stand_side_by_side_until_a_later_own_one() {
    let mut w = World::two();
    let item = |n| Act::Item { key: "meter".to_owned(), value: ItemValue::Integer(n), label: None, note: None };
    let stated = |w: &mut World| -> Vec<(counterpart_core::id::PartyId, i64)> {
        w.converge();
        let view = w.record(A1).view().expect("a view");
        let values = view.items[0].stated.iter().map(|s| match s.value {
            ItemValue::Integer(n) => (s.party, n),
            _ => unreachable!("whole numbers only"),
        });
        let mut values: Vec<_> = values.collect();
        values.sort_unstable_by_key(|(_, n)| *n);
        values
    };
    let (a, b) = (w.party(A1), w.party(B1));
    w.act(A1, &item(1));
    w.act(A2, &item(2));
    w.act(B1, &item(3));
    assert_eq!(stated(&mut w), [(a, 1), (a, 2), (b, 3)]);
    w.act(A1, &item(4));
    assert_eq!(stated(&mut w), [(b, 3), (a, 4)]);
}

#[test]
fn an_items_agreed_value_is_the_revision_in_force() {
    let mut w = World::two();
    let item = |n, base| Subject { base, topic: Topic::Item { key: "meter".to_owned(), value: ItemValue::Integer(n) } };
    let r = w.propose(A1, vec![item(1, None)]);
    w.sync_all();
    assert!(w.record(A1).view().expect("a view").items.iter().all(|i| i.agreed.is_none()));
    w.act(B1, &accept(r));
    w.sync_all();
    let r2 = w.propose(B1, vec![item(2, Some(r))]);
    w.converge();
    let agreed = |w: &World| w.record(A1).view().expect("a view").items[0].agreed.clone();
    assert_eq!(agreed(&w), Some((r, ItemValue::Integer(1))));
    w.act(A1, &accept(r2));
    w.converge();
    assert_eq!(agreed(&w), Some((r2, ItemValue::Integer(2))));
}

#[test]
fn a_later_own_answer_replaces_an_earlier_one() {
    let mut w = World::two();
    let entry = w.act(A1, &note("they came late"));
    assert_eq!(grade(&mut w, entry), Grade::Unilateral);
    w.act(B1, &Act::Seen);
    assert_eq!(grade(&mut w, entry), Grade::Delivered);
    w.act(B1, &Act::Contest { entry, reason: text("we did not") });
    assert_eq!(grade(&mut w, entry), Grade::Contested);
    w.act(B2, &Act::Acknowledge { entry, note: None });
    assert_eq!(grade(&mut w, entry), Grade::Acknowledged);
    // An answer to oneself is none.
    w.act(A2, &Act::Contest { entry, reason: text("hm") });
    assert_eq!(grade(&mut w, entry), Grade::Acknowledged);
}

fn promised(w: &mut World) -> (EntryId, ActionId) {
    let contact = Act::Contact(Contact {
        channel: "telephone".to_owned(),
        direction: "out".to_owned(),
        started: 5,
        seconds: None,
        waited: None,
        seat: Some(Seat::Number(1)),
        person: Some(text("Ms Green")),
        number: None,
        reference: None,
        summary: text("they promised"),
        menu: Vec::new(),
    });
    let contact = w.act(A1, &contact);
    let proposal = Proposal { alleged: Some(contact), ..w.proposal(A1, vec![work("promised")]) };
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    (r, ActionId { proposal: r, index: 0 })
}

#[test]
fn contesting_an_alleged_promise_declines_it() {
    let mut w = World::two();
    let (r, action) = promised(&mut w);
    assert_eq!(w.state(action), ActionState::Proposed);
    let contest = w.act(B1, &Act::Contest { entry: r, reason: text("she never said so") });
    assert_eq!(w.state(action), ActionState::Declined);
    let late = w.force(B2, &accept(r));
    assert_eq!(w.verdict(late), Verdict::Without(Reason::Declined(contest)));
}

#[test]
fn contesting_what_is_not_alleged_or_by_others_declines_nothing() {
    let mut w = World::two();
    let (r, action) = w.offered();
    w.act(B1, &Act::Contest { entry: r, reason: text("hm") });
    assert_eq!(w.state(action), ActionState::Proposed);
    let mut w = World::two();
    w.bring_in_agreed(O1, 3);
    let (r, action) = promised(&mut w);
    w.act(O1, &Act::Contest { entry: r, reason: text("hm") });
    assert_eq!(w.state(action), ActionState::Proposed);
}

#[test]
fn a_promise_is_recorded_before_anybody_else_is_in() {
    let mut w = World::alone();
    let (r, action) = promised(&mut w);
    assert_eq!(w.state(action), ActionState::Proposed);
    w.bring_in(B1, 1, None);
    w.act(B1, &accept(r));
    assert_eq!(w.state(action), ActionState::Agreed);
}

#[test]
fn an_alleged_promise_names_a_contact() {
    let mut w = World::two();
    let something = w.act(A1, &note("no contact"));
    let proposal = Proposal { alleged: Some(something), ..w.proposal(A1, vec![work("promised")]) };
    let idle = w.force(A1, &Act::Propose(proposal));
    assert_eq!(w.verdict(idle), Verdict::Without(Reason::UnknownReference));
}

#[test]
fn a_seats_label_is_what_its_offer_says() {
    let w = World::two();
    let lens = w.record(A1).lens();
    let (_, open) = lens.open().expect("an open case");
    for (number, offer) in (0..).zip(&open.seats) {
        assert_eq!(lens.label(&Seat::Number(number)).as_deref(), offer.label.open());
    }
    assert_eq!(lens.label(&Seat::Number(99)), None);
}
