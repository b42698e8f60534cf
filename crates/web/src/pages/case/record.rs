//! The record of a case: every entry, the newest first, a hundred to a page.

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use counterpart_core::{graph::Ix, id::PartyId, view::Grade};
use counterpart_words::{case::OpenCase, render, stamped::Stamps};

use super::{CaseHead, Part};
use crate::{
    case::with_case,
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page},
    text::{Markup, Told, told},
    time::Moment,
};

/// Entries on one page.
pub(super) const PAGE: usize = 100;

/// How much of a sentence a list shows, in characters; the rest is on the entry's own page.
const SHOWN: usize = 400;

/// What one can look at alone: its word in the address, its name, and the kinds of acts.
const FILTERS: &[(&str, &str, &[&str])] = &[
    ("contacts", "record.only.contacts", &["contact"]),
    (
        "proposals",
        "record.only.proposals",
        &["propose", "counter", "accept", "decline", "withdraw", "confirm", "choose", "ratify"],
    ),
    (
        "done",
        "record.only.done",
        &[
            "declare",
            "undeclare",
            "approve",
            "reject",
            "progress",
            "stop",
            "missed",
            "release",
            "allow",
            "refuse",
            "cancel",
            "dispute",
            "concede",
            "settle",
            "decide",
        ],
    ),
    ("facts", "record.only.facts", &["item"]),
    ("notes", "record.only.notes", &["note", "acknowledge", "contest", "remind", "thank"]),
    ("files", "record.only.files", &["attach", "erase", "erased"]),
    (
        "people",
        "record.only.people",
        &["open", "invite", "uninvite", "admit", "join", "seat", "leave", "card", "handover", "mandate", "cut"],
    ),
];

/// A word with the sign and the colour that say the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Badge {
    pub(super) tone: &'static str,
    pub(super) sign: &'static str,
    pub(super) word: &'static str,
}

impl Badge {
    /// How far an entry is shared.
    pub(super) fn of(language: &'static Language, grade: Grade, at_mailbox: bool) -> Self {
        let (tone, sign, key) = match grade {
            Grade::Unilateral => ("quiet", "quiet", "record.grade.unilateral"),
            Grade::Delivered if at_mailbox => ("plain", "info", "record.grade.mailbox"),
            Grade::Delivered => ("plain", "info", "record.grade.delivered"),
            Grade::Acknowledged => ("good", "good", "record.grade.acknowledged"),
            Grade::Contested => ("bad", "bad", "record.grade.contested"),
            Grade::Agreed => ("good", "good", "record.grade.agreed"),
        };
        Self { tone, sign, word: language.say(key) }
    }
}

/// An entry in a list.
#[derive(Debug)]
pub(super) struct Line {
    /// As people say it: `#7`.
    pub(super) name: String,
    /// Where it is told whole.
    pub(super) path: String,
    pub(super) who: Markup,
    pub(super) own: bool,
    pub(super) at: Moment,
    pub(super) text: Told,
    /// There is more of it than is shown.
    pub(super) cut: bool,
    pub(super) badge: Badge,
    pub(super) proven: bool,
    /// Why it counts for nothing.
    pub(super) without: Option<Told>,
    /// Who is not known to have it.
    pub(super) waits: Option<Markup>,
    /// Files, and values that are not here.
    pub(super) beside: Vec<Told>,
}

/// Entries as they stand in lists.
pub(super) fn lines(visit: &Visit, case: &OpenCase, entries: &[Ix]) -> Vec<Line> {
    let language = visit.language;
    let lacking = case.record.not_received(&case.own, entries);
    let lines = render::set_apart(|| render::log_lines_of(case, entries)).into_iter().zip(entries).zip(lacking);
    let one = |((line, ix), lacking): ((render::LogLine, &Ix), Vec<PartyId>)| {
        let (text, cut) = Told::of(line.text).cut(SHOWN);
        let waiting = || render::listed(lacking.iter().filter(|p| **p != line.party).map(|p| case.party_label(p)));
        let waiting = told(waiting);
        let with = [("who", Markup::default().told(&waiting))];
        Line {
            path: format!("/case/{}/entry/{}", case.id.to_hex(), case.entry_typed(&line.id)),
            who: who(language, case, &line.party),
            own: line.party == case.own,
            at: Moment(line.at),
            text,
            cut,
            badge: Badge::of(language, line.grade, line.at_mailbox),
            proven: line.time_proven.is_some(),
            without: render::no_effect(&line.verdict, case.lens().has(*ix)).map(Told::of),
            waits: (!waiting.is_empty()).then(|| language.markup("record.waits", &with)),
            beside: line.beside.into_iter().map(|text| Told::of(text).cut(SHOWN).0).collect(),
            name: line.name,
        }
    };
    lines.map(one).collect()
}

/// A party by its seat's label, and that it is the reader.
pub(super) fn who(language: &'static Language, case: &OpenCase, party: &PartyId) -> Markup {
    let label = Markup::default().peer(&case.party_label(party));
    if *party == case.own { language.markup("record.you", &[("who", label)]) } else { label }
}

/// The beginning of a text, and whether there is more.
pub(super) fn shortened(text: &str) -> (String, bool) {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (format!("{}…", text.get(..end).unwrap_or_default()), true),
        None => (text.to_owned(), false),
    }
}

/// One way to look at the record.
#[derive(Debug)]
struct Filter {
    path: String,
    name: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "record.html")]
struct RecordPage {
    frame: Frame,
    case: CaseHead,
    filters: Vec<Filter>,
    lines: Vec<Line>,
    /// Where one is in the list.
    place: String,
    newer: Option<String>,
    older: Option<String>,
    /// Seats that nobody has taken.
    absent: Vec<Markup>,
}

/// A stretch of a list that is shown with the newest first.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Which of all, from the oldest as 0, in that order.
    pub(super) from: usize,
    pub(super) to: usize,
    /// `before` of the page of newer ones; 0 where that is the first page.
    pub(super) newer: Option<usize>,
    pub(super) older: Option<usize>,
}

impl Stretch {
    /// The page of a list of so many that ends before a place in it; nothing where there is no such page.
    pub(super) fn before(typed: Option<&str>, of: usize) -> Option<Self> {
        let to = match typed {
            None => of,
            Some(typed) => typed.parse().ok().filter(|to| (1..=of).contains(to))?,
        };
        let from = to.saturating_sub(PAGE);
        let newer = (to < of).then(|| if to + PAGE >= of { 0 } else { to + PAGE });
        Some(Self { from, to, newer, older: (from > 0).then_some(from) })
    }

    /// "1 to 100 of 3000, the newest first".
    pub(super) fn place(&self, language: &'static Language, of: usize) -> String {
        self.placed(language, "record.place", of)
    }

    /// The same in the words of a key, for what is not in order of time.
    pub(super) fn placed(&self, language: &'static Language, key: &str, of: usize) -> String {
        let (first, last) = (of - self.to + 1, of - self.from);
        let with = [("first", &*first.to_string()), ("last", &*last.to_string()), ("of", &*of.to_string())];
        language.fill(key, &with)
    }

    /// The address of another page of the same list.
    pub(super) fn path(base: &str, before: usize) -> String {
        let mark = if base.contains('?') { '&' } else { '?' };
        if before == 0 { base.to_owned() } else { format!("{base}{mark}before={before}") }
    }
}

/// `GET /case/ID/record`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, mut case| {
        case.stamps = Stamps::of(desk, &case)?;
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let only = match at.query.some("kind") {
            None => None,
            Some(word) => Some(FILTERS.iter().find(|(known, ..)| *known == word).ok_or_else(absent)?),
        };
        let graph = case.record.graph();
        let mut entries = graph.ordered();
        if let Some((_, _, kinds)) = only {
            entries.retain(|ix| kinds.contains(&graph.statement(*ix).kind.as_str()));
        }
        let stretch = Stretch::before(at.query.some("before"), entries.len()).ok_or_else(absent)?;
        let shown: Vec<Ix> = entries.get(stretch.from..stretch.to).unwrap_or_default().iter().rev().copied().collect();
        let head = CaseHead::of(&at, &case, Part::Record);
        let base = head.path("/record");
        let here = only.map_or_else(|| base.clone(), |(word, ..)| format!("{base}?kind={word}"));
        let all = Filter { path: base.clone(), name: at.language.say("record.only.all"), here: only.is_none() };
        let filter = |(word, key, _): &(&str, &str, &[&str])| Filter {
            path: format!("{base}?kind={word}"),
            name: at.language.say(key),
            here: only.is_some_and(|(chosen, ..)| chosen == word),
        };
        page(&RecordPage {
            frame: Frame::of(&at, "/cases"),
            filters: std::iter::once(all).chain(FILTERS.iter().map(filter)).collect(),
            lines: lines(&at, &case, &shown),
            place: stretch.place(at.language, entries.len()),
            newer: stretch.newer.map(|before| Stretch::path(&here, before)),
            older: stretch.older.map(|before| Stretch::path(&here, before)),
            absent: absent_seats(&at, &case),
            case: head,
        })
    })
    .await
}

/// Who has not joined, so that nothing reaches them.
pub(super) fn absent_seats(visit: &Visit, case: &OpenCase) -> Vec<Markup> {
    let free = case.seats.iter().filter(|seat| seat.parties.is_empty());
    free.map(|seat| {
        let label = Markup::default().peer(&render::sealable(&seat.label));
        visit.language.markup("record.absent", &[("who", label)])
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_gone_through_from_its_end() {
        let stretch = |typed, of| {
            let s = Stretch::before(typed, of)?;
            Some((s.from, s.to, s.newer, s.older))
        };
        assert_eq!(stretch(None, 0), Some((0, 0, None, None)));
        assert_eq!(stretch(None, 100), Some((0, 100, None, None)));
        assert_eq!(stretch(None, 350), Some((250, 350, None, Some(250))));
        assert_eq!(stretch(Some("250"), 350), Some((150, 250, Some(0), Some(150))));
        assert_eq!(stretch(Some("150"), 350), Some((50, 150, Some(250), Some(50))));
        assert_eq!(stretch(Some("50"), 350), Some((0, 50, Some(150), None)));
        for wrong in ["0", "351", "x", "-1", ""] {
            assert_eq!(stretch(Some(wrong), 350), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(shortened("short"), ("short".to_owned(), false));
        let (text, cut) = shortened(&"é".repeat(SHOWN + 1));
        assert!(cut && text.chars().count() == SHOWN + 1 && text.ends_with('…'));
    }
}
