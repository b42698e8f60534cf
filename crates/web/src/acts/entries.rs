//! Entries and agreements that a form offers to choose among.

use counterpart_core::{
    act::Act,
    fold::Position,
    graph::Ix,
    view::{ActionView, Expected},
};
use counterpart_words::{case::OpenCase, render};

use super::{
    At, about,
    asked::{Asked, Choice},
};
use crate::typed::Typed;

/// Entries of others that say how something was.
pub(super) fn told_by_others(case: &OpenCase) -> Vec<Ix> {
    let put: Vec<Ix> = render::put_to_us(case, 30).iter().filter_map(|put| case.record.graph().find(&put.id)).collect();
    if put.is_empty() { about::latest(case, |ix| is_told(case, ix)) } else { put }
}

fn is_told(case: &OpenCase, ix: Ix) -> bool {
    let told = match case.record.fold().act(ix) {
        Act::Contact(_) | Act::Note { .. } | Act::Item { .. } | Act::Missed { .. } | Act::Attach { .. } => true,
        Act::Propose(proposal) => proposal.alleged.is_some(),
        _ => false,
    };
    told && !about::is_own(case, ix)
}

/// Entries that a declaration may point to: ours that hold something, and those named before.
pub(super) fn shows(at: &At<'_>, typed: &Typed) -> Asked {
    let chosen = typed.all("evidence");
    let holds = |ix: Ix| {
        let act = at.case.record.fold().act(ix);
        let kept = matches!(act, Act::Attach { .. } | Act::Item { .. } | Act::Contact(_) | Act::Note { .. });
        kept && about::is_own(at.case, ix)
    };
    let entries = about::latest(at.case, holds).into_iter().take(12).collect();
    Asked::ticks(at, "evidence", "do.evidence", entry_choices(at, entries, &chosen))
}

/// Entries to tick; those named before are among them.
pub(super) fn entry_choices(at: &At<'_>, mut entries: Vec<Ix>, chosen: &[&str]) -> Vec<Choice> {
    let named: Vec<Ix> = chosen.iter().take(100).filter_map(|typed| Some(at.case.entry(typed).ok()?.ix)).collect();
    let more: Vec<Ix> = named.iter().copied().filter(|ix| !entries.contains(ix)).collect();
    entries.splice(0..0, more);
    let choice = |ix: Ix| {
        let id = at.case.record.graph().id(ix);
        let words = format!("{}  {}", at.case.entry_name(&id), about::in_a_line(at.case, ix, None));
        Choice { chosen: named.contains(&ix), ..Choice::of(at.case.entry_typed(&id), words) }
    };
    entries.into_iter().map(choice).collect()
}

/// What is agreed, to be named as what settles a dispute.
pub(super) fn agreements(case: &OpenCase) -> Vec<Choice> {
    let live = case.view().actions.iter().rev().filter(|action| action.is_live());
    let one = |action: &ActionView| {
        let (position, _) = action.status.in_force.standing()?;
        let Position::Revision(ix) = position else { return None };
        let name = case.subject_name(&action.key);
        let subject = case.record.fold().subject_keys(ix).iter().position(|key| *key == action.key);
        let words = about::in_a_line(case, ix, subject.and_then(|n| u32::try_from(n).ok()));
        Some(Choice::of(name.trim_start_matches('#'), format!("{name}  {words}")))
    };
    live.filter_map(one).take(100).collect()
}

/// What of an entry our side could still erase.
pub(crate) fn left(case: &OpenCase, ix: Ix) -> Vec<render::Place> {
    let mut places = render::places(case, ix);
    places.retain(|place| place.erased.iter().all(|e| e.party != case.own));
    places
}

/// What others asked to be erased, and our side has not.
pub(super) fn asked_to_erase(case: &OpenCase) -> Vec<Ix> {
    let own = case.view().waiting.iter().filter(|w| w.expected == Expected::Erase && case.is_own_seat(&w.seat));
    own.filter_map(|w| case.record.graph().find(&w.about?)).collect()
}

pub(super) fn accepts(case: &OpenCase, ix: Ix) -> bool {
    matches!(case.record.fold().act(ix), Act::Accept { .. })
}
