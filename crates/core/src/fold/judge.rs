//! Whether one act takes effect, by its past alone (R3: validity looks backwards only).

use super::{Closing, InForce, Lens, Position, Reason, SubjectKey, Verdict, subject_keys};
use crate::{
    act::{Act, Mode, Proposal, Topic},
    graph::Ix,
    id::{EntryId, PartyId},
    invitation::JoinRequest,
    keylog::{EventBody, KeyLogs},
    statement::Statement,
    value::Seat,
};

type Judged = Result<(), Reason>;

/// The verdict on an act whose past is the lens.
pub(super) fn verdict(past: &Lens<'_>, logs: &KeyLogs, statement: &Statement, act: &Act) -> Verdict {
    let judge = Judge { past, logs, statement, seats: past.seats_of(&statement.party) };
    let judged = judge.may_act(act).and_then(|()| judge.meaning(act));
    match (judged, act) {
        (Err(Reason::Unjudged), _) => Verdict::NotJudged,
        (Err(reason), _) => Verdict::Without(reason),
        (Ok(()), Act::Later { .. }) => Verdict::NotJudged,
        (Ok(()), Act::Propose(p) | Act::Counter { proposal: p, .. })
            if p.mode == Mode::Confirm || p.open_until.is_some() =>
        {
            Verdict::NotJudged
        }
        (Ok(()), _) => Verdict::Effective,
    }
}

/// What the author's own node refuses although the fold would only find it idle.
pub(super) fn courtesy(now: &Lens<'_>, statement: &Statement, act: &Act) -> Option<Reason> {
    let party = &statement.party;
    match act {
        Act::Accept { revision, .. } => {
            let revision = now.find(revision)?;
            let seats = now.seats_of(party);
            let signers = &now.fold.proposal(revision)?.signers;
            let open_seats = signers.iter().any(|s| seats.contains(s) && !now.signed_for(revision, s));
            (!open_seats).then_some(Reason::AlreadySigned)
        }
        Act::Withdraw { of, .. } => {
            let of = now.find(of)?;
            (now.fold.proposal(of).is_some() && now.closing(of).is_some()).then_some(Reason::AlreadyClosed)
        }
        Act::Decline { revision, .. } => {
            let revision = now.find(revision)?;
            now.closing(revision).map(|_| Reason::AlreadyClosed)
        }
        Act::Declare { revision, subject, .. } => {
            let revision = now.find(revision)?;
            let key = now.fold.subject_keys(revision).get(*subject as usize)?;
            if now.completion(key).is_some() {
                return Some(Reason::Completed);
            }
            let waiting = now.declares(key).into_iter().any(|d| {
                !now.undeclared(d)
                    && now.rejected(d).is_none()
                    && now.declared(d).is_some_and(|(r, _)| r == revision)
                    && now.status(key).is_some_and(|s| s.declare == Some(d))
            });
            waiting.then_some(Reason::AlreadyDeclared)
        }
        Act::Approve { declare, .. } => {
            let declare = now.find(declare)?;
            now.answered_by(declare, "approve", party).then_some(Reason::AlreadyApproved)
        }
        Act::Undeclare { declare, .. } => {
            let declare = now.find(declare)?;
            now.undeclared(declare).then_some(Reason::AlreadyClosed)
        }
        Act::Reject { declare, .. } => {
            let declare = now.find(declare)?;
            if now.undeclared(declare) {
                return Some(Reason::Undeclared);
            }
            now.answered_by(declare, "reject", party).then_some(Reason::AlreadyClosed)
        }
        Act::Release { of, .. } => {
            let asked = now.about(of).any(|ix| {
                matches!(now.fold.act(ix), Act::Release { .. })
                    && now.graph.statement(ix).party == *party
                    && now.pending(ix)
            });
            asked.then_some(Reason::AlreadyAsked)
        }
        _ => None,
    }
}

struct Judge<'j, 'a> {
    past: &'j Lens<'a>,
    logs: &'j KeyLogs,
    statement: &'j Statement,
    /// The author's seats in the past.
    seats: Vec<Seat>,
}

impl Judge<'_, '_> {
    /// Standing: joined, in a role that may, under a grant that lists the kind.
    fn may_act(&self, act: &Act) -> Judged {
        let kind = act.kind();
        let party = &self.statement.party;
        match act {
            Act::Open(_) => {}
            Act::Join { .. } => {
                if self.past.admission(party).is_none() {
                    return Err(Reason::NotJoined);
                }
            }
            _ if !self.past.joined(party) => return Err(Reason::NotJoined),
            _ => {
                let may = self.seats.iter().filter_map(|s| self.past.seat(s)).any(|offer| offer.role.may(kind));
                if !may {
                    return Err(Reason::Role);
                }
            }
        }
        match self.logs.event(&self.statement.grant).map(|e| &e.body) {
            Some(EventBody::Grant(grant)) if !grant.kinds.covers(kind) => Err(Reason::KindNotGranted),
            _ => Ok(()),
        }
    }

    fn meaning(&self, act: &Act) -> Judged {
        match act {
            Act::Open(_) | Act::Seen | Act::Item { .. } | Act::Contact(_) | Act::Later { .. } => Ok(()),
            Act::Note { about, .. } => about.map_or(Ok(()), |id| self.any(&id).map(drop)),
            Act::Acknowledge { entry, .. } | Act::Contest { entry, .. } => self.any(entry).map(drop),
            Act::Invite { seat, .. } => self.invite(seat),
            Act::Uninvite { invite, .. } => {
                self.only_opener()?;
                self.known(invite, |a| matches!(a, Act::Invite { .. })).map(drop)
            }
            Act::Admit { party, seat, invite, request, revision } => {
                self.admit(party, seat, invite, request, revision.as_ref())
            }
            Act::Join { admit } => self.join(admit),
            Act::Seat { seat, admit } => {
                self.only_opener()?;
                let ix = self.known(admit, |a| matches!(a, Act::Admit { .. }))?;
                match self.past.fold.act(ix) {
                    Act::Admit { seat: bound, .. } if bound == seat => Ok(()),
                    _ => Err(Reason::UnknownReference),
                }
            }
            Act::Propose(proposal) => self.proposal(proposal),
            Act::Counter { of, proposal } => self.counter(of, proposal),
            Act::Accept { revision, .. } => self.accept(revision),
            Act::Decline { revision, .. } => {
                let revision = self.open_to_answer(revision)?;
                self.signer_of(revision)
            }
            Act::Withdraw { of, .. } => self.withdraw(of),
            Act::Declare { revision, subject, .. } => self.declare(revision, *subject),
            Act::Undeclare { declare, .. } => {
                let (declare, key) = self.declare_named(declare)?;
                self.performer(declare, &key)?;
                self.not_completed(declare, &key)
            }
            Act::Approve { declare, .. } => {
                let (declare, key) = self.declare_named(declare)?;
                self.beneficiary(declare, &key)?;
                if self.past.undeclared(declare) {
                    return Err(Reason::Undeclared);
                }
                let id = self.past.graph.id(declare);
                let rejected = self.past.about(&id).any(|ix| matches!(self.past.fold.act(ix), Act::Reject { .. }));
                if rejected { Err(Reason::Rejected) } else { Ok(()) }
            }
            Act::Reject { declare, .. } => {
                let (declare, key) = self.declare_named(declare)?;
                self.beneficiary(declare, &key)?;
                self.not_completed(declare, &key)
            }
            Act::Release { of, .. } => self.release(of),
            Act::Allow { request, .. } => self.answer(request, true),
            Act::Refuse { request, .. } => self.answer(request, false),
            Act::Missed { revision, subject, .. } => {
                let revision = self.revision(revision)?;
                self.signer_of(revision)?;
                let keys = self.past.fold.subject_keys(revision);
                keys.get(*subject as usize).map(drop).ok_or(Reason::UnknownSubject)
            }
        }
    }

    /// Any entry in the past, with effect or not.
    fn any(&self, id: &EntryId) -> Result<Ix, Reason> {
        self.past.graph.find(id).filter(|ix| self.past.holds(*ix)).ok_or(Reason::UnknownReference)
    }

    /// An effective entry of the right kind in the past.
    fn known(&self, id: &EntryId, kind: impl Fn(&Act) -> bool) -> Result<Ix, Reason> {
        let ix = self.any(id)?;
        match self.past.fold.verdict(ix) {
            Verdict::NotJudged => Err(Reason::Unjudged),
            Verdict::Effective if kind(self.past.fold.act(ix)) => Ok(ix),
            _ => Err(Reason::UnknownReference),
        }
    }

    /// A finding that a later version may not share, where the subject rests on what this one cannot judge.
    fn unless_unjudged(&self, key: &SubjectKey, reason: Reason) -> Reason {
        if self.past.not_judged(key) { Reason::Unjudged } else { reason }
    }

    fn revision(&self, id: &EntryId) -> Result<Ix, Reason> {
        self.known(id, |a| matches!(a, Act::Propose(_) | Act::Counter { .. }))
    }

    fn only_opener(&self) -> Judged {
        if self.past.opener() == Some(self.statement.party) { Ok(()) } else { Err(Reason::OnlyOpener) }
    }

    fn signer_of(&self, revision: Ix) -> Judged {
        let signers = self.past.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        if self.seats.iter().any(|s| signers.contains(s)) { Ok(()) } else { Err(Reason::NotASigner) }
    }

    fn invite(&self, seat: &Seat) -> Judged {
        self.only_opener()?;
        self.past.seat(seat).ok_or(Reason::UnknownSeat)?;
        if self.past.parties_of(seat).is_empty() { Ok(()) } else { Err(Reason::SeatTaken) }
    }

    fn admit(
        &self,
        party: &PartyId,
        seat: &Seat,
        invite: &EntryId,
        request: &[u8],
        revision: Option<&EntryId>,
    ) -> Judged {
        self.only_opener()?;
        let invited = self.known(invite, |a| matches!(a, Act::Invite { .. }))?;
        let Act::Invite { key, seat: offered, expires, .. } = self.past.fold.act(invited) else {
            return Err(Reason::UnknownReference);
        };
        for ix in self.past.about(invite) {
            match self.past.fold.act(ix) {
                Act::Uninvite { .. } => return Err(Reason::InvitationRevoked),
                Act::Admit { .. } => return Err(Reason::InvitationUsed),
                _ => {}
            }
        }
        if !self.past.parties_of(seat).is_empty() {
            return Err(Reason::SeatTaken);
        }
        let request = JoinRequest::verify(request, key).map_err(|_unfit| Reason::BadRequest)?;
        let cited = self.statement.keys.iter().find(|k| k.party == *party);
        let fits = request.log.party == *party
            && Some(request.case) == self.past.graph.case()
            && Some(request.opener) == self.past.opener()
            && request.invite == *invite
            && request.expires == *expires
            && offered == seat
            && cited.is_none_or(|c| c.position >= request.log.position);
        if !fits {
            return Err(Reason::BadRequest);
        }
        let further = self.past.members().iter().any(|m| Some(*m) != self.past.opener() && m != party);
        if !further {
            return Ok(());
        }
        let agreed =
            revision.and_then(|id| self.past.find(id)).is_some_and(|ix| self.past.admission_agreed(ix, seat, party));
        if agreed { Ok(()) } else { Err(Reason::NeedsAgreement) }
    }

    fn join(&self, admit: &EntryId) -> Judged {
        let ix = self.known(admit, |a| matches!(a, Act::Admit { .. }))?;
        match self.past.fold.act(ix) {
            Act::Admit { party, .. } if *party == self.statement.party => {}
            _ => return Err(Reason::UnknownReference),
        }
        if self.past.joined(&self.statement.party) { Err(Reason::AlreadyJoined) } else { Ok(()) }
    }

    fn proposal(&self, proposal: &Proposal) -> Judged {
        if !proposal.signers.iter().any(|s| self.seats.contains(s)) {
            return Err(Reason::NotASigner);
        }
        let whole_case = |topic: &Topic| {
            matches!(
                topic,
                Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Close { .. } | Topic::Level { .. }
            )
        };
        let conditional = proposal.mode == Mode::Confirm || proposal.open_until.is_some();
        if conditional && proposal.subjects.iter().any(|s| whole_case(&s.topic)) {
            return Err(Reason::Outright);
        }
        let mut keys = subject_keys(EntryId([0; 32]), proposal);
        keys.sort_unstable();
        if keys.windows(2).any(|w| w[0] == w[1]) {
            return Err(Reason::SubjectTwice);
        }
        for (key, subject) in subject_keys(EntryId([0; 32]), proposal).iter().zip(&proposal.subjects) {
            self.subject_known(key, &subject.topic)?;
            let standing = self.past.in_force(key);
            let stated = match (&subject.base, standing.standing()) {
                (None, None) => true,
                (Some(base), Some((_, names))) => names.contains(base),
                _ => false,
            };
            if !stated {
                return Err(self.unless_unjudged(key, Reason::WrongBase));
            }
        }
        if proposal.signers != self.past.required_signers(&proposal.subjects) {
            return Err(Reason::WrongSigners);
        }
        if let Some(contact) = &proposal.alleged {
            self.known(contact, |a| matches!(a, Act::Contact(_)))?;
        }
        Ok(())
    }

    /// What a subject continues must be known; the seats it names must exist.
    fn subject_known(&self, key: &SubjectKey, topic: &Topic) -> Judged {
        if matches!(topic, Topic::Level { level } if *level != self.past.level() + 1) {
            return Err(Reason::NotTheNextLevel);
        }
        let continued = match topic {
            Topic::Action { action, .. } => *action,
            Topic::Terms { terms, .. } => *terms,
            Topic::Close { close, .. } => *close,
            _ => None,
        };
        if let Some(id) = continued {
            let began = self.revision(&id.proposal).map_err(|_unknown| Reason::UnknownSubject)?;
            if self.past.fold.subject_keys(began).get(id.index as usize) != Some(key) {
                return Err(Reason::UnknownSubject);
            }
        }
        let seats: Vec<Seat> = match topic {
            Topic::Action { terms, .. } => terms.seats().chain(terms.cancel.iter().map(|c| c.by)).collect(),
            Topic::Terms { seats, .. } => seats.clone(),
            Topic::AdmitSeat { seat } => vec![*seat],
            _ => Vec::new(),
        };
        if seats.iter().any(|seat| self.past.seat(seat).is_none()) {
            return Err(Reason::UnknownSeat);
        }
        // To admit somebody to an open seat is for all to agree; to promise in its name is the opener's to record.
        let names_open_seat =
            !matches!(topic, Topic::AdmitSeat { .. }) && seats.iter().any(|seat| self.past.parties_of(seat).is_empty());
        if names_open_seat && self.only_opener().is_err() { Err(Reason::OpenSeat) } else { Ok(()) }
    }

    fn counter(&self, of: &EntryId, proposal: &Proposal) -> Judged {
        let answered = self.open_to_answer(of)?;
        self.signer_of(answered)?;
        let keys = subject_keys(EntryId([0; 32]), proposal);
        let same_matter = self.past.fold.subject_keys(answered).iter().any(|key| keys.contains(key));
        if !same_matter {
            return Err(Reason::CounterElsewhere);
        }
        self.proposal(proposal)
    }

    /// A revision that is not fully signed as far as the author knew (R3).
    fn open_to_answer(&self, id: &EntryId) -> Result<Ix, Reason> {
        let revision = self.revision(id)?;
        if self.past.fully_signed(revision) { Err(Reason::FullySigned) } else { Ok(revision) }
    }

    fn accept(&self, id: &EntryId) -> Judged {
        let revision = self.revision(id)?;
        self.signer_of(revision)?;
        let named = |ix| self.past.graph.id(ix);
        if !self.past.fully_signed(revision) {
            match self.past.closing(revision) {
                None => {}
                Some(Closing::Withdrawn(ix)) => return Err(Reason::Withdrawn(named(ix))),
                Some(Closing::Declined(ix)) => return Err(Reason::Declined(named(ix))),
                Some(Closing::Countered(ix)) => return Err(Reason::Countered(named(ix))),
                Some(Closing::MovedOn(ix)) => return Err(Reason::MovedOn(named(ix))),
            }
        }
        self.past.overtaken(revision).map_or(Ok(()), |ix| Err(Reason::Overtaken(named(ix))))
    }

    fn withdraw(&self, of: &EntryId) -> Judged {
        let ix = self.known(of, |_| true)?;
        let mine = self.past.graph.statement(ix).party == self.statement.party;
        match self.past.fold.act(ix) {
            Act::Propose(_) | Act::Counter { .. } => {
                if !mine {
                    return Err(Reason::NotTheAuthor);
                }
                if self.past.fully_signed(ix) { Err(Reason::FullySigned) } else { Ok(()) }
            }
            // Taking back a request for release, or to reopen.
            Act::Release { .. }
            | Act::Withdraw { .. }
            | Act::Decline { .. }
            | Act::Contest { .. }
            | Act::Reject { .. }
            | Act::Undeclare { .. } => {
                if mine {
                    Ok(())
                } else {
                    Err(Reason::NotTheAuthor)
                }
            }
            _ => Err(Reason::UnknownReference),
        }
    }

    fn declare(&self, revision: &EntryId, subject: u32) -> Judged {
        let revision = self.revision(revision)?;
        let key = self.past.fold.subject_keys(revision).get(subject as usize).ok_or(Reason::UnknownSubject)?;
        let terms = self.past.terms(revision, key).ok_or(Reason::UnknownSubject)?;
        if !terms.performers.iter().any(|p| self.seats.contains(&p.seat)) {
            return Err(Reason::NotAPerformer);
        }
        match self.past.in_force(key) {
            InForce::One { position: Position::Revision(_), names }
                if names.contains(&self.past.graph.id(revision)) =>
            {
                Ok(())
            }
            _ => Err(self.unless_unjudged(key, Reason::NotInForce)),
        }
    }

    fn declare_named(&self, id: &EntryId) -> Result<(Ix, SubjectKey), Reason> {
        let declare = self.known(id, |a| matches!(a, Act::Declare { .. }))?;
        let (_, key) = self.past.declared(declare).ok_or(Reason::UnknownReference)?;
        Ok((declare, key))
    }

    fn performer(&self, declare: Ix, key: &SubjectKey) -> Judged {
        let terms = self.past.declared(declare).and_then(|(r, _)| self.past.terms(r, key));
        let performs = terms.is_some_and(|t| t.performers.iter().any(|p| self.seats.contains(&p.seat)));
        if performs { Ok(()) } else { Err(Reason::NotAPerformer) }
    }

    fn beneficiary(&self, declare: Ix, key: &SubjectKey) -> Judged {
        let terms = self.past.declared(declare).and_then(|(r, _)| self.past.terms(r, key));
        let benefits = terms.is_some_and(|t| t.beneficiaries.iter().any(|p| self.seats.contains(&p.seat)));
        if benefits { Ok(()) } else { Err(Reason::NotABeneficiary) }
    }

    fn not_completed(&self, declare: Ix, key: &SubjectKey) -> Judged {
        if self.past.completion(key) == Some(declare) { Err(Reason::Completed) } else { Ok(()) }
    }

    fn release(&self, of: &EntryId) -> Judged {
        let ix = self.known(of, |_| true)?;
        if let Act::Declare { .. } = self.past.fold.act(ix) {
            let (revision, key) = self.past.declared(ix).ok_or(Reason::UnknownReference)?;
            self.signer_of(revision)?;
            return if self.past.completion(&key) == Some(ix) { Ok(()) } else { Err(Reason::NotCompleted) };
        }
        let revision = self.revision(of)?;
        self.signer_of(revision)?;
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
    fn answer(&self, request: &EntryId, allow: bool) -> Judged {
        let request_ix = self.known(request, |_| true)?;
        let asked = super::references(self.past.fold.act(request_ix));
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
        self.signer_of(revision)?;
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
}
