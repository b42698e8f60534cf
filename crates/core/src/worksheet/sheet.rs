//! The worksheet of one case as a copy holds it: the edits of one epoch, placed behind what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    document::Document,
    edit::{Edit, SignedEdit},
    gate::{EditRefusal, Found, Key, MAX_DEVICES, Totals},
    names::{Choice, EpochId, WorksheetState},
};
use crate::{
    envelope::Verified,
    id::{CaseId, DeviceKey, Domain, EditId, PartyId, hash},
};

/// Most edits a copy keeps, whatever their pasts: several devices that each fill the worksheet apart.
pub const MOST_EDITS: usize = 65_536;
/// Most bytes of them.
pub const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What became of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is in; keep it.
    New,
    /// It is in and began an epoch: what was before is forgotten; keep it alone.
    Restarted,
    /// It proves that its device did two things at one place: keep it as proof. What rests on either is set aside.
    Fork,
    /// It is here already.
    Known,
    /// It is of an epoch that is over, or of a device's second history.
    Ignored,
    /// It rests on what is not here.
    Waits,
    /// This copy keeps no more edits in this epoch.
    NoRoom,
}

/// One case's worksheet.
#[derive(Debug)]
pub struct Worksheet {
    pub(super) case: CaseId,
    pub(super) epoch: EpochId,
    /// In order of arrival, which is a causal order.
    pub(super) placed: Vec<Placed>,
    pub(super) by_id: BTreeMap<EditId, u32>,
    pub(super) devices: Vec<Device>,
    device_places: BTreeMap<DeviceKey, usize>,
    pub(super) choices: BTreeMap<(Key, Choice), Vec<Key>>,
    /// Edits that stand and that no other one that stands rests on.
    heads: BTreeSet<u32>,
    /// Devices with two histories: from which position on, and the second edit there.
    pub(super) spoilt: BTreeMap<usize, SignedEdit<Verified>>,
    bytes: u64,
    pub(super) document: Document,
}

/// A device that writes here.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) key: DeviceKey,
    pub(super) party: PartyId,
    /// Its name in the document.
    pub(super) actor: [u8; 32],
    /// Its edits in order.
    pub(super) chain: Vec<u32>,
    /// What it wrote up to each of them.
    totals: Vec<Totals>,
}

/// An edit in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) signed: SignedEdit<Verified>,
    pub(super) device: usize,
    /// How many edits of each device are in its past, itself included.
    pub(super) clock: Vec<u32>,
    /// The number of its first operation in the document, and of its last; one less where it has none.
    pub(super) start_op: u64,
    pub(super) last_op: u64,
    /// Where each operation begins, counted from the edit's first.
    pub(super) starts: Vec<u32>,
    pub(super) found: Vec<Found>,
    /// It rests on a device's second history.
    pub(super) aside: bool,
}

impl Worksheet {
    /// An empty worksheet, in its first epoch.
    #[must_use]
    pub fn new(case: CaseId) -> Self {
        Self::begin(case, EpochId::FIRST)
    }

    fn begin(case: CaseId, epoch: EpochId) -> Self {
        Self {
            case,
            epoch,
            placed: Vec::new(),
            by_id: BTreeMap::new(),
            devices: Vec::new(),
            device_places: BTreeMap::new(),
            choices: BTreeMap::new(),
            heads: BTreeSet::new(),
            spoilt: BTreeMap::new(),
            bytes: 0,
            document: Document::new(&actor(&case, &epoch, &DeviceKey([0; 32]))),
        }
    }

    #[must_use]
    pub fn case(&self) -> CaseId {
        self.case
    }

    #[must_use]
    pub fn epoch(&self) -> EpochId {
        self.epoch
    }

    /// How many edits are here, proofs of second histories aside.
    #[must_use]
    pub fn len(&self) -> usize {
        self.placed.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// Whether an edit is here, be it as a proof.
    #[must_use]
    pub fn holds(&self, id: &EditId) -> bool {
        self.by_id.contains_key(id) || self.spoilt.values().any(|second| second.id == *id)
    }

    /// The n-th edit that came.
    #[must_use]
    pub fn nth(&self, n: usize) -> Option<&SignedEdit<Verified>> {
        self.placed.get(n).map(|placed| &placed.signed)
    }

    /// What proves that devices have two histories: both edits at the place where they part.
    pub fn proofs(&self) -> impl Iterator<Item = &SignedEdit<Verified>> {
        self.spoilt.iter().flat_map(|(device, second)| {
            let first = self.edit_at(*device, second.edit.seq).map(|placed| &placed.signed);
            first.into_iter().chain([second])
        })
    }

    /// Whether what a device did is set aside from some position on.
    #[must_use]
    pub fn is_spoilt(&self, device: &DeviceKey) -> bool {
        self.device_places.get(device).is_some_and(|place| self.spoilt.contains_key(place))
    }

    /// The last edit of each device.
    pub fn tips(&self) -> impl Iterator<Item = (DeviceKey, u32, EditId)> {
        self.devices.iter().filter_map(|device| {
            let last = self.placed.get(*device.chain.last()? as usize)?;
            Some((device.key, last.signed.edit.seq, last.signed.id))
        })
    }

    /// The edit of a device at a position.
    #[must_use]
    pub fn at_position(&self, device: &DeviceKey, seq: u32) -> Option<EditId> {
        Some(self.edit_at(*self.device_places.get(device)?, seq)?.signed.id)
    }

    fn edit_at(&self, device: usize, seq: u32) -> Option<&Placed> {
        let place = self.devices.get(device)?.chain.get(seq.checked_sub(1)? as usize)?;
        self.placed.get(*place as usize)
    }

    pub(super) fn device_place(&self, device: &DeviceKey) -> Option<usize> {
        self.device_places.get(device).copied()
    }

    /// The state that is displayed now.
    #[must_use]
    pub fn state(&self) -> WorksheetState {
        let mut heads: Vec<EditId> = self.heads.iter().map(|h| self.placed[*h as usize].signed.id).collect();
        heads.sort_unstable();
        WorksheetState { epoch: self.epoch, heads }
    }

    /// Takes an edit in, if all it rests on is here. Whether its author may write here is for the caller to say.
    ///
    /// # Errors
    /// Why it is never taken, by any copy.
    pub fn take(&mut self, signed: SignedEdit<Verified>) -> Result<Taken, EditRefusal> {
        let edit = &signed.edit;
        if edit.case != self.case {
            return Err(EditRefusal::OtherCase);
        }
        let epoch = signed.epoch();
        if epoch < self.epoch {
            return Ok(Taken::Ignored);
        }
        if self.holds(&signed.id) {
            return Ok(Taken::Known);
        }
        if epoch > self.epoch {
            if !edit.restarts() {
                return Ok(Taken::Waits);
            }
            let mut fresh = Self::begin(self.case, epoch);
            fresh.place(signed)?;
            *self = fresh;
            return Ok(Taken::Restarted);
        }
        let device = self.device_places.get(&edit.device).copied();
        let chain = device.and_then(|d| self.devices.get(d)).map_or(0, |d| d.chain.len());
        if let Some(second) = device.and_then(|d| self.spoilt.get(&d))
            && edit.seq >= second.edit.seq
        {
            return Ok(Taken::Ignored);
        }
        let before = edit.seq.checked_sub(2).map(|_| edit.seq - 1);
        let on_chain = before.is_none_or(|seq| {
            device.and_then(|d| self.edit_at(d, seq)).is_some_and(|placed| Some(placed.signed.id) == edit.prev)
        });
        if !on_chain {
            return Ok(Taken::Waits);
        }
        if let Some(device) = device.filter(|_| (edit.seq as usize) <= chain) {
            self.spoilt.insert(device, signed);
            self.set_aside();
            return Ok(Taken::Fork);
        }
        if edit.deps.iter().any(|dep| !self.by_id.contains_key(dep)) {
            return Ok(Taken::Waits);
        }
        let full = self.placed.len() >= MOST_EDITS || self.bytes + signed.bytes().len() as u64 > MOST_BYTES;
        if full || (device.is_none() && self.devices.len() >= MAX_DEVICES) {
            return Ok(Taken::NoRoom);
        }
        self.place(signed)?;
        Ok(Taken::New)
    }

    /// Places an edit all of whose causes are here.
    fn place(&mut self, signed: SignedEdit<Verified>) -> Result<(), EditRefusal> {
        let edit = &signed.edit;
        let mut clock: Vec<u32> = Vec::new();
        let mut last_op = Document::BASE_OPS;
        for cause in edit.prev.iter().chain(&edit.deps).filter_map(|id| self.by_id.get(id)) {
            let cause = &self.placed[*cause as usize];
            join(&mut clock, &cause.clock);
            last_op = last_op.max(cause.last_op);
        }
        let device = self.device_places.get(&edit.device).copied();
        if device.and_then(|d| self.devices.get(d)).is_some_and(|d| d.party != edit.party) {
            return Err(EditRefusal::OtherParty);
        }
        let place = device.unwrap_or(self.devices.len());
        if clock.get(place).copied().unwrap_or(0) != edit.seq - 1 {
            return Err(EditRefusal::PrevNotKnown);
        }
        let (starts, found) = self.find_all(edit, &clock)?;
        let own = Totals::of(edit, signed.bytes().len());
        let mut past = self.totals_at(&clock);
        past += own;
        if !past.fits() {
            return Err(EditRefusal::Full);
        }

        let ix = u32::try_from(self.placed.len()).expect("a copy keeps far fewer edits");
        if clock.len() <= place {
            clock.resize(place + 1, 0);
        }
        clock[place] = edit.seq;
        if device.is_none() {
            let actor = actor(&self.case, &self.epoch, &edit.device);
            let chain = Vec::new();
            self.devices.push(Device { key: edit.device, party: edit.party, actor, chain, totals: Vec::new() });
            self.device_places.insert(edit.device, place);
        }
        let device = &mut self.devices[place];
        let mut so_far = device.totals.last().copied().unwrap_or_default();
        so_far += own;
        device.totals.push(so_far);
        device.chain.push(ix);
        for (start, found) in starts.iter().zip(&found) {
            if let Found::Choose { row, choice, .. } = found {
                self.choices.entry((*row, *choice)).or_default().push(Key { edit: ix, op: *start });
            }
        }
        let width: u64 = edit.ops.iter().map(|op| u64::from(op.width())).sum();
        let aside = self.is_aside(&clock);
        if !aside {
            for cause in edit.prev.iter().chain(&edit.deps).filter_map(|id| self.by_id.get(id)) {
                self.heads.remove(cause);
            }
            self.heads.insert(ix);
        }
        self.bytes += signed.bytes().len() as u64;
        self.by_id.insert(signed.id, ix);
        let (start_op, last_op) = (last_op + 1, last_op + width);
        self.placed.push(Placed { signed, device: place, clock, start_op, last_op, starts, found, aside });
        Ok(())
    }

    /// Sums up a past.
    pub(super) fn totals_at(&self, clock: &[u32]) -> Totals {
        let mut sum = Totals::default();
        for (device, seq) in self.devices.iter().zip(clock) {
            if let Some(totals) = (*seq as usize).checked_sub(1).and_then(|at| device.totals.get(at)) {
                sum += *totals;
            }
        }
        sum
    }

    /// The past of all that stands.
    pub(super) fn clock_of(&self, heads: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut clock = Vec::new();
        for head in heads {
            join(&mut clock, &self.placed[head as usize].clock);
        }
        clock
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = u32> {
        self.heads.iter().copied()
    }

    fn is_aside(&self, clock: &[u32]) -> bool {
        self.spoilt.iter().any(|(device, second)| clock.get(*device).copied().unwrap_or(0) >= second.edit.seq)
    }

    /// After a second history was found: judges anew what stands. The document is made again from that.
    fn set_aside(&mut self) {
        let aside: Vec<bool> = self.placed.iter().map(|placed| self.is_aside(&placed.clock)).collect();
        self.heads.clear();
        for (ix, aside) in (0_u32..).zip(aside) {
            let placed = &mut self.placed[ix as usize];
            placed.aside = aside;
            if !aside {
                let edit: &Edit = &placed.signed.edit;
                for cause in edit.prev.iter().chain(&edit.deps).filter_map(|id| self.by_id.get(id)) {
                    self.heads.remove(cause);
                }
                self.heads.insert(ix);
            }
        }
        self.document = Document::new(&actor(&self.case, &self.epoch, &DeviceKey([0; 32])));
    }
}

fn join(clock: &mut Vec<u32>, other: &[u32]) {
    if clock.len() < other.len() {
        clock.resize(other.len(), 0);
    }
    for (mine, theirs) in clock.iter_mut().zip(other) {
        *mine = (*mine).max(*theirs);
    }
}

/// The name a device writes under in the document of an epoch.
fn actor(case: &CaseId, epoch: &EpochId, device: &DeviceKey) -> [u8; 32] {
    hash(Domain::Actor, &[&case.0, &epoch.number.to_be_bytes(), &epoch.id_bytes(), &device.0])
}
