//! `counterpart ledger`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Say what became of each side's promises: kept, late, missed, renegotiated, released, stopped, open
///
/// Counted from signed acts only. What was said and never agreed stands apart.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open(&session.desk()?, &args.case.case)?;
    if session.terminal.json {
        return session.terminal.json(&json::ledger(&case));
    }
    session.terminal.data(&render::ledger(&case, session.terminal.columns()))
}
