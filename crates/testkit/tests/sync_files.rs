//! Attached files between copies: fetched by whoever lacks them, resumed, checked.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Contact},
    attachment::{FileRef, MAX_FILE},
    id::EntryId,
    sync::{
        CloseReason, LinkId, Machine, Notice, Output, PeerDevice,
        frame::{Frame, MAX_CHUNK, Tips},
    },
    value::Sealable,
};
use counterpart_testkit::{
    case::{Case, START, case_between},
    network::{Network, Trouble},
    node::{Node, Store},
    party::Party,
    rng::Rng,
};

const MOST: usize = 400_000;
/// What this version asks for at once, and how many such parts it lets be under way.
const PART: u32 = 64 * 1024;
const CHUNK: usize = PART as usize;
const WINDOW: usize = 4;

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn bytes(rng: &mut Rng, size: usize) -> Vec<u8> {
    (0..size.div_ceil(32)).flat_map(|_| rng.bytes::<32>()).take(size).collect()
}

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

/// Of two receipts for the same, the later is kept only where less is lacking: nobody can send them without end.
#[test]
fn receipts_for_the_same_are_kept_only_while_less_is_lacking() {
    let setting = Setting::new();
    let (mut machine, link) = setting.met();
    let author = setting.supplier.author(0);
    let heads = setting.case.record.graph().heads();
    let lacking = |n: u8| (0..n).map(|n| EntryId([n; 32])).collect::<Vec<_>>();
    let mut kept = Vec::new();
    for (number, lacking) in (1..).zip([lacking(2), lacking(3), lacking(1), lacking(2), Vec::new(), lacking(1)]) {
        let receipt = counterpart_core::receipt::Receipt {
            case: setting.case.id,
            party: author.party,
            device: author.device,
            last_seq: 1,
            number,
            previous: None,
            heads: heads.clone(),
            keys: Vec::new(),
            lacking,
            at: START,
        };
        let signed = receipt.sign(&setting.supplier.devices[0].key);
        let frame = Frame::Receipts { number, receipts: vec![signed.bytes().to_vec()] };
        machine.handle_frame(link, &frame.encode(), START);
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        kept.extend(out.iter().any(|o| matches!(o, Output::Notify(Notice::Receipt { .. }))).then_some(number));
    }
    assert_eq!(kept, [1, 3, 5]);
}

/// A machine of the customer's that lacks two files the record names, and a link to the supplier.
struct Setting {
    customer: Party,
    supplier: Party,
    case: Case,
    first: Vec<u8>,
    second: Vec<u8>,
}

impl Setting {
    fn new() -> Self {
        let (customer, supplier) = (Party::new(1), Party::new(2));
        let mut case = case_between(&[&customer, &supplier]);
        let mut rng = Rng::new(8);
        let (first, second) = (bytes(&mut rng, 6 * CHUNK + 9), bytes(&mut rng, 500));
        for file in [&first, &second] {
            let file = FileRef::of(file);
            let size = i64::try_from(file.size).expect("small");
            let act = Act::Attach { sha256: file.sha256, size, name: open("x"), media: None, about: None };
            let draft = case.record.draft(&supplier.author(0), &act, START + 90_000, &mut || rng.bytes());
            let signed = case.record.seal_and_sign(draft.expect("a draft"), &supplier.devices[0].key).expect("signed");
            case.store.entries.push((signed.id, signed.bytes));
        }
        Self { customer, supplier, case, first, second }
    }

    fn machine(&self) -> Machine {
        Machine::new(self.case.id, self.case.store.restore(), self.customer.author(0), Vec::new())
    }

    fn peer(&self) -> PeerDevice {
        let author = self.supplier.author(0);
        PeerDevice { party: author.party, device: author.device, grant: author.grant, version: 1 }
    }

    fn meet(&self, machine: &mut Machine, link: LinkId) -> Vec<Output> {
        machine.connected(link, self.peer(), START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        self.drain(machine).0
    }

    fn met(&self) -> (Machine, LinkId) {
        let mut machine = self.machine();
        self.meet(&mut machine, LinkId(1));
        (machine, LinkId(1))
    }

    #[expect(clippy::unused_self, reason = "reads better beside the others")]
    fn drain(&self, machine: &mut Machine) -> (Vec<Output>, Vec<CloseReason>) {
        let (mut out, mut closed) = (Vec::new(), Vec::new());
        while let Some(output) = machine.poll_output() {
            match output {
                Output::Close { reason, .. } => closed.push(reason),
                other => out.push(other),
            }
        }
        (out, closed)
    }
}

fn asks(out: &[Output]) -> Vec<(FileRef, u64, u32)> {
    let ask = |output: &Output| match output {
        Output::Send { frame, .. } => match Frame::decode(frame) {
            Ok(Frame::WantChunk { file, offset, length }) => Some((file, offset, length)),
            _ => None,
        },
        _ => None,
    };
    out.iter().filter_map(ask).collect()
}

fn chunk(file: &[u8], offset: u64, length: u32) -> Frame {
    let from = usize::try_from(offset).expect("small");
    let bytes = file[from..from + length as usize].to_vec();
    Frame::Chunk { sha256: FileRef::of(file).sha256, offset, bytes }
}

#[test]
fn what_was_not_asked_for_ends_the_link_by_name() {
    let setting = Setting::new();
    let whole = FileRef::of(&setting.first);
    let cases: Vec<(&str, Vec<Frame>, &str)> = vec![
        ("the second part first", vec![chunk(&setting.first, CHUNK as u64, PART)], "not asked for"),
        ("too short", vec![chunk(&setting.first, 0, 10)], "not asked for"),
        ("too long", vec![chunk(&setting.first, 0, 2 * PART)], "not asked for"),
        ("another file", vec![chunk(&[1, 2, 3], 0, 3)], "not asked for"),
        ("a part twice", vec![chunk(&setting.first, 0, PART), chunk(&setting.first, 0, PART)], "not asked for"),
        ("a denial of what was not asked", vec![Frame::NotHeld { file: FileRef::of(&[1]) }], "no question"),
    ];
    for (what, frames, word) in cases {
        let mut machine = setting.machine();
        let out = setting.meet(&mut machine, LinkId(1));
        // The smaller hash is asked for first; make it the long one's turn.
        let first = asks(&out)[0].0;
        if first != whole {
            machine.handle_frame(LinkId(1), &Frame::NotHeld { file: first }.encode(), START);
        }
        let mut told = Vec::new();
        for frame in frames {
            machine.handle_frame(LinkId(1), &frame.encode(), START);
            let (out, closed) = setting.drain(&mut machine);
            told.extend(closed);
            let writes = out.iter().filter(|o| matches!(o, Output::WriteChunk { .. })).count();
            assert!(writes <= 1, "{what}");
        }
        let [CloseReason::OutOfPlace(why)] = &told[..] else { unreachable!("{what}: {told:?}") };
        assert!(why.contains(word), "{what}: {why}");
    }
    // Too large for any frame, or of nothing: no frame at all.
    for frame in [
        Frame::Chunk { sha256: whole.sha256, offset: 0, bytes: vec![0; MAX_CHUNK as usize + 1] },
        Frame::Chunk { sha256: whole.sha256, offset: 0, bytes: Vec::new() },
        Frame::WantChunk { file: whole, offset: whole.size, length: 1 },
        Frame::WantChunk { file: whole, offset: 0, length: MAX_CHUNK + 1 },
    ] {
        let (mut machine, link) = setting.met();
        machine.handle_frame(link, &frame.encode(), START);
        assert!(matches!(setting.drain(&mut machine).1[..], [CloseReason::Malformed(_)]));
    }
}

/// Plays the peer that answers every ask with what `give` makes of the right bytes; gives how the link ended.
fn answer_all(
    setting: &Setting,
    machine: &mut Machine,
    link: LinkId,
    mut give: impl FnMut(Vec<u8>) -> Vec<u8>,
) -> Told {
    let mut store = Store::default();
    let mut told = Told::default();
    let mut out = Vec::new();
    loop {
        let (more, closed) = setting.drain(machine);
        told.closed.extend(closed);
        for output in &more {
            match output {
                Output::WriteChunk { file, offset, bytes } => store.write_chunk(*file, *offset, bytes),
                Output::CheckFile { file } => {
                    let sound = store.check_file(*file);
                    machine.file_checked(*file, sound, START);
                }
                Output::Notify(notice) => told.notices.push(notice.clone()),
                _ => {}
            }
        }
        out.extend(asks(&more));
        if out.is_empty() {
            let (last, closed) = setting.drain(machine);
            if last.is_empty() && closed.is_empty() {
                break;
            }
            told.closed.extend(closed);
            told.notices.extend(last.iter().filter_map(|o| match o {
                Output::Notify(notice) => Some(notice.clone()),
                _ => None,
            }));
            out.extend(asks(&last));
            continue;
        }
        let (file, offset, length) = out.remove(0);
        told.asked.push(file);
        let source = if file == FileRef::of(&setting.first) { &setting.first } else { &setting.second };
        let from = usize::try_from(offset).expect("small");
        let bytes = give(source[from..from + length as usize].to_vec());
        let frame = Frame::Chunk { sha256: file.sha256, offset, bytes };
        machine.handle_frame(link, &frame.encode(), START);
    }
    told.held = store.files.keys().copied().collect();
    told.parts = store.parts.len();
    told
}

#[derive(Debug, Default)]
struct Told {
    closed: Vec<CloseReason>,
    notices: Vec<Notice>,
    asked: Vec<FileRef>,
    held: Vec<FileRef>,
    parts: usize,
}

#[test]
fn wrong_bytes_are_refused_forgotten_and_not_asked_for_again() {
    let setting = Setting::new();
    let wrong = FileRef::of(&setting.first);
    let mut machine = setting.machine();
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    // One byte of the long file differs.
    let mut altered = false;
    let told = answer_all(&setting, &mut machine, LinkId(1), |mut bytes| {
        if bytes.len() == CHUNK && !altered {
            bytes[77] ^= 1;
            altered = true;
        }
        bytes
    });
    assert!(
        matches!(&told.closed[..], [CloseReason::Refused(why)] if why.contains("not those of the file")),
        "{told:?}"
    );
    let device = setting.peer().device;
    assert!(told.notices.contains(&Notice::WrongFile { file: wrong, device }));
    assert!(!told.held.contains(&wrong) && told.parts == 0, "nothing of it is kept: {told:?}");
    assert!(!machine.record().holds_file(&wrong));
    // On the next connection that device is asked for the other file only; a machine made anew is told.
    for anew in [false, true] {
        if anew {
            machine = setting.machine();
            machine.distrust(device, wrong);
        }
        let link = LinkId(if anew { 3 } else { 2 });
        machine.connected(link, setting.peer(), START);
        machine.handle_frame(link, &Frame::Tips(Tips::default()).encode(), START);
        let told = answer_all(&setting, &mut machine, link, |bytes| bytes);
        assert!(told.closed.is_empty() && !told.asked.contains(&wrong), "{told:?}");
        assert!(machine.record().holds_file(&FileRef::of(&setting.second)));
        machine.disconnected(link, START);
    }
    // Another device of theirs, honest, gives it.
    let mut machine = setting.machine();
    machine.distrust(counterpart_core::id::DeviceKey([9; 32]), wrong);
    machine.connected(LinkId(4), setting.peer(), START);
    machine.handle_frame(LinkId(4), &Frame::Tips(Tips::default()).encode(), START);
    let told = answer_all(&setting, &mut machine, LinkId(4), |bytes| bytes);
    assert_eq!(told.held.len(), 2, "{told:?}");
    assert!(setting.drain(&mut machine).1.is_empty());
}

/// Nothing else need happen for that: the other link may be quiet.
#[test]
fn what_a_lost_link_was_asked_for_the_other_is_asked_for_at_once() {
    let setting = Setting::new();
    let mut machine = setting.machine();
    let asked = asks(&setting.meet(&mut machine, LinkId(1)));
    let elsewhere = asks(&setting.meet(&mut machine, LinkId(2)));
    assert!(!asked.is_empty() && asked.iter().all(|ask| !elsewhere.contains(ask)), "{asked:?} {elsewhere:?}");
    machine.disconnected(LinkId(1), START);
    let again = asks(&setting.drain(&mut machine).0);
    assert!(!again.is_empty() && again.iter().all(|ask| asked.contains(ask)), "{asked:?} {again:?}");
}

/// A part kept from before may be wrong: whoever sends the rest is not to blame.
#[test]
fn who_resumes_a_wrong_beginning_is_not_blamed() {
    let setting = Setting::new();
    let file = FileRef::of(&setting.first);
    let mut machine = setting.machine();
    machine.parts_found(&[(file, 2 * CHUNK as u64)]);
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    // The simulated store is told the same wrong beginning by zeros.
    let mut first = true;
    let mut parts = 0;
    loop {
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        if out.is_empty() {
            break;
        }
        for output in &out {
            if let Output::CheckFile { file: whole } = output {
                // Unsound the first time.
                let sound = *whole != file || !std::mem::take(&mut first);
                machine.file_checked(*whole, sound, START);
            }
        }
        for (asked, offset, length) in asks(&out) {
            parts += usize::from(asked == file);
            let source = if asked == file { &setting.first } else { &setting.second };
            machine.handle_frame(LinkId(1), &chunk(source, offset, length).encode(), START);
        }
    }
    assert!(machine.record().holds_file(&file));
    assert_eq!(parts, 5 + 7, "the rest, then all of it from the beginning");
}

#[test]
fn a_peer_gets_only_what_the_record_names_and_no_more_at_once_than_it_takes_in() {
    let setting = Setting::new();
    let mut store = setting.case.store.clone();
    let (named, other) = (FileRef::of(&setting.first), FileRef::of(b"of another case"));
    store.files.insert(named, setting.first.clone());
    store.files.insert(other, b"of another case".to_vec());
    let machine = || {
        let mut machine = Machine::new(setting.case.id, store.restore(), setting.customer.author(0), Vec::new());
        setting.meet(&mut machine, LinkId(1));
        machine
    };
    let mut served = machine();
    for (file, length, given) in [
        (named, PART, true),
        (other, 15, false),
        // A lie about the size names another file.
        (FileRef { size: named.size + 1, ..named }, 10, false),
    ] {
        served.handle_frame(LinkId(1), &Frame::WantChunk { file, offset: 0, length }.encode(), START);
        let (out, _) = setting.drain(&mut served);
        let answers: Vec<bool> = out
            .iter()
            .filter_map(|o| match o {
                Output::Answer { part, .. } => Some(part.is_some()),
                _ => None,
            })
            .collect();
        assert_eq!(answers, [given]);
        served.answered(LinkId(1));
    }
    // One who asks and takes nothing in.
    let mut flooded = machine();
    let mut answers = 0;
    let mut ended = Vec::new();
    for _ in 0..1000 {
        let ask = Frame::WantChunk { file: named, offset: 0, length: PART };
        flooded.handle_frame(LinkId(1), &ask.encode(), START);
        let (out, closed) = setting.drain(&mut flooded);
        answers += out.iter().filter(|o| matches!(o, Output::Answer { .. })).count();
        ended.extend(closed);
    }
    assert!(answers <= 16, "{answers} parts under way at once");
    assert!(matches!(ended[..], [CloseReason::OutOfPlace(why)] if why.contains("more parts of files")), "{ended:?}");
}

#[test]
fn files_too_large_are_listed_and_not_asked_for() {
    let setting = Setting::new();
    let mut case = case_between(&[&setting.customer, &setting.supplier]);
    let mut rng = Rng::new(3);
    let mut named = Vec::new();
    let max = i64::try_from(MAX_FILE).expect("fits");
    // One beyond the limit for a file, then five at the limit: four fill what a party may have.
    for size in [max + 1, max, max, max, max, max, 5] {
        let act = Act::Attach { sha256: rng.bytes(), size, name: open("x"), media: None, about: None };
        let draft = case.record.draft(&setting.supplier.author(0), &act, START + 90_000, &mut || rng.bytes());
        let key = &setting.supplier.devices[0].key;
        let signed = case.record.seal_and_sign(draft.expect("a draft"), key).expect("signed");
        case.store.entries.push((signed.id, signed.bytes));
        named.push(signed.id);
    }
    let mut machine = Machine::new(case.id, case.store.restore(), setting.customer.author(0), Vec::new());
    machine.connected(LinkId(1), setting.peer(), START);
    machine.handle_frame(LinkId(1), &Frame::Tips(Tips::default()).encode(), START);
    let mut asked = BTreeSet::new();
    loop {
        let (out, closed) = setting.drain(&mut machine);
        assert_eq!(closed, []);
        let wanted = asks(&out);
        if wanted.is_empty() {
            break;
        }
        for (file, ..) in wanted {
            asked.insert(file);
            machine.handle_frame(LinkId(1), &Frame::NotHeld { file }.encode(), START);
        }
    }
    assert_eq!(asked.len(), 4, "four at the limit, and nothing beyond: {asked:?}");
    assert_eq!(machine.record().lacking(&setting.customer.id).len(), named.len(), "what waits is told");
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
