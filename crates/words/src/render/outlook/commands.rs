//! What to type for a move.

use counterpart_core::{
    act::Topic,
    fold::SubjectKey,
    view::{Expected, Move, Step, Waiting},
};

use super::{reference, typed};
use crate::{case::OpenCase, render::line};

/// The commands that make some moves, each once.
pub fn commands(case: &OpenCase, moves: &[Move]) -> Vec<String> {
    each_once(moves.iter().filter(|made| is_typed(case, made)).map(|m| command(case, m.step, &reference(case, m))))
}

/// Whether a command makes a move. Terms other than of actions and facts are proposed anew, as terms of their own; and a
/// closing has nothing in it that a command could put other terms in place of.
pub fn is_typed(case: &OpenCase, made: &Move) -> bool {
    match (made.step, &made.key) {
        (Step::Propose, key) => matches!(key, SubjectKey::Action(_) | SubjectKey::Item(_)),
        (Step::Counter, SubjectKey::Close(_)) => {
            let closed = case.record.graph().find(&made.about).and_then(|ix| case.record.fold().proposal(ix));
            closed.is_some_and(|p| p.subjects.iter().any(|s| !matches!(s.topic, Topic::Close { .. })))
        }
        _ => true,
    }
}

pub(super) fn each_once(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for word in words {
        if !once.contains(&word) {
            once.push(word);
        }
    }
    once
}

/// The commands that answer a request to erase something: it is no matter to take further, so no move makes it.
pub fn erasing(case: &OpenCase, waiting: &Waiting) -> Vec<String> {
    let about = waiting.about.filter(|_| waiting.expected == Expected::Erase);
    let short = case.short();
    let commands = about.map(|id| case.entry_typed(&id)).map(|about| {
        [format!("counterpart erased {short} {about}"), format!("counterpart contest {short} {about} REASON")]
    });
    commands.into_iter().flatten().collect()
}

/// The command that makes a move; words in capitals are for its author to fill in.
pub fn command(case: &OpenCase, step: Step, reference: &str) -> String {
    let mut reference = typed(reference);
    let (word, rest) = match step {
        Step::Accept => ("accept", String::new()),
        Step::Counter => {
            let (part, rest) = other_terms(case, &reference);
            reference.push_str(&part);
            ("counter", rest)
        }
        Step::Decline => ("decline", String::new()),
        Step::Confirm => ("confirm", String::new()),
        Step::Prove => ("prove", String::new()),
        Step::Declare => ("done", String::new()),
        Step::Approve | Step::Deem => ("approve", String::new()),
        Step::Reject => ("reject", " REASON".to_owned()),
        Step::Allow => ("allow", String::new()),
        Step::Refuse => ("refuse", String::new()),
        Step::Choose => ("choose", String::new()),
        Step::Ratify => ("ratify", String::new()),
        Step::Decide => ("decide", " DECISION".to_owned()),
        Step::Concede => ("concede", String::new()),
        Step::Settle => ("settle", String::new()),
        Step::Progress => ("progress", " TEXT".to_owned()),
        Step::Propose => {
            let items = case.view().items.iter().any(|i| line(&i.key) == reference);
            let what = match items {
                true => format!("--item {}", quoted(&format!("{reference}=VALUE"))),
                false => format!("--amend {reference} --due TIME"),
            };
            return format!("counterpart propose {} {what}", case.short());
        }
        Step::Release | Step::Reopen => ("release", String::new()),
        Step::Undeclare => ("undone", String::new()),
        Step::Stop => ("stop", " REASON".to_owned()),
        Step::Cancel(clause) => ("cancel", format!(" --clause {}", clause + 1)),
        Step::Missed => ("missed", String::new()),
        Step::Dispute => ("dispute", " REASON".to_owned()),
        Step::Withdraw => ("withdraw", String::new()),
    };
    format!("counterpart {word} {} {reference}{rest}", case.short())
}

/// What offers other terms in place of a proposal: which part of a bundle, and an option that fits what is in it.
fn other_terms(case: &OpenCase, reference: &str) -> (String, String) {
    let found = case.names.find(reference).ok();
    let proposal = found.and_then(|found| case.record.fold().proposal(found.ix));
    // Of several matters nobody knows which is meant.
    let Some(proposal) = proposal else { return (String::new(), " --due TIME".to_owned()) };
    let subjects = &proposal.subjects;
    let actions: Vec<usize> =
        (0..subjects.len()).filter(|n| matches!(subjects[*n].topic, Topic::Action { .. })).collect();
    match (actions.as_slice(), subjects.first().map(|s| &s.topic)) {
        ([], Some(Topic::Item { key, .. })) => {
            (String::new(), format!(" --item {}", quoted(&format!("{}=VALUE", line(key)))))
        }
        ([], Some(Topic::Terms { title, .. })) => (String::new(), format!(" --terms {} TEXT", quoted(&line(title)))),
        ([], _) => (String::new(), " --note TEXT".to_owned()),
        ([_], _) => (String::new(), " --due TIME".to_owned()),
        ([first, ..], _) => (format!("/{}", first + 1), " --due TIME".to_owned()),
    }
}

/// A word of a command, in quotes where a shell would part it.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_./=:".contains(c));
    if plain {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
