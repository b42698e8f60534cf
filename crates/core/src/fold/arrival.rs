//! Offers open until some time (R6): an accept counts once its arrival is proven in time.

use super::{Lens, Scope, SubjectKey};
use crate::{
    act::{Act, Mode},
    graph::Ix,
    id::PartyId,
    value::Due,
};

/// What is proven of when an accept reached the offerer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    InTime,
    /// Every proof is of a time past the limit.
    Late,
    Unproven,
}

/// An entry that dates another, and the time it claims, Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dating {
    by: Ix,
    pub(super) at: i64,
}

impl Lens<'_> {
    /// Every act that assents to a revision: its proposal, or in mode confirm the confirm, and the accepts.
    pub(super) fn assents(&self, revision: Ix) -> Vec<Ix> {
        let Some(proposal) = self.fold.proposal(revision) else { return Vec::new() };
        let proposed = Some(revision).filter(|ix| proposal.mode == Mode::Firm && self.has(*ix));
        let given = self
            .about(&self.graph.id(revision))
            .filter(|ix| matches!(self.fold.act(*ix), Act::Accept { .. } | Act::Confirm { .. }));
        proposed.into_iter().chain(given).collect()
    }

    /// The entries that sign a revision: its assents, as far as their time is proven where it has to be.
    #[must_use]
    pub fn signatures(&self, revision: Ix) -> Vec<Ix> {
        let assents = self.assents(revision);
        if self.fold.proposal(revision).is_none_or(|p| p.open_until.is_none()) {
            return assents;
        }
        let mut counting: Vec<Ix> =
            assents.iter().copied().filter(|ix| self.arrival(revision, *ix) == Arrival::InTime).collect();
        for late in self.taken_up(revision, &assents) {
            counting.extend(assents.iter().filter(|ix| self.graph.in_past_or_same(late, **ix)));
        }
        counting.sort_unstable_by_key(|ix| self.graph.order(*ix));
        counting.dedup();
        counting
    }

    /// Late accepts that every other signer has answered by accepting again.
    fn taken_up(&self, revision: Ix, assents: &[Ix]) -> Vec<Ix> {
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        let taken = |late: &Ix| {
            let own = self.fold.author_seats(*late);
            signers.iter().filter(|seat| !own.contains(seat)).all(|seat| {
                let knowing = assents.iter().filter(|ix| self.graph.in_past(*late, **ix));
                knowing.into_iter().any(|ix| self.fold.author_seats(*ix).contains(seat))
            })
        };
        assents.iter().copied().filter(|ix| self.arrival(revision, *ix) == Arrival::Late).filter(taken).collect()
    }

    /// What is proven of an assent's arrival. The offerer's own need no proof.
    #[must_use]
    pub fn arrival(&self, revision: Ix, assent: Ix) -> Arrival {
        let Some(Due::At { instant, .. }) = self.fold.proposal(revision).and_then(|p| p.open_until.as_ref()) else {
            return Arrival::InTime;
        };
        let offerer = self.party(revision);
        if self.party(assent) == offerer {
            return Arrival::InTime;
        }
        let mut authorities = self.witnesses(revision);
        authorities.push(offerer);
        let datings = self.datings(assent, &authorities);
        // R5: a later position of the accepter's own closes the accept, unless it was dated by then; what dates it
        // afterwards comes too late.
        let mut closed: Vec<Ix> = Vec::new();
        let stands = |dating: &Dating, closed: &[Ix]| !closed.iter().any(|x| self.graph.in_past_or_same(*x, dating.by));
        for position in self.positions_after(revision, assent) {
            let dated =
                datings.iter().any(|d| d.at <= *instant && self.graph.in_past(d.by, position) && stands(d, &closed));
            if !dated {
                closed.push(position);
            }
        }
        let mut standing = datings.iter().filter(|d| stands(d, &closed)).peekable();
        if standing.peek().is_none() {
            return Arrival::Unproven;
        }
        if standing.any(|d| d.at <= *instant) { Arrival::InTime } else { Arrival::Late }
    }

    /// Parties that had joined when the offer was made, and do not sign it.
    fn witnesses(&self, revision: Ix) -> Vec<PartyId> {
        let before = self.with(Scope::Before(revision));
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        let signs = |party: &PartyId| before.seats_of(party).iter().any(|s| signers.contains(s));
        let mut members = before.members();
        members.retain(|party| before.joined(party) && !signs(party));
        members
    }

    /// What dates an entry: the first statement of each feed of these parties that knows it, and embedded receipts.
    pub(super) fn datings(&self, entry: Ix, parties: &[PartyId]) -> Vec<Dating> {
        let mut datings = Vec::new();
        for lane in parties.iter().flat_map(|party| self.graph.lanes_of_party(party)) {
            if let Some(by) = self.first_knowing(lane, |ix| self.graph.in_past(entry, ix)) {
                datings.push(Dating { by, at: self.graph.statement(by).at });
            }
        }
        let covering = |p: &&super::ProvedReceipt| {
            parties.contains(&p.party) && self.graph.covered_by(entry, &p.heads) && self.has(p.prove)
        };
        datings.extend(self.fold.proved.iter().filter(covering).map(|p| Dating { by: p.prove, at: p.at }));
        datings
    }

    /// Positions that an accept's party took elsewhere on the same matter afterwards, in the agreed order.
    fn positions_after(&self, revision: Ix, accept: Ix) -> Vec<Ix> {
        let keys: &[SubjectKey] = self.fold.subject_keys(revision);
        let party = self.party(accept);
        // What is contested closes nothing, also when it is asked what it would make.
        let counting = Self { counting_contested: false, ..*self };
        let mut positions: Vec<Ix> = keys
            .iter()
            .flat_map(|key| counting.touching(key))
            .filter(|ix| {
                let countered = matches!(self.fold.act(*ix), Act::Counter { .. });
                self.party(*ix) == party
                    && self.graph.in_past(accept, *ix)
                    && (countered || self.is_elsewhere(*ix, revision))
            })
            .collect();
        positions.sort_unstable_by_key(|ix| self.graph.order(*ix));
        positions.dedup();
        positions
    }

    /// Accepts of a revision whose arrival is not proven in time.
    pub(super) fn undated(&self, revision: Ix) -> Vec<(Ix, Arrival)> {
        if self.fold.proposal(revision).is_none_or(|p| p.open_until.is_none()) || self.fully_signed(revision) {
            return Vec::new();
        }
        let assents = self.assents(revision).into_iter().map(|ix| (ix, self.arrival(revision, ix)));
        assents.filter(|(_, arrival)| *arrival != Arrival::InTime).collect()
    }
}
