//! Copies of a case in a simulated network come to agree, whatever the network does.
//!
//! `COUNTERPART_LONG=1` runs many more seeds.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    graph::Ix,
    id::EntryId,
    keylog::RevokeReason,
    record::Record,
    sync::{CloseReason, Notice, Stored},
    value::Sealable,
};
use counterpart_testkit::{
    case::{Case, case_between},
    network::{Network, Trouble},
    node::{Node, Store, digest},
    party::Party,
    rng::Rng,
};

const MOST: usize = 200_000;

fn seeds(few: u64) -> std::ops::Range<u64> {
    if std::env::var_os("COUNTERPART_LONG").is_some() { 0..50 * few } else { 0..few }
}

fn note(text: &str) -> Act {
    Act::Note { text: Sealable::Open(text.to_owned()), about: None }
}

/// Every copy holds the same; gives the ids all hold.
fn assert_equal(net: &Network, seed: u64) -> BTreeSet<EntryId> {
    let ids = |node: &Node| {
        let graph = node.machine.record().graph();
        graph.ordered().into_iter().map(|ix| graph.id(ix)).collect::<BTreeSet<_>>()
    };
    let first = &net.nodes[0];
    let view = digest(first.machine.record());
    for (n, node) in net.nodes.iter().enumerate().skip(1) {
        let (ours, theirs) = (first.machine.record(), node.machine.record());
        assert_eq!(ours.graph().heads(), theirs.graph().heads(), "heads of 0 and {n}, seed {seed}: {:?}", net.closed);
        assert_eq!(ids(first), ids(node), "entries of 0 and {n}, seed {seed}");
        assert_eq!(view, digest(theirs), "views of 0 and {n}, seed {seed}");
        assert_eq!(lost_values(theirs), [], "values lacking on {n}, seed {seed}");
        let document = |node: &Node| node.machine.record().document().expect("a document").heads();
        assert_eq!(document(first), document(node), "documents of 0 and {n}, seed {seed}");
    }
    for (n, node) in net.nodes.iter().enumerate() {
        let restored = node.store.restore();
        assert_eq!(digest(&restored), view, "what {n} stored, seed {seed}");
        for entry in restored.graph().all().map(|ix| restored.graph().id(ix)) {
            let own = restored.erasures(&entry).into_iter().filter(|e| e.party == node.party.id);
            for erased in own {
                let kept = restored.values_of(&entry).iter().any(|value| value.path == erased.path);
                assert!(!kept, "{n} kept what it erased, seed {seed}");
            }
        }
        let status = node.machine.peer_status();
        assert!(status.iter().all(|s| s.in_step() && s.waiting == 0), "links of {n}, seed {seed}: {status:?}");
    }
    ids(first)
}

/// Entries with sealed values that are not here although nobody said that he erased them.
fn lost_values(record: &Record) -> Vec<EntryId> {
    let graph = record.graph();
    let lost = |ix: &Ix| {
        let erased = record.erasures(&graph.id(*ix));
        record.lacking_values(*ix).iter().any(|path| !erased.iter().any(|e| e.path == *path))
    };
    graph.all().filter(lost).map(|ix| graph.id(ix)).collect()
}

/// Three nodes of two parties, the customer's laptop and mailbox and the supplier's.
fn three_nodes(seed: u64) -> Network {
    let customer = Party::with_devices(1000, 2);
    let supplier = Party::new(2000);
    let case = case_between(&[&customer, &supplier]);
    network(seed, &case, &[(&customer, 0), (&customer, 1), (&supplier, 0)])
}

fn network(seed: u64, case: &Case, devices: &[(&Party, usize)]) -> Network {
    let node = |(party, device): &(&Party, usize)| Node::new(party, *device, case.id, &[], case.store.clone());
    Network::new(seed, devices.iter().map(node).collect())
}

/// Delivery to who left ends, to its own devices and from it goes on.
#[test]
fn who_left_gets_nothing_more_and_still_gives() {
    let mut net = three_nodes(7);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        net.pair(a, b);
    }
    let before = net.act(0, &note("before")).expect("a note");
    net.run_until_quiet(MOST);
    let left = net.act(2, &Act::Leave { reason: None }).expect("anybody may leave");
    net.run_until_quiet(MOST);
    let after = net.act(0, &note("after")).expect("a note");
    let given = net.act(2, &note("from outside")).expect("who left may still sign");
    net.run_until_quiet(MOST);
    let holds = |node: usize, id: &EntryId| net.nodes[node].machine.record().graph().find(id).is_some();
    for node in [0, 1] {
        assert!([before, left, after, given].iter().all(|id| holds(node, id)), "node {node} holds everything");
    }
    assert!(holds(2, &before) && !holds(2, &after));
}

#[test]
fn random_histories_over_a_bad_network_end_equal() {
    for seed in seeds(100) {
        let mut net = three_nodes(seed);
        let mut rng = Rng::new(!seed);
        net.trouble = Trouble { resets: 40, duplicates: 6 };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if (a, b) != (1, 2) || seed % 2 == 0 {
                net.pair(a, b);
            }
        }
        let mut own = BTreeSet::new();
        for _ in 0..25 {
            own.insert(net.act_at_random(rng.below(3)).expect("an honest node may always sign a note"));
            net.run(rng.below(12));
            match rng.below(24) {
                0 => net.crash(rng.below(3)),
                1 => net.part(0, 2),
                2 => net.part(0, 1),
                3 | 4 => net.heal(),
                _ => {}
            }
        }
        net.heal();
        net.trouble.resets = 0;
        net.run_until_quiet(MOST);
        let all = assert_equal(&net, seed);
        assert!(own.is_subset(&all), "every act arrived, seed {seed}");
        let refused = net.notices.iter().find(|(_, n)| matches!(n, Notice::Refused { .. } | Notice::Held { .. }));
        assert_eq!(refused, None, "seed {seed}");
        for (n, node) in net.nodes.iter().enumerate() {
            let devices = net.nodes.iter().map(|other| other.party.author(other.device).device);
            let missing: Vec<_> = devices.filter(|d| node.machine.record().last_receipt(d).is_none()).collect();
            assert!(missing.is_empty(), "{n} holds no receipt of {missing:?}, seed {seed}");
        }
    }
}

#[test]
fn a_joiner_who_holds_nothing_gets_everything() {
    let parties: Vec<Party> = (1..=3).map(Party::new).collect();
    let case = case_between(&[&parties[0], &parties[1], &parties[2]]);
    let mut nodes = vec![Node::new(&parties[0], 0, case.id, &[], case.store.clone())];
    for party in &parties[1..] {
        let mut empty = Store::default();
        empty.key_events.clone_from(&party.events);
        nodes.push(Node::new(party, 0, case.id, &[parties[0].id], empty));
    }
    let mut net = Network::new(1, nodes);
    for n in 0..400 {
        net.act(0, &note(&format!("note {n}"))).expect("the opener may note");
    }
    net.pair(0, 1);
    net.run_until_quiet(MOST);
    net.pair(1, 2);
    net.run_until_quiet(MOST);
    net.pair(0, 2);
    net.run_until_quiet(MOST);
    assert_equal(&net, 1);
}

#[test]
fn a_forker_is_seen_by_all_and_takes_nothing_with_it() {
    for seed in seeds(20) {
        let honest: Vec<Party> = (1..=2).map(Party::new).collect();
        let forker = Party::new(3);
        let case = case_between(&[&honest[0], &honest[1], &forker]);
        let mut net =
            network(seed, &case, &[(&honest[0], 0), (&honest[1], 0), (&forker, 0), (&forker, 0), (&forker, 0)]);
        // Each copy of the forker's device tells another story, each to somebody else.
        net.pair(0, 2);
        net.pair(1, 3);
        net.pair(usize::from(seed % 2 == 0), 4);
        let mut own = BTreeSet::new();
        for round in 0..4 {
            for node in 0..5 {
                match net.act_at_random(node) {
                    Ok(id) if node < 2 => drop(own.insert(id)),
                    Ok(_) => {}
                    Err(_) => assert!(node >= 2, "an honest node may always sign, seed {seed}"),
                }
            }
            if round % 2 == 0 {
                net.run_until_quiet(MOST);
            }
        }
        net.run_until_quiet(MOST);
        net.pair(0, 1);
        net.run_until_quiet(MOST);
        let all = assert_equal(&net, seed);
        assert!(own.is_subset(&all), "no honest entry is lost, seed {seed}");
        for node in 0..2 {
            let forks = net.nodes[node].machine.record().graph().forks().count();
            assert!(forks > 0, "the fork is known to {node}, seed {seed}");
            let told = net.notices.iter().any(|(n, notice)| *n == node && matches!(notice, Notice::Fork { .. }));
            assert!(told, "the fork is told on {node}, seed {seed}");
        }
        net.crash(0);
        net.run_until_quiet(MOST);
        assert_equal(&net, seed);
    }
}

#[test]
fn many_histories_at_one_position_end_equal() {
    for seed in seeds(12) {
        let honest: Vec<Party> = (1..=2).map(Party::new).collect();
        let forker = Party::new(3);
        let case = case_between(&[&honest[0], &honest[1], &forker]);
        let mut devices = vec![(&honest[0], 0), (&honest[1], 0)];
        devices.extend([(&forker, 0); 6]);
        let mut net = network(seed, &case, &devices);
        net.trouble.resets = 60;
        let mut rng = Rng::new(seed);
        for node in 2..8 {
            for n in 0..3 {
                net.act(node, &note(&format!("story {node}, part {n}, seed {seed}")))
                    .expect("its copy knows one story");
            }
        }
        let mut own = BTreeSet::new();
        for node in 2..8 {
            net.pair(rng.below(2), node);
            net.run(rng.below(60));
            for honest in 0..2 {
                own.insert(net.act(honest, &note(&format!("heard {node}"))).expect("an honest node may always sign"));
            }
        }
        net.run_until_quiet(MOST);
        net.pair(0, 1);
        net.trouble.resets = 0;
        net.run_until_quiet(MOST);
        // Surplus branches that a copy of the forker's still holds count nowhere.
        let all = assert_equal(&net, seed);
        assert!(own.is_subset(&all), "no honest entry is lost, seed {seed}");
    }
}

#[test]
fn both_branches_of_a_key_log_reach_everybody() {
    let mut one = Party::new(1);
    let mut other = one.clone();
    let supplier = Party::new(2);
    let case = case_between(&[&one, &supplier]);
    let mut net = network(3, &case, &[(&one, 0), (&supplier, 0)]);
    one.add_device(&mut Rng::new(1));
    other.add_device(&mut Rng::new(2));
    other.add_device(&mut Rng::new(3));
    for (node, events) in [(0, &one.events[2..]), (1, &other.events[2..])] {
        let here = &mut net.nodes[node];
        here.store.key_events.extend_from_slice(events);
        let stored = events.iter().cloned().map(Stored::KeyEvent).collect();
        here.machine.absorb(stored, net.now).expect("good events");
        net.drain(node);
    }
    net.pair(0, 1);
    net.run_until_quiet(MOST);
    for node in &net.nodes {
        let logs = node.machine.record().logs();
        assert!(logs.is_forked(&one.id));
        assert_eq!(logs.of_party(&one.id).count(), 5);
    }
    assert_equal(&net, 3);
}

#[test]
fn values_that_were_lost_are_asked_for() {
    let mut net = three_nodes(9);
    for _ in 0..80 {
        net.act_at_random(0).expect("an honest node may always sign");
    }
    net.pair(0, 2);
    net.run_until_quiet(MOST);
    let held = net.nodes[2].store.values.len();
    assert!(held > 3, "the history has sealed values");
    net.nodes[2].store.values.clear();
    net.crash(2);
    net.run_until_quiet(MOST);
    // What the other side erased before it can no longer be had.
    let theirs = net.nodes[0].store.values.len();
    assert!(theirs > 3 && theirs <= held);
    assert_eq!(net.nodes[2].store.values.len(), theirs);
    assert_eq!(lost_values(net.nodes[2].machine.record()), []);
}

#[test]
fn a_stranger_gets_nothing() {
    let (customer, supplier, stranger) = (Party::new(1), Party::new(2), Party::new(3));
    let case = case_between(&[&customer, &supplier]);
    let store = Store { key_events: stranger.events.clone(), ..Store::default() };
    let asking = Node::new(&stranger, 0, case.id, &[customer.id], store);
    let holding = Node::new(&customer, 0, case.id, &[], case.store.clone());
    let mut net = Network::new(1, vec![asking, holding]);
    net.pair(0, 1);
    net.run_until_quiet(MOST);
    let [asked, held] = [0, 1].map(|node| net.nodes[node].machine.record());
    assert!(asked.graph().is_empty());
    assert_eq!(asked.logs().of_party(&customer.id).count(), 0, "who was asked did not say who it is");
    assert_eq!(held.logs().of_party(&stranger.id).count(), 0);
}

#[test]
fn a_revoked_device_gets_nothing_more() {
    let mut customer = Party::with_devices(1, 2);
    let supplier = Party::new(2);
    let case = case_between(&[&customer, &supplier]);
    let mut net = network(5, &case, &[(&customer, 0), (&customer, 1), (&supplier, 0)]);
    net.pair(0, 2);
    net.pair(1, 2);
    net.run_until_quiet(MOST);
    let event = customer.revoke_device(1, RevokeReason::Ended);
    net.nodes[0].party = customer.clone();
    net.nodes[0].store.key_events.push(event.clone());
    let absorbed = net.nodes[0].machine.absorb(vec![Stored::KeyEvent(event)], net.now);
    absorbed.expect("a good event");
    net.drain(0);
    let after = net.act(0, &note("after the revocation")).expect("the first device still may");
    net.run_until_quiet(MOST);
    assert!(net.closed.iter().any(|(node, reason)| *node == 2 && *reason == CloseReason::NotMember));
    assert!(net.nodes[2].machine.record().graph().find(&after).is_some());
    assert!(net.nodes[1].machine.record().graph().find(&after).is_none());
}
