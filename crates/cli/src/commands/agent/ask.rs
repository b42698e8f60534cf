//! `counterpart agent ask`

use counterpart_core::id::{PartyId, short_form};
use serde_json::json;

use crate::{
    error::{CommandError, Done},
    session::Session,
};

/// On a new machine: make its keys, and print the request to act for somebody
///
/// The line it prints goes to whoever holds the identity; it is no secret. They answer with a grant, for
/// `counterpart agent take`. Asking again prints the same request.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the agent, or this machine, is to be called by its own people, such as Priya
    #[arg(long)]
    name: String,
    /// Whom to act for: the identity, 64 characters, as `counterpart agent list` shows it there
    #[arg(long = "for", value_name = "IDENTITY")]
    party: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let party = PartyId::from_hex(args.party.trim()).ok_or_else(|| {
        CommandError::usage("the identity is written with 64 characters, 0 to 9 and a to f")
            .hint("whoever holds it sees it with `counterpart agent list`; the short form is too short to be sure")
    })?;
    let home = session.home()?;
    let request = counterpart_node::ask(&home, party, &args.name)?;
    let (text, device) = (request.to_text(), short_form(&request.device.0));
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/agent-ask/1",
            "party": party.to_hex(),
            "device": request.device.to_hex(),
            "name": request.name,
            "request": text,
        }));
    }
    terminal.data(&text)?;
    terminal.say(&format!("This machine's device is {device}. Its keys stay in {}.", home.display()));
    terminal.say("Send the line to whoever holds the identity, and tell them the device's name in another way:");
    terminal.say("  they run: counterpart agent add REQUEST");
    terminal.say("  then here: counterpart agent take GRANT");
    Ok(())
}
