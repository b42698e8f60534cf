//! `counterpart standing-rule show`

use counterpart_core::id::{CaseId, EntryId, short_form};
use counterpart_node::{Desk, RuleDone, now};
use counterpart_words::standing_rules::{stopped, to_be_kept};
use serde_json::json;

use super::{NameArg, as_json};
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
    let done = desk.rules_looked().done.remove(&rule.id).unwrap_or_default();
    let terminal = session.terminal;
    if terminal.json {
        let mut answer = json!({"schema": "counterpart/standing-rule/1", "rule": as_json(&desk, &rule)?});
        answer["did"] = json!(done);
        return terminal.json(&answer);
    }
    terminal.data(&to_be_kept(&rule))?;
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
