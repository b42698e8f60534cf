//! `counterpart dispute`

use counterpart_core::act::Act;

use super::{EntryArg, act, text};
use crate::{error::Done, session::Session};

/// Say that something needs to be decided: an entry, an agreement, or a part of one
///
/// It stands until the other side concedes, you settle it, or an arbiter whom all have agreed on decides.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// What is in dispute, and why
    reason: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let (about, subject) = case.disputable(&args.target.entry)?;
        Ok(Act::Dispute { about, subject, reason: text("the reason", &args.reason)? })
    })
}
