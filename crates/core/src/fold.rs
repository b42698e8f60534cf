//! What entries mean: which take effect, and what follows. A pure function of the set of entries.
//!
//! Whether an act takes effect depends on its past alone, which never changes; so it is judged once, when the
//! entry comes in, and the arrival of anything concurrent cannot alter it. What is in force, agreed or completed
//! depends on the whole set and is computed through a [`Lens`], each time anew.

mod agreement;
mod force;
mod judge;
mod members;
mod performance;
mod reason;

use std::collections::{BTreeMap, HashMap};

pub use agreement::{Closing, InForce, Position};
pub use performance::{ActionState, ActionStatus};
pub use reason::Reason;

use crate::{
    act::{Act, Proposal, Subject, Topic},
    cbor::Value,
    graph::{Graph, Ix},
    id::{Domain, EntryId, PartyId, hash},
    keylog::KeyLogs,
    record::Author,
    statement::Statement,
    value::{ActionId, Seat},
};

/// Whether an entry takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Effective,
    Without(Reason),
    /// The level lists it, this version cannot judge it: kept, passed on, nothing is signed on it.
    NotJudged,
}

/// What a subject of a revision is about, across revisions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectKey {
    Action(ActionId),
    Item(String),
    Terms(ActionId),
    Close(ActionId),
    Seat(Seat),
    NewSeat(ActionId),
    Level,
}

const FIRST: ActionId = ActionId { proposal: EntryId([0; 32]), index: 0 };
const LAST: ActionId = ActionId { proposal: EntryId([0xff; 32]), index: u32::MAX };

/// Verdicts and look-up tables over the admitted entries, in step with the graph.
#[derive(Debug, Default)]
pub struct Fold {
    acts: Vec<Act>,
    verdicts: Vec<Verdict>,
    /// The author's seats in the entry's own past, the entry included.
    seats: Vec<Vec<Seat>>,
    subjects: HashMap<Ix, Vec<SubjectKey>>,
    /// What the signers of a revision of one subject would be bound to, whatever its base: equal for equal terms.
    terms: HashMap<Ix, [u8; 32]>,
    revisions: BTreeMap<SubjectKey, Vec<Ix>>,
    /// Acts that take a position on a subject: proposals, accepts, releases, declares.
    touching: BTreeMap<SubjectKey, Vec<Ix>>,
    about: HashMap<EntryId, Vec<Ix>>,
    admits: Vec<Ix>,
    seat_acts: Vec<Ix>,
    joins: Vec<Ix>,
    items: BTreeMap<String, Vec<Ix>>,
}

/// Which entries a question is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All that count.
    All,
    /// The past of an entry, without itself.
    Before(Ix),
    /// These entries and their pasts.
    Upto(&'a [Ix]),
}

/// The fold seen over a causally closed part of the record.
#[derive(Debug, Clone, Copy)]
pub struct Lens<'a> {
    graph: &'a Graph,
    fold: &'a Fold,
    scope: Scope<'a>,
}

impl Fold {
    /// Judges a new entry by its past and takes it into the tables.
    pub(crate) fn judge(&mut self, graph: &Graph, logs: &KeyLogs, ix: Ix, act: Act) {
        debug_assert_eq!(self.acts.len(), ix.at(), "the fold keeps in step with the graph");
        let statement = graph.statement(ix);
        let lens = Lens { graph, fold: self, scope: Scope::Before(ix) };
        let verdict = judge::verdict(&lens, logs, statement, &act);
        let mut seats = lens.seats_of(&statement.party);
        if statement.is_open() {
            seats.push(Seat::Number(0));
        }
        let id = graph.id(ix);
        let subjects = match &act {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => subject_keys(id, proposal),
            _ => Vec::new(),
        };
        let touched = if subjects.is_empty() { self.touched_by(graph, &act) } else { subjects.clone() };
        if let (Act::Propose(proposal) | Act::Counter { proposal, .. }, [_]) = (&act, subjects.as_slice()) {
            self.terms.insert(ix, terms_hash(proposal));
        }
        for key in &subjects {
            place(self.revisions.entry(key.clone()).or_default(), graph, ix);
        }
        for key in touched {
            place(self.touching.entry(key).or_default(), graph, ix);
        }
        if !subjects.is_empty() {
            self.subjects.insert(ix, subjects);
        }
        for id in references(&act) {
            place(self.about.entry(id).or_default(), graph, ix);
        }
        match &act {
            Act::Admit { .. } => place(&mut self.admits, graph, ix),
            Act::Seat { .. } => place(&mut self.seat_acts, graph, ix),
            Act::Join { .. } => place(&mut self.joins, graph, ix),
            Act::Item { key, .. } => place(self.items.entry(key.clone()).or_default(), graph, ix),
            _ => {}
        }
        self.acts.push(act);
        self.verdicts.push(verdict);
        self.seats.push(seats);
    }

    /// What the fold would find of an act of ours whose past is everything here.
    pub(crate) fn judge_draft(
        &self,
        graph: &Graph,
        logs: &KeyLogs,
        author: &Author,
        statement: &Statement,
        act: &Act,
    ) -> Verdict {
        debug_assert_eq!(author.party, statement.party, "a draft is by its author");
        let lens = Lens { graph, fold: self, scope: Scope::All };
        let verdict = judge::verdict(&lens, logs, statement, act);
        if verdict != Verdict::Effective {
            return verdict;
        }
        let keys = match act {
            Act::Propose(p) | Act::Counter { proposal: p, .. } => subject_keys(EntryId([0; 32]), p),
            _ => self.touched_by(graph, act),
        };
        // A raise would leave everybody who runs this version unable to go on.
        if keys.iter().any(|key| *key == SubjectKey::Level || lens.not_judged(key)) {
            return Verdict::NotJudged;
        }
        judge::courtesy(&lens, statement, act).map_or(Verdict::Effective, Verdict::Without)
    }

    /// All entries that count.
    #[must_use]
    pub fn lens<'a>(&'a self, graph: &'a Graph) -> Lens<'a> {
        Lens { graph, fold: self, scope: Scope::All }
    }

    #[must_use]
    pub fn act(&self, ix: Ix) -> &Act {
        &self.acts[ix.at()]
    }

    #[must_use]
    pub fn verdict(&self, ix: Ix) -> &Verdict {
        &self.verdicts[ix.at()]
    }

    /// The author's seats as of an entry.
    #[must_use]
    pub fn author_seats(&self, ix: Ix) -> &[Seat] {
        &self.seats[ix.at()]
    }

    /// The subjects of a revision, in its order; empty for anything else.
    #[must_use]
    pub fn subject_keys(&self, ix: Ix) -> &[SubjectKey] {
        self.subjects.get(&ix).map_or(&[], |s| s)
    }

    /// Entries that speak of another, in the agreed order.
    #[must_use]
    pub fn about(&self, id: &EntryId) -> &[Ix] {
        self.about.get(id).map_or(&[], |a| a)
    }

    /// Equal for revisions of one subject with equal terms and signers; nothing for bundles.
    pub(crate) fn terms_hash(&self, revision: Ix) -> Option<[u8; 32]> {
        self.terms.get(&revision).copied()
    }

    /// All subjects that any revision touches.
    pub fn all_subjects(&self) -> impl Iterator<Item = &SubjectKey> {
        self.revisions.keys()
    }

    /// The subjects of closing the case. Found without passing by the many others.
    pub(crate) fn closings(&self) -> impl Iterator<Item = &SubjectKey> {
        self.revisions.range(SubjectKey::Close(FIRST)..=SubjectKey::Close(LAST)).map(|(key, _)| key)
    }

    /// The subjects of adding a seat.
    pub(crate) fn new_seats(&self) -> impl Iterator<Item = ActionId> {
        let range = self.revisions.range(SubjectKey::NewSeat(FIRST)..=SubjectKey::NewSeat(LAST));
        range.filter_map(|(key, _)| match key {
            SubjectKey::NewSeat(id) => Some(*id),
            _ => None,
        })
    }

    /// The revisions that touch a subject, in the agreed order.
    #[must_use]
    pub fn revisions_of(&self, key: &SubjectKey) -> &[Ix] {
        self.revisions.get(key).map_or(&[], |r| r)
    }

    /// Stated items by key.
    pub fn items(&self) -> impl Iterator<Item = (&String, &Vec<Ix>)> {
        self.items.iter()
    }

    /// The subjects whose state an entry may have changed.
    pub(crate) fn touched(&self, graph: &Graph, ix: Ix) -> Vec<SubjectKey> {
        let touched = match self.act(ix) {
            Act::Propose(_) | Act::Counter { .. } => self.subject_keys(ix).to_vec(),
            // The binding of a seat may decide any agreement.
            Act::Seat { .. } | Act::Admit { .. } => self.revisions.keys().cloned().collect(),
            act => self.touched_by(graph, act),
        };
        // What happens to one subject of a bundle may suspend or close it on the others.
        let revisions = touched.iter().flat_map(|key| self.revisions_of(key));
        let together = revisions.flat_map(|r| self.subject_keys(*r)).cloned();
        together.chain(touched.iter().cloned()).collect()
    }

    /// The terms of a revision.
    #[must_use]
    pub fn proposal(&self, ix: Ix) -> Option<&Proposal> {
        match self.act(ix) {
            Act::Propose(proposal) | Act::Counter { proposal, .. } => Some(proposal),
            _ => None,
        }
    }

    /// The subjects an act takes a position on, through the revision, declare or request it names.
    fn touched_by(&self, graph: &Graph, act: &Act) -> Vec<SubjectKey> {
        let revision = match act {
            Act::Accept { revision, .. }
            | Act::Decline { revision, .. }
            | Act::Declare { revision, .. }
            | Act::Missed { revision, .. } => Some(*revision),
            Act::Withdraw { of, .. } | Act::Release { of, .. } => Some(*of),
            Act::Undeclare { declare, .. } | Act::Approve { declare, .. } | Act::Reject { declare, .. } => {
                Some(*declare)
            }
            Act::Allow { request, .. } | Act::Refuse { request, .. } => Some(*request),
            // Contesting an alleged promise declines it.
            Act::Contest { entry, .. } => Some(*entry),
            Act::Later { .. } => references(act).first().copied(),
            _ => None,
        };
        // A request names what it asks about, a declare its revision: follow until a revision.
        let mut at = revision.and_then(|id| graph.find(&id));
        for _ in 0..4 {
            let Some(ix) = at else { return Vec::new() };
            if !self.subject_keys(ix).is_empty() {
                return self.subject_keys(ix).to_vec();
            }
            at = references(self.act(ix)).first().and_then(|id| graph.find(id));
        }
        Vec::new()
    }
}

impl<'a> Lens<'a> {
    /// The same questions over another part of the record.
    #[must_use]
    pub fn with(&self, scope: Scope<'a>) -> Self {
        Self { scope, ..*self }
    }

    #[must_use]
    pub fn graph(&self) -> &'a Graph {
        self.graph
    }

    #[must_use]
    pub fn fold(&self) -> &'a Fold {
        self.fold
    }

    /// Whether an entry is among those asked about, with effect or not.
    #[must_use]
    pub fn holds(&self, ix: Ix) -> bool {
        match self.scope {
            Scope::All => self.graph.counts(ix),
            Scope::Before(later) => self.graph.in_past(ix, later),
            Scope::Upto(tips) => self.graph.covered_by(ix, tips),
        }
    }

    /// Whether an entry is among those asked about and takes effect.
    #[must_use]
    pub fn has(&self, ix: Ix) -> bool {
        *self.fold.verdict(ix) == Verdict::Effective && self.holds(ix)
    }

    /// An effective entry among those asked about, by id.
    #[must_use]
    pub fn find(&self, id: &EntryId) -> Option<Ix> {
        self.graph.find(id).filter(|ix| self.has(*ix))
    }

    /// The effective entries that speak of another.
    pub fn about(&self, id: &EntryId) -> impl Iterator<Item = Ix> + use<'a> {
        let lens = *self;
        self.fold.about(id).iter().copied().filter(move |ix| lens.has(*ix))
    }

    fn party(&self, ix: Ix) -> PartyId {
        self.graph.statement(ix).party
    }

    /// Whether a subject rests on something this version cannot judge.
    #[must_use]
    pub fn not_judged(&self, key: &SubjectKey) -> bool {
        let unjudged = |ix: &Ix| *self.fold.verdict(*ix) == Verdict::NotJudged && self.holds(*ix);
        let revisions = self.fold.revisions_of(key);
        let named = |ix: &Ix| {
            let about = self.fold.about(&self.graph.id(*ix));
            about.iter().any(|a| {
                unjudged(a)
                    && may_decide(self.fold.act(*a).kind())
                    && references(self.fold.act(*a)).contains(&self.graph.id(*ix))
            })
        };
        let declares = self.fold.touching.get(key).map_or(&[][..], |t| t);
        revisions.iter().any(|r| unjudged(r) || named(r))
            || declares.iter().any(named)
            || matches!(self.in_force(key), InForce::Crossed { .. })
    }
}

/// A hash of terms and signers, base aside. Local to this copy, so it needs no domain of its own.
fn terms_hash(proposal: &Proposal) -> [u8; 32] {
    let topics = proposal.subjects.iter().map(|s| Subject { base: None, topic: s.topic.clone() }.to_value());
    let signers = proposal.signers.iter().map(Seat::to_value);
    let terms = Value::Array(topics.chain(signers).collect());
    hash(Domain::Entry, &[b"terms", &terms.encode()])
}

/// Every table is kept in the agreed order, so that what is found first is the same on every copy.
fn place(list: &mut Vec<Ix>, graph: &Graph, ix: Ix) {
    let order = graph.order(ix);
    let at = list.partition_point(|other| graph.order(*other) < order);
    list.insert(at, ix);
}

/// The subjects of a proposal whose entry id is `id`.
fn subject_keys(id: EntryId, proposal: &Proposal) -> Vec<SubjectKey> {
    let own = |index: usize| ActionId { proposal: id, index: u32::try_from(index).unwrap_or(u32::MAX) };
    let key = |(index, topic): (usize, &Topic)| match topic {
        Topic::Action { action, .. } => SubjectKey::Action(action.unwrap_or(own(index))),
        Topic::Item { key, .. } => SubjectKey::Item(key.clone()),
        Topic::Terms { terms, .. } => SubjectKey::Terms(terms.unwrap_or(own(index))),
        Topic::Close { close, .. } => SubjectKey::Close(close.unwrap_or(own(index))),
        Topic::AdmitSeat { seat } => SubjectKey::Seat(*seat),
        Topic::AdmitNew { .. } => SubjectKey::NewSeat(own(index)),
        Topic::Level { .. } => SubjectKey::Level,
    };
    proposal.subjects.iter().map(|s| &s.topic).enumerate().map(key).collect()
}

/// Kinds that this version cannot judge and that may change what is agreed or done; the others only tell.
fn may_decide(kind: &str) -> bool {
    ["confirm", "stop", "cancel", "choose", "dispute", "decide"].contains(&kind)
}

/// The entries an act speaks of, the one it is about first.
pub(crate) fn references(act: &Act) -> Vec<EntryId> {
    match act {
        Act::Uninvite { invite, .. } => vec![*invite],
        Act::Admit { invite, revision, .. } => std::iter::once(*invite).chain(*revision).collect(),
        Act::Join { admit } | Act::Seat { admit, .. } => vec![*admit],
        Act::Propose(proposal) => proposal.alleged.into_iter().collect(),
        Act::Counter { of, proposal } => std::iter::once(*of).chain(proposal.alleged).collect(),
        Act::Accept { revision, .. } | Act::Decline { revision, .. } | Act::Missed { revision, .. } => vec![*revision],
        Act::Declare { revision, .. } => vec![*revision],
        Act::Withdraw { of, .. } | Act::Release { of, .. } => vec![*of],
        Act::Undeclare { declare, .. } | Act::Approve { declare, .. } | Act::Reject { declare, .. } => vec![*declare],
        Act::Allow { request, .. } | Act::Refuse { request, .. } => vec![*request],
        Act::Acknowledge { entry, .. } | Act::Contest { entry, .. } => vec![*entry],
        Act::Note { about, .. } => about.iter().copied().collect(),
        Act::Later { body, .. } => ["revision", "pick", "about", "dispute", "declare"]
            .into_iter()
            .filter_map(|field| EntryId::from_slice(body.field(field)?.as_bytes()?))
            .collect(),
        Act::Open(_) | Act::Invite { .. } | Act::Seen | Act::Item { .. } | Act::Contact(_) => Vec::new(),
    }
}
