//! Reading a case back from the store.

use std::collections::BTreeSet;

use counterpart_core::{
    envelope::Unverified,
    id::{CaseId, PartyId},
    receipt::SignedReceipt,
    record::Record,
    seal::Disclosure,
    statement::Entry,
};
use counterpart_store::{Reads, StoredEntry};

use crate::error::DeskError;

/// A record as of some point of the store.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) record: Record,
    /// The store's last entry that is in the record.
    pub(crate) ordinal: u64,
}

/// Reads a whole case.
pub(crate) fn load(reads: &Reads, case: CaseId) -> Result<Loaded, DeskError> {
    let mut loaded = Loaded { record: Record::new(), ordinal: 0 };
    catch_up(reads, case, &mut loaded)?;
    Ok(loaded)
}

/// Reads what the store got since; gives whether anything was new.
pub(crate) fn catch_up(reads: &Reads, case: CaseId, loaded: &mut Loaded) -> Result<bool, DeskError> {
    let damaged = |why: String| DeskError::Damaged { case, why };
    let stored = reads.entries_after(case, loaded.ordinal)?;
    let last = stored.last().map_or(loaded.ordinal, |e| e.ordinal);
    let entries = decode(&stored).map_err(damaged)?;
    drop(stored);
    let named = |entry: &Entry<Unverified>| {
        let statement = &entry.statement;
        std::iter::once(statement.party).chain(statement.keys.iter().map(|k| k.party)).collect::<Vec<_>>()
    };
    let parties: BTreeSet<PartyId> = entries.iter().flat_map(named).collect();
    for party in parties {
        for event in reads.key_events(party)? {
            loaded.record.apply_key_event(&event.envelope).map_err(|e| damaged(e.to_string()))?;
        }
    }
    let new = !entries.is_empty();
    for entry in entries {
        let id = entry.id;
        loaded.record.restore(entry.from_own_store()).map_err(|e| damaged(format!("entry {id}: {e}")))?;
    }
    loaded.ordinal = last;
    for value in reads.values(case)? {
        // A value whose entry is not here yet waits in the store.
        if let Ok(disclosure) = Disclosure::decode(&value.disclosure) {
            drop(loaded.record.apply_value(disclosure));
        }
    }
    for stored in reads.receipts(case)? {
        let receipt = SignedReceipt::from_own_store(&stored.envelope).map_err(|e| damaged(e.to_string()))?;
        drop(loaded.record.apply_receipt(receipt));
    }
    Ok(new)
}

/// Entries below which a second thread does not pay.
const MANY: usize = 512;

/// Decodes entries and compares their ids, on all cores where they are many.
fn decode(stored: &[StoredEntry]) -> Result<Vec<Entry<Unverified>>, String> {
    let cores = if stored.len() < MANY { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let mut parts = stored.chunks(stored.len().div_ceil(cores).max(1));
    let first = parts.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| scope.spawn(|| decode_each(part))).collect();
        let mut entries = decode_each(first)?;
        for other in others {
            entries.extend(other.join().map_err(|_panic| "an entry could not be read".to_owned())??);
        }
        Ok(entries)
    })
}

fn decode_each(stored: &[StoredEntry]) -> Result<Vec<Entry<Unverified>>, String> {
    let decoded = |stored: &StoredEntry| {
        let entry = Entry::decode(&stored.envelope).map_err(|e| e.to_string())?;
        if entry.id == stored.id { Ok(entry) } else { Err(format!("entry {} was altered", stored.id)) }
    };
    stored.iter().map(decoded).collect()
}
