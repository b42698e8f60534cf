//! `counterpart identity sheet`

use std::path::PathBuf;

use counterpart_node::DeskError;
use serde_json::json;

use crate::{confirm, error::Done, session::Session};

/// The recovery sheet: where it lies, moved to a file to print it from, or deleted once it is on paper
///
/// It holds the key that can replace your main key, and whoever has it can take over your identity. `init` and `identity
/// rotate` write it into your home once; it cannot be written again, only made anew by `identity rotate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Move it to this file, out of your home, for example onto a stick that goes to a printer
    file: Option<PathBuf>,
    /// It is on paper: delete it from your home, after asking
    #[arg(long, conflicts_with = "file")]
    delete: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let here = match desk.sheet_here() {
        Ok((path, _)) => path,
        Err(DeskError::NoSheet) if args.file.is_none() && !args.delete => {
            if terminal.json {
                return terminal.json(&json!({"schema": "counterpart/identity-sheet/1", "here": null}));
            }
            terminal.say("No recovery sheet lies in this home, as it should be: it is on paper, if you printed it.");
            terminal
                .say("It cannot be written again. With the paper in hand you can have a new one made, for a new main");
            terminal.say(
                "key: counterpart identity rotate SHEET. If the paper is lost, a lost or stolen main key cannot be",
            );
            terminal.say("replaced any more: keep backups, and begin a new identity before you depend on it.");
            return Ok(());
        }
        Err(why) => return Err(why.into()),
    };
    let moved = match &args.file {
        Some(file) => {
            desk.move_sheet(file)?;
            Some(file)
        }
        None => None,
    };
    if args.delete {
        let text = format!(
            "The recovery sheet in this home, {}. It cannot be written again: without the paper nobody can ever replace a \
             lost or stolen main key.",
            here.display()
        );
        confirm::ask_first(session, &text, "Is it on paper, to be deleted here?", "deleted")?;
        desk.delete_sheet()?;
    }
    if terminal.json {
        let left = if args.delete || moved.is_some() { None } else { Some(&here) };
        return terminal.json(&json!({
            "schema": "counterpart/identity-sheet/1",
            "here": left,
            "moved": moved,
            "deleted": args.delete,
        }));
    }
    if let Some(file) = moved {
        terminal.data(&file.display().to_string())?;
        terminal.say("Moved there. Print it, put the paper somewhere safe, then delete that file, too.");
    } else if args.delete {
        terminal.say("Deleted here. The paper is the only one now.");
    } else {
        terminal.data(&here.display().to_string())?;
        terminal.say("Print it and put the paper somewhere safe, then: counterpart identity sheet --delete");
        terminal.say("While it lies here, whoever takes this folder can take over your identity for good.");
    }
    Ok(())
}
