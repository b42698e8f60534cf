//! What each side can do, what is waited for, what follows from doing nothing.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, CancelClause, Mode},
    fold::{ActionState, SubjectKey, Verdict},
    id::EntryId,
    receipt::SignedReceipt,
    value::{ActionId, Unit},
    view::{Expected, Follows, Step, Waiting},
};

use counterpart_core::record::Record;
use counterpart_testkit::{
    case::{START, case_between},
    history::random_draft,
    party::Party,
    rng::Rng,
};

use super::*;

#[test]
fn each_side_is_told_what_it_can_do() {
    type Stage = fn() -> (World, ActionId);
    let stages: [(&str, Stage, &[&str], &[&str]); 8] = [
        (
            "offered",
            || {
                let mut w = World::two();
                let (_, action) = w.offered();
                (w, action)
            },
            &["withdraw"],
            &["accept", "counter", "decline"],
        ),
        (
            "agreed",
            || {
                let mut w = World::two();
                let (_, action) = w.agreed();
                (w, action)
            },
            &["release", "dispute", "propose"],
            &["declare", "progress", "release", "stop", "dispute", "propose"],
        ),
        (
            "declared",
            || {
                let mut w = World::two();
                let (_, action, _) = w.declared();
                (w, action)
            },
            &["release", "dispute", "propose", "approve", "reject"],
            &["progress", "release", "dispute", "propose", "undeclare"],
        ),
        (
            "rework",
            || {
                let mut w = World::two();
                let (_, action, done) = w.declared();
                w.act(A1, &reject(done));
                w.sync_all();
                (w, action)
            },
            &["release", "dispute", "propose"],
            &["declare", "progress", "release", "dispute", "propose"],
        ),
        (
            "completed",
            || {
                let mut w = World::two();
                let (_, action, _) = w.completed();
                (w, action)
            },
            &["reopen"],
            &["reopen"],
        ),
        (
            "release asked",
            || {
                let mut w = World::two();
                let (r, action) = w.agreed();
                w.act(B1, &release(r));
                w.sync_all();
                (w, action)
            },
            &["allow", "refuse"],
            &["withdraw"],
        ),
        (
            "crossed",
            || {
                let (w, _, action, ..) = crossed();
                (w, action)
            },
            &["propose"],
            &["choose", "choose", "propose"],
        ),
        (
            "stopped",
            || {
                let mut w = World::two();
                let (r, action) = w.agreed();
                w.act(B1, &stop(r));
                w.sync_all();
                (w, action)
            },
            &["dispute", "propose"],
            &["dispute", "propose"],
        ),
    ];
    for (name, stage, customer, supplier) in stages {
        let (w, action) = stage();
        for (device, expected) in [(A1, customer), (B1, supplier)] {
            let steps: BTreeSet<&str> = w.steps(device, action).into_iter().collect();
            for step in expected {
                assert!(steps.contains(step), "{name}, device {device}: {step} is missing in {steps:?}");
            }
        }
        assert!(w.steps(O1, action).is_empty(), "{name}: who is not in can do nothing");
    }
}

#[test]
fn every_move_that_is_told_is_one_the_judge_lets_pass() {
    let (mut w, _, action, by_a, _) = crossed();
    let moves = w.record(A1).moves(&w.view(), &w.party(B1), w.at, &due_at);
    let picks: Vec<EntryId> = moves.iter().filter(|m| m.step == Step::Choose).map(|m| m.about).collect();
    assert!(picks.contains(&by_a) && picks.len() == 2, "{picks:?}");
    assert_eq!(w.waited(), [(1, "choose")], "the performer chooses");
    waited_for_in_vain(w.record(A1), &w.view(), w.at, "a crossing");
    w.act(B1, &choose(by_a));
    w.sync_all();
    assert_eq!(w.word(action), "agreed");
    assert!(!w.steps(B1, action).contains(&"choose"));
}

#[test]
fn a_miss_can_be_recorded_once_the_due_time_has_passed_by_those_it_was_due_to() {
    let mut w = World::two();
    let r = w.agreed_on(vec![due_then(UNTIL)], &[B1]);
    let action = action_of(r, 0);
    assert!(!w.steps_at(A1, action, UNTIL - 1).contains(&"missed"));
    assert!(w.steps_at(A1, action, UNTIL).contains(&"missed"));
    assert!(!w.steps_at(B1, action, UNTIL).contains(&"missed"), "nobody records own misses");
    w.act(A1, &Act::Missed { revision: r, subject: 0, due: UNTIL, note: None });
    w.sync_all();
    assert!(!w.steps_at(A1, action, UNTIL).contains(&"missed"), "once is enough");
}

#[test]
fn clauses_to_cancel_are_offered_to_the_seat_they_name() {
    let mut w = World::two();
    let clause = CancelClause { by: seat(0), text: text("until work begins"), until: None };
    let r = w.agreed_on(vec![terms_with(|t| t.cancel = vec![clause])], &[B1]);
    assert!(w.steps(A1, action_of(r, 0)).contains(&"cancel"));
    assert!(!w.steps(B1, action_of(r, 0)).contains(&"cancel"));
}

#[test]
fn whoever_must_confirm_prove_or_decide_is_waited_for() {
    let mut w = World::two();
    let proposal = w.proposal_with(A1, vec![work("dear")], Mode::Confirm, None);
    let r = w.act(A1, &Act::Propose(proposal));
    w.sync_all();
    assert_eq!(w.waited(), [(1, "answer")]);
    w.act(B1, &accept(r));
    w.sync_all();
    assert_eq!(w.waited(), [(0, "confirm")]);
    assert!(w.steps(A1, action_of(r, 0)).contains(&"confirm"));

    let mut w = World::two();
    let (r, action) = w.offered_until();
    w.act(B1, &accept(r));
    w.deliver(B1, B2);
    let view = w.record(B1).view().expect("a view");
    assert_eq!(view.waiting.iter().map(|x| x.expected).collect::<Vec<_>>(), [Expected::Prove]);
    // A held receipt of the offerer is what proves it.
    let moves = |w: &World| w.record(B1).moves(&w.record(B1).view().expect("a view"), &w.party(B1), w.at, &due_at);
    assert!(!moves(&w).iter().any(|m| m.step == Step::Prove));
    w.deliver(B1, A1);
    let receipt = w.receipt(A1, UNTIL);
    let receipt = SignedReceipt::verify(&receipt).expect("a good receipt");
    w.devices[B1].record.apply_receipt(receipt).expect("it is taken");
    assert!(moves(&w).iter().any(|m| m.step == Step::Prove && m.key == SubjectKey::Action(action)));

    let mut w = World::with_arbiter();
    let (r, action) = w.agreed();
    w.act(A1, &dispute(r));
    w.sync_all();
    assert!(w.waited().contains(&(5, "decide")), "{:?}", w.waited());
    assert!(w.steps(E1, action).contains(&"decide"));
    assert!(w.steps(B1, action).contains(&"concede"));
    let mut w = World::two();
    let (r, _) = w.agreed();
    w.act(A1, &dispute(r));
    w.sync_all();
    assert!(w.waited().contains(&(1, "settle")), "without an arbiter it is for the other to move");
}

#[test]
fn what_follows_from_doing_nothing_comes_from_the_signed_terms() {
    let mut w = World::two();
    w.offered();
    assert_eq!(w.follows(Expected::Answer), [Follows::Nothing]);

    let mut w = World::two();
    w.offered_until();
    assert_eq!(w.follows(Expected::Answer), [Follows::Nothing, Follows::OfferEnds { at: UNTIL }]);

    let mut w = World::two();
    let r = alleged(&mut w);
    let due = Follows::Due { key: SubjectKey::Action(action_of(r, 0)), at: UNTIL, recorded: false };
    assert_eq!(w.follows(Expected::Answer), [Follows::Nothing, due], "what was said is tracked at once");

    let mut w = World::two();
    w.agreed();
    assert_eq!(w.follows(Expected::Perform), [Follows::Nothing]);

    let mut w = World::two();
    let subject = terms_with(|t| {
        t.due = Some(instant(UNTIL));
        t.consequences = vec![text("a credit of 10 EUR")];
    });
    let r = w.agreed_on(vec![subject], &[B1]);
    let key = SubjectKey::Action(action_of(r, 0));
    let due = Follows::Due { key: key.clone(), at: UNTIL, recorded: false };
    let written = Follows::Consequence { key, text: text("a credit of 10 EUR") };
    assert_eq!(w.follows(Expected::Perform), [due.clone(), written.clone()]);
    let done = w.act(B1, &declare(r));
    w.sync_all();
    assert_eq!(w.follows(Expected::Judge), [Follows::Nothing], "silence is no acceptance unless the terms say so");
    w.act(A1, &reject(done));
    w.sync_all();
    assert_eq!(w.follows(Expected::Rework), [due, written]);

    let mut w = World::two();
    let r = w.agreed_on(vec![terms_with(|t| t.deemed = Some((2, Unit::Hours)))], &[B1]);
    w.act(B1, &declare(r));
    w.deliver(B1, A1);
    let deemed = |from| [Follows::Deemed { from, count: 2, unit: Unit::Hours }];
    assert_eq!(w.follows(Expected::Judge), deemed(None), "nothing proves that it arrived");
    w.act(A1, &note("thank you"));
    let arrived = w.at;
    assert_eq!(w.follows(Expected::Judge), deemed(Some(arrived + 7_200_000)));
    w.sync_all();
    assert!(!w.steps_at(B1, action_of(r, 0), arrived + 7_199_999).contains(&"deem"));
    assert!(w.steps_at(B1, action_of(r, 0), arrived + 7_200_000).contains(&"deem"));
}

/// Whether something is over: nobody need be able to do anything about it.
fn is_over(state: ActionState) -> bool {
    matches!(
        state,
        ActionState::Completed
            | ActionState::Cancelled
            | ActionState::Stopped
            | ActionState::Declined
            | ActionState::Withdrawn
            | ActionState::Void
    )
}

#[test]
fn nothing_open_is_without_a_move() {
    let mut asked = BTreeSet::new();
    for seed in 300..300 + rounds(8) {
        let mut w = history(u64::try_from(seed).expect("small"), 45);
        w.sync_all();
        let record = w.record(A1);
        if membership_lost(record) {
            continue;
        }
        let view = w.view();
        let parties = record.lens().members().into_iter();
        let moves: Vec<SubjectKey> =
            parties.flat_map(|party| record.moves(&view, &party, w.at, &due_at)).map(|m| m.key).collect();
        let actions = view.actions.iter().map(|a| (&a.key, a.status.state));
        let matters = view.matters.iter().map(|m| (&m.key, m.status.state));
        for (key, state) in actions.chain(matters).filter(|(_, state)| !is_over(*state)) {
            asked.insert(state.as_str());
            assert!(moves.contains(key), "history {seed}: {} and nobody can do anything about it", state.as_str());
        }
        waited_for_in_vain(record, &view, w.at, &format!("history {seed}"));
    }
    for state in ["proposed", "agreed", "declared"] {
        assert!(asked.contains(state), "no history ended {state}: {asked:?}");
    }
}

/// Whether bad faith that was proven (R11) took the effect of an admission away: then whoever was let in by it is out.
fn membership_lost(record: &Record) -> bool {
    let lens = record.lens();
    let lets_in = |ix: &Ix| matches!(lens.fold().act(*ix), Act::Admit { .. } | Act::Join { .. });
    let lost = |ix: Ix| *lens.fold().verdict(ix) == Verdict::Effective && !lens.has(ix) && record.graph().counts(ix);
    record.graph().all().filter(lets_in).any(lost)
}

/// What is waited for can be done, by whoever is waited for.
fn waited_for_in_vain(record: &Record, view: &View, at: i64, whose: &str) {
    // A proof takes a receipt, which this copy may not hold; what is erased is no matter to take further.
    let matters = |w: &&Waiting| !matches!(w.expected, Expected::Join | Expected::Prove | Expected::Erase);
    for waiting in view.waiting.iter().filter(matters) {
        // Who has not joined yet is waited for to do that first.
        let Some(party) = waiting.party.filter(|party| record.lens().joined(party)) else { continue };
        let moves = record.moves(view, &party, at, &due_at);
        let word = waiting.expected.as_str();
        assert!(moves.iter().any(|m| record.makes(m, waiting)), "{whose}: {word} is waited for in vain: {waiting:?}");
    }
}

#[test]
fn what_is_waited_for_can_be_done_in_any_history() {
    let mut reached = BTreeSet::new();
    for seed in 0..rounds(6) {
        let seed = u64::try_from(seed).expect("small");
        let parties = [Party::new(1), Party::new(2), Party::new(3)];
        let mut record = case_between(&[&parties[0], &parties[1], &parties[2]]).record;
        let mut rng = Rng::new(seed);
        for step in 0..60 {
            let party = rng.pick(&parties).expect("three parties");
            let at = START + 3_600_000 + step * 60_000;
            let draft = random_draft(&mut rng, &record, &party.author(0), at).expect("a note at least");
            record.seal_and_sign(draft, &party.devices[0].key).expect("a draft just made is good");
            if step % 10 == 9 {
                let view = record.view().expect("a view");
                waited_for_in_vain(&record, &view, at, &format!("history {seed}, step {step}"));
                reached.extend(view.waiting.iter().map(|w| w.expected.as_str()));
            }
        }
    }
    for word in ["answer", "perform"] {
        assert!(reached.contains(word), "{word} was never waited for: {reached:?}");
    }
}
