//! Over all cases: what is to be done today, what became of promises, what is due as a calendar, who has how many cases.

use counterpart_core::id::CaseId;
use counterpart_node::now;
use counterpart_process::{
    tally::csv,
    today::{Group, Thing, next, things},
};
use counterpart_words::{calendars, json, tally};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    asked::{Answer, Asked, CASE, case_of_query},
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::AsCommand,
    table::{Gives, Operation, of},
};

/// What places in these lists are places in.
const TODAY: &str = "today";
const PROMISES: &str = "promises";
const LOADS: &str = "loads";

pub(super) const ALL: &[Operation] = &[
    Operation::get("/today", "read_today", "What is to be done today over all cases, what presses most first in each group")
        .about(
            "Overdue, due within seven days, steps with a deadline, our own moves, letters, others' moves. `next` is the one next \
             thing, on the first page.",
        )
        .query(of::<Today>)
        .answers(of::<AsCommand>)
        .does_whole(today),
    Operation::get("/promises", "list_promises", "What became of what others promised us, over all cases, by who they are and their people")
        .about(
            "From our own copies of signed records. Every case is read for it. `others` are the other sides: our suppliers where we \
             are the customer, our customers where we are the supplier. What we promised is not among it: \
             `/cases/{case}/ledger` has both sides of one case.",
        )
        .query(of::<Promises>)
        .answers(of::<AsCommand>)
        .does_whole(promises),
    Operation::get("/promises.csv", "read_promises_table", "The same as a table, all of it")
        .query(of::<With>)
        .gives(Gives::File("text/csv"))
        .does_whole(table),
    Operation::get("/calendar.ics", "read_calendar", "What is due, as a calendar")
        .query(of::<Only>)
        .gives(Gives::File("text/calendar"))
        .does_whole(calendar),
    Operation::get("/loads", "list_loads", "How many open cases each of us has, by name")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does(loads),
];

/// Which things.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TodayWish")]
struct Today {
    /// Only this group: overdue, soon, steps, yours, letters, mail, waiting.
    group: Option<GroupWish>,
    /// Where to go on: `next_page` of the page before.
    #[schemars(length(min = 1, max = 400))]
    after: Option<String>,
    /// How many at most; 50 unless another number is asked for.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// A group of things.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TodayGroup")]
enum GroupWish {
    Overdue,
    Soon,
    Steps,
    Yours,
    Letters,
    Mail,
    Waiting,
}

impl GroupWish {
    fn group(self) -> Group {
        match self {
            Self::Overdue => Group::Overdue,
            Self::Soon => Group::Soon,
            Self::Steps => Group::Steps,
            Self::Yours => Group::Yours,
            Self::Letters => Group::Letters,
            Self::Mail => Group::Mail,
            Self::Waiting => Group::Waiting,
        }
    }
}

/// Where a thing stands in the list: its group, time, case, and which of that case's it is.
type Place = (usize, i64, String, usize);

fn today(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Today = asked.query()?;
    let limit = paging::limit(wish.limit)?;
    let after = wish.after.as_deref().map(|text| paging::read::<Place>(TODAY, text)).transpose()?;
    let (desk, now) = (asked.desk()?, now());
    // Mail that cannot be looked at is told where mail is set up.
    let mail = desk.mail_aside().ok().map(|mail| mail.len());
    let mut all: Vec<(Place, Option<CaseId>, Thing)> = Vec::new();
    let mut add = |case: Option<CaseId>, found: Vec<Thing>| {
        let id = case.map(|case| case.to_hex()).unwrap_or_default();
        for (n, thing) in found.into_iter().enumerate() {
            let group = Group::ALL.iter().position(|group| *group == thing.group).unwrap_or(0);
            all.push(((group, thing.at, id.clone(), n), case, thing));
        }
    };
    let mut beyond = 0;
    for (case, day) in desk.today(now)? {
        beyond += day.agenda.beyond;
        add(Some(case), things(std::slice::from_ref(&day), None, now));
    }
    add(None, things(&[], mail, now));
    all.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let told = |(_, case, thing): &(Place, Option<CaseId>, Thing)| {
        let mut said = json::thing(thing);
        said["id"] = json!(case.map(|case| case.to_hex()));
        said
    };
    let first = match &after {
        Some(_) => Json::Null,
        None => {
            let bare: Vec<Thing> = all.iter().map(|(.., thing)| thing.clone()).collect();
            let at = next(&bare).and_then(|next| bare.iter().position(|thing| std::ptr::eq(thing, next)));
            at.and_then(|at| all.get(at)).map_or(Json::Null, told)
        }
    };
    let wanted = |(place, _, thing): &&(Place, Option<CaseId>, Thing)| {
        wish.group.is_none_or(|group| group.group() == thing.group) && after.as_ref().is_none_or(|after| place > after)
    };
    let mut left = all.iter().filter(wanted);
    let page: Vec<_> = left.by_ref().take(limit).collect();
    let more = left.next().is_some();
    let next_page = page.last().filter(|_| more).map(|(place, ..)| paging::write(TODAY, place));
    Ok(Answer::Json(json!({
        "schema": "counterpart/today/1",
        "at": now,
        "next": first,
        "things": page.into_iter().map(told).collect::<Vec<_>>(),
        "beyond": beyond,
        "next_page": next_page,
    })))
}

/// Which of the other sides.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PromisesWish")]
struct Promises {
    /// Only those whose name has this in it.
    #[schemars(length(max = 400))]
    with: Option<String>,
    /// Where to go on: `next` of the page before.
    #[schemars(length(min = 1, max = 400))]
    after: Option<String>,
    /// How many at most; 50 unless another number is asked for.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// The same without pages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PromisesTableWish")]
struct With {
    /// Only those whose name has this in it.
    #[schemars(length(max = 400))]
    with: Option<String>,
}

fn bounded(with: Option<&String>) -> Result<&str, Problem> {
    let with = with.map(String::as_str).unwrap_or_default();
    if with.chars().count() > 400 { Err(Problem::of_parameter("with", "at most 400 letters")) } else { Ok(with) }
}

fn promises(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Promises = asked.query()?;
    let limit = paging::limit(wish.limit)?;
    let from = wish.after.as_deref().map(|text| paging::read::<usize>(PROMISES, text)).transpose()?.unwrap_or(0);
    let (all, cases) = tally::others(&*asked.desk()?)?;
    let found = tally::chosen(all, bounded(wish.with.as_ref())?);
    let to = from.saturating_add(limit);
    let next = (to < found.len()).then(|| paging::write(PROMISES, &to));
    Ok(Answer::Json(json!({
        "schema": "counterpart/ledger-over-cases/1",
        "cases": cases,
        "others": found.iter().skip(from).take(limit).map(tally::json).collect::<Vec<_>>(),
        "next": next,
    })))
}

fn table(asked: &Asked) -> Result<Answer, Problem> {
    let wish: With = asked.query()?;
    let (all, _) = tally::others(&*asked.desk()?)?;
    let failed = |_why| Problem::new(Kind::Failed, "the table could not be made");
    let bytes = csv(&tally::chosen(all, bounded(wish.with.as_ref())?)).map_err(failed)?;
    asked.made(&bytes, "text/csv", "promises.csv".to_owned())
}

/// Of which case.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CalendarWish")]
struct Only {
    /// Only what is due in this case, by its id or its short form.
    #[schemars(regex(pattern = CASE))]
    case: Option<String>,
}

fn calendar(asked: &Asked) -> Result<Answer, Problem> {
    let wish: Only = asked.query()?;
    let desk = asked.desk()?;
    let only = wish.case.as_deref().map(|typed| case_of_query(&desk, typed)).transpose()?;
    let (text, _) = calendars::make(&desk, only.as_ref()).map_err(Problem::refused)?;
    asked.made(text.as_bytes(), "text/calendar", "due.ics".to_owned())
}

fn loads(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let loads = asked.desk()?.loads()?.into_iter().map(|load| (load.agent.clone(), load)).collect();
    let (loads, next) = paging::page(LOADS, &page, loads)?;
    let agents: Vec<Json> = loads.iter().map(|load| json!({"agent": load.name, "open": load.cases})).collect();
    Ok(Answer::Json(json!({"schema": "counterpart/loads/1", "agents": agents, "next": next})))
}
