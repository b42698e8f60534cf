//! The only event loop: connections, frames, pokes and wake-up times come in; machines decide; the store keeps.

mod call;
mod cases;
mod devices;
mod files;
mod finding;
mod grants;
mod hooks;
mod join;
mod letters;
mod links;
mod overdue;
mod pace;
mod post;
mod posted;
mod records;
mod routes;
mod stamps;
mod store;
mod tidying;
mod unreached;
mod whereabouts;
mod worksheet;

pub(crate) use cases::keep;
pub(crate) use join::{agreed_admission, invitation, revoked, used};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::{CaseId, DeviceKey, EntryId, PartyId},
    keylog::Kinds,
    sync::{
        LinkId, PeerDevice,
        hello::{Greeted, Identity},
    },
};
use counterpart_mail::{SendError, Sent};
use counterpart_net::{Channel, Event, Net, PeerId, Protocol};
use counterpart_store::FilesError;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::Instant,
};

use crate::{
    adopt,
    clock::{Ticks, now},
    desk::Desk,
    engine::{
        call::Dialed,
        cases::OpenCase,
        devices::{Device, Devices},
        routes::{Route, Routes, Settled},
    },
    error::DeskError,
    home,
    letters::Parcel,
    metrics::{self, Pulse},
    node::{NodeConfig, NodeEvent, Outcome, hello_identity},
    poke::Listener,
    post::{Collected, PostError},
    presence::Presence,
    stamps::{ServiceError, StampRequest},
    webhooks::{NotTaken, Telling},
};

/// How often the store is looked at without being told.
const LOOK: Duration = Duration::from_secs(2);

/// How long one who waits for our receipts waits for them at most, once all else has settled.
const RECEIPTS: Duration = Duration::from_secs(8);

/// Somebody who waits until nothing is under way any more.
pub(crate) struct Waiter {
    pub(crate) answer: oneshot::Sender<Vec<Outcome>>,
    /// Until the receipts are signed and stored elsewhere as well that cover what was taken.
    pub(crate) receipts: bool,
    /// When all else had settled.
    pub(crate) settled: Option<Instant>,
}

/// What comes into the loop from handles and tasks.
pub(crate) enum Command {
    Poke,
    Act {
        case: CaseId,
        act: Box<Act>,
        now: i64,
        answer: oneshot::Sender<Result<EntryId, DeskError>>,
    },
    Offline(bool),
    /// Keep written down in the home where this node can be reached.
    PublishInFile,
    /// Every address that was to be listened on stands.
    Listens,
    /// What the key logs in the store say of devices.
    Devices(Vec<(PartyId, Vec<Device>)>),
    /// Answer once every route and join has come to something.
    WhenSettled(Waiter),
    Stop,
    /// A dialer asked for a case: may it have it?
    Asked {
        case: CaseId,
        greeted: Box<Greeted>,
        answer: oneshot::Sender<Option<PeerDevice>>,
    },
    /// A dialer wants to join.
    Joining {
        request: Vec<u8>,
        greeted: Box<Greeted>,
        answer: oneshot::Sender<join::Answer>,
    },
    /// A handshake came to its end; the stream carries the machine's frames from now on.
    Met {
        case: CaseId,
        peer: PeerDevice,
        channel: Channel,
        dialed: bool,
    },
    /// The place is given back once the frame is dealt with: a peer that sends faster than that waits.
    Frame {
        link: LinkId,
        bytes: Vec<u8>,
        place: OwnedSemaphorePermit,
    },
    Gone {
        link: LinkId,
    },
    /// A part of a file was sent, or that it is not here.
    Answered {
        link: LinkId,
    },
    /// A file all of which had come was looked at.
    FileChecked {
        case: CaseId,
        file: FileRef,
        sound: Result<bool, FilesError>,
    },
    Dialed {
        route: Route,
        outcome: Dialed,
    },
    JoinAnswered {
        case: CaseId,
        outcome: join::Outcome,
    },
    /// A mail server took a letter, or did not.
    Handed {
        parcel: Box<Parcel>,
        outcome: Result<Sent, SendError>,
    },
    /// The mailbox was looked into, or could not be.
    MailFetched(Result<Collected, PostError>),
    /// A receiver of webhooks took a message, or did not.
    HookTold {
        telling: Box<Telling>,
        outcome: Result<u16, NotTaken>,
    },
    /// A time-stamp service answered, or did not.
    StampAnswered {
        request: Box<StampRequest>,
        answer: Result<Vec<u8>, ServiceError>,
    },
    /// What the store owed was done, as far as nothing was in the way.
    Tidied(Result<(), DeskError>),
}

pub(crate) struct Engine {
    desk: Desk,
    identity: Identity,
    net: Arc<Net>,
    events: mpsc::Sender<NodeEvent>,
    commands: mpsc::UnboundedSender<Command>,
    cases: BTreeMap<CaseId, OpenCase>,
    links: BTreeMap<LinkId, links::LinkHandle>,
    next_link: u64,
    routes: Routes,
    unreached: unreached::Unreached,
    devices: Devices,
    whereabouts: whereabouts::Whereabouts,
    records: records::Records,
    finding: finding::Finding,
    presence: Presence,
    pulse: Arc<Pulse>,
    joining: BTreeSet<CaseId>,
    /// Openers of cases we are joining, heard before the record says who is a member.
    trusted: BTreeMap<CaseId, PartyId>,
    /// Openers of cases that we were let into by an invitation which nobody asks about any more: another machine of ours did, or
    /// it is over. Whoever of us sees it in the record first says that we join.
    awaited: BTreeMap<CaseId, PartyId>,
    offline: bool,
    waiters: Vec<Waiter>,
    /// Devices that sent other bytes under a file's name.
    wrong_files: BTreeSet<(CaseId, DeviceKey, FileRef)>,
    /// Parties whose key logs grew; the other cases they are in are to know.
    grown: BTreeSet<PartyId>,
    /// What our own device may sign.
    kinds: Kinds,
    /// It was told that our own device's rights ended.
    ended: bool,
    /// It was told that our own key log is in dispute.
    disputed: bool,
    stamping: stamps::Stamping,
    fetching: post::Fetching,
    posting: letters::Posting,
    hooking: hooks::Hooking,
    /// What the store owes is being done beside the loop.
    tidying: bool,
    /// Looking at every case in memory for what other processes did.
    looking_at_open: pace::Pace,
    /// Reading from the store whom to call.
    reading_routes: pace::Pace,
    store: store::Watched,
    ticks: Ticks,
}

impl Engine {
    pub(crate) fn new(
        mut desk: Desk,
        net: Arc<Net>,
        events: mpsc::Sender<NodeEvent>,
        commands: mpsc::UnboundedSender<Command>,
        config: &NodeConfig,
        pulse: Arc<Pulse>,
    ) -> Result<Self, DeskError> {
        desk.leave_chores();
        let identity = hello_identity(&desk)?;
        let kinds = desk.own_kinds()?;
        let presence = Presence::new(desk.home(), desk.identity(), now());
        let grown = BTreeSet::from([identity.party]);
        Ok(Self {
            desk,
            identity,
            net,
            events,
            commands,
            cases: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
            routes: Routes::default(),
            unreached: unreached::Unreached::default(),
            devices: Devices::default(),
            whereabouts: whereabouts::Whereabouts::new(config),
            records: records::Records::default(),
            finding: finding::Finding::new(),
            presence,
            pulse,
            joining: BTreeSet::new(),
            trusted: BTreeMap::new(),
            awaited: BTreeMap::new(),
            offline: false,
            waiters: Vec::new(),
            wrong_files: BTreeSet::new(),
            grown,
            kinds,
            ended: false,
            disputed: false,
            stamping: stamps::Stamping::default(),
            fetching: post::Fetching::default(),
            posting: letters::Posting::default(),
            hooking: hooks::Hooking::default(),
            tidying: false,
            looking_at_open: pace::Pace::default(),
            reading_routes: pace::Pace::default(),
            store: store::Watched::default(),
            ticks: Ticks::default(),
        })
    }

    pub(crate) async fn run(mut self, mut net: mpsc::Receiver<Event>, mut commands: mpsc::UnboundedReceiver<Command>) {
        let poked = Listener::bind(self.desk.home());
        if home::is_elsewhere(self.desk.home()) {
            self.trouble(&DeskError::UsedElsewhere);
        }
        self.begin_whereabouts();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wake = self.next_wake();
            tokio::select! {
                command = commands.recv() => match command {
                    None | Some(Command::Stop) => break,
                    Some(command) => self.command(command),
                },
                event = net.recv() => match event {
                    None => break,
                    Some(event) => self.net_event(event),
                },
                () = poked.poked() => self.look(),
                _ = look.tick() => {
                    self.look();
                    self.pulse.counted(self.links.values().map(|link| link.remote.as_bytes()), self.cases.len());
                }
                () = tokio::time::sleep_until(wake) => self.wake(),
            }
            self.spread_key_events();
            self.tell_known();
            self.look_at_records();
            if self.hooking.news {
                self.hooks_due();
            }
            self.answer_waiters();
            self.presence.write_if_due(now());
            self.pulse.beat();
        }
        self.pulse.stops();
        self.links.clear();
        self.presence.stopped(now());
    }

    /// Tells whoever watches; one who does not take events misses them.
    fn tell(&self, event: NodeEvent) {
        metrics::here().saw(&event);
        drop(self.events.try_send(event));
    }

    fn trouble(&self, why: &dyn std::fmt::Display) {
        let why = why.to_string();
        // What it comes from is told first.
        self.tell_of_store();
        if self.store.is_news(&why) {
            self.tell(NodeEvent::Trouble(why));
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Poke => self.look(),
            Command::Act { case, act, now, answer } => {
                // Who asked may have gone; the act stands all the same.
                drop(answer.send(self.act(case, &act, now)));
            }
            Command::Offline(offline) => self.set_offline(offline),
            Command::PublishInFile => self.publish_in_file(),
            Command::Listens => self.listens(),
            Command::Devices(parties) => self.devices_read(parties),
            Command::Stop => {}
            Command::WhenSettled(waiter) => {
                // What the store holds is to be known first, however long that takes.
                self.look();
                if self.looking_at_open.due().is_some() {
                    self.look_at_open();
                }
                if self.reading_routes.due().is_some() {
                    self.read_routes();
                }
                self.waiters.push(waiter);
            }
            Command::Asked { case, greeted, answer } => {
                // The asker may have gone meanwhile.
                answer.send(self.asked(case, &greeted)).unwrap_or_default();
            }
            Command::Joining { request, greeted, answer } => {
                drop(answer.send(self.joining_asked(&request, &greeted)));
            }
            Command::Met { case, peer, channel, dialed } => self.met(case, peer, channel, dialed),
            Command::Frame { link, bytes, place } => {
                self.frame(link, &bytes);
                drop(place);
            }
            Command::Gone { link } => self.gone(link),
            Command::Answered { link } => self.answered(link),
            Command::FileChecked { case, file, sound } => self.file_checked(case, file, sound),
            Command::Dialed { route, outcome } => self.dialed(route, outcome),
            Command::JoinAnswered { case, outcome } => self.join_answered(case, outcome),
            Command::Handed { parcel, outcome } => self.handed(*parcel, outcome),
            Command::MailFetched(came) => self.mail_fetched(came),
            Command::HookTold { telling, outcome } => self.hook_told(&telling, &outcome),
            Command::StampAnswered { request, answer } => self.stamp_answered(&request, answer),
            Command::Tidied(done) => self.tidied(done),
        }
    }

    fn net_event(&mut self, event: Event) {
        match event {
            Event::Listening { address } => {
                self.tell(NodeEvent::Listening(address.with_peer(self.net.peer_id()).to_string()));
                self.reach_changed();
            }
            Event::Inbound { peer, protocol, channel } => self.inbound(&peer, protocol, channel),
            Event::Connected { peer } => self.connected(peer),
            Event::Disconnected { peer } => self.disconnected(&peer),
            Event::Reach => self.reach_changed(),
            Event::Path { peer, path } => self.path_changed(&peer, path),
            Event::Found { peer, address } => self.found(peer, address),
        }
    }

    fn inbound(&mut self, peer: &PeerId, protocol: Protocol, channel: Channel) {
        if self.offline {
            return;
        }
        if protocol == Protocol::Device {
            return adopt::answer_if_added(&self.desk, channel);
        }
        let own = self.identity.clone();
        let key = self.desk.identity().device.clone();
        let commands = self.commands.clone();
        tokio::spawn(call::answer(own, key, peer.as_bytes().to_vec(), protocol, channel, commands));
    }

    /// What other processes put into the store since the last look, and what is to be dialed.
    fn look(&mut self) {
        self.try_store();
        self.look_at_own_log();
        let news = match self.look_at_logs().and_then(|()| self.look_at_cases()) {
            Ok(news) => news,
            Err(why) => {
                self.trouble(&why);
                Vec::new()
            }
        };
        if let Err(why) = self.look_for_records().and_then(|()| self.look_into_some()) {
            self.trouble(&why);
        }
        self.chores();
        self.tell_overdue();
        // What got entries is known without asking all the others: with many cases in memory that makes the difference.
        for case in news {
            self.absorb_stored(case);
        }
        if self.looking_at_open.ask(Instant::now()) {
            self.look_at_open();
        }
        self.relays_again();
        if !self.offline {
            self.stamp_due();
            self.fetch_due();
            self.post_due();
            self.hooks_due();
            self.start_joins();
            self.look_at_joins();
            if self.reading_routes.ask(Instant::now()) {
                self.read_routes();
            }
            self.dial_due();
        }
        self.tell_of_store();
    }

    /// Takes in what other processes did to any case in memory: entries, receipts, files, the worksheet.
    fn look_at_open(&mut self) {
        let begun = Instant::now();
        let open: Vec<CaseId> = self.cases.keys().copied().collect();
        for case in open {
            self.absorb_stored(case);
        }
        self.looking_at_open.done(begun, Instant::now());
    }

    fn read_routes(&mut self) {
        let begun = Instant::now();
        if !self.offline {
            self.find_routes();
        }
        self.reading_routes.done(begun, Instant::now());
    }

    fn set_offline(&mut self, offline: bool) {
        self.offline = offline;
        if offline {
            let links: Vec<LinkId> = self.links.keys().copied().collect();
            for link in links {
                self.gone(link);
            }
        } else {
            self.routes.retry_all(Instant::now());
            self.look();
        }
        self.relays_again();
    }

    /// Tells those who wait that nothing is under way any more.
    fn answer_waiters(&mut self) {
        if self.waiters.is_empty() || !self.joining.is_empty() || !self.trusted.is_empty() {
            return;
        }
        // One of a party's devices is enough: what it has, the others get from it.
        let mut parties: BTreeMap<(CaseId, PartyId), Option<String>> = BTreeMap::new();
        for (route, state) in self.routes.iter() {
            let failed = match self.routes.standing(state) {
                Settled::UnderWay => return,
                Settled::InStep => None,
                Settled::Linked if self.is_in_step(route) => None,
                Settled::Linked => return,
                Settled::Failed(why) => Some(why),
            };
            let whole = parties.entry((route.case, state.party)).or_insert_with(|| failed.clone());
            if failed.is_none() {
                *whole = None;
            }
        }
        let outcomes: Vec<Outcome> = parties.into_iter().map(|((case, _), failed)| Outcome { case, failed }).collect();
        let linked = |case: &CaseId| self.links.values().any(|link| link.case == *case);
        let owing = !home::is_elsewhere(self.desk.home())
            && self.cases.iter().any(|(case, open)| linked(case) && open.machine.owes_receipt());
        for mut waiter in std::mem::take(&mut self.waiters) {
            let settled = *waiter.settled.get_or_insert_with(Instant::now);
            if waiter.receipts && owing && settled.elapsed() < RECEIPTS {
                self.waiters.push(waiter);
            } else {
                // One who no longer waits needs no answer.
                drop(waiter.answer.send(outcomes.clone()));
            }
        }
    }

    fn is_in_step(&self, route: &Route) -> bool {
        let Some(open) = self.cases.get(&route.case) else { return false };
        let of_route = |link: &LinkId| self.links.get(link).is_some_and(|l| l.remote.as_bytes() == route.peer);
        let mut linked = open.machine.peer_status().into_iter().filter(|p| of_route(&p.link)).peekable();
        linked.peek().is_some() && linked.all(|p| p.in_step())
    }

    /// The next time something is to be done unasked.
    fn next_wake(&self) -> Instant {
        let from_now = |at: i64| Instant::now() + self.ticks.until(at);
        let machines = self.cases.values().filter_map(|c| c.wake).map(from_now);
        let routes = self.routes.next().filter(|_| !self.offline);
        let crowded = self.routes.has_waiting() && !self.offline;
        let crowded = crowded.then(|| Instant::now() + links::CROWDED);
        machines
            .chain(routes)
            .chain(crowded)
            .chain(self.whereabouts.due())
            .chain(self.looking_at_open.due())
            .chain(self.reading_routes.due())
            .min()
            .unwrap_or_else(|| Instant::now() + LOOK)
    }

    fn wake(&mut self) {
        if let Some(first) = self.cases.values().filter_map(|c| c.wake).min() {
            self.ticks.reached(first);
        }
        let time = self.ticks.now();
        let due: Vec<CaseId> =
            self.cases.iter().filter(|(_, c)| c.wake.is_some_and(|at| at <= time)).map(|(id, _)| *id).collect();
        for case in due {
            if let Some(open) = self.cases.get_mut(&case) {
                open.wake = None;
                open.machine.handle_timeout(time);
            }
            self.drain(case);
        }
        self.say_whereabouts();
        let now = Instant::now();
        if self.looking_at_open.due().is_some_and(|due| due <= now) {
            self.look_at_open();
        }
        if self.reading_routes.due().is_some_and(|due| due <= now) {
            self.read_routes();
        }
        if !self.offline {
            self.dial_due();
        }
    }
}
