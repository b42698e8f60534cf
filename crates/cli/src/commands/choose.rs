//! `counterpart choose`

use counterpart_words::acts;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Choose which of the agreements that crossed is to stand
///
/// Agreements cross when both sides accepted different terms without knowing of each other. `counterpart show` lists
/// them, and says whose choice it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| acts::choose(case, &args.target.entry, args.reason.reason.as_deref()))
}
