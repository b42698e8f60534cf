//! Streams of our own protocols, over the best connection there is with a peer.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId, Stream,
    core::{
        Endpoint,
        transport::PortUse,
        upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo},
    },
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
        StreamUpgradeError, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::{Protocol, address::leads_through_a_relay, line::Line};

/// Streams that wait for whoever takes them, of all peers together; more are dropped, and the openers ask again.
const WAITING: usize = 256;
/// Streams that wait to be opened on one connection.
const ASKED: usize = 64;

/// A stream that a peer opened.
pub(crate) type Inbound = (PeerId, Protocol, Line);
type Wish = (Protocol, oneshot::Sender<Result<Line, Unopened>>);

/// Why a stream was not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// The peer does not speak the protocol.
    Protocol,
    /// The connection is gone, or was closed meanwhile.
    Dropped,
}

/// Opens streams from anywhere.
#[derive(Clone, Default)]
pub(crate) struct Opener(Arc<Mutex<HashMap<PeerId, Vec<Way>>>>);

struct Way {
    id: ConnectionId,
    relayed: bool,
    wishes: mpsc::Sender<Wish>,
}

impl Opener {
    pub(crate) async fn open(&self, peer: PeerId, protocol: Protocol) -> Result<Line, Unopened> {
        let Some(wishes) = self.best(&peer) else { return Err(Unopened::Dropped) };
        let (reply, answer) = oneshot::channel();
        if wishes.send((protocol, reply)).await.is_err() {
            return Err(Unopened::Dropped);
        }
        answer.await.unwrap_or(Err(Unopened::Dropped))
    }

    /// The newest connection, one that is not relayed before one that is.
    fn best(&self, peer: &PeerId) -> Option<mpsc::Sender<Wish>> {
        let ways = self.ways();
        let ways = ways.get(peer)?;
        let best = ways.iter().rev().find(|way| !way.relayed).or_else(|| ways.last())?;
        Some(best.wishes.clone())
    }

    fn ways(&self) -> MutexGuard<'_, HashMap<PeerId, Vec<Way>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Streams {
    opener: Opener,
    inbound: mpsc::Sender<Inbound>,
    /// Of connections that are not counted as standing yet.
    coming: HashMap<ConnectionId, Way>,
}

impl Streams {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Inbound>) {
        let (inbound, queue) = mpsc::channel(WAITING);
        (Self { opener: Opener::default(), inbound, coming: HashMap::new() }, queue)
    }

    pub(crate) fn opener(&self) -> Opener {
        self.opener.clone()
    }

    fn handler(&mut self, id: ConnectionId, peer: PeerId, relayed: bool) -> Handler {
        let (wishes, queue) = mpsc::channel(ASKED);
        self.coming.insert(id, Way { id, relayed, wishes });
        Handler {
            peer,
            inbound: self.inbound.clone(),
            wishes: queue,
            next: VecDeque::new(),
            alive: watch::Sender::new(()),
        }
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(id, peer, leads_through_a_relay(local)))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(id, peer, leads_through_a_relay(address)))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(made) => {
                if let Some(way) = self.coming.remove(&made.connection_id) {
                    self.opener.ways().entry(made.peer_id).or_default().push(way);
                }
            }
            FromSwarm::ConnectionClosed(closed) => {
                let mut ways = self.opener.ways();
                if let Some(of_peer) = ways.get_mut(&closed.peer_id) {
                    of_peer.retain(|way| way.id != closed.connection_id);
                    if of_peer.is_empty() {
                        ways.remove(&closed.peer_id);
                    }
                }
            }
            FromSwarm::DialFailure(failed) => drop(self.coming.remove(&failed.connection_id)),
            FromSwarm::ListenFailure(failed) => drop(self.coming.remove(&failed.connection_id)),
            _ => {}
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

pub(crate) struct Handler {
    peer: PeerId,
    inbound: mpsc::Sender<Inbound>,
    wishes: mpsc::Receiver<Wish>,
    next: VecDeque<Wish>,
    /// Goes with the connection, which each stream hears.
    alive: watch::Sender<()>,
}

impl Handler {
    fn line(&self, stream: Stream) -> Line {
        Line::new(stream, self.alive.subscribe())
    }
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = Infallible;
    type InboundProtocol = Spoken;
    type OutboundProtocol = Spoken;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = oneshot::Sender<Result<Line, Unopened>>;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        SubstreamProtocol::new(Spoken::All, ())
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        while let Poll::Ready(Some(wish)) = self.wishes.poll_recv(cx) {
            self.next.push_back(wish);
        }
        while let Some((protocol, reply)) = self.next.pop_front() {
            if !reply.is_closed() {
                let protocol = SubstreamProtocol::new(Spoken::One(protocol), reply);
                return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
            }
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: (stream, protocol), ..
            }) => {
                // One too many is dropped, which its opener notices: the byte that says "taken" does not come.
                drop(self.inbound.try_send((self.peer, protocol, self.line(stream))));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: (stream, _), info }) => {
                // Whoever asked may have given up.
                drop(info.send(Ok(self.line(stream))));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let why = match error {
                    StreamUpgradeError::NegotiationFailed => Unopened::Protocol,
                    _ => Unopened::Dropped,
                };
                drop(info.send(Err(why)));
            }
            _ => {}
        }
    }
}

/// What is offered, or asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Spoken {
    All,
    One(Protocol),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Name(Protocol);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.0.as_str()
    }
}

impl UpgradeInfo for Spoken {
    type Info = Name;
    type InfoIter = std::vec::IntoIter<Name>;

    fn protocol_info(&self) -> Self::InfoIter {
        let names = match self {
            Self::All => Protocol::ALL.map(Name).to_vec(),
            Self::One(protocol) => vec![Name(*protocol)],
        };
        names.into_iter()
    }
}

impl InboundUpgrade<Stream> for Spoken {
    type Output = (Stream, Protocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_inbound(self, stream: Stream, name: Name) -> Self::Future {
        ready(Ok((stream, name.0)))
    }
}

impl OutboundUpgrade<Stream> for Spoken {
    type Output = (Stream, Protocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Self::Error>>;

    fn upgrade_outbound(self, stream: Stream, name: Name) -> Self::Future {
        ready(Ok((stream, name.0)))
    }
}
