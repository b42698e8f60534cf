//! One case: what is around each of its pages, and the pages, a module each.

mod action;
mod call;
mod draft;
mod ended;
mod entry;
mod facts;
mod files;
pub(crate) mod invite;
mod letters;
mod overview;
mod own;
mod people;
pub(crate) mod picture;
pub(crate) mod proof;
mod record;
mod steps;

pub(super) use action::show as action;
pub(super) use call::{show as call, take as take_call};
pub(super) use draft::{edit as edit_draft, show as draft, take as take_draft};
pub(super) use entry::show as entry;
pub(super) use facts::{one as fact, show as facts};
pub(super) use files::{show as files, take as take_file};
pub(super) use letters::{file as letter_file, show as letters, take as take_letter};
pub(super) use overview::show as overview;
pub(super) use own::{show as own, take as take_own};
pub(super) use people::{check as check_party, show as people};
pub(super) use record::show as record;
pub(super) use steps::{show as steps, take as take_step};

use counterpart_core::act::Role;
use counterpart_words::{case::OpenCase, render};

use crate::{
    connection::{News, Others},
    drafts::Kept,
    guard::Visit,
    language::Language,
    text::Markup,
};

/// The parts of a case that one can go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Overview,
    Record,
    Facts,
    People,
    Files,
    Draft,
    Picture,
    Proof,
    /// What our own side keeps for itself.
    Own,
    /// None of these: a form, or what is a step further.
    None,
}

/// The ways through a case: part, end of the path, key of its name.
const PARTS: &[(Part, &str, &str)] = &[
    (Part::Overview, "", "case.part.overview"),
    (Part::Record, "/record", "case.part.record"),
    (Part::Facts, "/facts", "case.part.facts"),
    (Part::People, "/people", "case.part.people"),
    (Part::Files, "/files", "case.part.files"),
    (Part::Draft, "/draft", "case.part.draft"),
    (Part::Picture, "/picture", "case.part.picture"),
    (Part::Proof, "/proof", "case.part.proof"),
    (Part::Own, "/own", "case.part.own"),
];

/// What is around every page of a case, for templates that extend `case.html`; they have it as `case`, beside `frame`.
#[derive(Debug)]
pub(crate) struct CaseHead {
    language: &'static Language,
    /// The case's id, in hex.
    pub(crate) id: String,
    pub(crate) title: String,
    zone: String,
    /// What our own seats are: what they may not do is not offered.
    roles: Vec<Role>,
    part: Part,
    /// The entry that was signed just before, and whether it had been before that.
    signed: Option<(String, bool)>,
    /// What somebody began in the form that is shown.
    pub(crate) kept: Option<Kept>,
    /// How it stands with the connection to each of the others.
    pub(crate) others: Others,
    /// What came from them last.
    pub(crate) news: Vec<News>,
}

/// One way through the parts.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) path: String,
    pub(crate) name: &'static str,
    pub(crate) here: bool,
}

impl CaseHead {
    pub(crate) fn of(visit: &Visit, case: &OpenCase, part: Part) -> Self {
        Self {
            language: visit.language,
            id: case.id.to_hex(),
            title: case.title.clone(),
            zone: case.zone().to_owned(),
            roles: case.seats.iter().filter(|s| case.is_own_seat(&s.seat)).map(|s| s.role).collect(),
            part,
            signed: signed(visit),
            kept: visit.kept.clone(),
            others: Others::of(&visit.app, visit.language, case),
            news: News::of(case),
        }
    }

    /// Where something of this case is: `path("/people")`.
    pub(crate) fn path(&self, end: &str) -> String {
        format!("/case/{}{end}", self.id)
    }

    /// Whether our side may sign acts of a kind.
    pub(crate) fn may(&self, kind: &str) -> bool {
        self.roles.iter().any(|role| role.may(kind))
    }

    /// The title as the browser shows it above the page.
    pub(crate) fn title_line(&self) -> String {
        render::line(&self.title)
    }

    /// Whose clock times are by that name no zone.
    pub(crate) fn times(&self) -> Markup {
        self.language.markup("case.times", &[("zone", Markup::default().peer(&self.zone))])
    }

    pub(crate) fn parts(&self) -> Vec<Way> {
        let way = |(part, end, key): &(Part, &str, &str)| Way {
            path: self.path(end),
            name: self.language.say(key),
            here: *part == self.part,
        };
        PARTS.iter().map(way).collect()
    }

    /// What was signed just before.
    pub(crate) fn signed(&self) -> Option<Markup> {
        let (name, before) = self.signed.as_ref()?;
        let key = if *before { "case.signed.before" } else { "case.signed.what" };
        Some(self.language.markup(key, &[("n", Markup::default().say(name))]))
    }

    pub(crate) fn as_whom(&self, own: &str) -> Markup {
        let (title, who) = (Markup::default().peer(&self.title), Markup::default().peer(own));
        self.language.markup("sign.case", &[("title", title), ("who", who)])
    }
}

/// What the address says was signed: an entry's name, and nothing else that somebody wrote into a link.
fn signed(visit: &Visit) -> Option<(String, bool)> {
    let name = visit.query.text("signed");
    let plain = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase() || c == '-';
    let fits =
        (1..=20).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(plain);
    fits.then(|| (name.to_owned(), visit.query.has("before")))
}
