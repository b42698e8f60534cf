//! What is to be done now, over all cases.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_node::now;

use super::{
    cases::{Line, Move},
    frame::Frame,
    page,
};
use crate::{
    app::aside,
    guard::{Problem, Visit},
};

/// How far ahead a due time is "soon": Unix milliseconds.
const SOON: i64 = 7 * 24 * 60 * 60 * 1000;

/// How many of a kind are shown before the rest is left to the list of cases.
const SHOWN: usize = 20;

/// Cases of which the same is to be said.
#[derive(Debug)]
struct Group {
    key: &'static str,
    title: &'static str,
    lines: Vec<Line>,
    /// How many more there are.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    person: Option<String>,
    /// The recovery sheet that still lies in the home.
    sheet: Option<String>,
    empty: bool,
    groups: Vec<Group>,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = Arc::clone(&visit.app);
    let read = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        let sheet = desk.sheet_here().ok().map(|(path, _)| path.display().to_string());
        Ok::<_, Problem>(Some((desk.summaries()?, sheet, desk.own_name()?)))
    });
    let Some((summaries, sheet, person)) = read.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    let now = now();
    let empty = summaries.is_empty();
    let (mut yours, mut late, mut soon, mut theirs) = (vec![], vec![], vec![], vec![]);
    for summary in summaries {
        let due = summary.next_due;
        let line = Line::of(visit.language, &summary, now);
        match (line.whose, due) {
            (Move::Yours, _) => yours.push((due, line)),
            (_, Some(at)) if at < now => late.push((due, line)),
            (_, Some(at)) if at < now + SOON => soon.push((due, line)),
            (Move::Theirs, _) => theirs.push((due, line)),
            (Move::Nobody, _) => {}
        }
    }
    let group = |key, title: &str, mut found: Vec<(Option<i64>, Line)>| {
        // The nearest first; what has no time last, and else as it was touched last.
        found.sort_by_key(|(due, _)| due.unwrap_or(i64::MAX));
        let rest = found.len().saturating_sub(SHOWN) as u64;
        let more = (rest > 0).then(|| visit.language.count("today.more", rest));
        let lines = found.into_iter().take(SHOWN).map(|(_, line)| line).collect();
        Group { key, title: visit.language.say(title), lines, more }
    };
    let groups = [
        group("yours", "today.yours", yours),
        group("late", "today.late", late),
        group("soon", "today.soon", soon),
        group("theirs", "today.theirs", theirs),
    ];
    let groups = groups.into_iter().filter(|g| !g.lines.is_empty()).collect();
    page(&TodayPage { frame: Frame::of(&visit, "/"), person, sheet, empty, groups })
}
