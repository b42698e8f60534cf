//! `counterpart mail`

mod consent;
mod fetch;
mod provider;
mod set;
mod show;
mod test;

use clap::Subcommand;
use counterpart_mail::{FetchError, SendError};
use counterpart_node::PostError;

use crate::{
    error::{CommandError, Done, Kind},
    session::Session,
};

/// Your mail: set it up, test it, fetch the answers to your cases
///
/// Nothing of this is needed to use Counterpart. With it, reminders and thanks are sent from your own address, and answers
/// are found in your own mailbox, where nothing is marked, moved or deleted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Set(Box<set::Args>),
    Show(show::Args),
    Test(test::Args),
    Fetch(fetch::Args),
    Consent(consent::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::Set(args) => set::run(session, args),
        Command::Show(args) => show::run(session, args),
        Command::Test(args) => test::run(session, args),
        Command::Fetch(args) => fetch::run(session, args),
        Command::Consent(args) => consent::run(session, args),
    }
}

/// Why something with mail did not happen, and what would help.
pub(crate) fn failed(error: PostError) -> CommandError {
    let kind = if error.may_try_again() { Kind::Unreachable } else { Kind::Failed };
    let hint = match &error {
        PostError::Desk(_) => None,
        PostError::NoFetching => Some("`counterpart mail set` sets it up"),
        PostError::Send(SendError::Login { .. }) | PostError::Fetch(FetchError::Login { .. }) => Some(
            "many providers want a password made for programs alone, not the one you log in with on their pages: docs/mail.md",
        ),
        PostError::Send(SendError::Untrusted { .. }) | PostError::Fetch(FetchError::Untrusted { .. }) => Some(
            "is the server's name right? A server of your own is trusted with `counterpart mail set --root FILE.pem`",
        ),
        PostError::Fetch(FetchError::Folder { .. }) => {
            Some("name the folder as the mailbox does: mail set --folder NAME")
        }
        other if other.may_try_again() => Some("nothing is lost; try again later"),
        _ => None,
    };
    let error = match error {
        PostError::Desk(error) => return error.into(),
        PostError::NoFetching => CommandError::usage(error.to_string()),
        other => CommandError::of(kind, other.to_string()),
    };
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}
