//! The invitations of a case: their links, what became of them, and the form for another.

use std::fmt;

use askama::{Template, filters::HtmlSafe};
use axum::{extract::Path, response::Response};
use counterpart_core::{id::EntryId, value::Seat};
use counterpart_node::Desk;
use counterpart_words::{
    case::OpenCase,
    inviting::{Became, Invitation, agreement_lacks, free_seats, invitations, own_addresses},
    render,
};
use qrcode::{Color, EcLevel, QrCode};

use super::{CaseHead, Part};
use crate::{
    acts::{Wrong, terms::people::seat_key},
    address::escaped,
    case::with_case,
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page, page_again, unkept},
    text::Markup,
    time,
    typed::Typed,
};

/// How long an invitation holds unless told otherwise: days.
pub(crate) const DAYS: i64 = 14;

/// Invitations that are over, of which more are not listed: the record has them all.
const PAST: usize = 20;

/// Invitations that are open, of which more are not shown with their links.
const SHOWN: usize = 12;

/// A link as a picture that a telephone or another computer reads: dark squares on white, whatever the page's colours.
#[derive(Debug)]
struct Picture {
    /// Squares in a row, with the white around.
    size: usize,
    path: String,
}

impl Picture {
    /// White squares on each side.
    const QUIET: usize = 4;

    /// Nothing where the link is too long for one.
    fn of(link: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(link, EcLevel::L).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            while let Some(rest) = row.get(x..).filter(|rest| !rest.is_empty()) {
                let same = rest.iter().take_while(|c| **c == rest[0]).count();
                if rest[0] == Color::Dark {
                    path.push_str(&format!("M{} {}h{same}v1h-{same}z", x + Self::QUIET, y + Self::QUIET));
                }
                x += same;
            }
        }
        Some(Self { size: width + 2 * Self::QUIET, path })
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, path } = self;
        write!(
            f,
            "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" aria-hidden=\"true\" shape-rendering=\"crispEdges\">\
             <rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
        )
    }
}

// Digits and the letters of a path.
impl HtmlSafe for Picture {}

/// The link of an open invitation, and ways to send it.
#[derive(Debug)]
struct Sent {
    link: String,
    picture: Option<Picture>,
    /// A mail, ready to be sent: its text, and an address that opens a mail program with it.
    mail: String,
    mailto: String,
}

/// An invitation that can be used.
#[derive(Debug)]
struct Open {
    /// As it is typed: `4`.
    number: String,
    seat: String,
    until: String,
    label: Option<String>,
    /// It cannot be used before everybody has agreed.
    lacks: Option<String>,
    /// Nothing where it was made on another machine.
    sent: Option<Sent>,
    first: bool,
}

/// One that is over.
#[derive(Debug)]
struct Past {
    number: String,
    what: Markup,
}

/// A seat that somebody can be invited to.
#[derive(Debug)]
struct Free {
    value: String,
    label: String,
    role: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "invite.html")]
struct InvitePage {
    frame: Frame,
    case: CaseHead,
    wrong: Vec<Wrong>,
    typed: Typed,
    /// Something was opened and invited just now.
    new: bool,
    open: Vec<Open>,
    past: Vec<Past>,
    more_past: bool,
    free: Vec<Free>,
    days: String,
    reachable: Vec<String>,
}

impl InvitePage {
    fn wrong_with(&self, field: &str) -> Option<&str> {
        self.wrong.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.what.as_str())
    }

    /// Whether the form is to be seen at once.
    fn asks(&self) -> bool {
        self.open.is_empty() || !self.wrong.is_empty()
    }
}

/// `GET /case/ID/invite`
pub(in crate::pages) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| made(&at, desk, &case, &at.query, &[])).await
}

/// The page, with what was typed into its form so far. A secret stands in it: the browser keeps no copy.
pub(crate) fn made(
    visit: &Visit,
    desk: &Desk,
    case: &OpenCase,
    typed: &Typed,
    wrong: &[Wrong],
) -> Result<Response, Problem> {
    let language = visit.language;
    let links = desk.with_store(|store| store.invites(case.id)).map_err(counterpart_node::DeskError::from)?;
    let link = |id: &EntryId| links.iter().find(|kept| kept.invite == *id).map(|kept| kept.link.clone());
    let mut all = invitations(case);
    all.reverse();
    let (open, past): (Vec<Invitation>, Vec<Invitation>) = all.into_iter().partition(|one| one.became == Became::Open);
    let shown = |one: &Invitation| Open {
        number: case.entry_typed(&one.id),
        seat: case.seat_label(&one.seat),
        until: time::show(language, one.expires, case.zone()),
        label: one.label.clone(),
        lacks: agreement_lacks(case, &one.seat).then(|| seat_key(&one.seat)),
        sent: link(&one.id).map(|link| sent(language, case, one, link)),
        first: false,
    };
    let mut shown: Vec<Open> = open.iter().take(SHOWN).map(shown).collect();
    if let Some(first) = shown.iter_mut().find(|one| one.sent.is_some()) {
        first.first = true;
    }
    let seats = free_seats(case);
    let named = typed.some("seat").map(str::to_owned).or_else(|| seats.first().map(ToString::to_string));
    let free = |seat: &Seat| Free {
        value: seat.to_string(),
        label: case.seat_label(seat),
        role: role(case, seat),
        chosen: named.as_ref() == Some(&seat.to_string()),
    };
    let template = InvitePage {
        frame: Frame::of(visit, "/cases"),
        case: CaseHead::of(visit, case, Part::People),
        wrong: wrong.to_vec(),
        new: typed.has("new"),
        open: shown,
        more_past: past.len() > PAST,
        past: past.iter().take(PAST).map(|one| over(language, case, one)).collect(),
        free: seats.iter().map(free).collect(),
        days: typed.some("days").map_or_else(|| DAYS.to_string(), str::to_owned),
        reachable: own_addresses(desk)?,
        typed: typed.clone(),
    };
    let made = if wrong.is_empty() { page(&template) } else { page_again(&template) };
    made.map(unkept)
}

fn role(case: &OpenCase, seat: &Seat) -> &'static str {
    case.seats.iter().find(|s| s.seat == *seat).map_or("", |s| s.role.as_str())
}

fn sent(language: &'static Language, case: &OpenCase, one: &Invitation, link: String) -> Sent {
    let own = case.party_label(&case.own);
    let until = time::show(language, one.expires, case.zone());
    let title = render::line(&case.title);
    let seat = case.seat_label(&one.seat);
    let with = [("title", &*title), ("own", &*own), ("seat", &*seat), ("until", &*until), ("link", &*link)];
    let part = |key: &str| language.fill(key, &with);
    let mail = [
        part("invite.mail.greeting"),
        part("invite.mail.what"),
        part("invite.mail.install"),
        part("invite.mail.join"),
        link.clone(),
        part("invite.mail.until"),
        own.clone(),
    ]
    .join("\n\n");
    let mailto = format!("mailto:?subject={}&body={}", encoded(&part("invite.mail.subject")), encoded(&mail));
    Sent { picture: Picture::of(&link), link, mail, mailto }
}

/// As it stands in a `mailto:` address (RFC 6068): line ends as mail has them.
fn encoded(text: &str) -> String {
    escaped(&text.replace('\n', "\r\n"))
}

fn over(language: &'static Language, case: &OpenCase, one: &Invitation) -> Past {
    let say = |text: &str| Markup::default().peer(text);
    let seat = ("seat", say(&case.seat_label(&one.seat)));
    let until = ("until", Markup::default().say(&time::show(language, one.expires, case.zone())));
    let what = match one.became {
        Became::Used(party) => {
            let who = counterpart_core::id::short_form(&party.0);
            language.markup("invite.used", &[seat, ("who", Markup::default().say(&who))])
        }
        Became::TakenBack => language.markup("invite.taken_back", &[seat]),
        Became::Expired | Became::Open => language.markup("invite.expired", &[seat, until]),
    };
    Past { number: case.entry_typed(&one.id), what }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_one_address() {
        assert_eq!(encoded("a b&c=d\n\u{e9}?#+%"), "a%20b%26c%3Dd%0D%0A%C3%A9%3F%23%2B%25");
    }

    #[test]
    fn a_link_becomes_a_picture() {
        let link = format!("counterpart:join#{}", "Ab-_09".repeat(100));
        let picture = Picture::of(&link).expect("it fits");
        assert!(picture.size > 21 + 8 && picture.path.starts_with("M4 4h7"), "{}", picture.path);
        let allowed = |c: char| c.is_ascii_digit() || "Mhvz -".contains(c);
        assert!(picture.path.chars().all(allowed));
        // What is drawn is the code, square by square.
        let code = QrCode::with_error_correction_level(&link, EcLevel::L).expect("it fits");
        let mut drawn = vec![false; code.width() * code.width()];
        for run in picture.path.split('M').filter(|run| !run.is_empty()) {
            let (place, rest) = run.split_once('h').expect("a run");
            let (x, y) = place.split_once(' ').expect("a place");
            let at = |n: &str| n.parse::<usize>().expect("a number") - Picture::QUIET;
            let length: usize = rest.split('v').next().and_then(|n| n.parse().ok()).expect("a length");
            let first = at(y) * code.width() + at(x);
            drawn[first..first + length].fill(true);
        }
        let dark: Vec<bool> = code.to_colors().iter().map(|colour| *colour == Color::Dark).collect();
        assert_eq!(drawn, dark);
        assert!(Picture::of(&"x".repeat(5000)).is_none());
    }
}
