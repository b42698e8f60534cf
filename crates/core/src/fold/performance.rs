//! Performance (R8): declared, approved, rejected, completed, reopened.

use super::{InForce, Lens, Position, Scope, SubjectKey};
use crate::{
    act::{Act, ActionTerms, PartyRef, Topic},
    graph::Ix,
    value::Seat,
};

/// The state of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionState {
    Proposed,
    /// Some but not all who must sign have accepted.
    Accepted,
    Agreed,
    Declared,
    Rework,
    Completed,
    Cancelled,
    Declined,
    Withdrawn,
    Crossed,
    /// Only proposals without effect speak of it.
    Void,
}

impl ActionState {
    /// The word shown and given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Accepted => "accepted",
            Self::Agreed => "agreed",
            Self::Declared => "declared",
            Self::Rework => "rework",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Crossed => "crossed",
            Self::Void => "without effect",
        }
    }
}

/// Where an action stands, and by which entries.
#[derive(Debug, Clone)]
pub struct ActionStatus {
    pub state: ActionState,
    /// The revision whose terms apply: in force, or else the latest open or closed one.
    pub revision: Ix,
    pub in_force: InForce,
    /// Revisions that can still be accepted.
    pub open: Vec<Ix>,
    /// The declare that awaits approval, needs rework, or was approved.
    pub declare: Option<Ix>,
    /// That declare was made on terms replaced meanwhile.
    pub against_old_terms: bool,
    /// Requests for release, not granted, dropped or refused yet.
    pub release_requests: Vec<Ix>,
    pub reopen_requests: Vec<Ix>,
    /// Records of a missed due time.
    pub missed: Vec<Ix>,
    pub not_judged: bool,
}

impl<'a> Lens<'a> {
    /// The terms of an action in one of its revisions.
    #[must_use]
    pub fn terms(&self, revision: Ix, key: &SubjectKey) -> Option<&'a ActionTerms> {
        match &self.subject(revision, key)?.topic {
            Topic::Action { terms, .. } => Some(terms),
            _ => None,
        }
    }

    /// The revision and subject a declare is about.
    #[must_use]
    pub fn declared(&self, declare: Ix) -> Option<(Ix, SubjectKey)> {
        let Act::Declare { revision, subject, .. } = self.fold.act(declare) else { return None };
        let revision = self.graph.find(revision)?;
        let key = self.fold.subject_keys(revision).get(*subject as usize)?;
        Some((revision, key.clone()))
    }

    /// The effective declares on an action.
    pub(super) fn declares(&self, key: &SubjectKey) -> Vec<Ix> {
        let touching = self.fold.touching.get(key).map_or(&[][..], |t| t);
        let declares = |ix: &Ix| self.has(*ix) && self.declared(*ix).is_some_and(|(_, k)| k == *key);
        touching.iter().copied().filter(declares).collect()
    }

    /// The acts on a declare of one kind.
    fn answers(&self, declare: Ix, kind: &'static str) -> impl Iterator<Item = Ix> + use<'a> {
        let lens = *self;
        lens.about(&lens.graph.id(declare)).filter(move |ix| lens.fold.act(*ix).kind() == kind)
    }

    fn seats_in(refs: &[PartyRef]) -> impl Iterator<Item = &Seat> {
        refs.iter().map(|r| &r.seat)
    }

    /// Whether every beneficiary has approved this one declare.
    fn approved(&self, declare: Ix) -> bool {
        let Some(terms) = self.declared(declare).and_then(|(r, key)| self.terms(r, &key)) else { return false };
        Self::seats_in(&terms.beneficiaries)
            .all(|seat| self.answers(declare, "approve").any(|ix| self.fold.author_seats(ix).contains(seat)))
    }

    /// Requests to reopen a completed result: asked outright, or a reject or undeclare that crossed completion.
    fn reopen_asked(&self, declare: Ix) -> Vec<Ix> {
        if !self.approved(declare) {
            return Vec::new();
        }
        self.about(&self.graph.id(declare))
            .filter(|ix| matches!(self.fold.act(*ix), Act::Release { .. } | Act::Reject { .. } | Act::Undeclare { .. }))
            .collect()
    }

    /// One party's own approval stands for its other devices' rejection.
    fn assented_otherwise(&self, declare: Ix, answer: Ix) -> bool {
        let rejects = matches!(self.fold.act(answer), Act::Reject { .. });
        rejects && self.answers(declare, "approve").any(|ix| self.party(ix) == self.party(answer))
    }

    /// The entries that granted a reopening of the action: what lies in their past no longer counts.
    fn reopenings(&self, key: &SubjectKey) -> Vec<Ix> {
        let mut grants = Vec::new();
        for declare in self.declares(key) {
            let requests = self.reopen_asked(declare);
            let Some((revision, _)) = self.declared(declare) else { continue };
            let signers = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
            for request in &requests {
                grants.extend(self.grants(*request, &requests, signers).into_iter().flatten());
            }
        }
        grants
    }

    /// The declares that no reopening has set aside.
    fn counting_declares(&self, key: &SubjectKey) -> Vec<Ix> {
        let reopenings = self.reopenings(key);
        let mut declares = self.declares(key);
        declares.retain(|d| !self.graph.covered_by(*d, &reopenings));
        declares.sort_unstable_by_key(|d| self.graph.order(*d));
        declares
    }

    /// The approved declare that completes an action, unless agreed terms proposed knowing it took its place.
    #[must_use]
    pub fn completion(&self, key: &SubjectKey) -> Option<Ix> {
        let mut approved = self.counting_declares(key).into_iter().filter(|d| self.approved(*d)).peekable();
        approved.peek()?;
        // Terms agreed knowing a completion take its place, also where they were ended since.
        let renewed = match self.in_force(key) {
            InForce::One { position, .. } => Some(position.revision()),
            _ => None,
        };
        approved.find(|d| renewed.is_none_or(|r| !self.with(Scope::Before(r)).approved(*d)))
    }

    /// Whether a declare was taken back by its performers before it was completed.
    #[must_use]
    pub fn undeclared(&self, declare: Ix) -> bool {
        self.answers(declare, "undeclare").next().is_some()
    }

    /// Whether a beneficiary rejected a declare, and did not approve it by another device.
    #[must_use]
    pub fn rejected(&self, declare: Ix) -> Option<Ix> {
        self.answers(declare, "reject").find(|ix| !self.assented_otherwise(declare, *ix))
    }

    /// Whether an entry's party had approved or rejected that declare already.
    pub(super) fn answered_by(&self, declare: Ix, kind: &'static str, party: &crate::id::PartyId) -> bool {
        self.answers(declare, kind).any(|ix| self.party(ix) == *party)
    }

    /// A request that still waits for an answer.
    pub(super) fn pending(&self, request: Ix) -> bool {
        let refused = self.about(&self.graph.id(request)).any(|ix| matches!(self.fold.act(ix), Act::Refuse { .. }));
        !refused && !self.dropped(request)
    }

    /// Where an action stands.
    #[must_use]
    pub fn status(&self, key: &SubjectKey) -> Option<ActionStatus> {
        let mut revisions: Vec<Ix> = self.fold.revisions_of(key).iter().copied().filter(|r| self.holds(*r)).collect();
        revisions.sort_unstable_by_key(|r| self.graph.order(*r));
        let effective: Vec<Ix> = revisions.iter().copied().filter(|r| self.has(*r)).collect();
        let not_judged = self.not_judged(key);
        let latest = *effective.last().or(revisions.last())?;
        let in_force = self.in_force(key);
        let open: Vec<Ix> = effective.iter().copied().filter(|r| self.is_open(*r)).collect();
        let missed = self.missed_of(&effective, key);
        let mut status = ActionStatus {
            state: ActionState::Void,
            revision: latest,
            in_force,
            open,
            declare: None,
            against_old_terms: false,
            release_requests: Vec::new(),
            reopen_requests: Vec::new(),
            missed,
            not_judged,
        };
        if let Some(declare) = self.completion(key) {
            status.state = ActionState::Completed;
            status.declare = Some(declare);
            status.revision = self.declared(declare).map_or(latest, |(revision, _)| revision);
            status.against_old_terms = self.on_old_terms(declare, &status.in_force);
            status.reopen_requests = self.reopen_asked(declare).into_iter().filter(|q| self.pending(*q)).collect();
            return Some(status);
        }
        match status.in_force.clone() {
            InForce::Crossed { .. } => status.state = ActionState::Crossed,
            InForce::One { position: Position::End(revision), .. } => {
                status.state = ActionState::Cancelled;
                status.revision = revision;
            }
            InForce::One { position: Position::Revision(revision), .. } => self.performed(key, revision, &mut status),
            InForce::None => self.negotiated(&effective, &mut status),
        }
        Some(status)
    }

    /// The state under agreed terms.
    fn performed(&self, key: &SubjectKey, revision: Ix, status: &mut ActionStatus) {
        status.state = ActionState::Agreed;
        status.revision = revision;
        let names = match &status.in_force {
            InForce::One { names, .. } => names.as_slice(),
            _ => &[],
        };
        let named = names.iter().filter_map(|id| self.graph.find(id));
        let requests: Vec<Ix> = named.flat_map(|r| self.release_requests(r)).collect();
        status.release_requests = requests.into_iter().filter(|q| self.pending(*q)).collect();
        let live: Vec<Ix> = self
            .counting_declares(key)
            .into_iter()
            .filter(|d| !self.undeclared(*d))
            // Terms proposed knowing a declare begin anew.
            .filter(|d| !self.graph.in_past(*d, revision))
            .collect();
        let awaiting = live.iter().rev().find(|d| self.rejected(**d).is_none());
        if let Some(declare) = awaiting {
            status.state = ActionState::Declared;
            status.declare = Some(*declare);
        } else if let Some(declare) = live.last() {
            status.state = ActionState::Rework;
            status.declare = Some(*declare);
        }
        status.against_old_terms = status.declare.is_some_and(|d| self.on_old_terms(d, &status.in_force));
    }

    fn on_old_terms(&self, declare: Ix, in_force: &InForce) -> bool {
        let Some((revision, _)) = self.declared(declare) else { return false };
        match in_force {
            InForce::One { position: Position::Revision(_), names } => !names.contains(&self.graph.id(revision)),
            _ => false,
        }
    }

    /// The state before any agreement.
    fn negotiated(&self, effective: &[Ix], status: &mut ActionStatus) {
        if let Some(open) = status.open.last() {
            status.revision = *open;
            let signers = self.fold.proposal(*open).map_or(&[][..], |p| &p.signers);
            let signed = signers.iter().filter(|s| self.signed_for(*open, s)).count();
            status.state = if signed > 1 { ActionState::Accepted } else { ActionState::Proposed };
            return;
        }
        let closing = effective.iter().rev().find_map(|r| Some((*r, self.closing(*r)?)));
        if let Some((revision, closing)) = closing {
            status.revision = revision;
            status.state = match closing {
                super::Closing::Withdrawn(_) | super::Closing::MovedOn(_) => ActionState::Withdrawn,
                super::Closing::Declined(_) | super::Closing::Countered(_) => ActionState::Declined,
            };
        } else if !effective.is_empty() {
            // A bundle whose other part was agreed otherwise: it cannot be accepted any more.
            status.state = ActionState::Declined;
        }
    }

    fn missed_of(&self, revisions: &[Ix], key: &SubjectKey) -> Vec<Ix> {
        let on_this = |revision: &Ix, ix: &Ix| match self.fold.act(*ix) {
            Act::Missed { subject, .. } => self.fold.subject_keys(*revision).get(*subject as usize) == Some(key),
            _ => false,
        };
        let mut missed: Vec<Ix> =
            revisions.iter().flat_map(|r| self.about(&self.graph.id(*r)).filter(move |ix| on_this(r, ix))).collect();
        missed.sort_unstable_by_key(|ix| self.graph.order(*ix));
        missed
    }
}
