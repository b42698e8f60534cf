//! What all requests share.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use counterpart_core::id::EventId;
use counterpart_node::{Desk, Pulse};
use counterpart_serving::Stopping;
use tokio::{
    sync::{Semaphore, SemaphorePermit, watch},
    time::timeout,
};

use crate::{
    caller::Caller,
    passing::Passing,
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

/// Tokens of which it is known at which of these desks they sign.
const ROOTS: usize = 256;

/// Files put together or judged at once, and looks into every case: each may take as much memory as all else together.
const WHOLE: usize = 1;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct App {
    home: PathBuf,
    /// The home's own desk, and those of the agents' seats that were asked for.
    own: Arc<Desk>,
    seats: Mutex<Seats>,
    /// Where files lie while they come and go.
    pub(crate) passing: Passing,
    pub(crate) rates: Rates,
    cases: Semaphore,
    work: Semaphore,
    uploads: Semaphore,
    whole: Semaphore,
    /// What is being done at this moment under a key: token and key.
    pub(crate) under_way: Mutex<BTreeSet<([u8; 32], String)>>,
    /// Event streams open, by the first of the tokens that made each other.
    pub(crate) streams: Mutex<BTreeMap<[u8; 32], usize>>,
    /// The number of the newest change, while somebody listens.
    pub(crate) newest: watch::Sender<u64>,
    /// How the node does beside which this runs, where there is one.
    pub(crate) pulse: OnceLock<Arc<Pulse>>,
    pub(crate) stopping: Stopping,
}

impl App {
    pub(crate) fn new(own: Desk, passing: Passing, rates: Rates) -> Self {
        Self {
            home: own.home().to_owned(),
            own: Arc::new(own),
            seats: Mutex::default(),
            passing,
            rates,
            cases: Semaphore::new(CASES),
            work: Semaphore::new(WORK),
            uploads: Semaphore::new(UPLOADS),
            whole: Semaphore::new(WHOLE),
            under_way: Mutex::default(),
            streams: Mutex::default(),
            newest: watch::Sender::new(0),
            pulse: OnceLock::new(),
            stopping: Stopping::default(),
        }
    }

    /// The home's own desk.
    pub(crate) fn desk(&self) -> &Arc<Desk> {
        &self.own
    }

    pub(crate) fn home(&self) -> &std::path::Path {
        &self.home
    }

    /// The desk at which a caller's requests are done: its seat's, where it has one. A seat has one desk, however many tokens
    /// sign at it. To open one is to read a key and the store, so nobody else waits for that.
    pub(crate) fn desk_of(&self, caller: &Caller) -> Result<Arc<Desk>, Problem> {
        let Some(name) = caller.seat.as_deref() else { return Ok(Arc::clone(&self.own)) };
        if let Some(desk) = self.seats().find(&caller.root) {
            return Ok(desk);
        }
        // Another token of the seat may have opened it; one that was ended and added anew under its name has another grant.
        let grant = self.own.seat_called(name)?.agent.grant;
        if let Some(desk) = self.seats().of(name, &grant, caller.root) {
            return Ok(desk);
        }
        let desk = Arc::new(self.own.at_seat(name)?);
        let opened = desk.author().grant;
        // Whoever was faster keeps theirs: of a seat only one stays open.
        let mut seats = self.seats();
        Ok(seats.of(name, &opened, caller.root).unwrap_or_else(|| seats.keep(name, opened, caller.root, desk)))
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among those who may have a case in memory.
    pub(crate) async fn turn(&self, of: Turn) -> Result<SemaphorePermit<'_>, Problem> {
        let (places, what) = match of {
            Turn::Case => (&self.cases, "cases are being opened"),
            Turn::Work => (&self.work, "requests are being answered"),
            Turn::Upload => (&self.uploads, "files are coming in"),
            Turn::Whole => (&self.whole, "files are being put together or judged"),
        };
        let busy = || {
            Problem::new(Kind::Busy, format!("too many {what} at this moment"))
                .hint("ask again in a moment, or fewer things at once")
        };
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
    /// What comes into memory whole, or looks into every case.
    Whole,
}

/// A seat's desk.
#[derive(Debug)]
struct AtSeat {
    name: String,
    grant: EventId,
    /// The first of the tokens that made each other, of those that asked here.
    roots: BTreeSet<[u8; 32]>,
    desk: Arc<Desk>,
}

/// The desks of seats that are open, the one that was asked last at the end.
#[derive(Debug, Default)]
struct Seats(Vec<AtSeat>);

impl Seats {
    /// By a token that asked before: with a seat its tokens end, so it is the same seat.
    fn find(&mut self, root: &[u8; 32]) -> Option<Arc<Desk>> {
        let at = self.0.iter().position(|seat| seat.roots.contains(root))?;
        Some(self.used(at))
    }

    /// By the seat itself; the token is known from now on.
    fn of(&mut self, name: &str, grant: &EventId, root: [u8; 32]) -> Option<Arc<Desk>> {
        let at = self.0.iter().position(|seat| seat.name == name && seat.grant == *grant)?;
        let desk = self.used(at);
        if let Some(seat) = self.0.last_mut() {
            if seat.roots.len() >= ROOTS {
                seat.roots.clear();
            }
            seat.roots.insert(root);
        }
        Some(desk)
    }

    fn used(&mut self, at: usize) -> Arc<Desk> {
        let seat = self.0.remove(at);
        let desk = Arc::clone(&seat.desk);
        self.0.push(seat);
        desk
    }

    /// Keeps a desk open; the one that was asked least lately goes where there are too many.
    fn keep(&mut self, name: &str, grant: EventId, root: [u8; 32], desk: Arc<Desk>) -> Arc<Desk> {
        if self.0.len() >= SEATS {
            drop(self.0.remove(0));
        }
        self.0.push(AtSeat { name: name.to_owned(), grant, roots: BTreeSet::from([root]), desk: Arc::clone(&desk) });
        desk
    }
}

/// Work that waits for the disk, away from the threads that answer requests.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_panicked| Problem::new(Kind::Failed, "the request ended unexpectedly; nothing is known of why"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_has_one_desk_and_the_one_asked_least_lately_goes_first() {
        let home = tempfile::TempDir::new().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Arc::new(Desk::open(home.path()).expect("a home"));
        let mut seats = Seats::default();
        let grant = |n: u8| EventId([n; 32]);
        for n in 0..=127 {
            seats.keep(&format!("seat-{n}"), grant(n), [n; 32], Arc::clone(&desk));
        }
        // Another token of the first seat finds it by the seat, and is known from then on.
        assert!(seats.find(&[200; 32]).is_none());
        assert!(seats.of("seat-0", &grant(0), [200; 32]).is_some());
        assert!(seats.find(&[200; 32]).is_some());
        // Added anew under its name it is another seat.
        assert!(seats.of("seat-0", &grant(99), [201; 32]).is_none());
        seats.keep("one-more", grant(200), [202; 32], desk);
        assert_eq!(seats.0.len(), SEATS);
        assert!(seats.find(&[1; 32]).is_none(), "nobody asked there for longest");
        assert!(seats.find(&[0; 32]).is_some() && seats.find(&[2; 32]).is_some());
    }
}
