//! `counterpart refuse`

use counterpart_core::act::Act;

use super::{EntryArg, remark};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Refuse what somebody asks: the agreement or result stays
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.request(&args.target.entry, false)?;
    let act = Act::Refuse { request: target.id, reason: remark("the reason", args.reason.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}
