//! The pages, a module each: what they are given and what they show.

pub(crate) mod agents;
mod case;
mod cases;
mod chart;
mod check;
mod frame;
mod join;
mod new;
mod notebook;
mod promises;
mod review;
mod settings;
#[cfg(debug_assertions)]
mod style;
mod today;
mod welcome;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use counterpart_core::text::visible_line;
use counterpart_node::now;
use serde_json::Value;

pub(crate) use self::{
    case::invite,
    case::{CaseHead, Part, proof::Own},
    frame::Frame,
    notebook::{PrivateNote, private_notes},
    review::unkept,
};
use crate::{
    acts,
    app::App,
    assets, drafts,
    form::Form,
    guard::{OPEN, Problem, Visit, cookie},
    live,
    opening::Redeemed,
};

/// Every page that can be looked at; those that need an identity lead to the welcome where there is none.
pub const GETS: &[&str] = &[
    "/",
    "/cases",
    "/welcome",
    "/settings",
    "/check",
    "/new",
    "/join",
    "/agents",
    "/settings/sheet",
    "/notebook",
    "/promises",
    "/live",
];

/// Everywhere that something can be sent to.
pub const POSTS: &[&str] = &[
    "/keep",
    "/new",
    "/join",
    "/join/stop",
    "/agents/add",
    "/agents/end",
    "/agents/follow",
    "/agents/ask",
    "/agents/take",
    "/settings/name",
    "/settings/language",
    "/settings/backup",
    "/settings/stamps",
    "/settings/sheet/delete",
    "/welcome",
    "/check",
    "/leave",
    "/notebook/add",
    "/notebook/remove",
    "/notebook/undo",
];

pub(crate) fn router(app: Arc<App>) -> Router {
    let router = Router::new()
        .route("/", get(today::show))
        .route("/cases", get(cases::show))
        .route("/welcome", get(welcome::show).post(welcome::make))
        .route("/new", get(new::blank).post(new::open_blank))
        .route("/new/{template}", get(new::by_template).post(new::open_by_template))
        .route("/join", get(join::show).post(join::ask))
        .route("/join/stop", post(join::stop))
        .route("/agents", get(agents::show))
        .route("/agents/add", post(agents::add))
        .route("/agents/end", post(agents::end))
        .route("/agents/follow", post(agents::follow))
        .route("/agents/ask", post(agents::ask))
        .route("/agents/take", post(agents::take))
        .route("/settings", get(settings::show))
        .route("/settings/name", post(settings::rename))
        .route("/settings/language", post(settings::speak))
        .route("/settings/backup", post(settings::backup))
        .route("/settings/stamps", post(settings::stamps))
        .route("/settings/sheet", get(settings::sheet))
        .route("/settings/sheet/delete", post(settings::delete_sheet))
        .route("/case/{id}/invite", get(invite::show))
        .route("/check", get(check::show).post(check::judge))
        .route("/case/{id}", get(case::overview))
        .route("/case/{id}/action/{reference}", get(case::action))
        .route("/case/{id}/record", get(case::record))
        .route("/case/{id}/entry/{n}", get(case::entry))
        .route("/case/{id}/facts", get(case::facts))
        .route("/case/{id}/facts/{key}", get(case::fact))
        .route("/case/{id}/people", get(case::people))
        .route("/case/{id}/people/check", post(case::check_party))
        .route("/case/{id}/files", get(case::files))
        .route("/case/{id}/files/{n}", get(case::take_file))
        .route("/case/{id}/do/{kind}", get(acts::show).post(acts::take))
        .route("/case/{id}/call", get(case::call).post(case::take_call))
        .route("/case/{id}/letters", get(case::letters).post(case::take_letter))
        .route("/case/{id}/letters/{letter}", get(case::letter_file))
        .route("/case/{id}/own", get(case::own).post(case::take_own))
        .route("/case/{id}/steps", get(case::steps).post(case::take_step))
        .route("/notebook", get(notebook::show))
        .route("/notebook/add", post(notebook::add))
        .route("/notebook/remove", post(notebook::remove))
        .route("/notebook/undo", post(notebook::undo))
        .route("/case/{id}/draft", get(case::draft).post(case::take_draft))
        .route("/case/{id}/draft/edit", post(case::edit_draft))
        .route("/case/{id}/picture", get(case::picture::show))
        .route("/case/{id}/proof", get(case::proof::show))
        .route("/case/{id}/proof/make", post(case::proof::make))
        .route("/case/{id}/proof/stamp", post(case::proof::ask))
        .route("/case/{id}/made/{key}", get(case::proof::made))
        .route("/case/{id}/report", get(case::proof::report))
        .route("/promises", get(promises::show))
        .route("/promises.csv", get(promises::table))
        .route("/calendar.ics", get(promises::calendar))
        .route("/keep", post(drafts::keep))
        .route("/leave", post(leave))
        .route("/live", get(live_stream))
        .route("/assets/{name}", get(assets::serve))
        .route(OPEN, get(open));
    #[cfg(debug_assertions)]
    let router = router.route("/style", get(style::show));
    router
        .fallback(absent)
        .method_not_allowed_fallback(wrong_method)
        // Each form sets its own limit, and says so: see `form` and `upload`.
        .layer(DefaultBodyLimit::disable())
        .with_state(app)
}

/// A page made of its template.
pub(crate) fn page(template: &impl Template) -> Result<Response, Problem> {
    let failed = |_why: askama::Error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed");
    Ok(Html(template.render().map_err(failed)?).into_response())
}

/// The same, as the answer to a form that was not right.
pub(crate) fn page_again(template: &impl Template) -> Result<Response, Problem> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(template)?).into_response())
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    frame: Frame,
    title: &'static str,
    what: String,
    advice: String,
    /// A command to run, letter by letter.
    command: Option<&'static str>,
}

/// What is shown in place of what was asked for.
pub(crate) fn problem(visit: &Visit, problem: &Problem) -> Response {
    // Errors name what was typed, and that may be somebody else's text.
    let plain: Vec<_> = problem.with.iter().map(|(name, value)| (*name, visible_line(value))).collect();
    let with: Vec<(&str, &str)> = plain.iter().map(|(name, value)| (*name, value.as_ref())).collect();
    let key = |part: &str| format!("problem.{}.{part}", problem.key);
    let language = visit.language;
    let template = ProblemPage {
        frame: Frame::of(visit, ""),
        title: language.say(&key("title")),
        what: language.fill(&key("what"), &with),
        advice: language.fill(&key("advice"), &with),
        command: matches!(problem.key, "session" | "link" | "expired").then_some("counterpart web"),
    };
    match template.render() {
        Ok(text) => (problem.status, Html(text)).into_response(),
        Err(_) => problem.status.into_response(),
    }
}

async fn absent() -> Problem {
    std::future::ready(Problem::new(StatusCode::NOT_FOUND, "absent")).await
}

async fn wrong_method() -> Problem {
    std::future::ready(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method")).await
}

async fn live_stream(visit: Visit) -> Result<Response, Problem> {
    std::future::ready(live::stream(&visit)).await
}

#[derive(Template)]
#[template(path = "opened.html")]
struct OpenedPage {
    frame: Frame,
}

/// `GET /open?token=…`: uses a link up and lets the browser in.
async fn open(
    State(app): State<Arc<App>>,
    visit: Visit,
    method: Method,
    Query(asked): Query<Value>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = asked.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
    // What only looks ahead uses nothing up.
    let ahead = ["sec-purpose", "purpose"].iter().any(|name| headers.contains_key(*name));
    if method != Method::GET || ahead {
        return Err(Problem::new(StatusCode::FORBIDDEN, "link"));
    }
    let at = Arc::clone(&app);
    let redeemed = crate::app::aside(move || at.opening.redeem(&token, now())).await?;
    match redeemed {
        Redeemed::Good => {}
        // The page was loaded again.
        _ if visit.session.is_some() => return Ok(Redirect::to("/").into_response()),
        Redeemed::Expired => return Err(Problem::new(StatusCode::FORBIDDEN, "expired")),
        Redeemed::Unknown => return Err(Problem::new(StatusCode::FORBIDDEN, "link")),
    }
    let cookie = cookie(&app, &app.sessions.begin(now()));
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let mut response = if matches!(site, None | Some("none" | "same-origin")) {
        Redirect::to("/").into_response()
    } else {
        // A link on somebody else's page led here. Until a page of ours leads on, the browser keeps the cookie back.
        page(&OpenedPage { frame: Frame::of(&visit, "") })?
    };
    drop(response.headers_mut().insert(header::SET_COOKIE, cookie));
    drop(response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store")));
    Ok(response)
}

/// `POST /leave`: this browser is not known any more.
async fn leave(form: Form) -> Result<Response, Problem> {
    let visit = form.visit;
    if let Some(session) = &visit.session {
        visit.app.sessions.end(session);
    }
    let gone = Visit { session: None, ..visit };
    let mut response = std::future::ready(problem(&gone, &Problem::new(StatusCode::OK, "left"))).await;
    let clear = header::HeaderValue::from_static("\"cache\", \"storage\"");
    drop(response.headers_mut().insert("clear-site-data", clear));
    Ok(response)
}
