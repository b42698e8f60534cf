//! Asking for a time stamp: what leaves the machine is shown first.

use axum::{
    extract::Path,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_node::{Desk, PATIENCE, StampError};
use counterpart_words::{case::OpenCase, render};

use super::shown;
use crate::{
    acts::Wrong,
    app::aside,
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    typed::Typed,
};

/// What asking would come to.
#[derive(Debug)]
pub(super) enum Asking {
    /// No service is chosen, or nobody whose word would be believed.
    NoService,
    /// The service's address, and the hash that it would be sent.
    Would { service: String, imprint: String },
}

impl Asking {
    pub(super) fn of(desk: &Desk, case: &OpenCase) -> Result<Self, Problem> {
        let (Some(settings), Some(_)) = (desk.stamp_settings()?, desk.stamp_roots()?) else {
            return Ok(Self::NoService);
        };
        let imprint = render::hex(&desk.stamp_request(&case.record)?.imprint);
        Ok(Self::Would { service: settings.service.as_str().to_owned(), imprint })
    }
}

/// `POST /case/ID/proof/stamp`: sends the hash that was shown.
pub(crate) async fn ask(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    let at = visit.clone();
    let request = with_case(&visit, &id, move |desk, case| {
        let (Some(settings), Some(roots)) = (desk.stamp_settings()?, desk.stamp_roots()?) else { return Ok(None) };
        let request = desk.stamp_request(&case.record)?;
        // Something came since: what would be sent now is shown first.
        let same = typed.text("imprint") == render::hex(&request.imprint);
        Ok(same.then_some((request, settings.service, roots)))
    })
    .await?;
    let Some((request, service, roots)) = request else {
        return again(&at, &id, at.language.say("proof.stamp.changed").to_owned()).await;
    };
    let app = std::sync::Arc::clone(&at.app);
    let asked = aside(move || {
        let answer = request.send(&service, PATIENCE).map_err(StampError::from)?;
        match app.desk()? {
            Some(desk) => desk.keep_stamp(&request, &answer, &roots).map(drop),
            None => Ok(()),
        }
    });
    match asked.await? {
        Ok(()) => Ok(Redirect::to(&format!("/case/{id}/proof#stamps")).into_response()),
        Err(why) => {
            let said = at.language.fill("proof.stamp.failed", &[("why", &why.to_string())]);
            again(&at, &id, said).await
        }
    }
}

async fn again(visit: &Visit, id: &str, what: String) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(visit, id, move |desk, case| shown(&at, desk, &case, &Typed::default(), vec![Wrong::of("ask", what)]))
        .await
}
