//! `counterpart attachment`

mod get;
mod put;

use clap::Subcommand;

use crate::{error::Done, session::Session};

/// The bytes of one file on record: save them, or supply them by hand
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Get(get::Args),
    Put(put::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::Get(args) => get::run(session, args),
        Command::Put(args) => put::run(session, args),
    }
}
