//! `counterpart case-address`

use serde_json::json;

use super::CaseArg;
use crate::{error::Done, session::Session};

/// Print the line by which another machine of your party, or of the other side's, gets this case
///
/// It names the case, and where your node and the other side's can be called. It is no secret and admits nobody: who
/// calls must prove to act for a party of the case. For `counterpart follow`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Where your node can be reached, such as /ip4/203.0.113.7/tcp/4001; repeat for more [default: your home's own port]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = desk.resolve(&args.case.case)?;
    let link = desk.case_link(&case, &args.address)?;
    let text = link.to_text();
    let terminal = session.terminal;
    if terminal.json {
        let addresses: Vec<String> = link.addresses.iter().map(ToString::to_string).collect();
        return terminal.json(&json!({
            "schema": "counterpart/case-address/1",
            "case": case.to_hex(),
            "addresses": addresses,
            "link": text,
        }));
    }
    terminal.data(&text)?;
    terminal.say("On the other machine: counterpart follow LINK. Somebody's node of those it names must be up then.");
    Ok(())
}
