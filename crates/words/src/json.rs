//! What programs read: every answer names its schema and version.

mod explain;
mod queue;
mod show;
mod terms;
mod today;

pub use explain::{ledger, next, people, put_to_you, why};
pub use queue::{QueuePage, QueuedCase, queue, queued};
pub use show::{Show, show};
pub use terms::subject;
pub use today::thing;

use counterpart_core::{
    graph::Ix,
    id::{EntryId, PartyId, short_form},
    record::Erasure,
    value::{Due, Sealable, Seat},
    view::Answer,
};
use counterpart_node::due_instant;
use counterpart_store::CaseSummary;
use serde::Serialize;
use serde_json::{Value as Json, json};

use self::terms::changes;
use crate::{
    case::OpenCase,
    item_value,
    render::{self, FileLine, ItemLine, LogLine, Place, Whereabouts},
    stamped::Proof,
};

/// `counterpart/list/1`.
#[derive(Debug, Serialize)]
pub struct List {
    schema: &'static str,
    cases: Vec<ListedCase>,
}

#[derive(Debug, Serialize)]
struct ListedCase {
    id: String,
    short: String,
    title: String,
    state: String,
    whose_move: String,
    next_due: Option<i64>,
    entries: u64,
    updated_at: i64,
}

pub fn list(summaries: Vec<CaseSummary>) -> List {
    let one = |s: CaseSummary| ListedCase {
        id: s.case.to_hex(),
        short: short_form(&s.case.0),
        title: s.title,
        state: s.state,
        whose_move: s.whose_move,
        next_due: s.next_due,
        entries: s.entries,
        updated_at: s.updated_at,
    };
    List { schema: "counterpart/list/1", cases: summaries.into_iter().map(one).collect() }
}

/// `counterpart/log/1`.
#[derive(Debug, Serialize)]
pub struct Log {
    schema: &'static str,
    case: String,
    entries: Vec<LogEntry>,
}

#[derive(Debug, Serialize)]
struct LogEntry {
    #[serde(rename = "ref")]
    name: String,
    id: String,
    at: i64,
    party: Party,
    device: String,
    /// What this home calls the one of its own devices or agents that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    kind: String,
    text: String,
    effect: &'static str,
    reason: Option<String>,
    /// What a revision changes of the one before: part, from, term, old, new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Json>,
    grade: &'static str,
    /// No other party holds it but by a mailbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_mailbox: bool,
    /// The later proposal by which its author took another position in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced_by: Option<String>,
    /// The time stamp that proves best when it was there.
    time_proven: Option<Json>,
    /// Files that it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Json>,
    /// What of it was erased, by whom and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    erased: Vec<Json>,
}

/// A party by id, with the label of its seat.
#[derive(Debug, Serialize)]
pub struct Party {
    id: String,
    label: String,
}

fn party(case: &OpenCase, id: &PartyId) -> Party {
    Party { id: id.to_hex(), label: case.party_label(id) }
}

pub fn log(case: &OpenCase, lines: Vec<LogLine>) -> Log {
    let files = render::files(case, &[]);
    let one = |l: LogLine| LogEntry {
        attachments: files.iter().filter(|f| f.id == l.id).map(|f| attachment(case, f)).collect(),
        erased: erasures(case, &l.id),
        effect: l.effect(),
        reason: l.reason(),
        changes: changes(case, &l.id),
        id: l.id.to_hex(),
        at: l.at,
        party: party(case, &l.party),
        device: l.device.to_hex(),
        agent: l.agent,
        grade: l.grade.as_str(),
        at_mailbox: l.at_mailbox,
        replaced_by: l.replaced_by,
        time_proven: l.time_proven.as_ref().map(Proof::as_json),
        name: l.name,
        kind: l.kind,
        text: l.text,
    };
    Log { schema: "counterpart/log/1", case: case.id.to_hex(), entries: lines.into_iter().map(one).collect() }
}

/// `counterpart/attachments/1`: the files on record.
pub fn attachments(case: &OpenCase, files: &[FileLine]) -> Json {
    json!({
        "schema": "counterpart/attachments/1",
        "case": case.id.to_hex(),
        "attachments": files.iter().map(|f| attachment(case, f)).collect::<Vec<_>>(),
    })
}

fn attachment(case: &OpenCase, file: &FileLine) -> Json {
    let has = match file.whereabouts {
        Whereabouts::Here => file.named.file.size,
        Whereabouts::Coming(bytes) => bytes,
        _ => 0,
    };
    json!({
        "ref": file.reference,
        "entry": file.id.to_hex(),
        "party": party(case, &file.party),
        "name": text(&file.named.name),
        "media": file.named.media,
        "size": file.named.file.size,
        "sha256": render::hex(&file.named.file.sha256),
        "here": file.whereabouts == Whereabouts::Here,
        "state": file.whereabouts.as_str(),
        "bytes_here": has,
        "erased_by": file.erased.iter().map(|e| json!({"party": party(case, &e.party), "at": e.at})).collect::<Vec<_>>(),
    })
}

fn erasures(case: &OpenCase, id: &EntryId) -> Vec<Json> {
    let places = case.record.graph().find(id).map(|ix| render::places(case, ix)).unwrap_or_default();
    let of_place = |place: &Place| {
        let typed = place.typed.clone();
        let one = move |e: &Erasure| {
            json!({
                "place": typed,
                "party": party(case, &e.party),
                "at": e.at,
                "entry": named_ix(case, e.entry),
            })
        };
        place.erased.iter().map(one).collect::<Vec<_>>()
    };
    places.iter().flat_map(of_place).collect()
}

/// An entry by reference and id.
#[derive(Debug, Serialize)]
pub(crate) struct Named {
    #[serde(rename = "ref")]
    name: String,
    id: String,
}

/// `counterpart/item/1`: every version of a fact, oldest first.
pub fn item_history(case: &OpenCase, key: &str, lines: &[ItemLine]) -> Json {
    let one = |l: &ItemLine| {
        json!({
            "entry": named(case, &l.id),
            "at": l.at,
            "party": party(case, &l.party),
            "what": l.what,
            "value": item_value::to_json(&l.value),
            "stands": l.stands,
            "answers": answers(case, &l.id),
            "used_by": l.used_by,
        })
    };
    json!({
        "schema": "counterpart/item/1",
        "case": case.id.to_hex(),
        "key": key,
        "versions": lines.iter().map(one).collect::<Vec<_>>(),
    })
}

/// What the others say of an entry, and have not taken back.
fn answers(case: &OpenCase, id: &EntryId) -> Vec<Json> {
    let found = case.record.graph().find(id).map(|ix| case.record.answers(ix)).unwrap_or_default();
    let one = |answer: &Answer| {
        json!({
            "entry": named_ix(case, answer.entry),
            "party": party(case, &answer.party),
            "says": if answer.contests { "contested" } else { "acknowledged" },
            "text": answer.text.as_ref().map(text),
        })
    };
    found.iter().map(one).collect()
}

pub(crate) fn named(case: &OpenCase, id: &EntryId) -> Named {
    Named { name: case.entry_name(id), id: id.to_hex() }
}

fn named_ix(case: &OpenCase, ix: Ix) -> Named {
    named(case, &case.record.graph().id(ix))
}

pub(crate) fn seat(seat: &Seat) -> Json {
    match seat {
        Seat::Number(number) => json!(number),
        Seat::Added(entry, index) => json!([entry.to_hex(), index]),
    }
}

/// An open text, or that it is sealed.
fn text(text: &Sealable) -> Json {
    text.open().map_or_else(|| json!({"sealed": true}), |t| json!(t))
}

/// A due time; `at` is the instant it comes to, once a relative one counts.
fn due(due: &Due, counted_from: Option<i64>) -> Json {
    let at = due_instant(due, counted_from);
    match due {
        Due::At { local, zone, .. } => json!({"at": at, "local": local, "zone": zone}),
        Due::After { count, unit, zone } => {
            json!({"at": at, "after_agreed": {"count": count, "unit": unit.as_str()}, "zone": zone})
        }
    }
}

/// `counterpart/signed/1`: what an acting command did.
pub fn signed(case: &OpenCase, entry: &EntryId) -> Json {
    json!({
        "schema": "counterpart/signed/1",
        "case": case.id.to_hex(),
        "entry": entry.to_hex(),
        "ref": case.entry_name(entry),
    })
}
