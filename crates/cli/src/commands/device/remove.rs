//! `counterpart device remove`

use counterpart_core::{id::short_form, keylog::RevokeReason};
use counterpart_node::now;
use counterpart_words::agents::ending;
use serde_json::json;

use crate::{confirm, error::Done, session::Session};

/// Take a machine out again: it gets nothing more of yours, and signs nothing more for you
///
/// It keeps what it has stored until then, unless you delete it there. The same machine can come back with new keys only.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The machine: its name here, or its device such as K7F2-Q9XA-3
    #[arg(value_name = "NAME|DEVICE")]
    device: String,
    /// It was lost or stolen, or somebody else may have its key: what it signed without your knowing is contested, where it
    /// may sign
    #[arg(long)]
    lost: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let agent = desk.agent(&args.device)?;
    let reason = if args.lost { RevokeReason::Compromised } else { RevokeReason::Ended };
    desk.check_revocation(&agent)?;
    let mut text = ending(&agent, reason);
    text.push_str("What that machine has stored stays there: delete its home there where you can.\n");
    confirm::agree(session, &text)?;
    desk.remove_device(&agent, reason, now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/device-remove/1",
            "device": agent.device.to_hex(),
            "name": agent.name,
            "reason": reason.word(),
        }));
    }
    terminal.data(&short_form(&agent.device.0))?;
    if desk.node_is_running() {
        terminal.say("Removed. Your node tells whoever it is connected to; others learn it with the next connection.");
    } else {
        terminal.say("Removed. The others learn it when your node connects: counterpart sync, or counterpart up.");
    }
    terminal.say("Until the other side knows, its node may still send that machine what is new.");
    Ok(())
}
