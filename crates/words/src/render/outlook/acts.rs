//! What a program signs for a move, where people type a command.

use counterpart_core::{
    act::Topic,
    fold::SubjectKey,
    view::{Expected, Move, Step, Waiting},
};
use serde_json::{Value as Json, json};

use super::{is_typed, reference, typed};
use crate::case::OpenCase;

/// An act as programs write it, and what of it is for its author to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Signable {
    pub act: Json,
    /// The places in it that are yet to be filled in, as RFC 6901 writes them.
    pub fill_in: Vec<&'static str>,
}

impl Signable {
    fn whole(act: Json) -> Self {
        Self { act, fill_in: Vec::new() }
    }

    fn lacking(act: Json, place: &'static str) -> Self {
        Self { act, fill_in: vec![place] }
    }
}

/// The act that makes a move; nothing where no command makes it either.
pub fn act(case: &OpenCase, made: &Move) -> Option<Signable> {
    is_typed(case, made).then(|| signable(case, made))
}

fn signable(case: &OpenCase, made: &Move) -> Signable {
    let of = typed(&reference(case, made));
    match made.step {
        Step::Accept => Signable::whole(json!({"act": "accept", "revision": of})),
        Step::Counter => other_terms(case, made, &of),
        Step::Decline => Signable::whole(json!({"act": "decline", "revision": of})),
        Step::Confirm => Signable::whole(json!({"act": "confirm", "revision": of})),
        Step::Prove => Signable::whole(json!({"act": "prove", "entry": of})),
        Step::Declare => Signable::whole(json!({"act": "declare", "revision": of})),
        Step::Approve | Step::Deem => Signable::whole(json!({"act": "approve", "declare": of})),
        Step::Reject => Signable::lacking(json!({"act": "reject", "declare": of}), "/reason"),
        Step::Allow => Signable::whole(json!({"act": "allow", "request": of})),
        Step::Refuse => Signable::whole(json!({"act": "refuse", "request": of})),
        Step::Choose => Signable::whole(json!({"act": "choose", "pick": of})),
        Step::Ratify => Signable::whole(json!({"act": "ratify", "entries": [of]})),
        Step::Decide => Signable::lacking(json!({"act": "decide", "dispute": of}), "/decision"),
        Step::Concede => Signable::whole(json!({"act": "concede", "dispute": of})),
        Step::Settle => Signable::whole(json!({"act": "settle", "dispute": of})),
        Step::Progress => Signable::lacking(json!({"act": "progress", "revision": of}), "/text"),
        Step::Propose => match &made.key {
            SubjectKey::Item(key) => {
                let item = json!({"is": "item", "key": key});
                Signable::lacking(json!({"act": "propose", "subjects": [item]}), "/subjects/0/value")
            }
            _ => {
                let action = json!({"is": "action", "amends": of});
                Signable::lacking(json!({"act": "propose", "subjects": [action]}), "/subjects/0")
            }
        },
        Step::Release | Step::Reopen => Signable::whole(json!({"act": "release", "of": of})),
        Step::Undeclare => Signable::whole(json!({"act": "undeclare", "declare": of})),
        Step::Stop => Signable::lacking(json!({"act": "stop", "revision": of}), "/reason"),
        Step::Cancel(clause) => Signable::whole(json!({"act": "cancel", "revision": of, "clause": clause + 1})),
        Step::Missed => Signable::whole(json!({"act": "missed", "revision": of})),
        Step::Dispute => Signable::lacking(json!({"act": "dispute", "about": of}), "/reason"),
        Step::Withdraw => Signable::whole(json!({"act": "withdraw", "of": of})),
    }
}

/// Other terms in place of a proposal: of an action what changes in it, else what fits the first thing that is in it.
fn other_terms(case: &OpenCase, made: &Move, of: &str) -> Signable {
    let proposal = case.record.graph().find(&made.about).and_then(|ix| case.record.fold().proposal(ix));
    let topics: Vec<&Topic> = proposal.iter().flat_map(|proposal| &proposal.subjects).map(|s| &s.topic).collect();
    let mut actions = (1..).zip(&topics).filter(|(_, topic)| matches!(topic, Topic::Action { .. }));
    match (actions.next(), topics.first()) {
        (Some((part, _)), _) => {
            let of = if actions.next().is_some() { format!("{of}/{part}") } else { of.to_owned() };
            Signable::lacking(json!({"act": "counter", "of": of, "action": {}}), "/action")
        }
        (None, Some(Topic::Item { key, .. })) => {
            let item = json!({"is": "item", "key": key});
            Signable::lacking(json!({"act": "counter", "of": of, "subjects": [item]}), "/subjects/0/value")
        }
        (None, Some(Topic::Terms { title, .. })) => {
            let terms = json!({"is": "terms", "title": title});
            Signable::lacking(json!({"act": "counter", "of": of, "subjects": [terms]}), "/subjects/0/text")
        }
        (None, _) => Signable::lacking(json!({"act": "counter", "of": of}), "/note"),
    }
}

/// The acts that answer a request to erase something.
pub fn erasing_acts(case: &OpenCase, waiting: &Waiting) -> Vec<Signable> {
    let about = waiting.about.filter(|_| waiting.expected == Expected::Erase);
    let acts = about.map(|id| case.entry_typed(&id)).map(|entry| {
        [
            Signable::whole(json!({"act": "erased", "entry": entry})),
            Signable::lacking(json!({"act": "contest", "entry": entry}), "/reason"),
        ]
    });
    acts.into_iter().flatten().collect()
}
