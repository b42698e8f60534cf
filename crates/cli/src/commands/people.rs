//! `counterpart people`

use clap::builder::{PossibleValuesParser, TypedValueParser};
use counterpart_core::id::PartyId;
use counterpart_node::{CheckedBy, now};

use super::CaseArg;
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    json, render,
    session::Session,
};

/// Say who is responsible on each side and since when, how to reach them, and how that was handed over
///
/// Each side has a check number. Ring them up on a number that you know from elsewhere and let them read out theirs, as
/// their own `counterpart people` shows it: if it is the same as here, they are who you think. `--checked` remembers that,
/// for you alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Remember that you compared the check number of this side, and that it is the same
    #[arg(long, value_name = "SEAT")]
    checked: Option<String>,
    /// How you compared it
    #[arg(long, value_name = "HOW", default_value = "telephone", value_parser = way(), requires = "checked")]
    by: CheckedBy,
    /// Forget that you compared the check number of this side
    #[arg(long, value_name = "SEAT", conflicts_with = "checked")]
    unchecked: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.case.case)?;
    if let Some(typed) = &args.checked {
        desk.keep_check(&whom(&case, typed)?, args.by, now())?;
    }
    if let Some(typed) = &args.unchecked {
        desk.drop_check(&whom(&case, typed)?)?;
    }
    let (people, checks) = (case.record.people(case.view()), desk.checks()?);
    if session.terminal.json {
        return session.terminal.json(&json::people(&case, &people, &checks));
    }
    session.terminal.data(&render::people(&case, &people, &checks, session.terminal.columns()))
}

fn way() -> impl TypedValueParser<Value = CheckedBy> {
    let words = PossibleValuesParser::new(CheckedBy::ALL.map(CheckedBy::as_str));
    words.try_map(|word| CheckedBy::from_word(&word).ok_or("no such way"))
}

/// The one party at a seat of the others.
fn whom(case: &OpenCase, typed: &str) -> Done<PartyId> {
    let seat = case.seat(typed)?;
    let label = case.seat_label(&seat);
    let parties = case.seats.iter().find(|s| s.seat == seat).map_or(&[][..], |s| s.parties.as_slice());
    match parties {
        [own] if *own == case.own => Err(CommandError::usage(format!("{label} is yourself"))),
        [one] => Ok(*one),
        [] => Err(CommandError::failed(format!("{label} has not joined yet, so there is nothing to compare"))),
        _ => Err(CommandError::failed(format!("two were admitted as {label}: decide first who it is"))),
    }
}
