//! `counterpart cut`

use counterpart_words::acts::limits;

use super::{CaseArg, act};
use crate::{error::Done, session::Session};

/// After ending an agent's rights: say up to which entry what it signed here counts
///
/// What it signed beyond that without knowing of the end is contested, until you ratify it or the others let it go.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Your agent: its name here, or its device such as K7F2-Q9XA-3
    #[arg(value_name = "WHO")]
    agent: String,
    /// The last entry of it that counts, by number [default: the last one held here before its rights ended]
    #[arg(long, value_name = "REF")]
    last: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |desk, case| limits::cut(desk, case, &args.agent, args.last.as_deref()))
}
