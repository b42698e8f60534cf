//! What the store owes: traces of erased things overwritten, words of older cases found. Done beside the loop, in short steps
//! and with a handle of its own, so that neither anybody's erasing nor an update of the program holds up the node.

use std::{
    thread,
    time::{Duration, Instant},
};

use counterpart_core::id::PartyId;
use counterpart_store::{Scrubbed, Store, StoreError};

use super::{Command, Engine};
use crate::{error::DeskError, place, queue};

/// The longest rest between two steps: others are to write as well.
const REST: Duration = Duration::from_millis(50);

impl Engine {
    /// Does what is left about erased things, and sees to it that the rest is done. What is in the way now may be gone at
    /// the next look.
    pub(super) fn chores(&mut self) {
        if let Err(why) = self.desk.erase_files() {
            self.trouble(&why);
        }
        if self.tidying {
            return;
        }
        let owes = self
            .desk
            .with_store(|store| Ok::<_, StoreError>(!store.chores()?.is_empty() || !store.unindexed(1)?.is_empty()));
        match owes {
            Ok(false) => return,
            Ok(true) => {}
            Err(why) => return self.trouble(&why),
        }
        self.tidying = true;
        let (home, own, commands) = (self.desk.home().to_owned(), self.desk.party(), self.commands.clone());
        tokio::task::spawn_blocking(move || {
            // What is left when the node ends is kept in the store.
            let done = place::open(&home).and_then(|mut store| tidy(&mut store, &own, || commands.is_closed()));
            drop(commands.send(Command::Tidied(done)));
        });
    }

    pub(super) fn tidied(&mut self, done: Result<(), DeskError>) {
        self.tidying = false;
        if let Err(why) = done {
            self.trouble(&why);
        }
    }
}

/// Goes on until nothing is left, something is in the way, or the node ends. Traces of erased things come first.
fn tidy(store: &mut Store, own: &PartyId, ends: impl Fn() -> bool) -> Result<(), DeskError> {
    while !ends() {
        let began = Instant::now();
        let more = match store.scrub_step()? {
            Scrubbed::More => true,
            Scrubbed::Clean => queue::index_one(store, own)?,
            Scrubbed::Held => false,
        };
        if !more {
            break;
        }
        thread::sleep(began.elapsed().min(REST));
    }
    Ok(())
}
