//! Acts of an agent whose leave was taken back without the agent knowing (R9).

use super::{Lens, Revocation, Verdict};
use crate::{
    act::{Act, Outcome},
    graph::Ix,
    id::PartyId,
    keylog::RevokeReason,
};

/// What a revocation makes of an act that did not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

    /// Whether an act is contested because its key was revoked without its knowledge, or stands on one branch of a
    /// forked key log only.
    #[must_use]
    pub fn contested(&self, ix: Ix) -> bool {
        *self.fold.verdict(ix) == Verdict::Effective
            && self.holds(ix)
            && !self.omits(ix)
            && !self.right_lost(ix)
            && self.standing_of(ix) == Standing::Contested
    }

    /// Whether only contested signatures keep a revision from being fully signed.
    #[must_use]
    pub fn awaits_ratifying(&self, revision: Ix) -> bool {
        self.fold.may_contest()
            && !self.counting_contested
            && Self { counting_contested: true, ..*self }.fully_signed(revision)
            && !self.fully_signed(revision)
    }

    fn standing_of(&self, ix: Ix) -> Standing {
        if !self.fold.may_contest() || !agrees(self.fold.act(ix)) {
            return Standing::Counts;
        }
        let revocations = self.fold.revoked.get(&self.graph.statement(ix).device);
        let worst = revocations.into_iter().flatten().map(|revocation| self.under(revocation, ix)).max();
        worst.unwrap_or(Standing::Counts).max(self.standing_on_its_branch(ix))
    }

    fn under(&self, revocation: &Revocation, ix: Ix) -> Standing {
        let known = revocation.citing.iter().any(|c| self.holds(*c));
        if !known || self.event_taken_back(&self.party(ix), &revocation.event) || self.within(revocation, ix) {
            return Standing::Counts;
        }
        let Some(others) = self.other_signers(ix) else { return Standing::Counts };
        if let Some(standing) = self.resolved(revocation, ix, &others) {
            return standing;
        }
        let mut relied = false;
        let mut all_knew = true;
        for party in &others {
            let (knew_first, relied_first) = self.order_of_knowing(party, |e| self.knows(e, revocation), ix);
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

    /// Ratified by somebody who knew, or decided.
    pub(super) fn resolved_by_word(&self, ix: Ix, knows: impl Fn(Ix) -> bool) -> Option<Standing> {
        let ratifies = |r: &Ix| matches!(self.fold.act(*r), Act::Ratify { .. }) && !self.grant_taken_back(*r);
        if self.about(&self.graph.id(ix)).filter(ratifies).any(knows) {
            return Some(Standing::Counts);
        }
        match self.decided_of_entry(ix)? {
            Outcome::Agreed | Outcome::Completed => Some(Standing::Counts),
            Outcome::Cancelled => Some(Standing::Void),
        }
    }

    /// Ratified, given up by the others' consent to the cut, or decided.
    fn resolved(&self, revocation: &Revocation, ix: Ix, others: &[PartyId]) -> Option<Standing> {
        if let Some(standing) = self.resolved_by_word(ix, |r| self.knows(r, revocation)) {
            return Some(standing);
        }
        let cuts = self.fold.cuts.get(&revocation.event).map_or(&[][..], |c| c);
        let consented = |cut: &Ix| {
            let allows = || self.about(&self.graph.id(*cut)).filter(|a| matches!(self.fold.act(*a), Act::Allow { .. }));
            !others.is_empty() && others.iter().all(|party| allows().any(|a| self.party(a) == *party))
        };
        cuts.iter().any(|cut| self.has(*cut) && consented(cut)).then_some(Standing::Void)
    }

    /// The parties that sign the revision an act is about, its own aside. Nothing where it is about none.
    pub(super) fn other_signers(&self, ix: Ix) -> Option<Vec<PartyId>> {
        let revision = self.fold.revision_behind(self.graph, &self.graph.id(ix))?;
        let own = self.party(ix);
        let signers = &self.fold.proposal(revision)?.signers;
        let mut parties: Vec<PartyId> = signers.iter().flat_map(|seat| self.parties_of(seat)).collect();
        parties.retain(|party| *party != own);
        parties.sort_unstable();
        parties.dedup();
        Some(parties)
    }

    /// Whether some feed of a party signed over what puts the act in doubt before the act, and whether some signed over
    /// the act before that.
    pub(super) fn order_of_knowing(&self, party: &PartyId, knows: impl Fn(Ix) -> bool, ix: Ix) -> (bool, bool) {
        let mut knew_first = false;
        let mut relied_first = false;
        for lane in self.graph.lanes_of_party(party) {
            let knew = self.first_over(lane, &knows);
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
