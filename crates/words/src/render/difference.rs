//! What a later revision changes of earlier ones: term by term, old and new, and which parts it leaves out. Compared is
//! with what is agreed and with the last version that whoever reads it had proposed or accepted, so that "as before" is
//! never said of what was changed since.

use std::collections::BTreeSet;

use counterpart_core::{
    act::{Act, Proposal, Subject, Topic},
    fold::{InForce, Position, Scope, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId},
    view::{LeftOut, Offered, Term, Than, term_changes},
};
use serde_json::{Value as Json, json};

use super::{Speech, Telling, listed, sealable, subject_in_a_line, terms::subject_terms};
use crate::{
    case::{OpenCase, key_of},
    json::subject as subject_json,
    money, when,
};

/// Shown in place of a term that is not there.
const NONE: &str = "none";

/// Entries looked at to find on record what is told without its place there.
const MOST: usize = 1000;

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
    /// What that is to this one; nothing where it is agreed, so that this would be a renegotiation.
    pub than: Option<Than>,
    pub changes: Vec<Change>,
    /// What else of the whole differs is told elsewhere: another part, or one that is left out.
    in_part: bool,
    /// The earlier revision by name, where it is not the one that is answered or agreed.
    named: Option<String>,
    /// The terms that both have alike, as they are shown.
    unchanged: Vec<&'static str>,
    json: Vec<Json>,
}

impl Difference {
    /// One line a changed term, then one that names the others.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.changes.iter().map(|change| change.text.clone()).collect();
        let unchanged = || listed(self.unchanged.iter().map(|label| (*label).to_owned()));
        match (lines.is_empty(), self.in_part, &self.named) {
            (true, true, _) => lines.push("nothing in this part".to_owned()),
            (true, false, None) => lines.push("nothing: the same terms again".to_owned()),
            (true, false, Some(name)) => lines.push(format!("nothing: the same terms as in {name}")),
            (false, ..) if self.unchanged.is_empty() => {}
            (false, _, None) => lines.push(format!("as before: {}", unchanged())),
            (false, _, Some(name)) => lines.push(format!("as in {name}: {}", unchanged())),
        }
        lines
    }

    /// The changed terms on one line.
    pub fn in_a_line(&self) -> String {
        match self.changes.as_slice() {
            [] if self.in_part => "the same".to_owned(),
            [] => "the same terms again".to_owned(),
            changes => changes.iter().map(|change| change.text.as_str()).collect::<Vec<_>>().join("; "),
        }
    }

    /// Whether this is a change of what is agreed.
    pub fn agreed(&self) -> bool {
        self.than.is_none()
    }

    /// For programs: `{"term", "old", "new"}` each, the values as terms have them elsewhere.
    pub fn json(&self) -> &[Json] {
        &self.json
    }
}

/// Whose version the earlier one is, behind its name: ", which it answers".
pub(super) fn whose(case: &OpenCase, than: Option<Than>) -> String {
    match than {
        None => ", which is agreed".to_owned(),
        Some(Than::Answered) => ", which it answers".to_owned(),
        Some(Than::Last(party)) if party == case.own => ", your last version".to_owned(),
        Some(Than::Last(party)) => format!(", the last version that {} offered or accepted", case.party_label(&party)),
        Some(Than::First) => ", the first version of it".to_owned(),
    }
}

/// A revision that is told: on record, or about to be signed by us.
pub(super) struct Revision<'r> {
    case: &'r OpenCase,
    proposal: &'r Proposal,
    answers: Option<EntryId>,
    author: PartyId,
    at: Option<Ix>,
    /// What it is about, as far as that is on record.
    keys: Vec<SubjectKey>,
    left_out: Vec<LeftOut>,
}

impl<'r> Revision<'r> {
    /// Nothing outside a case, nor where it cannot be made out which entry is told.
    pub(super) fn of(speech: &Speech<'r>, proposal: &'r Proposal, answers: Option<&EntryId>) -> Option<Self> {
        let case = speech.case?;
        let at = match speech.telling {
            Telling::Draft => None,
            Telling::Entry(ix) if case.record.fold().proposal(ix).is_some() => Some(ix),
            _ => on_record(case, proposal, answers)?,
        };
        let author = at.map_or(case.own, |ix| case.record.graph().statement(ix).party);
        let keys = match at {
            Some(ix) => case.record.fold().subject_keys(ix).to_vec(),
            None => proposal.subjects.iter().filter_map(|subject| key_of(&subject.topic)).collect(),
        };
        let mut revision = Self { case, proposal, answers: answers.copied(), author, at, keys, left_out: Vec::new() };
        revision.left_out = case.record.left_out(&revision.offered(), Some(&case.own));
        Some(revision)
    }

    /// One that is on record.
    pub(super) fn at(case: &'r OpenCase, ix: Ix) -> Option<Self> {
        let proposal = case.record.fold().proposal(ix)?;
        let answers = match case.record.fold().act(ix) {
            Act::Counter { of, .. } => Some(of),
            _ => None,
        };
        Self::of(&Speech::of_case(case).telling(ix), proposal, answers)
    }

    fn offered(&self) -> Offered<'_> {
        let (keys, signers) = (self.keys.as_slice(), self.proposal.signers.as_slice());
        Offered { keys, signers, answers: self.answers, author: self.author, at: self.at }
    }

    /// What one of its subjects changes of what is agreed, and of earlier versions, the most telling first.
    pub(super) fn differences(&self, speech: &Speech<'_>, subject: &Subject) -> Vec<Difference> {
        let (case, graph) = (self.case, self.case.record.graph());
        let Some(key) = key_of(&subject.topic) else { return Vec::new() };
        let in_part = self.proposal.subjects.len() > 1 || !self.left_out.is_empty();
        let against = |from: EntryId, than: Option<Than>| {
            let old = case.lens().subject(graph.find(&from)?, &key)?;
            let (changes, unchanged, json) = between(speech, old, subject)?;
            let named = matches!(than, Some(Than::Last(_) | Than::First)).then(|| case.entry_name(&from));
            Some(Difference { from, than, changes, in_part, named, unchanged, json })
        };
        let base = subject.base.and_then(|base| against(base, None));
        let mut found: Vec<Difference> = base.into_iter().collect();
        for (ix, than) in case.record.earlier_versions(&self.offered(), &key, Some(&case.own)) {
            let id = graph.id(ix);
            if subject.base == Some(id) {
                continue;
            }
            // The same terms can have been signed twice, as one agreement.
            let again = |d: &Difference| {
                found.iter().any(|base| base.agreed() && base.json == d.json) && case.lens().fully_signed(ix)
            };
            let difference = against(id, Some(than)).filter(|d| !again(d));
            found.extend(difference);
        }
        found
    }

    /// How much of what it answers it takes up, where that is not all: parts taken up, and all there.
    pub(super) fn taken_up(&self) -> Option<(usize, usize)> {
        let answered = self.answers.and_then(|id| self.case.record.graph().find(&id))?;
        let all = self.case.record.fold().subject_keys(answered);
        let own: BTreeSet<&SubjectKey> = self.keys.iter().collect();
        let taken = all.iter().filter(|key| own.contains(key)).count();
        (taken < all.len()).then_some((taken, all.len()))
    }

    /// The parts that it leaves out of what it answers, each with its terms: `part 3 of #5, "Pay TV" (€60), by Ann`.
    pub(super) fn left_out(&self, speech: &Speech<'_>) -> Vec<String> {
        self.left_out.iter().map(|left| self.part_left_out(speech, left)).collect()
    }

    fn part_left_out(&self, speech: &Speech<'_>, left: &LeftOut) -> String {
        let (case, graph) = (self.case, self.case.record.graph());
        let (of, several) = (case.entry_name(&graph.id(left.of)), case.record.fold().subject_keys(left.of).len() > 1);
        let place = if several { format!("part {} of {of}", u64::from(left.part) + 1) } else { of };
        let mut text = match case.lens().subject(left.of, &left.key) {
            Some(Subject { topic: Topic::Action { terms, .. }, .. }) => {
                let value = terms.value.as_ref().map(|v| format!(" ({})", money::show(v))).unwrap_or_default();
                let due = terms.due.as_ref().map(|d| format!(", due {}", when::show_due(d))).unwrap_or_default();
                let by = speech.people(&terms.performers);
                format!("{place}, \"{}\"{value}, by {by}{due}", sealable(&terms.what))
            }
            Some(subject) => format!("{place}, {}", subject_in_a_line(speech, subject)),
            None => place,
        };
        // Who answers a change without some part of it leaves that part as it is agreed.
        let lens = self.at.map_or(case.lens(), |at| case.lens().with(Scope::Before(at)));
        if let InForce::One { position: Position::Revision(_), names } = lens.in_force(&left.key)
            && let Some(name) = names.first()
        {
            text.push_str(&format!("; what was agreed of it in {} stays", case.entry_name(name)));
        }
        text
    }

    /// Its subjects on one line: those that change something by what they change, the others by their terms; then what is
    /// left out.
    pub(super) fn in_a_line(&self, speech: &Speech<'_>) -> String {
        let several = self.proposal.subjects.len() > 1;
        let mut unchanged = self.left_out.is_empty();
        let mut parts = Vec::new();
        for (n, subject) in self.proposal.subjects.iter().enumerate() {
            let found = self.differences(speech, subject);
            // Of an answer is told what it changes of the version it is compared with, else of what is agreed.
            let answer = found.iter().find(|d| !d.agreed()).filter(|_| self.answers.is_some());
            let told = answer.or_else(|| found.iter().find(|d| d.agreed()));
            unchanged &= told.is_some_and(|d| d.changes.is_empty());
            let text = match told {
                Some(change) if change.agreed() => {
                    format!("a change of {}: {}", speech.entry(&change.from), change.in_a_line())
                }
                Some(Difference { named: Some(name), .. }) => {
                    format!("(compared with {name}) {}", told.map(Difference::in_a_line).unwrap_or_default())
                }
                Some(change) => change.in_a_line(),
                None => subject_in_a_line(speech, subject),
            };
            let numbered = several && self.answers.is_some();
            parts.push(if numbered { format!("part {}: {text}", n + 1) } else { text });
        }
        if unchanged && several && self.answers.is_some() {
            return "the same terms again".to_owned();
        }
        if !self.left_out.is_empty() {
            parts.push(format!("left out: {}", listed(self.left_out(speech).into_iter())));
        }
        parts.join("; ")
    }
}

/// The parts that a revision leaves out of what it answers, and of what the reader had proposed or accepted.
pub fn parts_left_out(case: &OpenCase, revision: Ix) -> Vec<LeftOut> {
    Revision::at(case, revision).map(|revision| revision.left_out).unwrap_or_default()
}

/// What a subject has otherwise than the same matter has in an earlier revision, on one line; nothing where that is not about
/// it, or has it just so.
pub(super) fn otherwise(speech: &Speech<'_>, earlier: Ix, subject: &Subject) -> Option<String> {
    let old = speech.case?.lens().subject(earlier, &key_of(&subject.topic)?)?;
    let (changes, ..) = between(speech, old, subject)?;
    let texts: Vec<String> = changes.into_iter().map(|change| change.text).collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// Where a revision stands whose entry is not known: nothing within it is one that we are about to sign.
///
/// Gives nothing where too many would have to be looked at.
fn on_record(case: &OpenCase, proposal: &Proposal, answers: Option<&EntryId>) -> Option<Option<Ix>> {
    let (graph, fold) = (case.record.graph(), case.record.fold());
    let key = proposal.subjects.iter().find_map(|subject| key_of(&subject.topic));
    let among: &[Ix] = match (answers, &key) {
        (Some(of), _) => fold.about(of),
        (None, Some(key)) => fold.revisions_of(key),
        (None, None) => &[],
    };
    if among.len() > MOST {
        return None;
    }
    let is = |ix: &Ix| {
        let same = |act: &Act| match act {
            Act::Propose(other) => answers.is_none() && other == proposal,
            Act::Counter { of, proposal: other } => answers == Some(of) && other == proposal,
            _ => false,
        };
        let sealed = || !case.record.values_of(&graph.id(*ix)).is_empty();
        fold.proposal(*ix).is_some() && (same(fold.act(*ix)) || (sealed() && same(&case.record.laid_open(*ix))))
    };
    Some(among.iter().copied().find(is))
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
mod histories;

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
        let difference = Difference { from, than: None, changes, in_part: false, named: None, unchanged, json };
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
        let counter = Proposal { subjects: vec![subject], ..proposal.expect("a proposal").clone() };
        let speech = Speech::of_case(&case).to_sign();
        let told = Revision::of(&speech, &counter, Some(&amended)).expect("a counter");
        let found = told.differences(&speech, &counter.subjects[0]);
        let told: Vec<(bool, String)> = found.iter().map(|d| (d.agreed(), d.in_a_line())).collect();
        assert_eq!(
            told,
            [
                (true, "what: Mend the pipe → Mend the pipe on Tuesday".to_owned()),
                (false, "what: Mend the pipe on Monday → Mend the pipe on Tuesday".to_owned()),
            ]
        );
    }
}
