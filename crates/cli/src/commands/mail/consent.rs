//! `counterpart mail consent`

use counterpart_node::now;
use serde_json::json;

use crate::{case::OpenCase, commands::CaseArg, confirm, error::Done, render, session::Session};

/// Let answers to a case be taken into it unasked, or no longer
///
/// Counts for mail that answers one known in the case, and for mail that bears its tag and comes from an address known in it.
/// Anything else still waits for you.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// No longer
    #[arg(long)]
    end: bool,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    if !args.end {
        let words = format!(
            "For case {} ({}): from now on each mail that answers one of this case, or bears its tag and comes from an address \
             known in it, is signed into the record as a contact, with the whole mail beside it. Both go to everybody in the \
             case.\n",
            render::line(&case.title),
            case.short()
        );
        confirm::ask_first(session, &words, "Take such mail in without asking?", "changed")?;
    }
    desk.take_mail_unasked(&case.id, !args.end, now())?;
    if session.terminal.json {
        return session.terminal.json(&json!({
            "schema": "counterpart/mail-consent/1", "case": case.id.to_hex(), "unasked": !args.end,
        }));
    }
    session.terminal.say(if args.end {
        "From now on each mail waits until you say yes."
    } else {
        "Answers are taken in unasked. `counterpart mail consent CASE --end` ends that."
    });
    Ok(())
}
