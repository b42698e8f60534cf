//! Peers to whom only a way through a relay stands, and when a direct one is tried again.

use std::{collections::BTreeMap, time::Duration};

use libp2p::PeerId;
use tokio::time::Instant;

use crate::address::Address;

/// The pauses between tries; the last one holds from then on.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(30), Duration::from_secs(2 * 60), Duration::from_secs(8 * 60), Duration::from_secs(30 * 60)];
/// News of where to call are acted on at once, but no more often than this.
const SPACING: Duration = Duration::from_secs(2);
/// Direct addresses kept of a peer.
const MOST: usize = 16;

#[derive(Default)]
pub(crate) struct Again(BTreeMap<PeerId, Try>);

struct Try {
    due: Instant,
    /// How many pauses are over.
    pauses: usize,
    /// When it was last tried.
    last: Instant,
    places: Vec<Address>,
}

impl Again {
    /// A relayed way stands, and no direct one: the first try is that of the connection itself.
    pub(crate) fn stands(&mut self, peer: PeerId, now: Instant) {
        let first = || Try { due: now + PAUSES[0], pauses: 0, last: now, places: Vec::new() };
        self.0.entry(peer).or_insert_with(first);
    }

    pub(crate) fn gone(&mut self, peer: &PeerId) {
        self.0.remove(peer);
    }

    /// The peer may be at these places: those are called as well, and at once where they are others than before.
    pub(crate) fn seek(&mut self, peer: &PeerId, mut places: Vec<Address>, now: Instant) {
        places.retain(|place| !place.is_relayed());
        places.truncate(MOST);
        if let Some(one) = self.0.get_mut(peer)
            && one.places != places
        {
            one.places = places;
            one.soon(now);
        }
    }

    /// Something is known that was not before, of use for all.
    pub(crate) fn soon(&mut self, now: Instant) {
        for one in self.0.values_mut() {
            one.soon(now);
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.values().map(|one| one.due).min()
    }

    /// Those to be tried now, which count as tried, and where they may be.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(PeerId, Vec<Address>)> {
        let mut due = Vec::new();
        for (peer, one) in self.0.iter_mut().filter(|(_, one)| one.due <= now) {
            one.pauses = (one.pauses + 1).min(PAUSES.len() - 1);
            one.last = now;
            one.due = now + PAUSES[one.pauses];
            due.push((*peer, one.places.clone()));
        }
        due
    }
}

impl Try {
    fn soon(&mut self, now: Instant) {
        self.due = self.due.min((self.last + SPACING).max(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_way_is_tried_again_with_growing_pauses_and_at_once_on_news() {
        let (mut again, peer, mut now) = (Again::default(), PeerId::random(), Instant::now());
        again.stands(peer, now);
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let due = again.next().expect("to be tried");
            pauses.push(due.duration_since(now).as_secs());
            assert!(again.due(due - Duration::from_millis(1)).is_empty());
            now = due;
            again.stands(peer, now);
            assert_eq!(again.due(now), [(peer, Vec::new())]);
        }
        assert_eq!(pauses, [30, 120, 480, 1800, 1800, 1800]);

        let place = Address::parse("/ip4/192.0.2.1/tcp/1").expect("valid");
        again.seek(&peer, vec![place.clone()], now);
        assert_eq!(again.next(), Some(now + SPACING), "not twice in a moment");
        now += Duration::from_secs(60);
        again.soon(now);
        assert_eq!(again.due(now), [(peer, vec![place.clone()])]);
        again.seek(&peer, vec![place], now);
        assert_eq!(again.next(), Some(now + PAUSES[3]), "that is no news");
        again.gone(&peer);
        assert_eq!(again.next(), None);
    }
}
