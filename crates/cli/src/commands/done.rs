//! `counterpart done`

use counterpart_words::acts;

use super::{EntryArg, act};
use crate::{error::Done, session::Session};

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
    act(session, &args.target.case, |_, case| {
        let evidence: Vec<&str> = args.evidence.iter().map(String::as_str).collect();
        acts::declare(case, &args.target.entry, args.note.as_deref(), &evidence)
    })
}
