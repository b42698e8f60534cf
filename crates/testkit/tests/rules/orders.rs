//! Every order of arrival of short histories: each causal order, and orders in which effects come before causes and
//! are parked. Whatever the order, a copy comes to show the same.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Mandate, Mode, Outcome, Subject, Topic},
    envelope::Verified,
    gate::Refusal,
    id::EntryId,
    keylog::RevokeReason::{Compromised, Ended},
    record::{Applied, Record},
    statement::Entry,
    value::Unit,
};

use crate::{digest::shown, histories, shown::*, world::*};

/// A world in which something stands, and what is done then: at most seven entries whose order of arrival varies.
struct History {
    name: &'static str,
    play: fn() -> (World, usize),
}

/// Ends the set-up: how many entries everybody has by then.
fn mark(w: &mut World) -> usize {
    w.sync_all();
    w.record(A1).graph().len()
}

const HISTORIES: &[History] = &[
    History {
        name: "offered, withdrawn, accepted, declined, allowed",
        play: || {
            let mut w = World::two();
            let (r, _) = w.offered();
            let marked = mark(&mut w);
            let withdrawn = w.act(A1, &withdraw(r));
            w.act(B1, &accept(r));
            let declined = w.act(B2, &decline(r));
            w.deliver(A1, B1);
            w.act(B1, &allow(withdrawn));
            w.deliver(B2, A2);
            w.deliver(B1, A2);
            w.force(A2, &refuse(declined));
            (w, marked)
        },
    },
    History {
        name: "crossed and chosen",
        play: || {
            let mut w = World::two();
            let (r, action) = w.agreed();
            let marked = mark(&mut w);
            let change = |what: &str| vec![change_of(action, Some(r), what)];
            let one = w.bargain(A1, change("A's"), &[B2]);
            let other = w.bargain(B1, change("B's"), &[A2]);
            w.deliver(B2, B1);
            w.deliver(A2, B1);
            w.act(B1, &choose(other));
            w.deliver(B2, A1);
            w.act(A1, &note("agreed then"));
            w.deliver(B1, B2);
            w.deliver(A1, B2);
            w.force(B2, &choose(one));
            (w, marked)
        },
    },
    History {
        name: "contradicting chooses, one relied on",
        play: || {
            let mut w = World::two();
            let (r, action) = w.agreed();
            let change = |what: &str| vec![change_of(action, Some(r), what)];
            let one = w.bargain(A1, change("A's"), &[B2]);
            let other = w.bargain(B1, change("B's"), &[A2]);
            let marked = mark(&mut w);
            w.act(B1, &choose(one));
            w.act(B2, &choose(other));
            w.deliver(B2, A1);
            w.act(A1, &note("so be it"));
            w.force(A2, &choose(one));
            w.deliver(B1, B4);
            w.act(B4, &declare(one));
            (w, marked)
        },
    },
    History {
        name: "accepted in time, late, moved on",
        play: || {
            let mut w = World::two();
            let (r, action) = w.offered_until();
            let marked = mark(&mut w);
            let accepted = w.act(B1, &accept(r));
            w.deliver(B1, B2);
            w.amend(B2, action, "rather this");
            w.deliver(B1, A1);
            w.act_at(A1, &note("too late"), UNTIL + 1);
            let receipt = w.receipt_for(A2, &[accepted], 0, UNTIL);
            w.deliver(B1, B4);
            w.act(B4, &prove(&receipt));
            w.deliver(A1, A2);
            w.act_at(A2, &accept(r), UNTIL + 2);
            (w, marked)
        },
    },
    History {
        name: "mode confirm",
        play: || {
            let mut w = World::three();
            let subject = work_for("for two", &[1], &[0, 2]);
            let proposal = w.proposal_with(A1, vec![subject], Mode::Confirm, Some(instant(UNTIL)));
            let r = w.act(A1, &Act::Propose(proposal));
            let marked = mark(&mut w);
            w.act(B1, &accept(r));
            w.act(C1, &accept(r));
            w.act(B2, &decline(r));
            w.deliver(B1, A1);
            w.deliver(C1, A1);
            w.act_at(A1, &confirm(r), UNTIL + 1);
            w.act(A2, &withdraw(r));
            w.deliver(A1, C1);
            w.act(C1, &accept(r));
            (w, marked)
        },
    },
    History {
        name: "stopped, declared, amended, approved",
        play: || {
            let mut w = World::two();
            let (r, action) = w.agreed();
            let marked = mark(&mut w);
            w.act(B1, &stop(r));
            let done = w.act(B2, &declare(r));
            w.bargain(A1, vec![change_of(action, Some(r), "less")], &[B4]);
            w.deliver(B2, A2);
            w.act(A2, &approve(done));
            w.act(B2, &undeclare(done));
            (w, marked)
        },
    },
    History {
        name: "cancelled, amended, chosen",
        play: || {
            let mut w = World::two();
            let clause = CancelClause { by: seat(0), text: text("any time"), until: Some(instant(UNTIL)) };
            let terms = ActionTerms { cancel: vec![clause], ..terms("revocable", &[1], &[0]) };
            let r = w.agreed_on(vec![Subject { base: None, topic: Topic::Action { action: None, terms } }], &[B1]);
            let marked = mark(&mut w);
            let cancelled = w.act(A2, &cancel(r, 0));
            w.bargain(A1, vec![change_of(action_of(r, 0), Some(r), "second")], &[B1]);
            w.act(B2, &declare(r));
            w.deliver(A2, B1);
            w.act(B1, &choose(cancelled));
            w.act(A1, &release(r));
            (w, marked)
        },
    },
    History {
        name: "deemed, rejected, reopened",
        play: || {
            let mut w = World::two();
            let terms = ActionTerms { deemed: Some((1, Unit::Hours)), ..terms("inspect it", &[1], &[0]) };
            let r = w.agreed_on(vec![Subject { base: None, topic: Topic::Action { action: None, terms } }], &[B1]);
            let done = w.act(B1, &declare(r));
            let marked = mark(&mut w);
            w.act_at(A1, &note("it came"), UNTIL);
            w.deliver(A1, B1);
            w.act_at(B1, &approve(done), UNTIL + 3_600_000);
            w.act_at(A2, &reject(done), UNTIL + 3_600_000);
            w.deliver(B1, A1);
            let asked = w.act(A1, &release(done));
            w.act(B2, &undeclare(done));
            w.deliver(A1, B1);
            w.act(B1, &allow(asked));
            (w, marked)
        },
    },
    History {
        name: "revoked, relied on, cut, ratified",
        play: || {
            let mut w = World::two();
            let (r, _) = w.offered();
            let marked = mark(&mut w);
            let event = w.revoke_known_to(B2, Compromised, &[B1]);
            w.act(B1, &note("B2 is out"));
            let x = w.act(B2, &accept(r));
            w.deliver(B1, A1);
            w.act(A1, &note("understood"));
            let cut = w.act(B1, &Act::Cut { revoke: event, tips: Vec::new() });
            w.deliver(B1, A1);
            w.deliver(B2, A1);
            w.act(A1, &allow(cut));
            w.deliver(B2, A2);
            w.act(A2, &note("I relied on it"));
            w.deliver(B2, B1);
            w.force(B1, &Act::Ratify { entries: vec![x] });
            (w, marked)
        },
    },
    History {
        name: "ended, signed over by one of two",
        play: || {
            let mut w = World::three();
            let r = w.propose(A1, vec![work_for("for two", &[1], &[0, 2])]);
            w.sync_all();
            w.act(C1, &accept(r));
            let marked = mark(&mut w);
            w.revoke_known_to(B2, Ended, &[B1]);
            w.act(B1, &note("B2 is out"));
            w.act(B2, &accept(r));
            w.deliver(B1, A1);
            w.act(A1, &note("understood"));
            w.deliver(B1, C1);
            w.act(C1, &note("understood"));
            w.deliver(B2, C2);
            w.act(C2, &note("good"));
            w.deliver(B2, B4);
            w.act(B4, &note("good"));
            (w, marked)
        },
    },
    History {
        name: "limits set side by side",
        play: || {
            let mut w = World::two();
            let r = w.propose(A1, vec![work("plain")]);
            let marked = mark(&mut w);
            let grant = w.devices[B2].author.grant;
            let limits = |kinds: &[&str]| {
                let kinds = kinds.iter().map(|k| (*k).to_owned()).collect();
                Act::Mandate(Mandate { grant, kinds, ceilings: Vec::new(), from: None, until: None, open: true })
            };
            w.act(B1, &limits(&["note"]));
            w.act(B4, &limits(&["note", "accept"]));
            w.deliver(B4, B2);
            w.act(B2, &accept(r));
            w.deliver(B1, B2);
            w.force(B2, &decline(r));
            w.deliver(B2, B1);
            w.act(B1, &limits(&[]));
            w.deliver(B1, A1);
            w.act(A1, &note("noted"));
            (w, marked)
        },
    },
    History {
        name: "an omission proven",
        play: || {
            let mut w = World::three();
            let (r, _) = w.offered();
            let marked = mark(&mut w);
            let withdrawn = w.act(A1, &withdraw(r));
            let seq = w.seq(B1);
            w.act(B1, &accept(r));
            let receipt = w.receipt_for(B1, &[withdrawn], seq, 1_500_000);
            w.deliver(A1, C1);
            w.act(C1, &prove(&receipt));
            w.deliver(B1, A2);
            w.act(A2, &note("agreed, I thought"));
            w.deliver(A1, B2);
            w.force(B2, &prove(&receipt));
            (w, marked)
        },
    },
    History {
        name: "a forked chooser",
        play: || {
            let mut w = World::two();
            let (r, action) = w.agreed();
            let change = |what: &str| vec![change_of(action, Some(r), what)];
            let one = w.bargain(A1, change("A's"), &[B2]);
            let other = w.bargain(B1, change("B's"), &[A2]);
            let marked = mark(&mut w);
            let chosen = w.statement(B1, &choose(one));
            let word = w.statement(B1, &note("or not"));
            for (statement, to) in [(chosen, A1), (word, A2)] {
                let bytes = w.seal(B1, &statement);
                w.devices[to].record.apply_bytes(&bytes).expect("a branch is an entry");
            }
            w.act(A1, &note("so be it"));
            w.act(A2, &note("what now?"));
            w.act(B2, &choose(other));
            (w, marked)
        },
    },
    History {
        name: "disputed and decided",
        play: || {
            let mut w = World::with_arbiter();
            let (r, action) = w.agreed();
            let marked = mark(&mut w);
            let disputed = w.act(A1, &dispute(r));
            w.act(B1, &stop(r));
            w.deliver(A1, E1);
            let decision = text("heard");
            w.act(E1, &Act::Decide { dispute: disputed, decision, outcome: Some(Outcome::Cancelled) });
            w.deliver(A1, B2);
            w.act(B2, &Act::Concede { dispute: disputed, note: None });
            w.act(A2, &declare_nothing());
            let again = w.amend(A2, action, "once more");
            w.deliver(A2, B4);
            w.act(B4, &accept(again));
            (w, marked)
        },
    },
    History {
        name: "closed and reopened",
        play: || {
            let mut w = World::two();
            let marked = mark(&mut w);
            let close = Subject { base: None, topic: Topic::Close { close: None, summary: None } };
            w.bargain(A1, vec![close], &[B1]);
            w.act(A2, &Act::Thank { text: text("all well"), seat: None, person: None, about: None });
            w.deliver(B1, B2);
            w.act(B2, &Act::Seen);
            w.propose(B2, vec![work("one more")]);
            (w, marked)
        },
    },
    History {
        name: "three offers on one action and three accepts",
        play: || {
            let mut w = World::two();
            let (r, action) = w.agreed();
            let marked = mark(&mut w);
            let change = |what: &str| vec![change_of(action, Some(r), what)];
            let offers = [w.propose(A1, change("one")), w.propose(B1, change("two")), w.propose(A3, change("three"))];
            for ((from, to), offer) in [(A1, B2), (B1, A2), (A3, B4)].into_iter().zip(offers) {
                w.deliver(from, to);
                w.act(to, &accept(offer));
            }
            w.deliver(B2, B1);
            w.deliver(A2, B1);
            w.act(B1, &choose(offers[1]));
            (w, marked)
        },
    },
];

fn declare_nothing() -> Act {
    note("a word")
}

/// The orders in which some entries can come in when each waits for its causes, with one order of arrival for each
/// that is not causal, where there is one.
struct Orders {
    /// By order of application: an order of arrival that leads to it.
    found: BTreeMap<Vec<usize>, Vec<usize>>,
    /// Orders of arrival looked at.
    arrivals: usize,
}

/// Which of the entries each one rests on directly, by place in the list.
fn causes(entries: &[Entry<Verified>]) -> Vec<Vec<usize>> {
    let place = |id: &EntryId| entries.iter().position(|e| e.id == *id);
    entries.iter().map(|e| e.statement.deps.iter().chain(&e.statement.prev).filter_map(place).collect()).collect()
}

/// What parking makes of an order of arrival.
fn applied(arrival: &[usize], causes: &[Vec<usize>]) -> Vec<usize> {
    let mut done: Vec<usize> = Vec::new();
    let mut parked: Vec<usize> = Vec::new();
    for next in arrival {
        parked.push(*next);
        while let Some(at) = parked.iter().position(|n| causes[*n].iter().all(|c| done.contains(c))) {
            done.push(parked.remove(at));
        }
    }
    done
}

fn orders(causes: &[Vec<usize>]) -> Orders {
    let mut orders = Orders { found: BTreeMap::new(), arrivals: 0 };
    let mut arrival: Vec<usize> = (0..causes.len()).collect();
    permute(&mut arrival, 0, &mut |arrival| {
        orders.arrivals += 1;
        let order = applied(arrival, causes);
        // The later ones found replace the causal one, so that parking is tried wherever it can happen.
        if *arrival != order {
            orders.found.insert(order, arrival.to_vec());
        } else {
            orders.found.entry(order).or_insert_with(|| arrival.to_vec());
        }
    });
    orders
}

/// Every order of arrival that leads to an order of application of its own, and beside it the causal one.
pub(crate) fn of_arrival(entries: &[Entry<Verified>]) -> BTreeSet<Vec<usize>> {
    orders(&causes(entries)).found.into_iter().flat_map(|(causal, arrival)| [causal, arrival]).collect()
}

fn permute(list: &mut Vec<usize>, from: usize, each: &mut dyn FnMut(&Vec<usize>)) {
    if from + 1 >= list.len() {
        return each(list);
    }
    for n in from..list.len() {
        list.swap(from, n);
        permute(list, from + 1, each);
        list.swap(from, n);
    }
}

/// A copy fed in an order of arrival; what the gate parks is tried again after whatever comes.
fn fed(w: &World, before: &[Entry<Verified>], entries: &[Entry<Verified>], arrival: &[usize]) -> Record {
    fed_to(w.empty_copy(), w, before, entries, arrival)
}

/// The same for a copy that may lack key events: it is given them once something cites them.
pub(crate) fn fed_to(
    mut copy: Record,
    w: &World,
    before: &[Entry<Verified>],
    entries: &[Entry<Verified>],
    arrival: &[usize],
) -> Record {
    for entry in before {
        if let Err(Refusal::MissingKeys(cited)) = copy.restore(entry.clone()) {
            w.give_cited(&mut copy, &cited);
            assert!(matches!(copy.restore(entry.clone()), Ok(Applied::New(_))), "what one copy holds, another takes");
        }
    }
    let mut parked: Vec<usize> = Vec::new();
    for next in arrival {
        parked.push(*next);
        let mut moved = true;
        while moved {
            moved = false;
            let mut still = Vec::new();
            for n in std::mem::take(&mut parked) {
                match copy.apply(entries[n].clone()) {
                    Ok(Applied::New(_)) => moved = true,
                    Ok(Applied::Duplicate(_)) => unreachable!("each comes once"),
                    Err(Refusal::MissingKeys(cited)) => {
                        w.give_cited(&mut copy, &cited);
                        still.push(n);
                        moved = true;
                    }
                    Err(refusal) => {
                        assert!(refusal.is_parked(), "{refusal}");
                        still.push(n);
                    }
                }
            }
            parked = still;
        }
    }
    assert!(parked.is_empty(), "everything finds its place in the end");
    copy
}

/// Feeds what came after the mark in every order, causal and parked; gives how many orders were tried.
fn try_every_order(w: &World, marked: usize, whose: &str) -> usize {
    let graph = w.record(A1).graph();
    let all: Vec<Entry<Verified>> = graph.all().map(|ix| graph.node(ix).entry.clone()).collect();
    let (before, entries) = all.split_at(marked);
    feed_every_order(w, before, entries, whose)
}

fn feed_every_order(w: &World, before: &[Entry<Verified>], entries: &[Entry<Verified>], whose: &str) -> usize {
    assert!(entries.len() <= 7, "{whose}: {} entries", entries.len());
    let causes = causes(entries);
    let orders = orders(&causes);
    let expected = shown(w.record(A1));
    let mut tried = 0;
    for (causal, arrival) in &orders.found {
        for order in [causal, arrival] {
            let copy = fed(w, before, entries, order);
            same(&expected, &shown(&copy), &format!("{whose}, fed as {order:?}"));
            tried += 1;
            if causal == arrival {
                break;
            }
        }
    }
    tried
}

fn report(what: &str, histories: usize, orders: usize) {
    histories::tell(&format!("{what}: {histories} histories, {orders} orders of arrival"));
}

fn corpus(rest: usize) {
    let mut orders = 0;
    let mut histories = 0;
    for history in HISTORIES.iter().skip(rest).step_by(2) {
        let (mut w, marked) = (history.play)();
        w.converge();
        orders += try_every_order(&w, marked, history.name);
        histories += 1;
    }
    report("written histories", histories, orders);
}

#[test]
fn every_order_of_arrival_of_written_histories_one_half() {
    corpus(0);
}

#[test]
fn every_order_of_arrival_of_written_histories_other_half() {
    corpus(1);
}

#[test]
fn every_order_of_arrival_of_how_random_histories_end() {
    let mut orders = 0;
    let count = rounds(5);
    for seed in 0..count {
        let mut w = histories::history(u64::try_from(1_000 + seed).expect("small"), 30);
        w.sync_all();
        let graph = w.record(A1).graph();
        let ordered: Vec<Entry<Verified>> =
            graph.ordered().into_iter().map(|ix| graph.node(ix).entry.clone()).collect();
        let (before, entries) = ordered.split_at(ordered.len() - 6);
        orders += feed_every_order(&w, before, entries, &format!("random history {seed}"));
    }
    report("ends of random histories", count, orders);
}

#[test]
fn orders_are_counted_right() {
    // Nothing rests on anything: every order is causal, and nothing is ever parked.
    let free = orders(&[vec![], vec![], vec![]]);
    assert_eq!((free.found.len(), free.arrivals), (6, 6));
    // A chain has one causal order, however it arrives.
    let chain = orders(&[vec![], vec![0], vec![1]]);
    assert_eq!((chain.found.len(), chain.arrivals), (1, 6));
    assert_eq!(applied(&[2, 1, 0], &[vec![], vec![0], vec![1]]), [0, 1, 2]);
    assert_eq!(applied(&[1, 2, 0], &[vec![], vec![], vec![0]]), [1, 0, 2]);
}
