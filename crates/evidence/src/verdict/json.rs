//! The verdict as one line of JSON, which every verifier of the same file prints in the same bytes.
//!
//! Each object stands here as a type whose fields are declared in the order in which they are written: ascending.

use counterpart_core::value::Seat;
use serde::Serialize;

use super::{Bound, EntryReport, Evidence, ForkReport, PartyReport, Verdict};
use crate::{
    bag,
    failure::Failure,
    proof::Proof,
    stamps::{StampReport, StampStatus},
};

const SCHEMA: &str = "counterpart/verdict/2";

impl Verdict {
    /// The line of `docs/protocol.md`, "Verdict", with its LF.
    #[must_use]
    pub fn to_json(&self) -> String {
        line(&Verified {
            attachments: Attachments {
                held: self.attachments.held,
                lacking: self.attachments.lacking.iter().map(|sha| bag::hex(sha)).collect(),
            },
            case: self.case.to_hex(),
            document_heads: self.document_heads.iter().map(|head| head.to_hex()).collect(),
            entries: self.entries.iter().map(entry).collect(),
            exported_at: self.exported_at,
            exporter: Exporter { device: self.exporter.device.to_hex(), party: self.exporter.party.to_hex() },
            forks: self.forks.iter().map(fork).collect(),
            heads: self.heads.iter().map(|head| head.to_hex()).collect(),
            parties: self.parties.iter().map(|p| self.party(p)).collect(),
            proofs: self.proofs.iter().map(proof).collect(),
            receipts: self.receipts.len(),
            schema: SCHEMA,
            specification: bag::hex(&self.specification),
            stamps: self.stamps.iter().map(stamp).collect(),
            states: self
                .states
                .iter()
                .map(|state| State {
                    action: format!("{}/{}", state.action.proposal.to_hex(), state.action.index),
                    overlays: &state.overlays,
                    state: state.state,
                })
                .collect(),
            title: &self.title,
            verified: true,
        })
    }

    fn party<'v>(&self, party: &'v PartyReport) -> Party<'v> {
        let tail = self.tails.iter().find(|tail| tail.party == party.party);
        let seats = party.seats.iter().map(|seat| SeatOf {
            label: seat.label.as_deref(),
            role: seat.role.as_str(),
            seat: match &seat.seat {
                Seat::Number(number) => number.to_string(),
                Seat::Added(entry, index) => format!("{}/{index}", entry.to_hex()),
            },
        });
        Party {
            entries: party.entries,
            log_forked: party.log_forked,
            not_received: tail.map_or(0, |tail| tail.entries.len()),
            party: party.party.to_hex(),
            receipts: party.receipts,
            seats: seats.collect(),
        }
    }
}

impl Failure {
    /// The line of `docs/protocol.md`, "Verdict", with its LF.
    #[must_use]
    pub fn to_json(&self) -> String {
        line(&Refused { member: self.member.as_deref(), schema: SCHEMA, verified: false, what: self.what.as_str() })
    }
}

fn line(value: &impl Serialize) -> String {
    let mut line = serde_json::to_string(value).expect("plain data can be written");
    line.push('\n');
    line
}

fn entry(entry: &EntryReport) -> Entry<'_> {
    let received = entry.received_by.iter();
    Entry {
        at: entry.at,
        device: entry.device.to_hex(),
        effect: entry.effect.as_str(),
        grade: entry.grade.as_str(),
        id: entry.id.to_hex(),
        kind: &entry.kind,
        lacking: entry.lacking,
        not_after: entry.not_after.as_ref().map(bound),
        not_before: entry.not_before.as_ref().map(bound),
        number: entry.number,
        party: entry.party.to_hex(),
        received_by: received.map(|r| Received { at: r.at, party: r.party.to_hex() }).collect(),
    }
}

fn bound(bound: &Bound) -> BoundBy {
    let (by, id) = match &bound.by {
        Evidence::Entry(id) => ("entry", id.to_hex()),
        Evidence::Receipt(id) => ("receipt", id.to_hex()),
        Evidence::Stamp(id) => ("stamp", id.to_hex()),
    };
    BoundBy { at: bound.at, by, id, party: bound.party.map(|party| party.to_hex()) }
}

fn stamp(stamp: &StampReport) -> StampOf<'_> {
    let (at, tsa) = match &stamp.status {
        StampStatus::Valid { at, service } => (Some(*at), service.as_deref()),
        StampStatus::Untrusted(_) | StampStatus::Unchecked => (None, None),
    };
    let heads = stamp.heads.iter().map(|head| head.to_hex()).collect();
    StampOf { at, heads, sha256: stamp.id.to_hex(), status: stamp.status.as_str(), tsa }
}

fn fork(fork: &ForkReport) -> Fork {
    Fork {
        branches: fork.branches.iter().map(|id| id.to_hex()).collect(),
        device: fork.device.to_hex(),
        party: fork.party.to_hex(),
        position: fork.seq,
    }
}

fn proof(proof: &Proof) -> ProofOf {
    ProofOf { about: proof.shape.about(), party: proof.party.to_hex(), shape: proof.shape.as_str() }
}

#[derive(Serialize)]
struct Refused<'v> {
    member: Option<&'v str>,
    schema: &'static str,
    verified: bool,
    what: &'static str,
}

#[derive(Serialize)]
struct Verified<'v> {
    attachments: Attachments,
    case: String,
    document_heads: Vec<String>,
    entries: Vec<Entry<'v>>,
    exported_at: i64,
    exporter: Exporter,
    forks: Vec<Fork>,
    heads: Vec<String>,
    parties: Vec<Party<'v>>,
    proofs: Vec<ProofOf>,
    receipts: usize,
    schema: &'static str,
    specification: String,
    stamps: Vec<StampOf<'v>>,
    states: Vec<State<'v>>,
    title: &'v str,
    verified: bool,
}

#[derive(Serialize)]
struct Attachments {
    held: usize,
    lacking: Vec<String>,
}

#[derive(Serialize)]
struct Entry<'v> {
    at: i64,
    device: String,
    effect: &'static str,
    grade: &'static str,
    id: String,
    kind: &'v str,
    lacking: usize,
    not_after: Option<BoundBy>,
    not_before: Option<BoundBy>,
    number: u32,
    party: String,
    received_by: Vec<Received>,
}

#[derive(Serialize)]
struct BoundBy {
    at: i64,
    by: &'static str,
    id: String,
    party: Option<String>,
}

#[derive(Serialize)]
struct Received {
    at: i64,
    party: String,
}

#[derive(Serialize)]
struct Exporter {
    device: String,
    party: String,
}

#[derive(Serialize)]
struct Fork {
    branches: Vec<String>,
    device: String,
    party: String,
    position: u32,
}

#[derive(Serialize)]
struct Party<'v> {
    entries: usize,
    log_forked: bool,
    not_received: usize,
    party: String,
    receipts: usize,
    seats: Vec<SeatOf<'v>>,
}

#[derive(Serialize)]
struct SeatOf<'v> {
    label: Option<&'v str>,
    role: &'static str,
    seat: String,
}

#[derive(Serialize)]
struct ProofOf {
    about: Vec<String>,
    party: String,
    shape: &'static str,
}

#[derive(Serialize)]
struct StampOf<'v> {
    at: Option<i64>,
    heads: Vec<String>,
    sha256: String,
    status: &'static str,
    tsa: Option<&'v str>,
}

#[derive(Serialize)]
struct State<'v> {
    action: String,
    overlays: &'v [&'static str],
    state: &'static str,
}
