//! The first page in an empty home: asks for a name and makes the identity.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::text;
use counterpart_node::{Desk, DeskError, now};

use super::{frame::Frame, page, page_again};
use crate::{
    app::aside,
    form::Form,
    guard::{Problem, Visit},
};

/// Letters of a name.
const LETTERS: usize = 100;

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage {
    frame: Frame,
    /// As it was typed.
    name: String,
    /// What is wrong with it.
    wrong: Option<String>,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = Arc::clone(&visit.app);
    if aside(move || app.desk()).await??.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    page(&WelcomePage { frame: Frame::of(&visit, "/welcome"), name: String::new(), wrong: None })
}

pub(super) async fn make(form: Form) -> Result<Response, Problem> {
    let typed = form.text("name").to_owned();
    let visit = form.visit;
    let name = text::normalise(typed.trim());
    let language = visit.language;
    let letters = name.chars().count();
    let wrong = match text::check(&name) {
        _ if letters == 0 => Some(language.say("welcome.empty").to_owned()),
        _ if letters > LETTERS => {
            let with = [("n", &*letters.to_string()), ("most", &*LETTERS.to_string())];
            Some(language.fill("welcome.long", &with))
        }
        _ if name.contains('\n') => Some(language.say("welcome.lines").to_owned()),
        Err(why) => Some(why.to_string()),
        Ok(()) => None,
    };
    if wrong.is_some() {
        return page_again(&WelcomePage { frame: Frame::of(&visit, "/welcome"), name: typed, wrong });
    }
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
    Ok(Redirect::to("/").into_response())
}
