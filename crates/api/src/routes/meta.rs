//! About the service itself.

use serde_json::json;

use crate::{
    asked::{Answer, Asked},
    openapi,
    problem::{Kind, Problem},
    shapes::{Document, Health, Me},
    table::{Needs, Operation, of},
};

pub(super) const ALL: &[Operation] = &[
    Operation::get("/healthz", "healthz", "Whether the service lives")
        .about("For whoever watches over it. Nothing is looked at.")
        .needs(Needs::Nothing)
        .answers(of::<Health>)
        .does(healthz),
    Operation::get("/readyz", "readyz", "Whether the service can work")
        .about(
            "For whoever sends requests its way: the store can be read, and the node beside it works and is not about to stop. The same \
             as where its numbers are served.",
        )
        .needs(Needs::Nothing)
        .answers(of::<Health>)
        .does(readyz),
    Operation::get("/openapi.json", "openapi", "This document")
        .needs(Needs::Nothing)
        .answers(of::<Document>)
        .does(document),
    Operation::get("/me", "me", "Who asks: the token, what it is for, and who signs with it")
        .needs(Needs::Token)
        .answers(of::<Me>)
        .does(me),
];

#[expect(clippy::unnecessary_wraps, reason = "as all that is asked")]
fn healthz(_asked: &Asked) -> Result<Answer, Problem> {
    Ok(Answer::Json(json!({"status": "ok"})))
}

fn readyz(asked: &Asked) -> Result<Answer, Problem> {
    if let Some(pulse) = asked.app.pulse.get()
        && let Some(why) = asked.app.desk().not_ready(pulse)
    {
        return Err(Problem::new(Kind::Busy, format!("the node is not ready: {why}")));
    }
    asked.app.desk().newest_change()?;
    Ok(Answer::Json(json!({"status": "ok"})))
}

#[expect(clippy::unnecessary_wraps, reason = "as all that is asked")]
fn document(_asked: &Asked) -> Result<Answer, Problem> {
    Ok(Answer::Json(openapi::document()))
}

fn me(asked: &Asked) -> Result<Answer, Problem> {
    let (caller, desk) = (asked.caller()?, asked.desk()?);
    let author = desk.author();
    Answer::of(&Me {
        token: caller.name.clone(),
        seat: caller.seat.clone(),
        scopes: caller.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        expires: caller.expires,
        party: author.party.to_hex(),
        device: author.device.to_hex(),
    })
}
