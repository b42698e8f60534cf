//! The terms of one action, from what people type.

use clap::ValueEnum;
use counterpart_core::{
    act::{ActionTerms, CancelClause, PartyRef, Topic},
    id::EntryId,
    value::{ActionId, Money, Sealable},
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    money,
    session::typed,
    when,
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
    #[arg(long, value_name = "MONEY")]
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

impl ActionArgs {
    /// Whether anything is said.
    pub(super) fn says_anything(&self) -> bool {
        *self != Self::default()
    }

    /// An action's terms: what is said here, over what `known` says, without what is dropped.
    pub(super) fn topic(
        &self,
        case: &OpenCase,
        action: Option<ActionId>,
        known: Option<&ActionTerms>,
        what: Option<&str>,
        without: &[Droppable],
    ) -> Done<Topic> {
        let what = match (what, known) {
            (Some(what), _) => Sealable::Open(typed("what is to be done", what)?),
            (None, Some(known)) => known.what.clone(),
            (None, None) => return Err(CommandError::usage("say what is to be done")),
        };
        let (performers, beneficiaries) = self.people(case, known)?;
        let kept = |term: Droppable| known.filter(|_| !without.contains(&term));
        let due = match &self.due {
            Some(due) => Some(when::due(due, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()))?),
            None => kept(Droppable::Due).and_then(|k| k.due.clone()),
        };
        let value: Option<Money> = match &self.value {
            Some(value) => Some(money::parse(value).map_err(|e| CommandError::usage(e.to_string()))?),
            None => kept(Droppable::Value).and_then(|k| k.value),
        };
        let deemed = match &self.deemed {
            Some(length) => Some(when::window(length).map_err(|e| CommandError::usage(e.to_string()))?),
            None => kept(Droppable::Deemed).and_then(|k| k.deemed),
        };
        let text = |what: &'static str| move |text: &String| Ok(Sealable::Open(typed(what, text)?));
        let terms = ActionTerms {
            what,
            performers,
            beneficiaries,
            due,
            value,
            conditions: said(&self.condition, text("the condition"), || {
                kept(Droppable::Conditions).map(|k| k.conditions.clone())
            })?,
            evidence: said(&self.evidence, text("the evidence"), || {
                kept(Droppable::Evidence).map(|k| k.evidence.clone())
            })?,
            consequences: said(&self.consequence, text("the consequence"), || {
                kept(Droppable::Consequences).map(|k| k.consequences.clone())
            })?,
            cancel: said(
                &self.cancel_clause,
                |text| clause(case, text),
                || kept(Droppable::CancelClauses).map(|k| k.cancel.clone()),
            )?,
            deemed,
            items: said(&self.uses, |key| version(case, key), || kept(Droppable::Uses).map(|k| k.items.clone()))?,
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
}

/// What is said of a term that may stand several times; what was known of it where nothing is.
fn said<T>(
    typed: &[String],
    read: impl FnMut(&String) -> Done<T>,
    known: impl FnOnce() -> Option<Vec<T>>,
) -> Done<Vec<T>> {
    if typed.is_empty() { Ok(known().unwrap_or_default()) } else { typed.iter().map(read).collect() }
}

fn party(case: &OpenCase, typed: &str) -> Done<PartyRef> {
    let (seat, person) = case.seat_and_person(typed)?;
    Ok(PartyRef { seat, person: person.map(Sealable::Open) })
}

/// `WHO: TEXT`, or `WHO until TIME: TEXT`. The first colon behind which a text follows parts them: times have none.
fn clause(case: &OpenCase, text: &str) -> Done<CancelClause> {
    let Some((who, condition)) = text.split_once(": ") else {
        return Err(CommandError::usage(format!("'{text}' does not say who may cancel, and when"))
            .hint("write it as \"Keith: if nobody comes by noon\", or \"Keith until 2026-07-08 12:00: ...\""));
    };
    let (who, until) = match who.split_once(" until ") {
        Some((who, until)) => (who, Some(until)),
        None => (who, None),
    };
    let until = until.map(|t| when::until(t, case.zone(), case.now)).transpose();
    Ok(CancelClause {
        by: case.seat(who)?,
        text: Sealable::Open(typed("the clause", condition.trim())?),
        until: until.map_err(|e| CommandError::usage(e.to_string()))?,
    })
}

/// The entry that states or agrees an item's value as it stands now; or the entry itself, by number.
fn version(case: &OpenCase, typed: &str) -> Done<EntryId> {
    let key = typed.trim();
    let Some(item) = case.view().items.iter().find(|item| item.key == key) else {
        if let Ok(target) = case.entry(key) {
            return Ok(target.id);
        }
        let keys: Vec<String> = case.view().items.iter().map(|i| crate::render::line(&i.key)).collect();
        let error = CommandError::usage(format!("no fact is called '{key}' in this case"));
        return Err(match keys.as_slice() {
            [] => error.hint(format!("state it first: counterpart item {} {key} VALUE", case.short())),
            _ => error.hint(format!("the facts stated are {}", keys.join(", "))),
        });
    };
    match (&item.agreed, item.stated.as_slice()) {
        (Some((agreed, _)), _) => Ok(*agreed),
        (None, [one]) => Ok(one.entry),
        (None, several) if !item.disputed => several.first().map(|s| s.entry).ok_or_else(|| {
            CommandError::failed(format!("no value of '{key}' stands")).hint("state it anew, then use it")
        }),
        (None, several) => {
            let each: Vec<String> = several
                .iter()
                .map(|s| format!("{} ({})", case.entry_typed(&s.entry), case.party_label(&s.party)))
                .collect();
            Err(CommandError::usage(format!("'{key}' is stated differently: say which statement counts"))
                .hint(format!("agree it first, or name the statement by number: {}", each.join(", "))))
        }
    }
}
