//! What a later revision changes of an earlier one: term by term, old and new.

use counterpart_core::{
    act::{Subject, Topic},
    id::EntryId,
    view::{Term, term_changes},
};
use serde_json::{Value as Json, json};

use super::{Speech, listed, terms::subject_terms};
use crate::{
    case::{OpenCase, key_of},
    json::subject as subject_json,
};

/// Shown in place of a term that is not there.
const NONE: &str = "none";

/// One term that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As it is signed.
    term: &'static str,
    /// What became of it, in words.
    text: String,
}

/// What a subject of a revision changes of an earlier revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The earlier revision.
    pub from: EntryId,
    /// Whether that one is agreed, so that this would be a renegotiation; else it is what this answers.
    pub agreed: bool,
    pub changes: Vec<Change>,
    /// The terms that both have alike, as they are shown.
    unchanged: Vec<&'static str>,
    json: Vec<Json>,
}

impl Difference {
    /// One line a changed term, then one that names the others.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.changes.iter().map(|change| change.text.clone()).collect();
        if lines.is_empty() {
            lines.push("nothing: the same terms again".to_owned());
        } else if !self.unchanged.is_empty() {
            lines.push(format!("as before: {}", listed(self.unchanged.iter().map(|label| (*label).to_owned()))));
        }
        lines
    }

    /// The changed terms on one line.
    pub fn in_a_line(&self) -> String {
        match self.changes.as_slice() {
            [] => "the same terms again".to_owned(),
            changes => changes.iter().map(|change| change.text.as_str()).collect::<Vec<_>>().join("; "),
        }
    }

    /// For programs: `{"term", "old", "new"}` each, the values as terms have them elsewhere.
    pub fn json(&self) -> &[Json] {
        &self.json
    }
}

/// What a subject changes of what is agreed, and of the revision it answers, as far as they speak of it.
pub(super) fn differences(speech: &Speech<'_>, subject: &Subject, answers: Option<&EntryId>) -> Vec<Difference> {
    let Some(case) = speech.case else { return Vec::new() };
    let against = |from: EntryId, agreed| {
        let old = earlier(case, &from, &subject.topic)?;
        between(speech, old, subject).map(|(changes, unchanged, json)| Difference {
            from,
            agreed,
            changes,
            unchanged,
            json,
        })
    };
    let base = subject.base.and_then(|base| against(base, true));
    let answered = answers.filter(|of| subject.base.as_ref() != Some(*of)).and_then(|of| against(*of, false));
    base.into_iter().chain(answered).collect()
}

/// The part of an earlier revision that a topic continues.
fn earlier<'c>(case: &'c OpenCase, revision: &EntryId, topic: &Topic) -> Option<&'c Subject> {
    case.lens().subject(case.record.graph().find(revision)?, &key_of(topic)?)
}

type Compared = (Vec<Change>, Vec<&'static str>, Vec<Json>);

/// Compares by what is signed, and tells it as it is shown.
fn between(speech: &Speech<'_>, old: &Subject, new: &Subject) -> Option<Compared> {
    let compared = term_changes(old, new)?;
    let (old_shown, new_shown) = (subject_terms(speech, old, false), subject_terms(speech, new, false));
    let (old_json, new_json) = (subject_json(old), subject_json(new));
    let (mut changes, mut json) = (Vec::new(), Vec::new());
    for Term { signed: term, label } in compared.changed {
        let text = format!("{label}: {}", became(&shown(&old_shown, label), &shown(&new_shown, label)));
        changes.push(Change { term, text });
        json.push(json!({"term": term, "old": old_json[term], "new": new_json[term]}));
    }
    Some((changes, compared.same.iter().map(|term| term.label).collect(), json))
}

/// The lines shown for a term.
fn shown(lines: &[(&'static str, String)], label: &str) -> Vec<String> {
    let of_term = lines.iter().filter(|(l, _)| *l == label);
    of_term.flat_map(|(_, text)| text.lines().map(str::to_owned)).collect()
}

/// Old and new on one line; of longer lists only what was dropped and added.
fn became(old: &[String], new: &[String]) -> String {
    let plain = |line: &String| match line.split_once(". ") {
        Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => rest.to_owned(),
        _ => line.clone(),
    };
    let (was, is): (Vec<String>, Vec<String>) = (old.iter().map(plain).collect(), new.iter().map(plain).collect());
    let dropped: Vec<&str> = was.iter().filter(|line| !is.contains(line)).map(String::as_str).collect();
    let added: Vec<&str> = is.iter().filter(|line| !was.contains(line)).map(String::as_str).collect();
    let stay = was.len() - dropped.len();
    if stay == 0 || (dropped.is_empty() && added.is_empty()) {
        let text = |lines: &[String]| if lines.is_empty() { NONE.to_owned() } else { lines.join(" / ") };
        let (old, new) = without_common_zone(text(&was), text(&is));
        // Sealed values, and such as look alike.
        let other = if old == new { " (another value)" } else { "" };
        return format!("{old} → {new}{other}");
    }
    let mut parts = Vec::new();
    for (word, lines) in [("dropped", dropped), ("added", added)] {
        if !lines.is_empty() {
            parts.push(format!("{word}: {}", lines.join(" / ")));
        }
    }
    let others = if stay == 1 { "1 stays".to_owned() } else { format!("{stay} stay") };
    format!("{} ({others})", parts.join("; "))
}

/// Two times in one zone are told apart without it.
fn without_common_zone(old: String, new: String) -> (String, String) {
    let zone = |text: &str| text.rfind(" (").filter(|_| text.ends_with(')')).map(|at| text.split_at(at).1.to_owned());
    match (zone(&old), zone(&new)) {
        (Some(a), Some(b)) if a == b && a.contains('/') => {
            let short = |text: String| text.strip_suffix(a.as_str()).map(str::to_owned).unwrap_or(text);
            (short(old), short(new))
        }
        _ => (old, new),
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{ActionTerms, CancelClause, PartyRef},
        value::{Due, ItemValue, Money, Sealable, Seat, Unit},
    };

    use super::*;
    use crate::fixture::{Two, open};

    fn terms() -> ActionTerms {
        ActionTerms {
            what: open("Ring Keith with a decision"),
            performers: vec![PartyRef { seat: Seat::Number(1), person: None }],
            beneficiaries: vec![PartyRef { seat: Seat::Number(0), person: None }],
            due: Some(Due::After { count: 2, unit: Unit::WorkingDays, zone: "Europe/London".to_owned() }),
            value: Money::parse("24.99", "GBP").ok(),
            conditions: vec![open("he is reached")],
            evidence: Vec::new(),
            consequences: Vec::new(),
            cancel: Vec::new(),
            deemed: None,
            items: Vec::new(),
        }
    }

    fn told(old: Topic, new: Topic) -> (Vec<String>, Vec<Json>) {
        let case = Two::new().seen_by(0);
        let speech = Speech::of_case(&case);
        let subject = |topic| Subject { base: None, topic };
        let (changes, unchanged, json) = between(&speech, &subject(old), &subject(new)).expect("comparable");
        let from = EntryId([0; 32]);
        let difference = Difference { from, agreed: true, changes, unchanged, json };
        (difference.lines(), difference.json)
    }

    #[test]
    fn one_line_a_changed_term() {
        let change = |edit: &dyn Fn(&mut ActionTerms)| {
            let mut new = terms();
            edit(&mut new);
            told(Topic::Action { action: None, terms: terms() }, Topic::Action { action: None, terms: new })
        };
        type Edit<'e> = &'e dyn Fn(&mut ActionTerms);
        let cases: &[(Edit<'_>, &[&str])] = &[
            (&|_| {}, &["nothing: the same terms again"]),
            (
                &|t| t.due = Some(Due::After { count: 3, unit: Unit::Days, zone: "Europe/London".to_owned() }),
                &[
                    "due: 2 working days after it is agreed → 3 days after it is agreed",
                    "as before: what, by, for, value and done when",
                ],
            ),
            (
                &|t| {
                    t.performers[0].person = Some(open("Tom"));
                    t.value = None;
                    t.deemed = Some((5, Unit::WorkingDays));
                },
                &[
                    "by: party 1 → party 1 (Tom)",
                    "value: £24.99 → none",
                    "accepted: none → if not rejected within 5 working days of proven delivery",
                    "as before: what, for, due and done when",
                ],
            ),
            (
                &|t| {
                    t.conditions.push(open("he is content"));
                    t.evidence.push(open("a note of the call"));
                },
                &[
                    "done when: added: he is content (1 stays)",
                    "evidence: none → a note of the call",
                    "as before: what, by, for, due and value",
                ],
            ),
            (
                &|t| {
                    let text = open("if nobody rings");
                    t.cancel.push(CancelClause { by: Seat::Number(0), text, until: None });
                },
                &["may cancel: none → party 0: if nobody rings", "as before: what, by, for, due, value and done when"],
            ),
            (
                &|t| t.what = Sealable::Sealed([1; 32]),
                &["what: Ring Keith with a decision → (sealed)", "as before: by, for, due, value and done when"],
            ),
        ];
        for (edit, expected) in cases {
            assert_eq!(change(edit).0, *expected);
        }
    }

    #[test]
    fn what_looks_alike_and_differs_is_told() {
        let sealed = |byte| Topic::Terms {
            terms: None,
            title: "Contact".to_owned(),
            text: Sealable::Sealed([byte; 32]),
            seats: vec![Seat::Number(0), Seat::Number(1)],
        };
        let (lines, _) = told(sealed(1), sealed(2));
        assert_eq!(lines[0], "text: (sealed) → (sealed) (another value)");
    }

    #[test]
    fn programs_get_both_values_whole() {
        let item = |number| Topic::Item { key: "speed".to_owned(), value: ItemValue::Integer(number) };
        let (lines, json) = told(item(70), item(100));
        assert_eq!(lines, ["value: 70 → 100"]);
        assert_eq!(json[0]["term"], "value");
        assert_eq!((&json[0]["old"]["value"], &json[0]["new"]["value"]), (&json!(70), &json!(100)));
    }

    #[test]
    fn a_counter_to_an_amendment_is_told_beside_both() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let amended = two.amend(1, first, first, "Mend the pipe on Monday");
        let case = two.seen_by(0);
        let proposal = case.record.graph().find(&amended).and_then(|ix| case.record.fold().proposal(ix));
        let mut subject = proposal.expect("a proposal").subjects[0].clone();
        if let Topic::Action { terms, .. } = &mut subject.topic {
            terms.what = open("Mend the pipe on Tuesday");
        }
        let found = differences(&Speech::of_case(&case), &subject, Some(&amended));
        let told: Vec<(bool, String)> = found.iter().map(|d| (d.agreed, d.in_a_line())).collect();
        assert_eq!(
            told,
            [
                (true, "what: Mend the pipe → Mend the pipe on Tuesday".to_owned()),
                (false, "what: Mend the pipe on Monday → Mend the pipe on Tuesday".to_owned()),
            ]
        );
    }
}
