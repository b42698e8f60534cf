//! Telling that something fell due, while the node runs: at every look, by an index. A machine that slept tells it with its
//! first look.

use super::Engine;
use crate::{clock::now, node::NodeEvent};

impl Engine {
    /// Tells what fell due since the last look.
    pub(super) fn tell_overdue(&mut self) {
        // Not the clock of the sync machines, as with letters.
        match self.desk.tell_overdue(now()) {
            Ok(told) => {
                // Whoever is told of changes hears it at once.
                self.hooking.news |= !told.is_empty();
                for overdue in told {
                    self.tell(NodeEvent::Overdue(overdue));
                }
            }
            Err(why) => self.trouble(&why),
        }
    }
}
