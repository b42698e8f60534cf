//! `counterpart device`

mod add;
mod list;
mod remove;
pub(crate) mod wait;

use clap::Subcommand;

use crate::{error::Done, session::Session};

/// Further machines of your own: a mailbox that is always on, a second laptop
///
/// On the new machine `counterpart up --mailbox` (or `counterpart device wait`) prints a line; here `counterpart device
/// add LINE` calls that machine and makes it one of yours. Where no connection can be had, the same goes by lines of text:
/// `counterpart agent ask` there, `counterpart agent add` here, `counterpart agent take` there.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: DeviceCommand,
}

#[derive(Debug, Subcommand)]
enum DeviceCommand {
    Add(Box<add::Args>),
    List(list::Args),
    Remove(remove::Args),
    Wait(wait::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        DeviceCommand::Add(args) => add::run(session, args),
        DeviceCommand::List(args) => list::run(session, args),
        DeviceCommand::Remove(args) => remove::run(session, args),
        DeviceCommand::Wait(args) => wait::run(session, args),
    }
}
