//! Who is in a case: the seats, who sits there, whom to reach and how, and whether they are who they say they are.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::{
    act::{Card, Role},
    graph::Ix,
    id::{DeviceKey, PartyId, short_form},
    value::Sealable,
    view::{EndedDevice, HandoverView, Noted, Responsible, SeatPeople, SeatView},
};
use counterpart_node::{Check, CheckedBy, now};
use counterpart_words::{case::OpenCase, render};

use super::{
    CaseHead, Part,
    ended::{self, Alarm},
    record::{Badge, shortened},
};
use crate::{
    case::with_case,
    form::Form,
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page},
    text::Markup,
    time::Moment,
};

/// Most of a kind that is shown of one seat: what was noted in contacts, hand-overs.
const MOST: usize = 50;

/// Most contacts that are named for one person.
const CONTACTS: usize = 5;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    frame: Frame,
    case: CaseHead,
    alarms: Vec<Alarm>,
    seats: Vec<Place>,
    /// How far what is signed here has come, a sentence each.
    delivered: Vec<String>,
    /// Our own number, to be read out.
    own: String,
    means: Vec<(&'static str, &'static str)>,
}

/// A seat, and the people there.
#[derive(Debug)]
struct Place {
    /// Where it is on the page.
    anchor: String,
    label: String,
    role: &'static str,
    own: bool,
    state: Badge,
    free: bool,
    parties: Vec<Party>,
    responsible: Vec<Person>,
    cards: Vec<Person>,
    /// Devices whose rights ended, and whether somebody else may have signed with their keys.
    ended: Vec<(Markup, bool)>,
    handovers: Vec<Handed>,
    noted: Vec<Met>,
    /// How many more were noted.
    more: Option<String>,
}

/// One who sits there.
#[derive(Debug)]
struct Party {
    hex: String,
    short: String,
    number: String,
    own: bool,
    checked: Option<(Markup, Moment)>,
}

/// Somebody named by a card or a hand-over.
#[derive(Debug)]
struct Person {
    name: String,
    function: Option<String>,
    since: Moment,
    entry: Named,
    phone: Option<(String, Option<String>)>,
    email: Option<String>,
    hours: Option<String>,
    /// Signs with this device.
    device: Option<String>,
    /// Whose card the same device has, where this person has none.
    other: Option<Other>,
}

/// A card of somebody else, whose number is not the person's.
#[derive(Debug)]
struct Other {
    told: Markup,
    entry: Named,
}

/// An entry by its name and page.
#[derive(Debug)]
struct Named {
    name: String,
    path: String,
}

#[derive(Debug)]
struct Handed {
    entry: Named,
    at: Moment,
    to: Markup,
    summary: String,
    cut: bool,
}

/// Somebody whom contacts noted.
#[derive(Debug)]
struct Met {
    name: Option<String>,
    numbers: Vec<(String, Option<String>)>,
    last: Moment,
    contacts: Vec<Named>,
}

/// `GET /case/ID/people`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let checks = desk.checks()?;
        let all = case.record.people(case.view());
        let ended = case.record.ended_devices();
        let seats = case.seats.iter().enumerate().map(|(n, seat)| {
            let people = all.iter().find(|people| people.seat == seat.seat);
            place(at.language, &case, n, seat, people, (&checks, &ended))
        });
        page(&PeoplePage {
            frame: Frame::of(&at, "/cases"),
            seats: seats.collect(),
            alarms: ended::alarms(at.language, &case),
            delivered: render::delivered(&case, false),
            own: render::check_number(&case.own),
            means: CheckedBy::ALL.map(|by| (by.as_str(), at.language.say(asked(by)))).into(),
            case: CaseHead::of(&at, &case, Part::People),
        })
    })
    .await
}

/// `POST /case/ID/people/check`: an identity was compared, or was not after all.
pub(crate) async fn check(Path(id): Path<String>, sent: Form) -> Result<Response, Problem> {
    let Form { visit, typed } = sent;
    with_case(&visit, &id, move |desk, case| {
        let unclear = || Problem::new(StatusCode::BAD_REQUEST, "form");
        let party = PartyId::from_hex(typed.text("party")).filter(|party| *party != case.own).ok_or_else(unclear)?;
        let seat = case.seats.iter().position(|seat| seat.parties.contains(&party)).ok_or_else(unclear)?;
        if typed.has("forget") {
            desk.drop_check(&party)?;
        } else {
            let by = CheckedBy::from_word(typed.text("by")).ok_or_else(unclear)?;
            desk.keep_check(&party, by, now())?;
        }
        Ok(Redirect::to(&format!("/case/{}/people#seat-{seat}", case.id.to_hex())).into_response())
    })
    .await
}

/// How somebody may have compared it, as it is asked and as it is told.
fn asked(by: CheckedBy) -> &'static str {
    match by {
        CheckedBy::Telephone => "people.by.telephone",
        CheckedBy::InPerson => "people.by.person",
        CheckedBy::Video => "people.by.video",
        CheckedBy::Other => "people.by.other",
    }
}

fn told(by: CheckedBy) -> &'static str {
    match by {
        CheckedBy::Telephone => "people.checked.telephone",
        CheckedBy::InPerson => "people.checked.person",
        CheckedBy::Video => "people.checked.video",
        CheckedBy::Other => "people.checked.other",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Customer => "people.role.customer",
        Role::Supplier => "people.role.supplier",
        Role::Third => "people.role.third",
        Role::Observer => "people.role.observer",
        Role::Arbiter => "people.role.arbiter",
    }
}

fn place(
    language: &'static Language,
    case: &OpenCase,
    n: usize,
    seat: &SeatView,
    people: Option<&SeatPeople>,
    (checks, over): (&[Check], &[EndedDevice]),
) -> Place {
    let own = seat.parties.contains(&case.own);
    let left = !seat.parties.is_empty() && seat.parties.iter().all(|party| case.lens().has_left(party));
    let (tone, sign, key) = match (seat.parties.is_empty(), left, seat.joined) {
        (true, ..) => ("warn", "theirs", "people.free"),
        (_, true, _) => ("quiet", "quiet", "people.left"),
        (.., true) => ("good", "good", "people.joined"),
        (.., false) => ("warn", "theirs", "people.admitted"),
    };
    let party = |party: &PartyId| {
        let check = checks.iter().find(|check| check.party == *party);
        Party {
            hex: party.to_hex(),
            short: short_form(&party.0),
            number: render::check_number(party),
            own: *party == case.own,
            checked: check.map(|check| (Markup::default().say(language.say(told(check.by))), Moment(check.at))),
        }
    };
    let none = SeatPeople {
        seat: seat.seat,
        party: None,
        responsible: Vec::new(),
        cards: Vec::new(),
        handovers: Vec::new(),
        noted: Vec::new(),
    };
    let people = people.unwrap_or(&none);
    let is_told = |card: &Card| people.responsible.iter().any(|r| r.card.as_ref() == Some(card));
    let others = people.cards.iter().filter(|c| !is_told(&c.card));
    let more = people.noted.len().saturating_sub(MOST) as u64;
    Place {
        anchor: format!("seat-{n}"),
        label: render::sealable(&seat.label),
        role: language.say(role(seat.role)),
        own,
        state: Badge { tone, sign, word: language.say(key) },
        free: seat.parties.is_empty(),
        parties: seat.parties.iter().map(party).collect(),
        responsible: people.responsible.iter().take(MOST).map(|r| responsible(language, case, r)).collect(),
        cards: others.take(MOST).map(|c| person(case, &c.card, c.entry, c.at)).collect(),
        ended: seat.parties.iter().flat_map(|p| ended::lines(language, case, over, p)).take(MOST).collect(),
        handovers: people.handovers.iter().rev().take(MOST).map(|h| handed(language, case, h)).collect(),
        noted: people.noted.iter().take(MOST).map(|noted| met(case, noted)).collect(),
        more: (more > 0).then(|| language.count("people.noted.more", more)),
    }
}

fn named(case: &OpenCase, ix: Ix) -> Named {
    let id = case.record.graph().id(ix);
    let path = format!("/case/{}/entry/{}", case.id.to_hex(), case.entry_typed(&id));
    Named { name: case.entry_name(&id), path }
}

/// A text of somebody's, as much as a list shows.
fn brief(text: &Sealable) -> String {
    shortened(&render::sealable(text)).0
}

fn person(case: &OpenCase, card: &Card, entry: Ix, since: i64) -> Person {
    Person {
        name: brief(&card.name),
        function: card.function.as_ref().map(brief),
        since: Moment(since),
        entry: named(case, entry),
        phone: card.phone.as_ref().map(line_to),
        email: card.email.as_ref().map(brief),
        hours: card.hours.as_ref().map(brief),
        device: card.device.as_ref().map(device),
        other: None,
    }
}

fn responsible(language: &'static Language, case: &OpenCase, responsible: &Responsible) -> Person {
    let card = responsible.card.as_ref();
    let text = |of: fn(&Card) -> &Option<Sealable>| card.and_then(|card| of(card).as_ref());
    Person {
        name: responsible.name.as_ref().map_or_else(|| language.say("people.unnamed").to_owned(), brief),
        function: text(|card| &card.function).map(brief),
        since: Moment(responsible.since),
        entry: named(case, responsible.entry),
        phone: text(|card| &card.phone).map(line_to),
        email: text(|card| &card.email).map(brief),
        hours: text(|card| &card.hours).map(brief),
        device: responsible.device.as_ref().map(device),
        other: responsible.other.as_ref().map(|other| Other {
            told: language.markup("people.other", &[("who", Markup::default().peer(&brief(&other.card.name)))]),
            entry: named(case, other.entry),
        }),
    }
}

fn device(key: &DeviceKey) -> String {
    short_form(&key.0)
}

/// A number as it was written, and the same to be called by touching it where it is one and nothing else.
fn line_to(number: &Sealable) -> (String, Option<String>) {
    let called = number.open().filter(|n| n.len() <= 40).and_then(|written| {
        let fits = |c: char| c.is_ascii_digit() || "+ -()./".contains(c);
        let digits: String = written.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        let plus_first = !digits.get(1..).unwrap_or_default().contains('+');
        (written.chars().all(fits) && plus_first && digits.len() >= 3).then(|| format!("tel:{digits}"))
    });
    (brief(number), called)
}

fn handed(language: &'static Language, case: &OpenCase, handover: &HandoverView) -> Handed {
    let device = Markup::default().say(&device(&handover.to));
    let to = match &handover.person {
        Some(person) => Markup::default().peer(&brief(person)),
        None => language.markup("people.device", &[("device", device)]),
    };
    let (summary, cut) = match handover.summary.open() {
        Some(text) => shortened(text),
        None => (render::SEALED.to_owned(), false),
    };
    Handed { entry: named(case, handover.entry), at: Moment(handover.at), to, summary, cut }
}

fn met(case: &OpenCase, noted: &Noted) -> Met {
    let open = |number: &&Sealable| number.open().is_some();
    Met {
        name: noted.person.as_ref().map(brief),
        numbers: noted.numbers.iter().filter(open).take(CONTACTS).map(line_to).collect(),
        last: Moment(noted.last),
        contacts: noted.contacts.iter().rev().take(CONTACTS).map(|ix| named(case, *ix)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_can_be_called() {
        let called = |text: &str| line_to(&Sealable::Open(text.to_owned())).1;
        assert_eq!(called("+44 (0)20 7946-0018").as_deref(), Some("tel:+4402079460018"));
        assert_eq!(called("0800 111 222").as_deref(), Some("tel:0800111222"));
        for not in ["12", "0800 ACME", "javascript:1", "1+2+3", "", "ask for Dean", "٠١٢٣"] {
            assert_eq!(called(not), None, "{not}");
        }
    }
}
