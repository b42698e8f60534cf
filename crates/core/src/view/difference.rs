//! What a later revision changes of an earlier one, by what is signed: told as text by whoever shows it.

use crate::{
    act::{Subject, Topic},
    cbor::Value,
};

/// A term: as it is signed, and what it is called where terms are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub signed: &'static str,
    pub label: &'static str,
}

/// The terms of a subject beside those of an earlier revision of it, in the order they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermChanges {
    pub changed: Vec<Term>,
    /// Stated in both, and alike.
    pub same: Vec<Term>,
}

const ACTION: &[(&str, &str)] = &[
    ("what", "what"),
    ("performers", "by"),
    ("beneficiaries", "for"),
    ("due", "due"),
    ("value", "value"),
    ("conditions", "done when"),
    ("evidence", "evidence"),
    ("consequences", "otherwise"),
    ("cancel", "may cancel"),
    ("deemed", "accepted"),
    ("items", "rests on"),
];
const ITEM: &[(&str, &str)] = &[("value", "value")];
const TERMS: &[(&str, &str)] = &[("title", "terms"), ("text", "text"), ("seats", "between")];
const CLOSE: &[(&str, &str)] = &[("summary", "summary")];

/// Compares two subjects; nothing where they are of different kinds, or have no terms to compare.
#[must_use]
pub fn term_changes(old: &Subject, new: &Subject) -> Option<TermChanges> {
    let terms = match (&old.topic, &new.topic) {
        (Topic::Action { .. }, Topic::Action { .. }) => ACTION,
        (Topic::Item { .. }, Topic::Item { .. }) => ITEM,
        (Topic::Terms { .. }, Topic::Terms { .. }) => TERMS,
        (Topic::Close { .. }, Topic::Close { .. }) => CLOSE,
        _ => return None,
    };
    let (old, new) = (old.to_value(), new.to_value());
    let empty = |value: &Value| value.as_array().is_some_and(<[Value]>::is_empty);
    let mut found = TermChanges { changed: Vec::new(), same: Vec::new() };
    for &(signed, label) in terms {
        let (was, is) = (old.field(signed), new.field(signed));
        if was != is {
            found.changed.push(Term { signed, label });
        } else if was.is_some_and(|value| !empty(value)) {
            found.same.push(Term { signed, label });
        }
    }
    Some(found)
}
