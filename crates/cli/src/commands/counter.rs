//! `counterpart counter`

use counterpart_core::{
    act::{Act, Topic},
    fold::SubjectKey,
};

use super::EntryArg;
use crate::{
    case::OpenCase,
    confirm,
    error::{CommandError, Done},
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
    let desk = session.desk()?;
    let case = OpenCase::open(&desk, &args.target.case.case)?;
    let target = case.open_revision(&args.target.entry)?;
    let Some(answered) = case.record.fold().proposal(target.ix) else {
        return Err(CommandError::usage(format!("{} is not a proposal", case.entry_name(&target.id)))
            .hint(format!("`counterpart show {}` lists what can be answered", case.short())));
    };
    let keys = case.record.fold().subject_keys(target.ix);
    let actions = keys.iter().filter(|k| matches!(k, SubjectKey::Action(_))).count();
    let part = case.names.find(&args.target.entry)?.subject;
    let new = args.terms.others(&case)?;
    let changes_action = args.what.is_some() || args.terms.says_of_action();
    if changes_action && actions > 1 && part.is_none() {
        let name = case.entry_typed(&target.id);
        return Err(CommandError::usage(format!("#{name} has {actions} actions: say which you change"))
            .hint(format!("write {name}/1 for the first part")));
    }
    let mut topics = Vec::new();
    for (n, (key, subject)) in keys.iter().zip(&answered.subjects).enumerate() {
        let meant = part.is_none_or(|p| p as usize == n);
        topics.push(match (key, &subject.topic) {
            (SubjectKey::Action(id), Topic::Action { terms, .. }) if meant && changes_action => {
                args.terms.action(&case, Some(*id), Some(terms), args.what.as_deref())?
            }
            (key, topic) => terms::continued(key, topic),
        });
    }
    for topic in new {
        terms::replace_or_add(&mut topics, topic);
    }
    let unchanged =
        keys.iter().zip(&answered.subjects).map(|(k, s)| terms::continued(k, &s.topic)).eq(topics.iter().cloned());
    if unchanged && args.terms.note()?.is_none() && !args.terms.says_of_offer() {
        return Err(CommandError::usage("a counter changes something of what it answers")
            .hint("say what: --due, --value, --what ...; `counterpart accept` agrees to it as it is"));
    }
    let proposal = terms::proposal(&case, topics, answered.alleged, args.terms.note()?);
    let act = Act::Counter { of: target.id, proposal: args.terms.offer(&case, proposal)? };
    confirm::sign(session, &desk, case, &act).map(drop)
}
