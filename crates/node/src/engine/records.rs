//! What others say of where they can be reached: what follows from it is written down for the cases that they are in.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId},
    sync::Stored,
    whereabouts::{SignedWhereabouts, Whereabouts as AddressRecord},
};
use counterpart_net::{Address, PeerId};
use counterpart_store::StoredWhereabouts;

use super::{Engine, cases::OpenCase};
use crate::error::DeskError;

/// Devices that offer to carry, remembered at one time.
const MOST_CARRIERS: usize = 256;
/// Cases looked into at each look for who is in them.
const UNCALLED: usize = 16;

/// A device of a party.
type Name = (PartyId, DeviceKey);

/// Which records are to be looked at, and who carries by what they say.
#[derive(Debug, Default)]
pub(super) struct Records {
    /// Devices whose record in the store is to be looked at.
    learned: BTreeSet<Name>,
    /// The last record in the store that was taken into account.
    arrival: u64,
    /// Cases for which nobody's address is written down, to be looked into: somebody's is known, and not for which case.
    unread: BTreeSet<CaseId>,
    carriers: BTreeMap<Name, (PeerId, Vec<Address>)>,
}

impl Records {
    /// Devices that carry for members of their cases, and where they are.
    pub(super) fn carriers(&self) -> impl Iterator<Item = (&Name, &(PeerId, Vec<Address>))> {
        self.carriers.iter()
    }
}

/// The addresses in a record that lead to the device it is of.
fn places(record: &AddressRecord, peer: &PeerId) -> Vec<Address> {
    let parsed = record.addresses.iter().filter_map(|text| Address::parse(text).ok());
    parsed.filter(|address| address.peer().as_ref() == Some(peer)).collect()
}

/// Whether two lists name the same addresses, in whatever order.
pub(super) fn same(one: &[String], other: &[String]) -> bool {
    let sorted = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
    sorted(one) == sorted(other)
}

impl Engine {
    /// Tells every open case that it concerns.
    pub(super) fn spread_record(&mut self, signed: &SignedWhereabouts) {
        let party = signed.record().party;
        let concerned: Vec<CaseId> =
            self.cases.iter().filter(|(_, open)| open.machine.concerns(&party)).map(|(case, _)| *case).collect();
        let time = self.ticks.now();
        for case in concerned {
            let Some(open) = self.cases.get_mut(&case) else { continue };
            if let Err(why) = open.machine.absorb(vec![Stored::Addresses(signed.bytes().to_vec())], time) {
                self.trouble(&why);
            }
            self.drain(case);
        }
    }

    pub(super) fn stored_record(
        &self,
        party: PartyId,
        device: DeviceKey,
    ) -> Result<Option<SignedWhereabouts>, DeskError> {
        let rows = self.desk.with_store(|store| store.whereabouts_of(party))?;
        let row = rows.into_iter().find(|row| row.device == device);
        // One that cannot be read is as good as none: the next one takes its place.
        Ok(row.and_then(|row| SignedWhereabouts::from_own_store(&row.envelope).ok()))
    }

    /// A record came with a case, or is no longer to be heeded.
    pub(super) fn record_came(&mut self, party: PartyId, device: DeviceKey) {
        self.records.learned.insert((party, device));
    }

    /// All records of a party, whose devices are others now.
    pub(super) fn learn_of(&mut self, party: PartyId) -> Result<(), DeskError> {
        let rows = self.desk.with_store(|store| store.whereabouts_of(party))?;
        self.records.learned.extend(rows.into_iter().map(|row| (row.party, row.device)));
        if party == self.desk.party() {
            self.finding.read_again();
        }
        Ok(())
    }

    /// All records, once the devices they are of are known.
    pub(super) fn read_whereabouts(&mut self) {
        if let Err(why) = self.compare_records() {
            self.trouble(&why);
        }
    }

    /// Looks at all records at once: what is written down of most is right already.
    fn compare_records(&mut self) -> Result<(), DeskError> {
        let own = self.desk.party();
        let (records, rows) = self.desk.with_store(|store| {
            store.read(|reads| Ok::<_, DeskError>((reads.whereabouts()?, reads.all_peer_addresses()?)))
        })?;
        self.records.arrival = records.last().map_or(0, |row| row.arrival);
        let mut written: BTreeMap<(PartyId, DeviceKey), BTreeSet<String>> = BTreeMap::new();
        let called: BTreeSet<CaseId> = rows.iter().map(|row| row.case).collect();
        let mut stray = false;
        for row in rows {
            if let Some(device) = row.device {
                written.entry((row.party, device)).or_default().insert(row.address);
            }
        }
        for row in records {
            let name = (row.party, row.device);
            let Some(peer) = self.devices.peer_of(&row.party, &row.device) else { continue };
            let Ok(signed) = SignedWhereabouts::from_own_store(&row.envelope) else { continue };
            let places: BTreeSet<String> = places(signed.record(), peer).iter().map(ToString::to_string).collect();
            let right = written.get(&name).is_none_or(|written| *written == places);
            stray |= row.party != own && !written.contains_key(&name) && !places.is_empty();
            if row.party == own || signed.record().carries || !right {
                self.records.learned.insert(name);
            }
        }
        if stray {
            self.look_into_uncalled(&called)?;
        }
        Ok(())
    }

    /// The cases for which nobody can be called are to be looked into, some at each look.
    fn look_into_uncalled(&mut self, called: &BTreeSet<CaseId>) -> Result<(), DeskError> {
        let cases = self.desk.with_store(|store| store.cases())?;
        self.records.unread = cases.into_iter().filter(|case| !called.contains(case)).collect();
        Ok(())
    }

    pub(super) fn look_into_some(&mut self) -> Result<(), DeskError> {
        for _ in 0..UNCALLED {
            let Some(case) = self.records.unread.pop_first() else { break };
            self.open_case(case)?;
            self.close_if_idle(case);
        }
        Ok(())
    }

    /// Records that were put into the store since the last look, by whichever process.
    pub(super) fn look_for_records(&mut self) -> Result<(), DeskError> {
        let arrival = self.records.arrival;
        let (devices, newest) = self.desk.with_store(|store| store.whereabouts_since(arrival))?;
        self.records.arrival = newest;
        self.records.learned.extend(devices);
        Ok(())
    }

    /// Looks at the records that came: where to call follows from them, and who carries.
    pub(super) fn look_at_records(&mut self) {
        if self.records.learned.is_empty() {
            return;
        }
        while let Some((party, device)) = self.records.learned.pop_first() {
            if let Err(why) = self.look_at_record(party, device) {
                self.trouble(&why);
            }
        }
        self.choose_relays(&self.net.reach());
        if !self.offline {
            self.find_routes();
            self.dial_due();
        }
    }

    fn look_at_record(&mut self, party: PartyId, device: DeviceKey) -> Result<(), DeskError> {
        let signed = self.stored_record(party, device)?;
        let own = self.desk.author();
        if (party, device) == (own.party, own.device) {
            if let Some(signed) = signed {
                self.contradict(signed.record());
            }
            return Ok(());
        }
        let peer = self.devices.peer_of(&party, &device).cloned();
        let (Some(signed), Some(peer)) = (&signed, &peer) else {
            // Its rights ended, or its log is not here yet.
            self.records.carriers.remove(&(party, device));
            if signed.is_none() || !self.devices.of(&party).is_empty() {
                self.keep_rows(party, device, &[], 0)?;
            }
            return Ok(());
        };
        let record = signed.record();
        let places = places(record, peer);
        if record.carries && !places.is_empty() {
            let room = self.records.carriers.len() < MOST_CARRIERS || party == own.party;
            if room || self.records.carriers.contains_key(&(party, device)) {
                self.records.carriers.insert((party, device), (peer.clone(), places.clone()));
            }
        } else {
            self.records.carriers.remove(&(party, device));
        }
        if party == own.party {
            self.finding.said(peer, places);
        } else {
            let texts: Vec<String> = places.iter().map(ToString::to_string).collect();
            self.keep_rows(party, device, &texts, record.at)?;
        }
        self.seek(peer);
        self.spread_record(signed);
        Ok(())
    }

    /// Puts what a device says in place of what it said before, in every case that its party is in.
    fn keep_rows(&mut self, party: PartyId, device: DeviceKey, addresses: &[String], at: i64) -> Result<(), DeskError> {
        let member = |open: &OpenCase| open.machine.record().lens().members().contains(&party);
        let open = self.cases.iter().filter(|(_, open)| member(open)).map(|(case, _)| *case);
        let mut cases: BTreeSet<CaseId> = open.collect();
        let changed = self.desk.with_store(|store| {
            cases.extend(store.cases_with_addresses_of(party)?);
            if cases.is_empty() && !addresses.is_empty() {
                return Ok(None);
            }
            let mut changed = Vec::new();
            for case in cases {
                let here = store.peer_addresses(case)?;
                let here: Vec<String> =
                    here.into_iter().filter(|row| row.device == Some(device)).map(|row| row.address).collect();
                if !same(&here, addresses) {
                    changed.push(case);
                }
            }
            if changed.is_empty() {
                return Ok(Some(false));
            }
            store.write(|txn| {
                changed.iter().try_for_each(|case| txn.replace_peer_addresses(*case, party, device, addresses, at))?;
                Ok::<_, DeskError>(Some(true))
            })
        })?;
        let Some(changed) = changed else {
            let rows = self.desk.with_store(|store| store.all_peer_addresses())?;
            return self.look_into_uncalled(&rows.iter().map(|row| row.case).collect());
        };
        if changed {
            self.finding.read_again();
        }
        Ok(())
    }

    /// Records that belong to a case just opened.
    pub(super) fn records_for(&mut self, case: CaseId) -> Result<(), DeskError> {
        let Some(open) = self.cases.get(&case) else { return Ok(()) };
        let mut parties: BTreeSet<PartyId> = open.machine.record().lens().members().into_iter().collect();
        parties.insert(self.desk.party());
        self.records_of(case, &parties)
    }

    /// Gives a case the records of some parties.
    fn records_of(&mut self, case: CaseId, parties: &BTreeSet<PartyId>) -> Result<(), DeskError> {
        let records = self.desk.with_store(|store| {
            let mut records = Vec::new();
            for party in parties {
                records.extend(store.whereabouts_of(*party)?);
            }
            Ok::<_, DeskError>(records)
        })?;
        self.rows_for(case, &records)?;
        let time = self.ticks.now();
        let Some(open) = self.cases.get_mut(&case) else { return Ok(()) };
        let stored = records.into_iter().map(|row| Stored::Addresses(row.envelope)).collect();
        open.machine.absorb(stored, time).map_err(|why| DeskError::Damaged { case, why: why.to_string() })
    }

    /// What is written down of other parties' devices for one case, so that it is called where they say they are.
    fn rows_for(&mut self, case: CaseId, records: &[StoredWhereabouts]) -> Result<(), DeskError> {
        let own = self.desk.party();
        let mut wanted: Vec<(PartyId, DeviceKey, Vec<String>, i64)> = Vec::new();
        for row in records.iter().filter(|row| row.party != own) {
            let peer = self.devices.peer_of(&row.party, &row.device);
            let signed = SignedWhereabouts::from_own_store(&row.envelope).ok();
            if let (Some(peer), Some(signed)) = (peer, signed) {
                let texts = places(signed.record(), peer).iter().map(ToString::to_string).collect();
                wanted.push((row.party, row.device, texts, signed.record().at));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let changed = self.desk.with_store(|store| {
            let here = store.peer_addresses(case)?;
            let of = |device: &DeviceKey| -> Vec<String> {
                here.iter().filter(|row| row.device == Some(*device)).map(|row| row.address.clone()).collect()
            };
            wanted.retain(|(_, device, texts, _)| !same(&of(device), texts));
            if wanted.is_empty() {
                return Ok(false);
            }
            store.write(|txn| {
                let put = |(party, device, texts, at): &(PartyId, DeviceKey, Vec<String>, i64)| {
                    txn.replace_peer_addresses(case, *party, *device, texts, *at)
                };
                wanted.iter().try_for_each(put)?;
                Ok::<_, DeskError>(true)
            })
        })?;
        if changed {
            self.finding.read_again();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_only_for_the_device_it_is_of() {
        let (peer, other) = (PeerId::from_secret(&[1; 32]), PeerId::from_secret(&[2; 32]));
        let texts = [
            format!("/ip4/192.0.2.1/tcp/1/p2p/{peer}"),
            format!("/ip4/192.0.2.1/tcp/2/p2p/{other}"),
            "/ip4/192.0.2.1/tcp/3".to_owned(),
            format!("/ip4/192.0.2.1/tcp/4/p2p/{other}/p2p-circuit/p2p/{peer}"),
            "nonsense".to_owned(),
        ];
        let record = AddressRecord {
            party: PartyId([1; 32]),
            device: DeviceKey([2; 32]),
            grant: counterpart_core::id::EventId([3; 32]),
            number: 1,
            at: 0,
            addresses: texts.to_vec(),
            carries: false,
        };
        let found: Vec<String> = places(&record, &peer).iter().map(ToString::to_string).collect();
        assert_eq!(found, [texts[0].clone(), texts[3].clone()]);
    }
}
