//! Changes to the steps of a case, from what is typed. Nothing of it is signed or sent.

use counterpart_core::{act::Act, fold::SubjectKey, value::ActionId};
use counterpart_node::Desk;
use counterpart_process::steps::{Length, MOST, Path, Ref, Start, Step, Taken, Want};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    case::OpenCase,
    error::{CommandError, Done},
    template::is_name,
    typed::typed,
    when,
};

/// A step to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepTyped {
    /// What can be done then.
    #[schemars(length(min = 1))]
    pub what: String,
    /// What it counts from: `case` (its opening), `first contact`, `last contact`, `due 3` (the due time of action #3),
    /// `entry 7`, `item sold-on`, `step complaint`, or a day such as `2026-06-03`.
    #[schemars(length(min = 1))]
    pub from: String,
    /// How long after that it can be done, such as `8 weeks`; at once where nothing is said.
    pub after: Option<String>,
    /// How long it can be done from then on, such as `6 months`; without end where nothing is said.
    pub within: Option<String>,
    /// Whom it goes to.
    pub to: Option<String>,
    /// What they want to see.
    #[serde(default)]
    #[schemars(length(max = 32))]
    pub wants: Vec<String>,
    /// What it is called: small letters and digits with dashes between; `step-1`, `step-2` and so on where nothing is said.
    pub name: Option<String>,
}

/// Keeps a step; gives its name.
///
/// # Errors
/// What of it is not understood; when a step of that name is there, or there are too many.
pub fn add(desk: &Desk, case: &OpenCase, said: &StepTyped) -> Done<String> {
    if said.name.as_ref().is_some_and(|name| !is_name(name)) {
        return Err(CommandError::usage("a step's name is small letters of a to z and digits, with dashes between")
            .hint("such as written-complaint"));
    }
    if said.wants.len() > MOST {
        return Err(CommandError::usage(format!("a step has at most {MOST} things that are wanted")));
    }
    let want = |want: &String| Ok(Want { what: typed("what they want", want)?, place: None, entries: Vec::new() });
    let mut step = Step {
        id: said.name.clone().unwrap_or_default(),
        what: typed("the step", &said.what)?,
        from: start(case, &said.from)?,
        after: length(said.after.as_deref())?,
        within: length(said.within.as_deref())?,
        to: said.to.as_deref().map(|to| typed("whom it goes to", to)).transpose()?,
        wants: said.wants.iter().map(want).collect::<Done<_>>()?,
        taken: None,
    };
    let mut called = String::new();
    desk.change_steps(&case.id, |path| {
        if step.id.is_empty() {
            let free = (1..=MOST + 1).map(|n| format!("step-{n}")).find(|id| path.step(id).is_none());
            step.id = free.unwrap_or_default();
        }
        called.clone_from(&step.id);
        path.steps.push(step);
        Ok::<_, CommandError>(())
    })?;
    Ok(called)
}

/// Notes that a step was taken: when, now where nothing is said; and the entry that shows it. Gives when.
///
/// # Errors
/// When there is no such step or entry, or the time is none or is to come.
pub fn taken(desk: &Desk, case: &OpenCase, step: &str, on: Option<&str>, entry: Option<&str>) -> Done<i64> {
    let at = match on {
        Some(on) => when::past(on, case.zone(), case.now).map_err(|why| CommandError::usage(why.to_string()))?,
        None => case.now,
    };
    if at > case.now {
        return Err(CommandError::usage(format!("{} has not come yet", when::show(at, case.zone()))));
    }
    let by = entry.map(|typed| Ok::<_, CommandError>(Ref(case.entry(typed)?.id))).transpose()?;
    change(desk, case, step, |step| {
        step.taken = Some(Taken { at, by });
        Ok(())
    })?;
    Ok(at)
}

/// It was not taken after all.
///
/// # Errors
/// When there is no such step.
pub fn untaken(desk: &Desk, case: &OpenCase, step: &str) -> Done {
    change(desk, case, step, |step| {
        step.taken = None;
        Ok(())
    })
}

/// Says which entries show one of the things wanted, counted from 1.
///
/// # Errors
/// When there is no such step, thing or entry.
pub fn shows(desk: &Desk, case: &OpenCase, step: &str, number: usize, entries: &[String]) -> Done {
    want_of(desk, case, step, number, entries, |want, entries| want.entries = entries)
}

/// The same, beside those that were named before.
///
/// # Errors
/// When there is no such step, thing or entry.
pub fn shows_too(desk: &Desk, case: &OpenCase, step: &str, number: usize, entries: &[String]) -> Done {
    want_of(desk, case, step, number, entries, |want, entries| {
        for entry in entries {
            if !want.entries.contains(&entry) {
                want.entries.push(entry);
            }
        }
    })
}

fn want_of(
    desk: &Desk,
    case: &OpenCase,
    step: &str,
    number: usize,
    entries: &[String],
    put: impl FnOnce(&mut Want, Vec<Ref>),
) -> Done {
    let entries = entries.iter().map(|typed| Ok(Ref(case.entry(typed)?.id))).collect::<Done<Vec<Ref>>>()?;
    change(desk, case, step, |step| {
        let count = step.wants.len();
        let want = number.checked_sub(1).and_then(|n| step.wants.get_mut(n)).ok_or_else(|| {
            CommandError::usage(format!("the step {} wants {count} things; there is no number {number}", step.id))
        })?;
        put(want, entries);
        Ok(())
    })
}

/// Takes a step off the list.
///
/// # Errors
/// When there is no such step, or another one counts from it.
pub fn remove(desk: &Desk, case: &OpenCase, step: &str) -> Done {
    desk.change_steps(&case.id, |path| {
        let known = path.steps.len();
        path.steps.retain(|one| one.id != step);
        if path.steps.len() == known { Err(unknown(step, path)) } else { Ok(()) }
    })
}

fn change(desk: &Desk, case: &OpenCase, step: &str, change: impl FnOnce(&mut Step) -> Done) -> Done {
    desk.change_steps(&case.id, |path| match path.steps.iter_mut().find(|one| one.id == step) {
        Some(step) => change(step),
        None => Err(unknown(step, path)),
    })
}

fn unknown(step: &str, path: &Path) -> CommandError {
    let names: Vec<&str> = path.steps.iter().map(|step| step.id.as_str()).collect();
    let error = CommandError::usage(format!("there is no step '{step}' in this case"));
    match names.is_empty() {
        true => error.hint("none is kept; add one first"),
        false => error.hint(format!("there are {}", names.join(", "))),
    }
}

fn length(text: Option<&str>) -> Done<Option<Length>> {
    text.map(|text| text.parse::<Length>().map_err(|why| CommandError::usage(why.to_string()))).transpose()
}

/// What a step counts from, as it is typed.
fn start(case: &OpenCase, text: &str) -> Done<Start> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["case"] => Start::Opening,
        ["first", "contact"] => Start::FirstContact,
        ["last", "contact"] => Start::LastContact,
        ["entry", typed] => Start::Entry { entry: Ref(case.entry(typed)?.id) },
        ["due", typed] => due(case, typed)?,
        ["item", key] => Start::Item { key: (*key).to_owned() },
        ["step", id] => Start::Step { id: (*id).to_owned() },
        _ => {
            let at = when::absolute(&day(text), case.zone(), case.now).map_err(|why| {
                CommandError::usage(format!("'{text}' is nothing to count from: {why}")).hint(
                    "write case, first contact, last contact, due 3, entry 7, item sold-on, step complaint, or a day such as \
                     2026-06-03",
                )
            })?;
            Start::Date { at: at.0 }
        }
    })
}

/// A day by itself begins when it begins, not when work does.
fn day(text: &str) -> String {
    let bare = text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
    if bare { format!("{text} 00:00") } else { text.to_owned() }
}

fn due(case: &OpenCase, typed: &str) -> Done<Start> {
    let (key, status) = case.subject(typed)?;
    let SubjectKey::Action(ActionId { proposal, index }) = key else {
        return Err(CommandError::usage(format!("{typed} is not an action, so nothing of it is due")));
    };
    let has = case.lens().terms(status.revision, &key).is_some_and(|terms| terms.due.is_some());
    if !has && matches!(case.record.fold().act(status.revision), Act::Propose(_) | Act::Counter { .. }) {
        return Err(CommandError::usage(format!("{typed} has no due time"))
            .hint(format!("count from when it was asked: entry {typed}")));
    }
    Ok(Start::due_of(&ActionId { proposal, index }))
}
