//! `counterpart agent take`

use counterpart_core::id::short_form;
use counterpart_node::{AgentGrant, DeskError};
use serde_json::json;

use super::{in_short, rights_json};
use crate::{error::Done, session::Session};

/// On the new machine: take the grant that came back; from then on it acts for its party
///
/// `counterpart init` is not needed there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The grant, as `counterpart agent add` printed it
    grant: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let home = session.home()?;
    let grant = AgentGrant::parse(&args.grant).map_err(DeskError::from)?;
    // A home that asked for a new device key has one already.
    let taken = match counterpart_node::take(&home, &grant) {
        Err(DeskError::AlreadyInitialised { .. }) => {
            let desk = session.desk()?;
            match desk.waits_for_renewal() {
                true => desk.take_renewal(&grant)?,
                false => return Err(DeskError::AlreadyInitialised { home }.into()),
            }
        }
        other => other?,
    };
    let (party, agent) = (taken.party, taken.agent);
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/agent-take/1",
            "party": party.to_hex(),
            "device": agent.device.to_hex(),
            "rights": rights_json(&agent.rights),
        }));
    }
    terminal.data(&short_form(&agent.device.0))?;
    terminal.say(&format!("This machine now acts for {}: {}.", short_form(&party.0), in_short(&agent.rights)));
    terminal
        .say("For a case of theirs: counterpart follow LINK, with a line from their `counterpart case-address CASE`.");
    Ok(())
}
