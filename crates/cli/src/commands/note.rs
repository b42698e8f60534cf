//! `counterpart note`

use counterpart_core::act::Act;

use super::{AboutArg, CaseArg, act, text};
use crate::{error::Done, session::Session};

/// Put anything worth remembering on record; everybody in the case will read it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What to note
    text: String,
    #[command(flatten)]
    about: AboutArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        Ok(Act::Note { text: text("the note", &args.text)?, about: args.about.find(case)? })
    })
}
