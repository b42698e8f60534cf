//! `counterpart ratify`

use counterpart_core::act::Act;

use super::{CaseArg, act};
use crate::{error::Done, session::Session};

/// Stand by what an agent of yours signed without knowing that its rights had ended, or while your key log was in dispute
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The entries you stand by, by number
    #[arg(value_name = "REF", required = true)]
    entries: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        let entries = args.entries.iter().map(|typed| Ok(case.entry(typed)?.id)).collect::<Done<Vec<_>>>()?;
        Ok(Act::Ratify { entries })
    })
}
