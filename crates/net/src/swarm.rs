//! The one task that owns the connections.

mod reaching;

use std::{
    collections::{HashMap, HashSet},
    io,
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, Swarm, autonat,
    core::{ConnectedPoint, transport::ListenerId},
    mdns, ping, relay,
    swarm::{ConnectionId, SwarmEvent},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};

use crate::{
    Config, Event, Limits,
    accept::{Welcome, accept},
    address::{Address, Transport, leads_through_a_relay, without_peer},
    again::Again,
    backlog::Backlog,
    behaviour::{Behaviour, BehaviourEvent, Parts, build},
    carry::Carried,
    dial::{Dials, Lane, Reply, Waiting},
    known::Known,
    limits::{Gate, files_for, fitting, open_files},
    open::{Connected, Failure, OpenError},
    peer,
    reach::{Report, Snapshot},
    relays::Relays,
    streams::Opener,
    ways::{Paths, Ways},
    wishes::Wishes,
};

const EVENTS: usize = 256;
const COMMANDS: usize = 64;
/// How long stopping may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
/// And then to see the ports free. QUIC keeps its own for three times what it expects an answer to take: of a caller who
/// never got to the end of the handshake, and so never answered, that is 3 seconds; over a slow line it is more than 10.
const RELEASE: Duration = Duration::from_secs(15);
const PORT_CHECK: Duration = Duration::from_millis(5);
/// Who listens at every interface hears of them one after the other: once none has come for so long they are all there.
const QUIET: Duration = Duration::from_millis(100);
/// How long they are waited for at most; there may be none.
const INTERFACES: Duration = Duration::from_secs(2);
/// How often it is looked who has been idle for too long.
const SWEEP: Duration = Duration::from_secs(3);

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
    /// More connections than this process may have files open for.
    #[error(
        "{connections} connections need {needed} open files, and this process may have {open}: allow it more \
         (`ulimit -n {needed}`; for a systemd unit LimitNOFILE={needed}), or take at most {fitting} connections"
    )]
    Files {
        /// How many connections were asked for.
        connections: u32,
        /// How many files it may have open.
        open: usize,
        /// How many it would take.
        needed: usize,
        /// How many connections there is room for as it is.
        fitting: usize,
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
    /// The local network could not be listened to.
    #[error("cannot look for others in the local network ({kind}): switch that off, or see why the system refuses")]
    Local {
        /// What the system calls it.
        kind: io::ErrorKind,
    },
    /// The cryptographic handshake could not be set up.
    #[error("the encrypted transport could not be set up ({0}): this program is not built right")]
    Transport(String),
}

/// What the handle asks of the task.
pub(crate) enum Command {
    IsConnected {
        peer: PeerId,
        reply: oneshot::Sender<bool>,
    },
    Connect {
        peer: PeerId,
        places: Vec<Multiaddr>,
        failures: Vec<Failure>,
        own_port: bool,
        reply: Reply,
    },
    /// Answered once that peer, if it is known, has told where it sees us.
    Seen {
        peer: PeerId,
        reply: oneshot::Sender<()>,
    },
    Listening {
        reply: oneshot::Sender<Vec<Address>>,
    },
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// What the handle gets once the task runs.
pub(crate) struct Started {
    pub(crate) peer_id: peer::PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) wishes: Arc<Wishes>,
    pub(crate) streams: Opener,
    pub(crate) outgoing: Gate,
    pub(crate) snapshot: Snapshot,
    pub(crate) paths: Paths,
    pub(crate) events: mpsc::Receiver<Event>,
}

/// Listens and spawns the task.
pub(crate) fn start(config: &Config) -> Result<Started, StartError> {
    if Handle::try_current().is_err() {
        return Err(StartError::NoRuntime);
    }
    check(config)?;
    let known = Known::default();
    let (inbound, outgoing) = (Gate::new(config.limits.streams_per_peer), Gate::new(config.limits.streams_per_peer));
    let Parts { mut swarm, inbound: incoming, streams, carried } = build(config, &known, &inbound, &outgoing)?;
    let mut listeners = HashMap::new();
    let mut everywhere = HashSet::new();
    for address in &config.listen {
        let id = listen(&mut swarm, address)?;
        listeners.insert(id, Vec::new());
        if address.socket().is_some_and(|(_, socket)| socket.ip().is_unspecified()) {
            everywhere.insert(id);
        }
    }
    let begun = Instant::now();
    let coming = (!everywhere.is_empty()).then(|| Coming { last: begun + INTERFACES, next: begun + INTERFACES });
    let (commands, command_queue) = mpsc::channel(COMMANDS);
    let (event_queue, events) = mpsc::channel(EVENTS);
    let mut accepting = JoinSet::new();
    let welcome = Welcome { events: event_queue.clone(), most: config.max_frame };
    accepting.spawn(accept(incoming, inbound, welcome));
    let wishes = Arc::new(Wishes::new(known.clone()));
    let mut task = Task {
        swarm,
        commands: command_queue,
        own_commands: commands.downgrade(),
        wishes: Arc::clone(&wishes),
        events: event_queue,
        backlog: Backlog::default(),
        dials: Default::default(),
        own: HashSet::new(),
        known,
        carried,
        is_relay: config.relay.is_some(),
        relays: Relays::default(),
        calls: JoinSet::new(),
        ways: Ways::default(),
        again: Again::default(),
        looked_up: JoinSet::new(),
        report: Report::new(config.announced.clone()),
        unseen: Vec::new(),
        listeners,
        everywhere,
        coming,
        listening_replies: Vec::new(),
        accepting,
    };
    let (snapshot, paths) = (task.report.snapshot(), task.ways.paths());
    // What the owner announces is known from the start.
    task.settle();
    // Detached on purpose: it ends when the handle is dropped or asks it to.
    drop(tokio::spawn(task.run()));
    let peer_id = config.transport_secret.peer_id();
    Ok(Started { peer_id, commands, wishes, streams, outgoing, snapshot, paths, events })
}

fn check(config: &Config) -> Result<(), StartError> {
    let within = |what, value: usize, most: usize| match value {
        0 => Err(StartError::BadLimit { what, least: 1, most }),
        value if value > most => Err(StartError::BadLimit { what, least: 1, most }),
        _ => Ok(()),
    };
    within("max_frame", config.max_frame, 64 * 1024 * 1024)?;
    let Limits { total, incoming_connections, .. } = config.limits;
    if total <= incoming_connections || total > Limits::MOST_CONNECTIONS {
        let (least, most) = (incoming_connections as usize + 1, Limits::MOST_CONNECTIONS as usize);
        return Err(StartError::BadLimit { what: "the number of connections", least, most });
    }
    // What is usual starts everywhere, and takes what it gets.
    if total > Limits::USUAL_CONNECTIONS
        && let Some(open) = open_files()
        && fitting(open) < total as usize
    {
        let needed = files_for(total as usize);
        return Err(StartError::Files { connections: total, open, needed, fitting: fitting(open) });
    }
    within("streams_per_peer", config.limits.streams_per_peer, Limits::MAX_STREAMS_PER_PEER)
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

struct Task {
    swarm: Swarm<Behaviour>,
    commands: mpsc::Receiver<Command>,
    /// For what is done on the way to a relay; it does not keep the task alive.
    own_commands: mpsc::WeakSender<Command>,
    wishes: Arc<Wishes>,
    events: mpsc::Sender<Event>,
    backlog: Backlog,
    /// Dials, one each way at most to a peer at a time.
    dials: [Dials; Lane::ALL],
    /// Dials of either kind that did not end yet.
    own: HashSet<ConnectionId>,
    known: Known,
    carried: Carried,
    is_relay: bool,
    relays: Relays,
    /// Relays being called.
    calls: JoinSet<(PeerId, Result<Connected, OpenError>)>,
    ways: Ways,
    /// Peers to whom a direct way is looked for, and where they may be once names were looked up.
    again: Again,
    looked_up: JoinSet<(PeerId, Vec<Multiaddr>)>,
    report: Report,
    /// Who waits to be told by whom where that peer sees us.
    unseen: Vec<(PeerId, oneshot::Sender<()>)>,
    /// The addresses each listener has reported so far; relays are not among them.
    listeners: HashMap<ListenerId, Vec<Address>>,
    /// Those of them that listen at every interface.
    everywhere: HashSet<ListenerId>,
    /// More interfaces may be reported yet.
    coming: Option<Coming>,
    /// Who waits until every listener has reported.
    listening_replies: Vec<oneshot::Sender<Vec<Address>>>,
    accepting: JoinSet<()>,
}

/// Until when interfaces are waited for: at most, and as it looks now.
#[derive(Debug, Clone, Copy)]
struct Coming {
    last: Instant,
    next: Instant,
}

impl Task {
    async fn run(mut self) {
        let events = self.events.clone();
        let wishes = Arc::clone(&self.wishes);
        let mut sweep = interval(SWEEP);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            let (next_call, next_try) = (self.relays.next(), self.again.next());
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
                () = wishes.changed() => self.on_wishes(),
                Some(called) = self.calls.join_next() => {
                    if let Ok((relay, outcome)) = called {
                        self.on_called(relay, &outcome);
                    }
                }
                () = until(next_call) => self.call_relays(),
                () = until(next_try) => self.try_again(),
                Some(found) = self.looked_up.join_next() => {
                    if let Ok((peer, places)) = found {
                        self.call_straight(peer, places);
                    }
                }
                () = until(self.coming.map(|coming| coming.next)) => {
                    self.coming = None;
                    self.answer_listening();
                }
                _ = sweep.tick() => self.swarm.behaviour_mut().door.sweep(),
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
            Command::Connect { peer, places, failures, own_port, reply } => {
                let own_port = own_port || self.relays.contains(&peer);
                self.dial(peer, Waiting { places, failures, own_port, reply });
            }
            Command::Seen { peer, reply } => {
                let told = self.ways.all(&peer).into_iter().any(|id| self.report.is_seen(id));
                if told || !self.known.contains(&peer) || self.ways.direct(&peer).is_none() {
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(());
                } else {
                    self.unseen.retain(|(_, waiting)| !waiting.is_closed());
                    self.unseen.push((peer, reply));
                }
            }
            Command::Listening { reply } => {
                self.listening_replies.push(reply);
                self.answer_listening();
            }
            // Handled where the loop ends.
            Command::Stop { done } => drop(done),
        }
    }

    fn dial(&mut self, peer: PeerId, call: Waiting) {
        let Self { swarm, own, dials, .. } = self;
        let lane = call.places.first().map_or(Lane::Quic, Lane::of);
        dials[lane as usize].add(peer, call, &mut |options| {
            let id = options.connection_id();
            swarm.dial(options).inspect(|()| _ = own.insert(id))
        });
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, num_established, .. } => {
                self.on_connection(peer_id, connection_id, &endpoint, num_established.get() == 1);
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                self.ways.gone(peer_id, connection_id);
                self.watch(peer_id);
                self.report.gone(connection_id);
                self.backlog.path(peer_id, self.ways.to(&peer_id));
                if num_established == 0 {
                    self.backlog.disconnected(peer_id);
                }
                self.settle();
            }
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id, error } => {
                let Self { swarm, own, dials, .. } = self;
                own.remove(&connection_id);
                for dials in dials {
                    dials.failed(connection_id, peer_id, &error, &mut |options| {
                        let id = options.connection_id();
                        swarm.dial(options).inspect(|()| _ = own.insert(id))
                    });
                }
            }
            SwarmEvent::NewListenAddr { listener_id, address } => self.on_listening(listener_id, &address),
            SwarmEvent::ExpiredListenAddr { listener_id, address } => {
                if let Some(known) = self.listeners.get_mut(&listener_id) {
                    known.retain(|other| other.place() != address);
                    self.settle();
                }
            }
            SwarmEvent::ListenerClosed { listener_id, reason, .. } => {
                if !self.relays.closed(listener_id, &reason, Instant::now()) {
                    self.listeners.remove(&listener_id);
                    self.answer_listening();
                }
                self.settle();
            }
            // Where a relay says that we are is in its reservation; a relay of ours would pass it on.
            SwarmEvent::ExternalAddrConfirmed { address } if leads_through_a_relay(&address) => {
                self.swarm.remove_external_address(&address);
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour_event(event),
            _ => {}
        }
    }

    fn on_connection(&mut self, peer: PeerId, id: ConnectionId, point: &ConnectedPoint, first: bool) {
        let ours = self.own.remove(&id);
        let punching = !ours && self.swarm.behaviour().punch.calls(&peer);
        self.ways.made(peer, id, point, punching);
        self.watch(peer);
        self.dials.iter_mut().for_each(|dials| dials.connected(peer));
        if ours && self.ways.is_double(&peer, id) {
            // Dialled over both transports, and both got through: the first one is in use.
            self.swarm.close_connection(id);
            return;
        }
        if first {
            self.backlog.connected(peer);
        }
        self.backlog.path(peer, self.ways.to(&peer));
        if self.ways.way(&peer, id).is_some_and(|way| way.is_direct()) {
            self.close_spare(&peer);
            if self.relays.waits_for(&peer) {
                self.reserve(peer);
                self.settle();
            }
        }
    }

    /// Ends relayed connections to a peer that is connected directly. One that came after the direct one is left
    /// until something was heard on that: the peer may have come this way because the other is dead.
    fn close_spare(&mut self, peer: &PeerId) {
        for id in self.ways.spare(peer) {
            self.swarm.close_connection(id);
        }
    }

    fn on_listening(&mut self, listener: ListenerId, address: &Multiaddr) {
        if self.relays.told(listener, address) {
            self.settle();
            return;
        }
        let (Some(address), Some(known)) = (Address::from_multiaddr(address), self.listeners.get_mut(&listener)) else {
            return;
        };
        known.push(address.clone());
        let all = !self.listeners.values().any(Vec::is_empty);
        if let Some(coming) = self.coming.as_mut().filter(|_| all) {
            coming.next = coming.last.min(Instant::now() + QUIET);
        }
        self.backlog.listening(address);
        self.settle();
        self.answer_listening();
    }

    fn on_behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            // A connection on which nothing comes back is dead, however long its channels would wait.
            BehaviourEvent::Ping(ping::Event { connection, result: Err(_), .. }) => {
                self.swarm.close_connection(connection);
            }
            BehaviourEvent::Ping(ping::Event { connection, peer, result: Ok(_) })
                if self.ways.way(&peer, connection).is_some_and(|way| way.is_direct()) =>
            {
                self.close_spare(&peer);
            }
            BehaviourEvent::Relays(relay::client::Event::ReservationReqAccepted { relay_peer_id, .. }) => {
                self.relays.reserved(&relay_peer_id);
                self.settle();
            }
            BehaviourEvent::Relay(event) => self.carried.note(&event, &self.known),
            BehaviourEvent::Observed(seen) => self.on_seen(seen),
            BehaviourEvent::Asks(autonat::v2::client::Event { tested_addr, server, result, .. }) => {
                if let Some(address) = Address::from_multiaddr(&without_peer(&tested_addr))
                    && self.tells_something(&server, &address)
                {
                    self.report.tried(address, result.is_ok());
                    self.settle();
                }
            }
            BehaviourEvent::Local(mdns::Event::Discovered(found)) => {
                for (peer, address) in found {
                    if let Some(address) = Address::from_multiaddr(&without_peer(&address))
                        && self.known.contains(&peer)
                        && !address.is_relayed()
                    {
                        self.backlog.found(peer, address);
                    }
                }
            }
            _ => {}
        }
    }

    fn answer_listening(&mut self) {
        // A machine may have no interface for one of them, so those that listen everywhere are waited for no longer.
        let reports = |(id, known): (&ListenerId, &Vec<Address>)| !known.is_empty() || self.everywhere.contains(id);
        if self.coming.is_some() || !self.listeners.iter().all(reports) {
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
        let deadline = Instant::now() + RELEASE;
        while sockets.iter().any(|(transport, socket)| bind(*transport, *socket).is_err()) && Instant::now() < deadline
        {
            sleep(PORT_CHECK).await;
        }
    }
}

/// Waits for ever when there is nothing to wait for.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}
