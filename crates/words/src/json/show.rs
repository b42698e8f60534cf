//! A case as it stands, for programs.

use counterpart_core::{
    act::{Mode, PartyRef},
    fold::{ActionStatus, Arrival, DisputeStatus, InForce, Position, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId},
    value::Sealable,
    view::{ActionView, Ending, ItemView, MatterView},
};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{
    Named, Party, answers, attachment, due, explain, named, named_ix, party, seat,
    terms::{action_terms, changes_of, subject},
    text,
};
use crate::{case::OpenCase, item_value, render, stamped::Proof};

/// `counterpart/show/1`.
#[derive(Debug, Serialize)]
pub struct Show {
    schema: &'static str,
    case: Case,
    parties: Vec<SeatOut>,
    actions: Vec<Action>,
    items: Vec<Item>,
    matters: Vec<Matter>,
    attachments: Vec<Json>,
    /// Disputes about entries that are part of no agreement, not over yet.
    disputes: Vec<Named>,
    waiting_for: Vec<WaitingFor>,
    ledger: Vec<Json>,
    delivery: Vec<DeliveryOut>,
    checkpoint: Option<Json>,
    alarms: Vec<Alarm>,
    /// The service clocks, where some are agreed.
    #[serde(skip_serializing_if = "Json::is_null")]
    clocks: Json,
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
    /// No other party holds its terms but by a mailbox.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    at_mailbox: bool,
    /// The time stamp that proves best when these terms, and if agreed all signatures, were there.
    time_proven: Option<Json>,
    alleged: bool,
    missed: Vec<Named>,
    revision: Named,
    declare: Option<Named>,
    requests: Vec<Named>,
    /// Agreements that crossed: each with what it changes, what stays until then, and who chooses.
    crossed: Option<Json>,
    stop: Option<Named>,
    disputes: Vec<Json>,
    decision: Option<Named>,
    /// Accepts whose arrival in time is not proven, or was late.
    undated: Vec<Json>,
    /// Revisions that only contested signatures keep from being agreed.
    contested: Vec<Named>,
    /// What the revision changed of the one before.
    changes: Vec<Json>,
    open_revisions: Vec<Revision>,
}

#[derive(Debug, Serialize)]
struct Revision {
    #[serde(rename = "ref")]
    name: String,
    id: String,
    author: Party,
    signers: Vec<Json>,
    mode: &'static str,
    open_until: Option<Json>,
    terms: Option<Json>,
    /// What it changes of what is agreed, else of what it answers: part, from, term, old, new.
    changes: Vec<Json>,
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
    /// What the others say of it: entry, party, says (`acknowledged` or `contested`), text.
    answers: Vec<Json>,
}

#[derive(Debug, Serialize)]
struct AgreedItem {
    entry: Named,
    value: Json,
    /// As of a stated one.
    answers: Vec<Json>,
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
    at_mailbox: usize,
    last_receipt: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Alarm {
    kind: &'static str,
    party: Party,
    /// Nothing for a key log, which is no single device's.
    device: Option<String>,
    /// In the key's own line of entries, or in the key log; nothing for a device whose rights ended.
    position: Option<u32>,
    entries: Vec<String>,
    /// When the rights of the device ended, by the clock of whoever ended them.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

pub fn show(case: &OpenCase) -> Show {
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
        attachments: render::files(case, &[]).iter().map(|f| attachment(case, f)).collect(),
        disputes: render::other_disputes(case).into_iter().map(|ix| named_ix(case, ix)).collect(),
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
        ledger: explain::ledgers(case),
        clocks: crate::clocks::as_json(case),
        checkpoint: case.record.checkpoint().map(|c| explain::checkpoint(case, &c)),
        delivery: case
            .record
            .delivery(&case.own)
            .into_iter()
            .map(|d| DeliveryOut {
                party: party(case, &d.party),
                missing: d.missing,
                at_mailbox: d.at_mailbox,
                last_receipt: d.last_receipt,
            })
            .collect(),
        alarms: view
            .forks
            .iter()
            .map(|f| Alarm {
                kind: "two histories signed with one key",
                party: party(case, &f.party),
                device: Some(f.device.to_hex()),
                position: Some(f.seq),
                entries: f.branches.iter().map(EntryId::to_hex).collect(),
                at: None,
            })
            .chain(case.lens().disputed_identities().into_iter().map(|(of, dispute)| Alarm {
                kind: if dispute.for_good { "two new main keys" } else { "two branches in one key log" },
                party: party(case, &of),
                device: None,
                position: Some(dispute.position),
                entries: Vec::new(),
                at: None,
            }))
            .chain(case.record.ended_devices().iter().filter(|d| d.how.is_warning()).map(|d| Alarm {
                kind: match d.how {
                    Ending::TakenBack => "a device taken back by a new main key",
                    Ending::Revoked(_) => "a device whose key is compromised",
                },
                party: party(case, &d.party),
                device: Some(d.device.to_hex()),
                position: None,
                entries: d.signed.iter().map(|ix| case.record.graph().id(*ix).to_hex()).collect(),
                at: Some(d.at),
            }))
            .collect(),
    }
}

fn action(case: &OpenCase, action: &ActionView) -> Action {
    let terms = action.terms(&case.lens());
    let status = &action.status;
    let people = |refs: &[PartyRef]| {
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
        at_mailbox: action.at_mailbox,
        time_proven: case.stamps.over_revision(case, status.revision).map(Proof::as_json),
        alleged: action.alleged,
        missed: entries(&status.missed),
        revision: named_ix(case, status.revision),
        declare: status.declare.map(|ix| named_ix(case, ix)),
        requests,
        crossed: crossed(case, &action.key, status),
        stop: status.stop.map(|ix| named_ix(case, ix)),
        disputes: disputes(case, status),
        decision: status.decision.map(|ix| named_ix(case, ix)),
        undated: undated(case, status),
        contested: entries(&status.contested),
        changes: changes_of(case, status.revision, Some(&action.key)),
        open_revisions: open_revisions(case, &action.key, status),
    }
}

fn matter(case: &OpenCase, matter: &MatterView) -> Matter {
    Matter {
        name: case.subject_name(&matter.key),
        state: matter.status.state.as_str(),
        settled: matter.settled,
        revision: named_ix(case, matter.status.revision),
        terms: case.lens().subject(matter.status.revision, &matter.key).map(subject),
        open_revisions: open_revisions(case, &matter.key, &matter.status),
    }
}

fn open_revisions(case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> Vec<Revision> {
    let one = |ix: &Ix| {
        let Named { name, id } = named_ix(case, *ix);
        let proposal = case.record.fold().proposal(*ix);
        let signers = proposal.map(|p| p.signers.iter().map(seat).collect());
        Revision {
            mode: if proposal.is_some_and(|p| p.mode == Mode::Confirm) { "confirm" } else { "firm" },
            open_until: proposal.and_then(|p| p.open_until.as_ref()).map(|d| due(d, None)),
            changes: changes_of(case, *ix, Some(key)),
            name,
            id,
            author: party(case, &case.record.graph().statement(*ix).party),
            signers: signers.unwrap_or_default(),
            terms: case.lens().subject(*ix, key).map(subject),
        }
    };
    status.open.iter().map(one).collect()
}

fn crossed(case: &OpenCase, key: &SubjectKey, status: &ActionStatus) -> Option<Json> {
    let InForce::Crossed { rivals, stays } = &status.in_force else { return None };
    let rival = |rival: &Position| {
        let ends = matches!(rival, Position::End(_));
        let changes = if ends { Vec::new() } else { changes_of(case, rival.revision(), Some(key)) };
        json!({"entry": named(case, &case.lens().name(*rival, key)), "ends": ends, "changes": changes})
    };
    Some(json!({
        "rivals": rivals.iter().map(rival).collect::<Vec<_>>(),
        "stays": stays.as_ref().map(|(position, _)| named_ix(case, position.revision())),
        "chooser": case.lens().chooser(key).map(|chooser| party(case, &chooser)),
    }))
}

/// Disputes, and where they ended.
fn disputes(case: &OpenCase, status: &ActionStatus) -> Vec<Json> {
    let entry = |ix: Ix| json!(named_ix(case, ix));
    let one = |d: &DisputeStatus| json!({"dispute": entry(d.dispute), "ended_by": d.ended_by.map(entry)});
    status.disputes.iter().map(one).collect()
}

/// Accepts of open offers that do not count, or not yet.
fn undated(case: &OpenCase, status: &ActionStatus) -> Vec<Json> {
    let one = |(accept, arrival): &(Ix, Arrival)| {
        let arrival = match arrival {
            Arrival::InTime => "in time",
            Arrival::Late => "late",
            Arrival::Unproven => "unproven",
        };
        json!({"accept": named_ix(case, *accept), "arrival": arrival})
    };
    status.undated.iter().map(one).collect()
}

fn items(case: &OpenCase) -> Vec<Item> {
    let one = |i: &ItemView| Item {
        key: i.key.clone(),
        label: i.label.as_ref().and_then(Sealable::open).map(str::to_owned),
        stated: i
            .stated
            .iter()
            .map(|s| Stated {
                party: party(case, &s.party),
                entry: named(case, &s.entry),
                value: item_value::to_json(&render::open_value(case, &s.entry, &s.value)),
                answers: answers(case, &s.entry),
            })
            .collect(),
        agreed: i.agreed.as_ref().map(|(id, value)| AgreedItem {
            entry: named(case, id),
            value: item_value::to_json(value),
            answers: answers(case, id),
        }),
        disputed: i.disputed,
    };
    case.view().items.iter().map(one).collect()
}
