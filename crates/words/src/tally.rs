//! What others promised in all cases: by who they are, and by the people there.

use counterpart_node::{Desk, DeskError, due_instant};
use counterpart_process::{
    notebook::whom_key,
    tally::{Counts, Ledger, OtherSide},
};
use serde_json::{Value as Json, json};

/// What became of the promises of others, over all cases; and in how many cases that is. One case after another is opened: all of them
/// together may be more than fits.
///
/// # Errors
/// A damaged or busy store.
pub fn others(desk: &Desk) -> Result<(Vec<OtherSide>, usize), DeskError> {
    let (mut ledger, mut cases) = (Ledger::default(), 0);
    for summary in desk.summaries()? {
        let record = desk.record(&summary.case)?;
        if let Some(view) = record.view() {
            ledger.add(&record, &view, &desk.party(), &due_instant);
            cases += 1;
        }
    }
    Ok((ledger.others(), cases))
}

/// Those whose name has in it what is looked for.
#[must_use]
pub fn chosen(mut all: Vec<OtherSide>, with: &str) -> Vec<OtherSide> {
    let wanted = whom_key(with);
    all.retain(|other| whom_key(&other.name).contains(&wanted));
    all
}

/// One of `counterpart/ledger-over-cases/1`.
pub fn json(other: &OtherSide) -> Json {
    let people: Vec<Json> =
        other.people.iter().map(|agent| json!({"name": agent.name, "counts": counts(&agent.counts)})).collect();
    json!({"name": other.name, "counts": counts(&other.counts), "people": people})
}

fn counts(counts: &Counts) -> Json {
    json!({
        "cases": counts.cases, "kept": counts.kept, "late": counts.late, "missed": counts.missed,
        "open": counts.open, "said": counts.said, "said_missed": counts.said_missed,
        "contacts": counts.contacts, "calls": counts.calls, "waited_seconds": counts.waited,
        "spoken_seconds": counts.spoken, "told_again": counts.told_again,
    })
}
