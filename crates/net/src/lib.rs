//! Carries opaque frames between nodes over libp2p: QUIC, and TCP with Noise and Yamux.
//!
//! This crate alone knows libp2p, and nothing of cases, parties or signatures. It proves which transport key
//! is at the other end of a [`Channel`] and bounds what strangers may take ([`Limits`]); whom to talk to, and
//! what a frame means, is decided elsewhere.
//!
//! On the wire a channel is one libp2p stream of a [`Protocol`]. The side that accepts it first sends a single
//! byte 1, which says that the stream was taken and not dropped under load; then either side sends frames, each
//! a length of four bytes, most significant first, and that many bytes (1 to `max_frame`).
//!
//! Other nodes learn from us our public key, the name "counterpart", the protocols spoken and the address they
//! came from, but not the addresses we listen on.

mod address;
mod channel;
mod dial;
mod frame;
mod limits;
mod open;
mod peer;
mod swarm;

use std::fmt;

use libp2p::StreamProtocol;
use tokio::sync::{mpsc, oneshot};

pub use crate::{
    address::{Address, AddressError},
    channel::{Channel, ChannelError, Receiver, Sender},
    limits::Limits,
    open::{Failure, FailureReason, OpenError, Refusal},
    peer::{PeerId, PeerIdError, TransportSecret},
    swarm::StartError,
};
use crate::{
    limits::Gate,
    swarm::{Command, Started},
};

/// The largest frame by default, in bytes.
pub const MAX_FRAME: usize = 1024 * 1024;

/// What a node needs to go on the network.
#[derive(Debug)]
pub struct Config {
    /// The Ed25519 seed of the transport key, which no device key shares.
    pub transport_secret: TransportSecret,
    /// Where to listen; numeric hosts only, port 0 lets the system choose. May be empty.
    pub listen: Vec<Address>,
    /// The largest frame sent or taken, in bytes.
    pub max_frame: usize,
    /// What others may take.
    pub limits: Limits,
}

impl Config {
    /// Listens nowhere, with the default sizes and limits.
    #[must_use]
    pub fn new(transport_secret: TransportSecret) -> Self {
        Self { transport_secret, listen: Vec::new(), max_frame: MAX_FRAME, limits: Limits::default() }
    }
}

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Between members of a case: `/counterpart/case/1`.
    Case,
    /// With somebody who holds an invitation: `/counterpart/invitation/1`.
    Invitation,
}

impl Protocol {
    /// Every protocol spoken.
    pub const ALL: [Self; 2] = [Self::Case, Self::Invitation];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "/counterpart/case/1",
            Self::Invitation => "/counterpart/invitation/1",
        }
    }

    fn name(self) -> StreamProtocol {
        StreamProtocol::new(self.as_str())
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened on the network.
///
/// The queue is bounded. While it is full, new channels wait in it (each peer at most
/// [`Limits::streams_per_peer`], beyond which they are dropped and the peer tries again), and a peer that came
/// and went meanwhile is not mentioned. An `Inbound` is not ordered against the `Connected` of its peer.
#[derive(Debug)]
pub enum Event {
    /// A peer opened a channel.
    Inbound {
        /// Who, as proven by the handshake.
        peer: PeerId,
        /// What for.
        protocol: Protocol,
        /// The channel.
        channel: Channel,
    },
    /// The first connection with a peer stands. It may be gone at once if the peer is at its limits.
    Connected {
        /// With whom.
        peer: PeerId,
    },
    /// The last connection with a peer is gone.
    Disconnected {
        /// With whom.
        peer: PeerId,
    },
    /// The node listens on one more address.
    Listening {
        /// Where, with the port that was chosen.
        address: Address,
    },
}

/// A node on the network. Dropping it stops it in the background; [`Net::stop`] waits for that.
///
/// Share it with `Arc`: all methods take `&self`.
pub struct Net {
    peer_id: PeerId,
    commands: mpsc::Sender<Command>,
    streams: libp2p_stream::Control,
    outgoing: Gate,
    max_frame: usize,
}

impl Net {
    /// Goes on the network. Must run inside a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// When a limit makes no sense, or an address cannot be listened on.
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let max_frame = config.max_frame;
        let outgoing = Gate::new(config.limits.streams_per_peer);
        let Started { peer_id, commands, streams, events } = swarm::start(&config)?;
        Ok((Self { peer_id, commands, streams, outgoing, max_frame }, events))
    }

    /// Who we are to others.
    #[must_use]
    pub fn peer_id(&self) -> &PeerId {
        &self.peer_id
    }

    /// Where we listen, with the ports that were chosen, in ascending order. Waits until every address that
    /// was asked for stands; empty once stopped.
    pub async fn listen_addresses(&self) -> Vec<Address> {
        let (reply, answer) = oneshot::channel();
        if self.commands.send(Command::Listening { reply }).await.is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }

    /// Opens a channel to a peer, connecting first if need be; `addresses` are used only for that (at most
    /// the first 16 places, domain names being resolved by the system).
    ///
    /// A peer under load may drop the stream before taking it: this tries again, a little later each time.
    /// Gives up after 10 seconds.
    ///
    /// # Errors
    /// When the peer cannot be reached, does not take the channel, or this node is at its own limits.
    pub async fn open(&self, peer: PeerId, addresses: Vec<Address>, protocol: Protocol) -> Result<Channel, OpenError> {
        open::open(self, peer, addresses, protocol).await
    }

    /// Closes all connections and stops listening; the ports are free when this returns. A second call
    /// returns at once. Afterwards [`Net::open`] fails and the queue of events ends.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop { done }).await.is_ok() {
            // An error means that the task is gone, which is what we wait for.
            stopped.await.unwrap_or_default();
        }
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("peer_id", &self.peer_id).finish_non_exhaustive()
    }
}
