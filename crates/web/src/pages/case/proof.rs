//! What is proven of a case, and what of it can be given to others: the report, the file that anybody can verify, time
//! stamps.

mod give;
mod stamp;

pub(crate) use give::{Own, made, make, report};
pub(crate) use stamp::ask;

use askama::Template;
use axum::{extract::Path, response::Response};
use counterpart_core::{
    cbor::Value,
    record::Erasable,
    view::{Grade, Held},
};
use counterpart_node::Desk;
use counterpart_words::{case::OpenCase, render, stamped};

use self::stamp::Asking;
use super::{
    CaseHead, Part,
    ended::{self, Alarm},
};
use crate::{
    acts::Wrong,
    case::with_case,
    download::Made,
    guard::{Problem, Visit},
    pages::{Frame, page, page_again},
    typed::Typed,
};

/// How many things beside the record are listed to be ticked; others are named in a field.
const LISTED: usize = 60;

/// Letters of a value that are shown beside its tick.
const LETTERS: usize = 60;

/// How many entries are shared as far as this, and what that means.
#[derive(Debug)]
struct Shared {
    tone: &'static str,
    sign: &'static str,
    word: &'static str,
    count: String,
    means: &'static str,
}

/// Something beside the record that may be left out.
#[derive(Debug)]
struct Beside {
    /// As it is named in the form: `7/person`.
    typed: String,
    entry: String,
    words: String,
    /// What it says, cut short.
    says: Option<String>,
    left_out: bool,
}

#[derive(Template)]
#[template(path = "proof.html")]
struct ProofPage {
    frame: Frame,
    case: CaseHead,
    shared: Vec<Shared>,
    reach: Vec<String>,
    alarms: Vec<Alarm>,
    stamps: Vec<String>,
    waiting: Vec<String>,
    asking: Asking,
    beside: Vec<Beside>,
    /// Whether there is more beside the record than is listed.
    more: bool,
    /// Which of the choices is made: nothing, values, files, all, chosen.
    leave: String,
    others: String,
    made: Option<std::sync::Arc<Made>>,
    made_size: String,
    wrong: Vec<Wrong>,
}

/// `GET /case/ID/proof`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |desk, case| shown(&at, desk, &case, &Typed::default(), Vec::new())).await
}

/// The page, with what was typed into its form and what is wrong with that.
fn shown(at: &Visit, desk: &Desk, case: &OpenCase, typed: &Typed, wrong: Vec<Wrong>) -> Result<Response, Problem> {
    let head = CaseHead::of(at, case, Part::Proof);
    let made = at.app.downloads.find(&head.id, at.query.text("made"));
    let left_out = typed.all("withhold");
    let (beside, more) = beside(case, &left_out);
    let waits = |wanted: counterpart_store::WantedStamp| {
        let with = [
            ("entry", case.entry_name(&wanted.entry)),
            ("when", crate::time::show_short(at.language, wanted.since, case.zone(), case.now)),
            ("why", wanted.trouble.as_deref().map(render::line).unwrap_or_default()),
        ];
        let with: Vec<(&str, &str)> = with.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let key = if wanted.trouble.is_some() { "proof.stamp.waits.why" } else { "proof.stamp.waits" };
        at.language.fill(key, &with)
    };
    let reach = render::delivered(case, false).into_iter().chain(render::checkpoint(case)).collect();
    let failed = !wrong.is_empty();
    let template = ProofPage {
        frame: Frame::of(at, "/cases"),
        shared: shared(at, case),
        reach,
        alarms: ended::alarms(at.language, case),
        stamps: desk.stamps_over(&case.record)?.iter().map(|held| stamped::in_words(case, held)).collect(),
        waiting: desk.wanted_stamps()?.into_iter().filter(|w| w.case == case.id).map(waits).collect(),
        asking: Asking::of(desk, case)?,
        beside,
        more,
        leave: typed.some("leave").unwrap_or("nothing").to_owned(),
        others: typed.text("others").to_owned(),
        made_size: made.as_ref().map(|made| render::size(made.size)).unwrap_or_default(),
        made,
        wrong,
        case: head,
    };
    if failed { page_again(&template) } else { page(&template) }
}

/// How far the entries are shared, counted.
fn shared(at: &Visit, case: &OpenCase) -> Vec<Shared> {
    let grades = case.record.grades();
    let held = case.record.held_by_others(&grades.iter().map(|(ix, _)| *ix).collect::<Vec<_>>());
    // What only a mailbox stores, its owner need not have.
    let word = |(grade, held): (Grade, Held)| match (grade, held) {
        (Grade::Delivered, Held::Mailbox) => "mailbox",
        _ => grade.as_str(),
    };
    let words: Vec<&str> = grades.iter().map(|(_, grade)| *grade).zip(held).map(word).collect();
    let each = [
        ("agreed", "good", "good"),
        ("acknowledged", "good", "good"),
        ("contested", "bad", "late"),
        ("delivered", "quiet", "info"),
        ("mailbox", "quiet", "info"),
        ("unilateral", "warn", "theirs"),
    ];
    let one = |(word, tone, sign): (&str, &'static str, &'static str)| {
        let n = words.iter().filter(|each| **each == word).count();
        let key = |part: &str| at.language.say(&format!("proof.{part}.{word}"));
        (n > 0).then(|| Shared {
            tone,
            sign,
            word: key("grade"),
            count: at.language.count("proof.entries", n as u64),
            means: key("means"),
        })
    };
    each.into_iter().filter_map(one).collect()
}

/// What lies beside the record and is here, the latest first, and whether there is more than is listed.
fn beside(case: &OpenCase, left_out: &[&str]) -> (Vec<Beside>, bool) {
    let graph = case.record.graph();
    let held: std::collections::BTreeSet<_> = case.record.files().collect();
    let mut all = Vec::new();
    for ix in graph.all().rev() {
        let id = graph.id(ix);
        let values = case.record.values_of(&id);
        if values.is_empty() && case.record.files_of(ix).is_empty() {
            continue;
        }
        for place in render::places(case, ix) {
            let says = match &place.what {
                Erasable::Value(path) => match values.iter().find(|value| value.path == *path) {
                    Some(value) => text_of(&value.value),
                    None => continue,
                },
                Erasable::File(_, file) if held.contains(file) => Some(render::size(file.size)),
                Erasable::File(..) => continue,
            };
            if all.len() == LISTED {
                return (all, true);
            }
            let typed = format!("{}/{}", case.entry_typed(&id), place.typed);
            all.push(Beside {
                left_out: left_out.contains(&typed.as_str()),
                typed,
                entry: case.entry_name(&id),
                words: place.words,
                says,
            });
        }
    }
    (all, false)
}

/// What a value says, where it is a text.
fn text_of(value: &Value) -> Option<String> {
    let Value::Text(text) = value else { return None };
    let line = render::line(text);
    Some(match line.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{}\u{2026}", line.get(..at).unwrap_or_default()),
        None => line,
    })
}
