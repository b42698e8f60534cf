//! `counterpart standing-rule try`

use counterpart_node::now;
use counterpart_words::standing_rules::{Would, trials};
use serde_json::{Value as Json, json};

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
        let tried: Vec<Json> = trials
            .iter()
            .map(|trial| {
                let (would, more) = in_words(&trial.would);
                json!({"entry": trial.entry.to_hex(), "name": trial.name, "would": would, "text": more})
            })
            .collect();
        return terminal.json(&json!({
            "schema": "counterpart/standing-rule-try/1",
            "rule": rule.name,
            "case": case.to_hex(),
            "tried": tried,
        }));
    }
    if trials.is_empty() {
        terminal.say("There is nothing in this case that would set it off.");
        return Ok(());
    }
    let told = trials.iter().map(|trial| {
        let (would, more) = in_words(&trial.would);
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

/// A word for programs, and the text that goes with it.
fn in_words(would: &Would) -> (&'static str, Option<String>) {
    match would {
        Would::Sign(text) => ("sign", Some(text.clone())),
        Would::Assign(agent) => ("assign", Some(format!("give {agent} the case, if nobody has it"))),
        Would::NotMeant(miss) => ("not meant", Some(miss.to_string())),
        Would::TooOld => ("too old", Some("it was more than two days ago".to_owned())),
        Would::Acted => ("acted already", None),
        Would::Held(held) => ("held back", Some(held.in_words())),
        Would::Refused(why) => ("refused", Some(why.message.clone())),
    }
}
