//! Whose move it is.

use super::{CaseState, View};
use crate::{
    act::PartyRef,
    fold::{ActionState, ActionStatus, InForce, Lens, Position, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId},
    value::Seat,
};

/// What somebody is waited for to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// Join the case.
    Join,
    /// Accept, counter or decline a proposal.
    Answer,
    /// Do what was agreed, and declare it.
    Perform,
    /// Do it again: the result was rejected.
    Rework,
    /// Approve or reject a declared result.
    Judge,
    /// Allow or refuse a request.
    Allow,
    /// Resolve two agreements that crossed.
    Choose,
}

impl Expected {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Answer => "answer",
            Self::Perform => "perform",
            Self::Rework => "rework",
            Self::Judge => "approve",
            Self::Allow => "allow",
            Self::Choose => "choose",
        }
    }
}

/// One move that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub seat: Seat,
    /// Who sits there now; nobody while the seat is open.
    pub party: Option<PartyId>,
    pub expected: Expected,
    /// The entry to act on.
    pub about: Option<EntryId>,
    /// Claimed time since when, Unix milliseconds.
    pub since: i64,
}

/// Every move waited for; none in a closed case. A bundle waits once, not once a subject.
pub(super) fn waiting(lens: &Lens<'_>, view: &View) -> Vec<Waiting> {
    if matches!(view.state, CaseState::Closed(_)) {
        return Vec::new();
    }
    let mut found = joins(lens);
    for action in &view.actions {
        found.extend(of_subject(lens, &action.key, &action.status));
    }
    for matter in &view.matters {
        found.extend(of_subject(lens, &matter.key, &matter.status));
    }
    let mut seen: Vec<(Seat, Expected, Option<EntryId>)> = Vec::new();
    found.retain(|w| {
        let key = (w.seat, w.expected, w.about);
        let new = !seen.contains(&key);
        seen.push(key);
        new
    });
    found
}

fn wait(lens: &Lens<'_>, seat: Seat, expected: Expected, about: Option<Ix>) -> Waiting {
    let graph = lens.graph();
    let since = about.or(graph.all().next()).map_or(0, |ix| graph.statement(ix).at);
    let party = lens.parties_of(&seat).first().copied();
    Waiting { seat, party, expected, about: about.map(|ix| graph.id(ix)), since }
}

/// Parties admitted that have not joined yet.
pub(super) fn joins(lens: &Lens<'_>) -> Vec<Waiting> {
    let absent = |seat: &Seat| {
        let parties = lens.parties_of(seat);
        !parties.is_empty() && !parties.iter().any(|party| lens.joined(party))
    };
    lens.seats().into_iter().filter(absent).map(|seat| wait(lens, seat, Expected::Join, None)).collect()
}

/// The moves waited for on one subject.
pub(super) fn of_subject(lens: &Lens<'_>, key: &SubjectKey, status: &ActionStatus) -> Vec<Waiting> {
    let mut found = Vec::new();
    let signers = |ix: Ix| lens.fold().proposal(ix).map_or(&[][..], |p| &p.signers);
    for open in &status.open {
        let missing = signers(*open).iter().filter(|s| !lens.signed_for(*open, s));
        found.extend(missing.map(|seat| wait(lens, *seat, Expected::Answer, Some(*open))));
    }
    for request in status.release_requests.iter().chain(&status.reopen_requests) {
        let own = lens.fold().author_seats(*request);
        let others = signers(status.revision).iter().filter(|s| !own.contains(s));
        found.extend(others.map(|seat| wait(lens, *seat, Expected::Allow, Some(*request))));
    }
    if let InForce::Crossed { rivals, .. } = &status.in_force {
        let rival = rivals.iter().copied().map(Position::revision).next();
        let seats = rival.map_or(&[][..], signers);
        found.extend(seats.iter().map(|seat| wait(lens, *seat, Expected::Choose, rival)));
    }
    let Some(terms) = lens.terms(status.revision, key) else { return found };
    let each = |refs: &[PartyRef], expected, about: Option<Ix>| {
        refs.iter().map(|p| wait(lens, p.seat, expected, about)).collect::<Vec<_>>()
    };
    match status.state {
        ActionState::Agreed => found.extend(each(&terms.performers, Expected::Perform, Some(status.revision))),
        ActionState::Rework => found.extend(each(&terms.performers, Expected::Rework, status.declare)),
        ActionState::Declared => {
            let approved = |w: &Waiting| {
                let answers = w.about.into_iter().flat_map(|declare| lens.about(&declare));
                answers
                    .into_iter()
                    .any(|ix| lens.fold().act(ix).kind() == "approve" && lens.fold().author_seats(ix).contains(&w.seat))
            };
            let judges = each(&terms.beneficiaries, Expected::Judge, status.declare);
            found.extend(judges.into_iter().filter(|w| !approved(w)));
        }
        _ => {}
    }
    found
}
