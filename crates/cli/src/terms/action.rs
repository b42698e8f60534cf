//! The options that say the terms of one action.

use clap::ValueEnum;
use counterpart_core::{
    act::{ActionTerms, Topic},
    value::ActionId,
};
use counterpart_words::terms::{ActionTyped, Clause, Fact, Term, Who};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
};

/// The options that say an action's terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct ActionArgs {
    /// Who does it: a seat by number, name or role, perhaps with a person as "supplier:Priya"; repeat for more
    #[arg(long, value_name = "WHO")]
    pub(super) by: Vec<String>,
    /// Whom it is done for; repeat for more
    #[arg(long = "for", value_name = "WHO")]
    pub(super) beneficiary: Vec<String>,
    /// By when: "2026-07-08 17:00", "friday 17:00", or "in 10 working days" from when it is agreed
    #[arg(long, value_name = "TIME")]
    pub(super) due: Option<String>,
    /// The money at stake, such as £24.99 or "24.99 GBP"
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    pub(super) value: Option<String>,
    /// How it is known to be done; repeat for more
    #[arg(long, value_name = "TEXT")]
    pub(super) condition: Vec<String>,
    /// What is to be shown for it, such as a receipt; repeat for more
    #[arg(long, value_name = "TEXT")]
    pub(super) evidence: Vec<String>,
    /// What follows if it is not done; repeat for more
    #[arg(long, value_name = "TEXT")]
    pub(super) consequence: Vec<String>,
    /// Who may cancel it, and when: "Keith: if nobody comes by noon", or "Keith until 2026-07-08: ..."; repeat for more
    #[arg(long, value_name = "WHO: TEXT")]
    pub(super) cancel_clause: Vec<String>,
    /// How long after proven delivery the result counts as accepted if nobody rejects it, such as "5 working days"
    #[arg(long, value_name = "LENGTH")]
    pub(super) deemed: Option<String>,
    /// A fact it rests on, by its name, in the version that stands now; repeat for more
    #[arg(long, value_name = "ITEM")]
    pub(super) uses: Vec<String>,
}

/// Terms that an amendment or counter may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Droppable {
    Due,
    Value,
    Conditions,
    Evidence,
    Consequences,
    CancelClauses,
    Deemed,
    Uses,
}

impl From<Droppable> for Term {
    fn from(dropped: Droppable) -> Self {
        match dropped {
            Droppable::Due => Self::Due,
            Droppable::Value => Self::Value,
            Droppable::Conditions => Self::Conditions,
            Droppable::Evidence => Self::Evidence,
            Droppable::Consequences => Self::Consequences,
            Droppable::CancelClauses => Self::CancelClauses,
            Droppable::Deemed => Self::Deemed,
            Droppable::Uses => Self::Uses,
        }
    }
}

impl ActionArgs {
    /// Whether anything is said.
    pub(super) fn says_anything(&self) -> bool {
        *self != Self::default()
    }

    fn typed(&self, what: Option<&str>, promised: bool) -> ActionTyped {
        let people = |people: &[String]| people.iter().cloned().map(Who::Named).collect();
        ActionTyped {
            what: what.map(str::to_owned),
            by: people(&self.by),
            beneficiaries: people(&self.beneficiary),
            due: self.due.clone(),
            value: self.value.clone(),
            conditions: self.condition.clone(),
            evidence: self.evidence.clone(),
            consequences: self.consequence.clone(),
            cancel: self.cancel_clause.iter().cloned().map(Clause::Written).collect(),
            deemed: self.deemed.clone(),
            uses: self.uses.iter().cloned().map(Fact::Named).collect(),
            promised,
        }
    }

    /// An action's terms: what is said here, over what `known` says, without what is dropped; of what the other side
    /// promised, where it was.
    pub(super) fn topic(
        &self,
        case: &OpenCase,
        action: Option<ActionId>,
        known: Option<&ActionTerms>,
        what: Option<&str>,
        promised: bool,
        without: &[Droppable],
    ) -> Done<Topic> {
        let without: Vec<Term> = without.iter().copied().map(Term::from).collect();
        let terms = self.typed(what, promised).over(case, known, &without).map_err(|wrong| {
            let first = wrong.into_iter().next().map(|misread| misread.why);
            first.unwrap_or_else(|| CommandError::usage("say what is to be done"))
        })?;
        Ok(Topic::Action { action, terms })
    }
}
