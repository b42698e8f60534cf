//! `counterpart stop`

use counterpart_core::act::Act;

use super::{EntryArg, act, text};
use crate::{error::Done, session::Session};

/// Give up something you agreed to do, and say why
///
/// Everybody sees that it will not be done. It ends no duty: what follows is for the terms, a new agreement, or an
/// arbiter.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Why
    reason: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let target = case.in_force(&args.target.entry)?;
        let reason = text("the reason", &args.reason)?;
        Ok(Act::Stop { revision: target.id, subject: target.subject, reason })
    })
}
