//! A party's signed log of its devices and agents: inception, grants, revocations, rotations.

use std::collections::{BTreeMap, HashMap};

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{self, Limits, Value},
    envelope::{Envelope, EnvelopeError, PublicKey, Unverified, Verified, public_half},
    id::{DeviceKey, Domain, EventId, PartyId, hash},
    statement::{DecodeError, KeyCitation},
};

/// Largest event, in bytes of its payload.
pub const MAX_EVENT: usize = 4096;
/// Most positions in one log.
pub const MAX_POSITION: u32 = 4096;
/// Most branches kept at one position: two prove a fork, the rest are noise.
const MAX_BRANCHES: usize = 2;
const SUITE: &str = "ed25519-sha256";
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
    envelope: Envelope<Verified>,
}

impl KeyEvent {
    /// The envelope's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
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

/// Why a key event is not taken into a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyLogRefusal {
    #[error("the key event cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the key event: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the event before it is not known yet")]
    MissingPrev(EventId),
    #[error("its position does not follow the event before it")]
    Position,
    #[error("signed by a key that may not extend this log")]
    NotPermitted,
    #[error("the device's own proof that it holds the key is missing or does not fit")]
    Possession,
    #[error("the device key already has a grant in this log")]
    SecondGrant,
    #[error("it revokes a grant that this log does not hold, or revoked before")]
    NothingToRevoke,
    #[error("the new root key is not the one the log committed to")]
    NotTheCommittedKey,
    #[error("more branches at one position than are kept")]
    TooManyBranches,
}

/// All key logs known, by event. Forked logs stand as trees; a citation names the branch.
#[derive(Debug, Clone, Default)]
pub struct KeyLogs {
    events: HashMap<EventId, KeyEvent>,
    by_position: BTreeMap<(PartyId, u32), Vec<EventId>>,
}

impl KeyLogs {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an event's envelope as it came; gives the event's id, and whether it was new.
    ///
    /// # Errors
    /// Why it is refused, by name. [`KeyLogRefusal::MissingPrev`] may be tried again later.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<(EventId, bool), KeyLogRefusal> {
        let (id, draft) = decode(bytes)?;
        if self.events.contains_key(&id) {
            return Ok((id, false));
        }
        let party = draft.party.unwrap_or_else(|| party_id(draft.envelope.payload()));
        let signer = self.check(&draft)?;
        let key = PublicKey::parse(&signer.0)?;
        if let EventBody::Grant(grant) = &draft.body {
            check_possession(&party, &grant.device, &grant.peer, &draft.possession)?;
        }
        let branches = self.by_position.entry((party, draft.position)).or_default();
        if branches.len() >= MAX_BRANCHES {
            return Err(KeyLogRefusal::TooManyBranches);
        }
        let envelope = draft.envelope.verify(Domain::KeyEvent, &key)?;
        branches.push(id);
        branches.sort_unstable();
        let Draft { position, prev, by, at, body, .. } = draft;
        self.events.insert(id, KeyEvent { id, party, position, prev, by, at, body, envelope });
        Ok((id, true))
    }

    /// Everything that can be said before the signature; gives the key that must have signed.
    fn check(&self, draft: &Draft) -> Result<DeviceKey, KeyLogRefusal> {
        let Some(prev_id) = draft.prev else {
            let EventBody::Inception { root, .. } = &draft.body else { return Err(KeyLogRefusal::Position) };
            let first = draft.position == 1 && draft.party.is_none() && draft.by.is_none();
            return if first { Ok(*root) } else { Err(KeyLogRefusal::Position) };
        };
        let prev = self.events.get(&prev_id).ok_or(KeyLogRefusal::MissingPrev(prev_id))?;
        if draft.position != prev.position + 1 || draft.position > MAX_POSITION || draft.party != Some(prev.party) {
            return Err(KeyLogRefusal::Position);
        }
        let log: Vec<&KeyEvent> = self.prefix(&prev_id).collect();
        let (root, next) = log
            .iter()
            .find_map(|e| match &e.body {
                EventBody::Inception { root, next, .. } | EventBody::Rotate { root, next } => Some((*root, *next)),
                _ => None,
            })
            .expect("every log begins with an inception");
        let granted = |id: &EventId| {
            let revoked = log.iter().any(|e| matches!(&e.body, EventBody::Revoke { grant, .. } if grant == id));
            let event = log.iter().find(|e| e.id == *id).filter(|_| !revoked)?;
            match &event.body {
                EventBody::Grant(grant) => Some(grant),
                _ => None,
            }
        };
        match &draft.body {
            EventBody::Inception { .. } => return Err(KeyLogRefusal::Position),
            EventBody::Rotate { root, .. } => {
                if hash(Domain::NextRoot, &[&root.0]) != next || draft.by.is_some() {
                    return Err(KeyLogRefusal::NotTheCommittedKey);
                }
                return Ok(*root);
            }
            EventBody::Grant(new) => {
                let again = log.iter().any(|e| matches!(&e.body, EventBody::Grant(g) if g.device == new.device));
                if again {
                    return Err(KeyLogRefusal::SecondGrant);
                }
            }
            EventBody::Revoke { grant, .. } => {
                granted(grant).ok_or(KeyLogRefusal::NothingToRevoke)?;
            }
        }
        match &draft.by {
            None => Ok(root),
            Some(by) => granted(by).filter(|g| g.admin).map(|g| g.device).ok_or(KeyLogRefusal::NotPermitted),
        }
    }

    /// An event by id.
    #[must_use]
    pub fn event(&self, id: &EventId) -> Option<&KeyEvent> {
        self.events.get(id)
    }

    /// The events from one back to the inception.
    pub fn prefix<'a>(&'a self, last: &EventId) -> impl Iterator<Item = &'a KeyEvent> {
        std::iter::successors(self.events.get(last), |e| self.events.get(&e.prev?))
    }

    /// Every event of a party, by position, then id. More than one at a position is a forked log.
    pub fn of_party<'a>(&'a self, party: &PartyId) -> impl Iterator<Item = &'a KeyEvent> {
        self.by_position
            .range((*party, 0)..=(*party, u32::MAX))
            .flat_map(|(_, ids)| ids)
            .filter_map(|id| self.events.get(id))
    }

    /// The parties with a log here.
    pub fn parties(&self) -> impl Iterator<Item = PartyId> {
        self.by_position.keys().filter(|(_, position)| *position == 1).map(|(party, _)| *party)
    }

    /// The end of a party's log to cite; of a forked one the longest branch, then the smallest id.
    #[must_use]
    pub fn head(&self, party: &PartyId) -> Option<KeyCitation> {
        let (&(_, position), ids) = self.by_position.range((*party, 0)..=(*party, u32::MAX)).next_back()?;
        Some(KeyCitation { party: *party, position, event: *ids.first()? })
    }

    /// Whether two events stand at one position of a party's log.
    #[must_use]
    pub fn is_forked(&self, party: &PartyId) -> bool {
        self.by_position.range((*party, 0)..=(*party, u32::MAX)).any(|(_, ids)| ids.len() > 1)
    }

    /// Whether a citation names an event of that party at that position.
    #[must_use]
    pub fn knows(&self, citation: &KeyCitation) -> bool {
        self.events.get(&citation.event).is_some_and(|e| e.party == citation.party && e.position == citation.position)
    }

    /// A grant as of a cited event: whether the log up to there holds it, and whether it is revoked there.
    #[must_use]
    pub fn grant_at(&self, cited: &EventId, grant: &EventId) -> GrantState<'_> {
        let mut revoked = None;
        for event in self.prefix(cited) {
            match &event.body {
                EventBody::Revoke { grant: g, reason } if g == grant => revoked = Some(*reason),
                EventBody::Grant(found) if event.id == *grant => {
                    return match revoked {
                        None => GrantState::Stands(found),
                        Some(reason) => GrantState::Revoked(reason),
                    };
                }
                _ => {}
            }
        }
        GrantState::Absent
    }

    /// The event that revokes a grant, on whichever branch of its party's log; the first by position.
    #[must_use]
    pub fn revocation_of(&self, party: &PartyId, grant: &EventId) -> Option<&KeyEvent> {
        self.of_party(party).find(|e| matches!(&e.body, EventBody::Revoke { grant: g, .. } if g == grant))
    }

    /// The grant event of a device in a party's log, on whichever branch.
    #[must_use]
    pub fn grant_of_device(&self, party: &PartyId, device: &DeviceKey) -> Option<(EventId, &Grant)> {
        self.of_party(party).find_map(|e| match &e.body {
            EventBody::Grant(g) if g.device == *device => Some((e.id, g)),
            _ => None,
        })
    }
}

/// What a log says of a grant at some point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState<'a> {
    Absent,
    Stands(&'a Grant),
    Revoked(RevokeReason),
}

/// A new identity's first event. The root key signs it; `next_root` is kept off this machine (recovery sheet).
#[must_use]
pub fn inception(root: &SigningKey, next_root: &DeviceKey, nonce: [u8; 16], at: i64) -> Vec<u8> {
    let body = cbor::map([
        ("suite", SUITE.into()),
        ("root", Value::from(&public_half(root).0)),
        ("next", Value::from(&next_root_hash(next_root))),
        ("nonce", Value::Bytes(nonce.to_vec())),
    ]);
    sign_event(None, 1, None, None, at, "inception", body, root)
}

/// What a log commits to about the root key that a rotation will reveal.
#[must_use]
pub fn next_root_hash(next_root: &DeviceKey) -> [u8; 32] {
    hash(Domain::NextRoot, &[&next_root.0])
}

/// Who signs a new event: the root, or a device whose grant has `admin`.
#[derive(Debug)]
pub enum EventSigner<'a> {
    Root(&'a SigningKey),
    Admin { grant: EventId, key: &'a SigningKey },
}

/// A grant's event, signed; `device` signs the proof of possession. `grant.device` must be its public half.
#[must_use]
pub fn grant(after: &KeyCitation, signer: &EventSigner<'_>, grant: &Grant, device: &SigningKey, at: i64) -> Vec<u8> {
    grant_with(after, signer, grant, &possession(&after.party, device, &grant.peer), at)
}

/// A grant's event for a device whose key is elsewhere, with the proof that it sent; check that one by
/// [`check_possession`] first.
#[must_use]
pub fn grant_with(after: &KeyCitation, signer: &EventSigner<'_>, grant: &Grant, proof: &[u8], at: i64) -> Vec<u8> {
    let kinds = match &grant.kinds {
        Kinds::All => Value::from("all"),
        Kinds::Listed(kinds) => Value::Array(kinds.iter().map(|k| k.as_str().into()).collect()),
    };
    let ceilings = grant.ceilings.iter().map(|(a, c)| Value::Array(vec![a.as_str().into(), c.as_str().into()]));
    let mut fields = vec![
        ("device".to_owned(), Value::from(&grant.device.0)),
        ("peer".to_owned(), Value::Bytes(grant.peer.clone())),
        ("kinds".to_owned(), kinds),
        ("receive".to_owned(), grant.receive.into()),
        ("admin".to_owned(), grant.admin.into()),
        ("possession".to_owned(), Value::Bytes(proof.to_vec())),
    ];
    if !grant.ceilings.is_empty() {
        fields.push(("ceilings".to_owned(), Value::Array(ceilings.collect())));
    }
    fields.extend(grant.from.map(|t| ("from".to_owned(), Value::Int(t))));
    fields.extend(grant.until.map(|t| ("until".to_owned(), Value::Int(t))));
    sign_next(after, signer, at, "grant", cbor::map_of(fields))
}

/// A revocation's event, signed.
#[must_use]
pub fn revoke(
    after: &KeyCitation,
    signer: &EventSigner<'_>,
    grant: &EventId,
    reason: RevokeReason,
    at: i64,
) -> Vec<u8> {
    let body = cbor::map([("grant", Value::from(&grant.0)), ("reason", reason.word().into())]);
    sign_next(after, signer, at, "revoke", body)
}

/// A rotation's event, signed by the new root, which must be the committed one.
#[must_use]
pub fn rotate(after: &KeyCitation, new_root: &SigningKey, next_root: &DeviceKey, at: i64) -> Vec<u8> {
    let body =
        cbor::map([("root", Value::from(&public_half(new_root).0)), ("next", Value::from(&next_root_hash(next_root)))]);
    sign_next(after, &EventSigner::Root(new_root), at, "rotate", body)
}

fn sign_next(after: &KeyCitation, signer: &EventSigner<'_>, at: i64, kind: &str, body: Value) -> Vec<u8> {
    let (by, key) = match signer {
        EventSigner::Root(key) => (None, key),
        EventSigner::Admin { grant, key } => (Some(*grant), key),
    };
    sign_event(Some(after.party), after.position + 1, Some(after.event), by, at, kind, body, key)
}

#[expect(clippy::too_many_arguments, reason = "one private place writes all the fields of an event")]
fn sign_event(
    party: Option<PartyId>,
    position: u32,
    prev: Option<EventId>,
    by: Option<EventId>,
    at: i64,
    kind: &str,
    body: Value,
    key: &SigningKey,
) -> Vec<u8> {
    let payload = cbor::header([
        (1, Some(Value::Int(1))),
        (2, party.map(|p| Value::from(&p.0))),
        (3, Some(Value::from(position))),
        (4, prev.map(|p| Value::from(&p.0))),
        (5, by.map(|b| Value::from(&b.0))),
        (6, Some(Value::Int(at))),
        (7, Some(cbor::map([("kind", kind.into()), ("body", body)]))),
    ]);
    Envelope::sign(Domain::KeyEvent, payload.encode(), key).bytes().to_vec()
}

fn party_id(inception_payload: &[u8]) -> PartyId {
    PartyId(hash(Domain::Party, &[inception_payload]))
}

fn possession_payload(party: &PartyId, device: &DeviceKey, peer: &[u8]) -> Vec<u8> {
    Value::Array(vec![Value::from(&party.0), Value::from(&device.0), Value::from(peer)]).encode()
}

/// A device's proof that it holds its key, for one party's log and with its transport's peer id: nobody can have
/// somebody else's device, or have it for another party.
#[must_use]
pub fn possession(party: &PartyId, device: &SigningKey, peer: &[u8]) -> Vec<u8> {
    let payload = possession_payload(party, &public_half(device), peer);
    Envelope::sign(Domain::Possession, payload, device).bytes().to_vec()
}

/// Holds a device's proof of possession against what it is to prove.
///
/// # Errors
/// [`KeyLogRefusal::Possession`], or that the device key is none.
pub fn check_possession(party: &PartyId, device: &DeviceKey, peer: &[u8], proof: &[u8]) -> Result<(), KeyLogRefusal> {
    let expected = possession_payload(party, device, peer);
    let envelope = Envelope::parse(proof, MAX_EVENT).map_err(|_unreadable| KeyLogRefusal::Possession)?;
    if envelope.payload() != expected {
        return Err(KeyLogRefusal::Possession);
    }
    let key = PublicKey::parse(&device.0)?;
    envelope.verify(Domain::Possession, &key).map_err(|_not_theirs| KeyLogRefusal::Possession)?;
    Ok(())
}

struct Draft {
    party: Option<PartyId>,
    position: u32,
    prev: Option<EventId>,
    by: Option<EventId>,
    at: i64,
    body: EventBody,
    possession: Vec<u8>,
    envelope: Envelope<Unverified>,
}

fn decode(bytes: &[u8]) -> Result<(EventId, Draft), KeyLogRefusal> {
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
