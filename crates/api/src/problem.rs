//! Why something was not done, as programs read it: RFC 9457.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use counterpart_core::text;
use counterpart_node::{DeskError, Scope};
use counterpart_store::{FilesError, StoreError};
use counterpart_words::{
    error::CommandError,
    for_programs::{self, Otherwise},
};
use serde_json::{Map, Value as Json, json};

use crate::instead::instead;

/// What stands before the word of a problem in its `type`.
pub(crate) const TYPE: &str = "urn:counterpart:problem:";

/// The kinds of problem. Their words stay as they are: programs decide by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What was sent is not of the shape that is asked for.
    Malformed,
    NoToken,
    BadToken,
    Scope,
    NoCase,
    NotFound,
    Method,
    Slow,
    /// What would be signed reads otherwise than what was shown.
    Changed,
    UnderWay,
    BrokenOff,
    /// A place in the changes, or in a record, that is not there: the store was restored, and numbers them anew.
    Beyond,
    Taken,
    Large,
    /// What stands before the body.
    Head,
    Media,
    /// Understood, and not to be done.
    Refused,
    KeyReused,
    Rate,
    Failed,
    Busy,
    Disk,
}

impl Kind {
    pub(crate) const ALL: [Self; 22] = [
        Self::Malformed,
        Self::NoToken,
        Self::BadToken,
        Self::Scope,
        Self::NoCase,
        Self::NotFound,
        Self::Method,
        Self::Slow,
        Self::Changed,
        Self::UnderWay,
        Self::BrokenOff,
        Self::Beyond,
        Self::Taken,
        Self::Large,
        Self::Head,
        Self::Media,
        Self::Refused,
        Self::KeyReused,
        Self::Rate,
        Self::Failed,
        Self::Busy,
        Self::Disk,
    ];

    /// The word, the status, and what it is in general.
    pub(crate) fn said(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "What was sent is not of the shape asked for"),
            Self::NoToken => ("no-token", StatusCode::UNAUTHORIZED, "No token came with it"),
            Self::BadToken => ("bad-token", StatusCode::UNAUTHORIZED, "The token is unknown, ended or expired"),
            Self::Scope => ("scope", StatusCode::FORBIDDEN, "The token is not for this"),
            Self::NoCase => ("no-case", StatusCode::NOT_FOUND, "There is no such case here"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is nothing here"),
            Self::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, "This cannot be done here"),
            Self::Slow => ("slow", StatusCode::REQUEST_TIMEOUT, "It took too long to arrive"),
            Self::Changed => ("changed", StatusCode::CONFLICT, "What would be signed reads otherwise by now"),
            Self::UnderWay => ("under-way", StatusCode::CONFLICT, "The same is being done at this moment"),
            Self::BrokenOff => ("broken-off", StatusCode::CONFLICT, "The same was begun and broken off"),
            Self::Beyond => ("beyond", StatusCode::CONFLICT, "There are not so many here"),
            Self::Taken => ("taken", StatusCode::CONFLICT, "That name is taken"),
            Self::Large => ("large", StatusCode::PAYLOAD_TOO_LARGE, "It is too large"),
            Self::Head => ("head", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "The head of the request is too large"),
            Self::Media => ("media", StatusCode::UNSUPPORTED_MEDIA_TYPE, "It is not of the media type asked for"),
            Self::Refused => ("refused", StatusCode::UNPROCESSABLE_ENTITY, "It was not done"),
            Self::KeyReused => {
                ("key-reused", StatusCode::UNPROCESSABLE_ENTITY, "This Idempotency-Key stood for something else")
            }
            Self::Rate => ("rate", StatusCode::TOO_MANY_REQUESTS, "Too many requests with this token"),
            Self::Failed => ("failed", StatusCode::INTERNAL_SERVER_ERROR, "Something failed here"),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Too much is being done here at this moment"),
            Self::Disk => ("disk", StatusCode::INSUFFICIENT_STORAGE, "The disk is full or fails"),
        }
    }

    /// What asking again after a while may help.
    fn passes(self) -> bool {
        matches!(self, Self::Rate | Self::Busy | Self::UnderWay)
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    detail: String,
    hint: Option<String>,
    more: Map<String, Json>,
    allow: Option<Box<HeaderValue>>,
    /// What whoever is told it may ask; where that is not known, nothing is left out.
    scopes: Option<Vec<Scope>>,
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), hint: None, more: Map::new(), allow: None, scopes: None }
    }

    /// What is said is somebody's mistake, in a place that has a name.
    pub(crate) fn malformed(what: &str, why: impl std::fmt::Display) -> Self {
        Self::new(Kind::Malformed, format!("{what}: {why}"))
    }

    /// The same of something in the body, by its place there as RFC 6901 writes it.
    pub(crate) fn of_field(place: &str, why: impl std::fmt::Display) -> Self {
        let what = if place.is_empty() { "the body".to_owned() } else { format!("the body, at {place}") };
        Self::malformed(&what, why).with("pointer", place.into())
    }

    /// The same of something behind the question mark, by its name.
    pub(crate) fn of_parameter(name: &str, why: impl std::fmt::Display) -> Self {
        Self::malformed(&format!("the query's `{}`", text::visible_line(name)), why).with("parameter", name.into())
    }

    pub(crate) fn with(mut self, name: &str, value: Json) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Told to somebody with a token for these: of no other address is it said that it can be asked.
    pub(crate) fn told_to(self, scopes: Option<Vec<Scope>>) -> Self {
        Self { scopes, ..self }
    }

    /// The methods that an address has.
    pub(crate) fn allowing(mut self, allow: Option<HeaderValue>) -> Self {
        self.allow = allow.map(Box::new);
        self
    }

    /// What would not be signed, or is not understood.
    pub(crate) fn refused(why: CommandError) -> Self {
        let hint = why.hint_for_programs().map(str::to_owned);
        Self { hint, ..Self::new(Kind::Refused, why.message) }
    }
}

impl From<DeskError> for Problem {
    fn from(why: DeskError) -> Self {
        let kind = match &why {
            DeskError::Store(why) | DeskError::Files(FilesError::Store(why)) => return why.clone().into(),
            DeskError::Files(FilesError::DiskFull | FilesError::Io { .. }) => Kind::Disk,
            DeskError::UnknownCase(_) | DeskError::CaseName(..) | DeskError::AmbiguousCase { .. } => Kind::NoCase,
            DeskError::File { .. } | DeskError::Damaged { .. } | DeskError::Files(_) | DeskError::Key { .. } => {
                Kind::Failed
            }
            // The home is not as far as that: whoever runs it has to do something first.
            DeskError::NoIdentity { .. } | DeskError::Locked | DeskError::Asked { .. } | DeskError::Waits { .. } => {
                Kind::Busy
            }
            DeskError::WrongPassphrase
            | DeskError::UsedElsewhere
            | DeskError::SeatUsedElsewhere
            | DeskError::TooManyFiles { .. } => Kind::Refused,
            DeskError::NameTaken(_) | DeskError::TokenTaken(_) => Kind::Taken,
            DeskError::UnknownAgent(_) | DeskError::UnknownToken(_) => Kind::NotFound,
            DeskError::UnknownSeat(_) | DeskError::SeatEnded(_) => Kind::BadToken,
            _ => Kind::Refused,
        };
        let problem = Self::new(kind, why.to_string());
        match &why {
            DeskError::UnknownCase(_) | DeskError::CaseName(..) | DeskError::AmbiguousCase { .. } => {
                problem.hint("GET /api/v1/cases lists the cases here, each with its id")
            }
            DeskError::TokenTaken(_) => problem.hint("choose another name; GET /api/v1/tokens lists those there are"),
            DeskError::UnknownToken(_) => problem.hint("GET /api/v1/tokens lists those there are"),
            DeskError::NameTaken(_) => problem.hint("choose another name; GET /api/v1/agents lists those there are"),
            DeskError::UnknownAgent(_) => problem.hint("GET /api/v1/agents lists those there are"),
            DeskError::OnlyHome => problem.hint("ask with a token without a seat"),
            DeskError::Worksheet(_) => problem.hint("read the draft again, and say the change of its `state`"),
            _ => problem,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(why: StoreError) -> Self {
        let kind = match &why {
            // Nothing of it was kept: whoever asks again may be luckier.
            StoreError::Busy | StoreError::Conflict | StoreError::Unreachable { .. } => Kind::Busy,
            StoreError::DiskFull | StoreError::Io { .. } => Kind::Disk,
            _ => Kind::Failed,
        };
        Self::new(kind, why.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (word, status, title) = self.kind.said();
        let mut body = Map::new();
        body.insert("type".to_owned(), json!(format!("{TYPE}{word}")));
        body.insert("title".to_owned(), json!(title));
        body.insert("status".to_owned(), json!(status.as_u16()));
        // What else is said here is said at a terminal as well.
        let instead = |words: &[&str]| instead(words, self.scopes.as_deref());
        let to_program = |text: &str| for_programs::said(text, instead, Otherwise::Stays).unwrap_or_default();
        body.insert("detail".to_owned(), json!(to_program(&self.detail)));
        if let Some(hint) = self.hint {
            body.insert("hint".to_owned(), json!(to_program(&hint)));
        }
        body.extend(self.more);
        let mut response = (status, Json::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        drop(headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")));
        if status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"counterpart\"");
            drop(headers.insert(header::WWW_AUTHENTICATE, how));
        }
        if self.kind.passes() {
            drop(headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1")));
        }
        if let Some(allow) = self.allow {
            drop(headers.insert(header::ALLOW, *allow));
        }
        response
    }
}
