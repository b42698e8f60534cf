//! `counterpart reminders`

mod allow;
mod rule;
pub(super) mod send;
mod sent;
mod set;
mod shown;
mod skip;

use clap::Subcommand;
use counterpart_node::{CaseOutlook, Desk, Letter, LetterKind, now};
use counterpart_words::letters;
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// Reminders: what is due, what is to come, and what was sent
///
/// Promises of the other side are watched from when they are due: then, a day and three days later, then every week,
/// until they are kept, answered or dropped. Nothing goes out without your yes: `reminders send` shows each letter and
/// asks; `reminders allow` lets `counterpart up` send them by itself.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// The case; without one, all cases
    #[arg(value_name = "CASE")]
    case: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Send(send::Args),
    Sent(sent::Args),
    Skip(skip::Args),
    Allow(allow::Args),
    Rule(rule::Args),
    Set(set::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Some(Command::Send(args)) => send::run(session, args, &[LetterKind::Reminder]),
        Some(Command::Sent(args)) => sent::run(session, args),
        Some(Command::Skip(args)) => skip::run(session, args),
        Some(Command::Allow(args)) => allow::run(session, args),
        Some(Command::Rule(args)) => rule::run(session, args),
        Some(Command::Set(args)) => set::run(session, args),
        None => list(session, args.case.as_deref(), &[LetterKind::Reminder, LetterKind::Notice]),
    }
}

/// What there is to say of letters of these kinds: of a case, or of all.
pub(super) fn list(session: &Session, case: Option<&str>, kinds: &[LetterKind]) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let Some(case) = case else { return all(session, &desk, kinds) };
    let outlook = desk.reminders(&desk.resolve(case)?, now())?;
    if terminal.json {
        return terminal.json(&letters::json(&outlook, kinds));
    }
    terminal.data(&shown::case(&outlook, kinds, terminal.columns()))?;
    for problem in &outlook.problems {
        terminal.always(&crate::render::visible(problem));
    }
    if let Some(next) = shown::next_step(&outlook, kinds) {
        terminal.say(&format!("\n{next}"));
    }
    Ok(())
}

fn all(session: &Session, desk: &Desk, kinds: &[LetterKind]) -> Done {
    let terminal = session.terminal;
    let mut open = desk.due_letters(now())?;
    open.retain(|letter| kinds.contains(&letter.kind()));
    let mut failed = desk.failed_letters().map_err(|e| CommandError::failed(e.to_string()))?;
    failed.retain(|letter| kinds.contains(&letter.kind()));
    let mut coming = desk.next_reminders()?;
    if !kinds.contains(&LetterKind::Reminder) {
        coming.clear();
    }
    let titles = desk.summaries()?;
    if terminal.json {
        let coming: Vec<_> = coming.iter().map(|(case, at)| json!({"case": case.to_hex(), "at": at})).collect();
        return terminal.json(&json!({
            "schema": "counterpart/reminders-of-all/1",
            "letters": open.iter().map(letters::letter).collect::<Vec<_>>(),
            "failed": failed.iter().map(letters::letter).collect::<Vec<_>>(),
            "next": coming,
        }));
    }
    terminal.data(&shown::all(&open, &failed, &coming, &titles, terminal.columns()))?;
    if open.iter().any(|letter| letter.state == counterpart_node::LetterState::Waiting) {
        let what = if kinds.contains(&LetterKind::Reminder) { "reminders" } else { "thanks" };
        terminal.say(&format!(
            "\nSee and send them: counterpart {what} send CASE. Everything about one case: counterpart {what} CASE"
        ));
    }
    Ok(())
}

/// The open letters of a case as `reminders CASE` numbers them.
fn numbered<'o>(outlook: &'o CaseOutlook, typed: &str) -> Done<&'o Letter> {
    let open: Vec<&Letter> = outlook.open_letters().collect();
    let number: Option<usize> = typed.trim().parse().ok();
    let found = number.and_then(|number| open.get(number.checked_sub(1)?).copied());
    found.ok_or_else(|| {
        let count = open.len();
        CommandError::usage(format!("there is no letter {typed} waiting in this case")).hint(format!(
            "`counterpart reminders CASE` numbers them; there {}",
            if count == 1 { "is 1".to_owned() } else { format!("are {count}") }
        ))
    })
}
