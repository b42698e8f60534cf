//! `counterpart show`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Show a case: whose move it is, what is agreed, what is due, what the other side has received
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open(&session.desk()?, &args.case.case)?;
    if session.terminal.json {
        return session.terminal.json(&json::show(&case));
    }
    session.terminal.data(&render::show(&case, session.terminal.columns()))
}
