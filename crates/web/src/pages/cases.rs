//! All cases, latest first, a hundred to a page.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::Query,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::id::short_form;
use counterpart_node::now;
use counterpart_store::CaseSummary;
use counterpart_words::today::{Whose, whose};
use serde_json::Value;

use super::{frame::Frame, page};
use crate::{
    app::aside,
    guard::{Problem, Visit},
    language::Language,
    text::Markup,
    time::Moment,
};

/// Cases on one page.
const PAGE: usize = 100;

/// Who has to do something next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    Yours,
    Theirs,
    Nobody,
}

/// A case as it stands in a list.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) page: String,
    pub(crate) short: String,
    pub(crate) title: String,
    pub(crate) state: String,
    pub(crate) whose: Move,
    /// What is waited for; empty where nothing is.
    pub(crate) what: Markup,
    pub(crate) due: Option<Moment>,
    pub(crate) late: bool,
    pub(crate) entries: String,
    pub(crate) changed: Moment,
}

impl Line {
    pub(crate) fn of(language: &'static Language, summary: &CaseSummary, now: i64) -> Self {
        let what = |key: &str, what: &str| language.markup(key, &[("what", Markup::default().peer(what))]);
        let (whose, what) = match whose(&summary.whose_move) {
            Whose::Yours(asked) => (Move::Yours, what("case.yours", &asked.of_you())),
            Whose::Theirs(asked) => (Move::Theirs, what("case.theirs", &asked.of_them())),
            Whose::Nobody => (Move::Nobody, Markup::default().say(language.say("case.nobody"))),
        };
        Self {
            page: format!("/case/{}", summary.case.to_hex()),
            short: short_form(&summary.case.0),
            title: summary.title.clone(),
            state: summary.state.clone(),
            whose,
            what,
            due: summary.next_due.map(Moment),
            late: summary.next_due.is_some_and(|due| due < now),
            entries: language.count("case.entries", summary.entries),
            changed: Moment(summary.updated_at),
        }
    }

    /// The word and the sign that say whose move it is, beside the colour.
    pub(crate) fn tone(&self) -> &'static str {
        match self.whose {
            Move::Yours => "yours",
            Move::Theirs => "theirs",
            Move::Nobody => "quiet",
        }
    }
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    frame: Frame,
    lines: Vec<Line>,
    total: u64,
    counted: String,
    /// The page before and after this one.
    before: Option<usize>,
    after: Option<usize>,
    place: String,
}

pub(super) async fn show(visit: Visit, Query(asked): Query<Value>) -> Result<Response, Problem> {
    let asked = asked.get("page").and_then(Value::as_str).map_or(Some(1), |text| text.parse::<usize>().ok());
    let app = Arc::clone(&visit.app);
    let read = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        Ok::<_, Problem>(Some(desk.summaries()?))
    });
    let Some(summaries) = read.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    let pages = summaries.len().div_ceil(PAGE).max(1);
    let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
    let number = asked.filter(|n| (1..=pages).contains(n)).ok_or_else(absent)?;
    let (language, now) = (visit.language, now());
    let shown = summaries.iter().skip((number - 1) * PAGE).take(PAGE);
    let with = [("page", &*number.to_string()), ("pages", &*pages.to_string())];
    page(&CasesPage {
        frame: Frame::of(&visit, "/cases"),
        lines: shown.map(|summary| Line::of(language, summary, now)).collect(),
        total: summaries.len() as u64,
        counted: language.count("cases.count", summaries.len() as u64),
        before: (number > 1).then(|| number - 1),
        after: (number < pages).then(|| number + 1),
        place: language.fill("cases.place", &with),
    })
}
