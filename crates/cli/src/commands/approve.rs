//! `counterpart approve`

use counterpart_core::act::Act;

use super::{EntryArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// Approve what was declared done: it is what was agreed
///
/// Where the signed terms say that silence counts as acceptance, whoever did it can sign this too, once that time has
/// passed since proven delivery and nobody has rejected it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Approve { declare: case.declaration(&args.target.entry)?.id, note: args.note.read()? })
    })
}
