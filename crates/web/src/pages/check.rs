//! Checks a bundle that somebody gave: what it proves, in the verifier's own words.

use std::{fs::File, io::Read as _, sync::Arc};

use askama::Template;
use axum::{http::StatusCode, response::Response};
use counterpart_evidence::{Failure, REFUSED, Verdict};

use super::{frame::Frame, page};
use crate::{
    app::aside,
    guard::{Problem, Visit},
    upload::{UPLOAD_LIMIT, Upload},
};

#[derive(Debug)]
enum Outcome {
    /// Lines of the verifier.
    Holds(Vec<String>),
    /// The verifier's reason.
    Refused(String),
    NoFile,
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    frame: Frame,
    most: String,
    /// What the browser calls the file, and what came of it.
    outcome: Option<(String, Outcome)>,
    advice: &'static str,
}

fn made(visit: &Visit, outcome: Option<(String, Outcome)>) -> Result<Response, Problem> {
    let most = visit.language.fill("check.most", &[("most", &(UPLOAD_LIMIT >> 20).to_string())]);
    page(&CheckPage { frame: Frame::of(visit, "/check"), most, outcome, advice: REFUSED })
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    std::future::ready(made(&visit, None)).await
}

pub(super) async fn judge(upload: Upload) -> Result<Response, Problem> {
    let Upload { visit, name, size, file } = upload;
    if name.is_empty() && size == 0 {
        return made(&visit, Some((name, Outcome::NoFile)));
    }
    // One at a time: a file comes into memory whole.
    let place = Arc::clone(&visit.app.checks).acquire_owned().await;
    let verdict = aside(move || {
        let verdict = verify(file, size);
        // Held by the work itself: a browser that goes away does not end it.
        drop(place);
        verdict
    })
    .await?;
    let outcome = match verdict.map_err(|_disk| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk"))? {
        Ok(verdict) => Outcome::Holds(verdict.in_words().lines().map(str::to_owned).collect()),
        Err(failure) => Outcome::Refused(failure.message),
    };
    made(&visit, Some((name, outcome)))
}

fn verify(mut file: File, size: u64) -> std::io::Result<Result<Verdict, Failure>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(counterpart_evidence::verify(&bytes, &|_, _| {}))
}
