//! Whose move it is.

use super::{CaseState, View};
use crate::{
    act::{Act, Mode, PartyRef, Role},
    fold::{ActionState, ActionStatus, Arrival, InForce, Lens, SubjectKey},
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
    /// Confirm an own proposal that all others accepted, and that binds only then.
    Confirm,
    /// Prove that an accept arrived in time.
    Prove,
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
    /// Stand by an act signed with a key that was revoked, or let it go.
    Ratify,
    /// Give in to a dispute, or settle it.
    Settle,
    /// Decide a dispute, as the arbiter named for it.
    Decide,
    /// Erase what somebody asked all copies to erase, or say why not.
    Erase,
}

impl Expected {
    /// The word given in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Answer => "answer",
            Self::Confirm => "confirm",
            Self::Prove => "prove",
            Self::Perform => "perform",
            Self::Rework => "rework",
            Self::Judge => "approve",
            Self::Allow => "allow",
            Self::Choose => "choose",
            Self::Ratify => "ratify",
            Self::Settle => "settle",
            Self::Decide => "decide",
            Self::Erase => "erase",
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
    found.extend(erasures(lens));
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
    // Of two that hold a seat, who signed what it is about.
    let matter = !matches!(expected, Expected::Join | Expected::Erase);
    let revision = about.filter(|_| matter).and_then(|ix| lens.fold().revision_behind(graph, &graph.id(ix)));
    let parties = revision.map_or_else(|| lens.parties_of(&seat), |r| lens.speakers(r, &seat));
    let party = parties.first().copied();
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

/// Requests to erase something, each for every other party that neither said it did nor contested the request.
pub(super) fn erasures(lens: &Lens<'_>) -> Vec<Waiting> {
    let (graph, fold) = (lens.graph(), lens.fold());
    let mut found = Vec::new();
    for request in fold.erase_requests().iter().copied().filter(|ix| lens.has(*ix)) {
        let Act::Erase { entry, path, .. } = fold.act(request) else { continue };
        let answered = |party: &PartyId| {
            let erased = lens.about(entry).filter(|ix| match fold.act(*ix) {
                Act::Erased { path: gone, .. } => gone == path,
                _ => false,
            });
            let refused = lens.about(&graph.id(request)).filter(|ix| matches!(fold.act(*ix), Act::Contest { .. }));
            erased.chain(refused).any(|ix| graph.statement(ix).party == *party)
        };
        let asks = graph.statement(request).party;
        for seat in lens.seats() {
            let may = lens.seat(&seat).is_some_and(|offer| offer.role.may("erased"));
            let asked = |party: &PartyId| *party != asks && lens.joined(party) && !lens.has_left(party);
            if may && lens.parties_of(&seat).iter().any(|party| asked(party) && !answered(party)) {
                found.push(wait(lens, seat, Expected::Erase, Some(request)));
            }
        }
    }
    found
}

/// The moves waited for on one subject.
pub(super) fn of_subject(lens: &Lens<'_>, key: &SubjectKey, status: &ActionStatus) -> Vec<Waiting> {
    let mut found: Vec<Waiting> = status.open.iter().flat_map(|open| answers(lens, *open, status)).collect();
    let signers = |ix: Ix| lens.fold().proposal(ix).map_or(&[][..], |p| &p.signers);
    for request in status.release_requests.iter().chain(&status.reopen_requests) {
        let own = lens.fold().author_seats(*request);
        let others = signers(status.revision).iter().filter(|s| !own.contains(s));
        found.extend(others.map(|seat| wait(lens, *seat, Expected::Allow, Some(*request))));
    }
    if let InForce::Crossed { rivals, .. } = &status.in_force {
        let rival = rivals.first().map(|r| r.revision());
        let chooser = lens.chooser(key);
        let seat = chooser.and_then(|party| lens.seats_of(&party).first().copied());
        // There was nothing to choose before the last of them was signed.
        let signed = rivals.iter().flat_map(|r| lens.signatures(r.revision())).max_by_key(|ix| lens.graph().order(*ix));
        let since = signed.map(|ix| lens.graph().statement(ix).at);
        let choose = seat.map(|seat| wait(lens, seat, Expected::Choose, rival));
        found.extend(choose.map(|w| Waiting { party: chooser, since: since.unwrap_or(w.since), ..w }));
    }
    for revision in &status.contested {
        let about = lens.fold().about(&lens.graph().id(*revision)).iter().copied();
        let contested = std::iter::once(*revision).chain(about).filter(|ix| lens.contested(*ix));
        let seats = contested.filter_map(|ix| Some((ix, *lens.fold().author_seats(ix).first()?)));
        let author = |ix| Some(lens.graph().statement(ix).party);
        found.extend(
            seats.map(|(ix, seat)| Waiting { party: author(ix), ..wait(lens, seat, Expected::Ratify, Some(ix)) }),
        );
    }
    for dispute in status.disputes.iter().filter(|d| d.ended_by.is_none()).map(|d| d.dispute) {
        let arbiters: Vec<Seat> = arbiters(lens, dispute);
        let own = lens.fold().author_seats(dispute);
        let others = signers(status.revision).iter().filter(|s| !own.contains(s));
        match arbiters.as_slice() {
            [] => found.extend(others.map(|seat| wait(lens, *seat, Expected::Settle, Some(dispute)))),
            named => found.extend(named.iter().map(|seat| wait(lens, *seat, Expected::Decide, Some(dispute)))),
        }
    }
    let Some(terms) = lens.terms(status.revision, key) else { return found };
    let each = |refs: &[PartyRef], expected, about: Option<Ix>| {
        refs.iter().map(|p| wait(lens, p.seat, expected, about)).collect::<Vec<_>>()
    };
    match status.state {
        ActionState::Agreed => {
            // Nobody waited before the last of them had signed.
            let signed = lens.signatures(status.revision).into_iter().max_by_key(|ix| lens.graph().order(*ix));
            let since = signed.map(|ix| lens.graph().statement(ix).at);
            let performs = each(&terms.performers, Expected::Perform, Some(status.revision));
            found.extend(performs.into_iter().map(|w| Waiting { since: since.unwrap_or(w.since), ..w }));
        }
        ActionState::Rework => {
            let rejected = status.declare.and_then(|declare| lens.rejected(declare));
            let since = rejected.map(|ix| lens.graph().statement(ix).at);
            let again = each(&terms.performers, Expected::Rework, status.declare);
            found.extend(again.into_iter().map(|w| Waiting { since: since.unwrap_or(w.since), ..w }));
        }
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

/// Who is to answer, confirm or prove something on an open revision.
fn answers(lens: &Lens<'_>, open: Ix, status: &ActionStatus) -> Vec<Waiting> {
    let Some(proposal) = lens.fold().proposal(open) else { return Vec::new() };
    let seats_of = |ix: Ix| lens.fold().author_seats(ix);
    let id = lens.graph().id(open);
    let undated: Vec<(Ix, Arrival)> = status
        .undated
        .iter()
        .copied()
        .filter(|(ix, _)| matches!(lens.fold().act(*ix), Act::Accept { revision, .. } if *revision == id))
        .collect();
    let late: Vec<Ix> = undated.iter().filter(|(_, arrival)| *arrival == Arrival::Late).map(|(ix, _)| *ix).collect();
    let missing: Vec<Seat> = proposal.signers.iter().copied().filter(|s| !lens.signed_for(open, s)).collect();
    let mut found = Vec::new();
    for seat in &missing {
        let own =
            undated.iter().filter(|(ix, _)| seats_of(*ix).contains(seat)).max_by_key(|(ix, _)| lens.graph().order(*ix));
        if let Some((accept, arrival)) = own {
            if *arrival == Arrival::Unproven {
                found.push(wait(lens, *seat, Expected::Prove, Some(*accept)));
            }
            continue;
        }
        if proposal.mode == Mode::Confirm && seats_of(open).contains(seat) {
            if missing.iter().all(|s| seats_of(open).contains(s)) {
                found.push(wait(lens, *seat, Expected::Confirm, Some(open)));
            }
            continue;
        }
        found.push(wait(lens, *seat, Expected::Answer, Some(open)));
    }
    // A late accept is an offer that stands once the others accept again, knowing it.
    for late in late {
        let waited = |seat: &&Seat| !missing.contains(seat) && !seats_of(late).contains(seat);
        let again = proposal.signers.iter().filter(waited).filter(|seat| {
            let mut accepts = lens.about(&id).filter(|ix| lens.graph().in_past(late, *ix));
            !accepts.any(|ix| matches!(lens.fold().act(ix), Act::Accept { .. }) && seats_of(ix).contains(seat))
        });
        found.extend(again.map(|seat| wait(lens, *seat, Expected::Answer, Some(open))));
    }
    found
}

/// The seats of arbiters who may decide a dispute.
fn arbiters(lens: &Lens<'_>, dispute: Ix) -> Vec<Seat> {
    let keys = lens.disputed_subjects(dispute);
    let decides = |seat: &Seat| lens.parties_of(seat).iter().any(|party| lens.is_arbiter_of(party, &keys));
    let named = |seat: &Seat| lens.seat(seat).is_some_and(|offer| offer.role == Role::Arbiter);
    lens.seats().into_iter().filter(|seat| named(seat) && decides(seat)).collect()
}
