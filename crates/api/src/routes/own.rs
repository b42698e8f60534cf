//! What we keep about a case for ourselves: it is signed by nobody and never leaves.

use counterpart_core::text;
use counterpart_node::{Assigned, InternalAside, Scope, now};
use counterpart_store::ExternalId;
use counterpart_words::tickets::system_name;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::{
    asked::{Answer, Asked},
    once::once,
    paging::{self, Page},
    problem::{Kind, Problem},
    shapes::{AsCommand, AsideSaid, Asides, AssignedSaid, ExternalIds, ExternalSaid},
    table::{Operation, of},
};

/// What a place in the list of a system's names is a place in.
const EXTERNAL: &str = "external";
/// The same of the names of one case, and of what we tell each other about it.
const NAMES: &str = "external-names";
const ASIDES: &str = "asides";

/// Longest name of a case in another system, in bytes.
const LONGEST: usize = 200;

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}/asides", "list_asides", "What we tell each other about a case; it never leaves")
        .scope(Scope::Notes)
        .query(of::<Page>)
        .answers(of::<Asides>)
        .does(asides),
    Operation::post("/cases/{case}/asides", "write_aside", "Tells the others of our side something about a case")
        .scope(Scope::Notes)
        .json(of::<Aside>)
        .keyed()
        .created()
        .answers(of::<AsideSaid>)
        .does(write_aside),
    Operation::delete("/cases/{case}/asides/{number}", "remove_aside", "Takes such a note out again")
        .scope(Scope::Notes)
        .does(remove_aside),
    Operation::get("/cases/{case}/assignment", "read_assignment", "Who of us has a case")
        .answers(of::<AssignedSaid>)
        .does(assignment),
    Operation::put("/cases/{case}/assignment", "assign", "Gives a case to somebody of us, for our own lists")
        .about("To tell the others in the case who is responsible, sign the act `handover`: whoever it names has the case then.")
        .scope(Scope::Notes)
        .json(of::<Agent>)
        .answers(of::<AssignedSaid>)
        .does(assign),
    Operation::delete("/cases/{case}/assignment", "unassign", "Nobody of us has the case any more")
        .scope(Scope::Notes)
        .does(unassign),
    Operation::get("/cases/{case}/external", "list_external", "What other systems call a case")
        .query(of::<Page>)
        .answers(of::<ExternalIds>)
        .does(external),
    Operation::put("/cases/{case}/external/{system}", "name_external", "Keeps what another system calls a case")
        .about("A name stands for one case of ours: one that another case has there is refused.")
        .scope(Scope::Notes)
        .json(of::<External>)
        .answers(of::<ExternalIds>)
        .does(name),
    Operation::delete("/cases/{case}/external/{system}", "drop_external", "Forgets what another system calls a case")
        .scope(Scope::Notes)
        .does(forget),
    Operation::get("/external/{system}", "list_external_of", "What another system calls which case, a page at a time")
        .query(of::<Page>)
        .answers(of::<AsCommand>)
        .does(of_system),
    Operation::get("/external/{system}/{id}", "find_external", "The case that another system calls so")
        .answers(of::<ExternalIds>)
        .does(find),
];

/// Something about a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Aside {
    text: String,
    /// Who says it; the token's seat or name where nothing is said. At a seat its name is put behind any other, as in
    /// "Director (priya)".
    agent: Option<String>,
}

/// Somebody of us.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Agent {
    agent: String,
}

/// What it is called there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct External {
    #[schemars(length(min = 1, max = 200))]
    id: String,
}

fn asides(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let schema = "counterpart/asides/1".to_owned();
    let all = desk.asides(&case)?.into_iter().map(|note| (note.number, note)).collect();
    let (asides, next) = paging::page(ASIDES, &page, all)?;
    Answer::of(&Asides { schema, case: case.to_hex(), asides: asides.into_iter().map(said).collect(), next })
}

fn said(note: InternalAside) -> AsideSaid {
    AsideSaid { schema: None, number: note.number, at: note.at, agent: note.agent, text: note.text }
}

fn alone(note: InternalAside) -> Result<Answer, Problem> {
    Answer::of(&AsideSaid { schema: Some("counterpart/aside/1".to_owned()), ..said(note) })
}

fn write_aside(asked: &Asked) -> Result<Answer, Problem> {
    let Aside { text, agent } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let agent = agent.as_deref().unwrap_or(asked.caller()?.as_agent());
    let work = || {
        let note = desk.write_aside(&case, Some(agent), &text, now())?;
        Ok((json!(note.number), alone(note)?))
    };
    once(asked, &desk, work, |number| {
        let found = desk.asides(&case)?.into_iter().find(|note| json!(note.number) == *number);
        let gone = || Problem::new(Kind::NotFound, "the aside was written, and taken out since");
        alone(found.ok_or_else(gone)?)
    })
}

fn remove_aside(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let absent = || {
        Problem::new(Kind::NotFound, "there is no aside of that number about this case")
            .hint("GET /api/v1/cases/{case}/asides lists them, each with its `number`")
    };
    let number = asked.part("number").parse().map_err(|_no_number| absent())?;
    if i64::try_from(number).is_ok() && desk.remove_aside(&case, number)? { Ok(Answer::Nothing) } else { Err(absent()) }
}

fn assigned(case: &counterpart_core::id::CaseId, assigned: Option<Assigned>) -> Result<Answer, Problem> {
    let (agent, at) = assigned.map(|assigned| (assigned.agent, assigned.at)).unzip();
    Answer::of(&AssignedSaid { schema: "counterpart/assigned/1".to_owned(), case: case.to_hex(), agent, at })
}

fn assignment(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    assigned(&case, desk.assigned(&case)?)
}

fn assign(asked: &Asked) -> Result<Answer, Problem> {
    let Agent { agent } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    assigned(&case, desk.assign(&case, Some(&agent), now())?)
}

fn unassign(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    desk.assign(&case, None, now())?;
    Ok(Answer::Nothing)
}

fn names(asked: &Asked, case: counterpart_core::id::CaseId, page: &Page) -> Result<Answer, Problem> {
    let all = asked.desk()?.with_store(|store| store.external_ids(case))?;
    let said = |name: ExternalId| (name.system.clone(), ExternalSaid { system: name.system, id: name.id });
    let (external, next) = paging::page(NAMES, page, all.into_iter().map(said).collect())?;
    Answer::of(&ExternalIds { schema: "counterpart/external/1".to_owned(), case: case.to_hex(), external, next })
}

fn external(asked: &Asked) -> Result<Answer, Problem> {
    let page = asked.query()?;
    let desk = asked.desk()?;
    names(asked, asked.case_id(&desk)?, &page)
}

/// The other system's own name.
fn system(asked: &Asked) -> Result<String, Problem> {
    system_name(asked.part("system")).map_err(|why| Problem::new(Kind::Malformed, why.message))
}

fn name(asked: &Asked) -> Result<Answer, Problem> {
    let External { id } = asked.json()?;
    let id = text::normalise(id.trim());
    if id.is_empty() || id.len() > LONGEST || text::check(&id).is_err() || id.contains('\n') {
        return Err(Problem::of_field("/id", format!("one line of 1 to {LONGEST} bytes")));
    }
    let desk = asked.desk()?;
    let (case, name) = (asked.case_id(&desk)?, ExternalId { system: system(asked)?, id });
    if !desk.with_store(|store| store.write(|txn| txn.put_external_id(case, &name)))? {
        let other = desk.with_store(|store| store.case_called(&name.system, &name.id))?;
        let other = other.map(|case| case.to_hex());
        let which = other.as_ref().map(|id| format!(" (case {id})")).unwrap_or_default();
        let problem = Problem::new(Kind::Taken, format!("another case has this name there already{which}"));
        let problem = problem.hint("drop it there first, if it is to stand for this one, or name this case otherwise");
        return Err(other.map_or_else(|| problem.clone(), |id| problem.clone().with("case", json!(id))));
    }
    names(asked, case, &Page::default())
}

fn forget(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let (case, system) = (asked.case_id(&desk)?, system(asked)?);
    let was_there = desk.with_store(|store| store.write(|txn| txn.drop_external_id(case, &system)))?;
    if was_there {
        Ok(Answer::Nothing)
    } else {
        let absent = Problem::new(Kind::NotFound, "that system calls this case nothing");
        Err(absent.hint("GET /api/v1/cases/{case}/external lists what others call it"))
    }
}

fn find(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let (system, id) = (system(asked)?, text::normalise(asked.part("id").trim()));
    let found = desk.with_store(|store| store.case_called(&system, &id))?;
    let absent = || {
        Problem::new(Kind::NotFound, "that system calls no case so")
            .hint("GET /api/v1/external/{system} lists what it calls which case")
    };
    names(asked, found.ok_or_else(absent)?, &Page::default())
}

fn of_system(asked: &Asked) -> Result<Answer, Problem> {
    let page: Page = asked.query()?;
    let (limit, after) = (page.limit()?, page.after::<String>(EXTERNAL)?.unwrap_or_default());
    let system = system(asked)?;
    let most = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let mut rows = asked.desk()?.with_store(|store| store.external_of(&system, &after, most))?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(id, _)| paging::write(EXTERNAL, id));
    let external: Vec<_> = rows.iter().map(|(id, case)| json!({"id": id, "case": case.to_hex()})).collect();
    Ok(Answer::Json(json!({
        "schema": "counterpart/external-of/1", "system": system, "external": external, "next": next,
    })))
}
