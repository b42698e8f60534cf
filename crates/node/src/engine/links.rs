//! Streams: handshakes at both ends, pumping frames, and calling again with growing pauses.

use std::time::Duration;

use counterpart_core::{
    attachment::FileRef,
    id::CaseId,
    sync::{
        LinkId, PeerDevice,
        hello::{Ask, Greeted, Handshake, HelloError, Identity, OLDEST_VERSION, Reached, VERSION},
    },
};
use counterpart_net::{Address, Channel, Net, PeerId, Protocol};
use ed25519_dalek::SigningKey;
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::Instant,
};

use super::{Command, Engine, files, join};
use crate::{node::NodeEvent, random::random};

/// A handshake that takes longer is given up.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(20);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// Frames read from one link that wait for the loop, before its stream is no longer read.
const READ_AHEAD: usize = 4;

/// A case to be kept in step with one peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(super) case: CaseId,
    pub(super) peer: Vec<u8>,
}

/// How dialing along a route stands.
#[derive(Debug)]
pub(super) struct RouteState {
    addresses: Vec<Address>,
    pause: Duration,
    /// When to dial next; nothing while a dial is under way or a link stands.
    next: Option<Instant>,
    /// Why the last dial came to nothing.
    failed: Option<String>,
}

impl RouteState {
    pub(super) fn failed(&self) -> Option<String> {
        self.failed.clone()
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }

    pub(super) fn retry_now(&mut self) {
        self.pause = FIRST_PAUSE;
        self.next = Some(Instant::now());
    }

    pub(super) fn lost(&mut self) {
        self.retry_now();
        self.next = Some(Instant::now() + FIRST_PAUSE);
    }

    /// Waits twice as long as before, and some more by chance, so that peers do not call in step.
    fn back_off(&mut self) {
        let chance = u32::from(random::<1>()[0]);
        self.next = Some(Instant::now() + self.pause + self.pause * chance / 512);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// What came of a dial.
pub(crate) enum Dialed {
    Ready { greeted: Box<Greeted>, channel: Channel },
    NotAvailable,
    Failed(String),
}

/// A stream whose frames go to a machine.
pub(super) struct LinkHandle {
    pub(super) case: CaseId,
    peer: PeerDevice,
    pub(super) in_step: bool,
    frames: mpsc::UnboundedSender<Vec<u8>>,
    answers: mpsc::UnboundedSender<files::Answer>,
    reader: tokio::task::JoinHandle<()>,
}

impl LinkHandle {
    /// Queues a frame. The machine's window bounds what waits here.
    pub(super) fn send(&self, frame: Vec<u8>) {
        // A stream that is gone says so by its own way.
        drop(self.frames.send(frame));
    }

    /// Queues the answer to one who asked for a part of a file, behind all frames. The machine bounds how many wait.
    pub(super) fn answer(&self, file: FileRef, part: Option<(u64, u32)>) {
        drop(self.answers.send(files::Answer { file, part }));
    }
}

impl Drop for LinkHandle {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Engine {
    /// A stream is ready for a case's frames.
    pub(super) fn met(&mut self, case: CaseId, peer: PeerDevice, channel: Channel, dialed: bool) {
        if self.offline {
            return;
        }
        let route = Route { case, peer: channel.peer().as_bytes().to_vec() };
        if let Some(state) = self.routes.get_mut(&route) {
            state.next = None;
            state.pause = FIRST_PAUSE;
            state.failed = None;
        } else if dialed {
            return;
        }
        if let Err(why) = self.open_case(case).map(drop) {
            return self.trouble(&why);
        }
        self.absorb_stored(case);
        if let Err(why) = self.open_case(case).map(drop) {
            return self.trouble(&why);
        }
        let link = LinkId(self.next_link);
        self.next_link += 1;
        let source = files::Source { files: self.desk.files(), case };
        let handle = pump(link, source, peer, channel, self.commands.clone());
        self.links.insert(link, handle);
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.connected(link, peer, self.ticks.now());
        }
        self.tell(NodeEvent::Connected { case, party: peer.party });
        self.drain(case);
    }

    pub(super) fn frame(&mut self, link: LinkId, bytes: &[u8]) {
        let Some(case) = self.links.get(&link).map(|l| l.case) else { return };
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.handle_frame(link, bytes, self.ticks.now());
        }
        self.drain(case);
    }

    /// A stream ended by itself.
    pub(super) fn gone(&mut self, link: LinkId) {
        let Some(case) = self.closed(link) else { return };
        if let Some(open) = self.cases.get_mut(&case) {
            open.machine.disconnected(link);
        }
        self.drain(case);
    }

    /// Forgets a stream; gives its case.
    pub(super) fn closed(&mut self, link: LinkId) -> Option<CaseId> {
        let handle = self.links.remove(&link)?;
        let (case, party) = (handle.case, handle.peer.party);
        drop(handle);
        self.tell(NodeEvent::Disconnected { case, party });
        for (route, state) in &mut self.routes {
            if route.case == case && state.next.is_none() {
                state.lost();
            }
        }
        Some(case)
    }

    /// Where other parties' nodes can be called, from the store.
    pub(super) fn find_routes(&mut self) {
        let known = match self.desk.with_store(|store| store.all_peer_addresses()) {
            Ok(known) => known,
            Err(why) => return self.trouble(&why),
        };
        for row in known {
            let Ok(address) = Address::parse(&row.address) else { continue };
            let Some(peer) = address.peer() else { continue };
            let route = Route { case: row.case, peer: peer.as_bytes().to_vec() };
            let state = self.routes.entry(route).or_insert_with(|| RouteState {
                addresses: Vec::new(),
                pause: FIRST_PAUSE,
                next: Some(Instant::now()),
                failed: None,
            });
            if !state.addresses.contains(&address) {
                state.addresses.push(address);
            }
        }
    }

    /// Dials where the pause is over.
    pub(super) fn dial_due(&mut self) {
        let time = Instant::now();
        for (route, state) in &mut self.routes {
            if state.next.is_none_or(|at| at > time) {
                continue;
            }
            state.next = None;
            let Ok(peer) = PeerId::from_bytes(&route.peer) else { continue };
            let call = Call {
                net: std::sync::Arc::clone(&self.net),
                peer,
                addresses: state.addresses.clone(),
                own: self.identity.clone(),
                key: self.desk.identity().device.clone(),
            };
            let route = route.clone();
            let commands = self.commands.clone();
            tokio::spawn(async move {
                let case = route.case;
                let outcome = match call.place(Ask::Open(case), Protocol::Case).await {
                    Ok((Reached::Ready(greeted), channel)) => Dialed::Ready { greeted, channel },
                    Ok((Reached::NotAvailable, _)) => Dialed::NotAvailable,
                    Ok(_) => Dialed::Failed("the other side answered out of turn".to_owned()),
                    Err(why) => Dialed::Failed(why),
                };
                drop(commands.send(Command::Dialed { route, outcome }));
            });
        }
    }

    pub(super) fn dialed(&mut self, route: Route, outcome: Dialed) {
        let case = route.case;
        let why = match outcome {
            Dialed::Ready { greeted, channel } => {
                let time = self.ticks.now();
                let own = self.desk.party();
                let admitted = match self.open_case(case) {
                    Ok(open) => {
                        // Whoever answers where a person told us to ask may give us the case, as long as our own part
                        // in it is not here. What it is, its id says; and nothing goes to one who is no member.
                        if !open.machine.record().lens().joined(&own) {
                            open.machine.trust(greeted.party);
                        }
                        open.machine.admit(&greeted, time).map_err(|e| e.to_string())
                    }
                    Err(why) => Err(why.to_string()),
                };
                match admitted {
                    // Draining closes a case that has no link, so the link comes first.
                    Ok(peer) => return self.met(case, peer, channel, true),
                    Err(why) => {
                        self.drain(case);
                        why
                    }
                }
            }
            Dialed::NotAvailable => "the other side does not have this case, or not for you".to_owned(),
            Dialed::Failed(why) => why,
        };
        if let Some(state) = self.routes.get_mut(&route) {
            state.failed = Some(why.clone());
            state.back_off();
        }
        self.tell(NodeEvent::Unreachable { case, why });
    }
}

/// A call to a peer: dial, handshake, and what it came to.
pub(super) struct Call {
    pub(super) net: std::sync::Arc<Net>,
    pub(super) peer: PeerId,
    pub(super) addresses: Vec<Address>,
    pub(super) own: Identity,
    pub(super) key: SigningKey,
}

impl Call {
    pub(super) async fn place(self, ask: Ask, protocol: Protocol) -> Result<(Reached, Channel), String> {
        match self.speaking(VERSION, ask.clone(), protocol).await {
            // It knows no later one, and has hung up.
            Err(Unshaken::Hello(HelloError::Version(OLDEST_VERSION))) => {
                self.speaking(OLDEST_VERSION, ask, protocol).await.map_err(|why| why.to_string())
            }
            outcome => outcome.map_err(|why| why.to_string()),
        }
    }

    async fn speaking(&self, version: u32, ask: Ask, protocol: Protocol) -> Result<(Reached, Channel), Unshaken> {
        let remote = self.peer.as_bytes().to_vec();
        let opened = self.net.open(self.peer.clone(), self.addresses.clone(), protocol).await;
        let mut channel = opened.map_err(|why| Unshaken::Line(why.to_string()))?;
        let mut handshake = Handshake::dial_speaking(version, self.own.clone(), remote, ask, random());
        let reached = tokio::time::timeout(HANDSHAKE, shake(&mut handshake, &mut channel, &self.key));
        let late = |_| Unshaken::Line("the other side did not answer in time".to_owned());
        let reached = reached.await.map_err(late)??;
        Ok((reached, channel))
    }
}

/// Why a handshake came to nothing.
#[derive(Debug, thiserror::Error)]
enum Unshaken {
    #[error("{0}")]
    Hello(#[from] HelloError),
    #[error("{0}")]
    Line(String),
}

/// Exchanges frames until the handshake reaches something.
async fn shake(handshake: &mut Handshake, channel: &mut Channel, key: &SigningKey) -> Result<Reached, Unshaken> {
    loop {
        flush(handshake, channel).await.map_err(Unshaken::Line)?;
        let frame = channel.recv().await.map_err(|e| Unshaken::Line(e.to_string()))?;
        let frame = frame.ok_or_else(|| Unshaken::Line("the other side ended the conversation".to_owned()))?;
        if let Some(reached) = handshake.handle_frame(&frame, key)? {
            return Ok(reached);
        }
    }
}

async fn flush(handshake: &mut Handshake, channel: &mut Channel) -> Result<(), String> {
    while let Some(frame) = handshake.poll_output() {
        channel.send(&frame).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The answering end of a stream, up to the point where a machine takes over.
pub(super) async fn answer(
    own: Identity,
    key: SigningKey,
    remote: Vec<u8>,
    protocol: Protocol,
    mut channel: Channel,
    commands: mpsc::UnboundedSender<Command>,
) {
    let mut handshake = Handshake::answer(own, remote, random());
    let answered = tokio::time::timeout(HANDSHAKE, async {
        let reached = shake(&mut handshake, &mut channel, &key).await.map_err(|why| why.to_string())?;
        let met = match reached {
            Reached::Asked { case, greeted } if protocol == Protocol::Case => {
                let (answer, decision) = oneshot::channel();
                drop(commands.send(Command::Asked { case, greeted, answer }));
                let peer = decision.await.ok().flatten();
                match peer {
                    Some(_) => handshake.ready(&key),
                    None => handshake.not_available(),
                }
                peer.map(|peer| (case, peer))
            }
            Reached::Joining { request, greeted } if protocol == Protocol::Invitation => {
                let (answer, decision) = oneshot::channel();
                drop(commands.send(Command::Joining { request, greeted, answer }));
                match decision.await {
                    Ok(join::Answer::Admitted(admit)) => handshake.admitted(admit),
                    Ok(join::Answer::Declined(reason)) => handshake.declined(reason),
                    Err(_stopped) => return Err("the node is stopping".to_owned()),
                }
                None
            }
            _ => return Err("asked for something else than the protocol offers".to_owned()),
        };
        flush(&mut handshake, &mut channel).await?;
        Ok::<_, String>(met)
    });
    // A stranger's failed handshake concerns nobody here.
    match answered.await {
        Ok(Ok(Some((case, peer)))) => drop(commands.send(Command::Met { case, peer, channel, dialed: false })),
        // The dialer reads the answer, then ends the stream.
        Ok(Ok(None)) => drop(tokio::time::timeout(HANDSHAKE, channel.recv()).await),
        Ok(Err(_)) | Err(_) => {}
    }
}

/// Two tasks for a stream: one writes what is queued, one reads and hands over with back-pressure.
fn pump(
    link: LinkId,
    source: files::Source,
    peer: PeerDevice,
    channel: Channel,
    commands: mpsc::UnboundedSender<Command>,
) -> LinkHandle {
    let case = source.case;
    let (mut sender, mut receiver) = channel.split();
    let (frames, mut queue) = mpsc::unbounded_channel::<Vec<u8>>();
    let (answers, mut asked) = mpsc::unbounded_channel::<files::Answer>();
    let told = commands.clone();
    tokio::spawn(async move {
        loop {
            // Entries go first. A part of a file is read only when it is its turn, so one at most is in memory.
            tokio::select! {
                biased;
                frame = queue.recv() => {
                    let Some(frame) = frame else { break };
                    if sender.send(&frame).await.is_err() {
                        break;
                    }
                }
                Some(answer) = asked.recv() => {
                    let frame = source.frame(answer).await;
                    if sender.send(&frame).await.is_err() {
                        break;
                    }
                    drop(told.send(Command::Answered { link }));
                }
            }
        }
        // Closing a stream that is gone already changes nothing.
        drop(sender.close().await);
    });
    let reader = tokio::spawn(async move {
        let places = std::sync::Arc::new(Semaphore::new(READ_AHEAD));
        while let Ok(Some(bytes)) = receiver.recv().await {
            let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else { break };
            if commands.send(Command::Frame { link, bytes, place }).is_err() {
                return;
            }
        }
        drop(commands.send(Command::Gone { link }));
    });
    LinkHandle { case, peer, in_step: false, frames, answers, reader }
}
