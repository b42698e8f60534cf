//! Whether one act takes effect, by its past alone (R3: validity looks backwards only).

mod admission;
mod courtesy;
mod disputes;
mod keys;
mod terms;
mod work;

pub(super) use self::{courtesy::courtesy, keys::proved};
use super::{Lens, Reason, Verdict};
use crate::{
    act::Act,
    attachment,
    graph::Ix,
    id::EntryId,
    keylog::{EventBody, KeyLogs},
    seal::{self, PathStep},
    statement::Statement,
    value::{self, Seat},
};

type Judged = Result<(), Reason>;

/// The verdict on an act whose past is the lens.
pub(super) fn verdict(past: &Lens<'_>, logs: &KeyLogs, statement: &Statement, act: &Act) -> Verdict {
    let judge = Judge { past, logs, statement, seats: past.seats_of(&statement.party) };
    match judge.may_act(act).and_then(|()| judge.meaning(act)) {
        Ok(()) => Verdict::Effective,
        Err(Reason::Unjudged) => Verdict::NotJudged,
        Err(reason) => Verdict::Without(reason),
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
            _ => self.kind_mandated(kind),
        }
    }

    fn meaning(&self, act: &Act) -> Judged {
        match act {
            Act::Open(_) | Act::Seen | Act::Item { .. } | Act::Contact(_) | Act::Leave { .. } | Act::Link { .. } => {
                Ok(())
            }
            Act::Attach { about, .. } | Act::Remind { about, .. } | Act::Thank { about, .. } => {
                about.map_or(Ok(()), |id| self.any(&id).map(drop))
            }
            Act::Erase { entry, path, .. } | Act::Erased { entry, path, .. } => self.erasable(entry, path),
            Act::Confirm { revision } => self.confirm(revision),
            Act::Choose { pick, .. } => self.choose(pick),
            Act::Progress { revision, subject, .. } => self.performed(revision, *subject).map(drop),
            Act::Stop { revision, subject, .. } => self.stop(revision, *subject),
            Act::Cancel { revision, subject, clause, .. } => self.cancel(revision, *subject, *clause),
            Act::Card(card) => card.device.map_or(Ok(()), |device| self.own_device(&device)),
            Act::Handover { from, to, .. } => {
                from.map_or(Ok(()), |device| self.own_device(&device))?;
                self.own_device(to)
            }
            Act::Mandate(mandate) => self.mandate(mandate),
            Act::Cut { revoke, tips } => self.cut(revoke, tips),
            Act::Ratify { entries } => self.ratify(entries),
            Act::Dispute { about, subject, .. } => self.dispute(about, *subject),
            Act::Concede { dispute, .. } => self.concede(dispute),
            Act::Settle { dispute, revision, .. } => self.settle(dispute, revision.as_ref()),
            Act::Decide { dispute, .. } => self.decide(dispute),
            Act::Prove { what, data, about } => self.prove(*what, data, about.as_ref()),
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
            Act::Declare { revision, subject, evidence, .. } => self.declare(revision, *subject, evidence),
            Act::Undeclare { declare, .. } => {
                let (declare, key) = self.declare_named(declare)?;
                self.performer(declare, &key)?;
                self.not_completed(declare, &key)
            }
            Act::Approve { declare, .. } => self.approve(declare),
            Act::Reject { declare, unmet, .. } => {
                let (declare, key) = self.declare_named(declare)?;
                self.beneficiary(declare, &key)?;
                self.conditions(declare, &key, unmet)?;
                self.not_completed(declare, &key)
            }
            Act::Release { of, .. } => self.release(of),
            Act::Allow { request, .. } => self.answer(request, true),
            Act::Refuse { request, .. } => self.answer(request, false),
            Act::Missed { revision, subject, .. } => {
                let revision = self.revision(revision)?;
                self.speaks_in(revision)?;
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
        // What is contested is not void: an accept of it stands, should it be ratified (R3, R9).
        let stands = self.past.has(ix) || self.past.contested(ix);
        if stands && kind(self.past.fold.act(ix)) { Ok(ix) } else { Err(Reason::UnknownReference) }
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

    /// Whether the author speaks for one of some seats under a revision.
    fn speaks_for<'s>(&self, revision: Ix, mut seats: impl Iterator<Item = &'s Seat>) -> bool {
        let party = &self.statement.party;
        seats.any(|s| self.seats.contains(s) && self.past.speakers(revision, s).contains(party))
    }

    /// What is left to those who sign a revision, once it may be signed: where a seat is bound twice, to who signed.
    fn speaks_in(&self, revision: Ix) -> Judged {
        self.signer_of(revision)?;
        let signers = self.past.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        if self.speaks_for(revision, signers.iter()) { Ok(()) } else { Err(Reason::SignedByAnother) }
    }

    /// What lies beside an entry in the past: a sealed value, or the bytes of a file named in the open.
    fn erasable(&self, entry: &EntryId, path: &[PathStep]) -> Judged {
        let ix = self.any(entry)?;
        let sealed = seal::place(&self.past.graph.statement(ix).body, path).and_then(value::commitment).is_some();
        let file = || attachment::named_by(self.past.fold.act(ix)).iter().any(|named| named.path == path);
        if sealed || file() { Ok(()) } else { Err(Reason::NotSealed) }
    }
}
