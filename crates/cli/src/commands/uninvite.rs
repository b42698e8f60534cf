//! `counterpart uninvite`

use counterpart_words::acts;

use super::{CaseArg, act};
use crate::{error::Done, session::Session};

/// Take an invitation back: its link is no use any more
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The invitation, by number [default: the only one that nobody has used]
    #[arg(value_name = "REF")]
    invite: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| acts::uninvite(case, args.invite.as_deref(), args.reason.as_deref()))
}
