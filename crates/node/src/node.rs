//! The running node: a handle to the one event loop.

use std::{path::PathBuf, sync::Arc, time::Duration};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    id::{CaseId, DeviceKey, EntryId, PartyId, short_form},
    keylog::KeyLogs,
    sync::hello,
};
use counterpart_net::{Address, AddressError, Config, Limits, Net, RelayLimits, StartError};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    desk::Desk,
    engine::{Command, Engine, Waiter},
    error::DeskError,
    home,
    letters::Posted,
    metrics::Pulse,
    network::NetworkSettings,
    overdue::{self, Overdue},
    presence::Way,
    webhooks::HookNews,
};

/// How a node runs. By default it only calls others.
#[derive(Debug, Clone, Default)]
pub struct NodeConfig {
    /// Addresses to listen at, such as `/ip4/127.0.0.1/tcp/0`; none to only call others.
    pub listen: Vec<String>,
    /// Where others can reach this node, as its owner says.
    pub announced: Vec<String>,
    /// Whether it looks for others in the local network, and lets them find it.
    pub local: bool,
    /// Whether it carries connections between members of its cases that cannot reach each other.
    pub relay: bool,
    /// How much it carries at most, where not the usual generous measure.
    pub carried: Option<RelayLimits>,
    /// It stays, and is to be reached: it says to the members of its cases where, and keeps a place at a relay where need
    /// be. So does every node that listens.
    pub stays: bool,
    /// How many connections it takes at one time; nothing for the usual number.
    pub connections: Option<u32>,
}

impl NodeConfig {
    /// As the owner of a home chose it: listening at the home's own port unless other addresses were named.
    ///
    /// # Errors
    /// When what was chosen cannot be read.
    pub fn of(desk: &Desk) -> Result<Self, DeskError> {
        let NetworkSettings { listen, announced, local, relay, connections } = desk.network()?;
        let listen = if listen.is_empty() { desk.usual_listen()? } else { listen };
        Ok(Self { listen, announced, local, relay, carried: None, stays: true, connections })
    }
}

/// Something a running node did or saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeEvent {
    Listening(String),
    /// We joined the case we were invited to.
    Joined(CaseId),
    /// The other side declined our request to join, and why.
    JoinRefused {
        case: CaseId,
        why: String,
    },
    /// A party used our invitation.
    Admitted {
        case: CaseId,
        party: PartyId,
    },
    Connected {
        case: CaseId,
        party: PartyId,
        /// By what way, where that is known.
        way: Option<Way>,
    },
    Disconnected {
        case: CaseId,
        party: PartyId,
    },
    /// A peer could not be reached; it is tried again.
    Unreachable {
        case: CaseId,
        why: String,
        /// Whose device it is; nothing of whom we ask to let us in.
        party: Option<PartyId>,
        /// The first case for which this device was called in vain this time: what follows, for its other cases, is no news.
        first: bool,
    },
    /// New entries, durable here.
    NewEntries {
        case: CaseId,
        entries: Vec<EntryId>,
    },
    /// The other side's device confirmed that it stored all up to some point.
    Receipt {
        case: CaseId,
        party: PartyId,
    },
    /// An attached file is here now, whole.
    File {
        case: CaseId,
        file: FileRef,
    },
    /// Two histories were signed with one key.
    Fork {
        case: CaseId,
        device: DeviceKey,
        seq: u32,
    },
    /// Something was done in the case's worksheet, by others or by another process: it is to be read again.
    Worksheet {
        case: CaseId,
    },
    /// A service gave a time stamp over the case: Unix milliseconds.
    Stamped {
        case: CaseId,
        at: i64,
    },
    /// There is no time stamp yet; it is asked for again.
    NotStamped {
        case: CaseId,
        why: String,
    },
    /// What became of a letter to the other side, or to oneself.
    Letter(Box<Posted>),
    /// Mails were taken into a case, unasked as was allowed.
    MailTaken {
        case: CaseId,
        count: usize,
    },
    /// New mails wait for somebody to look at them.
    MailWaits {
        count: usize,
    },
    /// The mailbox could not be looked into, or a mail not be fetched.
    NoMail {
        why: String,
    },
    /// Both sides hold the same, as far as either has said.
    InStep {
        case: CaseId,
        party: PartyId,
    },
    /// An entry came that this home's device signed and not here: nothing more is signed with it.
    UsedElsewhere {
        case: CaseId,
    },
    /// Something was due and is not done, or a service clock ran out.
    Overdue(Overdue),
    /// How it stands with a receiver of webhooks changed.
    Webhook(HookNews),
    /// The store cannot be reached, or takes nothing more. It is tried again.
    StoreFails {
        why: String,
    },
    /// The store works again.
    StoreAgain,
    /// Something went wrong that a person should know; nothing is lost.
    Trouble(String),
}

/// What came of bringing one case in step with one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub case: CaseId,
    /// Why the peer was not reached; nothing when both hold the same.
    pub failed: Option<String>,
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error("{0}")]
    Address(#[from] AddressError),
    #[error("{0}")]
    Start(#[from] StartError),
    /// More connections were asked for than this process may have files open for.
    #[error("{0}")]
    Files(StartError),
    #[error("{0}")]
    Desk(#[from] DeskError),
    #[error("the node has stopped")]
    Stopped,
}

/// A running node. Dropping it stops it.
#[derive(Debug)]
pub struct Node {
    net: Arc<Net>,
    home: PathBuf,
    commands: mpsc::UnboundedSender<Command>,
    pulse: Arc<Pulse>,
    task: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts a node on a home; must be called inside a tokio runtime. Events that nobody takes are dropped.
    ///
    /// # Errors
    /// When an address is no good or taken, or the store cannot be read.
    pub fn start(desk: Desk, config: &NodeConfig) -> Result<(Self, mpsc::Receiver<NodeEvent>), NodeError> {
        desk.must_be_home()?;
        let mut net_config = Config::new(desk.identity().transport()?);
        let parsed = |texts: &[String]| texts.iter().map(|a| Address::parse(a)).collect::<Result<_, _>>();
        net_config.listen = parsed(&config.listen)?;
        net_config.announced = parsed(&config.announced)?;
        net_config.local = config.local;
        net_config.relay = config.relay.then(|| config.carried.clone().unwrap_or_default());
        if let Some(most) = config.connections {
            net_config.limits = Limits::for_connections(most);
        }
        let (net, net_events) = Net::start(net_config).map_err(|why| match why {
            why @ StartError::Files { .. } => NodeError::Files(why),
            why => NodeError::Start(why),
        })?;
        let net = Arc::new(net);
        let home = desk.home().to_owned();
        let (events, event_receiver) = mpsc::channel(1024);
        let (commands, command_receiver) = mpsc::unbounded_channel();
        let pulse = Arc::new(Pulse::new());
        let engine = Engine::new(desk, Arc::clone(&net), events, commands.clone(), config, Arc::clone(&pulse))?;
        let task = tokio::spawn(engine.run(net_events, command_receiver));
        Ok((Self { net, home, commands, pulse, task: Some(task) }, event_receiver))
    }

    /// Whether it lives, and how much it has in hand.
    #[must_use]
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Where this node can be reached, with its peer id; waits until the listeners stand.
    pub async fn addresses(&self) -> Vec<String> {
        let peer = self.net.peer_id();
        self.net.listen_addresses().await.iter().map(|a| a.with_peer(peer).to_string()).collect()
    }

    /// Writes down in the home where this node can be reached, for invitations made while it runs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn publish_addresses(&self) -> std::io::Result<Vec<String>> {
        let addresses = self.addresses().await;
        home::keep_addresses(&self.home, &addresses)?;
        // It is kept up with what the transport finds; a stopped node finds nothing.
        drop(self.commands.send(Command::PublishInFile));
        Ok(addresses)
    }

    /// Looks into the store for what other processes wrote.
    pub fn poke(&self) {
        // A stopped node has nothing to look for.
        drop(self.commands.send(Command::Poke));
    }

    /// Signs an act inside the node, the shortest way from a person to the other side.
    ///
    /// # Errors
    /// Why it was not signed, or that the node has stopped.
    pub async fn act(&self, case: CaseId, act: Act, now: i64) -> Result<EntryId, NodeError> {
        let (answer, signed) = oneshot::channel();
        let command = Command::Act { case, act: Box::new(act), now, answer };
        self.commands.send(command).map_err(|_stopped| NodeError::Stopped)?;
        Ok(signed.await.map_err(|_stopped| NodeError::Stopped)??)
    }

    /// Waits until every peer that can be called was either brought in step or found unreachable.
    ///
    /// # Errors
    /// That the node has stopped.
    pub async fn settled(&self) -> Result<Vec<Outcome>, NodeError> {
        self.when_settled(false).await
    }

    /// The same, and until our receipts for what came are with those peers, too; some seconds at most.
    ///
    /// # Errors
    /// That the node has stopped.
    pub async fn settled_and_receipted(&self) -> Result<Vec<Outcome>, NodeError> {
        self.when_settled(true).await
    }

    async fn when_settled(&self, receipts: bool) -> Result<Vec<Outcome>, NodeError> {
        let (answer, outcomes) = oneshot::channel();
        let waiter = Waiter { answer, receipts, settled: None };
        self.commands.send(Command::WhenSettled(waiter)).map_err(|_stopped| NodeError::Stopped)?;
        outcomes.await.map_err(|_stopped| NodeError::Stopped)
    }

    /// Cuts every connection and opens none until [`Node::reconnect`]: for trying what offline work comes to.
    pub fn disconnect(&self) {
        drop(self.commands.send(Command::Offline(true)));
    }

    /// Takes up connections again.
    pub fn reconnect(&self) {
        drop(self.commands.send(Command::Offline(false)));
    }

    /// Stops the node; its port is free when this returns.
    pub async fn stop(mut self) {
        self.pulse.stops();
        drop(self.commands.send(Command::Stop));
        if let Some(task) = self.task.take() {
            // A loop that panicked has stopped as well.
            drop(tokio::time::timeout(Duration::from_secs(5), task).await);
        }
        self.net.stop().await;
        home::forget_addresses(&self.home);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.commands.send(Command::Stop));
    }
}

/// Who we are in handshakes.
pub(crate) fn hello_identity(desk: &Desk) -> Result<hello::Identity, DeskError> {
    let author = desk.author();
    let logs: KeyLogs = desk.own_log()?;
    let log = logs.head_with(&author.party, &author.grant).expect("an opened home has a key log");
    Ok(hello::Identity {
        party: author.party,
        device: author.device,
        grant: author.grant,
        log,
        peer: desk.peer_id().as_bytes().to_vec(),
        key_events: logs.of_party(&author.party).map(|e| e.bytes().to_vec()).collect(),
    })
}

impl NodeEvent {
    /// One line for a person watching the node.
    #[must_use]
    pub fn line(&self) -> String {
        let case = |c: &CaseId| short_form(&c.0);
        let party = |p: &PartyId| short_form(&p.0);
        match self {
            Self::Listening(address) => format!("listening at {address}"),
            Self::Joined(c) => format!("{}: joined", case(c)),
            Self::JoinRefused { case: c, why } => format!("{}: not joined: {why}", case(c)),
            Self::Admitted { case: c, party: p } => format!("{}: {} used your invitation", case(c), party(p)),
            Self::Connected { case: c, party: p, way } => {
                let way = match way {
                    Some(Way::Direct) => ", directly",
                    Some(Way::Punched) => ", directly, past the routers between",
                    Some(Way::Relayed) => ", through a relay",
                    None => "",
                };
                format!("{}: connected to {}{way}", case(c), party(p))
            }
            Self::Disconnected { case: c, party: p } => format!("{}: no longer connected to {}", case(c), party(p)),
            Self::Unreachable { case: c, why, .. } => format!("{}: {why}; will try again", case(c)),
            Self::NewEntries { case: c, entries } => match entries.len() {
                1 => format!("{}: 1 new entry", case(c)),
                n => format!("{}: {n} new entries", case(c)),
            },
            Self::Receipt { case: c, party: p } => format!("{}: {} has received what you sent", case(c), party(p)),
            Self::File { case: c, file } => format!("{}: a file of {} bytes is here now", case(c), file.size),
            Self::Fork { case: c, seq, .. } => {
                format!("{}: ALARM: two histories were signed with one key, at position {seq}", case(c))
            }
            Self::Worksheet { case: c } => format!("{}: the worksheet changed", case(c)),
            Self::Stamped { case: c, .. } => format!("{}: a time stamp was kept", case(c)),
            Self::NotStamped { case: c, why } => format!("{}: no time stamp yet: {why}; will try again", case(c)),
            Self::UsedElsewhere { case: c } => format!("{}: ALARM: {}", case(c), DeskError::UsedElsewhere),
            Self::Letter(posted) => posted.line(),
            Self::MailTaken { case: c, count: 1 } => format!("{}: 1 mail was taken in", case(c)),
            Self::MailTaken { case: c, count } => format!("{}: {count} mails were taken in", case(c)),
            Self::MailWaits { count: 1 } => "1 mail waits: counterpart import --unmatched".to_owned(),
            Self::MailWaits { count } => format!("{count} mails wait: counterpart import --unmatched"),
            Self::NoMail { why } => format!("mail: {why}"),
            Self::InStep { case: c, party: p } => format!("{}: in step with {}", case(c), party(p)),
            Self::Overdue(Overdue { case: c, due }) => {
                format!("{}: it was due {}, and is not done", case(c), overdue::written(*due))
            }
            Self::Webhook(news) => news.line(),
            Self::StoreFails { why } => format!("ALARM: {why}"),
            Self::StoreAgain => "the store works again".to_owned(),
            Self::Trouble(text) => text.clone(),
        }
    }
}
