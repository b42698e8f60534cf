//! What was taken away and was not signed: it can be brought back, as long as the program runs.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use counterpart_core::id::CaseId;
use counterpart_node::NotebookEntry;
use counterpart_process::{call::Draft, steps::Step};

/// How many are remembered; the oldest goes first.
const MOST: usize = 64;

/// Something that was taken away.
#[derive(Debug, Clone)]
pub(crate) enum Removed {
    Note(NotebookEntry),
    Draft(CaseId, Draft),
    Step(CaseId, Box<Step>),
}

/// By the words that bring them back.
#[derive(Debug, Default)]
pub(crate) struct Undo(Mutex<VecDeque<(String, Removed)>>);

impl Undo {
    /// Gives the word that brings it back.
    pub(crate) fn keep(&self, removed: Removed) -> String {
        let word = crate::session::secret();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back((word.clone(), removed));
        while all.len() > MOST {
            drop(all.pop_front());
        }
        word
    }

    /// What was taken away under a word; once.
    pub(crate) fn take(&self, word: &str) -> Option<Removed> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(known, _)| known == word)?;
        all.remove(at).map(|(_, removed)| removed)
    }
}
