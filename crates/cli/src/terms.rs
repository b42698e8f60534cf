//! Terms as people give them on the command line, and the proposal they become.

mod action;
mod also;

pub(crate) use action::{ActionArgs, Droppable};

use counterpart_core::{
    act::{ActionTerms, Mode, Proposal, Role, Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    value::{ActionId, Sealable, Seat},
};

use crate::{
    case::{OpenCase, key_of},
    error::{CommandError, Done},
    item_value::{self, Here},
    session::typed,
    when,
};

/// The options that `propose` and `counter` share.
#[derive(Debug, clap::Args)]
pub(crate) struct TermsArgs {
    #[command(flatten)]
    action: ActionArgs,
    /// A term to leave out that was there before; repeat for more
    #[arg(long, value_name = "TERM", value_enum)]
    without: Vec<Droppable>,
    /// A further action of the same proposal: "WHAT; by WHO; for WHO; due TIME; value MONEY"; repeat for more
    #[arg(long, value_name = "WHAT; TERMS")]
    also: Vec<String>,
    /// A fact to agree on: KEY=VALUE, or KEY=VALUE:TYPE such as price=24.99:money:GBP; repeat for more
    #[arg(long, value_name = "KEY=VALUE[:TYPE]")]
    item: Vec<String>,
    /// Other terms to agree on, with a title, between everybody who takes part; repeat for more
    #[arg(long, value_names = ["TITLE", "TEXT"], num_args = 2)]
    terms: Vec<String>,
    /// Let a further party take a seat of the case that is free; repeat for more
    #[arg(long, value_name = "SEAT")]
    admit: Vec<String>,
    /// Add a seat and let a party take it: role (customer, supplier, third, observer, arbiter) and name; repeat for more
    #[arg(long, value_names = ["ROLE", "LABEL"], num_args = 2)]
    admit_new: Vec<String>,
    /// Until when it can be accepted: "2026-07-08 17:00", or "in 3 days" from now; a later answer binds only if all agree
    #[arg(long, value_name = "TIME")]
    open_until: Option<String>,
    /// Binds you only once you confirm it, after the others have accepted
    #[arg(long)]
    confirm: bool,
    /// A remark to go with it; it is not part of the terms
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl TermsArgs {
    /// Whether anything is said of an action's terms.
    pub(crate) fn says_of_action(&self) -> bool {
        !self.without.is_empty() || self.action.says_anything()
    }

    /// Whether anything is said of how long the offer holds, or of its mode.
    pub(crate) fn says_of_offer(&self) -> bool {
        self.open_until.is_some() || self.confirm
    }

    pub(crate) fn note(&self) -> Done<Option<Sealable>> {
        self.note.as_deref().map(|n| Ok(Sealable::Open(typed("the note", n)?))).transpose()
    }

    /// An action's terms: what is said here, over what `known` says.
    pub(crate) fn action(
        &self,
        case: &OpenCase,
        action: Option<ActionId>,
        known: Option<&ActionTerms>,
        what: Option<&str>,
    ) -> Done<Topic> {
        self.action.topic(case, action, known, what, &self.without)
    }

    /// What else to agree on: further actions, items, free terms, letting in.
    pub(crate) fn others(&self, case: &OpenCase) -> Done<Vec<Topic>> {
        let also = |text: &String| {
            let (what, args) = also::parse(text)?;
            args.topic(case, None, None, Some(&what), &[])
        };
        let mut topics = self.also.iter().map(also).collect::<Done<Vec<_>>>()?;
        for text in &self.item {
            topics.push(item(case, text)?);
        }
        for pair in self.terms.chunks_exact(2) {
            let seats: Vec<_> = case.seats.iter().filter(|s| s.role.agrees()).map(|s| s.seat).collect();
            topics.push(Topic::Terms {
                terms: None,
                title: typed("the title", &pair[0])?,
                text: Sealable::Open(typed("the terms", &pair[1])?),
                seats,
            });
        }
        for text in &self.admit {
            topics.push(Topic::AdmitSeat { seat: free_seat(case, text)? });
        }
        for pair in self.admit_new.chunks_exact(2) {
            let role = Role::from_word(&pair[0].trim().to_lowercase()).ok_or_else(|| {
                CommandError::usage(format!("'{}' is not a role", pair[0]))
                    .hint("write customer, supplier, third, observer or arbiter, then the name in quotes")
            })?;
            topics.push(Topic::AdmitNew { role, label: Sealable::Open(typed("the name", &pair[1])?), party: None });
        }
        Ok(topics)
    }

    /// Puts how long the offer holds, and its mode, into a proposal.
    pub(crate) fn offer(&self, case: &OpenCase, proposal: Proposal) -> Done<Proposal> {
        let outright = |topic: &Topic| matches!(topic, Topic::AdmitSeat { .. } | Topic::AdmitNew { .. });
        if self.says_of_offer() && proposal.subjects.iter().any(|s| outright(&s.topic)) {
            return Err(CommandError::usage(
                "letting a party in is agreed outright, without a time limit or --confirm",
            )
            .hint("propose it by itself"));
        }
        let until = self.open_until.as_ref().map(|text| when::until(text, case.zone(), case.now)).transpose();
        let mode = if self.confirm { Mode::Confirm } else { Mode::Firm };
        Ok(Proposal { mode, open_until: until.map_err(|e| CommandError::usage(e.to_string()))?, ..proposal })
    }
}

/// A seat that nobody has taken.
fn free_seat(case: &OpenCase, text: &str) -> Done<Seat> {
    let seat = case.seat(text)?;
    let taken = case.seats.iter().any(|s| s.seat == seat && !s.parties.is_empty());
    if taken {
        return Err(CommandError::failed(format!("the seat of {} is taken", case.seat_label(&seat)))
            .hint("--admit-new ROLE LABEL adds a seat for a further party"));
    }
    Ok(seat)
}

/// `price=24.99:money:GBP`: a type stands behind the value where it is one; else the whole is text.
fn item(case: &OpenCase, text: &str) -> Done<Topic> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(CommandError::usage(format!("'{text}' is not KEY=VALUE")).hint("such as price=24.99:money:GBP"));
    };
    let here = Here { zone: case.zone(), now: case.now, file: crate::attachment::read_item };
    let (value, kind) = item_value::split_type(value);
    let value = item_value::stated(kind, &[value.to_owned()], here)?;
    Ok(Topic::Item { key: typed("the item's name", key.trim())?, value })
}

/// A topic of a revision as a later revision continues it.
pub(crate) fn continued(key: &SubjectKey, topic: &Topic) -> Topic {
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
pub(crate) fn replace_or_add(topics: &mut Vec<Topic>, new: Topic) {
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
pub(crate) fn proposal(
    case: &OpenCase,
    topics: Vec<Topic>,
    alleged: Option<EntryId>,
    note: Option<Sealable>,
) -> Proposal {
    let lens = case.lens();
    let base = |topic: &Topic| lens.in_force(&key_of(topic)?).standing().and_then(|(_, names)| names.first().copied());
    let subjects: Vec<Subject> = topics.into_iter().map(|topic| Subject { base: base(&topic), topic }).collect();
    let signers = lens.required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged, note }
}
