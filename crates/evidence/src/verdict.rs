//! What a verified bundle shows, as plain data.

use counterpart_core::{
    act::Role,
    fold,
    graph::Ix,
    id::{CaseId, ChangeId, DeviceKey, EntryId, PartyId, ReceiptId},
    record::Record,
    value::Seat,
    view::Grade,
};

use crate::{contents, delivery::Delivery};

/// A bundle in which everything holds. Forks and entries without effect are part of what happened, not failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub case: CaseId,
    pub title: String,
    /// As the exporter says, Unix milliseconds.
    pub exported_at: i64,
    /// In the agreed order.
    pub entries: Vec<EntryReport>,
    /// By id.
    pub parties: Vec<PartyReport>,
    /// Entries that no other rests on, ascending.
    pub heads: Vec<EntryId>,
    /// Heads of the Automerge document, ascending.
    pub document_heads: Vec<ChangeId>,
    /// By device, then number.
    pub receipts: Vec<Receipt>,
    pub forks: Vec<ForkReport>,
    pub without_effect: Vec<WithoutEffect>,
    /// Entries of kinds that this version of the program does not judge.
    pub not_judged: Vec<EntryId>,
    /// Entries with sealed places whose values are not in the bundle.
    pub lacking: Vec<Lacking>,
    /// For each party, entries of others that nothing it signed covers.
    pub tails: Vec<Tail>,
}

/// One entry, and what is proven of it: its author's signature always, and by whom else it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryReport {
    pub id: EntryId,
    pub number: u32,
    pub party: PartyId,
    pub device: DeviceKey,
    pub kind: String,
    /// Claimed by the author, Unix milliseconds.
    pub at: i64,
    pub effect: Effect,
    pub grade: Grade,
    /// The other parties that signed that they hold it, by id.
    pub received_by: Vec<Received>,
}

/// Whether an entry takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    Effective,
    /// Why not, in plain words.
    Without(String),
    NotJudged,
}

impl Effect {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Without(_) => "without_effect",
            Self::NotJudged => "not_judged",
        }
    }
}

/// A party's own word that it held an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub party: PartyId,
    /// The earliest time it gave, by its own clock, Unix milliseconds.
    pub at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyReport {
    pub party: PartyId,
    pub seats: Vec<SeatReport>,
    pub entries: usize,
    pub receipts: usize,
    /// Its key log was written in two ways.
    pub log_forked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatReport {
    pub seat: Seat,
    pub role: Role,
    /// Absent where it is sealed. Text of a party: show it through [`counterpart_core::text::visible_line`].
    pub label: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: ReceiptId,
    pub party: PartyId,
    pub device: DeviceKey,
    pub number: u32,
    /// By its device's clock, Unix milliseconds.
    pub at: i64,
    /// It covers these and all they rest on.
    pub heads: Vec<EntryId>,
}

/// Two entries that one device key signed at one position of its feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkReport {
    pub party: PartyId,
    pub device: DeviceKey,
    pub seq: u32,
    pub branches: Vec<EntryId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithoutEffect {
    pub id: EntryId,
    pub number: u32,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    pub id: EntryId,
    pub number: u32,
    /// Sealed places without their value.
    pub places: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    pub party: PartyId,
    /// In the agreed order. That no receipt is here does not mean that these did not arrive.
    pub entries: Vec<EntryId>,
}

impl Verdict {
    pub(crate) fn of(record: &Record, delivery: &Delivery, exported_at: i64, case: CaseId) -> Self {
        let graph = record.graph();
        let lens = record.lens();
        let grades = record.grades();
        let entries: Vec<EntryReport> = grades.iter().map(|(ix, grade)| entry(record, delivery, *ix, *grade)).collect();
        let without = |entry: &EntryReport| match &entry.effect {
            Effect::Without(reason) => {
                Some(WithoutEffect { id: entry.id, number: entry.number, reason: reason.clone() })
            }
            Effect::Effective | Effect::NotJudged => None,
        };
        let lacking = |ix: Ix| {
            let places = record.lacking_values(ix).len();
            (places > 0).then(|| Lacking { id: graph.id(ix), number: graph.node(ix).number, places })
        };
        let tail = |party: &PartyId| {
            let beyond = |ix: &Ix| graph.statement(*ix).party != *party && delivery.at(party, *ix).is_none();
            Tail { party: *party, entries: grades.iter().map(|g| g.0).filter(beyond).map(|ix| graph.id(ix)).collect() }
        };
        Self {
            case,
            title: lens.open().map(|(_, open)| open.title.clone()).unwrap_or_default(),
            exported_at,
            parties: delivery.parties().map(|p| party(record, p)).collect(),
            heads: graph.heads(),
            document_heads: contents::document_heads(record),
            receipts: record.receipts().iter().map(receipt).collect(),
            forks: forks(record),
            without_effect: entries.iter().filter_map(without).collect(),
            not_judged: entries.iter().filter(|e| e.effect == Effect::NotJudged).map(|e| e.id).collect(),
            lacking: grades.iter().filter_map(|(ix, _)| lacking(*ix)).collect(),
            tails: delivery.parties().map(tail).collect(),
            entries,
        }
    }
}

fn entry(record: &Record, delivery: &Delivery, ix: Ix, grade: Grade) -> EntryReport {
    let node = record.graph().node(ix);
    let statement = &node.entry.statement;
    let received = delivery.received(ix, &statement.party);
    EntryReport {
        id: node.entry.id,
        number: node.number,
        party: statement.party,
        device: statement.device,
        kind: statement.kind.clone(),
        at: statement.at,
        effect: match record.fold().verdict(ix) {
            fold::Verdict::Effective => Effect::Effective,
            fold::Verdict::Without(reason) => Effect::Without(reason.to_string()),
            fold::Verdict::NotJudged => Effect::NotJudged,
        },
        grade,
        received_by: received.map(|(party, at)| Received { party, at }).collect(),
    }
}

fn party(record: &Record, party: &PartyId) -> PartyReport {
    let (graph, lens) = (record.graph(), record.lens());
    let seat = |seat: Seat| {
        let offer = lens.seat(&seat)?;
        Some(SeatReport { seat, role: offer.role, label: offer.label.open().map(str::to_owned) })
    };
    PartyReport {
        party: *party,
        seats: lens.seats_of(party).into_iter().filter_map(seat).collect(),
        entries: graph.all().filter(|ix| graph.statement(*ix).party == *party).count(),
        receipts: record.receipts().iter().filter(|r| r.receipt.party == *party).count(),
        log_forked: record.logs().is_forked(party),
    }
}

fn receipt(signed: &counterpart_core::receipt::SignedReceipt) -> Receipt {
    let receipt = &signed.receipt;
    Receipt {
        id: signed.id,
        party: receipt.party,
        device: receipt.device,
        number: receipt.number,
        at: receipt.at,
        heads: receipt.heads.clone(),
    }
}

fn forks(record: &Record) -> Vec<ForkReport> {
    let graph = record.graph();
    let fork = |(device, seq, branches): (DeviceKey, u32, Vec<Ix>)| {
        let branches = branches.into_iter().map(|ix| graph.id(ix)).collect();
        Some(ForkReport { party: graph.party_of(&device)?, device, seq, branches })
    };
    graph.forks().filter_map(fork).collect()
}
