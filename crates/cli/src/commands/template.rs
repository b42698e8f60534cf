//! `counterpart template`

mod check;
mod list;
mod new;
mod show;

use clap::Subcommand;

use crate::{error::Done, session::Session};

/// Templates of cases: what a kind of case asks for and proposes; `counterpart new --from NAME` uses one
///
/// Those that come with the program cover what goes wrong most often. One of your own takes a minute:
/// `counterpart template new NAME --like refund`, then change the file in an editor.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    New(new::Args),
    Check(check::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::List(args) => list::run(session, args),
        Command::Show(args) => show::run(session, args),
        Command::New(args) => new::run(session, args),
        Command::Check(args) => check::run(session, args),
    }
}
