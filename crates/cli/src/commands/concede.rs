//! `counterpart concede`

use counterpart_core::act::Act;

use super::{EntryArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// Give in to a dispute that somebody else raised: they are right
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Concede { dispute: case.dispute(&args.target.entry)?.id, note: args.note.read()? })
    })
}
