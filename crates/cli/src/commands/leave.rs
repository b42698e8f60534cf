//! `counterpart leave`

use counterpart_core::act::Act;

use super::{CaseArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Leave a case: nothing more is delivered to you; what you agreed to stays agreed
///
/// Your seat and your duties remain, and you may still sign. Nobody can leave in order to be rid of a promise.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, _| Ok(Act::Leave { reason: args.reason.read()? }))
}
