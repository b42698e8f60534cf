//! What the home of a node holds, made for a test: its own party, able to sign as the home would, and cases in its store that
//! nobody received.

use std::{fs, path::Path};

use counterpart_core::{
    id::{CaseId, DeviceKey, PartyId},
    record::{Author, Record},
    seal::path_to_value,
};
use counterpart_store::{CaseSummary, EntryRow, KeyEventRow, StoreError, StoredKeyEvent, Txn};
use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey as _};

use crate::party::{Device, Party};

/// A home's own party: whom its desk signs as, by which transport it is called, and its key log.
///
/// # Panics
/// When the home has no identity, or one under a passphrase.
#[must_use]
pub fn party_of(home: &Path, author: &Author, peer: &[u8], log: Vec<StoredKeyEvent>) -> Party {
    let pem = fs::read_to_string(home.join("keys/device.pem")).expect("the device key's file");
    let key = SigningKey::from_pkcs8_pem(&pem).expect("a device key");
    let device = Device { key, grant: author.grant, peer: peer.to_vec() };
    Party::of_log(device, log.into_iter().map(|event| event.envelope).collect())
}

/// Writes a case into a store as it came, its first `entries`, with the key logs of those parties that the store has not
/// yet; what `own` signed is the home's own.
///
/// # Errors
/// When the store fails.
///
/// # Panics
/// When the record has no case yet.
pub fn put_case(
    txn: &Txn<'_>,
    own: DeviceKey,
    record: &Record,
    entries: usize,
    logs: &[PartyId],
) -> Result<(), StoreError> {
    for event in logs.iter().flat_map(|party| record.logs().of_party(party)) {
        let position = u64::from(event.position);
        let row = KeyEventRow { id: event.id, party: event.party, position, envelope: event.bytes() };
        txn.insert_key_event(&row)?;
    }
    let (case, graph) = (record.case().expect("a case"), record.graph());
    for ix in graph.all().take(entries) {
        let entry = &graph.node(ix).entry;
        let (device, seq) = (entry.statement.device, u64::from(entry.statement.seq));
        let row = EntryRow { case, id: entry.id, device, seq, own: device == own, envelope: entry.bytes() };
        txn.insert_entry(&row)?;
        for value in record.values_of(&entry.id) {
            txn.put_value(case, value.entry, &path_to_value(&value.path).encode(), &value.encode())?;
        }
    }
    Ok(())
}

/// What a list shows of an open case, in which nothing is due.
#[must_use]
pub fn summary_of(case: CaseId, title: &str, entries: usize, updated_at: i64) -> CaseSummary {
    CaseSummary {
        case,
        title: title.to_owned(),
        state: "open".to_owned(),
        whose_move: String::new(),
        next_due: None,
        entries: entries as u64,
        updated_at,
    }
}
