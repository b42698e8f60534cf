//! What is said beside terms because of how a case stands: that an act opens it again, that an answer comes after the
//! offer's end, that a change has no use any more.

use counterpart_core::{
    act::{Act, Proposal},
    fold::{ActionState, Scope},
    graph::Ix,
    id::PartyId,
    value::Due,
    view::{Expected, Waiting},
};

use super::{listed, replaced::takes_the_place_of};
use crate::{case::OpenCase, when};

/// What signing these acts would do besides what they say, a sentence each; `now` in Unix milliseconds.
pub fn beside_signing(case: &OpenCase, acts: &[Act], now: i64) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(closing) = acts.iter().find_map(|act| case.record.would_reopen(act)) {
        let name = case.entry_name(&case.record.graph().id(closing));
        told.push(format!("This opens the case again, which was closed by agreement ({name})."));
    }
    for act in acts {
        match act {
            Act::Accept { revision, .. } => {
                if let Some(ix) = case.record.graph().find(revision) {
                    told.extend(too_late(case, ix, now));
                    told.extend(of_no_use(case, ix).map(|text| format!("{}.", capital(&text))));
                }
            }
            Act::Propose(proposal) | Act::Counter { proposal, .. } => {
                told.extend(takes_the_place_of(case, act, now));
                told.extend(due_already(case, proposal, now));
            }
            _ => {}
        }
    }
    told
}

/// Of an offer whose end has passed: an accept is late.
fn too_late(case: &OpenCase, revision: Ix, now: i64) -> Option<String> {
    let ended = end_of(case, revision).filter(|end| *end < now)?;
    let statement = case.record.graph().statement(revision);
    if statement.party == case.own || case.lens().fully_signed(revision) {
        return None;
    }
    // Without how long ago: the text must stay the same while somebody reads it.
    let end = when::show(ended, case.zone());
    let name = case.entry_name(&case.record.graph().id(revision));
    let others = others(case, revision, &case.own);
    Some(format!(
        "This comes after the end of the offer {name}, which was open until {end}. Accepted now, it binds \
         only once {others} accepted it again."
    ))
}

/// Until when an offer is open.
fn end_of(case: &OpenCase, revision: Ix) -> Option<i64> {
    match case.record.fold().proposal(revision)?.open_until.as_ref()? {
        Due::At { instant, .. } => Some(*instant),
        Due::After { .. } => None,
    }
}

/// Whether an accept says by its own clock that it came after the end of the offer. No receipt of a right clock can prove
/// that it arrived in time; what helps is that the others accept again.
#[must_use]
pub fn late_by_own_clock(case: &OpenCase, accept: Ix) -> bool {
    let Act::Accept { revision, .. } = case.record.fold().act(accept) else { return false };
    let end = case.record.graph().find(revision).and_then(|ix| end_of(case, ix));
    end.is_some_and(|end| case.record.graph().statement(accept).at > end)
}

/// What helps instead, where somebody is waited for to prove that such an accept arrived in time.
pub(super) fn late_answer(case: &OpenCase, waiting: &Waiting) -> Option<String> {
    let accept = waiting.about.filter(|_| waiting.expected == Expected::Prove);
    let accept = accept.and_then(|id| case.record.graph().find(&id)).filter(|ix| late_by_own_clock(case, *ix))?;
    let Act::Accept { revision, .. } = case.record.fold().act(accept) else { return None };
    let (name, offer) = (case.entry_name(&case.record.graph().id(accept)), case.entry_name(revision));
    let others = others_who_sign(case, accept);
    Some(format!(
        "{name} came after the end of the offer by its own clock: it counts once {others} accepted {offer} again"
    ))
}

/// Who has to accept again what an accept came too late for: "you", "Ann and Ben have".
pub(super) fn others_who_sign(case: &OpenCase, accept: Ix) -> String {
    let Act::Accept { revision, .. } = case.record.fold().act(accept) else { return String::new() };
    let party = case.record.graph().statement(accept).party;
    case.record.graph().find(revision).map(|ix| others(case, ix, &party)).unwrap_or_default()
}

/// The parties that sign a revision, but one: "you have", "Ann has", "Ann and Ben have".
fn others(case: &OpenCase, revision: Ix, but: &PartyId) -> String {
    let signers = case.record.fold().proposal(revision).map_or(&[][..], |p| &p.signers);
    let others: Vec<_> = signers.iter().filter(|seat| !case.lens().parties_of(seat).contains(but)).collect();
    let label = |seat: &&counterpart_core::value::Seat| match case.is_own_seat(seat) {
        true => "you".to_owned(),
        false => case.seat_label(seat),
    };
    let has = match others.as_slice() {
        [one] if !case.is_own_seat(one) => "has",
        _ => "have",
    };
    format!("{} {has}", listed(others.iter().map(label)))
}

/// Why accepting a change that is offered would change nothing: what it is of was completed meanwhile.
#[must_use]
pub fn of_no_use(case: &OpenCase, revision: Ix) -> Option<String> {
    let lens = case.lens();
    let completed =
        |scope: Scope<'_>, key| lens.with(scope).status(key).filter(|status| status.state == ActionState::Completed);
    let done = case.record.fold().subject_keys(revision).iter().find_map(|key| {
        let status = completed(Scope::All, key).filter(|status| status.open.contains(&revision))?;
        // Who proposes other terms knowing that it is completed begins it anew.
        completed(Scope::Before(revision), key).is_none().then_some((key, status))
    });
    let (key, status) = done?;
    let by = status.declare.map(|declare| case.entry_name(&case.record.graph().id(declare)));
    let by = by.map(|name| format!(" (declared in {name})")).unwrap_or_default();
    let name = case.entry_name(&case.record.graph().id(revision));
    Some(format!("{} is completed already{by}: the change of it in {name} has no use now", case.subject_name(key)))
}

/// Of terms that are offered with a due time that has passed.
fn due_already(case: &OpenCase, proposal: &Proposal, now: i64) -> Option<String> {
    let passed = proposal.subjects.iter().find_map(|subject| match &subject.topic {
        counterpart_core::act::Topic::Action { terms, .. } => match terms.due.as_ref()? {
            Due::At { instant, .. } if *instant < now => Some(*instant),
            _ => None,
        },
        _ => None,
    })?;
    let due = when::show(passed, case.zone());
    Some(format!("The due time {due} has passed already: whoever agrees to it is late from the start."))
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
