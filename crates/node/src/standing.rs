//! How it stands with everybody: who is reached, who lacks what, who has not joined, and whether this node can be called.
//!
//! Told from the store and from what the node wrote down. A case is opened only where something in it changed since it was
//! looked into last, and of those only so many at a time as nobody minds waiting for.

mod facts;
mod ready;

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId, short_form},
    invitation::JoinRequest,
    keylog::{EventBody, Kinds},
};
use counterpart_net::PeerId;
use counterpart_store::Join;

use crate::{
    agent::Agent,
    desk::Desk,
    error::DeskError,
    home,
    network::NetworkSettings,
    poke,
    presence::{JoinPresence, JoinStanding, OwnReach, PeerPresence, PeerStanding, PresenceReport, Way},
    standing::facts::CaseFacts,
};

pub use facts::{FreeSeat, Lacking};

/// So many entries are read at a time, of cases that have to be opened: less than half a second.
const READ_AT_ONCE: u64 = 20_000;

/// How it stands, all in all.
#[derive(Debug, Clone)]
pub struct StatusReport {
    /// Whether a node of this home runs now.
    pub running: bool,
    /// When what is told of connections was so, Unix milliseconds: the end of the node that ran last, where none runs.
    /// Nothing where none ran yet.
    pub as_of: Option<i64>,
    pub reach: OwnReach,
    /// How the node is on the network; or why that cannot be read.
    pub network: Result<NetworkSettings, DeskError>,
    /// The port that the node listens at unless told otherwise.
    pub port: Option<u16>,
    /// What was looked into, what is wrong first, else the latest first.
    pub cases: Vec<CaseStatus>,
    /// How many cases were not looked into.
    pub more: u64,
    /// Cases that could not be read, and why.
    pub unreadable: Vec<(CaseId, DeskError)>,
    pub joins: Vec<JoinStatus>,
    /// Our own devices, this one among them.
    pub devices: Vec<OwnDevice>,
    /// This device signed elsewhere: it signs nothing more here.
    pub used_elsewhere: bool,
}

/// How it stands in one case.
#[derive(Debug, Clone)]
pub struct CaseStatus {
    pub case: CaseId,
    /// Text of a party, as are all labels.
    pub title: String,
    pub closed: bool,
    pub others: Vec<OtherSide>,
    /// Seats that nobody has taken.
    pub free: Vec<FreeSeat>,
    /// What our other devices lack of it.
    pub own: Vec<(DeviceKey, Lacking)>,
    /// Nodes that are called for it, and of which nobody in it has said that they are theirs.
    pub unnamed: Vec<(PeerId, PeerLink)>,
}

/// A party of a case other than our own.
#[derive(Debug, Clone)]
pub struct OtherSide {
    pub party: PartyId,
    pub label: String,
    /// It said itself that it joined; else it was let in, and has not said anything yet.
    pub joined: bool,
    pub left: bool,
    /// What they have not confirmed, nor a mailbox of theirs.
    pub lacks: Lacking,
    /// What a mailbox of theirs has stored, and they themselves have not confirmed.
    pub at_mailbox: Lacking,
    /// Entries of which their last receipt says that a file or a sealed text is lacking there.
    pub beside: Vec<String>,
    /// Claimed time of their last receipt, Unix milliseconds.
    pub last_receipt: Option<i64>,
    pub devices: Vec<TheirDevice>,
}

/// A device of another party, as it stands in a case.
#[derive(Debug, Clone)]
pub struct TheirDevice {
    pub device: DeviceKey,
    pub peer: Option<PeerId>,
    /// It stores and passes on, and signs nothing but receipts.
    pub mailbox: bool,
    pub link: PeerLink,
}

/// How a device is connected with this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerLink {
    Online {
        since: i64,
        way: Option<Way>,
    },
    /// It was there until then; why it was not reached since, where it was tried.
    Offline {
        since: i64,
        tried: Option<(i64, String)>,
    },
    /// It was never there; why, where it was tried.
    Never {
        tried: Option<(i64, String)>,
    },
    /// It answered, and would not give the case.
    Refused {
        at: Option<i64>,
        why: String,
    },
    /// Nothing is known of it: no node ran since it was named.
    Unknown,
}

/// A case that we want to join.
#[derive(Debug, Clone)]
pub struct JoinStatus {
    pub case: CaseId,
    /// When the invitation expires, Unix milliseconds; nothing where it is no longer asked for.
    pub expires: Option<i64>,
    /// What it came to so far, and when: Unix milliseconds.
    pub standing: Option<(JoinStanding, i64)>,
    /// Who asked, where that is another machine that shares this one's store: the request is signed as from there.
    pub asked_by: Option<AskedBy>,
}

/// Another machine of ours that asked to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedBy {
    /// What it is called here, or the beginning of its key; nothing where no device of ours is that machine.
    pub name: Option<String>,
    /// Its rights have not ended: it may go on asking.
    pub stands: bool,
}

/// A device of our own.
#[derive(Debug, Clone)]
pub struct OwnDevice {
    pub agent: Agent,
    /// Nothing for this device itself.
    pub peer: Option<PeerId>,
    pub link: PeerLink,
    /// Of how many cases it lacks how many entries, by its receipts.
    pub lacks: (u64, u64),
}

impl Agent {
    /// It stores and passes on, and signs nothing but receipts.
    #[must_use]
    pub fn is_mailbox(&self) -> bool {
        self.rights.receive && self.rights.kinds == Kinds::Listed(Vec::new())
    }
}

impl Desk {
    /// How it stands with everybody, in one case or in all; `now` in Unix milliseconds.
    ///
    /// # Errors
    /// When the store cannot be read, or the one case asked for.
    pub fn status(&self, only: Option<&CaseId>, now: i64) -> Result<StatusReport, DeskError> {
        self.status_reading(only, READ_AT_ONCE, now)
    }

    /// The same, reading about so many entries of cases that have to be opened.
    fn status_reading(&self, only: Option<&CaseId>, most: u64, now: i64) -> Result<StatusReport, DeskError> {
        let presence = self.presence();
        let seen = Seen::of(presence.as_ref());
        let agents = self.agents()?;
        let peers = self.own_peers()?;
        let ours: BTreeSet<&PeerId> = peers.values().collect();
        let (cases, more, unreadable) = self.looked_into((only, most), &seen, &ours, now)?;
        let lacks = |agent: &Agent| {
            let of = cases.iter().flat_map(|case| &case.own).filter(|(device, _)| *device == agent.device);
            of.filter(|(_, lacking)| lacking.count > 0).fold((0, 0), |(n, sum), (_, l)| (n + 1, sum + l.count))
        };
        let here = self.peer_id();
        // An agent's seat in this home is no further machine.
        let is_machine = |agent: &Agent| agent.here || peers.get(&agent.device) != Some(&here);
        let own = |agent: Agent| {
            let peer = peers.get(&agent.device).cloned();
            let link = peer.as_ref().map_or(PeerLink::Unknown, |peer| seen.anywhere(peer));
            OwnDevice { lacks: lacks(&agent), peer, link, agent }
        };
        let devices = agents.into_iter().filter(|agent| agent.stands() && is_machine(agent)).map(own).collect();
        Ok(StatusReport {
            running: seen.running || poke::poke(self.home()),
            as_of: presence.as_ref().map(|p| p.at),
            reach: presence.as_ref().map(|p| p.reach.clone()).unwrap_or_default(),
            network: self.network(),
            port: home::port(self.home()).ok(),
            joins: self.joins_now(only, presence.as_ref())?,
            used_elsewhere: home::is_elsewhere(self.home()),
            cases,
            more,
            unreadable,
            devices,
        })
    }

    /// The case that somebody types who wants to join it: it is not here yet.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn case_to_join(&self, typed: &str) -> Result<Option<CaseId>, DeskError> {
        let plain = |text: &str| text.chars().filter(|c| *c != '-').collect::<String>().to_ascii_uppercase();
        let typed = plain(typed.trim());
        let presence = self.presence();
        let names = |case: &CaseId| {
            let short = plain(&short_form(&case.0));
            typed.len() >= 4 && short.starts_with(&typed) || case.to_hex().eq_ignore_ascii_case(&typed)
        };
        Ok(self.joins_now(None, presence.as_ref())?.into_iter().map(|join| join.case).find(names))
    }

    fn joins_now(
        &self,
        only: Option<&CaseId>,
        presence: Option<&PresenceReport>,
    ) -> Result<Vec<JoinStatus>, DeskError> {
        let mut told: BTreeMap<CaseId, &JoinPresence> = BTreeMap::new();
        told.extend(presence.iter().flat_map(|p| &p.joins).map(|join| (join.case, join)));
        let running = presence.is_some_and(|p| p.running);
        let stored = self.with_store(|store| store.joins())?;
        let mut asked: BTreeMap<CaseId, AskedBy> = BTreeMap::new();
        for join in &stored {
            if let Some(by) = self.asked_by(join)? {
                asked.insert(join.case, by);
            }
        }
        let mut joins: Vec<JoinStatus> = stored
            .into_iter()
            .map(|join| {
                // It is asked again: what became of an earlier request no longer counts.
                let told = told.remove(&join.case).filter(|told| !matches!(told.standing, JoinStanding::Refused(_)));
                // And who asked is no longer there, where no node runs.
                let told = told.filter(|told| running || told.standing != JoinStanding::Asking);
                let standing = told.map(|told| (told.standing.clone(), told.at));
                JoinStatus {
                    case: join.case,
                    expires: Some(join.expires),
                    standing,
                    asked_by: asked.remove(&join.case),
                }
            })
            .collect();
        for refused in told.into_values().filter(|told| matches!(told.standing, JoinStanding::Refused(_))) {
            // A case that is here was joined after all.
            if self.with_store(|store| store.entry_count(refused.case))? == 0 {
                let standing = Some((refused.standing.clone(), refused.at));
                joins.push(JoinStatus { case: refused.case, expires: None, standing, asked_by: None });
            }
        }
        joins.retain(|join| only.is_none_or(|case| join.case == *case));
        Ok(joins)
    }

    /// Which other machine of ours asked to join, where several share the store.
    ///
    /// # Errors
    /// When our own key log cannot be read.
    pub fn asked_by(&self, join: &Join) -> Result<Option<AskedBy>, DeskError> {
        let peer = JoinRequest::claimed_peer(&join.request);
        if !self.with_store(|store| store.is_shared()) || peer.as_deref() == Some(self.peer_id().as_bytes()) {
            return Ok(None);
        }
        let peers = self.own_peers()?;
        let is_it = |agent: &Agent| peers.get(&agent.device).map(PeerId::as_bytes) == peer.as_deref();
        // The seats of a machine have its name in the network, too.
        let machine =
            self.agents()?.into_iter().filter(is_it).max_by_key(|agent| (agent.stands(), agent.rights.receive));
        Ok(Some(match machine {
            Some(agent) => AskedBy {
                stands: agent.stands(),
                name: Some(agent.name.unwrap_or_else(|| short_form(&agent.device.0))),
            },
            None => AskedBy { name: None, stands: false },
        }))
    }

    /// The peer ids of our own devices but this one.
    fn own_peers(&self) -> Result<BTreeMap<DeviceKey, PeerId>, DeskError> {
        let (logs, here) = (self.own_log()?, self.author().device);
        let peer = |body: &EventBody| match body {
            EventBody::Grant(grant) if grant.device != here => {
                Some((grant.device, PeerId::from_bytes(&grant.peer).ok()?))
            }
            _ => None,
        };
        Ok(logs.of_party(&self.party()).filter_map(|event| peer(&event.body)).collect())
    }

    /// The cases, with who is connected; how many were not looked into; and those that cannot be read.
    #[expect(clippy::type_complexity, reason = "three lists, used in one place")]
    fn looked_into(
        &self,
        (only, most): (Option<&CaseId>, u64),
        seen: &Seen<'_>,
        ours: &BTreeSet<&PeerId>,
        now: i64,
    ) -> Result<(Vec<CaseStatus>, u64, Vec<(CaseId, DeskError)>), DeskError> {
        let mut all = self.summaries()?;
        let (marks, mut ready) = self.kept_facts(&all)?;
        all.retain(|case| only.is_none_or(|wanted| case.case == *wanted));
        // What does not work is looked into first, and what is closed last.
        all.sort_by_key(|case| (!seen.troubled.contains(&case.case), case.state == "closed"));
        let (mut cases, mut unreadable) = (Vec::new(), Vec::new());
        let (mut more, mut read, mut news) = (0, 0, false);
        for summary in all {
            let Some(mark) = marks.get(&summary.case) else { continue };
            if let Entry::Vacant(place) = ready.entry(summary.case) {
                if read > 0 && read + summary.entries > most && only.is_none() {
                    more += 1;
                    continue;
                }
                read += summary.entries;
                match self.case_facts(&summary.case) {
                    Ok(facts) => {
                        news = true;
                        place.insert((*mark, facts));
                    }
                    Err(why) => unreadable.push((summary.case, why)),
                }
            }
            if let Some((_, facts)) = ready.get(&summary.case) {
                let closed = summary.state == "closed";
                let mut told = case_status(summary.case, summary.title, closed, facts, seen, now);
                told.unnamed.retain(|(peer, _)| !ours.contains(peer));
                cases.push(told);
            }
        }
        if news {
            self.keep_facts(&ready);
        }
        Ok((cases, more, unreadable))
    }
}

fn case_status(case: CaseId, title: String, closed: bool, facts: &CaseFacts, seen: &Seen<'_>, now: i64) -> CaseStatus {
    let device = |known: &facts::DeviceFacts| TheirDevice {
        device: known.device,
        peer: known.peer.clone(),
        mailbox: known.mailbox,
        link: known.peer.as_ref().map_or(PeerLink::Unknown, |peer| seen.of_case(&case, peer)),
    };
    let other = |known: &facts::OtherFacts| OtherSide {
        party: known.party,
        label: known.label.clone(),
        joined: known.joined,
        left: known.left,
        lacks: known.lacks.clone(),
        at_mailbox: known.at_mailbox.clone(),
        beside: known.beside.clone(),
        // A clock that is ahead of ours says nothing of the future.
        last_receipt: known.last_receipt.map(|at| at.min(now)),
        devices: known.devices.iter().map(device).collect(),
    };
    CaseStatus {
        case,
        title,
        closed,
        others: facts.others.iter().map(other).collect(),
        free: facts.free.clone(),
        own: facts.own.clone(),
        unnamed: seen.unnamed(&case, facts),
    }
}

/// What the node wrote down, found by case and device.
struct Seen<'p> {
    running: bool,
    at: i64,
    peers: BTreeMap<(CaseId, &'p PeerId), &'p PeerPresence>,
    connected: BTreeMap<&'p PeerId, PeerLink>,
    /// Cases in which something does not work.
    troubled: BTreeSet<CaseId>,
}

impl<'p> Seen<'p> {
    fn of(presence: Option<&'p PresenceReport>) -> Self {
        let peers = || presence.iter().flat_map(|p| &p.peers);
        let running = presence.is_some_and(|p| p.running);
        let connected = presence.iter().filter(|_| running).flat_map(|p| &p.connected);
        Self {
            running,
            at: presence.map_or(0, |p| p.at),
            peers: peers().map(|peer| ((peer.case, &peer.peer), peer)).collect(),
            connected: connected
                .map(|link| (&link.peer, PeerLink::Online { since: link.since, way: link.way }))
                .collect(),
            troubled: peers().filter(|p| p.standing < PeerStanding::Online).map(|peer| peer.case).collect(),
        }
    }

    fn of_case(&self, case: &CaseId, peer: &PeerId) -> PeerLink {
        match self.peers.get(&(*case, peer)) {
            Some(known) if known.standing == PeerStanding::Refused => self.link(known),
            // A case at rest needs no connection of its own.
            Some(known) => self.connected.get(peer).cloned().unwrap_or_else(|| self.link(known)),
            None => self.anywhere(peer),
        }
    }

    fn unnamed(&self, case: &CaseId, facts: &CaseFacts) -> Vec<(PeerId, PeerLink)> {
        let named = |peer: &PeerId| facts.others.iter().flat_map(|o| &o.devices).any(|d| d.peer.as_ref() == Some(peer));
        let of_case = self.peers.iter().filter(|((of, peer), _)| of == case && !named(peer));
        of_case.map(|((_, peer), _)| ((*peer).clone(), self.of_case(case, peer))).collect()
    }

    /// How a device stands, whatever the case: the best that is known.
    fn anywhere(&self, peer: &PeerId) -> PeerLink {
        if let Some(link) = self.connected.get(peer) {
            return link.clone();
        }
        let known = self.peers.values().filter(|p| p.peer == *peer && p.standing != PeerStanding::Refused);
        let latest = known.max_by_key(|p| (p.standing, p.since, p.tried));
        latest.map_or(PeerLink::Unknown, |known| self.link(known))
    }

    fn link(&self, known: &PeerPresence) -> PeerLink {
        let tried = known.tried.map(|at| (at, known.why.clone().unwrap_or_default()));
        match (known.standing, known.since) {
            (PeerStanding::Online, since) if self.running => {
                PeerLink::Online { since: since.unwrap_or(self.at), way: known.way }
            }
            // The node was ended without a last word.
            (PeerStanding::Online, _) => PeerLink::Offline { since: self.at, tried: None },
            (PeerStanding::Offline, Some(since)) => PeerLink::Offline { since, tried },
            (PeerStanding::Offline | PeerStanding::Never, _) => PeerLink::Never { tried },
            (PeerStanding::Refused, _) => {
                PeerLink::Refused { at: known.tried, why: known.why.clone().unwrap_or_default() }
            }
        }
    }
}

#[cfg(test)]
mod tests;
