//! `counterpart allow`

use counterpart_core::act::Act;

use super::{EntryArg, remark};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Allow what somebody asks: to be released, or to reopen a result
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.request(&args.target.entry, false)?;
    let act = Act::Allow { request: target.id, note: remark("the note", args.note.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}
