//! The steps of a case, for people and for programs.

use counterpart_process::steps::{Basis, Counted, DatedStep, Standing, Start, Step, Want, When, found};
use serde_json::{Value as Json, json};

use crate::{
    case::OpenCase,
    render::{line, listed, wrapped},
    terminal::{Style, styled},
    when,
};

/// All of them.
pub(super) fn in_words(case: &OpenCase, steps: &[(DatedStep, Standing)], columns: usize) -> String {
    let mut parts: Vec<String> = steps.iter().map(|step| one(case, step, columns)).collect();
    parts.push(wrapped(
        "",
        &styled(Style::Faint, "This is a list of dates, not advice. Check the rules where you live."),
        columns,
    ));
    parts.join("\n\n")
}

fn one(case: &OpenCase, (dated, standing): &(DatedStep, Standing), columns: usize) -> String {
    let step = &dated.step;
    let to = step.to.as_ref().map(|to| format!(", to {}", line(to))).unwrap_or_default();
    let (style, word) = word(standing);
    let head = format!("{}{to}", styled(Style::Strong, &line(&step.what)));
    let mut lines = vec![wrapped(&format!("{}  ", step.id), &format!("{head}: {}", styled(style, &word)), columns)];
    let mut say = |text: String| lines.push(wrapped("    ", &text, columns));
    if let Some(taken) = &step.taken {
        let by = taken.by.map(|by| format!(", as {} shows", case.entry_name(&by.0))).unwrap_or_default();
        say(format!("taken on {}{by}", when::show(taken.at, case.zone())));
    } else {
        say(counts(case, dated));
        if let Some(opens) = dated.opens {
            say(format!("from  {}", dates(case, opens, true)));
        }
        match dated.until {
            Some(until) => say(format!("until {}", dates(case, until, false))),
            None if dated.opens.is_some() => say("until: no end is noted".to_owned()),
            None => {}
        }
    }
    for (n, want) in step.wants.iter().enumerate() {
        let there = entries(case, want);
        let shown = if there.is_empty() {
            styled(Style::Warn, "not found in the case")
        } else {
            styled(Style::Good, &format!("see {}", listed(there.into_iter())))
        };
        let number = n + 1;
        lines.push(wrapped(&format!("    {number}. "), &format!("{}: {shown}", line(&want.what)), columns));
    }
    lines.join("\n")
}

fn word(standing: &Standing) -> (Style, String) {
    match standing {
        Standing::Taken => (Style::Good, "taken".to_owned()),
        Standing::NotNeeded => (Style::Faint, "not needed any more".to_owned()),
        Standing::Uncounted(_) => (Style::Faint, "does not count yet".to_owned()),
        Standing::Ahead => (Style::Faint, "not yet".to_owned()),
        Standing::Open => (Style::Warn, "can be taken now".to_owned()),
        Standing::Over => (Style::Bad, "its time is over".to_owned()),
    }
}

/// What it counts from, in words, and how far that is proven.
fn counts(case: &OpenCase, dated: &DatedStep) -> String {
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
            format!("{length}: {}{entry}; {}", when::show(counted.at, case.zone()), proof(case, counted))
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
fn proof(case: &OpenCase, counted: &Counted) -> String {
    let show = |at: i64| when::show_short(at, case.zone(), case.now);
    let short = case.short();
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
            format!("by your own clock alone; a time stamp proves that it was not later: counterpart stamp {short}")
        }
    }
}

fn dates(case: &OpenCase, when: When, opens: bool) -> String {
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
pub(super) fn entries(case: &OpenCase, want: &Want) -> Vec<String> {
    found(&case.record, case.view(), want).iter().map(|id| case.entry_name(id)).collect()
}

/// One step for programs.
pub(super) fn as_json(case: &OpenCase, (dated, standing): &(DatedStep, Standing)) -> Json {
    let step = &dated.step;
    let when = |when: Option<When>| when.map(|w| json!({"at": w.at, "safe": w.safe}));
    let counted = dated.counted.as_ref().ok().map(|c| {
        json!({
            "at": c.at,
            "earliest": c.earliest,
            "latest": c.latest,
            "entry": c.entry.map(|id| case.entry_name(&id)),
            "basis": c.basis.as_str(),
            "proven": c.is_proven(),
        })
    });
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
        "wants": step.wants.iter().map(|want| json!({"what": want.what, "entries": entries(case, want)})).collect::<Vec<_>>(),
    })
}
