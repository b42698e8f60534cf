//! What open pages are told: that something changed, and where. They ask for it themselves.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use counterpart_core::id::CaseId;
use futures::stream;
use serde_json::json;
use tokio::sync::broadcast;

use crate::{
    app::App,
    guard::{Problem, Visit},
    session::Session,
};

/// Streams of one browser at once. Its tabs share one; more are tabs of a browser that cannot share.
const STREAMS: usize = 12;

/// Notices kept for a stream that is slow to take them; one that is slower is told that all may have changed.
const KEPT: usize = 256;

/// A stream says that it is still there.
const BEAT: Duration = Duration::from_secs(15);

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Case(CaseId),
    /// It is not known which case, or it is none: addresses, settings, the node.
    Something,
}

/// Tells all open pages.
#[derive(Debug)]
pub(crate) struct Live {
    sender: broadcast::Sender<(u64, Changed)>,
    /// How many notices there were: a page knows by it whether it is behind.
    /// Locked while one goes out, so that they go in the order of their numbers.
    version: Mutex<u64>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::Sender::new(KEPT), version: Mutex::new(0) }
    }

    pub(crate) fn version(&self) -> u64 {
        *self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether any page is open that would be told.
    pub(crate) fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    pub(crate) fn tell(&self, changed: Changed) {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        *version += 1;
        // Nobody need be listening.
        drop(self.sender.send((*version, changed)));
    }
}

/// A place among the streams of a browser, given back when it ends.
#[derive(Debug)]
struct Place(Arc<Session>);

impl Place {
    fn take(session: &Arc<Session>) -> Option<Self> {
        let taken = session.streams.fetch_add(1, Ordering::AcqRel);
        let place = Self(Arc::clone(session));
        (taken < STREAMS).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Listening {
    receiver: broadcast::Receiver<(u64, Changed)>,
    app: Arc<App>,
    /// What had changed when the stream began, until it is said.
    greeting: Option<u64>,
    over: bool,
    _place: Place,
}

/// `GET /live`
pub(crate) fn stream(visit: &Visit) -> Result<Response, Problem> {
    let too_many = || Problem::new(StatusCode::TOO_MANY_REQUESTS, "streams");
    let place = visit.session.as_ref().and_then(Place::take).ok_or_else(too_many)?;
    let live = &visit.app.live;
    // Heard first, then counted: what comes between is said twice rather than never.
    let receiver = live.sender.subscribe();
    let listening =
        Listening { receiver, app: Arc::clone(&visit.app), greeting: Some(live.version()), over: false, _place: place };
    let events = stream::unfold(listening, |mut listening| async {
        let event = listening.next().await?;
        Some((Ok::<_, Infallible>(event), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(BEAT)).into_response())
}

impl Listening {
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        if let Some(version) = self.greeting.take() {
            return Some(event("hello", &json!({"version": version})));
        }
        tokio::select! {
            () = self.app.stopping.stopped() => {
                self.over = true;
                Some(event("bye", &json!({})))
            }
            notice = self.receiver.recv() => match notice {
                Ok((version, Changed::Case(case))) => {
                    Some(event("changed", &json!({"version": version, "case": case.to_hex()})))
                }
                Ok((version, Changed::Something)) => Some(event("changed", &json!({"version": version}))),
                Err(broadcast::error::RecvError::Lagged(_)) => Some(event("changed", &json!({}))),
                Err(broadcast::error::RecvError::Closed) => None,
            },
        }
    }
}

fn event(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
