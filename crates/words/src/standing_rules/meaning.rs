//! Standing rules in words: what is shown before one is kept.

use counterpart_process::standing_rule::{MOST_IN_A_ROW, Only, StandingRule, Then, When, Whose};
use serde_json::Value as Json;

use crate::{money, render::line};

/// When a rule acts.
#[must_use]
pub fn when_in_words(when: When) -> &'static str {
    match when {
        When::Proposal => "another party proposes something, or answers a proposal with another",
        When::Accepted => "another party accepts a proposal",
        When::Declined => "another party declines a proposal",
        When::Withdrawn => "another party withdraws a proposal or a request",
        When::Declared => "another party says that something is done",
        When::Rejected => "another party says that what was declared done is not",
        When::Release => "another party asks to be released, or to reopen something",
        When::Dispute => "another party says that something is in dispute",
        When::Note => "another party puts a note on record",
        When::Contact => "another party notes a call, a letter, a visit or a chat",
        When::Reminder => "another party reminds of something",
        When::Fact => "another party states a fact",
        When::File => "another party puts a file on record",
        When::Joined => "another party has joined the case",
        When::Overdue => "something was due and is not done",
        When::Clock => "a service clock is about to run out",
    }
}

/// What has to hold besides, one line for each.
#[must_use]
pub fn only_in_words(only: &Only) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(template) = &only.template {
        lines.push(format!("the case was begun here by the template {}", line(template)));
    }
    if !only.words.is_empty() {
        let words: Vec<String> = only.words.iter().map(|word| format!("'{}'", line(word))).collect();
        lines.push(format!("it contains {}", words.join(" and ")));
    }
    if let Some(most) = &only.up_to {
        lines.push(format!(
            "all of it is actions that state what they are worth, together at most {}",
            money::show(most)
        ));
    }
    match only.whose {
        Some(Whose::Us) => lines.push("it is for us to do".to_owned()),
        Some(Whose::Them) => lines.push("it is for somebody else to do".to_owned()),
        None => {}
    }
    if let Some(left) = only.left {
        lines.push(format!("the clock has at most {left} minutes of its hours left"));
    }
    lines
}

/// What a rule does.
#[must_use]
pub fn then_in_words(then: &Then) -> String {
    let act = match then {
        Then::Assign(agent) => {
            return format!("gives {} the case, if nobody has it (nothing is signed or sent)", line(agent));
        }
        Then::Sign(act) => act,
    };
    let text = |field: &str| act.get(field).and_then(Json::as_str).map(line).unwrap_or_default();
    let fields = act.as_object().map_or(0, serde_json::Map::len);
    match (act.get("act").and_then(Json::as_str).unwrap_or_default(), fields) {
        ("accept", 2) => {
            "accepts that proposal, which then binds you; only where it is of nothing but new actions, each said by its words, \
             its due time and its value, within the seat's ceiling"
                .to_owned()
        }
        ("decline", 3) => format!("declines that proposal: \"{}\"", text("reason")),
        ("note", 3) => format!("puts a note on record: \"{}\"", text("text")),
        ("remind", 3) => format!("reminds the other side: \"{}\"", text("text")),
        ("progress", 3) => format!("says how far it is: \"{}\"", text("text")),
        ("acknowledge", 2) => "acknowledges that entry".to_owned(),
        _ => format!("signs this act: {}", line(&act.to_string())),
    }
}

/// Exactly what is kept, for a person to say yes to.
#[must_use]
pub fn to_be_kept(rule: &StandingRule) -> String {
    let mut lines = vec![
        format!("A standing rule, {}: your running node (`counterpart up`) signs by itself.\n", rule.name),
        format!("  When      {}", when_in_words(rule.when)),
    ];
    let mut first = "  If        ";
    for condition in only_in_words(&rule.only) {
        lines.push(format!("{first}{condition}"));
        first = "  and       ";
    }
    lines.push(format!("  Then      {}", then_in_words(&rule.then)));
    if rule.then.act().is_some() {
        lines.push(format!(
            "  Signed    at the agent's seat {}, within its rights and ceilings; nobody is asked",
            rule.seat
        ));
        lines.push(format!(
            "  At most   {} in an hour in one case, and {MOST_IN_A_ROW} while nobody of you signs there",
            match rule.an_hour {
                1 => "once".to_owned(),
                several => format!("{several} times"),
            },
        ));
    }
    lines.push(
        "\nIt acts once on each thing that comes in from now on. {entry}, {part}, {case} and {party} in its words stand for \
         the entry's number, the part of it, the case and the other's role; nothing of what others wrote is put in."
            .to_owned(),
    );
    lines.join("\n")
}
