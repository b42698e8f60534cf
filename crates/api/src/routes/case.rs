//! One case, read.

use std::collections::BTreeSet;

use counterpart_core::{graph::Ix, id::EntryId};
use counterpart_words::{
    case::OpenCase,
    json,
    render::{self, Speech},
    summary::one_page,
};
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked},
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, EntrySaid, Listed, RecordSaid, ShownSaid, Summary},
    table::{Operation, of},
};

/// What a place in the record is a place in.
const RECORD: &str = "record";

/// The same of the parts of a case that come by pages.
const ACTIONS: &str = "actions";
const PROPOSALS: &str = "proposals";
const ITEM: &str = "item";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}", "show_case", "A case as it stands: what is agreed, open and due, and for whom it waits")
        .answers(of::<ShownSaid>)
        .does_in_case(show),
    Operation::get("/cases/{case}/record", "read_record", "Everything that was signed, with its exact text")
        .about(
            "A page at a time, in the order in which it came here: entries only ever come, so a reader that goes on from \
             `next` gets each of them exactly once. A place behind the last entry that is here is refused (`beyond`). The `ref` of an entry is its place in the order that all copies agree on.",
        )
        .query(of::<Page>)
        .answers(of::<RecordSaid>)
        .does_in_case(record),
    Operation::get("/cases/{case}/record/{entry}", "read_entry", "One entry, with its exact text")
        .answers(of::<EntrySaid>)
        .does_in_case(entry),
    Operation::get("/cases/{case}/actions", "list_actions", "What somebody is to do, and how it stands")
        .query(of::<Page>)
        .answers(of::<Listed>)
        .does_in_case(actions),
    Operation::get("/cases/{case}/proposals", "list_proposals", "What was proposed and not answered by all")
        .query(of::<Page>)
        .answers(of::<Listed>)
        .does_in_case(proposals),
    Operation::get("/cases/{case}/people", "list_people", "Who is responsible on each side, and how to reach them")
        .answers(of::<AsCommand>)
        .does_in_case(people),
    Operation::get("/cases/{case}/next", "list_moves", "What each side can do now, and what follows from doing nothing")
        .answers(of::<AsCommand>)
        .does_in_case(next),
    Operation::get("/cases/{case}/ledger", "read_ledger", "What each side promised, and what became of it")
        .answers(of::<AsCommand>)
        .does_in_case(ledger),
    Operation::get("/cases/{case}/items/{key}", "read_item", "Every version of a fact, as they came here")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does_in_case(item),
    Operation::get("/cases/{case}/summary", "read_summary", "One page for whoever takes the case over")
        .answers(of::<Summary>)
        .does_in_case(summary),
];

fn show(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let Answer::Json(Json::Object(mut shown)) = Answer::of(&json::show(&case))? else {
        return Err(Problem::new(Kind::Failed, "the case could not be written"));
    };
    shown.insert("put_to_you".to_owned(), json!(json::put_to_you(&case)));
    shown.insert("put_to_you_in_all".to_owned(), json!(render::count_put_to_us(&case)));
    Ok(Answer::Json(Json::Object(shown)))
}

/// Entries as the log has them, each with its exact text.
fn told(case: &OpenCase, entries: &[Ix]) -> Result<Vec<Json>, Problem> {
    let failed = || Problem::new(Kind::Failed, "the record could not be written");
    let lines = render::log_lines_of(case, entries);
    // As they are asked for, whatever order the lines have.
    let Answer::Json(log) = Answer::of(&json::log(case, lines))? else { return Err(failed()) };
    let speech = Speech::of_case(case);
    let logged = log.get("entries").and_then(Json::as_array).ok_or_else(failed)?;
    let one = |ix: &Ix| {
        let id = case.record.graph().id(*ix).to_hex();
        let found = logged.iter().find(|entry| entry.get("id").is_some_and(|known| *known == id))?;
        let mut entry = found.as_object().cloned().unwrap_or_default();
        let who = case.party_label(&case.record.graph().statement(*ix).party);
        // With what is kept beside the record and was not erased, as people read it.
        let act = case.record.laid_open(*ix);
        entry.insert("exact".to_owned(), json!(render::in_full(&speech, &who, &act)));
        Some(Json::Object(entry))
    };
    entries.iter().map(|ix| one(ix).ok_or_else(failed)).collect()
}

fn record(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let (limit, after) = (page.limit()?, page.after::<usize>(RECORD)?.unwrap_or(0));
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let graph = case.record.graph();
    let from = paging::entry(after, graph.len())?;
    // A surplus branch of a feed that was signed twice too often counts for nothing, and is no part of the record.
    let to = from.saturating_add(limit).min(graph.len());
    let entries: Vec<Ix> = (from..to).filter_map(|n| graph.nth(n)).filter(|ix| graph.counts(*ix)).collect();
    Ok(Answer::Json(json!({
        "schema": "counterpart/record/1",
        "case": case.id.to_hex(),
        "entries": told(&case, &entries)?,
        "next": paging::write(RECORD, &to),
        "more": to < graph.len(),
    })))
}

fn entry(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let typed = asked.part("entry");
    let absent = || Problem::new(Kind::NotFound, "there is no such entry in this case");
    let by_id = EntryId::from_hex(typed).and_then(|id| case.record.graph().find(&id));
    let found = match by_id {
        Some(ix) => ix,
        None => case.entry(typed).map_err(|_unknown| absent())?.ix,
    };
    Ok(Answer::Json(told(&case, &[found])?.pop().ok_or_else(absent)?))
}

/// A part of what `show` has.
fn part(case: &OpenCase, name: &str) -> Result<Vec<Json>, Problem> {
    let Answer::Json(mut shown) = Answer::of(&json::show(case))? else { return Ok(Vec::new()) };
    let part = shown.get_mut(name).map(Json::take);
    Ok(part.and_then(|part| if let Json::Array(rows) = part { Some(rows) } else { None }).unwrap_or_default())
}

/// When the entry came here that a row is of, by its id as it is written there.
pub(super) fn came(case: &OpenCase, id: Option<&str>) -> usize {
    let found = id.and_then(EntryId::from_hex).and_then(|id| case.record.graph().find(&id));
    found.map_or(usize::MAX, Ix::at)
}

fn listed(case: &OpenCase, schema: &str, (rows, next): (Vec<Json>, Option<String>)) -> Answer {
    Answer::Json(json!({"schema": schema, "case": case.id.to_hex(), "rows": rows, "next": next}))
}

fn actions(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    // An action is called by the proposal that began it, and its place there.
    let begun_by = |row: &Json| came(&case, row["id"][0].as_str());
    let rows = part(&case, "actions")?.into_iter().map(|row| (begun_by(&row), row)).collect();
    Ok(listed(&case, "counterpart/actions/1", paging::as_they_came(ACTIONS, &page, rows)?))
}

fn proposals(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    // A bundle stands at each of its parts.
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<(usize, Json)> = Vec::new();
    for of in ["actions", "matters"] {
        for of_whom in part(&case, of)? {
            let revisions = of_whom.get("open_revisions").and_then(Json::as_array);
            for revision in revisions.into_iter().flatten().filter_map(Json::as_object) {
                let id = revision.get("id").and_then(Json::as_str).unwrap_or_default();
                if known.insert(id.to_owned()) {
                    let mut revision = revision.clone();
                    revision.insert("of".to_owned(), of_whom.get("ref").cloned().unwrap_or_default());
                    open.push((came(&case, Some(id)), Json::Object(revision)));
                }
            }
        }
    }
    Ok(listed(&case, "counterpart/proposals/1", paging::as_they_came(PROPOSALS, &page, open)?))
}

fn people(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let (people, checks) = (case.record.people(case.view()), desk.checks()?);
    Ok(Answer::Json(json::people(&case, &people, &checks)))
}

fn next(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    Ok(Answer::Json(json::next(&case, &render::outlook(&case, None))))
}

fn ledger(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    Ok(Answer::Json(json::ledger(&case)))
}

fn item(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let key = asked.part("key").trim();
    let absent = |_unknown| Problem::new(Kind::NotFound, "nobody stated or proposed a fact of that name in this case");
    let history = render::item_history(&case, key).map_err(absent)?;
    let versions = history.into_iter().map(|one| (came(&case, Some(&one.id.to_hex())), one)).collect();
    let (versions, next) = paging::as_they_came(ITEM, &page, versions)?;
    let mut told = json::item_history(&case, key, &versions);
    told["next"] = json!(next);
    Ok(Answer::Json(told))
}

fn summary(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let assigned = desk.assigned(&case.id)?;
    Answer::of(&Summary {
        schema: "counterpart/summary/1".to_owned(),
        case: case.id.to_hex(),
        summary: one_page(&case),
        agent: assigned.map(|assigned| assigned.agent),
    })
}
