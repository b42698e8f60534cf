//! What a command took in from a file while this node runs: its entries are found with all others in the store, and here is
//! what they rest on and what came with them.

use std::collections::BTreeSet;

use counterpart_core::{
    id::{CaseId, PartyId},
    receipt::SignedReceipt,
    statement::Entry,
    sync::Stored,
};

use super::Engine;
use crate::{error::DeskError, node::NodeEvent};

impl Engine {
    /// Key logs that new entries in the store rest on, and that the machine does not know.
    pub(super) fn absorb_key_logs(&mut self, case: CaseId) {
        let Some(open) = self.cases.get_mut(&case) else { return };
        let (after, machine) = (open.ordinal, &mut open.machine);
        let read = self.desk.with_store(|store| {
            store.read(|reads| {
                let mut unknown: BTreeSet<PartyId> = BTreeSet::new();
                for stored in reads.entries_after(case, after)? {
                    // What cannot be read is told of by whoever takes it in.
                    let Ok(entry) = Entry::decode(&stored.envelope) else { continue };
                    let cited = entry.statement.keys.iter().filter(|cited| !machine.record().logs().knows(cited));
                    unknown.extend(cited.map(|cited| cited.party));
                }
                let mut events = Vec::new();
                for party in unknown {
                    events.extend(reads.key_events(party)?.into_iter().map(|event| event.envelope));
                }
                Ok::<_, DeskError>(events)
            })
        });
        match read {
            Ok(events) => {
                for event in events {
                    // One of several branches may not be kept: that is nothing new.
                    drop(machine.absorb(vec![Stored::KeyEvent(event)], self.ticks.now()));
                }
            }
            Err(why) => self.trouble(&why),
        }
    }

    /// Receipts in the store that the machine does not have. Its own next one is numbered after them.
    pub(super) fn absorb_receipts(&mut self, case: CaseId) {
        let Some(open) = self.cases.get_mut(&case) else { return };
        let machine = &mut open.machine;
        let here = machine.record().receipts().len() as u64;
        let read = self.desk.with_store(|store| match store.receipt_count(case)? {
            more if more > here && open.receipts != more => store.receipts(case).map(|receipts| (more, receipts)),
            same => Ok((same, Vec::new())),
        });
        let (count, stored) = match read {
            Ok(read) => read,
            Err(why) => return self.trouble(&DeskError::from(why)),
        };
        open.receipts = count;
        if stored.is_empty() {
            return;
        }
        let known: BTreeSet<_> = machine.record().receipts().iter().map(|receipt| receipt.id).collect();
        let mut from = BTreeSet::new();
        for new in stored.into_iter().filter(|receipt| !known.contains(&receipt.id)) {
            let party = SignedReceipt::from_own_store(&new.envelope).map(|signed| signed.receipt.party);
            if machine.absorb(vec![Stored::Receipt(new.envelope)], self.ticks.now()).is_ok() {
                from.extend(party);
            }
        }
        let own = self.desk.party();
        for party in from.into_iter().filter(|party| *party != own) {
            self.tell(NodeEvent::Receipt { case, party });
        }
        self.drain(case);
    }
}
