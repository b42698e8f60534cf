//! Letting a further party in.

use askama::Template;
use axum::response::Response;
use counterpart_core::{
    act::{Act, Role, Topic},
    value::Sealable,
};
use counterpart_words::{
    terms::{admit_new, proposal},
    typed::typed as made_ready,
};

use super::{
    super::{ActForm, At, Ready, Wrong, form_page},
    part::{Choice, Field},
    people::{seat_key, seat_of},
};
use crate::{
    guard::Problem,
    pages::{CaseHead, Frame, Part},
    text::Markup,
    typed::Typed,
};

/// Parts that somebody can take in a case, and the keys of what each means.
const ROLES: &[(Role, &str)] = &[
    (Role::Third, "terms.role.third"),
    (Role::Observer, "terms.role.observer"),
    (Role::Arbiter, "terms.role.arbiter"),
    (Role::Customer, "terms.role.customer"),
    (Role::Supplier, "terms.role.supplier"),
];

/// What the choice of a place says where a new one is made.
const NEW: &str = "new";

#[derive(Debug)]
pub(crate) struct Admit;

#[derive(Template)]
#[template(path = "acts/admit.html")]
struct AdmitPage {
    frame: Frame,
    case: CaseHead,
    path: String,
    wrong: Vec<Wrong>,
    /// The seats that are free, and a new one; empty where none is free.
    seats: Vec<Choice>,
    roles: Vec<Choice>,
    name: Field,
    note: String,
}

impl ActForm for Admit {
    fn show(&self, at: &At<'_>, typed: &Typed, wrong: &[Wrong]) -> Result<Response, Problem> {
        let language = at.visit.language;
        let free: Vec<_> = at.case.seats.iter().filter(|s| s.parties.is_empty()).collect();
        let asked = typed.text("seat");
        let known = asked == NEW || free.iter().any(|s| seat_key(&s.seat) == asked);
        let chosen = if known || free.is_empty() { asked.to_owned() } else { seat_key(&free[0].seat) };
        let seats = free.iter().map(|s| {
            let who = Markup::default().peer(&at.case.seat_text(&s.seat));
            let role = Markup::default().say(s.role.as_str());
            (seat_key(&s.seat), language.markup("terms.seat", &[("who", who), ("role", role)]))
        });
        let new = (NEW.to_owned(), Markup::default().say(language.say("terms.admit.new")));
        let choice = |(n, (value, label)): (usize, (String, Markup))| Choice {
            id: if n == 0 { "seat".to_owned() } else { format!("seat.{n}") },
            name: "seat".to_owned(),
            chosen: value == chosen,
            value,
            label,
        };
        let seats = if free.is_empty() { Vec::new() } else { seats.chain([new]).enumerate().map(choice).collect() };
        let role = typed.some("role").unwrap_or("third");
        let role = |(n, (word, key)): (usize, &(Role, &str))| Choice {
            id: if n == 0 { "role".to_owned() } else { format!("role.{n}") },
            name: "role".to_owned(),
            value: word.as_str().to_owned(),
            chosen: word.as_str() == role,
            label: Markup::default().say(language.say(key)),
        };
        let page = AdmitPage {
            frame: Frame::of(at.visit, "/cases"),
            case: CaseHead::of(at.visit, at.case, Part::None),
            path: at.path.to_owned(),
            wrong: wrong.to_vec(),
            seats,
            roles: ROLES.iter().enumerate().map(role).collect(),
            name: Field {
                id: "name".to_owned(),
                value: typed.text("name").to_owned(),
                wrong: wrong.iter().find(|w| w.field == "name").map(|w| w.what.clone()),
            },
            note: typed.text("note").to_owned(),
        };
        form_page(&page, wrong)
    }

    fn read(&self, at: &At<'_>, typed: &Typed) -> Result<Ready, Vec<Wrong>> {
        let said = |field: &'static str| move |why| vec![Wrong::said(field, &why)];
        let seat = typed.text("seat");
        let topic = if matches!(seat, "" | NEW) {
            if typed.some("name").is_none() {
                return Err(vec![Wrong::of("name", at.visit.language.say("terms.admit.name.none"))]);
            }
            admit_new(typed.text("role"), typed.text("name").trim()).map_err(said("name"))?
        } else {
            let gone = || vec![Wrong::of("seat", at.visit.language.say("terms.admit.gone"))];
            let found = seat_of(at.case, seat).ok_or_else(gone)?;
            let free = at.case.seats.iter().any(|s| s.seat == found && s.parties.is_empty());
            if !free {
                return Err(gone());
            }
            Topic::AdmitSeat { seat: found }
        };
        let note = typed.some("note").map(|note| made_ready("the remark", note)).transpose().map_err(said("note"))?;
        let note = note.map(Sealable::Open);
        Ok(Ready::act(Act::Propose(proposal(at.case, vec![topic], None, note))))
    }
}
