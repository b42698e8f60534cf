//! Actions, and what else was agreed: terms, who signed them, how they came about, what was signed about them since.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    fold::{ActionStatus, Closing, InForce, Position, SubjectKey, Verdict},
    graph::Ix,
    id::EntryId,
    value::Due,
    view::ActionView,
};

use crate::{
    attested::Attestations,
    clock::{Time, due_in_words},
    difference::{Change, between, earlier, left_out},
    outcome::{Badge, Outcome, Told},
    sentence::sentence,
    teller::Teller,
    terms::{Term, in_a_line, subject_terms},
    timeline::{Bound, bound},
    words::{EntryName, Words, say},
};

/// Letters of a text that stand in a heading.
const HEADING: usize = 80;

/// By which entry somebody signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assent {
    pub entry: EntryName,
    /// By the signer's own clock.
    pub at: Time,
}

/// One of those who must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub who: String,
    /// Nothing where they have not signed.
    pub by: Option<Assent>,
}

/// One revision on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub entry: EntryName,
    pub who: String,
    pub at: Time,
    /// "first offer", "in answer to #25", "to change what was agreed in #9".
    pub relation: Words,
    /// Whether it is to change something agreed.
    pub amends: bool,
    /// Against what it answers or would replace; nothing for a first offer.
    pub changes: Vec<Change>,
    /// The terms that stay.
    pub same: Vec<&'static str>,
    /// The version that both are told against, where the relation does not say it already.
    pub compared: Option<EntryName>,
    pub agreed: bool,
    /// Whether it is in force, or was until something agreed took its place.
    pub took_effect: bool,
    /// What became of it.
    pub fate: Words,
}

/// Something signed about an action, a line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub entry: EntryName,
    pub who: String,
    pub at: Time,
    pub says: Words,
}

/// An action, and what became of it.
#[derive(Debug, Clone)]
pub struct Action {
    pub name: EntryName,
    pub id: EntryId,
    /// Which subject of its first proposal, from 0.
    pub index: u32,
    pub what: Words,
    /// The same, cut short where it is long.
    pub title: Words,
    pub by: Words,
    pub for_whom: Words,
    pub value: Option<Words>,
    pub due: Option<Words>,
    /// The instant, where that is known.
    pub due_short: Option<Words>,
    /// Unix milliseconds.
    pub due_at: Option<i64>,
    pub outcome: Outcome,
    pub badges: Vec<Badge>,
    /// As the rules of agreement call it.
    pub state: &'static str,
    pub settled: bool,
    /// What happened, for page one.
    pub short: Words,
    pub brief: Vec<Words>,
    /// The revision whose terms these are.
    pub revision: EntryName,
    pub terms: Vec<Term>,
    pub signatures: Vec<Signature>,
    /// By when all of them were there, where all have signed and somebody else's word says so.
    pub complete: Option<Bound>,
    /// Who signed, in a sentence, with days alone.
    pub signed_by: Words,
    pub steps: Vec<Step>,
    pub signed: Vec<Signed>,
}

impl Action {
    /// An anchor of its own: the name with its part.
    #[must_use]
    pub fn anchor(&self) -> String {
        format!("{}-{}", self.name.anchor, self.index)
    }
}

/// Something else that was offered or agreed: an item's value, free terms, letting in, closing.
#[derive(Debug, Clone)]
pub struct Matter {
    pub about: Words,
    pub state: &'static str,
    pub revision: EntryName,
    pub terms: Vec<Term>,
    pub signatures: Vec<Signature>,
    /// By when all of them were there, where all have signed and somebody else's word says so.
    pub complete: Option<Bound>,
    pub steps: Vec<Step>,
}

impl Matter {
    /// How its state is set.
    #[must_use]
    pub fn tone(&self) -> &'static str {
        match self.state {
            "agreed" => "good",
            "proposed" | "accepted" => "open",
            "crossed" | "contested" => "bad",
            _ => "plain",
        }
    }

    /// The drawn sign beside it.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.tone() {
            "good" => "tick",
            "open" => "dotted",
            "bad" => "warning",
            _ => "dash",
        }
    }
}

pub(crate) fn actions<'r>(teller: &Teller<'r>, attested: &Attestations) -> Vec<Action> {
    teller.view.actions.iter().filter_map(|action| self::action(teller, attested, action)).collect()
}

fn action<'r>(teller: &Teller<'r>, attested: &Attestations, action: &ActionView) -> Option<Action> {
    let revision = action.status.revision;
    let terms = teller.terms_in(revision, &action.key)?;
    let steps = steps(teller, &action.key, &action.status);
    let renegotiated: Vec<&Step> = steps.iter().filter(|step| step.amends && step.took_effect).collect();
    let told = Told { teller, attested, action, renegotiated: &renegotiated };
    let (outcome, badges) = (told.outcome(), told.badges());
    let (short, brief) = (told.short(), told.brief());
    let subject = teller.subject_in(revision, &action.key)?;
    let due_at = terms.due.as_ref().and_then(|due| teller.due_at(due, action.counted_from));
    let due_short = |due: &Due| match due_at {
        Some(at) => Words::new().at(teller.time(at)),
        None => say(due_in_words(due)),
    };
    Some(Action {
        due_short: terms.due.as_ref().map(due_short),
        name: teller.part(&action.id.proposal, action.id.index),
        id: action.id.proposal,
        index: action.id.index,
        title: teller.said(&terms.what).shortened(120),
        what: teller.said(&terms.what),
        by: teller.people(&terms.performers),
        for_whom: teller.people(&terms.beneficiaries),
        value: terms.value.as_ref().map(|value| say(crate::value::money(value))),
        due: terms.due.as_ref().map(|due| teller.due_words(due, action.counted_from)),
        due_at,
        outcome,
        badges,
        state: action.status.state.as_str(),
        settled: action.settled,
        short,
        brief,
        revision: teller.name(revision),
        terms: subject_terms(teller, &subject, action.counted_from),
        signed_by: signed_by(&signatures(teller, revision)),
        signatures: signatures(teller, revision),
        complete: complete(teller, attested, revision),
        steps,
        signed: signed_about(teller, &action.key),
    })
}

pub(crate) fn matters(teller: &Teller<'_>, attested: &Attestations) -> Vec<Matter> {
    let one = |matter: &counterpart_core::view::MatterView| {
        let revision = matter.status.revision;
        let subject = teller.subject_in(revision, &matter.key)?;
        Some(Matter {
            about: match &matter.key {
                SubjectKey::Item(key) => say("The value of ").quote(key),
                // The whole stands below.
                _ => in_a_line(teller, &subject).shortened(HEADING),
            },
            state: matter.status.state.as_str(),
            revision: teller.name(revision),
            terms: subject_terms(teller, &subject, None),
            signatures: signatures(teller, revision),
            complete: complete(teller, attested, revision),
            steps: steps(teller, &matter.key, &matter.status),
        })
    };
    teller.view.matters.iter().filter_map(one).collect()
}

/// Everybody who must sign a revision, and by which entry they did.
pub(crate) fn signatures(teller: &Teller<'_>, revision: Ix) -> Vec<Signature> {
    let (graph, fold, lens) = (teller.record.graph(), teller.record.fold(), teller.lens());
    let Some(proposal) = fold.proposal(revision) else { return Vec::new() };
    let mut assents = lens.signatures(revision);
    assents.sort_unstable_by_key(|ix| graph.order(*ix));
    let one = |seat: &counterpart_core::value::Seat| {
        let by = assents.iter().find(|ix| fold.author_seats(**ix).contains(seat));
        let by = by.map(|ix| Assent { entry: teller.name(*ix), at: teller.time(graph.statement(*ix).at) });
        Signature { who: teller.seat(seat), by }
    };
    proposal.signers.iter().map(one).collect()
}

/// By when a revision was signed by all, if that is proven.
fn complete(teller: &Teller<'_>, attested: &Attestations, revision: Ix) -> Option<Bound> {
    let lens = teller.lens();
    let signed = lens.has(revision) && lens.fully_signed(revision);
    let all = std::iter::once(revision).chain(lens.signatures(revision));
    let word = Some(attested.all_not_after(all)?).filter(|_| signed)?;
    Some(bound(teller, attested, &word))
}

/// Who signed, and on which day; once where it is the same for all.
fn signed_by(signatures: &[Signature]) -> Words {
    let days: BTreeSet<&str> = signatures.iter().filter_map(|s| Some(s.by.as_ref()?.at.day.as_str())).collect();
    let signed = signatures.iter().filter_map(|s| {
        let Assent { entry, at } = s.by.as_ref()?;
        let words = Words::new().who(&s.who).say(" ").entry(entry.clone());
        Some(if days.len() > 1 { words.say(format!(" on {}", at.day)) } else { words })
    });
    let signed: Vec<Words> = signed.collect();
    let not: Vec<Words> = signatures.iter().filter(|s| s.by.is_none()).map(|s| Words::new().who(&s.who)).collect();
    let words = match signed.is_empty() {
        true => say("Signed by nobody"),
        false => say("Signed by ").listed(signed),
    };
    let words = match days.first() {
        Some(day) if days.len() == 1 => words.say(format!(", {day}")),
        _ => words,
    };
    let words = if not.is_empty() { words } else { words.say("; not by ").listed(not) };
    words.say(".")
}

/// The revisions of a subject, as they followed one another.
fn steps(teller: &Teller<'_>, key: &SubjectKey, status: &ActionStatus) -> Vec<Step> {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let counting = fold.revisions_of(key).iter().copied().filter(|ix| graph.counts(*ix));
    counting.filter_map(|revision| step(teller, key, status, revision)).collect()
}

fn step(teller: &Teller<'_>, key: &SubjectKey, status: &ActionStatus, revision: Ix) -> Option<Step> {
    let (graph, fold, lens) = (teller.record.graph(), teller.record.fold(), teller.lens());
    let subject = teller.subject_in(revision, key)?;
    let answers = match fold.act(revision) {
        Act::Counter { of, .. } => graph.find(of).filter(|ix| fold.subject_keys(*ix).contains(key)),
        _ => None,
    };
    let base = subject.base.and_then(|base| fold.revision_behind(graph, &base));
    let relation = match (answers, &subject.base) {
        (Some(of), _) => say("in answer to ").entry(teller.name(of)),
        (None, Some(base)) => say("to change what was agreed in ").entry(teller.entry(base)),
        (None, None) => say("first offer"),
    };
    let agreed = lens.has(revision) && lens.fully_signed(revision);
    // What was agreed changed what was agreed before; of what was only offered counts what the other side had last.
    let answered = answers.filter(|_| base.is_none() || !agreed);
    let version = answered.and_then(|of| earlier(teller, key, revision).or(Some(of))).or(base);
    let compared = version.and_then(|earlier| between(teller, &teller.subject_in(earlier, key)?, &subject));
    let named = version.filter(|_| answers.is_some() && version != answers && compared.is_some());
    let relation = relation.maybe(named, |words, with| words.say("; compared with ").entry(teller.name(with)));
    let left_out = Some(left_out(teller, revision)).filter(|parts| !parts.is_empty());
    let relation = relation.maybe(left_out, |words, parts| words.say("; left out: ").listed(parts));
    let (changes, same) = compared.unwrap_or_default();
    Some(Step {
        entry: teller.name(revision),
        who: teller.author(revision),
        at: teller.time(graph.statement(revision).at),
        relation,
        amends: subject.base.is_some(),
        changes,
        same,
        compared: named.map(|with| teller.name(with)),
        agreed,
        took_effect: took_effect(teller, key, revision),
        fate: fate(teller, key, status, revision),
    })
}

/// Whether a revision is in force, or what is replaced it. One that crossed another and was not chosen changed nothing.
fn took_effect(teller: &Teller<'_>, key: &SubjectKey, revision: Ix) -> bool {
    let lens = teller.lens();
    if !lens.has(revision) || !lens.fully_signed(revision) {
        return false;
    }
    let in_force = lens.in_force(key);
    let Some((now, names)) = in_force.standing() else { return false };
    let own = Position::Revision(revision);
    names.contains(&teller.record.graph().id(revision)) || now.revision() == revision || lens.replaces(key, now, own)
}

/// What became of a revision, by what was signed.
fn fate(teller: &Teller<'_>, key: &SubjectKey, status: &ActionStatus, revision: Ix) -> Words {
    let (fold, lens) = (teller.record.fold(), teller.lens());
    let named = |ix: Ix| Words::new().entry(teller.name(ix));
    match fold.verdict(revision) {
        Verdict::Without(reason) => return say(format!("without effect, because {reason}")),
        Verdict::NotJudged => return say("not judged by this version of the program"),
        Verdict::Effective if !lens.has(revision) => return say("does not count: see its line"),
        Verdict::Effective => {}
    }
    if lens.fully_signed(revision) {
        let by = signatures(teller, revision).into_iter().filter_map(|signature| {
            let entry = signature.by?.entry;
            Some(Words::new().who(&signature.who).say(" ").entry(entry))
        });
        let words = say("agreed: ").listed(by);
        let of_rivals = |rivals: &[Position]| rivals.iter().any(|r| r.revision() == revision);
        return match lens.in_force(key) {
            InForce::One { position: Position::Revision(ix), .. } if ix == revision => words,
            InForce::One { position: Position::Revision(by), .. } => words.say("; replaced by ").then(named(by)),
            InForce::One { position: Position::End(ix), .. } if ix == revision => words.say("; ended later"),
            InForce::Crossed { rivals, .. } if of_rivals(&rivals) => {
                words.say("; crossed another agreement, not in force")
            }
            _ => words.say("; no longer in force"),
        };
    }
    let answers = lens.about(&teller.record.graph().id(revision));
    let accepts: Vec<Ix> = answers.filter(|ix| matches!(fold.act(*ix), Act::Accept { .. })).collect();
    let some = Some(accepts).filter(|a| !a.is_empty());
    let some = |words: Words| {
        words.maybe(some, |words, accepts| {
            let by = accepts.iter().map(|ix| Words::new().who(&teller.author(*ix)).say(" ").then(named(*ix)));
            words.say("; accepted by ").listed(by).say(" only")
        })
    };
    if status.contested.contains(&revision) {
        return some(say("would be agreed, but for a signature by a key whose rights had ended"));
    }
    match lens.closing(revision) {
        Some(Closing::Withdrawn(by)) => some(say("withdrawn in ").then(named(by))),
        Some(Closing::Declined(by)) => some(say("declined in ").then(named(by))),
        Some(Closing::Countered(by)) => some(say("answered with other terms in ").then(named(by))),
        Some(Closing::MovedOn(by)) => {
            some(say("closed by another position of one who had signed it, ").then(named(by)))
        }
        None => match lens.overtaken(revision) {
            Some(by) => some(say("overtaken by what was agreed in ").then(named(by))),
            None => some(say("open: not signed by all")),
        },
    }
}

/// What was signed about a subject, its offers apart, in the agreed order.
fn signed_about(teller: &Teller<'_>, key: &SubjectKey) -> Vec<Signed> {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let mut found: BTreeSet<Ix> = BTreeSet::new();
    let mut next: Vec<Ix> = fold.revisions_of(key).iter().copied().filter(|ix| graph.counts(*ix)).collect();
    while let Some(ix) = next.pop() {
        for about in fold.about(&graph.id(ix)).iter().copied().filter(|a| graph.counts(*a)) {
            if tells(teller, fold.act(about), ix, key) && found.insert(about) {
                next.push(about);
            }
        }
    }
    let mut found: Vec<Ix> = found.into_iter().collect();
    found.sort_unstable_by_key(|ix| graph.order(*ix));
    let one = |ix: Ix| Signed {
        entry: teller.name(ix),
        who: teller.author(ix),
        at: teller.time(graph.statement(ix).at),
        says: sentence(teller, ix),
    };
    found.into_iter().map(one).collect()
}

/// Whether an act that speaks of an entry is about this subject.
fn tells(teller: &Teller<'_>, act: &Act, of: Ix, key: &SubjectKey) -> bool {
    let keys = teller.record.fold().subject_keys(of);
    let part = |subject: u32| keys.is_empty() || keys.get(subject as usize) == Some(key);
    match act {
        Act::Propose(_) | Act::Counter { .. } => false,
        Act::Declare { subject, .. }
        | Act::Progress { subject, .. }
        | Act::Stop { subject, .. }
        | Act::Cancel { subject, .. }
        | Act::Missed { subject, .. }
        | Act::Dispute { subject: Some(subject), .. } => part(*subject),
        _ => true,
    }
}
