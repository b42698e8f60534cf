//! The recovery sheet: shown to be printed, then deleted here.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_node::DeskError;

use crate::{
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    pages::{Frame, page, page_again, unkept},
};

#[derive(Template)]
#[template(path = "sheet.html")]
struct SheetPage {
    frame: Frame,
    /// What stands on it; nothing where none lies here.
    text: Option<String>,
    /// It was to be deleted, and nobody said that it is on paper.
    unsaid: bool,
}

/// `GET /settings/sheet`
pub(in crate::pages) async fn show(visit: Visit) -> Result<Response, Problem> {
    aside(move || made(&visit, false)).await?
}

fn made(visit: &Visit, unsaid: bool) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/welcome").into_response()) };
    let text = match desk.sheet_here() {
        Ok((_, text)) => Some(text.to_string()),
        Err(DeskError::NoSheet) => None,
        Err(why) => return Err(why.into()),
    };
    let template = SheetPage { frame: Frame::of(visit, "/settings"), text, unsaid };
    let made = if unsaid { page_again(&template) } else { page(&template) };
    made.map(unkept)
}

/// `POST /settings/sheet/delete`
pub(in crate::pages) async fn delete(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/welcome").into_response()) };
        if !typed.has("printed") {
            return made(&visit, true);
        }
        match desk.delete_sheet() {
            // Deleted before, in another tab.
            Ok(()) | Err(DeskError::NoSheet) => Ok(Redirect::to("/settings?done=sheet").into_response()),
            Err(why) => Err(why.into()),
        }
    })
    .await?
}
