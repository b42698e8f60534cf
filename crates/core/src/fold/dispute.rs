//! Disputes, and an arbiter's decisions (R12).

use super::{InForce, Lens, Position, SubjectKey};
use crate::{
    act::{Act, Outcome, Role},
    graph::Ix,
    id::PartyId,
    value::Seat,
};

/// A dispute and, once it is over, the entry that ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeStatus {
    pub dispute: Ix,
    pub ended_by: Option<Ix>,
}

/// What an agreement named an arbiter for.
#[derive(Debug, Clone)]
pub(super) struct Naming {
    /// The subjects agreed together with the naming; all of the case where it was agreed alone.
    keys: Option<Vec<SubjectKey>>,
    signers: Vec<Seat>,
}

impl Naming {
    fn covers(&self, key: &SubjectKey) -> bool {
        self.keys.as_ref().is_none_or(|keys| keys.contains(key))
    }
}

impl Lens<'_> {
    /// The disputes on a subject, oldest first.
    #[must_use]
    pub fn disputes(&self, key: &SubjectKey) -> Vec<DisputeStatus> {
        let on_key = |ix: &Ix| self.has(*ix) && self.disputed_subjects(*ix).contains(key);
        let disputes = self.fold.disputes.iter().copied().filter(on_key);
        disputes.map(|dispute| DisputeStatus { dispute, ended_by: self.dispute_ended(dispute) }).collect()
    }

    /// The disputes about an entry that is part of no agreement, or about one entry alone.
    #[must_use]
    pub fn disputes_about(&self, entry: Ix) -> Vec<DisputeStatus> {
        let disputes = self.about(&self.graph.id(entry)).filter(|ix| matches!(self.fold.act(*ix), Act::Dispute { .. }));
        disputes.map(|dispute| DisputeStatus { dispute, ended_by: self.dispute_ended(dispute) }).collect()
    }

    /// The subjects a dispute is about: the one it names, or all of the revision it speaks of.
    #[must_use]
    pub fn disputed_subjects(&self, dispute: Ix) -> Vec<SubjectKey> {
        let Act::Dispute { about, subject, .. } = self.fold.act(dispute) else { return Vec::new() };
        let Some(revision) = self.fold.revision_behind(self.graph, about) else { return Vec::new() };
        let keys = self.fold.subject_keys(revision);
        match subject {
            Some(index) => keys.get(*index as usize).cloned().into_iter().collect(),
            None => match self.graph.find(about).and_then(|ix| self.declared(ix)) {
                Some((_, key)) => vec![key],
                None => keys.to_vec(),
            },
        }
    }

    /// The entry that ended a dispute: given in to, settled, or decided.
    pub(super) fn dispute_ended(&self, dispute: Ix) -> Option<Ix> {
        self.about(&self.graph.id(dispute)).find(|ix| {
            let about_this = super::references(self.fold.act(*ix)).first() == Some(&self.graph.id(dispute));
            about_this && matches!(self.fold.act(*ix), Act::Concede { .. } | Act::Settle { .. } | Act::Decide { .. })
        })
    }

    /// What the arbiter with this party id was named for, by agreements in force here.
    pub(super) fn namings(&self, arbiter: &PartyId) -> Vec<Naming> {
        let mut namings = Vec::new();
        for admit in self.fold.admits.iter().copied().filter(|ix| self.has(*ix)) {
            let Act::Admit { party, seat, revision: Some(revision), .. } = self.fold.act(admit) else { continue };
            let is_arbiter = self.seat(seat).is_some_and(|offer| offer.role == Role::Arbiter);
            let Some(revision) = self.find(revision).filter(|_| party == arbiter && is_arbiter) else { continue };
            if !self.admission_agreed(revision, seat, party) {
                continue;
            }
            let admits = |key: &SubjectKey| matches!(key, SubjectKey::Seat(_) | SubjectKey::NewSeat(_));
            let others: Vec<SubjectKey> =
                self.fold.subject_keys(revision).iter().filter(|k| !admits(k)).cloned().collect();
            let signers = self.fold.proposal(revision).map_or_else(Vec::new, |p| p.signers.clone());
            namings.push(Naming { keys: if others.is_empty() { None } else { Some(others) }, signers });
        }
        namings
    }

    /// Whether an arbiter may decide on any of these subjects, or on a matter that is part of no agreement.
    #[must_use]
    pub fn is_arbiter_of(&self, arbiter: &PartyId, keys: &[SubjectKey]) -> bool {
        let namings = self.namings(arbiter);
        if keys.is_empty() {
            return namings.iter().any(|n| n.keys.is_none());
        }
        keys.iter().any(|key| namings.iter().any(|n| n.covers(key)))
    }

    /// Whether a decision binds on a subject: every signer of the revision signed the arbiter's naming.
    fn binds(&self, decide: Ix, key: &SubjectKey, revision: Ix) -> bool {
        let namings = self.fold.namings.get(&decide).map_or(&[][..], |n| n);
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        namings.iter().any(|n| n.covers(key) && signers.iter().all(|s| n.signers.contains(s)))
    }

    /// The decision that stands on a subject: the last one binding on what is in force, unless that was proposed
    /// knowing it.
    #[must_use]
    pub fn decision(&self, key: &SubjectKey) -> Option<(Ix, Outcome)> {
        if self.fold.disputes.is_empty() {
            return None;
        }
        let InForce::One { position: Position::Revision(revision), names } = self.in_force(key) else { return None };
        let mut found = None;
        for status in self.disputes(key) {
            let Act::Dispute { about, .. } = self.fold.act(status.dispute) else { continue };
            let on = self.fold.revision_behind(self.graph, about);
            if !on.is_some_and(|r| names.contains(&self.graph.id(r))) {
                continue;
            }
            for ix in self.about(&self.graph.id(status.dispute)) {
                if !matches!(self.fold.act(ix), Act::Decide { outcome: Some(_), .. }) {
                    continue;
                }
                if self.binds(ix, key, revision) && !self.graph.in_past(ix, revision) {
                    found = found.max(Some((self.graph.order(ix), ix)));
                }
            }
        }
        let (_, ix) = found?;
        match self.fold.act(ix) {
            Act::Decide { outcome: Some(outcome), .. } => Some((ix, *outcome)),
            _ => None,
        }
    }

    /// What an arbiter decided of one entry, where that binds its revision's signers.
    pub(super) fn decided_of_entry(&self, entry: Ix) -> Option<Outcome> {
        let id = self.graph.id(entry);
        let revision = self.fold.revision_behind(self.graph, &id)?;
        let keys = self.fold.subject_keys(revision);
        let disputes =
            self.about(&id).filter(|ix| matches!(self.fold.act(*ix), Act::Dispute { about, .. } if *about == id));
        let decides = disputes.flat_map(|dispute| self.about(&self.graph.id(dispute)));
        let binding = decides.filter(|ix| keys.iter().any(|key| self.binds(*ix, key, revision)));
        let last = binding.filter(|ix| matches!(self.fold.act(*ix), Act::Decide { outcome: Some(_), .. }));
        match self.fold.act(last.max_by_key(|ix| self.graph.order(*ix))?) {
            Act::Decide { outcome, .. } => *outcome,
            _ => None,
        }
    }
}
