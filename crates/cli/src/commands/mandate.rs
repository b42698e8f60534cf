//! `counterpart mandate`

use counterpart_node::due_instant;
use counterpart_words::acts::limits::{self, Limits};

use super::{CaseArg, act, agent};
use crate::{
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
    act(session, &args.case, |desk, case| {
        let until = match &args.until {
            None => None,
            Some(text) => {
                let due = when::due(text, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?;
                due_instant(&due, Some(case.now))
            }
        };
        let (kinds, ceilings) = (agent::kinds(&args.only)?, agent::ceilings(&args.ceiling)?);
        let limits = Limits { kinds, ceilings, from: None, until, internal: args.internal };
        limits::mandate(desk, case, &args.agent, limits)
    })
}
