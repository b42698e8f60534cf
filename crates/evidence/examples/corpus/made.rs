//! A random history as one device would export it.

use counterpart_core::{
    act::{Act, Topic},
    exporter::ExporterWord,
    graph::Ix,
    id::{EntryId, ReceiptId},
    keylog::{self, EventSigner},
    receipt::{Receipt, SignedReceipt},
    record::Record,
    value::ItemValue,
};
use counterpart_evidence::{Attachments, Exporter, export};
use ed25519_dalek::SigningKey;

use crate::{
    members::sha256,
    random::{DEVICES, history},
    shown::work_for,
    world::*,
};

/// A bundle, and all that its parties could sign with.
pub(crate) struct Made {
    pub(crate) world: World,
    pub(crate) key: SigningKey,
    pub(crate) bundle: Vec<u8>,
}

impl Made {
    pub(crate) fn of(seed: u64, random: &mut Rng) -> Self {
        let mut world = world(seed, random);
        let files = attach(&mut world, random);
        let device = *random.pick(&DEVICES).expect("devices");
        if random.one_in(5) {
            fork_a_log(&mut world, device, random);
        }
        for _ in 0..random.below(4) {
            let from = *random.pick(&DEVICES).expect("devices");
            world.deliver(from, device);
        }
        // Who may not export leaves it to another.
        for device in [device, A1, B1, C1] {
            let mut record = withheld(&world, device, random);
            for _ in 0..random.below(9) {
                let receipt = receipt(&world, &record, random);
                // Of a device whose log is not here, or of entries that are not.
                drop(record.apply_receipt(receipt));
            }
            let Device { author, key, .. } = &world.devices[device];
            let (author, key) = (*author, key.clone());
            let sign = |word: &ExporterWord| word.sign(&key);
            let at = exported_at(&world, random);
            if let Ok(bundle) = export(&record, at, &Exporter { author, sign: &sign }, &files, &[]) {
                return Self { world, key, bundle };
            }
        }
        unreachable!("somebody may export, seed {seed}")
    }
}

fn world(seed: u64, random: &mut Rng) -> World {
    match random.below(12) {
        0 => World::alone(),
        1 => World::two(),
        2 => World::three(),
        _ => history(seed, 5 + random.below(60)),
    }
}

fn exported_at(world: &World, random: &mut Rng) -> i64 {
    match random.below(12) {
        0 => 0,
        1 => 253_402_207_199_999,
        2 => 253_402_207_200_000,
        3 => 9_007_199_254_740_991,
        _ => world.at + i64::try_from(random.below(1_000_000)).expect("small"),
    }
}

/// Files whose bytes the exporter has, in every way in which entries name one.
fn attach(world: &mut World, random: &mut Rng) -> Attachments {
    let mut files = Attachments::new();
    for n in 0..random.below(4) {
        let bytes: Vec<u8> = (0..random.below(300)).map(|_| random.number().to_le_bytes()[0]).collect();
        let (sha256, size) = (sha256(&bytes), bytes.len());
        let name = text(&format!("file {n}"));
        let file = ItemValue::File { sha256, size: size as u64, name: name.clone(), media: None };
        let device = *random.pick(&DEVICES).expect("devices");
        let item = |value| Act::Item { key: format!("file {n}"), value, label: None, note: None };
        let act = match random.below(4) {
            0 => item(file),
            1 => item(ItemValue::List(vec![ItemValue::YesNo(true), ItemValue::Record(vec![("x".to_owned(), file)])])),
            2 => {
                let mut subject = work_for("with a file", &[1], &[0]);
                subject.topic = Topic::Item { key: format!("agreed {n}"), value: file };
                Act::Propose(world.proposal(device, vec![subject]))
            }
            _ => {
                let size = i64::try_from(size).expect("small");
                Act::Attach { sha256, size, name, media: None, about: None }
            }
        };
        if world.record(device).graph().heads().len() <= 32 {
            world.careless(device, &act);
        }
        if !random.one_in(4) {
            files.insert(sha256, bytes);
        }
    }
    files
}

/// A second event where the log went on, known to this device.
fn fork_a_log(world: &mut World, device: usize, random: &mut Rng) {
    let whose = *random.pick(&DEVICES).expect("devices");
    // Where the history itself branched it, there may be no room for more.
    if world.log_branches(whose) {
        return;
    }
    let party = world.party(whose);
    let logs = world.record(device).logs();
    let events: Vec<_> = logs.of_party(&party).map(|e| (e.position, e.id)).collect();
    let Some((position, event)) = random.pick(&events).copied() else { return };
    let after = counterpart_core::statement::KeyCitation { party, position, event };
    let root = World::root_key(whose, 0);
    let grant = world.devices[whose].author.grant;
    let reason = if random.one_in(2) { keylog::RevokeReason::Ended } else { keylog::RevokeReason::Compromised };
    let event = keylog::revoke(&after, &EventSigner::Root(&root), &grant, reason, 77);
    // Where the grant comes later, or two branches are there already, the log takes no more.
    drop(world.devices[device].record.apply_key_event(&event));
}

/// A device's copy, without some of the sealed values.
fn withheld(world: &World, device: usize, random: &mut Rng) -> Record {
    let record = world.record(device);
    let mut copy = Record::new();
    for party in record.logs().parties() {
        for event in record.logs().of_party(&party) {
            copy.apply_key_event(event.bytes()).expect("a good event");
        }
    }
    let graph = record.graph();
    let all = random.one_in(3);
    for ix in graph.all() {
        copy.restore(graph.node(ix).entry.clone()).expect("a good entry");
        for value in record.values_of(&graph.id(ix)) {
            if all || random.one_in(2) {
                copy.apply_value(value.clone()).expect("a good value");
            }
        }
    }
    copy
}

/// A receipt as some device might sign it: true, or not.
pub(crate) fn receipt(world: &World, record: &Record, random: &mut Rng) -> SignedReceipt {
    let device = *random.pick(&DEVICES).expect("devices");
    let Device { author, key, .. } = &world.devices[device];
    let graph = record.graph();
    let all: Vec<Ix> = graph.all().collect();
    let mut heads: Vec<EntryId> = match random.below(3) {
        0 => graph.heads().into_iter().take(32).collect(),
        _ => (0..=random.below(3)).filter_map(|_| random.pick(&all)).map(|ix| graph.id(*ix)).collect(),
    };
    heads.sort_unstable();
    heads.dedup();
    let seqs: Vec<u32> =
        all.iter().map(|ix| graph.statement(*ix)).filter(|s| s.device == author.device).map(|s| s.seq).collect();
    let last = record.last_receipt(&author.device).map(|r| (r.id, r.receipt.number));
    let (previous, number) = match last {
        None if random.one_in(8) => (Some(ReceiptId([3; 32])), 1_000_000),
        None => (None, 1),
        Some((id, number)) => (Some(id), number + u32::from(!random.one_in(3))),
    };
    let receipt = Receipt {
        case: world.case(),
        party: author.party,
        device: author.device,
        last_seq: if random.one_in(2) {
            seqs.iter().copied().max().unwrap_or(0)
        } else {
            *random.pick(&seqs).unwrap_or(&0)
        },
        number,
        previous,
        heads,
        keys: record.logs().head(&author.party).into_iter().collect(),
        lacking: Vec::new(),
        at: world.at - 40_000 + i64::try_from(random.below(80_000)).expect("small"),
    };
    receipt.sign(key)
}
