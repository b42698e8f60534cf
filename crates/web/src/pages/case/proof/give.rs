//! What is given to others: the report, and the file that anybody can verify.

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode},
    response::{Html, IntoResponse as _, Redirect, Response},
};
use counterpart_evidence::stamps_over;
use counterpart_node::{Desk, due_instant, now};
use counterpart_report::{Report, Source};
use counterpart_words::{
    bundle::bundle,
    case::OpenCase,
    disclosure::{Disclosure, Withheld, leave_out_all},
};
use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::shown;
use crate::{
    acts::Wrong,
    app::aside,
    case::{failed, with_case},
    form::Form,
    guard::{Problem, Visit},
    typed::Typed,
};

/// A page that is sent with a policy of its own in place of the pages'.
#[derive(Debug, Clone)]
pub(crate) struct Own(pub(crate) HeaderValue);

/// `GET /case/ID/report`: everything, as its own page.
pub(crate) async fn report(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let place = std::sync::Arc::clone(&visit.app.checks).acquire_owned().await;
    let html = with_case(&visit, &id, move |desk, case| {
        let html = html(desk, &case);
        drop(place);
        html
    })
    .await?;
    let policy = policy(&html).ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))?;
    let mut response = Html(html).into_response();
    drop(response.extensions_mut().insert(Own(policy)));
    Ok(response)
}

/// The report's one style and nothing else: no script, no picture, nothing from anywhere.
fn policy(html: &str) -> Option<HeaderValue> {
    let (_, after) = html.split_once("<style>")?;
    let (style, _) = after.split_once("</style>")?;
    let hash = BASE64.encode(&Sha256::digest(style.as_bytes()));
    let text = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&text).ok()
}

fn html(desk: &Desk, case: &OpenCase) -> Result<String, Problem> {
    let broken = || Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed");
    let kept = desk.stamps_over(&case.record)?.into_iter().map(|held| held.kept);
    let roots = desk.stamp_roots()?;
    let source = Source {
        record: &case.record,
        made_at: now(),
        holder: Some(desk.party()),
        bundle: None,
        stamps: &stamps_over(&case.record, kept, roots.as_ref()),
        due: &due_instant,
    };
    let report = Report::of(&source).ok_or_else(broken)?;
    report.html(None).map_err(|_no_memory| broken())
}

/// `POST /case/ID/proof/make`: puts a file together and leads to where it can be taken.
pub(crate) async fn make(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    // One at a time: a file is put together in memory.
    let place = std::sync::Arc::clone(&visit.app.checks).acquire_owned().await;
    let at = visit.clone();
    with_case(&visit, &id, move |desk, mut case| {
        let _held = place;
        let withheld = match left_out(&mut case, &typed) {
            Ok(withheld) => withheld,
            Err(wrong) => {
                let whole = OpenCase::open(desk, &case.id.to_hex())?;
                return shown(&at, desk, &whole, &typed, vec![wrong]);
            }
        };
        let is_report = typed.text("what") == "report";
        let (bytes, ending, kind) = match is_report {
            true => (html(desk, &case)?.into_bytes(), "html", "text/html; charset=utf-8"),
            false => (bundle(desk, &case).map_err(|why| failed(&why))?, "zip", "application/zip"),
        };
        let name = format!("{}.{ending}", case.short());
        let counts = (withheld.values, withheld.files);
        let kept = at.app.downloads.keep(at.app.opening.folder(), case.id, name, kind, &bytes, counts);
        let key = kept.map_err(|_disk| Problem::new(StatusCode::INSUFFICIENT_STORAGE, "disk"))?;
        Ok(Redirect::to(&format!("/case/{}/proof?made={key}#made", case.id.to_hex())).into_response())
    })
    .await
}

/// Takes out of the copy in memory what is not to be given.
fn left_out(case: &mut OpenCase, typed: &Typed) -> Result<Withheld, Wrong> {
    match typed.text("leave") {
        "values" => Ok(leave_out_all(case, true, false)),
        "files" => Ok(leave_out_all(case, false, true)),
        "all" => Ok(leave_out_all(case, true, true)),
        "chosen" => {
            let ticked = typed.all("withhold").into_iter().map(str::to_owned);
            let named = typed
                .text("others")
                .split([' ', ',', '\n', '\r', ';'])
                .map(str::trim)
                .map(|t| t.trim_start_matches('#'));
            let named = named.filter(|t| !t.is_empty()).map(str::to_owned);
            let withhold: Vec<String> = ticked.chain(named).collect();
            let chosen = Disclosure { withhold, only: Vec::new() };
            chosen.apply(case).map_err(|why| Wrong::said("others", &why))
        }
        "" | "nothing" => Ok(Withheld::default()),
        // A word that no form of ours sends gives nothing away.
        _ => Ok(leave_out_all(case, true, true)),
    }
}

/// `GET /case/ID/made/KEY`: takes a file away.
pub(crate) async fn made(Path((id, key)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    let found = visit.app.downloads.find(&id, &key).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "absent"))?;
    aside(move || found.send()).await?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_style_that_is_there() {
        let policy = policy("<title>&#60;style></title><style>\na{}</style>").expect("a style");
        let hash = BASE64.encode(&Sha256::digest(b"\na{}"));
        assert!(policy.to_str().expect("ASCII").contains(&format!("style-src 'sha256-{hash}'")));
        assert!(super::policy("none").is_none());
    }
}
