//! `counterpart identity backup`

use std::path::PathBuf;

use counterpart_node::now;
use serde_json::json;

use super::backup_passphrase;
use crate::{error::Done, session::Session};

/// Write everything but the keys of this machine's device into one file, encrypted under a passphrase
///
/// In it: your cases with all that belongs to them, key logs, and the main key if it is here. Not in it: this machine's own
/// keys, because a restored machine gets new ones; templates and settings. Your node may run on. A backup that stands there
/// already is replaced.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to write it, better not on this machine's disk
    file: PathBuf,
    /// Do not encrypt it: whoever gets the file can read your cases, and take over your identity if the main key is in it
    #[arg(long, conflicts_with = "passphrase_file")]
    plain: bool,
    /// Take the passphrase from the first line of this file instead of asking
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let passphrase = match args.plain {
        true => None,
        false => Some(backup_passphrase(session, args.passphrase_file.as_ref(), true)?),
    };
    let contents = desk.backup(&args.file, passphrase.as_ref(), now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/identity-backup/1",
            "file": args.file,
            "encrypted": !args.plain,
            "cases": contents.cases,
            "entries": contents.entries,
            "files": contents.files,
            "main_key": contents.root,
        }));
    }
    terminal.data(&args.file.display().to_string())?;
    let files = if contents.files == 0 { String::new() } else { format!(", and attached files: {}", contents.files) };
    terminal.say(&format!("Cases in it: {}, with {} entries{files}.", contents.cases, contents.entries));
    terminal.say(if contents.root {
        "The main key is in it: keep it as you keep the recovery sheet."
    } else {
        "The main key is not in it, because it is not in this home: restoring takes the recovery sheet."
    });
    if args.plain {
        terminal.say("It is not encrypted: keep it where nobody else can read it.");
    } else {
        terminal.say("Without the passphrase nobody can open it, you neither.");
    }
    terminal.say("Make a new one whenever you added or ended a device. To restore: counterpart identity restore FILE");
    Ok(())
}
