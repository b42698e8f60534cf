//! R7, more than two rivals: three ways crossed, ends, bundles and what is found later.

use counterpart_core::{
    act::{Act, Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    value::ActionId,
};

use crate::{
    crossed::{cross, crossing, known_crossing, stands, still_crossed},
    shown::*,
    world::*,
};

/// Three changes of one agreement, each signed without knowing of the others.
fn three_way() -> (World, ActionId, EntryId, Vec<EntryId>) {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = |what: &str| vec![change_of(action, Some(r), what)];
    let three = cross(&mut w, &[(A1, B2, change("one")), (B1, A2, change("two")), (A3, B4, change("three"))]);
    (w, action, r, three)
}

#[test]
fn three_ways_crossed_and_one_chosen() {
    for n in 0..3 {
        let (mut w, action, r, three) = three_way();
        still_crossed(&mut w, action);
        assert_eq!(w.rivals(action).len(), 3);
        assert_eq!(w.standing(action), Some(r));
        w.act(B1, &choose(three[n]));
        stands(&mut w, action, three[n]);
    }
}

#[test]
fn three_ways_crossed_and_one_settled() {
    let (mut w, action, _, three) = three_way();
    w.deliver(B4, A3);
    w.act(A3, &note("agreed then"));
    stands(&mut w, action, three[2]);
}

#[test]
fn three_contradicting_chooses() {
    let (mut w, action, _, three) = three_way();
    w.sync_all();
    for (device, pick) in [B1, B2, B4].into_iter().zip(&three) {
        w.act(device, &choose(*pick));
    }
    still_crossed(&mut w, action);
    w.act(B4, &choose(three[0]));
    stands(&mut w, action, three[0]);
}

#[test]
fn a_choose_that_knew_two_of_three_removes_the_third_too() {
    let (mut w, action, _, three) = three_way();
    for (from, to) in [(A1, B1), (B2, B1), (A2, B1)] {
        w.deliver(from, to);
    }
    w.act(B1, &choose(three[1]));
    stands(&mut w, action, three[1]);
    assert_eq!(w.idle(B1, &choose(three[2])), "NotCrossed");
}

#[test]
fn an_end_and_an_amendment_are_rivals() {
    for end in [true, false] {
        let mut w = World::two();
        let (r, action) = w.agreed();
        let asked = w.act(A1, &release(r));
        let changed = w.propose(B2, vec![change_of(action, Some(r), "second")]);
        w.sync(A1, B1);
        w.sync(B2, A2);
        w.act(B1, &allow(asked));
        w.act(A2, &accept(changed));
        still_crossed(&mut w, action);
        assert_eq!(w.standing(action), Some(r));
        w.act(B1, &choose(if end { asked } else { changed }));
        if end {
            assert_eq!(w.word(action), "cancelled");
            assert_eq!(w.standing(action), Some(asked));
        } else {
            stands(&mut w, action, changed);
        }
    }
}

#[test]
fn an_end_is_picked_by_the_smallest_of_its_requests() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let asked = [w.act(A1, &release(r)), w.act(B1, &release(r))];
    let changed = w.propose(B2, vec![change_of(action, Some(r), "second")]);
    w.deliver(B2, A2);
    w.act(A2, &accept(changed));
    still_crossed(&mut w, action);
    let (name, other) = (asked[0].min(asked[1]), asked[0].max(asked[1]));
    assert_eq!(w.rivals(action), {
        let mut both = vec![name, changed];
        both.sort_unstable();
        both
    });
    assert_eq!(w.idle(B1, &choose(other)), "NotCrossed");
    w.act(B1, &choose(name));
    assert_eq!(w.word(action), "cancelled");
}

/// Two actions of B for A, agreed one by one.
fn two_actions() -> (World, [ActionId; 2], [EntryId; 2]) {
    let mut w = World::two();
    let first = w.agreed_on(vec![work("first")], &[B1]);
    let second = w.agreed_on(vec![work("second")], &[B1]);
    (w, [action_of(first, 0), action_of(second, 0)], [first, second])
}

#[test]
fn a_crossing_on_one_subject_suspends_the_whole_bundle() {
    for bundle_wins in [true, false] {
        let (mut w, actions, bases) = two_actions();
        let bundle = vec![change_of(actions[0], Some(bases[0]), "both"), change_of(actions[1], Some(bases[1]), "both")];
        let single = vec![change_of(actions[0], Some(bases[0]), "only this")];
        let both = cross(&mut w, &[(A1, B2, bundle), (B1, A2, single)]);
        w.converge();
        // What the bundle would change stays as it was on the other subject as well.
        for (action, base) in actions.into_iter().zip(bases) {
            assert_ne!(w.in_force(action), [both[0]]);
            assert_eq!(w.standing(action), Some(base));
        }
        assert_eq!(w.word(actions[0]), "crossed");
        w.act(B1, &choose(both[usize::from(!bundle_wins)]));
        w.converge();
        if bundle_wins {
            assert_eq!(w.in_force(actions[0]), [both[0]]);
            assert_eq!(w.in_force(actions[1]), [both[0]]);
        } else {
            assert_eq!(w.in_force(actions[0]), [both[1]]);
            assert_eq!(w.in_force(actions[1]), [bases[1]], "nobody bargained for the rest of a bundle alone");
        }
    }
}

/// A bundle over two actions, crossed on each of them by another change. On the first B performs, on the second A.
fn chained() -> (World, [ActionId; 2], [EntryId; 2], Vec<EntryId>) {
    let mut w = World::two();
    let bases = [
        w.agreed_on(vec![work_for("first", &[1], &[0])], &[B1]),
        w.agreed_on(vec![work_for("second", &[0], &[1])], &[B1]),
    ];
    let actions = bases.map(|b| action_of(b, 0));
    let second = |what: &str| {
        let topic = Topic::Action { action: Some(actions[1]), terms: terms(what, &[0], &[1]) };
        Subject { base: Some(bases[1]), topic }
    };
    let first = |what: &str| change_of(actions[0], Some(bases[0]), what);
    let rivals = cross(
        &mut w,
        &[
            (A1, B2, vec![first("bundle"), second("bundle")]),
            (B1, A2, vec![first("single")]),
            (A3, B4, vec![second("single")]),
        ],
    );
    w.converge();
    (w, actions, bases, rivals)
}

#[test]
fn a_crossing_through_a_bundle_has_one_chooser() {
    let (mut w, actions, _, rivals) = chained();
    let (low, high) = (w.lower(A1, B1), w.higher(A1, B1));
    for rival in &rivals {
        assert_eq!(w.idle(high, &choose(*rival)), "NotTheChooser");
    }
    w.act(low, &choose(rivals[0]));
    w.converge();
    assert_eq!(w.in_force(actions[0]), [rivals[0]]);
    assert_eq!(w.in_force(actions[1]), [rivals[0]]);
}

#[test]
fn a_crossing_has_one_chooser_from_whichever_end_it_is_asked_about() {
    // A bundle of B's ties the first action to the second, another ties that to the third, which C does.
    let mut w = World::three();
    let ab = w.agreed_on(vec![work("one"), work("two")], &[B1]);
    let ac = w.agreed_on(vec![work_for("three", &[2], &[0])], &[C1]);
    let (one, two, three) = (action_of(ab, 0), action_of(ab, 1), action_of(ac, 0));
    let change = |action, base, what| change_of(action, Some(base), what);
    w.bargain(A1, vec![change(one, ab, "x"), change(two, ab, "x")], &[B1]);
    let third = Subject { base: Some(ac), topic: Topic::Action { action: Some(three), terms: terms("z", &[2], &[0]) } };
    let z = w.propose(C1, vec![third]);
    w.deliver(C1, A1);
    w.act(A1, &accept(z));
    let tied = Subject { base: Some(ac), topic: Topic::Action { action: Some(three), terms: terms("y", &[2], &[0]) } };
    let y = w.propose(A2, vec![change(two, ab, "y"), tied]);
    w.deliver(A2, B2);
    w.act(B2, &accept(y));
    w.deliver(A2, C1);
    w.act(C1, &accept(y));
    w.converge();
    for action in [one, two, three] {
        assert_eq!(w.word(action), "crossed");
        let chooser = w.record(B1).lens().chooser(&SubjectKey::Action(action));
        assert_eq!(chooser, Some(w.party(A1)), "no performer signed all three, A did");
    }
}

#[test]
fn picking_beside_a_bundle_frees_the_other_subject() {
    let (mut w, actions, _, rivals) = chained();
    let low = w.lower(A1, B1);
    w.act(low, &choose(rivals[1]));
    w.converge();
    assert_eq!(w.in_force(actions[0]), [rivals[1]]);
    assert_eq!(w.in_force(actions[1]), [rivals[2]], "its only rival is out");
}

#[test]
fn the_two_beside_the_bundle_can_both_be_picked() {
    let (mut w, actions, _, rivals) = chained();
    let low = w.lower(A1, B1);
    let other = if low == A1 { A2 } else { B2 };
    // Without knowing of each other: they do not contradict, since they touch different subjects.
    w.act(low, &choose(rivals[1]));
    w.act(other, &choose(rivals[2]));
    w.converge();
    assert_eq!(w.in_force(actions[0]), [rivals[1]]);
    assert_eq!(w.in_force(actions[1]), [rivals[2]]);
}

#[test]
fn a_crossing_can_be_asked_about_from_its_first_moment() {
    // Waiting: the chooser's move, nobody else's.
    let (w, _, _, one, other) = known_crossing();
    let view = w.record(A1).view().expect("a view");
    let chooser: Vec<_> = view.waiting.iter().filter(|x| x.expected.as_str() == "choose").collect();
    assert!(!chooser.is_empty());
    assert!(chooser.iter().all(|x| x.party == Some(w.party(B1))), "{chooser:?}");
    assert!(chooser.iter().all(|x| x.about.is_none_or(|a| a == one || a == other)));
}

#[test]
fn rivals_that_say_the_same_are_one() {
    let mut w = World::two();
    let (r, action) = w.agreed();
    let change = || vec![change_of(action, Some(r), "the same")];
    let both = cross(&mut w, &[(A1, B2, change()), (B1, A2, change())]);
    assert_eq!(w.word(action), "agreed");
    let mut names = both.clone();
    names.sort_unstable();
    assert_eq!(w.in_force(action), names);
    assert_eq!(w.idle(B1, &choose(both[0])), "NotCrossed");
}

#[test]
fn an_action_cannot_be_released_while_it_is_crossed_but_can_be_afterwards() {
    let (mut w, action, _, one, _) = known_crossing();
    w.act(B1, &choose(one));
    w.sync_all();
    let asked = w.act(A1, &release(one));
    w.sync_all();
    w.act(B1, &allow(asked));
    assert_eq!(w.word(action), "cancelled");
}

#[test]
fn a_choose_by_a_device_that_may_not() {
    let (mut w, action, _, one, _) = known_crossing();
    assert_eq!(w.idle(B3, &choose(one)), "KindNotGranted");
    still_crossed(&mut w, action);
    let act = Act::Choose { pick: one, reason: Some(text("simpler")) };
    w.act(B5, &act);
    stands(&mut w, action, one);
}

#[test]
fn what_a_party_signs_later_does_not_unsettle_what_others_built_on() {
    // A2 changes what it knows to be settled, by B4's declare; B4 goes on to sign over the rival as well.
    for signs_on in [false, true] {
        let (mut w, action, _, one, other) = crossing();
        w.deliver(A2, B4);
        w.act(B4, &declare(other));
        w.deliver(B4, A2);
        w.act(A2, &note("agreed then"));
        w.deliver(B2, A2);
        let next = w.amend(A2, action, "sooner");
        if signs_on {
            w.deliver(B2, B4);
            w.act(B4, &note("what is this?"));
            w.deliver(B4, C1);
        }
        w.deliver(A2, C1);
        assert_eq!(w.why_at(C1, next), "effective");
        assert_eq!(w.why(next), "effective");
        assert_eq!(w.open_on(action), [next]);
        assert_ne!(w.in_force(action), [one]);
    }
}
