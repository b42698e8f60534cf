//! `counterpart mandate`

use counterpart_core::act::{Act, Mandate};
use counterpart_node::{DeskError, due_instant};

use super::{CaseArg, agent};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
    when,
};

/// Limit what one of your agents may agree to in this case
///
/// It goes beside the agent's rights in all cases, and replaces the last mandate you gave it in this one. Everybody
/// in the case sees it and judges by it: what goes beyond has no effect. With --internal only your own machines do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Your agent: its name here, or its device such as K7F2-Q9XA-3
    #[arg(value_name = "WHO")]
    agent: String,
    /// Only these kinds of act, such as accept,counter,note [default: every kind its rights cover]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    only: Vec<String>,
    /// Most money at stake in what it agrees to, such as £200; repeat for another currency
    #[arg(long, value_name = "MONEY")]
    ceiling: Vec<String>,
    /// Until when it may act in this case, such as "2026-07-08 17:00"; your own machines hold to it, others see it
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Your own machines hold to it; for everybody else it changes nothing
    #[arg(long)]
    internal: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let agent = desk.agent(&args.agent)?;
    if agent.revoked.is_some() {
        return Err(DeskError::EndedBefore.into());
    }
    let until = match &args.until {
        None => None,
        Some(text) => {
            let due = when::due(text, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?;
            due_instant(&due, Some(case.now))
        }
    };
    if until.is_some_and(|until| until <= case.now) {
        return Err(CommandError::usage("that time is past: a mandate ends in the future")
            .hint(format!("to end all its rights: counterpart agent revoke {}", args.agent)));
    }
    let act = Act::Mandate(Mandate {
        grant: agent.grant,
        kinds: agent::kinds(&args.only)?,
        ceilings: agent::ceilings(&args.ceiling)?,
        from: None,
        until,
        open: !args.internal,
    });
    confirm::sign(session, &desk, case, &act).map(drop)
}
