//! What a link sends: read, placed into the record, or kept waiting within bounds.

use std::collections::BTreeMap;

use super::{
    CloseReason, LinkId, Machine, Notice, Persist,
    admission::EventName,
    frame::{Frame, FrameError, MAX_PROBE, MAX_WANT, Tips},
    link::{Link, MAX_ASKED, MAX_STRANGER_BYTES, Need},
    machine::persist_value,
};
use crate::{
    envelope::Verified,
    gate::Refusal,
    id::{DeviceKey, EntryId, PartyId},
    keylog::KeyLogRefusal,
    receipt::SignedReceipt,
    record::{Applied, ValueRefusal},
    seal::Disclosure,
    statement::{Entry, KeyCitation, Statement},
};

/// Most known tips of one feed that are looked at; an honest copy has one, or two at a fork.
const MAX_KNOWN_TIPS: usize = 8;

impl Machine {
    /// Takes in a frame's bytes from a link. A link that was closed meanwhile says nothing any more.
    pub fn handle_frame(&mut self, link: LinkId, bytes: &[u8], now: i64) {
        if self.links.contains_key(&link) {
            match Frame::decode(bytes) {
                Ok(frame) => self.take(link, frame, now),
                // From the second version on a node may say what only later versions understand.
                Err(FrameError::UnknownTag(_)) if self.links.get(&link).is_some_and(Link::speaks_second) => {}
                Err(error) => self.close(link, error.into()),
            }
            self.settle(now);
        }
    }

    fn take(&mut self, id: LinkId, frame: Frame, now: i64) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if let Frame::Bye { reason } = frame {
            return self.close(id, CloseReason::Bye(reason));
        }
        if link.tips == matches!(frame, Frame::Tips(_)) {
            return self.close(id, CloseReason::OutOfPlace("tips come first, and once"));
        }
        match frame {
            Frame::Tips(tips) => self.take_tips(id, &tips),
            Frame::KeyEvents { number, events } => self.numbered(id, number, events, Self::take_key_event),
            Frame::Entries { number, entries } => self.numbered(id, number, entries, Self::take_entry),
            Frame::Values { number, values } => self.numbered(id, number, values, Self::take_value),
            Frame::Receipts { number, receipts } => self.numbered(id, number, receipts, Self::take_receipt),
            Frame::Stored { number } => {
                let expected = link.stored < link.sent && number == link.stored + 1;
                link.stored += u32::from(expected);
                if !expected {
                    self.close(id, CloseReason::OutOfPlace("a word for a frame that was not sent"));
                }
            }
            Frame::Want { entries } => self.take_want(id, &entries),
            Frame::WantKeys { citations } => self.take_want_keys(id, &citations),
            Frame::Probe { device, seqs } => self.take_probe(id, device, &seqs),
            Frame::ProbeReply { device, found } => self.take_probe_reply(id, &device, &found),
            Frame::WantChunk { file, offset, length } => self.take_want_chunk(id, file, offset, length),
            Frame::Chunk { sha256, offset, bytes } => self.take_chunk(id, sha256, offset, bytes),
            Frame::NotHeld { file } => self.take_not_held(id, file),
            Frame::Held { file } => self.take_held(id, file),
            Frame::Fetching { more } => self.take_fetching(id, more),
            draft @ (Frame::DraftTips(_)
            | Frame::DraftEdits { .. }
            | Frame::DraftStored { .. }
            | Frame::DraftWant { .. })
                if link.speaks_second() =>
            {
                self.take_draft(id, draft);
            }
            Frame::Addresses { records } if link.speaks_second() => self.take_addresses(id, &records, now),
            _ => self.close(id, CloseReason::OutOfPlace("the case is open already")),
        }
    }

    /// Takes in the things of a numbered frame, then says that they are stored.
    pub(super) fn numbered(
        &mut self,
        id: LinkId,
        number: u32,
        things: Vec<Vec<u8>>,
        take: fn(&mut Self, LinkId, &[u8]),
    ) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if Some(number) != link.received.checked_add(1) {
            return self.close(id, CloseReason::OutOfPlace("a number was left out"));
        }
        link.received = number;
        for bytes in things {
            // A refusal may have closed the link: the rest of the frame is not looked at.
            if !self.links.contains_key(&id) {
                return;
            }
            take(self, id, &bytes);
        }
        self.retry_early();
        self.ask_for_missing(id);
        self.fresh.frames.push((id, Frame::Stored { number }));
    }

    pub(super) fn refuse(&mut self, link: LinkId, id: Option<EntryId>, refusal: String) {
        let Some(from) = self.links.get(&link).map(|l| l.peer) else { return };
        self.fresh.notices.push(Notice::Refused { id, from, refusal: refusal.clone() });
        self.close(link, CloseReason::Refused(refusal));
    }

    fn take_tips(&mut self, id: LinkId, tips: &Tips) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.tips = true;
        let graph = self.record.graph();
        let mut ahead: BTreeMap<DeviceKey, u32> = BTreeMap::new();
        let mut known: BTreeMap<DeviceKey, usize> = BTreeMap::new();
        for (device, seq, tip) in &tips.feeds {
            if let Some(ix) = graph.find(tip) {
                let count = known.entry(graph.statement(ix).device).or_default();
                *count += 1;
                if *count <= MAX_KNOWN_TIPS {
                    link.frontier.push(ix);
                }
            } else {
                link.theirs.push((*device, *tip));
                let last = ahead.entry(*device).or_default();
                *last = (*last).max(*seq);
            }
        }
        for (device, ours) in graph.feeds() {
            let Some(theirs) = ahead.get(&device) else { continue };
            let open = ours.iter().filter(|ix| !graph.covered_by(**ix, &link.frontier));
            if let Some(last) = open.map(|ix| graph.statement(*ix).seq).max() {
                link.probing.insert(device);
                let seqs = probe_positions(last.min(*theirs));
                self.fresh.frames.push((id, Frame::Probe { device, seqs }));
            }
        }
        let logs = self.record.logs();
        for cited in tips.logs.iter().filter(|cited| logs.knows(cited)) {
            link.keys.extend(logs.prefix(&cited.event).map(|event| event.id));
            link.addresses.parties.insert(cited.party);
        }
        for (device, number) in &tips.receipts {
            let last = link.receipts.entry(*device).or_default();
            *last = (*last).max(*number);
        }
        for entry in &tips.lacking {
            if !self.record.values_of(entry).is_empty() {
                link.values.insert(*entry, 0);
            }
        }
        self.meet(id);
    }

    /// Once every split is found, marks all that the other side has.
    fn meet(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id).filter(|link| link.met()) else { return };
        let graph = self.record.graph();
        let frontier = std::mem::take(&mut link.frontier);
        graph.all().filter(|ix| graph.covered_by(*ix, &frontier)).for_each(|ix| link.has.set(ix));
    }

    fn take_probe(&mut self, id: LinkId, device: DeviceKey, seqs: &[u32]) {
        let graph = self.record.graph();
        let at = |seq: &u32| {
            let branches = graph.at_position(&device, *seq).into_iter().filter(|ix| graph.counts(*ix)).take(2);
            branches.map(|ix| (*seq, graph.id(ix))).collect::<Vec<_>>()
        };
        let found = seqs.iter().flat_map(at).collect();
        self.fresh.frames.push((id, Frame::ProbeReply { device, found }));
    }

    fn take_probe_reply(&mut self, id: LinkId, device: &DeviceKey, found: &[(u32, EntryId)]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if !link.probing.remove(device) {
            return self.close(id, CloseReason::OutOfPlace("an answer to no question"));
        }
        link.frontier.extend(found.iter().filter_map(|(_, entry)| self.record.graph().find(entry)));
        self.meet(id);
    }

    /// Asked for by name: an entry, and after a fork what it continues, newest first. Whoever asks may have dropped
    /// that branch as surplus, and takes its entries only once it knows what rests on them.
    fn take_want(&mut self, id: LinkId, entries: &[EntryId]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let graph = self.record.graph();
        for ix in entries.iter().filter_map(|entry| graph.find(entry)) {
            let before = |ix: &_| {
                graph
                    .statement(*ix)
                    .prev
                    .and_then(|prev| graph.find(&prev))
                    .filter(|p| graph.after_known_fork(*p, |_| true))
            };
            for ix in std::iter::successors(Some(ix), before).take(MAX_WANT) {
                if link.asked.len() < MAX_ASKED && !link.asked.contains(&ix) {
                    link.asked.push_back(ix);
                }
            }
        }
    }

    fn take_want_keys(&mut self, id: LinkId, citations: &[KeyCitation]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let logs = self.record.logs();
        for cited in citations.iter().filter(|c| logs.knows(c)) {
            for event in logs.prefix(&cited.event) {
                link.keys.remove(&event.id);
            }
            link.keys_seen = None;
        }
    }

    pub(super) fn take_key_event(&mut self, id: LinkId, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(name) = EventName::read(bytes) else {
            return self.refuse(id, None, "a key event that cannot be read".to_owned());
        };
        link.keys.insert(name.id);
        let named = self.parties.contains(&name.party)
            || self.trusted.contains(&name.party)
            || self.author.party == name.party
            || link.wanted_keys.contains(&name.id)
            || link.parking.needs().any(|need| matches!(need, Need::Keys(party, ..) if party == name.party));
        if named {
            self.place_key_event(id, name, bytes);
        } else {
            link.announced.keep(name.party, bytes.to_vec());
        }
    }

    fn place_key_event(&mut self, id: LinkId, name: EventName, bytes: &[u8]) {
        if !self.concerns(&name.party) {
            self.stranger_bytes += bytes.len();
            if self.stranger_bytes > MAX_STRANGER_BYTES {
                return;
            }
        }
        match self.record.apply_key_event(bytes) {
            Ok(false) => {}
            Ok(true) => {
                self.key_event_added(name.id, Some(id), true);
                let Some(event) = self.record.logs().event(&name.id) else { return };
                let need = Need::Keys(event.party, event.position, event.id);
                let released = self.release(need);
                self.place(released);
            }
            // An honest peer may hold other branches of a forked log than we do, or had to cut its hello.
            Err(KeyLogRefusal::TooManyBranches | KeyLogRefusal::MissingPrev(_)) => {}
            Err(refusal) => self.refuse(id, None, refusal.to_string()),
        }
    }

    pub(super) fn take_entry(&mut self, id: LinkId, bytes: &[u8]) {
        let entry = match Entry::decode(bytes) {
            Ok(entry) if entry.case == self.case => entry,
            Ok(entry) => return self.refuse(id, Some(entry.id), Refusal::OtherCase.to_string()),
            Err(error) => return self.refuse(id, None, Refusal::from(error).to_string()),
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        if let Some(ix) = self.record.graph().find(&entry.id) {
            link.has.set(ix);
            return;
        }
        if link.parking.holds(&entry.id) {
            return;
        }
        let device = entry.statement.device;
        let surplus = self.record.is_surplus(&entry.statement, &entry.id);
        if surplus && !self.links.values().any(|l| l.parking.rests_on(&entry.id, &device)) {
            // Two histories are proof enough; whoever rests on a third makes it count, and it is asked for then.
            for link in self.links.values_mut() {
                let dropped = link.parking.drop_resting_on(&entry.id);
                // It may be asked for anew.
                for id in dropped.iter().chain([&entry.id]) {
                    link.wanted.remove(id);
                }
            }
            return;
        }
        let entry_id = entry.id;
        match self.record.verify(entry) {
            Ok(entry) => self.place(vec![(id, entry)]),
            Err(error) => self.refuse(id, Some(entry_id), Refusal::from(error).to_string()),
        }
    }

    /// Places entries, and whatever had waited for them.
    fn place(&mut self, mut work: Vec<(LinkId, Entry<Verified>)>) {
        while let Some((from, entry)) = work.pop() {
            let needs = self.needs_of(from, &entry.statement);
            if !needs.is_empty() {
                self.park(from, entry, needs);
                continue;
            }
            let id = entry.id;
            match self.record.apply(entry) {
                Ok(Applied::New(ix)) => {
                    self.entry_added(ix, Some(from), true);
                    work.extend(self.release(Need::Entry(id)));
                }
                Ok(Applied::Duplicate(ix)) => {
                    if let Some(link) = self.links.get_mut(&from) {
                        link.has.set(ix);
                    }
                }
                Err(refusal) => self.refuse(from, Some(id), refusal.to_string()),
            }
        }
    }

    fn park(&mut self, from: LinkId, entry: Entry<Verified>, needs: Vec<Need>) {
        let Some(link) = self.links.get_mut(&from) else { return };
        if !link.parking.park(entry, needs) {
            let from_peer = link.peer;
            self.fresh.notices.push(Notice::Held { from: from_peer });
            self.close(from, CloseReason::Held);
        }
    }

    fn release(&mut self, need: Need) -> Vec<(LinkId, Entry<Verified>)> {
        let mut released = Vec::new();
        for (id, link) in &mut self.links {
            released.extend(link.parking.release(need).into_iter().map(|entry| (*id, entry)));
        }
        released
    }

    /// What a statement rests on that is not here, after looking into what the link announced.
    fn needs_of(&mut self, from: LinkId, statement: &Statement) -> Vec<Need> {
        let unknown: Vec<PartyId> =
            statement.keys.iter().filter(|k| !self.record.logs().knows(k)).map(|k| k.party).collect();
        for party in unknown {
            let events = self.links.get_mut(&from).map(|l| l.announced.take(&party)).unwrap_or_default();
            for bytes in events {
                if let Some(name) = EventName::read(&bytes) {
                    self.place_key_event(from, name, &bytes);
                }
            }
        }
        let (graph, logs) = (self.record.graph(), self.record.logs());
        let entries = statement.deps.iter().chain(&statement.prev).filter(|id| graph.find(id).is_none());
        let mut needs: Vec<Need> = entries.map(|id| Need::Entry(*id)).collect();
        needs.extend(statement.keys.iter().filter(|k| !logs.knows(k)).map(Need::keys));
        needs
    }

    /// Asks a link for what its waiting entries rest on, each thing once.
    fn ask_for_missing(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut entries: Vec<EntryId> = Vec::new();
        let mut citations: Vec<KeyCitation> = Vec::new();
        let Link { parking, wanted, wanted_keys, .. } = link;
        for need in parking.needs() {
            match need {
                Need::Entry(entry) => {
                    if !parking.holds(&entry) && wanted.insert(entry) {
                        entries.push(entry);
                    }
                }
                Need::Keys(party, position, event) => {
                    if wanted_keys.insert(event) {
                        citations.push(KeyCitation { party, position, event });
                    }
                }
            }
        }
        let entries = entries.chunks(MAX_WANT).map(|ids| Frame::Want { entries: ids.to_vec() });
        let keys = citations.chunks(MAX_WANT).map(|cited| Frame::WantKeys { citations: cited.to_vec() });
        self.fresh.frames.extend(keys.chain(entries).map(|frame| (id, frame)));
    }

    pub(super) fn take_value(&mut self, id: LinkId, bytes: &[u8]) {
        match Disclosure::decode(bytes) {
            Ok(value) => self.place_value(id, value),
            Err(error) => self.refuse(id, None, error.to_string()),
        }
    }

    fn place_value(&mut self, id: LinkId, value: Disclosure) {
        let (entry, persist) = (value.entry, persist_value(&value));
        if self.record.erased_by(&self.author.party, &entry, &value.path) {
            return;
        }
        match self.record.apply_value(value.clone()) {
            Ok(false) => {}
            Ok(true) => {
                self.fresh.persist.push(persist);
                self.value_added(&entry, Some(id));
            }
            Err(ValueRefusal::UnknownEntry) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.keep_early_value(value);
                }
            }
            Err(refusal) => self.refuse(id, Some(entry), refusal.to_string()),
        }
    }

    pub(super) fn take_receipt(&mut self, id: LinkId, bytes: &[u8]) {
        match SignedReceipt::verify(bytes) {
            Ok(receipt) if receipt.receipt.case == self.case => self.place_receipt(id, receipt),
            Ok(_) => self.refuse(id, None, "a receipt of another case".to_owned()),
            Err(error) => self.refuse(id, None, error.to_string()),
        }
    }

    fn place_receipt(&mut self, id: LinkId, signed: SignedReceipt) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let receipt = &signed.receipt;
        let graph = self.record.graph();
        let heads: Vec<_> = receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
        if heads.len() < receipt.heads.len() {
            return link.keep_early_receipt(signed);
        }
        let (party, device, number) = (receipt.party, receipt.device, receipt.number);
        let last = link.receipts.entry(device).or_default();
        *last = (*last).max(number);
        // Only what covers more than the device's last word, or lacks less beside it, is kept: so nobody can send more
        // of them than there are entries, and things beside those.
        let grew = self.record.last_receipt(&device).is_none_or(|last| {
            let last = &last.receipt;
            let covered: Vec<_> = last.heads.iter().filter_map(|head| graph.find(head)).collect();
            let more = heads.iter().any(|ix| !graph.covered_by(*ix, &covered));
            let less = receipt.lacking.len() < last.lacking.len()
                && receipt.lacking.iter().all(|id| last.lacking.contains(id))
                && covered.iter().all(|ix| graph.covered_by(*ix, &heads));
            number > last.number && (more || less)
        });
        if !grew {
            return;
        }
        let persist = Persist::receipt(&signed);
        // Its grant may stand on a branch of the log that is not kept here: nothing to blame the link for.
        if self.record.apply_receipt(signed) == Ok(true) {
            self.fresh.persist.push(persist);
            self.fresh.notices.push(Notice::Receipt { party, device });
        }
    }

    /// Values and receipts that came before their entries, once entries have come.
    fn retry_early(&mut self) {
        if self.fresh.entries.is_empty() {
            return;
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for id in links {
            let Some(link) = self.links.get_mut(&id) else { continue };
            let values = std::mem::take(&mut link.early_values);
            let receipts = std::mem::take(&mut link.early_receipts);
            values.into_iter().for_each(|value| self.place_value(id, value));
            receipts.into_iter().for_each(|receipt| self.place_receipt(id, receipt));
        }
    }
}

/// A position, then 1, 2, 4 ... before it: finds the last common one to within a factor of two.
fn probe_positions(last: u32) -> Vec<u32> {
    let steps = std::iter::once(0).chain((0..32).map(|n| 1_u32 << n));
    let mut seqs: Vec<u32> = steps.map_while(|step| last.checked_sub(step)).filter(|seq| *seq > 0).collect();
    if seqs.last().is_some_and(|seq| *seq > 1) {
        seqs.push(1);
    }
    seqs.truncate(MAX_PROBE);
    seqs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_double_their_steps() {
        assert_eq!(probe_positions(1), [1]);
        assert_eq!(probe_positions(2), [2, 1]);
        assert_eq!(probe_positions(20), [20, 19, 18, 16, 12, 4, 1]);
        assert!(probe_positions(crate::statement::MAX_SEQ - 1).len() <= MAX_PROBE);
    }
}
