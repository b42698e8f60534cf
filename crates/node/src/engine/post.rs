//! Mail that the node fetches by itself, one look at a time: what waits then is taken in where that was allowed.

use std::{thread, time::Duration};

use counterpart_core::id::CaseId;
use tokio::time::Instant;

use super::{Command, Engine};
use crate::{
    clock,
    error::DeskError,
    node::NodeEvent,
    post::{Collected, Collecting, PostError, collect},
};

/// After a failure it waits so long, then twice as long each time, or the usual interval where that is longer.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_WAIT: Duration = Duration::from_secs(4 * 3600);

/// Where fetching stands.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    busy: bool,
    /// When the next look is due; at once where there was none yet.
    next: Option<Instant>,
    failures: u32,
    /// What was told last, so that the same trouble is told once.
    told: Option<String>,
}

impl Engine {
    /// Looks into the mailbox if it is time for it and the home says so.
    pub(super) fn fetch_due(&mut self) {
        if !self.may("contact") || self.fetching.busy || self.fetching.next.is_some_and(|next| next > Instant::now()) {
            return;
        }
        let settings = match self.desk.mail_settings() {
            Ok(Some(settings)) => settings,
            Ok(None) => return,
            Err(why) => return self.fetch_failed(&why.into(), FIRST_WAIT),
        };
        let Some(minutes) = settings.fetch.as_ref().and_then(|fetch| fetch.every) else { return };
        let every = Duration::from_secs(60 * u64::from(minutes.max(1)));
        let (server, folder) = match settings.fetching() {
            Ok(Some(ready)) => ready,
            Ok(None) => return,
            Err(why) => return self.fetch_failed(&why.into(), every),
        };
        let home = self.desk.home().to_owned();
        let own = settings.own.email().to_owned();
        let what = Collecting { home, server, folder, own, days: None, now: clock::now() };
        let commands = self.commands.clone();
        // A thread of its own: whoever stops the node does not wait for a server that hangs.
        let asked = thread::Builder::new().name("mail".to_owned()).spawn(move || {
            drop(commands.send(Command::MailFetched(collect(&what))));
        });
        match asked {
            Ok(_runs_by_itself) => {
                self.fetching.busy = true;
                self.fetching.next = Some(Instant::now() + every);
            }
            Err(why) => {
                let why = DeskError::File { path: self.desk.home().to_owned(), why: why.to_string() };
                self.fetch_failed(&why.into(), every);
            }
        }
    }

    pub(super) fn mail_fetched(&mut self, came: Result<Collected, PostError>) {
        self.fetching.busy = false;
        let collected = match came {
            Ok(collected) => collected,
            Err(why) => return self.fetch_failed(&why, FIRST_WAIT),
        };
        let whole = collected.broken.is_none();
        match collected.broken {
            None => (self.fetching.failures, self.fetching.told) = (0, None),
            Some(why) => self.tell_once(why),
        }
        for skipped in &collected.skipped {
            self.tell(NodeEvent::NoMail { why: format!("a mail stays in the mailbox: {}", skipped.why) });
        }
        // After a look that broke off nothing is gained by the next before its time.
        if collected.more && whole {
            self.fetching.next = None;
        }
        let taken = match self.desk.take_waiting_mail(clock::now()) {
            Ok(taken) => taken,
            Err(why) => return self.trouble(&why),
        };
        let mut cases: Vec<CaseId> = taken.iter().map(|(case, _)| *case).collect();
        cases.sort_unstable();
        let left = collected.kept.saturating_sub(taken.len());
        for some in cases.chunk_by(PartialEq::eq) {
            if let Some(case) = some.first() {
                self.tell(NodeEvent::MailTaken { case: *case, count: some.len() });
                self.absorb_stored(*case);
            }
        }
        if left > 0 {
            self.tell(NodeEvent::MailWaits { count: left });
        }
    }

    fn fetch_failed(&mut self, why: &PostError, at_least: Duration) {
        let wait = FIRST_WAIT.saturating_mul(1 << self.fetching.failures.min(10)).min(LONGEST_WAIT).max(at_least);
        self.fetching.failures += 1;
        self.fetching.next = Some(Instant::now() + wait);
        self.tell_once(why.to_string());
    }

    fn tell_once(&mut self, why: String) {
        if self.fetching.told.as_ref() != Some(&why) {
            self.tell(NodeEvent::NoMail { why: why.clone() });
            self.fetching.told = Some(why);
        }
    }
}
