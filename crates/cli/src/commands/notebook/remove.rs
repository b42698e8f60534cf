//! `counterpart notebook remove`

use serde_json::json;

use super::{find, shown, told};
use crate::{confirm, error::Done, render::hex, session::Session, when};

/// Take a note out of your notebook; what was put on record stays there
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The note, by the name that `counterpart notebook` shows in front of it
    #[arg(value_name = "NOTE")]
    note: String,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let entry = find(shown(&desk)?, &args.note)?;
    let text = told(&entry, &when::system_zone());
    confirm::ask_first(session, &format!("In your notebook: {text}"), "Take it out?", "taken out")?;
    desk.remove_note(&entry.id)?;
    if session.terminal.json {
        return session.terminal.json(&json!({"schema": "counterpart/notebook-removed/1", "id": hex(&entry.id)}));
    }
    session.terminal.say("Taken out.");
    Ok(())
}
