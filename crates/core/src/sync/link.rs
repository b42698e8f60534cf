//! What is known of one link: what the other side has, what is on its way, what waits. All of it bounded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{PeerDevice, addresses::LinkAddresses, drafts::LinkDrafts, files::LinkFiles};
use crate::{
    envelope::Verified,
    graph::Ix,
    id::{DeviceKey, EntryId, EventId, PartyId},
    receipt::SignedReceipt,
    seal::Disclosure,
    statement::{Entry, KeyCitation},
};

/// Frames sent that were not yet said to be stored, before sending waits.
pub(super) const WINDOW: u32 = 4;
/// Most entries in one frame, so that four frames never fill the other side's waiting room.
pub(super) const BATCH_ENTRIES: usize = 128;
/// A frame is closed once it holds this many bytes; one more thing fits below 1 MiB by far.
pub(super) const BATCH_BYTES: usize = 256 * 1024;
/// On a narrow link a frame holds no more bytes than this, unless one thing alone does.
pub(super) const NARROW_BYTES: usize = 32 * 1024;
/// Room for what a frame has around its things, and each thing around its bytes.
const AROUND_FRAME: usize = 64;
const AROUND_THING: usize = 5;
/// Most entries from one link that wait for what is not here.
pub(super) const MAX_PARKED: usize = 1024;
/// Most bytes of them.
pub(super) const MAX_PARKED_BYTES: usize = 4 * 1024 * 1024;
/// Most entries a peer may have asked for by id and not been sent yet.
pub(super) const MAX_ASKED: usize = 1024;
/// Bounds on key events of parties that nothing here has named yet.
const MAX_ANNOUNCED_PARTIES: usize = 64;
const MAX_ANNOUNCED_BYTES: usize = 2 * 1024 * 1024;
/// Most bytes of key events taken in, since the machine was made, for parties that only waiting entries name.
pub(super) const MAX_STRANGER_BYTES: usize = 16 * 1024 * 1024;
/// Most values and receipts that came before their entries.
const MAX_EARLY_VALUES: usize = 64;
const MAX_EARLY_RECEIPTS: usize = 64;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: PeerDevice,
    /// Its tips have come.
    pub(super) tips: bool,
    /// Feeds whose split is being looked for; nothing is sent before it is found.
    pub(super) probing: BTreeSet<DeviceKey>,
    /// Tips it named that were not here then.
    pub(super) theirs: Vec<(DeviceKey, EntryId)>,
    /// Entries it was found to hold; with their pasts.
    pub(super) frontier: Vec<Ix>,
    /// Entries it has, or that are on their way to it.
    pub(super) has: Marks,
    /// Entries before this one, in order of arrival here, need no further look.
    pub(super) cursor: usize,
    /// Entries it asked for by id.
    pub(super) asked: VecDeque<Ix>,
    /// Key events it has or that are on their way.
    pub(super) keys: BTreeSet<EventId>,
    /// The state of our key logs when they were last compared with its.
    pub(super) keys_seen: Option<u64>,
    /// Entries whose values are to be sent, each from this one on.
    pub(super) values: BTreeMap<EntryId, usize>,
    /// Last receipt number it has, by device.
    pub(super) receipts: BTreeMap<DeviceKey, u32>,
    pub(super) receipt_cursor: usize,
    /// Number of the last frame sent, and of the last one it said is stored.
    pub(super) sent: u32,
    pub(super) stored: u32,
    /// Number of the last frame received.
    pub(super) received: u32,
    pub(super) parking: Parking,
    pub(super) announced: Announced,
    pub(super) early_values: Vec<Disclosure>,
    pub(super) early_receipts: Vec<SignedReceipt>,
    /// Ids and key events asked for on this link.
    pub(super) wanted: BTreeSet<EntryId>,
    pub(super) wanted_keys: BTreeSet<EventId>,
    pub(super) files: LinkFiles,
    pub(super) drafts: LinkDrafts,
    pub(super) addresses: LinkAddresses,
    /// Frames are kept small: what carries it takes only so much at a time.
    pub(super) narrow: bool,
}

impl Link {
    pub(super) fn new(peer: PeerDevice, files: LinkFiles, narrow: bool) -> Self {
        Self {
            peer,
            files,
            drafts: LinkDrafts::new(),
            addresses: LinkAddresses::default(),
            narrow,
            tips: false,
            probing: BTreeSet::new(),
            theirs: Vec::new(),
            frontier: Vec::new(),
            has: Marks::default(),
            cursor: 0,
            asked: VecDeque::new(),
            keys: BTreeSet::new(),
            keys_seen: None,
            values: BTreeMap::new(),
            receipts: BTreeMap::new(),
            receipt_cursor: 0,
            sent: 0,
            stored: 0,
            received: 0,
            parking: Parking::default(),
            announced: Announced::default(),
            early_values: Vec::new(),
            early_receipts: Vec::new(),
            wanted: BTreeSet::new(),
            wanted_keys: BTreeSet::new(),
        }
    }

    /// The second version has the frames of the worksheet and of addresses, and passes over those that it does not know.
    pub(super) fn speaks_second(&self) -> bool {
        self.peer.version >= 2
    }

    /// Both sides know what the other has.
    pub(super) fn met(&self) -> bool {
        self.tips && self.probing.is_empty()
    }

    pub(super) fn window_open(&self) -> bool {
        self.sent - self.stored < WINDOW
    }

    pub(super) fn keep_early_value(&mut self, value: Disclosure) {
        if self.early_values.len() < MAX_EARLY_VALUES {
            self.early_values.push(value);
        }
    }

    pub(super) fn keep_early_receipt(&mut self, receipt: SignedReceipt) {
        if self.early_receipts.len() < MAX_EARLY_RECEIPTS {
            self.early_receipts.push(receipt);
        }
    }
}

/// When a frame is full.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    things: usize,
    bytes: usize,
    narrow: bool,
}

impl Size {
    /// No further thing is begun once a frame holds so many or so many bytes; on a narrow link none that would go beyond
    /// [`NARROW_BYTES`].
    pub(super) fn new(narrow: bool, things: usize, bytes: usize) -> Self {
        Self { things, bytes, narrow }
    }

    /// Whether a thing of so many bytes is added to so many things of so many bytes.
    pub(super) fn takes(self, things: usize, bytes: usize, next: usize) -> bool {
        if self.narrow {
            let around = AROUND_FRAME + AROUND_THING * (things + 1);
            return things == 0 || (things < self.things && bytes + next + around <= NARROW_BYTES);
        }
        things < self.things && bytes < self.bytes
    }
}

/// A mark an entry.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    pub(super) fn holds(&self, ix: Ix) -> bool {
        self.0.get(ix.at() / 64).is_some_and(|word| word & (1 << (ix.at() % 64)) != 0)
    }

    pub(super) fn set(&mut self, ix: Ix) {
        let word = ix.at() / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (ix.at() % 64);
    }
}

/// What an entry waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Entry(EntryId),
    Keys(PartyId, u32, EventId),
}

impl Need {
    pub(super) fn keys(cited: &KeyCitation) -> Self {
        Self::Keys(cited.party, cited.position, cited.event)
    }
}

#[derive(Debug)]
struct Parked {
    entry: Entry<Verified>,
    needs: Vec<Need>,
}

/// Entries from one link that rest on what is not here. In memory only.
#[derive(Debug, Default)]
pub(super) struct Parking {
    parked: BTreeMap<EntryId, Parked>,
    waiting: BTreeSet<(Need, EntryId)>,
    bytes: usize,
}

impl Parking {
    pub(super) fn len(&self) -> usize {
        self.parked.len()
    }

    pub(super) fn holds(&self, id: &EntryId) -> bool {
        self.parked.contains_key(id)
    }

    /// Whether there is room for it.
    pub(super) fn park(&mut self, entry: Entry<Verified>, needs: Vec<Need>) -> bool {
        let bytes = self.bytes + entry.bytes().len();
        if self.parked.len() >= MAX_PARKED || bytes > MAX_PARKED_BYTES {
            return false;
        }
        self.bytes = bytes;
        self.waiting.extend(needs.iter().map(|need| (*need, entry.id)));
        self.parked.insert(entry.id, Parked { entry, needs });
        true
    }

    /// Takes out what waits for something; it may wait for more.
    pub(super) fn release(&mut self, need: Need) -> Vec<Entry<Verified>> {
        let ids: Vec<EntryId> = self.waiting_for(need).collect();
        ids.iter().filter_map(|id| self.take(id)).collect()
    }

    fn take(&mut self, id: &EntryId) -> Option<Entry<Verified>> {
        let parked = self.parked.remove(id)?;
        for need in &parked.needs {
            self.waiting.remove(&(*need, *id));
        }
        self.bytes -= parked.entry.bytes().len();
        Some(parked.entry)
    }

    fn waiting_for(&self, need: Need) -> impl Iterator<Item = EntryId> {
        let (first, last) = ((need, EntryId([0; 32])), (need, EntryId([0xff; 32])));
        self.waiting.range(first..=last).map(|(_, id)| *id)
    }

    /// Everything waited for, ascending.
    pub(super) fn needs(&self) -> impl Iterator<Item = Need> {
        self.waiting.iter().map(|(need, _)| *need)
    }

    /// Whether an entry of another feed waits for this one, directly or through what waits for it.
    pub(super) fn rests_on(&self, id: &EntryId, device: &DeviceKey) -> bool {
        let mut open = vec![*id];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            for waiting in self.waiting_for(Need::Entry(id)) {
                if self.parked.get(&waiting).is_some_and(|p| p.entry.statement.device != *device) {
                    return true;
                }
                if seen.insert(waiting) {
                    open.push(waiting);
                }
            }
        }
        false
    }

    /// Forgets what continues a branch that is not kept; gives their ids.
    pub(super) fn drop_resting_on(&mut self, id: &EntryId) -> Vec<EntryId> {
        let mut dropped: Vec<EntryId> = self.release(Need::Entry(*id)).into_iter().map(|entry| entry.id).collect();
        let mut next = 0;
        while let Some(id) = dropped.get(next).copied() {
            dropped.extend(self.release(Need::Entry(id)).into_iter().map(|entry| entry.id));
            next += 1;
        }
        dropped
    }
}

/// Key events of parties that no entry here names yet: kept until one does, so that strangers' logs stay out.
#[derive(Debug, Default)]
pub(super) struct Announced {
    events: BTreeMap<PartyId, Vec<Vec<u8>>>,
    bytes: usize,
}

impl Announced {
    pub(super) fn keep(&mut self, party: PartyId, event: Vec<u8>) {
        let known = self.events.contains_key(&party);
        let room = self.bytes + event.len() <= MAX_ANNOUNCED_BYTES;
        if room && (known || self.events.len() < MAX_ANNOUNCED_PARTIES) {
            self.bytes += event.len();
            self.events.entry(party).or_default().push(event);
        }
    }

    pub(super) fn take(&mut self, party: &PartyId) -> Vec<Vec<u8>> {
        let events = self.events.remove(party).unwrap_or_default();
        self.bytes -= events.iter().map(Vec::len).sum::<usize>();
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_logs_are_bounded() {
        let mut announced = Announced::default();
        for n in 0..10_000_u32 {
            let mut party = [0; 32];
            party[..4].copy_from_slice(&n.to_be_bytes());
            announced.keep(PartyId(party), vec![0; 4000]);
            announced.keep(PartyId([0; 32]), vec![0; 4000]);
        }
        assert!(announced.events.len() <= MAX_ANNOUNCED_PARTIES && announced.bytes <= MAX_ANNOUNCED_BYTES);
        assert!(!announced.take(&PartyId([0; 32])).is_empty());
    }
}
