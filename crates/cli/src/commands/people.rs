//! `counterpart people`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Say who is responsible on each side and since when, how to reach them, and how that was handed over
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open(&session.desk()?, &args.case.case)?;
    let people = case.record.people(case.view());
    if session.terminal.json {
        return session.terminal.json(&json::people(&case, &people));
    }
    session.terminal.data(&render::people(&case, &people, session.terminal.columns()))
}
