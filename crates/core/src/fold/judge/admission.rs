//! Letting parties in.

use super::{Judge, Judged};
use crate::{
    act::Act,
    fold::Reason,
    id::{EntryId, PartyId},
    invitation::JoinRequest,
    value::Seat,
};

impl Judge<'_, '_> {
    pub(super) fn invite(&self, seat: &Seat) -> Judged {
        self.only_opener()?;
        self.past.seat(seat).ok_or(Reason::UnknownSeat)?;
        if self.past.parties_of(seat).is_empty() { Ok(()) } else { Err(Reason::SeatTaken) }
    }

    pub(super) fn admit(
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

    pub(super) fn join(&self, admit: &EntryId) -> Judged {
        let ix = self.known(admit, |a| matches!(a, Act::Admit { .. }))?;
        match self.past.fold.act(ix) {
            Act::Admit { party, .. } if *party == self.statement.party => {}
            _ => return Err(Reason::UnknownReference),
        }
        if self.past.joined(&self.statement.party) { Err(Reason::AlreadyJoined) } else { Ok(()) }
    }
}
