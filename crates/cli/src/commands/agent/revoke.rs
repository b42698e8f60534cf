//! `counterpart agent revoke`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::now;
use counterpart_words::agents::ending;
use serde_json::json;

use super::Reason;
use crate::{confirm, error::Done, session::Session};

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
    confirm::agree(session, &ending(&agent, reason))?;
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
