//! Receipts: a device's signed word that its store holds everything up to some heads.

use ed25519_dalek::SigningKey;

use crate::{
    cbor::{Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey, Verified},
    id::{CaseId, DeviceKey, Domain, EntryId, EventId, PartyId, ReceiptId, hash},
    statement::{DecodeError, KeyCitation, MAX_DEPS, MAX_MEMBERS},
};

/// Largest receipt, in bytes of its payload.
pub const MAX_RECEIPT: usize = 4096;
/// Most entries that a receipt lists as lacking something; a full list may leave some out.
pub const MAX_LACKING: usize = 32;
/// A device issues at most one receipt a case in this many milliseconds.
pub const INTERVAL_MS: i64 = 5_000;
const LIMITS: Limits = Limits { bytes: MAX_RECEIPT, nodes: 512, depth: 4, text: 0 };

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub case: CaseId,
    pub party: PartyId,
    pub device: DeviceKey,
    /// Last position of the device's own feed at that time; 0 when it has signed nothing.
    pub last_seq: u32,
    /// 1, 2, 3 ... of this device in this case.
    pub number: u32,
    pub previous: Option<ReceiptId>,
    /// Strictly ascending, 1 to 32.
    pub heads: Vec<EntryId>,
    pub keys: Vec<KeyCitation>,
    /// Entries of which a sealed value or the bytes of a file are not here, and were not erased by this party.
    pub lacking: Vec<EntryId>,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
}

/// A receipt whose signature was checked, with its bytes as signed.
#[derive(Debug, Clone)]
pub struct SignedReceipt {
    pub id: ReceiptId,
    pub receipt: Receipt,
    envelope: Envelope<Verified>,
}

/// Why bytes are not taken as a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptRefusal {
    #[error("the receipt cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the receipt: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the receipt belongs to another case")]
    OtherCase,
    #[error("the receipt's device has no leave to receive for its party")]
    NoGrant,
    #[error("the receipt covers entries that are not here yet")]
    UnknownHeads,
}

impl Receipt {
    /// Signs it with the device's key.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedReceipt {
        let ids = |list: &[EntryId]| Value::Array(list.iter().map(|e| Value::from(&e.0)).collect());
        let keys = self
            .keys
            .iter()
            .map(|k| Value::Array(vec![Value::from(&k.party.0), Value::from(k.position), Value::from(&k.event.0)]));
        let payload = header([
            (1, Some(Value::Int(1))),
            (2, Some(Value::from(&self.case.0))),
            (3, Some(Value::from(&self.party.0))),
            (4, Some(Value::from(&self.device.0))),
            (5, Some(Value::from(self.last_seq))),
            (6, Some(Value::from(self.number))),
            (7, self.previous.map(|p| Value::from(&p.0))),
            (8, Some(ids(&self.heads))),
            (9, Some(Value::Array(keys.collect()))),
            (10, Some(ids(&self.lacking))),
            (11, Some(Value::Int(self.at))),
        ]);
        let envelope = Envelope::sign(Domain::Receipt, payload.encode(), key);
        SignedReceipt { id: receipt_id(envelope.payload()), receipt: self, envelope }
    }

    fn read(value: &Value) -> Option<Self> {
        let Value::Map(fields) = value else { return None };
        let known = fields.iter().all(|(k, _)| matches!(k, crate::cbor::Key::Int(1..=11)));
        (known && value.header(1)?.as_int()? == 1).then_some(())?;
        let id = |key| value.header(key)?.as_bytes()?.try_into().ok();
        let ids = |key, max: usize| {
            let list = value.header(key)?.as_array().filter(|l| l.len() <= max)?;
            list.iter().map(|v| EntryId::from_slice(v.as_bytes()?)).collect::<Option<Vec<_>>>()
        };
        let heads = ids(8, MAX_DEPS).filter(|h| !h.is_empty() && h.is_sorted_by(|a, b| a < b))?;
        let keys = value.header(9)?.as_array().filter(|l| l.len() <= MAX_MEMBERS)?;
        let previous = match value.header(7) {
            None => None,
            Some(v) => Some(ReceiptId::from_slice(v.as_bytes()?)?),
        };
        Some(Self {
            case: CaseId(id(2)?),
            party: PartyId(id(3)?),
            device: DeviceKey(id(4)?),
            last_seq: u32::try_from(value.header(5)?.as_int()?).ok()?,
            number: u32::try_from(value.header(6)?.as_int()?).ok().filter(|n| *n > 0)?,
            previous,
            heads,
            keys: keys.iter().map(citation).collect::<Option<_>>()?,
            lacking: ids(10, MAX_LACKING)?,
            at: value.header(11)?.as_int().filter(|at| *at >= 0)?,
        })
    }
}

fn citation(value: &Value) -> Option<KeyCitation> {
    let [party, position, event] = value.as_array()? else { return None };
    Some(KeyCitation {
        party: PartyId::from_slice(party.as_bytes()?)?,
        position: u32::try_from(position.as_int()?).ok()?,
        event: EventId::from_slice(event.as_bytes()?)?,
    })
}

fn receipt_id(payload: &[u8]) -> ReceiptId {
    ReceiptId(hash(Domain::Receipt, &[payload]))
}

impl SignedReceipt {
    /// Reads a receipt and checks its signature by the device it names.
    ///
    /// # Errors
    /// When it cannot be read, or the signature does not hold.
    pub fn verify(bytes: &[u8]) -> Result<Self, ReceiptRefusal> {
        let envelope = Envelope::parse(bytes, MAX_RECEIPT)?;
        let receipt = Self::decode(envelope.payload())?;
        let envelope = envelope.verify(Domain::Receipt, &PublicKey::parse(&receipt.device.0)?)?;
        Ok(Self { id: receipt_id(envelope.payload()), receipt, envelope })
    }

    /// Takes a receipt read back from our own store at its word.
    ///
    /// # Errors
    /// When it cannot be read: the store is damaged.
    pub fn from_own_store(bytes: &[u8]) -> Result<Self, ReceiptRefusal> {
        let envelope = Envelope::parse(bytes, MAX_RECEIPT)?;
        let receipt = Self::decode(envelope.payload())?;
        Ok(Self { id: receipt_id(envelope.payload()), receipt, envelope: envelope.from_own_store() })
    }

    fn decode(payload: &[u8]) -> Result<Receipt, DecodeError> {
        let value = Value::decode(payload, LIMITS)?;
        Receipt::read(&value).ok_or(DecodeError::Field("receipt"))
    }

    /// The envelope's bytes, as signed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
    }
}
