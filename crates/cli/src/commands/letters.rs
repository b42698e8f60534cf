//! `counterpart letters`

use std::path::PathBuf;

use clap::Subcommand;
use counterpart_process::letter::{self, BUILT_IN, KNOWN, LetterError, Written};
use serde_json::{Value as Json, json};

use crate::{
    error::{CommandError, Done},
    render::{line, padded, visible, wrapped},
    session::Session,
    terminal::{Style, styled},
};

/// The texts of reminders and thanks: those that come with the program, and your own
///
/// A letter is plain text: a line that begins with `Subject:`, an empty line, the text. Words in {{ }} are filled in.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the letters
    List,
    /// Show a letter's text, and how it reads with an example's words
    Show {
        /// The letter, by name
        name: String,
    },
    /// Make a copy of a letter to edit; it is used from then on
    EditCopy {
        /// The letter, by name
        name: String,
        /// Another name for the copy, for rules that name it [default: the same name, in place of the one built in]
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
    },
    /// Check your own letters: say what is wrong, and in which line
    Check {
        /// The letter, by name [default: all]
        name: Option<String>,
    },
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::List => list(session),
        Command::Show { name } => show(session, name),
        Command::EditCopy { name, to } => edit_copy(session, name, to.as_deref().unwrap_or(name)),
        Command::Check { name } => check(session, name.as_deref()),
    }
}

/// A letter, and whether it can be written.
struct Found {
    name: String,
    file: Option<PathBuf>,
    text: String,
    read: Result<Written, LetterError>,
}

impl Found {
    fn as_json(&self) -> Json {
        json!({
            "name": self.name,
            "for": used_for(&self.name),
            "file": self.file,
            "text": self.text,
            "example": self.read.as_ref().ok().map(|written| json!({"subject": written.subject, "text": written.text})),
            "problem": self.read.as_ref().err().map(|e| json!({"line": e.line, "message": e.why})),
        })
    }
}

fn used_for(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, ..)| *known == name).map(|(_, what, _)| *what)
}

fn found(session: &Session, name: &str) -> Done<Found> {
    let text = session.desk()?.letter_text(name)?;
    let read = letter::check(name, &text.text);
    Ok(Found { name: text.name, file: text.file, text: text.text, read })
}

fn all(session: &Session) -> Done<Vec<Found>> {
    session.desk()?.letter_names()?.iter().map(|name| found(session, name)).collect()
}

fn list(session: &Session) -> Done {
    let terminal = session.terminal;
    let letters = all(session)?;
    if terminal.json {
        let letters: Vec<Json> = letters.iter().map(Found::as_json).collect();
        return terminal.json(&json!({"schema": "counterpart/letters/1", "letters": letters}));
    }
    let width = letters.iter().map(|l| l.name.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for one in &letters {
        let mut text = used_for(&one.name).unwrap_or("your own, for rules that name it").to_owned();
        if one.read.is_err() {
            text = styled(Style::Bad, &format!("{text}; it cannot be used: counterpart letters check {}", one.name));
        }
        let from = if one.file.is_some() { " (your own text)" } else { " (built in)" };
        text.push_str(&styled(Style::Faint, from));
        lines.push(wrapped(&format!("{}  ", padded(&one.name, width)), &text, terminal.columns()));
    }
    terminal.data(&lines.join("\n"))?;
    terminal.say("\nRead one: counterpart letters show NAME. Change one: counterpart letters edit-copy NAME");
    Ok(())
}

fn show(session: &Session, name: &str) -> Done {
    let terminal = session.terminal;
    let found = found(session, name)?;
    if terminal.json {
        let mut shown = found.as_json();
        shown["schema"] = json!("counterpart/letter/1");
        shown["words"] = json!(KNOWN);
        return terminal.json(&shown);
    }
    terminal.data(visible(&found.text).trim_end())?;
    match &found.read {
        Ok(written) => {
            terminal.say(&format!("\n{}", styled(Style::Strong, "With an example's words:")));
            terminal.say(&visible(&format!("Subject: {}\n\n{}", written.subject, written.text)));
            Ok(())
        }
        Err(error) => Err(broken(error)),
    }
}

fn edit_copy(session: &Session, name: &str, to: &str) -> Done {
    let terminal = session.terminal;
    let file = session.desk()?.copy_letter(name, to)?;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/letter-copy/1", "name": to, "file": file}));
    }
    terminal.data(&line(&file.display().to_string()))?;
    terminal.say(&wrapped("", &format!("Words that are filled in: {}", KNOWN.join(", ")), terminal.columns()));
    terminal.say(&format!("Edit it, then: counterpart letters check {to}"));
    Ok(())
}

fn check(session: &Session, name: Option<&str>) -> Done {
    let terminal = session.terminal;
    let letters = match name {
        Some(name) => vec![found(session, name)?],
        None => all(session)?,
    };
    if terminal.json {
        let shown: Vec<Json> = letters.iter().map(Found::as_json).collect();
        terminal.json(&json!({"schema": "counterpart/letters/1", "letters": shown}))?;
    }
    let mut wrong: Vec<&LetterError> = letters.iter().filter_map(|l| l.read.as_ref().err()).collect();
    let Some(first) = wrong.pop() else {
        terminal.say(if letters.len() == 1 { "It can be used." } else { "All of them can be used." });
        return Ok(());
    };
    for error in wrong {
        terminal.always(&visible(&error.to_string()));
    }
    Err(broken(first))
}

fn broken(error: &LetterError) -> CommandError {
    CommandError::usage(error.to_string()).hint(
        "until it is mended, no such letter is written, also not from the built-in text; nothing is lost meanwhile",
    )
}
