//! `counterpart withdraw`

use counterpart_core::act::Act;

use super::{ReasonArg, WholeArg, act};
use crate::{error::Done, session::Session};

/// Take back your own proposal, or your own request to be released
///
/// What everybody has signed stays agreed: ask for release instead. A bundle of several parts is taken back as a whole.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: WholeArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Withdraw { of: case.withdrawable(&args.target.entry)?.id, reason: args.reason.read()? })
    })
}
