//! The exchange by file: copies that never meet come to hold the same, whatever becomes of the files on their way.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::{EntryId, PartyId},
    sync::{
        CloseReason, LinkId, Notice, Output,
        frame::{Frame, MAX_FRAME},
        post::{Content, Counts, END, FIRST_LINE, Head, PostError, PostLeft, PostReader, PostWriter, Posted, framed},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{START, case_between},
    history::random_draft,
    network::Network,
    node::{Node, Store, digest},
    party::Party,
    rng::Rng,
};

/// What a copy writes for some parties.
fn write(node: &Node, to: &[PartyId], all: bool) -> (Vec<u8>, Counts, Vec<FileRef>) {
    let author = node.party.author(node.device);
    let head = Head {
        case: node.case,
        party: author.party,
        device: author.device,
        to: to.to_vec(),
        at: START,
        content: Content::Case,
    };
    let mut bytes = FIRST_LINE.to_vec();
    bytes.extend(framed(&head.encode()));
    let mut writer = PostWriter::new(node.machine.record(), to.to_vec(), all);
    while let Some(frame) = writer.next_frame() {
        let frame = frame.encode();
        assert!(frame.len() <= MAX_FRAME);
        bytes.extend(framed(&frame));
    }
    bytes.extend(framed(&Frame::Bye { reason: END.to_owned() }.encode()));
    (bytes, writer.counts(), writer.files().to_vec())
}

#[derive(Debug, Default)]
struct Came {
    entries: usize,
    receipts: usize,
    told: Vec<Notice>,
    closed: Vec<CloseReason>,
    error: Option<PostError>,
    whole: bool,
}

/// Takes a file in, as a shell would; the link stays open.
fn read(node: &mut Node, link: LinkId, bytes: &[u8], now: i64) -> Came {
    let mut came = Came::default();
    let (head, mut reader) = match PostReader::open(bytes) {
        Ok(opened) => opened,
        Err(error) => return Came { error: Some(error), ..came },
    };
    if head.case != node.case {
        return came;
    }
    node.machine.post_begins(link, &head);
    loop {
        let frame = match reader.next_frame() {
            Ok(frame) => frame,
            Err(error) => {
                came.error = Some(error);
                break;
            }
        };
        let posted = node.machine.handle_posted(link, &frame, now);
        settle(node, &mut came);
        if posted == Posted::End {
            came.whole = true;
        }
        if came.whole || !came.closed.is_empty() {
            break;
        }
    }
    came
}

fn settle(node: &mut Node, came: &mut Came) {
    while let Some(output) = node.machine.poll_output() {
        match output {
            Output::Persist(items) => node.store.persist(items),
            Output::Notify(notice) => {
                match &notice {
                    Notice::Entries(entries) => came.entries += entries.len(),
                    Notice::Receipt { .. } => came.receipts += 1,
                    _ => {}
                }
                came.told.push(notice);
            }
            Output::Close { reason, .. } => came.closed.push(reason),
            _ => {}
        }
    }
}

fn take(node: &mut Node, bytes: &[u8], now: i64) -> (Came, PostLeft) {
    let came = read(node, LinkId(900), bytes, now);
    (came, node.machine.post_ends(LinkId(900)))
}

/// A receipt of ours, where one is due.
fn receipt(node: &mut Node, now: i64) -> bool {
    let author = node.party.author(node.device);
    let Some(due) = node.machine.record().receipt_due(&author, now) else { return false };
    let signed = due.sign(&node.party.devices[node.device].key);
    node.store.receipts.push(signed.bytes().to_vec());
    node.machine.receipt_signed(signed, now);
    settle(node, &mut Came::default());
    true
}

fn note(node: &mut Node, text: &str, now: i64, rng: &mut Rng) -> EntryId {
    let id = node.act(&Act::Note { text: Sealable::Open(text.to_owned()), about: None }, now, rng).expect("a note");
    settle(node, &mut Came::default());
    id
}

fn at_random(node: &mut Node, now: i64, rng: &mut Rng) {
    let author = node.party.author(node.device);
    let draft = loop {
        let draft = random_draft(rng, node.machine.record(), &author, now).expect("one may always note");
        if draft.statement.kind != "leave" {
            break draft;
        }
    };
    node.machine.sign(draft, &node.party.devices[node.device].key, now).expect("a good draft");
    settle(node, &mut Came::default());
}

/// All there is to a copy.
fn state(node: &Node) -> (String, usize, BTreeSet<Vec<u8>>, Vec<String>) {
    let record = node.machine.record();
    // Whoever erased something lacks it.
    let erased = !record.fold().erasures().is_empty();
    let values = node.store.values.values().filter(|_| !erased).cloned().collect();
    let mut logs: Vec<String> = record
        .logs()
        .parties()
        .flat_map(|p| record.logs().of_party(&p).map(|e| format!("{}", e.id)).collect::<Vec<_>>())
        .collect();
    logs.sort();
    (digest(record), record.graph().len(), values, logs)
}

/// Two copies; the second lost all but its own key log.
fn two(more: usize, seed: u64) -> (Node, Node, Rng) {
    let (customer, supplier, rng) = joined(more, seed);
    let own = Store { key_events: supplier.party.events.clone(), ..Store::default() };
    let supplier = Node::new(&supplier.party, 0, supplier.case, &[customer.party.id], own);
    (customer, supplier, rng)
}

/// Two copies; the second holds the case as it was when its party had joined.
fn joined(more: usize, seed: u64) -> (Node, Node, Rng) {
    let (ann, bob) = (Party::new(1), Party::new(2));
    let case = case_between(&[&ann, &bob]);
    let mut customer = Node::new(&ann, 0, case.id, &[], case.store.clone());
    let supplier = Node::new(&bob, 0, case.id, &[], case.store);
    let mut rng = Rng::new(seed);
    for n in 0..more {
        at_random(&mut customer, START + 100_000 + i64::try_from(n).expect("few"), &mut rng);
    }
    (customer, supplier, rng)
}

#[test]
fn two_who_never_meet_hold_the_same_and_know_it() {
    let (mut customer, mut supplier, mut rng) = two(60, 3);
    let (ann, bob) = (customer.party.id, supplier.party.id);
    let mut now = START + 1_000_000;
    let (file, counts, _) = write(&customer, &[bob], false);
    assert_eq!((counts.entries, counts.key_events), (60, 0), "the supplier's joining says that it had what was before");
    // Whoever lost his copy is given everything.
    let (whole, all, _) = write(&customer, &[bob], true);
    assert_eq!(all.entries, customer.machine.record().graph().len());
    let (came, left) = take(&mut supplier, &whole, now);
    assert!(came.whole && came.closed.is_empty() && left == PostLeft::default(), "{came:?} {left:?}");
    assert_eq!(state(&supplier), state(&customer));
    // Twice is harmless, and the smaller file brings nothing more.
    assert!(file.len() < whole.len());
    for again in [&whole, &file] {
        let (came, left) = take(&mut supplier, again, now);
        assert!(came.whole && came.entries == 0 && left.waiting == 0, "{came:?}");
    }
    // Nothing is shown as received before the receipt came.
    assert!(customer.machine.record().delivery(&ann)[0].missing > 0);
    assert!(receipt(&mut supplier, now));
    let (back, counts, _) = write(&supplier, &[ann], false);
    assert_eq!((counts.entries, counts.receipts), (0, 1), "a receipt and nothing else");
    let (came, _) = take(&mut customer, &back, now);
    assert_eq!(came.receipts, 1, "{came:?}");
    assert_eq!(customer.machine.record().delivery(&ann)[0].missing, 0);
    // From now on only what is new goes.
    let (_, counts, _) = write(&customer, &[bob], false);
    assert_eq!((counts.entries, counts.values, counts.key_events), (0, 0, 0));
    for n in 0..3 {
        note(&mut customer, &format!("one more {n}"), now, &mut rng);
    }
    now += 60_000;
    let (next, counts, _) = write(&customer, &[bob], false);
    assert_eq!((counts.entries, counts.key_events), (3, 0));
    assert!(take(&mut supplier, &next, now).0.whole);
    // A statement counts as a receipt of its past.
    note(&mut supplier, "thank you", now, &mut rng);
    let (answer, counts, _) = write(&supplier, &[ann], false);
    assert_eq!(counts.entries, 1);
    assert!(take(&mut customer, &answer, now).0.whole);
    assert_eq!(customer.machine.record().delivery(&ann)[0].missing, 0);
    assert_eq!(state(&customer), state(&supplier));
}

#[test]
fn random_histories_by_file_alone_end_alike() {
    for seed in 0..30 {
        let (ann, bob, cleo) = (Party::with_devices(1, 2), Party::new(2), Party::new(3));
        let parties = [&ann, &bob, &cleo];
        let case = case_between(&parties);
        let mut rng = Rng::new(seed);
        let places = [(&ann, 0), (&ann, 1), (&bob, 0), (&cleo, 0)];
        let mut nodes: Vec<Node> =
            places.iter().map(|(party, device)| Node::new(party, *device, case.id, &[], case.store.clone())).collect();
        let mut now = START + 1_000_000;
        // Files under way: to whom, and the bytes. They come late, twice, in any order, or never.
        let mut under_way: Vec<(usize, Vec<u8>)> = Vec::new();
        for _ in 0..60 {
            now += 7_000;
            let from = rng.below(nodes.len());
            match rng.below(4) {
                0 | 1 => at_random(&mut nodes[from], now, &mut rng),
                2 => {
                    let to = rng.below(nodes.len());
                    let reader = nodes[to].party.id;
                    if reader != nodes[from].party.id {
                        receipt(&mut nodes[from], now);
                        under_way.push((to, write(&nodes[from], &[reader], false).0));
                    }
                }
                _ => {
                    if let Some((to, file)) = rng.pick(&under_way).cloned() {
                        let (came, _) = take(&mut nodes[to], &file, now);
                        assert!(came.closed.is_empty(), "seed {seed}: {came:?}");
                    }
                }
            }
        }
        // Then everybody gives everything to everybody until nothing moves.
        for _ in 0..nodes.len() {
            for from in 0..nodes.len() {
                let to: Vec<PartyId> = parties.iter().map(|p| p.id).collect();
                let file = write(&nodes[from], &to, true).0;
                for reader in &mut nodes {
                    let (came, left) = take(reader, &file, now);
                    assert!(came.whole && left.waiting == 0, "seed {seed}: {came:?}");
                }
            }
        }
        let first = state(&nodes[0]);
        for node in &nodes {
            assert_eq!(state(node), first, "seed {seed}");
            assert_eq!(digest(&node.store.restore()), first.0, "what is stored comes back, seed {seed}");
        }
    }
}

#[test]
fn what_a_file_leaves_out_the_other_side_has() {
    // Every file is taken, in turn: then what receipts and statements say is true, and no file has a gap.
    for seed in 0..40 {
        let (ann, bob) = (Party::with_devices(1, 2), Party::new(2));
        let case = case_between(&[&ann, &bob]);
        let mut rng = Rng::new(1000 + seed);
        let mut nodes = [
            Node::new(&ann, 0, case.id, &[], case.store.clone()),
            Node::new(&bob, 0, case.id, &[], case.store.clone()),
        ];
        let mut now = START + 1_000_000;
        for round in 0..12 {
            now += 20_000;
            let (from, to) = (round % 2, 1 - round % 2);
            for _ in 0..rng.below(5) {
                at_random(&mut nodes[from], now, &mut rng);
            }
            if rng.one_in(2) {
                receipt(&mut nodes[from], now);
            }
            let reader = nodes[to].party.id;
            let file = write(&nodes[from], &[reader], false).0;
            let (came, left) = take(&mut nodes[to], &file, now);
            assert!(came.whole && left == PostLeft::default(), "seed {seed}: {came:?} {left:?}");
            assert_eq!(state(&nodes[0]), state(&nodes[1]), "seed {seed}, round {round}");
        }
    }
}

#[test]
fn a_gap_is_told_and_filled_in_any_order() {
    let (mut customer, mut supplier, mut rng) = two(5, 4);
    let bob = supplier.party.id;
    let now = START + 1_000_000;
    let mut files = Vec::new();
    let mut given = 0;
    for n in 0..3 {
        // What the supplier would have had, had the files before come.
        let (all, _, _) = write(&customer, &[bob], true);
        let mut bytes = all.clone();
        if n > 0 {
            bytes = only_after(&all, given);
        }
        given = customer.machine.record().graph().len();
        files.push(bytes);
        for k in 0..40 {
            note(&mut customer, &format!("{n} {k}"), now + k, &mut rng);
        }
    }
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut copy = Node::new(&supplier.party, 0, supplier.case, &supplier.trusted, supplier.store.clone());
        let mut links = Vec::new();
        for (n, file) in order.into_iter().enumerate() {
            let link = LinkId(n as u64);
            let came = read(&mut copy, link, &files[file], now);
            assert!(came.closed.is_empty(), "{order:?}: {came:?}");
            links.push(link);
        }
        for link in links {
            assert_eq!(copy.machine.post_ends(link), PostLeft::default(), "{order:?}");
        }
        assert_eq!(copy.machine.record().graph().len(), given, "{order:?}");
    }
    // The last alone says that something is missing, and takes nothing.
    let before = supplier.machine.record().graph().len();
    let (came, left) = take(&mut supplier, &files[2], now);
    assert!(came.whole && left.waiting == 40 && left.missing.len() == 1, "{left:?}");
    assert_eq!(supplier.machine.record().graph().len(), before);
}

/// A file without the first so many entries.
fn only_after(file: &[u8], entries: usize) -> Vec<u8> {
    let (head, mut reader) = PostReader::open(file).expect("a file");
    let mut out = [FIRST_LINE, &framed(&head.encode())].concat();
    let mut passed = 0;
    loop {
        let frame = Frame::decode(&reader.next_frame().expect("a frame")).expect("a frame");
        let frame = match frame {
            Frame::Entries { number, entries: mut all } => {
                let cut = all.len().min(entries.saturating_sub(passed));
                passed += cut;
                all.drain(..cut);
                Frame::Entries { number, entries: all }
            }
            other => other,
        };
        out.extend(framed(&frame.encode()));
        if matches!(frame, Frame::Bye { .. }) {
            return out;
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was tried is worth knowing")]
fn no_altered_byte_makes_a_false_entry() {
    let (customer, supplier, _) = two(8, 5);
    let bob = supplier.party.id;
    let (file, ..) = write(&customer, &[bob], true);
    let genuine: BTreeSet<EntryId> =
        customer.machine.record().graph().all().map(|ix| customer.machine.record().graph().id(ix)).collect();
    let fresh = || Node::new(&supplier.party, 0, supplier.case, &supplier.trusted, supplier.store.clone());
    let mut rng = Rng::new(9);
    let (mut refused, mut tried) = (0, 0);
    for at in 0..file.len() {
        let mut altered = file.clone();
        altered[at] ^= u8::try_from(1 + rng.below(255)).expect("a byte");
        let mut copy = fresh();
        let (came, _) = take(&mut copy, &altered, START + 1_000_000);
        tried += 1;
        refused += usize::from(!came.closed.is_empty() || came.error.is_some());
        let graph = copy.machine.record().graph();
        assert!(graph.all().all(|ix| genuine.contains(&graph.id(ix))), "byte {at} made an entry");
        // What came stays good: the file as it was brings the rest.
        if at % 97 == 0 {
            let (came, left) = take(&mut copy, &file, START + 1_000_000);
            assert!(came.whole && left.waiting == 0, "byte {at}: {came:?}");
            assert_eq!(state(&copy).0, state(&customer).0, "byte {at}");
        }
    }
    println!("{tried} bytes altered, {refused} files refused by name");
    assert!(refused * 10 > tried * 9, "{refused} of {tried}");
}

#[test]
fn of_a_cut_file_stays_what_came_whole() {
    let (customer, supplier, _) = two(300, 6);
    let bob = supplier.party.id;
    let (file, ..) = write(&customer, &[bob], true);
    let mut rng = Rng::new(10);
    let mut most = 0;
    for n in 0..120 {
        let at = if n < 40 { n } else { rng.below(file.len()) };
        let mut copy = Node::new(&supplier.party, 0, supplier.case, &supplier.trusted, supplier.store.clone());
        let (came, left) = take(&mut copy, &file[..at], START + 1_000_000);
        assert!(!came.whole && came.closed.is_empty() && left.waiting == 0, "{at}: {came:?}");
        let told = if at < FIRST_LINE.len() { PostError::NotPost } else { PostError::CutOff };
        let version = PostError::Version;
        assert!(came.error == Some(told) || came.error == Some(version), "{at}: {:?}", came.error);
        most = most.max(came.entries);
        let (came, _) = take(&mut copy, &file, START + 1_000_000);
        assert!(came.whole);
        assert_eq!(state(&copy), state(&customer), "{at}");
    }
    assert!(most >= 128, "whole parts of a file are taken: {most}");
}

#[test]
fn frames_without_a_place_in_a_file_end_it() {
    let (customer, supplier, _) = two(3, 7);
    let own = supplier.party.author(0).device;
    let head = write(&customer, &[supplier.party.id], false).0;
    let head = PostReader::open(&head[..]).expect("a file").0;
    for frame in [
        Frame::Ready,
        Frame::Greeting { version: 2, nonce: [1; 32] },
        Frame::Tips(counterpart_core::sync::frame::Tips::default()),
        Frame::Stored { number: 1 },
        Frame::Want { entries: vec![EntryId([1; 32]); 256] },
        Frame::Probe { device: own, seqs: vec![1] },
        Frame::Bye { reason: "refused".to_owned() },
        Frame::Join { request: vec![1; 100] },
        Frame::Fetching { more: true },
        Frame::DraftWant { device: own, from: 1 },
        Frame::Entries { number: 2, entries: vec![] },
        Frame::Entries { number: 1, entries: vec![vec![1, 2, 3]] },
        Frame::KeyEvents { number: 1, events: vec![vec![1, 2, 3]] },
        Frame::Values { number: 1, values: vec![vec![1, 2, 3]] },
        Frame::Receipts { number: 1, receipts: vec![vec![1, 2, 3]] },
    ] {
        let file = [FIRST_LINE, &framed(&head.encode()), &framed(&frame.encode())].concat();
        let mut copy = Node::new(&supplier.party, 0, supplier.case, &supplier.trusted, supplier.store.clone());
        let before = state(&copy);
        let (came, _) = take(&mut copy, &file, START + 1_000_000);
        assert_eq!(came.closed.len(), 1, "{frame:?}: {came:?}");
        assert_eq!(state(&copy), before, "{frame:?}");
    }
    // A length that lies sets nothing aside.
    let mut long = [FIRST_LINE, &framed(&head.encode())].concat();
    long.extend(u32::MAX.to_be_bytes());
    let mut copy = Node::new(&supplier.party, 0, supplier.case, &supplier.trusted, supplier.store.clone());
    assert_eq!(take(&mut copy, &long, START).0.error, Some(PostError::TooLong(u32::MAX)));
}

#[test]
fn an_old_file_after_live_sync_is_harmless_and_a_new_one_beside_it_too() {
    for seed in 0..10 {
        let (ann, bob) = (Party::new(1), Party::new(2));
        let case = case_between(&[&ann, &bob]);
        let nodes = vec![
            Node::new(&ann, 0, case.id, &[], case.store.clone()),
            Node::new(&bob, 0, case.id, &[], case.store.clone()),
        ];
        let mut network = Network::new(seed, nodes);
        let mut files: Vec<(usize, Vec<u8>)> = Vec::new();
        for round in 0..8 {
            for node in 0..2 {
                for _ in 0..3 {
                    network.act_at_random(node).expect("an act");
                }
                let reader = network.nodes[1 - node].party.id;
                files.push((1 - node, write(&network.nodes[node], &[reader], false).0));
            }
            if round == 2 {
                network.pair(0, 1);
            }
            // A file is taken while streams are open.
            if let Some((to, file)) = network.rng.pick(&files).cloned() {
                let now = network.now;
                let link = LinkId(1 << 40 | round);
                let mut came = read(&mut network.nodes[to], link, &file, now);
                network.nodes[to].machine.post_ends(link);
                settle(&mut network.nodes[to], &mut came);
                assert!(came.closed.is_empty(), "seed {seed}: {came:?}");
            }
            network.run(40);
        }
        // What was to be sent on a stream while a file was read went nowhere in this test: a new stream brings it.
        network.part(0, 1);
        network.heal();
        network.run_until_quiet(200_000);
        assert_eq!(state(&network.nodes[0]), state(&network.nodes[1]), "seed {seed}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "how long it took is worth knowing")]
fn ten_thousand_entries_go_in_one_file() {
    let (mut customer, mut supplier, mut rng) = joined(0, 8);
    for n in 0..10_000 {
        note(&mut customer, &format!("entry {n}"), START + 1_000_000 + n, &mut rng);
    }
    let (file, counts, _) = write(&customer, &[supplier.party.id], false);
    let began = std::time::Instant::now();
    let (came, left) = take(&mut supplier, &file, START + 20_000_000);
    println!("{} entries, {} bytes, taken in {:?}", counts.entries, file.len(), began.elapsed());
    assert!(came.whole && left.waiting == 0);
    assert_eq!(supplier.machine.record().graph().heads(), customer.machine.record().graph().heads());
}
