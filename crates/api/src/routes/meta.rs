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
        .about("For whoever watches over it: the node beside it works, or nothing runs beside it. The same as where its numbers are served.")
        .needs(Needs::Nothing)
        .answers(of::<Health>)
        .does(healthz),
    Operation::get("/readyz", "readyz", "Whether the service can work")
        .about(
            "For whoever sends requests its way: the store can be read and written, and the node beside it works and is not about to stop. The same \
             as where its numbers are served; only that this takes no connection any more while the node stops.",
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

fn healthz(asked: &Asked) -> Result<Answer, Problem> {
    if asked.app.pulse.get().is_some_and(|pulse| !pulse.is_alive()) {
        return Err(Problem::new(Kind::Busy, "the node hangs: starting it again helps"));
    }
    Ok(Answer::Json(json!({"status": "ok"})))
}

fn readyz(asked: &Asked) -> Result<Answer, Problem> {
    let desk = asked.app.desk();
    match asked.app.pulse.get() {
        Some(pulse) => {
            if let Some(why) = desk.not_ready(pulse) {
                return Err(Problem::new(Kind::Busy, format!("the node is not ready: {why}")));
            }
        }
        // Without a node beside it, it is about the store alone.
        None => drop(desk.newest_change()?),
    }
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
        schema: "counterpart/me/1".to_owned(),
        token: caller.name.clone(),
        seat: caller.seat.clone(),
        scopes: caller.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        expires: caller.expires,
        party: author.party.to_hex(),
        device: author.device.to_hex(),
    })
}
