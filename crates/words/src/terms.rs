//! Terms as people type them, and the proposal they become. The command and the pages read them here alike.

mod action;
mod answer;
mod topic;

pub use action::{ActionTyped, Clause, Fact, Misread, Term, Who};
pub use answer::{answer, close, free_terms_in_force};
pub use topic::{admit_new, free_seat, free_terms, item, item_in_one, item_of_json, role};

use counterpart_core::{
    act::{ActionTerms, Mode, Proposal, Subject, Topic},
    fold::{InForce, SubjectKey},
    id::EntryId,
    value::{ActionId, Sealable, Seat},
};

use crate::{
    case::{OpenCase, key_of},
    error::{CommandError, Done},
    render, when,
};

/// How long an offer holds, and whether its author keeps the last word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Until when it can be accepted, as typed.
    pub open_until: Option<String>,
    /// It binds its author only once they confirm it.
    pub confirm: bool,
}

impl Offer {
    /// Whether anything is said.
    pub fn says_anything(&self) -> bool {
        *self != Self::default()
    }

    /// Puts it into a proposal.
    pub fn put(&self, case: &OpenCase, proposal: Proposal) -> Done<Proposal> {
        let outright = |topic: &Topic| matches!(topic, Topic::AdmitSeat { .. } | Topic::AdmitNew { .. });
        if self.says_anything() && proposal.subjects.iter().any(|s| outright(&s.topic)) {
            return Err(CommandError::usage(
                "letting a party in is agreed outright: it is open without end, and nobody confirms it",
            )
            .hint("propose it by itself"));
        }
        let until = self.open_until.as_ref().map(|text| when::until(text, case.zone(), case.now)).transpose();
        let mode = if self.confirm { Mode::Confirm } else { Mode::Firm };
        Ok(Proposal { mode, open_until: until.map_err(|e| CommandError::usage(e.to_string()))?, ..proposal })
    }
}

/// A topic of a revision as a later revision continues it.
pub fn continued(key: &SubjectKey, topic: &Topic) -> Topic {
    match (key, topic.clone()) {
        (SubjectKey::Action(id), Topic::Action { terms, .. }) => Topic::Action { action: Some(*id), terms },
        (SubjectKey::Terms(id), Topic::Terms { title, text, seats, .. }) => {
            Topic::Terms { terms: Some(*id), title, text, seats }
        }
        (SubjectKey::Close(id), Topic::Close { summary, .. }) => Topic::Close { close: Some(*id), summary },
        (_, topic) => topic,
    }
}

/// Puts an item or free terms in place of those of the same name, or adds them.
pub fn replace_or_add(topics: &mut Vec<Topic>, new: Topic) {
    for old in topics.iter_mut() {
        match (&mut *old, &new) {
            (Topic::Item { key: old_key, .. }, Topic::Item { key, .. }) if old_key == key => {
                *old = new;
                return;
            }
            (Topic::Terms { title: old_title, text: old_text, .. }, Topic::Terms { title, text, .. })
                if old_title == title =>
            {
                old_text.clone_from(text);
                return;
            }
            _ => {}
        }
    }
    topics.push(new);
}

/// A proposal of these topics, resting on what is in force, to be signed by those it concerns.
pub fn proposal(case: &OpenCase, topics: Vec<Topic>, alleged: Option<EntryId>, note: Option<Sealable>) -> Proposal {
    let lens = case.lens();
    let base = |topic: &Topic| lens.in_force(&key_of(topic)?).standing().and_then(|(_, names)| names.first().copied());
    let subjects: Vec<Subject> = topics.into_iter().map(|topic| Subject { base: base(&topic), topic }).collect();
    let signers = lens.required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged, note }
}

/// The action to amend, and its terms in force.
pub fn in_force(case: &OpenCase, typed: &str) -> Done<(ActionId, ActionTerms)> {
    let (key, status) = case.subject(typed)?;
    let SubjectKey::Action(id) = key else {
        return Err(CommandError::usage("only actions are amended; propose items and terms anew"));
    };
    // Where agreements crossed, all may sign other terms instead; without a base these begin from the latest.
    let crossed = matches!(status.in_force, InForce::Crossed { .. }).then_some(status.revision);
    let revision = render::revision_in_force(&status).or(crossed);
    let terms = revision.and_then(|ix| case.lens().terms(ix, &key));
    match terms {
        Some(terms) => Ok((id, terms.clone())),
        None => {
            let (name, short) = (case.subject_name(&key), case.short());
            let open: Vec<String> =
                status.open.iter().map(|ix| case.entry_typed(&case.record.graph().id(*ix))).collect();
            let hint = match open.first() {
                Some(open) => format!("answer what is proposed instead: counterpart counter {short} {open} ..."),
                None => "propose it anew".to_owned(),
            };
            Err(CommandError::failed(format!("nothing is agreed on {name}, so there is nothing to amend")).hint(hint))
        }
    }
}

/// The word of a seat that is chosen in a draft: digits, letters and a dot.
pub fn draft_word(seat: &Seat) -> String {
    match seat {
        Seat::Number(number) => number.to_string(),
        Seat::Added(entry, index) => format!("{}.{index}", entry.to_hex()),
    }
}

/// A proposal to close the case that waits for an answer; and whether it is our own.
pub fn closing(case: &OpenCase) -> Option<(EntryId, bool)> {
    let closings = case.view().matters.iter().filter(|m| matches!(m.key, SubjectKey::Close(_)));
    let open = *closings.flat_map(|m| &m.status.open).next()?;
    let graph = case.record.graph();
    Some((graph.id(open), graph.statement(open).party == case.own))
}
