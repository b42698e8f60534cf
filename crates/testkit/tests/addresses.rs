//! Address records over a simulated network and from hostile peers: the newest of each device is found everywhere, and
//! nothing else is kept.

use std::collections::BTreeSet;

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, Domain, EventId, hash},
    keylog::RevokeReason,
    sync::{
        LinkId, Machine, Notice, Output, PeerDevice, Persist, Stored,
        frame::{Frame, Tips},
    },
    whereabouts::{SignedWhereabouts, Whereabouts},
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    network::{Network, Trouble},
    node::Node,
    party::Party,
    rng::Rng,
};
use ed25519_dalek::SigningKey;

const MOST: usize = 200_000;

fn network(seed: u64, case: &Case, devices: &[(&Party, usize)]) -> Network {
    let node = |(party, device): &(&Party, usize)| Node::new(party, *device, case.id, &[], case.store.clone());
    Network::new(seed, devices.iter().map(node).collect())
}

fn addresses(net: &Network, node: usize, device: &DeviceKey) -> Vec<String> {
    net.nodes[node].addresses_of(device).unwrap_or_default()
}

/// A's laptop moves while B cannot be reached by it: B learns of it through C alone.
#[test]
fn who_moved_is_found_again_through_a_third() {
    let parties: Vec<Party> = (1..=3).map(Party::new).collect();
    let case = case_between(&[&parties[0], &parties[1], &parties[2]]);
    let mut net = network(1, &case, &[(&parties[0], 0), (&parties[1], 0), (&parties[2], 0)]);
    let device = parties[0].author(0).device;
    net.pair(0, 1);
    net.pair(0, 2);
    net.move_to(0, 1, &["/ip4/192.0.2.1/tcp/4001"]);
    net.run_until_quiet(MOST);
    for node in [1, 2] {
        assert_eq!(addresses(&net, node, &device), ["/ip4/192.0.2.1/tcp/4001"], "node {node} has the first");
    }
    net.part(0, 1);
    net.move_to(0, 2, &["/ip4/198.51.100.9/tcp/4001"]);
    net.run_until_quiet(MOST);
    assert_eq!(addresses(&net, 2, &device), ["/ip4/198.51.100.9/tcp/4001"]);
    assert_eq!(addresses(&net, 1, &device), ["/ip4/192.0.2.1/tcp/4001"], "B has not heard of it");
    // The third moves on to B, with A out of reach.
    net.part(0, 2);
    net.pair(1, 2);
    net.run_until_quiet(MOST);
    assert_eq!(addresses(&net, 1, &device), ["/ip4/198.51.100.9/tcp/4001"]);
    let told = Notice::Addresses { party: parties[0].id, device };
    assert_eq!(net.notices.iter().filter(|(node, notice)| *node == 1 && *notice == told).count(), 2);
    // It is on disk there.
    net.crash(1);
    assert_eq!(addresses(&net, 1, &device), ["/ip4/198.51.100.9/tcp/4001"]);
}

/// A joiner holds nothing: where all can be reached comes with the case, on the first stream.
#[test]
fn a_joiner_learns_where_all_can_be_reached() {
    let parties: Vec<Party> = (1..=3).map(Party::new).collect();
    let case = case_between(&[&parties[0], &parties[1], &parties[2]]);
    let mut empty = counterpart_testkit::node::Store::default();
    empty.key_events.clone_from(&parties[2].events);
    let joiner = Node::new(&parties[2], 0, case.id, &[parties[0].id], empty);
    let opener = Node::new(&parties[0], 0, case.id, &[], case.store.clone());
    let mut net = Network::new(1, vec![opener, joiner]);
    net.move_to(0, 4, &["/dns/opener.example/tcp/1"]);
    let second = parties[1].whereabouts(0, 9, START, &["/dns/second.example/tcp/1"]);
    let stored = vec![Stored::Addresses(second.bytes().to_vec())];
    net.nodes[0].store.whereabouts.insert((parties[1].id, second.record().device), second.bytes().to_vec());
    net.nodes[0].machine.absorb(stored, net.now).expect("a good record");
    net.drain(0);
    net.pair(0, 1);
    net.run_until_quiet(MOST);
    assert_eq!(addresses(&net, 1, &parties[0].author(0).device), ["/dns/opener.example/tcp/1"]);
    assert_eq!(addresses(&net, 1, &second.record().device), ["/dns/second.example/tcp/1"]);
}

/// Many moves of all, over a network that breaks and cuts: in the end all have everybody's newest.
#[test]
fn in_the_end_all_have_the_newest_of_each() {
    for seed in 0..40 {
        let customer = Party::with_devices(1000, 2);
        let supplier = Party::new(2000);
        let case = case_between(&[&customer, &supplier]);
        let mut net = network(seed, &case, &[(&customer, 0), (&customer, 1), (&supplier, 0)]);
        net.trouble = Trouble { resets: 12, duplicates: 0 };
        let mut rng = Rng::new(!seed);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            if (a, b) != (1, 2) || seed % 2 == 0 {
                net.pair(a, b);
            }
        }
        let mut number = 0;
        let mut last = [const { String::new() }; 3];
        for _ in 0..30 {
            number += 1;
            let node = rng.below(3);
            let address = format!("/memory/{node}/{number}");
            net.move_to(node, number, &[&address]);
            last[node] = address;
            net.run(rng.below(8));
            match rng.below(12) {
                0 => net.crash(rng.below(3)),
                1 => net.part(0, 2),
                2 | 3 => net.heal(),
                4 => drop(net.act_at_random(rng.below(3)).expect("an honest node may always sign a note")),
                _ => {}
            }
        }
        net.heal();
        net.trouble.resets = 0;
        net.run_until_quiet(MOST);
        for node in 0..3 {
            for (of, last) in last.iter().enumerate() {
                let known = addresses(&net, node, &net.nodes[of].party.author(net.nodes[of].device).device);
                let expected: Vec<&String> = Some(last).filter(|a| !a.is_empty()).into_iter().collect();
                assert_eq!(known.iter().collect::<Vec<_>>(), expected, "node {node} of {of}, seed {seed}");
            }
        }
        assert!(net.closed.is_empty(), "seed {seed}: {:?}", net.closed);
    }
}

#[test]
fn whose_rights_ended_is_forgotten() {
    let mut customer = Party::with_devices(1, 2);
    let supplier = Party::new(2);
    let case = case_between(&[&customer, &supplier]);
    let mut net = network(5, &case, &[(&customer, 0), (&customer, 1), (&supplier, 0)]);
    net.pair(0, 2);
    net.pair(1, 2);
    net.pair(0, 1);
    net.move_to(1, 1, &["/dns/laptop.example/tcp/1"]);
    net.run_until_quiet(MOST);
    let device = customer.author(1).device;
    assert_eq!(addresses(&net, 2, &device), ["/dns/laptop.example/tcp/1"]);
    let event = customer.revoke_device(1, RevokeReason::Ended);
    net.nodes[0].party = customer.clone();
    net.nodes[0].store.key_events.push(event.clone());
    net.nodes[0].machine.absorb(vec![Stored::KeyEvent(event)], net.now).expect("a good event");
    net.drain(0);
    net.run_until_quiet(MOST);
    for node in [0, 2] {
        assert_eq!(net.nodes[node].addresses_of(&device), None, "node {node}");
        assert!(net.nodes[node].store.whereabouts.is_empty(), "nor is it on the disk of node {node}");
    }
    // What it says afterwards is not heard, wherever it comes from.
    let late = customer.whereabouts(1, 2, START, &["/dns/elsewhere.example/tcp/1"]);
    let stored = vec![Stored::Addresses(late.bytes().to_vec())];
    net.nodes[2].machine.absorb(stored, net.now).expect("what is not heeded is no damage");
    assert_eq!(net.nodes[2].addresses_of(&device), None);
}

struct Setting {
    customer: Party,
    supplier: Party,
    case: Case,
}

fn setting(devices: usize) -> Setting {
    let (customer, supplier) = (Party::new(1), Party::with_devices(2, devices));
    let case = case_between(&[&customer, &supplier]);
    Setting { customer, supplier, case }
}

impl Setting {
    fn peer(&self, version: u32) -> PeerDevice {
        let author = self.supplier.author(0);
        PeerDevice { party: author.party, device: author.device, grant: author.grant, version }
    }

    /// The customer's copy with a link to the supplier over which tips were exchanged.
    fn met(&self, version: u32) -> Machine {
        let mut machine = Machine::new(self.case.id, self.case.store.restore(), self.customer.author(0), Vec::new());
        connect(&mut machine, LinkId(1), self.peer(version));
        machine
    }
}

fn connect(machine: &mut Machine, link: LinkId, peer: PeerDevice) {
    machine.connected(link, peer, START);
    machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
    sent(machine);
}

/// What a machine wants done: frames that it sends, things persisted, whether it closed a link.
#[derive(Default)]
struct Done {
    frames: Vec<(LinkId, Frame)>,
    persisted: Vec<Persist>,
    refused: usize,
    closed: usize,
}

fn sent(machine: &mut Machine) -> Done {
    let mut done = Done::default();
    while let Some(output) = machine.poll_output() {
        match output {
            Output::Send { link, frame } => {
                let frame = Frame::decode(&frame).expect("a machine sends frames");
                if let Frame::KeyEvents { number, .. }
                | Frame::Entries { number, .. }
                | Frame::Values { number, .. }
                | Frame::Receipts { number, .. } = frame
                {
                    machine.handle_frame(link, &Frame::Stored { number }.encode(), START);
                }
                done.frames.push((link, frame));
            }
            Output::Persist(things) => done.persisted.extend(things),
            Output::Notify(Notice::Refused { .. }) => done.refused += 1,
            Output::Close { .. } => done.closed += 1,
            _ => {}
        }
    }
    done
}

fn bring(machine: &mut Machine, link: LinkId, records: &[&SignedWhereabouts], now: i64) -> Done {
    let records = records.iter().map(|signed| signed.bytes().to_vec()).collect();
    machine.handle_frame(link, &Frame::Addresses { records }.encode(), now);
    sent(machine)
}

fn numbers(machine: &Machine) -> Vec<u64> {
    machine.whereabouts().map(|signed| signed.record().number).collect()
}

/// Of one device the newest stays, in whatever order they come; of one number the first.
#[test]
fn in_any_order_the_newest_stays() {
    let setting = setting(1);
    let records: Vec<SignedWhereabouts> =
        (1..=6).map(|n| setting.supplier.whereabouts(0, n, START, &[&format!("/a/{n}")])).collect();
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let mut order: Vec<&SignedWhereabouts> = records.iter().chain(&records[..3]).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, rng.below(at + 1));
        }
        let mut machine = setting.met(2);
        for chunk in order.chunks(1 + rng.below(3)) {
            let done = bring(&mut machine, LinkId(1), chunk, START);
            assert_eq!((done.refused, done.closed), (0, 0), "seed {seed}");
        }
        let kept: Vec<&[u8]> = machine.whereabouts().map(SignedWhereabouts::bytes).collect();
        assert_eq!(kept, [records[5].bytes()], "seed {seed}");
    }
    let mut machine = setting.met(2);
    let (first, second) =
        (setting.supplier.whereabouts(0, 3, START, &["/a"]), setting.supplier.whereabouts(0, 3, START, &["/b"]));
    assert_eq!(bring(&mut machine, LinkId(1), &[&first], START).persisted.len(), 1);
    assert_eq!(bring(&mut machine, LinkId(1), &[&second, &first], START).persisted.len(), 0);
    let kept: Vec<&[u8]> = machine.whereabouts().map(SignedWhereabouts::bytes).collect();
    assert_eq!(kept, [first.bytes()]);
}

fn payload(envelope: &[u8]) -> &[u8] {
    // The beginning, the head of a payload of 24 to 255 bytes; at the end the signature with its head.
    &envelope[8..envelope.len() - 66]
}

/// What a case does not concern, or whose grant is not that device's, is passed over without a word.
#[test]
fn foreign_records_are_not_kept() {
    let setting = setting(2);
    let stranger = Party::new(77);
    let mut machine = setting.met(2);
    let own = |record: Whereabouts, device: usize| record.sign(&setting.supplier.devices[device].key);
    let good = setting.supplier.whereabouts(0, 1, START, &["/a"]);
    let other_grant = Whereabouts { grant: setting.supplier.devices[1].grant, ..good.record().clone() };
    let other_party = Whereabouts { party: setting.customer.id, ..good.record().clone() };
    let inception = EventId(hash(Domain::KeyEvent, &[payload(&setting.supplier.events[0])]));
    let no_grant = Whereabouts { grant: inception, ..good.record().clone() };
    let stolen = SigningKey::from_bytes(&[9; 32]);
    let ungranted = Whereabouts { device: public_half(&stolen), ..good.record().clone() }.sign(&stolen);
    let foreign = [
        stranger.whereabouts(0, 1, START, &["/a"]),
        own(other_grant, 0),
        own(other_party, 0),
        own(no_grant, 0),
        ungranted,
    ];
    let mut done = bring(&mut machine, LinkId(1), &foreign.iter().take(3).collect::<Vec<_>>(), START);
    let rest = bring(&mut machine, LinkId(1), &foreign.iter().skip(3).collect::<Vec<_>>(), START);
    done.persisted.extend(rest.persisted);
    assert_eq!((done.persisted, done.closed + rest.closed, numbers(&machine)), (vec![], 0, vec![]));
    assert_eq!(
        bring(&mut machine, LinkId(1), &[&good], START).persisted.len(),
        1,
        "the good one is taken all the same"
    );
}

/// After what is no record nothing more of them is taken on that link; the case goes on.
#[test]
fn altered_records_harm_nothing() {
    let setting = setting(1);
    let good = setting.supplier.whereabouts(0, 5, START, &["/ip4/192.0.2.1/tcp/4001"]);
    let mut rng = Rng::new(3);
    for _ in 0..400 {
        let mut machine = setting.met(2);
        let mut bytes = good.bytes().to_vec();
        let at = rng.below(bytes.len());
        bytes[at] ^= u8::try_from(1 + rng.below(255)).expect("a byte");
        machine.handle_frame(LinkId(1), &Frame::Addresses { records: vec![bytes] }.encode(), START);
        let done = sent(&mut machine);
        assert_eq!((done.persisted, done.closed, numbers(&machine)), (vec![], 0, vec![]));
        let after = bring(&mut machine, LinkId(1), &[&good], START);
        // Where another party, device or grant stands now, it is not looked at at all.
        assert_eq!(after.persisted.is_empty(), done.refused == 1);
    }
    // The frame around it.
    let frame = Frame::Addresses { records: vec![good.bytes().to_vec()] }.encode();
    for _ in 0..400 {
        let mut machine = setting.met(2);
        let mut bytes = frame.clone();
        let at = rng.below(bytes.len());
        bytes[at] ^= u8::try_from(1 + rng.below(255)).expect("a byte");
        machine.handle_frame(LinkId(1), &bytes, START);
        let persisted = sent(&mut machine).persisted;
        assert!(persisted.iter().all(|thing| !matches!(thing, Persist::Addresses { .. })), "{persisted:?}");
    }
}

/// A device that moves without end is heard now and then only; in memory there is one record of it.
#[test]
fn a_flood_costs_little() {
    let setting = setting(1);
    let mut machine = setting.met(2);
    let third = PeerDevice { version: 2, ..setting.peer(2) };
    connect(&mut machine, LinkId(2), third);
    let (mut persisted, mut passed) = (0, 0);
    let mut now = START;
    for number in 1..=5_000 {
        now += 1;
        let record = setting.supplier.whereabouts(0, number, now, &["/a"]);
        let done = bring(&mut machine, LinkId(1), &[&record], now);
        persisted += done.persisted.len();
        passed += done.frames.iter().filter(|(_, frame)| matches!(frame, Frame::Addresses { .. })).count();
    }
    // In five seconds, 256 and one each two seconds.
    assert_eq!((persisted, numbers(&machine).len()), (258, 1));
    // Both links are to the device itself, which is told nothing of itself.
    assert_eq!(passed, 0);
    // A new stream of the same device does not begin anew.
    machine.disconnected(LinkId(1), now);
    connect(&mut machine, LinkId(3), setting.peer(2));
    let record = setting.supplier.whereabouts(0, 6_000, now, &["/a"]);
    assert!(bring(&mut machine, LinkId(3), &[&record], now).persisted.is_empty());
    let later = bring(&mut machine, LinkId(3), &[&record], now + 60_000);
    assert_eq!(later.persisted.len(), 1, "after a while it is heard again");
}

/// A party with very many devices keeps the newest, and takes no room of others.
#[test]
fn many_devices_are_kept_within_bounds() {
    let setting = setting(70);
    let mut machine = setting.met(2);
    let records: Vec<SignedWhereabouts> = (0..70)
        .map(|device| setting.supplier.whereabouts(device, 1, START + i64::try_from(device).expect("few"), &["/a"]))
        .collect();
    for chunk in records.chunks(20).rev() {
        bring(&mut machine, LinkId(1), &chunk.iter().collect::<Vec<_>>(), START);
    }
    let kept: BTreeSet<DeviceKey> = machine.whereabouts().map(|signed| signed.record().device).collect();
    let newest: BTreeSet<DeviceKey> = records[6..].iter().map(|signed| signed.record().device).collect();
    assert_eq!(kept, newest);
    let mine = setting.customer.whereabouts(0, 1, START, &["/b"]);
    machine.absorb(vec![Stored::Addresses(mine.bytes().to_vec())], START).expect("an own record");
    assert_eq!(machine.whereabouts().count(), 65);
}

/// Five parties with 64 devices each: there is room for 256, and each has a share.
#[test]
fn no_party_takes_the_room_of_others() {
    let parties: Vec<Party> = (1..=5).map(|n| Party::with_devices(n, 64)).collect();
    let case = case_between(&parties.iter().collect::<Vec<_>>());
    let mut machine = Machine::new(case.id, case.store.restore(), parties[0].author(0), Vec::new());
    for party in &parties {
        for device in 0..64 {
            let record = party.whereabouts(device, 1, START, &["/a"]);
            machine.absorb(vec![Stored::Addresses(record.bytes().to_vec())], START).expect("a good record");
        }
    }
    assert_eq!(machine.whereabouts().count(), 256);
    for party in &parties {
        let of = machine.whereabouts().filter(|signed| signed.record().party == party.id).count();
        assert!((51..=52).contains(&of), "{of} of one party");
    }
}

/// The first version of the exchange has no such frame; programs of the second pass over what they do not know.
#[test]
fn older_programs_are_not_troubled() {
    let setting = setting(1);
    let mine = setting.customer.whereabouts(0, 1, START, &["/b"]);
    let theirs = setting.supplier.whereabouts(0, 1, START, &["/a"]);
    for (version, told) in [(1, 0), (2, 1)] {
        let mut machine = setting.met(version);
        machine.absorb(vec![Stored::Addresses(mine.bytes().to_vec())], START).expect("an own record");
        let frames = sent(&mut machine).frames;
        let of_addresses = frames.iter().filter(|(_, frame)| matches!(frame, Frame::Addresses { .. }));
        assert_eq!(of_addresses.count(), told, "version {version}");
        let done = bring(&mut machine, LinkId(1), &[&theirs], START);
        assert_eq!((done.persisted.len(), done.closed), (told, 1 - told), "version {version}");
    }
    // As one of the second version that does not know this frame does with it.
    let mut machine = setting.met(2);
    machine.handle_frame(LinkId(1), &[0x82, 0x18, 0x1e, 0x80], START);
    assert_eq!(sent(&mut machine).closed, 0);
}

/// Whoever lost its place is told what others hold of it, and only then.
#[test]
fn a_device_is_told_of_itself_only_where_it_fell_behind() {
    let setting = setting(1);
    let mut machine = setting.met(2);
    let newest = setting.supplier.whereabouts(0, 9, START, &["/a"]);
    bring(&mut machine, LinkId(1), &[&newest], START);
    machine.disconnected(LinkId(1), START);
    machine.connected(LinkId(2), setting.peer(2), START);
    machine.handle_frame(LinkId(2), &Frame::Tips(Tips::default()).encode(), START);
    let records = |done: &Done| {
        let of = |(_, frame): &(LinkId, Frame)| match frame {
            Frame::Addresses { records } => records.clone(),
            _ => Vec::new(),
        };
        done.frames.iter().flat_map(of).collect::<Vec<_>>()
    };
    assert_eq!(records(&sent(&mut machine)), Vec::<Vec<u8>>::new());
    let behind = setting.supplier.whereabouts(0, 2, START, &["/a"]);
    let done = bring(&mut machine, LinkId(2), &[&behind], START);
    assert_eq!((records(&done), done.persisted), (vec![newest.bytes().to_vec()], vec![]));
}

/// One who is only trusted so far gets no addresses; nor does one who left.
#[test]
fn only_members_are_told() {
    let setting = setting(1);
    let stranger = Party::new(50);
    let mut store = setting.case.store.clone();
    store.key_events.extend(stranger.events.iter().cloned());
    let mut machine = Machine::new(setting.case.id, store.restore(), setting.customer.author(0), vec![stranger.id]);
    let mine = setting.customer.whereabouts(0, 1, START, &["/b"]);
    machine.absorb(vec![Stored::Addresses(mine.bytes().to_vec())], START).expect("an own record");
    let author = stranger.author(0);
    let peer = PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 2 };
    machine.connected(LinkId(1), peer, START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    let frames = sent(&mut machine).frames;
    assert!(frames.iter().all(|(_, frame)| matches!(frame, Frame::Tips(_))), "{frames:?}");
}
