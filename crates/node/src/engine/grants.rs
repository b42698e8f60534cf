//! Key logs that grow while the node runs: agents added and ended here, and what other cases brought.

use counterpart_core::{
    id::{CaseId, PartyId},
    keylog::{EventBody, RevokeReason},
    sync::{Persist, Stored},
};

use super::Engine;
use crate::{error::DeskError, node::hello_identity};

impl Engine {
    /// Takes in what another process wrote into our own key log: who we are in handshakes follows from it.
    pub(super) fn look_at_own_log(&mut self) {
        let party = self.desk.party();
        match self.desk.with_store(|s| s.key_events(party)) {
            Ok(events) if events.len() != self.identity.key_events.len() => {
                self.grown.insert(party);
                self.spread_key_events();
            }
            Ok(_) => {}
            Err(why) => self.trouble(&why),
        }
    }

    /// Remembers whose key logs grew, from what was just made durable.
    pub(super) fn note_key_events(&mut self, things: &[Persist]) {
        let parties = things.iter().filter_map(|thing| match thing {
            Persist::KeyEvent { party, .. } => Some(*party),
            _ => None,
        });
        self.grown.extend(parties);
    }

    /// A party's key log is one, however many cases it is in: what one case brought, the others know at once. So a
    /// device whose rights ended is refused everywhere.
    pub(super) fn spread_key_events(&mut self) {
        while let Some(party) = self.grown.pop_first() {
            if party == self.desk.party()
                && let Err(why) = self.renew_identity()
            {
                self.trouble(&why);
            }
            if let Err(why) = self.tell_cases(party).and_then(|()| self.look_at_devices(party)) {
                self.trouble(&why);
            }
        }
    }

    fn tell_cases(&mut self, party: PartyId) -> Result<(), DeskError> {
        let events = self.desk.with_store(|s| s.key_events(party))?;
        let concerned: Vec<CaseId> =
            self.cases.iter().filter(|(_, open)| open.machine.concerns(&party)).map(|(case, _)| *case).collect();
        let time = self.ticks.now();
        for case in concerned {
            let Some(open) = self.cases.get_mut(&case) else { continue };
            let stored = events.iter().map(|e| Stored::KeyEvent(e.envelope.clone())).collect();
            if let Err(why) = open.machine.absorb(stored, time) {
                self.trouble(&why);
            }
            self.drain(case);
        }
        Ok(())
    }

    /// Whether our own device may sign acts of a kind. A mailbox may sign none: it gives receipts, and says where it is.
    pub(super) fn may(&self, kind: &str) -> bool {
        self.kinds.covers(kind)
    }

    /// Greets with the whole log from now on; tells when our own rights ended, or our log is in dispute.
    fn renew_identity(&mut self) -> Result<(), DeskError> {
        self.identity = hello_identity(&self.desk)?;
        let author = self.desk.author();
        let logs = self.desk.own_log()?;
        self.kinds = self.desk.own_kinds()?;
        let disputed = logs.dispute(&author.party).is_some();
        if disputed && !std::mem::replace(&mut self.disputed, true) {
            self.trouble(
                &"ALARM: your key log has branches that nothing decides between: two of your machines wrote to it without \
                  knowing of each other, or somebody else holds your main key. `counterpart identity show` says what to do",
            );
        }
        let ended = logs.revocation_of(&author.party, &author.grant);
        let why = match ended.map(|end| &end.body) {
            Some(EventBody::Revoke { reason: RevokeReason::Compromised, .. }) => "its key is said to be in wrong hands",
            Some(_) => "its rights were ended",
            None if logs.superseded_by(&author.grant).is_some() => "a change of the main key took its grant back",
            None => return Ok(()),
        };
        if !std::mem::replace(&mut self.ended, true) {
            self.trouble(&format!(
                "this machine no longer acts for its party: {why}. What is signed here from now on counts nowhere; \
                 ask whoever holds the identity"
            ));
        }
        Ok(())
    }
}
