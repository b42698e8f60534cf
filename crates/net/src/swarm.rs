//! The one task that owns the connections.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    time::Duration,
};

use futures::{AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, Stream, Swarm, SwarmBuilder, connection_limits, connection_limits::ConnectionLimits,
    core::transport::ListenerId, identify, memory_connection_limits, noise, ping, swarm::NetworkBehaviour,
    swarm::SwarmEvent, tcp, yamux,
};
use libp2p_stream::{Control, IncomingStreams};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    Config, Event, Limits, Protocol,
    address::{Address, Transport},
    channel::Channel,
    dial::{Dials, Reply, Waiting},
    limits::{Gate, Place},
    open::{Connected, Failure, TAKEN},
    peer,
};

const EVENTS: usize = 256;
const COMMANDS: usize = 64;
/// How long a connection without any channel is kept.
const IDLE: Duration = Duration::from_secs(60);
/// How long a peer may take to accept the first byte of a channel it asked for.
const WELCOME: Duration = Duration::from_secs(3);
/// How long stopping may take to say goodbye, and again to see the ports free.
const GOODBYE: Duration = Duration::from_secs(2);
const PORT_CHECK: Duration = Duration::from_millis(5);
/// What one QUIC stream, and one whole connection, may have in flight towards us, in bytes.
const QUIC_STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const QUIC_CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// Why the network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Not inside a tokio runtime.
    #[error("the network was started outside an async runtime: start it inside one")]
    NoRuntime,
    /// A size or limit nothing could work with.
    #[error("{what} must be from {least} to {most}: correct the configuration")]
    BadLimit {
        /// Which setting.
        what: &'static str,
        /// The least it can be.
        least: usize,
        /// The most it can be.
        most: usize,
    },
    /// An address with a domain name.
    #[error("cannot listen on {address}: give a numeric IP address, such as /ip4/0.0.0.0/tcp/4001")]
    NotNumeric {
        /// The address.
        address: Address,
    },
    /// The system refused.
    #[error("cannot listen on {address} ({kind}): stop what uses that port, or choose another")]
    Listen {
        /// The address.
        address: Address,
        /// What the system calls it.
        kind: io::ErrorKind,
    },
    /// The cryptographic handshake could not be set up.
    #[error("the encrypted transport could not be set up ({0}): this program is not built right")]
    Transport(String),
}

/// What the handle asks of the task.
pub(crate) enum Command {
    IsConnected { peer: PeerId, reply: oneshot::Sender<bool> },
    Connect { peer: PeerId, places: Vec<Multiaddr>, failures: Vec<Failure>, reply: Reply },
    Listening { reply: oneshot::Sender<Vec<Address>> },
    Stop { done: oneshot::Sender<()> },
}

/// What the handle gets once the task runs.
pub(crate) struct Started {
    pub(crate) peer_id: peer::PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) streams: Control,
    pub(crate) events: mpsc::Receiver<Event>,
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    // The limits come first: what they deny never reaches the books of the others.
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

/// Listens and spawns the task.
pub(crate) fn start(config: &Config) -> Result<Started, StartError> {
    if Handle::try_current().is_err() {
        return Err(StartError::NoRuntime);
    }
    check(config)?;
    let mut swarm = build(config)?;
    let mut listeners = HashMap::new();
    for address in &config.listen {
        listeners.insert(listen(&mut swarm, address)?, Vec::new());
    }
    let mut streams = swarm.behaviour().streams.new_control();
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (event_queue, events) = mpsc::channel(EVENTS);
    let gate = Gate::new(config.limits.streams_per_peer);
    let mut accepting = JoinSet::new();
    for protocol in Protocol::ALL {
        let incoming = streams.accept(protocol.name()).expect("each protocol is registered once, here");
        let welcome = Welcome { protocol, events: event_queue.clone(), most: config.max_frame };
        accepting.spawn(accept(incoming, gate.clone(), welcome));
    }
    let task = Task {
        swarm,
        commands: command_queue,
        events: event_queue,
        backlog: Backlog::default(),
        dials: Dials::default(),
        listeners,
        listening_replies: Vec::new(),
        accepting,
    };
    // Detached on purpose: it ends when the handle is dropped or asks it to.
    drop(tokio::spawn(task.run()));
    Ok(Started { peer_id: config.transport_secret.peer_id(), commands, streams, events })
}

fn check(config: &Config) -> Result<(), StartError> {
    let within = |what, value: usize, most: usize| match value {
        0 => Err(StartError::BadLimit { what, least: 1, most }),
        value if value > most => Err(StartError::BadLimit { what, least: 1, most }),
        _ => Ok(()),
    };
    within("max_frame", config.max_frame, 64 * 1024 * 1024)?;
    within("streams_per_peer", config.limits.streams_per_peer, Limits::MAX_STREAMS_PER_PEER)
}

fn build(config: &Config) -> Result<Swarm<Behaviour>, StartError> {
    let limits = &config.limits;
    let keypair = config.transport_secret.keypair();
    // Room for both directions and for what identify and ping need: reaching this ends the whole connection,
    // which is not how a peer that asks for one channel too many is answered.
    let streams = limits.streams_per_peer * 2 + 64;
    let mux = move || {
        let mut mux = yamux::Config::default();
        mux.set_max_num_streams(streams);
        mux
    };
    let behaviour = behaviour(limits, keypair.public());
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, mux)
        .map_err(|error| StartError::Transport(error.to_string()))?
        .with_quic_config(|mut quic| {
            quic.max_concurrent_stream_limit = u32::try_from(streams).unwrap_or(u32::MAX);
            quic.max_stream_data = QUIC_STREAM_WINDOW;
            quic.max_connection_data = QUIC_CONNECTION_WINDOW;
            quic
        })
        .with_behaviour(|_| behaviour)
        .expect("making the behaviour cannot fail")
        .with_swarm_config(|swarm| swarm.with_idle_connection_timeout(IDLE))
        .build();
    Ok(swarm)
}

fn behaviour(limits: &Limits, public: libp2p::identity::PublicKey) -> Behaviour {
    let connections = ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.incoming_connections))
        .with_max_established_incoming(Some(limits.incoming_connections))
        .with_max_established_per_peer(Some(limits.per_peer))
        .with_max_established(Some(limits.total));
    let identify = identify::Config::new("counterpart/1".to_owned(), public)
        .with_agent_version("counterpart".to_owned())
        .with_hide_listen_addrs(true)
        // Only the addresses a caller names are dialled, never what a peer claimed once.
        .with_cache_size(0);
    Behaviour {
        limits: connection_limits::Behaviour::new(connections),
        memory: memory_connection_limits::Behaviour::with_max_bytes(limits.memory),
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::default(),
        streams: libp2p_stream::Behaviour::new(),
    }
}

fn listen(swarm: &mut Swarm<Behaviour>, address: &Address) -> Result<ListenerId, StartError> {
    let Some((transport, socket)) = address.socket() else {
        return Err(StartError::NotNumeric { address: address.clone() });
    };
    let refused = |kind| StartError::Listen { address: address.clone(), kind };
    // The transports share ports between sockets, so that a second node on the same port would start in
    // silence and get some of the first one's connections. Asking for the port alone shows that it is taken.
    bind(transport, socket).map_err(|error| refused(error.kind()))?;
    swarm.listen_on(address.place()).map_err(|error| match error {
        libp2p::TransportError::Other(error) => refused(error.kind()),
        libp2p::TransportError::MultiaddrNotSupported(_) => refused(io::ErrorKind::Unsupported),
    })
}

/// Takes a port and gives it back.
fn bind(transport: Transport, socket: SocketAddr) -> io::Result<()> {
    match transport {
        Transport::Tcp => TcpListener::bind(socket).map(drop),
        Transport::Quic => UdpSocket::bind(socket).map(drop),
    }
}

/// Takes the streams of one protocol as fast as they come (the layer below keeps one and drops the next) and
/// leaves everything that can wait to a task of its own.
async fn accept(mut incoming: IncomingStreams, gate: Gate, welcome: Welcome) {
    let mut welcomes = JoinSet::new();
    loop {
        tokio::select! {
            next = incoming.next() => match next {
                Some((peer, stream)) => {
                    if let Some(place) = gate.enter(peer) {
                        welcomes.spawn(welcome.clone().run(peer, stream, place));
                    }
                }
                None => return,
            },
            Some(_) = welcomes.join_next() => {}
        }
    }
}

#[derive(Clone)]
struct Welcome {
    protocol: Protocol,
    events: mpsc::Sender<Event>,
    most: usize,
}

impl Welcome {
    async fn run(self, peer: PeerId, mut stream: Stream, place: Place) {
        let told = async {
            stream.write_all(&[TAKEN]).await?;
            stream.flush().await
        };
        if !matches!(timeout(WELCOME, told).await, Ok(Ok(()))) {
            return;
        }
        let peer = peer::PeerId::from_libp2p(&peer);
        let channel = Channel::new(peer.clone(), stream, self.most, place);
        // Waits while the queue is full; a queue nobody reads any more drops the channel, which resets it.
        drop(self.events.send(Event::Inbound { peer, protocol: self.protocol, channel }).await);
    }
}

struct Task {
    swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    backlog: Backlog,
    dials: Dials,
    /// The addresses each listener has reported so far.
    listeners: HashMap<ListenerId, Vec<Address>>,
    /// Who waits until every listener has reported.
    listening_replies: Vec<oneshot::Sender<Vec<Address>>>,
    accepting: JoinSet<()>,
}

impl Task {
    async fn run(mut self) {
        let events = self.events.clone();
        let done = loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(Command::Stop { done }) => break Some(done),
                    Some(command) => self.on_command(command),
                    None => break None,
                },
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                slot = events.reserve(), if !self.backlog.is_empty() => match slot {
                    Ok(slot) => {
                        if let Some(event) = self.backlog.next() {
                            slot.send(event);
                        }
                    }
                    Err(_) => self.backlog.mute(),
                },
            }
        };
        drop(events);
        self.shut_down().await;
        if let Some(done) = done {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::IsConnected { peer, reply } => drop(reply.send(self.swarm.is_connected(&peer))),
            Command::Connect { reply, peer, .. } if self.swarm.is_connected(&peer) => {
                drop(reply.send(Ok(Connected::Already)));
            }
            Command::Connect { peer, places, failures, reply } => {
                let call = Waiting { places, failures, reply };
                self.dials.add(peer, call, &mut |options| self.swarm.dial(options));
            }
            Command::Listening { reply } => {
                self.listening_replies.push(reply);
                self.answer_listening();
            }
            // Handled where the loop ends.
            Command::Stop { done } => drop(done),
        }
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, num_established, .. } => {
                self.dials.connected(peer_id);
                if num_established.get() == 1 {
                    self.backlog.connected(peer_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => self.backlog.disconnected(peer_id),
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                self.dials.failed(connection_id, peer_id, &error, &mut |options| self.swarm.dial(options));
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                if let (Some(address), Some(known)) =
                    (Address::from_multiaddr(&address), self.listeners.get_mut(&listener_id))
                {
                    known.push(address.clone());
                    self.backlog.listening(address);
                    self.answer_listening();
                }
            }
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                if let Some(known) = self.listeners.get_mut(&listener_id) {
                    known.retain(|other| other.place() != address);
                }
            }
            SwarmEvent::ListenerClosed { listener_id, .. } => {
                self.listeners.remove(&listener_id);
                self.answer_listening();
            }
            // A connection on which nothing comes back is dead, however long its channels would wait.
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { connection, result: Err(_), .. })) => {
                self.swarm.close_connection(connection);
            }
            _ => {}
        }
    }

    fn answer_listening(&mut self) {
        if self.listeners.values().any(Vec::is_empty) {
            return;
        }
        let mut all: Vec<Address> = self.listeners.values().flatten().cloned().collect();
        all.sort();
        all.dedup();
        for reply in self.listening_replies.drain(..) {
            drop(reply.send(all.clone()));
        }
    }

    async fn shut_down(mut self) {
        self.accepting.abort_all();
        let sockets: HashSet<(Transport, SocketAddr)> =
            self.listeners.values().flatten().filter_map(Address::socket).collect();
        let ids: Vec<ListenerId> = self.listeners.keys().copied().collect();
        for id in ids {
            self.swarm.remove_listener(id);
        }
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            // An error means that it is gone already.
            self.swarm.disconnect_peer_id(peer).unwrap_or_default();
        }
        let deadline = Instant::now() + GOODBYE;
        while self.swarm.connected_peers().next().is_some() {
            match timeout_at(deadline, self.swarm.select_next_some()).await {
                Ok(event) => self.on_swarm_event(event),
                Err(_) => break,
            }
        }
        drop(self.swarm);
        while let Some(event) = self.backlog.next() {
            if self.events.try_send(event).is_err() {
                break;
            }
        }
        // The sockets close in tasks of their own, QUIC's only after its last packets, and nobody tells when.
        let deadline = Instant::now() + GOODBYE;
        while sockets.iter().any(|(transport, socket)| bind(*transport, *socket).is_err()) && Instant::now() < deadline
        {
            sleep(PORT_CHECK).await;
        }
    }
}

/// Events that wait for a place in the queue. Bounded, though the queue may never be read: a peer that came and
/// went unnoticed leaves nothing here, so at most two events stand for each peer that was ever announced or is
/// connected now.
#[derive(Default)]
struct Backlog {
    events: VecDeque<Waits>,
    mute: bool,
}

enum Waits {
    Connected(PeerId),
    Disconnected(PeerId),
    Listening(Address),
}

impl Backlog {
    fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Nobody reads the queue any more.
    fn mute(&mut self) {
        self.events.clear();
        self.mute = true;
    }

    fn next(&mut self) -> Option<Event> {
        self.events.pop_front().map(|event| match event {
            Waits::Connected(peer) => Event::Connected { peer: peer::PeerId::from_libp2p(&peer) },
            Waits::Disconnected(peer) => Event::Disconnected { peer: peer::PeerId::from_libp2p(&peer) },
            Waits::Listening(address) => Event::Listening { address },
        })
    }

    fn connected(&mut self, peer: PeerId) {
        self.push(Waits::Connected(peer));
    }

    fn disconnected(&mut self, peer: PeerId) {
        // At most one Connected waits for a peer, and it is the last word about it.
        let unannounced = self.events.iter().rposition(|event| matches!(event, Waits::Connected(p) if *p == peer));
        match unannounced {
            Some(at) => drop(self.events.remove(at)),
            None => self.push(Waits::Disconnected(peer)),
        }
    }

    fn listening(&mut self, address: Address) {
        self.push(Waits::Listening(address));
    }

    fn push(&mut self, event: Waits) {
        if !self.mute {
            self.events.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_nobody_reads_stays_small() {
        let mut backlog = Backlog::default();
        let known = PeerId::random();
        // The queue has announced `known` before; from now on it takes nothing.
        for _ in 0..100 {
            backlog.disconnected(known);
            backlog.connected(known);
            let passing = PeerId::random();
            backlog.connected(passing);
            backlog.disconnected(passing);
            assert_eq!(backlog.events.len(), 2);
        }
        assert!(matches!(backlog.next(), Some(Event::Disconnected { .. })));
        assert!(matches!(backlog.next(), Some(Event::Connected { .. })));
        assert!(backlog.next().is_none());
    }
}
