//! What is said, piece by piece: our own words, and what others wrote, kept apart.
//!
//! The only way for a text of a party into a report is [`Words::quote`] and [`Words::who`], which make visible what
//! is hidden in it.

use counterpart_core::text;

use crate::clock::Time;

/// Letters of each text of a longer whole that stand in a column.
const BEGINNING: usize = 160;

/// Letters of all of it that do.
const COLUMN: usize = 240;

/// An entry by the name people use, and where its line stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryName {
    /// `#7`, `#7-K3` or, for a part of a bundle, `#7/2`.
    pub shown: String,
    /// The line's anchor: letters, digits and hyphens only.
    pub anchor: String,
}

/// One piece of what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Our own words.
    Say(String),
    /// What somebody is called, as the case calls them.
    Who(String),
    /// What a party wrote, word for word.
    Quote(String),
    /// An entry, by its number.
    Entry(EntryName),
    /// An instant.
    At(Time),
    /// An identifier, to be compared letter by letter.
    Code(String),
}

/// Something said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<Piece>);

impl Words {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same without any markup.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Say(text) | Piece::Who(text) | Piece::Code(text) => out.push_str(text),
                Piece::Quote(text) => {
                    out.push('\u{201C}');
                    out.push_str(text);
                    out.push('\u{201D}');
                }
                Piece::Entry(name) => out.push_str(&name.shown),
                Piece::At(time) => {
                    out.push_str(&time.local);
                    if let Some(utc) = &time.utc {
                        out.push_str(&format!(" ({utc})"));
                    }
                }
            }
        }
        out
    }

    /// The same with what a party wrote cut after so many letters.
    #[must_use]
    pub fn shortened(mut self, letters: usize) -> Self {
        for piece in &mut self.0 {
            if let Piece::Quote(text) = piece
                && let Some((cut, _)) = text.char_indices().nth(letters)
            {
                text.truncate(cut);
                text.push('\u{2026}');
            }
        }
        self
    }

    /// What of it stands in a column of a table, where it has more than so many letters: the whole is then told over the
    /// whole width, on which a page holds several times as many.
    #[must_use]
    pub fn beginning(&self, most: usize) -> Option<Self> {
        if self.plain().chars().count() <= most {
            return None;
        }
        let Self(mut pieces) = self.clone().shortened(BEGINNING);
        let all = pieces.len();
        // Many short texts are a long one too.
        let mut letters = 0;
        let fitting = pieces.iter().take_while(|piece| {
            letters += Self(vec![(*piece).clone()]).plain().chars().count();
            letters <= COLUMN
        });
        let fitting = fitting.count();
        pieces.truncate(fitting);
        let beginning = Self(pieces);
        Some(if fitting < all { beginning.say(" \u{2026}") } else { beginning })
    }

    /// Our own words.
    pub(crate) fn say(mut self, text: impl AsRef<str>) -> Self {
        match self.0.last_mut() {
            Some(Piece::Say(before)) => before.push_str(text.as_ref()),
            _ if text.as_ref().is_empty() => {}
            _ => self.0.push(Piece::Say(text.as_ref().to_owned())),
        }
        self
    }

    /// What somebody is called.
    pub(crate) fn who(mut self, name: &str) -> Self {
        self.0.push(Piece::Who(text::visible_line(name).into_owned()));
        self
    }

    /// What a party wrote.
    pub(crate) fn quote(mut self, written: &str) -> Self {
        self.0.push(Piece::Quote(text::visible(written).into_owned()));
        self
    }

    pub(crate) fn entry(mut self, name: EntryName) -> Self {
        self.0.push(Piece::Entry(name));
        self
    }

    pub(crate) fn at(mut self, time: Time) -> Self {
        self.0.push(Piece::At(time));
        self
    }

    /// An identifier; of a party's making or not.
    pub(crate) fn code(mut self, text: &str) -> Self {
        self.0.push(Piece::Code(text::visible_line(text).into_owned()));
        self
    }

    pub(crate) fn then(mut self, other: Self) -> Self {
        for piece in other.0 {
            match piece {
                Piece::Say(text) => self = self.say(text),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Goes on only where there is something to go on with.
    pub(crate) fn maybe<T>(self, some: Option<T>, go_on: impl FnOnce(Self, T) -> Self) -> Self {
        match some {
            Some(thing) => go_on(self, thing),
            None => self,
        }
    }

    /// "A", "A and B", "A, B and C".
    pub(crate) fn listed(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        let parts: Vec<Self> = parts.into_iter().collect();
        let last = parts.len().saturating_sub(1);
        for (n, part) in parts.into_iter().enumerate() {
            let between = match n {
                0 => "",
                n if n == last => " and ",
                _ => ", ",
            };
            self = self.say(between).then(part);
        }
        self
    }

    /// One after another, parted by some words of ours.
    pub(crate) fn joined(mut self, parts: impl IntoIterator<Item = Self>, between: &str) -> Self {
        for (n, part) in parts.into_iter().enumerate() {
            self = self.say(if n == 0 { "" } else { between }).then(part);
        }
        self
    }
}

/// Our own words.
pub(crate) fn say(text: impl AsRef<str>) -> Words {
    Words::new().say(text)
}

/// A count with its noun: "1 entry", "3 entries".
pub(crate) fn count(n: usize, one: &str, several: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_made_visible() {
        let words = say("a ").quote("x\u{202E}y").who("n\nm").say(" b").say(" c");
        assert_eq!(words.plain(), "a \u{201C}x<U+202E>y\u{201D}n / m b c");
        assert_eq!(words.pieces().len(), 4, "own words in a row are one piece");
    }

    #[test]
    fn the_beginning_of_a_long_whole_is_short_whatever_it_is_made_of() {
        assert_eq!(Words::new().quote(&"x".repeat(400)).beginning(402), None);
        let one = Words::new().quote(&"x".repeat(500)).beginning(400).expect("it is long");
        assert_eq!(one.plain().chars().count(), BEGINNING + 3);
        let many = Words::new().joined((0..90).map(|n| Words::new().quote(&format!("day {n}"))), "; ");
        let beginning = many.beginning(400).expect("it is long").plain();
        assert!(beginning.starts_with("\u{201C}day 0\u{201D}; ") && beginning.ends_with('\u{2026}'), "{beginning}");
        assert!(beginning.chars().count() <= COLUMN + 2, "{beginning}");
    }

    #[test]
    fn lists_read_as_people_write_them() {
        let list = |n: usize| Words::new().listed(["A", "B", "C"].into_iter().take(n).map(say)).plain();
        assert_eq!([list(0), list(1), list(2), list(3)], ["", "A", "A and B", "A, B and C"]);
    }
}
