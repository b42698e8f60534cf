//! Standing rules at work: what came in or is due is held against the rules of this home, and what they say is signed at
//! their seats; by the same check as whatever else a program signs by itself.

mod aside;
mod due;
mod json;
mod meaning;
mod runner;
#[cfg(test)]
mod tests;
mod told;
mod trial;
mod typed;

pub use json::{added_json, ended_json, rule_json, shown_json, tried_json};
pub use meaning::{only_in_words, then_in_words, to_be_kept, when_in_words};
pub use runner::Runner;
pub use told::{Before, Held, Refusal, Told, What};
pub use trial::{Trial, Would, trials};
pub use typed::{Above, DoesTyped, NotKept, RuleShown, RuleTyped, WhoseTyped, warnings};

use std::collections::BTreeSet;

use counterpart_core::{
    graph::Ix,
    id::{DeviceKey, PartyId},
    record::Record,
};
use counterpart_node::{Desk, SeatHere};
use counterpart_process::standing_rule::{Happening, MOST_IN_A_ROW, Places, StandingRule, Then};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    input::{Input, Prepared, prepare},
};

const HOUR: i64 = 60 * 60 * 1000;

/// Acts that a node signs by itself besides, or that say nothing: that one of us was there does not follow from them. Mail
/// that a case takes in unasked becomes a contact with files, and whoever writes it is not one of us.
const BY_ITSELF: [&str; 7] = ["remind", "thank", "seen", "admit", "prove", "contact", "attach"];

/// Reads the act of a rule as it would be signed, to see whether it can be.
///
/// # Errors
/// What is not understood.
pub fn readable(then: &Then) -> Done {
    match then {
        Then::Sign(act) => Input::from_json(Places::sample().fill(act)).map(drop),
        Then::Assign(_) => Ok(()),
    }
}

/// The seat of a rule, where the rule still stands.
fn seat_of(seats: &[SeatHere], rule: &StandingRule) -> Result<(), Stopped> {
    let Some(seat) = seats.iter().find(|seat| seat.name == rule.seat) else { return Err(Stopped::NoSeat) };
    if seat.agent.device != rule.device {
        return Err(Stopped::AnotherSeat);
    }
    if seat.stands() { Ok(()) } else { Err(Stopped::Ended) }
}

/// Why a rule does nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stopped {
    NoSeat,
    AnotherSeat,
    Ended,
}

impl Stopped {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoSeat => "its seat is not in this home any more",
            Self::AnotherSeat => "its seat was ended, and another of that name added: end the rule, and add it anew",
            Self::Ended => "the rights of its seat ended",
        }
    }
}

/// Why a rule of this home does nothing; nothing where it stands.
///
/// # Errors
/// A damaged or busy store.
pub fn stopped(desk: &Desk, rule: &StandingRule) -> Done<Option<Stopped>> {
    Ok(seat_of(&desk.seats()?, rule).err())
}

/// Whether a seat's rules may act once more in a case: so often within an hour, and so often while nobody of us did. `rules`
/// are the devices of all seats that have rules.
fn bounded(
    record: &Record,
    own: &PartyId,
    rule: &StandingRule,
    rules: &BTreeSet<DeviceKey>,
    now: i64,
) -> Result<(), Held> {
    let graph = record.graph();
    let ours = |ix: &Ix| graph.statement(*ix).party == *own;
    if lately(record, rule, now).len() >= usize::try_from(rule.an_hour).unwrap_or(usize::MAX) {
        return Err(Held::AnHour);
    }
    let of_us = |ix: &Ix| {
        let statement = graph.statement(*ix);
        !rules.contains(&statement.device) && !BY_ITSELF.contains(&statement.kind.as_str())
    };
    let in_a_row = graph.all().rev().filter(ours).take_while(|ix| !of_us(ix));
    let in_a_row = in_a_row.filter(|ix| rules.contains(&graph.statement(*ix).device));
    if in_a_row.count() >= MOST_IN_A_ROW { Err(Held::InARow) } else { Ok(()) }
}

/// When the seat of a rule signed in a case within the last hour, the newest first.
fn lately(record: &Record, rule: &StandingRule, now: i64) -> Vec<i64> {
    let graph = record.graph();
    let own = graph.all().map(|ix| graph.statement(ix)).filter(|statement| statement.device == rule.device);
    let mut lately: Vec<i64> = own.map(|one| one.at).filter(|at| *at > now.saturating_sub(HOUR)).collect();
    lately.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    lately
}

/// When a seat that acted as often within an hour as it may, may act again, Unix milliseconds.
fn free_again(record: &Record, rule: &StandingRule, now: i64) -> i64 {
    let last = usize::try_from(rule.an_hour).unwrap_or(usize::MAX).saturating_sub(1);
    let at = lately(record, rule, now).get(last).copied().unwrap_or(now);
    // However its clock was set meanwhile, it is looked at again within the hour.
    at.saturating_add(HOUR).clamp(now.saturating_add(1), now.saturating_add(HOUR))
}

/// What stands for the places in a rule's act.
fn places(case: &OpenCase, happened: &Happening) -> Places {
    let entry = case.entry_typed(&happened.entry);
    let part = happened.part.map_or_else(|| entry.clone(), |part| format!("{entry}/{}", part.saturating_add(1)));
    Places { entry, part, case: case.short(), role: happened.role }
}

/// What a rule would sign in a case, held against the record, the seat's rights, and what a program may sign by itself.
fn made_ready(seat: &Desk, case: &OpenCase, act: &serde_json::Value, happened: &Happening) -> Done<Prepared> {
    let input = Input::from_json(places(case, happened).fill(act))?;
    let prepared = prepare(seat, case, &input)?;
    prepared.may_be_signed_by_a_program(seat, case)?;
    match prepared.acts.as_slice() {
        [_] => Ok(prepared),
        _ => Err(CommandError::failed("a standing rule signs one act at a time")),
    }
}

/// By which template a case was begun here.
fn template(desk: &Desk, case: &OpenCase) -> Done<Option<String>> {
    Ok(desk.with_store(|store| store.begun_by(case.id)).map_err(counterpart_node::DeskError::from)?)
}
