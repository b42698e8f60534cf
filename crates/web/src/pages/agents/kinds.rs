//! What limits a form can set: kinds of act as ticks, in plain words, and ceilings.

use crate::{language::Language, typed::Typed};

/// All of them, by what they are about.
const GROUPS: &[(&str, &[&str])] = &[
    ("kinds.agree", &["propose", "counter", "accept", "decline", "withdraw", "confirm", "choose"]),
    ("kinds.carry_out", &["progress", "declare", "undeclare", "stop", "missed"]),
    ("kinds.judge", &["approve", "reject", "release", "allow", "refuse", "cancel"]),
    ("kinds.say", &["note", "contact", "item", "attach", "remind", "thank", "acknowledge", "contest"]),
    ("kinds.dispute", &["dispute", "concede", "settle", "decide"]),
    ("kinds.people", &["open", "invite", "uninvite", "admit", "seat", "join", "leave", "link", "card", "handover"]),
    ("kinds.keep", &["prove", "seen", "erase", "erased", "mandate", "cut", "ratify"]),
];

/// Ceilings that a form has room for.
const CEILINGS: usize = 2;

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) ticks: Vec<Tick>,
}

#[derive(Debug)]
pub(crate) struct Tick {
    pub(crate) kind: &'static str,
    pub(crate) label: &'static str,
    pub(crate) on: bool,
}

/// The ticks, set as they were typed.
pub(crate) fn groups(language: &'static Language, typed: &Typed) -> Vec<Group> {
    let on = typed.all("kind");
    let tick = |kind: &&'static str| Tick { kind, label: language.say(&format!("kind.{kind}")), on: on.contains(kind) };
    let group = |(title, kinds): &(&str, &'static [&'static str])| Group {
        title: language.say(title),
        ticks: kinds.iter().map(tick).collect(),
    };
    GROUPS.iter().map(group).collect()
}

/// The fields for ceilings, as they were typed.
pub(crate) fn ceilings(typed: &Typed) -> Vec<&str> {
    let typed = typed.fields().filter(|(name, _)| *name == "ceiling").map(|(_, value)| value);
    typed.chain(std::iter::repeat("")).take(CEILINGS).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_tick() {
        let level = counterpart_core::schema::level(1).expect("level 1");
        let known: BTreeSet<&str> = level.kinds().collect();
        let ticks: Vec<&str> = GROUPS.iter().flat_map(|(_, kinds)| kinds.iter().copied()).collect();
        assert_eq!(ticks.iter().copied().collect::<BTreeSet<&str>>(), known);
        assert_eq!(ticks.len(), known.len(), "one stands twice");
    }
}
