//! `counterpart counter`

use counterpart_core::{act::ActionTerms, fold::SubjectKey};

use super::{CaseArg, act};
use crate::{
    error::Done,
    session::Session,
    terms::{self, TermsArgs},
};

/// Answer a proposal with other terms; what you do not say anew stays as they proposed it
///
/// It takes the place of what it answers, which can then no longer be accepted. Answering your own proposal replaces it.
/// Of a bundle, say which part you change, as 7/2: the other parts stay as they were proposed. --without-part leaves one
/// out.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    case: CaseArg,
    /// The proposal, by number: 7, or '#7' in quotes; 7/2 to change the second part of a bundle
    #[arg(value_name = "REF")]
    entry: String,
    /// What is to be done instead
    #[arg(long, value_name = "TEXT")]
    what: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
    /// A part of the bundle to leave out, by number: 2 for the second; repeat for more
    #[arg(long, value_name = "NUMBER")]
    without_part: Vec<u32>,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.case, |_, case| {
        let new = args.terms.others(case, false)?;
        let changes_action = args.what.is_some() || args.terms.says_of_action();
        let change = changes_action.then_some(|key: &SubjectKey, terms: &ActionTerms| {
            let id = match key {
                SubjectKey::Action(id) => Some(*id),
                _ => None,
            };
            args.terms.action(case, id, Some(terms), args.what.as_deref(), false)
        });
        let (without, offer) = (&args.without_part, args.terms.said_of_offer());
        terms::answer(case, &args.entry, change, without, new, args.terms.note()?, &offer)
    })
}
