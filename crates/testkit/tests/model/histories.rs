//! The same without the copies: a state is what was signed, a step is an act by somebody who knew any part of it.
//!
//! It reaches the same sets of statements in far fewer states, so it goes deeper.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use stateright::{Model, Property};

use crate::{
    book::{Book, Set},
    copies::{Told, properties_of},
};

/// All that was signed, by the number of the set.
#[derive(Debug, Clone)]
pub(crate) struct History {
    all: u32,
    broken: u32,
    reached: u64,
}

impl Hash for History {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.all.hash(state);
    }
}

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        self.all == other.all
    }
}

impl Told for History {
    fn broken(&self) -> u32 {
        self.broken
    }

    fn reached(&self) -> u64 {
        self.reached
    }
}

pub(crate) struct HistoriesModel {
    pub(crate) book: Arc<Book>,
}

impl HistoriesModel {
    fn state(&self, set: &Arc<Set>) -> History {
        let found = self.book.found(set);
        History { all: set.number, broken: found.broken, reached: found.reached }
    }
}

impl Model for HistoriesModel {
    type State = History;
    type Action = u32;

    fn init_states(&self) -> Vec<History> {
        vec![self.state(&self.book.empty())]
    }

    fn actions(&self, state: &History, actions: &mut Vec<u32>) {
        let all = self.book.numbered(state.all);
        if all.items.len() >= self.book.profile.acts {
            return;
        }
        for holder in self.book.profile.holders() {
            let own = (0..all.items.len()).filter(|at| all.holders[*at] == holder);
            let own = own.fold(0_u16, |bits, at| bits | 1 << at);
            if own.count_ones() as usize >= self.book.profile.each[holder] {
                continue;
            }
            let closed = |held: &u16| {
                let among = (0..all.items.len()).filter(|at| held & (1 << at) != 0);
                own & !held == 0 && among.fold(0, |past, at| past | all.pasts[at]) & !held == 0
            };
            for held in (0..=all.whole()).filter(closed) {
                let part = self.book.part(&all, held);
                actions.extend(self.book.found(&part).moves[holder].iter().filter(|i| !all.items.contains(i)));
            }
        }
    }

    fn next_state(&self, last: &History, item: u32) -> Option<History> {
        Some(self.state(&self.book.grown(&self.book.numbered(last.all), item)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties_of(&self.book.profile)
    }
}
