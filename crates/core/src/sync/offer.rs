//! What a link is sent: first the key events it lacks, then values, entries in causal order, receipts.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    LinkId, Machine,
    frame::{Frame, MAX_LOGS, MAX_RECEIPT_TIPS, MAX_TIPS, MAX_WANT, Tips},
    link::{BATCH_BYTES, BATCH_ENTRIES, Link, Marks, NARROW_BYTES, Size},
};
use crate::{
    graph::{Graph, Ix},
    id::{DeviceKey, EventId, PartyId},
    statement::KeyCitation,
};

/// The largest thing in tips, in bytes, and how many feeds they name on a narrow link where all were too many; of the rest a
/// quarter each.
const TIP_BYTES: usize = 75;
const NARROW_TIPS: usize = 240;

/// Things for one frame.
#[derive(Debug)]
struct Batch {
    things: Vec<Vec<u8>>,
    bytes: usize,
    size: Size,
}

impl Batch {
    fn new(narrow: bool) -> Self {
        Self { things: Vec::new(), bytes: 0, size: Size::new(narrow, BATCH_ENTRIES, BATCH_BYTES) }
    }

    /// Whether there is room for a thing of so many bytes.
    fn takes(&self, next: usize) -> bool {
        self.size.takes(self.things.len(), self.bytes, next)
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.things.push(bytes);
    }
}

impl Machine {
    /// What this copy holds, in few words. For a narrow link what was touched last where all of it were too much: what is
    /// left out the other side sends once more.
    pub(super) fn tips(&self, narrow: bool) -> Tips {
        let graph = self.record.graph();
        let mut feeds: Vec<Ix> = graph.feeds().flat_map(|(_, tips)| tips).collect();
        let mut logs: Vec<KeyCitation> = self.known_parties().flat_map(|party| self.log_ends(&party)).collect();
        let mut last: BTreeMap<DeviceKey, (u32, usize)> = BTreeMap::new();
        for (n, receipt) in self.record.receipts().iter().enumerate() {
            let number = receipt.receipt.number;
            let last = last.entry(receipt.receipt.device).or_default();
            *last = (last.0.max(number), n);
        }
        let mut receipts: Vec<_> = last.into_iter().map(|(device, (number, n))| (device, number, n)).collect();
        let mut lacking = self.record.lacking_values_for(&self.author.party);
        // The newest: old ones were asked for before, and others may have erased theirs for good.
        lacking.reverse();
        let small = TIP_BYTES * (feeds.len() + logs.len() + receipts.len() + lacking.len()) < NARROW_BYTES;
        if narrow && !small {
            feeds.sort_unstable_by_key(|ix| Reverse(ix.at()));
            feeds.truncate(NARROW_TIPS);
            logs.truncate(NARROW_TIPS / 4);
            receipts.sort_unstable_by_key(|(.., n)| Reverse(*n));
            receipts.truncate(NARROW_TIPS / 4);
            lacking.truncate(NARROW_TIPS / 4);
        }
        let tip = |ix: Ix| (graph.statement(ix).device, graph.statement(ix).seq, graph.id(ix));
        let feeds = feeds.into_iter().map(tip).take(MAX_TIPS).collect();
        logs.truncate(MAX_LOGS);
        let receipts =
            receipts.into_iter().map(|(device, number, _)| (device, number)).take(MAX_RECEIPT_TIPS).collect();
        lacking.truncate(MAX_WANT);
        Tips { feeds, logs, receipts, lacking }
    }

    fn known_parties(&self) -> impl Iterator<Item = PartyId> {
        let own = self.author().party;
        let others = self.trusted.iter().copied().chain([own]).filter(|party| !self.parties.contains(party));
        self.parties.iter().copied().chain(others)
    }

    /// The ends of a party's log: more than one where it is forked.
    fn log_ends(&self, party: &PartyId) -> Vec<KeyCitation> {
        let events: Vec<_> = self.record.logs().of_party(party).collect();
        let is_end = |id: &EventId| !events.iter().any(|e| e.prev == Some(*id));
        let cite = |position, event| KeyCitation { party: *party, position, event };
        if !self.record.logs().is_forked(party) {
            return events.last().map(|e| cite(e.position, e.id)).into_iter().collect();
        }
        events.iter().filter(|e| is_end(&e.id)).map(|e| cite(e.position, e.id)).collect()
    }

    /// The next numbered frame for a link, while its window is open.
    pub(super) fn next_offer(&mut self, id: LinkId) -> Option<Frame> {
        let link = self.links.get(&id)?;
        if !link.met() || !link.window_open() || !self.gets_content(&link.peer.party) {
            return None;
        }
        let number = link.sent + 1;
        let frame = self.things_for(id, number)?;
        self.links.get_mut(&id)?.sent = number;
        Some(frame)
    }

    fn things_for(&mut self, id: LinkId, number: u32) -> Option<Frame> {
        let events = self.key_events_for(id);
        if !events.is_empty() {
            return Some(Frame::KeyEvents { number, events });
        }
        let values = self.values_for(id);
        if !values.is_empty() {
            return Some(Frame::Values { number, values });
        }
        let entries = self.entries_for(id);
        if !entries.is_empty() {
            return Some(Frame::Entries { number, entries });
        }
        let receipts = self.receipts_for(id);
        (!receipts.is_empty()).then_some(Frame::Receipts { number, receipts })
    }

    fn key_events_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let Some(link) = self.links.get_mut(&id) else { return Vec::new() };
        let mut batch = Batch::new(link.narrow);
        if link.keys_seen == Some(self.keys_version) {
            return batch.things;
        }
        for event in self.parties.iter().flat_map(|party| self.record.logs().of_party(party)) {
            if link.keys.contains(&event.id) {
                continue;
            }
            if !batch.takes(event.bytes().len()) {
                return batch.things;
            }
            link.keys.insert(event.id);
            batch.push(event.bytes().to_vec());
        }
        link.keys_seen = Some(self.keys_version);
        batch.things
    }

    /// What a link lacks of its own party's log, if there is room for it on its way.
    pub(super) fn own_log_for(&self, id: LinkId) -> Option<Frame> {
        let link = self.links.get(&id).filter(|link| link.met() && link.window_open())?;
        let mut batch = Batch::new(link.narrow);
        for event in self.record.logs().of_party(&link.peer.party).filter(|e| !link.keys.contains(&e.id)) {
            if !batch.takes(event.bytes().len()) {
                break;
            }
            batch.push(event.bytes().to_vec());
        }
        let number = link.sent + 1;
        (!batch.things.is_empty()).then_some(Frame::KeyEvents { number, events: batch.things })
    }

    fn values_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let Some(link) = self.links.get_mut(&id) else { return Vec::new() };
        let mut batch = Batch::new(link.narrow);
        while let Some((entry, mut next)) = link.values.pop_first() {
            for value in self.record.values_of(&entry).iter().skip(next) {
                // What a party erased it is not given again.
                if !self.record.erased_by(&link.peer.party, &entry, &value.path) {
                    let bytes = value.encode();
                    if !batch.takes(bytes.len()) {
                        link.values.insert(entry, next);
                        return batch.things;
                    }
                    batch.push(bytes);
                }
                next += 1;
            }
        }
        batch.things
    }

    fn entries_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let Some(link) = self.links.get_mut(&id) else { return Vec::new() };
        let mut batch = Batch::new(link.narrow);
        let graph = self.record.graph();
        loop {
            let asked = link.asked.front().copied();
            let Some(ix) = asked.or_else(|| next_lacking(graph, link)) else { break };
            let entry = &graph.node(ix).entry;
            if !batch.takes(entry.bytes().len()) {
                break;
            }
            if asked.is_some() {
                link.asked.pop_front();
            }
            link.has.set(ix);
            batch.push(entry.bytes().to_vec());
            if !self.record.values_of(&entry.id).is_empty() {
                link.values.insert(entry.id, 0);
            }
        }
        batch.things
    }

    fn receipts_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let Some(link) = self.links.get_mut(&id) else { return Vec::new() };
        let mut batch = Batch::new(link.narrow);
        while let Some(receipt) = self.record.receipts().get(link.receipt_cursor) {
            if !batch.takes(receipt.bytes().len()) {
                break;
            }
            link.receipt_cursor += 1;
            let last = link.receipts.entry(receipt.receipt.device).or_default();
            if receipt.receipt.number > *last {
                *last = receipt.receipt.number;
                batch.push(receipt.bytes().to_vec());
            }
        }
        batch.things
    }
}

/// The next entry the other side lacks all of whose causes it has. The order of arrival here is a causal order,
/// but for branches that counted nowhere until something rested on them: those are fetched from behind.
fn next_lacking(graph: &Graph, link: &mut Link) -> Option<Ix> {
    loop {
        let ix = graph.nth(link.cursor)?;
        if graph.counts(ix) && !link.has.holds(ix) {
            return Some(first_cause(graph, &link.has, ix));
        }
        link.cursor += 1;
    }
}

pub(super) fn first_cause(graph: &Graph, has: &Marks, mut ix: Ix) -> Ix {
    loop {
        let statement = graph.statement(ix);
        let mut causes = statement.deps.iter().chain(&statement.prev).filter_map(|id| graph.find(id));
        match causes.find(|cause| !has.holds(*cause)) {
            Some(cause) => ix = cause,
            None => return ix,
        }
    }
}
