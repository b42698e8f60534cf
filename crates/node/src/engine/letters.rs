//! Letters that the node sends by itself, where a standing consent lets it: one at a time to the mail server. When the
//! next is due stands in the store, and every look asks for that by an index; a machine that slept finds what came due
//! meanwhile with its first look.

use std::thread;

use counterpart_mail::{SendError, Sent};

use super::{Command, Engine};
use crate::{
    clock::now,
    letters::{Channel, Notice, Parcel, Posted, show_notice},
    node::NodeEvent,
};

/// Where sending stands.
#[derive(Debug, Default)]
pub(super) struct Posting {
    /// A message is with the mail server.
    busy: bool,
    /// Cases of former versions were looked for.
    began: bool,
}

impl Engine {
    /// Sends what is due and may go, and tells what waits for a yes.
    pub(super) fn post_due(&mut self) {
        // Who may not put on record that a letter went sends none.
        if self.posting.busy || !self.may("remind") {
            return;
        }
        if !self.posting.began {
            if let Err(why) = self.desk.plan_new_cases() {
                return self.trouble(&why);
            }
            self.posting.began = true;
        }
        // Not the clock of the sync machines: where the clock is fixed for a test, reminders wait.
        let time = now();
        match self.desk.next_post() {
            Ok(Some(at)) if at <= time => {}
            Ok(_) => return,
            Err(why) => return self.trouble(&why),
        }
        match self.desk.post(time) {
            Ok((told, parcel)) => {
                for posted in told {
                    self.posted(posted);
                }
                if let Some(parcel) = parcel {
                    self.hand_over(parcel);
                }
            }
            Err(why) => self.trouble(&why),
        }
    }

    /// In a thread of its own: whoever stops the node does not wait for a server that hangs.
    fn hand_over(&mut self, parcel: Parcel) {
        let commands = self.commands.clone();
        let sending = move || {
            let outcome = parcel.send();
            drop(commands.send(Command::Handed { parcel: Box::new(parcel), outcome }));
        };
        match thread::Builder::new().name("letter".to_owned()).spawn(sending) {
            Ok(_runs_by_itself) => self.posting.busy = true,
            // The letter stays noted as under way, and is handed over once more when its time is over.
            Err(why) => self.trouble(&why),
        }
    }

    pub(super) fn handed(&mut self, parcel: Parcel, outcome: Result<Sent, SendError>) {
        self.posting.busy = false;
        match self.desk.parcel_done(parcel, outcome, now()) {
            Ok(posted) => self.posted(posted),
            Err(why) => self.trouble(&why),
        }
        self.post_due();
    }

    fn posted(&mut self, posted: Posted) {
        if let Posted::Waits(letter) = &posted {
            let consents = self.desk.consents(&letter.case).unwrap_or_default();
            if consents.iter().any(|consent| consent.by == Channel::Notice) {
                let title = letter.subject().to_owned();
                show_notice(&Notice { title, body: "This letter is due, and waits for your yes.".to_owned() });
            }
        }
        if let Posted::Sent(letter) = &posted {
            // The act that says so goes to the other side.
            self.absorb_stored(letter.case);
        }
        self.tell(NodeEvent::Letter(Box::new(posted)));
    }
}
