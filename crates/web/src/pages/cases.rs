//! The cases as work to be done: ours first, by what is due; searched, narrowed, a hundred to a page. No case is opened
//! for it.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use counterpart_core::id::short_form;
use counterpart_node::{Cursor, Desk, Queue, QueueRow, now};
use counterpart_words::{
    render::line,
    template,
    today::{Whose, whose},
};

use super::{frame::Frame, page};
use crate::{
    address::escaped,
    app::aside,
    guard::{Problem, Visit},
    language::Language,
    text::Markup,
    time::Moment,
    typed::Typed,
};

/// Cases on one page.
const PAGE: usize = 100;

/// How many of our side are offered to choose from; those of anybody else are found by the command.
const NAMES: usize = 200;

/// Who has to do something next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Move {
    Yours,
    Theirs,
    Nobody,
}

/// A case as it stands in a list.
#[derive(Debug)]
struct Line {
    page: String,
    short: String,
    title: String,
    state: String,
    whose: Move,
    /// What is waited for; empty where nothing is.
    what: Markup,
    due: Option<Moment>,
    late: bool,
    /// Who of our side has it.
    agent: Option<Markup>,
    entries: String,
    changed: Moment,
}

impl Line {
    fn of(language: &'static Language, row: QueueRow, now: i64) -> Self {
        let what = |key: &str, what: &str| language.markup(key, &[("what", Markup::default().peer(what))]);
        let (whose, what) = match whose(&row.whose_move) {
            Whose::Yours(asked) => (Move::Yours, what("case.yours", &asked.of_you())),
            Whose::Theirs(asked) => (Move::Theirs, what("case.theirs", &asked.of_them())),
            Whose::Nobody => (Move::Nobody, Markup::default().say(language.say("case.nobody"))),
        };
        let due = row.next_due.filter(|_| row.state != "closed");
        Self {
            page: format!("/case/{}", row.case.to_hex()),
            short: short_form(&row.case.0),
            whose,
            what,
            due: due.map(Moment),
            late: due.is_some_and(|due| due < now),
            agent: row.agent.map(|name| language.markup("cases.with", &[("name", Markup::default().peer(&name))])),
            entries: language.count("case.entries", row.entries),
            changed: Moment(row.updated_at),
            title: row.title,
            state: row.state,
        }
    }

    /// The word and the sign that say whose move it is, beside the colour.
    fn tone(&self) -> &'static str {
        match self.whose {
            Move::Yours => "yours",
            Move::Theirs => "theirs",
            Move::Nobody => "quiet",
        }
    }
}

/// Something that the list can be narrowed to.
#[derive(Debug)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// The fields by which the list is narrowed, as they stand in the address.
const FIELDS: [&str; 4] = ["text", "which", "who", "template"];

/// What the address asks for; what is in it that nobody offered is passed over.
fn wished(query: &Typed) -> Queue {
    let which = query.text("which");
    let who = query.some("who");
    Queue {
        waiting_for_us: (which == "ours").then_some(true),
        overdue: (which == "overdue").then_some(true),
        open: (which == "open").then_some(true),
        agent: who.and_then(|who| who.strip_prefix("agent:")).map(str::to_owned),
        assigned: (who == Some("nobody")).then_some(false),
        template: query.some("template").map(str::to_owned),
        text: query.some("text").map(str::to_owned),
    }
}

/// The same list from a place on; from its beginning without one.
fn path(query: &Typed, after: Option<&str>) -> String {
    let fields = FIELDS.into_iter().filter_map(|name| Some((name, query.some(name)?)));
    let all = fields.chain(after.map(|after| ("after", after)));
    let written: Vec<String> = all.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    if written.is_empty() { "/cases".to_owned() } else { format!("/cases?{}", written.join("&")) }
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    frame: Frame,
    lines: Vec<Line>,
    /// There are no cases at all.
    none: bool,
    /// The list is not of all cases.
    narrowed: bool,
    text: String,
    which: Vec<Choice>,
    who: Vec<Choice>,
    templates: Vec<Choice>,
    /// How many there are, where the page has them all.
    counted: Option<String>,
    /// There may be more in which the words stand.
    missing: bool,
    /// The beginning, and the page after this one.
    first: Option<String>,
    after: Option<String>,
}

pub(super) async fn show(visit: Visit) -> Result<Response, Problem> {
    let app = std::sync::Arc::clone(&visit.app);
    let made = aside(move || {
        let Some(desk) = app.desk()? else { return Ok(None) };
        made(&visit, &desk).map(Some)
    });
    let Some(template) = made.await?? else { return Ok(Redirect::to("/welcome").into_response()) };
    page(&template)
}

fn made(visit: &Visit, desk: &Desk) -> Result<CasesPage, Problem> {
    let (language, now, query) = (visit.language, now(), &visit.query);
    let absent = || Problem::new(StatusCode::NOT_FOUND, "absent");
    let place = query.some("after").map(str::parse::<Cursor>).transpose().map_err(|_no_place| absent())?;
    let wish = wished(query);
    let narrowed = wish != Queue::default();
    let found = desk.queue_at(&wish, place, PAGE, now)?;
    let next = found.next.map(|cursor| cursor.to_string());
    let count = found.rows.len() as u64;
    Ok(CasesPage {
        frame: Frame::of(visit, "/cases"),
        none: found.rows.is_empty() && !narrowed && place.is_none(),
        lines: found.rows.into_iter().map(|row| Line::of(language, row, now)).collect(),
        narrowed,
        text: query.text("text").to_owned(),
        which: which(language, query),
        who: who(language, desk, query)?,
        templates: templates(visit),
        counted: (place.is_none() && next.is_none()).then(|| language.count("cases.count", count)),
        missing: found.words_missing,
        first: place.is_some().then(|| path(query, None)),
        after: next.map(|next| path(query, Some(&next))),
    })
}

fn which(language: &'static Language, query: &Typed) -> Vec<Choice> {
    let choice = |value: &str| Choice {
        name: language.say(&format!("cases.which.{}", if value.is_empty() { "all" } else { value })).to_owned(),
        chosen: query.text("which") == value,
        value: value.to_owned(),
    };
    ["", "open", "ours", "overdue"].map(choice).into()
}

fn who(language: &'static Language, desk: &Desk, query: &Typed) -> Result<Vec<Choice>, Problem> {
    let asked = query.some("who").unwrap_or_default();
    let of_ours = |value: &str, key: &str| Choice {
        value: value.to_owned(),
        name: language.say(key).to_owned(),
        chosen: asked == value,
    };
    let mut all = vec![of_ours("", "cases.who.any"), of_ours("nobody", "cases.who.nobody")];
    all.extend(desk.loads()?.into_iter().take(NAMES).map(|load| {
        let value = format!("agent:{}", load.agent);
        Choice { name: line(&format!("{} ({})", load.name, load.cases)), chosen: asked == value, value }
    }));
    // Whoever has none left, or was asked for by the name as it is written.
    if let Some(name) = asked.strip_prefix("agent:").filter(|_| all.iter().all(|choice| !choice.chosen)) {
        all.push(Choice { value: asked.to_owned(), name: line(name), chosen: true });
    }
    Ok(all)
}

fn templates(visit: &Visit) -> Vec<Choice> {
    let asked = visit.query.some("template").unwrap_or_default();
    let of = |value: String, name: String| Choice { chosen: asked == value, value, name };
    let mut all = vec![of(String::new(), visit.language.say("cases.template.any").to_owned())];
    // Where a person's own cannot be read, the list is no place to say it.
    let found = template::all(&visit.app.home).unwrap_or_default();
    all.extend(found.into_iter().map(|found| of(found.name.clone(), found.name)));
    if all.iter().all(|choice| !choice.chosen) {
        all.push(of(asked.to_owned(), line(asked)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(fields: &[(&str, &str)]) -> Typed {
        Typed::new(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn an_address_says_which_cases_are_meant() {
        assert_eq!(wished(&typed(&[("which", "x"), ("who", "y"), ("text", "  ")])), Queue::default());
        let asked = typed(&[("which", "overdue"), ("who", "agent:anne m&b"), ("text", "leak #1"), ("other", "x")]);
        let wish = wished(&asked);
        assert_eq!((wish.overdue, wish.waiting_for_us, wish.agent.as_deref()), (Some(true), None, Some("anne m&b")));
        assert_eq!(path(&asked, Some("P")), "/cases?text=leak%20%231&which=overdue&who=agent%3Aanne%20m%26b&after=P");
        assert_eq!(path(&typed(&[("after", "P")]), None), "/cases");
        assert_eq!(wished(&typed(&[("who", "nobody")])).assigned, Some(false));
    }
}
