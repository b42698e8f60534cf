//! What follows from doing nothing, in words.

use counterpart_core::{
    value::Unit,
    view::{Expected, Follows, Waiting},
};

use super::{Awaited, crossed, entry, typed};
use crate::{
    case::OpenCase,
    render::{aside::late_answer, sealable},
    when,
};

/// What follows from doing nothing, a sentence a consequence; with the command that would help, or without.
pub fn follows_in_words(case: &OpenCase, awaited: &Awaited, commands: bool) -> Vec<String> {
    let waiting = &awaited.waiting;
    let own = case.is_own_seat(&waiting.seat);
    let lead = if own { "If you do nothing" } else { "If they do nothing" };
    let one = |follows: &Follows| match follows {
        Follows::Nothing => format!("{lead}: {}.", idle(case, waiting)),
        Follows::OfferEnds { at } => {
            let (at_time, distance) = (when::show(*at, case.zone()), when::distance(*at, case.now));
            if *at >= case.now {
                format!(
                    "The offer is open until {at_time} ({distance}); an accept that arrives later does not count by itself."
                )
            } else {
                format!(
                    "The offer was open until {at_time}; an accept comes late now, and counts once all others accept again."
                )
            }
        }
        Follows::Due { key, at, recorded } => {
            let miss = match own {
                true => "the other side may record a miss",
                false if case.agrees() => "you may record a miss",
                false => "a miss may be recorded",
            };
            let (name, at_time) = (case.subject_name(key), when::show(*at, case.zone()));
            let distance = when::distance(*at, case.now);
            if *at >= case.now {
                format!("{lead}: {name} is due {at_time} ({distance}); after that {miss}.")
            } else if *recorded {
                format!("{lead}: {name} was due {at_time}, {distance}; that it was missed is on record.")
            } else {
                let command = match own || !commands || !case.agrees() {
                    true => String::new(),
                    false => format!(" (counterpart missed {} {})", case.short(), typed(&name)),
                };
                format!("{lead}: {name} was due {at_time}, {distance}; {miss}{command}. It changes no terms.")
            }
        }
        Follows::Consequence { key, text } => {
            format!("The signed terms of {} say what follows: {}", case.subject_name(key), sealable(text))
        }
        Follows::Deemed { from, count, unit } => deemed(case, lead, own, *from, *count, *unit),
    };
    awaited.follows.iter().map(one).collect()
}

fn deemed(case: &OpenCase, lead: &str, own: bool, from: Option<i64>, count: u32, unit: Unit) -> String {
    let unit = if unit == Unit::WorkingDays { "working days" } else { unit.as_str() };
    let who = if own { "the other side" } else { "whoever did it" };
    match from {
        Some(at) if at > case.now => format!(
            "{lead}: by the signed terms silence becomes acceptance. From {} on ({}) {who} may sign that it is accepted.",
            when::show(at, case.zone()),
            when::distance(at, case.now)
        ),
        Some(at) => format!(
            "By the signed terms the time for rejecting it ended {}: {who} may sign that it is accepted.",
            when::show(at, case.zone())
        ),
        None => format!(
            "{lead}: by the signed terms silence becomes acceptance {count} {unit} after the result provably arrived; \
             that it arrived is not proven yet."
        ),
    }
}

/// What stays as it is while nobody moves.
fn idle(case: &OpenCase, waiting: &Waiting) -> String {
    match waiting.expected {
        Expected::Join => "this side cannot sign anything in this case",
        Expected::Answer if is_alleged(case, waiting) => {
            let whose = if case.is_own_seat(&waiting.seat) { "your" } else { "their" };
            return format!("it stays what was noted of {whose} words; nothing is agreed, silence binds nobody");
        }
        Expected::Answer if changes_agreed(case, waiting) => "what is agreed stays as it is; silence binds nobody",
        Expected::Answer => "nothing is agreed; silence binds nobody",
        Expected::Confirm => "it binds nobody until it is confirmed",
        Expected::Prove if late_answer(case, waiting).is_some() => "nothing is agreed; silence binds nobody",
        Expected::Prove => "it is not agreed until it is proven that the accept arrived in time",
        Expected::Perform | Expected::Rework => "it stays agreed and not done; the terms say nothing of what follows",
        Expected::Judge => "it stays declared and not approved; by these terms silence is no acceptance",
        Expected::Allow => "the agreement stays as it is; silence allows nothing",
        Expected::Choose => return unchosen(case, waiting),
        Expected::Ratify => "it stays contested: neither in force nor void",
        Expected::Settle | Expected::Decide => "the dispute stays open",
        Expected::Erase => "this side keeps its copy",
    }
    .to_owned()
}

/// Whether what is to be answered was recorded for them from what they said.
pub fn is_alleged(case: &OpenCase, waiting: &Waiting) -> bool {
    let about = waiting.about.and_then(|id| case.record.graph().find(&id));
    about.and_then(|ix| case.record.fold().proposal(ix)).is_some_and(|p| p.alleged.is_some())
}

/// Whether what is to be answered would take the place of something agreed.
fn changes_agreed(case: &OpenCase, waiting: &Waiting) -> bool {
    let about = waiting.about.and_then(|id| case.record.graph().find(&id));
    let proposal = about.and_then(|ix| case.record.fold().proposal(ix));
    proposal.is_some_and(|p| p.subjects.iter().any(|s| s.base.is_some()))
}

fn unchosen(case: &OpenCase, waiting: &Waiting) -> String {
    let about = waiting.about.and_then(|id| case.record.graph().find(&id));
    match about.and_then(|ix| crossed(case, ix)).and_then(|(_, stays)| stays) {
        Some(stays) => format!("neither is in force; what was agreed before, {}, goes on", entry(case, stays)),
        None => "neither is in force, and nothing is agreed in their place".to_owned(),
    }
}
