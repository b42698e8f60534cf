//! The task's part in being reached: who is known, relays, and what is found of our own addresses.

use libp2p::{Multiaddr, PeerId};
use tokio::{sync::oneshot, time::Instant};

use super::Task;
use crate::{
    address::Address,
    dial::{Lane, Waiting},
    observed::Seen,
    open::{Connected, OpenError, connect_directly, places},
    peer,
    reach::Path,
    scope::{Scope, far_apart, ip},
};

/// What is told to those we relay for: at most so many addresses, and so many bytes, since the message is small.
const TOLD: usize = 12;
const TOLD_BYTES: usize = 2800;

impl Task {
    /// Who is known, or which relays to rely on, has changed.
    pub(super) fn on_wishes(&mut self) {
        let behaviour = self.swarm.behaviour_mut();
        // First where we are, so that those with whom holes are punched are told.
        behaviour.observed.look_again();
        behaviour.punch.look_again();
        behaviour.asks.look_again();
        behaviour.answers.look_again();
        let mut parting: Vec<PeerId> =
            self.carried.reserves().into_iter().filter(|peer| !self.known.contains(peer)).collect();
        if let Some(relays) = self.wishes.relays() {
            let reach = relays.iter().flat_map(|(_, addresses)| addresses).filter_map(Address::ip).map(Scope::of).max();
            self.swarm.behaviour_mut().observed.reaches(reach.unwrap_or(Scope::Machine));
            // A reservation ends with the connection it was made on, and in no other way that is safe.
            parting.extend(self.relays.replace(relays, Instant::now()));
        }
        for (peer, places) in self.wishes.sought() {
            self.again.seek(&peer.to_libp2p(), places, Instant::now());
        }
        for peer in parting {
            for id in self.ways.all(&peer) {
                self.swarm.close_connection(id);
            }
        }
        self.settle();
    }

    /// The ways to a peer are others: only where all lead through relays a direct one is looked for.
    pub(super) fn watch(&mut self, peer: PeerId) {
        if self.ways.to(&peer) == Some(Path::Relayed) {
            self.again.stands(peer, Instant::now());
        } else {
            self.again.gone(&peer);
        }
    }

    /// Tries for a direct way where a relayed one stands and it is time.
    pub(super) fn try_again(&mut self) {
        for (id, addresses) in self.again.due(Instant::now()) {
            if !self.known.contains(&id) {
                continue;
            }
            self.swarm.behaviour_mut().punch.again(&id);
            if !addresses.is_empty() {
                let peer = peer::PeerId::from_libp2p(&id);
                self.looked_up.spawn(async move { (id, places(&peer, &addresses).await.0) });
            }
        }
    }

    pub(super) fn call_straight(&mut self, peer: PeerId, places: Vec<Multiaddr>) {
        if places.is_empty() || self.ways.to(&peer) != Some(Path::Relayed) {
            return;
        }
        let (tcp, quic): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| Lane::of(place) == Lane::Tcp);
        for places in [quic, tcp].into_iter().filter(|places| !places.is_empty()) {
            // Nobody waits for it: what comes of it is seen by the connection.
            let (reply, _) = oneshot::channel();
            self.dial(peer, Waiting { places, failures: Vec::new(), own_port: false, reply });
        }
    }

    pub(super) fn call_relays(&mut self) {
        for (relay, addresses) in self.relays.due(Instant::now()) {
            let id = relay.to_libp2p();
            if self.ways.direct(&id).is_some() {
                self.reserve(id);
                continue;
            }
            let commands = self.own_commands.clone();
            self.calls.spawn(async move {
                let Some(commands) = commands.upgrade() else { return (id, Err(OpenError::Stopped)) };
                (id, connect_directly(&commands, &relay, &addresses, true).await)
            });
        }
        self.settle();
    }

    pub(super) fn on_called(&mut self, relay: PeerId, outcome: &Result<Connected, OpenError>) {
        if !self.relays.waits_for(&relay) {
            return;
        }
        match outcome {
            Ok(_) if self.ways.direct(&relay).is_some() => self.reserve(relay),
            Ok(_) => self.relays.failed(&relay, "the connection to it was lost".to_owned(), Instant::now()),
            Err(error) => self.relays.unreachable(&relay, error, Instant::now()),
        }
        self.settle();
    }

    /// Asks a relay that is connected for a reservation.
    pub(super) fn reserve(&mut self, relay: PeerId) {
        let dialled = self.ways.direct(&relay).filter(|way| !way.inbound).map(|way| way.place.clone());
        let Some(circuit) = self.relays.circuit(&relay, dialled.as_ref()) else {
            self.relays.failed(&relay, "no address is known for it".to_owned(), Instant::now());
            return;
        };
        match self.swarm.listen_on(circuit) {
            Ok(listener) => self.relays.asked(&relay, listener),
            Err(_) => self.relays.failed(&relay, "no way through it can be named".to_owned(), Instant::now()),
        }
    }

    /// A known peer saw us at an address. If it called us, it got through there.
    pub(super) fn on_seen(&mut self, Seen { connection, peer, address }: Seen) {
        let Some(way) = self.ways.way(&peer, connection).filter(|way| way.is_direct()) else { return };
        let called = way.inbound && self.ways.to(&peer) != Some(Path::Punched);
        if called && self.tells_something(&peer, &address) {
            self.report.tried(address.clone(), true);
        }
        if self.report.seen(connection, address) {
            self.again.soon(Instant::now());
        }
        for (_, waiting) in self.unseen.extract_if(.., |(teller, _)| *teller == peer) {
            let _ = waiting.send(());
        }
        self.settle();
    }

    /// Whether that peer reaching us there says anything about others: not in one local network.
    pub(super) fn tells_something(&self, peer: &PeerId, address: &Address) -> bool {
        let Some(ours) = address.ip() else { return false };
        let theirs = self.ways.direct(peer).and_then(|way| way.from());
        Scope::of(ours) == Scope::Machine || theirs.is_some_and(|theirs| far_apart(ours, theirs))
    }

    /// Draws up anew where this node can be reached.
    pub(super) fn settle(&mut self) {
        let listening = self.listeners.values().flatten().cloned().collect();
        if !self.report.settle(listening, self.relays.reservations()) {
            return;
        }
        self.backlog.reach();
        if self.is_relay {
            self.tell_clients();
        }
    }

    /// What those we relay for tell others of where we are.
    fn tell_clients(&mut self) {
        let reach = self.report.snapshot().get();
        let sure = reach.confirmed.iter().filter(|address| !address.is_relayed()).map(Address::place);
        let mut wanted: Vec<Multiaddr> = sure.take(TOLD).collect();
        if wanted.is_empty() {
            let hopeful = reach.listening.iter().chain(&reach.observed).map(Address::place);
            wanted = hopeful.filter(|place| !ip(place).is_some_and(|ip| ip.is_unspecified())).take(TOLD).collect();
        }
        let mut bytes = 0;
        wanted.retain(|place| {
            bytes += place.len();
            bytes <= TOLD_BYTES
        });
        let told: Vec<Multiaddr> = self.swarm.external_addresses().cloned().collect();
        for place in told.iter().filter(|place| !wanted.contains(place)) {
            self.swarm.remove_external_address(place);
        }
        for place in wanted.into_iter().filter(|place| !told.contains(place)) {
            self.swarm.add_external_address(place);
        }
    }
}
