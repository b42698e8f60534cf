//! A case as a picture: a lane for each party, contacts and promises in time, what became of the promises. Everything
//! drawn stands in a table as well.

mod span;

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use counterpart_node::due_instant;
use counterpart_report::{Depiction, EntryName, Ledger, Order, Picture, Piece, Row, Shape, Source, tally_word};

use self::span::Span;
use super::{CaseHead, Part};
use crate::{
    case::with_case,
    guard::{Problem, Visit},
    pages::{
        Frame,
        chart::{self, Chart},
        page,
    },
};

/// Rows of the lanes on a page.
const ROWS: usize = 5;

/// Contacts and promises on a page.
const THINGS: usize = 30;

/// Promises that are named where they are counted.
const NAMED: usize = 24;

/// Letters of what somebody wrote, in a table here; whole it stands in the record.
const LETTERS: usize = 240;

/// Where one is among several pages, and where the others are.
#[derive(Debug, Default)]
struct Place {
    said: String,
    earlier: Option<String>,
    later: Option<String>,
}

#[derive(Template)]
#[template(path = "picture.html")]
struct PicturePage {
    frame: Frame,
    case: CaseHead,
    picture: Picture,
    rows: Vec<Row>,
    steps: Place,
    by_time: bool,
    /// Where the same is in the other order.
    turned: String,
    span: Span,
    things: Place,
    charts: Vec<Chart>,
    tallies: Vec<Tally>,
}

/// `GET /case/ID/picture`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| {
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let by_time = at.query.text("order") == "time";
        let order = if by_time { Order::Time } else { Order::Steps };
        let source = Source {
            record: &case.record,
            made_at: case.now,
            holder: Some(desk.party()),
            bundle: None,
            stamps: &[],
            due: &due_instant,
        };
        let drawn = Depiction::of(&source, order).ok_or_else(absent)?;
        let Depiction { mut picture, contacts, promises, ledgers } = drawn;
        let rows = std::mem::take(&mut picture.rows);
        let things = span::things(contacts.each, promises);

        let (rows_at, row_pages) = cut(at.query.some("page"), rows.len(), ROWS).ok_or_else(absent)?;
        let (things_at, thing_pages) = cut(at.query.some("at"), things.len(), THINGS).ok_or_else(absent)?;
        let head = CaseHead::of(&at, &case, Part::Picture);
        let ordered = if by_time { "&order=time" } else { "" };
        let way = |page: usize, thing: usize, turn: &str, end: &str| {
            head.path(&format!("/picture?page={page}&at={thing}{turn}#{end}"))
        };
        let place = |n: usize, pages: usize, to: &dyn Fn(usize) -> String| Place {
            said: match pages {
                0 | 1 => String::new(),
                _ => at.language.fill("picture.place", &[("n", &n.to_string()), ("pages", &pages.to_string())]),
            },
            earlier: (n > 1).then(|| to(n - 1)),
            later: (n < pages).then(|| to(n + 1)),
        };
        let steps = place(rows_at, row_pages, &|n| way(n, things_at, ordered, "lanes"));
        let spans = place(things_at, thing_pages, &|n| way(rows_at, n, ordered, "span"));
        let turned = head.path(if by_time { "/picture#lanes" } else { "/picture?order=time#lanes" });
        let ledgers: Vec<Ledger> = ledgers.into_iter().filter(|ledger| !ledger.is_empty()).collect();
        let shown = on_page(things, (things_at, thing_pages), THINGS);
        page(&PicturePage {
            frame: Frame::of(&at, "/cases"),
            rows: on_page(rows, (rows_at, row_pages), ROWS),
            picture,
            steps,
            by_time,
            turned,
            span: Span::of(shown, case.now, case.zone()),
            things: spans,
            charts: charts(&ledgers),
            tallies: tallies(&ledgers),
            case: head,
        })
    })
    .await
}

/// Which page is asked for, the last where none is, and of how many; nothing where there is no such page.
fn cut(asked: Option<&str>, things: usize, each: usize) -> Option<(usize, usize)> {
    let pages = things.div_ceil(each).max(1);
    let n = asked.map_or(Some(pages), |text| text.parse().ok())?;
    (1..=pages).contains(&n).then_some((n, pages))
}

/// What stands on a page: the last one, which is seen first, is full.
fn on_page<T>(all: Vec<T>, (n, pages): (usize, usize), each: usize) -> Vec<T> {
    let end = all.len().saturating_sub((pages - n) * each);
    let start = end.saturating_sub(each);
    all.into_iter().skip(start).take(end - start).collect()
}

/// How often something became of what somebody promised, and of which promises.
#[derive(Debug)]
struct Tally {
    who: String,
    became: &'static str,
    count: usize,
    names: Vec<EntryName>,
    /// Whether there are more than are named.
    more: bool,
}

fn tallies(ledgers: &[Ledger]) -> Vec<Tally> {
    let one = |who: &str, tally: &counterpart_report::Tallied| {
        let mut names = tally.actions.pieces().iter().filter_map(|piece| match piece {
            Piece::Entry(name) => Some(name.clone()),
            _ => None,
        });
        let shown = names.by_ref().take(NAMED).collect();
        let more = names.next().is_some();
        Tally { who: who.to_owned(), became: became(tally.word), count: tally.count, names: shown, more }
    };
    let of = |ledger: &Ledger| {
        let counted = ledger.tallies.iter().filter(|tally| tally.count > 0);
        counted.map(|tally| one(&ledger.who, tally)).collect::<Vec<_>>()
    };
    ledgers.iter().flat_map(of).collect()
}

fn charts(ledgers: &[Ledger]) -> Vec<Chart> {
    let counts = || ledgers.iter().flat_map(|ledger| &ledger.tallies).map(|tally| tally.count);
    let most = counts().max().unwrap_or(0);
    let bar = |tally: &counterpart_report::Tallied| chart::Bar {
        word: became(tally.word).to_owned(),
        count: tally.count,
        class: chart::class(tally.word),
    };
    let one = |(n, ledger): (usize, &Ledger)| {
        Chart::of(format!("ledger-{n}"), ledger.who.clone(), ledger.tallies.iter().map(bar).collect(), most)
    };
    ledgers.iter().enumerate().map(one).collect()
}

/// What became of a promise, as the ledger's columns call it.
fn became(word: &'static str) -> &'static str {
    match word {
        "alleged_missed" => "said, and missed",
        word => tally_word(word),
    }
}

/// Where an entry is read.
pub(crate) fn entry_path(case: &CaseHead, name: &EntryName) -> String {
    let typed = name.shown.trim_start_matches('#');
    case.path(&format!("/entry/{}", typed.split('/').next().unwrap_or_default()))
}

/// Where an action is.
pub(crate) fn action_path(case: &CaseHead, name: &EntryName) -> String {
    case.path(&format!("/action/{}", name.shown.trim_start_matches('#').replace('/', "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_comes_first() {
        assert_eq!(cut(None, 0, 5), Some((1, 1)));
        assert_eq!(cut(None, 11, 5), Some((3, 3)));
        assert_eq!(cut(Some("1"), 11, 5), Some((1, 3)));
        assert_eq!(on_page((0..11).collect(), (3, 3), 5), [6, 7, 8, 9, 10]);
        assert_eq!(on_page((0..11).collect(), (1, 3), 5), [0]);
        assert!(on_page(Vec::<u8>::new(), (1, 1), 5).is_empty());
        for wrong in ["0", "4", "-1", "x", "99999999999999999999"] {
            assert_eq!(cut(Some(wrong), 11, 5), None);
        }
    }
}
