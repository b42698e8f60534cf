//! `counterpart settle`

use counterpart_core::act::Act;

use super::{EntryArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// End a dispute that you raised, perhaps because something else was agreed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// The agreement that settles it, by number
    #[arg(long, value_name = "REF")]
    by: Option<String>,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let dispute = case.dispute(&args.target.entry)?.id;
        let revision = args.by.as_ref().map(|typed| Ok::<_, crate::error::CommandError>(case.in_force(typed)?.id));
        Ok(Act::Settle { dispute, revision: revision.transpose()?, note: args.note.read()? })
    })
}
