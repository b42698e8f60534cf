//! What was made without knowing of each other: every row of the table, made by every choice of devices, in both
//! orders of making and of arrival.

use counterpart_core::{
    act::{Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    keylog::RevokeReason::{Compromised, Ended},
    value::ActionId,
};

use crate::{digest::digest, shown::*, world::*};

/// The devices that make one side of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cast {
    a: usize,
    b: usize,
    c: usize,
}

/// What stood before, known to all.
struct Before {
    w: World,
    r: EntryId,
    action: ActionId,
    /// Whatever else the row speaks of.
    more: Vec<EntryId>,
}

/// One side: signs its acts with its devices, given those of every side.
type Side = fn(&mut Before, &[Cast], Cast) -> Vec<EntryId>;

struct Row {
    name: &'static str,
    before: fn() -> Before,
    /// Each with the letters of the parties whose devices it takes.
    sides: &'static [(&'static str, Side)],
    /// Told what each side signed, once everything is everywhere.
    expected: fn(&mut Before, &[Vec<EntryId>]),
}

const ROWS: &[Row] = &[
    Row {
        name: "A withdraws, B accepts",
        before: offered,
        sides: &[("a", |s, _, me| vec![s.w.act(me.a, &withdraw(s.r))]), ("b", accepts)],
        expected: |s, made| {
            agreed_on(s, s.r);
            assert_eq!(s.w.requests_on(s.action), [made[0][0]]);
        },
    },
    Row {
        name: "A withdraws, B has it, B accepts",
        before: offered,
        sides: &[("ab", |s, _, me| {
            let withdrawn = s.w.act(me.a, &withdraw(s.r));
            s.w.deliver(me.a, me.b);
            assert_eq!(s.w.refuses(me.b, &accept(s.r)), "Withdrawn");
            vec![withdrawn, s.w.force(me.b, &accept(s.r))]
        })],
        expected: |s, made| {
            assert_eq!(s.w.why(made[0][1]), "Withdrawn");
            assert_eq!(s.w.word(s.action), "withdrawn");
        },
    },
    Row {
        name: "B accepts, A replaces",
        before: offered,
        sides: &[
            ("b", accepts),
            ("a", |s, _, me| vec![s.w.counter(me.a, s.r, vec![change_of(s.action, None, "second")])]),
        ],
        expected: |s, made| {
            agreed_on(s, s.r);
            assert_eq!(s.w.open_on(s.action), made[1]);
            assert!(s.w.requests_on(s.action).is_empty());
        },
    },
    Row {
        name: "both counter",
        before: offered,
        sides: &[
            ("a", |s, _, me| vec![s.w.counter(me.a, s.r, vec![change_of(s.action, None, "A's")])]),
            ("b", |s, _, me| vec![s.w.counter(me.b, s.r, vec![change_of(s.action, None, "B's")])]),
        ],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "proposed");
            assert_eq!(sorted(s.w.open_on(s.action)), sorted(made.concat()));
        },
    },
    Row {
        name: "A accepts one change, B another",
        before: agreed,
        sides: &[("ab", changes), ("ab", changes_by_a)],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "crossed");
            assert_eq!(s.w.standing(s.action), Some(s.r));
            assert_eq!(s.w.rivals(s.action), sorted(made.concat()));
        },
    },
    Row {
        name: "chosen by one device, the other by another",
        before: crossing,
        sides: &[("b", chooses_first), ("b", chooses_second)],
        expected: |s, _| {
            assert_eq!(s.w.word(s.action), "crossed");
            let pick = s.more[0];
            s.w.act(B4, &choose(pick));
            agreed_on(s, pick);
        },
    },
    Row {
        name: "chosen by one device and relied on, the other by another",
        before: crossing,
        sides: &[
            ("ab", |s, all, me| {
                let chosen = chooses_first(s, all, me);
                s.w.deliver(me.b, me.a);
                s.w.act(me.a, &note("so be it"));
                chosen
            }),
            ("b", chooses_second),
        ],
        expected: |s, _| agreed_on(s, s.more[0]),
    },
    Row {
        name: "one device of B accepts, another declines",
        before: offered,
        sides: &[("b", accepts), ("b", declines)],
        expected: |s, made| {
            agreed_on(s, s.r);
            assert_eq!(s.w.requests_on(s.action), made[1]);
            s.w.act(A1, &allow(made[1][0]));
            assert_eq!(s.w.word(s.action), "cancelled");
        },
    },
    Row {
        name: "withdrawn, accepted, and declined by the accepter's other device",
        before: offered,
        sides: &[("a", |s, _, me| vec![s.w.act(me.a, &withdraw(s.r))]), ("b", accepts), ("b", declines)],
        expected: |s, made| {
            agreed_on(s, s.r);
            assert_eq!(s.w.requests_on(s.action), sorted([&made[0][..], &made[2][..]].concat()));
        },
    },
    Row {
        name: "of three signers C declines, B accepts",
        before: || {
            let mut w = World::three();
            let r = w.propose(A1, vec![work_for("for two", &[1], &[0, 2])]);
            w.sync_all();
            Before { w, r, action: action_of(r, 0), more: Vec::new() }
        },
        sides: &[("c", |s, _, me| vec![s.w.act(me.c, &decline(s.r))]), ("b", accepts)],
        expected: |s, _| {
            assert_eq!(s.w.word(s.action), "declined");
            assert!(s.w.in_force(s.action).is_empty());
        },
    },
    Row {
        name: "release allowed, amendment agreed",
        before: agreed,
        sides: &[("ab", released), ("ab", changes)],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "crossed");
            assert_eq!(s.w.standing(s.action), Some(s.r));
            assert_eq!(s.w.rivals(s.action), sorted(vec![made[0][0], made[1][0]]));
        },
    },
    Row {
        name: "allowed by one device of a party, refused by another",
        before: asked,
        sides: &[
            ("b", |s, _, me| vec![s.w.act(me.b, &allow(s.more[0]))]),
            ("b", |s, _, me| vec![s.w.act(me.b, &refuse(s.more[0]))]),
        ],
        expected: |s, _| assert_eq!(s.w.word(s.action), "cancelled"),
    },
    Row {
        name: "amendment accepted, declared on the old terms",
        before: || {
            let mut s = agreed();
            let change = s.w.amend(A1, s.action, "second");
            s.w.sync_all();
            Before { more: vec![change], ..s }
        },
        sides: &[
            ("b", |s, _, me| vec![s.w.act(me.b, &accept(s.more[0]))]),
            ("b", |s, _, me| vec![s.w.act(me.b, &declare(s.r))]),
        ],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "declared");
            assert_eq!(s.w.in_force(s.action), [s.more[0]]);
            assert!(s.w.shows(s.action, "against_old_terms"));
            s.w.act(A1, &approve(made[1][0]));
            assert_eq!(s.w.word(s.action), "completed");
        },
    },
    Row {
        name: "approved on the old terms, amendment agreed",
        before: declared,
        sides: &[("a", approves), ("ab", changes)],
        expected: |s, _| assert_eq!(s.w.word(s.action), "completed"),
    },
    Row {
        name: "approved on the old terms, stopped",
        before: declared,
        sides: &[("a", approves), ("b", |s, _, me| vec![s.w.act(me.b, &stop(s.r))])],
        expected: |s, _| assert_eq!(s.w.word(s.action), "completed"),
    },
    Row {
        name: "approved, ended",
        before: declared,
        sides: &[("a", approves), ("ab", released)],
        expected: |s, _| assert_eq!(s.w.word(s.action), "completed"),
    },
    Row {
        name: "stopped, amendment agreed",
        before: agreed,
        sides: &[("b", |s, _, me| vec![s.w.act(me.b, &stop(s.r))]), ("ab", changes)],
        expected: |s, made| {
            agreed_on(s, made[1][0]);
            assert!(s.w.shows(s.action, "against_old_terms"));
        },
    },
    Row {
        name: "stopped, declared",
        before: agreed,
        sides: &[
            ("b", |s, _, me| vec![s.w.act(me.b, &stop(s.r))]),
            ("b", |s, _, me| vec![s.w.act(me.b, &declare(s.r))]),
        ],
        expected: |s, _| assert_eq!(s.w.word(s.action), "declared"),
    },
    Row {
        name: "A approves, B undeclares",
        before: declared,
        sides: &[("a", approves), ("b", |s, _, me| vec![s.w.act(me.b, &undeclare(s.more[0]))])],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "completed");
            assert_eq!(s.w.requests_on(s.action), made[1]);
            s.w.act(A2, &allow(made[1][0]));
            assert_eq!(s.w.word(s.action), "agreed");
        },
    },
    Row {
        name: "A approves, A's other device rejects",
        before: declared,
        sides: &[("a", approves), ("a", |s, _, me| vec![s.w.act(me.a, &reject(s.more[0]))])],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "completed");
            assert_eq!(s.w.requests_on(s.action), made[1]);
        },
    },
    Row {
        name: "one beneficiary approves, another rejects",
        before: || {
            let mut w = World::three();
            let r = w.agreed_on(vec![work_for("for two", &[1], &[0, 2])], &[B1, C1]);
            let done = w.act(B1, &declare(r));
            w.sync_all();
            Before { w, r, action: action_of(r, 0), more: vec![done] }
        },
        sides: &[("a", approves), ("c", |s, _, me| vec![s.w.act(me.c, &reject(s.more[0]))])],
        expected: |s, _| assert_eq!(s.w.word(s.action), "rework"),
    },
    Row {
        name: "both ask for release",
        before: agreed,
        sides: &[
            ("a", |s, _, me| vec![s.w.act(me.a, &release(s.r))]),
            ("b", |s, _, me| vec![s.w.act(me.b, &release(s.r))]),
        ],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "cancelled");
            assert_eq!(s.w.standing(s.action), sorted(made.concat()).first().copied());
        },
    },
    Row {
        name: "closing agreed, B proposes anew",
        before: agreed,
        sides: &[("ab", closes), ("b", |s, _, me| vec![s.w.propose(me.b, vec![work("one more")])])],
        expected: reopened,
    },
    Row {
        name: "closing agreed, A proposes anew",
        before: agreed,
        sides: &[("ab", closes), ("a", |s, _, me| vec![s.w.propose(me.a, vec![work("one more")])])],
        expected: reopened,
    },
    Row {
        name: "key revoked as ended, that agent accepts",
        before: offered,
        sides: &[("b", revokes_the_second), ("b", accepts)],
        expected: |s, _| agreed_on(s, s.r),
    },
    Row {
        name: "key revoked as ended and signed over by the other side, that agent accepts",
        before: offered,
        sides: &[("ab", revokes_and_tells), ("b", accepts)],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "contested");
            assert!(s.w.in_force(s.action).is_empty());
            s.w.act(B4, &counterpart_core::act::Act::Ratify { entries: vec![made[1][0]] });
            agreed_on(s, s.r);
        },
    },
    Row {
        name: "key revoked as ended and signed over, that agent accepts and is relied on",
        before: offered,
        sides: &[
            ("ab", revokes_and_tells),
            ("ab", |s, all, me| {
                let accepted = accepts(s, all, me);
                s.w.deliver(me.b, me.a);
                s.w.act(me.a, &note("good"));
                accepted
            }),
        ],
        expected: |s, _| agreed_on(s, s.r),
    },
    Row {
        name: "key revoked as compromised, it accepts",
        before: offered,
        sides: &[
            ("b", |s, all, me| {
                let agent = all[1].b;
                s.w.revoke_known_to(agent, Compromised, &[me.b]);
                vec![s.w.act(me.b, &note("the key is lost"))]
            }),
            ("b", accepts),
        ],
        expected: |s, _| {
            assert_eq!(s.w.word(s.action), "contested");
            assert!(s.w.in_force(s.action).is_empty());
        },
    },
    Row {
        name: "cancelled under a clause, amendment agreed",
        before: || {
            let mut w = World::two();
            let clause = counterpart_core::act::CancelClause { by: seat(0), text: text("any time"), until: None };
            let terms = counterpart_core::act::ActionTerms { cancel: vec![clause], ..terms("first", &[1], &[0]) };
            let subject = Subject { base: None, topic: Topic::Action { action: None, terms } };
            let r = w.agreed_on(vec![subject], &[B1]);
            Before { w, r, action: action_of(r, 0), more: Vec::new() }
        },
        sides: &[("a", |s, _, me| vec![s.w.act(me.a, &cancel(s.r, 0))]), ("ab", changes)],
        expected: |s, made| {
            assert_eq!(s.w.word(s.action), "crossed");
            assert_eq!(s.w.standing(s.action), Some(s.r));
            assert_eq!(s.w.rivals(s.action), sorted(made.concat()));
        },
    },
    Row {
        name: "one change agreed on its own, another by the same devices afterwards",
        before: agreed,
        sides: &[("ab", |s, all, me| {
            let first = changes(s, all, me)[0];
            s.w.deliver(me.a, me.b);
            let second = s.w.amend(me.b, s.action, "B's next");
            s.w.deliver(me.b, me.a);
            s.w.act(me.a, &accept(second));
            vec![first, second]
        })],
        expected: |s, made| agreed_on(s, made[0][1]),
    },
];

fn offered() -> Before {
    let mut w = World::two();
    let (r, action) = w.offered();
    Before { w, r, action, more: Vec::new() }
}

fn agreed() -> Before {
    let mut w = World::two();
    let (r, action) = w.agreed();
    Before { w, r, action, more: Vec::new() }
}

fn declared() -> Before {
    let mut w = World::two();
    let (r, action, done) = w.declared();
    Before { w, r, action, more: vec![done] }
}

fn asked() -> Before {
    let mut s = agreed();
    let asked = s.w.act(A1, &release(s.r));
    s.w.sync_all();
    Before { more: vec![asked], ..s }
}

/// Two changes that crossed, known to all.
fn crossing() -> Before {
    let mut s = agreed();
    let (one, other) = (Cast { a: A1, b: B1, c: C1 }, Cast { a: A2, b: B2, c: C2 });
    let mut rivals = changes(&mut s, &[], one);
    rivals.extend(changes_by_a(&mut s, &[], other));
    assert_eq!(s.w.word(s.action), "crossed");
    Before { more: rivals, ..s }
}

fn accepts(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.act(me.b, &accept(s.r))]
}

fn declines(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.act(me.b, &decline(s.r))]
}

fn approves(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.act(me.a, &approve(s.more[0]))]
}

/// B proposes a change, A accepts it.
fn changes(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.bargain(me.b, vec![change_of(s.action, Some(s.r), "B's")], &[me.a])]
}

fn changes_by_a(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.bargain(me.a, vec![change_of(s.action, Some(s.r), "A's")], &[me.b])]
}

fn released(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    let asked = s.w.act(me.a, &release(s.r));
    s.w.deliver(me.a, me.b);
    vec![asked, s.w.act(me.b, &allow(asked))]
}

fn chooses_first(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.act(me.b, &choose(s.more[0]))]
}

fn chooses_second(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    vec![s.w.act(me.b, &choose(s.more[1]))]
}

fn closes(s: &mut Before, _: &[Cast], me: Cast) -> Vec<EntryId> {
    let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
    let closing = s.w.bargain(me.a, vec![close], &[me.b]);
    let view = s.w.record(me.b).view().expect("a view");
    assert_eq!(view.state.as_str(), "closed");
    vec![closing]
}

fn reopened(s: &mut Before, _: &[Vec<EntryId>]) {
    s.w.converge();
    let view = s.w.record(A1).view().expect("a view");
    assert_eq!(view.state.as_str(), "reopened");
    assert_eq!(s.w.word(s.action), "agreed");
}

/// B ends the grant of the device that makes the second side, which does not hear of it.
fn revokes_the_second(s: &mut Before, all: &[Cast], me: Cast) -> Vec<EntryId> {
    s.w.revoke_known_to(all[1].b, Ended, &[me.b]);
    vec![s.w.act(me.b, &note("that agent has left"))]
}

fn revokes_and_tells(s: &mut Before, all: &[Cast], me: Cast) -> Vec<EntryId> {
    let made = revokes_the_second(s, all, me);
    s.w.deliver(me.b, me.a);
    s.w.act(me.a, &note("understood"));
    made
}

fn agreed_on(s: &mut Before, r: EntryId) {
    assert_eq!(s.w.word(s.action), "agreed");
    assert_eq!(s.w.in_force(s.action), [r]);
    assert!(!s.w.is_crossed(&SubjectKey::Action(s.action)));
}

fn sorted(mut ids: Vec<EntryId>) -> Vec<EntryId> {
    ids.sort_unstable();
    ids
}

/// Every choice of devices in which no two sides share one.
fn casts(sides: &[(&str, Side)]) -> Vec<Vec<Cast>> {
    const DEVICES: [(char, [usize; 2]); 3] = [('a', [A1, A2]), ('b', [B1, B2]), ('c', [C1, C2])];
    let nobody = Cast { a: usize::MAX, b: usize::MAX, c: usize::MAX };
    let mut all: Vec<Vec<Cast>> = vec![Vec::new()];
    for (letters, _) in sides {
        let mut own = vec![nobody];
        for (letter, devices) in DEVICES {
            if !letters.contains(letter) {
                continue;
            }
            let with = |cast: &Cast, device: usize| match letter {
                'a' => Cast { a: device, ..*cast },
                'b' => Cast { b: device, ..*cast },
                _ => Cast { c: device, ..*cast },
            };
            own = own.iter().flat_map(|cast| devices.map(|d| with(cast, d))).collect();
        }
        let apart = |one: &Cast, other: &Cast| {
            let differ = |x: usize, y: usize| x != y || x == usize::MAX;
            differ(one.a, other.a) && differ(one.b, other.b) && differ(one.c, other.c)
        };
        let mut longer = Vec::new();
        for so_far in &all {
            for cast in own.iter().filter(|cast| so_far.iter().all(|c| apart(c, cast))) {
                longer.push([&so_far[..], &[*cast]].concat());
            }
        }
        all = longer;
    }
    all
}

/// Makes a row's sides, in one of two orders; two bystanders get them in one order and in the other.
fn play(row: &Row, casts: &[Cast], backwards: bool) {
    let mut s = (row.before)();
    let mut order: Vec<usize> = (0..casts.len()).collect();
    if backwards {
        order.reverse();
    }
    let mut made = vec![Vec::new(); casts.len()];
    for n in &order {
        made[*n] = (row.sides[*n].1)(&mut s, casts, casts[*n]);
    }
    let mut arrive = |to: usize, order: &mut dyn Iterator<Item = &Cast>| {
        for cast in order {
            for device in [cast.a, cast.b, cast.c].into_iter().filter(|d| *d != usize::MAX) {
                s.w.deliver(device, to);
            }
        }
    };
    arrive(D1, &mut casts.iter());
    arrive(E1, &mut casts.iter().rev());
    s.w.sync_all();
    let whose = format!("{}: {casts:?}", row.name);
    same(&digest(s.w.record(D1)), &digest(s.w.record(E1)), &whose);
    same(&digest(s.w.record(A1)), &digest(s.w.record(D1)), &whose);
    (row.expected)(&mut s, &made);
}

/// Plays the rows whose number leaves this rest, so that the rows share the machine's cores.
fn play_rows(rest: usize) {
    for row in ROWS.iter().skip(rest).step_by(4) {
        for casts in casts(row.sides) {
            for backwards in [false, true] {
                if backwards && row.sides.len() == 1 {
                    continue;
                }
                let outcome = std::panic::catch_unwind(|| play(row, &casts, backwards));
                assert!(outcome.is_ok(), "the row \"{}\", made by {casts:?}", row.name);
            }
        }
    }
}

#[test]
fn every_row_of_the_table_first_quarter() {
    play_rows(0);
}

#[test]
fn every_row_of_the_table_second_quarter() {
    play_rows(1);
}

#[test]
fn every_row_of_the_table_third_quarter() {
    play_rows(2);
}

#[test]
fn every_row_of_the_table_last_quarter() {
    play_rows(3);
}
