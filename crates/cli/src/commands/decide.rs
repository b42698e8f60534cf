//! `counterpart decide`

use clap::ValueEnum;
use counterpart_core::act::{Act, Outcome};

use super::{EntryArg, act, text};
use crate::{error::Done, session::Session};

/// As the arbiter whom the parties agreed on: decide a dispute
///
/// It counts where everybody who signed the matter has also signed the agreement that names you.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// The decision and its reasons
    decision: String,
    /// What it makes of the matter; without it the decision is only recorded
    #[arg(long, value_enum)]
    outcome: Option<Decided>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Decided {
    /// It counts as done
    Completed,
    /// It is off
    Cancelled,
    /// It stands as agreed
    Agreed,
}

impl From<Decided> for Outcome {
    fn from(decided: Decided) -> Self {
        match decided {
            Decided::Completed => Self::Completed,
            Decided::Cancelled => Self::Cancelled,
            Decided::Agreed => Self::Agreed,
        }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let dispute = case.dispute(&args.target.entry)?.id;
        let decision = text("the decision", &args.decision)?;
        Ok(Act::Decide { dispute, decision, outcome: args.outcome.map(Outcome::from) })
    })
}
