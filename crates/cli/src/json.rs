//! What programs read: every answer names its schema and version.

use counterpart_core::{
    act::{ActionTerms, Subject, Topic},
    fold::ActionStatus,
    graph::Ix,
    id::{EntryId, PartyId, short_form},
    value::{Due, Sealable, Seat},
};
use counterpart_node::due_instant;
use counterpart_store::CaseSummary;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    item_value,
    render::{self, LogLine},
};

/// `counterpart/list/1`.
#[derive(Debug, Serialize)]
pub(crate) struct List {
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

pub(crate) fn list(summaries: Vec<CaseSummary>) -> List {
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
pub(crate) struct Log {
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
    kind: String,
    text: String,
    effect: &'static str,
    reason: Option<String>,
    grade: &'static str,
}

/// A party by id, with the label of its seat.
#[derive(Debug, Serialize)]
pub(crate) struct Party {
    id: String,
    label: String,
}

fn party(case: &OpenCase, id: &PartyId) -> Party {
    Party { id: id.to_hex(), label: case.party_label(id) }
}

pub(crate) fn log(case: &OpenCase, lines: Vec<LogLine>) -> Log {
    let one = |l: LogLine| LogEntry {
        effect: l.effect(),
        reason: l.reason(),
        id: l.id.to_hex(),
        at: l.at,
        party: party(case, &l.party),
        device: l.device.to_hex(),
        grade: l.grade.as_str(),
        name: l.name,
        kind: l.kind,
        text: l.text,
    };
    Log { schema: "counterpart/log/1", case: case.id.to_hex(), entries: lines.into_iter().map(one).collect() }
}

/// `counterpart/show/1`.
#[derive(Debug, Serialize)]
pub(crate) struct Show {
    schema: &'static str,
    case: Case,
    parties: Vec<SeatOut>,
    actions: Vec<Action>,
    items: Vec<Item>,
    matters: Vec<Matter>,
    waiting_for: Vec<WaitingFor>,
    delivery: Vec<DeliveryOut>,
    alarms: Vec<Alarm>,
}

#[derive(Debug, Serialize)]
struct Case {
    id: String,
    short: String,
    title: String,
    zone: String,
    entries: usize,
    heads: Vec<String>,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct SeatOut {
    seat: Json,
    role: &'static str,
    label: Option<String>,
    parties: Vec<String>,
    joined: bool,
    own: bool,
    identity_checked: bool,
}

#[derive(Debug, Serialize)]
struct Action {
    #[serde(rename = "ref")]
    name: String,
    id: Json,
    what: Option<String>,
    state: &'static str,
    overlays: Vec<&'static str>,
    settled: bool,
    due: Option<Json>,
    performers: Vec<Json>,
    beneficiaries: Vec<Json>,
    terms: Option<Json>,
    grade: &'static str,
    alleged: bool,
    missed: Vec<Named>,
    revision: Named,
    declare: Option<Named>,
    requests: Vec<Named>,
    open_revisions: Vec<Revision>,
}

/// An entry by reference and id.
#[derive(Debug, Serialize)]
struct Named {
    #[serde(rename = "ref")]
    name: String,
    id: String,
}

#[derive(Debug, Serialize)]
struct Revision {
    #[serde(rename = "ref")]
    name: String,
    id: String,
    author: Party,
    signers: Vec<Json>,
    terms: Option<Json>,
}

#[derive(Debug, Serialize)]
struct Item {
    key: String,
    label: Option<String>,
    stated: Vec<Stated>,
    agreed: Option<AgreedItem>,
    disputed: bool,
}

#[derive(Debug, Serialize)]
struct Stated {
    party: Party,
    entry: Named,
    value: Json,
}

#[derive(Debug, Serialize)]
struct AgreedItem {
    entry: Named,
    value: Json,
}

#[derive(Debug, Serialize)]
struct Matter {
    #[serde(rename = "ref")]
    name: String,
    state: &'static str,
    settled: bool,
    revision: Named,
    terms: Option<Json>,
    open_revisions: Vec<Revision>,
}

#[derive(Debug, Serialize)]
struct WaitingFor {
    seat: Json,
    label: String,
    party: Option<String>,
    own: bool,
    expected: &'static str,
    about: Option<Named>,
    since: i64,
}

#[derive(Debug, Serialize)]
struct DeliveryOut {
    party: Party,
    missing: usize,
    last_receipt: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Alarm {
    kind: &'static str,
    party: Party,
    device: String,
    position: u32,
    entries: Vec<String>,
}

pub(crate) fn show(case: &OpenCase) -> Show {
    let view = case.view();
    Show {
        schema: "counterpart/show/1",
        case: Case {
            id: case.id.to_hex(),
            short: case.short(),
            title: case.title.clone(),
            zone: case.zone().to_owned(),
            entries: view.entries,
            heads: view.heads.iter().map(EntryId::to_hex).collect(),
            state: view.state.as_str(),
        },
        parties: case
            .seats
            .iter()
            .map(|s| SeatOut {
                seat: seat(&s.seat),
                role: s.role.as_str(),
                label: s.label.open().map(str::to_owned),
                parties: s.parties.iter().map(PartyId::to_hex).collect(),
                joined: s.joined,
                own: s.parties.contains(&case.own),
                identity_checked: s.parties.contains(&case.own),
            })
            .collect(),
        actions: view.actions.iter().map(|a| action(case, a)).collect(),
        items: items(case),
        matters: view.matters.iter().map(|m| matter(case, m)).collect(),
        waiting_for: view
            .waiting
            .iter()
            .map(|w| WaitingFor {
                seat: seat(&w.seat),
                label: case.seat_label(&w.seat),
                party: w.party.as_ref().map(PartyId::to_hex),
                own: case.is_own_seat(&w.seat),
                expected: w.expected.as_str(),
                about: w.about.as_ref().map(|id| named(case, id)),
                since: w.since,
            })
            .collect(),
        delivery: case
            .record
            .delivery(&case.own)
            .into_iter()
            .map(|d| DeliveryOut { party: party(case, &d.party), missing: d.missing, last_receipt: d.last_receipt })
            .collect(),
        alarms: view
            .forks
            .iter()
            .map(|f| Alarm {
                kind: "two histories signed with one key",
                party: party(case, &f.party),
                device: f.device.to_hex(),
                position: f.seq,
                entries: f.branches.iter().map(EntryId::to_hex).collect(),
            })
            .collect(),
    }
}

fn action(case: &OpenCase, action: &counterpart_core::view::ActionView) -> Action {
    let terms = action.terms(&case.lens());
    let status = &action.status;
    let people = |refs: &[counterpart_core::act::PartyRef]| {
        refs.iter()
            .map(|p| json!({"seat": seat(&p.seat), "label": case.seat_label(&p.seat), "person": p.person.as_ref().map(text)}))
            .collect()
    };
    let entries = |list: &[Ix]| list.iter().map(|ix| named_ix(case, *ix)).collect::<Vec<_>>();
    let mut requests = entries(&status.release_requests);
    requests.extend(entries(&status.reopen_requests));
    Action {
        name: case.subject_name(&action.key),
        id: json!([action.id.proposal.to_hex(), action.id.index]),
        what: terms.and_then(|t| t.what.open()).map(str::to_owned),
        state: status.state.as_str(),
        overlays: action.overlays.clone(),
        settled: action.settled,
        due: terms.and_then(|t| t.due.as_ref()).map(|d| due(d, action.counted_from)),
        performers: terms.map(|t| people(&t.performers)).unwrap_or_default(),
        beneficiaries: terms.map(|t| people(&t.beneficiaries)).unwrap_or_default(),
        terms: terms.map(action_terms),
        grade: action.grade.as_str(),
        alleged: action.alleged,
        missed: entries(&status.missed),
        revision: named_ix(case, status.revision),
        declare: status.declare.map(|ix| named_ix(case, ix)),
        requests,
        open_revisions: open_revisions(case, &action.key, status),
    }
}

fn matter(case: &OpenCase, matter: &counterpart_core::view::MatterView) -> Matter {
    Matter {
        name: case.subject_name(&matter.key),
        state: matter.status.state.as_str(),
        settled: matter.settled,
        revision: named_ix(case, matter.status.revision),
        terms: case.lens().subject(matter.status.revision, &matter.key).map(subject),
        open_revisions: open_revisions(case, &matter.key, &matter.status),
    }
}

fn open_revisions(case: &OpenCase, key: &counterpart_core::fold::SubjectKey, status: &ActionStatus) -> Vec<Revision> {
    let one = |ix: &Ix| {
        let Named { name, id } = named_ix(case, *ix);
        let signers = case.record.fold().proposal(*ix).map(|p| p.signers.iter().map(seat).collect());
        Revision {
            name,
            id,
            author: party(case, &case.record.graph().statement(*ix).party),
            signers: signers.unwrap_or_default(),
            terms: case.lens().subject(*ix, key).map(subject),
        }
    };
    status.open.iter().map(one).collect()
}

fn items(case: &OpenCase) -> Vec<Item> {
    let one = |i: &counterpart_core::view::ItemView| Item {
        key: i.key.clone(),
        label: i.label.as_ref().and_then(Sealable::open).map(str::to_owned),
        stated: i
            .stated
            .iter()
            .map(|s| Stated {
                party: party(case, &s.party),
                entry: named(case, &s.entry),
                value: item_value::to_json(&render::open_value(case, &s.entry, &s.value)),
            })
            .collect(),
        agreed: i
            .agreed
            .as_ref()
            .map(|(id, value)| AgreedItem { entry: named(case, id), value: item_value::to_json(value) }),
        disputed: i.disputed,
    };
    case.view().items.iter().map(one).collect()
}

fn named(case: &OpenCase, id: &EntryId) -> Named {
    Named { name: case.entry_name(id), id: id.to_hex() }
}

fn named_ix(case: &OpenCase, ix: Ix) -> Named {
    named(case, &case.record.graph().id(ix))
}

fn seat(seat: &Seat) -> Json {
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

fn action_terms(terms: &ActionTerms) -> Json {
    let people = |refs: &[counterpart_core::act::PartyRef]| {
        refs.iter().map(|p| json!({"seat": seat(&p.seat), "person": p.person.as_ref().map(text)})).collect::<Vec<_>>()
    };
    let texts = |list: &[Sealable]| list.iter().map(text).collect::<Vec<_>>();
    let cancel = terms
        .cancel
        .iter()
        .map(|c| json!({"by": seat(&c.by), "text": text(&c.text), "until": c.until.as_ref().map(|d| due(d, None))}));
    json!({
        "what": text(&terms.what),
        "performers": people(&terms.performers),
        "beneficiaries": people(&terms.beneficiaries),
        "due": terms.due.as_ref().map(|d| due(d, None)),
        "value": terms.value.map(|m| json!({"amount": m.amount().to_string(), "currency": m.currency()})),
        "conditions": texts(&terms.conditions),
        "evidence": texts(&terms.evidence),
        "consequences": texts(&terms.consequences),
        "cancel": cancel.collect::<Vec<_>>(),
        "deemed": terms.deemed.map(|(count, unit)| json!({"count": count, "unit": unit.as_str()})),
        "items": terms.items.iter().map(EntryId::to_hex).collect::<Vec<_>>(),
    })
}

fn subject(subject: &Subject) -> Json {
    let mut json = match &subject.topic {
        Topic::Action { terms, .. } => action_terms(terms),
        Topic::Item { key, value } => json!({"key": key, "value": item_value::to_json(value)}),
        Topic::Terms { title, text: words, seats, .. } => {
            json!({"title": title, "text": text(words), "seats": seats.iter().map(seat).collect::<Vec<_>>()})
        }
        Topic::AdmitSeat { seat: s } => json!({"seat": seat(s)}),
        Topic::AdmitNew { role, label, party } => {
            json!({"role": role.as_str(), "label": text(label), "party": party.map(|p| p.to_hex())})
        }
        Topic::Close { summary, .. } => json!({"summary": summary.as_ref().map(text)}),
        Topic::Level { level } => json!({"level": level}),
    };
    let is = match &subject.topic {
        Topic::Action { .. } => "action",
        Topic::Item { .. } => "item",
        Topic::Terms { .. } => "terms",
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } => "admit",
        Topic::Close { .. } => "close",
        Topic::Level { .. } => "level",
    };
    json["is"] = json!(is);
    json["base"] = json!(subject.base.map(|b| b.to_hex()));
    json
}

/// `counterpart/signed/1`: what an acting command did.
pub(crate) fn signed(case: &OpenCase, entry: &EntryId) -> Json {
    json!({
        "schema": "counterpart/signed/1",
        "case": case.id.to_hex(),
        "entry": entry.to_hex(),
        "ref": case.entry_name(entry),
    })
}
