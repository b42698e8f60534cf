//! What was done already: a form that is sent twice does it once.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many are remembered; the oldest goes first.
const MOST: usize = 512;

/// What forms did, by the word that each carries, and where that led.
#[derive(Debug, Default)]
pub(crate) struct Done {
    all: Mutex<VecDeque<(String, String)>>,
    turn: Mutex<()>,
}

impl Done {
    /// One after the other: whoever comes while something is done finds it done.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, once: &str, to: &str) {
        if once.is_empty() {
            return;
        }
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back((once.to_owned(), to.to_owned()));
        while all.len() > MOST {
            drop(all.pop_front());
        }
    }

    /// Where it led, if it was done.
    pub(crate) fn find(&self, once: &str) -> Option<String> {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(word, _)| !once.is_empty() && word == once).map(|(_, to)| to.clone())
    }
}
