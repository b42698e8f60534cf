//! What to know before the next call: how long it took last time, the fastest way, whom to ask for.

use super::{Note, Number, Path, Person};
use crate::menu::{duration, in_words};

/// A way through the menu that worked, and in the end whom it led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub path: Path,
    /// "2, 1, wait 40 s, say complaint, 4", or "no menu".
    pub in_words: String,
    /// "6 min".
    pub took: Option<String>,
}

/// What the notebook has on somebody, made ready for the next call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// The one that worked last stands first.
    pub numbers: Vec<Number>,
    /// How long somebody waited when they called last.
    pub last_wait: Option<String>,
    /// When that was, Unix milliseconds.
    pub last_call: Option<i64>,
    pub fastest: Option<Way>,
    pub people: Vec<Person>,
}

impl Before {
    /// From the notes about one of the other side, in any order.
    pub fn new<'n>(notes: impl Iterator<Item = &'n Note>) -> Self {
        let mut before = Self::default();
        let mut paths: Vec<&Path> = Vec::new();
        for note in notes {
            match note {
                Note::Number(number) => before.numbers.push(number.clone()),
                Note::Path(path) => paths.push(path),
                Note::Person(person) => before.people.push(person.clone()),
                Note::Remark(_) | Note::Draft(_) | Note::Own(_) => {}
            }
        }
        before.numbers.sort_by_key(|number| std::cmp::Reverse(number.worked));
        if let Some(last) = paths.iter().filter(|p| p.worked.is_some()).max_by_key(|p| p.worked) {
            before.last_call = last.worked;
            before.last_wait = last.took.map(duration);
        }
        // One that was only written down, never timed, comes after those that were.
        let fastest = paths.into_iter().filter(|p| !p.steps.is_empty() || p.took.is_some());
        before.fastest =
            fastest.min_by_key(|p| (p.took.unwrap_or(u32::MAX), std::cmp::Reverse(p.worked))).map(|path| {
                let words = if path.steps.is_empty() { "no menu".to_owned() } else { in_words(&path.steps) };
                Way { in_words: words, took: path.took.map(duration), path: path.clone() }
            });
        before
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.fastest.is_none() && self.people.is_empty() && self.last_call.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::menu;

    fn path(steps: &str, took: Option<u32>, worked: i64) -> Note {
        let steps = menu::read(steps).expect("a way");
        Note::Path(Path { number: None, steps, took, worked: Some(worked), times: 1 })
    }

    #[test]
    fn the_fastest_way_is_not_always_the_last() {
        let notes = [
            path("2, 1, wait 40 s, say complaint, 4", Some(360), 10),
            path("3", Some(1500), 20),
            path("9, 9", None, 5),
        ];
        let before = Before::new(notes.iter());
        assert_eq!(before.last_wait.as_deref(), Some("25 min"));
        assert_eq!(before.last_call, Some(20));
        let way = before.fastest.expect("a way");
        assert_eq!(way.in_words, "2, 1, wait 40 s, say complaint, 4");
        assert_eq!(way.took.as_deref(), Some("6 min"));
    }

    #[test]
    fn a_way_without_a_time_is_better_than_none() {
        let notes = [path("2", None, 1)];
        assert_eq!(Before::new(notes.iter()).fastest.expect("a way").took, None);
        assert!(Before::new([].iter()).is_empty());
    }
}
