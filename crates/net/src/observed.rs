//! Where others see our connections come from.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    identify,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm,
    },
};

use crate::{
    address::{Address, without_peer},
    known::Known,
    scope::{Scope, ip},
};

/// How many addresses are ever passed on, altogether and of what one peer says: whoever tries them out keeps them.
const MOST: usize = 2048;
const MOST_OF_A_PEER: usize = 256;

/// Tells others who we are, and takes from known peers alone what they say of where we are; what others said is taken
/// once they are known. What this node is told to be its own addresses is told to nobody.
pub(crate) struct Observed {
    inner: identify::Behaviour,
    known: Known,
    /// Who spoke last: what follows at once is what that peer said.
    speaker: Option<(ConnectionId, PeerId)>,
    /// Of what follows, nothing was kept yet.
    first: bool,
    /// What was last said on connections that stand with peers that are not known: they may become known.
    unproven: HashMap<ConnectionId, (PeerId, Multiaddr)>,
    /// Connections that others made.
    inbound: HashSet<ConnectionId>,
    passed: HashSet<Multiaddr>,
    passed_of: HashMap<PeerId, usize>,
    /// Addresses good for less than others we have are not passed on: nobody could tell us anything about them.
    least: Scope,
    queue: VecDeque<Seen>,
    /// Addresses to be passed on whose sayers have become known.
    late: VecDeque<Multiaddr>,
}

/// A known peer saw us there.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) connection: ConnectionId,
    pub(crate) peer: PeerId,
    pub(crate) address: Address,
}

impl Observed {
    pub(crate) fn new(inner: identify::Behaviour, known: Known) -> Self {
        Self {
            inner,
            known,
            speaker: None,
            first: false,
            unproven: HashMap::new(),
            inbound: HashSet::new(),
            passed: HashSet::new(),
            passed_of: HashMap::new(),
            least: Scope::Machine,
            queue: VecDeque::new(),
            late: VecDeque::new(),
        }
    }

    /// Looks again who is known: what such a peer said before counts now.
    pub(crate) fn look_again(&mut self) {
        let Self { unproven, known, .. } = self;
        let proven: Vec<_> = unproven.extract_if(|_, (peer, _)| known.contains(peer)).collect();
        for (connection, (peer, address)) in proven {
            if self.consider(connection, peer, &address) {
                self.late.push_back(address);
            }
        }
    }

    /// Somebody says that this is where we are: considers it if that peer is known, else keeps it, one of each
    /// connection.
    fn said(&mut self, connection: ConnectionId, peer: PeerId, address: &Multiaddr) -> bool {
        if self.known.contains(&peer) {
            return self.consider(connection, peer, address);
        }
        // Nothing longer than an address is kept of a stranger, and the first of what follows from one word: the others
        // are worked out for other ports of ours.
        if Address::from_multiaddr(address).is_some() && std::mem::take(&mut self.first) {
            self.unproven.insert(connection, (peer, address.clone()));
        }
        false
    }

    /// Only addresses good for this much are of use from now on.
    pub(crate) fn reaches(&mut self, scope: Scope) {
        self.least = self.least.max(scope);
    }

    /// Takes note of what was said; whether it is to be tried.
    fn consider(&mut self, connection: ConnectionId, peer: PeerId, address: &Multiaddr) -> bool {
        let Some(clean) = Address::from_multiaddr(&without_peer(address)).filter(|clean| !clean.is_relayed()) else {
            return false;
        };
        let Some(scope) = ip(address).map(Scope::of) else { return false };
        if scope < self.least || clean.port() == 0 {
            return false;
        }
        if !self.passed.contains(address) {
            let said = self.passed_of.entry(peer).or_default();
            if self.passed.len() >= MOST || *said >= MOST_OF_A_PEER {
                return false;
            }
            *said += 1;
            self.passed.insert(address.clone());
        }
        self.least = scope;
        self.queue.push_back(Seen { connection, peer, address: clean });
        true
    }
}

impl NetworkBehaviour for Observed {
    type ConnectionHandler = THandler<identify::Behaviour>;
    type ToSwarm = Seen;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner.handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ExternalAddrConfirmed(_) | FromSwarm::ExternalAddrExpired(_) => return,
            FromSwarm::ConnectionEstablished(made) if made.endpoint.is_listener() => {
                self.inbound.insert(made.connection_id);
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.inbound.remove(&closed.connection_id);
                self.unproven.remove(&closed.connection_id);
            }
            _ => {}
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        self.inner.on_connection_handler_event(peer, id, event);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(seen) = self.queue.pop_front() {
                return Poll::Ready(ToSwarm::GenerateEvent(seen));
            }
            if let Some(address) = self.late.pop_front() {
                return Poll::Ready(ToSwarm::NewExternalAddrCandidate(address));
            }
            let Poll::Ready(action) = self.inner.poll(cx) else { return Poll::Pending };
            match action {
                ToSwarm::GenerateEvent(identify::Event::Received { connection_id, peer_id, info }) => {
                    // What was kept before stays: a peer may speak again of other things, and nothing follows.
                    self.speaker = Some((connection_id, peer_id));
                    self.first = true;
                    if self.inbound.contains(&connection_id) {
                        // Whoever called us says where: that it is, to the port. What follows is worked out from the
                        // port we listen on, which may be another one before a router.
                        let right = self.said(connection_id, peer_id, &info.observed_addr);
                        self.speaker = None;
                        if right {
                            return Poll::Ready(ToSwarm::NewExternalAddrCandidate(info.observed_addr));
                        }
                    }
                }
                ToSwarm::NewExternalAddrCandidate(address) => {
                    if let Some((connection, peer)) = self.speaker
                        && self.said(connection, peer, &address)
                    {
                        return Poll::Ready(ToSwarm::NewExternalAddrCandidate(address));
                    }
                }
                ToSwarm::NotifyHandler { peer_id, handler, event } => {
                    return Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler, event });
                }
                // What peers say of their own addresses is dialled by nobody, and it does nothing else.
                _ => {}
            }
        }
    }
}
