//! The facts of a case: what is agreed, what each side states, and how each came to be.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::Path, http::StatusCode, response::Response};
use counterpart_core::{
    act::Topic,
    fold::SubjectKey,
    graph::Ix,
    value::ItemValue,
    view::{Answer, ItemView},
};
use counterpart_process::clocks::{Agreed, KEY};
use counterpart_words::{
    case::OpenCase,
    item_value,
    render::{self, ItemLine},
};

use super::{
    CaseHead, Part,
    record::{Stretch, shortened, who},
};
use crate::{
    address::escaped,
    case::with_case,
    guard::{Problem, Visit},
    language::Language,
    pages::{Frame, page},
    text::Markup,
    time::Moment,
};

/// Lines of a value that a list shows; the rest is on the fact's own page.
const LINES: usize = 12;

/// A key as a part of an address.
pub(super) fn segment(key: &str) -> String {
    // Browsers take "." and ".." for another place, however they are written; with more behind they do not.
    let end = if is_dots(key) { "%2F" } else { "" };
    format!("{}{end}", escaped(key))
}

fn is_dots(key: &str) -> bool {
    matches!(key, "." | "..")
}

/// The key that a part of an address stands for.
fn key_of(part: &str) -> &str {
    part.strip_suffix('/').filter(|key| is_dots(key)).unwrap_or(part)
}

/// A value of a fact, and where it comes from.
#[derive(Debug)]
struct Value {
    /// By whom; nothing where it is agreed.
    who: Option<Markup>,
    lines: Vec<String>,
    /// What is long and seldom read, and what it is: to be folded.
    folded: Option<(String, String)>,
    /// There are more.
    cut: bool,
    entry: String,
    path: String,
    /// Who erased what of it.
    erased: Vec<String>,
    /// What the others say of it.
    answers: Vec<Answered>,
    /// Where it can be answered, while it is offered.
    answer: Option<String>,
}

/// What another side says of a value.
#[derive(Debug)]
struct Answered {
    contests: bool,
    /// Who says so, and in which entry.
    told: Markup,
    path: String,
    /// Why, or what was noted with it.
    text: Option<String>,
}

impl Answered {
    fn of(language: &'static Language, case: &OpenCase, head: &CaseHead, answer: &Answer) -> Self {
        let id = case.record.graph().id(answer.entry);
        let key = if answer.contests { "facts.contested.by" } else { "facts.acknowledged.by" };
        let entry = Markup::default().peer(&case.entry_name(&id));
        let by = [("who", who(language, case, &answer.party)), ("n", entry)];
        Self {
            contests: answer.contests,
            told: language.markup(key, &by),
            path: head.path(&format!("/entry/{}", case.entry_typed(&id))),
            text: answer.text.as_ref().map(|text| shortened(&render::sealable(text)).0),
        }
    }
}

impl Value {
    fn of(
        language: &'static Language,
        (case, head): (&OpenCase, &CaseHead),
        ix: Ix,
        value: &ItemValue,
        who: Option<Markup>,
        most: usize,
    ) -> Self {
        let id = case.record.graph().id(ix);
        // Clocks name every day on which they stand still: a list has them in one sentence.
        let clocks = Agreed::read(value).ok();
        let in_short = most == LINES && clocks.is_some();
        let mut lines = if in_short { vec![item_value::show(value)] } else { item_value::lines(value) };
        let days = clocks.map_or(0, |clocks| clocks.hours.free.len() as u64);
        let folded = lines.pop_if(|_| days > 0 && !in_short).map(|all| (language.count("facts.days", days), all));
        let mut cut = in_short || lines.len() > most;
        lines.truncate(most);
        if most == LINES {
            for line in &mut lines {
                let (short, more) = shortened(line);
                *line = short;
                cut |= more;
            }
        }
        Self {
            who,
            lines,
            folded,
            cut,
            entry: case.entry_name(&id),
            path: head.path(&format!("/entry/{}", case.entry_typed(&id))),
            erased: render::beside(case, ix, &render::files_of(case, ix, &[])),
            answers: case.record.answers(ix).iter().map(|a| Answered::of(language, case, head, a)).collect(),
            answer: (case.record.fold().proposal(ix).is_some() && case.lens().is_open(ix))
                .then(|| head.path(&format!("/action/{}", case.entry_typed(&id)))),
        }
    }

    /// "Ann says", in the words of a key.
    fn says(&self, language: &'static Language, key: &str) -> Markup {
        let who = self.who.clone().unwrap_or_default();
        language.markup(key, &[("who", who)])
    }
}

/// A fact as it stands.
#[derive(Debug)]
struct Fact {
    /// The end of its page's address, and what follows a question mark.
    segment: String,
    title: String,
    tone: &'static str,
    word: &'static str,
    /// What stands before the agreed value: that it is agreed, where the word beside the title does not say so.
    agreed_label: &'static str,
    agreed: Option<Value>,
    stated: Vec<Value>,
    proposed: Vec<Value>,
}

/// The facts of a case by key: as they are viewed, and the offers that are open on each.
#[derive(Debug, Default)]
struct Keyed<'c> {
    item: Option<&'c ItemView>,
    open: Vec<Ix>,
}

fn keyed(case: &OpenCase) -> BTreeMap<&str, Keyed<'_>> {
    let mut all: BTreeMap<&str, Keyed<'_>> = BTreeMap::new();
    for item in &case.view().items {
        all.entry(item.key.as_str()).or_default().item = Some(item);
    }
    for matter in &case.view().matters {
        if let (SubjectKey::Item(key), false) = (&matter.key, matter.status.open.is_empty()) {
            all.entry(key.as_str()).or_default().open.extend(&matter.status.open);
        }
    }
    all
}

fn fact(visit: &Visit, case: &OpenCase, head: &CaseHead, key: &str, found: &Keyed<'_>, most: usize) -> Fact {
    let (graph, lens) = (case.record.graph(), case.lens());
    let subject = SubjectKey::Item(key.to_owned());
    let of = |ix, value: &ItemValue, who| Value::of(visit.language, (case, head), ix, value, who, most);
    let agreed = found.item.and_then(|item| {
        let (id, value) = item.agreed.as_ref()?;
        Some(of(graph.find(id)?, value, None))
    });
    let stated: Vec<Value> = found
        .item
        .map_or(&[][..], |item| &item.stated)
        .iter()
        .filter_map(|stated| {
            let value = render::open_value(case, &stated.entry, &stated.value);
            let who = who(visit.language, case, &stated.party);
            Some(of(graph.find(&stated.entry)?, &value, Some(who)))
        })
        .collect();
    let proposed = found.open.iter().filter_map(|ix| {
        let Topic::Item { value, .. } = &lens.subject(*ix, &subject)?.topic else { return None };
        let who = who(visit.language, case, &graph.statement(*ix).party);
        Some(of(*ix, value, Some(who)))
    });
    let said = |contests: bool| stated.iter().flat_map(|value| &value.answers).any(|a| a.contests == contests);
    let (tone, word) = match (&agreed, found.item.is_some_and(|item| item.disputed), stated.len()) {
        (Some(agreed), ..) if agreed.answers.iter().any(|answer| answer.contests) => ("bad", "facts.contested"),
        (Some(_), ..) => ("good", "facts.agreed"),
        (None, true, _) => ("bad", "facts.disputed"),
        (None, false, _) if said(true) => ("bad", "facts.contested"),
        (None, false, 0) => ("theirs", "facts.proposed"),
        (None, false, _) if said(false) => ("quiet", "facts.acknowledged"),
        (None, false, 1) => ("quiet", "facts.alone"),
        (None, false, _) => ("quiet", "facts.same"),
    };
    let titled = || found.item.map_or_else(|| render::line(key), |item| render::item_title(case, item));
    Fact {
        segment: segment(key),
        title: if key == KEY { visit.language.say("clocks.title").to_owned() } else { titled() },
        tone,
        word: visit.language.say(word),
        agreed_label: visit.language.say(if word == "facts.agreed" { "facts.value" } else { "facts.agreed" }),
        proposed: proposed.collect(),
        agreed,
        stated,
    }
}

#[derive(Template)]
#[template(path = "facts.html")]
struct FactsPage {
    frame: Frame,
    case: CaseHead,
    facts: Vec<Fact>,
    place: String,
    before: Option<String>,
    after: Option<String>,
}

/// `GET /case/ID/facts`
pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |_, case| {
        let all = keyed(&case);
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let stretch = Stretch::before(at.query.some("before"), all.len()).ok_or_else(absent)?;
        let head = CaseHead::of(&at, &case, Part::Facts);
        // By name, the first at the top: counted from the end as other lists are.
        let shown = all.iter().skip(all.len() - stretch.to).take(stretch.to - stretch.from);
        let base = head.path("/facts");
        page(&FactsPage {
            frame: Frame::of(&at, "/cases"),
            facts: shown.map(|(key, found)| fact(&at, &case, &head, key, found, LINES)).collect(),
            place: stretch.placed(at.language, "facts.place", all.len()),
            before: stretch.newer.map(|before| Stretch::path(&base, before)),
            after: stretch.older.map(|before| Stretch::path(&base, before)),
            case: head,
        })
    })
    .await
}

/// One version of a fact.
#[derive(Debug)]
struct Version {
    entry: String,
    path: String,
    at: Moment,
    told: String,
    cut: bool,
    stands: bool,
}

impl Version {
    fn of(case: &OpenCase, head: &CaseHead, line: &ItemLine) -> Self {
        let (told, cut) = shortened(&render::version_in_words(case, line));
        Self {
            entry: case.entry_name(&line.id),
            path: head.path(&format!("/entry/{}", case.entry_typed(&line.id))),
            at: Moment(line.at),
            told,
            cut,
            stands: line.stands,
        }
    }
}

#[derive(Template)]
#[template(path = "fact.html")]
struct FactPage {
    frame: Frame,
    case: CaseHead,
    fact: Fact,
    versions: Vec<Version>,
    place: String,
    newer: Option<String>,
    older: Option<String>,
}

/// `GET /case/ID/facts/KEY`
pub(crate) async fn one(Path((id, key)): Path<(String, String)>, visit: Visit) -> Result<Response, Problem> {
    let at = visit.clone();
    with_case(&visit, &id, move |_, case| {
        let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
        let no_fact = |_| Problem::new(StatusCode::NOT_FOUND, "fact");
        let key = key_of(&key);
        let history = render::item_history(&case, key).map_err(no_fact)?;
        let stretch = Stretch::before(at.query.some("before"), history.len()).ok_or_else(absent)?;
        let shown = history.get(stretch.from..stretch.to).unwrap_or_default().iter().rev();
        let head = CaseHead::of(&at, &case, Part::Facts);
        let found = keyed(&case).remove(key).unwrap_or_default();
        let fact = fact(&at, &case, &head, key, &found, usize::MAX);
        let base = head.path(&format!("/facts/{}", fact.segment));
        page(&FactPage {
            frame: Frame::of(&at, "/cases"),
            versions: shown.map(|line| Version::of(&case, &head, line)).collect(),
            place: stretch.place(at.language, history.len()),
            newer: stretch.newer.map(|before| Stretch::path(&base, before)),
            older: stretch.older.map(|before| Stretch::path(&base, before)),
            fact,
            case: head,
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{key_of, segment};

    #[test]
    fn a_key_stays_one_part_of_an_address() {
        for (key, part) in [("speed", "speed"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("..", "..%2F"), ("é", "%C3%A9")] {
            assert_eq!(segment(key), part);
        }
        for (part, key) in [("speed", "speed"), ("../", ".."), ("./", "."), ("a/", "a/"), (".../", ".../")] {
            assert_eq!(key_of(part), key);
        }
    }
}
