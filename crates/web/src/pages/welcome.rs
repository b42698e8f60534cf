//! The first page in an empty home: asks for a name and makes the identity, then leads on to what one came for.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::text;
use counterpart_node::{Desk, DeskError, now};

use super::{agents, frame::Frame, page, page_again};
use crate::{
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    language::Language,
};

/// Letters of a name.
const LETTERS: usize = 100;

/// Where one can want to go from here; the first unless another is named.
const WAYS: [(&str, &str); 2] = [("new", "/new"), ("join", "/join")];

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    frame: Frame,
    /// As it was typed.
    name: String,
    /// What is wrong with it.
    wrong: Option<String>,
    /// Somebody came to join a case.
    joins: bool,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = Arc::clone(&visit.app);
    let looked = aside(move || Ok::<_, DeskError>((app.desk()?.is_some(), agents::waits(&app))));
    let (known, waits) = looked.await??;
    if known || waits {
        return Ok(Redirect::to(if known { "/" } else { "/agents" }).into_response());
    }
    let joins = visit.query.text("next") == "join";
    page(&WelcomePage { frame: Frame::of(&visit, "/welcome"), name: String::new(), wrong: None, joins })
}

/// A name as it can be used, or what is wrong with it.
pub(super) fn name(language: &'static Language, typed: &str) -> Result<String, String> {
    let name = text::normalise(typed.trim());
    let letters = name.chars().count();
    match text::check(&name) {
        _ if letters == 0 => Err(language.say("welcome.empty").to_owned()),
        _ if letters > LETTERS => {
            let with = [("n", &*letters.to_string()), ("most", &*LETTERS.to_string())];
            Err(language.fill("welcome.long", &with))
        }
        _ if name.contains('\n') => Err(language.say("welcome.lines").to_owned()),
        Err(why) => Err(why.to_string()),
        Ok(()) => Ok(name),
    }
}

pub(super) async fn make(form: Form) -> Result<Response, Problem> {
    let typed = form.text("name").to_owned();
    let next = form.text("next").to_owned();
    let visit = form.visit;
    let name = match name(visit.language, &typed) {
        Ok(name) => name,
        Err(wrong) => {
            let joins = next == "join";
            let frame = Frame::of(&visit, "/welcome");
            return page_again(&WelcomePage { frame, name: typed, wrong: Some(wrong), joins });
        }
    };
    let app = Arc::clone(&visit.app);
    let made = aside(move || {
        match Desk::init(&app.home) {
            // Made meanwhile, in another tab or by a command: that one it is.
            Ok(_) | Err(DeskError::AlreadyInitialised { .. }) => {}
            Err(why) => return Err(why),
        }
        match app.desk()? {
            Some(desk) if desk.own_name()?.is_none() => desk.keep_own_name(&name, now()),
            _ => Ok(()),
        }
    });
    made.await??;
    visit.app.look.notify_one();
    let to = WAYS.iter().find(|(word, _)| *word == next).or(WAYS.first()).map_or("/", |(_, to)| to);
    Ok(Redirect::to(to).into_response())
}
