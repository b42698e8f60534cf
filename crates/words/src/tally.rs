//! The promises of all cases: by supplier, and by the people there.

use counterpart_node::{Desk, DeskError, due_instant};
use counterpart_process::{
    notebook::whom_key,
    tally::{Counts, Ledger, Supplier},
};
use serde_json::{Value as Json, json};

/// What became of promises, over all cases; and in how many cases that is. One case after another is opened: all of them
/// together may be more than fits.
///
/// # Errors
/// A damaged or busy store.
pub fn suppliers(desk: &Desk) -> Result<(Vec<Supplier>, usize), DeskError> {
    let (mut ledger, mut cases) = (Ledger::default(), 0);
    for summary in desk.summaries()? {
        let record = desk.record(&summary.case)?;
        if let Some(view) = record.view() {
            ledger.add(&record, &view, &desk.party(), &due_instant);
            cases += 1;
        }
    }
    Ok((ledger.suppliers(), cases))
}

/// Those whose name has in it what is looked for.
#[must_use]
pub fn chosen(mut all: Vec<Supplier>, with: &str) -> Vec<Supplier> {
    let wanted = whom_key(with);
    all.retain(|supplier| whom_key(&supplier.name).contains(&wanted));
    all
}

/// One of `counterpart/ledger-over-cases/1`.
pub fn json(supplier: &Supplier) -> Json {
    let people: Vec<Json> =
        supplier.people.iter().map(|agent| json!({"name": agent.name, "counts": counts(&agent.counts)})).collect();
    json!({"name": supplier.name, "counts": counts(&supplier.counts), "people": people})
}

fn counts(counts: &Counts) -> Json {
    json!({
        "cases": counts.cases, "kept": counts.kept, "late": counts.late, "missed": counts.missed,
        "open": counts.open, "said": counts.said, "said_missed": counts.said_missed,
        "contacts": counts.contacts, "calls": counts.calls, "waited_seconds": counts.waited,
        "spoken_seconds": counts.spoken, "told_again": counts.told_again,
    })
}
