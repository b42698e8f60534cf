//! Whom to call for which case, and where: from the addresses in the store, of our own devices for every case, and from
//! what was seen in the local network.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    str::FromStr as _,
    time::Duration,
};

use counterpart_core::id::{CaseId, DeviceKey, PartyId};
use counterpart_net::{Address, PeerId};
use counterpart_store::PeerAddress;
use tokio::time::Instant;

use super::{Engine, routes::Route};
use crate::{clock::now, error::DeskError, presence::Sighting};

/// Devices of one other party that are called for a case by what they say themselves: those heard of last.
const MOST_DEVICES: usize = 8;
/// Peers seen in the local network, and addresses of each.
const MOST_FOUND: usize = 256;
const MOST_FOUND_PLACES: usize = 8;

/// Between two readings of all routes of a shared store at least so many times as long as the last one took.
const RESTS: u32 = 20;

/// What is known of where to call, beside what the store has for each case.
#[derive(Debug)]
pub(super) struct Finding {
    connected: BTreeSet<PeerId>,
    /// Of devices of our own party, which are called for every case: what they say, and what was typed.
    said: BTreeMap<PeerId, Vec<Address>>,
    typed: BTreeMap<PeerId, BTreeSet<Address>>,
    /// In the local network.
    found: BTreeMap<PeerId, Vec<Address>>,
    /// The store as it was when the routes were read from it.
    version: Option<u64>,
    stale: bool,
    /// When they were last read, and how long that took.
    read: Option<(Instant, Duration)>,
    /// The last entry in the store whose case is taken into account.
    ordinal: u64,
}

impl Finding {
    pub(super) fn new() -> Self {
        Self {
            connected: BTreeSet::new(),
            said: BTreeMap::new(),
            typed: BTreeMap::new(),
            found: BTreeMap::new(),
            version: None,
            stale: true,
            read: None,
            ordinal: 0,
        }
    }

    /// Of the entries that are here now none is news.
    pub(super) fn begin_at(&mut self, ordinal: u64) {
        self.ordinal = ordinal;
    }

    pub(super) fn is_connected(&self, peer: &PeerId) -> bool {
        self.connected.contains(peer)
    }

    /// Whom to call is to be read from the store again.
    pub(super) fn read_again(&mut self) {
        self.stale = true;
    }

    /// Where a device of our own party says it is.
    pub(super) fn said(&mut self, peer: &PeerId, places: Vec<Address>) {
        if self.said.get(peer) != Some(&places) {
            self.said.insert(peer.clone(), places);
            self.stale = true;
        }
    }
}

impl Engine {
    pub(super) fn connected(&mut self, peer: PeerId) {
        let own = self.devices.of(&self.desk.party()).iter().any(|device| device.peer == peer);
        if self.devices.knows(&peer) {
            self.routes.retry_peer(peer.as_bytes(), Instant::now());
        }
        self.finding.connected.insert(peer);
        if own && !self.offline {
            self.finding.stale = true;
            self.find_routes();
            self.dial_due();
        }
    }

    pub(super) fn disconnected(&mut self, peer: &PeerId) {
        self.finding.connected.remove(peer);
        if !self.devices.knows(peer) {
            return;
        }
        for (route, _) in self.routes.iter().filter(|(route, _)| route.peer == peer.as_bytes()) {
            if !self.routes.is_linked(route) {
                self.presence.note(Sighting::Offline { case: route.case, peer }, now());
            }
        }
    }

    /// A peer is in the local network.
    pub(super) fn found(&mut self, peer: PeerId, address: Address) {
        let found = &mut self.finding.found;
        if found.len() >= MOST_FOUND && !found.contains_key(&peer) {
            return;
        }
        let places = found.entry(peer.clone()).or_default();
        if places.contains(&address) {
            return;
        }
        // Of those found before the oldest go.
        places.insert(0, address);
        places.truncate(MOST_FOUND_PLACES);
        self.routes.retry_peer(peer.as_bytes(), Instant::now());
        self.finding.stale = true;
        if !self.offline {
            self.find_routes();
            self.dial_due();
        }
    }

    /// Where a peer may be called for a case, as the store has it now.
    pub(super) fn addresses_of(&self, route: &Route) -> Result<Vec<Address>, DeskError> {
        let Ok(peer) = PeerId::from_bytes(&route.peer) else { return Ok(Vec::new()) };
        let rows = self.desk.with_store(|store| store.peer_addresses(route.case))?;
        // What a device says itself is later than what a person was told once.
        let (said, typed): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.device.is_some());
        let parsed = said.into_iter().chain(typed).filter_map(|row| Address::parse(&row.address).ok());
        let of_peer = parsed.filter(|address| address.peer().as_ref() == Some(&peer));
        let finding = &self.finding;
        let found = finding.found.get(&peer).into_iter().flatten();
        let own = finding.said.get(&peer).into_iter().flatten();
        let typed = finding.typed.get(&peer).into_iter().flatten();
        let mut all: Vec<Address> = Vec::new();
        for address in found.chain(own).cloned().chain(of_peer).chain(typed.cloned()) {
            let address = address.with_peer(&peer);
            if !all.contains(&address) {
                all.push(address);
            }
        }
        Ok(all)
    }

    /// Whom to call for which case, from the store; read again only where it may have changed.
    pub(super) fn find_routes(&mut self) {
        let version = match self.desk.with_store(|store| store.others_version()) {
            Ok(version) => version,
            Err(why) => return self.trouble(&why),
        };
        if !self.finding.stale && self.finding.version == Some(version) {
            return;
        }
        // Where other machines write all the time they may have changed at any time, and a large desk has many: then most of the
        // time is for something else. What is not read now is read at one of the next looks.
        let begun = Instant::now();
        let rests = |(last, took): (Instant, Duration)| begun < last + took * RESTS;
        let shared = self.desk.with_store(|store| store.is_shared());
        if shared && !self.finding.stale && self.finding.read.is_some_and(rests) {
            return;
        }
        (self.finding.stale, self.finding.version) = (false, Some(version));
        let read = self
            .desk
            .with_store(|store| store.read(|reads| Ok::<_, DeskError>((reads.all_peer_addresses()?, reads.cases()?))));
        self.finding.read = Some((begun, begun.elapsed()));
        let (rows, cases) = match read {
            Ok(read) => read,
            Err(why) => return self.trouble(&why),
        };
        let own_party = self.desk.party();
        let own: BTreeSet<PeerId> = self.devices.of(&own_party).iter().map(|device| device.peer.clone()).collect();
        let mut known = Known::new(self.net.peer_id().clone());
        for row in rows {
            known.take(row, &own);
        }
        let time = Instant::now();
        for (route, (party, hash)) in &known.routes {
            let peer = PeerId::from_bytes(&route.peer).ok();
            let ours = *party == own_party || peer.as_ref().is_some_and(|peer| own.contains(peer));
            self.routes.add(route.clone(), (*party, ours), *hash, time);
        }
        self.finding.typed = known.typed;
        let said = |peer: &PeerId| self.finding.said.get(peer).filter(|places| !places.is_empty());
        let mut callable: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for peer in own.iter().filter(|peer| *peer != self.net.peer_id()) {
            let (typed, found) = (self.finding.typed.get(peer), self.finding.found.get(peer));
            let said = said(peer);
            if typed.is_some() || found.is_some() || said.is_some() || self.finding.is_connected(peer) {
                let mut hasher = DefaultHasher::new();
                (typed, found, said).hash(&mut hasher);
                callable.insert(peer.as_bytes().to_vec(), hasher.finish());
            }
        }
        for case in cases {
            for (peer, hash) in &callable {
                let route = Route { case, peer: peer.clone() };
                let typed_here = known.routes.get(&route).map_or(0, |(_, hash)| *hash);
                self.routes.add(route, (own_party, true), *hash ^ typed_here, time);
            }
        }
        for link in self.links.values() {
            self.routes.stands(&link.route(), link.in_step);
        }
        let gone =
            self.routes.retain(|route, _| known.routes.contains_key(route) || callable.contains_key(&route.peer));
        for route in gone {
            if let Ok(peer) = &PeerId::from_bytes(&route.peer) {
                self.presence.note(Sighting::Forgotten { case: route.case, peer }, now());
            }
        }
    }

    /// Cases that got entries, by whichever process: those whose links rest are to have them, and new ones go to our other
    /// devices.
    pub(super) fn look_at_cases(&mut self) -> Result<(), DeskError> {
        let seen = self.finding.ordinal;
        let (newest, cases) = self.desk.with_store(|store| {
            store.read(|reads| {
                let newest = reads.newest_ordinal()?;
                let cases = if newest > seen { reads.cases_since(seen)? } else { Vec::new() };
                Ok::<_, DeskError>((newest, cases))
            })
        })?;
        self.finding.ordinal = newest;
        for case in cases {
            if self.routes.peers_of(case).is_empty() {
                self.finding.stale = true;
            }
            if self.cases.contains_key(&case) {
                continue;
            }
            self.routes.news(case, Instant::now());
            // What its parties said of where they are is written down for it.
            self.open_case(case)?;
            self.close_if_idle(case);
        }
        Ok(())
    }

    /// Entries were written here, and all of them are known: they need not be looked for.
    pub(super) fn wrote_entries(&mut self, before: u64, after: u64) {
        self.hooking.news = true;
        if self.finding.ordinal == before {
            self.finding.ordinal = after;
        }
    }
}

/// What the rows of the store come to.
struct Known {
    own: PeerId,
    /// Whose device it is, and what tells a change of its addresses.
    routes: BTreeMap<Route, (PartyId, u64)>,
    typed: BTreeMap<PeerId, BTreeSet<Address>>,
    /// Devices taken of a party in a case.
    devices: BTreeMap<(CaseId, PartyId), BTreeSet<DeviceKey>>,
    peers: BTreeMap<String, Option<PeerId>>,
}

impl Known {
    fn new(own: PeerId) -> Self {
        Self { own, routes: BTreeMap::new(), typed: BTreeMap::new(), devices: BTreeMap::new(), peers: BTreeMap::new() }
    }

    fn take(&mut self, row: PeerAddress, devices: &BTreeSet<PeerId>) {
        let Some((_, peer)) = row.address.rsplit_once("/p2p/") else { return };
        let peer = match self.peers.get(peer) {
            Some(known) => known.clone(),
            None => {
                let parsed = PeerId::from_str(peer).ok();
                self.peers.insert(peer.to_owned(), parsed.clone());
                parsed
            }
        };
        let Some(peer) = peer.filter(|peer| *peer != self.own) else { return };
        if devices.contains(&peer) {
            self.typed.entry(peer.clone()).or_default().extend(Address::parse(&row.address));
        }
        if let Some(device) = row.device {
            let taken = self.devices.entry((row.case, row.party)).or_default();
            if taken.len() >= MOST_DEVICES && !taken.contains(&device) {
                return;
            }
            taken.insert(device);
        }
        let mut hasher = DefaultHasher::new();
        row.address.hash(&mut hasher);
        let route = Route { case: row.case, peer: peer.as_bytes().to_vec() };
        // The order of rows changes with the times they were seen last, the set does not.
        self.routes.entry(route).or_insert((row.party, 0)).1 ^= hasher.finish();
    }
}
