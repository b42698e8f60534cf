//! Edits: typed operations, signed by a device, in deterministic CBOR.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;

use super::names::{Choice, EpochId, Field, RowKind};
use crate::{
    cbor::{CborError, INT_MAX, Limits, Value, header},
    envelope::{Envelope, EnvelopeError, PublicKey, Unverified, Verified},
    id::{CaseId, DeviceKey, Domain, EditId, PartyId, hash},
    text,
};

/// The version of this format.
const VERSION: i64 = 1;
/// Most bytes of an edit's payload.
pub const MAX_EDIT: usize = 16 * 1024;
/// Most operations in one edit.
pub const MAX_OPS: usize = 128;
/// Most bytes of one inserted text.
pub const MAX_TEXT: usize = 4096;
/// Most characters one edit deletes.
pub const MAX_DELETED: u32 = 16_384;
/// Most edits one cites as known: the last of every device that may write.
pub const MAX_DEPS: usize = 64;
/// Most edits one speaks of.
pub const MAX_NAMES: usize = 128;
const LIMITS: Limits = Limits { bytes: MAX_EDIT, nodes: 2048, depth: 5, text: MAX_TEXT };
/// Positions in a feed.
const MAX_SEQ: u32 = 1 << 20;
/// Numbers of epochs.
pub(super) const MAX_EPOCH: u32 = 1 << 31;

/// Something an edit made: the operation's number in it. None stands for the edit that speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    pub edit: Option<EditId>,
    pub op: u32,
}

/// One typed operation. Each counts as many operations of the document as [`Op::width`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Adds a row behind another, or in front of all.
    AddRow { kind: RowKind, after: Option<Ref> },
    /// Inserts text behind a character of the field, or in front of all.
    Insert { row: Ref, field: Field, after: Option<Ref>, text: String },
    /// Deletes characters that one operation of an edit inserted one behind the other.
    Delete { row: Ref, field: Field, first: Ref, count: u32 },
    /// Sets a choice.
    Choose { row: Ref, choice: Choice, value: String },
    /// Begins a new epoch; first in the edit that is its first.
    Restart,
}

impl Op {
    /// How many operations of the document it becomes.
    #[must_use]
    pub fn width(&self) -> u32 {
        match self {
            // The row, its kind, and a text for each field.
            Self::AddRow { kind, .. } => 2 + u32::try_from(kind.fields().len()).unwrap_or(0),
            Self::Insert { text, .. } => u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
            Self::Delete { count, .. } => *count,
            Self::Choose { .. } => 1,
            Self::Restart => 0,
        }
    }
}

/// What a device did to the worksheet at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub case: CaseId,
    /// The number of the epoch, and but for its first edit its id.
    pub epoch: u32,
    pub epoch_id: Option<EditId>,
    pub party: PartyId,
    pub device: DeviceKey,
    /// 1, 2, 3 ... in this epoch.
    pub seq: u32,
    pub prev: Option<EditId>,
    /// Other edits that were known, ascending; with their pasts, and that of `prev`.
    pub deps: Vec<EditId>,
    /// Claimed time, Unix milliseconds.
    pub at: i64,
    pub ops: Vec<Op>,
}

/// Why bytes are not an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditForm {
    #[error("an edit of the worksheet: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("an edit of the worksheet: {0}")]
    Cbor(#[from] CborError),
    #[error("an edit of the worksheet of another version: one of the programs must be updated")]
    Version,
    #[error("an edit of the worksheet with a field that is missing, too much or out of range: {0}")]
    Field(&'static str),
    #[error("an edit of the worksheet with a text that holds forbidden characters")]
    Text,
}

impl Edit {
    /// The epoch it belongs to, given its own id.
    #[must_use]
    pub fn epoch_of(&self, own: EditId) -> EpochId {
        let id = if self.restarts() { Some(own) } else { self.epoch_id };
        EpochId { number: self.epoch, id }
    }

    /// Whether it begins an epoch.
    #[must_use]
    pub fn restarts(&self) -> bool {
        self.ops.first() == Some(&Op::Restart)
    }

    /// The payload to be signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let names: Vec<EditId> = self.refs().filter_map(|r| r.edit).collect::<BTreeSet<_>>().into_iter().collect();
        let op = |op: &Op| encode_op(op, &names);
        header([
            (1, Some(Value::Int(VERSION))),
            (2, Some((&self.case.0).into())),
            (3, Some(self.epoch.into())),
            (4, self.epoch_id.map(|id| (&id.0).into())),
            (5, Some((&self.party.0).into())),
            (6, Some((&self.device.0).into())),
            (7, Some(self.seq.into())),
            (8, self.prev.map(|id| (&id.0).into())),
            (9, Some(ids(&self.deps))),
            (10, Some(Value::Int(self.at))),
            (11, Some(ids(&names))),
            (12, Some(Value::Array(self.ops.iter().map(op).collect()))),
        ])
        .encode()
    }

    fn refs(&self) -> impl Iterator<Item = Ref> {
        self.ops
            .iter()
            .flat_map(|op| match op {
                Op::AddRow { after, .. } => [*after, None],
                Op::Insert { row, after, .. } => [Some(*row), *after],
                Op::Delete { row, first, .. } => [Some(*row), Some(*first)],
                Op::Choose { row, .. } => [Some(*row), None],
                Op::Restart => [None, None],
            })
            .flatten()
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> SignedEdit<Verified> {
        let payload = self.encode();
        let id = EditId(hash(Domain::Worksheet, &[&payload]));
        SignedEdit { id, edit: self, envelope: Envelope::sign(Domain::Worksheet, payload, key) }
    }

    fn read(payload: &[u8]) -> Result<Self, EditForm> {
        let value = Value::decode(payload, LIMITS)?;
        let field = |key: u64, name: &'static str| value.header(key).ok_or(EditForm::Field(name));
        if field(1, "version")?.as_int() != Some(VERSION) {
            return Err(EditForm::Version);
        }
        let bytes32 = |key: u64, name: &'static str| -> Result<[u8; 32], EditForm> {
            field(key, name)?.as_bytes().and_then(|b| b.try_into().ok()).ok_or(EditForm::Field(name))
        };
        let optional = |key: u64, name: &'static str| match value.header(key) {
            None => Ok(None),
            Some(_) => bytes32(key, name).map(|id| Some(EditId(id))),
        };
        let number = |key: u64, name: &'static str, range: std::ops::Range<u32>| {
            let n = field(key, name)?.as_int().and_then(|n| u32::try_from(n).ok());
            n.filter(|n| range.contains(n)).ok_or(EditForm::Field(name))
        };
        let names = read_ids(field(11, "names")?, MAX_NAMES).ok_or(EditForm::Field("names"))?;
        let ops = field(12, "operations")?.as_array().filter(|ops| ops.len() <= MAX_OPS);
        let ops = ops.ok_or(EditForm::Field("operations"))?;
        let ops = ops.iter().map(|op| read_op(op, &names)).collect::<Result<Vec<_>, _>>()?;
        let edit = Self {
            case: CaseId(bytes32(2, "case")?),
            epoch: number(3, "epoch", 1..MAX_EPOCH)?,
            epoch_id: optional(4, "epoch id")?,
            party: PartyId(bytes32(5, "party")?),
            device: DeviceKey(bytes32(6, "device")?),
            seq: number(7, "seq", 1..MAX_SEQ)?,
            prev: optional(8, "prev")?,
            deps: read_ids(field(9, "deps")?, MAX_DEPS).ok_or(EditForm::Field("deps"))?,
            at: field(10, "at")?.as_int().filter(|at| (0..=INT_MAX).contains(at)).ok_or(EditForm::Field("at"))?,
            ops,
        };
        edit.check_shape()?;
        // Names that nothing speaks of, and fields of no meaning, would be a second form of the same.
        if edit.encode() == payload { Ok(edit) } else { Err(EditForm::Field("names")) }
    }

    fn check_shape(&self) -> Result<(), EditForm> {
        let starts = self.restarts();
        if self.ops.iter().skip(1).any(|op| *op == Op::Restart) {
            return Err(EditForm::Field("operations"));
        }
        if (self.seq == 1) == self.prev.is_some() {
            return Err(EditForm::Field("prev"));
        }
        if self.epoch_id.is_some() != (self.epoch > 1 && !starts) || (starts && self.epoch == 1) {
            return Err(EditForm::Field("epoch id"));
        }
        // Nothing but the start comes before the start, and all else rests on it.
        let alone = self.seq == 1 && self.deps.is_empty();
        if (starts && !alone) || (!starts && self.epoch > 1 && alone) {
            return Err(EditForm::Field("deps"));
        }
        if self.ops.is_empty() && self.deps.is_empty() {
            return Err(EditForm::Field("operations"));
        }
        let deleted: u32 = self.ops.iter().filter(|op| matches!(op, Op::Delete { .. })).map(Op::width).sum();
        if deleted > MAX_DELETED {
            return Err(EditForm::Field("operations"));
        }
        Ok(())
    }
}

/// An edit with its bytes as they were signed.
#[derive(Debug, Clone)]
pub struct SignedEdit<T> {
    pub id: EditId,
    pub edit: Edit,
    envelope: Envelope<T>,
}

impl<T> SignedEdit<T> {
    /// As it is stored and sent.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.envelope.bytes()
    }

    /// The epoch it belongs to.
    #[must_use]
    pub fn epoch(&self) -> EpochId {
        self.edit.epoch_of(self.id)
    }
}

impl SignedEdit<Unverified> {
    /// Reads an envelope; the signature is not looked at yet.
    ///
    /// # Errors
    /// The first deviation from the form, by name.
    pub fn decode(bytes: &[u8]) -> Result<Self, EditForm> {
        let envelope = Envelope::parse(bytes, MAX_EDIT)?;
        let edit = Edit::read(envelope.payload())?;
        Ok(Self { id: EditId(hash(Domain::Worksheet, &[envelope.payload()])), edit, envelope })
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// When it is not that of the device the edit names.
    pub fn verify(self) -> Result<SignedEdit<Verified>, EditForm> {
        let key = PublicKey::parse(&self.edit.device.0)?;
        Ok(SignedEdit { id: self.id, edit: self.edit, envelope: self.envelope.verify(Domain::Worksheet, &key)? })
    }

    /// Takes an edit read back from our own store at its word.
    #[must_use]
    pub fn from_own_store(self) -> SignedEdit<Verified> {
        SignedEdit { id: self.id, edit: self.edit, envelope: self.envelope.from_own_store() }
    }
}

fn ids(ids: &[EditId]) -> Value {
    Value::Array(ids.iter().map(|id| (&id.0).into()).collect())
}

/// Strictly ascending, so that there is one form.
fn read_ids(value: &Value, max: usize) -> Option<Vec<EditId>> {
    let items = value.as_array().filter(|items| items.len() <= max)?;
    let ids: Vec<EditId> = items.iter().map(|id| EditId::from_slice(id.as_bytes()?)).collect::<Option<_>>()?;
    ids.is_sorted_by(|a, b| a < b).then_some(ids)
}

fn encode_op(op: &Op, names: &[EditId]) -> Value {
    // 0 is the edit itself, n the n-th name.
    let name = |r: &Ref| {
        let place = r.edit.and_then(|id| names.binary_search(&id).ok()).map_or(0, |at| at + 1);
        Value::Array(vec![Value::Int(i64::try_from(place).unwrap_or(INT_MAX)), r.op.into()])
    };
    let after = |r: &Option<Ref>| r.as_ref().map_or(Value::Array(Vec::new()), name);
    Value::Array(match op {
        Op::AddRow { kind, after: behind } => vec![Value::Int(0), Value::Int(kind.number()), after(behind)],
        Op::Insert { row, field, after: behind, text } => {
            vec![Value::Int(1), name(row), Value::Int(field.number()), after(behind), text.as_str().into()]
        }
        Op::Delete { row, field, first, count } => {
            vec![Value::Int(2), name(row), Value::Int(field.number()), name(first), (*count).into()]
        }
        Op::Choose { row, choice, value } => {
            vec![Value::Int(3), name(row), Value::Int(choice.number()), value.as_str().into()]
        }
        Op::Restart => vec![Value::Int(4)],
    })
}

fn read_op(value: &Value, names: &[EditId]) -> Result<Op, EditForm> {
    let wrong = EditForm::Field("operations");
    let parts = value.as_array().ok_or(wrong)?;
    let name = |value: &Value| -> Result<Ref, EditForm> {
        let [place, op] = value.as_array().ok_or(wrong)? else { return Err(wrong) };
        let op = op.as_int().and_then(|n| u32::try_from(n).ok()).ok_or(wrong)?;
        let place = place.as_int().and_then(|n| usize::try_from(n).ok()).ok_or(wrong)?;
        let edit = match place.checked_sub(1) {
            None => None,
            Some(at) => Some(*names.get(at).ok_or(wrong)?),
        };
        Ok(Ref { edit, op })
    };
    let after = |value: &Value| match value.as_array() {
        Some([]) => Ok(None),
        _ => name(value).map(Some),
    };
    let word = |value: &Value, max: usize| -> Result<String, EditForm> {
        let word = value.as_text().filter(|t| t.len() <= max).ok_or(wrong)?;
        text::check(word).map_err(|_forbidden| EditForm::Text)?;
        Ok(word.to_owned())
    };
    let field = |value: &Value| value.as_int().and_then(Field::from_number).ok_or(wrong);
    Ok(match parts {
        [Value::Int(0), kind, behind] => {
            Op::AddRow { kind: kind.as_int().and_then(RowKind::from_number).ok_or(wrong)?, after: after(behind)? }
        }
        [Value::Int(1), row, of, behind, text] => {
            let text = word(text, MAX_TEXT)?;
            if text.is_empty() {
                return Err(wrong);
            }
            Op::Insert { row: name(row)?, field: field(of)?, after: after(behind)?, text }
        }
        [Value::Int(2), row, of, first, count] => {
            let count = count.as_int().and_then(|n| u32::try_from(n).ok()).ok_or(wrong)?;
            if !(1..=MAX_DELETED).contains(&count) {
                return Err(wrong);
            }
            Op::Delete { row: name(row)?, field: field(of)?, first: name(first)?, count }
        }
        [Value::Int(3), row, choice, value] => {
            let choice = choice.as_int().and_then(Choice::from_number).ok_or(wrong)?;
            Op::Choose { row: name(row)?, choice, value: word(value, super::MAX_CHOICE)? }
        }
        [Value::Int(4)] => Op::Restart,
        _ => return Err(wrong),
    })
}
