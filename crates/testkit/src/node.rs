//! A copy of a case: a machine with a store in memory that survives the machine.

use std::collections::BTreeMap;

use counterpart_core::{
    act::Act,
    graph::Ix,
    id::{CaseId, EntryId, PartyId},
    receipt::SignedReceipt,
    record::{DraftError, Record},
    seal::Disclosure,
    statement::Entry,
    sync::{Machine, Persist},
};

use crate::{party::Party, rng::Rng};

/// What a copy has made durable, in order.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub key_events: Vec<Vec<u8>>,
    pub entries: Vec<(EntryId, Vec<u8>)>,
    /// Disclosures by entry and path.
    pub values: BTreeMap<(EntryId, Vec<u8>), Vec<u8>>,
    pub receipts: Vec<Vec<u8>>,
}

impl Store {
    pub fn persist(&mut self, items: Vec<Persist>) {
        for item in items {
            match item {
                Persist::Entry { id, bytes, .. } => {
                    assert!(!self.holds(&id), "{id:?} is persisted twice");
                    self.entries.push((id, bytes));
                }
                Persist::KeyEvent { id, bytes, .. } => {
                    assert!(!self.key_events.contains(&bytes), "{id:?} is persisted twice");
                    self.key_events.push(bytes);
                }
                Persist::Value { entry, path, disclosure } => {
                    self.values.insert((entry, path), disclosure);
                }
                Persist::Receipt { bytes, .. } => self.receipts.push(bytes),
            }
        }
    }

    #[must_use]
    pub fn holds(&self, id: &EntryId) -> bool {
        self.entries.iter().any(|(other, _)| other == id)
    }

    /// The record as it comes back after a restart.
    ///
    /// # Panics
    /// When something stored does not come back: a machine persisted what it should not have, or out of order.
    #[must_use]
    pub fn restore(&self) -> Record {
        let mut record = Record::new();
        for event in &self.key_events {
            record.apply_key_event(event).expect("a stored key event comes back");
        }
        for (_, bytes) in &self.entries {
            let entry = Entry::decode(bytes).expect("a stored entry can be read").from_own_store();
            record.restore(entry).expect("a stored entry comes back");
        }
        for bytes in self.values.values() {
            let value = Disclosure::decode(bytes).expect("a stored value can be read");
            record.apply_value(value).expect("a stored value comes back");
        }
        for bytes in &self.receipts {
            let receipt = SignedReceipt::from_own_store(bytes).expect("a stored receipt can be read");
            record.apply_receipt(receipt).expect("a stored receipt comes back");
        }
        record
    }
}

/// A device's copy of a case.
#[derive(Debug)]
pub struct Node {
    pub party: Party,
    /// Which of the party's devices this is.
    pub device: usize,
    pub case: CaseId,
    pub trusted: Vec<PartyId>,
    pub store: Store,
    pub machine: Machine,
}

impl Node {
    /// A copy that begins with what is in the store.
    #[must_use]
    pub fn new(party: &Party, device: usize, case: CaseId, trusted: &[PartyId], store: Store) -> Self {
        let machine = Machine::new(case, store.restore(), party.author(device), trusted.to_vec());
        Self { party: party.clone(), device, case, trusted: trusted.to_vec(), store, machine }
    }

    /// Throws the machine away and starts another from what is stored.
    pub fn restart(&mut self) {
        let author = self.party.author(self.device);
        self.machine = Machine::new(self.case, self.store.restore(), author, self.trusted.clone());
    }

    /// Signs an act; the outputs wait in the machine.
    ///
    /// # Errors
    /// Why it may not be signed.
    pub fn act(&mut self, act: &Act, now: i64, rng: &mut Rng) -> Result<EntryId, DraftError> {
        let author = self.party.author(self.device);
        let draft = self.machine.record().draft(&author, act, now, &mut || rng.bytes())?;
        let key = &self.party.devices[self.device].key;
        let signed = self.machine.sign(draft, key, now)?;
        Ok(signed.id)
    }
}

/// The view as text, with entries named by id, so that two copies' views can be compared.
///
/// # Panics
/// When the view names entries that are not in the graph.
#[must_use]
pub fn digest(record: &Record) -> String {
    let view = format!("{:?}", record.view());
    let names: Vec<Ix> = record.graph().all().collect();
    let mut text = String::new();
    let mut parts = view.split("Ix(");
    text.extend(parts.next());
    for part in parts {
        let (number, rest) = part.split_once(')').expect("an entry's number ends");
        let ix = names[number.parse::<usize>().expect("an entry's number")];
        text.push_str(&format!("{:?}{rest}", record.graph().id(ix)));
    }
    text
}
