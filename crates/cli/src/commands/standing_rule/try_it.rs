//! `counterpart standing-rule try`

use counterpart_node::now;
use counterpart_words::standing_rules::{Would, trials, tried_json};

use super::NameArg;
use crate::{commands::CaseArg, error::Done, render::line, session::Session};

/// Show what a rule would sign in a case now, word by word, and sign nothing
///
/// Tried are the newest entries of others of the kind that sets it off, or what is due; those from before the rule was
/// added as if they came in now.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    rule: NameArg,
    #[command(flatten)]
    case: CaseArg,
}

pub(super) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let rule = desk.standing_rule(&args.rule.name)?;
    let case = desk.resolve(&args.case.case)?;
    let trials = trials(&desk, &rule, &case.to_hex(), now())?;
    let terminal = session.terminal;
    if terminal.json {
        return terminal.json(&tried_json(&rule, &case, &trials));
    }
    if trials.is_empty() {
        terminal.say("There is nothing in this case that would set it off.");
        return Ok(());
    }
    let told = trials.iter().map(|trial| {
        let (would, more) = trial.would.in_words();
        match (&trial.would, more) {
            (Would::Sign(_), Some(text)) => format!("About {} it would sign:\n\n{text}", trial.name),
            (Would::Assign(_), Some(does)) => format!("About {} it would {}.", trial.name, line(&does)),
            (_, Some(why)) => format!("About {} it would do nothing ({would}): {}", trial.name, line(&why)),
            (_, None) => format!("About {} it would do nothing: {would}.", trial.name),
        }
    });
    terminal.data(&told.collect::<Vec<_>>().join("\n"))?;
    terminal.say("Nothing was signed.");
    Ok(())
}
