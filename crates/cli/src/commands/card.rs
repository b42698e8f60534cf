//! `counterpart card`

use counterpart_core::{
    act::{Act, Card},
    graph::Ix,
    value::Sealable,
};

use super::{CaseArg, act, remark};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    session::Session,
};

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
    act(session, &args.case, |desk, case| {
        let device = desk.author().device;
        let known = last_card(case, |card| card.device == Some(device));
        let given = |what: &str, text: &Option<String>| remark(what, text.as_ref());
        let name = given("the name", &args.name)?.or_else(|| known.as_ref().map(|k| k.name.clone()));
        let name = name.ok_or_else(|| {
            CommandError::usage("a card says a name").hint("write --name \"Priya Shah\"; the rest is up to you")
        })?;
        let kept = |field: fn(&Card) -> &Option<Sealable>| known.as_ref().and_then(|card| field(card).clone());
        let card = Card {
            name,
            function: given("the function", &args.function)?.or_else(|| kept(|c| &c.function)),
            phone: given("the phone number", &args.phone)?.or_else(|| kept(|c| &c.phone)),
            email: given("the e-mail address", &args.email)?.or_else(|| kept(|c| &c.email)),
            hours: given("the hours", &args.hours)?.or_else(|| kept(|c| &c.hours)),
            device: Some(device),
        };
        if known.as_ref() == Some(&card) {
            return Err(
                CommandError::usage("your card says just that already").hint("say what is new, such as --phone")
            );
        }
        Ok(Act::Card(card))
    })
}

/// The latest of our own party's cards that fits.
fn last_card(case: &OpenCase, fits: impl Fn(&Card) -> bool) -> Option<Card> {
    let own = |ix: &Ix| case.lens().has(*ix) && case.record.graph().statement(*ix).party == case.own;
    case.record.graph().ordered().into_iter().rev().filter(own).find_map(|ix| match case.record.laid_open(ix) {
        Act::Card(card) if fits(&card) => Some(card),
        _ => None,
    })
}
