//! How it stands with everybody: who is reached, who lacks what, whose identity was compared; why something stands as it does;
//! and what this home is.

use counterpart_core::{act::Role, id::PartyId};
use counterpart_node::{CheckedBy, Scope, now};
use counterpart_words::{json, opening, render, standing};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::new_case::RoleWish;
use crate::{
    asked::{Answer, Asked},
    problem::{Kind, Problem},
    shapes::AsCommand,
    table::{Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::get(
        "/status",
        "read_status",
        "What does not work and what to do about it: who is reached and how, who lacks what",
    )
    .answers(of::<AsCommand>)
    .does_whole(status),
    Operation::get(
        "/cases/{case}/status",
        "read_case_status",
        "The same of one case: what each side has received, and what it lacks",
    )
    .answers(of::<AsCommand>)
    .does_in_case(case_status),
    Operation::get("/cases/{case}/why/{what}", "read_why", "Why something stands as it does, and what proves it")
        .answers(of::<AsCommand>)
        .does_in_case(why),
    Operation::put("/cases/{case}/people/{party}/check", "keep_check", "Notes that a party's identity was compared")
        .about(
            "Of the check number in the list of people, with what that side says of itself. Kept for ourselves alone.",
        )
        .scope(Scope::Notes)
        .json(of::<Check>)
        .answers(of::<AsCommand>)
        .does_in_case(keep_check),
    Operation::delete("/cases/{case}/people/{party}/check", "drop_check", "Notes that it was not compared after all")
        .scope(Scope::Notes)
        .does_in_case(drop_check),
    Operation::get("/settings", "read_settings", "What this home is called, and what is set up here")
        .answers(of::<AsCommand>)
        .does(settings),
    Operation::put("/settings/name", "set_name", "What we are called in new cases, and what we usually are")
        .scope(Scope::Manage)
        .json(of::<Name>)
        .answers(of::<AsCommand>)
        .does(set_name),
];

/// How an identity was compared.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "IdentityCompared")]
struct Check {
    by: CheckWish,
}

/// By which way.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ComparedBy")]
enum CheckWish {
    Telephone,
    InPerson,
    Video,
    Other,
}

/// What we are in new cases.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "OwnName")]
struct Name {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// What we usually are: customer, supplier or third. As it was where nothing is said.
    role: Option<RoleWish>,
}

/// Programs have no zone of their own: times in words are told in UTC.
const ZONE: &str = "UTC";

fn status(asked: &Asked) -> Result<Answer, Problem> {
    let at = now();
    Ok(Answer::Json(standing::json(&asked.app.desk().status(None, at)?, ZONE, at)))
}

fn case_status(asked: &Asked) -> Result<Answer, Problem> {
    let (desk, at) = (asked.app.desk(), now());
    let case = asked.case_id(desk)?;
    Ok(Answer::Json(standing::json(&desk.status(Some(&case), at)?, ZONE, at)))
}

fn why(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    // A slash would be another part of the path.
    let typed = asked.part("what");
    let part = typed
        .split_once('.')
        .filter(|(entry, part)| [entry, part].iter().all(|t| t.bytes().all(|b| b.is_ascii_digit())));
    let typed = part.map_or_else(|| typed.to_owned(), |(entry, part)| format!("{entry}/{part}"));
    let question = case.question(&typed).map_err(|why| {
        let hint = why.hint.unwrap_or_else(|| "name an entry or action by number, or an item by its key".to_owned());
        Problem::new(Kind::NotFound, why.message).hint(hint)
    })?;
    Ok(Answer::Json(json::why(&case, &case.record.why(question))))
}

/// The other party that the path names, if it is in the case.
fn party(asked: &Asked, case: &counterpart_words::case::OpenCase) -> Result<PartyId, Problem> {
    let found = PartyId::from_hex(asked.part("party")).filter(|party| *party != case.own);
    let found = found.filter(|party| case.seats.iter().any(|seat| seat.parties.contains(party)));
    found.ok_or_else(|| {
        Problem::new(Kind::NotFound, "no other party of that id is in this case")
            .hint("GET /api/v1/cases/{case}/people lists them, each with its `party` and `check_number`")
    })
}

fn keep_check(asked: &Asked) -> Result<Answer, Problem> {
    let Check { by } = asked.json()?;
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    let party = party(asked, &case)?;
    let by = match by {
        CheckWish::Telephone => CheckedBy::Telephone,
        CheckWish::InPerson => CheckedBy::InPerson,
        CheckWish::Video => CheckedBy::Video,
        CheckWish::Other => CheckedBy::Other,
    };
    desk.keep_check(&party, by, now())?;
    let (people, checks) = (case.record.people(case.view()), desk.checks()?);
    Ok(Answer::Json(json::people(&case, &people, &checks)))
}

fn drop_check(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let case = asked.case(&desk)?;
    if desk.drop_check(&party(asked, &case)?)? {
        Ok(Answer::Nothing)
    } else {
        Err(Problem::new(Kind::NotFound, "nobody noted that this identity was compared"))
    }
}

fn settings(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.desk()?;
    let mail = desk.mail_settings()?.map(|mail| {
        json!({
            "address": mail.own.to_string(),
            "sends": mail.send.is_some(),
            "fetches": mail.fetch.is_some(),
        })
    });
    let stamps = desk
        .stamp_settings()?
        .map(|stamps| json!({"service": stamps.service.as_str(), "at_agreements": stamps.at_agreements}));
    let said: Json = json!({
        "schema": "counterpart/settings/1",
        "name": desk.own_name()?,
        "role": desk.own_role()?.map(Role::as_str),
        "party": desk.party().to_hex(),
        "check_number": render::check_number(&desk.party()),
        "device": desk.author().device.to_hex(),
        "seat": desk.seat(),
        "admin": desk.is_admin(),
        "node_running": desk.node_is_running(),
        "mail": mail,
        "stamps": stamps,
    });
    Ok(Answer::Json(said))
}

fn set_name(asked: &Asked) -> Result<Answer, Problem> {
    let Name { name, role } = asked.json()?;
    let name = opening::own_name(&name).map_err(Problem::refused)?;
    let role = role.map(|role| opening::usual_role(role.role().as_str())).transpose().map_err(Problem::refused)?;
    let desk = asked.home_desk()?;
    desk.keep_own_name(&name, now())?;
    if let Some(role) = role {
        desk.keep_own_role(role, now())?;
    }
    settings(asked)
}
