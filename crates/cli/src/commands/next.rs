//! `counterpart next`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Say what each side can do now, what is waited for since when, and what follows from doing nothing
///
/// For your own side with the command to type. Only what would take effect is listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Only this side: a seat by number, label or role, or "me"
    #[arg(long = "for", value_name = "WHO")]
    who: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open(&session.desk()?, &args.case.case)?;
    let only = args.who.as_ref().map(|who| case.seat(who)).transpose()?;
    let outlook = render::outlook(&case, only);
    if session.terminal.json {
        return session.terminal.json(&json::next(&case, &outlook));
    }
    session.terminal.data(&render::next(&case, &outlook, session.terminal.columns()))
}
