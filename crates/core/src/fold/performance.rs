//! Performance (R8): declared, approved, rejected, completed, reopened.

use super::{Arrival, DisputeStatus, InForce, Lens, Position, Scope, SubjectKey};
use crate::{
    act::{Act, ActionTerms, Outcome, PartyRef, Topic},
    graph::Ix,
    id::EntryId,
    value::{Due, Seat, Unit},
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
    /// The performer gave it up.
    Stopped,
    Cancelled,
    Declined,
    Withdrawn,
    Crossed,
    /// All have signed, but a key was revoked without its knowledge (R9).
    Contested,
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
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Crossed => "crossed",
            Self::Contested => "contested",
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
    /// The act by which the performer gave the action up.
    pub stop: Option<Ix>,
    pub disputes: Vec<DisputeStatus>,
    /// The arbiter's decision that stands.
    pub decision: Option<Ix>,
    /// Accepts of open revisions whose arrival is not proven in time.
    pub undated: Vec<(Ix, Arrival)>,
    /// Revisions that only contested signatures keep from being agreed.
    pub contested: Vec<Ix>,
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
        self.touching(key).filter(|ix| self.declared(*ix).is_some_and(|(_, k)| k == *key)).collect()
    }

    /// The acts by which performers gave an action up, under whichever terms.
    fn stops(&self, key: &SubjectKey) -> Vec<Ix> {
        let on_this = |ix: &Ix| match self.fold.act(*ix) {
            Act::Stop { revision, subject, .. } => {
                let keys = self.graph.find(revision).map_or(&[][..], |r| self.fold.subject_keys(r));
                keys.get(*subject as usize) == Some(key)
            }
            _ => false,
        };
        self.touching(key).filter(on_this).collect()
    }

    /// The stop that stands on an action under these terms: none set aside since, and no declare that did not know it.
    pub(super) fn stopped(&self, key: &SubjectKey, names: &[EntryId]) -> Option<Ix> {
        let stops = self.stops(key);
        if stops.is_empty() {
            return None;
        }
        let set_aside = self.reopenings(key);
        let declares = self.live_declares(key);
        let stands = |stop: &Ix| {
            let Act::Stop { revision, .. } = self.fold.act(*stop) else { return false };
            names.contains(revision)
                && !self.graph.covered_by(*stop, &set_aside)
                && declares.iter().all(|d| self.graph.in_past(*d, *stop))
        };
        stops.into_iter().rev().find(stands)
    }

    fn live_declares(&self, key: &SubjectKey) -> Vec<Ix> {
        let mut declares = self.counting_declares(key);
        declares.retain(|d| !self.undeclared(*d));
        declares
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
        Self::seats_in(&terms.beneficiaries).all(|seat| self.approved_for(declare, seat) || self.deemed(declare, seat))
    }

    /// Whether an approve is not a beneficiary's own, but a performer's under the terms' window of silence.
    pub(super) fn is_deemed(&self, approve: Ix) -> bool {
        let Act::Approve { declare, .. } = self.fold.act(approve) else { return false };
        let declared = self.graph.find(declare).and_then(|d| self.declared(d));
        let Some((revision, key)) = declared else { return false };
        let spoke = |seat: &Seat| self.spoke_for(approve, revision, seat);
        self.terms(revision, &key).is_some_and(|t| !Self::seats_in(&t.beneficiaries).any(spoke))
    }

    /// Whether a performer's act stands for a beneficiary's silence: none of the beneficiary's rejections voids it,
    /// unless by its own word it came after the window.
    fn deemed(&self, declare: Ix, seat: &Seat) -> bool {
        let Some((revision, key)) = self.declared(declare) else { return false };
        if self.terms(revision, &key).is_none_or(|t| t.deemed.is_none()) {
            return false;
        }
        self.answers(declare, "approve").filter(|ix| self.is_deemed(*ix)).any(|approve| {
            let before = self.with(Scope::Before(approve));
            let Some(end) = before.silent_until(declare, seat) else { return false };
            let rejects = self.answers(declare, "reject").filter(|ix| self.spoke_for(*ix, revision, seat));
            rejects.into_iter().all(|ix| self.graph.statement(ix).at > end)
        })
    }

    /// When the signed window for rejecting a declare ends for a beneficiary, counted from when it provably had
    /// it. Unix milliseconds; nothing while no arrival is proven, or where no window was agreed.
    pub(crate) fn silent_until(&self, declare: Ix, seat: &Seat) -> Option<i64> {
        let (revision, key) = self.declared(declare)?;
        let (count, unit) = self.terms(revision, &key)?.deemed?;
        let datings = self.datings(declare, &self.speakers(revision, seat));
        let received = datings.iter().map(|d| d.at).min()?;
        Some(after(received, count, unit))
    }

    /// The point in time a due time of a revision comes to, as far as is known here. Unix milliseconds.
    pub(super) fn instant_of(&self, due: &Due, revision: Ix) -> Option<i64> {
        match due {
            Due::At { instant, .. } => Some(*instant),
            Due::After { count, unit, .. } => Some(after(self.agreed_from(revision)?, *count, *unit)),
        }
    }

    /// When an agreement was made: at its last signature, or at an earlier time that another party gives a statement
    /// which knows that signature.
    fn agreed_from(&self, revision: Ix) -> Option<i64> {
        let last = self.signatures(revision).into_iter().max_by_key(|ix| self.graph.order(*ix))?;
        let knows = |ix: &Ix| self.party(*ix) != self.party(last) && self.holds(*ix) && self.graph.in_past(last, *ix);
        let at = |ix: Ix| self.graph.statement(ix).at;
        self.graph.all().filter(knows).map(at).chain([at(last)]).min()
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
            for request in &requests {
                grants.extend(self.grants(*request, &requests, revision).into_iter().flatten());
            }
        }
        // An arbiter's decision that the agreement goes on begins the work anew.
        grants.extend(self.decision(key).filter(|(_, outcome)| *outcome == Outcome::Agreed).map(|(ix, _)| ix));
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

    /// Whether a seat's party has approved a declare itself.
    pub(super) fn approved_for(&self, declare: Ix, seat: &Seat) -> bool {
        let Some((revision, _)) = self.declared(declare) else { return false };
        self.answers(declare, "approve").any(|ix| self.spoke_for(ix, revision, seat))
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
            stop: None,
            disputes: self.disputes(key),
            decision: None,
            undated: Vec::new(),
            contested: revisions.iter().copied().filter(|r| self.awaits_ratifying(*r)).collect(),
            not_judged,
        };
        status.undated = status.open.iter().flat_map(|r| self.undated(*r)).collect();
        if let Some((decide, outcome)) = self.decision(key) {
            status.decision = Some(decide);
            let decided = match outcome {
                Outcome::Completed => Some(ActionState::Completed),
                Outcome::Cancelled => Some(ActionState::Cancelled),
                Outcome::Agreed => None,
            };
            if let (Some(state), InForce::One { position, .. }) = (decided, &status.in_force) {
                status.state = state;
                status.revision = position.revision();
                return Some(status);
            }
        }
        if let Some(declare) = self.completion(key) {
            status.state = ActionState::Completed;
            status.declare = Some(declare);
            status.revision = self.declared(declare).map_or(latest, |(revision, _)| revision);
            status.against_old_terms = self.on_old_terms(declare, &status.in_force);
            status.reopen_requests = self.reopen_asked(declare).into_iter().filter(|q| self.pending(*q)).collect();
            return Some(status);
        }
        match status.in_force.clone() {
            InForce::Crossed { stays, .. } => {
                status.state = ActionState::Crossed;
                // What stays can be done, and may have taken the place of terms that somebody declared on.
                if let Some((Position::Revision(revision), names)) = stays
                    && self.stopped(key, &names).is_none()
                {
                    let declare = self.speaking(key, revision);
                    status.against_old_terms = declare.is_some_and(|d| self.on_old_terms(d, &status.in_force));
                }
            }
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
        if let Some(stop) = self.stopped(key, names) {
            status.state = ActionState::Stopped;
            status.stop = Some(stop);
            return;
        }
        status.declare = self.speaking(key, revision);
        if let Some(declare) = status.declare {
            let rejected = self.rejected(declare).is_some();
            status.state = if rejected { ActionState::Rework } else { ActionState::Declared };
        }
        let old_stop = || {
            let mut stops = self.stops(key).into_iter();
            stops.any(|s| !self.graph.in_past(s, revision) && !named_by(self.fold.act(s), &status.in_force))
        };
        status.against_old_terms = match status.declare {
            Some(declare) => self.on_old_terms(declare, &status.in_force),
            None => old_stop(),
        };
    }

    /// The declare that says how far agreed work is: the newest, before those that were rejected.
    fn speaking(&self, key: &SubjectKey, revision: Ix) -> Option<Ix> {
        let mut live = self.live_declares(key);
        // Terms proposed knowing a declare begin anew.
        live.retain(|d| !self.graph.in_past(*d, revision));
        live.iter().rev().copied().find(|d| self.rejected(*d).is_none()).or(live.last().copied())
    }

    /// Whether a declare was made on terms that what is in force, or stays in a crossing, replaced.
    fn on_old_terms(&self, declare: Ix, in_force: &InForce) -> bool {
        let Some((revision, key)) = self.declared(declare) else { return false };
        match in_force {
            InForce::One { position: Position::Revision(_), names } => !names.contains(&self.graph.id(revision)),
            InForce::Crossed { stays: Some((stays @ Position::Revision(_), _)), .. } => {
                self.replaces(&key, *stays, Position::Revision(revision))
            }
            _ => false,
        }
    }

    /// The state before any agreement.
    fn negotiated(&self, effective: &[Ix], status: &mut ActionStatus) {
        if let Some(contested) = status.contested.last() {
            status.revision = *contested;
            status.state = ActionState::Contested;
            return;
        }
        if let Some(open) = status.open.last() {
            status.revision = *open;
            let accepted = self.signatures(*open).into_iter().any(|ix| self.party(ix) != self.party(*open));
            status.state = if accepted { ActionState::Accepted } else { ActionState::Proposed };
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

/// Whether a stop is on the terms in force.
fn named_by(stop: &Act, in_force: &InForce) -> bool {
    match (stop, in_force) {
        (Act::Stop { revision, .. }, InForce::One { names, .. }) => names.contains(revision),
        _ => false,
    }
}

/// So long after an instant. A day is 24 hours; working days are Monday to Friday as UTC counts them.
fn after(instant: i64, count: u32, unit: Unit) -> i64 {
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;
    let count = i64::from(count);
    match unit {
        Unit::Minutes => instant + count * MINUTE,
        Unit::Hours => instant + count * 60 * MINUTE,
        Unit::Days => instant + count * DAY,
        Unit::WorkingDays => {
            let (mut at, mut left) = (instant, count);
            while left > 0 {
                at += DAY;
                // 1 January 1970 was a Thursday; 0 is Monday.
                let weekday = (at.div_euclid(DAY) + 3).rem_euclid(7);
                left -= i64::from(weekday < 5);
            }
            at
        }
    }
}
