//! `counterpart call`

use super::contact::{Channel, Said, note};
use crate::{error::Done, session::Session};

/// Note a telephone call: the way through the menu, how long you waited, what was said, what was promised by when
///
/// Without the text of what was said it shows what your notebook knows (the number, the fastest way, people), then asks
/// short questions; what you answered is kept if you stop. A promise is recorded as what they said: your word, until they
/// agree to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    said: Said,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    note(session, Channel::Telephone, &args.said)
}
