//! The relays this node relies on to be reached.

use std::{collections::BTreeMap, io, time::Duration};

use libp2p::{Multiaddr, PeerId, core::transport::ListenerId, multiaddr::Protocol};
use tokio::time::Instant;

use crate::{
    address::Address,
    dial::last_words,
    open::OpenError,
    peer,
    reach::{Reservation, ReservationState},
    scope::Scope,
};

/// The first pause after a failure; each is twice the one before, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Relays relied on, and addresses kept of what a relay says.
const MOST: usize = 16;
/// Further ways to a relay that are given to others.
const MOST_OTHERS: usize = 3;

/// Keeps a reservation with each, as far as the relay and the network allow.
#[derive(Default)]
pub(crate) struct Relays(BTreeMap<peer::PeerId, Relay>);

struct Relay {
    addresses: Vec<Address>,
    stage: Stage,
    pause: Duration,
    /// Where the relay says that it is reached, ending with our peer id.
    told: Vec<Address>,
    why: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// To be called then.
    Due(Instant),
    Calling,
    Asked(ListenerId),
    Held(ListenerId),
}

impl Relays {
    /// Takes this list in place of the one before; those no longer on it from whom a reservation is held or asked.
    pub(crate) fn replace(&mut self, relays: Vec<(peer::PeerId, Vec<Address>)>, now: Instant) -> Vec<PeerId> {
        let mut before = std::mem::take(&mut self.0);
        for (id, addresses) in relays.into_iter().take(MOST) {
            let addresses: Vec<Address> = addresses.into_iter().filter(|address| !address.is_relayed()).collect();
            let mut relay = before.remove(&id).unwrap_or_else(|| Relay::new(now));
            // With new addresses a relay that did not answer is tried at once.
            if relay.addresses != addresses && matches!(relay.stage, Stage::Due(_)) {
                relay.stage = Stage::Due(now);
            }
            relay.addresses = addresses;
            self.0.insert(id, relay);
        }
        let held = |relay: &Relay| matches!(relay.stage, Stage::Asked(_) | Stage::Held(_));
        before.iter().filter(|(_, relay)| held(relay)).map(|(id, _)| id.to_libp2p()).collect()
    }

    pub(crate) fn contains(&self, id: &PeerId) -> bool {
        self.0.contains_key(&peer::PeerId::from_libp2p(id))
    }

    /// When the next one is to be called.
    pub(crate) fn next(&self) -> Option<Instant> {
        let due = |relay: &Relay| match relay.stage {
            Stage::Due(at) => Some(at),
            _ => None,
        };
        self.0.values().filter_map(due).min()
    }

    /// Those to be called now, which count as called.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(peer::PeerId, Vec<Address>)> {
        let mut due = Vec::new();
        for (id, relay) in &mut self.0 {
            if matches!(relay.stage, Stage::Due(at) if at <= now) {
                relay.stage = Stage::Calling;
                due.push((id.clone(), relay.addresses.clone()));
            }
        }
        due
    }

    /// Whether a connection with that relay is what was waited for.
    pub(crate) fn waits_for(&self, id: &PeerId) -> bool {
        self.0.get(&peer::PeerId::from_libp2p(id)).is_some_and(|relay| relay.stage == Stage::Calling)
    }

    /// What to listen on for a reservation with a relay that is connected, dialled at that place if we did.
    pub(crate) fn circuit(&self, id: &PeerId, dialled: Option<&Multiaddr>) -> Option<Multiaddr> {
        let relay = self.0.get(&peer::PeerId::from_libp2p(id))?;
        let place = dialled.cloned().or_else(|| relay.addresses.first().map(Address::place))?;
        Some(place.with(Protocol::P2p(*id)).with(Protocol::P2pCircuit))
    }

    pub(crate) fn asked(&mut self, id: &PeerId, listener: ListenerId) {
        if let Some(relay) = self.0.get_mut(&peer::PeerId::from_libp2p(id)) {
            relay.stage = Stage::Asked(listener);
            relay.told.clear();
        }
    }

    pub(crate) fn unreachable(&mut self, id: &PeerId, why: &OpenError, now: Instant) {
        let why = match why {
            OpenError::Unreachable { failures, .. } => failures.first().map(|failure| failure.reason.to_string()),
            OpenError::NoAddress { .. } => Some("no address is known for it".to_owned()),
            _ => None,
        };
        self.failed(id, why.unwrap_or_else(|| "it cannot be reached".to_owned()), now);
    }

    pub(crate) fn failed(&mut self, id: &PeerId, why: String, now: Instant) {
        if let Some(relay) = self.0.get_mut(&peer::PeerId::from_libp2p(id)) {
            relay.fail(why, now);
        }
    }

    /// The relay has reserved a place for us.
    pub(crate) fn reserved(&mut self, id: &PeerId) {
        if let Some(relay) = self.0.get_mut(&peer::PeerId::from_libp2p(id))
            && let Stage::Asked(listener) = relay.stage
        {
            relay.stage = Stage::Held(listener);
            relay.pause = FIRST_PAUSE;
            relay.why = None;
        }
    }

    /// A listener has a new address; whether it is one of these.
    pub(crate) fn told(&mut self, listener: ListenerId, address: &Multiaddr) -> bool {
        let Some((id, relay)) = self.0.iter_mut().find(|(_, relay)| relay.listener() == Some(listener)) else {
            return false;
        };
        // A relay may say anything: only what leads through itself is kept.
        let address = Address::from_multiaddr(address).filter(|address| address.relay().as_ref() == Some(id));
        if let Some(address) = address
            && relay.told.len() < MOST
            && !relay.told.contains(&address)
        {
            relay.told.push(address);
        }
        true
    }

    /// A listener is gone; whether it was one of these.
    pub(crate) fn closed(&mut self, listener: ListenerId, reason: &Result<(), io::Error>, now: Instant) -> bool {
        let Some(relay) = self.0.values_mut().find(|relay| relay.listener() == Some(listener)) else { return false };
        let why = match reason {
            Ok(()) => "the connection to it was lost".to_owned(),
            Err(error) => last_words(error),
        };
        relay.fail(why, now);
        true
    }

    pub(crate) fn reservations(&self) -> Vec<Reservation> {
        let reservation = |(id, relay): (&peer::PeerId, &Relay)| Reservation {
            relay: id.clone(),
            address: match relay.stage {
                Stage::Held(_) => relay.best(),
                _ => None,
            },
            others: match relay.stage {
                Stage::Held(_) => relay.others(id),
                _ => Vec::new(),
            },
            state: match (relay.stage, &relay.why) {
                (Stage::Held(_), _) => ReservationState::Held,
                (_, Some(why)) => ReservationState::Failed(why.clone()),
                (_, None) => ReservationState::Asked,
            },
        };
        self.0.iter().map(reservation).collect()
    }
}

impl Relay {
    fn new(now: Instant) -> Self {
        let stage = Stage::Due(now);
        Self { addresses: Vec::new(), stage, pause: FIRST_PAUSE, told: Vec::new(), why: None }
    }

    fn listener(&self) -> Option<ListenerId> {
        match self.stage {
            Stage::Asked(listener) | Stage::Held(listener) => Some(listener),
            Stage::Due(_) | Stage::Calling => None,
        }
    }

    fn fail(&mut self, why: String, now: Instant) {
        self.stage = Stage::Due(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.told.clear();
        self.why = Some(why);
    }

    /// Of the addresses the relay gives, the one that reaches furthest; of several, one it was called at.
    fn best(&self) -> Option<Address> {
        let far = |address: &Address| address.ip().map_or(Scope::Public, Scope::of);
        let called = |address: &Address| {
            let place = address.relay_place().map(|place| place.place());
            self.addresses.iter().any(|ours| Some(ours.place()) == place)
        };
        let best =
            self.told.iter().enumerate().max_by_key(|(at, address)| (far(address), called(address), usize::MAX - at));
        best.map(|(_, address)| address.clone())
    }

    /// Other ways to it that we were told, which reach as far: a reservation holds whichever way the relay is called.
    fn others(&self, id: &peer::PeerId) -> Vec<Address> {
        let Some((best, us)) = self.best().and_then(|best| best.peer().map(|us| (best, us))) else {
            return Vec::new();
        };
        let far = |address: &Address| address.ip().map_or(Scope::Public, Scope::of);
        let ways = self.addresses.iter().filter(|place| place.port() != 0 && far(place) >= far(&best));
        let circuits = ways.filter_map(|place| {
            let circuit = place.place().with(Protocol::P2p(id.to_libp2p())).with(Protocol::P2pCircuit);
            Some(Address::from_multiaddr(&circuit)?.with_peer(&us))
        });
        let mut others: Vec<Address> = Vec::new();
        for circuit in circuits.filter(|circuit| *circuit != best) {
            if others.len() < MOST_OTHERS && !others.contains(&circuit) {
                others.push(circuit);
            }
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seed: u8) -> peer::PeerId {
        peer::PeerId::from_secret(&[seed; 32])
    }

    fn address(text: &str) -> Address {
        Address::parse(text).expect("valid")
    }

    #[test]
    fn a_relay_that_is_gone_is_tried_with_growing_pauses() {
        let mut relays = Relays::default();
        let relay = id(1);
        let list = vec![(relay.clone(), vec![address("/ip4/192.0.2.1/tcp/1")])];
        let mut now = Instant::now();
        assert!(relays.replace(list.clone(), now).is_empty());
        let mut pauses = Vec::new();
        for _ in 0..10 {
            let due = relays.next().expect("to be called");
            pauses.push(due.duration_since(now).as_secs());
            now = due;
            assert_eq!(relays.due(now).len(), 1);
            assert!(relays.due(now).is_empty() && relays.next().is_none());
            relays.failed(&relay.to_libp2p(), "no answer".to_owned(), now);
        }
        assert_eq!(pauses, [0, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(relays.reservations()[0].state, ReservationState::Failed("no answer".to_owned()));

        // The same list changes nothing; another address of the same relay is tried at once.
        assert!(relays.replace(list, now).is_empty());
        assert!(relays.due(now).is_empty());
        assert!(relays.replace(vec![(relay.clone(), vec![address("/ip4/192.0.2.2/tcp/1")])], now).is_empty());
        assert_eq!(relays.due(now).len(), 1);
    }

    #[test]
    fn the_address_that_reaches_furthest_is_given() {
        let mut relays = Relays::default();
        let (relay, us) = (id(1), id(2));
        let listener = ListenerId::next();
        drop(relays.replace(vec![(relay.clone(), vec![address("/ip4/198.51.100.7/tcp/1")])], Instant::now()));
        relays.asked(&relay.to_libp2p(), listener);
        for place in ["/ip4/192.168.1.2/tcp/1", "/ip4/203.0.113.7/tcp/1", "/ip4/198.51.100.7/tcp/1"] {
            let told = format!("{place}/p2p/{relay}/p2p-circuit/p2p/{us}").parse().expect("valid");
            assert!(relays.told(listener, &told));
        }
        let other = format!("/ip4/203.0.113.9/tcp/1/p2p/{}/p2p-circuit/p2p/{us}", id(3)).parse().expect("valid");
        assert!(relays.told(listener, &other));
        assert_eq!(relays.reservations()[0].address, None, "it is not held yet");
        relays.reserved(&relay.to_libp2p());
        let held = &relays.reservations()[0];
        let best = format!("/ip4/198.51.100.7/tcp/1/p2p/{relay}/p2p-circuit/p2p/{us}");
        assert_eq!((held.state.clone(), held.address.clone()), (ReservationState::Held, Some(address(&best))));

        // The ways to it that we were told serve as well.
        let told = ["/dns/relay.example/tcp/443", "/ip4/198.51.100.7/udp/1/quic-v1", "/ip4/192.168.1.2/tcp/1"];
        let told: Vec<Address> = ["/ip4/198.51.100.7/tcp/1"].iter().chain(&told).map(|text| address(text)).collect();
        assert!(relays.replace(vec![(relay.clone(), told)], Instant::now()).is_empty());
        let others = ["/dns/relay.example/tcp/443", "/ip4/198.51.100.7/udp/1/quic-v1"]
            .map(|place| address(&format!("{place}/p2p/{relay}/p2p-circuit/p2p/{us}")));
        assert_eq!(relays.reservations()[0].address, Some(address(&best)));
        assert_eq!(relays.reservations()[0].others, others);

        assert!(relays.closed(listener, &Ok(()), Instant::now()));
        assert!(!relays.closed(listener, &Ok(()), Instant::now()));
        assert!(matches!(relays.reservations()[0].state, ReservationState::Failed(_)));
        relays.asked(&relay.to_libp2p(), ListenerId::next());
        assert_eq!(relays.replace(Vec::new(), Instant::now()), [relay.to_libp2p()]);
    }
}
