//! `counterpart reminders sent`

use counterpart_core::id::short_form;
use counterpart_node::{Letter, LetterState, Posted, now};
use counterpart_words::letters;
use serde_json::json;

use super::numbered;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::Session,
};

/// Put on record that you sent a draft yourself
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The case: its short form such as K7F2-Q9XA-3, the first characters of it, or . for your only case
    #[arg(value_name = "CASE")]
    case: String,
    /// Which letter, by its number in `counterpart reminders CASE` [default: the only draft there is]
    #[arg(value_name = "NUMBER")]
    number: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let outlook = desk.reminders(&desk.resolve(&args.case)?, now())?;
    let drafts: Vec<&Letter> = outlook.open_letters().filter(|l| l.state == LetterState::Draft).collect();
    let letter = match (&args.number, drafts.as_slice()) {
        (Some(number), _) => numbered(&outlook, number)?,
        (None, [one]) => one,
        (None, []) => return Err(CommandError::failed("there is no draft in this case")),
        (None, _) => {
            return Err(CommandError::usage("there are several drafts: say which, by its number").hint(format!(
                "`counterpart reminders {0}` numbers them; then such as counterpart reminders sent {0} 1",
                args.case
            )));
        }
    };
    if letter.state != LetterState::Draft {
        return Err(CommandError::usage("that letter is no draft").hint("`counterpart reminders send` sends it"));
    }
    let case = OpenCase::open(&desk, &short_form(&outlook.case.0))?;
    if let Some(act) = letter.act() {
        confirm::agree(session, &confirm::text(&case, &[act]))?;
    }
    let posted = desk.letter_sent_by_hand(letter.clone(), now())?;
    let Posted::Sent(letter) = posted else { return Err(CommandError::failed(posted.line())) };
    if session.terminal.json {
        return session
            .terminal
            .json(&json!({"schema": "counterpart/letters-sent/1", "letters": [letters::letter(&letter)]}));
    }
    if let Some(entry) = letter.entry() {
        let case = OpenCase::open(&desk, &short_form(&outlook.case.0))?;
        session.terminal.data(&case.entry_name(&entry))?;
    }
    session.terminal.say("It is on record.");
    Ok(())
}
