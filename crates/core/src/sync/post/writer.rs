//! What the others lack, and the frames that bring it to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Counts;
use crate::{
    attachment::FileRef,
    graph::Ix,
    id::{DeviceKey, EntryId, EventId, PartyId},
    receipt::{MAX_LACKING, Receipt},
    record::Record,
    sync::{
        admission::is_revoked,
        frame::Frame,
        link::{BATCH_BYTES, BATCH_ENTRIES, Marks},
        offer::first_cause,
    },
};

/// Of each device so many receipts go along, the latest.
const RECEIPTS: usize = 64;

/// What somebody has of a case, as far as this copy can tell.
#[derive(Debug)]
struct Known<'r> {
    record: &'r Record,
    /// Each device of theirs that was ever heard of here: what it has stored, and its last receipt.
    devices: Vec<KnownDevice<'r>>,
}

#[derive(Debug, Default)]
struct KnownDevice<'r> {
    /// Nothing for one that was never heard of.
    device: Option<DeviceKey>,
    tips: Vec<Ix>,
    receipt: Option<&'r Receipt>,
}

impl<'r> Known<'r> {
    /// A thing counts as theirs when every device of every one of these parties has it: which of them will read the file
    /// nobody knows, and what comes twice is harmless. A device whose rights ended reads nothing.
    fn of(record: &'r Record, parties: &[PartyId]) -> Self {
        let graph = record.graph();
        let mut last: BTreeMap<DeviceKey, &Receipt> = BTreeMap::new();
        for receipt in record.receipts().iter().map(|signed| &signed.receipt) {
            let newest = last.entry(receipt.device).or_insert(receipt);
            if receipt.number > newest.number {
                *newest = receipt;
            }
        }
        let feeds: BTreeMap<DeviceKey, Vec<Ix>> = graph.feeds().collect();
        let mut devices = Vec::new();
        for party in parties {
            let ended = |device: &DeviceKey| {
                let grant = record.logs().grant_of_device(party, device);
                grant.is_none_or(|(grant, _)| is_revoked(record.logs(), party, &grant))
            };
            let wrote = feeds.keys().filter(|device| graph.party_of(device) == Some(*party));
            let received = last.values().filter(|receipt| receipt.party == *party).map(|receipt| &receipt.device);
            let heard: BTreeSet<DeviceKey> = wrote.chain(received).copied().filter(|device| !ended(device)).collect();
            let before = devices.len();
            for device in heard {
                let receipt = last.get(&device).copied();
                let heads = receipt.into_iter().flat_map(|receipt| &receipt.heads).filter_map(|head| graph.find(head));
                let tips = heads.chain(feeds.get(&device).into_iter().flatten().copied()).collect();
                devices.push(KnownDevice { device: Some(device), tips, receipt });
            }
            if devices.len() == before {
                // A party that was never heard of has nothing.
                devices.push(KnownDevice::default());
            }
        }
        Self { record, devices }
    }

    fn nothing(record: &'r Record) -> Self {
        Self { record, devices: vec![KnownDevice::default()] }
    }

    fn has(&self, ix: Ix) -> bool {
        self.devices.iter().all(|known| self.record.graph().covered_by(ix, &known.tips))
    }

    /// Whether they may lack what lies beside an entry that they have: a statement says nothing of that, a receipt does.
    fn may_lack_beside(&self, ix: Ix) -> bool {
        let (graph, id) = (self.record.graph(), self.record.graph().id(ix));
        let said = |receipt: &Receipt| {
            let heads: Vec<Ix> = receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
            let full = receipt.lacking.len() >= MAX_LACKING;
            graph.covered_by(ix, &heads) && !full && !receipt.lacking.contains(&id)
        };
        let signed_by = Some(graph.statement(ix).device);
        !self.devices.iter().all(|known| known.device == signed_by || known.receipt.is_some_and(said))
    }
}

/// Gives the frames of a file, one at a time, between its head and its end.
#[derive(Debug)]
pub struct PostWriter<'r> {
    record: &'r Record,
    to: Vec<PartyId>,
    has: Marks,
    cursor: usize,
    key_events: Vec<EventId>,
    /// Entries whose values are to go, in turn.
    values: Vec<(EntryId, usize)>,
    receipts: Vec<usize>,
    addresses: Vec<Vec<u8>>,
    files: Vec<FileRef>,
    number: u32,
    counts: Counts,
}

impl<'r> PostWriter<'r> {
    /// What some parties lack of a case as this copy knows it; with `all` whatever is here.
    #[must_use]
    pub fn new(record: &'r Record, to: Vec<PartyId>, all: bool) -> Self {
        let graph = record.graph();
        let known = if all { Known::nothing(record) } else { Known::of(record, &to) };
        let only = |party: &PartyId| to.iter().all(|reader| reader == party);
        let (mut has, mut values, mut files) = (Marks::default(), Vec::new(), Vec::new());
        let mut cited: BTreeSet<EventId> = BTreeSet::new();
        let mut seen: BTreeSet<FileRef> = BTreeSet::new();
        for ix in graph.all().filter(|ix| graph.counts(*ix)) {
            let statement = graph.statement(ix);
            let held = known.has(ix);
            if held {
                has.set(ix);
                cited.extend(statement.keys.iter().map(|cited| cited.event));
            }
            // Whoever signed an entry had what lies beside it.
            let theirs = !all && only(&statement.party);
            if theirs || (held && !known.may_lack_beside(ix)) {
                continue;
            }
            if held && !record.values_of(&graph.id(ix)).is_empty() {
                values.push((graph.id(ix), 0));
            }
            let named = record.files_of(ix).into_iter().map(|named| named.file);
            files.extend(named.filter(|file| record.holds_file(file) && seen.insert(*file)));
        }
        let logs = record.logs();
        let known: BTreeSet<EventId> =
            cited.iter().flat_map(|event| logs.prefix(event)).map(|event| event.id).collect();
        let parties: BTreeSet<PartyId> = graph
            .all()
            .map(|ix| graph.statement(ix))
            .flat_map(|statement| statement.keys.iter().map(|cited| cited.party).chain([statement.party]))
            .collect();
        let events = parties.iter().flat_map(|party| logs.of_party(party)).map(|event| event.id);
        let key_events = events.filter(|event| !known.contains(event)).collect();
        let mut writer = Self {
            record,
            to,
            has,
            cursor: 0,
            key_events,
            values,
            receipts: Vec::new(),
            addresses: Vec::new(),
            files,
            number: 0,
            counts: Counts::default(),
        };
        writer.receipts = writer.receipts_to_go(all);
        writer.values.reverse();
        writer.key_events.reverse();
        writer
    }

    /// Address records to go along.
    #[must_use]
    pub fn with_addresses(self, addresses: Vec<Vec<u8>>) -> Self {
        Self { addresses, ..self }
    }

    /// The files that they lack and that are here, in the order in which entries name them. They go behind the frames:
    /// each as [`Frame::Held`] and then its [`Frame::Chunk`]s.
    #[must_use]
    pub fn files(&self) -> &[FileRef] {
        &self.files
    }

    /// How many things were given so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Which receipts they hold nobody knows: the latest of each device that is not theirs alone, the last first.
    fn receipts_to_go(&self, all: bool) -> Vec<usize> {
        let mut of: BTreeMap<DeviceKey, usize> = BTreeMap::new();
        let mut going = Vec::new();
        for (at, signed) in self.record.receipts().iter().enumerate().rev() {
            let theirs = self.to.iter().all(|reader| *reader == signed.receipt.party);
            let count = of.entry(signed.receipt.device).or_default();
            *count += 1;
            if all || (!theirs && *count <= RECEIPTS) {
                going.push(at);
            }
        }
        going
    }

    /// The next frame.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let number = self.number + 1;
        let frame = self.things(number)?;
        self.number = number;
        Some(frame)
    }

    fn things(&mut self, number: u32) -> Option<Frame> {
        let logs = self.record.logs();
        let events = batch(|| Some(logs.event(&self.key_events.pop()?)?.bytes().to_vec()));
        if !events.is_empty() {
            self.counts.key_events += events.len();
            return Some(Frame::KeyEvents { number, events });
        }
        let values = batch(|| self.next_value());
        if !values.is_empty() {
            self.counts.values += values.len();
            return Some(Frame::Values { number, values });
        }
        let entries = batch(|| self.next_entry());
        if !entries.is_empty() {
            self.counts.entries += entries.len();
            // In the order of their entries, so that each set is whole before the next.
            self.values.reverse();
            return Some(Frame::Entries { number, entries });
        }
        let all = self.record.receipts();
        let receipts = batch(|| Some(all.get(self.receipts.pop()?)?.bytes().to_vec()));
        if !receipts.is_empty() {
            self.counts.receipts += receipts.len();
            return Some(Frame::Receipts { number, receipts });
        }
        let records = batch(|| self.addresses.pop());
        if records.is_empty() {
            return None;
        }
        self.counts.addresses += records.len();
        Some(Frame::Addresses { records })
    }

    fn next_entry(&mut self) -> Option<Vec<u8>> {
        let graph = self.record.graph();
        while let Some(ix) = graph.nth(self.cursor) {
            if graph.counts(ix) && !self.has.holds(ix) {
                let first = first_cause(graph, &self.has, ix);
                self.has.set(first);
                let entry = &graph.node(first).entry;
                if !self.record.values_of(&entry.id).is_empty() {
                    self.values.push((entry.id, 0));
                }
                return Some(entry.bytes().to_vec());
            }
            self.cursor += 1;
        }
        None
    }

    fn next_value(&mut self) -> Option<Vec<u8>> {
        loop {
            let (entry, next) = self.values.pop()?;
            let Some(value) = self.record.values_of(&entry).get(next) else { continue };
            self.values.push((entry, next + 1));
            // What a party erased it is not given again.
            let erased = !self.to.is_empty() && self.to.iter().all(|p| self.record.erased_by(p, &entry, &value.path));
            if !erased {
                return Some(value.encode());
            }
        }
    }
}

/// Things for one frame.
fn batch(mut next: impl FnMut() -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let (mut things, mut bytes) = (Vec::new(), 0);
    while things.len() < BATCH_ENTRIES && bytes < BATCH_BYTES {
        let Some(thing) = next() else { break };
        bytes += thing.len();
        things.push(thing);
    }
    things
}
