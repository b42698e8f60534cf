//! Proposals: what is to be agreed, and the terms of actions.

use counterpart_core::{
    act::{Act, ActionTerms, Topic},
    fold::SubjectKey,
    value::{ActionId, Sealable},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parts::{DueInput, LengthInput, MoneyInput, PersonInput, SeatInput, minute};
use crate::{
    acts::remark,
    case::OpenCase,
    error::{CommandError, Done},
    item_value::no_files,
    terms::{
        ActionTyped, Clause, Fact, Misread, Offer, Term, admit_new, answer, free_seat, free_terms, free_terms_in_force,
        in_force, item_of_json, proposal,
    },
    typed::typed,
};

/// Terms that are proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeInput {
    /// What is to be agreed; several are accepted or declined as a whole.
    #[schemars(length(min = 1, max = 32))]
    pub subjects: Vec<SubjectInput>,
    /// Until when it can be accepted, RFC 3339; a later answer binds only if all agree to it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<String>,
    /// It binds its author only once they confirm it, after the others have accepted.
    #[serde(default)]
    pub confirm: bool,
    /// The contact in which the other side promised it: it is recorded for them, and our word alone until they accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_in: Option<String>,
    /// A remark to go with it; it is not part of the terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Other terms in answer to a proposal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterInput {
    /// The proposal that is answered; where it has several actions, the part whose terms change: `7/2`.
    pub of: String,
    /// What changes in the action's terms; what is not said stays as it was proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionInput>,
    /// What is agreed besides: a fact or other terms of the same name take the place of those proposed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<SubjectInput>,
    /// Until when it can be accepted, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<String>,
    /// It binds its author only once they confirm it, after the others have accepted.
    #[serde(default)]
    pub confirm: bool,
    /// A remark to go with it; it is not part of the terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One thing to be agreed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum SubjectInput {
    /// Something to be done.
    Action(Box<ActionInput>),
    /// The value of a fact.
    Item {
        /// What the fact is called.
        key: String,
        /// Its value, as an `item` states it.
        value: serde_json::Value,
    },
    /// Other terms, between everybody who takes part.
    Terms {
        /// The terms agreed before that these change, by number; their title stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amends: Option<String>,
        /// What they are called; of new terms only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// The terms.
        text: String,
    },
    /// Letting a party take a seat of the case that is free.
    Admit {
        /// The seat.
        seat: SeatInput,
    },
    /// Adding a seat, and letting a party take it.
    AdmitNew {
        /// What it is to be in the case.
        role: RoleInput,
        /// What it is called.
        label: String,
    },
}

/// What a party is in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleInput {
    Customer,
    Supplier,
    Third,
    Observer,
    Arbiter,
}

impl RoleInput {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Supplier => "supplier",
            Self::Third => "third",
            Self::Observer => "observer",
            Self::Arbiter => "arbiter",
        }
    }
}

/// The terms of an action. Between two parties the supplier does it for the other where nobody is named, whoever of them proposes
/// it; what is recorded as promised, the other side does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActionInput {
    /// The agreed action that these terms change, by number: what is not said anew stays as agreed. In a proposal only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amends: Option<String>,
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Who does it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub performers: Vec<PersonInput>,
    /// Whom it is done for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beneficiaries: Vec<PersonInput>,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<DueInput>,
    /// The money at stake, which mandates cap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<MoneyInput>,
    /// How it is known to be done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// What is to be shown for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What follows if it is not done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// Who may cancel it, and when.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cancel: Vec<CancelInput>,
    /// How long after proven delivery the result counts as accepted if nobody rejects it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deemed: Option<LengthInput>,
    /// Facts it rests on: by name in the version that stands now, or the entries that state them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Terms to leave out that were there before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<TermInput>,
}

/// Who may cancel, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInput {
    /// Whose side.
    pub by: SeatInput,
    /// Under which condition.
    pub text: String,
    /// Until when, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A term that can be left out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TermInput {
    Due,
    Value,
    Conditions,
    Evidence,
    Consequences,
    Cancel,
    Deemed,
    Items,
}

impl From<TermInput> for Term {
    fn from(term: TermInput) -> Self {
        match term {
            TermInput::Due => Self::Due,
            TermInput::Value => Self::Value,
            TermInput::Conditions => Self::Conditions,
            TermInput::Evidence => Self::Evidence,
            TermInput::Consequences => Self::Consequences,
            TermInput::Cancel => Self::CancelClauses,
            TermInput::Deemed => Self::Deemed,
            TermInput::Items => Self::Uses,
        }
    }
}

impl ActionInput {
    /// The terms as they would be typed; of what the other side promised, where it was.
    fn typed(&self, case: &OpenCase, promised: bool) -> Done<ActionTyped> {
        let people = |people: &[PersonInput]| people.iter().map(|person| person.find(case)).collect::<Done<Vec<_>>>();
        let clause = |clause: &CancelInput| {
            let until = clause.until.as_deref().map(|until| minute(case, until)).transpose()?;
            Ok(Clause::Parted { by: Some(clause.by.find(case)?), text: clause.text.clone(), until })
        };
        Ok(ActionTyped {
            what: self.what.clone(),
            by: people(&self.performers)?,
            beneficiaries: people(&self.beneficiaries)?,
            due: self.due.as_ref().map(|due| due.typed(case)).transpose()?,
            value: self.value.as_ref().map(MoneyInput::typed).transpose()?,
            conditions: self.conditions.clone(),
            evidence: self.evidence.clone(),
            consequences: self.consequences.clone(),
            cancel: self.cancel.iter().map(clause).collect::<Done<_>>()?,
            deemed: self.deemed.map(LengthInput::typed),
            uses: self.items.iter().cloned().map(Fact::Named).collect(),
            promised,
        })
    }

    /// The action, over the terms that are known of it.
    fn topic(
        &self,
        case: &OpenCase,
        action: Option<ActionId>,
        known: Option<&ActionTerms>,
        promised: bool,
    ) -> Done<Topic> {
        let without: Vec<Term> = self.without.iter().copied().map(Term::from).collect();
        let terms = self.typed(case, promised)?.over(case, known, &without).map_err(first)?;
        Ok(Topic::Action { action, terms })
    }
}

fn first(wrong: Vec<Misread>) -> CommandError {
    let first = wrong.into_iter().next().map(|misread| misread.why);
    first.unwrap_or_else(|| CommandError::usage("say what is to be done"))
}

impl SubjectInput {
    fn topic(&self, case: &OpenCase, promised: bool) -> Done<Topic> {
        match self {
            Self::Action(said) => match &said.amends {
                Some(amends) => {
                    let (id, known) = in_force(case, amends)?;
                    said.topic(case, Some(id), Some(&known), promised)
                }
                None => said.topic(case, None, None, promised),
            },
            Self::Item { key, value } => item_of_json(case, key, value, no_files),
            Self::Terms { amends: Some(amends), title: None, text } => {
                let (id, title, seats) = free_terms_in_force(case, amends)?;
                let text = Sealable::Open(typed("the terms", text)?);
                Ok(Topic::Terms { terms: Some(id), title, text, seats })
            }
            Self::Terms { amends: Some(_), title: Some(_), .. } => {
                Err(CommandError::usage("terms that are changed keep their title").hint("leave \"title\" out"))
            }
            Self::Terms { amends: None, title: Some(title), text } => free_terms(case, title, text),
            Self::Terms { amends: None, title: None, .. } => {
                Err(CommandError::usage("new terms need a title").hint("say it in \"title\""))
            }
            Self::Admit { seat } => Ok(Topic::AdmitSeat { seat: free_seat(case, &seat.find(case)?.to_string())? }),
            Self::AdmitNew { role, label } => admit_new(role.as_str(), label),
        }
    }
}

fn offer(case: &OpenCase, open_until: Option<&str>, confirm: bool) -> Done<Offer> {
    let open_until = open_until.map(|until| minute(case, until)).transpose()?;
    Ok(Offer { open_until, confirm })
}

/// What is proposed.
pub(super) fn propose(case: &OpenCase, said: &ProposeInput) -> Done<Act> {
    let offer = offer(case, said.open_until.as_deref(), said.confirm)?;
    if said.promised_in.is_some() && offer.says_anything() {
        return Err(CommandError::usage("what they promised is recorded as it was said, not offered")
            .hint("leave out \"open_until\" and \"confirm\""));
    }
    if said.subjects.is_empty() {
        return Err(CommandError::usage("a proposal needs something to agree on")
            .hint("say it in \"subjects\", such as {\"is\": \"action\", \"what\": \"...\"}"));
    }
    let promised = said.promised_in.is_some();
    let topics = said.subjects.iter().map(|subject| subject.topic(case, promised)).collect::<Done<Vec<_>>>()?;
    let alleged = said.promised_in.as_deref().map(|contact| Ok::<_, CommandError>(case.entry(contact)?.id));
    let proposal = proposal(case, topics, alleged.transpose()?, remark("the note", said.note.as_deref())?);
    Ok(Act::Propose(offer.put(case, proposal)?))
}

/// What is proposed in answer.
pub(super) fn counter(case: &OpenCase, said: &CounterInput) -> Done<Act> {
    if said.action.as_ref().is_some_and(|action| action.amends.is_some())
        || said.subjects.iter().any(|s| matches!(s, SubjectInput::Action(action) if action.amends.is_some()))
        || said.subjects.iter().any(|s| matches!(s, SubjectInput::Terms { amends: Some(_), .. }))
    {
        return Err(CommandError::usage("an answer changes what it answers, and amends nothing else")
            .hint("leave \"amends\" out"));
    }
    let offer = offer(case, said.open_until.as_deref(), said.confirm)?;
    let new = said.subjects.iter().map(|subject| subject.topic(case, false)).collect::<Done<Vec<_>>>()?;
    let changed = said.action.as_ref().filter(|action| **action != ActionInput::default());
    let change = changed.map(|action| {
        move |key: &SubjectKey, terms: &ActionTerms| {
            let id = match key {
                SubjectKey::Action(id) => Some(*id),
                _ => None,
            };
            action.topic(case, id, Some(terms), false)
        }
    });
    answer(case, &said.of, change, &[], new, remark("the note", said.note.as_deref())?, &offer)
}
