//! Reminding somebody, and thanking somebody: a text, and whom it is for.

use askama::Template;
use axum::response::Response;
use counterpart_core::{
    act::Act,
    id::EntryId,
    value::{Sealable, Seat},
};
use counterpart_words::{case::OpenCase, error::Done, render, typed::typed as sound};

use super::{ActForm, At, Ready, Wrong, about, form_page};
use crate::{
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    typed::Typed,
};

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Remind,
    Thank,
}

/// A seat that it can be for.
#[derive(Debug)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
    /// Nobody sits there who would be sent it.
    absent: bool,
}

#[derive(Template)]
#[template(path = "acts/remind.html")]
struct RemindPage {
    frame: Frame,
    case: CaseHead,
    kind: Kind,
    path: String,
    wrong: Vec<Wrong>,
    about: String,
    /// What it is about, in a line.
    of: Option<String>,
    text: String,
    person: String,
    seats: Vec<Choice>,
    people: Vec<String>,
}

impl RemindPage {
    fn thanks(&self) -> bool {
        self.kind == Kind::Thank
    }

    fn fault(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }
}

impl ActForm for Kind {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let case = at.case;
        let asked = seat(case, typed.text("to")).ok().flatten().or_else(|| case.other_seat());
        let others = case.seats.iter().filter(|seat| !case.is_own_seat(&seat.seat));
        let choice = |view: &counterpart_core::view::SeatView| Choice {
            value: word(&view.seat),
            name: render::sealable(&view.label),
            chosen: asked == Some(view.seat),
            absent: view.parties.is_empty(),
        };
        let page = RemindPage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, case, Part::None),
            kind: *self,
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            about: typed.text("about").to_owned(),
            of: in_a_line(case, typed.text("about")),
            text: typed.text("text").to_owned(),
            person: typed.text("person").to_owned(),
            seats: others.map(choice).collect(),
            people: match self {
                Self::Thank => at.desk.people_of(&case.id)?.into_iter().take(50).map(|person| person.name).collect(),
                Self::Remind => Vec::new(),
            },
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let mut wrong = Vec::new();
        let mut read = |field: &str, done: Done<Option<String>>| match done {
            Ok(text) => text,
            Err(why) => {
                wrong.push(Wrong::said(field, &why));
                None
            }
        };
        let what = if *self == Self::Remind { "the reminder" } else { "the thanks" };
        let text = read("text", sound(what, typed.text("text").trim()).map(Some)).unwrap_or_default();
        let person = typed.some("person").map(|name| sound("the person's name", name)).transpose();
        let person = read("person", person).map(Sealable::Open);
        let seat = seat(at.case, typed.text("to")).map_err(|why| wrong.push(Wrong::said("to", &why)));
        let about = target(at.case, typed.text("about")).map_err(|why| wrong.push(Wrong::said("", &why)));
        let (Ok(seat), Ok(about), true) = (seat, about, wrong.is_empty()) else { return Err(wrong) };
        let text = Sealable::Open(text);
        Ok(Ready::act(match self {
            Self::Remind => Act::Remind { text, about, seat },
            Self::Thank => Act::Thank { text, seat, person, about },
        }))
    }
}

fn word(seat: &Seat) -> String {
    match seat {
        Seat::Number(number) => number.to_string(),
        Seat::Added(entry, index) => format!("{}/{index}", entry.to_hex()),
    }
}

/// The seat that was chosen; nobody in particular where none was.
fn seat(case: &OpenCase, typed: &str) -> Done<Option<Seat>> {
    let typed = typed.trim();
    if typed.is_empty() {
        return Ok(None);
    }
    match case.seats.iter().find(|view| word(&view.seat) == typed) {
        Some(view) => Ok(Some(view.seat)),
        None => case.seat(typed).map(Some),
    }
}

/// The entry that it is about; of a part, the entry that the part is in.
fn target(case: &OpenCase, typed: &str) -> Done<Option<EntryId>> {
    let reference = about::reference(case, typed);
    if reference.is_empty() { Ok(None) } else { Ok(Some(case.entry(&reference)?.id)) }
}

fn in_a_line(case: &OpenCase, typed: &str) -> Option<String> {
    let id = target(case, typed).ok()??;
    let ix = case.record.graph().find(&id)?;
    let party = case.record.graph().statement(ix).party;
    let said = render::sentence(&render::Speech::of_case(case), &case.party_label(&party), &case.record.laid_open(ix));
    Some(format!("{}: {said}", case.entry_name(&id)))
}
