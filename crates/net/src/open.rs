//! Opening a channel: resolve, connect, ask for a stream, wait until it is taken.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};

use futures::{AsyncReadExt, future::join_all};
use libp2p::{Multiaddr, multiaddr};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

use crate::{
    Net, Protocol,
    address::{Address, Family, Host},
    channel::Channel,
    dial::Lane,
    line::Line,
    peer::PeerId,
    streams::Unopened,
    swarm::Command,
};

/// What the accepting side sends first, so that the opener knows its stream was not dropped.
pub(crate) const TAKEN: u8 = 1;

const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_PLACES: usize = 16;
/// Relays called on the way to one peer.
const MAX_RELAYS: usize = 4;
/// How long a relay has to say where it sees us.
const LOOK: Duration = Duration::from_millis(500);
/// How long a peer is called directly before it is called through a relay as well.
const HEAD_START: Duration = Duration::from_millis(1500);
/// How long it is tried over QUIC alone where TCP could do it as well.
const QUIC_FIRST: Duration = Duration::from_millis(400);
/// How often a peer may close the whole connection on us before we believe that it means it.
const MAX_DIALS: u32 = 3;
/// How often a call may break off before the peer stands, and the first pause after that.
const MAX_BROKEN: u32 = 3;
const AGAIN: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Why no channel could be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not connected, and no address to connect to.
    #[error("there is no connection to {peer} and no address is known for it: ask the other side for one")]
    NoAddress {
        /// Whom we wanted.
        peer: PeerId,
    },
    /// No address led to the peer.
    #[error("{peer} cannot be reached: {}. Check that it runs and that its address is right, then try again", list(.failures))]
    Unreachable {
        /// Whom we wanted.
        peer: PeerId,
        /// What was tried, and what came of it; never empty.
        failures: Vec<Failure>,
    },
    /// The peer was reached and did not take the channel.
    #[error("{peer} was reached but refused: {why}")]
    Refused {
        /// Whom we wanted.
        peer: PeerId,
        /// In what way.
        why: Refusal,
    },
    /// No answer within 10 seconds.
    #[error("{peer} did not answer within {} seconds: try again later", OPEN_TIMEOUT.as_secs())]
    Timeout {
        /// Whom we wanted.
        peer: PeerId,
    },
    /// The peer wanted is this node.
    #[error("the peer to connect to is this very node: check the address or the invitation")]
    Ourselves,
    /// This node has all the channels to that peer that it may have.
    #[error("there are already {most} channels to {peer}: close some first")]
    TooManyChannels {
        /// Whom we wanted.
        peer: PeerId,
        /// The limit `streams_per_peer`.
        most: usize,
    },
    /// This node has all the connections, or all the memory, that it may have.
    #[error("this node is at its own limit of connections or memory: close some, or raise the limits")]
    AtLimit,
    /// The network was stopped.
    #[error("the network is stopped: start the node again")]
    Stopped,
}

/// How a peer that was reached did not take a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It ended the whole connection, several times.
    #[error("it ends every connection at once, perhaps because it has too many: try again later")]
    Disconnects,
    /// It dropped the stream again and again until the time was up.
    #[error("it is too busy to take another channel: try again later")]
    Busy,
    /// It does not speak the protocol.
    #[error("it does not speak this protocol: its program may be too old or too new")]
    Protocol,
}

/// One place that was tried in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub address: Address,
    /// What came of it.
    pub reason: FailureReason,
}

/// What came of trying one place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FailureReason {
    /// The machine is there, the port is closed.
    #[error("nobody listens there")]
    NobodyListens,
    /// Nothing came back in time.
    #[error("no answer from there")]
    NoAnswer,
    /// The domain name has no address.
    #[error("that name cannot be resolved")]
    NoSuchName,
    /// Another node answers there, with this peer id.
    #[error("another node answers there, {0}")]
    WrongPeer(PeerId),
    /// The address is not one that can be called (port 0, an unspecified host).
    #[error("that is not an address one can call")]
    NotCallable,
    /// Anything else, in printable ASCII.
    #[error("the connection failed ({0})")]
    Other(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.reason)
    }
}

fn list(failures: &[Failure]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// How connecting went, from the task that owns the connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connected {
    Already,
    Dialled,
}

pub(crate) async fn open(
    net: &Net,
    peer: PeerId,
    addresses: Vec<Address>,
    protocol: Protocol,
) -> Result<Channel, OpenError> {
    if peer == net.peer_id {
        return Err(OpenError::Ourselves);
    }
    let Some(place) = net.outgoing.enter(peer.to_libp2p()) else {
        return Err(OpenError::TooManyChannels { peer, most: net.outgoing.most() });
    };
    let mut dropped = false;
    let attempts = attempts(net, &peer, &addresses, protocol, &mut dropped);
    match timeout(OPEN_TIMEOUT, Box::pin(attempts)).await {
        Ok(Ok(stream)) => Ok(Channel::new(peer, stream, net.max_frame, place)),
        Ok(Err(error)) => Err(error),
        Err(_) if dropped => Err(OpenError::Refused { peer, why: Refusal::Busy }),
        Err(_) => Err(OpenError::Timeout { peer }),
    }
}

async fn attempts(
    net: &Net,
    peer: &PeerId,
    addresses: &[Address],
    protocol: Protocol,
    dropped: &mut bool,
) -> Result<Line, OpenError> {
    let mut pause = FIRST_PAUSE;
    let (mut dials, mut broken) = (0, 0);
    loop {
        match connect(&net.commands, peer, addresses).await {
            Ok(Connected::Dialled) => dials += 1,
            Ok(Connected::Already) => {}
            // A node under a flood of callers may drop one in the middle: he gets in by coming again.
            Err(error) if broken < MAX_BROKEN && broke_off(&error) => {
                sleep(AGAIN * 2_u32.pow(broken)).await;
                broken += 1;
                continue;
            }
            Err(error) => return Err(error),
        }
        match ask(net, peer, protocol).await {
            Ok(stream) => return Ok(stream),
            Err(Unanswered::Protocol) => {
                return Err(OpenError::Refused { peer: peer.clone(), why: Refusal::Protocol });
            }
            Err(Unanswered::Dropped) if dials >= MAX_DIALS => {
                return Err(OpenError::Refused { peer: peer.clone(), why: Refusal::Disconnects });
            }
            Err(Unanswered::Dropped) => *dropped = true,
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether somebody was there and a call broke off. What a relay says is not taken for that.
fn broke_off(error: &OpenError) -> bool {
    let OpenError::Unreachable { failures, .. } = error else { return false };
    failures.iter().any(|failure| matches!(failure.reason, FailureReason::Other(_)) && !failure.address.is_relayed())
}

enum Unanswered {
    Protocol,
    Dropped,
}

/// One stream, taken by the peer.
async fn ask(net: &Net, peer: &PeerId, protocol: Protocol) -> Result<Line, Unanswered> {
    let mut stream = match net.streams.open(peer.to_libp2p(), protocol).await {
        Ok(stream) => stream,
        Err(Unopened::Protocol) => return Err(Unanswered::Protocol),
        Err(Unopened::Dropped) => return Err(Unanswered::Dropped),
    };
    let mut first = [0];
    match stream.read(&mut first).await {
        Ok(1) if first == [TAKEN] => Ok(stream),
        Ok(1) => Err(Unanswered::Protocol),
        _ => Err(Unanswered::Dropped),
    }
}

type Commands = mpsc::Sender<Command>;

/// A connection with a peer, directly if one of the addresses leads there in a moment, otherwise by whatever way.
async fn connect(commands: &Commands, peer: &PeerId, addresses: &[Address]) -> Result<Connected, OpenError> {
    let (reply, answer) = oneshot::channel();
    command(commands, Command::IsConnected { peer: peer.to_libp2p(), reply }).await?;
    if answer.await.is_ok_and(|connected| connected) {
        return Ok(Connected::Already);
    }
    let (relayed, direct): (Vec<_>, Vec<_>) = addresses.iter().cloned().partition(Address::is_relayed);
    if relayed.is_empty() {
        return connect_directly(commands, peer, &direct, false).await;
    }
    let around = connect_around(commands, peer, &relayed);
    if direct.is_empty() {
        return around.await;
    }
    first_of(connect_directly(commands, peer, &direct, false), around, HEAD_START).await
}

/// The first of two ways that leads there; the second one is begun a little later, or once the first has failed.
async fn first_of(
    first: impl Future<Output = Result<Connected, OpenError>>,
    second: impl Future<Output = Result<Connected, OpenError>>,
    head_start: Duration,
) -> Result<Connected, OpenError> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    match timeout(head_start, &mut first).await {
        Ok(Ok(connected)) => return Ok(connected),
        Ok(Err(error)) => return second.await.map_err(|other| both(error, other)),
        Err(_) => {}
    }
    tokio::select! {
        done = &mut first => match done {
            Ok(connected) => Ok(connected),
            Err(error) => second.await.map_err(|other| both(error, other)),
        },
        done = &mut second => match done {
            Ok(connected) => Ok(connected),
            Err(error) => first.await.map_err(|other| both(other, error)),
        },
    }
}

/// A direct connection with a peer, from our own port if that is wished.
pub(crate) async fn connect_directly(
    commands: &Commands,
    peer: &PeerId,
    addresses: &[Address],
    own_port: bool,
) -> Result<Connected, OpenError> {
    let (places, failures) = places(peer, addresses).await;
    if places.is_empty() && !failures.is_empty() {
        return Err(OpenError::Unreachable { peer: peer.clone(), failures });
    }
    let (tcp, quic): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| Lane::of(place) == Lane::Tcp);
    if tcp.is_empty() || quic.is_empty() {
        return dial(commands, peer, [tcp, quic].concat(), failures, own_port).await;
    }
    // Where both can, both come over QUIC: two of whom a relay sees one here and one there cannot call each other.
    let over_quic = dial(commands, peer, quic, failures, own_port);
    first_of(over_quic, dial(commands, peer, tcp, Vec::new(), own_port), QUIC_FIRST).await
}

/// A connection with a peer through the relays on these addresses, which are called first.
async fn connect_around(commands: &Commands, peer: &PeerId, addresses: &[Address]) -> Result<Connected, OpenError> {
    let mut relays: BTreeMap<PeerId, Vec<Address>> = BTreeMap::new();
    for (relay, place) in addresses.iter().filter_map(|address| Some((address.relay()?, address.relay_place()?))) {
        if relay != *peer && (relays.len() < MAX_RELAYS || relays.contains_key(&relay)) {
            relays.entry(relay).or_default().push(place);
        }
    }
    let call = async |(relay, places): (&PeerId, &Vec<Address>)| {
        let called = connect_directly(commands, relay, places, true).await;
        if called.is_ok() {
            // What the relay sees is what the other side is told, for both to call each other at the same moment.
            let (reply, seen) = oneshot::channel();
            command(commands, Command::Seen { peer: relay.to_libp2p(), reply }).await.ok();
            timeout(LOOK, seen).await.ok();
        }
        called.err().map(|error| (relay.clone(), error))
    };
    let silent: BTreeMap<PeerId, OpenError> = join_all(relays.iter().map(call)).await.into_iter().flatten().collect();
    let (lost, open): (Vec<_>, Vec<_>) = addresses.iter().cloned().partition(|address| {
        address.relay().is_none_or(|relay| silent.contains_key(&relay) || !relays.contains_key(&relay))
    });
    let (mut places, mut failures) = places(peer, &open).await;
    // The relay is called already: each further way through it would take another of the places that it gives.
    let mut through = BTreeSet::new();
    places.retain(|place| {
        let relay = place.iter().find_map(|part| match part {
            multiaddr::Protocol::P2p(relay) => Some(relay),
            _ => None,
        });
        through.insert(relay)
    });
    failures.extend(lost.into_iter().map(|address| {
        let why = address.relay().and_then(|relay| silent.get(&relay)).map_or("too many relays", |error| match error {
            OpenError::AtLimit => "this node is at its own limits",
            _ => "its relay cannot be reached",
        });
        Failure { address, reason: FailureReason::Other(why.to_owned()) }
    }));
    if places.is_empty() {
        return Err(OpenError::Unreachable { peer: peer.clone(), failures });
    }
    dial(commands, peer, places, failures, false).await
}

async fn dial(
    commands: &Commands,
    peer: &PeerId,
    places: Vec<Multiaddr>,
    failures: Vec<Failure>,
    own_port: bool,
) -> Result<Connected, OpenError> {
    let (reply, answer) = oneshot::channel();
    command(commands, Command::Connect { peer: peer.to_libp2p(), places, failures, own_port, reply }).await?;
    match answer.await {
        Ok(connected) => connected,
        Err(_) => Err(OpenError::Stopped),
    }
}

/// Of two ways that failed, what is to be told.
fn both(direct: OpenError, around: OpenError) -> OpenError {
    match (direct, around) {
        (OpenError::Unreachable { peer, mut failures }, OpenError::Unreachable { failures: more, .. }) => {
            failures.extend(more);
            OpenError::Unreachable { peer, failures }
        }
        (OpenError::NoAddress { .. }, other) | (other, _) => other,
    }
}

async fn command(commands: &Commands, command: Command) -> Result<(), OpenError> {
    match commands.send(command).await {
        Ok(()) => Ok(()),
        Err(_) => Err(OpenError::Stopped),
    }
}

/// The numeric places behind some addresses, without repetition, and the addresses that lead nowhere.
pub(crate) async fn places(peer: &PeerId, addresses: &[Address]) -> (Vec<Multiaddr>, Vec<Failure>) {
    let mut places: Vec<Multiaddr> = Vec::new();
    let mut failures = Vec::new();
    for address in addresses {
        let mut fail = |reason| failures.push(Failure { address: address.clone(), reason });
        if let Some(other) = address.peer().filter(|other| other != peer) {
            fail(FailureReason::WrongPeer(other));
            continue;
        }
        let ips = match address.host() {
            Host::Ip(ip) => vec![ip],
            Host::Name { name, family } => resolve(&name, family).await,
        };
        if ips.is_empty() {
            fail(FailureReason::NoSuchName);
        } else if address.port() == 0 || ips.iter().all(IpAddr::is_unspecified) {
            fail(FailureReason::NotCallable);
        } else {
            for place in ips.into_iter().filter(|ip| !ip.is_unspecified()).map(|ip| address.at(ip)) {
                if places.len() < MAX_PLACES && !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    (places, failures)
}

/// By the system's resolver, so that its hosts file and private zones count.
async fn resolve(name: &str, family: Option<Family>) -> Vec<IpAddr> {
    let Ok(found) = tokio::net::lookup_host((name, 0)).await else { return Vec::new() };
    let wanted = |ip: &IpAddr| match family {
        None => true,
        Some(Family::V4) => ip.is_ipv4(),
        Some(Family::V6) => ip.is_ipv6(),
    };
    found.map(|socket: SocketAddr| socket.ip()).filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_called_is_told_apart_before_anything_is_sent() {
        let (us, other) = (PeerId::from_secret(&[1; 32]), PeerId::from_secret(&[2; 32]));
        let parse = |text: &str| Address::parse(text).expect("valid");
        let good = parse("/ip4/127.0.0.1/tcp/9");
        let addresses = [
            good.with_peer(&us),
            good.clone(),
            good.with_peer(&other),
            parse("/ip4/127.0.0.1/tcp/0"),
            parse("/ip4/0.0.0.0/udp/9/quic-v1"),
        ];
        let (places, failures) = places(&us, &addresses).await;
        assert_eq!(places, [good.place()]);
        let reasons: Vec<_> = failures.into_iter().map(|failure| failure.reason).collect();
        assert_eq!(reasons, [FailureReason::WrongPeer(other), FailureReason::NotCallable, FailureReason::NotCallable]);
    }
}
