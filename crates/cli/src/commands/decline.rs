//! `counterpart decline`

use counterpart_core::act::Act;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Decline a proposal: you do not agree to it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Decline { revision: case.open_revision(&args.target.entry)?.id, reason: args.reason.read()? })
    })
}
