//! What follows from the signed words alone about somebody's bad faith or disputed identity. Each names what proves
//! it, so that anybody can look; what it was good or meant for is not said.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    graph::Ix,
    id::{DeviceKey, EntryId, EventId, PartyId, ReceiptId},
    receipt::Receipt,
    record::Record,
};

use crate::contents;

/// A party's words that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub party: PartyId,
    pub shape: Shape,
}

/// In what way, and which words; ids ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A statement leaves out what an earlier receipt of its own device says it held.
    PastOmitted { receipt: ReceiptId, entry: EntryId },
    /// Receipts of one device with one number, or a later one that covers less.
    ReceiptContradicted(Vec<ReceiptId>),
    /// Two events at one position of a key log.
    TwoKeyEvents(Vec<EventId>),
    /// Statements by one key at one position.
    TwoStatements(Vec<EntryId>),
}

impl Shape {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::PastOmitted { .. } => "past_omitted",
            Self::ReceiptContradicted(_) => "receipt_contradicted",
            Self::TwoKeyEvents(_) => "two_key_events",
            Self::TwoStatements(_) => "two_statements",
        }
    }

    /// The same for people: what is proven, and no more.
    #[must_use]
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::PastOmitted { .. } => "an entry that leaves out what its own device had signed to hold before",
            Self::ReceiptContradicted(_) => "receipts of one device that contradict each other",
            Self::TwoKeyEvents(_) => "a key log written in two ways",
            Self::TwoStatements(_) => "two histories signed with one key",
        }
    }

    /// The ids that prove it, in hexadecimal.
    #[must_use]
    pub fn about(&self) -> Vec<String> {
        match self {
            Self::PastOmitted { receipt, entry } => vec![receipt.to_hex(), entry.to_hex()],
            Self::ReceiptContradicted(ids) => ids.iter().map(|id| id.to_hex()).collect(),
            Self::TwoKeyEvents(ids) => ids.iter().map(|id| id.to_hex()).collect(),
            Self::TwoStatements(ids) => ids.iter().map(|id| id.to_hex()).collect(),
        }
    }
}

/// All that a record proves of that kind, by shape, party and ids.
#[must_use]
pub fn proofs(record: &Record) -> Vec<Proof> {
    let mut found = two_statements(record);
    found.extend(two_key_events(record));
    found.extend(of_receipts(record));
    found.sort_by_cached_key(|proof| (proof.shape.as_str(), proof.party, proof.shape.about()));
    found
}

fn two_statements(record: &Record) -> Vec<Proof> {
    let graph = record.graph();
    let fork = |(device, _, branches): (DeviceKey, u32, Vec<Ix>)| {
        let ids: Vec<EntryId> = branches.into_iter().map(|ix| graph.id(ix)).collect();
        let party = graph.party_of(&device).filter(|_| ids.len() > 1)?;
        Some(Proof { party, shape: Shape::TwoStatements(ids) })
    };
    graph.forks().filter_map(fork).collect()
}

fn two_key_events(record: &Record) -> Vec<Proof> {
    let mut found = Vec::new();
    for party in contents::key_parties(record) {
        let mut positions: BTreeMap<u32, Vec<EventId>> = BTreeMap::new();
        for event in record.logs().of_party(&party) {
            positions.entry(event.position).or_default().push(event.id);
        }
        let several = positions.into_values().filter(|ids| ids.len() > 1);
        found.extend(several.map(|mut ids| {
            ids.sort_unstable();
            Proof { party, shape: Shape::TwoKeyEvents(ids) }
        }));
    }
    found
}

type Numbered<'r> = BTreeMap<u32, BTreeMap<ReceiptId, &'r Receipt>>;

fn of_receipts(record: &Record) -> Vec<Proof> {
    let mut devices: BTreeMap<DeviceKey, Numbered<'_>> = BTreeMap::new();
    for signed in record.receipts() {
        let numbered = devices.entry(signed.receipt.device).or_default();
        numbered.entry(signed.receipt.number).or_default().insert(signed.id, &signed.receipt);
    }
    let mut found = Vec::new();
    for (device, numbered) in &devices {
        for receipts in numbered.values().filter(|receipts| receipts.len() > 1) {
            let ids: Vec<ReceiptId> = receipts.keys().copied().collect();
            let party = receipts.values().next().map(|r| r.party);
            found.extend(party.map(|party| Proof { party, shape: Shape::ReceiptContradicted(ids) }));
        }
        for (earlier, later) in numbered.values().zip(numbered.values().skip(1)) {
            let Some((next, later)) = later.first_key_value() else { continue };
            for (id, receipt) in earlier.iter().filter(|(_, receipt)| !covers_all(record, later, receipt)) {
                let ids = BTreeSet::from([*id, *next]).into_iter().collect();
                found.push(Proof { party: receipt.party, shape: Shape::ReceiptContradicted(ids) });
            }
        }
        for (id, receipt) in numbered.values().flatten() {
            let omitting = omitting(record, device, receipt);
            let shape = omitting.map(|entry| Shape::PastOmitted { receipt: *id, entry });
            found.extend(shape.map(|shape| Proof { party: receipt.party, shape }));
        }
    }
    found
}

/// Whether a receipt covers everything another one does: its heads are the other's, or have them in their past.
fn covers_all(record: &Record, receipt: &Receipt, other: &Receipt) -> bool {
    let graph = record.graph();
    let tips: Vec<Ix> = receipt.heads.iter().filter_map(|head| graph.find(head)).collect();
    other.heads.iter().filter_map(|head| graph.find(head)).all(|head| graph.covered_by(head, &tips))
}

/// The first statement of a device, after the last one that its receipt speaks of, whose past lacks what the receipt
/// covers. What comes later in a feed knows all that came before: were a later one lacking it, the first would.
fn omitting(record: &Record, device: &DeviceKey, receipt: &Receipt) -> Option<EntryId> {
    let graph = record.graph();
    let next = receipt.last_seq.checked_add(1)?;
    let after = graph.at_position(device, next).into_iter().filter(|ix| graph.counts(*ix));
    let lacks = |ix: &Ix| receipt.heads.iter().filter_map(|h| graph.find(h)).any(|head| !graph.in_past(head, *ix));
    after.filter(lacks).map(|ix| graph.id(ix)).min()
}
