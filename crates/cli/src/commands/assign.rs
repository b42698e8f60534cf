//! `counterpart assign`

use counterpart_core::id::short_form;
use counterpart_node::now;
use serde_json::json;

use super::CaseArg;
use crate::{
    error::{CommandError, Done},
    render::line,
    session::Session,
};

/// Say who of your side has a case: for your own lists, signed by nobody and never sent
///
/// To tell the others in the case who is responsible from now on, use `counterpart handover`; it puts one page on record,
/// and notes here who has the case.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Who has it from now on; without a name it is shown who has it
    #[arg(value_name = "NAME")]
    agent: Option<String>,
    /// Nobody has it any more
    #[arg(long, conflicts_with = "agent")]
    nobody: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = desk.resolve(&args.case.case)?;
    let assigned = match (&args.agent, args.nobody) {
        (None, false) => desk.assigned(&case)?,
        (agent, _) => desk.assign(&case, agent.as_deref(), now()).map_err(CommandError::from)?,
    };
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&json!({
            "schema": "counterpart/assigned/1",
            "case": case.to_hex(),
            "agent": assigned.as_ref().map(|assigned| &assigned.agent),
            "at": assigned.as_ref().map(|assigned| assigned.at),
        }));
    }
    let short = short_form(&case.0);
    match &assigned {
        Some(assigned) => {
            terminal.data(&line(&assigned.agent))?;
            terminal.say(&format!("{} has case {short}. Only you see this.", line(&assigned.agent)));
        }
        None => terminal.say(&format!("Nobody has case {short}. Give it to somebody: counterpart assign {short} NAME")),
    }
    Ok(())
}
