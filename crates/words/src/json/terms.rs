//! Terms of revisions, and what they change, for programs.

use counterpart_core::{
    act::{ActionTerms, PartyRef, Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    id::EntryId,
    value::Sealable,
};
use serde_json::{Value as Json, json};

use super::{due, seat, text};
use crate::{
    case::OpenCase,
    item_value,
    render::{self, Speech},
};

/// What an entry changes, where it is a revision; what it leaves out is a part that is there no more, by its place in the
/// earlier one.
pub(super) fn changes(case: &OpenCase, id: &EntryId) -> Vec<Json> {
    let Some(ix) = case.record.graph().find(id) else { return Vec::new() };
    let mut changes = changes_of(case, ix, None);
    changes.extend(render::parts_left_out(case, ix).into_iter().map(|left| {
        let old = case.lens().subject(left.of, &left.key).map(subject);
        let from = case.record.graph().id(left.of).to_hex();
        json!({"term": "part", "old": old, "new": null, "part": u64::from(left.part) + 1, "from": from})
    }));
    changes
}

/// What a revision changes on one of its subjects, or on all.
pub(super) fn changes_of(case: &OpenCase, revision: Ix, only: Option<&SubjectKey>) -> Vec<Json> {
    let speech = Speech::of_case(case);
    let keys = case.record.fold().subject_keys(revision).iter().enumerate();
    let of_subject = |(part, key): (usize, &SubjectKey)| {
        let difference = render::difference(&speech, key, revision);
        let from = difference.as_ref().map(|d| d.from.to_hex());
        let changes = difference.map(|d| d.json().to_vec()).unwrap_or_default();
        changes.into_iter().map(move |mut change| {
            change["part"] = json!(part + 1);
            change["from"] = json!(from);
            change
        })
    };
    keys.filter(|(_, key)| only.is_none_or(|only| only == *key)).flat_map(of_subject).collect()
}

/// An action's terms.
pub(super) fn action_terms(terms: &ActionTerms) -> Json {
    let people = |refs: &[PartyRef]| {
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

/// A subject of a revision.
pub fn subject(subject: &Subject) -> Json {
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
