//! `counterpart standing-rule`

mod add;
mod end;
mod list;
mod show;
mod try_it;

use clap::Subcommand;
use counterpart_process::standing_rule::StandingRule;
use counterpart_words::standing_rules::{only_in_words, then_in_words, when_in_words};

use crate::{error::Done, session::Session};

/// Let your running node sign by itself what you always sign alike: small refunds, an answer when somebody joins
///
/// A rule says at which agent's seat it signs (counterpart seat), what sets it off, what has to hold besides, and the one
/// act that it signs then, within the seat's rights and ceilings. It acts once on each thing that comes in, while
/// `counterpart up` runs. docs/rules-that-sign.md says what rules cannot do.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(Box<add::Args>),
    List(list::Args),
    Show(show::Args),
    Try(try_it::Args),
    End(end::Args),
}

#[derive(Debug, clap::Args)]
struct NameArg {
    /// The rule, by name
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    match &args.command {
        Command::Add(args) => add::run(session, args),
        Command::List(args) => list::run(session, args),
        Command::Show(args) => show::run(session, args),
        Command::Try(args) => try_it::run(session, args),
        Command::End(args) => end::run(session, args),
    }
}

/// A rule in one sentence.
fn sentence(rule: &StandingRule) -> String {
    let only = only_in_words(&rule.only);
    let only = if only.is_empty() { String::new() } else { format!(", and {}", only.join(", and ")) };
    format!("when {}{only}: {}", when_in_words(rule.when), then_in_words(&rule.then))
}
