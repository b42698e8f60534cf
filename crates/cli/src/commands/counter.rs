//! `counterpart counter`

use counterpart_core::{act::ActionTerms, fold::SubjectKey};

use super::{EntryArg, act};
use crate::{
    error::Done,
    session::Session,
    terms::{self, TermsArgs},
};

/// Answer a proposal with other terms; what you do not say anew stays as they proposed it
///
/// It takes the place of what it answers, which can then no longer be accepted. Answering your own proposal replaces it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: EntryArg,
    /// What is to be done instead
    #[arg(long, value_name = "TEXT")]
    what: Option<String>,
    #[command(flatten)]
    terms: TermsArgs,
}

pub(crate) fn run(session: &Session, args: &Args) -> Done {
    act(session, &args.target.case, |_, case| {
        let new = args.terms.others(case)?;
        let changes_action = args.what.is_some() || args.terms.says_of_action();
        let change = changes_action.then_some(|key: &SubjectKey, terms: &ActionTerms| {
            let id = match key {
                SubjectKey::Action(id) => Some(*id),
                _ => None,
            };
            args.terms.action(case, id, Some(terms), args.what.as_deref())
        });
        terms::answer(case, &args.target.entry, change, new, args.terms.note()?, &args.terms.said_of_offer())
    })
}
