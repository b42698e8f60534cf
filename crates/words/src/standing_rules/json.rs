//! Standing rules for programs.

use counterpart_core::id::CaseId;
use counterpart_node::Desk;
use counterpart_process::standing_rule::StandingRule;
use serde_json::{Value as Json, json};

use super::{Stopped, Trial, Would, seat_of, to_be_kept, typed::warnings_among};
use crate::error::Done;

/// A rule, and whether it stands: one of `counterpart/standing-rules/1`.
///
/// # Errors
/// A damaged or busy store.
pub fn rule_json(desk: &Desk, rule: &StandingRule) -> Done<Json> {
    let seats = desk.seats()?;
    let why = seat_of(&seats, rule).err().map(Stopped::as_str);
    Ok(json!({
        "name": rule.name,
        "seat": rule.seat,
        "when": rule.when,
        "only": rule.only,
        "then": rule.then,
        "an_hour": rule.an_hour,
        "added": rule.added,
        "standing": if why.is_some() { "stopped" } else { "on" },
        "why": why,
        "warnings": warnings_among(&seats, rule),
    }))
}

/// `counterpart/standing-rule/1` of one that was added just now.
///
/// # Errors
/// As [`rule_json`].
pub fn added_json(desk: &Desk, rule: &StandingRule) -> Done<Json> {
    Ok(json!({"schema": "counterpart/standing-rule/1", "rule": rule_json(desk, rule)?}))
}

/// `counterpart/standing-rule/1`: a rule in full, with what it did last, the newest last.
///
/// # Errors
/// As [`rule_json`].
pub fn shown_json(desk: &Desk, rule: &StandingRule) -> Done<Json> {
    let done = desk.rules_looked().done.remove(&rule.id).unwrap_or_default();
    let mut shown = added_json(desk, rule)?;
    shown["text"] = json!(to_be_kept(rule));
    shown["did"] = json!(done);
    Ok(shown)
}

/// `counterpart/standing-rule-try/1`: what a rule would do in a case.
#[must_use]
pub fn tried_json(rule: &StandingRule, case: &CaseId, trials: &[Trial]) -> Json {
    let one = |trial: &Trial| {
        let (would, text) = trial.would.in_words();
        json!({"entry": trial.entry.to_hex(), "name": trial.name, "would": would, "text": text})
    };
    json!({
        "schema": "counterpart/standing-rule-try/1",
        "rule": rule.name,
        "case": case.to_hex(),
        "tried": trials.iter().map(one).collect::<Vec<_>>(),
    })
}

/// `counterpart/standing-rule-ended/1`.
#[must_use]
pub fn ended_json(name: &str) -> Json {
    json!({"schema": "counterpart/standing-rule-ended/1", "name": name})
}

impl Would {
    /// A word for programs, and the text that goes with it.
    #[must_use]
    pub fn in_words(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Sign(text) => ("sign", Some(text.clone())),
            Self::Assign(agent) => ("assign", Some(format!("give {agent} the case, if nobody has it"))),
            Self::NotMeant(miss) => ("not meant", Some(miss.to_string())),
            Self::TooOld => ("too old", Some("it was more than two days ago".to_owned())),
            Self::Acted => ("acted already", None),
            Self::Held(held) => ("held back", Some(held.in_words())),
            Self::Refused(why) => ("refused", Some(why.message.clone())),
        }
    }
}
