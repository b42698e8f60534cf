//! `counterpart confirm`

use counterpart_core::act::Act;

use super::{WholeArg, accept::terms_named, act};
use crate::{error::Done, session::Session};

/// Confirm a proposal of yours that was made with --confirm, once the others have accepted it
///
/// Only this binds you: until then you can still withdraw it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: WholeArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        Ok(Act::Confirm { revision: terms_named(session, case, &args.target.entry, "confirm")?.id })
    })
}
