//! All actions of a case by where they stand: in columns, or as a list.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    fold::ActionState,
    graph::Ix,
    view::{ActionView, Grade},
};
use counterpart_node::due_instant;
use counterpart_words::{
    case::OpenCase,
    render::{self, Speech},
};

use super::{cut, moves::page_of, opened};
use crate::{language::Language, pages::CaseHead, time};

/// Cards in a column; the list has the others.
const CARDS: usize = 8;

/// Actions on a page of the list.
const ROWS: usize = 50;

/// How far ahead a due time is "soon": as today's list has it.
const SOON: i64 = 7 * 24 * 60 * 60 * 1000;

/// Letters of what is to be done, on a card.
const WHAT: usize = 160;

/// A column: states between which people see little difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Proposed,
    Agreed,
    Declared,
    Completed,
    Ended,
}

impl Column {
    const ALL: [Self; 5] = [Self::Proposed, Self::Agreed, Self::Declared, Self::Completed, Self::Ended];

    fn of(state: ActionState) -> Self {
        match state {
            ActionState::Proposed | ActionState::Accepted | ActionState::Crossed | ActionState::Contested => {
                Self::Proposed
            }
            ActionState::Agreed => Self::Agreed,
            ActionState::Declared | ActionState::Rework => Self::Declared,
            ActionState::Completed => Self::Completed,
            _ => Self::Ended,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Agreed => "agreed",
            Self::Declared => "declared",
            Self::Completed => "completed",
            Self::Ended => "ended",
        }
    }

    fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Ended)
    }

    fn name(self, language: &'static Language) -> &'static str {
        language.say(&format!("case.column.{}", self.word()))
    }
}

/// A due time, in the case's zone.
#[derive(Debug)]
pub(crate) struct DueShown {
    pub(crate) text: String,
    /// The instant, for programs.
    pub(crate) exact: String,
    /// Tone, sign and word where it presses.
    pub(crate) badge: Option<(&'static str, &'static str, &'static str)>,
}

impl DueShown {
    pub(crate) fn of(language: &'static Language, case: &OpenCase, at: i64, live: bool) -> Self {
        let badge = match at - case.now {
            _ if !live => None,
            left if left < 0 => Some(("bad", "late", language.say("case.late"))),
            left if left < SOON => Some(("warn", "theirs", language.say("case.soon"))),
            _ => None,
        };
        let text = time::show(language, at, case.zone());
        let text = if live { format!("{text}, {}", time::distance(language, at, case.now)) } else { text };
        let exact = jiff::Timestamp::from_millisecond(at).map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        Self { text, exact: exact.unwrap_or_default(), badge }
    }
}

/// A state: its word, and tone and sign beside the colour.
#[derive(Debug)]
pub(crate) struct StateShown {
    pub(crate) word: &'static str,
    pub(crate) tone: &'static str,
    pub(crate) sign: &'static str,
    /// One or two ticks, and what they mean.
    pub(crate) ticks: Option<(&'static str, &'static str)>,
}

impl StateShown {
    pub(crate) fn of(state: ActionState, settled: bool) -> Self {
        let (tone, sign) = match state {
            ActionState::Agreed | ActionState::Completed => ("good", "good"),
            ActionState::Crossed | ActionState::Rework | ActionState::Stopped | ActionState::Contested => {
                ("warn", "late")
            }
            ActionState::Proposed | ActionState::Accepted | ActionState::Declared => ("warn", "theirs"),
            _ => ("quiet", "quiet"),
        };
        // "✓ (not every signer …)"
        let ticks = render::ticks(state, settled).and_then(|ticks| ticks.split_once(" ("));
        let ticks = ticks.map(|(ticks, meaning)| (ticks, meaning.trim_end_matches(')')));
        // Beside what everybody agreed "accepted" would read as the same.
        let word = if state == ActionState::Accepted { "not accepted by all yet" } else { state.as_str() };
        Self { word, tone, sign, ticks }
    }
}

/// One action as it stands on the board or in the list.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) name: String,
    pub(crate) page: String,
    pub(crate) what: String,
    pub(crate) who: String,
    pub(crate) due: Option<DueShown>,
    pub(crate) state: StateShown,
    /// How far it is shared, where it is not agreed.
    pub(crate) grade: Option<&'static str>,
    pub(crate) beside: Vec<String>,
    /// Times that are on record as passed.
    pub(crate) missed: Option<String>,
}

impl Card {
    fn of(language: &'static Language, head: &CaseHead, case: &OpenCase, action: &ActionView) -> Self {
        let speech = Speech::of_case(case);
        let revision = render::applying(&action.status).unwrap_or(action.status.revision);
        let terms = opened(case, revision, &action.key).and_then(|subject| super::action_terms(&subject).cloned());
        let name = case.subject_name(&action.key);
        let (live, ticked) = (action.is_live(), render::ticks(action.status.state, action.settled).is_some());
        let (grade, beside) = render::told_beside(case, action);
        Self {
            page: page_of(head, &name),
            name,
            what: terms.as_ref().map_or_else(
                || language.say("case.no_terms").to_owned(),
                |terms| cut(&render::sealable(&terms.what), WHAT),
            ),
            who: terms.as_ref().map(|terms| cut(&speech.people(&terms.performers), WHAT)).unwrap_or_default(),
            due: due_of(case, action).map(|at| DueShown::of(language, case, at, live)),
            state: StateShown::of(action.status.state, action.settled),
            grade: (!ticked && action.grade != Grade::Agreed).then_some(grade),
            beside: beside.into_iter().map(str::to_owned).collect(),
            missed: missed(language, case, action),
        }
    }
}

/// How many of its times are on record as passed: each once, by however many.
fn missed(language: &'static Language, case: &OpenCase, action: &ActionView) -> Option<String> {
    let time = |ix: &Ix| match case.record.fold().act(*ix) {
        Act::Missed { due, .. } => Some(*due),
        _ => None,
    };
    let times: BTreeSet<i64> = action.status.missed.iter().filter_map(time).collect();
    (!times.is_empty()).then(|| language.count("case.missed", times.len() as u64))
}

/// When an action is due, Unix milliseconds.
pub(crate) fn due_of(case: &OpenCase, action: &ActionView) -> Option<i64> {
    let revision: Ix = render::applying(&action.status)?;
    let due = case.lens().terms(revision, &action.key)?.due.as_ref()?;
    due_instant(due, action.counted_from)
}

/// A column with its first cards.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) word: &'static str,
    pub(crate) name: &'static str,
    pub(crate) count: usize,
    pub(crate) cards: Vec<Card>,
    /// The way to all of it.
    pub(crate) more: Option<(String, String)>,
}

/// A way to another look at the actions.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) path: String,
    pub(crate) name: String,
    pub(crate) here: bool,
}

/// The actions as they were asked for.
#[derive(Debug)]
pub(crate) enum Look {
    Board(Vec<Shown>),
    List {
        choices: Vec<Choice>,
        rows: Vec<Card>,
        /// The pages before and after this one.
        before: Option<String>,
        after: Option<String>,
        place: String,
    },
}

/// What of the actions is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) list: bool,
    pub(crate) column: Option<Column>,
    pub(crate) page: usize,
}

impl Asked {
    /// From a page's address; nothing where there is no such page.
    pub(crate) fn read(query: &crate::typed::Typed) -> Option<Self> {
        let column = match query.text("show") {
            "" => None,
            word => Some(Column::ALL.into_iter().find(|column| column.word() == word)?),
        };
        let page = match query.text("page") {
            "" => 1,
            number => number.parse().ok().filter(|n| *n > 0)?,
        };
        let list = match query.text("view") {
            "" | "board" => false,
            "list" => true,
            _ => return None,
        };
        Some(Self { list, column, page })
    }
}

/// The actions of a case as they were asked for; nothing where there is no such page.
pub(crate) fn look(language: &'static Language, head: &CaseHead, case: &OpenCase, asked: Asked) -> Option<Look> {
    let actions = &case.view().actions;
    let mut by_column: Vec<(Column, Option<i64>, usize)> = Vec::with_capacity(actions.len());
    for (n, action) in actions.iter().enumerate() {
        let column = Column::of(action.status.state);
        let due = if column.is_over() { None } else { due_of(case, action) };
        by_column.push((column, due, n));
    }
    // What is due next first; what is over, the latest first.
    by_column.sort_by_key(|(column, due, n)| {
        let place = if column.is_over() { actions.len() - n } else { *n };
        (*column, due.unwrap_or(i64::MAX), place)
    });
    let list_path = |column: Option<Column>, page: usize| {
        let show = column.map(|column| format!("&show={}", column.word())).unwrap_or_default();
        let page = if page > 1 { format!("&page={page}") } else { String::new() };
        format!("{}#actions", head.path(&format!("?view=list{show}{page}")))
    };
    let card = |n: usize| Card::of(language, head, case, &actions[n]);
    let of = |column: Column| by_column.iter().filter(move |(c, ..)| *c == column).map(|(_, _, n)| *n);
    if !asked.list {
        let shown = |column: Column| {
            let count = of(column).count();
            let more = (count > CARDS)
                .then(|| (list_path(Some(column), 1), language.fill("case.column.all", &[("n", &count.to_string())])));
            let cards = of(column).take(CARDS).map(card).collect();
            Shown { word: column.word(), name: column.name(language), count, cards, more }
        };
        return Some(Look::Board(Column::ALL.into_iter().map(shown).collect()));
    }
    let wanted: Vec<usize> = by_column
        .iter()
        .filter(|(column, ..)| asked.column.is_none_or(|only| only == *column))
        .map(|(_, _, n)| *n)
        .collect();
    let pages = wanted.len().div_ceil(ROWS).max(1);
    if asked.page > pages {
        return None;
    }
    let choice = |column: Option<Column>| {
        let (name, count) = match column {
            Some(column) => (column.name(language), of(column).count()),
            None => (language.say("case.column.every"), actions.len()),
        };
        let with = [("what", name), ("n", &*count.to_string())];
        let name = language.fill("case.column.choice", &with);
        Choice { path: list_path(column, 1), name, here: column == asked.column }
    };
    let used = Column::ALL.into_iter().filter(|column| of(*column).next().is_some());
    let with = [("page", &*asked.page.to_string()), ("pages", &*pages.to_string())];
    Some(Look::List {
        choices: std::iter::once(None).chain(used.map(Some)).map(choice).collect(),
        rows: wanted.iter().skip((asked.page - 1) * ROWS).take(ROWS).map(|n| card(*n)).collect(),
        before: (asked.page > 1).then(|| list_path(asked.column, asked.page - 1)),
        after: (asked.page < pages).then(|| list_path(asked.column, asked.page + 1)),
        place: if pages > 1 { language.fill("cases.place", &with) } else { String::new() },
    })
}
