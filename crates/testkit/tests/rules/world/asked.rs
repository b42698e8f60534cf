//! What copies say when they are asked.

use counterpart_core::{
    fold::{ActionState, ActionStatus, InForce, Position, SubjectKey, Verdict},
    gate::Refusal,
    graph::Ix,
    id::EntryId,
    value::ActionId,
};

use super::{A1, World};

impl World {
    pub(crate) fn status(&self, action: ActionId) -> ActionStatus {
        self.record(A1).lens().status(&SubjectKey::Action(action)).expect("the action is known")
    }

    /// The state after everything has reached everybody.
    pub(crate) fn state(&mut self, action: ActionId) -> ActionState {
        self.converge();
        self.status(action).state
    }

    /// What is in force on an action, as the ids that name it.
    pub(crate) fn in_force(&self, action: ActionId) -> Vec<EntryId> {
        match self.record(A1).lens().in_force(&SubjectKey::Action(action)) {
            InForce::One { names, position: Position::Revision(_) } => names,
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_crossed(&self, key: &SubjectKey) -> bool {
        matches!(self.record(A1).lens().in_force(key), InForce::Crossed { .. })
    }

    /// The open revisions of an action.
    pub(crate) fn open_on(&self, action: ActionId) -> Vec<EntryId> {
        self.ids(self.status(action).open)
    }

    pub(crate) fn requests_on(&self, action: ActionId) -> Vec<EntryId> {
        let status = self.status(action);
        let mut all = self.ids(status.release_requests);
        all.extend(self.ids(status.reopen_requests));
        all.sort_unstable();
        all
    }

    fn ids(&self, list: Vec<Ix>) -> Vec<EntryId> {
        list.into_iter().map(|ix| self.record(A1).graph().id(ix)).collect()
    }

    /// What a device's copy finds of an entry.
    pub(crate) fn verdict_at(&self, device: usize, entry: EntryId) -> &Verdict {
        let record = self.record(device);
        record.fold().verdict(record.graph().find(&entry).expect("the entry is here"))
    }

    pub(crate) fn verdict(&mut self, entry: EntryId) -> Verdict {
        self.converge();
        self.verdict_at(A1, entry).clone()
    }

    /// What the gate of a device says to some bytes.
    pub(crate) fn refusal(&mut self, device: usize, bytes: &[u8]) -> Refusal {
        self.devices[device].record.apply_bytes(bytes).expect_err("the gate refuses this")
    }
}
