//! Lines that take only so much before they break: what is sent over them is small, and each brings something.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    sync::{
        LinkId, Machine, Output, PeerDevice, Stored,
        frame::{Frame, Tips},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    network::Network,
    node::{Node, Store},
    party::Party,
};

const MOST: usize = 200_000;
const NARROW: usize = 32 * 1024;

fn note(text: String) -> Act {
    Act::Note { text: Sealable::Open(text), about: None }
}

/// A case whose opener noted this.
fn case_with(opener: &Party, other: &Party, notes: impl Iterator<Item = String>) -> Case {
    let mut case = case_between(&[opener, other]);
    for (n, text) in notes.enumerate() {
        let at = START + 1_000_000 + i64::try_from(n).expect("few");
        let draft = case.record.draft(&opener.author(0), &note(text), at, &mut || [0; 32]).expect("a note");
        let signed = case.record.seal_and_sign(draft, &opener.devices[0].key).expect("a good draft");
        case.store.entries.push((signed.id, signed.bytes));
    }
    case
}

fn holding_nothing(party: &Party) -> Store {
    Store { key_events: party.events.clone(), ..Store::default() }
}

/// A relay of 128 KiB a connection: a long case, a file and addresses come over it, each stream some of it.
#[test]
fn a_relay_that_breaks_each_time_lets_all_through() {
    let parties = [Party::new(1), Party::new(2)];
    let notes = (0..1_500).map(|n| format!("note {n} {}", "x".repeat(n % 900)));
    let case = case_with(&parties[0], &parties[1], notes);
    let mut net = Network::new(
        4,
        vec![
            Node::new(&parties[0], 0, case.id, &[], case.store.clone()),
            Node::new(&parties[1], 0, case.id, &[parties[0].id], holding_nothing(&parties[1])),
        ],
    );
    net.line = Some(128 * 1024);
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| u8::try_from(n % 251).expect("a byte")).collect();
    let (_, file) = net.attach(0, &bytes).expect("a file");
    net.move_to(0, 1, &["/ip4/192.0.2.1/tcp/4001"]);
    net.pair(0, 1);
    let mut held = 0;
    let mut steps = 0;
    while net.run(2_000) == 2_000 {
        steps += 1;
        let now = net.nodes[1].store.entries.len() + net.nodes[1].store.parts.values().map(Vec::len).sum::<usize>();
        assert!(now > held || net.nodes[1].store.files.contains_key(&file) || steps < 3, "it goes on");
        held = now;
        assert!(steps < 100, "it ends");
    }
    assert_eq!(net.nodes[0].machine.record().graph().heads(), net.nodes[1].machine.record().graph().heads());
    assert_eq!(net.nodes[1].store.files.get(&file), Some(&bytes));
    let device = parties[0].author(0).device;
    assert_eq!(net.nodes[1].addresses_of(&device), Some(vec!["/ip4/192.0.2.1/tcp/4001".to_owned()]));
    assert!(net.chunk_bytes < 4 * bytes.len(), "{} bytes sent of a file of {}", net.chunk_bytes, bytes.len());
    assert!(net.closed.is_empty(), "{:?}", net.closed);
}

/// Frames sent to one who stores all and holds nothing.
fn frames(machine: &mut Machine, link: LinkId) -> Vec<(Frame, usize)> {
    let mut frames = Vec::new();
    while let Some(output) = machine.poll_output() {
        let Output::Send { link: to, frame: bytes } = output else { continue };
        assert_eq!(to, link);
        let frame = Frame::decode(&bytes).expect("a machine sends frames");
        match frame {
            Frame::KeyEvents { number, .. }
            | Frame::Entries { number, .. }
            | Frame::Values { number, .. }
            | Frame::Receipts { number, .. } => {
                machine.handle_frame(link, &Frame::Stored { number }.encode(), START);
            }
            Frame::DraftEdits { number, .. } => {
                machine.handle_frame(link, &Frame::DraftStored { number }.encode(), START);
            }
            _ => {}
        }
        frames.push((frame, bytes.len()));
    }
    frames
}

fn things(frame: &Frame) -> usize {
    match frame {
        Frame::KeyEvents { events: things, .. }
        | Frame::Entries { entries: things, .. }
        | Frame::Values { values: things, .. }
        | Frame::Receipts { receipts: things, .. }
        | Frame::DraftEdits { edits: things, .. }
        | Frame::Addresses { records: things } => things.len(),
        _ => 0,
    }
}

#[test]
fn frames_on_a_narrow_link_are_small_and_bring_the_same() {
    let (customer, supplier) = (Party::with_devices(1, 120), Party::new(2));
    // Some entries nearly as large as the whole frame, most small.
    let notes =
        (0..300).map(|n| if n % 60 == 0 { "y".repeat(16_000) } else { format!("note {n} {}", "x".repeat(3 * n)) });
    let case = case_with(&customer, &supplier, notes);
    let author = supplier.author(0);
    let peer = PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 2 };
    let link = LinkId(1);
    let sent = |narrow: bool| {
        let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
        for device in 0..64 {
            let long: Vec<String> = (0..16).map(|n| format!("/{n}/{}", "a".repeat(390))).collect();
            let long: Vec<&str> = long.iter().map(String::as_str).collect();
            let record = customer.whereabouts(device, 1, START, &long);
            machine.absorb(vec![Stored::Addresses(record.bytes().to_vec())], START).expect("a good record");
        }
        machine.narrow(link, narrow);
        machine.connected(link, peer, START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        frames(&mut machine, link)
    };
    let (wide, narrow) = (sent(false), sent(true));
    let all = |frames: &[(Frame, usize)]| {
        let blobs = |(frame, _): &(Frame, usize)| match frame {
            Frame::KeyEvents { events: things, .. }
            | Frame::Entries { entries: things, .. }
            | Frame::Addresses { records: things } => things.clone(),
            _ => Vec::new(),
        };
        frames.iter().flat_map(blobs).collect::<BTreeSet<Vec<u8>>>()
    };
    assert_eq!(all(&wide), all(&narrow));
    assert!(wide.iter().any(|(_, bytes)| *bytes > 2 * NARROW));
    for (frame, bytes) in &narrow {
        assert!(*bytes <= NARROW || things(frame) == 1, "{bytes} bytes with {} things", things(frame));
    }
    let filled = narrow.iter().filter(|(_, bytes)| *bytes > NARROW / 2).count();
    assert!(filled > narrow.len() / 2, "{filled} of {} frames are at least half full", narrow.len());
}

#[test]
fn parts_of_files_asked_for_on_a_narrow_link_are_small() {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    let mut case = case_between(&[&customer, &supplier]);
    let file = FileRef::of(&[7; 300_000]);
    let name = Sealable::Open("photo.jpg".to_owned());
    let act = Act::Attach { sha256: file.sha256, size: 300_000, name, media: None, about: None };
    let draft = case.record.draft(&supplier.author(0), &act, START + 1_000_000, &mut || [0; 32]).expect("a file");
    let signed = case.record.seal_and_sign(draft, &supplier.devices[0].key).expect("a good draft");
    case.store.entries.push((signed.id, signed.bytes));
    let author = supplier.author(0);
    let peer = PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 2 };
    for (narrow, most) in [(true, NARROW), (false, 65_536)] {
        let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
        machine.narrow(LinkId(1), narrow);
        machine.connected(LinkId(1), peer, START);
        machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
        let asked: Vec<u32> = frames(&mut machine, LinkId(1))
            .into_iter()
            .filter_map(|(frame, _)| match frame {
                Frame::WantChunk { length, .. } => Some(length),
                _ => None,
            })
            .collect();
        assert_eq!(asked.len(), 4);
        for length in asked {
            let bytes = vec![1; usize::try_from(length).expect("small")];
            let chunk = Frame::Chunk { sha256: file.sha256, offset: file.size, bytes }.encode();
            assert!(length <= 65_536 && (!narrow || chunk.len() <= most), "{length}");
            assert!(length as usize > most / 2);
        }
    }
}

/// A case with very many devices: its tips are cut to what was touched last, and all comes all the same.
#[test]
fn tips_too_large_are_cut_and_nothing_is_lost() {
    let (customer, supplier) = (Party::with_devices(1, 500), Party::new(2));
    let mut case = case_between(&[&customer, &supplier]);
    for device in 0..500 {
        let at = START + 1_000_000 + i64::try_from(device).expect("few");
        let draft = case.record.draft(&customer.author(device), &note(format!("{device}")), at, &mut || [0; 32]);
        let signed = case.record.seal_and_sign(draft.expect("a note"), &customer.devices[device].key).expect("good");
        case.store.entries.push((signed.id, signed.bytes));
    }
    let mut net = Network::new(
        9,
        vec![
            Node::new(&customer, 0, case.id, &[], case.store.clone()),
            Node::new(&supplier, 0, case.id, &[], case.store.clone()),
        ],
    );
    net.line = Some(128 * 1024);
    let new = net.act(0, &note("new".to_owned())).expect("a note");
    net.pair(0, 1);
    net.run_until_quiet(MOST);
    assert!(net.nodes[1].machine.record().graph().find(&new).is_some());
    let author = supplier.author(0);
    let peer = PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 2 };
    for narrow in [false, true] {
        let mut machine = Machine::new(case.id, case.store.restore(), customer.author(0), Vec::new());
        machine.narrow(LinkId(1), narrow);
        machine.connected(LinkId(1), peer, START);
        let sent = frames(&mut machine, LinkId(1));
        let [(Frame::Tips(tips), bytes)] = &sent[..] else { unreachable!("tips come first: {sent:?}") };
        assert_eq!((tips.feeds.len(), *bytes <= NARROW), if narrow { (240, true) } else { (501, false) });
        let newest = case.store.entries.last().expect("some").0;
        assert!(tips.feeds.iter().any(|(.., id)| *id == newest), "the newest is named");
    }
}
