//! `counterpart why`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// Say why something stands as it does: the acts behind it, who signed each, what proves when, and what follows
///
/// Of an action, an item or any entry. A claimed time is its author's; it is proven only between what another party
/// signed before and after it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// An action or entry by number, such as 7 or 7/2, or an item by its key, such as price
    #[arg(value_name = "REF")]
    what: String,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open_with_stamps(&session.desk()?, &args.case.case)?;
    let why = case.record.why(case.question(&args.what)?);
    if session.terminal.json {
        return session.terminal.json(&json::why(&case, &why));
    }
    session.terminal.data(&render::why(&case, &why, session.terminal.columns()))
}
