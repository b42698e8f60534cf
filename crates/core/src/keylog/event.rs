//! One event of a key log: what it says, and how it is read.

use super::{KeyLogRefusal, SUITE};
use crate::{
    cbor::{self, Limits, Value},
    envelope::{Envelope, Unverified, Verified},
    id::{DeviceKey, Domain, EventId, PartyId, hash},
    statement::DecodeError,
};

/// Largest event, in bytes of its payload.
pub const MAX_EVENT: usize = 4096;
const LIMITS: Limits = Limits { bytes: MAX_EVENT, nodes: 512, depth: 6, text: 128 };

/// One event of a key log, its signature checked.
#[derive(Debug, Clone)]
pub struct KeyEvent {
    pub id: EventId,
    pub party: PartyId,
    /// 1 is the inception.
    pub position: u32,
    pub prev: Option<EventId>,
    /// The admin's grant that signed it; absent when the root did.
    pub by: Option<EventId>,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub body: EventBody,
    /// Rotations in the log up to here, itself included.
    pub rotations: u32,
    /// The inception or rotation that revealed the root key in force here; itself, if it is one.
    pub(crate) era: EventId,
    pub(super) envelope: Envelope<Verified>,
}

impl KeyEvent {
    /// The envelope's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
    }

    /// What decides which of two points of a log is the later one: rotations, then position. So a rotation is later
    /// than whatever a thief of the root adds beside it.
    #[must_use]
    pub fn rank(&self) -> (u32, u32) {
        (self.rotations, self.position)
    }

    /// The device's proof that it holds its key, as it stands in a grant: good for granting the same device again on
    /// another branch. Nothing for other events.
    #[must_use]
    pub fn possession(&self) -> Option<Vec<u8>> {
        let read = decode(self.bytes()).ok()?.1;
        matches!(read.body, EventBody::Grant(_)).then_some(read.possession)
    }

    pub(super) fn is_rotation(&self) -> bool {
        matches!(self.body, EventBody::Rotate { .. })
    }
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventBody {
    Inception {
        root: DeviceKey,
        /// Hash of the root key that a rotation will reveal.
        next: [u8; 32],
        nonce: [u8; 16],
    },
    Grant(Grant),
    Revoke {
        grant: EventId,
        reason: RevokeReason,
    },
    Rotate {
        root: DeviceKey,
        next: [u8; 32],
    },
}

/// Leave for a device key to act for the party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub device: DeviceKey,
    /// The transport's peer id, opaque here; at most 64 bytes.
    pub peer: Vec<u8>,
    pub kinds: Kinds,
    /// May sign receipts: its store counts as the party's.
    pub receive: bool,
    /// May grant and revoke.
    pub admin: bool,
    /// Open ceilings on the value at stake: decimal text and currency.
    pub ceilings: Vec<(String, String)>,
    /// Window of validity, Unix milliseconds; shown, and enforced by the party's own nodes only.
    pub from: Option<i64>,
    pub until: Option<i64>,
}

impl Grant {
    /// Whether it is for a mailbox: it stores what comes for its party and says so, and may sign nothing else.
    #[must_use]
    pub fn is_mailbox(&self) -> bool {
        self.receive && self.kinds == Kinds::Listed(Vec::new())
    }
}

/// Which acts a grant lets a device sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kinds {
    All,
    Listed(Vec<String>),
}

impl Kinds {
    /// Whether an act of this kind is among them.
    #[must_use]
    pub fn covers(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(kinds) => kinds.iter().any(|k| k == kind),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeReason {
    Ended,
    Compromised,
}

impl RevokeReason {
    /// The word that stands in the event.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Compromised => "compromised",
        }
    }
}

/// An event as read, nothing about it checked yet.
pub(super) struct Draft {
    pub(super) party: Option<PartyId>,
    pub(super) position: u32,
    pub(super) prev: Option<EventId>,
    pub(super) by: Option<EventId>,
    pub(super) at: i64,
    pub(super) body: EventBody,
    pub(super) possession: Vec<u8>,
    pub(super) envelope: Envelope<Unverified>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<(EventId, Draft), KeyLogRefusal> {
    let envelope = Envelope::parse(bytes, MAX_EVENT)?;
    let value = Value::decode(envelope.payload(), LIMITS).map_err(DecodeError::Cbor)?;
    let id = EventId(hash(Domain::KeyEvent, &[envelope.payload()]));
    let Value::Map(fields) = &value else { return Err(field("event")) };
    if fields.iter().any(|(k, _)| !matches!(k, cbor::Key::Int(1..=7))) {
        return Err(DecodeError::UnknownField.into());
    }
    let version = value.header(1).and_then(Value::as_int).ok_or(field("version"))?;
    if version != 1 {
        return Err(DecodeError::Version(version).into());
    }
    let position = value.header(3).and_then(Value::as_int).and_then(|n| u32::try_from(n).ok());
    let act = value.header(7).ok_or(field("act"))?;
    let kind = act.field("kind").and_then(Value::as_text).ok_or(field("kind"))?;
    let event = act.field("body").ok_or(field("body"))?;
    exact_fields(act, &["body", "kind"], &[])?;
    let (body, possession) = decode_body(kind, event)?;
    let draft = Draft {
        party: value.header(2).map(|v| bytes32(v, "party").map(PartyId)).transpose()?,
        position: position.ok_or(field("position"))?,
        prev: value.header(4).map(|v| bytes32(v, "prev").map(EventId)).transpose()?,
        by: value.header(5).map(|v| bytes32(v, "by").map(EventId)).transpose()?,
        at: value.header(6).and_then(Value::as_int).filter(|at| *at >= 0).ok_or(field("at"))?,
        body,
        possession,
        envelope,
    };
    Ok((id, draft))
}

fn decode_body(kind: &str, event: &Value) -> Result<(EventBody, Vec<u8>), KeyLogRefusal> {
    let id_of = |name: &'static str| event.field(name).ok_or(field(name)).and_then(|v| bytes32(v, name));
    let body = match kind {
        "inception" => {
            exact_fields(event, &["suite", "root", "next", "nonce"], &[])?;
            if event.field("suite").and_then(Value::as_text) != Some(SUITE) {
                return Err(field("suite"));
            }
            let nonce = event.field("nonce").and_then(Value::as_bytes).and_then(|b| b.try_into().ok());
            let root = DeviceKey(id_of("root")?);
            EventBody::Inception { root, next: id_of("next")?, nonce: nonce.ok_or(field("nonce"))? }
        }
        "rotate" => {
            exact_fields(event, &["root", "next"], &[])?;
            EventBody::Rotate { root: DeviceKey(id_of("root")?), next: id_of("next")? }
        }
        "revoke" => {
            exact_fields(event, &["grant", "reason"], &[])?;
            let reason = match event.field("reason").and_then(Value::as_text) {
                Some("ended") => RevokeReason::Ended,
                Some("compromised") => RevokeReason::Compromised,
                _ => return Err(field("reason")),
            };
            EventBody::Revoke { grant: EventId(id_of("grant")?), reason }
        }
        "grant" => return decode_grant(event),
        _ => return Err(field("kind")),
    };
    Ok((body, Vec::new()))
}

fn decode_grant(event: &Value) -> Result<(EventBody, Vec<u8>), KeyLogRefusal> {
    exact_fields(
        event,
        &["device", "peer", "kinds", "receive", "admin", "possession"],
        &["ceilings", "from", "until"],
    )?;
    let device = event.field("device").ok_or(field("device")).and_then(|v| bytes32(v, "device"))?;
    let peer = event.field("peer").and_then(Value::as_bytes).filter(|p| !p.is_empty() && p.len() <= 64);
    let kinds = match event.field("kinds") {
        Some(Value::Text(all)) if all == "all" => Kinds::All,
        Some(Value::Array(kinds)) => Kinds::Listed(
            kinds.iter().map(|k| k.as_text().map(str::to_owned).ok_or(field("kinds"))).collect::<Result<_, _>>()?,
        ),
        _ => return Err(field("kinds")),
    };
    let flag = |name: &'static str| event.field(name).and_then(Value::as_bool).ok_or(field(name));
    let time = |name: &'static str| match event.field(name) {
        None => Ok(None),
        Some(v) => v.as_int().filter(|t| *t >= 0).map(Some).ok_or(field(name)),
    };
    let ceilings = match event.field("ceilings") {
        None => Vec::new(),
        Some(list) => list.as_array().ok_or(field("ceilings"))?.iter().map(ceiling).collect::<Result<_, _>>()?,
    };
    let possession = event.field("possession").and_then(Value::as_bytes).ok_or(field("possession"))?.to_vec();
    let grant = Grant {
        device: DeviceKey(device),
        peer: peer.ok_or(field("peer"))?.to_vec(),
        kinds,
        receive: flag("receive")?,
        admin: flag("admin")?,
        ceilings,
        from: time("from")?,
        until: time("until")?,
    };
    Ok((EventBody::Grant(grant), possession))
}

fn ceiling(value: &Value) -> Result<(String, String), KeyLogRefusal> {
    match value.as_array() {
        Some([Value::Text(amount), Value::Text(currency)]) => Ok((amount.clone(), currency.clone())),
        _ => Err(field("ceilings")),
    }
}

fn exact_fields(value: &Value, required: &[&'static str], optional: &[&str]) -> Result<(), KeyLogRefusal> {
    let Value::Map(fields) = value else { return Err(field("body")) };
    for name in required {
        value.field(name).ok_or(field(name))?;
    }
    let known = |k: &cbor::Key| matches!(k, cbor::Key::Text(t) if required.contains(&t.as_str()) || optional.contains(&t.as_str()));
    if fields.iter().all(|(k, _)| known(k)) { Ok(()) } else { Err(DecodeError::UnknownField.into()) }
}

fn bytes32(value: &Value, name: &'static str) -> Result<[u8; 32], KeyLogRefusal> {
    value.as_bytes().and_then(|b| b.try_into().ok()).ok_or(field(name))
}

fn field(name: &'static str) -> KeyLogRefusal {
    KeyLogRefusal::Decode(DecodeError::Field(name))
}
