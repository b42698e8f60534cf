//! Where this node can be reached, and by what way it reaches others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use libp2p::swarm::ConnectionId;

use crate::{address::Address, peer::PeerId};

/// Where this node can be reached, as far as it knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Where it listens, with the ports that were chosen. Often only of use in the local network.
    pub listening: Vec<Address>,
    /// What its owner announces, and where a known peer has called back and got through.
    pub confirmed: Vec<Address>,
    /// Where known peers saw its connections come from: of use only where nothing in between minds.
    pub observed: Vec<Address>,
    /// One for each relay it relies on, in the order of their peer ids.
    pub reservations: Vec<Reservation>,
    /// Whether others get through to it without a relay.
    pub standing: Standing,
}

/// A place kept at a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Which relay.
    pub relay: PeerId,
    /// Where the node is reached through it, ending with its own peer id; once held.
    pub address: Option<Address>,
    /// The same through other ways to the same relay, for those to whom the first one is closed; at most three.
    pub others: Vec<Address>,
    /// How it stands.
    pub state: ReservationState,
}

/// How a reservation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationState {
    /// The relay is being called or asked.
    Asked,
    /// The relay carries connections to this node.
    Held,
    /// It does not, and will be asked again later. Why, in printable ASCII.
    Failed(String),
}

/// Whether others get through to a node without a relay, as far as known peers could tell by calling back.
///
/// Some routers let in whoever was called before: a peer that was called, and calls back, may get through where
/// others would not. So a node that may sit behind a router keeps its relays whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Standing {
    /// Nobody has tried.
    #[default]
    Unknown,
    /// Somebody got through.
    Public,
    /// Whoever tried did not get through.
    Behind,
}

/// The way to a connected peer; the best one where there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// Straight to it.
    Direct,
    /// Straight to it, after a relay helped both to call at the same moment.
    Punched,
    /// Through a relay, which sees who talks to whom, when and how much, and nothing else.
    Relayed,
}

/// What is known about where this node can be reached.
pub(crate) struct Report {
    announced: Vec<Address>,
    /// What came of trying an address: whether somebody got through.
    tried: BTreeMap<Address, bool>,
    /// Where a known peer at the other end of a connection sees us.
    seen: BTreeMap<ConnectionId, Vec<Address>>,
    snapshot: Snapshot,
}

/// The last report, for everybody who asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Snapshot(Arc<Mutex<Arc<Reach>>>);

impl Snapshot {
    pub(crate) fn get(&self) -> Arc<Reach> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, reach: Reach) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(reach);
    }
}

/// Addresses of each kind that are reported, and remembered of one connection.
const MOST: usize = 16;
const MOST_SEEN: usize = 8;

impl Report {
    pub(crate) fn new(announced: Vec<Address>) -> Self {
        Self { announced, tried: BTreeMap::new(), seen: BTreeMap::new(), snapshot: Snapshot::default() }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot.clone()
    }

    /// A known peer sees us there; whether nobody saw us there before, of those that are connected.
    pub(crate) fn seen(&mut self, connection: ConnectionId, address: Address) -> bool {
        let new = !self.seen.values().flatten().any(|other| *other == address);
        let seen = self.seen.entry(connection).or_default();
        if seen.contains(&address) || seen.len() >= MOST_SEEN {
            return false;
        }
        seen.push(address);
        new
    }

    pub(crate) fn is_seen(&self, connection: ConnectionId) -> bool {
        self.seen.contains_key(&connection)
    }

    pub(crate) fn gone(&mut self, connection: ConnectionId) {
        self.seen.remove(&connection);
    }

    /// Somebody tried to reach us there. Once it worked, only its not being seen any more takes that back.
    pub(crate) fn tried(&mut self, address: Address, through: bool) {
        let result = self.tried.entry(address).or_default();
        *result |= through;
    }

    /// Draws up the report; whether it differs from the last.
    pub(crate) fn settle(&mut self, mut listening: Vec<Address>, reservations: Vec<Reservation>) -> bool {
        listening.sort();
        listening.dedup();
        let seen: BTreeSet<&Address> = self.seen.values().flatten().collect();
        // While nobody sees us anywhere, nothing speaks against what worked before.
        let holds = |address: &Address| seen.is_empty() || seen.contains(address);
        let worked: Vec<&Address> =
            self.tried.iter().filter(|(address, through)| **through && holds(address)).map(|(a, _)| a).collect();
        let standing = if !worked.is_empty() {
            Standing::Public
        } else if self.tried.iter().any(|(address, through)| !through && holds(address)) {
            Standing::Behind
        } else {
            Standing::Unknown
        };
        let mut confirmed = self.announced.clone();
        for address in worked {
            if !confirmed.contains(address) {
                confirmed.push(address.clone());
            }
        }
        confirmed.truncate(MOST);
        let observed = seen.into_iter().take(MOST).cloned().collect();
        let reach = Reach { listening, confirmed, observed, reservations, standing };
        if *self.snapshot.get() == reach {
            return false;
        }
        self.snapshot.set(reach);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_worked_holds_until_the_node_is_seen_elsewhere() {
        let address = |last: u8| Address::parse(&format!("/ip4/192.0.2.{last}/tcp/1")).expect("valid");
        let [first, second] = [1, 2].map(ConnectionId::new_unchecked);
        let mut report = Report::new(vec![address(9)]);
        let snapshot = report.snapshot();
        assert!(report.settle(Vec::new(), Vec::new()));
        assert_eq!((snapshot.get().standing, snapshot.get().confirmed.clone()), (Standing::Unknown, vec![address(9)]));
        report.seen(first, address(1));
        report.tried(address(1), false);
        assert!(report.settle(Vec::new(), Vec::new()));
        assert_eq!(snapshot.get().standing, Standing::Behind);
        report.tried(address(1), true);
        report.tried(address(1), false);
        assert!(report.settle(Vec::new(), Vec::new()));
        assert_eq!(snapshot.get().standing, Standing::Public);
        assert_eq!(snapshot.get().confirmed, [address(9), address(1)]);
        report.gone(first);
        assert!(report.settle(Vec::new(), Vec::new()), "no longer observed");
        assert_eq!(snapshot.get().standing, Standing::Public);
        report.seen(second, address(2));
        assert!(report.settle(Vec::new(), Vec::new()));
        assert_eq!(snapshot.get().standing, Standing::Unknown);
        assert_eq!(snapshot.get().confirmed, [address(9)]);
        assert!(!report.settle(Vec::new(), Vec::new()), "nothing changed");
    }
}
