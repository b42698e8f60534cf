//! The machine that adds another: calls it by its line, grants what it asks for, and hands the grant over.

use std::time::Duration;

use counterpart_core::{
    id::{DeviceKey, PartyId},
    whereabouts::SignedWhereabouts,
};
use counterpart_net::{Channel, Config, Net, Protocol, TransportSecret};
use tokio::time::{Instant, sleep, timeout};

use super::{
    line::DeviceLine,
    wire::{Frame, No, Unread, log_frames},
};
use crate::{
    agent::{Agent, AgentGrant, AgentRequest, Rights},
    desk::Desk,
    error::DeskError,
    random::random,
};

/// For an answer: longer than a machine that was called wrongly before keeps others waiting.
const PATIENCE: Duration = Duration::from_secs(30);

/// A machine that took its grant a moment ago listens to nobody while it becomes a node: it is called again for so long, and so
/// often.
const TURNING: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(250);

/// What a line is for at this desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFor {
    /// A machine that was granted nothing yet.
    New,
    /// One that has its grant from before: it is only to be handed over, if it is not there yet.
    Granted(Box<Agent>),
}

/// A machine that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    pub device: DeviceKey,
    /// It had taken its grant before.
    pub before: bool,
    /// Where it says to be reached; empty where it did not say.
    pub addresses: Vec<String>,
}

/// Why a machine was not added, or is not known to have been.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    #[error("{0}")]
    Desk(#[from] DeskError),
    #[error("that machine was not reached: {why}{}", again(*.granted))]
    Unreachable { why: String, granted: bool },
    #[error("that machine does not know this line: copy the line it shows now, whole")]
    Wrong,
    #[error("that line expired: the machine shows a new one by now")]
    Expired,
    #[error(
        "that line was used: the machine acts for somebody else by now. If that was not you, make new keys there in an \
             empty home, and never let a line out of your hands"
    )]
    Used,
    #[error("another machine answered than the line names; nothing was granted")]
    OtherMachine,
    #[error("that machine was granted its rights, but did not take them: {why}{}", again(true))]
    NotTaken { why: &'static str },
    #[error("that machine's program is older or newer than this one and speaks another language; nothing was granted")]
    Version,
}

fn again(granted: bool) -> &'static str {
    if granted { ". Its grant is signed; the same command again hands it over" } else { "; nothing was granted" }
}

impl Desk {
    /// Whether a line can be used here, before anybody is asked or called. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When this home may add no devices, it is its own line, it expired, or that machine's rights were ended before.
    pub fn check_line(&self, line: &DeviceLine, now: i64) -> Result<LineFor, AdoptError> {
        if line.device == self.author().device || line.peer == self.peer_id() {
            return Err(AdoptError::Desk(DeskError::OwnDevice));
        }
        self.may_extend_log()?;
        if let Some(agent) = self.agents()?.into_iter().find(|agent| agent.device == line.device) {
            if !agent.stands() {
                return Err(AdoptError::Desk(DeskError::AgentKnown));
            }
            return Ok(LineFor::Granted(Box::new(agent)));
        }
        // Whether it holds is said by the machine that made it; this only spares a call.
        if line.expires <= now { Err(AdoptError::Expired) } else { Ok(LineFor::New) }
    }

    /// Calls a machine that waits, grants it these rights under this name, and hands the grant over. Where it was granted
    /// before, it is handed over as it was. A running node is told. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_line`]; when the machine cannot be reached or does not take it.
    pub async fn add_device(
        &self,
        line: &DeviceLine,
        rights: &Rights,
        name: &str,
        now: i64,
    ) -> Result<Adopted, AdoptError> {
        let before = matches!(self.check_line(line, now)?, LineFor::Granted(_));
        if line.addresses.is_empty() {
            let why = "its line names no address: start it again where it has a network".to_owned();
            return Err(AdoptError::Unreachable { why, granted: before });
        }
        // A key for this one call: a running node of this home goes by its own.
        let (net, _events) = Net::start(Config::new(TransportSecret::new(random())))
            .map_err(|e| AdoptError::Unreachable { why: e.to_string(), granted: before })?;
        let until = Instant::now() + if before { TURNING } else { Duration::ZERO };
        let outcome = loop {
            match self.call(&net, line, rights, name, now, before).await {
                // What it turns into hangs up on whoever called just before. Nothing tells when it listens again.
                Err(AdoptError::Unreachable { .. }) if Instant::now() < until => sleep(AGAIN).await,
                outcome => break outcome,
            }
        };
        net.stop().await;
        // Whatever was written to the log meanwhile, the running node is to know.
        self.node_is_running();
        outcome
    }

    /// One call, from the claim to what became of it.
    async fn call(
        &self,
        net: &Net,
        line: &DeviceLine,
        rights: &Rights,
        name: &str,
        now: i64,
        before: bool,
    ) -> Result<Adopted, AdoptError> {
        let party = self.party();
        let channel = net
            .open(line.peer.clone(), line.addresses.clone(), Protocol::Device)
            .await
            .map_err(|e| AdoptError::Unreachable { why: e.to_string(), granted: before })?;
        let mut talk = Talk { channel, granted: before };
        let answer = talk.ask(&Frame::Claim { secret: line.secret.clone(), party }).await?;
        let (device, possession) = match answer {
            Frame::Request { device, possession, .. } => (device, possession),
            Frame::Taken { record } if before => return Ok(self.adopted(line, true, record)),
            Frame::No(no) => return Err(refused(no, before)),
            _ => return Err(talk.out_of_turn()),
        };
        if device != line.device {
            return Err(AdoptError::OtherMachine);
        }
        let request = self.request_of(party, line, possession, name)?;
        let grant = if before {
            let log = self.own_log()?;
            AgentGrant { events: log.of_party(&party).map(|e| e.bytes().to_vec()).collect() }
        } else {
            self.add_agent(&request, rights, name, now)?
        };
        talk.granted = true;
        let known = self.with_store(|store| store.whereabouts_of(party)).map_err(DeskError::from)?;
        let known: Vec<Vec<u8>> = known.into_iter().filter(|r| r.device != line.device).map(|r| r.envelope).collect();
        let mut frames = log_frames(&known, &grant.events);
        let last = frames.pop();
        for frame in &frames {
            talk.say(frame).await?;
        }
        match talk.ask(&last.expect("a log has an event")).await? {
            Frame::Taken { record } => Ok(self.adopted(line, false, record)),
            Frame::No(no) => Err(refused(no, true)),
            _ => Err(talk.out_of_turn()),
        }
    }

    /// The machine's request, its proof checked.
    fn request_of(
        &self,
        party: PartyId,
        line: &DeviceLine,
        possession: Vec<u8>,
        name: &str,
    ) -> Result<AgentRequest, AdoptError> {
        let peer = line.peer.as_bytes().to_vec();
        let request = AgentRequest { party, device: line.device, peer, name: name.to_owned(), possession };
        match counterpart_core::keylog::check_possession(&party, &request.device, &request.peer, &request.possession) {
            Ok(()) => Ok(request),
            Err(_unproven) => Err(AdoptError::OtherMachine),
        }
    }

    /// Keeps where the machine is reached: every case has its route there from now on.
    fn adopted(&self, line: &DeviceLine, before: bool, record: Option<Vec<u8>>) -> Adopted {
        let signed = record.and_then(|bytes| SignedWhereabouts::verify(&bytes).ok());
        let own = |s: &SignedWhereabouts| s.record().party == self.party() && s.record().device == line.device;
        let signed = signed.filter(own);
        let addresses = signed.as_ref().map(|s| s.record().addresses.clone()).unwrap_or_default();
        if let Some(signed) = &signed {
            // It comes again with the first case; nothing rests on it.
            drop(self.keep_whereabouts(signed));
        }
        Adopted { device: line.device, before, addresses }
    }
}

/// A conversation with the machine that is to be added.
struct Talk {
    channel: Channel,
    granted: bool,
}

impl Talk {
    async fn say(&mut self, frame: &Frame) -> Result<(), AdoptError> {
        let granted = self.granted;
        let lost = |why: String| AdoptError::Unreachable { why, granted };
        match timeout(PATIENCE, self.channel.send(&frame.encode())).await {
            Ok(sent) => sent.map_err(|e| lost(e.to_string())),
            Err(_late) => Err(lost("it stopped reading".to_owned())),
        }
    }

    async fn ask(&mut self, frame: &Frame) -> Result<Frame, AdoptError> {
        self.say(frame).await?;
        let granted = self.granted;
        let lost = |why: &str| AdoptError::Unreachable { why: why.to_owned(), granted };
        let bytes = match timeout(PATIENCE, self.channel.recv()).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => return Err(lost("it ended the conversation")),
            Ok(Err(e)) => return Err(lost(&e.to_string())),
            Err(_late) => return Err(lost("it did not answer in time")),
        };
        match Frame::decode(&bytes) {
            Ok(frame) => Ok(frame),
            Err(Unread::Version) if !granted => Err(AdoptError::Version),
            Err(_) => Err(self.out_of_turn()),
        }
    }

    fn out_of_turn(&self) -> AdoptError {
        AdoptError::Unreachable { why: "it answered out of turn".to_owned(), granted: self.granted }
    }
}

fn refused(no: No, granted: bool) -> AdoptError {
    match no {
        No::Wrong => AdoptError::Wrong,
        No::Expired => AdoptError::Expired,
        No::Used => AdoptError::Used,
        No::Ended => AdoptError::NotTaken { why: "they were ended again" },
        No::Unwritten => AdoptError::NotTaken { why: "it could not write them down; what it shows says why" },
        No::Unfit | No::Unread if granted => AdoptError::NotTaken { why: "it could not read them" },
        No::Unfit | No::Unread => AdoptError::Version,
    }
}
