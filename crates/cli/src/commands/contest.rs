//! `counterpart contest`

use counterpart_words::acts::contest;

use super::{EntryArg, act, text};
use crate::{error::Done, session::Session};

/// Say that an entry of somebody else is wrong, and why
///
/// Contesting a promise that was recorded for you also declines it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Why it is wrong
    reason: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| contest(case, &args.target.entry, text("the reason", &args.reason)?))
}
