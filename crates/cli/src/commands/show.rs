//! `counterpart show`

use super::CaseArg;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json, render,
    session::Session,
};

/// Show a case: whose move it is, what is agreed, what is due, what the other side has received
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Only one fact with all its versions, such as item:price
    #[arg(value_name = "item:NAME")]
    item: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open_with_stamps(&session.desk()?, &args.case.case)?;
    let columns = session.terminal.columns();
    if let Some(typed) = &args.item {
        let Some(key) = typed.strip_prefix("item:") else {
            return Err(CommandError::usage(format!("'{typed}' is not something to show by itself")).hint(format!(
                "a fact is shown by item:NAME; an entry by `counterpart why {} {typed}`",
                case.short()
            )));
        };
        let history = render::item_history(&case, key.trim())?;
        if session.terminal.json {
            return session.terminal.json(&json::item_history(&case, key.trim(), &history));
        }
        return session.terminal.data(&render::write_item(&case, key.trim(), &history, columns));
    }
    if session.terminal.json {
        return session.terminal.json(&json::show(&case));
    }
    session.terminal.data(&render::show(&case, columns))
}
