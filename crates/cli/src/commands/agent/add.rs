//! `counterpart agent add`

use counterpart_core::{id::short_form, keylog::Kinds};
use counterpart_node::{AgentRequest, DeskError, Rights, now};
use serde_json::json;

use super::{ceilings, kinds, most, rights_json, signs};
use crate::{confirm, error::Done, render, session::Session};

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
    confirm::agree(session, &text(&desk, &request, name, &rights))?;
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

/// Exactly what is granted.
fn text(desk: &counterpart_node::Desk, request: &AgentRequest, name: &str, rights: &Rights) -> String {
    let mailbox = rights.kinds == Kinds::Listed(Vec::new());
    let mut lines = vec![
        format!("As {}, you let a further device act for you:\n", short_form(&desk.party().0)),
        format!("  Name       {} (kept on this machine only)", render::line(name)),
        format!("  Device     {} (compare it with what that machine shows)", short_form(&request.device.0)),
        format!("  Signs      {}", signs(&rights.kinds)),
    ];
    if let Some(most) = most(&rights.ceilings) {
        lines.push(format!("  Money      at most {most} at stake; in other currencies nothing"));
        lines.push("             Everybody in your cases sees this; what goes beyond it has no effect.".to_owned());
    } else if !mailbox {
        lines.push("  Money      no limit".to_owned());
    }
    lines.push("  Receives   yes: what it has stored counts as received by you".to_owned());
    let agents = if rights.admin {
        "may add further agents and end their rights, yours here among them"
    } else {
        "it may add none"
    };
    lines.push(format!("  Agents     {agents}"));
    lines.push(String::new());
    lines.push(if mailbox {
        "It gets whatever your cases hold, and can agree to nothing.".to_owned()
    } else {
        "What it signs within this binds you like your own signature, from now on, until you end it:".to_owned()
    });
    if !mailbox {
        lines.push("counterpart agent revoke NAME.".to_owned());
    }
    lines.join("\n")
}
