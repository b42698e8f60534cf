//! `counterpart list`

use counterpart_core::id::short_form;
use counterpart_node::now;
use counterpart_words::today::{Whose, short, whose};

use crate::{
    error::Done,
    json,
    render::{line, padded, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// List your cases: whose move it is in each, and what is due next
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(session: &Session, _args: &Args) -> Done {
    let desk = session.desk()?;
    let summaries = desk.summaries()?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json::list(summaries));
    }
    if summaries.is_empty() {
        terminal.say(
            "You have no cases yet. Begin: counterpart new \"What it is about\" --with \"Northlink Ltd:supplier\"",
        );
        return Ok(());
    }
    let (zone, now) = (when::system_zone(), now());
    let due: Vec<_> = summaries.iter().filter(|case| case.next_due.is_some()).map(|case| case.case).collect();
    let zones = desk.zones(&due)?;
    let mut lines = Vec::with_capacity(summaries.len());
    for case in summaries {
        let mut text = format!("{}  {}", padded(&case.state, 8), line(&case.title));
        if !case.whose_move.is_empty() {
            let (style, whose) = match whose(&case.whose_move) {
                Whose::Yours(asked) => (Style::Strong, format!("your move: {}", asked.text)),
                Whose::Theirs(asked) => (Style::Faint, format!("waiting for them: {}", asked.text)),
                Whose::Nobody => (Style::Faint, case.whose_move.clone()),
            };
            text.push_str(&format!("; {}", styled(style, &line(&whose))));
        }
        if let Some(due) = case.next_due {
            let style = if due < now { Style::Bad } else { Style::Faint };
            let at = short(due, zones.get(&case.case).map(String::as_str), &zone, now);
            let due = format!("due {at}, {}", when::distance(due, now));
            text.push_str(&format!("; {}", styled(style, &due)));
        }
        lines.push(wrapped(&format!("{}  ", short_form(&case.case.0)), &text, terminal.columns()));
    }
    // Written at once: a line at a time costs more than all the rest of a long list.
    terminal.data(&lines.join("\n"))
}
