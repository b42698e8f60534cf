//! What a later revision changes of an earlier one: term by term, before and after.

use counterpart_core::{
    act::{Subject, Topic},
    cbor::Value,
};

use crate::{
    teller::Teller,
    terms::{Term, subject_terms},
    words::{Words, say},
};

/// The terms of each kind of subject: as they are signed, and as they are shown.
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

/// One term that changed; nothing on a side where it does not stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub label: &'static str,
    pub before: Vec<Words>,
    pub after: Vec<Words>,
}

impl Change {
    /// "due: A → B".
    #[must_use]
    pub fn in_a_line(&self) -> Words {
        let side = |lines: &[Words]| match lines {
            [] => say("none"),
            lines => Words::new().joined(lines.iter().cloned(), " / "),
        };
        say(self.label).say(": ").then(side(&self.before)).say(" \u{2192} ").then(side(&self.after))
    }
}

/// What a subject changes of an earlier revision, and the terms that stay; nothing where they cannot be compared.
pub(crate) fn between(teller: &Teller<'_>, old: &Subject, new: &Subject) -> Option<(Vec<Change>, Vec<&'static str>)> {
    let terms = match (&old.topic, &new.topic) {
        (Topic::Action { .. }, Topic::Action { .. }) => ACTION,
        (Topic::Item { .. }, Topic::Item { .. }) => ITEM,
        (Topic::Terms { .. }, Topic::Terms { .. }) => TERMS,
        (Topic::Close { .. }, Topic::Close { .. }) => CLOSE,
        _ => return None,
    };
    let (was_signed, is_signed) = (old.to_value(), new.to_value());
    let (was_shown, is_shown) = (subject_terms(teller, old, None), subject_terms(teller, new, None));
    let lines = |shown: &[Term], label: &str| -> Vec<Words> {
        shown.iter().filter(|t| t.label == label).flat_map(|t| t.lines.clone()).collect()
    };
    let (mut changes, mut same) = (Vec::new(), Vec::new());
    for &(signed, label) in terms {
        let (was, is) = (was_signed.field(signed), is_signed.field(signed));
        if was != is {
            let (before, mut after) = (lines(&was_shown, label), lines(&is_shown, label));
            if before == after {
                // Sealed values, and such as look alike.
                after = vec![Words::new().joined(after, " / ").say(" (another value)")];
            }
            changes.push(Change { label, before, after });
        } else if was.is_some_and(|value| value.as_array().is_none_or(|list: &[Value]| !list.is_empty())) {
            same.push(label);
        }
    }
    Some((changes, same))
}
