//! Who is in the case: seats, admissions, roles.

use super::{InForce, Lens, Scope, SubjectKey};
use crate::{
    act::{Act, Role, SeatOffer, Topic},
    graph::Ix,
    id::PartyId,
    value::{Sealable, Seat},
};

impl<'a> Lens<'a> {
    /// The `open` entry.
    #[must_use]
    pub fn open(&self) -> Option<(Ix, &'a crate::act::Open)> {
        let first = self.graph.all().next()?;
        // While `open` itself is judged, the graph has it and the fold does not.
        match self.fold.acts.first()? {
            Act::Open(open) => Some((first, open)),
            _ => None,
        }
    }

    /// The party that opened the case.
    #[must_use]
    pub fn opener(&self) -> Option<PartyId> {
        self.open().map(|(ix, _)| self.party(ix))
    }

    /// Role and label of a seat, if the case has it.
    #[must_use]
    pub fn seat(&self, seat: &Seat) -> Option<SeatOffer> {
        match seat {
            Seat::Number(n) => self.open()?.1.seats.get(*n as usize).cloned(),
            Seat::Added(proposal, index) => {
                let ix = self.find(proposal)?;
                let subject = self.fold.proposal(ix)?.subjects.get(*index as usize)?;
                match &subject.topic {
                    Topic::AdmitNew { role, label, .. } if self.fully_signed(ix) => {
                        Some(SeatOffer { role: *role, label: label.clone() })
                    }
                    _ => None,
                }
            }
        }
    }

    /// Every seat of the case: those of `open`, then those added by agreement, by the agreed order.
    #[must_use]
    pub fn seats(&self) -> Vec<Seat> {
        let count = self.open().map_or(0, |(_, open)| open.seats.len());
        let mut seats: Vec<Seat> = (0..count).filter_map(|n| u32::try_from(n).ok()).map(Seat::Number).collect();
        let mut added: Vec<_> = self
            .fold
            .new_seats()
            .filter_map(|id| Some((self.graph.find(&id.proposal)?, Seat::Added(id.proposal, id.index))))
            .filter(|(_, seat)| self.seat(seat).is_some())
            .collect();
        added.sort_unstable_by_key(|(ix, seat)| (self.graph.order(*ix), *seat));
        seats.extend(added.into_iter().map(|(_, seat)| seat));
        seats
    }

    /// The admissions that bind a seat; two are concurrent, until the opener decides between them.
    pub(super) fn bindings(&self, seat: &Seat) -> Vec<Ix> {
        let admits: Vec<Ix> = self
            .fold
            .admits
            .iter()
            .copied()
            .filter(|ix| matches!(self.fold.act(*ix), Act::Admit { seat: s, .. } if s == seat) && self.has(*ix))
            .collect();
        let decision = self
            .fold
            .seat_acts
            .iter()
            .copied()
            .filter(|ix| self.has(*ix))
            .filter_map(|ix| match self.fold.act(ix) {
                Act::Seat { seat: s, admit } if s == seat => Some((self.graph.order(ix), self.find(admit)?)),
                _ => None,
            })
            .max();
        match decision {
            Some((_, admit)) => vec![admit],
            None => admits,
        }
    }

    /// The parties bound to a seat: normally one, none while it is open.
    #[must_use]
    pub fn parties_of(&self, seat: &Seat) -> Vec<PartyId> {
        if *seat == Seat::Number(0) {
            return self.opener().into_iter().collect();
        }
        let party = |ix: Ix| match self.fold.act(ix) {
            Act::Admit { party, .. } => Some(*party),
            _ => None,
        };
        let mut parties: Vec<PartyId> = self.bindings(seat).into_iter().filter_map(party).collect();
        parties.sort_unstable();
        parties.dedup();
        parties
    }

    /// The parties that speak for a seat under a revision: whoever holds it; where two admissions bind it, those of
    /// its holders that signed the revision, if one did.
    #[must_use]
    pub fn speakers(&self, revision: Ix, seat: &Seat) -> Vec<PartyId> {
        let mut holders = self.parties_of(seat);
        if holders.len() > 1 {
            let signed = self.signed_for_by(revision, seat);
            if holders.iter().any(|party| signed.contains(party)) {
                holders.retain(|party| signed.contains(party));
            }
        }
        holders
    }

    /// Whether an act's author spoke for a seat under a revision when it acted.
    pub(super) fn spoke_for(&self, ix: Ix, revision: Ix, seat: &Seat) -> bool {
        self.fold.author_seats(ix).contains(seat)
            && self.with(Scope::Before(ix)).speakers(revision, seat).contains(&self.party(ix))
    }

    /// The parties that signed a revision for a seat, contested signatures counted.
    fn signed_for_by(&self, revision: Ix, seat: &Seat) -> Vec<PartyId> {
        let signatures = Self { counting_contested: true, ..*self }.signatures(revision);
        let for_seat = signatures.into_iter().filter(|ix| self.fold.author_seats(*ix).contains(seat));
        for_seat.map(|ix| self.party(ix)).collect()
    }

    /// The parties that signed a revision for a seat, or hold the seat where nobody did.
    pub(super) fn signers_for(&self, revision: Ix, seat: &Seat) -> Vec<PartyId> {
        let signed = self.signed_for_by(revision, seat);
        if signed.is_empty() { self.parties_of(seat) } else { signed }
    }

    /// The seats a party is bound to.
    #[must_use]
    pub fn seats_of(&self, party: &PartyId) -> Vec<Seat> {
        let mut seats: Vec<Seat> = Vec::new();
        if self.holds_open() && self.opener() == Some(*party) {
            seats.push(Seat::Number(0));
        }
        for ix in &self.fold.admits {
            if let Act::Admit { party: p, seat, .. } = self.fold.act(*ix)
                && p == party
                && self.has(*ix)
                && self.bindings(seat).contains(ix)
            {
                seats.push(*seat);
            }
        }
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    fn holds_open(&self) -> bool {
        self.open().is_some_and(|(ix, _)| self.holds(ix))
    }

    /// Whether a party may act: it opened the case, or was admitted with effect and joined.
    #[must_use]
    pub fn joined(&self, party: &PartyId) -> bool {
        if self.opener() == Some(*party) && self.holds_open() {
            return true;
        }
        self.fold.joins.iter().any(|ix| self.party(*ix) == *party && self.has(*ix))
    }

    /// The effective admission of a party.
    #[must_use]
    pub fn admission(&self, party: &PartyId) -> Option<Ix> {
        self.fold
            .admits
            .iter()
            .copied()
            .find(|ix| matches!(self.fold.act(*ix), Act::Admit { party: p, .. } if p == party) && self.has(*ix))
    }

    /// Whether a party is a member: its node gets the content.
    #[must_use]
    pub fn is_member(&self, party: &PartyId) -> bool {
        self.opener() == Some(*party) || self.admission(party).is_some()
    }

    /// Whether a member ended delivery to itself. Its seats and duties stay, and it may still sign.
    #[must_use]
    pub fn has_left(&self, party: &PartyId) -> bool {
        self.fold.leaves.iter().any(|ix| self.party(*ix) == *party && self.has(*ix))
    }

    /// Every member, the opener first.
    #[must_use]
    pub fn members(&self) -> Vec<PartyId> {
        let mut members: Vec<PartyId> = self.opener().into_iter().collect();
        let mut admits: Vec<Ix> = self.fold.admits.iter().copied().filter(|ix| self.has(*ix)).collect();
        admits.sort_unstable_by_key(|ix| self.graph.order(*ix));
        for ix in admits {
            if let Act::Admit { party, .. } = self.fold.act(ix)
                && !members.contains(party)
            {
                members.push(*party);
            }
        }
        members
    }

    /// The roles of a party.
    #[must_use]
    pub fn roles_of(&self, party: &PartyId) -> Vec<Role> {
        self.seats_of(party).iter().filter_map(|seat| self.seat(seat)).map(|offer| offer.role).collect()
    }

    /// Seats that sign what concerns the whole case: every bound one but observers' and arbiters'.
    #[must_use]
    pub fn agreeing_seats(&self) -> Vec<Seat> {
        let agrees =
            |seat: &Seat| self.seat(seat).is_some_and(|offer| offer.role.agrees()) && !self.parties_of(seat).is_empty();
        self.seats().into_iter().filter(agrees).collect()
    }

    /// Whether a party was brought in by agreement: an admit subject for the seat, fully signed.
    pub(super) fn admission_agreed(&self, revision: Ix, seat: &Seat, party: &PartyId) -> bool {
        let key = match seat {
            Seat::Number(_) => SubjectKey::Seat(*seat),
            Seat::Added(proposal, index) => {
                SubjectKey::NewSeat(crate::value::ActionId { proposal: *proposal, index: *index })
            }
        };
        let named = |position: &InForce| match position {
            InForce::One { names, .. } => names.contains(&self.graph.id(revision)),
            _ => false,
        };
        let meant = self.subject(revision, &key).is_some_and(|subject| match &subject.topic {
            Topic::AdmitNew { party: Some(named), .. } => named == party,
            _ => true,
        });
        meant && named(&self.in_force(&key))
    }

    /// The format level in force: that of `open`, or of the highest raise that all have signed.
    #[must_use]
    pub fn level(&self) -> i64 {
        let raised = self.fold.revisions_of(&SubjectKey::Level).iter().filter(|r| self.fully_signed(**r));
        let level = |r: &Ix| match &self.subject(*r, &SubjectKey::Level)?.topic {
            Topic::Level { level } => Some(*level),
            _ => None,
        };
        raised.filter_map(level).max().or(self.open().map(|(_, open)| open.level)).unwrap_or(0)
    }

    /// A seat's label where it is open text.
    #[must_use]
    pub fn label(&self, seat: &Seat) -> Option<String> {
        match self.seat(seat)?.label {
            Sealable::Open(text) => Some(text),
            Sealable::Sealed(_) => None,
        }
    }
}
