//! What is spoken on a connection, and over what.

use std::time::Duration;

use libp2p::{
    PeerId, Swarm, Transport, autonat,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    dcutr, identify,
    identity::Keypair,
    mdns, memory_connection_limits, noise, ping, quic, relay,
    swarm::{self, NetworkBehaviour, behaviour::toggle::Toggle},
    tcp, yamux,
};
use tokio::sync::mpsc;

use crate::{
    Config,
    carry::{self, Carried},
    door::{Busy, Door},
    handshakes::Handshakes,
    known::{ForKnown, Known, Over},
    limits::Gate,
    observed::Observed,
    prompt::Prompt,
    screened::NoCircuits,
    streams::{Inbound, Streams},
    swarm::StartError,
};

/// How long a connection without any channel is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How often a quiet connection is looked after, and how long an answer may take.
const PING: Duration = Duration::from_secs(15);
const PONG: Duration = Duration::from_secs(10);
/// How long making a connection may take.
const CALL: Duration = Duration::from_secs(10);
/// Callers who wait in the system until they are taken.
const BACKLOG: u32 = 4096;
/// What one QUIC stream, and one whole connection, may have in flight towards us, in bytes.
const QUIC_STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const QUIC_CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    // The limits come first: what they deny never reaches the books of the others.
    pub(crate) door: Door,
    memory: memory_connection_limits::Behaviour,
    pub(crate) observed: Observed,
    ping: ping::Behaviour,
    streams: Streams,
    relays: relay::client::Behaviour,
    relay: Toggle<NoCircuits<relay::Behaviour>>,
    pub(crate) punch: ForKnown<dcutr::Behaviour>,
    pub(crate) asks: ForKnown<autonat::v2::client::Behaviour>,
    pub(crate) answers: ForKnown<autonat::v2::server::Behaviour>,
    local: Toggle<NoCircuits<mdns::tokio::Behaviour>>,
}

/// What the rest needs of a network that was built.
pub(crate) struct Parts {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) inbound: mpsc::Receiver<Inbound>,
    pub(crate) streams: crate::streams::Opener,
    pub(crate) carried: Carried,
}

pub(crate) fn build(config: &Config, known: &Known, inbound: &Gate, outgoing: &Gate) -> Result<Parts, StartError> {
    let keypair = config.transport_secret.keypair();
    let us = keypair.public().to_peer_id();
    // Room for both directions, for what it carries as a relay, and for what identify and ping need: reaching this
    // ends the whole connection, which is not how a peer that asks for one channel too many is answered.
    let carries = config.relay.as_ref().map_or(0, |limits| limits.circuits.min(4096));
    let most = config.limits.streams_per_peer * 2 + 64 + carries;
    let (transport, relays) = transport(&keypair, most)?;
    let carried = Carried::default();
    let busy = Busy { inbound: inbound.clone(), outgoing: outgoing.clone(), carried: carried.clone() };
    let identify = identify::Config::new("counterpart/1".to_owned(), keypair.public())
        .with_agent_version("counterpart".to_owned())
        .with_hide_listen_addrs(true)
        // Only the addresses a caller names are dialled, never what a peer claimed once.
        .with_cache_size(0);
    let (streams, queue) = Streams::new();
    let opener = streams.opener();
    let local = if config.local {
        let local = mdns::tokio::Behaviour::new(mdns::Config::default(), us);
        Some(local.map_err(|error| StartError::Local { kind: error.kind() })?)
    } else {
        None
    };
    let behaviour = Behaviour {
        door: Door::new(config.limits.clone(), known.clone(), busy),
        memory: memory_connection_limits::Behaviour::with_max_bytes(config.limits.memory),
        observed: Observed::new(identify::Behaviour::new(identify), known.clone()),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING).with_timeout(PONG)),
        streams,
        relays,
        relay: config.relay.as_ref().map(|limits| NoCircuits(carry::relay(us, limits, known, &carried))).into(),
        punch: ForKnown::new(dcutr::Behaviour::new(us), known.clone(), Over::Relayed),
        asks: ForKnown::new(autonat::v2::client::Behaviour::default(), known.clone(), Over::Direct),
        answers: ForKnown::new(autonat::v2::server::Behaviour::default(), known.clone(), Over::Direct),
        local: local.map(NoCircuits).into(),
    };
    let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    let swarm = Swarm::new(transport, behaviour, us, config);
    Ok(Parts { swarm, inbound: queue, streams: opener, carried })
}

type Muxed = (PeerId, StreamMuxerBox);

fn transport(keypair: &Keypair, most: usize) -> Result<(Boxed<Muxed>, relay::client::Behaviour), StartError> {
    let noise = || noise::Config::new(keypair).map_err(|error| StartError::Transport(error.to_string()));
    let mux = || {
        let mut mux = yamux::Config::default();
        mux.set_max_num_streams(most);
        mux
    };
    let tcp = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true).listen_backlog(BACKLOG))
        .upgrade(Version::V1Lazy)
        .authenticate(noise()?)
        .multiplex(mux())
        .timeout(CALL)
        .map(|(peer, mux), _| (peer, StreamMuxerBox::new(Prompt::new(mux))));
    let mut config = quic::Config::new(keypair);
    config.max_concurrent_stream_limit = u32::try_from(most).unwrap_or(u32::MAX);
    config.max_stream_data = QUIC_STREAM_WINDOW;
    config.max_connection_data = QUIC_CONNECTION_WINDOW;
    let quic = quic::tokio::Transport::new(config).map(|(peer, mux), _| (peer, StreamMuxerBox::new(mux)));
    let (circuits, relays) = relay::client::new(keypair.public().to_peer_id());
    let circuits = circuits
        .upgrade(Version::V1Lazy)
        .authenticate(noise()?)
        .multiplex(mux())
        .timeout(CALL)
        .map(|(peer, mux), _| (peer, StreamMuxerBox::new(Prompt::new(mux))));
    let direct = tcp.or_transport(quic).map(|either, _| either.into_inner());
    let all = circuits.or_transport(direct).map(|either, _| either.into_inner()).boxed();
    Ok((Handshakes::new(all).boxed(), relays))
}
