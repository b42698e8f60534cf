//! `counterpart notebook`

mod add;
mod remove;

use clap::Subcommand;
use counterpart_core::id::short_form;
use counterpart_node::{Desk, NotebookEntry};
use counterpart_process::notebook::{Note, whom_key};
use serde_json::{Value, json};

pub(super) use counterpart_words::contact::note_in_words as told;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{hex, line, wrapped},
    session::Session,
    terminal::{Style, styled},
    when,
};

/// Your private notebook: numbers, ways through telephone menus, people, notes; never sent to anybody
///
/// `counterpart call` fills it by itself, and shows what it knows before the next call.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// About whom: a name as in the notebook, or a case [default: everybody]
    #[arg(value_name = "WHOM")]
    whom: Option<String>,
    #[command(subcommand)]
    command: Option<NotebookCommand>,
}

#[derive(Debug, Subcommand)]
enum NotebookCommand {
    Add(add::Args),
    Remove(remove::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Some(NotebookCommand::Add(args)) => add::run(session, args),
        Some(NotebookCommand::Remove(args)) => remove::run(session, args),
        None => show(session, args.whom.as_deref()),
    }
}

fn show(session: &Session, whom: Option<&str>) -> Done {
    let desk = session.desk()?;
    let all = shown(&desk)?;
    let entries: Vec<&NotebookEntry> = match whom {
        None => all.iter().collect(),
        Some(typed) => about(&desk, &all, typed)?,
    };
    let terminal = session.terminal;
    if terminal.json {
        let notes: Vec<Value> = entries.iter().map(|entry| as_json(entry)).collect();
        return terminal.json(&json!({"schema": "counterpart/notebook/1", "notes": notes}));
    }
    if entries.is_empty() {
        terminal.say(&match whom {
            None => "Your notebook is empty. `counterpart call` fills it; `counterpart notebook add --help` says how you can."
                .to_owned(),
            Some(whom) => format!("Nothing in your notebook is about {}.", line(whom)),
        });
        return Ok(());
    }
    terminal.data(&write(&entries, terminal.columns()))
}

/// What the notebook shows: no drafts, no settings.
fn shown(desk: &Desk) -> Done<Vec<NotebookEntry>> {
    let all = desk.notebook()?.into_iter();
    Ok(all.filter(|entry| !matches!(entry.note, Note::Draft(_) | Note::Own(_))).collect())
}

/// The notes about somebody: by name, by the beginning of it, or by a case.
fn about<'e>(desk: &Desk, all: &'e [NotebookEntry], typed: &str) -> Done<Vec<&'e NotebookEntry>> {
    let exact: Vec<&NotebookEntry> = all.iter().filter(|entry| entry.is_about(typed)).collect();
    if !exact.is_empty() {
        return Ok(exact);
    }
    if let Ok(case) = desk.resolve(typed) {
        let case = OpenCase::open(desk, &case.to_hex())?;
        let label = case.other_seat().map(|seat| case.seat_text(&seat));
        let of_case = |entry: &&NotebookEntry| {
            entry.case == Some(case.id) || label.as_deref().is_some_and(|label| entry.is_about(label))
        };
        return Ok(all.iter().filter(of_case).collect());
    }
    let wanted = whom_key(typed);
    let begins = |entry: &&NotebookEntry| {
        let of = entry.of.as_deref().map(whom_key);
        !wanted.is_empty() && of.is_some_and(|of| of.starts_with(&wanted))
    };
    Ok(all.iter().filter(begins).collect())
}

/// All that the notebook shows, for programs.
pub(super) fn all_json(desk: &Desk) -> Done<Vec<Value>> {
    Ok(shown(desk)?.iter().map(as_json).collect())
}

/// A note's name: the first digits of its id.
fn name(entry: &NotebookEntry) -> String {
    hex(&entry.id[..3])
}

/// The note that a person means.
pub(super) fn find(all: Vec<NotebookEntry>, typed: &str) -> Done<NotebookEntry> {
    let wanted = typed.trim().to_lowercase();
    let whole = hex(&[0; 16]).len();
    let digits = (4..=whole).contains(&wanted.len()) && wanted.chars().all(|c| c.is_ascii_hexdigit());
    let mut fitting = all.into_iter().filter(|entry| digits && hex(&entry.id).starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(CommandError::usage(format!("no note is called '{}'", typed.trim()))
            .hint("`counterpart notebook` shows each with its name in front, such as 3fa92c")),
        (Some(_), Some(_)) => Err(CommandError::usage(format!("'{}' could be several notes", typed.trim()))
            .hint("`counterpart notebook --json` shows their whole ids")),
    }
}

/// By whom they are about, then by kind; each behind its name.
fn write(entries: &[&NotebookEntry], columns: usize) -> String {
    let zone = when::system_zone();
    let mut out: Vec<String> = Vec::new();
    let mut groups: Vec<(String, Vec<&NotebookEntry>)> = Vec::new();
    for entry in entries {
        let group = match (&entry.of, &entry.case) {
            (Some(of), _) => line(of),
            (None, Some(case)) => format!("Case {}", short_form(&case.0)),
            (None, None) => "Notes".to_owned(),
        };
        match groups.iter_mut().find(|(name, _)| whom_key(name) == whom_key(&group)) {
            Some((_, list)) => list.push(entry),
            None => groups.push((group, vec![entry])),
        }
    }
    groups.sort_by_key(|(name, _)| name.to_lowercase());
    for (group, mut list) in groups {
        if !out.is_empty() {
            out.push(String::new());
        }
        out.push(wrapped("", &styled(Style::Strong, &group), columns));
        list.sort_by_key(|entry| order(&entry.note));
        for entry in list {
            let label = match &entry.note {
                Note::Path(_) => "way",
                other => other.kind(),
            };
            let head = format!("  {}  {label:<6}  ", styled(Style::Faint, &name(entry)));
            out.push(wrapped(&head, &told(entry, &zone), columns));
        }
    }
    out.join("\n")
}

fn order(note: &Note) -> u8 {
    match note {
        Note::Number(_) => 0,
        Note::Path(_) => 1,
        Note::Person(_) => 2,
        Note::Remark(_) | Note::Draft(_) | Note::Own(_) => 3,
    }
}

fn as_json(entry: &NotebookEntry) -> Value {
    let mut value = counterpart_words::notebook::json(entry);
    value["name_here"] = name(entry).into();
    value
}

/// Private notes of a case as `show` has them: clearly marked.
pub(super) fn private_section(desk: &Desk, case: &OpenCase, columns: usize) -> Done<Option<String>> {
    let notes = desk.private_notes(&case.id)?;
    if notes.is_empty() {
        return Ok(None);
    }
    let mut out = vec![styled(Style::Strong, "Private (kept on this machine only; nobody else is sent this)")];
    for entry in &notes {
        let shared = match &entry.note {
            Note::Remark(remark) => remark.shared.as_deref().and_then(counterpart_core::id::EntryId::from_hex),
            _ => None,
        };
        let shared = shared.map(|id| format!("  [on record as {}]", case.entry_name(&id))).unwrap_or_default();
        let text = match &entry.note {
            Note::Remark(remark) => line(&remark.text),
            _ => String::new(),
        };
        let head = format!("  {}  ", styled(Style::Faint, &name(entry)));
        let day = when::show_day(entry.written_at, case.zone(), case.now);
        out.push(wrapped(&head, &format!("{text} ({day}){shared}"), columns));
    }
    Ok(Some(out.join("\n")))
}

/// The same for programs.
pub(super) fn private_json(desk: &Desk, case: &OpenCase) -> Done<Value> {
    Ok(desk.private_notes(&case.id)?.iter().map(as_json).collect())
}

/// What a command that wrote a note says.
pub(super) fn kept(session: &Session, entry: &NotebookEntry) -> Done {
    let terminal = session.terminal;
    if terminal.json {
        let mut value = as_json(entry);
        value["schema"] = "counterpart/notebook-note/1".into();
        return terminal.json(&value);
    }
    terminal.data(&name(entry))?;
    let of = match (&entry.of, &entry.case) {
        (Some(of), _) => format!(" about {}", line(of)),
        (None, Some(case)) => format!(" for case {}", short_form(&case.0)),
        (None, None) => String::new(),
    };
    terminal.say(&format!("Kept in your notebook{of}: {}", told(entry, &when::system_zone())));
    Ok(())
}
