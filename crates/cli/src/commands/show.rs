//! `counterpart show`

use super::{CaseArg, notebook};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json, render,
    session::Session,
};

/// Show a case: whose move it is, what is agreed, what is due, what the other side has received
///
/// Your private notes for it come last, marked as such.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Only one fact with all its versions, such as item:price
    #[arg(value_name = "item:NAME")]
    item: Option<String>,
}

/// What everybody in the case could be shown, and what nobody else is.
#[derive(serde::Serialize)]
struct All {
    #[serde(flatten)]
    show: json::Show,
    /// The first of them.
    put_to_you: Vec<serde_json::Value>,
    put_to_you_in_all: usize,
    /// From the notebook.
    private: serde_json::Value,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open_with_stamps(&desk, &args.case.case)?;
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
        let private = notebook::private_json(&desk, &case)?;
        return session.terminal.json(&All {
            show: json::show(&case),
            put_to_you: json::put_to_you(&case),
            put_to_you_in_all: render::count_put_to_us(&case),
            private,
        });
    }
    let mut text = render::show(&case, columns);
    if let Some(private) = notebook::private_section(&desk, &case, columns)? {
        text.push_str(&format!("\n\n{private}"));
    }
    session.terminal.data(&text)
}
