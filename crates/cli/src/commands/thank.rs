//! `counterpart thank`

use counterpart_core::{act::Act, value::Sealable};

use super::{AboutArg, CaseArg, act, text};
use crate::{error::Done, session::Session};

/// Thank somebody who helped; their side sees it on record
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// What for, in your words
    text: String,
    /// Whom: a seat, or a person there as "supplier:Lucy" [default: the other side, where there is one]
    #[arg(long, value_name = "WHO[:PERSON]")]
    to: Option<String>,
    #[command(flatten)]
    about: AboutArg,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        let (seat, person) = match &args.to {
            Some(typed) => {
                let (seat, person) = case.seat_and_person(typed)?;
                (Some(seat), person.map(Sealable::Open))
            }
            None => (case.other_seat(), None),
        };
        Ok(Act::Thank { text: text("the thanks", &args.text)?, seat, person, about: args.about.find(case)? })
    })
}
