//! Whatever a peer sends, the machine neither panics nor changes its record nor hoards.

use counterpart_core::{
    cbor,
    envelope::public_half,
    id::{ChangeId, EntryId},
    record::Record,
    statement::{Entry, Statement},
    sync::{
        CloseReason, LinkId, Machine, Notice, Output, PeerDevice,
        frame::{Frame, MAX_FRAME, Tips},
    },
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    history::random_draft,
    node::{Store, digest},
    party::Party,
    rng::Rng,
};
use ed25519_dalek::SigningKey;

struct Setting {
    customer: Party,
    supplier: Party,
    case: Case,
}

/// A case with some history, sealed values and receipts among it.
fn setting() -> Setting {
    let (customer, supplier) = (Party::new(1), Party::new(2));
    let mut case = case_between(&[&customer, &supplier]);
    let mut rng = Rng::new(5);
    for n in 0..60 {
        let at = START + 100_000 + n;
        let party = if n % 2 == 0 { &customer } else { &supplier };
        let draft = random_draft(&mut rng, &case.record, &party.author(0), at).expect("one may always note");
        let signed = case.record.seal_and_sign(draft, &party.devices[0].key).expect("a good draft");
        case.store.entries.push((signed.id, signed.bytes));
        for value in &signed.values {
            let path = counterpart_core::seal::path_to_value(&value.path).encode();
            case.store.values.insert((value.entry, path), value.encode());
        }
        let receiver = &customer.devices[0].key;
        if let Some(receipt) = case.record.receipt_due(&customer.author(0), at + n * 10_000) {
            let signed = receipt.sign(receiver);
            case.store.receipts.push(signed.bytes().to_vec());
            case.record.apply_receipt(signed).expect("a good receipt");
        }
    }
    assert!(case.store.values.len() > 2 && case.store.receipts.len() > 2);
    Setting { customer, supplier, case }
}

impl Setting {
    fn machine(&self, store: &Store) -> Machine {
        Machine::new(self.case.id, store.restore(), self.customer.author(0), vec![self.supplier.id])
    }

    fn peer(&self) -> PeerDevice {
        let author = self.supplier.author(0);
        PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 1 }
    }

    /// A machine and a link over which tips were exchanged.
    fn met(&self, store: &Store) -> (Machine, LinkId) {
        let mut machine = self.machine(store);
        let link = LinkId(1);
        machine.connected(link, self.peer(), START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        (machine, link)
    }

    /// Every frame a copy sends to one that holds nothing.
    fn session(&self) -> Vec<Vec<u8>> {
        let (mut machine, link) = self.met(&self.case.store);
        let mut frames = vec![Frame::Tips(Tips::default()).encode()];
        let mut acked = 0;
        while let Some(output) = machine.poll_output() {
            let Output::Send { frame, .. } = output else { continue };
            if let Ok(
                Frame::KeyEvents { number, .. }
                | Frame::Entries { number, .. }
                | Frame::Values { number, .. }
                | Frame::Receipts { number, .. },
            ) = Frame::decode(&frame)
            {
                acked = number;
                machine.handle_frame(link, &Frame::Stored { number }.encode(), START);
            }
            frames.push(frame);
        }
        assert!(acked >= 4, "all four sorts of content were sent");
        frames
    }
}

/// All there is to a record, for comparison.
fn state(record: &Record) -> (String, usize, usize, usize, usize) {
    let parties = record.logs().parties().map(|p| record.logs().of_party(&p).count()).sum();
    let lacking = record.graph().all().filter(|ix| !record.lacking_values(*ix).is_empty()).count();
    (digest(record), record.graph().len(), parties, lacking, record.receipts().len())
}

/// Drains the queue; gives why links were closed and what was told.
fn drain(machine: &mut Machine) -> (Vec<CloseReason>, Vec<Notice>) {
    let (mut closed, mut told) = (Vec::new(), Vec::new());
    while let Some(output) = machine.poll_output() {
        match output {
            Output::Close { reason, .. } => closed.push(reason),
            Output::Notify(notice) => told.push(notice),
            _ => {}
        }
    }
    (closed, told)
}

fn altered(rng: &mut Rng, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.pick(frames).expect("some frames").clone();
    for _ in 0..=rng.below(4) {
        let at = rng.below(bytes.len().max(1));
        match rng.below(6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at.min(bytes.len()), rng.bytes::<1>()[0]),
            2 => {
                let other = rng.pick(frames).expect("some frames");
                let from = rng.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            // A lying length in front.
            3 if bytes.len() > 3 => bytes[..3].copy_from_slice(&[0x9b, 0xff, 0xff]),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << rng.below(8);
                }
            }
        }
    }
    bytes.truncate(MAX_FRAME + 1);
    bytes
}

#[test]
fn altered_frames_change_nothing() {
    let setting = setting();
    let frames = setting.session();
    let mut machine = setting.machine(&setting.case.store);
    drain(&mut machine);
    let before = state(machine.record());
    let mut rng = Rng::new(11);
    let mut ended = 0;
    for n in 0..3_000 {
        let link = LinkId(n);
        machine.connected(link, setting.peer(), START);
        machine.handle_frame(link, &frames[0], START);
        let frame = if rng.one_in(8) {
            (0..rng.below(200)).map(|_| rng.bytes::<1>()[0]).collect()
        } else {
            altered(&mut rng, &frames)
        };
        machine.handle_frame(link, &frame, START);
        ended += drain(&mut machine).0.len();
        machine.disconnected(link, START);
        if n % 500 == 0 {
            assert!(state(machine.record()) == before, "changed by then: {n}");
        }
    }
    assert!(state(machine.record()) == before, "an altered frame changed the record");
    assert!(ended > 1_500, "most altered frames end the link: {ended}");
}

#[test]
fn frames_out_of_place_end_the_link() {
    let setting = setting();
    let content = Frame::Entries { number: 1, entries: Vec::new() };
    let own = setting.customer.author(0).device;
    let cases: Vec<Vec<Frame>> = vec![
        vec![content.clone()],
        vec![Frame::Tips(Tips::default()), Frame::Tips(Tips::default())],
        vec![Frame::Tips(Tips::default()), Frame::Entries { number: 2, entries: Vec::new() }],
        vec![Frame::Tips(Tips::default()), content.clone(), content],
        vec![Frame::Tips(Tips::default()), Frame::Stored { number: 40 }],
        vec![Frame::Tips(Tips::default()), Frame::ProbeReply { device: own, found: Vec::new() }],
        vec![Frame::Tips(Tips::default()), Frame::Ready],
    ];
    for frames in cases {
        let mut machine = setting.machine(&setting.case.store);
        machine.connected(LinkId(1), setting.peer(), START);
        for frame in &frames {
            machine.handle_frame(LinkId(1), &frame.encode(), START);
        }
        let (closed, _) = drain(&mut machine);
        assert!(matches!(closed[..], [CloseReason::OutOfPlace(_)]), "{frames:?}: {closed:?}");
        assert_eq!(machine.peer_status(), []);
    }
}

/// A statement of the supplier's device, good but for what the test does to it.
fn statement(setting: &Setting, deps: Vec<EntryId>, kind: &str) -> Statement {
    let author = setting.supplier.author(0);
    let graph = setting.case.record.graph();
    let tip = graph.tips_of(&author.device)[0];
    Statement {
        case: Some(setting.case.id),
        party: author.party,
        device: author.device,
        seq: graph.statement(tip).seq + 1,
        prev: Some(graph.id(tip)),
        deps,
        keys: Vec::new(),
        grant: author.grant,
        at: START,
        kind: kind.to_owned(),
        body: cbor::map([("text", "junk".into())]),
    }
}

fn signed(statement: &Statement, key: &SigningKey) -> Vec<u8> {
    assert_eq!(public_half(key), statement.device);
    Entry::sign(statement, ChangeId([0; 32]), key).bytes().to_vec()
}

#[test]
fn ten_thousand_loose_statements_are_held_within_bounds() {
    let setting = setting();
    let (mut machine, link) = setting.met(&setting.case.store);
    drain(&mut machine);
    let before = state(machine.record());
    let key = &setting.supplier.devices[0].key;
    let mut told = Vec::new();
    let mut most = 0;
    for number in 1..=100_u32 {
        let junk = |n: u32| {
            let mut id = [7; 32];
            id[..8].copy_from_slice(&u64::from(number * 1000 + n).to_be_bytes());
            signed(&statement(&setting, vec![EntryId(id)], "note"), key)
        };
        let frame = Frame::Entries { number, entries: (0..100).map(junk).collect() };
        machine.handle_frame(link, &frame.encode(), START);
        most = most.max(machine.peer_status().first().map_or(0, |s| s.waiting));
        let (closed, notices) = drain(&mut machine);
        told.extend(notices);
        if !closed.is_empty() {
            assert_eq!(closed, [CloseReason::Held]);
            break;
        }
    }
    assert!((900..=1024).contains(&most), "{most} waited");
    assert!(told.contains(&Notice::Held { from: setting.peer() }));
    assert_eq!(machine.peer_status(), [], "what waited went with the link");
    assert!(state(machine.record()) == before);
}

#[test]
fn what_the_gate_refuses_ends_the_link_by_name() {
    let setting = setting();
    let (supplier, stranger) = (&setting.supplier.devices[0].key, SigningKey::from_bytes(&[77; 32]));
    let heads = setting.case.record.graph().heads();
    let unknown = statement(&setting, heads.clone(), "no-such-kind");
    let wrong_change = statement(&setting, heads.clone(), "note");
    let mut not_theirs = statement(&setting, heads, "note");
    not_theirs.device = public_half(&stranger);
    not_theirs.seq = 1;
    not_theirs.prev = None;
    let mut other_case = wrong_change.clone();
    other_case.case = Some(counterpart_core::id::CaseId([1; 32]));
    let mut forged = signed(&wrong_change, supplier);
    let last = forged.len() - 40;
    forged[last] ^= 1;
    for (bytes, word) in [
        (signed(&unknown, supplier), "format level"),
        (signed(&wrong_change, supplier), "Automerge"),
        (signed(&not_theirs, &stranger), "log"),
        (signed(&other_case, supplier), "another case"),
        (forged, "signature"),
        (vec![1, 2, 3], "cannot be read"),
    ] {
        let (mut machine, link) = setting.met(&setting.case.store);
        let before = state(machine.record());
        drain(&mut machine);
        machine.handle_frame(link, &Frame::Entries { number: 1, entries: vec![bytes; 3] }.encode(), START);
        let (closed, told) = drain(&mut machine);
        let [Notice::Refused { refusal, from, .. }] = &told[..] else { unreachable!("one refusal, not {told:?}") };
        assert!(refusal.contains(word) || format!("{closed:?}").contains(word), "{word}: {refusal}");
        assert_eq!((*from, closed.len()), (setting.peer(), 1));
        assert!(state(machine.record()) == before);
    }
}

#[test]
fn a_deaf_peer_is_sent_no_more_than_a_window() {
    let setting = setting();
    let mut store = setting.case.store.clone();
    let mut record = store.restore();
    for n in 0..2_000 {
        let act = counterpart_core::act::Act::Note {
            text: counterpart_core::value::Sealable::Open(format!("note {n}")),
            about: None,
        };
        let author = setting.customer.author(0);
        let draft = record.draft(&author, &act, START + n, &mut || [0; 32]).expect("a note");
        let signed = record.seal_and_sign(draft, &setting.customer.devices[0].key).expect("a good draft");
        store.entries.push((signed.id, signed.bytes));
    }
    let (mut machine, link) = setting.met(&store);
    for n in 0..1_000_u32 {
        let wanted = store.entries.iter().skip(n as usize).take(256).map(|(id, _)| *id).collect();
        machine.handle_frame(link, &Frame::Want { entries: wanted }.encode(), START);
    }
    let mut bytes = 0;
    while let Some(output) = machine.poll_output() {
        if let Output::Send { frame, .. } = output {
            bytes += frame.len();
        }
    }
    assert!(bytes < 4 * 400 * 1024, "{bytes} bytes for one who stores nothing");
    assert_eq!(machine.peer_status()[0].unstored, 4);
}
