//! Acts of an agent whose leave was taken back without the agent knowing (R9).

use super::{Lens, Revocation};
use crate::{
    act::{Act, Outcome},
    graph::Ix,
    id::PartyId,
    keylog::RevokeReason,
};

/// What a revocation makes of an act that did not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Counts,
    /// Neither in force nor void.
    Contested,
    /// The others agreed, or an arbiter decided, that it does not count.
    Void,
}

impl Lens<'_> {
    /// Whether a revocation takes an act's effect away, here.
    pub(super) fn set_aside(&self, ix: Ix) -> bool {
        match self.standing_of(ix) {
            Standing::Counts => false,
            Standing::Contested => !self.counting_contested,
            Standing::Void => true,
        }
    }

    /// Whether an act is contested because its key was revoked without its knowledge.
    #[must_use]
    pub fn contested(&self, ix: Ix) -> bool {
        self.holds(ix) && self.standing_of(ix) == Standing::Contested
    }

    /// Whether only contested signatures keep a revision from being fully signed.
    #[must_use]
    pub fn awaits_ratifying(&self, revision: Ix) -> bool {
        !self.fold.revoked.is_empty()
            && !self.counting_contested
            && Self { counting_contested: true, ..*self }.fully_signed(revision)
            && !self.fully_signed(revision)
    }

    fn standing_of(&self, ix: Ix) -> Standing {
        if self.fold.revoked.is_empty() || !agrees(self.fold.act(ix)) {
            return Standing::Counts;
        }
        let revocations = self.fold.revoked.get(&self.graph.statement(ix).device);
        let mut worst = Standing::Counts;
        for revocation in revocations.into_iter().flatten() {
            match self.under(revocation, ix) {
                Standing::Counts => {}
                Standing::Void => return Standing::Void,
                Standing::Contested => worst = Standing::Contested,
            }
        }
        worst
    }

    fn under(&self, revocation: &Revocation, ix: Ix) -> Standing {
        if !revocation.citing.iter().any(|c| self.holds(*c)) || self.within(revocation, ix) {
            return Standing::Counts;
        }
        let Some(others) = self.other_signers(ix) else { return Standing::Counts };
        if let Some(standing) = self.resolved(revocation, ix, &others) {
            return standing;
        }
        let mut relied = false;
        let mut all_knew = true;
        for party in &others {
            let (knew_first, relied_first) = self.order_of_knowing(party, revocation, ix);
            relied |= relied_first;
            all_knew &= knew_first;
        }
        let counts = match revocation.reason {
            RevokeReason::Ended => relied || !all_knew,
            RevokeReason::Compromised => relied,
        };
        if counts { Standing::Counts } else { Standing::Contested }
    }

    fn knows(&self, ix: Ix, revocation: &Revocation) -> bool {
        revocation.citing.iter().any(|c| self.graph.in_past_or_same(*c, ix))
    }

    /// Up to the revoker's cut; what the party's other devices built on before they knew cannot be cut off.
    fn within(&self, revocation: &Revocation, ix: Ix) -> bool {
        let cuts = self.fold.cuts.get(&revocation.event).map_or(&[][..], |c| c);
        let mut tips = cuts.iter().filter(|c| self.has(**c)).flat_map(|cut| match self.fold.act(*cut) {
            Act::Cut { tips, .. } => tips.as_slice(),
            _ => &[],
        });
        let device = self.graph.statement(ix).device;
        let named = tips.any(|(of, _, entry)| {
            *of == device && self.graph.find(entry).is_some_and(|tip| self.graph.in_past_or_same(ix, tip))
        });
        named || self.cited_by_own(revocation, ix)
    }

    fn cited_by_own(&self, revocation: &Revocation, ix: Ix) -> bool {
        let statement = self.graph.statement(ix);
        self.graph.lanes_of_party(&statement.party).any(|lane| {
            let other = lane.first().is_some_and(|first| self.graph.statement(*first).device != statement.device);
            let built_on = || self.first_knowing(lane, |e| self.graph.in_past_or_same(ix, e));
            other && built_on().is_some_and(|e| !self.knows(e, revocation))
        })
    }

    /// Ratified, given up by the others' consent to the cut, or decided.
    fn resolved(&self, revocation: &Revocation, ix: Ix, others: &[PartyId]) -> Option<Standing> {
        let id = self.graph.id(ix);
        let ratified =
            self.about(&id).any(|r| matches!(self.fold.act(r), Act::Ratify { .. }) && self.knows(r, revocation));
        if ratified {
            return Some(Standing::Counts);
        }
        match self.decided_of_entry(ix) {
            Some(Outcome::Agreed | Outcome::Completed) => return Some(Standing::Counts),
            Some(Outcome::Cancelled) => return Some(Standing::Void),
            None => {}
        }
        let cuts = self.fold.cuts.get(&revocation.event).map_or(&[][..], |c| c);
        let consented = |cut: &Ix| {
            let allows = || self.about(&self.graph.id(*cut)).filter(|a| matches!(self.fold.act(*a), Act::Allow { .. }));
            !others.is_empty() && others.iter().all(|party| allows().any(|a| self.party(a) == *party))
        };
        cuts.iter().any(|cut| self.has(*cut) && consented(cut)).then_some(Standing::Void)
    }

    /// The parties that sign the revision an act is about, its own aside. Nothing where it is about none.
    fn other_signers(&self, ix: Ix) -> Option<Vec<PartyId>> {
        let revision = self.fold.revision_behind(self.graph, &self.graph.id(ix))?;
        let own = self.party(ix);
        let signers = &self.fold.proposal(revision)?.signers;
        let mut parties: Vec<PartyId> = signers.iter().flat_map(|seat| self.parties_of(seat)).collect();
        parties.retain(|party| *party != own);
        parties.sort_unstable();
        parties.dedup();
        Some(parties)
    }

    /// Whether some feed of a party signed over the revocation before the act, and whether some signed over the
    /// act before the revocation.
    fn order_of_knowing(&self, party: &PartyId, revocation: &Revocation, ix: Ix) -> (bool, bool) {
        let mut knew_first = false;
        let mut relied_first = false;
        for lane in self.graph.lanes_of_party(party) {
            let knew = self.first_over(lane, |e| self.knows(e, revocation));
            let relied = self.first_over(lane, |e| self.graph.in_past_or_same(ix, e));
            match (knew, relied) {
                (Some(knew), Some(relied)) => {
                    knew_first |= knew < relied;
                    relied_first |= relied < knew;
                }
                (Some(_), None) => knew_first = true,
                (None, Some(_)) => relied_first = true,
                (None, None) => {}
            }
        }
        (knew_first, relied_first)
    }
}

/// Acts that take part in an agreement; the others state facts, which a revocation does not unsay.
fn agrees(act: &Act) -> bool {
    matches!(
        act,
        Act::Propose(_)
            | Act::Counter { .. }
            | Act::Accept { .. }
            | Act::Decline { .. }
            | Act::Withdraw { .. }
            | Act::Confirm { .. }
            | Act::Declare { .. }
            | Act::Undeclare { .. }
            | Act::Approve { .. }
            | Act::Reject { .. }
            | Act::Stop { .. }
            | Act::Release { .. }
            | Act::Allow { .. }
            | Act::Refuse { .. }
            | Act::Cancel { .. }
            | Act::Choose { .. }
    )
}
