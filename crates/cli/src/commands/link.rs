//! `counterpart link`

use counterpart_words::acts;

use super::{CaseArg, NoteArg, act};
use crate::{error::Done, session::Session};

/// Point to another case, such as one with a third party about the same matter
///
/// Everybody in this case sees the other's number; what is in it stays with those who are in it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The other case: one of yours, or the 64 digits of any
    other: String,
    /// What it is to this one, in a word or two: continues, about-the-same, appeal ...
    #[arg(long, value_name = "WORD", default_value = "related")]
    relation: String,
    #[command(flatten)]
    note: NoteArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |desk, case| {
        acts::link(desk, case, &args.other, &args.relation, args.note.note.as_deref())
    })
}
