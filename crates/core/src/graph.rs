//! The statement graph: who knew what. Admitted entries, their causal pasts, heads, feeds and forks.
//!
//! Each entry carries a clock: for every lane (a feed, or a branch of a forked feed) how many of its entries are
//! in the entry's past. "Is y in the past of x" is then one comparison.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    change::{ChainEnd, Root},
    envelope::Verified,
    id::{CaseId, DeviceKey, EntryId, PartyId},
    statement::{Entry, KeyCitation, Statement},
};

/// An entry's place in this graph. Local: another copy numbers differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ix(u32);

impl Ix {
    fn new(n: usize) -> Self {
        Self(u32::try_from(n).expect("a case holds fewer than 2^32 entries"))
    }

    /// As a position in a table with one row an entry.
    #[must_use]
    pub fn at(self) -> usize {
        self.0 as usize
    }
}

/// A point in a party's key log that a past relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPoint {
    pub cited: KeyCitation,
    /// Rotations in the log up to there.
    pub rotations: u32,
}

impl KeyPoint {
    /// What decides between two points of one log; see [`crate::keylog::KeyEvent::rank`].
    #[must_use]
    pub fn rank(&self) -> (u32, u32) {
        (self.rotations, self.cited.position)
    }
}

/// The point in each party's key log that a past relies on.
pub type KeyPoints = BTreeMap<PartyId, KeyPoint>;

/// An admitted entry in its place.
#[derive(Debug)]
pub struct Node {
    pub entry: Entry<Verified>,
    /// 1 + the size of its past: the number people speak of as `#7`. Never changes, the same on every copy.
    pub number: u32,
    pub(crate) chain: ChainEnd,
    pub(crate) keys: Arc<KeyPoints>,
    lane: u32,
    index: u32,
    clock: Clock,
}

/// Entries per lane in a past, the entry itself included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Clock(Vec<u32>);

impl Clock {
    fn at(&self, lane: u32) -> u32 {
        self.0.get(lane as usize).copied().unwrap_or(0)
    }

    fn raise(&mut self, lane: u32, count: u32) {
        let lane = lane as usize;
        if self.0.len() <= lane {
            self.0.resize(lane + 1, 0);
        }
        self.0[lane] = self.0[lane].max(count);
    }

    fn join(&mut self, other: &Self) {
        for (lane, &count) in (0_u32..).zip(&other.0) {
            if count > 0 {
                self.raise(lane, count);
            }
        }
    }
}

#[derive(Debug)]
struct Lane {
    device: DeviceKey,
    party: PartyId,
    entries: Vec<Ix>,
    /// Leading entries that count; the rest belong to a surplus branch.
    counted: u32,
}

/// All admitted entries of one case.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    by_id: HashMap<EntryId, Ix>,
    lanes: Vec<Lane>,
    lanes_of: BTreeMap<DeviceKey, Vec<u32>>,
    /// More than one entry at a position of a feed; only such positions are listed.
    forks: BTreeMap<(DeviceKey, u32), Vec<Ix>>,
    /// The `admit` entries of each party; `open` admits the opener.
    admits: BTreeMap<PartyId, Vec<Ix>>,
    root: Option<Root>,
}

/// Claimed times, ready to be asked who claimed the earliest after an entry.
#[derive(Debug)]
pub(crate) struct EarliestTimes(Vec<Vec<i64>>);

/// What the past of a new statement would be: the join of its deps.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(crate) clock: Clock,
    pub(crate) keys: Arc<KeyPoints>,
}

impl Graph {
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    #[must_use]
    pub fn case(&self) -> Option<CaseId> {
        self.nodes.first().map(|n| n.entry.case)
    }

    pub(crate) fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    #[must_use]
    pub fn node(&self, ix: Ix) -> &Node {
        &self.nodes[ix.at()]
    }

    #[must_use]
    pub fn statement(&self, ix: Ix) -> &Statement {
        &self.node(ix).entry.statement
    }

    #[must_use]
    pub fn id(&self, ix: Ix) -> EntryId {
        self.node(ix).entry.id
    }

    #[must_use]
    pub fn find(&self, id: &EntryId) -> Option<Ix> {
        self.by_id.get(id).copied()
    }

    /// Every admitted entry in order of arrival, surplus branches included.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = Ix> + use<> {
        (0..self.nodes.len()).map(Ix::new)
    }

    /// The entries that count, in the order every copy agrees on: by number, then id. Causes come first.
    #[must_use]
    pub fn ordered(&self) -> Vec<Ix> {
        let mut all: Vec<Ix> = self.all().filter(|ix| self.counts(*ix)).collect();
        all.sort_unstable_by_key(|ix| self.order(*ix));
        all
    }

    /// The sorting key of the agreed order.
    #[must_use]
    pub fn order(&self, ix: Ix) -> (u32, EntryId) {
        let node = self.node(ix);
        (node.number, node.entry.id)
    }

    /// Whether `earlier` is in the past of `later` (not the same).
    #[must_use]
    pub fn in_past(&self, earlier: Ix, later: Ix) -> bool {
        earlier != later && self.covers(&self.node(later).clock, earlier)
    }

    /// Whether `earlier` is `later` or in its past.
    #[must_use]
    pub fn in_past_or_same(&self, earlier: Ix, later: Ix) -> bool {
        self.covers(&self.node(later).clock, earlier)
    }

    pub(crate) fn covers(&self, clock: &Clock, ix: Ix) -> bool {
        let node = self.node(ix);
        clock.at(node.lane) > node.index
    }

    /// Whether an entry is in the past of any of these, or one of them.
    #[must_use]
    pub fn covered_by(&self, ix: Ix, tips: &[Ix]) -> bool {
        tips.iter().any(|tip| self.in_past_or_same(ix, *tip))
    }

    /// The entries no other rests on, by id ascending.
    #[must_use]
    pub fn heads(&self) -> Vec<EntryId> {
        let mut heads: Vec<EntryId> = self.head_entries().into_iter().map(|ix| self.id(ix)).collect();
        heads.sort_unstable();
        heads
    }

    pub(crate) fn head_entries(&self) -> Vec<Ix> {
        let tips: Vec<Ix> = self.lane_tips().collect();
        tips.iter().copied().filter(|tip| !tips.iter().any(|other| self.in_past(*tip, *other))).collect()
    }

    fn lane_tips(&self) -> impl Iterator<Item = Ix> {
        self.lanes.iter().filter_map(|lane| Some(lane.entries[lane.counted.checked_sub(1)? as usize]))
    }

    /// Whether an entry counts, or belongs to a surplus branch of a fork that nobody rests on.
    #[must_use]
    pub fn counts(&self, ix: Ix) -> bool {
        let node = self.node(ix);
        node.index < self.lanes[node.lane as usize].counted
    }

    /// The entries of a number that count: more than one where they were made without knowing of each other.
    pub fn numbered(&self, number: u32) -> impl Iterator<Item = Ix> {
        self.lanes.iter().filter_map(move |lane| {
            let counted = &lane.entries[..lane.counted as usize];
            // Numbers only grow along a lane.
            let place = counted.partition_point(|ix| self.node(*ix).number < number);
            counted.get(place).copied().filter(|ix| self.node(*ix).number == number)
        })
    }

    /// The feeds here, each with the tips of its branches that count.
    pub fn feeds(&self) -> impl Iterator<Item = (DeviceKey, Vec<Ix>)> {
        self.lanes_of.iter().map(|(device, lanes)| {
            let tips: Vec<Ix> = lanes
                .iter()
                .filter_map(|l| {
                    let lane = &self.lanes[*l as usize];
                    Some(lane.entries[lane.counted.checked_sub(1)? as usize])
                })
                .collect();
            let ends = tips.iter().copied().filter(|t| !tips.iter().any(|o| self.in_past(*t, *o))).collect();
            (*device, ends)
        })
    }

    /// The tips of one feed that count; more than one is a fork.
    #[must_use]
    pub fn tips_of(&self, device: &DeviceKey) -> Vec<Ix> {
        self.feeds().find(|(d, _)| d == device).map(|(_, tips)| tips).unwrap_or_default()
    }

    /// The party a feed belongs to.
    #[must_use]
    pub fn party_of(&self, device: &DeviceKey) -> Option<PartyId> {
        let lane = *self.lanes_of.get(device)?.first()?;
        Some(self.lanes[lane as usize].party)
    }

    /// All entries at one position of a feed; more than one is a fork.
    #[must_use]
    pub fn at_position(&self, device: &DeviceKey, seq: u32) -> Vec<Ix> {
        if let Some(branches) = self.forks.get(&(*device, seq)) {
            return branches.clone();
        }
        let lanes = self.lanes_of.get(device).map_or(&[][..], |l| l);
        for lane in lanes {
            let lane = &self.lanes[*lane as usize];
            let Some(first) = lane.entries.first() else { continue };
            let start = self.statement(*first).seq;
            if let Some(ix) = seq.checked_sub(start).and_then(|i| lane.entries.get(i as usize)) {
                return vec![*ix];
            }
        }
        Vec::new()
    }

    /// The positions where a feed was signed twice, with what stands there (surplus left out).
    pub fn forks(&self) -> impl Iterator<Item = (DeviceKey, u32, Vec<Ix>)> {
        self.forks.iter().map(|((device, seq), branches)| {
            let mut counted: Vec<Ix> = branches.iter().copied().filter(|ix| self.counts(*ix)).collect();
            counted.sort_unstable_by_key(|ix| self.id(*ix));
            (*device, *seq, counted)
        })
    }

    /// The counted entries of each lane of a party's feeds, oldest first. Pasts only grow along a lane.
    pub(crate) fn lanes_of_party<'g>(&'g self, party: &PartyId) -> impl Iterator<Item = &'g [Ix]> + use<'g> {
        let party = *party;
        let lanes = self.lanes.iter().filter(move |lane| lane.party == party);
        lanes.map(|lane| &lane.entries[..lane.counted as usize])
    }

    /// All entries of one feed, surplus branches left out.
    pub(crate) fn of_device(&self, device: &DeviceKey) -> Vec<Ix> {
        let lanes = self.lanes_of.get(device).map_or(&[][..], |l| l).iter().map(|l| &self.lanes[*l as usize]);
        lanes.flat_map(|lane| &lane.entries[..lane.counted as usize]).copied().collect()
    }

    /// Whether an entry was signed at or after a position that its key signed twice, as far as `holds` says what
    /// is known.
    pub(crate) fn after_known_fork(&self, ix: Ix, holds: impl Fn(Ix) -> bool) -> bool {
        if self.forks.is_empty() {
            return false;
        }
        let statement = self.statement(ix);
        let forks = self.forks.range((statement.device, 0)..=(statement.device, statement.seq));
        forks.into_iter().any(|(_, branches)| branches.iter().filter(|b| holds(**b)).count() > 1)
    }

    /// The points in key logs that entries with these tips rely on.
    pub(crate) fn keys_of(&self, tips: &[EntryId]) -> Arc<KeyPoints> {
        self.past_of(tips).map(|past| past.keys).unwrap_or_default()
    }

    /// The `open` or `admit` entries that bring a party in; whether they take effect is not said here.
    pub(crate) fn admits_of(&self, party: &PartyId) -> &[Ix] {
        self.admits.get(party).map_or(&[], |a| a)
    }

    /// The past that a statement with these deps would have; `None` when one of them is not here.
    pub(crate) fn past_of(&self, deps: &[EntryId]) -> Result<Past, Vec<EntryId>> {
        let mut missing = Vec::new();
        let mut clock = Clock::default();
        let mut keys: Option<Arc<KeyPoints>> = None;
        for dep in deps {
            let Some(ix) = self.find(dep) else {
                missing.push(*dep);
                continue;
            };
            let node = self.node(ix);
            clock.join(&node.clock);
            keys = Some(match keys {
                None => Arc::clone(&node.keys),
                Some(known) => merge_keys(known, &node.keys),
            });
        }
        if missing.is_empty() { Ok(Past { clock, keys: keys.unwrap_or_default() }) } else { Err(missing) }
    }

    /// Whether deps are an antichain: none in the past of another.
    pub(crate) fn antichain(&self, deps: &[EntryId]) -> bool {
        let found: Vec<Ix> = deps.iter().filter_map(|d| self.find(d)).collect();
        found.iter().all(|a| found.iter().all(|b| !self.in_past(*a, *b)))
    }

    /// Whether a feed is linear in the past: it holds `prev`, and of this feed nothing outside prev's chain.
    pub(crate) fn linear(&self, past: &Past, device: &DeviceKey, prev: Option<Ix>) -> bool {
        let known = prev.map(|p| &self.node(p).clock);
        if prev.is_some_and(|p| !self.covers(&past.clock, p)) {
            return false;
        }
        let lanes = self.lanes_of.get(device).map_or(&[][..], |l| l);
        lanes.iter().all(|lane| past.clock.at(*lane) == known.map_or(0, |k| k.at(*lane)))
    }

    /// Puts an admitted entry in its place.
    pub(crate) fn insert(&mut self, entry: Entry<Verified>, past: Past, keys: Arc<KeyPoints>, chain: ChainEnd) -> Ix {
        let ix = Ix::new(self.nodes.len());
        let statement = &entry.statement;
        let (device, seq) = (statement.device, statement.seq);
        let prev = statement.prev.and_then(|p| self.find(&p));
        if statement.is_open() {
            self.root = Some(Root { case: entry.case, opener_device: device, open: chain });
        }
        let admitted = match statement.kind.as_str() {
            "open" => Some(statement.party),
            "admit" => statement.body.field("party").and_then(|p| PartyId::from_slice(p.as_bytes()?)),
            _ => None,
        };
        if let Some(party) = admitted {
            self.admits.entry(party).or_default().push(ix);
        }
        let others = self.at_position(&device, seq);
        let continued =
            prev.map(|p| self.node(p).lane).filter(|lane| self.lanes[*lane as usize].entries.last().copied() == prev);
        let lane = continued.unwrap_or_else(|| {
            let lane = u32::try_from(self.lanes.len()).expect("fewer lanes than entries");
            self.lanes.push(Lane { device, party: statement.party, entries: Vec::new(), counted: 0 });
            self.lanes_of.entry(device).or_default().push(lane);
            lane
        });
        let number = 1 + past.clock.0.iter().sum::<u32>();
        let mut clock = past.clock;
        let place = &mut self.lanes[lane as usize];
        let index = u32::try_from(place.entries.len()).expect("positions are below 2^20");
        place.entries.push(ix);
        clock.raise(lane, index + 1);
        clock.0.shrink_to_fit();
        self.by_id.insert(entry.id, ix);
        self.nodes.push(Node { entry, number, chain, keys, lane, index, clock });
        if !others.is_empty() {
            let mut branches = others;
            branches.push(ix);
            self.forks.insert((device, seq), branches);
        }
        let place = &mut self.lanes[lane as usize];
        place.counted = u32::try_from(place.entries.len()).expect("positions are below 2^20");
        if self.forks.values().any(|branches| branches.len() > 2) {
            self.recount();
        }
        ix
    }

    /// Whether a third or later branch at a position would count: it continues what counts, and is among the two
    /// smallest ids of those there that do.
    pub(crate) fn branch_would_count(&self, statement: &Statement, id: &EntryId) -> bool {
        let continues = statement.prev.and_then(|p| self.find(&p)).is_none_or(|p| self.counts(p));
        continues && self.smaller_branches(&statement.device, statement.seq, id) < 2
    }

    /// Branches with smaller ids at a position, of those that continue what counts: one copy may hold surplus that
    /// another never saw, and both must come to the same answer.
    fn smaller_branches(&self, device: &DeviceKey, seq: u32, id: &EntryId) -> usize {
        let continues = |ix: &Ix| self.statement(*ix).prev.and_then(|p| self.find(&p)).is_none_or(|p| self.counts(p));
        self.at_position(device, seq).into_iter().filter(|ix| self.id(*ix) < *id && continues(ix)).count()
    }

    /// At one position every branch counts that another feed rests on, and of the rest the two smallest ids.
    fn recount(&mut self) {
        let mut devices: Vec<DeviceKey> = self.forks.keys().map(|(device, _)| *device).collect();
        devices.dedup();
        for device in devices {
            let lanes = self.lanes_of.get(&device).cloned().unwrap_or_default();
            // From the first position on: whether a branch counts decides what may count after it.
            let mut entries: Vec<(u32, u32, Ix)> = Vec::new();
            for lane in &lanes {
                let place = &mut self.lanes[*lane as usize];
                place.counted = 0;
                let entries_of = place.entries.clone();
                entries.extend(entries_of.into_iter().map(|ix| (self.statement(ix).seq, *lane, ix)));
            }
            entries.sort_unstable();
            for (_, lane, ix) in entries {
                let continues = self.statement(ix).prev.and_then(|p| self.find(&p)).is_none_or(|p| self.counts(p));
                if continues && !self.is_surplus(ix) {
                    self.lanes[lane as usize].counted += 1;
                }
            }
        }
    }

    fn is_surplus(&self, ix: Ix) -> bool {
        let statement = self.statement(ix);
        if !self.forks.contains_key(&(statement.device, statement.seq)) {
            return false;
        }
        let smaller = self.smaller_branches(&statement.device, statement.seq, &self.id(ix));
        let rested_on = self
            .lanes
            .iter()
            .filter(|lane| lane.device != statement.device)
            .any(|lane| lane.entries.last().is_some_and(|tip| self.in_past(ix, *tip)));
        smaller >= 2 && !rested_on
    }

    /// The entry that arrived after `n` others.
    #[must_use]
    pub fn nth(&self, n: usize) -> Option<Ix> {
        (n < self.nodes.len()).then(|| Ix::new(n))
    }

    /// Per lane and place in it, the smallest claimed time from there on.
    pub(crate) fn earliest_times(&self) -> EarliestTimes {
        let of_lane = |lane: &Lane| {
            let mut times: Vec<i64> =
                lane.entries[..lane.counted as usize].iter().map(|ix| self.statement(*ix).at).collect();
            for at in (1..times.len()).rev() {
                times[at - 1] = times[at - 1].min(times[at]);
            }
            times
        };
        EarliestTimes(self.lanes.iter().map(of_lane).collect())
    }

    /// The smallest time another party claims in an entry that has this one in its past.
    pub(crate) fn earliest_after(&self, times: &EarliestTimes, ix: Ix) -> Option<i64> {
        let party = self.statement(ix).party;
        let others = self.lanes.iter().zip(&times.0).filter(|(lane, _)| lane.party != party);
        let first = |(lane, times): (&Lane, &Vec<i64>)| {
            // Pasts only grow along a lane.
            let place = lane.entries[..times.len()].partition_point(|later| !self.in_past(ix, *later));
            times.get(place).copied()
        };
        others.filter_map(first).min()
    }

    /// The entries whose changes stand in the Automerge document: of a fork the branch with the smaller id.
    #[must_use]
    pub fn in_document(&self) -> Vec<Ix> {
        let mut standing: Vec<bool> = vec![false; self.nodes.len()];
        let mut out = Vec::with_capacity(self.nodes.len());
        for ix in self.all() {
            let statement = self.statement(ix);
            let prev_stands = statement.prev.and_then(|p| self.find(&p)).is_none_or(|p| standing[p.at()]);
            let smallest = match self.forks.get(&(statement.device, statement.seq)) {
                None => true,
                Some(branches) => {
                    let same_prev = branches.iter().filter(|b| self.counts(**b) && standing_prev(self, &standing, **b));
                    same_prev.min_by_key(|b| self.id(**b)) == Some(&ix)
                }
            };
            if prev_stands && smallest && self.counts(ix) {
                standing[ix.at()] = true;
                out.push(ix);
            }
        }
        out
    }
}

fn standing_prev(graph: &Graph, standing: &[bool], ix: Ix) -> bool {
    graph.statement(ix).prev.and_then(|p| graph.find(&p)).is_none_or(|p| standing[p.at()])
}

/// Per party the later point; two events of one rank are told apart by the smaller hash.
pub(crate) fn merge_keys(a: Arc<KeyPoints>, b: &Arc<KeyPoints>) -> Arc<KeyPoints> {
    if Arc::ptr_eq(&a, b) || a == *b {
        return a;
    }
    let mut merged = (*a).clone();
    for (party, theirs) in b.iter() {
        let ours = merged.entry(*party).or_insert(*theirs);
        let key = |point: &KeyPoint| (point.rank(), std::cmp::Reverse(point.cited.event));
        if key(theirs) > key(ours) {
            *ours = *theirs;
        }
    }
    Arc::new(merged)
}
