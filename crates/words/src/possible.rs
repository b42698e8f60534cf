//! What is possible instead of an act that was refused: the moves on the same matter.

use counterpart_core::{
    act::Act,
    fold::{Reason, SubjectKey, Verdict, references},
    graph::Ix,
    id::EntryId,
    record::DraftError,
    view::Move,
};
use counterpart_node::DeskError;

use crate::{
    case::OpenCase,
    error::{self, CommandError, Kind},
    limited,
    render::{self, outlook},
};

/// Commands named in a hint; more would not be read.
const SHOWN: usize = 5;

/// Why an act of ours was not signed, and the commands that would be.
pub fn refused(case: &OpenCase, act: &Act, error: DeskError) -> CommandError {
    let unknown = matches!(&error, DeskError::Draft(DraftError::WithoutEffect(Reason::UnknownReference)));
    let mut refusal = why_refused(case, act, error);
    if unknown && spoken_of_in_vain(case, act).is_none() {
        // A reference to what is of another kind was understood no more than one to nothing.
        refusal.kind = Kind::Usage;
    }
    refusal
}

fn why_refused(case: &OpenCase, act: &Act, error: DeskError) -> CommandError {
    // What its signer may not sign, they may not sign of the same matter otherwise.
    if let Some(beyond) = limited::beyond(case, act, &error) {
        return beyond;
    }
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
    let see = match (because_of(&reason), &reason) {
        (Some(id), _) => format!("see {}; ", case.entry_name(&id)),
        (None, Reason::NotTheChooser) => {
            let chooser = matter(case, act).iter().find_map(|key| case.lens().chooser(key));
            chooser.map(|party| format!("{} is the one who chooses; ", case.party_label(&party))).unwrap_or_default()
        }
        (None, Reason::ArrivalUnproven) => match late_accept(case, act) {
            Some(late) => format!("{late}; "),
            None => {
                let accept = undated(case, act).next().map(|ix| case.entry_typed(&case.record.graph().id(ix)));
                let (short, accept) = (case.short(), accept.unwrap_or_else(|| "REF".to_owned()));
                format!("`counterpart prove {short} {accept}` puts their receipt on record, once it has come; ")
            }
        },
        _ => String::new(),
    };
    let list: Vec<String> = commands.iter().take(SHOWN).map(|command| format!("  {command}")).collect();
    refusal.hint(format!("{see}what you can do about it now:\n{}", list.join("\n")))
}

/// Which of the entries that an act speaks of has no effect itself, and why.
fn spoken_of_in_vain(case: &OpenCase, act: &Act) -> Option<String> {
    let (graph, fold) = (case.record.graph(), case.record.fold());
    references(act).into_iter().find_map(|id| match fold.verdict(graph.find(&id)?) {
        Verdict::Without(reason) => Some(format!("{} has no effect itself, because {reason}", case.entry_name(&id))),
        Verdict::Effective | Verdict::NotJudged => None,
    })
}

/// The entry because of which an act was refused, where it is one.
pub fn because_of(reason: &Reason) -> Option<EntryId> {
    match reason {
        Reason::Withdrawn(id)
        | Reason::Declined(id)
        | Reason::Countered(id)
        | Reason::MovedOn(id)
        | Reason::Overtaken(id) => Some(*id),
        _ => None,
    }
}

/// What would take effect now on the matter of an act, the most likely first.
pub fn moves_instead(case: &OpenCase, act: &Act) -> Vec<Move> {
    let mut moves = outlook::moves_on(case, &case.own, &matter(case, act));
    moves.sort_by_key(|m| m.step);
    moves
}

/// The same as commands.
pub fn instead(case: &OpenCase, act: &Act) -> Vec<String> {
    outlook::commands(case, &moves_instead(case, act))
}

/// The accepts on the matter of which nothing proves that they arrived in time.
fn undated(case: &OpenCase, act: &Act) -> impl Iterator<Item = Ix> {
    let statuses = matter(case, act).into_iter().filter_map(|key| case.lens().status(&key));
    statuses.flat_map(|status| status.undated).map(|(accept, _)| accept).collect::<Vec<_>>().into_iter()
}

/// That an accept on the matter came after the offer's end by its own clock: no receipt helps it.
fn late_accept(case: &OpenCase, act: &Act) -> Option<String> {
    let late = undated(case, act).find(|accept| render::late_by_own_clock(case, *accept))?;
    let Act::Accept { revision, .. } = case.record.fold().act(late) else { return None };
    let (name, offer) = (case.entry_name(&case.record.graph().id(late)), case.entry_typed(revision));
    let again = format!("`counterpart accept {} {offer}`", case.short());
    Some(match case.record.graph().statement(late).party == case.own {
        true => format!("your accept {name} came after the offer's end: it counts once the other side accepts again"),
        false => format!("their accept {name} came after the offer's end: {again} takes it up all the same"),
    })
}

/// The subjects an act is about, or what it would change.
fn matter(case: &OpenCase, act: &Act) -> Vec<SubjectKey> {
    let (graph, fold) = (case.record.graph(), case.record.fold());
    let Act::Propose(proposal) = act else { return fold.touched_by(graph, act) };
    let base = proposal.subjects.iter().find_map(|s| fold.revision_behind(graph, &s.base?));
    base.map(|revision| fold.subject_keys(revision).to_vec()).unwrap_or_default()
}

/// What would do instead, by the reason alone.
pub fn in_general(case: &OpenCase, reason: &Reason) -> Option<String> {
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
        assert_eq!(words(&case, first)[..3], ["done", "progress", "propose"]);

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
