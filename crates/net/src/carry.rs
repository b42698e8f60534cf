//! What this node carries for others as their relay.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId, relay};

use crate::{
    RelayLimits,
    known::Known,
    scope::{household, ip},
};

/// A reservation lasts as long as the connection it was made on, so there is no time at which it ends by itself: a
/// time would be told by two clocks that may differ, and a renewal that crosses with the end is not handled well.
const LASTING: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How many strangers of one household may call at once, and after what time another may.
const STRANGERS: f64 = 4.0;
const STRANGER_EVERY: Duration = Duration::from_secs(15);
/// Households whose calls are remembered.
const HOUSEHOLDS: usize = 4096;
/// How long a call of a stranger is counted before it stands or is refused.
const CALLING: Duration = Duration::from_secs(60);

/// The relay: reservations for known peers alone; circuits to those from known peers freely, and from strangers, who
/// may hold an invitation, a few.
pub(crate) fn relay(us: PeerId, limits: &RelayLimits, known: &Known, carried: &Carried) -> relay::Behaviour {
    let (friends, books, most) = (known.clone(), carried.clone(), limits.reservations);
    let reserves = move |peer: PeerId, _: &Multiaddr, _| friends.contains(&peer) && books.has_room(&peer, most);
    let (friends, books, most) = (known.clone(), carried.clone(), (limits.circuits / 4).max(1));
    let calls = move |peer: PeerId, from: &Multiaddr, _| {
        friends.contains(&peer) || books.lets_stranger_call(peer, ip(from), most, Instant::now())
    };
    let config = relay::Config {
        // What is counted there counts renewals twice; the books here are exact.
        max_reservations: limits.reservations.saturating_mul(2).max(1),
        max_reservations_per_peer: 8,
        reservation_duration: LASTING,
        reservation_rate_limiters: vec![Box::new(reserves)],
        max_circuits: limits.circuits,
        max_circuits_per_peer: limits.circuits,
        max_circuit_bytes: limits.circuit_bytes,
        max_circuit_duration: limits.circuit_time.min(Duration::from_secs(u32::MAX.into())),
        circuit_src_rate_limiters: vec![Box::new(calls)],
    };
    let mut relay = relay::Behaviour::new(us, config);
    relay.set_status(Some(relay::Status::Enable));
    relay
}

/// The books of a relay.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    reserved: HashSet<PeerId>,
    /// By who called whom.
    circuits: HashMap<(PeerId, PeerId), usize>,
    /// Strangers whose circuits stand.
    strangers: HashMap<PeerId, usize>,
    /// Strangers whose calls are under way.
    calling: Vec<(PeerId, Instant)>,
    /// What each household may still do, and as of when.
    allowance: HashMap<Option<IpAddr>, (f64, Instant)>,
}

impl Carried {
    /// Whether anything is kept or carried for that peer.
    pub(crate) fn carries_for(&self, peer: &PeerId) -> bool {
        let books = self.books();
        books.reserved.contains(peer) || books.circuits.keys().any(|(caller, called)| caller == peer || called == peer)
    }

    pub(crate) fn reserves(&self) -> Vec<PeerId> {
        self.books().reserved.iter().copied().collect()
    }

    pub(crate) fn note(&self, event: &relay::Event, known: &Known) {
        let mut books = self.books();
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => {
                books.reserved.insert(*src_peer_id);
            }
            relay::Event::ReservationClosed { src_peer_id } | relay::Event::ReservationTimedOut { src_peer_id } => {
                books.reserved.remove(src_peer_id);
            }
            relay::Event::CircuitReqAccepted { src_peer_id, dst_peer_id } => {
                books.answered(src_peer_id);
                *books.circuits.entry((*src_peer_id, *dst_peer_id)).or_default() += 1;
                if !known.contains(src_peer_id) {
                    *books.strangers.entry(*src_peer_id).or_default() += 1;
                }
            }
            relay::Event::CircuitReqDenied { src_peer_id, .. } => books.answered(src_peer_id),
            relay::Event::CircuitClosed { src_peer_id, dst_peer_id, .. } => {
                count_down(&mut books.circuits, &(*src_peer_id, *dst_peer_id));
                count_down(&mut books.strangers, src_peer_id);
            }
            _ => {}
        }
    }

    fn has_room(&self, peer: &PeerId, most: usize) -> bool {
        let books = self.books();
        books.reserved.contains(peer) || books.reserved.len() < most
    }

    fn lets_stranger_call(&self, peer: PeerId, from: Option<IpAddr>, most: usize, now: Instant) -> bool {
        let mut books = self.books();
        books.calling.retain(|(_, since)| now.duration_since(*since) < CALLING);
        let standing: usize = books.strangers.values().sum();
        if standing + books.calling.len() >= most || !books.spend(from.map(household), now) {
            return false;
        }
        books.calling.push((peer, now));
        true
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn answered(&mut self, caller: &PeerId) {
        if let Some(at) = self.calling.iter().position(|(peer, _)| peer == caller) {
            self.calling.swap_remove(at);
        }
    }

    fn spend(&mut self, household: Option<IpAddr>, now: Instant) -> bool {
        let grown = |(left, at): (f64, Instant)| {
            (left + now.duration_since(at).as_secs_f64() / STRANGER_EVERY.as_secs_f64()).min(STRANGERS)
        };
        if self.allowance.len() >= HOUSEHOLDS {
            self.allowance.retain(|_, entry| grown(*entry) < STRANGERS);
            if self.allowance.len() >= HOUSEHOLDS {
                return false;
            }
        }
        let left = self.allowance.get(&household).map_or(STRANGERS, |entry| grown(*entry));
        if left < 1.0 {
            return false;
        }
        self.allowance.insert(household, (left - 1.0, now));
        true
    }
}

fn count_down<K: std::hash::Hash + Eq + Copy>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_call_a_few_times_a_minute() {
        let (carried, known) = (Carried::default(), Known::default());
        let now = Instant::now();
        let ip = |last| Some(IpAddr::from([192, 0, 2, last]));
        let stranger = PeerId::random();
        for _ in 0..4 {
            assert!(carried.lets_stranger_call(stranger, ip(1), 100, now));
        }
        assert!(!carried.lets_stranger_call(PeerId::random(), ip(1), 100, now), "by another name from the same place");
        assert!(carried.lets_stranger_call(PeerId::random(), ip(2), 100, now), "another place");
        assert!(carried.lets_stranger_call(stranger, ip(1), 100, now + STRANGER_EVERY), "a while later");
        assert!(!carried.lets_stranger_call(PeerId::random(), ip(3), 6, now), "no more than so many at once");
        let target = PeerId::random();
        let denied = relay::Event::CircuitReqDenied {
            src_peer_id: stranger,
            dst_peer_id: target,
            status: relay::StatusCode::NoReservation,
        };
        carried.note(&denied, &known);
        assert!(carried.lets_stranger_call(PeerId::random(), ip(3), 6, now), "one was answered");
    }

    #[test]
    fn the_books_are_empty_when_all_is_over() {
        let (carried, known) = (Carried::default(), Known::default());
        let (caller, called) = (PeerId::random(), PeerId::random());
        assert!(carried.has_room(&called, 1));
        carried.note(&relay::Event::ReservationReqAccepted { src_peer_id: called, renewed: false }, &known);
        assert!(carried.has_room(&called, 1) && !carried.has_room(&caller, 1));
        assert!(carried.lets_stranger_call(caller, None, 1, Instant::now()));
        carried.note(&relay::Event::CircuitReqAccepted { src_peer_id: caller, dst_peer_id: called }, &known);
        assert!(carried.carries_for(&caller) && carried.carries_for(&called));
        assert!(!carried.lets_stranger_call(PeerId::random(), None, 1, Instant::now()), "the one place is taken");
        let over = relay::Event::CircuitClosed { src_peer_id: caller, dst_peer_id: called, error: None };
        carried.note(&over, &known);
        carried.note(&relay::Event::ReservationClosed { src_peer_id: called }, &known);
        assert!(!carried.carries_for(&caller) && !carried.carries_for(&called));
        assert!(carried.books().strangers.is_empty() && carried.books().calling.is_empty());
    }
}
