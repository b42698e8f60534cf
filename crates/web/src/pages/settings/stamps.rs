//! The service that is asked for time stamps, and whose word on the time is taken.

use axum::response::{IntoResponse as _, Redirect, Response};
use counterpart_node::{Roots, ServiceUrl, StampSettings};

use super::made;
use crate::{acts::Wrong, app::aside, form::Form, guard::Problem};

/// `POST /settings/stamps`; nothing is sent by it.
pub(in crate::pages) async fn keep(form: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = form;
    aside(move || {
        let Some(desk) = visit.app.desk()? else { return Ok(Redirect::to("/welcome").into_response()) };
        let mut wrong = Vec::new();
        let service = ServiceUrl::parse(typed.text("service").trim());
        let service = service.map_err(|why| wrong.push(Wrong::of("service", why.to_string()))).ok();
        let roots = typed.some("root").map(|text| Roots::read(text.as_bytes())).transpose();
        let roots = roots.map_err(|why| wrong.push(Wrong::of("root", why.to_string()))).ok().flatten();
        if roots.is_none() && wrong.is_empty() && desk.stamp_roots()?.is_none() {
            wrong.push(Wrong::of("root", visit.language.say("stamps.root.none")));
        }
        let Some(service) = service.filter(|_| wrong.is_empty()) else { return made(&visit, &typed, wrong) };
        if let Some(roots) = &roots {
            desk.trust_stamp_roots(roots)?;
        }
        desk.keep_stamp_settings(&StampSettings { service, at_agreements: typed.has("at-agreements") })?;
        Ok(Redirect::to("/settings?done=stamps").into_response())
    })
    .await?
}
