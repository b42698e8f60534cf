//! What all requests share.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use counterpart_node::{Desk, Pulse};
use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::timeout,
};

use crate::{
    caller::Caller,
    problem::{Kind, Problem},
    rate::Rates,
};

/// Cases being opened at once: each comes into memory whole, and more at a time would not be faster.
const CASES: usize = 4;

/// Other work that waits for the disk at once.
const WORK: usize = 16;

/// Files coming in at once.
const UPLOADS: usize = 4;

/// Desks of seats kept open; each has the store open once.
const SEATS: usize = 128;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct App {
    home: PathBuf,
    /// The home's own desk, and those of the agents' seats that were asked for, by token.
    own: Arc<Desk>,
    seats: Mutex<BTreeMap<[u8; 32], Arc<Desk>>>,
    pub(crate) rates: Rates,
    cases: Semaphore,
    work: Semaphore,
    uploads: Semaphore,
    /// What is being done at this moment under a key: token and key.
    pub(crate) under_way: Mutex<BTreeSet<([u8; 32], String)>>,
    /// Event streams open, by the first of the tokens that made each other.
    pub(crate) streams: Mutex<BTreeMap<[u8; 32], usize>>,
    /// The number of the newest change, while somebody listens.
    pub(crate) newest: watch::Sender<u64>,
    /// How the node does beside which this runs, where there is one.
    pub(crate) pulse: OnceLock<Arc<Pulse>>,
    /// True once the server stops.
    pub(crate) stopping: watch::Sender<bool>,
}

impl App {
    pub(crate) fn new(own: Desk, rates: Rates) -> Self {
        Self {
            home: own.home().to_owned(),
            own: Arc::new(own),
            seats: Mutex::default(),
            rates,
            cases: Semaphore::new(CASES),
            work: Semaphore::new(WORK),
            uploads: Semaphore::new(UPLOADS),
            under_way: Mutex::default(),
            streams: Mutex::default(),
            newest: watch::Sender::new(0),
            pulse: OnceLock::new(),
            stopping: watch::Sender::new(false),
        }
    }

    /// The home's own desk.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.own
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// The desk at which a caller's requests are done: its seat's, where it has one. A desk is kept for
    /// each token and those that it makes: with a seat its tokens end, so one that is added anew under its name has others.
    pub(crate) fn desk_of(&self, caller: &Caller) -> Result<Arc<Desk>, Problem> {
        let Some(name) = caller.seat.as_deref() else { return Ok(Arc::clone(&self.own)) };
        let mut open = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(desk) = open.get(&caller.root) {
            return Ok(Arc::clone(desk));
        }
        let desk = Arc::new(self.own.at_seat(name)?);
        if open.len() >= SEATS {
            open.clear();
        }
        drop(open.insert(caller.root, Arc::clone(&desk)));
        Ok(desk)
    }

    /// A place among those who may have a case in memory.
    pub(crate) async fn turn(&self, of: Turn) -> Result<SemaphorePermit<'_>, Problem> {
        let (places, what) = match of {
            Turn::Case => (&self.cases, "cases are being opened"),
            Turn::Work => (&self.work, "requests are being answered"),
            Turn::Upload => (&self.uploads, "files are coming in"),
        };
        let busy = || Problem::new(Kind::Busy, format!("too many {what} at this moment; try again"));
        let place = timeout(TURN, places.acquire()).await.map_err(|_late| busy())?;
        place.map_err(|_closed| busy())
    }
}

/// What a request has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Case,
    Work,
    Upload,
}

/// Work that waits for the disk, away from the threads that answer requests.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_panicked| Problem::new(Kind::Failed, "the request ended unexpectedly; nothing is known of why"))
}

/// Waits until the server stops.
pub(crate) async fn stopped(stopping: &watch::Sender<bool>) {
    // One that is gone has stopped as well.
    drop(stopping.subscribe().wait_for(|stopping| *stopping).await);
}
