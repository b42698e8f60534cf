//! The list of what is to be done, for programs.

use counterpart_core::id::short_form;
use counterpart_node::{DueThing, Page, QueueRow};
use serde::Serialize;

/// `counterpart/queue/1`: a page of the list.
#[derive(Debug, Serialize)]
pub struct QueuePage {
    schema: &'static str,
    cases: Vec<QueuedCase>,
    /// Where the next page begins; nothing where this is the last.
    next: Option<String>,
    /// It was searched for words, and those of some cases are not noted yet: there may be more that fit. Try again later.
    words_missing: bool,
}

/// A case in it.
#[derive(Debug, Serialize)]
pub struct QueuedCase {
    id: String,
    short: String,
    title: String,
    state: String,
    whose_move: String,
    waiting_for_us: bool,
    since: i64,
    next_due: Option<i64>,
    /// What that is, as far as the case keeps it ready.
    due: Vec<DueThing>,
    overdue: bool,
    entries: u64,
    updated_at: i64,
    agent: Option<String>,
    assigned_at: Option<i64>,
    template: Option<String>,
}

/// A page; `now` in Unix milliseconds.
pub fn queue(page: Page<QueueRow>, now: i64) -> QueuePage {
    QueuePage {
        schema: "counterpart/queue/1",
        next: page.next.map(|cursor| cursor.to_string()),
        words_missing: page.words_missing,
        cases: page.rows.into_iter().map(|row| queued(row, now)).collect(),
    }
}

/// One case of it.
pub fn queued(row: QueueRow, now: i64) -> QueuedCase {
    let overdue = row.state != "closed" && row.next_due.is_some_and(|due| due < now);
    QueuedCase {
        id: row.case.to_hex(),
        short: short_form(&row.case.0),
        title: row.title,
        state: row.state,
        whose_move: row.whose_move,
        waiting_for_us: row.waiting_for_us,
        since: row.since,
        next_due: row.next_due,
        due: row.due,
        overdue,
        entries: row.entries,
        updated_at: row.updated_at,
        agent: row.agent,
        assigned_at: row.assigned_at,
        template: row.template,
    }
}
