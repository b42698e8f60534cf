//! What one side keeps for itself about a case: who has it, asides, and the page for whoever takes it over.

use askama::Template;
use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{Desk, DeskError, now};
use counterpart_words::{case::OpenCase, render::line, summary};

use super::{CaseHead, Part};
use crate::{
    acts::Wrong,
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    pages::{Frame, page, page_again},
    text::Markup,
    time::Moment,
    typed::Typed,
};

/// Asides on the page, the newest; the others are told by the command.
const MOST: usize = 200;

/// How many of our side are offered to choose from.
const NAMES: usize = 200;

#[derive(Debug)]
struct Aside {
    number: u64,
    at: Moment,
    agent: String,
    text: String,
}

#[derive(Template)]
#[template(path = "own.html")]
struct OwnPage {
    frame: Frame,
    case: CaseHead,
    wrong: Vec<Wrong>,
    typed: Typed,
    /// What was done just before, as a key.
    done: Option<&'static str>,
    /// Who has it, in a sentence.
    has: Option<Markup>,
    names: Vec<String>,
    asides: Vec<Aside>,
    summary: String,
}

impl OwnPage {
    fn fault(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }
}

/// `GET /case/ID/own`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| look(desk, &at, &case, Typed::default(), Vec::new())).await
}

fn look(desk: &Desk, visit: &Visit, case: &OpenCase, typed: Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let language = visit.language;
    let has = desk.assigned(&case.id)?.map(|has| {
        let at = Markup::default().moment(&Moment(has.at).shown(language));
        language.markup("own.who.since", &[("name", Markup::default().peer(&has.agent)), ("at", at)])
    });
    let mut asides = desk.asides(&case.id)?;
    let older = asides.len().saturating_sub(MOST);
    let aside = |note: counterpart_node::InternalAside| Aside {
        number: note.number,
        at: Moment(note.at),
        agent: note.agent,
        text: note.text,
    };
    let template = OwnPage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, case, Part::Own),
        done: match visit.query.text("done") {
            "kept" => Some("own.kept"),
            "gone" => Some("own.aside.gone"),
            _ => None,
        },
        has,
        names: desk.loads()?.into_iter().take(NAMES).map(|load| line(&load.name)).collect(),
        asides: asides.drain(older..).rev().map(aside).collect(),
        summary: summary::one_page(case),
        typed,
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

/// `POST /case/ID/own`
pub(crate) async fn take(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| match change(desk, &case, &typed) {
        Ok(done) => {
            let done = if done.is_empty() { String::new() } else { format!("?done={done}") };
            Ok(Redirect::to(&format!("/case/{}/own{done}", case.id.to_hex())).into_response())
        }
        Err((field, DeskError::Text(why))) => look(desk, &at, &case, typed, vec![Wrong::of(field, why)]),
        Err((_, why)) => Err(why.into()),
    })
    .await
}

/// Does what was asked; gives the word by which the page tells it.
fn change(desk: &Desk, case: &OpenCase, typed: &Typed) -> Result<&'static str, (&'static str, DeskError)> {
    match typed.text("do") {
        "assign" => {
            desk.assign(&case.id, Some(typed.text("agent")), now()).map_err(|why| ("agent", why))?;
            Ok("kept")
        }
        "nobody" => {
            desk.assign(&case.id, None, now()).map_err(|why| ("agent", why))?;
            Ok("kept")
        }
        "aside" => {
            let at = |why: DeskError| (if why.to_string().starts_with("the name") { "as" } else { "text" }, why);
            desk.write_aside(&case.id, typed.some("as"), typed.text("text"), now()).map_err(at)?;
            Ok("kept")
        }
        "remove" => {
            let number = typed.text("aside").parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
            let Some(number) = number else { return Ok("") };
            let there = desk.remove_aside(&case.id, number).map_err(|why| ("", why))?;
            Ok(if there { "gone" } else { "" })
        }
        _ => Ok(""),
    }
}
