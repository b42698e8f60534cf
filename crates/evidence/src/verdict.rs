//! What a verified bundle shows, as plain data.

mod json;

use counterpart_core::{
    act::{Role, Topic},
    exporter::ExporterWord,
    fold,
    graph::Ix,
    id::{CaseId, ChangeId, DeviceKey, EntryId, PartyId, ReceiptId, StampId},
    record::Record,
    stamp::TimeStamp,
    text,
    value::{ActionId, Seat},
    view::{self, ActionView, Grade, Proven},
};

use crate::{
    contents,
    delivery::Delivery,
    proof::{self, Proof},
    stamps::{StampReport, Stamped},
};

/// A bundle in which everything holds. Forks and entries without effect are part of what happened, not failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub case: CaseId,
    pub title: String,
    /// As the exporter says, Unix milliseconds.
    pub exported_at: i64,
    pub exporter: ExporterReport,
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
    pub proofs: Vec<Proof>,
    /// Where each action stands, by the agreed order.
    pub states: Vec<StateReport>,
    /// Where all else stands that can be agreed, in the order of entries. Told in words alone: the line for programs is
    /// what docs/protocol.md says, no more.
    pub agreements: Vec<AgreementReport>,
    /// Devices whose rights ended and whose key may be in wrong hands. Told in words alone.
    pub ended: Vec<EndedReport>,
    pub attachments: AttachmentReport,
    /// Time stamps that hold by themselves, by id.
    pub stamps: Vec<StampReport>,
    /// SHA-256 of the specification in the bundle.
    pub specification: [u8; 32],
    pub without_effect: Vec<WithoutEffect>,
    /// Entries of kinds that this version of the program does not judge.
    pub not_judged: Vec<EntryId>,
    /// Entries with sealed places whose values are not in the bundle.
    pub lacking: Vec<Lacking>,
    /// For each party, entries of others that nothing it signed covers.
    pub tails: Vec<Tail>,
}

/// The device that made the bundle and signed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExporterReport {
    pub party: PartyId,
    pub device: DeviceKey,
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
    pub not_before: Option<Bound>,
    pub not_after: Option<Bound>,
    pub effect: Effect,
    pub grade: Grade,
    /// The other parties that signed that they hold it, by id.
    pub received_by: Vec<Received>,
    /// Sealed places without their value.
    pub lacking: usize,
}

/// A time that the word of another party, or of a time-stamp service, proves. Unix milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    pub at: i64,
    /// Whose word it is; nobody's in the case where it is a service's.
    pub party: Option<PartyId>,
    pub by: Evidence,
}

/// The word that proves a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    Entry(EntryId),
    Receipt(ReceiptId),
    Stamp(StampId),
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
    /// Its key log was written in two ways, and no change of its main key decides which is the party's.
    pub log_forked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatReport {
    pub seat: Seat,
    pub role: Role,
    /// Absent where it is sealed. Text of a party: show it through [`counterpart_core::text::line_in_evidence`].
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

/// Entries that one device key signed at one position of its feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkReport {
    pub party: PartyId,
    pub device: DeviceKey,
    pub seq: u32,
    pub branches: Vec<EntryId>,
}

/// Where an action stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateReport {
    pub action: ActionId,
    /// One of the states of `docs/rules.md`.
    pub state: &'static str,
    /// Words beside it, ascending.
    pub overlays: Vec<&'static str>,
}

/// Files that entries name.
/// Terms, a fact, a closing, or who may come in, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementReport {
    /// The revision that stands for it, and which part of that it is; nothing where it has one only.
    pub revision: EntryId,
    pub part: Option<u32>,
    /// What it is, with what its author called it: `terms "Consent to data"`.
    pub what: String,
    pub state: &'static str,
}

/// A device that its own party or a new main key cut off, other than in the ordinary way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedReport {
    pub party: PartyId,
    pub device: DeviceKey,
    /// By the clock of whoever ended its rights, Unix milliseconds.
    pub at: i64,
    /// What it signed here, in the agreed order.
    pub signed: Vec<EntryId>,
    /// A new main key took its rights back, and nothing is said of why.
    pub taken_back: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentReport {
    /// How many are in the bundle.
    pub held: usize,
    /// SHA-256 of those that are not, ascending.
    pub lacking: Vec<[u8; 32]>,
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

/// What lies in a bundle beside the record.
pub(crate) struct Beside {
    pub(crate) attachments: AttachmentReport,
    pub(crate) specification: [u8; 32],
    pub(crate) stamps: Vec<StampReport>,
}

impl Verdict {
    pub(crate) fn of(
        record: &Record,
        standing: &[Ix],
        delivery: &Delivery,
        grades: &[(Ix, Grade)],
        times: &[Proven],
        word: &ExporterWord,
        beside: Beside,
    ) -> Self {
        let graph = record.graph();
        let lens = record.lens();
        let stamped = Stamped::of(record, &beside.stamps);
        let one = |(ix, grade): &(Ix, Grade)| {
            let report = entry(record, delivery, &times[ix.at()], *ix, *grade);
            EntryReport { not_after: earlier(report.not_after, stamped.over(*ix)), ..report }
        };
        let entries: Vec<EntryReport> = grades.iter().map(one).collect();
        let without = |entry: &EntryReport| match &entry.effect {
            Effect::Without(reason) => {
                Some(WithoutEffect { id: entry.id, number: entry.number, reason: reason.clone() })
            }
            Effect::Effective | Effect::NotJudged => None,
        };
        let lacking = |e: &EntryReport| Lacking { id: e.id, number: e.number, places: e.lacking };
        let tail = |party: &PartyId| {
            let beyond = |ix: &Ix| graph.statement(*ix).party != *party && delivery.at(party, *ix).is_none();
            Tail { party: *party, entries: grades.iter().map(|g| g.0).filter(beyond).map(|ix| graph.id(ix)).collect() }
        };
        let counts = Counts::of(record);
        let view = record.view();
        Self {
            case: word.case,
            title: lens.open().map(|(_, open)| open.title.clone()).unwrap_or_default(),
            exported_at: word.at,
            exporter: ExporterReport { party: word.party, device: word.device },
            parties: delivery.parties().map(|p| party(record, &counts, p)).collect(),
            heads: graph.heads(),
            document_heads: contents::document_heads(record, standing),
            receipts: record.receipts().iter().map(receipt).collect(),
            forks: forks(record),
            proofs: proof::proofs(record),
            states: view.as_ref().map_or_else(Vec::new, |view| view.actions.iter().map(state).collect()),
            agreements: view.as_ref().map(|view| agreements(record, view)).unwrap_or_default(),
            ended: ended(record),
            attachments: beside.attachments,
            specification: beside.specification,
            stamps: beside.stamps,
            without_effect: entries.iter().filter_map(without).collect(),
            not_judged: entries.iter().filter(|e| e.effect == Effect::NotJudged).map(|e| e.id).collect(),
            lacking: entries.iter().filter(|e| e.lacking > 0).map(lacking).collect(),
            tails: delivery.parties().map(tail).collect(),
            entries,
        }
    }
}

/// What bounds an entry from above: the word of another party, or a time stamp that is earlier.
fn earlier(known: Option<Bound>, stamp: Option<&TimeStamp>) -> Option<Bound> {
    let better = stamp.filter(|stamp| known.is_none_or(|known| stamp.at < known.at));
    better.map(|stamp| Bound { at: stamp.at, party: None, by: Evidence::Stamp(stamp.id) }).or(known)
}

fn entry(record: &Record, delivery: &Delivery, proven: &Proven, ix: Ix, grade: Grade) -> EntryReport {
    let node = record.graph().node(ix);
    let statement = &node.entry.statement;
    let received = delivery.received(ix, &statement.party);
    let bound = |bound: &Option<view::Bound>| {
        let view::Bound { at, party, by } = bound.as_ref()?;
        let by = match by {
            view::Evidence::Entry(ix) => Evidence::Entry(record.graph().id(*ix)),
            view::Evidence::Receipt(id) => Evidence::Receipt(*id),
        };
        Some(Bound { at: *at, party: Some(*party), by })
    };
    EntryReport {
        id: node.entry.id,
        number: node.number,
        party: statement.party,
        device: statement.device,
        kind: statement.kind.clone(),
        at: statement.at,
        not_before: bound(&proven.not_before),
        not_after: bound(&proven.not_after),
        effect: match record.fold().verdict(ix) {
            fold::Verdict::Effective => Effect::Effective,
            fold::Verdict::Without(reason) => Effect::Without(reason.to_string()),
            fold::Verdict::NotJudged => Effect::NotJudged,
        },
        grade,
        received_by: received.map(|(party, at)| Received { party, at }).collect(),
        lacking: record.lacking_values(ix).len(),
    }
}

/// Entries and receipts of each party.
struct Counts(std::collections::BTreeMap<PartyId, (usize, usize)>);

impl Counts {
    fn of(record: &Record) -> Self {
        let mut counts = Self(std::collections::BTreeMap::new());
        for ix in record.graph().all() {
            counts.0.entry(record.graph().statement(ix).party).or_default().0 += 1;
        }
        for signed in record.receipts() {
            counts.0.entry(signed.receipt.party).or_default().1 += 1;
        }
        counts
    }
}

fn party(record: &Record, counts: &Counts, party: &PartyId) -> PartyReport {
    let lens = record.lens();
    let seat = |seat: Seat| {
        let offer = lens.seat(&seat)?;
        Some(SeatReport { seat, role: offer.role, label: offer.label.open().map(str::to_owned) })
    };
    let (entries, receipts) = counts.0.get(party).copied().unwrap_or_default();
    PartyReport {
        party: *party,
        seats: lens.seats_of(party).into_iter().filter_map(seat).collect(),
        entries,
        receipts,
        log_forked: record.logs().dispute(party).is_some(),
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

fn state(action: &ActionView) -> StateReport {
    let mut overlays = action.overlays.clone();
    overlays.sort_unstable();
    StateReport { action: action.id, state: action.status.state.as_str(), overlays }
}

/// Agreements that are no actions.
fn agreements(record: &Record, view: &view::View) -> Vec<AgreementReport> {
    let lens = record.lens();
    let one = |matter: &view::MatterView| {
        let revision = matter.status.revision;
        let keys = record.fold().subject_keys(revision);
        let place = keys.iter().position(|key| *key == matter.key).and_then(|n| u32::try_from(n).ok());
        let quoted = |text: &str| format!("\u{201C}{}\u{201D}", text::line_in_evidence(text));
        let what = match lens.subject(revision, &matter.key).map(|subject| &subject.topic) {
            Some(Topic::Terms { title, .. }) => format!("terms {}", quoted(title)),
            Some(Topic::Item { key, .. }) => format!("the fact {}", quoted(key)),
            Some(Topic::Close { .. }) => "to close the case".to_owned(),
            Some(Topic::AdmitSeat { .. } | Topic::AdmitNew { .. }) => "to let somebody in".to_owned(),
            Some(Topic::Level { .. }) => "the format level".to_owned(),
            Some(Topic::Action { .. }) | None => "what it is about is not here".to_owned(),
        };
        let part = place.filter(|_| keys.len() > 1);
        AgreementReport { revision: record.graph().id(revision), part, what, state: matter.status.state.as_str() }
    };
    view.matters.iter().map(one).collect()
}

fn ended(record: &Record) -> Vec<EndedReport> {
    let one = |ended: &view::EndedDevice| EndedReport {
        party: ended.party,
        device: ended.device,
        at: ended.at,
        signed: ended.signed.iter().map(|ix| record.graph().id(*ix)).collect(),
        taken_back: ended.how == view::Ending::TakenBack,
    };
    record.ended_devices().iter().filter(|ended| ended.how.is_warning()).map(one).collect()
}
