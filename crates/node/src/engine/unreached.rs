//! Devices that were called in vain. Each of their cases is called for by itself; that a device is not there is one piece of
//! news each time, however many cases there are.

use std::{collections::BTreeMap, time::Duration};

use counterpart_core::id::CaseId;
use tokio::time::Instant;

use super::routes::{LONGEST_PAUSE, Route};

/// Where the case by which rounds are counted is called for no more, another one takes its place after so long.
const GIVEN_UP: Duration = Duration::from_secs(2 * LONGEST_PAUSE.as_secs());

/// By device the first case for which it was called in vain this time, and when.
#[derive(Debug, Default)]
pub(super) struct Unreached(BTreeMap<Vec<u8>, (CaseId, Instant)>);

impl Unreached {
    /// A call came to nothing. Gives whether it is the first of a round: all calls until the same case is called for again are
    /// one.
    pub(super) fn again(&mut self, route: &Route, time: Instant) -> bool {
        let round = self.0.get(&route.peer);
        let goes_on = round.is_some_and(|(first, since)| *first != route.case && *since + GIVEN_UP > time);
        if !goes_on {
            self.0.insert(route.peer.clone(), (route.case, time));
        }
        !goes_on
    }

    /// It is there: that it is not would be news.
    pub(super) fn reached(&mut self, route: &Route) {
        self.0.remove(&route.peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(case: u8, peer: u8) -> Route {
        Route { case: CaseId([case; 32]), peer: vec![peer] }
    }

    #[test]
    fn a_device_is_news_once_a_round_however_many_cases_it_has() {
        let (mut unreached, mut time) = (Unreached::default(), Instant::now());
        for round in 0..3 {
            let news: Vec<u8> = (0..200).filter(|case| unreached.again(&route(*case, 1), time)).collect();
            assert_eq!(news, [0], "round {round}");
            time += LONGEST_PAUSE;
        }
        assert!(unreached.again(&route(7, 2), time), "another device is its own news");
        // There in between, if only for one case.
        unreached.reached(&route(5, 1));
        assert!(unreached.again(&route(9, 1), time));
        assert!(!unreached.again(&route(8, 1), time));
        assert!(unreached.again(&route(9, 1), time), "a new round, by the case that is called for again");
        // That case went: another one counts.
        time += GIVEN_UP;
        assert!(unreached.again(&route(8, 1), time));
        assert!(!unreached.again(&route(7, 1), time));
    }
}
