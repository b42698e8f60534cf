//! `counterpart token end`

use counterpart_node::now;
use serde_json::json;

use crate::{confirm, error::Done, render, session::Session};

/// End a token: its program is let in no more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's name
    name: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let token = desk.token_called(&args.name)?;
    let name = render::line(&token.name);
    let text =
        format!("The token {name} ends for good: whoever holds it is let in no more. A new one can have the name.\n");
    confirm::ask_first(session, &text, "End it?", "ended")?;
    let token = desk.end_token(&token.name, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({"schema": "counterpart/token-end/1", "name": token.name, "ended": token.ended}));
    }
    terminal.data(&name)?;
    terminal.say("Ended. What it signed before stays signed.");
    Ok(())
}
