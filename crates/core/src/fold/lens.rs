//! The fold seen over part of the record: which entries are there, and which of them count.

use super::{Fold, SubjectKey, Verdict};
use crate::{
    act::{Act, Proof},
    graph::{Graph, Ix},
    id::{EntryId, PartyId},
};

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
    pub(super) graph: &'a Graph,
    pub(super) fold: &'a Fold,
    pub(super) scope: Scope<'a>,
    /// R9: whether contested signatures count, to see what they would make.
    pub(super) counting_contested: bool,
}

impl<'a> Lens<'a> {
    pub(super) fn new(graph: &'a Graph, fold: &'a Fold, scope: Scope<'a>) -> Self {
        Self { graph, fold, scope, counting_contested: false }
    }

    /// The same questions over another part of the record.
    #[must_use]
    pub fn with<'t>(&self, scope: Scope<'t>) -> Lens<'t>
    where
        'a: 't,
    {
        Lens { graph: self.graph, fold: self.fold, scope, counting_contested: self.counting_contested }
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

    /// Whether an entry is among those asked about and takes effect there. Its own past said whether it may; a
    /// proof of bad faith (R11), a revocation (R9) or a fork (R10) among those asked about may take the effect away.
    #[must_use]
    pub fn has(&self, ix: Ix) -> bool {
        *self.fold.verdict(ix) == Verdict::Effective
            && self.holds(ix)
            && !self.omits(ix)
            && !self.set_aside(ix)
            && !self.right_lost(ix)
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

    pub(super) fn party(&self, ix: Ix) -> PartyId {
        self.graph.statement(ix).party
    }

    /// The effective acts that take a position on a subject, in the agreed order.
    pub(super) fn touching(&self, key: &SubjectKey) -> impl Iterator<Item = Ix> + use<'a> {
        let lens = *self;
        let touching = self.fold.touching.get(key).map_or(&[][..], |t| t);
        touching.iter().copied().filter(move |ix| lens.has(*ix))
    }

    /// Where on the way to a lane's end something becomes known: at its n-th entry, counted from 1, or at 0 before it
    /// branched off, which another lane of the feed tells; nothing where no entry asked about knows it.
    pub(super) fn first_over(&self, lane: &[Ix], known: impl Fn(Ix) -> bool) -> Option<usize> {
        let branched_off = lane.first().and_then(|first| self.graph.statement(*first).prev);
        if branched_off.and_then(|prev| self.graph.find(&prev)).is_some_and(&known) {
            return Some(0);
        }
        let at = lane.partition_point(|ix| !known(*ix));
        lane.get(at).filter(|ix| self.holds(**ix)).map(|_| at + 1)
    }

    /// The first entry of a lane that is asked about and knows something, unless an earlier one of its feed did.
    pub(super) fn first_knowing(&self, lane: &[Ix], known: impl Fn(Ix) -> bool) -> Option<Ix> {
        lane.get(self.first_over(lane, known)?.checked_sub(1)?).copied()
    }

    /// Whether what stands on a subject may change by entries that do not speak of it: a crossing, an offer open
    /// until some time, a revocation, a fork.
    #[must_use]
    pub fn is_volatile(&self, key: &SubjectKey) -> bool {
        let timed = |ix: &Ix| self.fold.proposal(*ix).is_some_and(|p| p.open_until.is_some());
        self.fold.may_contest()
            || !self.fold.omitting.is_empty()
            || self.graph.forks().next().is_some()
            || self.fold.revisions_of(key).iter().any(timed)
            || self.is_contended(key)
    }

    /// Whether a subject rests on a proof of time that this version cannot read.
    #[must_use]
    pub fn not_judged(&self, key: &SubjectKey) -> bool {
        let stamped = |ix: Ix| {
            let about = self.fold.about(&self.graph.id(ix)).iter().copied();
            let token = |a: &Ix| matches!(self.fold.act(*a), Act::Prove { what: Proof::TimeStamp, .. });
            about.into_iter().any(|a| token(&a) && self.holds(a))
        };
        let timed = |ix: &&Ix| self.fold.proposal(**ix).is_some_and(|p| p.open_until.is_some());
        let mut open = self.fold.revisions_of(key).iter().filter(timed);
        open.any(|r| self.fold.about(&self.graph.id(*r)).iter().any(|accept| stamped(*accept)))
    }
}
