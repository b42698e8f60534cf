//! Getting to a database, and what is said and known where that does not succeed.

use std::time::Instant;

use super::{
    PATIENCE, Postgres,
    line::{Fault, Line, Work},
    wait,
};
use crate::StoreError;

impl Postgres {
    /// Connects, for as long as patience lasts. Where it is known that nobody answers, nobody waits for that again.
    pub(super) fn reach(&self) -> Result<(), StoreError> {
        let until = Instant::now() + PATIENCE;
        let mut tries = 0;
        loop {
            if let Some(away) = self.health.away() {
                return Err(away);
            }
            match self.line.ask(Work::Connect) {
                Ok(_) => return Ok(()),
                // A machine that slept meanwhile has waited for nothing: once is not enough.
                Err(Fault::Lost(_) | Fault::Full(_)) if Instant::now() < until || tries == 0 => wait(&mut tries),
                Err(fault) => return Err(self.given_up(fault)),
            }
        }
    }

    /// Where nobody answers any more, notes that, and has it tried beside whoever works here.
    pub(super) fn given_up(&self, fault: Fault) -> StoreError {
        let away = matches!(fault, Fault::Lost(_));
        let why = self.named(fault);
        if away {
            let mut line = None;
            self.health.goes_away(why.clone(), move |address| {
                if line.is_none() {
                    line = Line::to(address).ok();
                }
                // Whoever refuses answers.
                line.as_ref().is_some_and(|line| !matches!(line.ask(Work::Connect), Err(Fault::Lost(_))))
            });
        }
        why
    }

    pub(super) fn named(&self, fault: Fault) -> StoreError {
        match fault {
            Fault::Store(error) => error,
            Fault::Again => StoreError::Busy,
            Fault::NotTaken => {
                StoreError::Unexpected { detail: "the database does not take such a statement".to_owned() }
            }
            Fault::Taken => StoreError::Unexpected { detail: "a rule of uniqueness was broken".to_owned() },
            Fault::Late => StoreError::TookTooLong,
            Fault::Refused(refusal) => refusal.told(self.line.address()),
            Fault::Full(said) => self.out_of_reach(format!(
                "it takes no more connections now ({said}): raise max_connections on the server, or the limit that this user \
                 or database has, or stop what holds others"
            )),
            Fault::Lost(said) => {
                self.out_of_reach(format!("{said}: check that it runs and lets this machine in, then try again"))
            }
        }
    }

    fn out_of_reach(&self, reason: String) -> StoreError {
        StoreError::Unreachable { place: self.line.place().to_owned(), reason }
    }
}
