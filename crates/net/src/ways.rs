//! The connections that stand, and which of them to use.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::{Multiaddr, PeerId, core::ConnectedPoint, swarm::ConnectionId};

use crate::{
    address::{leads_through_a_relay, without_peer},
    reach::Path,
    scope::ip,
};

/// The best way to each connected peer, for everybody who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths(Arc<Mutex<HashMap<PeerId, Path>>>);

impl Paths {
    pub(crate) fn to(&self, peer: &PeerId) -> Option<Path> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(peer).copied()
    }

    fn set(&self, peer: PeerId, path: Option<Path>) {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match path {
            Some(path) => paths.insert(peer, path),
            None => paths.remove(&peer),
        };
    }
}

#[derive(Default)]
pub(crate) struct Ways {
    of: HashMap<PeerId, Vec<Way>>,
    paths: Paths,
}

pub(crate) struct Way {
    id: ConnectionId,
    path: Path,
    /// The other end called us.
    pub(crate) inbound: bool,
    /// Where the other end is, as we dialled it or it came.
    pub(crate) place: Multiaddr,
}

impl Way {
    pub(crate) fn is_direct(&self) -> bool {
        self.path != Path::Relayed
    }

    pub(crate) fn from(&self) -> Option<IpAddr> {
        ip(&self.place)
    }
}

impl Ways {
    pub(crate) fn paths(&self) -> Paths {
        self.paths.clone()
    }

    pub(crate) fn to(&self, peer: &PeerId) -> Option<Path> {
        self.paths.to(peer)
    }

    pub(crate) fn way(&self, peer: &PeerId, id: ConnectionId) -> Option<&Way> {
        self.of.get(peer)?.iter().find(|way| way.id == id)
    }

    /// A direct connection to the peer: one that we made, if there is one.
    pub(crate) fn direct(&self, peer: &PeerId) -> Option<&Way> {
        let ways = self.of.get(peer)?;
        ways.iter().find(|way| way.is_direct() && !way.inbound).or_else(|| ways.iter().find(|way| way.is_direct()))
    }

    /// A connection stands, made while both sides were punching or not.
    pub(crate) fn made(&mut self, peer: PeerId, id: ConnectionId, point: &ConnectedPoint, punching: bool) {
        let (relayed, inbound, place) = match point {
            ConnectedPoint::Dialer { address, .. } => (leads_through_a_relay(address), false, address),
            ConnectedPoint::Listener { local_addr, send_back_addr } => {
                (leads_through_a_relay(local_addr), true, send_back_addr)
            }
        };
        let path = match (relayed, punching) {
            (true, _) => Path::Relayed,
            (false, true) => Path::Punched,
            (false, false) => Path::Direct,
        };
        self.of.entry(peer).or_default().push(Way { id, path, inbound, place: without_peer(place) });
        self.settle(peer);
    }

    pub(crate) fn gone(&mut self, peer: PeerId, id: ConnectionId) {
        if let Some(ways) = self.of.get_mut(&peer) {
            ways.retain(|way| way.id != id);
            if ways.is_empty() {
                self.of.remove(&peer);
            }
        }
        self.settle(peer);
    }

    /// The relayed connections to a peer that has a direct one.
    pub(crate) fn spare(&self, peer: &PeerId) -> Vec<ConnectionId> {
        let ways = self.of.get(peer).map(Vec::as_slice).unwrap_or_default();
        if !ways.iter().any(Way::is_direct) {
            return Vec::new();
        }
        ways.iter().filter(|way| !way.is_direct()).map(|way| way.id).collect()
    }

    /// Whether we made a direct connection to the peer that stands beside this one, which we made directly as well.
    pub(crate) fn is_double(&self, peer: &PeerId, id: ConnectionId) -> bool {
        let ways = self.of.get(peer).map(Vec::as_slice).unwrap_or_default();
        let made = |way: &&Way| way.is_direct() && !way.inbound;
        ways.iter().any(|way| way.id == id && made(&way)) && ways.iter().filter(made).count() > 1
    }

    /// All connections to a peer.
    pub(crate) fn all(&self, peer: &PeerId) -> Vec<ConnectionId> {
        self.of.get(peer).into_iter().flatten().map(|way| way.id).collect()
    }

    fn settle(&self, peer: PeerId) {
        let ways = self.of.get(&peer).map(Vec::as_slice).unwrap_or_default();
        let newest_direct = ways.iter().rev().find(|way| way.is_direct());
        self.paths.set(peer, newest_direct.or_else(|| ways.last()).map(|way| way.path));
    }
}

#[cfg(test)]
mod tests {
    use libp2p::core::{Endpoint, transport::PortUse};

    use super::*;

    #[test]
    fn a_direct_way_makes_relayed_ones_spare() {
        let mut ways = Ways::default();
        let (peer, relay) = (PeerId::random(), PeerId::random());
        let [first, second, third] = [1, 2, 3].map(ConnectionId::new_unchecked);
        let place: Multiaddr = "/ip4/192.0.2.1/tcp/9".parse().expect("valid");
        let circuit: Multiaddr = format!("{place}/p2p/{relay}/p2p-circuit").parse().expect("valid");
        let by_relay = ConnectedPoint::Listener {
            local_addr: circuit,
            send_back_addr: format!("/p2p/{peer}").parse().expect("valid"),
        };
        let straight = ConnectedPoint::Listener { local_addr: place.clone(), send_back_addr: place };
        ways.made(peer, first, &by_relay, true);
        assert_eq!((ways.to(&peer), ways.spare(&peer)), (Some(Path::Relayed), Vec::new()));
        ways.made(peer, second, &straight, true);
        assert_eq!((ways.to(&peer), ways.spare(&peer)), (Some(Path::Punched), vec![first]));
        ways.gone(peer, first);
        ways.made(peer, third, &straight, false);
        assert!(!ways.is_double(&peer, third), "the other end made both");
        assert_eq!((ways.to(&peer), ways.spare(&peer)), (Some(Path::Direct), Vec::new()));
        ways.gone(peer, third);
        assert_eq!(ways.to(&peer), Some(Path::Punched));
        ways.gone(peer, second);
        assert_eq!(ways.to(&peer), None);
        assert!(ways.of.is_empty());
    }

    #[test]
    fn of_two_direct_ways_that_we_made_the_second_is_one_too_many() {
        let mut ways = Ways::default();
        let peer = PeerId::random();
        let [first, second] = [1, 2].map(ConnectionId::new_unchecked);
        let dialled = |place: &str| ConnectedPoint::Dialer {
            address: place.parse().expect("valid"),
            role_override: Endpoint::Dialer,
            port_use: PortUse::New,
        };
        ways.made(peer, first, &dialled("/ip4/192.0.2.1/tcp/9"), false);
        assert!(!ways.is_double(&peer, first));
        ways.made(peer, second, &dialled("/ip4/192.0.2.1/udp/9/quic-v1"), false);
        assert!(ways.is_double(&peer, second) && !ways.is_double(&PeerId::random(), second));
    }
}
