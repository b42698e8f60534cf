//! Who does something for whom, on a form.

use counterpart_core::{
    act::{ActionTerms, PartyRef},
    value::Seat,
};
use counterpart_words::{case::OpenCase, terms::Who};

use super::fields::name;
use crate::typed::Typed;

/// A seat in a field's value or name.
pub(crate) fn seat_key(seat: &Seat) -> String {
    match seat {
        Seat::Number(number) => number.to_string(),
        Seat::Added(entry, index) => format!("{}.{index}", entry.to_hex()),
    }
}

/// The seat of the case that a field names.
pub(super) fn seat_of(case: &OpenCase, key: &str) -> Option<Seat> {
    case.seats.iter().map(|s| s.seat).find(|seat| seat_key(seat) == key)
}

/// Us and the one other side, where there is one: then who does it says for whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) own: Seat,
    pub(super) other: Seat,
}

impl Pair {
    pub(super) fn of(case: &OpenCase) -> Option<Self> {
        let own = *case.own_seats().first()?;
        let agrees = case.seats.iter().any(|s| s.seat == own && s.role.agrees());
        case.other_seat().filter(|_| agrees).map(|other| Self { own, other })
    }

    /// Who does it where nobody has said so yet.
    pub(super) fn usual(self, case: &OpenCase) -> &'static str {
        if case.usual_performer() == Some(self.own) { "mine" } else { "theirs" }
    }

    /// The one choice that says of terms who does it for whom.
    pub(super) fn way(self, terms: &ActionTerms) -> Option<&'static str> {
        let ([by], [whom]) = (terms.performers.as_slice(), terms.beneficiaries.as_slice()) else { return None };
        let alone = |seat| PartyRef { seat, person: None };
        match by.seat {
            seat if seat == self.other && *whom == alone(self.own) => Some("theirs"),
            seat if seat == self.own && *whom == alone(self.other) => Some("mine"),
            _ => None,
        }
    }
}

/// Who does it, and for whom, as the fields of a part say it.
pub(super) fn read(case: &OpenCase, typed: &Typed, part: usize) -> (Vec<Who>, Vec<Who>) {
    let person = |field: &str| typed.some(field).map(str::to_owned);
    let picked = |seat, person| Who::Picked { seat, person };
    let way = typed.text(&name("way", part));
    match (Pair::of(case), way) {
        (Some(pair), "theirs") => return (vec![picked(pair.other, person(&name("person", part)))], Vec::new()),
        (Some(pair), "mine") => return (vec![picked(pair.own, person(&name("person", part)))], Vec::new()),
        _ => {}
    }
    let ticked = |list: &str| {
        let keys = typed.all(&name(list, part));
        let mut seats: Vec<Who> = Vec::new();
        for key in keys {
            let who = seat_of(case, key).map(|seat| picked(seat, person(&name(&format!("{list}-person.{key}"), part))));
            seats.extend(who.filter(|who| !seats.contains(who)));
        }
        seats
    };
    (ticked("by"), ticked("for"))
}
