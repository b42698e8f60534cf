//! `counterpart close`

use super::{CaseArg, act, remark};
use crate::{error::Done, session::Session, terms};

/// Propose to close the case; it closes when everybody has agreed
///
/// Nothing is deleted, and anything signed afterwards reopens it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// How the matter ended, in a few words
    #[arg(long, value_name = "TEXT")]
    summary: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| terms::close(case, remark("the summary", args.summary.as_ref())?))
}
