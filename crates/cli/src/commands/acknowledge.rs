//! `counterpart acknowledge`

use counterpart_core::act::Act;

use super::{EntryArg, remark};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Say that an entry of somebody else is right
///
/// It agrees to no terms: it only says that what was noted happened so.
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
    let target = case.entry(&args.target.entry)?;
    let act = Act::Acknowledge { entry: target.id, note: remark("the note", args.note.as_ref())? };
    confirm::sign(session, &desk, case, &act).map(drop)
}
