//! `counterpart decline`

use counterpart_core::act::Act;

use super::{ReasonArg, WholeArg, act};
use crate::{error::Done, session::Session};

/// Decline a proposal: you do not agree to it
///
/// A bundle of several parts is declined as a whole. To have some of them all the same, answer it without the others:
/// `counterpart counter CASE REF --without-part N`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: WholeArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Decline { revision: case.open_whole(&args.target.entry)?.id, reason: args.reason.read()? })
    })
}
