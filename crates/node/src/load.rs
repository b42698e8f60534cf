//! Reading a case back from the store.

use std::collections::BTreeSet;

use counterpart_core::{
    attachment::FileRef,
    envelope::Unverified,
    id::{CaseId, PartyId},
    receipt::SignedReceipt,
    record::Record,
    seal::Disclosure,
    statement::Entry,
};
use counterpart_store::Reads;

use crate::error::DeskError;

/// A record as of some point of the store.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) record: Record,
    /// The store's last entry that is in the record.
    pub(crate) ordinal: u64,
    /// Attached files of which a part is here, with how many bytes.
    pub(crate) parts: Vec<(FileRef, u64)>,
}

/// Reads a whole case. Our own key log always belongs to it: which device signs here, and whether it still may, is
/// known before an entry names us.
pub(crate) fn load(reads: &Reads, case: CaseId, own: PartyId) -> Result<Loaded, DeskError> {
    let mut loaded = Loaded { record: Record::new(), ordinal: 0, parts: Vec::new() };
    let damaged = |why: String| DeskError::Damaged { case, why };
    let mut entries: Vec<Entry<Unverified>> = Vec::new();
    let mut parties: BTreeSet<PartyId> = BTreeSet::from([own]);
    reads.for_each_entry(case, 0, |stored| {
        let entry = Entry::decode(stored.envelope).map_err(|e| damaged(e.to_string()))?;
        if entry.id != stored.id {
            return Err(damaged(format!("entry {} was altered", stored.id)));
        }
        parties.insert(entry.statement.party);
        parties.extend(entry.statement.keys.iter().map(|k| k.party));
        entries.push(entry);
        loaded.ordinal = stored.ordinal;
        Ok(())
    })?;
    for party in parties {
        for event in reads.key_events(party)? {
            loaded.record.apply_key_event(&event.envelope).map_err(|e| damaged(e.to_string()))?;
        }
    }
    for entry in entries {
        let id = entry.id;
        loaded.record.restore(entry.from_own_store()).map_err(|e| damaged(format!("entry {id}: {e}")))?;
    }
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
    Ok(loaded)
}
