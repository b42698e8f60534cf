//! Who one is here, where things lie, and whom one reaches.

use std::sync::Arc;

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::id::short_form;

use super::{frame::Frame, page};
use crate::{
    app::aside,
    guard::{Problem, Visit},
};

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    person: Option<String>,
    short: String,
    party: String,
    home: String,
    sheet: Option<String>,
    locked: bool,
    addresses: Vec<String>,
    stamps: Option<String>,
    /// Whether mail can be sent from here.
    mail: bool,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = Arc::clone(&visit.app);
    let read = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        let party = desk.party();
        let stamps = desk.stamp_settings()?;
        Ok::<_, Problem>(Some(SettingsPage {
            frame: Frame::of(&visit, "/settings"),
            person: desk.own_name()?,
            short: short_form(&party.0),
            party: party.to_hex(),
            home: app.home.display().to_string(),
            sheet: desk.sheet_here().ok().map(|(path, _)| path.display().to_string()),
            locked: app.passphrase.is_some(),
            addresses: desk.reachable_at()?,
            stamps: stamps.map(|settings| settings.service.to_string()),
            mail: desk.mail_settings()?.is_some(),
        }))
    });
    let Some(template) = read.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    page(&template)
}
