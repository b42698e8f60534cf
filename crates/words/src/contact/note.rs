//! A note of the notebook, as its owner reads it.

use counterpart_node::{NotebookEntry, now};
use counterpart_process::{menu, notebook::Note};

use super::before::{number_in_words, person_in_words};
use crate::{render::line, when};

/// A note in words, for one line.
pub fn note_in_words(entry: &NotebookEntry, zone: &str) -> String {
    let day = |at: i64| when::show_day(at, zone, now());
    match &entry.note {
        Note::Number(number) => number_in_words(number, day),
        Note::Path(path) => {
            let steps = if path.steps.is_empty() { "no menu".to_owned() } else { menu::in_words(&path.steps) };
            let took = path.took.map(menu::duration);
            let worked = path.worked.map(|at| format!("worked {}", day(at)));
            let times = (path.times > 1).then(|| format!("{} times", path.times));
            let number = path.number.as_ref().map(|n| format!("on {}", line(n)));
            let remarks: Vec<String> = [took, worked, times, number].into_iter().flatten().collect();
            let remarks = if remarks.is_empty() { String::new() } else { format!(" ({})", remarks.join(", ")) };
            format!("{}{remarks}", line(&steps))
        }
        Note::Person(person) => person_in_words(person),
        Note::Remark(remark) => {
            let shared = if remark.shared.is_some() { " (put on record)" } else { "" };
            format!("{}{shared}", line(&remark.text))
        }
        Note::Draft(_) => "a contact not noted to its end".to_owned(),
        Note::Own(name) => line(name),
    }
}
