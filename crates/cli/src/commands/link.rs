//! `counterpart link`

use counterpart_core::{act::Act, id::CaseId};

use super::{CaseArg, NoteArg, act};
use crate::{
    error::{CommandError, Done},
    session::{Session, typed},
};

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
        let other = match CaseId::from_hex(args.other.trim()) {
            Some(id) => id,
            None => desk.resolve(&args.other)?,
        };
        if other == case.id {
            return Err(CommandError::usage("that is this case itself")
                .hint("`counterpart list` shows the others; any case is named by its 64 digits"));
        }
        Ok(Act::Link { case: other, relation: typed("the relation", args.relation.trim())?, note: args.note.read()? })
    })
}
