//! Every interleaving of a revocation and an accept gives one outcome on all nodes, and the one the rules name (R9).
//!
//! A has offered work to B. B1 tells of the revocation of B2, its agent; B2 accepts. Beside them devices of A sign
//! something, B1 cuts B2's feed off or ratifies, A allows the cut. Who knew what of the others when it signed is tried
//! in every way there is; then the entries reach every node in every order, early ones parked.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    envelope::Verified,
    gate::Refusal,
    id::{EntryId, EventId},
    keylog::RevokeReason::{self, Compromised, Ended},
    record::{DraftError, Record},
    statement::Entry,
};

use crate::{digest::shown, histories::tell, orders, shown::*, world::*};

/// What is signed, each at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// B1's first statement that cites the revocation.
    Revoke,
    /// B2's accept.
    Accept,
    /// Something that a device of A signs, over whatever it knows.
    Word(usize),
    /// B1's cut, behind the accept or before it.
    Cut { leaves_in: bool },
    /// A1 allows the cut.
    Allow,
    /// B1 stands by the accept.
    Ratify,
}

use Step::{Accept, Allow, Cut, Ratify, Revoke, Word};

impl Step {
    fn device(self) -> usize {
        match self {
            Revoke | Cut { .. } | Ratify => B1,
            Accept => B2,
            Word(device) => device,
            Allow => A1,
        }
    }

    /// What it speaks of, and so cannot be made without.
    fn needs(self) -> &'static [Self] {
        match self {
            Revoke | Accept | Word(_) => &[],
            Cut { leaves_in: false } => &[Revoke],
            Cut { leaves_in: true } | Ratify => &[Revoke, Accept],
            Allow => &[Revoke],
        }
    }
}

/// One way of making some steps: in this order, each knowing these earlier ones, by place in the list of steps.
type Making = Vec<(usize, BTreeSet<usize>)>;

/// Every way there is, each once, whatever the order in which nobody can tell the difference.
fn makings(steps: &[Step]) -> Vec<Making> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    extend(steps, &mut Vec::new(), &mut seen, &mut found);
    found
}

fn extend(steps: &[Step], made: &mut Making, seen: &mut BTreeSet<Making>, found: &mut Vec<Making>) {
    let mut pasts = made.clone();
    pasts.sort_unstable();
    // The same steps with the same pasts, come to in another order.
    if !seen.insert(pasts) {
        return;
    }
    if made.len() == steps.len() {
        found.push(made.clone());
        return;
    }
    let left: Vec<usize> = (0..steps.len()).filter(|n| made.iter().all(|(m, _)| m != n)).collect();
    for next in left {
        for chosen in 0..1_usize << made.len() {
            let own = |m: usize| steps[m].device() == steps[next].device();
            let known = made.iter().enumerate().filter(|(at, (m, _))| chosen >> at & 1 == 1 || own(*m));
            let past: BTreeSet<usize> = known.flat_map(|(_, (m, past))| past.iter().copied().chain([*m])).collect();
            let knows = |what: &Step| past.iter().any(|p| steps[*p] == *what);
            let cut_known = past.iter().any(|p| matches!(steps[*p], Cut { .. }));
            if !steps[next].needs().iter().all(knows) || (steps[next] == Allow && !cut_known) {
                continue;
            }
            // An accept that knows the revocation is refused, and nothing rests on it.
            let refused = |m: &(usize, BTreeSet<usize>)| {
                steps[m.0] == Accept && m.1.iter().any(|p| steps[*p] == Revoke) && past.contains(&m.0)
            };
            if made.iter().any(refused) {
                continue;
            }
            made.push((next, past));
            extend(steps, made, seen, found);
            made.pop();
        }
    }
}

/// What devices of A signed over: the accept and not the revocation, the revocation and not the accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Over {
    accept: bool,
    revocation: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cutting {
    None,
    LeavesIn,
    LeavesOut,
    Allowed,
}

/// What is expected, as the rules have it: by what A signed over, the cut, whether the accept was ratified.
#[rustfmt::skip]
const OUTCOMES: &[(Cutting, bool, Over, &str, &str)] = &[
    // cut                ratified  A signed over ...                           ended        compromised
    (Cutting::None,      false, Over { accept: false, revocation: false }, "agreed",    "contested"),
    (Cutting::None,      false, Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::None,      false, Over { accept: false, revocation: true  }, "contested", "contested"),
    (Cutting::None,      false, Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
    (Cutting::None,      true,  Over { accept: false, revocation: false }, "agreed",    "agreed"),
    (Cutting::None,      true,  Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::None,      true,  Over { accept: false, revocation: true  }, "agreed",    "agreed"),
    (Cutting::None,      true,  Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
    (Cutting::LeavesIn,  false, Over { accept: false, revocation: false }, "agreed",    "agreed"),
    (Cutting::LeavesIn,  false, Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::LeavesIn,  false, Over { accept: false, revocation: true  }, "agreed",    "agreed"),
    (Cutting::LeavesIn,  false, Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
    (Cutting::LeavesOut, false, Over { accept: false, revocation: false }, "agreed",    "contested"),
    (Cutting::LeavesOut, false, Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::LeavesOut, false, Over { accept: false, revocation: true  }, "contested", "contested"),
    (Cutting::LeavesOut, false, Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
    (Cutting::LeavesOut, true,  Over { accept: false, revocation: false }, "agreed",    "agreed"),
    (Cutting::LeavesOut, true,  Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::LeavesOut, true,  Over { accept: false, revocation: true  }, "agreed",    "agreed"),
    (Cutting::LeavesOut, true,  Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
    (Cutting::Allowed,   false, Over { accept: false, revocation: false }, "proposed",  "proposed"),
    (Cutting::Allowed,   false, Over { accept: true,  revocation: false }, "proposed",  "proposed"),
    (Cutting::Allowed,   false, Over { accept: false, revocation: true  }, "proposed",  "proposed"),
    (Cutting::Allowed,   false, Over { accept: true,  revocation: true  }, "proposed",  "proposed"),
    (Cutting::Allowed,   true,  Over { accept: false, revocation: false }, "agreed",    "agreed"),
    (Cutting::Allowed,   true,  Over { accept: true,  revocation: false }, "agreed",    "agreed"),
    (Cutting::Allowed,   true,  Over { accept: false, revocation: true  }, "agreed",    "agreed"),
    (Cutting::Allowed,   true,  Over { accept: true,  revocation: true  }, "agreed",    "agreed"),
];

/// The row of the table that a making falls under.
fn row(steps: &[Step], making: &Making) -> usize {
    let of = |wanted: &dyn Fn(Step) -> bool| making.iter().filter(|(m, _)| wanted(steps[*m])).collect::<Vec<_>>();
    let by_a = of(&|step| matches!(step, Word(_) | Allow));
    let knows = |past: &BTreeSet<usize>, step: Step| past.iter().any(|p| steps[*p] == step);
    let over = Over {
        accept: by_a.iter().any(|(_, past)| knows(past, Accept) && !knows(past, Revoke)),
        revocation: by_a.iter().any(|(_, past)| knows(past, Revoke) && !knows(past, Accept)),
    };
    let cutting = match steps.iter().find(|step| matches!(step, Cut { .. })) {
        None => Cutting::None,
        Some(Cut { leaves_in: true }) => Cutting::LeavesIn,
        Some(_) if steps.contains(&Allow) => Cutting::Allowed,
        Some(_) => Cutting::LeavesOut,
    };
    let of_key =
        |row: &&(Cutting, bool, Over, &str, &str)| (row.0, row.1, row.2) == (cutting, steps.contains(&Ratify), over);
    let at = OUTCOMES.iter().position(|row| of_key(&row));
    at.unwrap_or_else(|| unreachable!("no row for {cutting:?}, {over:?}: {making:?}"))
}

struct Played {
    w: World,
    r: EntryId,
    /// How many entries everybody had before.
    marked: usize,
    /// Whether the accept was signed.
    accepted: bool,
}

fn play(steps: &[Step], making: &Making, reason: RevokeReason) -> Played {
    let mut w = World::two();
    let r = w.offer(vec![work("first")]);
    let before = w.act(B2, &note("before it"));
    w.sync_all();
    let marked = w.record(A1).graph().len();
    let event = w.revoke_known_to(B2, reason, &[B1]);
    let mut made: Vec<Option<EntryId>> = vec![None; steps.len()];
    let mut accepted = true;
    for (at, past) in making {
        let device = steps[*at].device();
        let known: Vec<(usize, EntryId)> = past.iter().filter_map(|p| Some((steps[*p].device(), made[*p]?))).collect();
        for (from, entry) in known {
            w.deliver_one(from, device, entry);
        }
        let place = |step: Step| steps.iter().position(|s| *s == step).and_then(|p| made[p]);
        let act = match steps[*at] {
            Revoke => note("B2 is out"),
            Accept => accept(r),
            Word(_) => note("I saw this much"),
            Cut { leaves_in } => cut(&w, event, if leaves_in { place(Accept).expect("needed") } else { before }),
            Allow => {
                let cut = steps.iter().position(|s| matches!(s, Cut { .. })).and_then(|p| made[p]);
                allow(cut.expect("needed"))
            }
            Ratify => Act::Ratify { entries: vec![place(Accept).expect("needed")] },
        };
        match w.try_act(device, &act) {
            Ok(entry) => made[*at] = Some(entry),
            Err(DraftError::Gate(Refusal::Revoked(why))) if steps[*at] == Accept => {
                assert_eq!(why, reason);
                accepted = false;
            }
            Err(error) => unreachable!("{:?} is refused: {error}; {making:?}", steps[*at]),
        }
    }
    Played { w, r, marked, accepted }
}

fn cut(w: &World, revoke: EventId, tip: EntryId) -> Act {
    let graph = w.record(B1).graph();
    let statement = graph.statement(graph.find(&tip).expect("B1 knows it"));
    Act::Cut { revoke, tips: vec![(statement.device, statement.seq, tip)] }
}

/// Plays every interleaving of some steps; gives how many there were, in how many orders of arrival.
fn interleave(steps: &[Step], reason: RevokeReason, rows: &mut BTreeSet<usize>) -> (usize, usize) {
    let makings = makings(steps);
    let mut orders = 0;
    for making in &makings {
        let whose = format!("{reason:?}, {:?}", making.iter().map(|(m, past)| (steps[*m], past)).collect::<Vec<_>>());
        let Played { mut w, r, marked, accepted } = play(steps, making, reason);
        let expected = if accepted {
            let row = row(steps, making);
            rows.insert(row);
            let (.., ended, compromised) = OUTCOMES[row];
            if reason == Ended { ended } else { compromised }
        } else {
            "proposed"
        };
        let action = action_of(r, 0);
        // Every node, with its own history of arrivals, and copies fed anew: all show the same.
        assert_eq!(w.word(action), expected, "{whose}");
        assert_eq!(w.in_force(action), if expected == "agreed" { vec![r] } else { Vec::new() }, "{whose}");
        assert_eq!(w.shows(action, "contested"), expected == "contested", "{whose}");
        orders += arrivals(&w, marked, &whose);
    }
    (makings.len(), orders)
}

/// Feeds a node in orders of arrival, in all of them where everything is asked for: by turns one that has the revocation
/// from elsewhere already, and one that asks for key events when an entry cites them.
fn arrivals(w: &World, marked: usize, whose: &str) -> usize {
    let graph = w.record(A1).graph();
    let all: Vec<Entry<Verified>> = graph.all().map(|ix| graph.node(ix).entry.clone()).collect();
    let (before, entries) = all.split_at(marked);
    let expected = shown(w.record(A1));
    let mut tried = 0;
    // The first and the last are the furthest apart; unless a long run was asked for they stand for those between.
    let orders = orders::of_arrival(entries);
    let step = if rounds(1) > 1 { 1 } else { (orders.len() - 1).max(1) };
    for order in orders.into_iter().step_by(step) {
        let mut copy = Record::new();
        if tried % 2 == 0 {
            w.give_logs(&mut copy, &[A1, B1]);
        }
        let copy = orders::fed_to(copy, w, before, entries, &order);
        same(&expected, &shown(&copy), &format!("{whose}, fed as {order:?}"));
        tried += 1;
    }
    tried
}

/// Plays some lists of steps under both reasons, and tells how many interleavings that were.
fn every(what: &str, lists: &[&[Step]]) {
    let (mut count, mut orders, mut rows) = (0, 0, BTreeSet::new());
    for steps in lists {
        for reason in [Ended, Compromised] {
            let (made, fed) = interleave(steps, reason, &mut rows);
            count += made;
            orders += fed;
        }
    }
    tell(&format!(
        "revoke and accept, {what}: {count} interleavings, {orders} orders of arrival, {} outcomes of the table",
        rows.len()
    ));
}

const IN: Step = Cut { leaves_in: true };
const OUT: Step = Cut { leaves_in: false };

#[test]
fn alone_and_with_what_the_other_signer_built_on_either() {
    every(
        "and what A signed",
        &[&[Revoke, Accept], &[Revoke, Accept, Word(A1)], &[Revoke, Accept, Word(A1), Word(A2)]],
    );
}

#[test]
fn ratified() {
    every("ratified", &[&[Revoke, Accept, Ratify], &[Revoke, Accept, Ratify, Word(A1)]]);
}

#[test]
fn with_a_cut() {
    every(
        "cut",
        &[
            &[Revoke, Accept, IN],
            &[Revoke, Accept, OUT],
            &[Revoke, Accept, IN, Word(A1)],
            &[Revoke, Accept, OUT, Word(A1)],
        ],
    );
}

#[test]
fn with_a_cut_that_was_allowed_or_stood_against() {
    every(
        "cut and answered",
        &[
            &[Revoke, Accept, OUT, Allow],
            &[Revoke, Accept, OUT, Ratify],
            &[Revoke, Accept, OUT, Allow, Ratify],
            &[Revoke, Accept, OUT, Allow, Word(A2)],
            &[Revoke, Accept, OUT, Ratify, Word(A1)],
        ],
    );
}

#[test]
fn ways_of_making_are_counted_right() {
    // Neither knows the other, or one of them does.
    assert_eq!(makings(&[Revoke, Accept]).len(), 3);
    // One device's acts know each other in their order; a word of another's knows a first part of them.
    assert_eq!(makings(&[Word(A1), Word(B1)]).len(), 3);
    assert_eq!(makings(&[Revoke, OUT]).len(), 1);
    assert_eq!(makings(&[Revoke, OUT, Word(A1)]).len(), 3 + 3);
}
