//! Who may stay connected.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    convert::Infallible,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};
use tokio::time::Instant;

use crate::{Limits, carry::Carried, known::Known, limits::Gate};

/// How long a stranger without a channel stays while there is room.
const STRANGER_IDLE: Duration = Duration::from_secs(15);
/// How long a stranger has to open a channel before another may take its place.
const GRACE: Duration = Duration::from_secs(1);

/// Holds the limits on connections that stand. A stranger that does nothing makes room for whoever comes.
pub(crate) struct Door {
    limits: Limits,
    known: Known,
    busy: Busy,
    /// In the order they came.
    inside: BTreeMap<ConnectionId, Inside>,
    of_peer: HashMap<PeerId, u32>,
    closing: VecDeque<(PeerId, ConnectionId)>,
}

struct Inside {
    peer: PeerId,
    inbound: bool,
    since: Instant,
    leaving: bool,
}

/// Tells who has something going on here.
pub(crate) struct Busy {
    pub(crate) inbound: Gate,
    pub(crate) outgoing: Gate,
    pub(crate) carried: Carried,
}

impl Busy {
    fn is_idle(&self, peer: &PeerId) -> bool {
        !self.inbound.holds(peer) && !self.outgoing.holds(peer) && !self.carried.carries_for(peer)
    }
}

impl Door {
    pub(crate) fn new(limits: Limits, known: Known, busy: Busy) -> Self {
        Self { limits, known, busy, inside: BTreeMap::new(), of_peer: HashMap::new(), closing: VecDeque::new() }
    }

    /// Sees strangers out who have done nothing for a while.
    pub(crate) fn sweep(&mut self) {
        let now = Instant::now();
        let Self { inside, known, busy, closing, .. } = self;
        for (id, guest) in inside {
            if known.contains(&guest.peer) || !busy.is_idle(&guest.peer) {
                // Counted from when it last had something to do.
                guest.since = now;
            } else if !guest.leaving && now.duration_since(guest.since) >= STRANGER_IDLE {
                guest.leaving = true;
                closing.push_back((guest.peer, *id));
            }
        }
    }

    fn check(&mut self, peer: &PeerId, inbound: bool) -> Result<(), ConnectionDenied> {
        if self.of_peer.get(peer).copied().unwrap_or_default() >= self.limits.per_peer {
            return Err(ConnectionDenied::new(Full));
        }
        let staying = self.inside.values().filter(|guest| !guest.leaving);
        let (mut all, mut strangers) = (0_u32, 0_u32);
        for guest in staying {
            all += 1;
            if guest.inbound && !self.known.contains(&guest.peer) {
                strangers += 1;
            }
        }
        let stranger = inbound && !self.known.contains(peer);
        let full = all >= self.limits.total || (stranger && strangers >= self.limits.incoming_connections);
        if full && !self.make_room() {
            return Err(ConnectionDenied::new(Full));
        }
        Ok(())
    }

    /// Sends away the stranger that has been idle longest.
    fn make_room(&mut self) -> bool {
        let now = Instant::now();
        let idle = self.inside.iter_mut().find(|(_, guest)| {
            guest.inbound
                && !guest.leaving
                && now.duration_since(guest.since) >= GRACE
                && !self.known.contains(&guest.peer)
                && self.busy.is_idle(&guest.peer)
        });
        let Some((id, guest)) = idle else { return false };
        guest.leaving = true;
        self.closing.push_back((guest.peer, *id));
        true
    }
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(&peer, true).map(|()| dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(&peer, false).map(|()| dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                let inbound = made.endpoint.is_listener();
                let guest = Inside { peer: made.peer_id, inbound, since: Instant::now(), leaving: false };
                self.inside.insert(made.connection_id, guest);
                *self.of_peer.entry(made.peer_id).or_default() += 1;
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.inside.remove(&closed.connection_id);
                if let Some(count) = self.of_peer.get_mut(&closed.peer_id) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.of_peer.remove(&closed.peer_id);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        match self.closing.pop_front() {
            Some((peer_id, id)) => {
                Poll::Ready(ToSwarm::CloseConnection { peer_id, connection: CloseConnection::One(id) })
            }
            None => Poll::Pending,
        }
    }
}

/// The limits on connections are reached.
#[derive(Debug, thiserror::Error)]
#[error("there are too many connections")]
struct Full;
