//! Offering, answering and signing terms.

use super::{Judge, Judged};
use crate::{
    act::{Act, Mode, Proposal, Topic},
    fold::{Closing, Reason, SubjectKey, subject_keys},
    graph::Ix,
    id::EntryId,
    value::{Due, Seat},
};

impl Judge<'_, '_> {
    pub(super) fn proposal(&self, proposal: &Proposal) -> Judged {
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
        if matches!(proposal.open_until, Some(Due::After { .. })) {
            return Err(Reason::OpenUntilRelative);
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
                return Err(Reason::WrongBase);
            }
        }
        if proposal.signers != self.past.required_signers(&proposal.subjects) {
            return Err(Reason::WrongSigners);
        }
        if let Some(contact) = &proposal.alleged {
            self.known(contact, |a| matches!(a, Act::Contact(_)))?;
        }
        if proposal.mode == Mode::Firm { self.within_mandate(proposal) } else { Ok(()) }
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
        if let Topic::Action { terms, .. } = topic {
            terms.items.iter().try_for_each(|item| self.item_version(item))?;
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

    /// A version of an item: a stated value, or a revision that agrees on one.
    fn item_version(&self, id: &EntryId) -> Judged {
        let ix = self.any(id)?;
        let stated = matches!(self.past.fold.act(ix), Act::Item { .. });
        let agreed = self.past.fold.subject_keys(ix).iter().any(|key| matches!(key, SubjectKey::Item(_)));
        if stated || agreed { Ok(()) } else { Err(Reason::NotAnItem) }
    }

    pub(super) fn counter(&self, of: &EntryId, proposal: &Proposal) -> Judged {
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
    pub(super) fn open_to_answer(&self, id: &EntryId) -> Result<Ix, Reason> {
        let revision = self.revision(id)?;
        if self.past.fully_signed(revision) { Err(Reason::FullySigned) } else { Ok(revision) }
    }

    pub(super) fn accept(&self, id: &EntryId) -> Judged {
        let revision = self.revision(id)?;
        self.signer_of(revision)?;
        let proposal = self.past.fold.proposal(revision).ok_or(Reason::UnknownReference)?;
        let own = self.past.graph.statement(revision).party == self.statement.party;
        if own && proposal.mode == Mode::Confirm {
            return Err(Reason::ConfirmInstead);
        }
        self.still_open(revision)?;
        self.within_mandate(proposal)
    }

    /// The author's own signature, where the offer reserved it (R6): all others have accepted, and R3.
    pub(super) fn confirm(&self, id: &EntryId) -> Judged {
        let revision = self.revision(id)?;
        let proposal = self.past.fold.proposal(revision).ok_or(Reason::UnknownReference)?;
        if self.past.graph.statement(revision).party != self.statement.party {
            return Err(Reason::NotTheAuthor);
        }
        if proposal.mode != Mode::Confirm {
            return Err(Reason::NotConfirmMode);
        }
        let own = self.past.fold.author_seats(revision);
        let assents = self.past.assents(revision);
        let accepted = |seat: &Seat| assents.iter().any(|ix| self.past.fold.author_seats(*ix).contains(seat));
        if !proposal.signers.iter().filter(|s| !own.contains(s)).all(accepted) {
            return Err(Reason::NotAllAccepted);
        }
        self.still_open(revision)?;
        self.within_mandate(proposal)
    }

    /// One of several agreements that crossed, picked by whose turn it is (R7).
    pub(super) fn choose(&self, pick: &EntryId) -> Judged {
        let named = self.any(pick).map_err(|_unknown| Reason::NotCrossed)?;
        let position = self.past.revision_named(named).ok_or(Reason::NotCrossed)?;
        let keys = self.past.fold.subject_keys(position.revision());
        let key = keys.iter().find(|key| self.past.rival(key, named).is_some()).ok_or(Reason::NotCrossed)?;
        if self.past.chooser(key) != Some(self.statement.party) {
            return Err(Reason::NotTheChooser);
        }
        let proposal = self.past.fold.proposal(position.revision()).ok_or(Reason::UnknownReference)?;
        self.within_mandate(proposal)
    }

    /// R3: nothing the author knows keeps a revision from being signed.
    fn still_open(&self, revision: Ix) -> Judged {
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

    pub(super) fn withdraw(&self, of: &EntryId) -> Judged {
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
}
