//! The promise ledger over all cases: what the other sides and their people promised and kept; as a table to take away, and
//! what is due as a calendar.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::id::CaseId;
use counterpart_node::Desk;
use counterpart_process::tally::{Counts, OtherSide, csv};
use counterpart_words::{
    calendars,
    tally::{self, chosen},
};

use super::{
    Frame,
    chart::{Bar, Chart, class},
    page,
};
use crate::{
    app::aside,
    download::attachment,
    guard::{Problem, Visit},
    language::Language,
};

/// Other sides on a page.
const PAGE: usize = 20;

/// People of one of them on a page; the table to take away has all.
const PEOPLE: usize = 50;

/// What is counted of somebody, in words.
#[derive(Debug)]
struct Told {
    name: String,
    promises: String,
    took: String,
}

/// One of them as it is shown.
#[derive(Debug)]
struct Shown {
    name: String,
    cases: String,
    chart: Chart,
    took: String,
    people: Vec<Told>,
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "promises.html")]
struct PromisesPage {
    frame: Frame,
    /// What is looked for.
    with: String,
    shown: Vec<Shown>,
    /// Whether there is anybody at all.
    any: bool,
    place: Option<String>,
    before: Option<usize>,
    after: Option<usize>,
}

/// `GET /promises`
pub(crate) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&visit.app);
    let made = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        let all = others(&desk)?;
        let any = !all.is_empty();
        let with = visit.query.text("with").to_owned();
        let found = chosen(all, &with);
        let pages = found.len().div_ceil(PAGE).max(1);
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let asked = visit.query.some("page").map_or(Some(1), |text| text.parse::<usize>().ok());
        let number = asked.filter(|n| (1..=pages).contains(n)).ok_or_else(absent)?;
        let most = found.iter().map(|s| most(&s.counts)).max().unwrap_or(0);
        let here = found.into_iter().enumerate().skip((number - 1) * PAGE).take(PAGE);
        let language = visit.language;
        let with_pages = [("n", &*number.to_string()), ("pages", &*pages.to_string())];
        Ok::<_, Problem>(Some(PromisesPage {
            frame: Frame::of(&visit, "/promises"),
            with,
            shown: here.map(|(n, other)| shown(language, n, other, most)).collect(),
            any,
            place: (pages > 1).then(|| language.fill("picture.place", &with_pages)),
            before: (number > 1).then(|| number - 1),
            after: (number < pages).then(|| number + 1),
        }))
    });
    let Some(template) = made.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    page(&template)
}

/// `GET /promises.csv`: all of it, or of those looked for, as the command writes it.
pub(crate) async fn table(visit: Visit) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&visit.app);
    let made = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        let failed = |_why| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed");
        let bytes = csv(&chosen(others(&desk)?, visit.query.text("with"))).map_err(failed)?;
        Ok::<_, Problem>(Some(bytes))
    });
    let Some(bytes) = made.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    Ok((attachment("text/csv; charset=utf-8", "promises.csv")?, bytes).into_response())
}

/// `GET /calendar.ics`: what is due, of all cases or with `case` of one.
pub(crate) async fn calendar(visit: Visit) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&visit.app);
    let made = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        let only = match visit.query.some("case") {
            None => None,
            Some(typed) => {
                let case =
                    CaseId::from_hex(typed).filter(|case| desk.summary(case).is_ok_and(|summary| summary.is_some()));
                Some(case.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "case"))?)
            }
        };
        let (text, _) = calendars::make(&desk, only.as_ref())?;
        Ok::<_, Problem>(Some(text))
    });
    let Some(text) = made.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    Ok((attachment("text/calendar; charset=utf-8", "due.ics")?, text).into_response())
}

fn others(desk: &Desk) -> Result<Vec<OtherSide>, Problem> {
    Ok(tally::others(desk)?.0)
}

/// The words of the ledger with their counts, in its order.
fn counts(counts: &Counts) -> [(&'static str, usize); 6] {
    [
        ("kept", counts.kept),
        ("late", counts.late),
        ("missed", counts.missed),
        ("open", counts.open),
        ("said", counts.said),
        ("said_missed", counts.said_missed),
    ]
}

fn most(of: &Counts) -> usize {
    counts(of).into_iter().map(|(_, count)| count).max().unwrap_or(0)
}

fn word(language: &'static Language, word: &str) -> &'static str {
    language.say(&format!("promises.word.{word}"))
}

fn shown(language: &'static Language, n: usize, other: OtherSide, most: usize) -> Shown {
    let bar = |(key, count): (&str, usize)| Bar {
        word: word(language, key).to_owned(),
        count,
        class: class(if key == "said_missed" { "said" } else { key }),
    };
    let people = other.people.len();
    let told = |agent: counterpart_process::tally::Agent| {
        let each = counts(&agent.counts).into_iter().filter(|(_, count)| *count > 0);
        let promises: Vec<String> = each.map(|(key, count)| format!("{count} {}", word(language, key))).collect();
        Told { name: agent.name, promises: promises.join(", "), took: took(language, &agent.counts) }
    };
    Shown {
        cases: language.count("promises.cases", other.counts.cases as u64),
        chart: Chart::of(
            format!("promises-{n}"),
            counterpart_words::render::line(&other.name),
            counts(&other.counts).into_iter().map(bar).collect(),
            most,
        ),
        took: took(language, &other.counts),
        name: other.name,
        people: other.people.into_iter().take(PEOPLE).map(told).collect(),
        more: people
            .checked_sub(PEOPLE)
            .filter(|more| *more > 0)
            .map(|more| language.count("promises.people.more", more as u64)),
    }
}

/// What it took to be served.
fn took(language: &'static Language, counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.contacts > 0 {
        parts.push(language.count("promises.contacts", counts.contacts as u64));
    }
    if counts.calls > 0 {
        parts.push(language.count("promises.calls", counts.calls as u64));
    }
    if counts.waited > 0 {
        parts.push(language.fill("promises.waited", &[("long", &crate::time::lasting(language, counts.waited))]));
    }
    if counts.told_again > 0 {
        parts.push(language.count("promises.again", counts.told_again as u64));
    }
    parts.join(", ")
}
