//! Settled (R7 b): every signer has signed something that knows an agreement and no rival of it.

use super::{Lens, Position, Scope, SubjectKey};
use crate::{graph::Ix, id::PartyId, value::Seat};

impl Lens<'_> {
    /// Whether every signer has signed something whose past, itself included, holds the revision fully signed and
    /// no rival. `extra` are held receipts, which only the displayed tick counts: per party the heads they cover.
    #[must_use]
    pub fn settled(&self, revision: Ix, key: &SubjectKey, extra: &[(PartyId, Vec<Ix>)]) -> bool {
        self.settled_at(Position::Revision(revision), key, extra)
    }

    pub(super) fn settled_at(&self, position: Position, key: &SubjectKey, extra: &[(PartyId, Vec<Ix>)]) -> bool {
        let Some(proposal) = self.fold.proposal(position.revision()) else { return false };
        if !self.stands_complete(position, key) {
            return false;
        }
        let twins = self.twins(key);
        let rivals: Vec<Position> = self
            .candidates(key)
            .into_iter()
            .filter(|other| !twins.same(*other, position) && self.cross(&twins, key, position, *other))
            .collect();
        let rival_known = |lens: &Lens<'_>| rivals.iter().any(|rival| lens.stands_complete(*rival, key));
        let knows = |tips: &[Ix]| {
            let lens = self.with(Scope::Upto(tips));
            lens.stands_complete(position, key) && !rival_known(&lens)
        };
        let makers = self.makers(position, key);
        let signed = |party: &PartyId| {
            self.graph.lanes_of_party(party).any(|lane| {
                let covers = |made: &Vec<Vec<Ix>>, ix: Ix| {
                    let one_of = |choices: &Vec<Ix>| choices.iter().any(|c| self.graph.in_past_or_same(*c, ix));
                    made.iter().all(one_of)
                };
                let Some(over) = self.first_over(lane, |ix| makers.iter().any(|made| covers(made, ix))) else {
                    return false;
                };
                // Pasts only grow along a feed, and rivals only join them: as a rule the first that knows decides. What
                // is dated or ratified after its last signature is complete only for a later one.
                for ix in lane[over.saturating_sub(1)..].iter().take_while(|ix| self.holds(**ix)) {
                    let lens = self.with(Scope::Upto(std::slice::from_ref(ix)));
                    if lens.stands_complete(position, key) || rival_known(&lens) {
                        return !rival_known(&lens);
                    }
                }
                false
            })
        };
        let received = |party: &PartyId| {
            let proved = self.fold.proved.iter().filter(|p| p.party == *party && self.has(p.prove));
            let held = extra.iter().filter(|(p, _)| p == party).map(|(_, heads)| heads);
            proved.map(|p| &p.heads).chain(held).any(|heads| knows(heads))
        };
        let revision = position.revision();
        proposal
            .signers
            .iter()
            .all(|seat| self.signers_for(revision, seat).iter().any(|party| signed(party) || received(party)))
    }

    /// The entries that make a position: ways of making it, each a list of places that one of several entries fills.
    fn makers(&self, position: Position, key: &SubjectKey) -> Vec<Vec<Vec<Ix>>> {
        let revision = position.revision();
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        match position {
            Position::Revision(_) => {
                let signatures = self.signatures(revision);
                let by = |seat: &Seat| {
                    signatures.iter().copied().filter(|ix| self.fold.author_seats(*ix).contains(seat)).collect()
                };
                vec![signers.iter().map(by).collect()]
            }
            Position::End(_) => {
                let requests = self.release_requests(revision);
                let granted = requests.iter().filter_map(|request| {
                    let by = self.grants(*request, &requests, revision)?;
                    Some(by.into_iter().chain([*request]).map(|ix| vec![ix]).collect())
                });
                granted.chain(self.cancels(revision, key).map(|cancel| vec![vec![cancel]])).collect()
            }
        }
    }

    /// Whether a position is complete here: the revision fully signed, or its end granted.
    fn stands_complete(&self, position: Position, key: &SubjectKey) -> bool {
        match position {
            Position::Revision(revision) => self.fully_signed(revision),
            Position::End(revision) => self.ended_on(revision, key).is_some(),
        }
    }
}
