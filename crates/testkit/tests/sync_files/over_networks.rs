//! Copies in a simulated network: all end with the files, whatever the lines do; who left gets none.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Contact},
    attachment::FileRef,
    sync::{
        LinkId, Notice, Output, PeerDevice,
        frame::{Frame, Tips},
    },
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    network::{Network, Trouble},
    node::Node,
    party::Party,
    rng::Rng,
};

use crate::{CHUNK, WINDOW, bytes, open};

const MOST: usize = 400_000;

fn network(seed: u64, case: &Case, devices: &[(&Party, usize)]) -> Network {
    let node = |(party, device): &(&Party, usize)| Node::new(party, *device, case.id, &[], case.store.clone());
    Network::new(seed, devices.iter().map(node).collect())
}

/// The customer's laptop and mailbox, and the supplier.
fn three(seed: u64) -> Network {
    let (customer, supplier) = (Party::with_devices(1000, 2), Party::new(2000));
    let case = case_between(&[&customer, &supplier]);
    network(seed, &case, &[(&customer, 0), (&customer, 1), (&supplier, 0)])
}

/// Whether the last receipt of a node's device that another holds says that nothing is lacking.
fn complete_by_receipt(net: &Network, of: usize, at: usize) -> bool {
    let device = net.nodes[of].party.author(net.nodes[of].device).device;
    let last = net.nodes[at].machine.record().last_receipt(&device);
    last.is_some_and(|last| last.receipt.lacking.is_empty())
}

#[test]
fn files_over_a_bad_network_end_equal() {
    for seed in 0..30 {
        let mut net = three(seed);
        let mut rng = Rng::new(!seed);
        net.trouble = Trouble { resets: 60, duplicates: 6 };
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if (a, b) != (1, 2) || seed % 2 == 0 {
                net.pair(a, b);
            }
        }
        let mut attached = BTreeSet::new();
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 7 * CHUNK + 5, 300_000] {
            let node = rng.below(3);
            // A random mandate may forbid it.
            attached.extend(net.attach(node, &bytes(&mut rng, size)).ok().map(|(_, file)| file));
            for _ in 0..3 {
                net.act_at_random(rng.below(3)).expect("one may always note");
                net.run(rng.below(30));
            }
            if rng.one_in(3) {
                net.crash(rng.below(3));
            }
        }
        net.trouble.resets = 0;
        net.run_until_quiet(MOST);
        assert!(attached.len() > 3, "seed {seed}");
        for (n, node) in net.nodes.iter().enumerate() {
            let held: BTreeSet<FileRef> = node.store.files.keys().copied().collect();
            // Random histories name files that nobody ever had.
            assert_eq!(held, attached, "files of {n}, seed {seed}: {:?}", net.closed);
            assert!(node.store.files.iter().all(|(file, bytes)| FileRef::of(bytes) == *file), "seed {seed}");
            assert!(node.store.parts.is_empty(), "seed {seed}");
            assert_eq!(node.machine.record().files().copied().collect::<BTreeSet<_>>(), attached);
            let status = node.machine.peer_status();
            assert!(status.iter().all(|s| s.in_step()), "links of {n}, seed {seed}: {status:?}");
        }
        let wrong = net.notices.iter().find(|(_, n)| matches!(n, Notice::Refused { .. } | Notice::WrongFile { .. }));
        assert_eq!(wrong, None, "seed {seed}");
    }
}

#[test]
fn a_reset_costs_no_more_than_what_was_under_way() {
    for seed in 0..10 {
        let mut net = three(seed);
        net.pair(0, 2);
        net.run_until_quiet(MOST);
        let size = 40 * CHUNK + 17;
        let mut rng = Rng::new(seed);
        let (_, file) = net.attach(0, &bytes(&mut rng, size)).expect("a file");
        let mut resets = 0;
        while !net.nodes[2].store.files.contains_key(&file) {
            let before = net.nodes[2].store.parts.get(&file).map_or(0, Vec::len);
            if before >= (resets + 1) * 10 * CHUNK && resets < 3 {
                resets += 1;
                // The connection breaks, or the receiver with it.
                if resets == 2 {
                    net.crash(2);
                } else {
                    net.part(0, 2);
                }
                net.heal();
                let kept = net.nodes[2].store.parts.get(&file).map_or(0, Vec::len);
                assert_eq!(kept, before, "what is here is kept");
            }
            assert_eq!(net.run(1), 1, "it goes on");
        }
        assert_eq!(resets, 3);
        let most = size + resets * WINDOW * CHUNK;
        assert!(net.chunk_bytes <= most, "{} bytes were sent for {size}", net.chunk_bytes);
        net.run_until_quiet(MOST);
        assert!(complete_by_receipt(&net, 2, 0), "the receiver's word says that nothing is lacking");
    }
}

#[test]
fn a_receipt_tells_what_is_lacking_until_it_is_here() {
    let mut net = three(3);
    net.pair(0, 2);
    net.run_until_quiet(MOST);
    // Sealed values come right behind their entry: one receipt for both.
    let contact = |person: &str| {
        Act::Contact(Contact {
            channel: "telephone".to_owned(),
            direction: "out".to_owned(),
            started: START,
            seconds: None,
            waited: None,
            seat: None,
            person: Some(open(person)),
            number: None,
            reference: None,
            summary: open("they will ring back"),
            menu: Vec::new(),
        })
    };
    let held = |net: &Network| net.nodes[0].machine.record().receipts().len();
    let before = held(&net);
    net.act(0, &contact("Ms Shah")).expect("a contact");
    net.run_until_quiet(MOST);
    assert_eq!(held(&net), before + 1);
    assert!(complete_by_receipt(&net, 2, 0));

    // A file nobody has yet: on record by its hash alone.
    let mut rng = Rng::new(5);
    let photo = bytes(&mut rng, 100_000);
    let file = FileRef::of(&photo);
    let size = i64::try_from(file.size).expect("small");
    let attach = Act::Attach { sha256: file.sha256, size, name: open("photo.jpg"), media: None, about: None };
    let entry = net.act(0, &attach).expect("a file on record");
    net.run_until_quiet(MOST);
    let device = net.nodes[2].party.author(0).device;
    let last = |net: &Network| net.nodes[0].machine.record().last_receipt(&device).expect("a receipt").receipt.clone();
    let first = last(&net);
    assert_eq!(first.lacking, [entry]);
    // Now its author finds it.
    net.nodes[0].store.files.insert(file, photo);
    let now = net.now;
    net.nodes[0].machine.files_found(&[file], now);
    net.drain(0);
    net.run_until_quiet(MOST);
    assert!(net.nodes[2].store.files.contains_key(&file), "who asked in vain is told, and asks again");
    let second = last(&net);
    assert_eq!((second.lacking.as_slice(), &second.heads), (&[][..], &first.heads));
    assert!(net.nodes[0].store.restore().receipts().len() >= 2, "it is kept");
}

#[test]
fn who_left_and_who_is_a_stranger_get_no_bytes() {
    let mut net = three(7);
    net.pair(0, 2);
    net.run_until_quiet(MOST);
    net.act(2, &Act::Leave { reason: None }).expect("anybody may leave");
    net.run_until_quiet(MOST);
    let mut rng = Rng::new(1);
    let (_, file) = net.attach(0, &bytes(&mut rng, 1000)).expect("a file");
    net.run_until_quiet(MOST);
    assert!(!net.nodes[2].store.files.contains_key(&file));
    // What it knows the name of it is not given either.
    let ask = Frame::WantChunk { file, offset: 0, length: 1000 };
    let peer = net.nodes[2].party.author(0);
    let peer = PeerDevice { party: peer.party, device: peer.device, grant: peer.grant, version: 1 };
    let machine = &mut net.nodes[0].machine;
    machine.connected(LinkId(900), peer, START);
    machine.handle_frame(LinkId(900), &Frame::Tips(Tips::default()).encode(), START);
    machine.handle_frame(LinkId(900), &ask.encode(), START);
    let mut given = None;
    while let Some(output) = machine.poll_output() {
        if let Output::Answer { part, .. } = output {
            given = Some(part);
        }
    }
    assert_eq!(given, Some(None));
}
