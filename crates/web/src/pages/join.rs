//! Joining a case by a link: what is known of it, the yes, and then the wait for whoever invited.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::id::{CaseId, short_form};
use counterpart_node::{Desk, DeskError, now};
use counterpart_words::{
    case::OpenCase,
    inviting::{asking, find_link},
    render, when,
};

use super::{
    Frame, page, page_again,
    review::{Asked, Part, Way, Yes, unkept},
};
use crate::{
    acts::{Wrong, sentence},
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    joins::News,
    time,
    typed::Typed,
};

/// A request that is under way.
#[derive(Debug)]
struct Waiting {
    id: String,
    short: String,
    until: String,
    /// Why they were not reached the last time.
    unreached: Option<String>,
    /// Another machine of ours asked, and has to go on asking; what it is called.
    elsewhere: Option<String>,
}

/// What became of the request that the page is about.
#[derive(Debug)]
enum Became {
    /// It is under way; or the page is about none.
    Open,
    In {
        path: String,
        title: String,
        /// How much was noted before one came, and is put to one.
        put: Option<String>,
    },
    Refused {
        short: String,
        why: Option<String>,
    },
}

#[derive(Template)]
#[template(path = "join.html")]
struct JoinPage {
    frame: Frame,
    wrong: Vec<Wrong>,
    link: String,
    became: Became,
    waiting: Vec<Waiting>,
}

fn to_welcome() -> Response {
    Redirect::to("/welcome?next=join").into_response()
}

/// `GET /join`, and `GET /join?case=ID` for what became of a request.
pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    aside(move || made(&visit, &Typed::default(), Vec::new())).await?
}

fn made(visit: &Visit, typed: &Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
    let joins = desk.with_store(|store| store.joins()).map_err(DeskError::from)?;
    let zone = when::system_zone();
    let mut waiting = Vec::new();
    for join in &joins {
        let asked_by = desk.asked_by(join)?;
        waiting.push(Waiting {
            id: join.case.to_hex(),
            short: short_form(&join.case.0),
            until: time::show(visit.language, join.expires, &zone),
            unreached: match visit.app.joins.of(&join.case) {
                Some(News::Unreached(why)) => Some(why),
                _ => None,
            },
            elsewhere: asked_by.map(|by| match by.name {
                Some(name) => render::line(&name),
                None => visit.language.say("join.elsewhere.unnamed").to_owned(),
            }),
        });
    }
    let about = CaseId::from_hex(visit.query.text("case")).filter(|case| !joins.iter().any(|j| j.case == *case));
    let template = JoinPage {
        frame: Frame::of(visit, "/cases"),
        became: about.map_or(Ok(Became::Open), |case| became(visit, &desk, case))?,
        waiting,
        link: typed.text("link").to_owned(),
        wrong,
    };
    // What was typed is a secret.
    let made = if template.wrong.is_empty() { page(&template) } else { page_again(&template) };
    made.map(unkept)
}

fn became(visit: &Visit, desk: &Desk, case: CaseId) -> Result<Became, Problem> {
    if desk.summary(&case)?.is_none() {
        let why = match visit.app.joins.of(&case) {
            Some(News::Refused(why)) => Some(sentence(&why)),
            _ => None,
        };
        return Ok(Became::Refused { short: short_form(&case.0), why });
    }
    let open = OpenCase::open(desk, &case.to_hex())?;
    let put = render::count_put_to_us(&open) as u64;
    let put = (put > 0).then(|| visit.language.count("join.put", put));
    Ok(Became::In { path: format!("/case/{}", case.to_hex()), title: open.title, put })
}

/// `POST /join`: the link; then who learns what; then it is asked.
pub(super) async fn ask(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || step(&visit, &typed)).await?
}

fn step(visit: &Visit, typed: &Typed) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
    let (language, way) = (visit.language, Way::of(typed, now()));
    let turn = way.turn(visit);
    if let Some(before) = way.done(visit) {
        return Ok(Redirect::to(&before).into_response());
    }
    if way.again() {
        return made(visit, &way.own, Vec::new());
    }
    let again = |why: String| made(visit, &way.own, vec![Wrong::of("link", why)]);
    let link = match way.own.some("link").map(find_link) {
        None => return again(language.say("join.none").to_owned()),
        Some(Err(why)) => return again(why.to_string()),
        Some(Ok(link)) => link,
    };
    let to = format!("/join?case={}", link.case.to_hex());
    if desk.summary(&link.case)?.is_some() {
        return Ok(Redirect::to(&to).into_response());
    }
    if link.expires <= now() {
        return again(DeskError::Expired.to_string());
    }
    if link.opener == desk.party() {
        return again(language.say("join.own").to_owned());
    }
    let asked = Asked {
        current: "/cases",
        title: language.say("join.review"),
        lead: language.say("join.review.lead"),
        parts: vec![Part { title: "", text: asking(&link, &desk.party(), &when::system_zone()) }],
        beside: Vec::new(),
        yes: vec![Yes { value: "join", label: language.say("join.go").to_owned() }],
    };
    if way.yes(&asked).is_none() {
        return way.show(visit, asked);
    }
    visit.app.joins.forget(&link.case);
    if let Err(why) = desk.begin_join(&link, now()) {
        return again(why.to_string());
    }
    visit.app.look.notify_one();
    way.keep_done(visit, &to);
    drop(turn);
    Ok(Redirect::to(&to).into_response())
}

/// `POST /join/stop`: it is waited for no longer.
pub(super) async fn stop(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
        if let Some(case) = CaseId::from_hex(typed.text("case")) {
            let stopped = desk.with_store(|store| store.write(|txn| txn.delete_join(case)));
            stopped.map_err(DeskError::from)?;
        }
        Ok(Redirect::to("/join").into_response())
    })
    .await?
}
