//! Texts with places to fill: "Call {customer} back about {topic}".

use std::ops::Range;

use counterpart_core::act::Role;

use super::{ROLES, Spanned};

/// A text and its places.
#[derive(Debug, Clone)]
pub struct Wording {
    parts: Vec<Part>,
    /// Where it stands in the file, in bytes, its quotes included.
    pub(super) at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

/// What a place is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The answer to an item.
    Item(String),
    /// What those of that role are called in the case.
    Role(Role),
}

/// Why a text's braces make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WordingError {
    #[error(
        "a brace opens and never closes; a place to fill is an item's key in braces, a brace itself is written twice: {{{{"
    )]
    Open,
    #[error(
        "a brace closes that never opened; a place to fill is an item's key in braces, a brace itself is written twice: }}}}"
    )]
    Close,
    #[error("nothing stands between the braces; write an item's key there, or one of customer, supplier, third")]
    Empty,
}

impl Wording {
    /// Parts a text at its braces.
    pub(super) fn read(spanned: &Spanned) -> Result<Self, WordingError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = spanned.text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' | '}' if chars.peek() == Some(&c) => {
                    chars.next();
                    plain.push(c);
                }
                '}' => return Err(WordingError::Close),
                '{' => {
                    let mut key = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            None | Some('{') => return Err(WordingError::Open),
                            Some(c) => key.push(c),
                        }
                    }
                    if key.trim().is_empty() {
                        return Err(WordingError::Empty);
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    let key = key.trim().to_owned();
                    parts.push(Part::Place(match role(&key) {
                        Some(role) => Place::Role(role),
                        None => Place::Item(key),
                    }));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts, at: spanned.at.clone() })
    }

    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.parts.iter().filter_map(|part| match part {
            Part::Place(place) => Some(place),
            Part::Text(_) => None,
        })
    }

    /// The items it cannot do without.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        self.places().filter_map(|place| match place {
            Place::Item(key) => Some(key.as_str()),
            Place::Role(_) => None,
        })
    }

    /// The text with its places filled; what has nothing to be filled with goes back as the error.
    pub fn fill<E>(&self, mut with: impl FnMut(&Place) -> Result<String, E>) -> Result<String, E> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Place(place) => text.push_str(&with(place)?),
            }
        }
        Ok(text)
    }

    /// The text with its places left open, for reading: "about {topic}".
    pub fn unfilled(&self) -> String {
        let name = |place: &Place| {
            Ok::<_, std::convert::Infallible>(match place {
                Place::Item(key) => format!("{{{key}}}"),
                Place::Role(role) => format!("{{{}}}", role.as_str()),
            })
        };
        self.fill(name).unwrap_or_else(|never| match never {})
    }
}

/// A role that a template may name.
pub(super) fn role(word: &str) -> Option<Role> {
    Role::from_word(word).filter(|role| ROLES.contains(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Wording, WordingError> {
        Wording::read(&Spanned { text: text.to_owned(), at: 0..text.len() })
    }

    #[test]
    fn places_are_found_and_filled() {
        for (text, items, filled) in [
            ("plain", vec![], "plain"),
            ("{a}", vec!["a"], "<a>"),
            (
                "pay {price-now} to {supplier}, {{not}} {a}",
                vec!["price-now", "a"],
                "pay <price-now> to <supplier>, {not} <a>",
            ),
            ("{ a }{{}}", vec!["a"], "<a>{}"),
        ] {
            let wording = read(text).expect(text);
            assert_eq!(wording.items().collect::<Vec<_>>(), items);
            let with = |place: &Place| {
                Ok::<_, String>(match place {
                    Place::Item(key) => format!("<{key}>"),
                    Place::Role(role) => format!("<{}>", role.as_str()),
                })
            };
            assert_eq!(wording.fill(with).expect("all filled"), filled);
        }
        let missing = read("a {b} {c}").expect("good").fill(|place| Err::<String, _>(place.clone()));
        assert_eq!(missing, Err(Place::Item("b".to_owned())));
    }

    #[test]
    fn braces_that_make_no_sense() {
        for (text, error) in [
            ("a {b", WordingError::Open),
            ("{a {b}", WordingError::Open),
            ("a } b", WordingError::Close),
            ("{{a}", WordingError::Close),
            ("{ }", WordingError::Empty),
        ] {
            assert_eq!(read(text).map(|w| w.unfilled()), Err(error), "{text}");
        }
    }
}
