//! What became of each promise.

use super::*;

#[test]
fn every_promise_is_counted_as_what_became_of_it() {
    type Stage = fn(&mut World);
    type Counts = &'static [(&'static str, usize)];
    let rows: [(&str, Stage, Counts); 12] = [
        (
            "offered only",
            |w| {
                w.offered();
            },
            &[],
        ),
        (
            "agreed",
            |w| {
                w.agreed();
            },
            &[("open", 1)],
        ),
        (
            "done and approved, no due time",
            |w| {
                w.completed();
            },
            &[("kept", 1)],
        ),
        ("done in time, approved later", |w| completed_at(w, UNTIL, UNTIL + 5), &[("kept", 1)]),
        ("done too late", |w| completed_at(w, UNTIL + 1, UNTIL + 5), &[("late", 1)]),
        (
            "missed, recorded by two of one side",
            |w| {
                let r = w.agreed_on(vec![due_then(UNTIL)], &[B1]);
                for device in [A1, A2] {
                    w.act(device, &Act::Missed { revision: r, subject: 0, due: UNTIL, note: None });
                }
            },
            &[("missed", 1), ("open", 1)],
        ),
        (
            "renegotiated twice",
            |w| {
                let (r, action) = w.agreed();
                let next = w.bargain(A1, vec![change_of(action, Some(r), "sooner")], &[B1]);
                w.sync_all();
                w.bargain(B1, vec![change_of(action, Some(next), "later")], &[A1]);
            },
            &[("renegotiated", 2), ("open", 1)],
        ),
        (
            "countered before it was agreed",
            |w| {
                let (r, action) = w.offered();
                let countered = w.counter(B1, r, vec![change_of(action, None, "later")]);
                w.sync_all();
                w.act(A1, &accept(countered));
            },
            &[("open", 1)],
        ),
        (
            "released",
            |w| {
                let (r, _) = w.agreed();
                let asked = w.act(B1, &release(r));
                w.sync_all();
                w.act(A1, &allow(asked));
            },
            &[("released", 1)],
        ),
        (
            "given up",
            |w| {
                let (r, _) = w.agreed();
                w.act(B1, &stop(r));
            },
            &[("stopped", 1)],
        ),
        (
            "alleged, contested, and missed",
            |w| {
                let r = alleged(w);
                w.act(A1, &Act::Missed { revision: r, subject: 0, due: UNTIL, note: None });
                w.sync_all();
                w.act(B1, &Act::Contest { entry: r, reason: text("nobody said so") });
            },
            &[("alleged", 1), ("alleged_missed", 1)],
        ),
        (
            "alleged, then accepted",
            |w| {
                let r = alleged(w);
                w.act(B1, &accept(r));
            },
            &[("open", 1)],
        ),
    ];
    for (name, stage, expected) in rows {
        let mut w = World::two();
        stage(&mut w);
        w.converge();
        assert_eq!(w.ledger_of(1), expected, "{name}");
        assert!(w.ledger_of(0).is_empty(), "{name}: the customer promised nothing");
    }
    // Whoever alleged a promise may take it back.
    let mut w = World::two();
    let r = alleged(&mut w);
    w.act(A1, &withdraw(r));
    w.converge();
    assert!(w.ledger_of(1).is_empty());
    // While changes cross, what was agreed before goes on, and nothing was renegotiated.
    let (w, ..) = crossed();
    assert_eq!(w.ledger_of(1), [("open", 1)]);
}

fn completed_at(w: &mut World, declared: i64, approved: i64) {
    let r = w.agreed_on(vec![due_then(UNTIL)], &[B1]);
    let done = w.act_at(B1, &declare(r), declared);
    w.sync_all();
    w.act_at(A1, &approve(done), approved);
}
