//! `counterpart thanks`

use clap::Subcommand;
use counterpart_node::LetterKind;

use super::reminders::{self, send};
use crate::{error::Done, session::Session};

/// Thanks: to people who helped, when a promise was kept or the case is closed
///
/// Everybody named is thanked once for each thing done. As with reminders, nothing goes out without your yes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// The case; without one, all cases
    #[arg(value_name = "CASE")]
    case: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send the thanks that are due: each is shown as it will be sent, then you are asked
    Send(send::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Some(Command::Send(args)) => send::run(session, args, &[LetterKind::Thanks]),
        None => reminders::list(session, args.case.as_deref(), &[LetterKind::Thanks]),
    }
}
