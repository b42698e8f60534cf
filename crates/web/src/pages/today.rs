//! What is to be done now, over all cases: the same list as the command's, with ways to do it.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::id::CaseId;
use counterpart_node::{Desk, Queue, now};
use counterpart_process::today::{CaseDay, Group, Matter, Thing, next, things};
use counterpart_words::{style::Style, today::Telling, when};

use super::{frame::Frame, page};
use crate::{
    address::escaped,
    app::aside,
    guard::{Problem, Visit},
    language::Language,
};

/// How many of a kind are shown before the rest is left to the list of cases.
const SHOWN: usize = 20;

/// One thing of the list.
#[derive(Debug)]
struct Line {
    title: String,
    /// The case's page; nothing for what belongs to none.
    case: Option<String>,
    text: String,
    tone: &'static str,
    sign: &'static str,
    /// Where it is done, and what that is called.
    way: Option<(String, &'static str)>,
    /// What to type where no page does it.
    command: Option<&'static str>,
}

/// Things of which the same is to be said.
#[derive(Debug)]
struct Heading {
    key: &'static str,
    title: &'static str,
    count: usize,
    lines: Vec<Line>,
    /// How many more there are.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: Frame,
    person: Option<String>,
    /// The recovery sheet still lies in the home.
    sheet: bool,
    /// There are no cases.
    empty: bool,
    next: Option<Line>,
    groups: Vec<Heading>,
    beyond: Option<String>,
}

/// What was read for the page.
struct Read {
    sheet: bool,
    person: Option<String>,
    empty: bool,
    days: Vec<(CaseId, CaseDay)>,
    mail: Option<usize>,
}

fn read(desk: &Desk, now: i64) -> Result<Read, Problem> {
    Ok(Read {
        sheet: desk.sheet_here().is_ok(),
        person: desk.own_name()?,
        empty: desk.queue(&Queue::default(), None, 1)?.rows.is_empty(),
        days: desk.today(now)?,
        // Mail that cannot be looked at is told where mail is set up.
        mail: desk.mail_aside().ok().map(|mail| mail.len()),
    })
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let (app, now) = (Arc::clone(&visit.app), now());
    let found = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        read(&desk, now).map(Some)
    });
    let Some(found) = found.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    page(&today(&visit, found, now))
}

fn today(visit: &Visit, read: Read, now: i64) -> TodayPage {
    let language = visit.language;
    let beyond: usize = read.days.iter().map(|(_, day)| day.agenda.beyond).sum();
    // Case by case, so that each thing is known to be of the very case, whatever it is called.
    let mut all: Vec<(Option<CaseId>, Thing)> = Vec::new();
    for (case, day) in &read.days {
        all.extend(things(std::slice::from_ref(day), None, now).into_iter().map(|thing| (Some(*case), thing)));
    }
    all.extend(things(&[], read.mail, now).into_iter().map(|thing| (None, thing)));
    all.sort_by(|(_, a), (_, b)| (a.group, a.at, &a.case).cmp(&(b.group, b.at, &b.case)));
    let (cases, things): (Vec<Option<CaseId>>, Vec<Thing>) = all.into_iter().unzip();
    let zone = when::system_zone();
    let telling = Telling { zone: &zone, now, commands: false };
    let line = |n: usize| Line::of(language, &telling, cases[n].as_ref(), &things[n]);
    let first = next(&things).and_then(|next| things.iter().position(|thing| std::ptr::eq(thing, next)));
    let mut groups = Vec::new();
    for group in Group::ALL {
        let here: Vec<usize> = (0..things.len()).filter(|n| things[*n].group == group).collect();
        // What stands alone stands above already.
        if here.is_empty() || (here.len() == 1 && first == here.first().copied()) {
            continue;
        }
        let rest = here.len().saturating_sub(SHOWN) as u64;
        groups.push(Heading {
            key: group.as_str(),
            title: language.say(&format!("today.group.{}", group.as_str())),
            count: here.len(),
            lines: here.iter().take(SHOWN).map(|n| line(*n)).collect(),
            more: (rest > 0).then(|| language.count("today.more", rest)),
        });
    }
    TodayPage {
        frame: Frame::of(visit, "/"),
        person: read.person,
        sheet: read.sheet,
        empty: read.empty,
        next: first.map(line),
        groups,
        beyond: (beyond > 0).then(|| language.count("today.beyond", beyond as u64)),
    }
}

impl Line {
    fn of(language: &'static Language, telling: &Telling<'_>, case: Option<&CaseId>, thing: &Thing) -> Self {
        let (style, text) = telling.thing(thing);
        let (tone, sign) = match (style, thing.group) {
            (Style::Bad, _) => ("bad", "late"),
            (_, Group::Yours) => ("yours", "yours"),
            (Style::Warn | Style::Strong, _) => ("warn", "info"),
            _ => ("theirs", "theirs"),
        };
        Self {
            title: thing.title.clone(),
            case: case.map(|case| format!("/case/{}", case.to_hex())),
            text,
            tone,
            sign,
            way: case.and_then(|case| way(language, case, thing)),
            command: matches!(thing.matter, Matter::Mail(_)).then_some("counterpart import --unmatched"),
        }
    }
}

/// Where a thing is done: what the command would be told to do, as a page.
fn way(language: &'static Language, case: &CaseId, thing: &Thing) -> Option<(String, &'static str)> {
    let path = format!("/case/{}", case.to_hex());
    let (act, rest) = thing.command.split_first()?;
    // `act CASE ABOUT`; to remind has words of its own before what it is about.
    let about = match act.as_str() {
        "remind" => rest.last(),
        _ => rest.get(1),
    };
    let about = about.map(String::as_str).unwrap_or_default();
    let form = |kind: &str| format!("{path}/do/{kind}?about={}", escaped(about));
    let matter = || format!("{path}/action/{}", escaped(&about.replace('/', "-")));
    Some(match act.as_str() {
        "done" => (form("declare"), language.say("case.do.declare")),
        "remind" => (form("remind"), language.say("case.do.remind")),
        "confirm" => (form("confirm"), language.say("case.do.confirm")),
        "decide" => (form("decide"), language.say("case.do.decide")),
        // There all ways to answer stand beside each other, under what is to be answered.
        "accept" => (matter(), language.say("today.do.answer")),
        "approve" | "allow" => (matter(), language.say("today.do.judge")),
        "call" => (format!("{path}/call"), language.say("case.any.call")),
        "clock" => (format!("{path}#clocks"), language.say("today.do.open")),
        "reminders" | "thanks" => (format!("{path}/letters"), language.say("today.do.letters")),
        "steps" | "pack" => (format!("{path}/steps"), language.say("today.do.steps")),
        _ => (path, language.say("today.do.open")),
    })
}
