//! What a later revision changes of an earlier one: term by term, before and after.

use counterpart_core::{
    act::{Act, Subject, Topic},
    fold::SubjectKey,
    graph::Ix,
    view::{self, Offered, term_changes},
};

use crate::{
    teller::Teller,
    terms::{Term, in_a_line, subject_terms},
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

/// The version of a subject that a revision on record is compared with for outsiders: the last one that the other party
/// than its author had offered or accepted; what it answers where there is none.
pub(crate) fn earlier(teller: &Teller<'_>, key: &SubjectKey, revision: Ix) -> Option<Ix> {
    let found = teller.record.earlier_versions(&offered(teller, revision)?, key, None);
    found.first().map(|(ix, _)| *ix)
}

/// The parts that an answer leaves out: `part 3 of #5, "Pay TV" (€60)`.
pub(crate) fn left_out(teller: &Teller<'_>, revision: Ix) -> Vec<Words> {
    let found = offered(teller, revision).map(|offered| teller.record.left_out(&offered, None)).unwrap_or_default();
    let one = |left: view::LeftOut| {
        let several = teller.record.fold().subject_keys(left.of).len() > 1;
        let place = if several { format!("part {} of ", u64::from(left.part) + 1) } else { String::new() };
        let words = say(place).entry(teller.name(left.of));
        match teller.subject_in(left.of, &left.key) {
            Some(Subject { topic: Topic::Action { terms, .. }, .. }) => {
                let words = words.say(", ").then(teller.said(&terms.what));
                let value = |words: Words, value| words.say(format!(" ({})", crate::value::money(value)));
                words.maybe(terms.value.as_ref(), value).say(", by ").then(teller.people(&terms.performers))
            }
            Some(subject) => words.say(", ").then(in_a_line(teller, &subject)),
            None => words,
        }
    };
    found.into_iter().map(one).collect()
}

fn offered<'t>(teller: &'t Teller<'_>, revision: Ix) -> Option<Offered<'t>> {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let answers = match fold.act(revision) {
        Act::Counter { of, .. } => Some(*of),
        _ => None,
    };
    Some(Offered {
        keys: fold.subject_keys(revision),
        signers: &fold.proposal(revision)?.signers,
        answers,
        author: graph.statement(revision).party,
        at: Some(revision),
    })
}
