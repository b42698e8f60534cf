//! Disputes and decisions (R12).

use super::{Judge, Judged};
use crate::{act::Act, fold::Reason, graph::Ix, id::EntryId};

impl Judge<'_, '_> {
    /// About anything in the past; on what an agreement rests on, by those who sign it.
    pub(super) fn dispute(&self, about: &EntryId, subject: Option<u32>) -> Judged {
        self.any(about)?;
        let revision = self.past.fold.revision_behind(self.past.graph, about);
        if let Some(revision) = revision {
            self.speaks_in(revision)?;
        }
        let keys = revision.map_or(&[][..], |r| self.past.fold.subject_keys(r));
        let known = subject.is_none_or(|index| keys.get(index as usize).is_some());
        if known { Ok(()) } else { Err(Reason::UnknownSubject) }
    }

    fn open_dispute(&self, dispute: &EntryId) -> Result<Ix, Reason> {
        let ix = self.known(dispute, |a| matches!(a, Act::Dispute { .. }))?;
        if self.past.dispute_ended(ix).is_some() { Err(Reason::DisputeEnded) } else { Ok(ix) }
    }

    /// Another signer gives in.
    pub(super) fn concede(&self, dispute: &EntryId) -> Judged {
        let ix = self.open_dispute(dispute)?;
        if self.past.graph.statement(ix).party == self.statement.party {
            return Err(Reason::OwnDispute);
        }
        match self.past.fold.revision_behind(self.past.graph, dispute) {
            Some(revision) => self.speaks_in(revision),
            None => Ok(()),
        }
    }

    /// The one who disputed ends it.
    pub(super) fn settle(&self, dispute: &EntryId, revision: Option<&EntryId>) -> Judged {
        let ix = self.open_dispute(dispute)?;
        if self.past.graph.statement(ix).party != self.statement.party {
            return Err(Reason::NotTheAuthor);
        }
        revision.map_or(Ok(()), |id| self.revision(id).map(drop))
    }

    /// The arbiter that an agreement names for that subject.
    pub(super) fn decide(&self, dispute: &EntryId) -> Judged {
        let ix = self.open_dispute(dispute)?;
        let keys = self.past.disputed_subjects(ix);
        if self.past.is_arbiter_of(&self.statement.party, &keys) { Ok(()) } else { Err(Reason::NotNamedArbiter) }
    }
}
