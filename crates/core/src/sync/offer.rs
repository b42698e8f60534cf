//! What a link is sent: first the key events it lacks, then values, entries in causal order, receipts.

use std::collections::BTreeMap;

use super::{
    LinkId, Machine,
    frame::{Frame, MAX_LOGS, MAX_RECEIPT_TIPS, MAX_TIPS, MAX_WANT, Tips},
    link::{BATCH_BYTES, BATCH_ENTRIES, Link, Marks},
};
use crate::{
    graph::{Graph, Ix},
    id::{DeviceKey, EventId, PartyId},
    statement::KeyCitation,
};

/// Things for one frame.
#[derive(Debug, Default)]
struct Batch {
    things: Vec<Vec<u8>>,
    bytes: usize,
}

impl Batch {
    fn has_room(&self) -> bool {
        self.things.len() < BATCH_ENTRIES && self.bytes < BATCH_BYTES
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.things.push(bytes);
    }
}

impl Machine {
    /// What this copy holds, in few words.
    pub(super) fn tips(&self) -> Tips {
        let graph = self.record.graph();
        let tip = |ix: Ix| (graph.statement(ix).device, graph.statement(ix).seq, graph.id(ix));
        let feeds = graph.feeds().flat_map(|(_, tips)| tips).map(tip).take(MAX_TIPS).collect();
        let logs = self.known_parties().flat_map(|party| self.log_ends(&party)).take(MAX_LOGS).collect();
        let mut receipts: BTreeMap<DeviceKey, u32> = BTreeMap::new();
        for receipt in self.record.receipts().iter().map(|r| &r.receipt) {
            let last = receipts.entry(receipt.device).or_default();
            *last = (*last).max(receipt.number);
        }
        let receipts = receipts.into_iter().take(MAX_RECEIPT_TIPS).collect();
        let mut lacking = self.record.lacking_values_for(&self.author.party);
        // The newest: old ones were asked for before, and others may have erased theirs for good.
        lacking.reverse();
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
        let mut batch = Batch::default();
        let Some(link) = self.links.get_mut(&id) else { return batch.things };
        if link.keys_seen == Some(self.keys_version) {
            return batch.things;
        }
        for event in self.parties.iter().flat_map(|party| self.record.logs().of_party(party)) {
            if !batch.has_room() {
                return batch.things;
            }
            if link.keys.insert(event.id) {
                batch.push(event.bytes().to_vec());
            }
        }
        link.keys_seen = Some(self.keys_version);
        batch.things
    }

    /// What a link lacks of its own party's log, if there is room for it on its way.
    pub(super) fn own_log_for(&self, id: LinkId) -> Option<Frame> {
        let link = self.links.get(&id).filter(|link| link.met() && link.window_open())?;
        let mut batch = Batch::default();
        for event in self.record.logs().of_party(&link.peer.party).filter(|e| !link.keys.contains(&e.id)) {
            if batch.has_room() {
                batch.push(event.bytes().to_vec());
            }
        }
        let number = link.sent + 1;
        (!batch.things.is_empty()).then_some(Frame::KeyEvents { number, events: batch.things })
    }

    fn values_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let mut batch = Batch::default();
        let Some(link) = self.links.get_mut(&id) else { return batch.things };
        while let Some((entry, mut next)) = link.values.pop_first() {
            for value in self.record.values_of(&entry).iter().skip(next) {
                if !batch.has_room() {
                    link.values.insert(entry, next);
                    return batch.things;
                }
                // What a party erased it is not given again.
                if !self.record.erased_by(&link.peer.party, &entry, &value.path) {
                    batch.push(value.encode());
                }
                next += 1;
            }
        }
        batch.things
    }

    fn entries_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let mut batch = Batch::default();
        let Some(link) = self.links.get_mut(&id) else { return batch.things };
        let graph = self.record.graph();
        while batch.has_room() {
            let Some(ix) = link.asked.pop_front().or_else(|| next_lacking(graph, link)) else { break };
            link.has.set(ix);
            let entry = &graph.node(ix).entry;
            batch.push(entry.bytes().to_vec());
            if !self.record.values_of(&entry.id).is_empty() {
                link.values.insert(entry.id, 0);
            }
        }
        batch.things
    }

    fn receipts_for(&mut self, id: LinkId) -> Vec<Vec<u8>> {
        let mut batch = Batch::default();
        let Some(link) = self.links.get_mut(&id) else { return batch.things };
        while let Some(receipt) = self.record.receipts().get(link.receipt_cursor).filter(|_| batch.has_room()) {
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

fn first_cause(graph: &Graph, has: &Marks, mut ix: Ix) -> Ix {
    loop {
        let statement = graph.statement(ix);
        let mut causes = statement.deps.iter().chain(&statement.prev).filter_map(|id| graph.find(id));
        match causes.find(|cause| !has.holds(*cause)) {
            Some(cause) => ix = cause,
            None => return ix,
        }
    }
}
