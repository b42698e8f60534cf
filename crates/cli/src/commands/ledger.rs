//! `counterpart ledger`

mod over_cases;

use std::path::PathBuf;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json, render,
    session::Session,
};

/// Say what became of each side's promises: kept, late, missed, renegotiated, released, stopped, open
///
/// Counted from signed acts only. What was said and never agreed stands apart.
///
/// With --all it goes over all your cases and says what the others promised you, be they suppliers or customers, by who
/// they are and by the people there: promises kept, late and missed, how many contacts and calls, how long you waited in
/// them, and how often you were told to begin anew. Told again counts a contact that you noted, in which somebody of the
/// other side is named whom none of your earlier contacts with them in that case names, where there was an earlier one.
/// Only your own copies of the records are counted. What you promised stands in the ledger of each case.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE", required_unless_present_any = ["all", "with"], conflicts_with_all = ["all", "with"])]
    case: Option<String>,
    /// Over all your cases
    #[arg(long)]
    all: bool,
    /// Over all your cases with these others
    #[arg(long, value_name = "NAME")]
    with: Option<String>,
    /// Write it as a table for spreadsheets, over all your cases
    #[arg(long, value_name = "FILE", conflicts_with = "case")]
    csv: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "csv")]
    force: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let Some(case) = &args.case else { return over_cases::run(session, &desk, args) };
    if args.csv.is_some() {
        return Err(CommandError::usage("--csv goes with --all or --with"));
    }
    let case = OpenCase::open(&desk, case)?;
    if session.terminal.json {
        return session.terminal.json(&json::ledger(&case));
    }
    session.terminal.data(&render::ledger(&case, session.terminal.columns()))
}
