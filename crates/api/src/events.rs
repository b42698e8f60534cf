//! A stream of what comes into the store, as server-sent events: each with its number, from which a reader goes on.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, PoisonError},
    time::Duration,
};

use axum::{
    extract::Query,
    http::{HeaderMap, Uri},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use counterpart_node::{Followed, api_numbers};
use futures::stream;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;

use crate::{
    app::{App, aside},
    caller::Caller,
    paging,
    problem::{Kind, Problem},
    shapes,
};

/// Streams of one token at once, and of all.
const STREAMS: usize = 8;
const ALL_STREAMS: usize = 128;

/// A stream says that it is still there; and whether its token still is, is looked at.
const BEAT: Duration = Duration::from_secs(15);

/// How often the store is looked at while somebody listens.
const LOOK: Duration = Duration::from_millis(200);

/// Changes read at a time.
const BATCH: usize = 100;

/// From where a stream begins.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    /// Only changes above this number; those to come where nothing is said. The header Last-Event-ID goes before it.
    #[schemars(range(min = 0, max = paging::GREATEST))]
    after: Option<u64>,
}

/// Looks for changes while somebody listens, until the server stops.
pub(crate) async fn look(app: Arc<App>) {
    loop {
        if app.newest.receiver_count() > 0 {
            let desk = Arc::clone(app.desk());
            // A store that fails just now is looked at again.
            if let Ok(Ok(newest)) = aside(move || desk.newest_change()).await {
                app.newest.send_if_modified(|known| {
                    let more = newest != *known;
                    *known = newest;
                    more
                });
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = app.stopping.stopped() => return,
        }
    }
}

/// A stream's place among those that are open.
#[derive(Debug)]
struct Place {
    app: Arc<App>,
    /// The first of the tokens that made each other.
    token: [u8; 32],
}

impl Place {
    fn take(app: &Arc<App>, caller: &Caller) -> Result<Self, Problem> {
        let mut open = app.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, all) = (open.get(&caller.root).copied().unwrap_or(0), open.values().sum::<usize>());
        if own >= STREAMS || all >= ALL_STREAMS {
            let why = format!(
                "a token has {STREAMS} streams at most, with those that it makes, and all together {ALL_STREAMS}: end one first"
            );
            return Err(Problem::new(Kind::Rate, why));
        }
        open.insert(caller.root, own + 1);
        api_numbers::streams(1);
        Ok(Self { app: Arc::clone(app), token: caller.root })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        api_numbers::streams(-1);
        let mut open = self.app.streams.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.token) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.token);
            }
        }
    }
}

/// One stream under way.
#[derive(Debug)]
struct Told {
    place: Place,
    /// Looked up again now and then: one that was ended hears nothing more.
    secret: String,
    after: u64,
    newest: watch::Receiver<u64>,
    waiting: VecDeque<Followed>,
}

pub(crate) async fn stream(
    app: Arc<App>,
    caller: Caller,
    secret: String,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let from: From = Query::try_from_uri(uri)
        .map(|Query(from)| from)
        .map_err(|why| Problem::malformed("the query", why.body_text()))?;
    let last = headers.get("last-event-id").map(|value| {
        let number = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok());
        number
            .ok_or_else(|| Problem::malformed("the header Last-Event-ID", "the number of the last event that was read"))
    });
    let asked = last.transpose()?.or(from.after);
    let place = Place::take(&app, &caller)?;
    let newest = app.newest.subscribe();
    let desk = Arc::clone(app.desk());
    let last = aside(move || desk.newest_change()).await??;
    let after = asked.map_or(Ok(last), |number| paging::place(number, last))?;
    let told = Told { place, secret, after, newest, waiting: VecDeque::new() };
    let events = stream::unfold(told, |mut told| async move {
        let event = told.next().await?;
        Some((Ok::<_, Infallible>(event), told))
    });
    let beat = KeepAlive::new().interval(BEAT).text("still here");
    Ok(Sse::new(events).keep_alive(beat).into_response())
}

impl Told {
    /// The next event; nothing once the stream is to end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(followed) = self.waiting.pop_front() {
                self.after = followed.change.number;
                return Some(event(&followed));
            }
            // Marked as seen before it is read: what comes meanwhile wakes this again.
            drop(self.newest.borrow_and_update());
            let (desk, secret, after) = (Arc::clone(self.place.app.desk()), self.secret.clone(), self.after);
            let read = move || {
                Caller::find(&desk, &secret, None).ok()?;
                desk.followed(after, BATCH).ok()
            };
            // Whose token was ended, or where the store fails: the reader asks again and is told why.
            self.waiting = aside(read).await.ok().flatten()?.into();
            if !self.waiting.is_empty() {
                continue;
            }
            let app = Arc::clone(&self.place.app);
            tokio::select! {
                changed = self.newest.changed() => changed.ok()?,
                () = tokio::time::sleep(BEAT) => {}
                () = app.stopping.stopped() => return None,
            }
        }
    }
}

fn event(followed: &Followed) -> Event {
    let said = shapes::ChangeSaid::of(followed);
    let change = &followed.change;
    // Numbers, words and ids: it can always be written.
    let data = serde_json::to_string(&said).unwrap_or_default();
    Event::default().id(change.number.to_string()).event(change.kind.as_str()).data(data)
}
