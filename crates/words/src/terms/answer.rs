//! Answering a proposal with other terms, changing terms that are no action, closing a case.

use counterpart_core::{
    act::{Act, ActionTerms, Topic},
    fold::{InForce, SubjectKey},
    value::{ActionId, Sealable, Seat},
};

use super::{Offer, closing, continued, proposal, replace_or_add};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::revision_in_force,
};

/// Answers the proposal meant with other terms. `change` makes the action's new terms of those proposed, where they change;
/// `new` is agreed besides, in place of what has the same name.
pub fn answer<C>(
    case: &OpenCase,
    of: &str,
    change: Option<C>,
    new: Vec<Topic>,
    note: Option<Sealable>,
    offer: &Offer,
) -> Done<Act>
where
    C: Fn(&SubjectKey, &ActionTerms) -> Done<Topic>,
{
    let target = case.open_revision(of)?;
    let Some(answered) = case.record.fold().proposal(target.ix) else {
        return Err(CommandError::usage(format!("{} is not a proposal", case.entry_name(&target.id)))
            .hint(format!("`counterpart show {}` lists what can be answered", case.short())));
    };
    let keys = case.record.fold().subject_keys(target.ix);
    let actions = keys.iter().filter(|k| matches!(k, SubjectKey::Action(_))).count();
    let part = case.names.find(of)?.subject;
    if change.is_some() && actions > 1 && part.is_none() {
        let name = case.entry_typed(&target.id);
        return Err(CommandError::usage(format!("#{name} has {actions} actions: say which you change"))
            .hint(format!("write {name}/1 for the first part")));
    }
    let mut topics = Vec::new();
    for (n, (key, subject)) in keys.iter().zip(&answered.subjects).enumerate() {
        let meant = part.is_none_or(|p| p as usize == n);
        topics.push(match (key, &subject.topic, &change) {
            (SubjectKey::Action(_), Topic::Action { terms, .. }, Some(change)) if meant => change(key, terms)?,
            (key, topic, _) => continued(key, topic),
        });
    }
    for topic in new {
        replace_or_add(&mut topics, topic);
    }
    let before = keys.iter().zip(&answered.subjects).map(|(k, s)| continued(k, &s.topic));
    if before.eq(topics.iter().cloned()) && note.is_none() && !offer.says_anything() {
        return Err(CommandError::usage("a counter changes something of what it answers")
            .hint("say what: --due, --value, --what ...; `counterpart accept` agrees to it as it is"));
    }
    let proposal = proposal(case, topics, answered.alleged, note);
    Ok(Act::Counter { of: target.id, proposal: offer.put(case, proposal)? })
}

/// Terms that are no action, as they are agreed now: what they continue, their title, and whose they are.
pub fn free_terms_in_force(case: &OpenCase, typed: &str) -> Done<(ActionId, String, Vec<Seat>)> {
    let (key, status) = case.subject(typed)?;
    // Where agreements crossed, all may sign other terms instead; these begin from the latest.
    let crossed = matches!(status.in_force, InForce::Crossed { .. }).then_some(status.revision);
    let subject = revision_in_force(&status).or(crossed).and_then(|ix| case.lens().subject(ix, &key));
    match (&key, subject.map(|subject| &subject.topic)) {
        (SubjectKey::Terms(id), Some(Topic::Terms { title, seats, .. })) => Ok((*id, title.clone(), seats.clone())),
        _ => Err(CommandError::failed("no such terms are agreed, so there is nothing to change")),
    }
}

/// Proposes to close the case.
pub fn close(case: &OpenCase, summary: Option<Sealable>) -> Done<Act> {
    if let Some((open, own)) = closing(case) {
        if own {
            return Err(CommandError::failed("you have proposed to close it already; it waits for the others"));
        }
        let (short, entry) = (case.short(), case.entry_typed(&open));
        return Err(CommandError::failed("closing is proposed already")
            .hint(format!("counterpart accept {short} {entry} agrees to it")));
    }
    Ok(Act::Propose(proposal(case, vec![Topic::Close { close: None, summary }], None, None)))
}
