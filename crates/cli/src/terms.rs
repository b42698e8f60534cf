//! Terms as people give them on the command line, and the proposal they become.

use clap::ValueEnum;
use counterpart_core::{
    act::{ActionTerms, Mode, PartyRef, Proposal, Subject, Topic},
    fold::SubjectKey,
    id::EntryId,
    value::{ActionId, Money, Sealable},
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    item_value::{self, Here},
    money,
    session::typed,
    when,
};

/// The options that `propose` and `counter` share.
#[derive(Debug, clap::Args)]
pub(crate) struct TermsArgs {
    /// Who does it: a seat by number, name or role, perhaps with a person as "supplier:Priya"; repeat for more
    #[arg(long, value_name = "WHO")]
    by: Vec<String>,
    /// Whom it is done for; repeat for more
    #[arg(long = "for", value_name = "WHO")]
    beneficiary: Vec<String>,
    /// By when: "2026-07-08 17:00", "friday 17:00", or "in 10 working days" from when it is agreed
    #[arg(long, value_name = "TIME")]
    due: Option<String>,
    /// The money at stake, such as £24.99 or "24.99 GBP"
    #[arg(long, value_name = "MONEY")]
    value: Option<String>,
    /// How it is known to be done; repeat for more
    #[arg(long, value_name = "TEXT")]
    condition: Vec<String>,
    /// What is to be shown for it, such as a receipt; repeat for more
    #[arg(long, value_name = "TEXT")]
    evidence: Vec<String>,
    /// What follows if it is not done; repeat for more
    #[arg(long, value_name = "TEXT")]
    consequence: Vec<String>,
    /// A term to leave out that was there before; repeat for more
    #[arg(long, value_name = "TERM", value_enum)]
    without: Vec<Droppable>,
    /// A fact to agree on: KEY=VALUE, or KEY=VALUE:TYPE such as price=24.99:money:GBP; repeat for more
    #[arg(long, value_name = "KEY=VALUE[:TYPE]")]
    item: Vec<String>,
    /// Other terms to agree on, with a title, between everybody who takes part; repeat for more
    #[arg(long, value_names = ["TITLE", "TEXT"], num_args = 2)]
    terms: Vec<String>,
    /// A remark to go with it; it is not part of the terms
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Droppable {
    Due,
    Value,
    Conditions,
    Evidence,
    Consequences,
}

impl TermsArgs {
    /// Whether anything is said of an action's terms.
    pub(crate) fn says_of_action(&self) -> bool {
        let lists = [&self.by, &self.beneficiary, &self.condition, &self.evidence, &self.consequence];
        self.due.is_some() || self.value.is_some() || !self.without.is_empty() || lists.iter().any(|l| !l.is_empty())
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
        let what = match (what, known) {
            (Some(what), _) => Sealable::Open(typed("what is to be done", what)?),
            (None, Some(known)) => known.what.clone(),
            (None, None) => return Err(CommandError::usage("say what is to be done")),
        };
        let (performers, beneficiaries) = self.people(case, known)?;
        let kept = |term: Droppable| known.filter(|_| !self.without.contains(&term));
        let texts = |what: &str, typed_in: &[String], kept: Option<&Vec<Sealable>>| match typed_in {
            [] => Ok(kept.cloned().unwrap_or_default()),
            list => list.iter().map(|t| Ok(Sealable::Open(typed(what, t)?))).collect::<Done<Vec<_>>>(),
        };
        let due = match &self.due {
            Some(due) => Some(when::due(due, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?),
            None => kept(Droppable::Due).and_then(|k| k.due.clone()),
        };
        let value: Option<Money> = match &self.value {
            Some(value) => Some(money::parse(value).map_err(|e| CommandError::usage(e.to_string()))?),
            None => kept(Droppable::Value).and_then(|k| k.value),
        };
        let terms = ActionTerms {
            what,
            performers,
            beneficiaries,
            due,
            value,
            conditions: texts("the condition", &self.condition, kept(Droppable::Conditions).map(|k| &k.conditions))?,
            evidence: texts("the evidence", &self.evidence, kept(Droppable::Evidence).map(|k| &k.evidence))?,
            consequences: texts(
                "the consequence",
                &self.consequence,
                kept(Droppable::Consequences).map(|k| &k.consequences),
            )?,
            cancel: known.map(|k| k.cancel.clone()).unwrap_or_default(),
            deemed: known.and_then(|k| k.deemed),
            items: known.map(|k| k.items.clone()).unwrap_or_default(),
        };
        Ok(Topic::Action { action, terms })
    }

    /// Who does it for whom. Between two, the side not named is the other one.
    fn people(&self, case: &OpenCase, known: Option<&ActionTerms>) -> Done<(Vec<PartyRef>, Vec<PartyRef>)> {
        let named = |list: &[String]| list.iter().map(|t| party(case, t)).collect::<Done<Vec<_>>>();
        let (by, beneficiaries) = (named(&self.by)?, named(&self.beneficiary)?);
        let alone = |seat| vec![PartyRef { seat, person: None }];
        let own = case.own_seats().first().copied();
        let other_than = |people: &[PartyRef]| match (own, case.other_seat()) {
            (Some(own), _) if !people.iter().any(|p| p.seat == own) => Some(alone(own)),
            (_, Some(other)) if !people.iter().any(|p| p.seat == other) => Some(alone(other)),
            _ => None,
        };
        let say = |who: &str, option: &str| {
            CommandError::usage(format!("say {who}")).hint(format!("{option} with a seat by number, name or role"))
        };
        let by = match (by.is_empty(), known) {
            (false, _) => by,
            (true, Some(known)) => known.performers.clone(),
            (true, None) => {
                let other = case.other_seat().filter(|o| !beneficiaries.iter().any(|b| b.seat == *o));
                let default =
                    other.map(alone).or_else(|| other_than(&beneficiaries).filter(|_| !beneficiaries.is_empty()));
                default.ok_or_else(|| say("who is to do it", "--by"))?
            }
        };
        let beneficiaries = match (beneficiaries.is_empty(), known) {
            (false, _) => beneficiaries,
            (true, Some(known)) => known.beneficiaries.clone(),
            (true, None) => other_than(&by).ok_or_else(|| say("whom it is done for", "--for"))?,
        };
        Ok((by, beneficiaries))
    }

    /// The items and free terms to agree on.
    pub(crate) fn others(&self, case: &OpenCase) -> Done<Vec<Topic>> {
        let mut topics = self.item.iter().map(|i| item(case, i)).collect::<Done<Vec<_>>>()?;
        for pair in self.terms.chunks_exact(2) {
            let seats: Vec<_> = case.seats.iter().filter(|s| s.role.agrees()).map(|s| s.seat).collect();
            topics.push(Topic::Terms {
                terms: None,
                title: typed("the title", &pair[0])?,
                text: Sealable::Open(typed("the terms", &pair[1])?),
                seats,
            });
        }
        Ok(topics)
    }
}

fn party(case: &OpenCase, typed: &str) -> Done<PartyRef> {
    let (seat, person) = case.seat_and_person(typed)?;
    Ok(PartyRef { seat, person: person.map(Sealable::Open) })
}

/// `price=24.99:money:GBP`: a type stands behind the value where it is one; else the whole is text.
fn item(case: &OpenCase, text: &str) -> Done<Topic> {
    let Some((key, value)) = text.split_once('=') else {
        return Err(CommandError::usage(format!("'{text}' is not KEY=VALUE")).hint("such as price=24.99:money:GBP"));
    };
    let here = Here { zone: case.zone(), now: case.now };
    let (value, kind) = item_value::split_type(value);
    let value = item_value::parse(kind, value, here)?;
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
    let base = |topic: &Topic| {
        let key = match topic {
            Topic::Action { action, .. } => SubjectKey::Action((*action)?),
            Topic::Item { key, .. } => SubjectKey::Item(key.clone()),
            Topic::Terms { terms, .. } => SubjectKey::Terms((*terms)?),
            Topic::Close { close, .. } => SubjectKey::Close((*close)?),
            Topic::AdmitSeat { seat } => SubjectKey::Seat(*seat),
            Topic::AdmitNew { .. } => return None,
            Topic::Level { .. } => SubjectKey::Level,
        };
        lens.in_force(&key).standing().and_then(|(_, names)| names.first().copied())
    };
    let subjects: Vec<Subject> = topics.into_iter().map(|topic| Subject { base: base(&topic), topic }).collect();
    let signers = lens.required_signers(&subjects);
    Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged, note }
}
