//! On a machine without an identity: asking to act for somebody, and taking the answer.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_core::id::{PartyId, short_form};
use counterpart_node::{AgentGrant, Desk, DeskError};

use crate::{
    acts::Wrong,
    app::{App, aside},
    form::{FORM_SECRET, Form},
    guard::{Problem, Visit},
    pages::{Frame, page, page_again},
    typed::Typed,
};

/// The request, ready to be sent, and what this machine's device is called.
#[derive(Debug)]
pub(super) struct Request {
    line: String,
    device: String,
}

#[derive(Template)]
#[template(path = "agents-ask.html")]
struct AskPage {
    frame: Frame,
    wrong: Vec<Wrong>,
    typed: Typed,
    request: Option<Request>,
    /// It asked before, and waits for the answer.
    waits: bool,
}

impl AskPage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }
}

/// Whether this home asked to act for somebody.
pub(crate) fn waits(app: &App) -> bool {
    matches!(Desk::open(&app.home), Err(DeskError::Asked { .. }))
}

pub(super) fn made(
    visit: &Visit,
    typed: &Typed,
    wrong: Vec<Wrong>,
    request: Option<Request>,
) -> Result<Response, Problem> {
    let template = AskPage {
        frame: Frame::of(visit, "/welcome"),
        waits: waits(&visit.app),
        typed: typed.without(&[FORM_SECRET]),
        request,
        wrong,
    };
    if template.wrong.is_empty() { page(&template) } else { page_again(&template) }
}

/// `POST /agents/ask`: makes this machine's keys, and shows the request. Sent again it is the same request.
pub(in crate::pages) async fn ask(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        if visit.app.desk()?.is_some() {
            return Ok(Redirect::to("/agents").into_response());
        }
        let Some(party) = PartyId::from_hex(typed.text("party").trim()) else {
            let what = visit.language.say("ask.party.wrong");
            return made(&visit, &typed, vec![Wrong::of("party", what)], None);
        };
        match counterpart_node::ask(&visit.app.home, party, typed.text("name")) {
            Ok(request) => {
                let request = Request { line: request.to_text(), device: short_form(&request.device.0) };
                made(&visit, &typed, Vec::new(), Some(request))
            }
            Err(why) => {
                let field = if matches!(why, DeskError::AgentName(_)) { "name" } else { "party" };
                made(&visit, &typed, vec![Wrong::of(field, why.to_string())], None)
            }
        }
    })
    .await?
}

/// `POST /agents/take`: the answer; from then on this machine acts for the party.
pub(in crate::pages) async fn take(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        if visit.app.desk()?.is_some() {
            return Ok(Redirect::to("/agents").into_response());
        }
        let grant = AgentGrant::parse(typed.text("grant")).map_err(DeskError::from);
        if let Err(why) = grant.and_then(|grant| counterpart_node::take(&visit.app.home, &grant)) {
            return made(&visit, &typed, vec![Wrong::of("grant", why.to_string())], None);
        }
        visit.app.look.notify_one();
        Ok(Redirect::to("/agents").into_response())
    })
    .await?
}
