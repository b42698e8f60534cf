//! Time stamps over a case: what is hashed for one, and the form in which one is kept. Whether a token holds is judged
//! where certificates are understood, outside this crate.

use sha2::{Digest as _, Sha256};

use crate::{
    cbor::{CborError, Limits, Value},
    graph::Ix,
    id::{CaseId, Domain, EntryId, StampId, hash},
    record::Record,
    statement::MAX_DEPS,
};

/// Most heads under one stamp: as many as under one statement.
pub const MAX_HEADS: usize = MAX_DEPS;
/// Largest stamp as it is kept, in bytes.
pub const MAX_STAMP: usize = 65_536;
const LIMITS: Limits = Limits { bytes: MAX_STAMP, nodes: MAX_HEADS + 3, depth: 2, text: 0 };

/// What a service is given: a hash that stands for a case up to these heads, and tells nothing of them.
#[must_use]
pub fn imprint(case: &CaseId, heads: &[EntryId]) -> [u8; 32] {
    let what = Value::Array(vec![Value::from(&case.0), ids(heads)]);
    hash(Domain::Stamp, &[&what.encode()])
}

fn ids(heads: &[EntryId]) -> Value {
    Value::Array(heads.iter().map(|head| Value::from(&head.0)).collect())
}

/// A token and what it was asked for, as they are kept and handed on. Nothing says that the token holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptStamp {
    /// 1 to 32, strictly ascending.
    pub heads: Vec<EntryId>,
    /// The token of the service, as it came.
    pub token: Vec<u8>,
}

/// Why bytes are not taken as a kept stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampRefusal {
    #[error("the time stamp cannot be read: {0}")]
    Cbor(#[from] CborError),
    #[error("the time stamp is not a list of heads and a token")]
    Form,
}

impl KeptStamp {
    /// Its name: the hash of its bytes.
    #[must_use]
    pub fn id(&self) -> StampId {
        StampId(Sha256::digest(self.encode()).into())
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        Value::Array(vec![ids(&self.heads), Value::from(self.token.as_slice())]).encode()
    }

    /// Reads one that was kept.
    ///
    /// # Errors
    /// When it is not in its one form.
    pub fn decode(bytes: &[u8]) -> Result<Self, StampRefusal> {
        let value = Value::decode(bytes, LIMITS)?;
        let Some([heads, token]) = value.as_array() else { return Err(StampRefusal::Form) };
        let id = |head: &Value| EntryId::from_slice(head.as_bytes()?);
        let heads: Option<Vec<EntryId>> = heads.as_array().and_then(|all| all.iter().map(id).collect());
        let heads = heads.filter(|heads| (1..=MAX_HEADS).contains(&heads.len()) && heads.is_sorted_by(|a, b| a < b));
        match (heads, token.as_bytes()) {
            (Some(heads), Some(token)) => Ok(Self { heads, token: token.to_vec() }),
            _ => Err(StampRefusal::Form),
        }
    }
}

/// A time stamp that somebody judged to hold, by roots of his choice: everything that its heads rest on, themselves
/// included, was there at that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeStamp {
    pub id: StampId,
    pub heads: Vec<EntryId>,
    /// The service's time, Unix milliseconds.
    pub at: i64,
}

impl Record {
    /// Which stamp proves best that an entry was there, for every entry in order of arrival: of those that cover it the
    /// one with the smallest time, of several the smallest id; by its place in `stamps`.
    #[must_use]
    pub fn stamped(&self, stamps: &[TimeStamp]) -> Vec<Option<usize>> {
        let graph = self.graph();
        let mut best: Vec<Option<usize>> = vec![None; graph.len()];
        let better = |n: usize, than: Option<usize>| {
            than.is_none_or(|other| (stamps[n].at, stamps[n].id) < (stamps[other].at, stamps[other].id))
        };
        for (n, stamp) in stamps.iter().enumerate() {
            for head in stamp.heads.iter().filter_map(|head| graph.find(head)) {
                if better(n, best[head.at()]) {
                    best[head.at()] = Some(n);
                }
            }
        }
        // Causes come before effects: from the newest on, each hands down what covers it.
        for ix in graph.all().rev() {
            let Some(n) = best[ix.at()] else { continue };
            for dep in graph.statement(ix).deps.iter().filter_map(|dep| graph.find(dep)) {
                if better(n, best[dep.at()]) {
                    best[dep.at()] = Some(n);
                }
            }
        }
        best
    }

    /// Whether an entry completed an agreement between several: everybody else's signature was there, or came with it.
    #[must_use]
    pub fn makes_agreed(&self, ix: Ix) -> bool {
        use crate::act::Act;
        let (graph, fold, lens) = (self.graph(), self.fold(), self.lens());
        let named = |id: &EntryId| graph.find(id);
        let revision = match fold.act(ix) {
            Act::Propose(_) | Act::Counter { .. } => Some(ix),
            Act::Accept { revision: id, .. } | Act::Confirm { revision: id } | Act::Choose { pick: id, .. } => {
                named(id)
            }
            // A proof that an accept came in time.
            Act::Prove { about: Some(id), .. } => named(id).and_then(|accept| match fold.act(accept) {
                Act::Accept { revision, .. } => named(revision),
                _ => None,
            }),
            _ => None,
        };
        let several = |revision: &Ix| fold.proposal(*revision).is_some_and(|p| p.signers.len() > 1);
        lens.has(ix) && revision.filter(several).is_some_and(|revision| lens.fully_signed(revision))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_stamp_has_one_form() {
        let kept = KeptStamp { heads: vec![EntryId([1; 32]), EntryId([2; 32])], token: vec![0x30; 3000] };
        assert_eq!(KeptStamp::decode(&kept.encode()), Ok(kept.clone()));
        assert_ne!(kept.id(), KeptStamp { token: vec![0x31], ..kept.clone() }.id());
        let many = (0..=32).map(|n| EntryId([n; 32])).collect();
        for heads in [Vec::new(), vec![EntryId([2; 32]), EntryId([1; 32])], vec![EntryId([1; 32]); 2], many] {
            assert!(KeptStamp::decode(&KeptStamp { heads, ..kept.clone() }.encode()).is_err());
        }
        assert!(KeptStamp::decode(&[kept.encode(), vec![0]].concat()).is_err());
        assert!(KeptStamp::decode(&KeptStamp { token: vec![0; MAX_STAMP], ..kept }.encode()).is_err());
    }

    #[test]
    fn the_imprint_is_fixed() {
        let imprint = imprint(&CaseId([7; 32]), &[EntryId([1; 32])]);
        let mut bytes = b"counterpart/stamp/1\x82\x58\x20".to_vec();
        bytes.extend([7; 32]);
        bytes.extend([0x81, 0x58, 0x20]);
        bytes.extend([1; 32]);
        assert_eq!(imprint, <[u8; 32]>::from(Sha256::digest(bytes)));
    }
}
