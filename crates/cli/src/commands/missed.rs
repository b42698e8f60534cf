//! `counterpart missed`

use counterpart_words::acts;

use super::{EntryArg, act};
use crate::{error::Done, session::Session};

/// Record that a due time passed and the thing was not done; it changes no terms
///
/// It may be agreed, or a promise of theirs that you recorded with --promised-in.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| acts::missed(case, &args.target.entry, args.note.as_deref()))
}
