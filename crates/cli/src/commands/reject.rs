//! `counterpart reject`

use counterpart_words::acts;

use super::{EntryArg, act};
use crate::{error::Done, session::Session};

/// Reject what was declared done, saying what is missing: it is to be done again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// What is missing or wrong
    reason: String,
    /// The number of a condition that is not met, as `counterpart show` lists them; repeat for more
    #[arg(long, value_name = "NUMBER")]
    unmet: Vec<u32>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| acts::reject(case, &args.target.entry, &args.reason, &args.unmet))
}
