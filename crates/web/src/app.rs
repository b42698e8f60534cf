//! What all requests share.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use axum::http::StatusCode;
use counterpart_node::{Desk, DeskError, Passphrase};
use counterpart_serving::Stopping;
use tokio::sync::{Notify, Semaphore, watch};

use crate::{
    connection::Connections,
    done::Done,
    download::Downloads,
    guard::{Hosts, Problem},
    joins::Joins,
    keeper::Standing,
    live::Live,
    opening::Opening,
    session::Sessions,
    undo::Undo,
};

/// Files being checked at once: each comes into memory whole.
const CHECKS: usize = 1;

/// Cases being opened at once: each comes into memory whole, and more at a time would not be faster.
const CASES: usize = 4;

#[derive(Debug)]
pub(crate) struct App {
    pub(crate) home: PathBuf,
    pub(crate) passphrase: Option<Passphrase>,
    pub(crate) hosts: Hosts,
    /// The cookie's name: another for each port, since browsers keep cookies by host alone.
    pub(crate) cookie: String,
    pub(crate) sessions: Sessions,
    pub(crate) opening: Opening,
    pub(crate) live: Live,
    /// Whether a node runs for this home, and where.
    pub(crate) standing: watch::Sender<Standing>,
    /// The home has changed in a way that the node's keeper should look at.
    pub(crate) look: Notify,
    /// How it stands with the others, as the node here told.
    pub(crate) connections: Connections,
    /// Files made to be taken away.
    pub(crate) downloads: Downloads,
    pub(crate) checks: Arc<Semaphore>,
    pub(crate) cases: Semaphore,
    /// Forms that did what they ask for.
    pub(crate) done: Done,
    /// What was taken away and can be brought back.
    pub(crate) undo: Undo,
    /// What became of requests to join.
    pub(crate) joins: Joins,
    pub(crate) stopping: Stopping,
    desk: RwLock<Option<Arc<Desk>>>,
}

impl App {
    pub(crate) fn new(home: &Path, passphrase: Option<Passphrase>, port: u16, hosts: Hosts) -> Self {
        Self {
            home: home.to_owned(),
            passphrase,
            hosts,
            cookie: format!("counterpart-{port}"),
            sessions: Sessions::default(),
            opening: Opening::of(home),
            live: Live::new(),
            standing: watch::Sender::new(Standing::NoIdentity),
            look: Notify::new(),
            connections: Connections::default(),
            downloads: Downloads::default(),
            done: Done::default(),
            joins: Joins::default(),
            undo: Undo::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            cases: Semaphore::new(CASES),
            stopping: Stopping::default(),
            desk: RwLock::new(None),
        }
    }

    /// The home's desk; nothing while the home has no identity.
    pub(crate) fn desk(&self) -> Result<Option<Arc<Desk>>, DeskError> {
        if let Some(open) = &*self.desk.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Some(Arc::clone(open)));
        }
        let mut place = self.desk.write().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = self.open()?.map(Arc::new);
        }
        Ok(place.clone())
    }

    /// Another desk of the same home.
    pub(crate) fn open(&self) -> Result<Option<Desk>, DeskError> {
        let opened = match &self.passphrase {
            Some(known) => Desk::open_with(&self.home, Some(known)),
            None => Desk::open(&self.home),
        };
        match opened {
            Ok(desk) => Ok(Some(desk)),
            // One that asked to act for somebody has none before the answer is taken.
            Err(DeskError::NoIdentity { .. } | DeskError::Asked { .. }) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

/// Work that waits for the disk, away from the threads that answer requests.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_panicked| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed"))
}
