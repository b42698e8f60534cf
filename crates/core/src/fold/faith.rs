//! Forks (R10) and bad faith (R11): what acts lose when their own feed contradicts them.

use super::Lens;
use crate::{act::Act, graph::Ix};

impl Lens<'_> {
    /// R11: whether the entry leaves out what an earlier receipt of its own feed covers, as another party proved.
    /// Letting others in is not undone by it: they would pay for another's bad faith.
    #[must_use]
    pub fn omits(&self, ix: Ix) -> bool {
        let lets_in =
            matches!(self.fold.act(ix), Act::Invite { .. } | Act::Admit { .. } | Act::Join { .. } | Act::Seat { .. });
        !lets_in && self.fold.omitting.get(&ix).is_some_and(|proves| proves.iter().any(|prove| self.holds(*prove)))
    }

    /// Whether an entry was signed at or after a position its key signed twice, both being among those asked about.
    #[must_use]
    pub fn after_fork(&self, ix: Ix) -> bool {
        self.graph.after_known_fork(ix, |branch| self.holds(branch))
    }

    /// R10: after a fork a feed's acts bind its party and give it no right: it does not choose, cancel under a
    /// clause, or accept its own work for another.
    pub(super) fn right_lost(&self, ix: Ix) -> bool {
        let right = match self.fold.act(ix) {
            Act::Choose { .. } | Act::Cancel { .. } => true,
            Act::Approve { .. } => self.is_deemed(ix),
            _ => false,
        };
        right && self.after_fork(ix)
    }

    /// R11: an accept of an offer whose withdrawal another device of the same party had provably received.
    #[must_use]
    pub fn accepted_after_receipt(&self, accept: Ix) -> bool {
        let Act::Accept { revision, .. } = self.fold.act(accept) else { return false };
        let accepted = self.graph.statement(accept);
        let withdrawn = self.about(revision).filter(|ix| matches!(self.fold.act(*ix), Act::Withdraw { .. }));
        let unknown = withdrawn.filter(|w| !self.graph.in_past(*w, accept));
        let received = |withdraw: Ix| {
            let proved = self.fold.proved.iter().filter(|p| p.party == accepted.party && self.has(p.prove));
            proved.into_iter().any(|p| {
                p.device != accepted.device && p.at <= accepted.at && self.graph.covered_by(withdraw, &p.heads)
            })
        };
        unknown.into_iter().any(received)
    }
}
