//! What a program with a node counts of itself, for whoever watches over it: numbers alone, no word of a case and no id.
//!
//! Counters are one set for the process, since all its desks and its node work on the same; what only a node has, its
//! links and whether its loop turns, is its [`Pulse`].

pub mod api;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use counterpart_store::Counts;
use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};

use crate::{
    clock, desk::Desk, error::DeskError, home, letters::LetterState, node::NodeEvent, place, standing_rules::RuleCount,
};

/// What the answer to a question for numbers is sent as.
pub const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The loop looks into the store every two seconds; one that has not turned for so long hangs.
const STILL: Duration = Duration::from_secs(120);

/// For so many milliseconds the count of late clocks is told again.
const CLOCKS_ANEW: u64 = 60_000;

type Labels = [(&'static str, &'static str); 1];

static HERE: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// What this process counted so far.
pub(crate) fn here() -> &'static Metrics {
    &HERE
}

#[derive(Debug)]
pub(crate) struct Metrics {
    /// Entries taken in, from whomever and by whatever way.
    pub(crate) received: Counter,
    /// Entries signed here.
    pub(crate) signed: Counter,
    refused: Family<Labels, Counter>,
    unreachable: Counter,
    troubles: Counter,
    rules: Family<Labels, Counter>,
    frames: Family<Labels, Counter>,
    frame_bytes: Family<Labels, Counter>,
    store: Histogram,
}

/// What was refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Refused {
    /// An entry, or whatever else came, that does not hold.
    Entry,
    /// A peer who asked for a case that is not for them.
    Call,
    /// A request to join.
    Join,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Went {
    In,
    Out,
}

impl Metrics {
    fn new() -> Self {
        let metrics = Self {
            received: Counter::default(),
            signed: Counter::default(),
            refused: Family::default(),
            unreachable: Counter::default(),
            troubles: Counter::default(),
            rules: Family::default(),
            frames: Family::default(),
            frame_bytes: Family::default(),
            // From a tenth of a millisecond to some six seconds: a durable write is one wait for the disk.
            store: Histogram::new(exponential_buckets(0.0001, 2.0, 17)),
        };
        // A number that is nothing yet is told as 0: what is missing cannot be watched.
        for what in [Refused::Entry, Refused::Call, Refused::Join] {
            drop(metrics.refused.get_or_create(&what.labels()));
        }
        for what in RuleCount::ALL {
            drop(metrics.rules.get_or_create(&[("what", what.as_str())]));
        }
        for way in [Went::In, Went::Out] {
            drop(metrics.frames.get_or_create(&way.labels()));
            drop(metrics.frame_bytes.get_or_create(&way.labels()));
        }
        metrics
    }

    pub(crate) fn refused(&self, what: Refused) {
        self.refused.get_or_create(&what.labels()).inc();
    }

    /// A standing rule acted, was refused, or was held back.
    pub(crate) fn rule(&self, what: RuleCount) {
        self.rules.get_or_create(&[("what", what.as_str())]).inc();
    }

    pub(crate) fn frame(&self, way: Went, bytes: usize) {
        self.frames.get_or_create(&way.labels()).inc();
        self.frame_bytes.get_or_create(&way.labels()).inc_by(bytes as u64);
    }

    /// One use of the store, the wait for others included.
    pub(crate) fn used_store(&self, took: Duration) {
        self.store.observe(took.as_secs_f64());
    }

    /// What people are told of is counted where it is told.
    pub(crate) fn saw(&self, event: &NodeEvent) {
        match event {
            NodeEvent::Unreachable { first: true, .. } => {
                self.unreachable.inc();
            }
            NodeEvent::Trouble(_) | NodeEvent::StoreFails { .. } => {
                self.troubles.inc();
            }
            _ => {}
        }
    }

    fn register(&self, registry: &mut Registry) {
        api::register(registry);
        registry.register("entries_received", "Entries that came from others and are stored", self.received.clone());
        registry.register("entries_signed", "Entries signed by this process", self.signed.clone());
        registry.register(
            "refused",
            "What was refused: entries, calls for cases, requests to join",
            self.refused.clone(),
        );
        registry.register(
            "unreachable",
            "Calls of others' devices that came to nothing, however many cases each was for",
            self.unreachable.clone(),
        );
        registry.register("troubles", "Things that went wrong and were told", self.troubles.clone());
        let help = "What standing rules did: acted, were refused, were held back by their bounds";
        registry.register("standing_rules", help, self.rules.clone());
        registry.register("frames", "Frames exchanged with other nodes", self.frames.clone());
        registry.register("frame_bytes", "Bytes of these frames", self.frame_bytes.clone());
        let help = "How long the store was used at a time, waiting for others included";
        registry.register_with_unit("store", help, Unit::Seconds, self.store.clone());
    }
}

impl Refused {
    fn labels(self) -> Labels {
        let what = match self {
            Self::Entry => "entry",
            Self::Call => "call",
            Self::Join => "join",
        };
        [("what", what)]
    }
}

impl Went {
    fn labels(self) -> Labels {
        let way = match self {
            Self::In => "in",
            Self::Out => "out",
        };
        [("way", way)]
    }
}

/// A running node as it feels from outside.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// When the loop last turned, in milliseconds since it began.
    turned: AtomicU64,
    stopping: AtomicBool,
    links: AtomicU64,
    peers: AtomicU64,
    cases: AtomicU64,
    /// How many service clocks ran out, and when that was counted, in milliseconds since it began.
    clocks: Mutex<Option<(u64, u64)>>,
}

impl Pulse {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            turned: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            links: AtomicU64::new(0),
            peers: AtomicU64::new(0),
            cases: AtomicU64::new(0),
            clocks: Mutex::new(None),
        }
    }

    /// How many service clocks ran out: counted anew once a minute at most, since what every case keeps ready is read for it.
    fn clocks_late(&self, desk: &Desk) -> Result<u64, DeskError> {
        let now = self.since_start();
        let mut known = self.clocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, at)) = *known
            && now.saturating_sub(at) < CLOCKS_ANEW
        {
            return Ok(count);
        }
        let count = desk.clocks_late(clock::now())?;
        *known = Some((count, now));
        Ok(count)
    }

    fn since_start(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The loop turned.
    pub(crate) fn beat(&self) {
        self.turned.store(self.since_start(), Ordering::Relaxed);
    }

    /// What the loop has: links, to whom, and cases in memory.
    pub(crate) fn counted<Peer: Ord>(&self, links: impl Iterator<Item = Peer>, cases: usize) {
        let mut count = 0;
        let peers: BTreeSet<Peer> = links.inspect(|_| count += 1).collect();
        self.links.store(count, Ordering::Relaxed);
        self.peers.store(peers.len() as u64, Ordering::Relaxed);
        self.cases.store(cases as u64, Ordering::Relaxed);
    }

    /// From now on it is going away.
    pub fn stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the loop turns, or has ended because it was asked to.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.is_alive_after(self.since_start())
    }

    /// The same, so many milliseconds after it began.
    fn is_alive_after(&self, since_start: u64) -> bool {
        let still = since_start.saturating_sub(self.turned.load(Ordering::Relaxed));
        self.is_stopping() || u128::from(still) < STILL.as_millis()
    }

    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn register(&self, registry: &mut Registry) {
        let links = self.links.load(Ordering::Relaxed);
        registry.register("links", "Streams that are open for cases", ConstGauge::new(links));
        let peers = self.peers.load(Ordering::Relaxed);
        registry.register("peers", "Other nodes at the ends of these streams", ConstGauge::new(peers));
        let cases = self.cases.load(Ordering::Relaxed);
        registry.register("cases_open", "Cases in memory", ConstGauge::new(cases));
        let uptime = self.began.elapsed().as_secs_f64();
        registry.register_with_unit("uptime", "Since the node started", Unit::Seconds, ConstGauge::new(uptime));
    }
}

/// What is counted in the store.
#[derive(Debug)]
pub struct StoreNumbers {
    counts: Counts,
    clocks_late: u64,
}

impl StoreNumbers {
    fn register(&self, registry: &mut Registry) {
        let counts = &self.counts;
        registry.register("cases", "Cases here", ConstGauge::new(counts.cases));
        registry.register("entries", "Entries in them", ConstGauge::new(counts.entries));
        let letters: Family<Labels, Gauge> = Family::default();
        for state in LetterState::ALL {
            let count = counts.letters.iter().find(|(word, _)| word == state.as_str()).map_or(0, |(_, count)| *count);
            letters.get_or_create(&[("state", state.as_str())]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        registry.register("letters", "Letters to the other sides, by what became of them", letters);
        let help = "Service clocks that ran out and are waited for still, as of a minute ago at most";
        registry.register("clocks_overdue", help, ConstGauge::new(self.clocks_late));
        let help = "Cases of which a webhook is yet to be told, once for each webhook";
        registry.register("webhooks_waiting", help, ConstGauge::new(counts.hooks_waiting));
        let help = "Webhooks that were switched off because they did not answer";
        registry.register("webhooks_off", help, ConstGauge::new(counts.hooks_off));
    }
}

impl Desk {
    /// The numbers that are in the store.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn store_numbers(&self, pulse: &Pulse) -> Result<StoreNumbers, DeskError> {
        let counts = self.with_store(|store| store.counts())?;
        Ok(StoreNumbers { counts, clocks_late: pulse.clocks_late(self)? })
    }

    /// All numbers of this process, of its node and of this home, as Prometheus reads them: see [`METRICS_TYPE`]. Nobody waits
    /// for the store: where its numbers could not be had, the others are told.
    #[must_use]
    pub fn metrics(&self, pulse: &Pulse, of_store: Option<&StoreNumbers>) -> String {
        let mut registry = Registry::with_prefix("counterpart");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which program this is", build);
        pulse.register(&mut registry);
        let works = of_store.is_some() && self.health().trouble().is_none();
        let help = "Whether the store can be read and written, as far as is known: 1 or 0";
        registry.register("store_works", help, ConstGauge::new(u64::from(works)));
        if let Some(of_store) = of_store {
            of_store.register(&mut registry);
        }
        if let Some(bytes) = store_bytes(self.home()) {
            registry.register_with_unit("store_size", "The store's files", Unit::Bytes, ConstGauge::new(bytes));
        }
        if let Some(bytes) = resident() {
            let help = "Memory of this process that is in use";
            registry.register_with_unit("memory_resident", help, Unit::Bytes, ConstGauge::new(bytes));
        }
        here().register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text takes whatever is written to it");
        text
    }

    /// Why a node on this home is not ready to work, in one line; nothing where it is.
    #[must_use]
    pub fn not_ready(&self, pulse: &Pulse) -> Option<String> {
        if pulse.is_stopping() {
            return Some("it is stopping".to_owned());
        }
        if !pulse.is_alive() {
            return Some("its loop hangs".to_owned());
        }
        if home::is_elsewhere(self.home()) {
            return Some(DeskError::UsedElsewhere.to_string());
        }
        // What is known needs no waiting.
        if let Some(why) = self.health().trouble() {
            return Some(why.to_string());
        }
        // Any row will do: it is about whether it can be asked.
        let read = self.with_store(|store| store.newest_ordinal());
        read.err().map(|why| why.to_string())
    }
}

/// The bytes of the store's file and of what is not yet moved into it; nothing where it is kept elsewhere.
fn store_bytes(home: &Path) -> Option<u64> {
    let file = place::file(home)?;
    let size = fs::metadata(&file).ok()?.len();
    let mut log = file.into_os_string();
    log.push("-wal");
    Some(size + fs::metadata(log).map_or(0, |log| log.len()))
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_does_not_turn_is_told() {
        let pulse = Pulse::new();
        assert!(pulse.is_alive(), "it has just begun");
        let still = u64::try_from(STILL.as_millis()).expect("two minutes");
        assert!(pulse.is_alive_after(still - 1) && !pulse.is_alive_after(still));
        pulse.turned.store(still, Ordering::Relaxed);
        assert!(pulse.is_alive_after(2 * still - 1) && !pulse.is_alive_after(2 * still));
        pulse.beat();
        assert!(pulse.is_alive(), "it turned at this moment");
        pulse.stops();
        assert!(pulse.is_alive_after(u64::MAX) && pulse.is_stopping(), "what ends may be still");
    }

    #[test]
    fn a_device_called_in_vain_for_many_cases_counts_once() {
        let metrics = Metrics::new();
        for (case, first) in [(1, true), (2, false), (3, false), (1, true)] {
            let (case, why) = (counterpart_core::id::CaseId([case; 32]), "nobody answers".to_owned());
            metrics.saw(&NodeEvent::Unreachable { case, why, party: None, first });
        }
        assert_eq!(metrics.unreachable.get(), 2);
    }

    #[test]
    fn links_to_one_peer_are_one_peer() {
        let pulse = Pulse::new();
        pulse.counted([1, 2, 1].into_iter(), 2);
        let mut registry = Registry::default();
        pulse.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text");
        for line in ["links 3", "peers 2", "cases_open 2"] {
            assert!(text.lines().any(|l| l == line), "{line}: {text}");
        }
    }
}
