//! `counterpart withdraw`

use counterpart_core::act::Act;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Take back your own proposal, or your own request to be released
///
/// What everybody has signed stays agreed: ask for release instead.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Withdraw { of: case.withdrawable(&args.target.entry)?.id, reason: args.reason.read()? })
    })
}
