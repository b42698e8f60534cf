//! `counterpart seat end`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::now;
use counterpart_words::{agents::ending, render};
use serde_json::json;

use super::{super::agent::Reason, seat_json};
use crate::{confirm, error::Done, session::Session};

/// End an agent's seat for good: its rights, its key in this home, and the tokens that sign by it
///
/// The name is free again afterwards; a new seat of that name is another device.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The seat
    name: String,
    /// Why: it decides what becomes of things signed before this was known
    #[arg(long, value_enum, default_value_t = Reason::Ended)]
    reason: Reason,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let seat = desk.check_seat_end(&args.name)?;
    let reason = RevokeReason::from(args.reason);
    let tokens: Vec<String> = desk
        .tokens()?
        .into_iter()
        .filter(|t| t.ended.is_none() && t.seat.as_ref() == Some(&seat.name))
        .map(|token| render::line(&token.name))
        .collect();
    let mut text = match seat.stands() {
        true => ending(&seat.agent, reason),
        false => format!("The rights of {} ended before. Nothing is signed.\n", render::line(&seat.name)),
    };
    text.push_str("\nIts key in this home is deleted.");
    if !tokens.is_empty() {
        text.push_str(&format!(" These tokens end with it: {}.", tokens.join(", ")));
    }
    match seat.stands() {
        true => confirm::agree(session, &text)?,
        false => confirm::ask_first(session, &text, "Delete it?", "deleted")?,
    }
    let seat = desk.end_seat(&seat.name, reason, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/seat-end/1",
            "name": seat.name,
            "device": seat_json(&seat)["device"],
            "reason": reason.word(),
        }));
    }
    terminal.data(&short_form(&seat.agent.device.0))?;
    terminal.say(
        "Ended. The others learn it with the next connection; whatever you sign next makes it part of the record.",
    );
    Ok(())
}
