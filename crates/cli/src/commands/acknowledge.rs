//! `counterpart acknowledge`

use counterpart_core::act::Act;

use super::{CaseArg, NoteArg};
use crate::{case::OpenCase, confirm, error::Done, session::Session};

/// Say that entries of somebody else are right
///
/// It agrees to no terms: it only says that what was noted happened so. Several are shown together and asked for once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The entries, by number: 7, or '#7' in quotes
    #[arg(value_name = "REF", required = true)]
    entries: Vec<String>,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    let act = |typed: &String| Ok(Act::Acknowledge { entry: case.entry(typed)?.id, note: args.note.read()? });
    let acts = args.entries.iter().map(act).collect::<Done<Vec<_>>>()?;
    confirm::sign_all(session, &desk, case, &acts).map(drop)
}
