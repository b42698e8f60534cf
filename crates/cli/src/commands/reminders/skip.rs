//! `counterpart reminders skip`

use counterpart_node::{LetterState, now};
use serde_json::json;

use super::{numbered, shown};
use crate::{
    confirm,
    error::{CommandError, Done},
    session::Session,
};

/// Do not send a letter that is due; the next one of its rule comes all the same
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
    /// Which letter, by its number in `counterpart reminders CASE`
    #[arg(value_name = "NUMBER")]
    number: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let outlook = desk.reminders(&desk.resolve(&args.case)?, now())?;
    let letter = numbered(&outlook, &args.number)?;
    if letter.state == LetterState::Sending {
        return Err(CommandError::failed("that letter is with the mail server already"));
    }
    confirm::ask_first(session, &shown::about(letter), "Leave it out?", "left out")?;
    if !desk.skip_letter(letter)? {
        return Err(CommandError::failed("somebody else saw to that letter meanwhile"));
    }
    if session.terminal.json {
        return session.terminal.json(&json!({"schema": "counterpart/letter-skipped/1", "id": shown::data_id(letter)}));
    }
    session.terminal.say("It is not sent.");
    Ok(())
}
