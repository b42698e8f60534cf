//! Peers that are known, and what is done with them alone.

mod gate;

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
    },
};
use tokio::time::Instant;

use crate::{
    address::leads_through_a_relay,
    known::gate::{Gated, Told, Turn},
    scope::{Scope, ip},
};

/// Who is known, for everybody who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(Arc<RwLock<HashSet<PeerId>>>);

impl Known {
    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(peer)
    }

    pub(crate) fn replace(&self, peers: HashSet<PeerId>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = peers;
    }
}

/// How often a known peer may have us call some place, and within what time.
const CALLS: usize = 30;
const CALLS_WITHIN: Duration = Duration::from_secs(60);
/// How often punching is begun anew on one connection; the protocol counts its tries in a byte.
const ANEW: u8 = 60;

/// On which connections a protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Direct,
    Relayed,
}

/// A protocol spoken with known peers only: with others it is neither offered nor begun. What it has us call is
/// looked at: a peer that reached us from the internet sends nobody into a private network or to this machine.
pub(crate) struct ForKnown<B: NetworkBehaviour> {
    inner: B,
    known: Known,
    over: Over,
    connections: BTreeMap<ConnectionId, Connection>,
    turns: VecDeque<(PeerId, ConnectionId, Next)>,
    /// Calls it began that did not end yet.
    calls: HashMap<ConnectionId, PeerId>,
    called: HashMap<PeerId, VecDeque<Instant>>,
}

/// What is next for the protocol on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Shut,
    Open,
    Anew,
}

struct Connection {
    peer: PeerId,
    relayed: bool,
    made: Made,
    /// How often the protocol was begun anew.
    anew: u8,
    /// Where the other end is, or the relay before it.
    from: Option<IpAddr>,
    open: bool,
}

/// How a connection was made.
#[derive(Debug, Clone)]
enum Made {
    Inbound { local: Multiaddr, remote: Multiaddr },
    Outbound { address: Multiaddr, role: Endpoint, port: PortUse },
}

impl<B: NetworkBehaviour> ForKnown<B> {
    pub(crate) fn new(inner: B, known: Known, over: Over) -> Self {
        Self {
            inner,
            known,
            over,
            connections: BTreeMap::new(),
            turns: VecDeque::new(),
            calls: HashMap::new(),
            called: HashMap::new(),
        }
    }

    /// Looks again who is known.
    pub(crate) fn look_again(&mut self) {
        for (id, connection) in &mut self.connections {
            let open = self.known.contains(&connection.peer) && connection.relayed == (self.over == Over::Relayed);
            if open != connection.open {
                connection.open = open;
                let next = match (open, self.over) {
                    (false, _) => Next::Shut,
                    (true, Over::Direct) => Next::Open,
                    // What was to be told of us when the connection was made may have been nothing.
                    (true, Over::Relayed) => Next::Anew,
                };
                self.turns.push_back((connection.peer, *id, next));
            }
        }
        self.called.retain(|peer, _| self.known.contains(peer));
    }

    /// Punches anew on the relayed connections to that peer, with the addresses that are known by now.
    pub(crate) fn again(&mut self, peer: &PeerId) {
        let of_peer = self.connections.iter().filter(|(_, connection)| connection.peer == *peer && connection.open);
        let ids: Vec<ConnectionId> = of_peer.map(|(id, _)| *id).collect();
        for id in ids {
            self.anew(*peer, id);
        }
    }

    fn anew(&mut self, peer: PeerId, id: ConnectionId) {
        // What is being called now is told the protocol, which does not do with two at once.
        let turn = (peer, id, Next::Anew);
        if self.over == Over::Relayed && !self.is_calling(&peer) && !self.turns.contains(&turn) {
            self.turns.push_back(turn);
        }
    }

    fn is_calling(&self, peer: &PeerId) -> bool {
        self.calls.values().any(|other| other == peer)
    }

    /// The protocol's part in a connection that stands, as if it had just been made. That has no other effect in the one
    /// for which it is done.
    fn fresh(&mut self, peer: PeerId, id: ConnectionId) -> Option<THandler<B>> {
        let connection = self.connections.get_mut(&id).filter(|one| one.open && one.relayed && one.anew < ANEW)?;
        connection.anew += 1;
        let inner = &mut self.inner;
        match connection.made.clone() {
            Made::Inbound { local, remote } => inner.handle_established_inbound_connection(id, peer, &local, &remote),
            Made::Outbound { address, role, port } => {
                inner.handle_established_outbound_connection(id, peer, &address, role, port)
            }
        }
        .ok()
    }

    /// Whether it lately began to call that peer.
    pub(crate) fn calls(&self, peer: &PeerId) -> bool {
        self.called.get(peer).is_some_and(|times| times.back().is_some_and(|last| last.elapsed() < CALLS_WITHIN))
    }

    fn admit(&mut self, id: ConnectionId, peer: PeerId, made: Made) -> bool {
        let (relayed, from) = match &made {
            Made::Inbound { local, .. } if leads_through_a_relay(local) => (true, ip(local)),
            Made::Inbound { remote, .. } => (false, ip(remote)),
            Made::Outbound { address, .. } => (leads_through_a_relay(address), ip(address)),
        };
        let open = self.known.contains(&peer) && relayed == (self.over == Over::Relayed);
        self.connections.insert(id, Connection { peer, relayed, made, anew: 0, from, open });
        open
    }

    /// Whether a call that the peer asked for may go to all these places.
    fn is_proper(&mut self, peer: &PeerId, places: &[Multiaddr]) -> bool {
        let least = self.connections.values().filter(|c| c.peer == *peer).filter_map(|c| c.from).map(Scope::of).max();
        let Some(least) = least else { return false };
        let now = Instant::now();
        let times = self.called.entry(*peer).or_default();
        times.retain(|time| now.duration_since(*time) < CALLS_WITHIN);
        if times.len() >= CALLS {
            return false;
        }
        times.push_back(now);
        places.iter().all(|place| {
            !leads_through_a_relay(place) && ip(place).is_some_and(|ip| Scope::of(ip) >= least && !ip.is_unspecified())
        })
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for ForKnown<B> {
    type ConnectionHandler = Gated<THandler<B>>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner.handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let handler = self.inner.handle_established_inbound_connection(id, peer, local, remote)?;
        let open = self.admit(id, peer, Made::Inbound { local: local.clone(), remote: remote.clone() });
        Ok(Gated::new(handler, open))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        places: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if let Some(asker) = self.calls.get(&id).copied()
            && !self.is_proper(&asker, places)
        {
            return Err(ConnectionDenied::new(NotProper));
        }
        self.inner.handle_pending_outbound_connection(id, peer, places, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let handler = self.inner.handle_established_outbound_connection(id, peer, address, role, port)?;
        self.calls.remove(&id);
        let open = self.admit(id, peer, Made::Outbound { address: address.clone(), role, port });
        Ok(Gated::new(handler, open))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match &event {
            FromSwarm::ConnectionClosed(closed) => drop(self.connections.remove(&closed.connection_id)),
            FromSwarm::DialFailure(failed) => {
                self.calls.remove(&failed.connection_id);
                self.connections.remove(&failed.connection_id);
            }
            FromSwarm::ListenFailure(failed) => drop(self.connections.remove(&failed.connection_id)),
            _ => {}
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        // It may have ceased to be known while the event was on its way.
        if !self.known.contains(&peer) {
            return;
        }
        match event {
            // It did not when it was last begun.
            Told::Spoken => self.anew(peer, id),
            Told::Inner(event) => self.inner.on_connection_handler_event(peer, id, event),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        while let Some((peer_id, id, next)) = self.turns.pop_front() {
            let event = match next {
                Next::Shut => Turn::Open(false),
                Next::Open => Turn::Open(true),
                Next::Anew => match self.fresh(peer_id, id) {
                    Some(handler) => Turn::Anew(handler),
                    None if self.connections.get(&id).is_some_and(|connection| connection.open) => Turn::Open(true),
                    None => continue,
                },
            };
            return Poll::Ready(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::One(id), event });
        }
        loop {
            let Poll::Ready(action) = self.inner.poll(cx) else { return Poll::Pending };
            if let ToSwarm::Dial { opts } = &action
                && let Some(peer) = opts.get_peer_id()
            {
                if self.over == Over::Relayed && self.is_calling(&peer) {
                    // Two calls of one round: with both getting through the protocol would lose count, and panic.
                    continue;
                }
                self.calls.insert(opts.connection_id(), peer);
            }
            return Poll::Ready(action.map_in(Turn::Inner));
        }
    }
}

/// A peer named a place that it had no business to have us call, or too many.
#[derive(Debug, thiserror::Error)]
#[error("a peer asked for a call that is not made")]
struct NotProper;
