//! The parts of a frame, as they are written and read.

use crate::{
    attachment::FileRef,
    cbor::Value,
    id::{EntryId, EventId, PartyId},
    keylog::MAX_POSITION,
    statement::{KeyCitation, MAX_SEQ},
};

/// Most signed things of one sort in a frame.
const MAX_BLOBS: usize = 4096;
const MAX_WORD: usize = 32;

pub(super) fn blobs(items: &[Vec<u8>]) -> Value {
    Value::Array(items.iter().map(|b| b.as_slice().into()).collect())
}

pub(super) fn ids(items: &[EntryId]) -> Value {
    Value::Array(items.iter().map(|id| (&id.0).into()).collect())
}

pub(super) fn list<T>(items: &[T], parts: impl Fn(&T) -> Vec<Value>) -> Value {
    Value::Array(items.iter().map(|item| Value::Array(parts(item))).collect())
}

/// Sizes and offsets are those of files: far below what CBOR here may hold, and nothing where they are not.
pub(super) fn natural(number: u64) -> Value {
    i64::try_from(number).map_or(Value::Int(i64::MAX), Value::Int)
}

pub(super) fn file_parts(file: &FileRef) -> Vec<Value> {
    vec![(&file.sha256).into(), natural(file.size)]
}

pub(super) fn citation(cited: &KeyCitation) -> Vec<Value> {
    vec![(&cited.party.0).into(), cited.position.into(), (&cited.event.0).into()]
}

/// What is left of an array that is being read.
pub(super) struct Parts(pub(super) std::vec::IntoIter<Value>);

impl Parts {
    pub(super) fn number(&mut self) -> Option<u32> {
        u32::try_from(self.0.next()?.as_int()?).ok()
    }

    pub(super) fn natural(&mut self) -> Option<u64> {
        u64::try_from(self.0.next()?.as_int()?).ok()
    }

    pub(super) fn file(&mut self) -> Option<FileRef> {
        Some(FileRef { sha256: self.bytes32()?, size: self.natural()? })
    }

    pub(super) fn seq(&mut self) -> Option<u32> {
        self.number().filter(|seq| (1..MAX_SEQ).contains(seq))
    }

    pub(super) fn bytes32(&mut self) -> Option<[u8; 32]> {
        self.0.next()?.as_bytes()?.try_into().ok()
    }

    pub(super) fn blob(&mut self, max: usize) -> Option<Vec<u8>> {
        match self.0.next()? {
            Value::Bytes(bytes) if bytes.len() <= max => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn word(&mut self) -> Option<String> {
        match self.0.next()? {
            Value::Text(word) if word.len() <= MAX_WORD => {
                word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then_some(word)
            }
            _ => None,
        }
    }

    pub(super) fn array(&mut self, max: usize) -> Option<Self> {
        match self.0.next()? {
            Value::Array(items) if items.len() <= max => Some(Self(items.into_iter())),
            _ => None,
        }
    }

    pub(super) fn all<T>(mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::with_capacity(self.0.len());
        while self.0.len() > 0 {
            items.push(read(&mut self)?);
        }
        Some(items)
    }

    pub(super) fn list<T>(&mut self, max: usize, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.array(max)?.all(|items| {
            let mut item = items.array(8)?;
            read(&mut item).filter(|_| item.0.len() == 0)
        })
    }

    pub(super) fn blobs(&mut self, max: usize) -> Option<Vec<Vec<u8>>> {
        self.array(MAX_BLOBS)?.all(|items| items.blob(max))
    }

    pub(super) fn ids(&mut self, max: usize) -> Option<Vec<EntryId>> {
        self.array(max)?.all(|items| items.bytes32().map(EntryId))
    }

    pub(super) fn numbers(&mut self, max: usize) -> Option<Vec<u32>> {
        self.array(max)?.all(Self::seq)
    }

    pub(super) fn citation(&mut self) -> Option<KeyCitation> {
        Some(KeyCitation {
            party: PartyId(self.bytes32()?),
            position: self.number().filter(|n| (1..=MAX_POSITION).contains(n))?,
            event: EventId(self.bytes32()?),
        })
    }
}
