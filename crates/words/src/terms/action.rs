//! The terms of one action, from what people type.

use counterpart_core::{
    act::{ActionTerms, CancelClause, PartyRef},
    id::EntryId,
    value::{Due, Money, Sealable, Seat},
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    money, render,
    typed::typed,
    when,
};

/// One of the terms that an action has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    What,
    By,
    For,
    Due,
    Value,
    Conditions,
    Evidence,
    Consequences,
    CancelClauses,
    Deemed,
    Uses,
}

/// Somebody named in terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A seat by number, name or role, perhaps with a person: "supplier:Priya".
    Named(String),
    /// A seat that was picked, perhaps with a person there.
    Picked { seat: Seat, person: Option<String> },
}

/// Who may cancel, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// `WHO: TEXT`, or `WHO until TIME: TEXT`.
    Written(String),
    Parted {
        by: Option<Seat>,
        text: String,
        until: Option<String>,
    },
}

/// A fact that terms rest on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// By its name, in the version that stands now; or the entry that states it, by number.
    Named(String),
    Version(EntryId),
}

/// An action's terms as somebody typed them; what is not there is not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActionTyped {
    pub what: Option<String>,
    pub by: Vec<Who>,
    pub beneficiaries: Vec<Who>,
    pub due: Option<String>,
    pub value: Option<String>,
    pub conditions: Vec<String>,
    pub evidence: Vec<String>,
    pub consequences: Vec<String>,
    pub cancel: Vec<Clause>,
    pub deemed: Option<String>,
    pub uses: Vec<Fact>,
    /// It is recorded for the other side, who promised it: where nobody is named, it is theirs to do.
    pub promised: bool,
}

/// What could not be read, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misread {
    pub term: Term,
    /// Which of several, from 0.
    pub at: usize,
    pub why: CommandError,
}

impl ActionTyped {
    /// Whether anything is said.
    pub fn says_anything(&self) -> bool {
        *self != Self::default()
    }

    /// Terms as somebody would type them, to be changed. What is not changed then stays as it was: see [`Self::instead`].
    pub fn of(case: &OpenCase, terms: &ActionTerms) -> Self {
        let who =
            |party: &PartyRef| Who::Picked { seat: party.seat, person: party.person.as_ref().map(render::sealable) };
        let texts = |texts: &[Sealable]| texts.iter().map(render::sealable).collect();
        let clause = |clause: &CancelClause| Clause::Parted {
            by: Some(clause.by),
            text: render::sealable(&clause.text),
            until: clause.until.as_ref().map(|until| due_as_typed(case, until)),
        };
        let what = terms.what.open().map_or_else(|| render::SEALED.to_owned(), render::visible);
        Self {
            what: Some(what.trim().to_owned()),
            by: terms.performers.iter().map(who).collect(),
            beneficiaries: terms.beneficiaries.iter().map(who).collect(),
            due: terms.due.as_ref().map(|due| due_as_typed(case, due)),
            value: terms.value.as_ref().map(Money::to_string),
            conditions: texts(&terms.conditions),
            evidence: texts(&terms.evidence),
            consequences: texts(&terms.consequences),
            cancel: terms.cancel.iter().map(clause).collect(),
            deemed: terms.deemed.map(|(count, unit)| when::show_length(count, unit)),
            uses: terms.items.iter().map(|id| Fact::Version(*id)).collect(),
            promised: false,
        }
    }

    /// Terms of which only what changes is said: the rest is as `known` has it, without what is dropped.
    pub fn over(
        &self,
        case: &OpenCase,
        known: Option<&ActionTerms>,
        without: &[Term],
    ) -> Result<ActionTerms, Vec<Misread>> {
        Reading { case, known, shown: None, without, wrong: Vec::new() }.read(self)
    }

    /// Terms that are said whole: what is not there is left out. What reads as [`Self::of`] gives it for `known` stays
    /// exactly as it was signed, such as a text that is sealed.
    pub fn instead(&self, case: &OpenCase, known: Option<&ActionTerms>) -> Result<ActionTerms, Vec<Misread>> {
        let shown = Some(known.map(|known| Self::of(case, known)).unwrap_or_default());
        Reading { case, known, shown, without: &[], wrong: Vec::new() }.read(self)
    }
}

struct Reading<'a> {
    case: &'a OpenCase,
    known: Option<&'a ActionTerms>,
    /// How `known` was shown, where all is said anew.
    shown: Option<ActionTyped>,
    without: &'a [Term],
    wrong: Vec<Misread>,
}

impl Reading<'_> {
    fn read(mut self, said: &ActionTyped) -> Result<ActionTerms, Vec<Misread>> {
        let case = self.case;
        let what = self.what(said);
        let people = self.people(said);
        let time = |text: &str| when::due(text, case.zone(), case.now).map_err(|e| CommandError::usage(e.to_string()));
        let amount = |text: &str| money::parse(text).map_err(|e| CommandError::usage(e.to_string()));
        let length = |text: &str| when::window(text).map_err(|e| CommandError::usage(e.to_string()));
        let due = self.one(Term::Due, said, |t| t.due.as_deref(), |k| k.due.clone(), time);
        let value = self.one(Term::Value, said, |t| t.value.as_deref(), |k| k.value, amount);
        let deemed = self.one(Term::Deemed, said, |t| t.deemed.as_deref(), |k| k.deemed, length);
        let text = |what: &'static str| move |text: &String| Ok(Sealable::Open(typed(what, text)?));
        let condition = text("the condition");
        let conditions = self.several(Term::Conditions, said, |t| &t.conditions, |k| &k.conditions, condition);
        let evidence = self.several(Term::Evidence, said, |t| &t.evidence, |k| &k.evidence, text("the evidence"));
        let consequence = text("the consequence");
        let consequences =
            self.several(Term::Consequences, said, |t| &t.consequences, |k| &k.consequences, consequence);
        let cancel = self.several(Term::CancelClauses, said, |t| &t.cancel, |k| &k.cancel, |c| clause(case, c));
        let items = self.several(
            Term::Uses,
            said,
            |t| &t.uses,
            |k| &k.items,
            |fact| match fact {
                Fact::Named(key) => version(case, key),
                Fact::Version(id) => Ok(*id),
            },
        );
        match (what, people) {
            (Some(what), Some((performers, beneficiaries))) if self.wrong.is_empty() => Ok(ActionTerms {
                what,
                performers,
                beneficiaries,
                due,
                value,
                conditions,
                evidence,
                consequences,
                cancel,
                deemed,
                items,
            }),
            _ => Err(self.wrong),
        }
    }

    fn take<T>(&mut self, term: Term, at: usize, read: Done<T>) -> Option<T> {
        read.map_err(|why| self.wrong.push(Misread { term, at, why })).ok()
    }

    /// What is known of a term that nothing is said of.
    fn kept(&self, term: Term) -> Option<&ActionTerms> {
        self.known.filter(|_| self.shown.is_none() && !self.without.contains(&term))
    }

    fn what(&mut self, said: &ActionTyped) -> Option<Sealable> {
        let read = |text: &str| Ok(Sealable::Open(typed("what is to be done", text)?));
        let what = self.one(Term::What, said, |t| t.what.as_deref(), |k| Some(k.what.clone()), read);
        if what.is_none() && self.wrong.is_empty() {
            return self.take(Term::What, 0, Err(CommandError::usage("say what is to be done")));
        }
        what
    }

    /// A term that stands once at most.
    fn one<T>(
        &mut self,
        term: Term,
        said: &ActionTyped,
        of: impl Fn(&ActionTyped) -> Option<&str>,
        known: impl FnOnce(&ActionTerms) -> Option<T>,
        read: impl FnOnce(&str) -> Done<T>,
    ) -> Option<T> {
        match (of(said), self.shown.as_ref().and_then(&of)) {
            (None, _) => self.kept(term).and_then(known),
            (Some(typed), Some(shown)) if typed == shown => self.known.and_then(known),
            (Some(typed), _) => self.take(term, 0, read(typed)),
        }
    }

    /// A term that may stand several times.
    fn several<S: PartialEq, T: Clone>(
        &mut self,
        term: Term,
        said: &ActionTyped,
        of: impl Fn(&ActionTyped) -> &[S],
        known: impl Fn(&ActionTerms) -> &[T],
        read: impl Fn(&S) -> Done<T>,
    ) -> Vec<T> {
        let typed = of(said);
        if typed.is_empty() {
            return self.kept(term).map(|k| known(k).to_vec()).unwrap_or_default();
        }
        let mut old: Vec<Option<&T>> = self.known.map(|k| known(k).iter().map(Some).collect()).unwrap_or_default();
        let mut lines = Vec::new();
        for one in typed {
            let same = self.shown.as_ref().and_then(|shown| {
                let mut shown = of(shown).iter().zip(&mut old);
                shown.find(|(text, old)| *text == one && old.is_some()).and_then(|(_, old)| old.take().cloned())
            });
            lines.push(same.map_or_else(|| read(one), Ok));
        }
        let taken = lines.into_iter().enumerate();
        taken.filter_map(|(at, read)| self.take(term, at, read)).collect()
    }

    /// Who does it for whom. Between two, the side not named is the other one; where neither is, the supplier does it.
    fn people(&mut self, said: &ActionTyped) -> Option<(Vec<PartyRef>, Vec<PartyRef>)> {
        let case = self.case;
        let before = self.wrong.len();
        let by = self.several(Term::By, said, |t| &t.by, |k| &k.performers, |w| party(case, w));
        let named = self.several(Term::For, said, |t| &t.beneficiaries, |k| &k.beneficiaries, |w| party(case, w));
        if self.wrong.len() > before {
            return None;
        }
        let alone = |seat| vec![PartyRef { seat, person: None }];
        let own = case.own_seats().first().copied();
        let other_than = |people: &[PartyRef]| match (own, case.other_seat()) {
            (Some(own), _) if !people.iter().any(|p| p.seat == own) => Some(alone(own)),
            (_, Some(other)) if !people.iter().any(|p| p.seat == other) => Some(alone(other)),
            _ => None,
        };
        let say = |who: &str, option: &str, field: &str| {
            CommandError::usage(format!("say {who}"))
                .hint(format!("{option} with a seat by number, name or role"))
                .in_fields(format!("in \"{field}\", such as [{{\"seat\": 1}}]: a seat by number, name or role"))
        };
        let by = if by.is_empty() {
            let usual = if said.promised { case.other_seat() } else { case.usual_performer() };
            let usual = usual.filter(|seat| !named.iter().any(|b| b.seat == *seat));
            let default = usual.map(alone).or_else(|| other_than(&named).filter(|_| !named.is_empty()));
            self.take(Term::By, 0, default.ok_or_else(|| say("who is to do it", "--by", "performers")))?
        } else {
            by
        };
        let unchanged = self.known.filter(|known| known.performers == by).map(|known| known.beneficiaries.clone());
        let beneficiaries = match (named.is_empty(), unchanged) {
            (false, _) => named,
            (true, Some(known)) => known,
            (true, None) => {
                let default = other_than(&by).ok_or_else(|| say("whom it is done for", "--for", "beneficiaries"));
                self.take(Term::For, 0, default)?
            }
        };
        Some((by, beneficiaries))
    }
}

fn party(case: &OpenCase, who: &Who) -> Done<PartyRef> {
    let (seat, person) = match who {
        Who::Named(text) => case.seat_and_person(text)?,
        Who::Picked { seat, person } => (*seat, person.as_deref().map(|p| typed("the person's name", p)).transpose()?),
    };
    Ok(PartyRef { seat, person: person.map(Sealable::Open) })
}

/// `WHO: TEXT`, or `WHO until TIME: TEXT`. The first colon behind which a text follows parts them: times have none.
fn clause(case: &OpenCase, clause: &Clause) -> Done<CancelClause> {
    let (by, text, until) = match clause {
        Clause::Parted { by, text, until } => {
            let by = by.ok_or_else(|| CommandError::usage("say who may cancel it"))?;
            (by, text.as_str(), until.as_deref())
        }
        Clause::Written(text) => {
            let Some((who, condition)) = text.split_once(": ") else {
                return Err(CommandError::usage(format!("'{text}' does not say who may cancel, and when"))
                    .hint("write it as \"Keith: if nobody comes by noon\", or \"Keith until 2026-07-08 12:00: ...\""));
            };
            let (who, until) = match who.split_once(" until ") {
                Some((who, until)) => (who, Some(until)),
                None => (who, None),
            };
            (case.seat(who)?, condition, until)
        }
    };
    let until = until.map(|t| when::until(t, case.zone(), case.now)).transpose();
    Ok(CancelClause {
        by,
        text: Sealable::Open(typed("the clause", text.trim())?),
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
        let keys: Vec<String> = case.view().items.iter().map(|i| render::line(&i.key)).collect();
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

/// A due time as somebody would type it in this case, where that reads back as the same.
fn due_as_typed(case: &OpenCase, due: &Due) -> String {
    match due {
        Due::After { count, unit, .. } => format!("in {} after it is agreed", when::show_length(*count, *unit)),
        Due::At { instant, zone, .. } => {
            let local = when::local_in(*instant, zone).unwrap_or_default().replace('T', " ");
            let zone_named = if zone == case.zone() { String::new() } else { format!(" {zone}") };
            let text = format!("{local}{zone_named}");
            let same = when::absolute(&text, case.zone(), case.now).is_ok_and(|(read, _, _)| read == *instant);
            render::line(&if same { text } else { when::written_out(*instant, zone) })
        }
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::value::Unit;

    use super::*;
    use crate::fixture::{Two, open};

    fn seat(n: u32) -> Vec<PartyRef> {
        vec![PartyRef { seat: Seat::Number(n), person: None }]
    }

    fn terms() -> ActionTerms {
        let person = Some(Sealable::Sealed([3; 32]));
        ActionTerms {
            what: open("Mend the pipe\nand the wall"),
            performers: vec![PartyRef { seat: Seat::Number(1), person }],
            beneficiaries: seat(0),
            due: Some(Due::After { count: 2, unit: Unit::WorkingDays, zone: "Asia/Tokyo".to_owned() }),
            value: Money::parse("24.99", "GBP").ok(),
            conditions: vec![open("it holds\nfor a day"), Sealable::Sealed([1; 32]), Sealable::Sealed([2; 32])],
            evidence: vec![open("a picture")],
            consequences: Vec::new(),
            cancel: vec![CancelClause { by: Seat::Number(0), text: open("if nobody comes"), until: None }],
            deemed: Some((5, Unit::WorkingDays)),
            items: Vec::new(),
        }
    }

    #[test]
    fn what_is_shown_and_not_changed_stays_as_it_was_signed() {
        let (case, known) = (Two::new().seen_by(0), terms());
        let shown = ActionTyped::of(&case, &known);
        assert_eq!(shown.instead(&case, Some(&known)), Ok(known.clone()));
        // Of the two sealed ones the first is kept where one is taken out.
        let fewer = ActionTyped { conditions: vec![render::SEALED.to_owned(), "it is dry".to_owned()], ..shown };
        let read = fewer.instead(&case, Some(&known)).expect("readable");
        assert_eq!(read.conditions, [Sealable::Sealed([1; 32]), open("it is dry")]);
        assert_eq!(read.due, known.due);
    }

    #[test]
    fn what_is_left_empty_is_left_out_or_kept_by_what_was_asked() {
        let (case, known) = (Two::new().seen_by(0), terms());
        let said = ActionTyped { what: Some("Mend it".to_owned()), ..ActionTyped::default() };
        let over = said.over(&case, Some(&known), &[Term::Value]).expect("readable");
        assert_eq!(over, ActionTerms { what: open("Mend it"), value: None, ..known.clone() });
        let instead = said.instead(&case, Some(&known)).expect("readable");
        assert_eq!((instead.due, instead.value, instead.conditions.len()), (None, None, 0));
        assert_eq!((instead.performers, instead.beneficiaries), (seat(1), seat(0)), "the supplier, as in new terms");
    }

    #[test]
    fn whoever_does_it_does_it_for_the_other() {
        let (case, known) = (Two::new().seen_by(0), terms());
        let by = |n| vec![Who::Picked { seat: Seat::Number(n), person: None }];
        let shown = ActionTyped { beneficiaries: Vec::new(), ..ActionTyped::of(&case, &known) };
        let turned = ActionTyped { by: by(0), ..shown };
        let read = turned.instead(&case, Some(&known)).expect("readable");
        assert_eq!((read.performers, read.beneficiaries), (seat(0), seat(1)));
    }

    #[test]
    fn where_nobody_is_named_the_supplier_does_it_and_a_promise_is_theirs() {
        let picked = |seats: &[u32]| -> Vec<Who> {
            seats.iter().map(|n| Who::Picked { seat: Seat::Number(*n), person: None }).collect()
        };
        let (customer, supplier) = (0, 1);
        for (own, promised, beneficiaries, by, whom) in [
            (0, false, &[][..], supplier, customer),
            (1, false, &[], supplier, customer),
            (0, true, &[], supplier, customer),
            (1, true, &[], customer, supplier),
            (0, false, &[supplier], customer, supplier),
            (1, false, &[supplier], customer, supplier),
            (1, false, &[customer], supplier, customer),
        ] {
            let case = Two::new().seen_by(own);
            let what = Some("Mend it".to_owned());
            let said = ActionTyped { what, promised, beneficiaries: picked(beneficiaries), ..ActionTyped::default() };
            let read = said.over(&case, None, &[]).expect("readable");
            assert_eq!(
                (read.performers, read.beneficiaries),
                (seat(by), seat(whom)),
                "party {own}, promised: {promised}, for {beneficiaries:?}"
            );
        }
    }

    #[test]
    fn all_that_cannot_be_read_is_told_at_once() {
        let case = Two::new().seen_by(0);
        let said = ActionTyped {
            due: Some("whenever".to_owned()),
            value: Some("24.99".to_owned()),
            deemed: Some("soon".to_owned()),
            conditions: vec!["good".to_owned(), " ".to_owned()],
            cancel: vec![Clause::Parted { by: None, text: "if late".to_owned(), until: None }],
            uses: vec![Fact::Named("price".to_owned())],
            ..ActionTyped::default()
        };
        let wrong = said.instead(&case, None).expect_err("nothing of it");
        let places: Vec<(Term, usize)> = wrong.iter().map(|w| (w.term, w.at)).collect();
        use Term::{CancelClauses, Conditions, Deemed, Due, Uses, Value, What};
        assert_eq!(
            places,
            [(What, 0), (Due, 0), (Value, 0), (Deemed, 0), (Conditions, 1), (CancelClauses, 0), (Uses, 0)]
        );
    }

    #[test]
    fn due_times_read_back_as_they_are_shown() {
        let case = Two::new().seen_by(0);
        for text in [
            "2026-07-08 17:00",
            "2026-07-08 17:00 Asia/Tokyo",
            "2026-10-25 02:30+01:00",
            "in 3 days after it is agreed",
        ] {
            let due = when::due(text, case.zone(), case.now).expect(text);
            let shown = due_as_typed(&case, &due);
            assert_eq!(when::due(&shown, case.zone(), case.now), Ok(due), "{shown}");
        }
    }
}
