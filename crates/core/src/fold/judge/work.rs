//! Doing what was agreed, judging the result, and getting out.

use super::{Judge, Judged};
use crate::{
    act::{Act, PartyRef},
    fold::{InForce, Position, Reason, SubjectKey, references},
    graph::Ix,
    id::EntryId,
};

impl Judge<'_, '_> {
    pub(super) fn declare(&self, revision: &EntryId, subject: u32, evidence: &[EntryId]) -> Judged {
        let (revision, key) = self.performed(revision, subject)?;
        let names = self.names_standing(revision, key)?;
        evidence.iter().try_for_each(|shown| self.any(shown).map(drop))?;
        self.past.stopped(key, &names).map_or(Ok(()), |_| Err(Reason::Stopped))
    }

    /// R8: the performer gives up what is in force and not completed.
    pub(super) fn stop(&self, revision: &EntryId, subject: u32) -> Judged {
        let (revision, key) = self.performed(revision, subject)?;
        self.names_standing(revision, key)?;
        if self.past.completion(key).is_some() { Err(Reason::Completed) } else { Ok(()) }
    }

    /// Under a clause of terms in force, by whom it names, before its time by the author's own clock.
    pub(super) fn cancel(&self, revision: &EntryId, subject: u32, clause: u32) -> Judged {
        let revision = self.revision(revision)?;
        let key = self.past.fold.subject_keys(revision).get(subject as usize).ok_or(Reason::UnknownSubject)?;
        let terms = self.past.terms(revision, key).ok_or(Reason::UnknownSubject)?;
        let clause = terms.cancel.get(clause as usize).ok_or(Reason::UnknownClause)?;
        if !self.seats.contains(&clause.by) {
            return Err(Reason::NotYourClause);
        }
        if !self.speaks_for(revision, std::iter::once(&clause.by)) {
            return Err(Reason::SignedByAnother);
        }
        self.names_standing(revision, key)?;
        let end = clause.until.as_ref().and_then(|until| self.past.instant_of(until, revision));
        if end.is_some_and(|end| self.statement.at > end) {
            return Err(Reason::ClauseExpired);
        }
        if self.past.completion(key).is_some() { Err(Reason::Completed) } else { Ok(()) }
    }

    /// How far an action is, from one who does it.
    pub(super) fn performed(&self, revision: &EntryId, subject: u32) -> Result<(Ix, &SubjectKey), Reason> {
        let revision = self.revision(revision)?;
        let key = self.past.fold.subject_keys(revision).get(subject as usize).ok_or(Reason::UnknownSubject)?;
        let terms = self.past.terms(revision, key).ok_or(Reason::UnknownSubject)?;
        self.among(revision, &terms.performers, Reason::NotAPerformer)?;
        Ok((revision, key))
    }

    /// The names of the terms that apply, this revision being one of them: in force, or what stays in a crossing.
    fn names_standing(&self, revision: Ix, key: &SubjectKey) -> Result<Vec<EntryId>, Reason> {
        let standing = self.past.in_force(key);
        match standing.standing() {
            Some((Position::Revision(_), names)) if names.contains(&self.past.graph.id(revision)) => Ok(names.to_vec()),
            _ => Err(Reason::NotInForce),
        }
    }

    /// A beneficiary accepts the result; or a performer does, where the signed terms let silence count (R8).
    pub(super) fn approve(&self, declare: &EntryId) -> Judged {
        let (declare, key) = self.declare_named(declare)?;
        if self.past.undeclared(declare) {
            return Err(Reason::Undeclared);
        }
        let id = self.past.graph.id(declare);
        if self.past.about(&id).any(|ix| matches!(self.past.fold.act(ix), Act::Reject { .. })) {
            return Err(Reason::Rejected);
        }
        match self.beneficiary(declare, &key) {
            Ok(()) => Ok(()),
            Err(reason) => self.deemed(declare, &key, reason),
        }
    }

    fn deemed(&self, declare: Ix, key: &SubjectKey, otherwise: Reason) -> Judged {
        let terms = self.past.declared(declare).and_then(|(r, _)| self.past.terms(r, key));
        let Some(terms) = terms.filter(|t| t.deemed.is_some()) else { return Err(otherwise) };
        // Who signed in its place says more than that it is no performer.
        let signed_by_another = otherwise == Reason::SignedByAnother;
        self.performer(declare, key).map_err(|none| if signed_by_another { otherwise } else { none })?;
        for beneficiary in &terms.beneficiaries {
            if self.past.approved_for(declare, &beneficiary.seat) {
                continue;
            }
            let end = self.past.silent_until(declare, &beneficiary.seat).ok_or(Reason::ArrivalUnproven)?;
            if self.statement.at < end {
                return Err(Reason::WindowOpen);
            }
        }
        Ok(())
    }

    pub(super) fn declare_named(&self, id: &EntryId) -> Result<(Ix, SubjectKey), Reason> {
        let declare = self.known(id, |a| matches!(a, Act::Declare { .. }))?;
        let (_, key) = self.past.declared(declare).ok_or(Reason::UnknownReference)?;
        Ok((declare, key))
    }

    pub(super) fn performer(&self, declare: Ix, key: &SubjectKey) -> Judged {
        let (revision, _) = self.past.declared(declare).ok_or(Reason::UnknownReference)?;
        let performers = self.past.terms(revision, key).map_or(&[][..], |t| &t.performers);
        self.among(revision, performers, Reason::NotAPerformer)
    }

    pub(super) fn beneficiary(&self, declare: Ix, key: &SubjectKey) -> Judged {
        let (revision, _) = self.past.declared(declare).ok_or(Reason::UnknownReference)?;
        let beneficiaries = self.past.terms(revision, key).map_or(&[][..], |t| &t.beneficiaries);
        self.among(revision, beneficiaries, Reason::NotABeneficiary)
    }

    /// Whether the author speaks for one of the parties that terms name.
    fn among(&self, revision: Ix, named: &[PartyRef], otherwise: Reason) -> Judged {
        if self.speaks_for(revision, named.iter().map(|p| &p.seat)) {
            return Ok(());
        }
        let holds = named.iter().any(|p| self.seats.contains(&p.seat));
        Err(if holds { Reason::SignedByAnother } else { otherwise })
    }

    /// A rejection names conditions by their place in the terms.
    pub(super) fn conditions(&self, declare: Ix, key: &SubjectKey, unmet: &[u32]) -> Judged {
        let terms = self.past.declared(declare).and_then(|(r, _)| self.past.terms(r, key));
        let count = terms.map_or(0, |t| t.conditions.len());
        if unmet.iter().all(|index| (*index as usize) < count) { Ok(()) } else { Err(Reason::UnknownCondition) }
    }

    pub(super) fn not_completed(&self, declare: Ix, key: &SubjectKey) -> Judged {
        if self.past.completion(key) == Some(declare) { Err(Reason::Completed) } else { Ok(()) }
    }

    pub(super) fn release(&self, of: &EntryId) -> Judged {
        let ix = self.known(of, |_| true)?;
        if let Act::Declare { .. } = self.past.fold.act(ix) {
            let (revision, key) = self.past.declared(ix).ok_or(Reason::UnknownReference)?;
            self.speaks_in(revision)?;
            return if self.past.completion(&key) == Some(ix) { Ok(()) } else { Err(Reason::NotCompleted) };
        }
        let revision = self.revision(of)?;
        self.speaks_in(revision)?;
        let keys = self.past.fold.subject_keys(revision);
        let stands = |key: &&SubjectKey| matches!(self.past.in_force(key), InForce::One { position: Position::Revision(_), names } if names.contains(of));
        let standing: Vec<&SubjectKey> = keys.iter().filter(stands).collect();
        if standing.is_empty() {
            return Err(Reason::NotInForce);
        }
        let completed = |key: &&SubjectKey| self.past.completion(key).is_some();
        if standing.iter().all(completed) { Err(Reason::Completed) } else { Ok(()) }
    }

    /// An allow or refuse of a request for release, or to reopen.
    pub(super) fn answer(&self, request: &EntryId, allow: bool) -> Judged {
        let request_ix = self.known(request, |_| true)?;
        if let Act::Cut { .. } = self.past.fold.act(request_ix) {
            return self.consent(request_ix);
        }
        let asked = references(self.past.fold.act(request_ix));
        let of = asked.first().and_then(|id| self.past.find(id)).ok_or(Reason::UnknownReference)?;
        let about_declare = matches!(self.past.fold.act(of), Act::Declare { .. });
        let revision = match self.past.declared(of) {
            Some((revision, _)) => revision,
            None => of,
        };
        let is_request = match self.past.fold.act(request_ix) {
            Act::Release { .. } => true,
            Act::Withdraw { .. } | Act::Decline { .. } | Act::Contest { .. } => {
                self.past.release_requests(of).contains(&request_ix)
            }
            Act::Reject { .. } | Act::Undeclare { .. } => {
                about_declare && self.past.declared(of).is_some_and(|(_, key)| self.past.completion(&key) == Some(of))
            }
            _ => false,
        };
        if !is_request {
            return Err(Reason::UnknownReference);
        }
        self.speaks_in(revision)?;
        let party = self.statement.party;
        if self.past.graph.statement(request_ix).party == party {
            return Err(Reason::OwnRequest);
        }
        let own = |kind: &str| {
            self.past
                .about(request)
                .any(|ix| self.past.graph.statement(ix).party == party && self.past.fold.act(ix).kind() == kind)
        };
        if allow {
            if own("refuse") {
                return Err(Reason::Refused);
            }
            if self.past.dropped(request_ix) {
                return Err(Reason::RequestDropped);
            }
        } else if own("allow") {
            return Err(Reason::Allowed);
        }
        Ok(())
    }

    /// R9: another signer agrees that what lies beyond a cut does not count.
    fn consent(&self, cut: Ix) -> Judged {
        if self.past.graph.statement(cut).party == self.statement.party { Err(Reason::OwnRequest) } else { Ok(()) }
    }
}
