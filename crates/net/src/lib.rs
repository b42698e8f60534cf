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
//! Where no address leads to a peer, a relay that both reach carries the connection ([`Net::rely_on`],
//! [`Config::relay`]), and from there the two try to meet directly. That, and finding out whether this node can be called,
//! is done with known peers alone ([`Net::know`]), who also get past the limits that hold for strangers.
//!
//! Other nodes learn from us our public key, the name "counterpart", the protocols spoken and the address they
//! came from, but not the addresses we listen on.

mod accept;
mod address;
mod again;
mod backlog;
mod behaviour;
mod carry;
mod channel;
mod dial;
mod door;
mod frame;
mod handshakes;
mod known;
mod limits;
mod line;
mod observed;
mod open;
mod peer;
mod prompt;
mod reach;
mod relays;
mod scope;
mod screened;
mod streams;
mod swarm;
mod ways;
mod wishes;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};

pub use crate::{
    address::{Address, AddressError},
    channel::{Channel, ChannelError, Receiver, Sender},
    limits::Limits,
    open::{Failure, FailureReason, OpenError, Refusal},
    peer::{PeerId, PeerIdError, TransportSecret},
    reach::{Path, Reach, Reservation, ReservationState, Standing},
    swarm::StartError,
};
use crate::{
    limits::Gate,
    reach::Snapshot,
    streams::Opener,
    swarm::{Command, Started},
    ways::Paths,
    wishes::Wishes,
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
    /// What this node carries for known peers as their relay; `None`: nothing for anybody.
    pub relay: Option<RelayLimits>,
    /// Whether to look for known peers in the local network, and be found there, by mDNS. Whoever is in that
    /// network learns the peer id and the addresses listened on.
    pub local: bool,
    /// Where others can reach this node, as its owner says.
    pub announced: Vec<Address>,
}

impl Config {
    /// Listens nowhere, with the default sizes and limits.
    #[must_use]
    pub fn new(transport_secret: TransportSecret) -> Self {
        Self {
            transport_secret,
            listen: Vec::new(),
            max_frame: MAX_FRAME,
            limits: Limits::default(),
            relay: None,
            local: false,
            announced: Vec::new(),
        }
    }
}

/// How much a node carries for others. The defaults are generous, since only known peers get a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayLimits {
    /// Peers that hold a reservation, at one time. Default 128.
    pub reservations: usize,
    /// Connections carried, at one time; of these, strangers who call a peer with a reservation get at most a
    /// quarter. Default 128.
    pub circuits: usize,
    /// Bytes after which a connection is cut, both directions together; 0 is no limit. Default 1 GiB.
    pub circuit_bytes: u64,
    /// Time after which a connection is cut. Default 6 hours.
    pub circuit_time: Duration,
}

impl RelayLimits {
    /// What libp2p's own relays give: 128 KiB and 2 minutes for a connection, 16 connections.
    #[must_use]
    pub fn usual() -> Self {
        Self { reservations: 128, circuits: 16, circuit_bytes: 128 * 1024, circuit_time: Duration::from_secs(2 * 60) }
    }
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            reservations: 128,
            circuits: 128,
            circuit_bytes: 1024 * 1024 * 1024,
            circuit_time: Duration::from_secs(6 * 60 * 60),
        }
    }
}

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Between members of a case: `/counterpart/case/1`.
    Case,
    /// With somebody who holds an invitation: `/counterpart/invitation/1`.
    Invitation,
    /// Between devices of one party: `/counterpart/device/1`.
    Device,
}

impl Protocol {
    /// Every protocol spoken.
    pub const ALL: [Self; 3] = [Self::Case, Self::Invitation, Self::Device];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Case => "/counterpart/case/1",
            Self::Invitation => "/counterpart/invitation/1",
            Self::Device => "/counterpart/device/1",
        }
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
    /// What [`Net::reach`] gives has changed.
    Reach,
    /// The way to a peer is another one, or there is none any more. Only the last change is told of a peer about
    /// which several wait.
    Path {
        /// To whom.
        peer: PeerId,
        /// By what way now.
        path: Option<Path>,
    },
    /// A known peer is in the local network. Only where [`Config::local`] is set.
    Found {
        /// Who says to be there; it is proven only when a channel to it stands.
        peer: PeerId,
        /// Where.
        address: Address,
    },
}

/// A node on the network. Dropping it stops it in the background; [`Net::stop`] waits for that.
///
/// Share it with `Arc`: all methods take `&self`.
pub struct Net {
    peer_id: PeerId,
    commands: mpsc::Sender<Command>,
    wishes: Arc<Wishes>,
    streams: Opener,
    outgoing: Gate,
    snapshot: Snapshot,
    paths: Paths,
    max_frame: usize,
}

impl Net {
    /// Goes on the network. Must run inside a tokio runtime with time and I/O enabled.
    ///
    /// # Errors
    /// When a limit makes no sense, or an address cannot be listened on.
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let max_frame = config.max_frame;
        let Started { peer_id, commands, wishes, streams, outgoing, snapshot, paths, events } = swarm::start(&config)?;
        Ok((Self { peer_id, commands, wishes, streams, outgoing, snapshot, paths, max_frame }, events))
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

    /// Replaces the set of known peers. They get past the limits that hold for strangers, may keep a reservation
    /// here, are called back when they ask whether they can be reached, and take part in hole punching.
    pub fn know(&self, peers: BTreeSet<PeerId>) {
        self.wishes.know(peers);
    }

    /// Replaces the relays a reservation is kept with, each at these addresses. They should be known peers too.
    pub fn rely_on(&self, relays: Vec<(PeerId, Vec<Address>)>) {
        self.wishes.rely_on(relays);
    }

    /// Where a known peer may be called directly. While it is connected through relays alone these places are tried at
    /// once where they are others than before, and again with growing pauses; else this does nothing.
    pub fn seek(&self, peer: PeerId, places: Vec<Address>) {
        self.wishes.seek(peer, places);
    }

    /// Where this node can be reached just now. Cheap.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::clone(&self.snapshot.get())
    }

    /// The way to a peer, if it is connected. Cheap.
    #[must_use]
    pub fn path(&self, peer: &PeerId) -> Option<Path> {
        self.paths.to(&peer.to_libp2p())
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
