//! What is possible instead of an act that was refused. Found by drafting what could be done on the same matter: the
//! judge that refuses is the one that is asked.

use counterpart_core::{
    act::{Act, Topic},
    fold::{InForce, Position, Reason, SubjectKey},
    graph::Ix,
    id::EntryId,
    record::DraftError,
    value::Sealable,
};
use counterpart_node::DeskError;

use crate::{
    case::OpenCase,
    error::{self, CommandError},
    terms,
};

/// Commands named in a hint; more would not be read.
const SHOWN: usize = 5;

/// Why an act of ours was not signed, and the commands that would be.
pub(crate) fn refused(case: &OpenCase, act: &Act, error: DeskError) -> CommandError {
    let reason = match &error {
        DeskError::Draft(DraftError::WithoutEffect(reason)) => Some(reason.clone()),
        _ => None,
    };
    let refusal = error::refused(case, error);
    let Some(reason) = reason else { return refusal };
    let commands = instead(case, act);
    if commands.is_empty() {
        return refusal;
    }
    let see = match &reason {
        Reason::Withdrawn(id)
        | Reason::Declined(id)
        | Reason::Countered(id)
        | Reason::MovedOn(id)
        | Reason::Overtaken(id) => format!("see {}; ", case.entry_name(id)),
        Reason::ArrivalUnproven => {
            format!("`counterpart prove {} REF` puts their receipt on record, once it has come; ", case.short())
        }
        _ => String::new(),
    };
    let list: Vec<String> = commands.iter().take(SHOWN).map(|command| format!("  {command}")).collect();
    refusal.hint(format!("{see}what you can do about it now:\n{}", list.join("\n")))
}

/// Commands on the matter of an act that would take effect now.
pub(crate) fn instead(case: &OpenCase, act: &Act) -> Vec<String> {
    subject_of(case, act).map_or_else(Vec::new, |key| possible(case, &key))
}

/// Commands on a subject that would take effect now, the most likely first.
fn possible(case: &OpenCase, key: &SubjectKey) -> Vec<String> {
    let Some(author) = case.author else { return Vec::new() };
    let takes_effect = |act: &Act| case.record.draft(&author, act, case.now, &mut || [0; 32]).is_ok();
    candidates(case, key).into_iter().filter(|(_, act)| takes_effect(act)).map(|(command, _)| command).collect()
}

/// The subject an act is about, through the revision, declare, request or dispute it names.
fn subject_of(case: &OpenCase, act: &Act) -> Option<SubjectKey> {
    let (graph, fold) = (case.record.graph(), case.record.fold());
    let (mut id, mut part) = about(act)?;
    // A request about a declare of a revision, and a dispute about it: no chain is longer.
    for _ in 0..6 {
        let ix = graph.find(&id)?;
        let keys = fold.subject_keys(ix);
        if !keys.is_empty() {
            return keys.get(part.unwrap_or(0) as usize).cloned();
        }
        let (next, next_part) = about(fold.act(ix))?;
        (id, part) = (next, next_part.or(part));
    }
    None
}

/// The entry an act names, and which part of it.
fn about(act: &Act) -> Option<(EntryId, Option<u32>)> {
    Some(match act {
        Act::Accept { revision, .. } | Act::Decline { revision, .. } | Act::Confirm { revision } => (*revision, None),
        Act::Withdraw { of, .. } | Act::Release { of, .. } | Act::Counter { of, .. } => (*of, None),
        Act::Declare { revision, subject, .. }
        | Act::Progress { revision, subject, .. }
        | Act::Stop { revision, subject, .. }
        | Act::Cancel { revision, subject, .. }
        | Act::Missed { revision, subject, .. } => (*revision, Some(*subject)),
        Act::Undeclare { declare, .. } | Act::Approve { declare, .. } | Act::Reject { declare, .. } => (*declare, None),
        Act::Allow { request, .. } | Act::Refuse { request, .. } => (*request, None),
        Act::Choose { pick, .. } => (*pick, None),
        Act::Dispute { about, subject, .. } => (*about, *subject),
        Act::Concede { dispute, .. } | Act::Settle { dispute, .. } | Act::Decide { dispute, .. } => (*dispute, None),
        Act::Propose(proposal) => (proposal.subjects.iter().find_map(|s| s.base)?, None),
        _ => return None,
    })
}

/// Everything that could be tried on a subject, each with the command for it.
fn candidates(case: &OpenCase, key: &SubjectKey) -> Vec<(String, Act)> {
    let (own, graph, lens, short) = (case.own, case.record.graph(), case.lens(), case.short());
    let Some(status) = lens.status(key) else { return Vec::new() };
    let typed = |ix: Ix| case.entry_typed(&graph.id(ix));
    let words = || Sealable::Open("-".to_owned());
    let mut found: Vec<(String, Act)> = Vec::new();
    let mut add = |command: String, act: Act| found.push((command, act));
    for request in status.release_requests.iter().chain(&status.reopen_requests) {
        let (at, id) = (typed(*request), graph.id(*request));
        add(format!("counterpart allow {short} {at}"), Act::Allow { request: id, note: None });
        add(format!("counterpart refuse {short} {at}"), Act::Refuse { request: id, reason: None });
        add(format!("counterpart withdraw {short} {at}"), Act::Withdraw { of: id, reason: None });
    }
    for open in status.open.iter().rev() {
        let (at, id) = (typed(*open), graph.id(*open));
        add(format!("counterpart accept {short} {at}"), Act::Accept { revision: id, note: None });
        add(format!("counterpart confirm {short} {at}"), Act::Confirm { revision: id });
        if let Some(counter) = same_again(case, *open) {
            add(format!("counterpart counter {short} {at} ..."), counter);
        }
        // One's own is withdrawn; declining it would do the same in other words.
        if graph.statement(*open).party == own {
            add(format!("counterpart withdraw {short} {at}"), Act::Withdraw { of: id, reason: None });
        } else {
            add(format!("counterpart decline {short} {at}"), Act::Decline { revision: id, reason: None });
        }
    }
    if let Some(declare) = status.declare {
        let (at, id) = (typed(declare), graph.id(declare));
        add(format!("counterpart approve {short} {at}"), Act::Approve { declare: id, note: None });
        let reject = Act::Reject { declare: id, unmet: Vec::new(), reason: words() };
        add(format!("counterpart reject {short} {at} REASON"), reject);
        add(format!("counterpart undone {short} {at}"), Act::Undeclare { declare: id, reason: None });
        add(format!("counterpart release {short} {at}   (asks to reopen it)"), Act::Release { of: id, reason: None });
    }
    match &status.in_force {
        InForce::Crossed { rivals, .. } => {
            for rival in rivals {
                let pick = lens.name(*rival, key);
                let at = case.entry_typed(&pick);
                add(format!("counterpart choose {short} {at}"), Act::Choose { pick, reason: None });
            }
        }
        InForce::One { position: Position::Revision(revision), .. } => {
            for (command, act) in on_agreed(case, key, *revision) {
                add(command, act);
            }
        }
        _ => {}
    }
    for dispute in case.disputes(status.revision) {
        let (at, id) = (typed(dispute), graph.id(dispute));
        add(format!("counterpart concede {short} {at}"), Act::Concede { dispute: id, note: None });
        add(format!("counterpart settle {short} {at}"), Act::Settle { dispute: id, revision: None, note: None });
        let decide = Act::Decide { dispute: id, decision: words(), outcome: None };
        add(format!("counterpart decide {short} {at} DECISION"), decide);
    }
    let (about, at) = (graph.id(status.revision), typed(status.revision));
    add(format!("counterpart dispute {short} {at} REASON"), Act::Dispute { about, subject: None, reason: words() });
    found
}

/// What could be tried on an agreed revision.
fn on_agreed(case: &OpenCase, key: &SubjectKey, revision: Ix) -> Vec<(String, Act)> {
    let (lens, short, id) = (case.lens(), case.short(), case.record.graph().id(revision));
    let keys = case.record.fold().subject_keys(revision);
    let part = keys.iter().position(|k| k == key).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    let whole = case.entry_typed(&id);
    let at = if keys.len() > 1 { format!("{whole}/{}", part + 1) } else { whole.clone() };
    let words = || Sealable::Open("-".to_owned());
    let mut found = vec![(
        format!("counterpart done {short} {at}"),
        Act::Declare { revision: id, subject: part, note: None, evidence: Vec::new() },
    )];
    if let (SubjectKey::Action(_), Some(subject)) = (key, lens.subject(revision, key)) {
        let again = terms::proposal(case, vec![terms::continued(key, &subject.topic)], None, None);
        found.push((format!("counterpart propose {short} --amend {at} ..."), Act::Propose(again)));
    }
    let clauses = lens.terms(revision, key).map_or(0, |terms| terms.cancel.len());
    for clause in 0..u32::try_from(clauses).unwrap_or(0) {
        found.push((
            format!("counterpart cancel {short} {at} --clause {}", clause + 1),
            Act::Cancel { revision: id, subject: part, clause, reason: None },
        ));
    }
    found.push((format!("counterpart release {short} {whole}"), Act::Release { of: id, reason: None }));
    let stop = Act::Stop { revision: id, subject: part, reason: words() };
    found.push((format!("counterpart stop {short} {at} REASON"), stop));
    found
}

/// A counter that says the same again: whether any other could be made.
fn same_again(case: &OpenCase, open: Ix) -> Option<Act> {
    let proposal = case.record.fold().proposal(open)?;
    let keys = case.record.fold().subject_keys(open);
    let topics: Vec<Topic> = keys.iter().zip(&proposal.subjects).map(|(k, s)| terms::continued(k, &s.topic)).collect();
    let of = case.record.graph().id(open);
    Some(Act::Counter { of, proposal: terms::proposal(case, topics, proposal.alleged, None) })
}

/// What would do instead, by the reason alone.
pub(crate) fn in_general(case: &OpenCase, reason: &Reason) -> Option<String> {
    let short = case.short();
    let by = |id| format!("see {}: `counterpart log {short}`", case.entry_name(id));
    Some(match reason {
        Reason::FullySigned => format!(
            "it is agreed. To change it: `counterpart propose {short} --amend REF ...`; to be let go of it: \
             `counterpart release {short} REF`"
        ),
        Reason::Withdrawn(id) | Reason::Declined(id) | Reason::Countered(id) | Reason::MovedOn(id) => {
            format!("{}; `counterpart show {short}` lists what can be answered now", by(id))
        }
        Reason::Overtaken(id) => {
            format!("{}; propose a change of what is in force: `counterpart propose {short} --amend REF ...`", by(id))
        }
        Reason::NotTheAuthor => format!("`counterpart decline {short} REF` refuses what others proposed"),
        Reason::Completed => format!("`counterpart release {short} REF` asks to reopen it"),
        Reason::NotInForce => {
            format!("`counterpart show {short}` says what is agreed; only that can be done or released")
        }
        Reason::NotCompleted => {
            format!("a result that is not approved yet is rejected: `counterpart reject {short} REF REASON`")
        }
        Reason::Undeclared | Reason::Rejected => {
            "the performer declares it done again, then it can be approved".to_owned()
        }
        Reason::OwnRequest => format!("`counterpart withdraw {short} REF` takes your own request back"),
        Reason::NotASigner | Reason::NotAPerformer | Reason::NotABeneficiary => {
            format!("`counterpart note {short} TEXT` puts on record whatever you want to say about it")
        }
        Reason::WrongBase | Reason::WrongSigners => {
            "something arrived meanwhile; run the command again to see the terms as they stand now".to_owned()
        }
        Reason::NotJoined => "the party that opened the case has to admit you first".to_owned(),
        Reason::SeatTaken => format!("`counterpart show {short}` lists the seats"),
        Reason::AlreadySigned => "nothing is left for you to sign here; it waits for the others".to_owned(),
        Reason::AlreadyDeclared => format!("`counterpart undone {short} REF` takes the declaration back"),
        Reason::AlreadyAsked => "it waits for the others to allow or refuse it".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Two, open};

    /// The commands possible on the first action, without case and number.
    fn words(case: &OpenCase, id: EntryId) -> Vec<String> {
        let commands = instead(case, &Act::Accept { revision: id, note: None });
        commands.iter().map(|c| c.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn what_is_listed_is_what_would_take_effect() {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        let case = two.seen_by(0);
        assert_eq!(words(&case, first)[..2], ["counter", "withdraw"]);

        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        let case = two.seen_by(1);
        assert_eq!(words(&case, first)[..3], ["accept", "counter", "decline"]);

        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let case = two.seen_by(1);
        assert_eq!(words(&case, first)[..3], ["done", "propose", "release"]);

        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe");
        two.accept(1, first);
        let declare = two.act(1, &Act::Declare { revision: first, subject: 0, note: None, evidence: Vec::new() });
        two.act(0, &Act::Reject { declare, unmet: Vec::new(), reason: open("it drips") });
        let case = two.seen_by(0);
        // Found from the declare too.
        let commands = instead(&case, &Act::Approve { declare, note: None });
        assert!(!commands.is_empty() && !commands.iter().any(|c| c.contains(" approve ")), "{commands:?}");
    }
}
