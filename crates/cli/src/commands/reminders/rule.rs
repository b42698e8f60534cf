//! `counterpart reminders rule`

use clap::Subcommand;
use counterpart_core::{fold::SubjectKey, id::short_form, value::ActionId};
use counterpart_node::{Desk, now};
use counterpart_process::{
    letter,
    rule::{Rule, Span, Whom},
};
use serde_json::json;

use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    render::{line, wrapped},
    session::{Session, typed},
};

/// When to remind of what in a case: add, list and remove rules
///
/// What no rule tells the other side of is reminded of as usual: when it is due, a day and three days later, then every
/// week.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Add),
    List(List),
    Remove(Remove),
}

/// Add a rule, such as --after "3 days" --then weekly
#[derive(Debug, clap::Args)]
struct Add {
    /// The action it is about, by number [default: everything the other side promised]
    #[arg(long, value_name = "REF")]
    about: Option<String>,
    /// When first: "at once", or so long after it is due, such as "3 days" or "2 working days"; repeat for more
    #[arg(long, value_name = "LENGTH")]
    after: Vec<String>,
    /// How often again: daily, weekly, or such as "3 days" [default: not again]
    #[arg(long, value_name = "LENGTH")]
    then: Option<String>,
    /// Whom: them, or me
    #[arg(long, value_name = "WHO", default_value = "them")]
    to: String,
    /// Your own words, put into the letter
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The letter to send each time (`counterpart letters list`) [default: polite, then firmer, then firm]
    #[arg(long, value_name = "NAME")]
    letter: Option<String>,
}

/// List the rules
#[derive(Debug, clap::Args)]
struct List {}

/// Remove a rule; what it was about is reminded of as usual again
#[derive(Debug, clap::Args)]
struct Remove {
    /// Which, by its number in the list
    #[arg(value_name = "NUMBER")]
    number: usize,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case)?;
    match &args.command {
        Command::Add(add) => self::add(session, &desk, &case, add),
        Command::List(_) => list(session, &desk, &case),
        Command::Remove(remove) => self::remove(session, &desk, &case, remove.number),
    }
}

fn add(session: &Session, desk: &Desk, case: &OpenCase, args: &Add) -> Done {
    let length = |typed: &str| -> Done<Span> {
        let typed = match typed.trim().to_lowercase().as_str() {
            "daily" => "1 day".to_owned(),
            "weekly" => "1 week".to_owned(),
            other => other.trim_start_matches("every ").to_owned(),
        };
        typed.parse().map_err(|e: counterpart_process::rule::RuleError| CommandError::usage(e.to_string()))
    };
    let to = match args.to.trim().to_lowercase().as_str() {
        "them" => Whom::Them,
        "me" | "myself" => Whom::Me,
        other => return Err(CommandError::usage(format!("'{other}' is neither them nor me"))),
    };
    let mut after = args.after.iter().map(|typed| length(typed)).collect::<Done<Vec<Span>>>()?;
    if after.is_empty() {
        after.push(Span::NONE);
    }
    if let Some(name) = &args.letter {
        let text = desk.letter_text(name)?;
        letter::check(name, &text.text).map_err(|e| CommandError::usage(e.to_string()))?;
    }
    let rule = Rule {
        about: args.about.as_deref().map(|typed| action(case, typed)).transpose()?,
        after,
        then: args.then.as_deref().map(length).transpose()?,
        to,
        text: args.text.as_deref().map(|text| typed("the text", text)).transpose()?.unwrap_or_default(),
        letter: args.letter.clone(),
    };
    rule.check().map_err(|e| CommandError::usage(e.to_string()))?;
    desk.put_rules(&case.id, std::slice::from_ref(&rule), now())?;
    if session.terminal.json {
        return session.terminal.json(&json!({"schema": "counterpart/rule/1", "case": case.id.to_hex(), "rule": rule}));
    }
    session.terminal.say(&format!(
        "Kept: {}. See what comes of it: counterpart reminders {}",
        in_words(case, &rule),
        case.short()
    ));
    Ok(())
}

/// The action that a reference stands for.
fn action(case: &OpenCase, typed: &str) -> Done<ActionId> {
    let target = case.entry(typed)?;
    let keys = case.record.fold().subject_keys(target.ix);
    let explicit = case.names.find(typed)?.subject;
    let found: Vec<ActionId> = (0_u32..)
        .zip(keys)
        .filter(|(at, _)| explicit.is_none_or(|wanted| wanted == *at))
        .filter_map(|(_, key)| match key {
            SubjectKey::Action(id) => Some(*id),
            _ => None,
        })
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(CommandError::usage(format!("{typed} is no action"))
            .hint("`counterpart show CASE` lists what is to be done")),
        _ => Err(CommandError::usage(format!("{typed} has several parts")).hint(format!("name one: {typed}/1"))),
    }
}

fn in_words(case: &OpenCase, rule: &Rule) -> String {
    let about = rule
        .about
        .map_or_else(|| "everything they promised".to_owned(), |action| case.subject_name(&SubjectKey::Action(action)));
    let whom = if rule.to == Whom::Me { "you are told" } else { "they are told" };
    let text = if rule.text.is_empty() { String::new() } else { format!(": {}", line(&rule.text)) };
    format!("{whom} of {about}, {}{text}", rule.when())
}

fn list(session: &Session, desk: &Desk, case: &OpenCase) -> Done {
    let rules = desk.rules(&case.id)?;
    if session.terminal.json {
        let rules: Vec<_> = rules.iter().map(|kept| json!(kept.rule)).collect();
        return session
            .terminal
            .json(&json!({"schema": "counterpart/rules/1", "case": case.id.to_hex(), "rules": rules}));
    }
    let columns = session.terminal.columns();
    let mut lines: Vec<String> = (1..)
        .zip(&rules)
        .map(|(number, kept)| wrapped(&format!("{number:>3}  "), &in_words(case, &kept.rule), columns))
        .collect();
    lines.push(wrapped("  -  ", &format!("what no rule tells them of: {}", Rule::usual().when()), columns));
    session.terminal.data(&lines.join("\n"))
}

fn remove(session: &Session, desk: &Desk, case: &OpenCase, number: usize) -> Done {
    let rules = desk.rules(&case.id)?;
    let found = number.checked_sub(1).and_then(|at| rules.get(at));
    let Some(found) = found else {
        let count = rules.len();
        return Err(CommandError::usage(format!("there is no rule {number}: there are {count}"))
            .hint(format!("counterpart reminders rule {} list", short_form(&case.id.0))));
    };
    confirm::ask_first(session, &in_words(case, &found.rule), "Remove this rule?", "removed")?;
    desk.remove_rule(&case.id, found)?;
    if session.terminal.json {
        return session
            .terminal
            .json(&json!({"schema": "counterpart/rule-removed/1", "case": case.id.to_hex(), "rule": found.rule}));
    }
    session.terminal.say("Removed.");
    Ok(())
}
