//! Who may ask: every request passes here first, every answer last.
//!
//! The pages are served to one person's browsers on one machine. Other pages in the same browser, names that somebody
//! else's name server points here, and other programs on the machine all reach the same port; so each request says
//! which host it means, browsers say which page made it, and only a browser that was let in has the cookie.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequestParts, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use counterpart_node::now;

use crate::{
    app::App,
    assets,
    drafts::Kept,
    language::{self, Language},
    pages,
    session::Session,
    typed::Typed,
};

/// Where a link leads, before the browser is known.
pub(crate) const OPEN: &str = "/open";

/// What a page may do: show what came with it from here, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The names under which these pages are asked for: `Host` as a browser writes it.
#[derive(Debug)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    /// The loopback names, and the address that was asked for beside them.
    pub(crate) fn of(port: u16, more: Option<SocketAddr>) -> Self {
        let mut names: Vec<String> = ["127.0.0.1", "localhost", "[::1]"].map(|h| format!("{h}:{port}")).into();
        names.extend(more.map(|address| address.to_string()));
        if port == 80 {
            names.extend(names.clone().iter().filter_map(|n| n.strip_suffix(":80").map(str::to_owned)));
        }
        Self(names)
    }

    fn holds(&self, host: &str) -> bool {
        self.0.iter().any(|name| name == host)
    }
}

/// A request that was let through, and who made it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) app: Arc<App>,
    pub(crate) language: &'static Language,
    pub(crate) path: String,
    /// What stands behind the path's question mark.
    pub(crate) query: Typed,
    /// What somebody began in this form before; nothing on any other page.
    pub(crate) kept: Option<Kept>,
    /// The browser; nothing only at [`OPEN`] and where a refusal is shown.
    pub(crate) session: Option<Arc<Session>>,
    /// What had changed when the request came.
    pub(crate) version: u64,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let visit = parts.extensions.get::<Self>().cloned();
        std::future::ready(visit.ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))).await
    }
}

/// Why a page is not what was asked for. What is said stands in the language files under `problem.KEY`.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) key: &'static str,
    /// What is put into the text.
    pub(crate) with: Vec<(&'static str, String)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, key: &'static str) -> Self {
        Self { status, key, with: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.with.push((name, value.into()));
        self
    }
}

impl From<counterpart_node::DeskError> for Problem {
    fn from(why: counterpart_node::DeskError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "desk").with("why", why.to_string())
    }
}

impl IntoResponse for Problem {
    /// The page itself is made in [`guard`], which knows the language.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        drop(response.extensions_mut().insert(self));
        response
    }
}

/// Judges a request, has it answered, and says with the answer what a browser may do with it.
pub(crate) async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let accepted = one(headers, &header::ACCEPT_LANGUAGE).unwrap_or_default();
    let mut visit = Visit {
        language: chosen(&app, headers).unwrap_or_else(|| language::accepted(accepted)),
        path: request.uri().path().to_owned(),
        query: query(&request),
        kept: None,
        session: session(&app, headers),
        version: app.live.version(),
        app: Arc::clone(&app),
    };
    let judged = judge(&visit, &request);
    let mut response = match judged {
        Ok(()) => {
            drop(request.extensions_mut().insert(visit.clone()));
            next.run(request).await
        }
        Err(problem) => {
            if problem.key != "session" {
                // Who asked from elsewhere is shown nothing of whose pages these are.
                visit.session = None;
            }
            problem.into_response()
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = pages::problem(&visit, &problem);
    }
    finish(&mut response);
    // The report brings the one style that it may have, and nothing that runs.
    if let Some(pages::Own(policy)) = response.extensions_mut().remove() {
        drop(response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy));
    }
    response
}

/// What stands behind the path's question mark; what cannot be read is nothing.
fn query(request: &Request) -> Typed {
    let read = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    Typed::new(read.map(|Query(fields)| fields).unwrap_or_default())
}

/// Whether a request may be answered at all.
fn judge(visit: &Visit, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let host = host(request).filter(|host| visit.app.hosts.holds(host));
    let Some(host) = host else {
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "host"));
    };
    let safe = match *request.method() {
        Method::GET | Method::HEAD => true,
        Method::POST => false,
        _ => return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method")),
    };
    if !came_from_here(headers, &host, safe) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "elsewhere"));
    }
    if visit.session.is_some() || (safe && (visit.path == OPEN || assets::is_asset(&visit.path))) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "session"))
}

/// The host that a request means: the one header, and the request line where it names one too.
fn host(request: &Request) -> Option<String> {
    let named = one(request.headers(), &header::HOST).ok()??.to_ascii_lowercase();
    let target = request.uri().authority().map(|a| a.as_str().to_ascii_lowercase());
    target.is_none_or(|target| target == named).then_some(named)
}

/// Whether a page of ours made the request, or the person did by hand; by what browsers say of it.
///
/// A link on another page may lead here: the browser shows the page as its own and sends no cookie along.
fn came_from_here(headers: &HeaderMap, host: &str, safe: bool) -> bool {
    let (Ok(origin), Ok(site), Ok(mode)) = (one(headers, &header::ORIGIN), one(headers, &SITE), one(headers, &MODE))
    else {
        return false;
    };
    let own = format!("http://{host}");
    if origin.is_some_and(|origin| origin != own) {
        return false;
    }
    match (safe, site) {
        (_, Some("same-origin")) => true,
        (true, None | Some("none")) => true,
        (true, Some(_)) => mode == Some("navigate"),
        // An older browser says less, but always which page a form is on.
        (false, None | Some("none")) => origin.is_some(),
        (false, Some(_)) => false,
    }
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// A header that may be there once at most.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ()> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_not_text| ()),
        _ => Err(()),
    }
}

/// What the cookies of one name hold.
fn cookies<'h>(headers: &'h HeaderMap, wanted: &str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(move |pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

/// The language that was chosen in this browser.
fn chosen(app: &App, headers: &HeaderMap) -> Option<&'static Language> {
    let name = language::cookie(&app.cookie);
    cookies(headers, &name).find_map(language::chosen)
}

/// The browser that a cookie names.
fn session(app: &App, headers: &HeaderMap) -> Option<Arc<Session>> {
    let mut named = cookies(headers, &app.cookie);
    let value = named.next()?;
    // Two of one name: somebody else put one there.
    if named.next().is_some() { None } else { app.sessions.find(value, now()) }
}

/// The cookie that lets a browser in.
pub(crate) fn cookie(app: &App, value: &str) -> HeaderValue {
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Strict", app.cookie);
    HeaderValue::from_str(&text).expect("a secret is letters and digits")
}

fn finish(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Nobody else learns an address of ours. With `no-referrer` browsers would not say either which page a form of
        // ours is on.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ] {
        drop(headers.insert(name, HeaderValue::from_static(value)));
    }
    // What is no page of ours, such as a file that somebody sent, has a stricter policy of its own.
    for (name, usual) in [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "private, no-cache")] {
        if !headers.contains_key(&name) {
            drop(headers.insert(name, HeaderValue::from_static(usual)));
        }
    }
}
