//! What each side can do now, what is waited for, and what follows from doing nothing.

mod acts;
mod commands;
mod silence;

pub use acts::{Signable, act, erasing_acts};
pub use commands::{command, commands, erasing, is_typed};
pub use silence::{follows_in_words, is_alleged};

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    fold::{ActionState, InForce, Position, SubjectKey},
    graph::Ix,
    id::{EntryId, PartyId},
    value::Seat,
    view::{CaseState, Expected, Follows, Move, SeatView, Step, View, Waiting},
};
use counterpart_node::due_instant;

use self::commands::each_once;
use super::{
    Speech,
    aside::{late_answer, late_by_own_clock},
    listed, sentence, subject_in_a_line, to_do, wrapped,
};
use crate::{
    case::OpenCase,
    render::line,
    style::{Style, styled},
    when,
};

/// One side: what it is waited for, and what it may do besides.
#[derive(Debug)]
pub struct Side {
    pub seat: Seat,
    pub party: Option<PartyId>,
    pub own: bool,
    pub awaited: Vec<Awaited>,
    /// Possible, and waited for by nobody.
    pub others: Vec<Move>,
}

/// A move that is waited for.
#[derive(Debug)]
pub struct Awaited {
    pub waiting: Waiting,
    /// The acts that would make it.
    pub moves: Vec<Move>,
    pub follows: Vec<Follows>,
}

/// Every side that may do something or is waited for, the own one first; or only one seat.
pub fn outlook(case: &OpenCase, only: Option<Seat>) -> Vec<Side> {
    let wanted = |s: &&SeatView| only.is_none_or(|seat| seat == s.seat);
    let mut seats: Vec<&SeatView> = case.seats.iter().filter(wanted).collect();
    seats.sort_by_key(|s| !case.is_own_seat(&s.seat));
    seats.into_iter().map(|s| side(case, s)).collect()
}

fn side(case: &OpenCase, seat: &SeatView) -> Side {
    let party = seat.parties.first().copied();
    let view = case.view();
    let mut others = party.map(|p| moves(case, &p)).unwrap_or_default();
    let waits = view.waiting.iter().filter(|w| w.seat == seat.seat);
    let awaited = waits
        .map(|waiting| {
            let (moves, rest) = others.drain(..).partition(|m| case.record.makes(m, waiting));
            others = rest;
            Awaited { waiting: waiting.clone(), moves, follows: case.record.follows(waiting, &due_instant) }
        })
        .collect();
    Side { seat: seat.seat, party, own: case.is_own_seat(&seat.seat), awaited, others }
}

/// Some of the moves that are waited for, with what makes them and what follows from doing nothing. Nothing else is
/// looked at: of a large case a page shows but a few.
pub fn awaited(case: &OpenCase, waits: &[Waiting]) -> Vec<Awaited> {
    let mut keys: Vec<SubjectKey> = waits.iter().flat_map(|waiting| matters_of(case, waiting)).collect();
    keys.sort_unstable();
    keys.dedup();
    let parties: BTreeSet<PartyId> = waits.iter().filter_map(|waiting| waiting.party).collect();
    let possible: BTreeMap<PartyId, Vec<Move>> =
        parties.into_iter().map(|party| (party, moves_on(case, &party, &keys))).collect();
    let one = |waiting: &Waiting| {
        let of_party = waiting.party.and_then(|party| possible.get(&party));
        let moves = of_party.into_iter().flatten().filter(|m| case.record.makes(m, waiting)).cloned().collect();
        Awaited { waiting: waiting.clone(), moves, follows: case.record.follows(waiting, &due_instant) }
    };
    waits.iter().map(one).collect()
}

/// The matters that a move waited for is about.
pub fn matters_of(case: &OpenCase, waiting: &Waiting) -> Vec<SubjectKey> {
    let about = waiting.about.and_then(|id| case.record.graph().find(&id));
    about.map(|ix| matters_of_entry(case, ix)).unwrap_or_default()
}

/// The actions that somebody is to do, or to do again: of a bundle their own parts alone, because each is declared by
/// itself. Nothing where something else is waited for.
pub fn to_be_done(case: &OpenCase, waiting: &Waiting) -> Vec<SubjectKey> {
    let Some(ix) = waiting.about.and_then(|id| case.record.graph().find(&id)) else { return Vec::new() };
    let lens = case.lens();
    match waiting.expected {
        Expected::Rework => lens.declared(ix).map(|(_, key)| key).into_iter().collect(),
        Expected::Perform => {
            let keys = case.record.fold().subject_keys(ix);
            let theirs = |key: &&SubjectKey| {
                let by = |seat: Seat| lens.terms(ix, key).is_some_and(|t| t.performers.iter().any(|p| p.seat == seat));
                let agreed = || lens.status(key).is_some_and(|s| s.state == ActionState::Agreed && s.revision == ix);
                keys.len() == 1 || (by(waiting.seat) && agreed())
            };
            keys.iter().filter(theirs).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// What a move that is waited for is about, as people call it: of what is to be done the actions, else the entry.
pub fn about_name(case: &OpenCase, waiting: &Waiting) -> Option<String> {
    let performed = Some(waiting).filter(|w| w.expected == Expected::Perform).map(|w| to_be_done(case, w));
    match performed.as_deref() {
        None | Some([]) => waiting.about.map(|id| case.entry_name(&id)),
        Some(keys) => Some(listed(keys.iter().map(|key| case.subject_name(key)))),
    }
}

/// The matters that an entry is about: those of a revision, else those it touches.
pub fn matters_of_entry(case: &OpenCase, entry: Ix) -> Vec<SubjectKey> {
    let fold = case.record.fold();
    let own = fold.subject_keys(entry);
    if !own.is_empty() {
        return own.to_vec();
    }
    match case.lens().declared(entry) {
        Some((_, key)) => vec![key],
        None => fold.touched_by(case.record.graph(), fold.act(entry)),
    }
}

/// What a party can do now on some matters.
pub fn moves_on(case: &OpenCase, party: &PartyId, keys: &[SubjectKey]) -> Vec<Move> {
    let view = case.view();
    let some = View {
        actions: view.actions.iter().filter(|a| keys.contains(&a.key)).cloned().collect(),
        matters: view.matters.iter().filter(|m| keys.contains(&m.key)).cloned().collect(),
        items: Vec::new(),
        waiting: Vec::new(),
        forks: Vec::new(),
        title: String::new(),
        zone: String::new(),
        heads: Vec::new(),
        seats: Vec::new(),
        ..*view
    };
    possible(case, &some, party)
}

/// What a party can do now: of our own, what this home's device may sign.
pub fn moves(case: &OpenCase, party: &PartyId) -> Vec<Move> {
    possible(case, case.view(), party)
}

fn possible(case: &OpenCase, view: &View, party: &PartyId) -> Vec<Move> {
    let mut moves = match case.author.filter(|_| *party == case.own) {
        Some(author) => case.record.moves_by(view, party, vec![author], case.now, &due_instant),
        None => case.record.moves(view, party, case.now, &due_instant),
    };
    // No receipt proves to have come in time what came too late by its own clock.
    let late = |id: &EntryId| case.record.graph().find(id).is_some_and(|ix| late_by_own_clock(case, ix));
    moves.retain(|made| made.step != Step::Prove || !late(&made.about));
    moves
}

/// Everything `counterpart next` prints, for so many columns.
pub fn next(case: &OpenCase, sides: &[Side], columns: usize) -> String {
    let mut out =
        vec![wrapped("", &format!("{} ({})", styled(Style::Strong, &line(&case.title)), case.short()), columns)];
    if let CaseState::Closed(ix) = case.view().state {
        let name = case.entry_name(&case.record.graph().id(ix));
        let closed = format!("Closed by agreement ({name}): nothing is waited for. Whatever is done now reopens it.");
        out.push(wrapped("", &closed, columns));
    }
    for side in sides {
        out.push(String::new());
        out.extend(side_lines(case, side, columns));
    }
    if sides.iter().any(|s| s.own) {
        let against = super::contested::lines(case, None, columns);
        if !against.is_empty() {
            out.push(String::new());
            out.push(styled(Style::Strong, "Contested"));
            out.extend(against);
        }
        let free = format!(
            "At any time: counterpart propose, item, call, contact, note, attach, thank or remind {} ...",
            case.short()
        );
        out.push(String::new());
        out.push(wrapped("", &styled(Style::Faint, &free), columns));
    }
    out.join("\n")
}

fn side_lines(case: &OpenCase, side: &Side, columns: usize) -> Vec<String> {
    let label = case.seat_label(&side.seat);
    let mut out = Vec::new();
    let head = match (side.own, side.awaited.is_empty(), side.party.is_none()) {
        (true, false, _) => format!("Your move, {label}"),
        (true, true, _) => format!("{label}, nothing is waited for from you"),
        (false, false, true) => format!("Waiting for {label}, who has not joined yet"),
        (false, false, false) => format!("Waiting for {label}"),
        (false, true, true) => format!("{label} has not joined yet"),
        (false, true, false) => format!("Nothing is waited for from {label}"),
    };
    out.push(wrapped("", &styled(Style::Strong, &head), columns));
    for awaited in &side.awaited {
        out.extend(awaited_lines(case, side, awaited, columns));
    }
    if side.party.is_none() && case.opener == case.own {
        let invite = format!("counterpart invite {}   makes a link to send them", case.short());
        out.push(wrapped("  ", &styled(Style::Faint, &invite), columns));
    }
    let groups = grouped(case, &side.others);
    if side.own && !groups.is_empty() {
        out.push("  You can also".to_owned());
        for (step, refs) in &groups {
            let command = match refs.as_slice() {
                [one] => command(case, *step, one),
                _ => command(case, *step, "REF"),
            };
            out.push(wrapped("    ", &in_words(*step, &listed(refs.iter().cloned())), columns));
            out.push(wrapped("      ", &styled(Style::Faint, &command), columns));
        }
    } else if !groups.is_empty() {
        let told = groups.iter().map(|(step, refs)| in_words(*step, &listed(refs.iter().cloned())));
        let lead = if side.awaited.is_empty() { "They can: " } else { "They can also: " };
        out.push(wrapped("  ", &format!("{lead}{}.", told.collect::<Vec<_>>().join("; ")), columns));
    }
    out
}

fn awaited_lines(case: &OpenCase, side: &Side, awaited: &Awaited, columns: usize) -> Vec<String> {
    let mut out = vec![wrapped("  ", &awaited_in_words(case, &awaited.waiting), columns)];
    if side.own {
        for command in commands(case, &awaited.moves).into_iter().chain(erasing(case, &awaited.waiting)) {
            out.push(wrapped("    ", &styled(Style::Faint, &command), columns));
        }
    } else if !awaited.moves.is_empty() {
        // A bundle is answered once, whatever number of parts it has.
        let told = each_once(awaited.moves.iter().map(|m| in_words(m.step, &reference(case, m))));
        out.push(wrapped("    ", &format!("They can {}.", one_of(told)), columns));
    }
    for told in follows_in_words(case, awaited, true) {
        out.push(wrapped("    ", &told, columns));
    }
    out
}

/// A move that is waited for, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedWords {
    pub to_do: String,
    pub since: String,
    /// What it is about, or between what to choose; empty where that is nothing on record.
    pub about: Vec<String>,
}

/// What is waited for, about what, and since when.
pub fn awaited_in_words(case: &OpenCase, waiting: &Waiting) -> String {
    let AwaitedWords { to_do, since, about } = awaited_words(case, waiting);
    match about.as_slice() {
        [] => format!("{to_do}, since {since}"),
        _ => format!("{to_do}, since {since}: {}", one_of(about)),
    }
}

/// The same in its parts.
pub fn awaited_words(case: &OpenCase, waiting: &Waiting) -> AwaitedWords {
    // What is to be done keeps its name when its terms change.
    let usual = || to_do(waiting.expected, about_name(case, waiting).as_deref());
    let to_do = capital(&late_answer(case, waiting).unwrap_or_else(usual));
    let since = when::show_short(waiting.since, case.zone(), case.now);
    let speech = Speech::of_case(case);
    let told = |ix: Ix| {
        let author = case.party_label(&case.record.graph().statement(ix).party);
        let proposal = case.record.fold().proposal(ix).filter(|_| waiting.expected == Expected::Perform);
        match proposal {
            Some(p) => {
                let (keys, theirs) = (case.record.fold().subject_keys(ix), to_be_done(case, waiting));
                let parts = keys.iter().zip(&p.subjects).filter(|(key, _)| theirs.is_empty() || theirs.contains(key));
                parts.map(|(_, subject)| subject_in_a_line(&speech, subject)).collect::<Vec<_>>().join("; ")
            }
            None => sentence(&speech, &author, &case.record.laid_open(ix)),
        }
    };
    let found = waiting.about.and_then(|id| case.record.graph().find(&id));
    match (waiting.expected, found) {
        (_, None) => AwaitedWords { to_do, since, about: Vec::new() },
        (Expected::Choose, Some(ix)) => {
            let rivals = crossed(case, ix).map_or_else(Vec::new, |(rivals, _)| rivals);
            let each = rivals.into_iter().map(|rival| format!("{}: {}", entry(case, rival), told(rival)));
            let to_do = "Choose between agreements that crossed".to_owned();
            AwaitedWords { to_do, since, about: each.collect() }
        }
        (_, Some(ix)) => AwaitedWords { to_do, since, about: vec![told(ix)] },
    }
}

fn entry(case: &OpenCase, ix: Ix) -> String {
    case.entry_name(&case.record.graph().id(ix))
}

/// The entries that name what crossed on a matter of a revision, and what stays meanwhile.
fn crossed(case: &OpenCase, revision: Ix) -> Option<(Vec<Ix>, Option<Ix>)> {
    let lens = case.lens();
    case.record.fold().subject_keys(revision).iter().find_map(|key| match lens.in_force(key) {
        InForce::Crossed { rivals, stays } => {
            let named = |p: &Position| case.record.graph().find(&lens.name(*p, key)).unwrap_or(p.revision());
            Some((rivals.iter().map(named).collect(), stays.map(|(position, _)| position.revision())))
        }
        _ => None,
    })
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// "a", "a or b", "a, b or c".
fn one_of(mut words: Vec<String>) -> String {
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
    }
}

/// The possible acts by kind, with what each may be about; what only programs would do is left out.
fn grouped(case: &OpenCase, moves: &[Move]) -> Vec<(Step, Vec<String>)> {
    let mut groups: Vec<(Step, Vec<String>)> = Vec::new();
    for made in moves {
        if !is_typed(case, made) {
            continue;
        }
        let reference = reference(case, made);
        match groups.iter_mut().find(|(step, _)| *step == made.step) {
            Some((_, refs)) if refs.contains(&reference) => {}
            Some((_, refs)) => refs.push(reference),
            None => groups.push((made.step, vec![reference])),
        }
    }
    groups.sort_by_key(|(step, _)| *step);
    groups
}

/// What a command calls it: the action as a whole, or the entry.
pub fn reference(case: &OpenCase, made: &Move) -> String {
    let of_matter = matches!(
        made.step,
        Step::Declare
            | Step::Progress
            | Step::Propose
            | Step::Release
            | Step::Reopen
            | Step::Stop
            | Step::Cancel(_)
            | Step::Missed
            | Step::Dispute
    );
    match &made.key {
        SubjectKey::Action(_) if of_matter => case.subject_name(&made.key),
        SubjectKey::Item(key) if made.step == Step::Propose => line(key),
        _ => case.entry_name(&made.about),
    }
}

fn typed(reference: &str) -> String {
    reference.trim_start_matches('#').to_owned()
}

/// A possible act in words.
pub fn in_words(step: Step, what: &str) -> String {
    match step {
        Step::Accept => format!("accept {what}"),
        Step::Counter => format!("offer other terms in place of {what}"),
        Step::Decline => format!("decline {what}"),
        Step::Confirm => format!("confirm {what}"),
        Step::Prove => format!("prove that {what} arrived in time"),
        Step::Declare => format!("declare {what} done"),
        Step::Approve => format!("approve {what}"),
        Step::Deem => format!("take {what} as accepted, by the terms' time for rejecting it"),
        Step::Reject => format!("reject {what}"),
        Step::Allow => format!("allow {what}"),
        Step::Refuse => format!("refuse {what}"),
        Step::Choose => format!("choose {what}"),
        Step::Ratify => format!("stand by {what}"),
        Step::Decide => format!("decide the dispute {what}"),
        Step::Concede => format!("give in to the dispute {what}"),
        Step::Settle => format!("settle the dispute {what}"),
        Step::Progress => format!("report progress on {what}"),
        Step::Propose => format!("propose other terms for {what}"),
        Step::Release => format!("ask to be released from {what}"),
        Step::Reopen => format!("ask to reopen {what}"),
        Step::Undeclare => format!("take back that it is done ({what})"),
        Step::Stop => format!("give {what} up, with reasons"),
        Step::Cancel(clause) => format!("cancel {what} under clause {} of its terms", clause + 1),
        Step::Missed => format!("record that the due time of {what} passed"),
        Step::Dispute => format!("dispute {what}"),
        Step::Withdraw => format!("take {what} back"),
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::{act::Act, view::Question};

    use super::*;
    use crate::{
        fixture::{Two, open},
        render::{self, layout::width},
    };

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// A case with something of everything, as the customer sees it.
    fn busy() -> OpenCase {
        let mut two = Two::new();
        let first = two.propose(0, "Mend the pipe\nand\u{200E} the wall behind it, which has been wet since May");
        two.accept(1, first);
        let declare = Act::Declare { revision: first, subject: 0, note: None, evidence: Vec::new() };
        let declare = two.act(1, &declare);
        two.act(0, &Act::Reject { declare, unmet: Vec::new(), reason: open("it still drips") });
        two.act(1, &Act::Release { of: first, reason: Some(open("the plumber we work with has left us")) });
        two.propose(1, "Paint the wall");
        two.seen_by(0)
    }

    #[test]
    fn what_is_waited_for_comes_with_the_commands_and_what_silence_means() {
        let case = busy();
        let told = plain(&next(&case, &outlook(&case, None), 400));
        let short = case.short();
        for part in [
            "Your move, party 0".to_owned(),
            format!("counterpart accept {short} 10"),
            "If you do nothing: nothing is agreed; silence binds nobody.".to_owned(),
            format!("counterpart allow {short} 9"),
            "If you do nothing: the agreement stays as it is; silence allows nothing.".to_owned(),
            "Waiting for party 1".to_owned(),
            "They can declare #5 done".to_owned(),
            "the terms say nothing of what follows".to_owned(),
        ] {
            assert!(told.contains(&part), "{part}\n{told}");
        }
        assert!(!told.contains("If they do nothing: nothing is agreed"), "{told}");
    }

    #[test]
    fn looking_at_a_few_finds_what_looking_at_all_does() {
        let case = busy();
        let all = outlook(&case, None);
        for side in &all {
            let waits: Vec<Waiting> = side.awaited.iter().map(|one| one.waiting.clone()).collect();
            let few = awaited(&case, &waits);
            assert_eq!(few.len(), side.awaited.len());
            for (one, known) in few.iter().zip(&side.awaited) {
                assert_eq!((&one.moves, &one.follows), (&known.moves, &known.follows), "{:?}", one.waiting);
                assert!(one.waiting.about.is_none() || !matters_of(&case, &one.waiting).is_empty());
            }
        }
        let party = case.own;
        let keys: Vec<SubjectKey> = case.view().actions.iter().map(|action| action.key.clone()).collect();
        for key in keys {
            let mut known = moves(&case, &party);
            known.retain(|made| made.key == key);
            assert_eq!(moves_on(&case, &party, &[key]), known);
        }
    }

    #[test]
    fn pages_name_no_commands() {
        let case = busy();
        let key = case.view().actions[0].key.clone();
        let mut sides = outlook(&case, None);
        let theirs = sides.iter_mut().filter(|side| !side.own).flat_map(|side| &mut side.awaited).next();
        let late = theirs.expect("somebody is waited for");
        late.follows = vec![Follows::Due { key, at: case.now - 1, recorded: false }];
        assert!(follows_in_words(&case, late, true)[0].contains("(counterpart missed"));
        let told = follows_in_words(&case, late, false);
        assert!(told[0].contains("you may record a miss.") && !told[0].contains("counterpart "), "{told:?}");
        assert!(render::delivered(&case, false).iter().all(|line| !line.contains('`')));
    }

    #[test]
    fn narrow_terminals_and_deceiving_texts_change_nothing() {
        let case = busy();
        let key = case.view().actions[0].key.clone();
        let why = case.record.why(Question::Subject(key));
        let people = case.record.people(case.view());
        for columns in [40, 80] {
            for told in [
                next(&case, &outlook(&case, None), columns),
                render::why(&case, &why, columns),
                render::people(&case, &people, &[], columns),
                render::ledger(&case, columns),
            ] {
                let told = plain(&told);
                assert!(told.lines().all(|l| width(l) <= columns), "{told}");
                assert!(!told.contains('\u{200E}'), "{told}");
            }
        }
    }

    #[test]
    fn the_closing_sentence_names_what_it_rests_on() {
        type Stage = fn(&mut Two) -> EntryId;
        let rows: [(Stage, &str); 5] = [
            (|two| two.propose(0, "Mend it"), "So it is proposed, because party 1 has not signed it."),
            (
                |two| {
                    let first = two.propose(0, "Mend it");
                    two.accept(1, first);
                    first
                },
                "So it is agreed, because party 0 (#5) and party 1 (#6) both signed the same terms, those of #5.",
            ),
            (
                |two| {
                    let first = two.propose(0, "Mend it");
                    two.act(1, &Act::Decline { revision: first, reason: None });
                    first
                },
                "So it is declined, because party 1 (#6) declined #5.",
            ),
            (
                |two| {
                    let first = two.propose(0, "Mend it");
                    two.accept(1, first);
                    let request = two.act(1, &Act::Release { of: first, reason: None });
                    two.act(0, &Act::Allow { request, note: None });
                    first
                },
                "So it is cancelled, because party 1 (#7) asked to be released from it and party 0 (#8) allowed it.",
            ),
            (
                |two| {
                    let first = two.propose(0, "Mend it");
                    two.accept(1, first);
                    two.act(1, &Act::Stop { revision: first, subject: 0, reason: open("no plumber") });
                    first
                },
                "So it is stopped, because party 1 (#7), who was to do it, gave it up: no plumber.",
            ),
        ];
        for (stage, sentence) in rows {
            let mut two = Two::new();
            stage(&mut two);
            let case = two.seen_by(0);
            let key = case.view().actions[0].key.clone();
            assert_eq!(render::conclusion(&case, &case.record.why(Question::Subject(key))), sentence);
        }
    }
}
