//! `counterpart acknowledge`

use counterpart_core::act::Act;

use super::{EntryArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// Say that an entry of somebody else is right
///
/// It agrees to no terms: it only says that what was noted happened so.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Acknowledge { entry: case.entry(&args.target.entry)?.id, note: args.note.read()? })
    })
}
