//! From a promise to a letter about it.

use counterpart_core::{
    act::Role,
    id::CaseId,
    value::{Sealable, Seat},
    view::View,
};
use counterpart_mail::{Address, Outgoing};
use counterpart_process::{
    letter::{self, Words},
    notebook::Person,
    reminder::{Promise, Said, Watch},
    rule::Whom,
    schedule::{Calendar, Slot},
    thanks::Thanks,
};
use jiff::Timestamp;

use super::{
    Channel,
    letter::{Body, Letter, LetterKind, LetterState, seat_to_word},
};
use crate::{desk::Desk, error::DeskError};

/// How many people one letter goes to.
const MOST_RECEIVERS: usize = 5;

/// What letters of a case have in common.
pub(super) struct Writing<'a> {
    pub(super) desk: &'a Desk,
    pub(super) case: CaseId,
    pub(super) view: &'a View,
    pub(super) calendar: &'a Calendar,
    /// This side's mail address, where mail is set up.
    pub(super) from: Option<Address>,
    pub(super) now: i64,
}

impl Writing<'_> {
    /// A reminder, or for oneself a notice, for one occasion.
    pub(super) fn reminder(&self, watch: &Watch, slot: &Slot) -> Result<Letter, DeskError> {
        let promise = &watch.promise;
        let kind = if watch.rule.rule.to == Whom::Me { LetterKind::Notice } else { LetterKind::Reminder };
        let before = u32::try_from(promise.reminded.len()).unwrap_or(u32::MAX);
        let words = self.words(promise, before, &watch.rule.rule.text);
        let (subject, text) = if kind == LetterKind::Notice {
            let text = if words.text.is_empty() { format!("{} is due.", words.what) } else { words.text.clone() };
            (letter::line(&format!("{} {}", promise.name, words.what), 150), letter::plain(&text))
        } else {
            let name = watch.rule.rule.letter.as_deref().unwrap_or_else(|| letter::by_count(before));
            self.written(name, &words)?
        };
        let about = promise.revision.to_hex();
        Ok(self.letter(
            format!("{}{}", watch.name(), slot.number),
            slot.goes.as_millisecond(),
            Body {
                number: slot.number,
                seat: promise.seats.first().map(seat_to_word),
                person: receiver(promise),
                ..self.body(kind, (subject, text), letter::line(&promise.what, 200), promise.name.clone(), about)
            },
        ))
    }

    /// Thanks.
    pub(super) fn thanks(&self, thanks: &Thanks, name: String) -> Result<Letter, DeskError> {
        let words = Words {
            person: thanks.person.clone(),
            what: thanks.what.clone(),
            reference: thanks.reference.clone().unwrap_or_default(),
            ..self.common(thanks.seat.as_ref())
        };
        let written = self.written(thanks.letter(), &words)?;
        let what = if thanks.what.is_empty() { self.view.title.clone() } else { thanks.what.clone() };
        Ok(self.letter(
            thanks.name(),
            self.now,
            Body {
                seat: thanks.seat.as_ref().map(seat_to_word),
                person: Some(thanks.person.clone()),
                ..self.body(LetterKind::Thanks, written, letter::line(&what, 200), name, thanks.about.to_hex())
            },
        ))
    }

    fn letter(&self, occasion: String, due: i64, body: Body) -> Letter {
        let state = if body.kind == LetterKind::Notice { LetterState::Allowed } else { LetterState::Waiting };
        let by = (body.kind == LetterKind::Notice).then_some(Channel::Notice);
        let next_try = (state == LetterState::Allowed).then_some(self.now);
        Letter { id: self.desk.draw(), case: self.case, state, due, next_try, occasion, body: Body { by, ..body } }
    }

    fn body(&self, kind: LetterKind, written: (String, String), what: String, name: String, about: String) -> Body {
        let nowhere = || Address::new(None, "nobody@mail.invalid").expect("an address");
        let from = self.from.clone().unwrap_or_else(nowhere);
        Body {
            kind,
            what,
            name,
            about,
            seat: None,
            person: None,
            number: 0,
            subject: written.0,
            text: written.1,
            message_id: Outgoing::fresh_id(self.desk.draw(), &from),
            composed: self.now,
            by: None,
            to: Vec::new(),
            thread: Vec::new(),
            standing: false,
            tries: 0,
            error: None,
            token: None,
            sent: None,
            entry: None,
            draft: None,
        }
    }

    fn written(&self, name: &str, words: &Words) -> Result<(String, String), DeskError> {
        let template = self.desk.letter_text(name)?;
        let written = letter::write(name, &template.text, words).map_err(|e| {
            let file = template.file.as_ref().map(|file| format!(" ({})", file.display())).unwrap_or_default();
            DeskError::Text(format!("{e}{file}"))
        })?;
        Ok((written.subject, written.text))
    }

    fn common(&self, seat: Option<&Seat>) -> Words {
        let own = self.desk.party();
        let label = |text: &Sealable| text.open().unwrap_or("(sealed)").to_owned();
        let me = self.view.seats.iter().find(|s| s.parties.contains(&own)).map(|s| label(&s.label));
        let other = |s: &&counterpart_core::view::SeatView| match seat {
            Some(seat) => s.seat == *seat,
            None => !s.parties.contains(&own) && !matches!(s.role, Role::Observer | Role::Arbiter),
        };
        let them = self.view.seats.iter().find(other).map(|s| label(&s.label));
        Words {
            me: me.unwrap_or_default(),
            them: them.unwrap_or_default(),
            tag: counterpart_core::id::short_form(&self.case.0),
            case: self.view.title.clone(),
            date: self.day(self.now),
            ..Words::default()
        }
    }

    fn words(&self, promise: &Promise, before: u32, text: &str) -> Words {
        let late = promise.due.map_or(0, |due| (self.now - due) / 86_400_000);
        Words {
            person: receiver(promise).unwrap_or_default(),
            what: promise.what.clone(),
            number: promise.name.clone(),
            by: promise.person.clone().unwrap_or_default(),
            said: promise.said.as_ref().map(|said| self.said(said)).unwrap_or_default(),
            reference: promise.said.as_ref().and_then(|said| said.reference.clone()).unwrap_or_default(),
            due: promise.due.map(|due| self.moment(due)).unwrap_or_default(),
            days_late: late.max(0),
            promised: promise.standing != counterpart_process::reminder::Standing::Asked,
            agreed: promise.standing == counterpart_process::reminder::Standing::Agreed,
            count: before.saturating_add(1),
            previous: promise.reminded.last().map(|at| self.day(*at)).unwrap_or_default(),
            consequences: promise.consequences.clone(),
            text: text.to_owned(),
            ..self.common(promise.seats.first())
        }
    }

    fn said(&self, said: &Said) -> String {
        let day = self.day(said.at);
        match said.channel.as_str() {
            "telephone" => format!("on the telephone on {day}"),
            "mail" => format!("in a letter of {day}"),
            "e-mail" => format!("by e-mail on {day}"),
            "visit" => format!("in person on {day}"),
            "chat" => format!("in a chat on {day}"),
            _ => format!("on {day}"),
        }
    }

    fn day(&self, at: i64) -> String {
        self.shown(at, "%-d %B %Y")
    }

    fn moment(&self, at: i64) -> String {
        self.shown(at, "%-d %B %Y at %H:%M")
    }

    fn shown(&self, at: i64, form: &str) -> String {
        let Ok(at) = Timestamp::from_millisecond(at) else { return String::new() };
        self.calendar.local(at).strftime(form).to_string()
    }
}

/// Whom a reminder is to: who is to do it, else who promised it.
fn receiver(promise: &Promise) -> Option<String> {
    promise.doer.clone().or_else(|| promise.person.clone())
}

/// Whom a letter goes to by mail: the person it is to, if their address is known, else all whose address is.
pub(super) fn addresses(people: &[Person], person: Option<&str>) -> Vec<Address> {
    let address = |person: &Person| Address::new(Some(&person.name), person.email.as_deref()?).ok();
    let meant: Vec<Address> =
        people.iter().filter(|p| person.is_some_and(|name| p.is(name))).filter_map(address).collect();
    if !meant.is_empty() {
        return meant;
    }
    let mut all: Vec<Address> = Vec::new();
    for address in people.iter().filter_map(address) {
        if !all.iter().any(|known| known.email().eq_ignore_ascii_case(address.email())) {
            all.push(address);
        }
    }
    all.truncate(MOST_RECEIVERS);
    all
}
