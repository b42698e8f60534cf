//! Writing a bundle.

use counterpart_core::{
    envelope::Verified,
    receipt::{ReceiptRefusal, SignedReceipt},
    record::Record,
    statement::Entry,
};
use zip::result::ZipError;

use crate::{
    archive::{self, MAX_BUNDLE, Member},
    bag,
    contents::{self, Part},
    delivery::Delivery,
    layout, parallel, verify,
};

/// Why a case is not written as a bundle.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("there is nothing to export: the case has no entries here; fetch it from the other party first")]
    Empty,
    #[error("the case is larger than one bundle may be; hand over the store's copy instead")]
    TooLarge,
    #[error("this copy of the case is damaged ({0}); restore it from a backup, or fetch it again from another party")]
    Damaged(String),
    #[error("the bundle could not be put together: {0}; free some memory and try again")]
    Archive(#[from] ZipError),
}

/// Writes all of a case that counts as one bundle. `exported_at` is Unix milliseconds.
///
/// Whoever holds the bundle can read it all: sealed values that are in `record` lie in it open.
///
/// # Errors
/// When there is nothing to write, too much, or this copy contradicts itself.
pub fn export(record: &Record, exported_at: i64) -> Result<Vec<u8>, ExportError> {
    let record = canonical(record)?;
    let case = record.case().ok_or(ExportError::Empty)?;
    if record.graph().len() > layout::MAX_ENTRIES || record.receipts().len() > layout::MAX_RECEIPTS {
        return Err(ExportError::TooLarge);
    }
    let document = verify::changes(&record).map_err(|(_, refusal)| damaged(refusal))?;
    let payload = contents::payload(&record, &Delivery::of(&record), document, exported_at);
    let members: Vec<Member<'_>> = payload.iter().map(member).collect();
    let digests = parallel::map(members.len(), || (), |(), n| bag::digest(members[n].bytes), |_| ());
    let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
    let tags = contents::tags(&case, exported_at, &members, &digests);
    let mut all: Vec<Member<'_>> = members.iter().copied().chain(tags.iter().map(member)).collect();
    all.sort_unstable_by_key(|m| m.name);
    let bundle = archive::write(&all)?;
    if bundle.len() > MAX_BUNDLE { Err(ExportError::TooLarge) } else { Ok(bundle) }
}

fn member<'p>(part: &'p Part<'_>) -> Member<'p> {
    Member { name: &part.name, bytes: &part.bytes }
}

fn damaged(why: impl std::fmt::Display) -> ExportError {
    ExportError::Damaged(why.to_string())
}

/// The record again, taken in by the agreed order and without what counts nowhere, as a verifier will have it.
fn canonical(record: &Record) -> Result<Record, ExportError> {
    let counted = |record: &Record| -> Vec<Entry<Verified>> {
        record.graph().ordered().into_iter().map(|ix| record.graph().node(ix).entry.clone()).collect()
    };
    let parties = contents::key_parties(record);
    let mut entries = counted(record);
    // Leaving out one surplus branch may leave another without anything that rests on it.
    let mut copy = loop {
        let mut copy = Record::new();
        for event in parties.iter().flat_map(|party| record.logs().of_party(party)) {
            copy.apply_key_event(event.bytes()).map_err(damaged)?;
        }
        let count = entries.len();
        for entry in entries {
            copy.restore(entry).map_err(damaged)?;
        }
        entries = counted(&copy);
        if entries.len() == count {
            break copy;
        }
    };
    let mut receipts: Vec<(String, &SignedReceipt)> =
        record.receipts().iter().map(|r| (contents::receipt_name(r), r)).collect();
    receipts.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    for (_, receipt) in receipts {
        match copy.apply_receipt(receipt.clone()) {
            // It covers a branch that counts nowhere.
            Ok(_) | Err(ReceiptRefusal::UnknownHeads) => {}
            Err(refusal) => return Err(damaged(refusal)),
        }
    }
    for entry in &entries {
        for disclosure in record.values_of(&entry.id) {
            copy.apply_value(disclosure.clone()).map_err(damaged)?;
        }
    }
    Ok(copy)
}
