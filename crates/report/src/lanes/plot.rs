//! Where everything stands in the picture.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, btree_map::Entry},
};

use counterpart_core::{
    act::Act,
    fold::{ActionState, InForce, Position},
    graph::Ix,
    id::{EntryId, PartyId, short_form},
    value::{ActionId, Seat},
    view::ActionView,
};

use super::{
    Bar, COLUMNS, Column, Due, Lane, Mark, Order, Picture, Row, Shape, fitted,
    short::{merges, told, word},
};
use crate::{
    actions::Action,
    teller::Teller,
    timeline::one_of_two,
    words::{EntryName, Words, say},
};

pub(crate) fn picture(teller: &Teller<'_>, actions: &[Action], by: Order) -> Picture {
    let lanes = Lanes::of(teller);
    let mut order = told_order(teller);
    let bars = bars(teller, &lanes, &order);
    if by == Order::Time {
        // Stable: of one time the order of steps decides.
        order.sort_by_key(|ix| teller.record.graph().statement(*ix).at);
    }
    let mut columns = Vec::new();
    let mut left_out = Vec::new();
    let mut n = 0;
    while let Some(ix) = order.get(n).copied() {
        let act = teller.record.fold().act(ix);
        let Some((word, shape)) = word(act) else {
            left_out.push(teller.name(ix));
            n += 1;
            continue;
        };
        let same = |other: &&Ix| {
            let graph = teller.record.graph();
            let next = teller.record.fold().act(**other);
            next.kind() == act.kind() && graph.statement(**other).party == graph.statement(ix).party
        };
        let plain = |ix: &Ix| teller.lens().has(*ix);
        let run = if merges(act) && plain(&ix) {
            order[n..].iter().take_while(same).take_while(|ix| plain(ix)).count()
        } else {
            1
        };
        columns.push(column(teller, &lanes, &bars, &order[n..n + run], word, shape));
        n += run;
    }
    for due in dues(teller, actions) {
        insert(teller, &lanes, &mut columns, due);
    }
    date(&mut columns);
    let mut rows = Vec::new();
    let mut rest = columns.into_iter().peekable();
    while rest.peek().is_some() {
        rows.push(Row { number: rows.len() + 1, columns: rest.by_ref().take(COLUMNS).collect() });
    }
    Picture { lanes: lanes.shown, rows, left_out }
}

/// What decides whose turn it is: the earlier time, then the agreed order.
type Turn = Reverse<(i64, (u32, EntryId))>;

/// Causes before effects, and where neither rests on the other by the times that their authors claim.
fn told_order(teller: &Teller<'_>) -> Vec<Ix> {
    let graph = teller.record.graph();
    let counted = graph.ordered();
    let rank = |ix: Ix| Reverse((graph.statement(ix).at, graph.order(ix)));
    let mut missing = vec![0_usize; graph.len()];
    let mut after: Vec<Vec<Ix>> = vec![Vec::new(); graph.len()];
    for ix in &counted {
        for dep in graph.statement(*ix).deps.iter().filter_map(|dep| graph.find(dep)).filter(|dep| graph.counts(*dep)) {
            missing[ix.at()] += 1;
            after[dep.at()].push(*ix);
        }
    }
    let ready = counted.iter().copied().filter(|ix| missing[ix.at()] == 0);
    let mut ready: BinaryHeap<(Turn, Ix)> = ready.map(|ix| (rank(ix), ix)).collect();
    let mut order = Vec::with_capacity(counted.len());
    while let Some((_, ix)) = ready.pop() {
        order.push(ix);
        for next in &after[ix.at()] {
            missing[next.at()] -= 1;
            if missing[next.at()] == 0 {
                ready.push((rank(*next), *next));
            }
        }
    }
    order
}

/// Writes a day where it is another than before, and at the beginning of each row.
fn date(columns: &mut [Column]) {
    for row in columns.chunks_mut(COLUMNS) {
        let year = row.first().and_then(|column| column.at.year);
        let mut before = String::new();
        for column in row {
            if column.at.day != before {
                let other_year = column.at.year.filter(|own| Some(*own) != year);
                let short = &column.at.short_day;
                column.day =
                    Some(other_year.map_or_else(|| short.clone(), |own| format!("{short} {:02}", own.rem_euclid(100))));
                before.clone_from(&column.at.day);
            }
        }
    }
}

/// The lanes, and whose they are.
struct Lanes {
    shown: Vec<Lane>,
    of_party: BTreeMap<PartyId, usize>,
    of_seat: BTreeMap<Seat, Vec<usize>>,
}

impl Lanes {
    fn of(teller: &Teller<'_>) -> Self {
        let mut lanes = Self { shown: Vec::new(), of_party: BTreeMap::new(), of_seat: BTreeMap::new() };
        for seat in &teller.view.seats {
            if seat.parties.is_empty() {
                lanes.of_seat.insert(seat.seat, vec![lanes.shown.len()]);
                lanes.add(&teller.seat(&seat.seat), seat.role.as_str());
            }
            for party in &seat.parties {
                let known = lanes.of_party.get(party).copied();
                let lane = known.unwrap_or_else(|| lanes.add(&teller.party(party), seat.role.as_str()));
                lanes.of_party.insert(*party, lane);
                lanes.of_seat.entry(seat.seat).or_default().push(lane);
            }
        }
        let graph = teller.record.graph();
        for party in graph.ordered().into_iter().map(|ix| graph.statement(ix).party) {
            if let Entry::Vacant(free) = lanes.of_party.entry(party) {
                let who = teller.party(&party);
                lanes.shown.push(Lane { label: fitted(&who), who, role: "no seat" });
                free.insert(lanes.shown.len() - 1);
            }
        }
        lanes.tell_apart();
        lanes
    }

    /// Names that were cut to the same get the short form of their identity in place of their second line.
    fn tell_apart(&mut self) {
        let labels: Vec<Vec<String>> = self.shown.iter().map(|lane| lane.label.clone()).collect();
        for (party, lane) in &self.of_party {
            if labels.iter().filter(|label| **label == labels[*lane]).count() > 1 {
                let label = &mut self.shown[*lane].label;
                label.truncate(1);
                label.push(short_form(party.as_bytes()));
            }
        }
    }

    fn add(&mut self, who: &str, role: &'static str) -> usize {
        self.shown.push(Lane { label: fitted(who), who: who.to_owned(), role });
        self.shown.len() - 1
    }

    fn of_seats(&self, seats: impl IntoIterator<Item = Seat>) -> Vec<usize> {
        let mut lanes: Vec<usize> =
            seats.into_iter().filter_map(|seat| self.of_seat.get(&seat)).flatten().copied().collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }

    fn names(&self, lanes: &[usize]) -> Words {
        Words::new().listed(lanes.iter().filter_map(|lane| Some(Words::new().who(&self.shown.get(*lane)?.who))))
    }
}

fn column(
    teller: &Teller<'_>,
    lanes: &Lanes,
    bars: &BTreeMap<Ix, Bar>,
    run: &[Ix],
    word: &'static str,
    shape: Shape,
) -> Column {
    let graph = teller.record.graph();
    let (first, last) = (run[0], run[run.len() - 1]);
    let party = graph.statement(first).party;
    let names: Vec<EntryName> = run.iter().map(|ix| teller.name(*ix)).collect();
    let counts = teller.lens().has(first);
    let below = match names.as_slice() {
        [one] => one.shown.clone(),
        [first, .., last] => format!("{}\u{2013}{}", first.shown, last.shown.trim_start_matches('#')),
        [] => String::new(),
    };
    let word = if run.len() > 1 { format!("{} {}", run.len(), several(word)) } else { word.to_owned() };
    let says = match run {
        [one] => told(teller, *one),
        _ => {
            let keys = run.iter().filter_map(|ix| match teller.record.fold().act(*ix) {
                Act::Item { key, .. } => Some(Words::new().quote(key)),
                _ => None,
            });
            let keys: Vec<Words> = keys.collect();
            match keys.is_empty() {
                true => say(format!("puts {} files on record", run.len())),
                false => say("states ").listed(keys),
            }
        }
    };
    let says = if counts { says } else { says.say(" (without effect)") };
    let bar = bars.get(&last).cloned();
    let makes = bar
        .as_ref()
        .map_or_else(Words::new, |bar| say(format!("{} {}: ", bar.word, bar.about)).then(lanes.names(&bar.lanes)));
    let lane = lanes.of_party.get(&party).copied().unwrap_or(0);
    let twice = one_of_two(teller, first);
    let note = if twice { Some("one of two") } else { Some("no effect").filter(|_| !counts) };
    let says = if twice { says.say(" (one of two entries at one position)") } else { says };
    Column {
        entries: names,
        at: teller.time(graph.statement(first).at),
        day: None,
        marks: vec![Mark { lane, shape, word, below, counts, note }],
        bar,
        who: teller.party(&party),
        says,
        makes,
    }
}

fn several(word: &str) -> &str {
    match word {
        "states" => "items",
        "file" => "files",
        other => other,
    }
}

/// What came about by which entry: the last signature of an agreement, the approval that completed it, its end.
fn bars(teller: &Teller<'_>, lanes: &Lanes, order: &[Ix]) -> BTreeMap<Ix, Bar> {
    let (graph, fold, lens) = (teller.record.graph(), teller.record.fold(), teller.lens());
    let mut bars = BTreeMap::new();
    let mut place = vec![0; graph.len()];
    for (n, ix) in order.iter().enumerate() {
        place[ix.at()] = n;
    }
    let last = |of: Vec<Ix>| of.into_iter().max_by_key(|ix| place[ix.at()]);
    let mut put = |at: Option<Ix>, word: &'static str, about: String, joins: Vec<usize>| {
        let Some(at) = at else { return };
        let bar = bars.entry(at).or_insert_with(|| Bar { word, about: about.clone(), lanes: Vec::new() });
        if bar.about != about && !bar.about.split(' ').any(|one| one == about) {
            bar.about = format!("{} {about}", bar.about);
        }
        bar.lanes.extend(joins);
        bar.lanes.sort_unstable();
        bar.lanes.dedup();
    };
    for revision in graph.ordered().into_iter().filter(|ix| lens.has(*ix)) {
        let Some(proposal) = fold.proposal(revision).filter(|p| p.signers.len() > 1) else { continue };
        if lens.fully_signed(revision) {
            let changes = proposal.subjects.iter().any(|s| s.base.is_some());
            let word = if changes { "changed" } else { "agreed" };
            let joins = lanes.of_seats(proposal.signers.iter().copied());
            put(last(lens.signatures(revision)), word, teller.name(revision).shown, joins);
        }
    }
    for action in &teller.view.actions {
        let name = || teller.part(&action.id.proposal, action.id.index).shown;
        let signers = || fold.proposal(action.status.revision).map_or(&[][..], |p| &p.signers).iter().copied();
        if let Some((decide, outcome)) = lens.decision(&action.key) {
            let arbiter = lanes.of_party.get(&graph.statement(decide).party).copied();
            let mut joins = lanes.of_seats(signers());
            joins.extend(arbiter);
            let ends = action.status.decision == Some(decide);
            put(Some(decide).filter(|_| ends), decided(outcome), name(), joins);
        }
        match (&action.status.in_force, action.status.state) {
            (_, ActionState::Completed) => {
                let declare = lens.completion(&action.key);
                let approvals = declare.map(|declare| {
                    let about = lens.about(&graph.id(declare));
                    about.filter(|ix| matches!(fold.act(*ix), Act::Approve { .. })).collect::<Vec<_>>()
                });
                put(approvals.and_then(last), "done", name(), lanes.of_seats(signers()));
            }
            (InForce::One { position: Position::End(_), names }, _) => {
                let request = names.first().and_then(|id| graph.find(id));
                let granted = request.map(|request| {
                    let about = lens.about(&graph.id(request));
                    let allows = about.filter(|ix| matches!(fold.act(*ix), Act::Allow { .. }));
                    allows.chain([request]).collect::<Vec<_>>()
                });
                put(granted.and_then(last), "ended", name(), lanes.of_seats(signers()));
            }
            _ => {}
        }
    }
    bars
}

fn decided(outcome: counterpart_core::act::Outcome) -> &'static str {
    use counterpart_core::act::Outcome;
    match outcome {
        Outcome::Completed => "done",
        Outcome::Cancelled => "off",
        Outcome::Agreed => "stands",
    }
}

/// A due time, and the lanes of those who were to keep it.
struct Promised {
    due: Due,
    performers: Vec<Seat>,
    what: Words,
}

/// The due times of what was agreed, those apart that were changed before they came.
fn dues(teller: &Teller<'_>, actions: &[Action]) -> Vec<Promised> {
    let told: BTreeMap<ActionId, &Action> =
        actions.iter().map(|a| (ActionId { proposal: a.id, index: a.index }, a)).collect();
    let of = |view: &ActionView| told.get(&view.id).map(|action| due_of(teller, view, action)).unwrap_or_default();
    let mut found: Vec<Promised> = teller.view.actions.iter().flat_map(of).collect();
    found.sort_by_key(|promised| promised.due.at);
    found
}

fn due_of(teller: &Teller<'_>, view: &ActionView, action: &Action) -> Vec<Promised> {
    let (graph, fold, lens) = (teller.record.graph(), teller.record.fold(), teller.lens());
    let signed_at = |revision: Ix| {
        let last = lens.signatures(revision).into_iter().max_by_key(|ix| graph.order(*ix));
        last.map(|ix| graph.statement(ix).at)
    };
    let agreed: Vec<Ix> =
        fold.revisions_of(&view.key).iter().copied().filter(|r| lens.has(*r) && lens.fully_signed(*r)).collect();
    let mut found: Vec<Promised> = Vec::new();
    for (n, revision) in agreed.iter().copied().enumerate() {
        let Some(terms) = teller.terms_in(revision, &view.key) else { continue };
        let from = teller.record.agreed_at(revision);
        let Some(at) = terms.due.as_ref().and_then(|due| teller.due_at(due, from)) else { continue };
        let replaced = agreed.get(n + 1).and_then(|next| signed_at(*next));
        if replaced.is_some_and(|replaced| replaced <= at) || found.iter().any(|p| p.due.at == at) {
            continue;
        }
        let due = Due { at, about: action.name.clone(), word: became(teller, view, revision, at) };
        let performers = terms.performers.iter().map(|p| p.seat).collect();
        found.push(Promised { due, performers, what: action.what.clone() });
    }
    found
}

/// What had become of it when it was due, by what was signed.
fn became(teller: &Teller<'_>, view: &ActionView, revision: Ix, due: i64) -> &'static str {
    let (graph, fold) = (teller.record.graph(), teller.record.fold());
    let recorded =
        view.status.missed.iter().any(|ix| matches!(fold.act(*ix), Act::Missed { due: at, .. } if *at == due));
    let declared = view.status.declare.map(|ix| graph.statement(ix).at);
    let ended = matches!(view.status.state, ActionState::Cancelled | ActionState::Stopped);
    match declared {
        _ if recorded => "missed",
        Some(at) if at <= due => "in time",
        Some(_) if view.status.revision == revision => "late",
        _ if ended => "ended",
        _ if due > teller.made_at => "to come",
        _ => "passed",
    }
}

/// Puts a due time behind the last column of before.
fn insert(teller: &Teller<'_>, lanes: &Lanes, columns: &mut Vec<Column>, promised: Promised) {
    let Promised { due, performers, what } = promised;
    let place = columns.iter().rposition(|c| c.at.at <= due.at).map_or(0, |n| n + 1);
    let in_lanes = lanes.of_seats(performers);
    let mark = |lane: &usize| Mark {
        lane: *lane,
        shape: Shape::Due,
        word: format!("due {}", due.about.shown),
        below: due.word.to_owned(),
        counts: true,
        note: None,
    };
    columns.insert(
        place,
        Column {
            entries: Vec::new(),
            at: teller.time(due.at),
            day: None,
            marks: in_lanes.iter().map(mark).collect(),
            bar: None,
            who: lanes.names(&in_lanes).plain(),
            says: say("had until then for ").entry(due.about.clone()).say(", ").then(what),
            makes: say(due.word),
        },
    );
}
