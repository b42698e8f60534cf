//! `counterpart allow`

use counterpart_core::act::Act;

use super::{EntryArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// Allow what somebody asks: to be released, or to reopen a result
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Allow { request: case.request(&args.target.entry, false)?.id, note: args.note.read()? })
    })
}
