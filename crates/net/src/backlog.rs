//! Events that wait for a place in the queue.

use std::collections::{HashMap, VecDeque};

use libp2p::PeerId;

use crate::{Event, address::Address, peer, reach::Path};

/// Finds in the local network that wait at most; they come again by themselves.
const FINDS: usize = 64;

/// Bounded, though the queue may never be read: a peer that came and went unnoticed leaves nothing here, so at most
/// three events stand for each peer that was ever announced or is connected now, one for what is the reach of this
/// node, and a few for addresses.
#[derive(Default)]
pub(crate) struct Backlog {
    events: VecDeque<Waits>,
    /// By what way peers are connected, as the reader of the queue was told.
    told: HashMap<PeerId, Path>,
    mute: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Waits {
    Connected(PeerId),
    Disconnected(PeerId),
    Listening(Address),
    Reach,
    Path(PeerId, Option<Path>),
    Found(PeerId, Address),
}

impl Backlog {
    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Nobody reads the queue any more.
    pub(crate) fn mute(&mut self) {
        self.events.clear();
        self.told.clear();
        self.mute = true;
    }

    pub(crate) fn next(&mut self) -> Option<Event> {
        self.events.pop_front().map(|event| match event {
            Waits::Connected(peer) => Event::Connected { peer: peer::PeerId::from_libp2p(&peer) },
            Waits::Disconnected(peer) => Event::Disconnected { peer: peer::PeerId::from_libp2p(&peer) },
            Waits::Listening(address) => Event::Listening { address },
            Waits::Reach => Event::Reach,
            Waits::Path(peer, path) => {
                match path {
                    Some(path) => self.told.insert(peer, path),
                    None => self.told.remove(&peer),
                };
                Event::Path { peer: peer::PeerId::from_libp2p(&peer), path }
            }
            Waits::Found(peer, address) => Event::Found { peer: peer::PeerId::from_libp2p(&peer), address },
        })
    }

    pub(crate) fn connected(&mut self, peer: PeerId) {
        self.push(Waits::Connected(peer));
    }

    pub(crate) fn disconnected(&mut self, peer: PeerId) {
        // At most one Connected waits for a peer, and it is the last word about it.
        let unannounced = self.events.iter().rposition(|event| matches!(event, Waits::Connected(p) if *p == peer));
        match unannounced {
            Some(at) => drop(self.events.remove(at)),
            None => self.push(Waits::Disconnected(peer)),
        }
    }

    pub(crate) fn listening(&mut self, address: Address) {
        self.push(Waits::Listening(address));
    }

    pub(crate) fn reach(&mut self) {
        if !self.events.contains(&Waits::Reach) {
            self.push(Waits::Reach);
        }
    }

    /// The way to a peer is this one now.
    pub(crate) fn path(&mut self, peer: PeerId, path: Option<Path>) {
        self.events.retain(|event| !matches!(event, Waits::Path(p, _) if *p == peer));
        if self.told.get(&peer).copied() != path {
            self.push(Waits::Path(peer, path));
        }
    }

    pub(crate) fn found(&mut self, peer: PeerId, address: Address) {
        let found = Waits::Found(peer, address);
        let waiting = self.events.iter().filter(|event| matches!(event, Waits::Found(..))).count();
        if waiting < FINDS && !self.events.contains(&found) {
            self.push(found);
        }
    }

    fn push(&mut self, event: Waits) {
        if !self.mute {
            self.events.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_nobody_reads_stays_small() {
        let mut backlog = Backlog::default();
        let known = PeerId::random();
        // The queue has announced `known` before; from now on it takes nothing.
        for _ in 0..100 {
            backlog.disconnected(known);
            backlog.connected(known);
            backlog.path(known, Some(Path::Relayed));
            backlog.path(known, Some(Path::Direct));
            backlog.reach();
            let passing = PeerId::random();
            backlog.connected(passing);
            backlog.path(passing, Some(Path::Direct));
            backlog.path(passing, None);
            backlog.disconnected(passing);
            assert_eq!(backlog.events.len(), 4);
        }
        assert!(matches!(backlog.next(), Some(Event::Disconnected { .. })));
        while backlog.next().is_some() {}
        assert_eq!(backlog.told.get(&known), Some(&Path::Direct));
        backlog.path(known, Some(Path::Direct));
        assert!(backlog.is_empty(), "what was told is not told again");
        backlog.path(known, None);
        assert!(matches!(backlog.next(), Some(Event::Path { path: None, .. })));
        assert!(backlog.told.is_empty());
    }
}
