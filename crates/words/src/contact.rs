//! From what was told of a contact to what is signed: the contact, and each promise made in it as recorded for the other
//! side; and what is known before the next one.

mod before;
mod note;
mod said;

pub use before::{Known, known, person_in_words};
pub use note::note_in_words;
pub use said::{steps, told, waited};

use counterpart_core::{
    act::{Act, ActionTerms, Contact, Mode, PartyRef, Proposal, Role, Subject, Topic},
    id::EntryId,
    value::{Due, Sealable, Seat},
};
use counterpart_node::{Lesson, now};
use counterpart_process::{
    call::{Draft, Promise},
    menu::Step,
    notebook::Person,
};

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    render::{self, Speech},
    typed::typed,
    when,
};

/// Most promises of one contact.
const MAX_PROMISES: usize = 16;

/// What comes of a contact.
#[derive(Debug, Clone)]
pub struct Noted {
    pub contact: Contact,
    /// What was promised in it, as yet without its name.
    pub promises: Vec<Proposal>,
    pub lesson: Option<Lesson>,
}

impl Noted {
    /// What is signed next, after these: the contact, then the promises, which name it.
    #[must_use]
    pub fn act(&self, signed: &[EntryId]) -> Option<Act> {
        match signed {
            [] => Some(Act::Contact(self.contact.clone())),
            [contact, rest @ ..] => {
                let proposal = self.promises.get(rest.len())?;
                Some(Act::Propose(Proposal { alleged: Some(*contact), ..proposal.clone() }))
            }
        }
    }

    /// The exact text of it all, as it is shown before it is signed.
    #[must_use]
    pub fn text(&self, case: &OpenCase) -> String {
        self.text_at(case, case.now)
    }

    /// The same as it reads at a time, Unix milliseconds.
    #[must_use]
    pub fn text_at(&self, case: &OpenCase, now: i64) -> String {
        let mut shown = render::to_be_signed_at(case, &[Act::Contact(self.contact.clone())], now);
        for text in self.promises_at(case, now) {
            shown.push_str(&format!("\n{}\n", render::indented(&text, "  ")));
        }
        shown
    }

    /// The exact words of each promise, which has no contact to name yet.
    #[must_use]
    pub fn promises_in_full(&self, case: &OpenCase) -> Vec<String> {
        self.promises_at(case, case.now)
    }

    fn promises_at(&self, case: &OpenCase, now: i64) -> Vec<String> {
        let (speech, own) = (Speech::of_case(case).at(now), case.party_label(&case.own));
        self.promises.iter().map(|proposal| render::promise_in_full(&speech, &own, proposal)).collect()
    }
}

/// Whether what was given so far can be understood; says what to write where not.
pub fn check(case: &OpenCase, draft: &Draft) -> Done {
    let summary = draft.summary.clone().or_else(|| Some("...".to_owned()));
    noted(case, &Draft { summary, ..draft.clone() }).map(drop)
}

/// What is signed of a draft, and what the notebook learns of it.
pub fn noted(case: &OpenCase, draft: &Draft) -> Done<Noted> {
    let (seat, name) = match draft.person.as_deref() {
        Some(with) => whom(case, with)?,
        None => (case.other_seat(), None),
    };
    let role = draft.role.as_deref().map(|role| typed("the role", role)).transpose()?;
    let line = draft.line.as_deref().map(|line| typed("the direct line", line)).transpose()?;
    let person = match (&name, &role) {
        (Some(name), Some(role)) => Some(format!("{name}, {role}")),
        (name, _) => name.clone(),
    };
    let started = started(case, draft)?;
    let menu = draft.menu.iter().map(|m| typed("the menu choice", m)).collect::<Done<Vec<_>>>()?;
    let steps = menu.iter().map(|m| m.parse::<Step>()).collect::<Result<Vec<_>, _>>();
    let steps = steps.map_err(|e| CommandError::usage(e.to_string()))?;
    let number = draft.number.as_deref().map(|n| typed("the number", n)).transpose()?;
    let reference = draft.reference.as_deref().map(|r| typed("the reference", r)).transpose()?;
    let summary = draft.summary.as_deref().ok_or_else(|| CommandError::usage("say what was said"))?;
    let contact = Contact {
        channel: draft.channel.clone(),
        direction: if draft.incoming { "in" } else { "out" }.to_owned(),
        started,
        seconds: draft.minutes.map(|m| i64::from(m) * 60),
        waited: draft.waited.map(i64::from),
        seat,
        person: person.map(Sealable::Open),
        number: number.clone().map(Sealable::Open),
        reference: reference.map(Sealable::Open),
        summary: Sealable::Open(typed("the summary", summary)?),
        menu: menu.into_iter().map(Sealable::Open).collect(),
    };
    if draft.promises.len() > MAX_PROMISES {
        return Err(CommandError::usage(format!("that is more than {MAX_PROMISES} promises of one contact"))
            .hint("record the others with `counterpart propose CASE WHAT --promised-in REF`")
            .in_fields("record the others by the act `propose` with `promised_in`"));
    }
    let promise = |p: &Promise| promise(case, p, seat, name.as_deref(), (started, draft.begun));
    let promises = draft.promises.iter().map(promise).collect::<Done<Vec<_>>>()?;
    let of = seat.filter(|seat| !case.is_own_seat(seat)).map(|seat| case.seat_text(&seat));
    let lesson = of.map(|of| Lesson {
        of,
        number,
        steps,
        waited: draft.waited,
        called: draft.channel == "telephone" && !draft.incoming,
        person: name.map(|name| Person { name, function: role, phone: line, ..Person::default() }),
        at: started,
    });
    Ok(Noted { contact, promises, lesson })
}

/// When it began. Said in a way that counts from now, it counts from when the draft was begun.
fn started(case: &OpenCase, draft: &Draft) -> Done<i64> {
    match &draft.at {
        Some(at) => began(case, at, draft.begun),
        None => Ok(draft.begun - i64::from(draft.minutes.unwrap_or(0)) * 60_000),
    }
}

/// Reads when a contact began, which is not to come.
pub fn began(case: &OpenCase, typed: &str, from: i64) -> Done<i64> {
    let at = when::past(typed, case.zone(), from).map_err(|e| CommandError::usage(e.to_string()))?;
    if at > now() {
        return Err(CommandError::usage(format!("{} has not come yet", when::show(at, case.zone())))
            .hint("write when it began, such as \"today 10:15\", \"20 minutes ago\" or \"2026-05-03 10:15\""));
    }
    Ok(at)
}

/// By when a promise is to be kept, as it stands in a draft.
pub fn due(case: &OpenCase, draft: &Draft, typed: &str) -> Done<Due> {
    promised_by(case, typed, (started(case, draft)?, now()))
}

/// A due time written so that it means the same on any later day.
pub fn due_written_out(due: &Due) -> String {
    match due {
        Due::At { instant, zone, .. } => when::written_out(*instant, zone),
        after @ Due::After { .. } => when::show_due(after),
    }
}

fn promised_by(case: &OpenCase, typed: &str, (started, said): (i64, i64)) -> Done<Due> {
    let due = when::promised(typed, case.zone(), started, said).map_err(|e| CommandError::usage(e.to_string()))?;
    match &due {
        Due::At { instant, zone, .. } if *instant <= started => Err(CommandError::usage(format!(
            "'{}' is {}, and that was over when it was promised",
            typed.trim(),
            when::show(*instant, zone)
        ))
        .hint("write a time after the contact, such as \"tomorrow 17:00\", \"friday 17:00\" or \"in 3 working days\"")),
        Due::At { instant, zone, .. } => match as_they_meant_it(typed, case.zone(), started) {
            // Noted some days later, "friday" as it was said is not the next one from here.
            Some(other) if other != *instant => Err(CommandError::usage(format!(
                "'{}' can mean {}, from the day of the contact, or {}, from today",
                typed.trim(),
                when::show(other, zone),
                when::show(*instant, zone)
            ))
            .hint(format!(
                "write the day itself: \"{}\" or \"{}\"",
                as_typed(other, zone),
                as_typed(*instant, zone)
            ))),
            _ => Ok(due),
        },
        Due::After { .. } => Ok(due),
    }
}

fn as_typed(instant: i64, zone: &str) -> String {
    when::local_in(instant, zone).unwrap_or_default().replace('T', " ")
}

/// A day named by a word, as it was meant when the contact was; nothing for a length of time, which counts from there anyway.
fn as_they_meant_it(typed: &str, zone: &str, started: i64) -> Option<i64> {
    match when::due(typed, zone, started).ok()? {
        Due::At { instant, .. } => Some(instant),
        Due::After { .. } => None,
    }
}

/// What was promised, as a proposal recorded for those who promised it.
fn promise(
    case: &OpenCase,
    promise: &Promise,
    seat: Option<Seat>,
    answered: Option<&str>,
    (started, said): (i64, i64),
) -> Done<Proposal> {
    let who = promise.who.as_deref().map(|who| whom(case, who)).transpose()?;
    let (by, person) = match who {
        Some((by, person)) => (by.or(seat), person),
        None => (seat, answered.map(str::to_owned)),
    };
    let by = by.filter(|by| !case.is_own_seat(by)).ok_or_else(|| {
        let named = answered.map(|name| format!(":{name}")).unwrap_or_default();
        let others = case.seats.iter().filter(|seat| !case.is_own_seat(&seat.seat));
        let ways: Vec<String> =
            others.map(|seat| format!("--with \"{}{named}\"", render::sealable(&seat.label))).collect();
        CommandError::usage("say whose promise it is: there are several others in the case").hint(ways.join(", or "))
    })?;
    let own = case.own_seats().first().copied();
    let own =
        own.ok_or_else(|| CommandError::failed("you have no seat in this case that a promise could be made to"))?;
    let due = promise.by.as_deref().map(|by| promised_by(case, by, (started, said))).transpose()?;
    let terms = ActionTerms {
        what: Sealable::Open(typed("the promise", &promise.what)?),
        performers: vec![PartyRef { seat: by, person: person.map(Sealable::Open) }],
        beneficiaries: vec![PartyRef { seat: own, person: None }],
        due,
        value: None,
        conditions: Vec::new(),
        evidence: Vec::new(),
        consequences: Vec::new(),
        cancel: Vec::new(),
        deemed: None,
        items: Vec::new(),
    };
    let subjects = vec![Subject { base: None, topic: Topic::Action { action: None, terms } }];
    let signers = case.lens().required_signers(&subjects);
    Ok(Proposal { subjects, signers, mode: Mode::Firm, open_until: None, alleged: None, note: None })
}

/// A seat, a person at a seat ("supplier:Priya"), or a person of the other side. A name that merely begins like a seat's is
/// a person's.
fn whom(case: &OpenCase, with: &str) -> Done<(Option<Seat>, Option<String>)> {
    let wanted = with.trim().to_lowercase();
    let is_seat = || {
        let numbered = wanted.strip_prefix("seat ").unwrap_or(&wanted).parse::<u32>().is_ok();
        let named = |label: &str| {
            label == wanted || label.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with(char::is_whitespace))
        };
        let labels = case.seats.iter().filter_map(|s| s.label.open());
        numbered || Role::from_word(&wanted).is_some() || labels.map(str::to_lowercase).any(|l| named(&l))
    };
    if with.contains(':') || is_seat() {
        let (seat, person) = case.seat_and_person(with)?;
        return Ok((Some(seat), person));
    }
    Ok((case.other_seat(), Some(typed("the person's name", with)?)))
}
