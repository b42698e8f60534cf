//! What a form brings: its fields, once it is certain that a page of ours was asked to send them.

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use futures::{Stream, StreamExt as _};
use tokio::time::{Duration, timeout};

use crate::{
    guard::{Problem, Visit},
    typed::Typed,
    upload::FORM_LIMIT,
};

/// The field that every form carries: see `session`.
pub(crate) const FORM_SECRET: &str = "form";

/// How long nothing may come while a body is being sent.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How much more than is taken is read and thrown away, so that the browser comes to show why.
const DRAIN: u64 = 4 << 30;

/// The fields of a form, in their order.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) visit: Visit,
    pub(crate) typed: Typed,
}

impl Form {
    /// What was typed into a field; nothing typed is empty.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.typed.text(name)
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let Some(visit) = parts.extensions.get::<Visit>().cloned() else {
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"));
        };
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if kind.split(';').next().is_none_or(|k| k.trim() != "application/x-www-form-urlencoded") {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "form"));
        }
        let bytes = whole(body).await?;
        let request = Request::from_parts(parts, Body::from(bytes));
        let read = axum::Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let Ok(axum::Form(fields)) = read else {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "form"));
        };
        let form = Self { visit, typed: Typed::new(fields) };
        if form.visit.session.as_ref().is_some_and(|session| session.made(form.text(FORM_SECRET))) {
            return Ok(form);
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "elsewhere"))
    }
}

/// A body of at most [`FORM_LIMIT`] bytes.
async fn whole(body: Body) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(part) = next(&mut stream).await? {
        if bytes.len() + part.len() > FORM_LIMIT {
            drop(bytes);
            drain(&mut stream).await;
            return Err(too_long());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes)
}

fn too_long() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "long").with("most", (FORM_LIMIT >> 20).to_string())
}

async fn next<E>(stream: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) -> Result<Option<Bytes>, Problem> {
    let cut = || Problem::new(StatusCode::REQUEST_TIMEOUT, "cut");
    let part = timeout(PATIENCE, stream.next()).await.map_err(|_late| cut())?;
    part.transpose().map_err(|_broken| cut())
}

/// Takes the rest of a body and keeps none of it.
pub(crate) async fn drain<E>(stream: &mut (impl Stream<Item = Result<Bytes, E>> + Unpin)) {
    let mut taken: u64 = 0;
    while let Ok(Some(part)) = next(stream).await {
        taken = taken.saturating_add(part.len() as u64);
        if taken > DRAIN {
            return;
        }
    }
}
