//! What a later revision changes of an earlier one: term by term, before and after.

use counterpart_core::{
    act::Subject,
    view::{self, term_changes},
};

use crate::{
    teller::Teller,
    terms::{Term, subject_terms},
    words::{Words, say},
};

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
    let compared = term_changes(old, new)?;
    let (was_shown, is_shown) = (subject_terms(teller, old, None), subject_terms(teller, new, None));
    let lines = |shown: &[Term], label: &str| -> Vec<Words> {
        shown.iter().filter(|t| t.label == label).flat_map(|t| t.lines.clone()).collect()
    };
    let mut changes = Vec::new();
    for view::Term { label, .. } in compared.changed {
        let (before, mut after) = (lines(&was_shown, label), lines(&is_shown, label));
        if before == after {
            // Sealed values, and such as look alike.
            after = vec![Words::new().joined(after, " / ").say(" (another value)")];
        }
        changes.push(Change { label, before, after });
    }
    Some((changes, compared.same.iter().map(|term| term.label).collect()))
}
