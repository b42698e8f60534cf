//! When which case is brought in step with which peer: whom to call next, who waits for room, who rests.
//!
//! Where to call is asked of the store at the moment of the call, so that nothing here is out of date.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use counterpart_core::id::{CaseId, PartyId};
use tokio::time::Instant;

use crate::random::random;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(500);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How long a case rests that gave way to others, where nothing new comes of it.
const REST: Duration = Duration::from_secs(15 * 60);
/// Links to one peer at the same time. Beyond that those in step give way to those that wait.
pub(super) const MOST_LINKS: usize = 64;
/// Calls to other parties' devices under way at the same time; own devices do not wait for them.
const MOST_CALLS: usize = 64;
/// A peer that has just come is called for what failed before, but not more often than this.
const SPACING: Duration = Duration::from_secs(5);

/// A case to be kept in step with one peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    pub(super) case: CaseId,
    pub(super) peer: Vec<u8>,
}

/// How it stands with a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Now {
    /// To be called at this time.
    Due(Instant),
    /// Its time has come, and there is no room.
    Waits,
    Calling,
    Linked,
    /// In step, its link given up for others.
    Rests(Instant),
    /// No address is known and there is no connection: something must come first.
    Lost,
}

#[derive(Debug)]
pub(super) struct RouteState {
    /// Whose device it is.
    pub(super) party: PartyId,
    /// It is a device of our own party.
    pub(super) own: bool,
    /// Tells when the addresses that belong to it in the store changed; nothing before they were read.
    pub(super) known: Option<u64>,
    now: Now,
    pause: Duration,
    /// Why the last call came to nothing.
    failed: Option<String>,
    /// When it was last called.
    called: Option<Instant>,
    /// It was in step when it was last linked, and nothing came since.
    settled: bool,
}

/// How a route stands for one who waits until nothing is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    UnderWay,
    Linked,
    InStep,
    Failed(String),
}

#[derive(Debug, Default)]
pub(super) struct Routes {
    all: BTreeMap<Route, RouteState>,
    timed: BTreeSet<(Instant, Route)>,
    waiting: BTreeMap<Vec<u8>, VecDeque<Route>>,
    /// Calls under way, by peer; and those of other parties together.
    calling: BTreeMap<Vec<u8>, usize>,
    calls: usize,
}

impl Routes {
    pub(super) fn contains(&self, route: &Route) -> bool {
        self.all.contains_key(route)
    }

    /// Whose device is at the end of it.
    pub(super) fn party_of(&self, route: &Route) -> Option<PartyId> {
        self.all.get(route).map(|state| state.party)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Route, &RouteState)> {
        self.all.iter()
    }

    /// Adds a route, to be called at once; of one that is there it is noted whether what is known of it changed, and it is
    /// called at once then unless a link stands.
    pub(super) fn add(&mut self, route: Route, whose: (PartyId, bool), known: u64, time: Instant) {
        let (party, own) = whose;
        if let Some(state) = self.all.get_mut(&route) {
            (state.party, state.own) = (party, own);
            if state.known.replace(known).is_some_and(|before| before != known) {
                self.retry(&route, time);
            }
            return;
        }
        self.insert(route.clone(), whose, Some(known));
        self.set(&route, Now::Due(time));
    }

    fn insert(&mut self, route: Route, (party, own): (PartyId, bool), known: Option<u64>) {
        let (now, pause, failed, called, settled) = (Now::Lost, FIRST_PAUSE, None, None, false);
        self.all.insert(route, RouteState { party, own, known, now, pause, failed, called, settled });
    }

    /// A device of our own party called, before it was known that it could be called for this case.
    pub(super) fn called_by(&mut self, route: &Route, party: PartyId) {
        if !self.all.contains_key(route) {
            self.insert(route.clone(), (party, true), None);
            self.set(route, Now::Linked);
        }
    }

    /// A link stands that came about before its route was known.
    pub(super) fn stands(&mut self, route: &Route, in_step: bool) {
        let Some(state) = self.all.get_mut(route) else { return };
        if !matches!(state.now, Now::Linked | Now::Calling) {
            state.settled = in_step;
            self.set(route, Now::Linked);
        }
    }

    /// Forgets routes.
    pub(super) fn retain(&mut self, keep: impl Fn(&Route, &RouteState) -> bool) -> Vec<Route> {
        let gone: Vec<Route> = self.all.iter().filter(|(r, s)| !keep(r, s)).map(|(r, _)| r.clone()).collect();
        for route in &gone {
            self.set(route, Now::Lost);
            self.all.remove(route);
        }
        gone
    }

    fn set(&mut self, route: &Route, now: Now) {
        let Some(state) = self.all.get_mut(route) else { return };
        match std::mem::replace(&mut state.now, now) {
            Now::Due(at) | Now::Rests(at) => drop(self.timed.remove(&(at, route.clone()))),
            Now::Waits => {
                if let Some(queue) = self.waiting.get_mut(&route.peer) {
                    if queue.front() == Some(route) {
                        queue.pop_front();
                    } else {
                        queue.retain(|other| other != route);
                    }
                    if queue.is_empty() {
                        self.waiting.remove(&route.peer);
                    }
                }
            }
            Now::Calling => {
                self.calls -= usize::from(!state.own && self.calls > 0);
                if let Some(count) = self.calling.get_mut(&route.peer) {
                    *count -= 1;
                    if *count == 0 {
                        self.calling.remove(&route.peer);
                    }
                }
            }
            Now::Linked | Now::Lost => {}
        }
        match now {
            Now::Due(at) | Now::Rests(at) => drop(self.timed.insert((at, route.clone()))),
            Now::Waits => self.waiting.entry(route.peer.clone()).or_default().push_back(route.clone()),
            Now::Calling => {
                self.calls += usize::from(!state.own);
                *self.calling.entry(route.peer.clone()).or_default() += 1;
            }
            Now::Linked | Now::Lost => {}
        }
    }

    /// Takes out what is to be called now. `links` counts the links to each peer, whoever called.
    pub(super) fn take_due(&mut self, links: &BTreeMap<Vec<u8>, usize>, time: Instant) -> Vec<Route> {
        while let Some((_, route)) = self.timed.first().filter(|(at, _)| *at <= time).cloned() {
            self.set(&route, Now::Waits);
        }
        let mut taken = Vec::new();
        let peers: Vec<Vec<u8>> = self.waiting.keys().cloned().collect();
        for peer in peers {
            let linked = links.get(&peer).copied().unwrap_or(0);
            while let Some(route) = self.waiting.get(&peer).and_then(VecDeque::front).cloned() {
                let own = self.all.get(&route).is_some_and(|state| state.own);
                let room = linked + self.calling.get(&peer).copied().unwrap_or(0) < MOST_LINKS;
                if !room || (!own && self.calls >= MOST_CALLS) {
                    break;
                }
                self.set(&route, Now::Calling);
                if let Some(state) = self.all.get_mut(&route) {
                    state.called = Some(time);
                }
                taken.push(route);
            }
        }
        taken
    }

    /// Peers for which routes wait although their time has come, and how many.
    pub(super) fn crowded(&self) -> Vec<(Vec<u8>, usize)> {
        self.waiting.iter().map(|(peer, queue)| (peer.clone(), queue.len())).collect()
    }

    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next time a route is to be called.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timed.first().map(|(at, _)| *at)
    }

    /// A link along the route stands.
    pub(super) fn linked(&mut self, route: &Route) {
        self.set(route, Now::Linked);
        if let Some(state) = self.all.get_mut(route) {
            state.failed = None;
        }
    }

    pub(super) fn is_linked(&self, route: &Route) -> bool {
        self.all.get(route).is_some_and(|state| state.now == Now::Linked)
    }

    /// Both sides hold the same, or again do not.
    pub(super) fn in_step(&mut self, route: &Route, settled: bool) {
        if let Some(state) = self.all.get_mut(route) {
            state.settled = settled;
            if settled {
                state.pause = FIRST_PAUSE;
            }
        }
    }

    /// The link is gone: called again soon, or at once where it got on and only what carried it came to its end.
    pub(super) fn unlinked(&mut self, route: &Route, at_once: bool, time: Instant) {
        let Some(state) = self.all.get_mut(route).filter(|state| state.now == Now::Linked) else { return };
        state.pause = FIRST_PAUSE;
        let pause = if at_once { Duration::ZERO } else { FIRST_PAUSE };
        self.set(route, Now::Due(time + pause));
    }

    /// The link is gone before it was of use, or for a reason that stays: called again with growing pauses.
    pub(super) fn unlinked_in_vain(&mut self, route: &Route, time: Instant) {
        if self.is_linked(route) {
            self.back_off(route, time);
        }
    }

    /// The link was given up because both hold the same and others wait.
    pub(super) fn rest(&mut self, route: &Route, time: Instant) {
        if self.is_linked(route) {
            self.set(route, Now::Rests(time + spread(REST)));
        }
    }

    /// A call came to nothing; a link may have come about meanwhile from the other side.
    pub(super) fn failed(&mut self, route: &Route, why: String, time: Instant) {
        let Some(state) = self.all.get_mut(route).filter(|state| state.now == Now::Calling) else { return };
        state.failed = Some(why);
        self.back_off(route, time);
    }

    /// A call cannot be made: nobody knows where to.
    pub(super) fn lost(&mut self, route: &Route, why: String) {
        let Some(state) = self.all.get_mut(route).filter(|state| state.now == Now::Calling) else { return };
        state.failed = Some(why);
        self.set(route, Now::Lost);
    }

    /// Waits twice as long as before, and some more by chance, so that peers do not call in step.
    fn back_off(&mut self, route: &Route, time: Instant) {
        let Some(state) = self.all.get_mut(route) else { return };
        let pause = spread(state.pause);
        state.pause = (state.pause * 2).min(LONGEST_PAUSE);
        self.set(route, Now::Due(time + pause));
    }

    /// To be called now, unless it is being called or linked.
    pub(super) fn retry(&mut self, route: &Route, time: Instant) {
        let Some(state) = self.all.get_mut(route) else { return };
        if matches!(state.now, Now::Due(_) | Now::Rests(_) | Now::Lost) {
            (state.pause, state.failed) = (FIRST_PAUSE, None);
            self.set(route, Now::Due(time));
        }
    }

    pub(super) fn retry_all(&mut self, time: Instant) {
        let all: Vec<Route> = self.all.keys().cloned().collect();
        all.iter().for_each(|route| self.retry(route, time));
    }

    /// The same for what is not settled with one peer, of whom something was heard.
    pub(super) fn retry_peer(&mut self, peer: &[u8], time: Instant) {
        let early = |called: &Option<Instant>| called.is_some_and(|at| at + SPACING > time);
        let open =
            |(route, state): &(&Route, &RouteState)| route.peer == peer && !state.settled && !early(&state.called);
        let open: Vec<Route> = self.all.iter().filter(open).map(|(route, _)| route.clone()).collect();
        open.iter().for_each(|route| self.retry(route, time));
    }

    /// Something new came into a case: whoever rests is to have it.
    pub(super) fn news(&mut self, case: CaseId, time: Instant) {
        for route in self.peers_of(case) {
            let Some(state) = self.all.get_mut(&route) else { continue };
            state.settled = false;
            if matches!(state.now, Now::Rests(_)) {
                self.retry(&route, time);
            }
        }
    }

    pub(super) fn peers_of(&self, case: CaseId) -> Vec<Route> {
        let (first, last) = (Route { case, peer: Vec::new() }, Route { case, peer: vec![0xff; 65] });
        self.all.range(first..=last).map(|(route, _)| route.clone()).collect()
    }

    pub(super) fn standing(&self, state: &RouteState) -> Settled {
        match (state.now, &state.failed) {
            (Now::Linked, _) => Settled::Linked,
            (Now::Rests(_), _) => Settled::InStep,
            (Now::Due(_) | Now::Lost, Some(why)) => Settled::Failed(why.clone()),
            _ => Settled::UnderWay,
        }
    }
}

/// A span, and up to half as much again by chance.
fn spread(span: Duration) -> Duration {
    span + span * u32::from(random::<1>()[0]) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(case: u8, peer: u8) -> Route {
        Route { case: CaseId([case; 32]), peer: vec![peer] }
    }

    const THEM: (PartyId, bool) = (PartyId([7; 32]), false);
    const US: (PartyId, bool) = (PartyId([8; 32]), true);

    #[test]
    fn no_more_than_so_many_links_to_one_peer_and_who_rests_comes_back_with_news() {
        let (mut routes, time) = (Routes::default(), Instant::now());
        let count: u8 = 100;
        (0..count).for_each(|n| routes.add(route(n, 1), US, 0, time));
        routes.add(route(0, 2), THEM, 0, time);
        let nobody = BTreeMap::new();
        let first = routes.take_due(&nobody, time);
        assert_eq!(first.len(), MOST_LINKS + 1, "the other peer does not wait for this one");
        assert!(routes.take_due(&nobody, time).is_empty());
        first.iter().for_each(|route| routes.linked(route));
        let full = BTreeMap::from([(vec![1], MOST_LINKS)]);
        assert!(routes.take_due(&full, time).is_empty());
        assert_eq!(routes.crowded(), [(vec![1], usize::from(count) - MOST_LINKS)]);

        let tired = first[0].clone();
        routes.in_step(&tired, true);
        routes.rest(&tired, time);
        let less = BTreeMap::from([(vec![1], MOST_LINKS - 1)]);
        assert_eq!(routes.take_due(&less, time).len(), 1, "its place goes to one that waits");
        assert_eq!(routes.standing(&routes.all[&tired]), Settled::InStep);
        let later = time + SPACING * 2;
        routes.retry_peer(&[1], later);
        assert!(matches!(routes.all[&tired].now, Now::Rests(_)), "nothing is to be had there");
        routes.news(tired.case, later);
        assert_eq!(routes.take_due(&nobody, later).iter().filter(|r| **r == tired).count(), 1);
    }

    #[test]
    fn pauses_grow_and_begin_anew_where_something_is_heard() {
        let (mut routes, mut time) = (Routes::default(), Instant::now());
        let (one, nobody) = (route(1, 1), BTreeMap::new());
        routes.add(one.clone(), THEM, 0, time);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            time += LONGEST_PAUSE * 2;
            assert_eq!(routes.take_due(&nobody, time), std::slice::from_ref(&one));
            routes.failed(&one, "nobody there".to_owned(), time);
            pauses.push(routes.next().expect("again") - time);
        }
        assert!(pauses[0] < Duration::from_secs(1) && pauses[11] >= LONGEST_PAUSE && pauses[11] < LONGEST_PAUSE * 2);
        routes.add(one.clone(), THEM, 1, time);
        assert_eq!(routes.take_due(&nobody, time), std::slice::from_ref(&one), "known to be elsewhere: called at once");
        routes.linked(&one);
        routes.add(one.clone(), THEM, 2, time);
        assert!(routes.take_due(&nobody, time).is_empty(), "a link stands");
        routes.unlinked(&one, true, time);
        assert_eq!(routes.take_due(&nobody, time), std::slice::from_ref(&one));
        routes.linked(&one);
        routes.unlinked_in_vain(&one, time);
        assert!(routes.take_due(&nobody, time).is_empty());
    }

    #[test]
    fn others_wait_while_many_are_called_and_own_devices_do_not() {
        let (mut routes, time) = (Routes::default(), Instant::now());
        (0..200).for_each(|peer| routes.add(route(1, peer), THEM, 0, time));
        routes.add(route(1, 250), US, 0, time);
        let called = routes.take_due(&BTreeMap::new(), time);
        assert_eq!(called.len(), MOST_CALLS + 1);
        assert!(called.contains(&route(1, 250)));
        let gone = routes.retain(|route, _| route.peer != [0]);
        assert_eq!(gone, [route(1, 0)]);
        assert_eq!(routes.take_due(&BTreeMap::new(), time).len(), 1, "what is forgotten leaves its place");
    }
}
