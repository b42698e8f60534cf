//! The terms of a subject, label by label.

use counterpart_core::{
    act::{Act, ActionTerms, CancelClause, Subject, Topic},
    id::EntryId,
    value::Sealable,
};

use crate::{
    clock::{due_in_words, length},
    teller::Teller,
    value::money,
    words::{Words, say},
};

/// One term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub label: &'static str,
    /// One line each.
    pub lines: Vec<Words>,
}

fn term(label: &'static str, line: Words) -> Term {
    Term { label, lines: vec![line] }
}

/// Everything an action's terms say. `counted_from` is what a relative due time counts from.
pub(crate) fn action_terms(teller: &Teller<'_>, terms: &ActionTerms, counted_from: Option<i64>) -> Vec<Term> {
    let mut told = vec![
        term("what", teller.said(&terms.what)),
        term("by", teller.people(&terms.performers)),
        term("for", teller.people(&terms.beneficiaries)),
    ];
    told.extend(terms.due.as_ref().map(|due| term("due", teller.due_words(due, counted_from))));
    told.extend(terms.value.as_ref().map(|value| term("value", say(money(value)))));
    let texts = [("done when", &terms.conditions), ("evidence", &terms.evidence), ("otherwise", &terms.consequences)];
    let several = texts.into_iter().filter(|(_, texts)| !texts.is_empty());
    told.extend(
        several.map(|(label, texts)| Term { label, lines: texts.iter().map(|text| teller.said(text)).collect() }),
    );
    if !terms.cancel.is_empty() {
        let clause = |clause: &CancelClause| {
            let words = Words::new().who(&teller.seat(&clause.by));
            let words =
                words.maybe(clause.until.as_ref(), |words, until| words.say(", until ").say(due_in_words(until)));
            words.say(": ").then(teller.said(&clause.text))
        };
        told.push(Term { label: "may cancel", lines: terms.cancel.iter().map(clause).collect() });
    }
    if let Some((count, unit)) = terms.deemed {
        let text = format!("if not rejected within {} of proven delivery", length(count, unit));
        told.push(term("accepted", say(text)));
    }
    if !terms.items.is_empty() {
        told.push(Term { label: "rests on", lines: terms.items.iter().map(|id| version(teller, id)).collect() });
    }
    told
}

/// The version of an item that terms rest on, by its name and value.
fn version(teller: &Teller<'_>, id: &EntryId) -> Words {
    let in_topic = |subjects: &[Subject]| {
        subjects.iter().find_map(|s| match &s.topic {
            Topic::Item { key, value } => Some((key.clone(), value.clone())),
            _ => None,
        })
    };
    let stated = teller.record.graph().find(id).and_then(|ix| match teller.laid_open(ix) {
        Act::Item { key, value, .. } => Some((key, value)),
        Act::Propose(p) | Act::Counter { proposal: p, .. } => in_topic(&p.subjects),
        _ => None,
    });
    let name = Words::new().entry(teller.entry(id));
    match stated {
        Some((key, stated)) => name.say(": ").quote(&key).say(" ").then(teller.value(&stated)),
        None => name,
    }
}

/// Everything a subject says.
pub(crate) fn subject_terms(teller: &Teller<'_>, subject: &Subject, counted_from: Option<i64>) -> Vec<Term> {
    match &subject.topic {
        Topic::Action { terms, .. } => action_terms(teller, terms, counted_from),
        Topic::Item { key, value: offered } => {
            vec![term("item", Words::new().quote(key)), term("value", teller.value(offered))]
        }
        Topic::Terms { title, text, seats, .. } => vec![
            term("terms", Words::new().quote(title)),
            term("text", teller.said(text)),
            term("between", teller.seats(seats.iter().copied())),
        ],
        Topic::Close { summary, .. } => {
            let mut told = vec![term("what", say("to close the case"))];
            told.extend(summary.as_ref().map(|summary| term("summary", teller.said(summary))));
            told
        }
        Topic::AdmitSeat { .. } | Topic::AdmitNew { .. } | Topic::Level { .. } => {
            vec![term("what", in_a_line(teller, subject))]
        }
    }
}

/// A subject on one line: what is to be done, by whom, by when.
pub(crate) fn in_a_line(teller: &Teller<'_>, subject: &Subject) -> Words {
    match &subject.topic {
        Topic::Action { terms, .. } => {
            let words = teller.people(&terms.performers).say(": ").then(teller.said(&terms.what));
            let words = words.maybe(terms.value.as_ref(), |words, value| words.say(format!(" ({})", money(value))));
            words.maybe(terms.due.as_ref(), |words, due| words.say(", due ").say(due_in_words(due)))
        }
        Topic::Item { key, value: offered } => say("that ").quote(key).say(" is ").then(teller.value(offered)),
        Topic::Terms { title, text, seats, .. } => {
            let between = teller.seats(seats.iter().copied());
            say("terms ").quote(title).say(" between ").then(between).say(": ").then(teller.said(text))
        }
        Topic::AdmitSeat { seat } => say("to let in ").who(&teller.seat(seat)),
        Topic::AdmitNew { role, label, .. } => {
            say("to let in ").then(teller.said(label)).say(format!(" as {}", role.as_str()))
        }
        Topic::Close { summary, .. } => {
            say("to close the case").maybe(summary.as_ref(), |words, text| teller.remark(words, text))
        }
        Topic::Level { level } => say(format!("to raise the format to level {level}")),
    }
}

impl Teller<'_> {
    /// What goes with an act: a note, a reason.
    pub(crate) fn remark(&self, words: Words, text: &Sealable) -> Words {
        words.say(": ").then(self.said(text))
    }
}
