//! Whether the texts of a template fit what it asks.

use counterpart_core::value::Due;

use super::{
    Action, Asked, Clause, Place, Reminder, StepAsked, Wording, answers::as_typed, problem::nearest, read::UNKNOWN,
    toml::Reader,
};
use crate::{
    item_value::{Here, no_files},
    money, when,
};

/// Where and when samples are read: the outcome depends on neither.
pub(super) const CHECKED_IN: Here<'_> = Here { zone: "UTC", now: 1_800_000_000_000, file: no_files };

/// The types that a due time can be filled from.
const FOR_DUE: &[&str] = &["date", "time", "integer", "choice"];

/// Kept beside the record so that they can be erased; terms would repeat them for ever.
const PRIVATE: &[&str] = &["address", "phone", "e-mail"];

/// Holds every text with places against the items.
pub(super) fn wordings(
    reader: &mut Reader<'_>,
    items: &[Asked],
    actions: &[Action],
    clauses: &[Clause],
    reminders: &[Reminder],
) {
    for action in actions {
        let lists = [&action.conditions, &action.evidence, &action.consequences];
        let texts = lists.into_iter().flatten().chain(action.cancel.iter().map(|c| &c.text));
        for text in std::iter::once(&action.what).chain(texts) {
            plain(reader, items, text);
        }
        if let Some(due) = &action.due {
            due_time(reader, items, due, "due = \"in 10 working days\"");
        }
        for until in action.cancel.iter().filter_map(|c| c.until.as_ref()) {
            due_time(reader, items, until, "until = \"2027-12-31\"");
        }
        if let Some(value) = &action.value {
            amount(reader, items, value);
        }
    }
    for clause in clauses {
        plain(reader, items, &clause.title);
        plain(reader, items, &clause.text);
    }
    for reminder in reminders {
        plain(reader, items, &reminder.text);
    }
}

/// The same for steps.
pub(super) fn steps(reader: &mut Reader<'_>, items: &[Asked], steps: &[StepAsked]) {
    for step in steps {
        let texts = std::iter::once(&step.what).chain(&step.to).chain(step.wants.iter().map(|want| &want.what));
        for text in texts {
            plain(reader, items, text);
        }
    }
}

/// A text for people.
fn plain(reader: &mut Reader<'_>, items: &[Asked], text: &Wording) {
    for item in known(reader, items, text).0.iter().filter(|i| PRIVATE.contains(&i.word())) {
        let message = format!(
            "'{}' is of type {}, which is kept beside the record so that it can be erased; terms would repeat it for \
             ever. Say it in words, such as: the {} given in this case",
            item.key,
            item.word(),
            item.type_in_words()
        );
        reader.problem_in(text, &item.key, message, None);
    }
}

/// A due time, filled with every sample that may be the answer.
fn due_time(reader: &mut Reader<'_>, items: &[Asked], text: &Wording, instead: &str) {
    let (found, true) = known(reader, items, text) else { return };
    if let Some(item) = found.iter().find(|i| !FOR_DUE.contains(&i.word())) {
        let message = format!("a due time cannot be filled from '{}', which is of type {}", item.key, item.word());
        reader.problem_in(text, &item.key, message, Some("type = \"date\""));
        return;
    }
    for choice in 0..found.iter().map(|i| i.choices.len().max(1)).max().unwrap_or(1) {
        let filled = filled(&found, text, choice);
        let read = when::due(&filled, CHECKED_IN.zone, CHECKED_IN.now);
        let message = match read {
            Ok(Due::At { .. } | Due::After { .. }) => continue,
            Err(error) => error.to_string(),
        };
        reader.problem(text.at.start, message, Some(instead));
        return;
    }
}

fn amount(reader: &mut Reader<'_>, items: &[Asked], text: &Wording) {
    let (found, true) = known(reader, items, text) else { return };
    if let Some(item) = found.iter().find(|i| i.word() != "money") {
        let message = format!("a value cannot be filled from '{}', which is of type {}", item.key, item.word());
        reader.problem_in(text, &item.key, message, Some("type = \"money\""));
    } else if let Err(error) = money::parse(&filled(&found, text, 0)) {
        reader.problem(text.at.start, error.to_string(), Some("value = \"24.99 GBP\""));
    }
}

/// The items a text has places for; those that are not asked for are problems. And whether all are
/// there, with types that are known.
fn known<'i>(reader: &mut Reader<'_>, items: &'i [Asked], text: &Wording) -> (Vec<&'i Asked>, bool) {
    let (mut found, mut all_known) = (Vec::new(), true);
    for key in text.items() {
        match items.iter().find(|i| i.key == key) {
            Some(item) => {
                all_known &= item.kind != UNKNOWN;
                found.push(item);
            }
            None => {
                all_known = false;
                let keys = items.iter().map(|i| i.key.as_str()).chain(super::ROLES.map(|r| r.as_str()));
                let all: Vec<&str> = keys.clone().collect();
                let meant = nearest(key, keys);
                let message = format!("nothing fills {{{key}}}: places are {}", all.join(", "));
                let instead = meant.map(|m| format!("{{{m}}}"));
                reader.problem_in(text, key, message, instead.as_deref());
            }
        }
    }
    (found, all_known)
}

/// The text filled with samples, with the choice of that number where there are choices.
fn filled(items: &[&Asked], text: &Wording, choice: usize) -> String {
    let with = |place: &Place| {
        let Place::Item(key) = place else { return Err(()) };
        let item = items.iter().find(|i| i.key == *key).ok_or(())?;
        let sample = item.choices.get(choice).or(item.choices.first()).cloned().unwrap_or_else(|| item.sample());
        let value = item.read(&sample, CHECKED_IN).map_err(|_noted_elsewhere| ())?;
        Ok(as_typed(&value))
    };
    text.fill(with).unwrap_or_else(|()| text.unfilled())
}
