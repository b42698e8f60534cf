//! What one can do next where the other side stays silent, and until when. Our own: nothing of it is signed or sent.

use counterpart_node::{Desk, Scope};
use counterpart_words::{
    case::OpenCase,
    steps::{
        self,
        changes::{StepTyped, add, remove, shows, taken, untaken},
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    asked::{Answer, Asked},
    once::once,
    problem::{Kind, Problem},
    shapes::AsCommand,
    table::{Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}/steps", "list_steps", "What one can do next where they stay silent, and until when")
        .about("A list of dates, not advice. Each says what it counts from, and how far that is proven.")
        .scope(Scope::Notes)
        .answers(of::<AsCommand>)
        .does_in_case(list),
    Operation::post("/cases/{case}/steps", "add_step", "Adds a step of our own")
        .scope(Scope::Notes)
        .json(of::<StepTyped>)
        .keyed()
        .created()
        .answers(of::<AsCommand>)
        .does_in_case(add_step),
    Operation::put("/cases/{case}/steps/{step}/taken", "take_step", "Notes that a step was taken")
        .scope(Scope::Notes)
        .json(of::<Taken>)
        .answers(of::<AsCommand>)
        .does_in_case(take),
    Operation::delete("/cases/{case}/steps/{step}/taken", "untake_step", "Notes that it was not taken after all")
        .scope(Scope::Notes)
        .does_in_case(untake),
    Operation::put(
        "/cases/{case}/steps/{step}/wants/{number}",
        "show_for_step",
        "Says which entries show what is wanted",
    )
    .scope(Scope::Notes)
    .json(of::<Shows>)
    .answers(of::<AsCommand>)
    .does_in_case(show),
    Operation::delete("/cases/{case}/steps/{step}", "drop_step", "Takes a step off the list")
        .scope(Scope::Notes)
        .does_in_case(drop_step),
];

/// That a step was taken.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StepTaken")]
struct Taken {
    /// When, such as `2026-06-03 10:15` in the case's zone; now where nothing is said.
    on: Option<String>,
    /// The entry that shows it: then its proof counts for what follows.
    entry: Option<String>,
}

/// What shows something that is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "StepShown")]
struct Shows {
    /// The entries, in place of those named before.
    #[schemars(length(max = 100))]
    entries: Vec<String>,
}

fn told(desk: &Desk, case: &OpenCase) -> Result<Answer, Problem> {
    Ok(Answer::Json(steps::json(case, &desk.dated_steps(&case.record, case.view(), case.now)?)))
}

fn list(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    told(&desk, &asked.case(&desk)?)
}

fn add_step(asked: &Asked) -> Result<Answer, Problem> {
    let wish: StepTyped = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let work = || {
        let name = add(&desk, &case, &wish).map_err(Problem::refused)?;
        Ok((json!(name), told(&desk, &case)?))
    };
    once(asked, &desk, work, |_| told(&desk, &case))
}

/// The step that the path names, if it is there.
fn named<'a>(asked: &'a Asked, desk: &Desk, case: &OpenCase) -> Result<&'a str, Problem> {
    let name = asked.part("step");
    if desk.steps(&case.id)?.step(name).is_some() {
        return Ok(name);
    }
    let absent = Problem::new(Kind::NotFound, "there is no step of that name in this case");
    Err(absent.hint("GET /api/v1/cases/{case}/steps lists those there are, each with its `name`"))
}

fn take(asked: &Asked) -> Result<Answer, Problem> {
    let Taken { on, entry } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    taken(&desk, &case, named(asked, &desk, &case)?, on.as_deref(), entry.as_deref()).map_err(Problem::refused)?;
    told(&desk, &case)
}

fn untake(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    untaken(&desk, &case, named(asked, &desk, &case)?).map_err(Problem::refused)?;
    Ok(Answer::Nothing)
}

fn show(asked: &Asked) -> Result<Answer, Problem> {
    let Shows { entries } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let number = asked.part("number").parse().unwrap_or(0);
    shows(&desk, &case, named(asked, &desk, &case)?, number, &entries).map_err(Problem::refused)?;
    told(&desk, &case)
}

fn drop_step(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    remove(&desk, &case, named(asked, &desk, &case)?).map_err(Problem::refused)?;
    Ok(Answer::Nothing)
}
