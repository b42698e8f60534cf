//! The node's part in drafting together: edits that others made come into the store, those of this home go out.

use counterpart_core::{
    id::CaseId,
    sync::{Persist, Stored},
};
use counterpart_store::{EditRow, Txn};

use super::Engine;
use crate::error::DeskError;

impl Engine {
    /// Takes in what was typed at the desk, or by another process; those who lack it get it at once.
    pub(super) fn absorb_edits(&mut self, case: CaseId) {
        let Some(open) = self.cases.get_mut(&case) else { return };
        let after = open.edits;
        let stored = match self.desk.with_store(|store| store.edits_after(case, after)) {
            Ok(stored) => stored,
            Err(why) => return self.trouble(&why),
        };
        let Some(last) = stored.last() else { return };
        open.edits = last.arrival;
        let sheet = open.machine.worksheet();
        let new: Vec<Stored> =
            stored.into_iter().filter(|edit| !sheet.holds(&edit.id)).map(|edit| Stored::Edit(edit.envelope)).collect();
        if new.is_empty() {
            return;
        }
        if let Err(why) = open.machine.absorb(new, self.ticks.now()) {
            self.trouble(&why);
        }
        self.drain(case);
    }

    /// Keeps edits that came, and nothing else: the case itself did not change.
    pub(super) fn persist_edits(&self, case: CaseId, things: &[Persist]) -> Result<(), DeskError> {
        self.desk.with_store(|store| store.write(|txn| things.iter().try_for_each(|thing| keep_edit(txn, case, thing))))
    }
}

/// Whether it is about the worksheet alone.
pub(super) fn is_of_worksheet(thing: &Persist) -> bool {
    matches!(thing, Persist::Edit { .. } | Persist::ForgetEdits { .. })
}

pub(super) fn keep_edit(txn: &Txn<'_>, case: CaseId, thing: &Persist) -> Result<(), DeskError> {
    match thing {
        Persist::Edit { id, epoch, device, seq, bytes } => {
            let row = EditRow { case, id: *id, epoch: *epoch, device: *device, seq: *seq, own: false, envelope: bytes };
            txn.insert_edit(&row)?;
        }
        Persist::ForgetEdits { but } => txn.forget_edits_before(case, *but)?,
        _ => {}
    }
    Ok(())
}
