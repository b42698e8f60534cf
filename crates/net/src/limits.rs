//! How much others may take of this machine.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::PeerId;

/// Bounds on connections, streams and memory. The defaults suit a laptop or a small server.
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
}

impl Default for Limits {
    fn default() -> Self {
        Self { incoming_connections: 64, per_peer: 8, total: 512, streams_per_peer: 256, memory: 512 * 1024 * 1024 }
    }
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
