//! `counterpart log`

use super::CaseArg;
use crate::{case::OpenCase, error::Done, json, render, session::Session};

/// List everything that was signed in a case, oldest first, with what took no effect and why
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Only the last so many entries
    #[arg(long, value_name = "COUNT")]
    last: Option<usize>,
    /// Only what states or proposes this fact
    #[arg(long, value_name = "NAME")]
    item: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let case = OpenCase::open_with_stamps(&session.desk()?, &args.case.case)?;
    let mut lines = render::log_lines(&case);
    if let Some(key) = &args.item {
        let versions = render::item_history(&case, key.trim())?;
        lines.retain(|line| versions.iter().any(|version| version.id == line.id));
    }
    if let Some(last) = args.last {
        lines.drain(..lines.len().saturating_sub(last));
    }
    if session.terminal.json {
        return session.terminal.json(&json::log(&case, lines));
    }
    session.terminal.data(&render::write_log(&case, &lines, session.terminal.columns()))
}
