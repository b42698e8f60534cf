//! `counterpart contact`

use clap::ValueEnum;
use counterpart_core::{
    act::{Act, Contact},
    value::{Sealable, Seat},
};

use super::{CaseArg, remark};
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
    session::{Session, typed},
    when,
};

/// Note that you were in contact: when, with whom, and what was said
///
/// `counterpart call` is the same for the telephone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// How: telephone, mail, e-mail, visit, chat or other
    #[arg(long, value_enum)]
    channel: Channel,
    #[command(flatten)]
    said: Said,
}

/// What is noted of any contact.
#[derive(Debug, clap::Args)]
pub(super) struct Said {
    /// What was said, in your words
    summary: String,
    /// With whom: a seat, a person there as "supplier:Priya", or just the person's name
    #[arg(long, value_name = "WHO")]
    with: Option<String>,
    /// They got in touch with you, not you with them
    #[arg(long = "in")]
    incoming: bool,
    /// When it began: "today 10:15", "20 minutes ago" [default: now, less the minutes it took]
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// How many minutes it took
    #[arg(long, value_name = "COUNT")]
    minutes: Option<u32>,
    /// How many minutes you waited before
    #[arg(long, value_name = "COUNT")]
    waited: Option<u32>,
    /// Their number or address; kept beside the record, so that it can be erased later
    #[arg(long, value_name = "TEXT")]
    number: Option<String>,
    /// The reference they gave you
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// A choice in their telephone menu, in order: "2 billing"; repeat for more
    #[arg(long, value_name = "TEXT")]
    menu: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Channel {
    Telephone,
    Mail,
    #[value(name = "e-mail", alias = "email")]
    Email,
    Visit,
    Chat,
    Other,
}

impl Channel {
    fn as_str(self) -> &'static str {
        match self {
            Self::Telephone => "telephone",
            Self::Mail => "mail",
            Self::Email => "e-mail",
            Self::Visit => "visit",
            Self::Chat => "chat",
            Self::Other => "other",
        }
    }
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    note(session, &args.case, args.channel, &args.said)
}

/// Notes a contact by any channel.
pub(super) fn note(session: &Session, case: &CaseArg, channel: Channel, said: &Said) -> Done {
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &case.case)?;
    let (seat, person) = whom(&case, said.with.as_deref())?;
    let took = said.minutes.map(|m| i64::from(m) * 60);
    let started = match &said.at {
        Some(at) => when::past(at, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?,
        None => case.now - took.unwrap_or(0) * 1000,
    };
    if started > case.now {
        return Err(CommandError::usage(format!("{} has not come yet", when::show(started, case.zone())))
            .hint("write when it began, such as --at \"today 10:15\" or --at \"20 minutes ago\""));
    }
    let menu = said.menu.iter().map(|m| Ok(Sealable::Open(typed("the menu choice", m)?))).collect::<Done<Vec<_>>>()?;
    let act = Act::Contact(Contact {
        channel: channel.as_str().to_owned(),
        direction: if said.incoming { "in" } else { "out" }.to_owned(),
        started,
        seconds: took,
        waited: said.waited.map(|m| i64::from(m) * 60),
        seat,
        person: person.map(Sealable::Open),
        number: remark("the number", said.number.as_ref())?,
        reference: remark("the reference", said.reference.as_ref())?,
        summary: Sealable::Open(typed("the summary", &said.summary)?),
        menu,
    });
    confirm::sign(session, &desk, case, &act).map(drop)
}

/// A seat, a person at a seat, or a person of the other side.
fn whom(case: &OpenCase, with: Option<&str>) -> Done<(Option<Seat>, Option<String>)> {
    let Some(with) = with else { return Ok((case.other_seat(), None)) };
    match case.seat_and_person(with) {
        Ok((seat, person)) => Ok((Some(seat), person)),
        Err(_) if !with.contains(':') => Ok((case.other_seat(), Some(typed("the person's name", with)?))),
        Err(error) => Err(error),
    }
}
