//! One request, judged and read; and its answer.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    sync::Arc,
    time::Instant,
};

use axum::{
    body::{Body, Bytes},
    extract::{Query, RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use counterpart_core::id::CaseId;
use counterpart_node::{Desk, Scope, api_numbers as metrics};
use counterpart_words::{case::OpenCase, kept_name, shape};
use futures::stream;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

use crate::{
    app::{App, Turn, aside},
    body::{self, Came},
    caller::{Caller, token},
    events,
    problem::{Kind, Problem},
    table::{Does, Needs, Operation, Takes},
};

/// Says a request's own word for what is to be done once.
pub(crate) const KEY: &str = "idempotency-key";

/// The longest such word.
const LONGEST_KEY: usize = 128;

/// How a case is named: by its id or its whole short form. Parts of it are for people at a keyboard.
pub(crate) const CASE: &str = "^([0-9a-fA-F]{64}|[0-9A-Z]{4}-?[0-9A-Z]{4}-?[0-9A-Z])$";

const CASE_HINT: &str =
    "name it by its id of 64 digits or its short form such as K7F2-Q9XA-3; GET /api/v1/cases lists those here";

/// Letters of a whole short form.
const SHORT: usize = 9;

/// Bytes of a file read and sent at a time.
const PIECE: usize = 64 << 10;

/// A request that was let through.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) app: Arc<App>,
    pub(crate) operation: &'static Operation,
    pub(crate) uri: Uri,
    /// Who asks; nothing where nobody needs to say.
    caller: Option<Caller>,
    path: Vec<(String, String)>,
    pub(crate) bytes: Bytes,
    pub(crate) file: Option<Came>,
    pub(crate) key: Option<String>,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Nothing,
    Json(Json),
    /// The same, with where it is to be found.
    At(String, Json),
    /// What was answered before under the same key.
    Again(u16, Json),
    File {
        file: File,
        size: u64,
        media: &'static str,
        /// What it may be called where it is kept: somebody else's words are made safe when it is sent.
        name: Option<String>,
    },
}

impl Answer {
    pub(crate) fn of(said: &impl Serialize) -> Result<Self, Problem> {
        let failed = |_why| Problem::new(Kind::Failed, "the answer could not be written");
        Ok(Self::Json(serde_json::to_value(said).map_err(failed)?))
    }
}

impl Asked {
    /// Who asks.
    pub(crate) fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(|| Problem::new(Kind::NoToken, "no token came with the request"))
    }

    /// The desk at which it is done.
    pub(crate) fn desk(&self) -> Result<Arc<Desk>, Problem> {
        self.caller.as_ref().map_or_else(|| Ok(Arc::clone(self.app.desk())), |caller| self.app.desk_of(caller))
    }

    /// The home's own desk, for what is done as the party itself: an agent's seat does none of it.
    pub(crate) fn home_desk(&self) -> Result<Arc<Desk>, Problem> {
        if self.caller()?.seat.is_some() {
            let why = "this is done as the party itself, and the token signs at an agent's seat";
            return Err(Problem::new(Kind::Refused, why).hint("ask with a token without a seat"));
        }
        Ok(Arc::clone(self.app.desk()))
    }

    /// A file that was made for this answer: on disk until it is sent, whatever the reader's pace.
    pub(crate) fn made(&self, bytes: &[u8], media: &'static str, name: String) -> Result<Answer, Problem> {
        let disk = |why: io::Error| Problem::new(Kind::Disk, format!("the file could not be made: {why}"));
        let mut file = self.app.passing.nameless().map_err(disk)?;
        file.write_all(bytes).and_then(|()| file.rewind()).map_err(disk)?;
        Ok(Answer::File { file, size: bytes.len() as u64, media, name: Some(name) })
    }

    /// A part of the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// What stands behind the path's question mark.
    pub(crate) fn query<T: DeserializeOwned + JsonSchema + 'static>(&self) -> Result<T, Problem> {
        query(&self.uri)
    }

    /// What was said in JSON.
    pub(crate) fn json<T: DeserializeOwned + JsonSchema + 'static>(&self) -> Result<T, Problem> {
        shape::read(&self.bytes).map_err(|misfit| match misfit.pointer {
            Some(place) => Problem::of_field(&place, misfit.why),
            None => Problem::malformed("the body", misfit.why),
        })
    }

    /// The case that the path names, by its id or its short form.
    pub(crate) fn case_id(&self, desk: &Desk) -> Result<CaseId, Problem> {
        case_called(desk, self.part("case"))?
            .ok_or_else(|| Problem::new(Kind::NoCase, "there is no such case here").hint(CASE_HINT))
    }

    /// The same, opened.
    pub(crate) fn case(&self, desk: &Desk) -> Result<OpenCase, Problem> {
        let id = self.case_id(desk)?;
        OpenCase::open_with_stamps(desk, &id.to_hex()).map_err(|why| Problem::new(Kind::Failed, why.message))
    }
}

/// Whether a text can name a case.
pub(crate) fn names_a_case(typed: &str) -> bool {
    CaseId::from_hex(typed).is_some() || typed.chars().filter(|c| *c != '-').count() == SHORT
}

/// The case that a text names, if it is here.
pub(crate) fn case_called(desk: &Desk, typed: &str) -> Result<Option<CaseId>, Problem> {
    match CaseId::from_hex(typed) {
        Some(id) => Ok(desk.with_store(|store| store.summary(id))?.map(|summary| summary.case)),
        None if names_a_case(typed) => Ok(desk.resolve(typed).ok()),
        None => Ok(None),
    }
}

/// The case that `case` behind the question mark names.
pub(crate) fn case_of_query(desk: &Desk, typed: &str) -> Result<CaseId, Problem> {
    case_called(desk, typed)?.ok_or_else(|| Problem::of_parameter("case", "there is no such case here").hint(CASE_HINT))
}

/// What stands behind an address's question mark.
fn query<T: DeserializeOwned + JsonSchema + 'static>(uri: &Uri) -> Result<T, Problem> {
    Query::<T>::try_from_uri(uri).map(|Query(query)| query).map_err(|_in_terms_of_types| {
        let given = Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(given)| given).unwrap_or_default();
        match shape::parameter_misfit::<T>(&given) {
            Some((name, why)) => Problem::of_parameter(&name, why),
            None => Problem::malformed("the query", "it is not of the shape that is asked for"),
        }
    })
}

/// Judges a request, has it done, and answers.
pub(crate) async fn answer(
    app: Arc<App>,
    operation: &'static Operation,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let answered = done(app, operation, path, request).await;
    let response = answered.unwrap_or_else(|problem| problem.into_response());
    metrics::asked(operation.id, response.status().as_u16(), began.elapsed());
    response
}

async fn done(
    app: Arc<App>,
    operation: &'static Operation,
    path: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let caller = match operation.needs {
        Needs::Nothing => None,
        Needs::Token => Some(let_in(&app, &head.headers, None).await?),
        Needs::Scope(scope) => {
            let caller = let_in(&app, &head.headers, Some(scope)).await?;
            caller.must(scope)?;
            Some(caller)
        }
    };
    let path = path.map_err(|why| Problem::malformed("the address", why.body_text()))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    if operation.query.is_none() && head.uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Problem::malformed("the query", "nothing is asked for behind a question mark here"));
    }
    let key = key(operation, &head.headers)?;
    if let Does::Events = operation.does {
        let caller = caller.ok_or_else(|| Problem::new(Kind::NoToken, "no token came with the request"))?;
        let token = token(&head.headers, None)?.to_owned();
        // So that what is wrong in it is told as everywhere.
        let _good: events::From = query(&head.uri)?;
        return events::stream(app, caller, token, &head.uri, &head.headers).await;
    }
    let mut asked = Asked { app, operation, uri: head.uri, caller, path, bytes: Bytes::new(), file: None, key };
    match operation.takes {
        Takes::Nothing => {}
        Takes::Json(_) => {
            must_be_json(&head.headers)?;
            asked.bytes = body::whole(body::within(body::MOST as u64, &head.headers, body)?).await?;
        }
        Takes::File(most) => {
            let body = body::within(most, &head.headers, body)?;
            let app = Arc::clone(&asked.app);
            let _place = app.turn(Turn::Upload).await?;
            asked.file = Some(body::kept(body, most, Arc::clone(&app)).await?);
        }
    }
    let Does::Work(turn, work) = operation.does else {
        return Err(Problem::new(Kind::Failed, "nobody said how this is done"));
    };
    let app = Arc::clone(&asked.app);
    let _place = app.turn(turn).await?;
    let scopes = asked.caller.as_ref().map(|caller| caller.scopes.clone());
    let answer = aside(move || work(&asked)).await?.map_err(|problem| problem.told_to(scopes))?;
    written(operation, answer)
}

/// Who asks, if a good token came with it and has not asked too often.
async fn let_in(app: &Arc<App>, headers: &HeaderMap, scope: Option<Scope>) -> Result<Caller, Problem> {
    let token = token(headers, scope)?.to_owned();
    let desk = Arc::clone(app.desk());
    let caller = aside(move || Caller::find(&desk, &token, scope)).await??;
    if app.rates.take(&caller.root, Instant::now()) {
        Ok(caller)
    } else {
        Err(Problem::new(
            Kind::Rate,
            format!(
                "the token '{}', with those that it makes and is made by, asks more often than it may; wait a second",
                caller.name
            ),
        ))
    }
}

fn must_be_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Problem::new(Kind::Media, "send JSON, with the header Content-Type: application/json"))
    }
}

fn key(operation: &Operation, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    if !operation.keyed {
        return Ok(None);
    }
    let wrong = |why: &str| Problem::malformed("the header Idempotency-Key", why);
    let mut named = headers.get_all(KEY).iter();
    let value = named.next().ok_or_else(|| {
        wrong("it is needed here").hint(
            "a word of your own choosing for what is to be done, new for each: when the same is sent again, it is done once",
        )
    })?;
    let text = value.to_str().unwrap_or_default();
    let plain = (1..=LONGEST_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || named.next().is_some() {
        return Err(wrong("one header, 1 to 128 letters, digits and signs of ASCII without blanks"));
    }
    Ok(Some(text.to_owned()))
}

fn written(operation: &Operation, answer: Answer) -> Result<Response, Problem> {
    let failed = |_why| Problem::new(Kind::Failed, "the answer could not be written");
    let unwritable = |_why| Problem::new(Kind::Failed, "the file's name could not be written");
    let status = StatusCode::from_u16(operation.status).map_err(failed)?;
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok(match answer {
        Answer::Nothing => StatusCode::NO_CONTENT.into_response(),
        Answer::Json(body) => (status, json, body.to_string()).into_response(),
        Answer::At(place, body) => {
            let mut response = (status, json, body.to_string()).into_response();
            if let Ok(place) = HeaderValue::from_str(&place) {
                drop(response.headers_mut().insert(header::LOCATION, place));
            }
            response
        }
        Answer::Again(status, body) => {
            let status = StatusCode::from_u16(status).map_err(failed)?;
            let again = [("idempotency-replayed", HeaderValue::from_static("true"))];
            (status, json, again, body.to_string()).into_response()
        }
        Answer::File { file, size, media, name } => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static(media));
            // Never something that a browser would show; what a page in it could do, were it shown, is nothing.
            let how = name.map_or_else(|| "attachment".to_owned(), |name| kept_name::disposition(&name));
            let how = (header::CONTENT_DISPOSITION, HeaderValue::from_str(&how).map_err(unwritable)?);
            let bare = HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'");
            let bare = (header::CONTENT_SECURITY_POLICY, bare);
            let long = (header::CONTENT_LENGTH, HeaderValue::from(size));
            (status, [kind, how, bare, long], sent(file, size)).into_response()
        }
    })
}

/// A file's bytes, as they are asked for.
fn sent(file: File, size: u64) -> Body {
    let next = |open: Option<(File, u64)>| async {
        let Some((file, left)) = open.filter(|(_, left)| *left > 0) else { return Ok(None) };
        let read = aside(move || {
            let mut bytes = Vec::with_capacity(PIECE);
            let got = (&file).take(left.min(PIECE as u64)).read_to_end(&mut bytes)? as u64;
            if got == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            Ok((Bytes::from(bytes), Some((file, left - got))))
        });
        read.await.map_err(|_panicked| io::Error::other("not read"))?.map(Some)
    };
    Body::from_stream(stream::try_unfold(Some((file, size)), next))
}
