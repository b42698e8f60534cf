//! What is known before the next contact: how long it took last time, the fastest way, whom to ask for, what they owe.

use counterpart_core::value::Seat;
use counterpart_node::{Desk, due_instant};
use counterpart_process::notebook::{Before, Note, Number, Person};

use crate::{
    case::OpenCase,
    error::Done,
    render::{line, sealable},
    when,
};

/// What the notebook and the record know of the other side.
#[derive(Debug)]
pub struct Known {
    /// Where they sit.
    pub seat: Seat,
    /// The numbers, ways and people themselves.
    pub before: Before,
    /// All of it in words, each behind what it is: "number", "last time", "fastest way", "person", "promised", "note".
    pub told: Vec<(&'static str, String)>,
}

/// What the notebook and the record know; nothing where it is not clear who the other side is.
pub fn known(desk: &Desk, case: &OpenCase) -> Done<Option<Known>> {
    let Some(seat) = case.other_seat() else { return Ok(None) };
    let notes: Vec<Note> = desk.notes_about(&case.seat_text(&seat))?.into_iter().map(|entry| entry.note).collect();
    let mut before = Before::new(notes.iter());
    // The record may know people that the notebook does not.
    before.people = desk.people_of(&case.id)?;
    let mut told: Vec<(&'static str, String)> = Vec::new();
    let day = |at: i64| when::show_day(at, case.zone(), case.now);
    for number in before.numbers.iter().take(3) {
        told.push(("number", number_in_words(number, day)));
    }
    if let (Some(wait), Some(at)) = (&before.last_wait, before.last_call) {
        told.push(("last time", format!("{wait} on hold ({})", day(at))));
    }
    if let Some(way) = &before.fastest {
        let worked = way.path.worked.map(|at| format!("worked {}", day(at)));
        let remarks: Vec<String> = way.took.iter().cloned().chain(worked).collect();
        let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
        told.push(("fastest way", format!("{}{remarks}", line(&way.in_words))));
    }
    told.extend(before.people.iter().take(6).map(|person| ("person", person_in_words(person))));
    told.extend(promised(case).into_iter().map(|promise| ("promised", promise)));
    for note in &notes {
        if let Note::Remark(remark) = note {
            told.push(("note", line(&remark.text)));
        }
    }
    Ok(Some(Known { seat, before, told }))
}

/// "020 1, complaints (worked 3 May)".
pub(super) fn number_in_words(number: &Number, day: impl Fn(i64) -> String) -> String {
    let label = number.label.as_ref().map(|l| format!(", {}", line(l))).unwrap_or_default();
    let worked = number.worked.map(|at| format!(" (worked {})", day(at))).unwrap_or_default();
    format!("{}{label}{worked}", line(&number.number))
}

/// "Dean, customer care, direct line 020 1, dean@acme.example, Mon to Fri".
pub fn person_in_words(person: &Person) -> String {
    let mut text = line(&person.name);
    let mut add = |lead: &str, part: &Option<String>| {
        if let Some(part) = part {
            text.push_str(&format!(", {lead}{}", line(part)));
        }
    };
    add("", &person.function);
    add("direct line ", &person.phone);
    add("", &person.email);
    add("", &person.hours);
    add("", &person.note);
    text
}

/// What the others are still to do, with its time.
fn promised(case: &OpenCase) -> Vec<String> {
    let lens = case.lens();
    let mut promised = Vec::new();
    for action in case.view().actions.iter().filter(|a| a.is_live()) {
        let Some(terms) = action.terms(&lens) else { continue };
        if terms.performers.iter().all(|p| case.is_own_seat(&p.seat)) {
            continue;
        }
        let instant = terms.due.as_ref().and_then(|due| due_instant(due, action.counted_from));
        let due = instant.map(|at| {
            format!(", due {}, {}", when::show_short(at, case.zone(), case.now), when::distance(at, case.now))
        });
        let who = terms.performers.iter().find_map(|p| p.person.as_ref()).map(|p| format!(" ({})", sealable(p)));
        promised.push(format!(
            "{} {}{}{}",
            case.subject_name(&action.key),
            sealable(&terms.what),
            who.unwrap_or_default(),
            due.unwrap_or_default()
        ));
    }
    promised
}
