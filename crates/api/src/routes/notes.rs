//! What we keep about a case for ourselves: it is signed by nobody and never leaves.

use counterpart_core::text;
use counterpart_node::{Assigned, InternalNote, Scope, now};
use counterpart_store::ExternalId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    asked::{Answer, Asked},
    problem::{Kind, Problem},
    shapes::{AsideSaid, Asides, AssignedSaid, ExternalIds, ExternalSaid},
    table::{Operation, of},
};

/// Longest name of a case in another system, in bytes.
const LONGEST: usize = 200;

pub(super) const ALL: &[Operation] = &[
    Operation::get("/cases/{case}/asides", "list_asides", "What we tell each other about a case; it never leaves")
        .scope(Scope::Notes)
        .answers(of::<Asides>)
        .does(asides),
    Operation::post("/cases/{case}/asides", "write_aside", "Tells the others of our side something about a case")
        .scope(Scope::Notes)
        .json(of::<Aside>)
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
        .about("To tell the others in the case who is responsible, sign the act `handover`.")
        .scope(Scope::Notes)
        .json(of::<Agent>)
        .answers(of::<AssignedSaid>)
        .does(assign),
    Operation::delete("/cases/{case}/assignment", "unassign", "Nobody of us has the case any more")
        .scope(Scope::Notes)
        .does(unassign),
    Operation::get("/cases/{case}/external", "list_external", "What other systems call a case")
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
    Operation::get("/external/{system}/{id}", "find_external", "The case that another system calls so")
        .answers(of::<ExternalIds>)
        .does(find),
];

/// Something about a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Aside {
    text: String,
    /// Who says it; the token's seat or name where nothing is said.
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
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    Answer::of(&Asides { asides: desk.asides(&case)?.into_iter().map(said).collect() })
}

fn said(note: InternalNote) -> AsideSaid {
    AsideSaid { number: note.number, at: note.at, agent: note.agent, text: note.text }
}

fn write_aside(asked: &Asked) -> Result<Answer, Problem> {
    let Aside { text, agent } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let agent = agent.as_deref().unwrap_or(asked.caller()?.as_agent());
    Answer::of(&said(desk.write_aside(&case, Some(agent), &text, now())?))
}

fn remove_aside(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case_id(&desk)?;
    let absent = || Problem::new(Kind::NotFound, "there is no note of that number about this case");
    let number = asked.part("number").parse().map_err(|_no_number| absent())?;
    if i64::try_from(number).is_ok() && desk.remove_aside(&case, number)? { Ok(Answer::Nothing) } else { Err(absent()) }
}

fn assigned(case: &counterpart_core::id::CaseId, assigned: Option<Assigned>) -> Result<Answer, Problem> {
    let (agent, at) = assigned.map(|assigned| (assigned.agent, assigned.at)).unzip();
    Answer::of(&AssignedSaid { case: case.to_hex(), agent, at })
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

fn names(asked: &Asked, case: counterpart_core::id::CaseId) -> Result<Answer, Problem> {
    let all = asked.desk()?.with_store(|store| store.external_ids(case))?;
    let external = all.into_iter().map(|name| ExternalSaid { system: name.system, id: name.id }).collect();
    Answer::of(&ExternalIds { case: case.to_hex(), external })
}

fn external(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    names(asked, asked.case_id(&desk)?)
}

/// The other system's own name.
fn system(asked: &Asked) -> Result<String, Problem> {
    let name = asked.part("system");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    if (1..=40).contains(&name.len()) && name.bytes().all(plain) {
        Ok(name.to_owned())
    } else {
        Err(Problem::malformed("the system's name", "1 to 40 small letters, digits, - and _, such as helpdesk"))
    }
}

fn name(asked: &Asked) -> Result<Answer, Problem> {
    let External { id } = asked.json()?;
    let id = text::normalise(id.trim());
    if id.is_empty() || id.len() > LONGEST || text::check(&id).is_err() || id.contains('\n') {
        return Err(Problem::malformed("id", format!("one line of 1 to {LONGEST} bytes")));
    }
    let desk = asked.desk()?;
    let (case, name) = (asked.case_id(&desk)?, ExternalId { system: system(asked)?, id });
    if !desk.with_store(|store| store.write(|txn| txn.put_external_id(case, &name)))? {
        return Err(Problem::new(Kind::Taken, "another case has this name there already"));
    }
    names(asked, case)
}

fn forget(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let (case, system) = (asked.case_id(&desk)?, system(asked)?);
    let was_there = desk.with_store(|store| store.write(|txn| txn.drop_external_id(case, &system)))?;
    if was_there {
        Ok(Answer::Nothing)
    } else {
        Err(Problem::new(Kind::NotFound, "that system calls this case nothing"))
    }
}

fn find(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let (system, id) = (system(asked)?, text::normalise(asked.part("id").trim()));
    let found = desk.with_store(|store| store.case_called(&system, &id))?;
    let absent = || Problem::new(Kind::NotFound, "that system calls no case so");
    names(asked, found.ok_or_else(absent)?)
}
