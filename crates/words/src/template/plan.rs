//! A template and answers, made into the acts that somebody can sign.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Mode, PartyRef, Proposal, Role, SeatOffer, Subject, Topic},
    cbor::CORE_LIMITS,
    id::EntryId,
    schema,
    value::{ActionId, Due, Money, Sealable, Seat, Unit},
};
use counterpart_process::rule::{Rule, Span, Whom};
use counterpart_process::steps::{Place, Ref, Start, Step, Want};

use super::{
    Action, Answers, ClocksAsked, Place as Gap, Reminder, StepAsked, StepFrom, Template, WantedIn, Wording,
    answers::{as_typed, in_words},
};
use crate::{
    clocks,
    error::{CommandError, Done},
    item_value::Here,
    money, render,
    typed::typed,
    when,
};

/// What an entry holds besides the act's body, generously: bytes and values.
const AROUND: (usize, usize) = (2 * 1024, 96);

/// What a template comes to with these answers.
#[derive(Debug, Clone)]
pub struct Plan {
    /// In the order of signing: the answers, a proposal for each action, one for all clauses.
    pub acts: Vec<Act>,
    /// What is not proposed for want of an answer, for people.
    pub left_out: Vec<String>,
    pub reminders: Vec<Planned>,
    /// The steps, with their texts filled.
    steps: Vec<PlannedStep>,
}

/// A reminder of an action that is proposed.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The action's id.
    pub about: String,
    pub when: String,
    pub text: String,
    /// Its act's place in the plan.
    act: usize,
    /// The rule, of no action yet.
    rule: Rule,
}

/// A step of the plan.
#[derive(Debug, Clone)]
struct PlannedStep {
    step: Step,
    from: PlannedFrom,
    /// For each want the act whose action it is about, by its place in the plan.
    places: Vec<Option<usize>>,
}

/// What a step of the plan counts from.
#[derive(Debug, Clone)]
enum PlannedFrom {
    Ready(Start),
    /// The due time of what is proposed in that act of the plan.
    Due(usize),
    /// When that act of the plan is signed.
    Act(usize),
}

/// An action that is proposed.
#[derive(Debug)]
struct AskedFor {
    id: String,
    /// Its act's place in the plan.
    act: usize,
    has_due: bool,
}

impl PlannedFrom {
    /// Nothing where it counts from what is not proposed.
    fn new(from: &StepFrom, asked: &[AskedFor], steps: &[&str]) -> Option<Self> {
        let of = |id: &str| asked.iter().find(|a| a.id == id);
        Some(match from {
            StepFrom::Opening => Self::Ready(Start::Opening),
            StepFrom::FirstContact => Self::Ready(Start::FirstContact),
            StepFrom::LastContact => Self::Ready(Start::LastContact),
            StepFrom::Item(key) => Self::Ready(Start::Item { key: key.clone() }),
            StepFrom::Step(id) => {
                steps.iter().find(|known| **known == id.as_str())?;
                Self::Ready(Start::Step { id: id.clone() })
            }
            StepFrom::Action(id) => match of(id)? {
                AskedFor { act, has_due: true, .. } => Self::Due(*act),
                AskedFor { act, .. } => Self::Act(*act),
            },
            StepFrom::Asked(id) => Self::Act(of(id)?.act),
        })
    }
}

impl PlannedStep {
    fn of(&self, entries: &[EntryId]) -> Option<Step> {
        let action = |act: usize| Some(ActionId { proposal: *entries.get(act)?, index: 0 });
        let from = match &self.from {
            PlannedFrom::Ready(start) => start.clone(),
            PlannedFrom::Due(act) => Start::due_of(&action(*act)?),
            PlannedFrom::Act(act) => Start::Entry { entry: Ref(*entries.get(*act)?) },
        };
        let mut step = Step { from, ..self.step.clone() };
        for (want, act) in step.wants.iter_mut().zip(&self.places) {
            if let Some(act) = act {
                want.place = Some(Place::Action { proposal: Ref(*entries.get(*act)?), subject: 0 });
            }
        }
        Some(step)
    }
}

/// Who is in the case, by seat number.
#[derive(Debug, Clone, Copy)]
pub struct Seats<'a>(pub &'a [SeatOffer]);

impl Seats<'_> {
    fn fitting(&self, fits: impl Fn(Role) -> bool) -> Vec<Seat> {
        let numbered = self.0.iter().zip(0..);
        numbered.filter(|(offer, _)| fits(offer.role)).map(|(_, number)| Seat::Number(number)).collect()
    }

    /// What those of a role are called.
    fn called(&self, role: Role) -> String {
        let those = self.0.iter().filter(|offer| offer.role == role);
        render::listed(those.map(|offer| offer.label.open().unwrap_or(render::SEALED).to_owned()))
    }
}

/// Why a text cannot be filled.
enum Unfilled {
    /// Nothing was answered to this item.
    Missing(String),
    TooLong,
}

impl Plan {
    /// The acts for a case between these seats.
    ///
    /// # Errors
    /// When a role is missing in the case, or an answer makes terms that cannot be signed.
    pub fn new(template: &Template, answers: &Answers, seats: Seats<'_>, here: Here<'_>) -> Done<Self> {
        let mut drawing = Drawing { answers, seats, here, left_out: Vec::new() };
        let mut acts: Vec<Act> = Vec::new();
        for answer in &answers.0 {
            acts.push(Act::Item { key: answer.key.clone(), value: answer.value.clone(), label: None, note: None });
        }
        let mut asked: Vec<AskedFor> = Vec::new();
        let mut clocks = template.clocks.as_ref().map(|clocks| drawing.clocks(clocks)).transpose()?;
        for action in &template.actions {
            if let Some(terms) = drawing.action(action)? {
                asked.push(AskedFor { id: action.id.clone(), act: acts.len(), has_due: terms.due.is_some() });
                let mut topics = vec![Topic::Action { action: None, terms }];
                if template.clocks.as_ref().is_some_and(|clocks| clocks.with.as_ref() == Some(&action.id)) {
                    topics.extend(clocks.take().into_iter().flatten());
                }
                acts.push(propose(topics));
            }
        }
        let mut topics = Vec::new();
        for clause in &template.clauses {
            let name = format!("the clause \"{}\"", clause.title.unfilled());
            let title = drawing.text(&clause.title, || name.clone())?;
            let Some(title) = title else { continue };
            let Some(text) = drawing.text(&clause.text, || name.clone())? else { continue };
            let seats = seats.fitting(Role::agrees);
            topics.push(Topic::Terms { terms: None, title, text: Sealable::Open(text), seats });
        }
        if !topics.is_empty() {
            acts.push(propose(topics));
        }
        acts.extend(clocks.map(propose));
        for act in &acts {
            fits(act)?;
        }
        let mut reminders = Vec::new();
        for reminder in &template.reminders {
            let Some(of) = asked.iter().find(|a| a.id == reminder.about) else { continue };
            reminders.extend(drawing.reminder(reminder, of.act)?);
        }
        let steps = drawing.steps(&template.steps, &asked)?;
        Ok(Self { acts, left_out: drawing.left_out, reminders, steps })
    }

    /// The rules to keep once the acts are signed: `entries` are theirs, in their order.
    pub fn rules(&self, entries: &[EntryId]) -> Vec<Rule> {
        let of = |planned: &Planned| {
            let about = ActionId { proposal: *entries.get(planned.act)?, index: 0 };
            Some(Rule { about: Some(about), ..planned.rule.clone() })
        };
        self.reminders.iter().filter_map(of).collect()
    }

    /// How many steps the path has.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// The steps to keep once the acts are signed: `entries` are theirs, in their order.
    pub fn steps(&self, entries: &[EntryId]) -> Vec<Step> {
        self.steps.iter().filter_map(|step| step.of(entries)).collect()
    }
}

/// Drawing up terms, noting what is left out.
struct Drawing<'a> {
    answers: &'a Answers,
    seats: Seats<'a>,
    here: Here<'a>,
    left_out: Vec<String>,
}

impl Drawing<'_> {
    fn action(&mut self, action: &Action) -> Done<Option<ActionTerms>> {
        let id = &action.id;
        let named = |what: &str| format!("{what} of {id}");
        let Some(what) = self.text(&action.what, || format!("the action {id}"))? else { return Ok(None) };
        let terms = ActionTerms {
            what: Sealable::Open(what),
            performers: self.parties(&action.by, id)?,
            beneficiaries: self.parties(&action.beneficiaries, id)?,
            due: self.due(action.due.as_ref(), || named("the due time"))?,
            value: self.amount(action.value.as_ref(), || named("the value"))?,
            conditions: self.texts(&action.conditions, || named("a condition"))?,
            evidence: self.texts(&action.evidence, || named("a piece of evidence"))?,
            consequences: self.texts(&action.consequences, || named("a consequence"))?,
            cancel: self.cancels(action)?,
            deemed: action.deemed,
            items: Vec::new(),
        };
        Ok(Some(terms))
    }

    /// The clocks, between everybody who takes part in agreements.
    fn clocks(&self, asked: &ClocksAsked) -> Done<Vec<Topic>> {
        let agreed = asked.typed.read(self.here.zone, self.here.now)?;
        let theirs = self.seats.fitting(|role| role == agreed.by);
        let all = self.seats.fitting(Role::agrees);
        if theirs.is_empty() || theirs.len() == all.len() {
            let word = agreed.by.as_str();
            let message =
                format!("the template's clocks are of the {word}, and this case has not both one and another party");
            return Err(CommandError::usage(message).hint(format!("name one: --with \"Acme Ltd:{word}\"")));
        }
        Ok(clocks::topics(&agreed, all, &self.seats.called(agreed.by), None))
    }

    /// Everybody of these roles.
    fn parties(&self, roles: &[Role], id: &str) -> Done<Vec<PartyRef>> {
        let mut parties = Vec::new();
        for role in roles {
            let seats = self.seats.fitting(|r| r == *role);
            if seats.is_empty() {
                let word = role.as_str();
                let message =
                    format!("the template's action {id} needs a party of the role {word}, and this case has none");
                return Err(CommandError::usage(message).hint(format!("name one: --with \"Acme Ltd:{word}\"")));
            }
            parties.extend(seats.into_iter().map(|seat| PartyRef { seat, person: None }));
        }
        Ok(parties)
    }

    fn cancels(&mut self, action: &Action) -> Done<Vec<CancelClause>> {
        let mut clauses = Vec::new();
        for cancel in &action.cancel {
            let name = || format!("a cancel clause of {}", action.id);
            let Some(text) = self.text(&cancel.text, name)? else { continue };
            let until = self.due(cancel.until.as_ref(), name)?;
            for party in self.parties(&[cancel.by], &action.id)? {
                let text = Sealable::Open(text.clone());
                clauses.push(CancelClause { by: party.seat, text, until: until.clone() });
            }
        }
        Ok(clauses)
    }

    /// The steps, without those that count from what is not proposed.
    fn steps(&mut self, steps: &[StepAsked], asked: &[AskedFor]) -> Done<Vec<PlannedStep>> {
        let mut planned: Vec<PlannedStep> = Vec::new();
        for step in steps {
            let name = || format!("the step {}", step.id);
            let known: Vec<&str> = planned.iter().map(|p| p.step.id.as_str()).collect();
            let Some(from) = PlannedFrom::new(&step.from, asked, &known) else {
                self.left_out.push(format!("{}, which counts from what is left out", name()));
                continue;
            };
            let Some(what) = self.text(&step.what, name)? else { continue };
            let to = step.to.as_ref().map(|to| self.text(to, name)).transpose()?.flatten();
            let mut wants = Vec::new();
            let mut places = Vec::new();
            for wanted in &step.wants {
                let Some(what) = self.text(&wanted.what, name)? else { continue };
                let (place, action) = match &wanted.place {
                    Some(WantedIn::Place(place)) => (Some(place.clone()), None),
                    Some(WantedIn::Action(id)) => (None, asked.iter().find(|a| a.id == *id).map(|a| a.act)),
                    None => (None, None),
                };
                wants.push(Want { what, place, entries: Vec::new() });
                places.push(action);
            }
            // What it counts from is known once the acts are signed.
            let start = Start::Opening;
            let (id, after, within) = (step.id.clone(), step.after, step.within);
            let step = Step { id, what, from: start, after, within, to, wants, taken: None };
            planned.push(PlannedStep { step, from, places });
        }
        Ok(planned)
    }

    fn reminder(&mut self, reminder: &Reminder, act: usize) -> Done<Option<Planned>> {
        let Some(text) = self.text(&reminder.text, || format!("a reminder of {}", reminder.about))? else {
            return Ok(None);
        };
        let span = |(count, unit): (u32, Unit)| Span::new(count, unit);
        let rule = Rule {
            about: None,
            after: vec![reminder.after.map_or(Span::NONE, span)],
            then: reminder.then.map(span),
            to: if reminder.to_me { Whom::Me } else { Whom::Them },
            text: text.clone(),
            letter: None,
        };
        rule.check().map_err(|e| CommandError::usage(format!("a reminder of {}: {e}", reminder.about)))?;
        Ok(Some(Planned { about: reminder.about.clone(), when: reminder.when(), text, act, rule }))
    }

    /// A text for people; nothing where an answer it needs was not given, which is noted.
    fn text(&mut self, wording: &Wording, name: impl Fn() -> String) -> Done<Option<String>> {
        let filled = self.fill(wording, in_words);
        match self.settled(filled, &name)? {
            Some(text) => Ok(Some(typed(&name(), &text)?)),
            None => Ok(None),
        }
    }

    fn texts(&mut self, wordings: &[Wording], name: impl Fn() -> String) -> Done<Vec<Sealable>> {
        let mut texts = Vec::new();
        for wording in wordings {
            let name = || format!("{} (\"{}\")", name(), wording.unfilled());
            texts.extend(self.text(wording, name)?.map(Sealable::Open));
        }
        Ok(texts)
    }

    fn due(&mut self, wording: Option<&Wording>, name: impl Fn() -> String) -> Done<Option<Due>> {
        let Some(wording) = wording else { return Ok(None) };
        let filled = self.fill(wording, as_typed);
        let Some(text) = self.settled(filled, &name)? else { return Ok(None) };
        let due = when::due(&text, self.here.zone, self.here.now);
        Ok(Some(due.map_err(|e| CommandError::usage(format!("{}: {e}", name())))?))
    }

    fn amount(&mut self, wording: Option<&Wording>, name: impl Fn() -> String) -> Done<Option<Money>> {
        let Some(wording) = wording else { return Ok(None) };
        let filled = self.fill(wording, as_typed);
        let Some(text) = self.settled(filled, &name)? else { return Ok(None) };
        Ok(Some(money::parse(&text).map_err(|e| CommandError::usage(format!("{}: {e}", name())))?))
    }

    fn fill(
        &self,
        wording: &Wording,
        say: impl Fn(&counterpart_core::value::ItemValue) -> String,
    ) -> Result<String, Unfilled> {
        let mut room = CORE_LIMITS.text;
        let text = wording.fill(|place| {
            let part = match place {
                Gap::Item(key) => say(self.answers.get(key).ok_or_else(|| Unfilled::Missing(key.clone()))?),
                Gap::Role(role) => self.seats.called(*role),
            };
            room = room.checked_sub(part.len()).ok_or(Unfilled::TooLong)?;
            Ok(part)
        })?;
        if text.len() > CORE_LIMITS.text { Err(Unfilled::TooLong) } else { Ok(text) }
    }

    fn settled(&mut self, filled: Result<String, Unfilled>, name: &impl Fn() -> String) -> Done<Option<String>> {
        match filled {
            Ok(text) => Ok(Some(text)),
            Err(Unfilled::Missing(key)) => {
                let left = format!("{}, which needs an answer to '{key}'", name());
                if !self.left_out.contains(&left) {
                    self.left_out.push(left);
                }
                Ok(None)
            }
            Err(Unfilled::TooLong) => {
                let message =
                    format!("{} becomes longer than {} KiB with these answers", name(), CORE_LIMITS.text / 1024);
                Err(CommandError::usage(message).hint("answer more shortly"))
            }
        }
    }
}

/// A new proposal; whoever does something, has something done, or is bound by a clause has to sign it.
fn propose(topics: Vec<Topic>) -> Act {
    let mut signers: BTreeSet<Seat> = BTreeSet::new();
    for topic in &topics {
        match topic {
            Topic::Action { terms, .. } => signers.extend(terms.seats()),
            Topic::Terms { seats, .. } => signers.extend(seats.iter().copied()),
            _ => {}
        }
    }
    Act::Propose(Proposal {
        subjects: topics.into_iter().map(|topic| Subject { base: None, topic }).collect(),
        signers: signers.into_iter().collect(),
        mode: Mode::Firm,
        open_until: None,
        alleged: None,
        note: None,
    })
}

/// Whether an act can be signed at all; known before the case is opened, so that none is left half made.
fn fits(act: &Act) -> Done {
    let body = act.body();
    let what = match act {
        Act::Item { key, .. } => format!("the answer to '{key}'"),
        _ => "what the template proposes".to_owned(),
    };
    let level = schema::level(1).expect("this version knows level 1");
    level.check(act.kind(), &body).map_err(|e| CommandError::usage(format!("{what} cannot be signed: {e}")))?;
    let (bytes, nodes) = AROUND;
    if body.encode().len() + bytes > CORE_LIMITS.bytes || body.node_count() + nodes > CORE_LIMITS.nodes {
        let message = format!("{what} is longer than one entry of a case can be");
        return Err(CommandError::usage(message).hint("answer more shortly, or use a template with shorter texts"));
    }
    Ok(())
}
