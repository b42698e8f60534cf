//! `counterpart standing-rule end`

use counterpart_words::standing_rules::ended_json;

use super::NameArg;
use crate::{error::Done, session::Session};

/// End a rule: it signs nothing more. What it signed stays signed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rule: NameArg,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let rule = desk.end_standing_rule(&args.rule.name)?;
    if session.terminal.json {
        return session.terminal.json(&ended_json(&rule.name));
    }
    session.terminal.say(&format!("{} signs nothing more. What it signed stays signed.", rule.name));
    Ok(())
}
