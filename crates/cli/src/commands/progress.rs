//! `counterpart progress`

use counterpart_core::act::Act;

use super::{EntryArg, act, text};
use crate::{error::Done, session::Session};

/// Say how far something agreed is; it changes no terms
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// How far it is, in your words
    text: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let target = case.in_force(&args.target.entry)?;
        let text = text("how far it is", &args.text)?;
        Ok(Act::Progress { revision: target.id, subject: target.subject, text })
    })
}
