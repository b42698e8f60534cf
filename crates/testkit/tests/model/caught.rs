//! The rules of the models notice what they are there for: what is shown is altered, and they must object.

use std::sync::Arc;

use crate::{
    book::{Book, Set},
    cast::{A1, A2, B1, B2, HOLDERS},
    explored::{agreed, crossed, declared, offered, profile},
    found::{Found, invariant},
    menu::Kind,
    profile::Profile,
    rules::Look,
    shown::{Force, SIGNED, Subject},
};

type Menu = &'static [(&'static [usize], &'static [Kind])];

/// A book in which everybody may sign what the menu says, and the history of these holders' first acts in turn.
fn history(cast: fn() -> crate::cast::Cast, menu: Menu, holders: &[usize]) -> (Book, Arc<Set>) {
    let each = [holders.len(); HOLDERS];
    let careless = &[B2];
    let book = Book::new(Profile { cast, menu, acts: holders.len() + 1, each, careless, ..profile("altered") });
    let mut set = book.empty();
    for holder in holders {
        let item = *book.found(&set).moves[*holder].first().expect("something on the menu");
        set = book.grown(&set, item);
    }
    (book, set)
}

/// What the rules of one set say of it once its first subject is shown otherwise.
fn objections(book: &Book, set: &Arc<Set>, alter: impl Fn(&mut Subject)) -> u32 {
    let mut look = Look::new(book, set);
    let action = look.shown.subjects.iter_mut().find(|s| s.state != "without effect").expect("an action");
    alter(action);
    look.bound();
    look.choices();
    look.results();
    look.broken
}

/// What the rules say of the last act, once what it made of the first subject is shown otherwise.
fn objections_to_step(book: &Book, set: &Arc<Set>, before: impl Fn(&mut Subject), after: impl Fn(&mut Subject)) -> u32 {
    let head = set.heads().last().expect("an act");
    let earlier = book.part(set, set.whole() & !(1 << head));
    let Found { shown, .. } = book.found(&earlier);
    let mut found = Found { shown: shown.clone(), broken: 0, reached: 0, moves: Default::default() };
    before(&mut found.shown.subjects[0]);
    let mut look = Look::new(book, set);
    after(&mut look.shown.subjects[0]);
    look.step(&found, head);
    look.broken
}

const NOTES: Menu = &[(&[A1, A2, B1, B2], &[Kind::Note])];

#[test]
fn an_agreement_lost_is_noticed() {
    let (book, set) = history(agreed, NOTES, &[A1]);
    assert_eq!(objections_to_step(&book, &set, |_| {}, |_| {}), 0);
    let lost = invariant("agreed stays agreed");
    let Force::Revision(names) = book.found(&set).shown.subjects[0].force.clone() else { unreachable!("it is agreed") };
    let shown_as: [Force; 4] = [
        Force::Nothing,
        Force::End { of: names[0] },
        Force::Revision(vec![SIGNED]),
        Force::Crossed { rivals: vec![(false, SIGNED)], stays: None },
    ];
    for force in shown_as {
        assert_eq!(objections_to_step(&book, &set, |_| {}, |s| s.force = force.clone()), lost, "{force:?}");
    }
    let crossed = Force::Crossed { rivals: vec![(false, names[0]), (false, SIGNED)], stays: None };
    let dark = invariant("a copy kept dark undoes nothing settled");
    assert_eq!(objections_to_step(&book, &set, |_| {}, |s| s.force = crossed.clone()), 0);
    assert_eq!(objections_to_step(&book, &set, |s| s.settled = true, |s| s.force = crossed.clone()), dark);
    let ended = Force::End { of: names[0] };
    let undone = invariant("an end stays an end");
    assert_eq!(objections_to_step(&book, &set, |s| s.force = ended.clone(), |_| {}), undone);
}

#[test]
fn one_bound_unsigned_is_noticed() {
    let (book, set) = history(offered, NOTES, &[B1]);
    assert_eq!(objections(&book, &set, |_| {}), 0);
    let open = book.found(&set).shown.subjects[0].open.clone();
    let bound = invariant("nobody is bound to what they did not sign");
    assert_eq!(objections(&book, &set, |s| s.force = Force::Revision(open.clone())), bound);
}

#[test]
fn a_choice_passed_over_is_noticed() {
    let (book, set) = history(crossed, &[(&[B1], &[Kind::Choose])], &[B1]);
    assert_eq!(objections(&book, &set, |_| {}), 0);
    let before = book.found(&book.empty()).shown.subjects[0].force.clone();
    let stands = invariant("a choice stands");
    assert_eq!(objections(&book, &set, |s| s.force = before.clone()) & stands, stands);
}

#[test]
fn a_result_out_of_nowhere_is_noticed() {
    let (book, set) = history(declared, &[(&[A1], &[Kind::Approve]), (&[B1], &[Kind::Note])], &[B1]);
    let results = invariant("results are what was declared, approved and stopped");
    assert_eq!(objections(&book, &set, |s| s.state = "completed"), results);
    assert_eq!(objections(&book, &set, |s| s.state = "stopped"), results);
    let (book, set) = history(declared, &[(&[A1], &[Kind::Approve]), (&[B1], &[Kind::Note])], &[A1, B1]);
    assert_eq!(book.found(&set).shown.subjects[0].state, "completed");
    let kept = invariant("a completed result stays");
    assert_eq!(objections_to_step(&book, &set, |_| {}, |s| s.state = "declared"), kept);
}

#[test]
fn an_idle_act_with_an_effect_is_noticed() {
    // Declining what is agreed: B's program asks nobody and signs it all the same.
    let (book, set) = history(agreed, &[(&[B2], &[Kind::Decline])], &[B2]);
    assert_eq!(objections_to_step(&book, &set, |_| {}, |_| {}), 0);
    let idle = invariant("an act without effect has none");
    assert_eq!(objections_to_step(&book, &set, |_| {}, |s| s.open.push(SIGNED)), idle);
}
