//! `counterpart standing-rule show`

use counterpart_core::id::{CaseId, EntryId, short_form};
use counterpart_node::{Desk, RuleDone, now};
use counterpart_words::standing_rules::{shown_json, stopped, to_be_kept, warnings};

use super::NameArg;
use crate::{case::OpenCase, error::Done, render::line, session::Session, when};

/// Show a rule in full, and what it did last
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rule: NameArg,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let rule = desk.standing_rule(&args.rule.name)?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&shown_json(&desk, &rule)?);
    }
    let done = desk.rules_looked().done.remove(&rule.id).unwrap_or_default();
    terminal.data(&to_be_kept(&rule))?;
    for warning in warnings(&desk, &rule)? {
        terminal.data(&format!("\n{warning}"))?;
    }
    if let Some(why) = stopped(&desk, &rule)? {
        terminal.data(&format!("\nIt stopped, because {}.", why.as_str()))?;
    }
    if done.is_empty() {
        return terminal.data("\nIt did nothing yet.");
    }
    let (zone, now) = (when::system_zone(), now());
    let lines: Vec<String> = done
        .iter()
        .rev()
        .map(|one| {
            let (case, about, entries) = named(&desk, one);
            format!("{}  {case}  {about}: {}{entries}", when::show_short(one.at, &zone, now), line(&one.what))
        })
        .collect();
    terminal.data(&format!("\nWhat it did, the newest first:\n{}", lines.join("\n")))
}

/// The case, the entry that set it off, and what was signed, as people call them.
fn named(desk: &Desk, done: &RuleDone) -> (String, String, String) {
    let opened = OpenCase::open(desk, &done.case).ok();
    let called = |hex: &str| {
        let id = EntryId::from_hex(hex);
        let name = opened.as_ref().zip(id).map(|(case, id)| case.entry_name(&id));
        name.unwrap_or_else(|| line(hex.get(..8).unwrap_or_default()))
    };
    let case = CaseId::from_hex(&done.case).map(|case| short_form(&case.0)).unwrap_or_default();
    let entries: Vec<String> = done.entries.iter().map(|entry| called(entry)).collect();
    let entries = if entries.is_empty() { String::new() } else { format!(" {}", entries.join(", ")) };
    (case, called(&done.entry), entries)
}
