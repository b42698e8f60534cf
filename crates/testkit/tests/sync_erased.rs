//! What was erased between copies: gone from all devices of whoever says so, and it stays gone.

use counterpart_core::{
    act::Act,
    id::EntryId,
    record::Record,
    seal::{PathStep, path_to_value},
    sync::{
        LinkId, Machine, Output, PeerDevice, Persist,
        frame::{Frame, Tips},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{START, case_between},
    network::Network,
    node::{Node, Store},
    party::Party,
    rng::Rng,
};

const MOST: usize = 400_000;

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn key(name: &str) -> Vec<PathStep> {
    vec![PathStep::Key(name.to_owned())]
}

/// The customer's laptop and mailbox, and the supplier.
fn three(seed: u64) -> Network {
    let (customer, supplier) = (Party::with_devices(1000, 2), Party::new(2000));
    let case = case_between(&[&customer, &supplier]);
    let node = |(party, device): (&Party, usize)| Node::new(party, device, case.id, &[], case.store.clone());
    Network::new(seed, [(&customer, 0), (&customer, 1), (&supplier, 0)].map(node).into())
}

fn peer(party: &Party) -> PeerDevice {
    let author = party.author(0);
    PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 1 }
}

fn drained(machine: &mut Machine) -> Vec<Output> {
    std::iter::from_fn(|| machine.poll_output()).collect()
}

fn holds_value(record: &Record, entry: &EntryId) -> bool {
    !record.values_of(entry).is_empty()
}

#[test]
fn what_a_party_erases_is_gone_from_all_its_devices_and_stays_gone() {
    let mut net = three(11);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        net.pair(a, b);
    }
    let mut rng = Rng::new(2);
    let photo: Vec<u8> = (0..5_000).flat_map(|_| rng.bytes::<32>()).collect();
    let (entry, file) = net.attach(2, &photo).expect("a file");
    net.run_until_quiet(MOST);
    for node in &net.nodes {
        assert!(node.store.files.contains_key(&file) && holds_value(node.machine.record(), &entry));
    }
    // The supplier asks, and erases its own; the customer is asked.
    for (path, what) in [(key("sha256"), "the bytes"), (key("name"), "the name")] {
        let erase = Act::Erase { entry, path: path.clone(), reason: None };
        net.act(2, &erase).expect(what);
        net.act(2, &Act::Erased { entry, path, reason: None }).expect(what);
    }
    net.run_until_quiet(MOST);
    let waits = |net: &Network, node: usize| {
        let view = net.nodes[node].machine.record().view().expect("a view");
        view.waiting.iter().filter(|w| w.expected.as_str() == "erase").map(|w| w.party).collect::<Vec<_>>()
    };
    let customer = net.nodes[0].party.id;
    for node in 0..3 {
        assert_eq!(waits(&net, node), [Some(customer); 2]);
    }
    let gone = |net: &Network, node: usize| {
        let here = &net.nodes[node];
        let record = here.machine.record();
        !here.store.files.contains_key(&file)
            && !record.holds_file(&file)
            && !holds_value(record, &entry)
            && !here.store.values.keys().any(|(id, _)| *id == entry)
            && record.lacking(&here.party.id).is_empty()
    };
    assert!(gone(&net, 2) && !gone(&net, 0) && !gone(&net, 1));
    // New connections give it nothing back.
    for _ in 0..3 {
        net.crash(2);
        net.run_until_quiet(MOST);
        assert!(gone(&net, 2));
    }
    // The customer does it on the laptop: its mailbox too.
    for path in [key("sha256"), key("name")] {
        net.act(0, &Act::Erased { entry, path, reason: None }).expect("its own word");
    }
    net.run_until_quiet(MOST);
    for node in 0..3 {
        assert!(gone(&net, node), "node {node}");
        assert_eq!(waits(&net, node), []);
        let record = net.nodes[node].machine.record();
        let told = record.erasures(&entry);
        assert_eq!(told.len(), 4, "who erased what stays");
        assert!(record.graph().find(&entry).is_some(), "and the entry with its hash");
    }
    // Put on record once more, knowing that: it is wanted anew.
    net.attach(2, &photo).expect("a file");
    net.run_until_quiet(MOST);
    assert!(net.nodes.iter().all(|n| n.store.files.contains_key(&file)));
}

#[test]
fn an_erased_value_is_neither_taken_in_nor_given_again() {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    let case = case_between(&[&customer, &supplier]);
    let (mut record, mut store) = (case.record, case.store);
    let mut rng = Rng::new(4);
    let mut act = |record: &mut Record, store: &mut Store, party: &Party, act: &Act| {
        let draft = record.draft(&party.author(0), act, START + 100_000, &mut || rng.bytes()).expect("a draft");
        let signed = record.seal_and_sign(draft, &party.devices[0].key).expect("signed");
        store.entries.push((signed.id, signed.bytes.clone()));
        signed
    };
    let thank = Act::Thank { text: open("well done"), seat: None, person: Some(open("Ms Shah")), about: None };
    let said = act(&mut record, &mut store, &supplier, &thank);
    let value = said.values[0].encode();
    let erased = Act::Erased { entry: said.id, path: key("person"), reason: None };
    act(&mut record, &mut store, &customer, &erased);
    let mut machine = Machine::new(case.id, store.restore(), customer.author(0), Vec::new());
    machine.connected(LinkId(1), peer(&supplier), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    // It is not asked for,
    let tips = |output: &Output| match output {
        Output::Send { frame, .. } => match Frame::decode(frame) {
            Ok(Frame::Tips(tips)) => Some(tips.lacking),
            _ => None,
        },
        _ => None,
    };
    let lacking = drained(&mut machine).iter().find_map(tips).expect("tips come first");
    assert!(!lacking.contains(&said.id));
    // and pushed all the same it is left aside.
    machine.handle_frame(LinkId(1), &Frame::Values { number: 1, values: vec![value.clone()] }.encode(), START);
    let out = drained(&mut machine);
    assert!(!out.iter().any(|o| matches!(o, Output::Persist(_) | Output::Close { .. })), "{out:?}");
    assert!(!holds_value(machine.record(), &said.id));

    // The supplier's own copy still has it, and does not send it to who erased it.
    let (entry, path) = (said.id, path_to_value(&key("person")).encode());
    store.values.insert((entry, path.clone()), value);
    let mut giving = Machine::new(case.id, store.restore(), supplier.author(0), Vec::new());
    assert!(holds_value(giving.record(), &entry));
    giving.connected(LinkId(1), peer(&customer), START);
    let lacking = Tips { lacking: vec![entry], ..Tips::default() };
    giving.handle_frame(LinkId(1), &Frame::Tips(lacking).encode(), START);
    let (mut acked, mut values) = (0, 0);
    while let Some(output) = giving.poll_output() {
        let Output::Send { frame, .. } = output else { continue };
        match Frame::decode(&frame) {
            Ok(Frame::Values { number, values: given }) => {
                values += given.len();
                acked = number;
            }
            Ok(Frame::KeyEvents { number, .. } | Frame::Entries { number, .. } | Frame::Receipts { number, .. }) => {
                acked = number;
            }
            _ => continue,
        }
        giving.handle_frame(LinkId(1), &Frame::Stored { number: acked }.encode(), START);
    }
    assert!(acked > 1);
    assert_eq!(values, 0);
    // Once it says so itself, nothing is left: also what another process put into the store.
    let own = Act::Erased { entry, path: key("person"), reason: None };
    let draft = giving.record().draft(&supplier.author(0), &own, START + 200_000, &mut || [0; 32]);
    giving.sign(draft.expect("a draft"), &supplier.devices[0].key, START + 200_000).expect("signed");
    assert!(!holds_value(giving.record(), &entry));
    let persisted = drained(&mut giving).into_iter().filter_map(|output| match output {
        Output::Persist(things) => Some(things),
        _ => None,
    });
    let wiped = persisted.flatten().filter(|thing| matches!(thing, Persist::EraseValue { .. })).collect::<Vec<_>>();
    assert_eq!(wiped, [Persist::EraseValue { entry, path }]);
}

/// A request that is contested is not asked again.
#[test]
fn a_request_to_erase_can_be_refused() {
    let mut net = three(12);
    net.pair(0, 2);
    let thank = Act::Thank { text: open("well done"), seat: None, person: Some(open("Ms Shah")), about: None };
    let entry = net.act(0, &thank).expect("thanks");
    net.run_until_quiet(MOST);
    let erase = net.act(0, &Act::Erase { entry, path: key("person"), reason: None }).expect("a request");
    net.run_until_quiet(MOST);
    let waits = |net: &Network| {
        let view = net.nodes[0].machine.record().view().expect("a view");
        view.waiting.iter().filter(|w| w.expected.as_str() == "erase").count()
    };
    assert_eq!(waits(&net), 1);
    net.act(2, &Act::Contest { entry: erase, reason: open("we must keep it for six years") }).expect("a contest");
    net.run_until_quiet(MOST);
    assert_eq!(waits(&net), 0);
    assert!(holds_value(net.nodes[2].machine.record(), &entry));
}
