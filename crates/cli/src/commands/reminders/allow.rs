//! `counterpart reminders allow`

use counterpart_core::id::short_form;
use counterpart_node::{Channel, now};
use counterpart_words::letters::{self, Went};
use serde_json::json;

use super::send::way;
use crate::{
    confirm,
    error::{CommandError, Done},
    session::Session,
};

/// Let reminders and thanks of a case go out by themselves while `counterpart up` runs
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
    /// How: email, node (inside Counterpart, as a signed act in the case), or notice (on your own screen, when something is due)
    #[arg(long, value_name = "WAY")]
    by: String,
    /// End it: from now on each letter waits for your yes again
    #[arg(long)]
    revoke: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let terminal = session.terminal;
    let by = way(&args.by)?;
    if by == Channel::Draft {
        return Err(CommandError::usage("a draft is sent by you, so there is nothing to allow")
            .hint("write --by email, node or notice"));
    }
    let case = desk.resolve(&args.case)?;
    let answer = |allowed: bool| json!({"schema": "counterpart/letters-allowed/1", "case": case.to_hex(), "by": by.as_str(), "allowed": allowed});
    if args.revoke {
        let was = desk.revoke_letters(&case, by)?;
        if terminal.json {
            return terminal.json(&answer(false));
        }
        terminal.say(if was {
            "Ended: each letter waits for your yes again."
        } else {
            "There was no such consent; each letter waits for your yes."
        });
        return Ok(());
    }
    let outlook = desk.reminders(&case, now())?;
    let Went::Shown(shown) = letters::allow(&desk, &outlook, by, None)? else {
        return Err(CommandError::failed("what would be allowed could not be shown"));
    };
    let end = format!("End it: counterpart reminders allow {} --by {} --revoke", short_form(&case.0), by.as_str());
    confirm::ask_first(session, &format!("{}\n\n{end}", shown.text), "Allow this?", "allowed")?;
    letters::allow(&desk, &outlook, by, Some(&shown.digest))?;
    if terminal.json {
        return terminal.json(&answer(true));
    }
    terminal.say(&format!(
        "Allowed. What is due goes out while `counterpart up` runs; see: counterpart reminders {}",
        short_form(&case.0)
    ));
    if by == Channel::Email && desk.mail_settings()?.is_none_or(|settings| settings.send.is_none()) {
        terminal.say("No mail server is set up yet, so until then each letter waits: counterpart mail set");
    }
    Ok(())
}
