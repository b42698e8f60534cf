//! A statement: one act in its signed context, and the entry it becomes once its signature is checked.

use crate::{
    cbor::{self, CborError, Value},
    envelope::{Envelope, EnvelopeError, PublicKey, Unverified, Verified},
    id::{CaseId, ChangeId, DeviceKey, Domain, EntryId, EventId, PartyId, hash},
};

/// The format version this code writes and reads.
pub const FORMAT_VERSION: i64 = 1;
/// Heads a statement may cite.
pub const MAX_DEPS: usize = 32;
/// Parties in a case, and so key citations in a statement.
pub const MAX_MEMBERS: usize = 32;
/// Positions in a feed are below this.
pub const MAX_SEQ: u32 = 1 << 20;
/// Largest payload of an entry's envelope: core, its length, the change.
pub const MAX_ENTRY_PAYLOAD: usize = cbor::CORE_LIMITS.bytes + 48;

/// The point in a party's key log that a statement relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCitation {
    pub party: PartyId,
    /// 1 is the inception.
    pub position: u32,
    pub event: EventId,
}

/// What a person's act becomes before it is signed. Fields as in `docs/protocol.md`, "Statement".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Absent in `open`, whose hash is the case id.
    pub case: Option<CaseId>,
    pub party: PartyId,
    pub device: DeviceKey,
    /// 1, 2, 3 ... in this feed.
    pub seq: u32,
    /// The feed's previous statement; absent at 1.
    pub prev: Option<EntryId>,
    /// The heads the author knew, strictly ascending; none in `open`.
    pub deps: Vec<EntryId>,
    /// Ascending by party.
    pub keys: Vec<KeyCitation>,
    /// The author's grant.
    pub grant: EventId,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub kind: String,
    pub body: Value,
}

/// Why bytes are not a statement in the format's encoding and limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the envelope: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the encoding: {0}")]
    Cbor(#[from] CborError),
    #[error("made by format version {0}, which this program does not know: update")]
    Version(i64),
    #[error("the field {0} is missing, of the wrong type or out of range")]
    Field(&'static str),
    #[error("a field the format does not know")]
    UnknownField,
}

impl Statement {
    /// The deterministic CBOR that is hashed and signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let keys = self
            .keys
            .iter()
            .map(|k| Value::Array(vec![Value::from(&k.party.0), Value::from(k.position), Value::from(&k.event.0)]));
        cbor::header([
            (1, Some(Value::Int(FORMAT_VERSION))),
            (2, self.case.map(|c| Value::from(&c.0))),
            (3, Some(Value::from(&self.party.0))),
            (4, Some(Value::from(&self.device.0))),
            (5, Some(Value::from(self.seq))),
            (6, self.prev.map(|p| Value::from(&p.0))),
            (7, Some(Value::Array(self.deps.iter().map(|d| Value::from(&d.0)).collect()))),
            (8, Some(Value::Array(keys.collect()))),
            (9, Some(Value::from(&self.grant.0))),
            (10, Some(Value::Int(self.at))),
            (11, Some(cbor::map([("kind", self.kind.as_str().into()), ("body", self.body.clone())]))),
        ])
        .encode()
    }

    /// Reads a core; checks encoding, limits and field types, nothing that needs other statements.
    ///
    /// # Errors
    /// The first deviation, by name.
    pub fn decode(core: &[u8]) -> Result<Self, DecodeError> {
        let value = Value::decode(core, cbor::CORE_LIMITS)?;
        let Value::Map(mut fields) = value else { return Err(DecodeError::Field("core")) };
        let mut header: [Option<Value>; 12] = Default::default();
        for (key, value) in fields.drain(..) {
            let slot = match key {
                cbor::Key::Int(n) => usize::try_from(n).ok().filter(|n| (1..=11).contains(n)),
                cbor::Key::Text(_) => None,
            };
            header[slot.ok_or(DecodeError::UnknownField)?] = Some(value);
        }
        let version = int(&header[1], "version")?;
        if version != FORMAT_VERSION {
            return Err(DecodeError::Version(version));
        }
        let Some(Value::Map(act)) = header[11].take() else { return Err(DecodeError::Field("act")) };
        let mut kind = None;
        let mut body = None;
        for (key, value) in act {
            match (key, value) {
                (cbor::Key::Text(k), Value::Text(t)) if k == "kind" => kind = Some(t),
                (cbor::Key::Text(k), v @ Value::Map(_)) if k == "body" => body = Some(v),
                _ => return Err(DecodeError::Field("act")),
            }
        }
        let seq = int(&header[5], "seq")?;
        let seq = u32::try_from(seq).ok().filter(|s| (1..MAX_SEQ).contains(s)).ok_or(DecodeError::Field("seq"))?;
        let at = int(&header[10], "at")?;
        if at < 0 {
            return Err(DecodeError::Field("at"));
        }
        let statement = Self {
            case: header[2].as_ref().map(|v| id(v, "case").map(CaseId)).transpose()?,
            party: PartyId(required_id(&header[3], "party")?),
            device: DeviceKey(required_id(&header[4], "device")?),
            seq,
            prev: header[6].as_ref().map(|v| id(v, "prev").map(EntryId)).transpose()?,
            deps: list(&header[7], "deps", MAX_DEPS)?
                .iter()
                .map(|v| id(v, "deps").map(EntryId))
                .collect::<Result<_, _>>()?,
            keys: list(&header[8], "keys", MAX_MEMBERS)?.iter().map(key_citation).collect::<Result<_, _>>()?,
            grant: EventId(required_id(&header[9], "grant")?),
            at,
            kind: kind.ok_or(DecodeError::Field("act"))?,
            body: body.ok_or(DecodeError::Field("act"))?,
        };
        Ok(statement)
    }

    /// Whether this is the statement that makes a case.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kind == "open"
    }
}

fn int(value: &Option<Value>, name: &'static str) -> Result<i64, DecodeError> {
    value.as_ref().and_then(Value::as_int).ok_or(DecodeError::Field(name))
}

fn id(value: &Value, name: &'static str) -> Result<[u8; 32], DecodeError> {
    value.as_bytes().and_then(|b| b.try_into().ok()).ok_or(DecodeError::Field(name))
}

fn required_id(value: &Option<Value>, name: &'static str) -> Result<[u8; 32], DecodeError> {
    id(value.as_ref().ok_or(DecodeError::Field(name))?, name)
}

fn list<'v>(value: &'v Option<Value>, name: &'static str, max: usize) -> Result<&'v [Value], DecodeError> {
    value.as_ref().and_then(Value::as_array).filter(|a| a.len() <= max).ok_or(DecodeError::Field(name))
}

fn key_citation(value: &Value) -> Result<KeyCitation, DecodeError> {
    let [party, position, event] = value.as_array().unwrap_or_default() else {
        return Err(DecodeError::Field("keys"));
    };
    Ok(KeyCitation {
        party: PartyId(id(party, "keys")?),
        position: position.as_int().and_then(|n| u32::try_from(n).ok()).ok_or(DecodeError::Field("keys"))?,
        event: EventId(id(event, "keys")?),
    })
}

/// A statement with its envelope and names. `Entry<Verified>` is what the gate and the store take.
#[derive(Debug, Clone)]
pub struct Entry<T> {
    pub id: EntryId,
    pub case: CaseId,
    /// The Automerge change the author says this statement becomes.
    pub change: ChangeId,
    pub statement: Statement,
    envelope: Envelope<T>,
}

impl<T> Entry<T> {
    /// The envelope's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
    }

    fn read(envelope: Envelope<T>) -> Result<Self, DecodeError> {
        let (core, change) = split_payload(envelope.payload())?;
        let statement = Statement::decode(core)?;
        let id = EntryId(hash(Domain::Entry, &[core]));
        let case = match statement.case {
            Some(case) => case,
            None => CaseId(hash(Domain::Case, &[core])),
        };
        Ok(Self { id, case, change, statement, envelope })
    }
}

impl Entry<Unverified> {
    /// Decodes an envelope's bytes: limits and encoding only.
    ///
    /// # Errors
    /// The first deviation, by name.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::read(Envelope::parse(bytes, MAX_ENTRY_PAYLOAD)?)
    }

    /// Checks the signature by the device key the statement names.
    ///
    /// # Errors
    /// When the key or the signature is no good.
    pub fn verify(self) -> Result<Entry<Verified>, EnvelopeError> {
        let key = PublicKey::parse(&self.statement.device.0)?;
        self.verify_with(&key)
    }

    /// As [`Self::verify`], with the device's key already parsed.
    ///
    /// # Errors
    /// When the signature is no good.
    pub fn verify_with(self, key: &PublicKey) -> Result<Entry<Verified>, EnvelopeError> {
        let envelope = self.envelope.verify(Domain::Entry, key)?;
        let Self { id, case, change, statement, .. } = self;
        Ok(Entry { id, case, change, statement, envelope })
    }

    /// Takes an entry read back from our own store at its word.
    #[must_use]
    pub fn from_own_store(self) -> Entry<Verified> {
        let Self { id, case, change, statement, envelope } = self;
        Entry { id, case, change, statement, envelope: envelope.from_own_store() }
    }
}

impl Entry<Verified> {
    /// Signs a statement whose change is already built.
    #[must_use]
    pub fn sign(statement: &Statement, change: ChangeId, key: &ed25519_dalek::SigningKey) -> Self {
        let payload = Value::Array(vec![Value::Bytes(statement.encode()), Value::from(&change.0)]).encode();
        Self::read(Envelope::sign(Domain::Entry, payload, key)).expect("a statement built here can be read")
    }
}

/// An entry's payload is [core as bytes, change as 32 bytes].
fn split_payload(payload: &[u8]) -> Result<(&[u8], ChangeId), DecodeError> {
    let mut decoder = minicbor::Decoder::new(payload);
    let parts = (|| {
        let two = decoder.array().ok()?? == 2;
        let core = decoder.bytes().ok()?;
        let change = decoder.bytes().ok()?;
        (two && decoder.position() == payload.len()).then_some((core, change))
    })();
    let (core, change) = parts.ok_or(DecodeError::Field("payload"))?;
    let change = ChangeId::from_slice(change).ok_or(DecodeError::Field("change"))?;
    // One spelling only: the heads of the three parts are as short as they can be.
    let head = match core.len() {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    };
    if payload.len() != 1 + head + core.len() + 2 + 32 {
        return Err(DecodeError::Cbor(CborError::NotDeterministic));
    }
    Ok((core, change))
}
