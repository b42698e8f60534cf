//! `counterpart remind`

use counterpart_core::{act::Act, view::SeatView};

use super::{AboutArg, CaseArg, act, text};
use crate::{error::Done, render, session::Session};

/// Remind somebody of something promised or asked; it stays on record that you did
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What you remind of, in your words
    text: String,
    #[command(flatten)]
    about: AboutArg,
    /// Whom: a seat by number, name or role [default: the other side, where there is one]
    #[arg(long, value_name = "WHO")]
    to: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        let seat = match &args.to {
            Some(typed) => Some(case.seat(typed)?),
            None => case.other_seat(),
        };
        let free = |s: &&SeatView| Some(s.seat) == seat && s.parties.is_empty();
        if let Some(absent) = case.seats.iter().find(free) {
            session.terminal.say(&format!(
                "{} has not joined: nothing of this is sent to them. It notes that you reminded them, and the next reminder \
                 says so. `counterpart reminders send {}` writes to them.",
                render::sealable(&absent.label),
                case.short()
            ));
        }
        Ok(Act::Remind { text: text("the reminder", &args.text)?, about: args.about.find(case)?, seat })
    })
}
