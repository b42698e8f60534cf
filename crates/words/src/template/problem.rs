//! What is wrong with a template, where, and what would work.

use crate::render::{indented, visible, wrapped};

/// How many problems are told at once; behind so many, more help nobody.
const TOLD: usize = 20;

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// What could stand there: TOML that works.
    pub instead: Option<String>,
}

impl Problem {
    /// A problem at so many bytes into a text.
    pub fn at(text: &str, offset: usize, message: String, instead: Option<String>) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, message, instead }
    }
}

/// All problems for people, each with its place; `columns` wide.
pub(super) fn several(problems: &[Problem], columns: usize) -> String {
    let one = |p: &Problem| {
        let told = wrapped("      ", &visible(&p.message), columns);
        let instead =
            p.instead.as_ref().map(|i| format!("\n{}", indented(&format!("instead: {}", visible(i)), "      ")));
        format!("  line {}, column {}:\n{told}{}", p.line, p.column, instead.unwrap_or_default())
    };
    let mut lines: Vec<String> = problems.iter().take(TOLD).map(one).collect();
    if problems.len() > TOLD {
        lines.push(format!("  and {} more", problems.len() - TOLD));
    }
    lines.join("\n")
}

/// The word among `known` that was probably meant.
pub(super) fn nearest<'w>(typed: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    let near = |word: &str| {
        // Letters in the wrong order are one slip.
        let distance = if letters(&typed) == letters(word) { 1 } else { distance(&typed, word) };
        let begins = typed.len() >= 3 && word.starts_with(&typed);
        (begins || distance <= (word.chars().count() / 3).max(1)).then_some(distance)
    };
    known.into_iter().filter_map(|word| Some((near(word)?, word))).min().map(|(_, word)| word)
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// How many letters to add, drop or change to get from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.chars().count()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_as_editors_count() {
        for (text, offset, place) in [
            ("abc", 0, (1, 1)),
            ("abc", 2, (1, 3)),
            ("a\nbc", 2, (2, 1)),
            ("é\nüb", 5, (2, 2)),
            ("ab\n", 3, (2, 1)),
            ("", 9, (1, 1)),
        ] {
            let problem = Problem::at(text, offset, String::new(), None);
            assert_eq!((problem.line, problem.column), place, "{text:?} {offset}");
        }
    }

    #[test]
    fn the_word_meant_is_found() {
        let known = ["money", "decimal", "date", "duration", "yes-no"];
        for (typed, meant) in [
            ("monney", Some("money")),
            ("Date", Some("date")),
            ("daet", Some("date")),
            ("yesno", Some("yes-no")),
            ("dec", Some("decimal")),
            ("colour", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }

    #[test]
    fn many_problems_are_cut() {
        let problem = Problem {
            line: 1,
            column: 2,
            message: "it is wrong".to_owned(),
            instead: Some("key = \"right\"".to_owned()),
        };
        let text = several(&vec![problem; 22], 80);
        assert!(text.starts_with("  line 1, column 2:\n      it is wrong\n      instead: key = \"right\"\n"), "{text}");
        assert!(text.ends_with("  and 2 more"), "{text}");
    }
}
