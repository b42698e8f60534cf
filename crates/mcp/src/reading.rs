//! Reading cases.

use counterpart_core::{graph::Ix, id::short_form};
use counterpart_node::{BadCursor, Cursor, Desk, Page, Queue, QueueRow};
use counterpart_words::{
    case::OpenCase,
    error::{CommandError, Done},
    json,
    render::{self, Speech},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::told::{NOTICE, Room};

/// Most that is told at once.
const MOST: u32 = 50;
/// What is told where nothing is said.
const USUAL: u32 = 20;

/// What `list_cases` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListArgs {
    /// Only those where it is our move.
    #[serde(default)]
    waiting_for_us: bool,
    /// Only those where something was due and is not done, or where a service clock ran out.
    #[serde(default)]
    overdue: bool,
    /// Only those that this one of us has, by name.
    #[serde(default)]
    agent: Option<String>,
    /// Goes on where the page before ended: its `next`.
    #[serde(default)]
    after: Option<String>,
    /// How many cases at most, up to 50.
    #[serde(default)]
    limit: Option<u32>,
}

/// What `search` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchArgs {
    /// The words, all of which are to stand in the case.
    text: String,
    /// Goes on where the page before ended: its `next`.
    #[serde(default)]
    after: Option<String>,
    /// How many cases at most, up to 50.
    #[serde(default)]
    limit: Option<u32>,
}

/// What `show_case` and `summary` take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaseArgs {
    /// The case: its short form such as K7F2-Q9XA-3, or its id.
    case: String,
}

/// What `record` takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordArgs {
    /// The case: its short form such as K7F2-Q9XA-3, or its id.
    case: String,
    /// Goes on behind so many entries: `next` of the page before.
    #[serde(default)]
    after: usize,
    /// How many entries at most, up to 50.
    #[serde(default)]
    limit: Option<u32>,
    /// Only this entry, whole: its number, such as "7".
    #[serde(default)]
    entry: Option<String>,
}

fn limit(asked: Option<u32>) -> Done<u32> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(CommandError::usage(format!("a page has 1 to {MOST}"))),
    }
}

fn place(after: Option<&str>) -> Done<Option<Cursor>> {
    let parsed = after.map(str::parse).transpose();
    parsed.map_err(|why: BadCursor| CommandError::usage(why.to_string()))
}

fn listed(page: Page<QueueRow>) -> Json {
    let mut room = Room::new();
    let one = |row: QueueRow| {
        room.mark(json!({
            "case": row.case.to_hex(),
            "short": short_form(&row.case.0),
            "title": row.title,
            "state": row.state,
            "whose_move": row.whose_move,
            "waiting_for_us": row.waiting_for_us,
            "since": row.since,
            // What is due next, or the service clock that runs out before it.
            "next_due": row.next_due,
            "agent": row.agent,
            "entries": row.entries,
        }))
    };
    let cases: Vec<Json> = page.rows.into_iter().map(one).collect();
    json!({
        "notice": NOTICE,
        "times_are": "milliseconds since 1970-01-01T00:00:00Z",
        "cases": cases,
        "next": page.next.map(|cursor| cursor.to_string()),
        // The words of some cases are yet to be noted after an update: there may be more that fit.
        "words_missing": page.words_missing,
    })
}

pub(crate) fn list_cases(desk: &Desk, given: &ListArgs) -> Done<Json> {
    let queue = Queue {
        waiting_for_us: given.waiting_for_us.then_some(true),
        overdue: given.overdue.then_some(true),
        agent: given.agent.clone(),
        ..Queue::default()
    };
    Ok(listed(desk.queue(&queue, place(given.after.as_deref())?, limit(given.limit)? as usize)?))
}

pub(crate) fn search(desk: &Desk, given: &SearchArgs) -> Done<Json> {
    Ok(listed(desk.search(&given.text, place(given.after.as_deref())?, limit(given.limit)? as usize)?))
}

pub(crate) fn show_case(desk: &Desk, given: &CaseArgs) -> Done<Json> {
    let case = OpenCase::open_with_stamps(desk, &given.case)?;
    let shown = serde_json::to_value(json::show(&case)).map_err(|why| CommandError::failed(why.to_string()))?;
    Ok(json!({"notice": NOTICE, "shown": Room::new().mark(shown)}))
}

pub(crate) fn summary(desk: &Desk, given: &CaseArgs) -> Done<Json> {
    let case = OpenCase::open(desk, &given.case)?;
    let page = counterpart_words::summary::one_page(&case);
    Ok(json!({"notice": NOTICE, "case": case.id.to_hex(), "page": Room::new().whole(&page)}))
}

pub(crate) fn record(desk: &Desk, given: &RecordArgs) -> Done<Json> {
    let case = OpenCase::open_with_stamps(desk, &given.case)?;
    let mut room = Room::new();
    let graph = case.record.graph();
    let told = |entries: &[Ix], room: &mut Room| {
        let log = json::log(&case, render::log_lines_of(&case, entries));
        let log = serde_json::to_value(log).map_err(|why| CommandError::failed(why.to_string()))?;
        Ok::<_, CommandError>(room.mark(log)["entries"].take())
    };
    if let Some(typed) = &given.entry {
        let ix = case.entry(typed)?.ix;
        let who = case.party_label(&graph.statement(ix).party);
        let whole = render::in_full(&Speech::of_case(&case), &who, &case.record.laid_open(ix));
        let entries = told(&[ix], &mut room)?;
        return Ok(json!({"notice": NOTICE, "entries": entries, "whole": room.whole(&whole)}));
    }
    let limit = limit(given.limit)? as usize;
    // By arrival: in the order that all copies agree on, what comes in later may stand before what was read already.
    let from = given.after.min(graph.len());
    let next = from.saturating_add(limit).min(graph.len());
    // A surplus branch of a feed that was signed twice too often is no part of the record.
    let page: Vec<Ix> = (from..next).filter_map(|n| graph.nth(n)).filter(|ix| graph.counts(*ix)).collect();
    let entries = told(&page, &mut room)?;
    Ok(json!({
        "notice": NOTICE,
        "case": case.id.to_hex(),
        "entries": entries,
        "of": graph.all().filter(|ix| graph.counts(*ix)).count(),
        "next": (next < graph.len()).then_some(next),
    }))
}
