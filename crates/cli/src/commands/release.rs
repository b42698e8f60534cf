//! `counterpart release`

use counterpart_words::acts;

use super::{EntryArg, act};
use crate::{error::Done, session::Session};

/// Ask to be released from an agreement, or to reopen an approved result
///
/// It ends when everybody else who signed allows it; until then it stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| acts::release(case, &args.target.entry, args.reason.as_deref()))
}
