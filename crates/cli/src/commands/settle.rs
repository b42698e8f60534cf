//! `counterpart settle`

use counterpart_words::acts;

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
        acts::settle(case, &args.target.entry, args.by.as_deref(), args.note.note.as_deref())
    })
}
