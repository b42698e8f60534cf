//! `counterpart agent add`

use counterpart_core::keylog::Kinds;
use counterpart_node::{AgentRequest, DeskError, Rights, now};
use counterpart_words::agents::granting;
use serde_json::json;

use super::{ceilings, kinds, rights_json};
use crate::{confirm, error::Done, session::Session};

/// On your machine: let the device that asked act for you, within the rights you give
///
/// What it signs within them binds you like your own signature. Prints the grant, which goes back to its machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The request, as `counterpart agent ask` printed it
    request: String,
    /// Only these kinds of act, such as accept,counter,note [default: every kind]
    #[arg(long, value_name = "KIND", value_delimiter = ',', conflicts_with = "mailbox")]
    only: Vec<String>,
    /// Most money at stake in what it agrees to, such as £200; repeat for another currency. Everybody sees it
    #[arg(long, value_name = "MONEY", conflicts_with = "mailbox")]
    ceiling: Vec<String>,
    /// Let it add agents and end their rights, too; never do that on two machines at the same time
    #[arg(long, conflicts_with = "mailbox")]
    admin: bool,
    /// A machine that only receives for you, such as an always-on server; it signs no acts
    #[arg(long)]
    mailbox: bool,
    /// What you call it, if not by the name in the request; kept on this machine only
    #[arg(long)]
    name: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let request = AgentRequest::parse(&args.request).map_err(DeskError::from)?;
    desk.check_request(&request)?;
    let name = args.name.as_ref().unwrap_or(&request.name);
    let only = kinds(&args.only)?;
    let money = ceilings(&args.ceiling)?;
    let rights = Rights {
        kinds: if args.mailbox || !only.is_empty() { Kinds::Listed(only) } else { Kinds::All },
        receive: true,
        admin: args.admin,
        ceilings: money.iter().map(|m| (m.amount().to_string(), m.currency().to_owned())).collect(),
    };
    let ending = "counterpart agent revoke NAME.";
    confirm::agree(session, &granting(&desk.party(), &request, name, &rights, ending))?;
    let grant = desk.add_agent(&request, &rights, name, now())?;
    let line = grant.to_text();
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/agent-add/1",
            "device": request.device.to_hex(),
            "name": name,
            "rights": rights_json(&rights),
            "grant": line,
        }));
    }
    terminal.data(&line)?;
    terminal.say("Granted. Send the line back to that machine; it is no secret. There: counterpart agent take GRANT");
    terminal.say("To give it a case: counterpart case-address CASE here, counterpart follow LINK there.");
    Ok(())
}
