//! What a running node knows of the network, written down for other processes: who is reached and how, who refused, and
//! how it can be reached itself. A note that may be lost: nothing rests on it.

mod file;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId},
    text,
};
use counterpart_net::{Address, PeerId, ReservationState};
use tokio::time::Instant;

use crate::{
    desk::Desk,
    home::{self, Identity},
    poke,
};

const FILE: &str = "node.presence";
const WRITTEN: &str = "node.presence.new";

/// The longest file that is read, in bytes: several times what is ever written.
const LONGEST: u64 = 1024 * 1024;

/// At most so many of each kind are written down, what is wrong first.
const MOST: usize = 256;

/// At most so many are remembered by the running node.
const MOST_KNOWN: usize = 20_000;

/// A change is written at once, the next one not before this time has passed.
const PAUSE: Duration = Duration::from_secs(1);

/// Where nothing changed it is written again after this time, so that what a killed node left says when that was.
const BEAT: Duration = Duration::from_secs(60);

/// The longest reason, in characters.
const LONGEST_WHY: usize = 240;

/// How long it is told that a request to join was refused, in milliseconds.
const REFUSAL_KEPT: i64 = 30 * 24 * 3600 * 1000;

/// How a connection came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    Direct,
    /// Direct, though both are behind routers: they called each other at the same moment.
    Punched,
    /// Through a third node that carries what is sent, and cannot read it.
    Relayed,
}

/// How a device of a case stands with this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeerStanding {
    /// It answered, and would not give this case.
    Refused,
    /// It was never reached.
    Never,
    Offline,
    Online,
}

/// A device as it stands in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerPresence {
    pub case: CaseId,
    pub peer: PeerId,
    /// Whose device it is, where that is known.
    pub party: Option<PartyId>,
    pub device: Option<DeviceKey>,
    pub standing: PeerStanding,
    /// Online since, or offline since: Unix milliseconds.
    pub since: Option<i64>,
    /// How it is connected.
    pub way: Option<Way>,
    /// When it was last called in vain: Unix milliseconds.
    pub tried: Option<i64>,
    /// Why that came to nothing; in one line that may be shown.
    pub why: Option<String>,
}

/// A device that is connected, whatever for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    pub peer: PeerId,
    /// Unix milliseconds.
    pub since: i64,
    pub way: Option<Way>,
}

/// A case that this home wants to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinPresence {
    pub case: CaseId,
    pub standing: JoinStanding,
    /// Unix milliseconds.
    pub at: i64,
}

/// What became of a request to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinStanding {
    /// It is being asked.
    Asking,
    /// The other side was not reached, and why; it is tried again.
    Unreachable(String),
    /// They let us in, and send the case.
    Admitted,
    /// They would not, and why; it is not asked again.
    Refused(String),
}

/// Whether this node can be called from outside, as other nodes found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Outside {
    #[default]
    Unknown,
    Public,
    /// Behind a router that lets no calls in.
    Behind,
}

/// A place at a node that carries connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayPlace {
    pub relay: PeerId,
    /// The address others call, where it is held.
    pub address: Option<String>,
    pub state: RelayState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayState {
    Asked,
    Held,
    /// Why not; in one line that may be shown.
    Failed(String),
}

/// Where this node can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnReach {
    pub listening: Vec<String>,
    /// Found by others to work.
    pub confirmed: Vec<String>,
    /// Where others saw it come from.
    pub observed: Vec<String>,
    pub relays: Vec<RelayPlace>,
    pub outside: Outside,
}

/// What a node wrote down last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceReport {
    /// Whether a node runs now. Where none does, all else is how it was when one last ran.
    pub running: bool,
    /// When it was written: Unix milliseconds.
    pub at: i64,
    /// When that node started: Unix milliseconds.
    pub started: i64,
    pub reach: OwnReach,
    /// What is wrong first.
    pub peers: Vec<PeerPresence>,
    /// How many more there were than are written down.
    pub more: u64,
    pub connected: Vec<Connected>,
    pub joins: Vec<JoinPresence>,
}

/// Something the engine saw.
#[derive(Debug)]
pub(crate) enum Sighting<'a> {
    /// A link for a case stands.
    Online { case: CaseId, peer: &'a PeerId, party: PartyId, device: DeviceKey, way: Option<Way> },
    /// A link for a case is gone.
    Offline { case: CaseId, peer: &'a PeerId },
    /// A peer could not be called.
    Unreachable { case: CaseId, peer: &'a PeerId, why: &'a str },
    /// A peer answered, and would not give the case.
    Refused { case: CaseId, peer: &'a PeerId, why: &'a str },
    /// How a connected peer is reached changed; nothing where it no longer is.
    Path { peer: &'a PeerId, way: Option<Way> },
    /// A peer is no longer called for this case.
    Forgotten { case: CaseId, peer: &'a PeerId },
    /// What became of our request to join.
    Join { case: CaseId, standing: JoinStanding },
    /// We joined: what is to be told of the case is told of its devices.
    Joined { case: CaseId },
    /// Where we can be reached.
    Reach(OwnReach),
}

/// The running node's end: it keeps what was seen, and writes it down.
#[derive(Debug)]
pub(crate) struct Presence {
    folder: PathBuf,
    party: PartyId,
    device: DeviceKey,
    started: i64,
    reach: OwnReach,
    peers: BTreeMap<(CaseId, PeerId), PeerPresence>,
    joins: BTreeMap<CaseId, JoinPresence>,
    changed: bool,
    written: Option<Instant>,
}

impl Presence {
    /// Begins with what the node before this one wrote: who was online then has been offline since. `now` in Unix
    /// milliseconds.
    pub(crate) fn new(home: &Path, identity: &Identity, now: i64) -> Self {
        let (party, device) = (identity.author.party, identity.author.device);
        let mut presence = Self {
            folder: home.to_owned(),
            party,
            device,
            started: now,
            reach: OwnReach::default(),
            peers: BTreeMap::new(),
            joins: BTreeMap::new(),
            changed: true,
            written: None,
        };
        if let Some(before) = read(home, &party, &device) {
            for mut peer in before.peers {
                if peer.standing == PeerStanding::Online {
                    (peer.standing, peer.since, peer.way) = (PeerStanding::Offline, Some(before.at.min(now)), None);
                }
                presence.peers.insert((peer.case, peer.peer.clone()), peer);
            }
            let kept =
                |join: &JoinPresence| matches!(join.standing, JoinStanding::Refused(_)) && now - join.at < REFUSAL_KEPT;
            presence.joins = before.joins.into_iter().filter(kept).map(|join| (join.case, join)).collect();
        }
        presence
    }

    /// Takes note of something seen; `now` in Unix milliseconds. Writes nothing: see [`Presence::write_if_due`].
    pub(crate) fn note(&mut self, seen: Sighting<'_>, now: i64) {
        self.changed = true;
        match seen {
            Sighting::Online { case, peer, party, device, way } => {
                let Some(state) = self.peer(case, peer) else { return };
                if state.standing != PeerStanding::Online {
                    state.since = Some(now);
                }
                (state.standing, state.party, state.device) = (PeerStanding::Online, Some(party), Some(device));
                (state.way, state.tried, state.why) = (way.or(state.way), None, None);
            }
            Sighting::Offline { case, peer } => {
                if let Some(state) = self.peers.get_mut(&(case, peer.clone()))
                    && state.standing == PeerStanding::Online
                {
                    (state.standing, state.since, state.way) = (PeerStanding::Offline, Some(now), None);
                }
            }
            Sighting::Unreachable { case, peer, why } => {
                let Some(state) = self.peer(case, peer) else { return };
                (state.tried, state.why) = (Some(now), Some(shown(why)));
                if state.standing == PeerStanding::Refused {
                    // It refused when it answered last; that it does not answer now is news.
                    state.standing = if state.since.is_some() { PeerStanding::Offline } else { PeerStanding::Never };
                }
            }
            Sighting::Refused { case, peer, why } => {
                let Some(state) = self.peer(case, peer) else { return };
                (state.standing, state.way) = (PeerStanding::Refused, None);
                (state.tried, state.why) = (Some(now), Some(shown(why)));
            }
            Sighting::Path { peer, way } => {
                let online = |p: &&mut PeerPresence| p.peer == *peer && p.standing == PeerStanding::Online;
                for state in self.peers.values_mut().filter(online) {
                    state.way = way;
                    if way.is_none() {
                        // It went, and with it cases that were at rest as well.
                        (state.standing, state.since) = (PeerStanding::Offline, Some(now));
                    }
                }
            }
            Sighting::Forgotten { case, peer } => {
                self.peers.remove(&(case, peer.clone()));
            }
            Sighting::Join { case, standing } => {
                let standing = match standing {
                    JoinStanding::Unreachable(why) => JoinStanding::Unreachable(shown(&why)),
                    JoinStanding::Refused(why) => JoinStanding::Refused(shown(&why)),
                    other => other,
                };
                // Asking again does not undo what the last try came to, until this one comes to something.
                let asked = standing == JoinStanding::Asking;
                let tried = |join: &JoinPresence| matches!(join.standing, JoinStanding::Unreachable(_));
                if !(asked && self.joins.get(&case).is_some_and(tried)) && self.joins.len() < MOST_KNOWN {
                    self.joins.insert(case, JoinPresence { case, standing, at: now });
                }
            }
            Sighting::Joined { case } => {
                self.joins.remove(&case);
            }
            Sighting::Reach(reach) => self.reach = reach.shown(),
        }
    }

    fn peer(&mut self, case: CaseId, peer: &PeerId) -> Option<&mut PeerPresence> {
        let key = (case, peer.clone());
        if self.peers.len() >= MOST_KNOWN && !self.peers.contains_key(&key) {
            return None;
        }
        Some(self.peers.entry(key).or_insert_with(|| PeerPresence {
            case,
            peer: peer.clone(),
            party: None,
            device: None,
            standing: PeerStanding::Never,
            since: None,
            way: None,
            tried: None,
            why: None,
        }))
    }

    /// Writes it down if something changed and the last time is a while ago; `now` in Unix milliseconds. To be called
    /// after each round of the loop, which turns at least every few seconds.
    pub(crate) fn write_if_due(&mut self, now: i64) {
        self.write_if_due_at(Instant::now(), now);
    }

    fn write_if_due_at(&mut self, instant: Instant, now: i64) {
        let pause = if self.changed { PAUSE } else { BEAT };
        if self.written.is_none_or(|written| instant.saturating_duration_since(written) >= pause) {
            self.written = Some(instant);
            self.write(now);
        }
    }

    /// The node stops: nobody is connected any more. `now` in Unix milliseconds.
    pub(crate) fn stopped(&mut self, now: i64) {
        for state in self.peers.values_mut().filter(|p| p.standing == PeerStanding::Online) {
            (state.standing, state.since) = (PeerStanding::Offline, Some(now));
        }
        self.write(now);
    }

    fn write(&mut self, now: i64) {
        self.changed = false;
        let bytes = file::encode(&self.report(now), &self.party, &self.device);
        let (path, written) = (self.folder.join(FILE), self.folder.join(WRITTEN));
        // Who looks finds the one before, and by its time that it is old.
        drop(home::write_unsynced(&written, &bytes).and_then(|()| fs::rename(&written, &path)));
    }

    fn report(&self, now: i64) -> PresenceReport {
        let mut peers: Vec<&PeerPresence> = self.peers.values().collect();
        // What is wrong first; of what is alike the latest.
        peers.sort_by_key(|p| (p.standing, std::cmp::Reverse(p.since.max(p.tried))));
        let mut connected: BTreeMap<&PeerId, Connected> = BTreeMap::new();
        for state in peers.iter().filter(|p| p.standing == PeerStanding::Online) {
            let since = state.since.unwrap_or(now);
            let whole = connected.entry(&state.peer).or_insert_with(|| Connected {
                peer: state.peer.clone(),
                since,
                way: state.way,
            });
            whole.since = whole.since.min(since);
        }
        let mut joins: Vec<JoinPresence> = self.joins.values().cloned().collect();
        joins.sort_by_key(|join| std::cmp::Reverse(join.at));
        joins.truncate(MOST);
        PresenceReport {
            running: true,
            at: now,
            started: self.started,
            reach: self.reach.clone(),
            more: peers.len().saturating_sub(MOST) as u64,
            peers: peers.into_iter().take(MOST).cloned().collect(),
            connected: connected.into_values().take(MOST).collect(),
            joins,
        }
    }
}

impl From<counterpart_net::Path> for Way {
    fn from(path: counterpart_net::Path) -> Self {
        match path {
            counterpart_net::Path::Direct => Self::Direct,
            counterpart_net::Path::Punched => Self::Punched,
            counterpart_net::Path::Relayed => Self::Relayed,
        }
    }
}

impl From<counterpart_net::Reach> for OwnReach {
    fn from(reach: counterpart_net::Reach) -> Self {
        let texts = |all: Vec<Address>| all.iter().map(ToString::to_string).collect();
        let place = |held: counterpart_net::Reservation| RelayPlace {
            relay: held.relay,
            address: held.address.map(|address| address.to_string()),
            state: match held.state {
                ReservationState::Asked => RelayState::Asked,
                ReservationState::Held => RelayState::Held,
                ReservationState::Failed(why) => RelayState::Failed(why),
            },
        };
        Self {
            listening: texts(reach.listening),
            confirmed: texts(reach.confirmed),
            observed: texts(reach.observed),
            relays: reach.reservations.into_iter().map(place).collect(),
            outside: match reach.standing {
                counterpart_net::Standing::Unknown => Outside::Unknown,
                counterpart_net::Standing::Public => Outside::Public,
                counterpart_net::Standing::Behind => Outside::Behind,
            },
        }
    }
}

impl OwnReach {
    fn shown(mut self) -> Self {
        for addresses in [&mut self.listening, &mut self.confirmed, &mut self.observed] {
            addresses.truncate(MOST_ADDRESSES);
        }
        self.relays.truncate(MOST_ADDRESSES);
        for place in &mut self.relays {
            if let RelayState::Failed(why) = &mut place.state {
                *why = shown(why);
            }
        }
        self
    }
}

/// At most so many addresses of a kind are written down.
const MOST_ADDRESSES: usize = 32;

/// A text that may come from others, as one line of bounded length that may be shown.
fn shown(text: &str) -> String {
    let line = text::visible_line(text);
    if line.chars().count() <= LONGEST_WHY {
        return line.into_owned();
    }
    line.chars().take(LONGEST_WHY - 1).chain(['…']).collect()
}

/// What the last node of this device wrote in a home; nothing where there is nothing of use.
fn read(home: &Path, party: &PartyId, device: &DeviceKey) -> Option<PresenceReport> {
    let bytes = home::read_bounded(&home.join(FILE), LONGEST).ok()?;
    file::decode(&bytes, party, device)
}

impl Desk {
    /// What the running node, or the one that ran last, wrote down of who is reached; nothing where none ran yet or what
    /// it wrote is of no use.
    #[must_use]
    pub fn presence(&self) -> Option<PresenceReport> {
        let author = self.author();
        let mut report = read(self.home(), &author.party, &author.device)?;
        // A node that was killed wrote no last word.
        report.running = poke::poke(self.home());
        Some(report)
    }
}

#[cfg(test)]
mod tests;
