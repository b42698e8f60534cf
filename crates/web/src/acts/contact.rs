//! Noting a contact: a call while it is made, or a letter, an e-mail, a visit afterwards; with what was promised in it.
//!
//! What is typed is kept as the case's draft, the same that the command keeps, at every step: a reload, a crash or an
//! empty battery loses nothing. It is signed like everything else.

mod page;

use axum::response::Response;
use counterpart_core::act::Act;
use counterpart_node::{DeskError, now};
use counterpart_process::{
    call::{Draft, Promise},
    menu::Step,
};
use counterpart_words::{
    case::OpenCase,
    contact::{Noted, began, due, due_written_out, noted, waited},
    error::CommandError,
    render,
    typed::typed as sound,
    when,
};

pub(crate) use self::page::show;
use super::{ActForm, At, Naming, Ready, Wrong};
use crate::{guard::Problem, typed::Typed};

/// The channel of a call, in the word of the record.
pub(crate) const TELEPHONE: &str = "telephone";
/// The other channels, with the keys of their names.
const CHANNELS: &[(&str, &str)] = &[
    ("mail", "call.channel.mail"),
    ("e-mail", "call.channel.email"),
    ("visit", "call.channel.visit"),
    ("chat", "call.channel.chat"),
    (TELEPHONE, "call.channel.telephone"),
    ("other", "call.channel.other"),
];

/// How long a call may have begun ago to be one that goes on: Unix milliseconds.
const LONGEST: i64 = 12 * 60 * 60 * 1000;

/// A form for calls, and one for every other contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Call,
    Contact,
}

impl ActForm for Form {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let fields = if Fields::are_in(typed) { Some(Fields::of_typed(typed)) } else { self.kept(at)? };
        show(*self, at, fields, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let fields = Fields::of_typed(typed);
        let (draft, mut wrong) = fields.read(at.case);
        // Whatever comes of it, it is not lost.
        wrong.extend(keep(at, &draft).err());
        if fields.summary.trim().is_empty() {
            wrong.push(Wrong::of("summary", at.visit.language.say("call.summary.none")));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let Noted { contact, promises, lesson } =
            noted(at.case, &draft).map_err(|why| vec![Wrong::said(field_of(&why), &why)])?;
        let noted = Noted { contact, promises, lesson: lesson.filter(|_| !fields.nobody_answered(&draft)) };
        Ok(ready(at.case, noted))
    }
}

impl Form {
    /// What was kept of such a contact before.
    fn kept(self, at: &At<'_>) -> Result<Option<Fields>, Problem> {
        let draft = at.desk.draft_of(&at.case.id)?;
        let ours = draft.filter(|draft| (draft.channel == TELEPHONE) == (self == Self::Call));
        Ok(ours.map(|draft| Fields::of_draft(at.case, &draft)))
    }
}

/// Of the fields, the one that words for a terminal are about.
fn field_of(why: &CommandError) -> &'static str {
    if why.message.contains("whose promise") || why.message.contains("seat") { "person" } else { "" }
}

fn ready(case: &OpenCase, noted: Noted) -> Ready {
    let contact = Act::Contact(noted.contact.clone());
    let (speech, own) = (render::Speech::of_case(case), case.party_label(&case.own));
    let mut texts = vec![render::in_full(&speech, &own, &contact)];
    texts.extend(noted.promises_in_full(case));
    let mut ready = Ready::act(contact);
    for proposal in noted.promises.clone() {
        let again = proposal.clone();
        let made: Naming = Box::new(move |signed| {
            let mut proposal = again.clone();
            proposal.alleged = signed.first().copied();
            Act::Propose(proposal)
        });
        ready = ready.and_naming(Act::Propose(proposal), made);
    }
    let (id, lesson) = (case.id, noted.lesson);
    ready.text = Some(texts.join("\n\n"));
    ready.also = Some(Box::new(move |desk, txn, _| {
        desk.drop_draft_in(txn, &id)?;
        lesson.map_or(Ok(()), |lesson| desk.learn(txn, &lesson, now()))
    }));
    ready
}

/// Keeps what was typed. A call that is being noted is not replaced by a letter, nor the other way round.
pub(crate) fn keep(at: &At<'_>, draft: &Draft) -> Result<(), Wrong> {
    let known = at.desk.draft_of(&at.case.id).ok().flatten();
    let other = |known: &Draft| (known.channel == TELEPHONE) != (draft.channel == TELEPHONE);
    if known.as_ref().is_some_and(|known| other(known) && is_something(known)) {
        return Ok(());
    }
    let kept = at.desk.keep_draft(&at.case.id, draft, now());
    kept.map_err(|why| match why {
        DeskError::NoteTooLong => Wrong::of("summary", at.visit.language.say("call.long")),
        other => Wrong::said("", &CommandError::from(other)),
    })
}

/// Whether a draft is worth coming back to: one of a call that goes on is, before anything is told.
pub(crate) fn is_something(draft: &Draft) -> bool {
    draft.says_anything() || draft.at.is_some()
}

/// A step through the telephone menu as it stands in the form.
#[derive(Debug, Clone, Default)]
pub(crate) struct StepField {
    /// What was pressed; empty for a step of another kind.
    pub(crate) key: String,
    /// What the menu calls it; of another kind the whole step.
    pub(crate) called: String,
}

impl StepField {
    /// From a step as it is written: "2 billing", "wait 40 s".
    pub(crate) fn of(written: &str) -> Self {
        match written.parse::<Step>() {
            Ok(Step::Press { keys, label }) => Self { key: keys, called: label.unwrap_or_default() },
            _ => Self { key: String::new(), called: written.trim().to_owned() },
        }
    }

    fn written(&self) -> String {
        format!("{} {}", self.key, self.called).trim().to_owned()
    }
}

#[derive(Debug, Clone, Default)]
struct PromiseField {
    what: String,
    by: String,
    who: String,
    /// When that is, as it is understood.
    told: Option<String>,
}

impl PromiseField {
    fn is_empty(&self) -> bool {
        [&self.what, &self.by, &self.who].iter().all(|text| text.trim().is_empty())
    }
}

/// The fields of the form, as they are typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    channel: String,
    incoming: bool,
    pub(crate) begun: i64,
    at: String,
    minutes: String,
    number: String,
    waited: String,
    pub(crate) steps: Vec<StepField>,
    seat: String,
    person: String,
    role: String,
    line: String,
    reference: String,
    summary: String,
    promises: Vec<PromiseField>,
}

impl Fields {
    /// Whether a form was sent at all.
    fn are_in(typed: &Typed) -> bool {
        typed.has("begun")
    }

    pub(crate) fn of_typed(typed: &Typed) -> Self {
        let text = |name: &str| typed.text(name).to_owned();
        let each = |name: &str| typed.fields().filter(|(n, _)| *n == name).map(|(_, value)| value.to_owned()).collect();
        let (keys, called): (Vec<String>, Vec<String>) = (each("key"), each("called"));
        let steps = keys.into_iter().zip(called).map(|(key, called)| StepField { key, called });
        let (what, by, who): (Vec<String>, Vec<String>, Vec<String>) = (each("what"), each("by"), each("who"));
        let promises = what.into_iter().zip(by).zip(who);
        let promises = promises.map(|((what, by), who)| PromiseField { what, by, who, told: None });
        let begun = typed.text("begun").parse().ok().filter(|begun| (1..=now()).contains(begun));
        let channel = CHANNELS.iter().find(|(word, _)| *word == typed.text("channel"));
        Self {
            channel: channel.map_or("other", |(word, _)| word).to_owned(),
            incoming: typed.text("incoming") == "1",
            begun: begun.unwrap_or_else(now),
            at: text("at"),
            minutes: text("minutes"),
            number: text("number"),
            waited: text("waited"),
            steps: steps.filter(|step| !step.written().is_empty()).collect(),
            seat: text("seat"),
            person: text("person"),
            role: text("role"),
            line: text("line"),
            reference: text("reference"),
            summary: text("summary"),
            promises: promises.filter(|promise| !promise.is_empty()).collect(),
        }
    }

    pub(crate) fn of_draft(case: &OpenCase, draft: &Draft) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (seat, person) = match draft.person.as_deref().map(|with| (with, with.rsplit_once(':'))) {
            Some((_, Some((seat, person)))) if case.seat(seat).is_ok() => (seat.to_owned(), person.to_owned()),
            Some((with, _)) if case.other_seat().is_none() && case.seat(with).is_ok() => {
                (with.to_owned(), String::new())
            }
            Some((with, _)) => (String::new(), with.to_owned()),
            None => (String::new(), String::new()),
        };
        let promise = |promise: &Promise| PromiseField {
            what: promise.what.clone(),
            by: promise.by.as_deref().map(|by| short(case, by)).unwrap_or_default(),
            who: text(&promise.who),
            told: promise.by.as_deref().and_then(|by| due(case, draft, by).ok()).map(|due| when::show_due(&due)),
        };
        let at = draft.at.clone().unwrap_or_default();
        Self {
            channel: draft.channel.clone(),
            incoming: draft.incoming,
            begun: draft.begun,
            at: if at == when::written_out(draft.begun, case.zone()) { at } else { short(case, &at) },
            minutes: draft.minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
            number: text(&draft.number),
            waited: draft.waited.map(clock).unwrap_or_default(),
            steps: draft.menu.iter().map(|step| StepField::of(step)).collect(),
            seat,
            person,
            role: text(&draft.role),
            line: text(&draft.line),
            reference: text(&draft.reference),
            summary: text(&draft.summary),
            promises: draft.promises.iter().map(promise).collect(),
        }
    }

    /// The draft that this is, with what cannot be understood of it.
    pub(crate) fn read(&self, case: &OpenCase) -> (Draft, Vec<Wrong>) {
        let mut wrong = Vec::new();
        let mut check = |field: &str, what: &str, text: &str| {
            let text = text.trim();
            if text.is_empty() {
                return None;
            }
            wrong.extend(sound(what, text).err().map(|why| Wrong::said(field, &why)));
            Some(text.to_owned())
        };
        let person = check("person", "the name", &self.person);
        let mut draft = Draft {
            channel: self.channel.clone(),
            incoming: self.incoming,
            begun: self.begun,
            number: check("number", "the number", &self.number),
            role: check("role", "the role", &self.role),
            line: check("line", "the direct line", &self.line),
            reference: check("reference", "the reference", &self.reference),
            summary: check("summary", "what was said", &self.summary),
            ..Draft::default()
        };
        for (n, step) in self.steps.iter().enumerate() {
            let written = step.written();
            let field = format!("step-{n}");
            wrong.extend(sound("the step", &written).err().map(|why| Wrong::said(&field, &why)));
            wrong.extend(written.parse::<Step>().err().map(|why| Wrong::of(&field, why.to_string())));
            draft.menu.push(written);
        }
        draft.person = match (self.seat.trim(), person) {
            ("", person) => person,
            (seat, Some(person)) => Some(format!("{seat}:{person}")),
            (seat, None) => Some(seat.to_owned()),
        };
        let mut length = |field: &str, text: &str| {
            let text = text.trim();
            let read = (!text.is_empty()).then(|| waited(text)).transpose();
            read.map_err(|why| wrong.push(Wrong::of(field, why))).ok().flatten()
        };
        draft.waited = length("waited", &self.waited);
        draft.minutes = length("minutes", &self.minutes).map(|seconds| seconds.div_ceil(60));
        if !self.at.trim().is_empty() {
            draft.at = Some(match began(case, &self.at, self.begun) {
                Ok(at) => when::written_out(at, case.zone()),
                Err(why) => {
                    wrong.push(Wrong::said("at", &why));
                    self.at.clone()
                }
            });
        }
        for (n, promise) in self.promises.iter().enumerate() {
            let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
            let (what, by) = (promise.what.trim(), some(&promise.by));
            wrong.extend(sound("the promise", what).err().map(|why| Wrong::said(&format!("what-{n}"), &why)));
            let by = by.map(|by| match due(case, &draft, &by) {
                Ok(due) => due_written_out(&due),
                Err(why) => {
                    wrong.push(Wrong::said(&format!("by-{n}"), &why));
                    by
                }
            });
            draft.promises.push(Promise { what: what.to_owned(), by, who: some(&promise.who) });
        }
        (draft, wrong)
    }

    /// Whether it began when it was begun to be noted: a call that goes on.
    fn is_running(&self, case: &OpenCase) -> bool {
        let long_ago = now() - self.begun > LONGEST;
        self.channel == TELEPHONE && !long_ago && self.at == when::written_out(self.begun, case.zone())
    }

    fn stage(&self, case: &OpenCase) -> Stage {
        match (self.is_running(case), self.minutes.trim().is_empty(), self.waited.trim().is_empty()) {
            (false, ..) | (_, false, _) => Stage::Over,
            (true, true, true) if !self.incoming => Stage::Waiting,
            (true, true, _) => Stage::Talking,
        }
    }

    /// A call that was ended while waiting teaches no way to anybody.
    fn nobody_answered(&self, draft: &Draft) -> bool {
        let waited = draft.waited.map(|seconds| seconds.div_ceil(60).max(1));
        draft.channel == TELEPHONE && draft.person.is_none() && waited.is_some() && waited == draft.minutes
    }

    fn since_begun(&self) -> u32 {
        u32::try_from((now() - self.begun).max(0) / 1000).unwrap_or(u32::MAX)
    }

    /// Somebody answered, just now.
    pub(crate) fn answered(&mut self) {
        self.waited = clock(self.since_begun());
    }

    /// It is over, just now.
    pub(crate) fn over(&mut self) {
        self.minutes = self.since_begun().div_ceil(60).max(1).to_string();
    }

    /// It is over and nobody answered; `said` is what is noted of it where nothing is.
    pub(crate) fn given_up(&mut self, said: &str) {
        self.answered();
        self.over();
        if self.summary.trim().is_empty() {
            said.clone_into(&mut self.summary);
        }
    }

    /// A call, begun just now.
    pub(crate) fn call(case: &OpenCase, incoming: bool, goes_on: bool, number: &str) -> Self {
        let begun = now();
        let at = if goes_on { when::written_out(begun, case.zone()) } else { String::new() };
        Self { channel: TELEPHONE.to_owned(), incoming, begun, at, number: number.to_owned(), ..Self::default() }
    }
}

/// A point in time as it stands in a field: without its zone where that is the case's.
fn short(case: &OpenCase, written: &str) -> String {
    let read = when::absolute(written, case.zone(), case.now).ok();
    let same = |(at, _, zone): &(i64, String, String)| *zone == case.zone() && when::written_out(*at, zone) == written;
    let local = read.filter(same).and_then(|(at, ..)| when::local_in(at, case.zone()));
    local.map_or_else(|| written.to_owned(), |local| local.replace('T', " "))
}

/// Minutes and seconds, as they can be typed too: "4:30".
fn clock(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// How far a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was begun.
    Before,
    Waiting,
    Talking,
    Over,
}
