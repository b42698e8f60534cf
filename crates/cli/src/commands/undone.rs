//! `counterpart undone`

use counterpart_core::act::Act;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Take back your declaration that something is done
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Undeclare { declare: case.declaration(&args.target.entry)?.id, reason: args.reason.read()? })
    })
}
