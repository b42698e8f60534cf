//! `counterpart refuse`

use counterpart_core::act::Act;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Refuse what somebody asks: the agreement or result stays
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Refuse { request: case.request(&args.target.entry, false)?.id, reason: args.reason.read()? })
    })
}
