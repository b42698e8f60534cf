//! How much others may take of this machine.

use std::{
    collections::HashMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::PeerId;

/// Bounds on connections, streams and memory. The defaults suit a laptop or a small server; for a server that many
/// call there is [`Limits::for_connections`].
///
/// Only known peers ([`crate::Net::know`]) are more than strangers. Handshakes under way are bounded besides: at most
/// a quarter of the files this process may have open, and never more than 2,048.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections strangers made to us, at one time. One more takes the place of a stranger that has been idle
    /// longest, or is refused when none is. Default 64.
    pub incoming_connections: u32,
    /// Connections with one peer, in both directions together, direct and through relays. Default 8.
    pub per_peer: u32,
    /// Connections altogether. Above `incoming_connections`, so that strangers can never take all. Default 512.
    pub total: u32,
    /// Channels with one peer at one time, counted separately for each direction; at most
    /// [`Limits::MAX_STREAMS_PER_PEER`]. One more is refused. Default 256.
    pub streams_per_peer: usize,
    /// Resident bytes of the whole process beyond which new connections are refused, in both directions.
    /// Default 512 MiB.
    pub memory: usize,
}

impl Limits {
    /// The most [`Limits::streams_per_peer`] can be: what the stream multiplexer over TCP can hold.
    pub const MAX_STREAMS_PER_PEER: usize = 1024;
    /// [`Limits::total`] where nothing else is said.
    pub const USUAL_CONNECTIONS: u32 = 512;
    /// The least and the most that [`Limits::for_connections`] makes sense with.
    pub const LEAST_CONNECTIONS: u32 = 32;
    pub const MOST_CONNECTIONS: u32 = 65_536;

    /// For so many connections altogether. Strangers get an eighth of them and never more than 64, so that the rest is
    /// for known peers whatever strangers do; memory is in proportion, beside 128 MiB for all else.
    #[must_use]
    pub fn for_connections(total: u32) -> Self {
        let incoming_connections = (total / 8).clamp(1, 64);
        let memory = MEMORY_BESIDE + total as usize * MEMORY_EACH;
        Self { incoming_connections, per_peer: 8, total, streams_per_peer: 256, memory }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::for_connections(Self::USUAL_CONNECTIONS)
    }
}

/// Memory before the first connection, and for each. One costs far less, and the case that is in memory because of it as
/// much as it is long.
const MEMORY_BESIDE: usize = 128 * 1024 * 1024;
const MEMORY_EACH: usize = 768 * 1024;

/// Of the files this process may have open, one in so many is for callers who have not proven a key.
const SHARE: usize = 4;
const LEAST_CALLERS: usize = 64;
const MOST_CALLERS: usize = 2048;
/// Files that are open beside connections: the store, what listens, pages, programs that ask.
const FILES_BESIDE: usize = 256;

/// How many files this process may have open, where the system says so in a file.
pub(crate) fn open_files() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// Of so many files, those for callers who have not proven a key.
pub(crate) fn callers(files: usize) -> usize {
    (files / SHARE).clamp(LEAST_CALLERS, MOST_CALLERS)
}

/// How many connections there is room for with so many files.
pub(crate) fn fitting(files: usize) -> usize {
    files.saturating_sub(callers(files) + FILES_BESIDE)
}

/// How many files so many connections take, callers and all else included.
pub(crate) fn files_for(connections: usize) -> usize {
    let without = connections + FILES_BESIDE;
    let share = without.div_ceil(SHARE - 1);
    without + share.clamp(LEAST_CALLERS, MOST_CALLERS)
}

/// Counts the channels of each peer.
#[derive(Clone)]
pub(crate) struct Gate {
    taken: Arc<Mutex<HashMap<PeerId, usize>>>,
    most: usize,
}

impl Gate {
    pub(crate) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Whether the peer has any.
    pub(crate) fn holds(&self, peer: &PeerId) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(peer)
    }

    /// A place for one more channel, given back when dropped; nothing when the peer has all of his.
    pub(crate) fn enter(&self, peer: PeerId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(peer).or_default();
        // A limit of nothing leaves no empty entries behind, since `most` is at least 1.
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { gate: self.clone(), peer })
    }
}

/// One channel's place in a [`Gate`].
pub(crate) struct Place {
    gate: Gate,
    peer: PeerId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.gate.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_limits_are_those_for_the_usual_number_of_connections() {
        let usual = Limits::default();
        assert_eq!((usual.total, usual.incoming_connections, usual.per_peer), (512, 64, 8));
        assert_eq!((usual.streams_per_peer, usual.memory), (256, 512 * 1024 * 1024));
    }

    #[test]
    fn strangers_get_a_small_share_of_any_number_of_connections() {
        for total in [Limits::LEAST_CONNECTIONS, 100, 512, 5_000, Limits::MOST_CONNECTIONS] {
            let limits = Limits::for_connections(total);
            assert!(limits.incoming_connections > 0 && limits.incoming_connections <= total / 8);
            assert!(limits.incoming_connections <= 64, "more places for known peers are none for strangers");
            assert_eq!((limits.per_peer, limits.streams_per_peer), (8, 256), "one peer gets no more of them");
        }
        assert_eq!(Limits::for_connections(2_000).memory, (128 + 1_500) * 1024 * 1024);
    }

    #[test]
    fn as_many_files_are_asked_for_as_connections_and_callers_take() {
        assert_eq!(fitting(1_024), 512, "what most systems allow is enough for the usual number");
        assert_eq!(fitting(100), 0);
        for connections in (1..20_000).step_by(7) {
            let files = files_for(connections);
            assert!(fitting(files) >= connections, "{connections} fit with {files} files");
            assert!(fitting(files - 2) < connections, "{connections} do not fit with fewer than {files}");
        }
    }

    #[test]
    fn places_are_counted_per_peer_and_given_back() {
        let gate = Gate::new(2);
        let (a, b) = (PeerId::random(), PeerId::random());
        let first = gate.enter(a).expect("free");
        let _second = gate.enter(a).expect("free");
        assert!(gate.enter(a).is_none());
        let other = gate.enter(b).expect("another peer has his own");
        drop(first);
        assert!(gate.enter(a).is_some());
        drop(other);
        assert_eq!(gate.taken.lock().expect("not poisoned").len(), 1, "nothing is kept of a peer with no channel");
    }
}
