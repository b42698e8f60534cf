//! What the author's own node refuses although it would only be idle: said already, answered already.

use crate::{
    act::Act,
    fold::{Lens, Reason},
    graph::Ix,
    statement::Statement,
};

/// What the author's own node refuses although the fold would only find it idle.
pub(in crate::fold) fn courtesy(now: &Lens<'_>, statement: &Statement, act: &Act) -> Option<Reason> {
    let party = &statement.party;
    match act {
        Act::Accept { revision, .. } => {
            let revision = now.find(revision)?;
            let seats = now.seats_of(party);
            let signers = &now.fold.proposal(revision)?.signers;
            let open_seats = signers.iter().any(|s| seats.contains(s) && !now.signed_for(revision, s));
            let undated = now.undated(revision);
            // An own accept that awaits its proof is signed already; somebody else's can be taken up.
            let awaits = undated.iter().any(|(ix, _)| now.party(*ix) == *party);
            let takes_up = undated.iter().any(|(ix, _)| now.party(*ix) != *party);
            ((!open_seats || awaits) && !takes_up).then_some(Reason::AlreadySigned)
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
        Act::Stop { revision, subject, .. } => {
            let revision = now.find(revision)?;
            let key = now.fold.subject_keys(revision).get(*subject as usize)?;
            now.stopped(key, &[now.graph.id(revision)]).map(|_| Reason::Stopped)
        }
        Act::Confirm { revision } => {
            let revision = now.find(revision)?;
            now.fully_signed(revision).then_some(Reason::AlreadySigned)
        }
        Act::Dispute { about, subject, .. } => {
            let same = |ix: Ix| matches!(now.fold.act(ix), Act::Dispute { subject: s, .. } if s == subject);
            let mut open = now.about(about).filter(|ix| same(*ix) && now.graph.statement(*ix).party == *party);
            open.any(|ix| now.dispute_ended(ix).is_none()).then_some(Reason::AlreadyAsked)
        }
        _ => None,
    }
}
