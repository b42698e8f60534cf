//! Revisions: who has signed, what replaces what, what is in force, what is closed, what is ended (R1 to R5).

use std::collections::BTreeSet;

use super::{Lens, Scope, SubjectKey};
use crate::{
    act::{Act, Subject, Topic},
    graph::Ix,
    id::{EntryId, PartyId},
    value::Seat,
};

/// What can be in force on a subject: a fully signed revision, or the end of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Position {
    Revision(Ix),
    /// The revision was ended by release.
    End(Ix),
}

impl Position {
    /// The revision itself, or the one that was ended.
    #[must_use]
    pub fn revision(self) -> Ix {
        match self {
            Self::Revision(ix) | Self::End(ix) => ix,
        }
    }
}

/// What is in force on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InForce {
    None,
    One {
        position: Position,
        /// The ids that name it, smallest first: several when identical terms were signed twice.
        names: Vec<EntryId>,
    },
    /// Several agreements stand that do not replace each other; `stays` is what all of them would replace.
    Crossed {
        rivals: Vec<Position>,
        stays: Option<(Position, Vec<EntryId>)>,
    },
}

impl InForce {
    /// The one position in force, a crossing's base included.
    #[must_use]
    pub fn standing(&self) -> Option<(Position, &[EntryId])> {
        match self {
            Self::None => None,
            Self::One { position, names } => Some((*position, names)),
            Self::Crossed { stays, .. } => stays.as_ref().map(|(position, names)| (*position, names.as_slice())),
        }
    }
}

/// Why a revision that is not fully signed can no longer be accepted by those who know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    Withdrawn(Ix),
    Declined(Ix),
    Countered(Ix),
    /// R5: one who had signed it took another position.
    MovedOn(Ix),
}

impl Closing {
    /// The entry that closed it.
    #[must_use]
    pub fn by(self) -> Ix {
        match self {
            Self::Withdrawn(ix) | Self::Declined(ix) | Self::Countered(ix) | Self::MovedOn(ix) => ix,
        }
    }
}

impl<'a> Lens<'a> {
    /// Whether a seat's party has signed a revision. Each signature counts for the seats its author had then.
    #[must_use]
    pub fn signed_for(&self, revision: Ix, seat: &Seat) -> bool {
        self.signatures(revision).into_iter().any(|ix| self.fold.author_seats(ix).contains(seat))
    }

    /// Whether a party has signed a revision, by any of its devices.
    #[must_use]
    pub fn signed_by(&self, revision: Ix, party: &PartyId) -> bool {
        self.signatures(revision).into_iter().any(|ix| self.party(ix) == *party)
    }

    /// R1: valid signatures of all signers on that revision.
    #[must_use]
    pub fn fully_signed(&self, revision: Ix) -> bool {
        if !self.has(revision) {
            return false;
        }
        let Some(proposal) = self.fold.proposal(revision) else { return false };
        let signatures = self.signatures(revision);
        let signed = |seat: &Seat| signatures.iter().any(|ix| self.fold.author_seats(*ix).contains(seat));
        proposal.signers.iter().all(signed) && self.base_party_signed(revision)
    }

    /// While two concurrent bindings of a seat stand, an amendment also needs the party that signed its base.
    fn base_party_signed(&self, revision: Ix) -> bool {
        let proposal = self.fold.proposal(revision).expect("asked of revisions only");
        let bases: Vec<Ix> = proposal.subjects.iter().filter_map(|s| self.graph.find(&s.base?)).collect();
        if bases.is_empty() {
            return true;
        }
        // Judged in the past of each signature: the second binding may be news since the proposal.
        let contended = |seat: &&Seat| {
            self.signatures(revision).into_iter().any(|ix| {
                self.fold.author_seats(ix).contains(*seat) && self.with(Scope::Before(ix)).bindings(seat).len() > 1
            })
        };
        // Whoever else signs the base without knowing of this amendment takes nothing from it.
        let before = self.with(Scope::Before(revision));
        proposal.signers.iter().filter(contended).all(|seat| {
            bases.iter().all(|base| {
                let base = self.revision_named(*base).map_or(*base, Position::revision);
                let signed = |ix: &Ix| self.fold.author_seats(*ix).contains(seat);
                let mut signers = before.signatures(base).into_iter().filter(signed).map(|ix| self.party(ix));
                signers.all(|party| self.signed_by(revision, &party))
            })
        })
    }

    /// The position that an entry names as a base: a revision, or the end that a granted request made.
    pub(super) fn revision_named(&self, named: Ix) -> Option<Position> {
        if self.fold.proposal(named).is_some() {
            return Some(Position::Revision(named));
        }
        let asked_of = super::references(self.fold.act(named));
        let revision = asked_of.first().and_then(|id| self.graph.find(id))?;
        self.fold.proposal(revision).map(|_| Position::End(revision))
    }

    /// The part of a revision that is about a subject.
    #[must_use]
    pub fn subject(&self, revision: Ix, key: &SubjectKey) -> Option<&'a Subject> {
        let at = self.fold.subject_keys(revision).iter().position(|k| k == key)?;
        self.fold.proposal(revision)?.subjects.get(at)
    }

    /// The id that names a position on a subject: a revision's own, an end's smallest granted request or cancel.
    #[must_use]
    pub fn name(&self, position: Position, key: &SubjectKey) -> EntryId {
        match position {
            Position::Revision(revision) => self.graph.id(revision),
            Position::End(revision) => self.ended_on(revision, key).unwrap_or_else(|| self.graph.id(revision)),
        }
    }

    /// The end of a revision on a subject: released as a whole, or cancelled there under a clause.
    #[must_use]
    pub fn ended_on(&self, revision: Ix, key: &SubjectKey) -> Option<EntryId> {
        let cancels = self.cancels(revision, key).map(|ix| self.graph.id(ix));
        self.ended(revision).into_iter().chain(cancels).min()
    }

    /// The acts that cancel a revision's action under a clause of its terms.
    pub(super) fn cancels(&self, revision: Ix, key: &SubjectKey) -> impl Iterator<Item = Ix> + use<'a> {
        let lens = *self;
        let at = self.fold.subject_keys(revision).iter().position(|k| k == key);
        self.about(&self.graph.id(revision)).filter(move |ix| match lens.fold.act(*ix) {
            Act::Cancel { subject, .. } => at == Some(*subject as usize),
            _ => false,
        })
    }

    /// Why a revision can no longer be accepted by those who know: R3 and R5. The first by the agreed order.
    #[must_use]
    pub fn closing(&self, revision: Ix) -> Option<Closing> {
        let proposal = self.fold.proposal(revision)?;
        let author = self.party(revision);
        let signer = |ix: Ix| self.fold.author_seats(ix).iter().any(|s| proposal.signers.contains(s));
        let answered = self.about(&self.graph.id(revision)).filter_map(|ix| match self.fold.act(ix) {
            Act::Withdraw { .. } => Some(Closing::Withdrawn(ix)),
            Act::Decline { .. } => Some(Closing::Declined(ix)),
            Act::Counter { of, .. } if *of == self.graph.id(revision) => {
                Some(if self.party(ix) == author { Closing::Withdrawn(ix) } else { Closing::Countered(ix) })
            }
            // R12: contesting an alleged promise declines it.
            Act::Contest { .. } if proposal.alleged.is_some() && signer(ix) && self.party(ix) != author => {
                Some(Closing::Declined(ix))
            }
            _ => None,
        });
        let moved = self
            .fold
            .subject_keys(revision)
            .iter()
            .flat_map(|key| self.touching(key))
            .filter(|ix| self.moves_on(*ix, revision))
            .map(Closing::MovedOn);
        answered.chain(moved).min_by_key(|closing| self.graph.order(closing.by()))
    }

    /// R5: proposing, countering, accepting or asking release closes every other open revision that its party
    /// had signed on the same matter.
    fn moves_on(&self, ix: Ix, revision: Ix) -> bool {
        if ix == revision || !self.is_elsewhere(ix, revision) || !self.graph.in_past(revision, ix) {
            return false;
        }
        let before = self.with(Scope::Before(ix));
        let party = self.party(ix);
        // An offer is a position of its author's also where the last word is reserved (R6).
        let position =
            self.party(revision) == party || before.assents(revision).iter().any(|a| self.party(*a) == party);
        position && !before.fully_signed(revision)
    }

    /// Whether an act takes a position on the matter other than this revision.
    pub(super) fn is_elsewhere(&self, ix: Ix, revision: Ix) -> bool {
        let id = self.graph.id(revision);
        match self.fold.act(ix) {
            Act::Propose(_) => ix != revision,
            Act::Counter { of, .. } => *of != id && ix != revision,
            Act::Accept { revision: accepted, .. } => *accepted != id,
            Act::Release { of, .. } => *of != id,
            _ => false,
        }
    }

    /// Whether a revision can still be accepted: not fully signed, not closed, not overtaken.
    #[must_use]
    pub fn is_open(&self, revision: Ix) -> bool {
        self.has(revision)
            && !self.fully_signed(revision)
            && self.closing(revision).is_none()
            && self.overtaken(revision).is_none()
    }

    /// R3: a revision in force or crossed, other than this one, that this one does not replace.
    #[must_use]
    pub fn overtaken(&self, revision: Ix) -> Option<Ix> {
        let own = Position::Revision(revision);
        for key in self.fold.subject_keys(revision) {
            let standing = match self.in_force(key) {
                InForce::None => continue,
                InForce::One { position, names } => {
                    if names.contains(&self.graph.id(revision)) {
                        continue;
                    }
                    vec![position]
                }
                InForce::Crossed { rivals, .. } => rivals,
            };
            let blocking = standing.into_iter().find(|p| *p != own && !self.replaces(key, own, *p));
            if let Some(position) = blocking {
                return Some(position.revision());
            }
        }
        None
    }

    /// R4: the requests for release of a fully signed revision: asked for outright, or a withdraw or decline
    /// that did not know it was fully signed.
    #[must_use]
    pub fn release_requests(&self, revision: Ix) -> Vec<Ix> {
        if !self.fully_signed(revision) {
            return Vec::new();
        }
        let alleged = self.fold.proposal(revision).is_some_and(|p| p.alleged.is_some());
        self.about(&self.graph.id(revision))
            .filter(|ix| match self.fold.act(*ix) {
                Act::Release { .. } => true,
                // Whoever only holds the seat of one who signed has nothing to be released from.
                Act::Withdraw { .. } | Act::Decline { .. } => self.is_bound(revision, *ix),
                Act::Contest { .. } => alleged && self.declines_alleged(*ix, revision) && self.is_bound(revision, *ix),
                _ => false,
            })
            .collect()
    }

    /// Whether an act's author signed a revision, contested signatures counted.
    fn is_bound(&self, revision: Ix, ix: Ix) -> bool {
        Self { counting_contested: true, ..*self }.signed_by(revision, &self.party(ix))
    }

    fn declines_alleged(&self, ix: Ix, revision: Ix) -> bool {
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        let signer = self.fold.author_seats(ix).iter().any(|s| signers.contains(s));
        signer && self.party(ix) != self.party(revision) && !self.with(Scope::Before(ix)).fully_signed(revision)
    }

    /// R4: the end of a revision, named by the smallest id of its granted requests.
    #[must_use]
    pub fn ended(&self, revision: Ix) -> Option<EntryId> {
        let requests = self.release_requests(revision);
        let granted = requests.iter().filter(|q| self.grants(**q, &requests, revision).is_some());
        granted.map(|q| self.graph.id(*q)).min()
    }

    /// The entries by which every other signer allowed a request or asked too; nothing while one is missing.
    pub(super) fn grants(&self, request: Ix, requests: &[Ix], revision: Ix) -> Option<Vec<Ix>> {
        let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
        let mut by = Vec::new();
        for seat in signers.iter().filter(|s| !self.spoke_for(request, revision, s)) {
            let holds_seat = |ix: &Ix| self.spoke_for(*ix, revision, seat);
            let mut allows =
                self.about(&self.graph.id(request)).filter(|ix| matches!(self.fold.act(*ix), Act::Allow { .. }));
            let allowed = allows.find(holds_seat);
            let asked = || requests.iter().copied().filter(holds_seat).find(|q| self.asked_too(request, *q));
            by.push(allowed.or_else(asked)?);
        }
        if by.is_empty() {
            by.push(request);
        }
        Some(by)
    }

    /// Asked too: knowing the other's request, or both outright; and not after it was dropped.
    fn asked_too(&self, request: Ix, own: Ix) -> bool {
        let outright = |ix: Ix| matches!(self.fold.act(ix), Act::Release { .. });
        let knowing = self.graph.in_past(request, own);
        (knowing || (outright(request) && outright(own)))
            && !self.with(Scope::Before(own)).dropped(request)
            && !self.with(Scope::Before(request)).dropped(own)
    }

    /// R4: whether the asker took a request back, or took another position on that matter since.
    #[must_use]
    pub fn dropped(&self, request: Ix) -> bool {
        let party = self.party(request);
        let withdrawn = self
            .about(&self.graph.id(request))
            .any(|ix| matches!(self.fold.act(ix), Act::Withdraw { .. }) && self.party(ix) == party);
        let matter = self.matter_of(request);
        withdrawn
            || matter.iter().flat_map(|key| self.touching(key)).any(|ix| {
                self.party(ix) == party
                    && self.graph.in_past(request, ix)
                    && matches!(
                        self.fold.act(ix),
                        Act::Propose(_) | Act::Counter { .. } | Act::Accept { .. } | Act::Declare { .. }
                    )
            })
    }

    /// The subjects a request is about.
    fn matter_of(&self, request: Ix) -> Vec<SubjectKey> {
        self.fold.touched_by(self.graph, self.fold.act(request))
    }

    /// The seats that must sign a proposal of these subjects by its own past, ascending.
    #[must_use]
    pub fn required_signers(&self, subjects: &[Subject]) -> Vec<Seat> {
        let mut seats: BTreeSet<Seat> = BTreeSet::new();
        for subject in subjects {
            match &subject.topic {
                Topic::Action { terms, .. } => seats.extend(terms.seats()),
                Topic::Terms { seats: named, .. } => seats.extend(named.iter().copied()),
                Topic::Item { .. }
                | Topic::AdmitSeat { .. }
                | Topic::AdmitNew { .. }
                | Topic::Close { .. }
                | Topic::Level { .. } => seats.extend(self.agreeing_seats()),
            }
            let base = subject.base.and_then(|id| self.graph.find(&id)).and_then(|named| self.revision_named(named));
            let signers = base.and_then(|b| self.fold.proposal(b.revision())).map(|p| &p.signers);
            seats.extend(signers.into_iter().flatten().copied());
        }
        seats.into_iter().collect()
    }
}
