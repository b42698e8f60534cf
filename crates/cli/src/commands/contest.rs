//! `counterpart contest`

use counterpart_core::{act::Act, value::Sealable};

use super::EntryArg;
use crate::{
    case::OpenCase,
    confirm,
    error::Done,
    session::{Session, typed},
};

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
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.entry(&args.target.entry)?;
    let act = Act::Contest { entry: target.id, reason: Sealable::Open(typed("the reason", &args.reason)?) };
    confirm::sign(session, &desk, case, &act).map(drop)
}
