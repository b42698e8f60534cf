//! Whether the store works: tried out where it did not or may not, and told when that changes.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use counterpart_store::Store;
use tokio::time::Instant;

use super::Engine;
use crate::node::NodeEvent;

/// How often it is tried whether the store takes what is written, while nothing failed.
const TRY: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Watched {
    /// When it was tried out.
    tried: Option<Instant>,
    /// What was told since it fails: with each look the same would be told else. Nothing while it works.
    told: RefCell<BTreeSet<String>>,
}

impl Watched {
    /// Whether something is to be told; as long as the store fails, once.
    pub(super) fn is_news(&self, why: &str) -> bool {
        let mut told = self.told.borrow_mut();
        told.is_empty() || told.insert(why.to_owned())
    }
}

impl Engine {
    /// Tries the store out, where it fails or some time has passed.
    pub(super) fn try_store(&mut self) {
        let now = Instant::now();
        let due = self.store.tried.is_none_or(|tried| now.duration_since(tried) >= TRY);
        if due || self.desk.health().trouble().is_some() {
            self.store.tried = Some(now);
            self.desk.with_store(Store::try_out);
        }
        self.tell_of_store();
    }

    /// Tells once that the store fails, and once that it works again.
    pub(super) fn tell_of_store(&self) {
        let mut told = self.store.told.borrow_mut();
        match self.desk.health().trouble() {
            Some(why) if told.is_empty() => {
                let why = why.to_string();
                told.insert(why.clone());
                self.tell(NodeEvent::StoreFails { why });
            }
            None if !told.is_empty() => {
                told.clear();
                self.tell(NodeEvent::StoreAgain);
            }
            // Why may change while it goes on.
            _ => {}
        }
    }
}
