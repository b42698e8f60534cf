//! What became of requests to join: kept while the program runs, for the page that waits for the answer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use counterpart_core::id::CaseId;
use counterpart_node::NodeEvent;

/// Of how many cases it is known; a page asks for few.
const MOST: usize = 256;

/// The last that was heard of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It is over, and why.
    Refused(String),
    /// They were not reached, and why; it is tried again.
    Unreached(String),
}

#[derive(Debug, Default)]
pub(crate) struct Joins(Mutex<HashMap<CaseId, News>>);

impl Joins {
    /// Takes note of what the node tells.
    pub(crate) fn heard(&self, event: &NodeEvent) {
        let (case, news) = match event {
            NodeEvent::JoinRefused { case, why } => (*case, News::Refused(why.clone())),
            NodeEvent::Unreachable { case, why, .. } => (*case, News::Unreached(why.clone())),
            NodeEvent::Joined(case) | NodeEvent::Connected { case, .. } => return self.forget(case),
            _ => return,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&case) {
            // That somebody is not reached is told again; why one was turned down is not.
            let other = all.iter().find(|(_, news)| matches!(news, News::Unreached(_))).or(all.iter().next());
            let other = other.map(|(case, _)| *case);
            drop(other.and_then(|other| all.remove(&other)));
        }
        drop(all.insert(case, news));
    }

    pub(crate) fn of(&self, case: &CaseId) -> Option<News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(case).cloned()
    }

    /// It is asked anew, or done.
    pub(crate) fn forget(&self, case: &CaseId) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(case));
    }
}
