//! The steps of a case for programs.

use counterpart_process::steps::{DatedStep, Standing, When};
use serde_json::{Value as Json, json};

use super::entries;
use crate::case::OpenCase;

/// `counterpart/steps/1`.
pub fn json(case: &OpenCase, steps: &[(DatedStep, Standing)]) -> Json {
    json!({
        "schema": "counterpart/steps/1",
        "case": case.id.to_hex(),
        "short": case.short(),
        "steps": steps.iter().map(|step| one(case, step)).collect::<Vec<_>>(),
    })
}

fn one(case: &OpenCase, (dated, standing): &(DatedStep, Standing)) -> Json {
    let step = &dated.step;
    let when = |when: Option<When>| when.map(|when| json!({"at": when.at, "safe": when.safe}));
    let counted = dated.counted.as_ref().ok().map(|counted| {
        json!({
            "at": counted.at,
            "earliest": counted.earliest,
            "latest": counted.latest,
            "entry": counted.entry.map(|id| case.entry_name(&id)),
            "basis": counted.basis.as_str(),
            "proven": counted.is_proven(),
        })
    });
    let wants = step.wants.iter().map(|want| json!({"what": want.what, "entries": entries(case, want)}));
    json!({
        "name": step.id,
        "what": step.what,
        "to": step.to,
        "standing": standing.as_str(),
        "from": step.from,
        "after": step.after,
        "within": step.within,
        "counted": counted,
        "missing": dated.counted.as_ref().err().map(ToString::to_string),
        "opens": when(dated.opens),
        "until": when(dated.until),
        "taken": step.taken,
        "wants": wants.collect::<Vec<_>>(),
    })
}
