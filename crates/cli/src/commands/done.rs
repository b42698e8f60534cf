//! `counterpart done`

use counterpart_core::act::Act;

use super::{EntryArg, remark};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Declare that what you agreed to do is done; those it was for approve or reject it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// A remark to go with it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// An entry that shows it, by number; repeat for more
    #[arg(long, value_name = "REF")]
    evidence: Vec<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.in_force(&args.target.entry)?;
    let evidence = args.evidence.iter().map(|e| Ok(case.entry(e)?.id)).collect::<Done<Vec<_>>>()?;
    let note = remark("the note", args.note.as_ref())?;
    let act = Act::Declare { revision: target.id, subject: target.subject, note, evidence };
    confirm::sign(session, &desk, case, &act).map(drop)
}
