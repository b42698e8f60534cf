//! `counterpart card`

use counterpart_words::acts::{self, Introduced};

use super::{CaseArg, act};
use crate::{error::Done, session::Session};

/// Introduce yourself in a case: who signs with this machine, and how to reach you directly
///
/// What you do not say anew stays as on your last card.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// Your name
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What you do there, such as "customer care, complaints"
    #[arg(long, value_name = "TEXT")]
    function: Option<String>,
    /// Your direct line
    #[arg(long, value_name = "TEXT")]
    phone: Option<String>,
    /// Your e-mail address
    #[arg(long, value_name = "TEXT")]
    email: Option<String>,
    /// When you can be reached, such as "Monday to Thursday 9 to 17"
    #[arg(long, value_name = "TEXT")]
    hours: Option<String>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    let said = Introduced {
        name: args.name.as_deref(),
        function: args.function.as_deref(),
        phone: args.phone.as_deref(),
        email: args.email.as_deref(),
        hours: args.hours.as_deref(),
    };
    act(session, &args.case, |desk, case| acts::card(case, desk.author().device, &said))
}
