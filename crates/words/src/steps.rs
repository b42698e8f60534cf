//! The steps of a case in words: what each counts from, how far that is proven, from when and until when.

pub mod changes;
mod json;

pub use json::json;

use counterpart_process::steps::{Basis, Counted, DatedStep, Standing, Start, Step, Want, When, found};

use crate::{case::OpenCase, render::line, when};

/// Where a step stands.
pub fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Taken => "taken",
        Standing::NotNeeded => "not needed any more",
        Standing::Uncounted(_) => "does not count yet",
        Standing::Ahead => "not yet",
        Standing::Open => "can be taken now",
        Standing::Over => "its time is over",
    }
}

/// What it counts from, in words, and how far that is proven. `stamp` is what is said behind the advice to have it stamped.
pub fn counts(case: &OpenCase, dated: &DatedStep, stamp: &str) -> String {
    let (step, counted) = (&dated.step, &dated.counted);
    let length = match (step.after, step.within) {
        (Some(after), Some(within)) => format!("{after} after {}, then within {within}", from(case, step)),
        (Some(after), None) => format!("{after} after {}", from(case, step)),
        (None, Some(within)) => format!("within {within} of {}", from(case, step)),
        (None, None) => format!("from {} on", from(case, step)),
    };
    match counted {
        Err(missing) => format!("{length}; {}", line(&missing.to_string())),
        Ok(counted) => {
            let entry = counted.entry.map(|id| format!(" ({})", case.entry_name(&id))).unwrap_or_default();
            format!("{length}: {}{entry}; {}", when::show(counted.at, case.zone()), proof(case, counted, stamp))
        }
    }
}

fn from(case: &OpenCase, step: &Step) -> String {
    match &step.from {
        Start::Opening => "the opening of the case".to_owned(),
        Start::Entry { entry } => format!("entry {}", case.entry_name(&entry.0)),
        Start::Due { proposal, .. } => format!("the due time of {}", case.entry_name(&proposal.0)),
        Start::Item { key } => format!("'{}'", line(key)),
        Start::FirstContact => "the first contact".to_owned(),
        Start::LastContact => "the last contact".to_owned(),
        Start::Step { id } => format!("the step {id}"),
        Start::Date { .. } => "the day you named".to_owned(),
    }
}

/// How far a time is proven.
fn proof(case: &OpenCase, counted: &Counted, stamp: &str) -> String {
    let show = |at: i64| when::show_short(at, case.zone(), case.now);
    match (counted.basis, counted.earliest, counted.latest) {
        (Basis::Agreed, ..) => "all parties signed it".to_owned(),
        (Basis::Noted, ..) => "your own note says so, and nothing in the case proves it".to_owned(),
        (Basis::Said, ..) => "as one side noted it; not agreed".to_owned(),
        (Basis::Stated, ..) => "as one side stated it; not agreed".to_owned(),
        (Basis::Contact, _, Some(latest)) => format!("as noted; that it was noted by {} is proven", show(latest)),
        (Basis::Signed, Some(earliest), Some(latest)) => {
            format!("proven: between {} and {}", show(earliest), show(latest))
        }
        (Basis::Signed, None, Some(latest)) => format!("proven: not after {}", show(latest)),
        (Basis::Signed, Some(earliest), None) => {
            format!("proven: not before {}; nothing proves yet that it was not later", show(earliest))
        }
        (Basis::Contact | Basis::Signed, ..) => {
            format!("by your own clock alone; a time stamp proves that it was not later{stamp}")
        }
    }
}

/// A date of a step: how far off it is, and to be safe.
pub fn dates(case: &OpenCase, when: When, opens: bool) -> String {
    let away = if opens && when.at <= case.now {
        format!("for {}", when::lasting(when.at.abs_diff(case.now) / 1000))
    } else {
        when::distance(when.at, case.now)
    };
    let shown = format!("{}, {away}", when::show(when.at, case.zone()));
    if when.safe == when.at {
        return shown;
    }
    let safe = when::show(when.safe, case.zone());
    let cautious = if opens { "surely from" } else { "to be safe, by" };
    format!("{shown}; {cautious} {safe}")
}

/// The entries that have what is wanted, by name.
pub fn entries(case: &OpenCase, want: &Want) -> Vec<String> {
    found(&case.record, case.view(), want).iter().map(|id| case.entry_name(id)).collect()
}
