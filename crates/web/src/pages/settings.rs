//! Who one is here, where things lie, and whom one reaches; and what can be changed about that.

mod backup;
mod sheet;
mod stamps;

use askama::Template;
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::id::short_form;
use counterpart_node::{Desk, MainKey, Outside, OwnReach, RelayState, now};

pub(super) use self::{
    backup::make as backup,
    sheet::{delete as delete_sheet, show as sheet},
    stamps::keep as stamps,
};
use super::{Frame, page, page_again, welcome::name};
use crate::{
    acts::Wrong,
    app::aside,
    form::Form,
    guard::{Problem, Visit},
    language,
    typed::Typed,
};

/// A way of sending mail, as it is set up.
#[derive(Debug)]
struct Mail {
    address: String,
    send: Option<String>,
    fetch: Option<String>,
    every: Option<String>,
}

/// The service for time stamps, and whose word is taken.
#[derive(Debug)]
struct Stamps {
    service: String,
    at_agreements: bool,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    frame: Frame,
    wrong: Vec<Wrong>,
    typed: Typed,
    /// What was done just now: the end of its keys.
    done: Option<&'static str>,
    person: Option<String>,
    short: String,
    party: String,
    home: String,
    /// The recovery sheet still lies in the home.
    sheet: bool,
    locked: bool,
    /// The main key is in this home, and so in a backup.
    main_key: bool,
    addresses: Vec<String>,
    /// Whether others can call the node that runs, as far as is known.
    outside: Option<&'static str>,
    stamps: Option<Stamps>,
    /// Name and fingerprint of each root certificate.
    roots: Vec<(String, String)>,
    mail: Option<Mail>,
    languages: Vec<(&'static str, &'static str)>,
}

impl SettingsPage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    /// Whether one of these fields is to be seen at once.
    fn touches(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.wrong_with(field).is_some())
    }

    fn service(&self) -> &str {
        match &self.stamps {
            _ if self.typed.has("service") => self.typed.text("service"),
            Some(stamps) => &stamps.service,
            None => "",
        }
    }
}

fn to_welcome() -> Response {
    Redirect::to("/welcome").into_response()
}

/// `GET /settings`
pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    aside(move || made(&visit, &Typed::default(), Vec::new())).await?
}

fn made(visit: &Visit, typed: &Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
    let party = desk.party();
    let stamps = desk.stamp_settings()?;
    let roots = desk.stamp_roots()?;
    let root = |root: &counterpart_node::Root| {
        (root.name.clone().unwrap_or_default(), counterpart_words::render::hex(&root.fingerprint))
    };
    let template = SettingsPage {
        frame: Frame::of(visit, "/settings"),
        done: done(visit.query.text("done")),
        person: desk.own_name()?,
        short: short_form(&party.0),
        party: party.to_hex(),
        home: visit.app.home.display().to_string(),
        sheet: desk.sheet_here().is_ok(),
        locked: desk.is_locked(),
        main_key: desk.identity_report()?.main_key == MainKey::Here,
        addresses: desk.reachable_at()?,
        outside: desk.presence().filter(|presence| presence.running).map(|presence| outside(&presence.reach)),
        stamps: stamps.map(|s| Stamps { service: s.service.to_string(), at_agreements: s.at_agreements }),
        roots: roots.iter().flat_map(|roots| roots.all()).map(root).collect(),
        mail: mail(visit, &desk)?,
        languages: language::all(),
        typed: typed.clone(),
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

fn outside(reach: &OwnReach) -> &'static str {
    let held = reach.relays.iter().any(|place| place.state == RelayState::Held);
    match reach.outside {
        Outside::Public => "settings.outside.public",
        Outside::Behind | Outside::Unknown if held => "settings.outside.relayed",
        Outside::Behind => "settings.outside.behind",
        Outside::Unknown => "settings.outside.unknown",
    }
}

/// What was done, among what can be.
fn done(word: &str) -> Option<&'static str> {
    ["name", "stamps", "sheet"].into_iter().find(|known| *known == word)
}

fn mail(visit: &Visit, desk: &Desk) -> Result<Option<Mail>, Problem> {
    let Some(mail) = desk.mail_settings()? else { return Ok(None) };
    let every = mail.fetch.as_ref().and_then(|fetch| fetch.every);
    let every = every.map(|minutes| visit.language.count("settings.mail.every", u64::from(minutes)));
    Ok(Some(Mail {
        address: mail.own.to_string(),
        send: mail.send.as_ref().map(|server| server.host.clone()),
        fetch: mail.fetch.as_ref().map(|fetch| fetch.server.host.clone()),
        every,
    }))
}

/// `POST /settings/name`: what the person is called in new cases.
pub(super) async fn rename(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(to_welcome()) };
        match name(visit.language, typed.text("name")) {
            Ok(name) => desk.keep_own_name(&name, now())?,
            Err(what) => return made(&visit, &typed, vec![Wrong::of("name", what)]),
        }
        Ok(Redirect::to("/settings?done=name").into_response())
    })
    .await?
}

/// `POST /settings/language`: a cookie of its own holds it, for this browser.
pub(super) async fn speak(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    let mut response = std::future::ready(Redirect::to("/settings").into_response()).await;
    if let Some((tag, _)) = language::all().into_iter().find(|(tag, _)| *tag == typed.text("language")) {
        let name = language::cookie(&visit.app.cookie);
        let text = format!("{name}={tag}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000");
        let value = HeaderValue::from_str(&text).expect("names of cookies and languages are letters");
        drop(response.headers_mut().insert(header::SET_COOKIE, value));
    }
    Ok(response)
}
