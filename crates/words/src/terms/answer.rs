//! Answering a proposal with other terms, changing terms that are no action, closing a case.

use counterpart_core::{
    act::{Act, ActionTerms, Topic},
    fold::{InForce, SubjectKey},
    graph::Ix,
    value::{ActionId, Sealable, Seat},
};

use super::{Offer, closing, continued, proposal, replace_or_add};
use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::revision_in_force,
};

/// Answers the proposal meant with other terms. `change` makes the action's new terms of those proposed, where they change;
/// the parts in `without`, counted from 1, are left out; `new` is agreed besides, in place of what has the same name.
pub fn answer<C>(
    case: &OpenCase,
    of: &str,
    change: Option<C>,
    without: &[u32],
    new: Vec<Topic>,
    note: Option<Sealable>,
    offer: &Offer,
) -> Done<Act>
where
    C: Fn(&SubjectKey, &ActionTerms) -> Done<Topic>,
{
    let target = case.open_revision(of)?;
    let Some(answered) = case.record.fold().proposal(target.ix) else {
        return Err(case.no_proposal(target));
    };
    let keys = case.record.fold().subject_keys(target.ix);
    let actions = keys.iter().filter(|k| matches!(k, SubjectKey::Action(_))).count();
    let part = case.names.find(of)?.subject;
    let out = |n: usize| without.iter().any(|out| out.checked_sub(1).is_some_and(|out| out as usize == n));
    left_out(case, target.ix, without)?;
    if let Some(both) = part.filter(|part| change.is_some() && out(*part as usize)) {
        let part = both + 1;
        return Err(CommandError::usage(format!("part {part} cannot be changed and left out at once")));
    }
    if change.is_some() && actions > 1 && part.is_none() {
        let name = case.entry_typed(&target.id);
        return Err(CommandError::usage(format!("#{name} has {actions} actions: say which you change"))
            .hint(format!("write {name}/1 for the first part; --without-part N leaves one out"))
            .in_fields(format!("write {name}/1 for the first part")));
    }
    let mut topics = Vec::new();
    for (n, (key, subject)) in keys.iter().zip(&answered.subjects).enumerate() {
        if out(n) {
            continue;
        }
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
            .hint("say what: --due, --value, --what ...; `counterpart accept` agrees to it as it is")
            .in_fields(
                "say what: in \"action\" such as \"due\", \"value\" or \"what\", or in \"subjects\"; the act `accept` agrees to \
                 it as it is",
            ));
    }
    let proposal = proposal(case, topics, answered.alleged, note);
    Ok(Act::Counter { of: target.id, proposal: offer.put(case, proposal)? })
}

/// Whether the parts to be left out are there, and something else beside them.
fn left_out(case: &OpenCase, revision: Ix, without: &[u32]) -> Done {
    let (parts, name) =
        (case.record.fold().subject_keys(revision).len(), case.entry_name(&case.record.graph().id(revision)));
    if let Some(wrong) = without.iter().find(|n| **n == 0 || **n as usize > parts) {
        let has = if parts == 1 { "only one part".to_owned() } else { format!("{parts} parts") };
        return Err(CommandError::usage(format!("{name} has no part {wrong} to leave out: it has {has}")));
    }
    if !without.is_empty() && (1..=parts).all(|n| without.iter().any(|out| *out as usize == n)) {
        let (short, typed) = (case.short(), name.trim_start_matches('#'));
        return Err(CommandError::usage(format!("nothing of {name} would be left")).hint(format!(
            "counterpart decline {short} {typed} refuses all of it; what is your own is taken back by withdraw"
        )));
    }
    Ok(())
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
