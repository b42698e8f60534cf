//! What a form is about: found by what was typed, shown in words, and what it can be about where nothing was.

use counterpart_core::{
    act::Act,
    fold::SubjectKey,
    graph::Ix,
    id::EntryId,
    value::Seat,
    view::{Move, Step},
};
use counterpart_words::{
    case::OpenCase,
    references::Target,
    render::{self, Speech, outlook},
};

use super::{At, asked::Way};
use crate::{address::escaped, text::Markup, time::Moment};

/// How many entries are listed to choose among; every other is reached from the record.
const LISTED: usize = 30;

/// An entry, as a form shows what it is about.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) path: String,
    /// `#7`
    pub(crate) name: String,
    pub(crate) who: String,
    pub(crate) at: Moment,
    /// All of it, in words.
    pub(crate) text: String,
}

/// What was typed for an entry, as references are written: the part behind a hyphen, as in paths, is one behind a slash.
pub(super) fn reference(case: &OpenCase, typed: &str) -> String {
    let typed = typed.trim().trim_start_matches('#');
    match part(case, typed) {
        Some((entry, part)) => format!("{}/{}", case.entry_typed(&case.record.graph().id(entry)), part + 1),
        None => typed.to_owned(),
    }
}

/// A bundle and which part of it, from 0, where that is meant: `5-2`, `5-K3-2`. What stands behind the hyphen is else the
/// beginning of letters that tell entries of one number apart, and these may be digits too.
pub(crate) fn part(case: &OpenCase, typed: &str) -> Option<(Ix, u32)> {
    let (entry, part) = typed.rsplit_once('-')?;
    let part: u32 = part.parse().ok().filter(|_| part.len() <= 2)?;
    let found = case.names.find(entry).ok().filter(|found| found.subject.is_none())?;
    let part = part.checked_sub(1)?;
    (case.record.fold().subject_keys(found.ix).len() > part as usize).then_some((found.ix, part))
}

/// An entry and what it rests on, in full.
pub(crate) fn shown(case: &OpenCase, ix: Ix) -> Vec<Shown> {
    let mut found = vec![one(case, ix)];
    let mut next = behind(case, ix);
    // A request is about a declaration, and that about terms: no chain is longer.
    while let Some(id) = next.take().filter(|_| found.len() < 4) {
        let Some(ix) = case.record.graph().find(&id) else { break };
        found.push(one(case, ix));
        next = behind(case, ix);
    }
    found
}

fn one(case: &OpenCase, ix: Ix) -> Shown {
    let (graph, speech) = (case.record.graph(), Speech::of_case(case));
    let (id, statement) = (graph.id(ix), graph.statement(ix));
    let who = case.party_label(&statement.party);
    Shown {
        path: entry_path(case, &id),
        name: case.entry_name(&id),
        at: Moment(statement.at),
        text: render::in_full(&speech, &who, &case.record.laid_open(ix)),
        who,
    }
}

/// What an entry is about, where its own words do not show that.
fn behind(case: &OpenCase, ix: Ix) -> Option<EntryId> {
    match case.record.fold().act(ix) {
        Act::Declare { revision, .. }
        | Act::Decline { revision, .. }
        | Act::Progress { revision, .. }
        | Act::Stop { revision, .. }
        | Act::Cancel { revision, .. }
        | Act::Missed { revision, .. } => Some(*revision),
        Act::Approve { declare, .. } | Act::Reject { declare, .. } | Act::Undeclare { declare, .. } => Some(*declare),
        Act::Release { of, .. } | Act::Withdraw { of, .. } => Some(*of),
        Act::Dispute { about, .. } => Some(*about),
        Act::Contest { entry, .. } | Act::Acknowledge { entry, .. } | Act::Erase { entry, .. } => Some(*entry),
        _ => None,
    }
}

pub(crate) fn entry_path(case: &OpenCase, id: &EntryId) -> String {
    format!("/case/{}/entry/{}", case.id.to_hex(), case.entry_typed(id))
}

/// An entry on one line; of a proposal only one part, where that is meant.
pub(super) fn in_a_line(case: &OpenCase, ix: Ix, subject: Option<u32>) -> String {
    let speech = Speech::of_case(case);
    let act = case.record.laid_open(ix);
    let subjects = match &act {
        Act::Propose(proposal) | Act::Counter { proposal, .. } => proposal.subjects.as_slice(),
        _ => &[],
    };
    match subject.and_then(|n| subjects.get(n as usize)) {
        Some(subject) => render::subject_in_a_line(&speech, subject),
        None => render::sentence(&speech, &case.party_label(&case.record.graph().statement(ix).party), &act),
    }
}

/// The way to an entry, with what it says in a line.
pub(super) fn way_in(case: &OpenCase, ix: Ix) -> Way {
    let id = case.record.graph().id(ix);
    let words = Markup::default().say(&case.entry_name(&id)).say("  ").peer(&in_a_line(case, ix, None));
    Way { path: entry_path(case, &id), words }
}

/// Everything of ours that some steps could be about now.
pub(super) fn movable(at: &At<'_>, steps: &[&str]) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for made in outlook::moves(at.case, &at.case.own).iter().filter(|m| steps.contains(&m.step.as_str())) {
        let reference = outlook::reference(at.case, made);
        let Some(ix) = at.case.record.graph().find(&made.about) else { continue };
        let way = way(at.path, &reference, &in_a_line(at.case, ix, Some(made.subject)));
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways
}

/// Some entries to choose among.
pub(super) fn listed(at: &At<'_>, entries: Vec<Ix>) -> Vec<Way> {
    let one = |ix: Ix| {
        let id = at.case.record.graph().id(ix);
        way(at.path, &at.case.entry_name(&id), &in_a_line(at.case, ix, None))
    };
    entries.into_iter().map(one).collect()
}

fn way(path: &str, reference: &str, words: &str) -> Way {
    let typed = reference.trim_start_matches('#');
    let words = Markup::default().say(reference).say("  ").peer(words);
    Way { path: format!("{path}?about={typed}"), words }
}

/// The form of a kind, about something.
pub(crate) fn form(case: &OpenCase, kind: &str, about: &str) -> String {
    format!("/case/{}/do/{kind}?about={}", case.id.to_hex(), escaped(about.trim_start_matches('#')))
}

/// The form that makes a move; nothing for what is begun anew in place of it.
pub(crate) fn form_of(case: &OpenCase, made: &Move) -> Option<String> {
    let about = outlook::reference(case, made);
    Some(match (made.step, &made.key) {
        (Step::Propose, SubjectKey::Action(_)) => form(case, "amend", &about),
        (Step::Propose, SubjectKey::Item(key)) => {
            format!("/case/{}/do/agree-item?key={}", case.id.to_hex(), escaped(key))
        }
        (Step::Propose, _) => return None,
        (Step::Cancel(clause), _) => format!("{}&clause={}", form(case, "cancel", &about), clause + 1),
        (step, _) => form(case, step.as_str(), &about),
    })
}

/// The way to the form that makes a move, in words.
pub(crate) fn way_to(case: &OpenCase, made: &Move) -> Option<Way> {
    let path = form_of(case, made)?;
    let words = outlook::in_words(made.step, &outlook::reference(case, made));
    let mut letters = words.chars();
    let words: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    Some(Way { path, words: Markup::default().peer(&words) })
}

/// The latest entries that fit, the latest first.
pub(super) fn latest(case: &OpenCase, fits: impl Fn(Ix) -> bool) -> Vec<Ix> {
    let ordered = case.record.graph().ordered();
    ordered.into_iter().rev().filter(|ix| case.lens().has(*ix) && fits(*ix)).take(LISTED).collect()
}

pub(super) fn is_own(case: &OpenCase, ix: Ix) -> bool {
    case.record.graph().statement(ix).party == case.own
}

/// The seats that two parties were let in to.
pub(super) fn contended(case: &OpenCase) -> Vec<(Seat, Vec<(EntryId, String)>)> {
    let twice = case.seats.iter().filter(|seat| seat.parties.len() > 1);
    let admits = |seat: &Seat| {
        let all = case.record.graph().ordered().into_iter().filter(|ix| case.lens().has(*ix));
        let of_seat = all.filter_map(|ix| match case.record.fold().act(ix) {
            Act::Admit { party, seat: admitted, .. } if admitted == seat => {
                Some((case.record.graph().id(ix), counterpart_core::id::short_form(&party.0)))
            }
            _ => None,
        });
        of_seat.collect()
    };
    twice.map(|seat| (seat.seat, admits(&seat.seat))).collect()
}

/// An entry as it is found by what was typed.
pub(super) fn entry(case: &OpenCase, typed: &str) -> counterpart_words::error::Done<Target> {
    case.entry(typed)
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        act::{Role, SeatOffer},
        value::Sealable,
    };
    use counterpart_node::{Desk, now};
    use counterpart_words::terms::{free_terms, proposal};

    use super::*;

    /// The letters that tell entries of one number apart may begin with a digit: of every 32 entries one is such that
    /// "2" means it as a whole, too.
    #[test]
    fn a_part_is_the_part_whatever_the_letters_of_its_entry() {
        let home = tempfile::tempdir().expect("a folder");
        Desk::init(home.path()).expect("an identity");
        let desk = Desk::open(home.path()).expect("it opens");
        let seat = |role, name: &str| SeatOffer { role, label: Sealable::Open(name.to_owned()) };
        let open = desk.open_act("x", seat(Role::Customer, "a"), vec![seat(Role::Supplier, "b")], "UTC", None);
        let id = desk.new_case(&open, now()).expect("opened").to_hex();
        for _ in 0..1000 {
            let mut case = OpenCase::open(&desk, &id).expect("it opens");
            let topics = ["one", "two"].map(|title| free_terms(&case, title, "text").expect("terms"));
            let act = Act::Propose(proposal(&case, topics.into(), None, None));
            let signed = desk.sign_on(&case.id, &mut case.record, &act, now()).expect("signed");
            let case = OpenCase::open(&desk, &id).expect("it opens");
            let (name, ix) = (case.entry_typed(&signed.id), case.record.graph().find(&signed.id).expect("it is there"));
            let typed = format!("{name}-2");
            assert_eq!(part(&case, &typed), Some((ix, 1)));
            assert_eq!(reference(&case, &format!("#{typed}")), format!("{name}/2"));
            assert_eq!(reference(&case, &format!("{name}-3")), format!("{name}-3"), "it has no such part");
            assert_eq!(reference(&case, "1-1"), "1-1", "nor has what is no bundle");
            if case.names.find(&typed).is_ok() {
                return;
            }
        }
        unreachable!("of a thousand entries none has letters that begin with 2");
    }
}
