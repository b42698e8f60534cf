//! What a rule would do in a case now, signing nothing.

use counterpart_core::{graph::Ix, id::EntryId};
use counterpart_node::Desk;
use counterpart_process::standing_rule::{Happening, Miss, OLDEST, StandingRule, Then};

use super::{Held, bounded, due::due_in, made_ready, template};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

/// So many occasions are tried, the newest first.
const MOST: usize = 10;

/// Something in a case that a rule may be meant by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub entry: EntryId,
    /// What it is called in the case.
    pub name: String,
    pub would: Would,
}

/// What the rule would do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Would {
    /// The exact text of what it would sign.
    Sign(String),
    /// It would give somebody the case.
    Assign(String),
    NotMeant(Miss),
    /// It was longer ago than two days.
    TooOld,
    /// It did already.
    Acted,
    Held(Held),
    Refused(CommandError),
}

/// What a rule would do in a case now: about the newest entries of others of the kind that it waits for, or about what is due.
/// Entries from before the rule was added are tried as if they came in now. `now` in Unix milliseconds.
///
/// # Errors
/// When the case or the seat cannot be opened.
pub fn trials(desk: &Desk, rule: &StandingRule, typed: &str, now: i64) -> Done<Vec<Trial>> {
    let seat = desk.at_seat(&rule.seat)?;
    if seat.author().device != rule.device {
        return Err(CommandError::failed(super::Stopped::AnotherSeat.as_str()));
    }
    let mut case = OpenCase::open(&seat, typed)?;
    let template = template(desk, &case)?;
    let devices = desk.standing_rules()?.iter().map(|rule| rule.device).collect();
    let mut happened: Vec<Happening> = if rule.when.is_due() {
        let due = due_in(&mut case, std::slice::from_ref(rule), now).0;
        due.into_iter().filter(|happened| happened.when == rule.when).collect()
    } else {
        let all: Vec<Ix> = case.record.graph().all().collect();
        let came = |ix: &Ix| Happening::came(&case.record, *ix, &case.own);
        all.iter().rev().filter_map(came).filter(|happened| happened.when == rule.when).take(MOST).collect()
    };
    happened.truncate(MOST);
    let would = |happened: &Happening| -> Done<Would> {
        let as_now = StandingRule { added: rule.added.min(happened.at), ..rule.clone() };
        if let Err(miss) = as_now.meant(happened, template.as_deref()) {
            return Ok(Would::NotMeant(miss));
        }
        if desk.rule_acted(rule, &happened.key)?.is_some() {
            return Ok(Would::Acted);
        }
        if now.saturating_sub(happened.at) > OLDEST {
            return Ok(Would::TooOld);
        }
        let act = match &rule.then {
            Then::Assign(agent) => return Ok(Would::Assign(agent.clone())),
            Then::Sign(act) => act,
        };
        if let Err(held) = bounded(&case.record, &case.own, rule, &devices, now) {
            return Ok(Would::Held(held));
        }
        Ok(match made_ready(&seat, &case, act, happened) {
            Ok(prepared) => Would::Sign(prepared.text),
            Err(why) => Would::Refused(why),
        })
    };
    happened
        .iter()
        .map(|one| Ok(Trial { entry: one.entry, name: case.entry_name(&one.entry), would: would(one)? }))
        .collect()
}
