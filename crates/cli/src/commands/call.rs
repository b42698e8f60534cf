//! `counterpart call`

use super::{
    CaseArg,
    contact::{Channel, Said, note},
};
use crate::{error::Done, session::Session};

/// Note a telephone call: with whom, how long you waited, what was said
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    #[command(flatten)]
    said: Said,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    note(session, &args.case, Channel::Telephone, &args.said)
}
