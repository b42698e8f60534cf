//! Logging a call while on the phone: what is known before, the clock and the keys while it goes on, and everything
//! kept at each step.

use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{Desk, now};
use counterpart_words::case::OpenCase;

use crate::{
    acts::{
        At,
        contact::{Fields, Form as Kind, StepField, is_something, keep, show as show_form},
    },
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    typed::Typed,
    undo::Removed,
};

/// `GET /case/ID/call`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let at = At { visit: &at, desk, case: &case, path: &at.path, fresh: true };
        let draft = desk.draft_of(&case.id)?.filter(is_something);
        let ours = draft.filter(|draft| draft.channel == crate::acts::contact::TELEPHONE);
        show_form(Kind::Call, &at, ours.map(|draft| Fields::of_draft(&case, &draft)), &[])
    })
    .await
}

/// `POST /case/ID/call`: a step further, everything that was typed being kept.
pub(crate) async fn take(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| step(&at, desk, &case, &typed)).await
}

fn step(visit: &Visit, desk: &Desk, case: &OpenCase, typed: &Typed) -> Result<Response, Problem> {
    let at = At { visit, desk, case, path: &visit.path, fresh: false };
    let kind = if typed.text("kind") == "contact" { Kind::Contact } else { Kind::Call };
    let page = format!("/case/{}{}", case.id.to_hex(), if kind == Kind::Call { "/call" } else { "/do/contact" });
    let done = typed.text("do");
    let known = desk.draft_of(&case.id)?.filter(is_something);
    match done {
        "begin" | "incoming" | "later" => {
            // Another tab, or the command, may have begun already: that is gone on with.
            if known.is_none() {
                let number = if done == "incoming" { "" } else { typed.text("number").trim() };
                let fields = Fields::call(case, done == "incoming", done != "later", number);
                let (draft, wrong) = fields.read(case);
                if !wrong.is_empty() {
                    return show_form(Kind::Call, &at, Some(fields), &wrong);
                }
                desk.keep_draft(&case.id, &draft, now())?;
                if done == "later" {
                    return show_form(Kind::Call, &at, Some(fields), &[]);
                }
            }
            return Ok(Redirect::to(&page).into_response());
        }
        "drop" => {
            let Some(draft) = known else { return Ok(Redirect::to(&page).into_response()) };
            let word = visit.app.undo.keep(Removed::Draft(case.id, draft));
            desk.drop_draft(&case.id)?;
            return Ok(Redirect::to(&format!("{page}?undo={word}")).into_response());
        }
        "undo" => {
            let kept = visit.app.undo.take(typed.text("undo"));
            if let (Some(Removed::Draft(of, draft)), None) = (kept, known) {
                desk.keep_draft(&of, &draft, now())?;
            }
            return Ok(Redirect::to(&page).into_response());
        }
        _ => {}
    }
    let mut fields = Fields::of_typed(typed);
    // Kept by itself, in a window that is behind: what another one signed or threw away does not come back by it.
    if done == "auto" && known.is_none_or(|known| known.begun != fields.begun) && typed.text("fresh") != "1" {
        return Ok(StatusCode::CONFLICT.into_response());
    }
    let mut place = "";
    let language = visit.language;
    match done {
        "answered" => fields.answered(),
        "over" => fields.over(),
        "unanswered" => fields.given_up(language.say("call.unanswered.said")),
        "said" | "typed" => {
            let text = typed.text("saying").trim();
            if !text.is_empty() {
                let written = if done == "said" { format!("say {text}") } else { text.to_owned() };
                fields.steps.push(StepField::of(&written));
            }
            place = "#way";
        }
        "promise" => place = "#promises",
        _ => {}
    }
    if let Some(tapped) = typed.some("tap") {
        fields.steps.push(StepField::of(tapped));
        place = "#way";
    }
    if let Ok(n) = typed.text("less").parse::<usize>() {
        if n < fields.steps.len() {
            drop(fields.steps.remove(n));
        }
        place = "#way";
    }
    let (draft, mut wrong) = fields.read(case);
    wrong.extend(keep(&at, &draft).err());
    if done == "auto" {
        let status = if wrong.iter().any(|wrong| wrong.field.is_empty()) {
            StatusCode::INSUFFICIENT_STORAGE
        } else {
            StatusCode::NO_CONTENT
        };
        return Ok(status.into_response());
    }
    if !wrong.is_empty() {
        return show_form(kind, &at, Some(fields), &wrong);
    }
    Ok(Redirect::to(&format!("{page}{place}")).into_response())
}
