//! `counterpart agent`

mod add;
mod ask;
pub(crate) mod list;
mod revoke;
mod take;

use clap::Subcommand;
use counterpart_core::keylog::RevokeReason;
use counterpart_words::agents::in_short;
pub(crate) use counterpart_words::agents::{ceilings, kinds, rights_json};

use crate::{error::Done, session::Session};

/// Further devices and agents that act for you: ask on the new machine, add on yours, take on the new one
///
/// An agent has its own key and may get fewer rights than you have. Everybody in your cases sees which device signed,
/// and by what right; names stay on your machines.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: AgentCommand,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    Ask(ask::Args),
    Add(add::Args),
    Take(take::Args),
    List(list::Args),
    Revoke(revoke::Args),
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        AgentCommand::Ask(args) => ask::run(session, args),
        AgentCommand::Add(args) => add::run(session, args),
        AgentCommand::Take(args) => take::run(session, args),
        AgentCommand::List(args) => list::run(session, args),
        AgentCommand::Revoke(args) => revoke::run(session, args),
    }
}

/// Why rights end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Reason {
    /// The agent left, or the machine is no longer used
    Ended,
    /// Its key is in wrong hands, or may be
    Compromised,
}

impl From<Reason> for RevokeReason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Ended => Self::Ended,
            Reason::Compromised => Self::Compromised,
        }
    }
}
