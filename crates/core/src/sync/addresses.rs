//! Address records on a link: where the devices of the case's parties can be reached, passed on to whoever lacks it.
//!
//! They are no part of the record: what comes too early, too often or beyond the bounds is left out, and comes again with
//! the next connection.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Damaged, LinkId, Machine, Notice, Persist,
    admission::is_revoked,
    frame::{Frame, MAX_RECORDS},
    link::{Link, Size},
};
use crate::{
    id::{DeviceKey, PartyId},
    keylog::EventBody,
    statement::DecodeError,
    whereabouts::{SignedWhereabouts, UncheckedWhereabouts, Whereabouts, WhereaboutsRefusal},
};

/// Most devices of a party whose records are kept: the newest by their claimed times.
pub(super) const MAX_OF_PARTY: usize = 64;
/// Most records kept in all.
pub(super) const MAX_ALL: usize = 256;
/// A frame of records is closed before it holds more bytes, unless one alone does.
const BATCH_BYTES: usize = 64 * 1024;
/// New records that one device's links may bring at once: what a copy that knows none is given on connecting.
const BURST: u32 = 256;
/// After that one more in so many milliseconds.
const PAUSE_MS: i64 = 2_000;

/// Whose a record is.
type Name = (PartyId, DeviceKey);

/// The records held, and what each sender may still bring.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    records: BTreeMap<Name, SignedWhereabouts>,
    allowances: BTreeMap<DeviceKey, Allowance>,
}

/// What is known of records on one link.
#[derive(Debug, Default)]
pub(super) struct LinkAddresses {
    /// The number it has of each device, or that is on its way to it.
    has: BTreeMap<Name, u64>,
    /// Parties whose key logs it named with its tips: it can judge their records before any entry comes.
    pub(super) parties: BTreeSet<PartyId>,
    /// It sent what cannot be one: nothing more of this sort is taken from it.
    muted: bool,
}

/// New records that may come from a device.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    left: u32,
    /// Up to when it was reckoned, Unix milliseconds.
    since: i64,
}

impl Allowance {
    fn full(now: i64) -> Self {
        Self { left: BURST, since: now }
    }

    /// What is left at a time. A clock that was put back gives nothing.
    fn at(self, now: i64) -> Self {
        let grown = now.saturating_sub(self.since).max(0) / PAUSE_MS;
        let left = u32::try_from(grown).map_or(BURST, |grown| self.left.saturating_add(grown).min(BURST));
        let since = if now < self.since { now } else { self.since.saturating_add(grown.saturating_mul(PAUSE_MS)) };
        Self { left, since }
    }
}

impl Addresses {
    fn number(&self, name: &Name) -> u64 {
        self.records.get(name).map_or(0, |signed| signed.record().number)
    }

    fn of_party(&self, party: &PartyId) -> impl Iterator<Item = (&Name, &SignedWhereabouts)> {
        self.records.range((*party, DeviceKey([0; 32]))..=(*party, DeviceKey([0xff; 32])))
    }

    /// What would have to go for a record to be kept; nothing if it may not be kept.
    fn place_for(&self, record: &Whereabouts) -> Option<Option<Name>> {
        if self.records.contains_key(&(record.party, record.device)) {
            return Some(None);
        }
        let age = |(name, signed): (&Name, &SignedWhereabouts)| (signed.record().at, *name);
        let own = self.of_party(&record.party).count();
        if own >= MAX_OF_PARTY {
            let (at, oldest) = self.of_party(&record.party).map(age).min()?;
            return ((at, oldest.1) < (record.at, record.device)).then_some(Some(oldest));
        }
        if self.records.len() < MAX_ALL {
            return Some(None);
        }
        // No party takes up the room of others: one that has more than its share gives way.
        let mut counts: BTreeMap<PartyId, usize> = BTreeMap::new();
        for (party, _) in self.records.keys() {
            *counts.entry(*party).or_default() += 1;
        }
        let (count, most) = counts.into_iter().map(|(party, count)| (count, party)).max()?;
        let oldest = self.of_party(&most).map(age).min()?.1;
        (count > own + 1).then_some(Some(oldest))
    }

    /// Whether one more new record may come from a device now; counts it.
    fn allow(&mut self, from: DeviceKey, now: i64) -> bool {
        self.allowances.retain(|_, allowance| allowance.at(now).left < BURST);
        let allowance = self.allowances.entry(from).or_insert_with(|| Allowance::full(now));
        *allowance = allowance.at(now);
        let may = allowance.left > 0;
        allowance.left -= u32::from(may);
        may
    }
}

impl Machine {
    /// Where devices of the case's parties can be reached, by party, then device: of each its newest word.
    pub fn whereabouts(&self) -> impl Iterator<Item = &SignedWhereabouts> {
        self.addresses.records.values()
    }

    /// Whether a record concerns this case, and its device may speak: its grant stands in its party's log, for that
    /// device.
    fn heeds(&self, record: &Whereabouts) -> bool {
        let logs = self.record.logs();
        let granted = logs.event(&record.grant).is_some_and(|event| match &event.body {
            EventBody::Grant(grant) => event.party == record.party && grant.device == record.device,
            _ => false,
        });
        granted && self.concerns(&record.party) && !is_revoked(logs, &record.party, &record.grant)
    }

    /// A record from our own store.
    pub(super) fn addresses_found(&mut self, bytes: &[u8]) -> Result<(), Damaged> {
        let signed = SignedWhereabouts::from_own_store(bytes).map_err(|e| Damaged(e.to_string()))?;
        let record = signed.record();
        let newer = record.number > self.addresses.number(&(record.party, record.device));
        if newer && self.heeds(record) {
            self.keep_addresses(signed);
        }
        Ok(())
    }

    fn keep_addresses(&mut self, signed: SignedWhereabouts) -> bool {
        let Some(gone) = self.addresses.place_for(signed.record()) else { return false };
        if let Some(gone) = gone {
            self.addresses.records.remove(&gone);
        }
        let name = (signed.record().party, signed.record().device);
        self.addresses.records.insert(name, signed);
        true
    }

    /// Takes records from a link, whose frames speak at least the second version.
    pub(super) fn take_addresses(&mut self, id: LinkId, records: &[Vec<u8>], now: i64) {
        for bytes in records {
            if self.links.get(&id).is_none_or(|link| link.addresses.muted) {
                return;
            }
            match self.take_record(id, bytes, now) {
                // Others may know later versions of it.
                Ok(()) | Err(WhereaboutsRefusal::Decode(DecodeError::Version(_))) => {}
                Err(why) => self.mute_addresses(id, why.to_string()),
            }
        }
    }

    fn take_record(&mut self, id: LinkId, bytes: &[u8], now: i64) -> Result<(), WhereaboutsRefusal> {
        let unchecked = UncheckedWhereabouts::decode(bytes)?;
        let (name, number) = ((unchecked.record.party, unchecked.record.device), unchecked.record.number);
        // Cheap questions first: most of what comes is known, and only what is news is worth a look at its signature.
        if !self.heeds(&unchecked.record) {
            return Ok(());
        }
        let here = self.addresses.number(&name);
        if number > here {
            let Some(from) = self.links.get(&id).map(|link| link.peer.device) else { return Ok(()) };
            if self.addresses.place_for(&unchecked.record).is_none() || !self.addresses.allow(from, now) {
                return Ok(());
            }
            let signed = unchecked.verify()?;
            let bytes = signed.bytes().to_vec();
            self.keep_addresses(signed);
            let (party, device) = name;
            self.fresh.persist.push(Persist::Addresses { party, device, number, bytes });
            self.fresh.notices.push(Notice::Addresses { party, device });
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.addresses.has.retain(|name, _| self.addresses.records.contains_key(name));
            // What it says to have, but no more than is known to be true.
            let has = link.addresses.has.entry(name).or_default();
            *has = (*has).max(number.min(self.addresses.number(&name)));
        }
        Ok(())
    }

    fn mute_addresses(&mut self, id: LinkId, refusal: String) {
        let Some(link) = self.links.get_mut(&id) else { return };
        link.addresses.muted = true;
        let from = link.peer;
        self.fresh.notices.push(Notice::Refused { id: None, from, refusal });
    }

    /// The next frame of records for a link. `last` where it has all else: before that only what it can judge already.
    pub(super) fn next_addresses(&mut self, id: LinkId, last: bool) -> Option<Frame> {
        let link = self.links.get(&id)?;
        if !link.met() || !link.speaks_second() || !self.gets_content(&link.peer.party) {
            return None;
        }
        if last && !link.window_open() {
            return None;
        }
        let link = self.links.get_mut(&id)?;
        let size = Size::new(link.narrow, MAX_RECORDS, BATCH_BYTES);
        let mut records: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for (name, signed) in &self.addresses.records {
            let record = signed.record();
            if !link.lacks(record) || !(last || link.can_judge(record)) {
                continue;
            }
            if !size.takes(records.len(), bytes, signed.bytes().len()) {
                break;
            }
            bytes += signed.bytes().len();
            records.push(signed.bytes().to_vec());
            link.addresses.has.insert(*name, record.number);
        }
        (!records.is_empty()).then_some(Frame::Addresses { records })
    }

    /// Key events came: whose rights ended by them is forgotten.
    pub(super) fn forget_revoked_addresses(&mut self) {
        let revoked = |signed: &&SignedWhereabouts| !self.heeds(signed.record());
        let gone: Vec<Name> = self.addresses.records.values().filter(revoked).map(name_of).collect();
        for (party, device) in gone {
            self.addresses.records.remove(&(party, device));
            self.fresh.persist.push(Persist::ForgetAddresses { party, device });
        }
    }
}

fn name_of(signed: &SignedWhereabouts) -> Name {
    (signed.record().party, signed.record().device)
}

impl Link {
    fn lacks(&self, record: &Whereabouts) -> bool {
        let name = (record.party, record.device);
        // Its own it has, unless it names a lower number: then it lost its place, and is told.
        let of_itself = name == (self.peer.party, self.peer.device);
        let unsaid = if of_itself { u64::MAX } else { 0 };
        self.addresses.has.get(&name).copied().unwrap_or(unsaid) < record.number
    }

    fn can_judge(&self, record: &Whereabouts) -> bool {
        self.addresses.parties.contains(&record.party) && self.keys.contains(&record.grant)
    }
}
