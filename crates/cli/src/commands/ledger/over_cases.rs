//! The ledger over all cases: by other side, and by the people there.

use counterpart_node::Desk;
use counterpart_process::{
    notebook::whom_key,
    tally::{Counts, OtherSide, csv},
};
use counterpart_words::tally;
use serde_json::json;

use super::Args;
use crate::{
    error::{CommandError, Done},
    render::{line, padded, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
    written::{not_over, write_whole},
};

pub(super) fn run(session: &Session, desk: &Desk, args: &Args) -> Done {
    let (mut others, cases) = tally::others(desk)?;
    if let Some(name) = &args.with {
        let wanted = whom_key(name);
        let known: Vec<String> = others.iter().map(|s| line(&s.name)).collect();
        others.retain(|other| whom_key(&other.name) == wanted);
        if others.is_empty() {
            let error = CommandError::usage(format!("none of your cases is with '{name}'"));
            return Err(match known.is_empty() {
                true => error,
                false => error.hint(format!("your cases are with {}", known.join("; "))),
            });
        }
    }
    let terminal = session.terminal;
    if let Some(file) = &args.csv {
        not_over(file, args.force)?;
        let table = csv(&others).map_err(|e| CommandError::failed(format!("the table could not be made: {e}")))?;
        write_whole(file, &table)?;
    }
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/ledger-over-cases/1",
            "cases": cases,
            "file": args.csv,
            "others": others.iter().map(tally::json).collect::<Vec<_>>(),
        }));
    }
    if let Some(file) = &args.csv {
        terminal.data(&file.display().to_string())?;
        terminal.say("It holds names of people: keep it to yourself, or take them out before you pass it on.");
        return Ok(());
    }
    if others.is_empty() {
        terminal.say("There is nobody in the ledger: you have no cases with anybody yet.");
        return Ok(());
    }
    let columns = terminal.columns();
    let mut parts: Vec<String> = others.iter().map(|other| in_words(other, columns)).collect();
    let how = "What others promised you, from your own copies of signed records; what you promised is in \
               `counterpart ledger CASE`. Said: promised as you noted it, never agreed. Told again: a contact \
               with somebody whom none of your earlier contacts with them in that case names, where there was one.";
    parts.push(wrapped("", &styled(Style::Faint, how), columns));
    terminal.data(&parts.join("\n\n"))
}

fn in_words(other: &OtherSide, columns: usize) -> String {
    let cases = counted(other.counts.cases, "case", "cases");
    let head = format!("{}, {cases}", styled(Style::Strong, &line(&other.name)));
    let mut lines = vec![wrapped("", &head, columns)];
    lines.extend(said(&other.counts).into_iter().map(|text| wrapped("  ", &text, columns)));
    for agent in &other.people {
        let mut text = said(&agent.counts).join("; ");
        if text.is_empty() {
            "nothing counted".clone_into(&mut text);
        }
        lines.push(wrapped(&format!("  {}  ", padded(&line(&agent.name), 16)), &text, columns));
    }
    lines.join("\n")
}

/// What is counted, in lines: promises, then what it took.
fn said(counts: &Counts) -> Vec<String> {
    let promises = [
        (counts.kept, "kept"),
        (counts.late, "late"),
        (counts.missed, "missed"),
        (counts.open, "open"),
        (counts.said, "said and never agreed"),
        (counts.said_missed, "of these missed"),
    ];
    let promises: Vec<String> =
        promises.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let mut took = Vec::new();
    if counts.contacts > 0 {
        took.push(counted(counts.contacts, "contact", "contacts"));
    }
    if counts.calls > 0 {
        took.push(counted(counts.calls, "call", "calls"));
    }
    if counts.waited > 0 {
        took.push(format!("{} on hold", when::lasting(counts.waited)));
    }
    if counts.told_again > 0 {
        took.push(format!("told again {}", counted(counts.told_again, "time", "times")));
    }
    let mut lines = Vec::new();
    if !promises.is_empty() {
        lines.push(format!("promises: {}", promises.join(", ")));
    }
    if !took.is_empty() {
        lines.push(took.join(", "));
    }
    lines
}

fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}
