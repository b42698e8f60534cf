//! What was said by whom and when, as far as clocks are concerned.
//!
//! An author's own clock is a claim. An entry counts as made when it says, yet not before what it rests on. A device that
//! later signs an earlier time has had its clock put right: what it signed before counts from then at the latest. Receipts
//! would say more, and are left aside: the other side may hold others.

use std::collections::BTreeMap;

use counterpart_core::{
    act::{Act, Role},
    graph::Ix,
    id::{DeviceKey, EntryId},
    record::Record,
    value::Seat,
    view::View,
};

use super::{
    Pause,
    agreed::{KEY, PAUSE, Said},
};

/// Acts by which somebody says something to the other side. Seeing, acknowledging, receiving and what a machine does by
/// itself are none.
const ANSWERS: [&str; 23] = [
    "note",
    "contact",
    "attach",
    "item",
    "progress",
    "propose",
    "counter",
    "accept",
    "decline",
    "withdraw",
    "confirm",
    "declare",
    "undeclare",
    "approve",
    "reject",
    "stop",
    "cancel",
    "release",
    "allow",
    "refuse",
    "contest",
    "concede",
    "settle",
];

/// Acts that leave a closed case closed (R12).
const HARMLESS: [&str; 5] = ["seen", "acknowledge", "thank", "erased", "prove"];

/// The entries that clocks go by.
#[derive(Debug)]
pub(super) struct Told {
    /// Whose clocks they are.
    pub(super) by: Vec<Seat>,
    /// When the last of both sides signed.
    pub(super) began: i64,
    /// What those whose clocks they are said since the clocks were proposed, by time; none before they began.
    pub(super) answers: Vec<(i64, EntryId)>,
    pub(super) pauses: Vec<Pause>,
    times: Vec<i64>,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Theirs,
    Others,
}

/// Something that may stop the clocks or have them run on.
struct Word {
    at: i64,
    ix: Ix,
    side: Side,
    said: Option<Said>,
}

impl Told {
    /// Nothing where not both sides are to sign the agreement.
    pub(super) fn of(record: &Record, view: &View, revision: Ix, role: Role, now: i64) -> Option<Self> {
        let (graph, lens, fold) = (record.graph(), record.lens(), record.fold());
        let signers = &fold.proposal(revision)?.signers;
        let of_role = |seat: &Seat| view.seats.iter().any(|s| s.seat == *seat && s.role == role);
        let (by, others): (Vec<Seat>, Vec<Seat>) = signers.iter().copied().partition(of_role);
        if by.is_empty() || others.is_empty() {
            return None;
        }
        let times = times(record, now);
        let signatures = lens.signatures(revision);
        let began = signatures.iter().map(|ix| times[ix.at()]).max()?;
        let side = |ix: Ix| {
            let seats = fold.author_seats(ix);
            if seats.iter().any(|seat| by.contains(seat)) {
                Some(Side::Theirs)
            } else {
                seats.iter().any(|seat| others.contains(seat)).then_some(Side::Others)
            }
        };
        let mut words: Vec<Word> = Vec::new();
        for ix in graph.all() {
            let act = fold.act(ix);
            let fits = ANSWERS.contains(&act.kind()) && lens.has(ix) && !graph.in_past_or_same(ix, revision);
            if !fits || signatures.contains(&ix) {
                continue;
            }
            let said = match act {
                Act::Item { key, value, .. } if key == PAUSE => match Said::read(value) {
                    Some(said) => Some(said),
                    None => continue,
                },
                // What one side states of its own is no agreement, and no answer.
                Act::Item { key, .. } if key == KEY => continue,
                _ => None,
            };
            let Some(side) = side(ix) else { continue };
            words.push(Word { at: times[ix.at()], ix, side, said });
        }
        words.sort_by_key(|word| (word.at, graph.order(word.ix)));
        let answer = |word: &Word| word.side == Side::Theirs && word.said.is_none();
        let answers =
            words.iter().filter(|word| answer(word)).map(|word| (word.at.max(began), graph.id(word.ix))).collect();
        let pauses = pauses(record, &words);
        Some(Self { by, began, answers, pauses, times })
    }

    /// When an entry was made, as far as the entries tell; Unix milliseconds.
    pub(super) fn time(&self, ix: Ix) -> i64 {
        self.times[ix.at()]
    }

    pub(super) fn is_theirs(&self, record: &Record, ix: Ix) -> bool {
        record.fold().author_seats(ix).iter().any(|seat| self.by.contains(seat))
    }

    /// When something came that a closing did not cover.
    pub(super) fn first_outside(&self, record: &Record, closing: Ix) -> Option<i64> {
        let (graph, fold, lens) = (record.graph(), record.fold(), record.lens());
        let closes = graph.id(closing);
        let signs = |ix: Ix| matches!(fold.act(ix), Act::Accept { revision, .. } if *revision == closes);
        let outside = graph.all().filter(|ix| lens.has(*ix) && !graph.in_past_or_same(*ix, closing));
        let reopens = outside.filter(|ix| !signs(*ix) && !HARMLESS.contains(&fold.act(*ix).kind()));
        reopens.map(|ix| self.time(ix)).min()
    }
}

/// When each entry was made, by order of arrival.
fn times(record: &Record, now: i64) -> Vec<i64> {
    let graph = record.graph();
    // By device and position: the smallest time that it claims from there on.
    let mut claimed: BTreeMap<(DeviceKey, u32), i64> = BTreeMap::new();
    for ix in graph.all().filter(|ix| graph.counts(*ix)) {
        let statement = graph.statement(ix);
        let least = claimed.entry((statement.device, statement.seq)).or_insert(i64::MAX);
        *least = statement.at.min(*least);
    }
    let mut later: Option<(DeviceKey, i64)> = None;
    for ((device, _), at) in claimed.iter_mut().rev() {
        *at = later.filter(|(of, _)| of == device).map_or(*at, |(_, least)| least.min(*at));
        later = Some((*device, *at));
    }
    let mut times = vec![0; graph.len()];
    // Causes come before effects.
    for ix in graph.all() {
        let statement = graph.statement(ix);
        let own = claimed.get(&(statement.device, statement.seq)).copied().unwrap_or(statement.at);
        let rests_on = statement.deps.iter().filter_map(|dep| graph.find(dep)).map(|dep| times[dep.at()]).max();
        // What is here was made by now, whatever it says.
        times[ix.at()] = own.max(rests_on.unwrap_or(i64::MIN)).min(now);
    }
    times
}

/// The pauses, each ended by whoever says that the clocks run on, or by what those say whom one waits for: the other side.
/// `words` in order of time.
fn pauses(record: &Record, words: &[Word]) -> Vec<Pause> {
    let graph = record.graph();
    let mut pauses = Vec::new();
    for word in words {
        let Some(Said::Paused { reason }) = &word.said else { continue };
        let first = words.partition_point(|other| other.at < word.at);
        let ends = |other: &&Word| {
            let says = match &other.said {
                Some(Said::Running) => true,
                Some(Said::Paused { .. }) => false,
                None => other.side == Side::Others,
            };
            says && !graph.in_past_or_same(other.ix, word.ix)
        };
        let ended = words.iter().skip(first).find(ends).map(|end| (end.at, graph.id(end.ix)));
        let reason = counterpart_core::text::visible_line(reason).into_owned();
        pauses.push(Pause { entry: graph.id(word.ix), reason, from: word.at, ended });
    }
    pauses
}
