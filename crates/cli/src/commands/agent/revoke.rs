//! `counterpart agent revoke`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::{Agent, now};
use serde_json::json;

use super::Reason;
use crate::{confirm, error::Done, render, session::Session};

/// End the rights of a device or agent for good
///
/// Nodes that know of it give that device nothing more and take nothing more that it signs knowing of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The agent: its name here, or its device such as K7F2-Q9XA-3
    #[arg(value_name = "NAME|DEVICE")]
    agent: String,
    /// Why: it decides what becomes of things signed before this was known
    #[arg(long, value_enum)]
    reason: Reason,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let agent = desk.agent(&args.agent)?;
    let reason = RevokeReason::from(args.reason);
    desk.check_revocation(&agent)?;
    confirm::agree(session, &text(&agent, reason))?;
    desk.revoke_agent(&agent.grant, reason, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/agent-revoke/1",
            "device": agent.device.to_hex(),
            "name": agent.name,
            "reason": reason.word(),
        }));
    }
    terminal.data(&short_form(&agent.device.0))?;
    if desk.node_is_running() {
        terminal.say("Ended. Your node tells whoever it is connected to; others learn it with the next connection.");
    } else {
        terminal.say("Ended. The others learn it when your node connects: counterpart sync, or counterpart up.");
    }
    terminal.say("In each case, whatever you sign next makes it part of the record.");
    Ok(())
}

fn text(agent: &Agent, reason: RevokeReason) -> String {
    let device = short_form(&agent.device.0);
    let who =
        agent.name.as_ref().map_or_else(|| format!("device {device}"), |n| format!("{} ({device})", render::line(n)));
    let meaning = match reason {
        RevokeReason::Ended => {
            "Reason: ended. What it signed before it knew of this goes on binding you, unless every other signer had \
             signed something knowing of this first; then it is contested."
        }
        RevokeReason::Compromised => {
            "Reason: compromised. What it signed without knowing of this binds you only where another signer had already \
             built on it; all else is contested, until you ratify it, the others agree to drop it, or an arbiter decides."
        }
    };
    format!(
        "You end the rights of {who} for good; the same device is never granted anything again.\n\n{meaning}\n\
         What you cited yourself always stands. Everybody in your cases will see this and the reason.\n"
    )
}
