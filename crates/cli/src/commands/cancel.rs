//! `counterpart cancel`

use counterpart_words::acts;

use super::{EntryArg, ReasonArg, act};
use crate::{error::Done, session::Session};

/// Cancel something agreed under a clause of its terms that lets you
///
/// Where no clause does, `counterpart release` asks the others.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Which of the terms' clauses, as `counterpart show` numbers them [default: the only one that is yours]
    #[arg(long, value_name = "NUMBER")]
    clause: Option<u32>,
    #[command(flatten)]
    reason: ReasonArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        acts::cancel(case, &args.target.entry, args.clause, args.reason.reason.as_deref())
    })
}
