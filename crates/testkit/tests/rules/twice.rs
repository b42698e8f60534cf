//! A seat that two admissions bind, to B and to C: under what B signed for it, C neither asks nor answers, until it has
//! signed too, or the opener has decided that the seat is C's.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Subject, Topic},
    id::EntryId,
    value::{ActionId, Unit},
};

use crate::{shown::*, world::*};

/// Work of the twice bound seat for A, or of A for that seat, that B signed and C did not.
struct Signed {
    w: World,
    r: EntryId,
    action: ActionId,
    /// Whatever else an act speaks of.
    named: EntryId,
}

fn work_of(performer: u32, beneficiary: u32) -> Subject {
    let clause = CancelClause { by: seat(1), text: text("any time"), until: None };
    let terms = ActionTerms {
        cancel: vec![clause],
        deemed: Some((1, Unit::Minutes)),
        ..terms("first", &[performer], &[beneficiary])
    };
    Subject { base: None, topic: Topic::Action { action: None, terms } }
}

fn signed(performer: u32, beneficiary: u32) -> Signed {
    let mut w = World::bound_twice();
    let r = w.bargain(A1, vec![work_of(performer, beneficiary)], &[B1]);
    w.sync_all();
    Signed { w, r, action: action_of(r, 0), named: r }
}

/// A device, and an act on what is named so far.
type Made = (usize, fn(EntryId) -> Act);

/// The agreement, and what its act names: made by these devices, known to all.
fn after(performer: u32, beneficiary: u32, made: &[Made]) -> Signed {
    let mut s = signed(performer, beneficiary);
    for (device, act) in made {
        s.named = s.w.act(*device, &act(s.named));
        s.w.sync_all();
    }
    s
}

type Row = (&'static str, fn() -> Signed, fn(EntryId) -> Act, &'static str, &'static str);

fn undone(revision: EntryId) -> Act {
    Act::Missed { revision, subject: 0, due: 5, note: None }
}

/// Each act by the twice bound seat, the state it finds, and the state it makes where it counts.
const ROWS: &[Row] = &[
    ("declare", || signed(1, 0), declare, "agreed", "declared"),
    ("stop", || signed(1, 0), stop, "agreed", "stopped"),
    ("cancel", || signed(1, 0), |r| cancel(r, 0), "agreed", "cancelled"),
    (
        "progress",
        || signed(1, 0),
        |r| Act::Progress { revision: r, subject: 0, text: text("half") },
        "agreed",
        "agreed",
    ),
    ("missed", || signed(1, 0), undone, "agreed", "agreed"),
    ("dispute", || signed(1, 0), dispute, "agreed", "agreed"),
    ("release", || signed(1, 0), release, "agreed", "agreed"),
    ("undeclare", || after(1, 0, &[(B1, declare)]), undeclare, "declared", "agreed"),
    ("approve", || after(0, 1, &[(A1, declare)]), approve, "declared", "completed"),
    ("reject", || after(0, 1, &[(A1, declare)]), reject, "declared", "rework"),
    ("allow", || after(1, 0, &[(A1, release)]), allow, "agreed", "cancelled"),
    ("refuse", || after(1, 0, &[(A1, release)]), refuse, "agreed", "agreed"),
    ("release, asked for by A too", || after(1, 0, &[(A1, release)]).about_r(), release, "agreed", "cancelled"),
    ("reopen", || after(1, 0, &[(B1, declare), (A1, approve)]).about_declare(), release, "completed", "completed"),
    ("concede", || after(1, 0, &[(A1, dispute)]), |d| Act::Concede { dispute: d, note: None }, "agreed", "agreed"),
];

impl Signed {
    fn about_r(mut self) -> Self {
        self.named = self.r;
        self
    }

    fn about_declare(mut self) -> Self {
        let graph = self.w.record(A1).graph();
        let declare = graph.all().find(|ix| graph.statement(*ix).kind == "declare").expect("declared");
        self.named = graph.id(declare);
        self
    }
}

#[test]
fn whoever_signed_for_the_seat_acts_for_it_and_the_other_holder_does_not() {
    for (what, before, act, found, made) in ROWS {
        let mut s = before();
        assert_eq!(s.w.idle(C1, &act(s.named)), "SignedByAnother", "{what} by C");
        assert_eq!(s.w.word(s.action), *found, "{what} by C");
        let by_b = s.w.force(B1, &act(s.named));
        assert_eq!(s.w.why(by_b), "effective", "{what} by B");
        assert_eq!(s.w.word(s.action), *made, "{what} by B");
    }
}

#[test]
fn who_signs_too_acts_too() {
    for (what, before, act, _, made) in ROWS.iter().filter(|row| row.3 != "completed") {
        let mut s = before();
        s.w.force(C1, &accept(s.r));
        let by_c = s.w.force(C1, &act(s.named));
        assert_eq!(s.w.why(by_c), "effective", "{what} by C");
        assert_eq!(s.w.word(s.action), *made, "{what} by C");
    }
}

#[test]
fn the_seat_is_whose_the_opener_says() {
    for (what, before, act, found, made) in ROWS {
        let mut s = before();
        let graph = s.w.record(A1).graph();
        let party = s.w.party(C1);
        let of_c = graph.all().find(
            |ix| matches!(s.w.record(A1).fold().act(*ix), Act::Admit { party: admitted, .. } if *admitted == party),
        );
        let admit = graph.id(of_c.expect("C was let in"));
        s.w.act(A1, &Act::Seat { seat: seat(1), admit });
        s.w.sync_all();
        let by_b = s.w.force(B1, &act(s.named));
        assert_ne!(s.w.why(by_b), "effective", "{what} by B");
        assert_eq!(s.w.word(s.action), *found, "{what} by B");
        let by_c = s.w.force(C1, &act(s.named));
        assert_eq!(s.w.why(by_c), "effective", "{what} by C");
        assert_eq!(s.w.word(s.action), *made, "{what} by C");
    }
}

#[test]
fn a_decline_that_crossed_the_other_holders_signature_asks_for_nothing() {
    let mut w = World::bound_twice();
    let r = w.offer(vec![work("first")]);
    let action = action_of(r, 0);
    w.act(B1, &accept(r));
    let declined = w.act(C1, &decline(r));
    assert_eq!(w.word(action), "agreed");
    assert!(w.requests_on(action).is_empty());
    assert_eq!(w.idle(A1, &allow(declined)), "UnknownReference");
}

#[test]
fn silence_is_counted_from_what_reached_who_signed() {
    let mut s = signed(0, 1);
    let d = s.w.act(A1, &declare(s.r));
    s.w.deliver(A1, C1);
    s.w.act(C1, &note("I have it"));
    s.w.deliver(C1, A1);
    s.w.at += 120_000;
    assert_eq!(s.w.idle(A1, &approve(d)), "ArrivalUnproven");
    s.w.sync_all();
    s.w.act(B1, &note("so have I"));
    s.w.sync_all();
    s.w.at += 120_000;
    let deemed = s.w.act(A1, &approve(d));
    assert_eq!(s.w.why(deemed), "effective");
    assert_eq!(s.w.word(s.action), "completed");
}

#[test]
fn an_amendment_needs_who_signed_its_base_also_where_its_author_knew_of_one_admission() {
    let mut w = World::alone();
    let mut admits = Vec::new();
    for (opener, joiner) in [(A1, B1), (A2, C1)] {
        let invite = w.act(opener, &invite(seat(1)));
        let admit = w.admit(joiner, seat(1), invite, None);
        admits.push(w.act(opener, &admit));
        w.deliver(opener, joiner);
        w.act(joiner, &Act::Join { admit: admits[admits.len() - 1] });
    }
    w.sync(A1, B1);
    let r = w.bargain(A1, vec![work("first")], &[B1]);
    w.deliver(B1, A1);
    let second = w.propose(A1, vec![change_of(action_of(r, 0), Some(r), "second")]);
    w.deliver(A1, C1);
    w.act(C1, &accept(second));
    assert_eq!(w.word(action_of(r, 0)), "agreed");
    assert_eq!(w.in_force(action_of(r, 0)), [r]);
    w.force(B1, &accept(second));
    w.converge();
    assert_eq!(w.in_force(action_of(r, 0)), [second]);
}
