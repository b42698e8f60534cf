//! Telling other systems of changes while the node runs: a few at a time, each in a thread of its own. When who is to be
//! told again stands in the store.

use std::{collections::BTreeMap, thread};

use super::{Command, Engine};
use crate::{
    clock::now,
    node::NodeEvent,
    webhooks::{HOOK_PATIENCE, NotTaken, Telling},
};

/// Where telling stands.
#[derive(Debug, Default)]
pub(super) struct Hooking {
    /// How many messages are under way, by receiver.
    busy: BTreeMap<String, usize>,
    /// Something came in since it was last looked at what is to be told.
    pub(super) news: bool,
}

impl Engine {
    /// Tells what is to be told now.
    pub(super) fn hooks_due(&mut self) {
        self.hooking.news = false;
        if self.offline {
            return;
        }
        // Not the clock of the sync machines, as with letters.
        let time = now();
        match self.desk.to_tell(time, &self.hooking.busy) {
            Ok(all) => all.into_iter().for_each(|telling| self.tell_hook(telling, time)),
            Err(why) => self.trouble(&why),
        }
    }

    /// In a thread of its own: whoever stops the node does not wait for a receiver that hangs.
    fn tell_hook(&mut self, telling: Telling, time: i64) {
        let commands = self.commands.clone();
        let name = telling.hook().to_owned();
        let asking = move || {
            let outcome = telling.send(time, HOOK_PATIENCE);
            drop(commands.send(Command::HookTold { telling: Box::new(telling), outcome }));
        };
        match thread::Builder::new().name("webhook".to_owned()).spawn(asking) {
            Ok(_runs_by_itself) => *self.hooking.busy.entry(name).or_default() += 1,
            // It stays noted as under way, and is told once more when its time is over.
            Err(why) => self.trouble(&why),
        }
    }

    pub(super) fn hook_told(&mut self, telling: &Telling, outcome: &Result<u16, NotTaken>) {
        if let Some(busy) = self.hooking.busy.get_mut(telling.hook()) {
            *busy = busy.saturating_sub(1);
            if *busy == 0 {
                self.hooking.busy.remove(telling.hook());
            }
        }
        match self.desk.told(telling, outcome, now()) {
            Ok(told) => {
                if let Some(news) = told.news {
                    self.tell(NodeEvent::Webhook(news));
                }
            }
            Err(why) => self.trouble(&why),
        }
        self.hooks_due();
    }
}
