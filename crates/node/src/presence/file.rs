//! The file as it is written and read: JSON, with every text checked again, for it may have been altered.

use std::str::FromStr;

use counterpart_core::id::{CaseId, DeviceKey, PartyId};
use counterpart_net::{Address, PeerId};
use serde::{Deserialize, Serialize};

use super::{
    Connected, JoinPresence, JoinStanding, MOST, MOST_ADDRESSES, Outside, OwnReach, PeerPresence, PeerStanding,
    PresenceReport, RelayPlace, RelayState, Way, shown,
};

const SCHEMA: &str = "counterpart/presence/1";

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    /// Whose node wrote it: what another device's wrote is not believed.
    party: String,
    device: String,
    at: i64,
    started: i64,
    reach: Reach,
    peers: Vec<Peer>,
    more: u64,
    connected: Vec<Link>,
    joins: Vec<Join>,
}

#[derive(Serialize, Deserialize)]
struct Reach {
    listening: Vec<String>,
    confirmed: Vec<String>,
    observed: Vec<String>,
    relays: Vec<Relay>,
    outside: String,
}

#[derive(Serialize, Deserialize)]
struct Relay {
    relay: String,
    address: Option<String>,
    state: String,
    why: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Peer {
    case: String,
    peer: String,
    party: Option<String>,
    device: Option<String>,
    standing: String,
    since: Option<i64>,
    way: Option<String>,
    tried: Option<i64>,
    why: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Link {
    peer: String,
    since: i64,
    way: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Join {
    case: String,
    standing: String,
    why: Option<String>,
    at: i64,
}

pub(super) fn encode(report: &PresenceReport, party: &PartyId, device: &DeviceKey) -> Vec<u8> {
    let file = File {
        schema: SCHEMA.to_owned(),
        party: party.to_hex(),
        device: device.to_hex(),
        at: report.at,
        started: report.started,
        reach: Reach {
            listening: report.reach.listening.clone(),
            confirmed: report.reach.confirmed.clone(),
            observed: report.reach.observed.clone(),
            relays: report.reach.relays.iter().map(relay).collect(),
            outside: report.reach.outside.as_str().to_owned(),
        },
        peers: report.peers.iter().map(peer).collect(),
        more: report.more,
        connected: report.connected.iter().map(link).collect(),
        joins: report.joins.iter().map(join).collect(),
    };
    serde_json::to_vec(&file).unwrap_or_default()
}

/// Reads a file; nothing where it is not one that a node of this device wrote.
pub(super) fn decode(bytes: &[u8], party: &PartyId, device: &DeviceKey) -> Option<PresenceReport> {
    let file: File = serde_json::from_slice(bytes).ok()?;
    if file.schema != SCHEMA || file.party != party.to_hex() || file.device != device.to_hex() {
        return None;
    }
    let addresses = |texts: Vec<String>| {
        let fit = |text: &String| Address::parse(text).is_ok();
        texts.into_iter().take(MOST_ADDRESSES).filter(fit).collect()
    };
    Some(PresenceReport {
        running: false,
        at: file.at,
        started: file.started,
        reach: OwnReach {
            listening: addresses(file.reach.listening),
            confirmed: addresses(file.reach.confirmed),
            observed: addresses(file.reach.observed),
            relays: file.reach.relays.into_iter().take(MOST_ADDRESSES).filter_map(read_relay).collect(),
            outside: Outside::from_word(&file.reach.outside)?,
        },
        peers: file.peers.into_iter().take(MOST).filter_map(read_peer).collect(),
        more: file.more,
        connected: file.connected.into_iter().take(MOST).filter_map(read_link).collect(),
        joins: file.joins.into_iter().take(MOST).filter_map(read_join).collect(),
    })
}

fn relay(place: &RelayPlace) -> Relay {
    let (state, why) = match &place.state {
        RelayState::Asked => ("asked", None),
        RelayState::Held => ("held", None),
        RelayState::Failed(why) => ("failed", Some(why.clone())),
    };
    Relay { relay: place.relay.to_string(), address: place.address.clone(), state: state.to_owned(), why }
}

fn read_relay(relay: Relay) -> Option<RelayPlace> {
    let state = match (relay.state.as_str(), relay.why) {
        ("asked", _) => RelayState::Asked,
        ("held", _) => RelayState::Held,
        ("failed", why) => RelayState::Failed(shown(&why.unwrap_or_default())),
        _ => return None,
    };
    let address = relay.address.filter(|text| Address::parse(text).is_ok());
    Some(RelayPlace { relay: PeerId::from_str(&relay.relay).ok()?, address, state })
}

fn peer(known: &PeerPresence) -> Peer {
    Peer {
        case: known.case.to_hex(),
        peer: known.peer.to_string(),
        party: known.party.map(|p| p.to_hex()),
        device: known.device.map(|d| d.to_hex()),
        standing: known.standing.as_str().to_owned(),
        since: known.since,
        way: known.way.map(|w| w.as_str().to_owned()),
        tried: known.tried,
        why: known.why.clone(),
    }
}

fn read_peer(peer: Peer) -> Option<PeerPresence> {
    Some(PeerPresence {
        case: CaseId::from_hex(&peer.case)?,
        peer: PeerId::from_str(&peer.peer).ok()?,
        party: peer.party.as_deref().and_then(PartyId::from_hex),
        device: peer.device.as_deref().and_then(DeviceKey::from_hex),
        standing: PeerStanding::from_word(&peer.standing)?,
        since: peer.since,
        way: peer.way.as_deref().and_then(Way::from_word),
        tried: peer.tried,
        why: peer.why.as_deref().map(shown),
    })
}

fn link(connected: &Connected) -> Link {
    let way = connected.way.map(|w| w.as_str().to_owned());
    Link { peer: connected.peer.to_string(), since: connected.since, way }
}

fn read_link(link: Link) -> Option<Connected> {
    let way = link.way.as_deref().and_then(Way::from_word);
    Some(Connected { peer: PeerId::from_str(&link.peer).ok()?, since: link.since, way })
}

fn join(join: &JoinPresence) -> Join {
    let (standing, why) = match &join.standing {
        JoinStanding::Asking => ("asking", None),
        JoinStanding::Unreachable(why) => ("unreachable", Some(why.clone())),
        JoinStanding::Admitted => ("admitted", None),
        JoinStanding::Refused(why) => ("refused", Some(why.clone())),
    };
    Join { case: join.case.to_hex(), standing: standing.to_owned(), why, at: join.at }
}

fn read_join(join: Join) -> Option<JoinPresence> {
    let why = shown(&join.why.unwrap_or_default());
    let standing = match join.standing.as_str() {
        "asking" => JoinStanding::Asking,
        "unreachable" => JoinStanding::Unreachable(why),
        "admitted" => JoinStanding::Admitted,
        "refused" => JoinStanding::Refused(why),
        _ => return None,
    };
    Some(JoinPresence { case: CaseId::from_hex(&join.case)?, standing, at: join.at })
}

/// The word of each, and each by its word.
macro_rules! words {
    ($type:ty, $($variant:ident = $word:literal),+) => {
        impl $type {
            /// The word that stands for it in files and in what other programs read.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words!(Way, Direct = "direct", Punched = "punched", Relayed = "relayed");
words!(PeerStanding, Refused = "refused", Never = "never", Offline = "offline", Online = "online");
words!(Outside, Unknown = "unknown", Public = "public", Behind = "behind");
