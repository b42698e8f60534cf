//! What replaces what, and what stands unreplaced on a subject (R2).
//!
//! A peer may sign thousands of revisions of one matter. Everything here is bounded by the number of revisions of
//! that matter times the few that stand against each other, and nothing recurses along a chain of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Lens, Position, Scope, SubjectKey};
use crate::{act::Act, graph::Ix, id::EntryId};

/// Revisions with identical terms on one base: they are one.
#[derive(Debug, Default)]
pub(super) struct Twins {
    /// The first of its kind, for all others.
    first: HashMap<Ix, Ix>,
    /// All of a kind, by the first; only where there are several.
    all: BTreeMap<Ix, Vec<Ix>>,
}

impl Twins {
    fn first_of(&self, revision: Ix) -> Ix {
        self.first.get(&revision).copied().unwrap_or(revision)
    }

    pub(super) fn same(&self, a: Position, b: Position) -> bool {
        match (a, b) {
            (Position::Revision(a), Position::Revision(b)) => self.first_of(a) == self.first_of(b),
            _ => a == b,
        }
    }

    /// A position and those identical with it.
    fn of(&self, position: Position) -> Vec<Position> {
        let twins = match position {
            Position::Revision(revision) => self.all.get(&self.first_of(revision)),
            Position::End(_) => None,
        };
        twins.map_or_else(|| vec![position], |all| all.iter().copied().map(Position::Revision).collect())
    }
}

/// Positions that stand, with the names of each: several for identical terms.
pub(super) type Standing = Vec<(Position, Vec<EntryId>)>;

impl Lens<'_> {
    /// R2, on one subject: whether `a` replaces `b`, directly or through others. Identical terms on one base are
    /// one: who replaces either replaces both.
    #[must_use]
    pub fn replaces(&self, key: &SubjectKey, a: Position, b: Position) -> bool {
        self.replaces_among(&self.twins(key), key, a, b)
    }

    pub(super) fn replaces_among(&self, twins: &Twins, key: &SubjectKey, a: Position, b: Position) -> bool {
        if twins.same(a, b) {
            return false;
        }
        // What was fully signed in the past of the proposal is replaced by it; and by its end, as all that it replaces.
        let revision = a.revision();
        let before = self.with(Scope::Before(revision));
        let known = twins.of(b).into_iter().any(|position| match position {
            // R9: one that only contested signatures keep from being fully signed is replaced as well.
            Position::Revision(other) => before.fully_signed(other) || before.awaits_ratifying(other),
            Position::End(other) => {
                before.ended_on(other, key).is_some() || self.released_knowing(twins, key, other, revision)
            }
        });
        if known {
            return true;
        }
        let mut seen = BTreeSet::new();
        let mut next = vec![a];
        while let Some(position) = next.pop() {
            for replaced in self.replaced_directly(key, position) {
                if twins.same(replaced, b) {
                    return true;
                }
                if seen.insert(replaced) {
                    next.push(replaced);
                }
            }
        }
        false
    }

    /// Whether a release was asked when other terms had taken that subject over: it ends the other subjects only.
    fn released_knowing(&self, twins: &Twins, key: &SubjectKey, ended: Ix, later: Ix) -> bool {
        let requests = self.release_requests(ended);
        let mut granted = requests.iter().filter(|q| self.grants(**q, &requests, ended).is_some()).peekable();
        granted.peek().is_some()
            && self.replaces_among(twins, key, Position::Revision(later), Position::Revision(ended))
            && granted.all(|q| {
                let before = self.with(Scope::Before(*q));
                before.fully_signed(ended) && before.fully_signed(later)
            })
    }

    /// The base on that subject, and what a counter supersedes.
    fn replaced_directly(&self, key: &SubjectKey, position: Position) -> Vec<Position> {
        let revision = match position {
            Position::End(revision) => return vec![Position::Revision(revision)],
            Position::Revision(revision) => revision,
        };
        let superseded = match self.fold.act(revision) {
            Act::Counter { of, .. } => {
                let of = self.graph.find(of).filter(|ix| self.fold.subject_keys(*ix).contains(key));
                of.map(Position::Revision)
            }
            _ => None,
        };
        self.base(revision, key).into_iter().chain(superseded).collect()
    }

    /// The position a revision names as its base on a subject.
    fn base(&self, revision: Ix, key: &SubjectKey) -> Option<Position> {
        let named = self.subject(revision, key).and_then(|s| self.graph.find(&s.base?))?;
        self.revision_named(named)
    }

    /// Which revisions of a subject are identical. Bases come before what rests on them, so one pass is enough.
    pub(super) fn twins(&self, key: &SubjectKey) -> Twins {
        let mut twins = Twins::default();
        let revisions = self.fold.revisions_of(key);
        if revisions.len() < 2 {
            return twins;
        }
        let mut known: BTreeMap<(Option<Position>, [u8; 32]), Ix> = BTreeMap::new();
        for revision in revisions.iter().copied().filter(|r| self.has(*r)) {
            let Some(terms) = self.fold.terms_hash(revision) else { continue };
            let base = self.base(revision, key).map(|base| match base {
                Position::Revision(base) => Position::Revision(twins.first_of(base)),
                Position::End(base) => Position::End(twins.first_of(base)),
            });
            let first = *known.entry((base, terms)).or_insert(revision);
            if first != revision {
                twins.first.insert(revision, first);
                twins.all.entry(first).or_insert_with(|| vec![first]).push(revision);
            }
        }
        twins
    }

    /// The fully signed revisions of a subject, and their ends, in the agreed order.
    pub(super) fn candidates(&self, key: &SubjectKey) -> Vec<Position> {
        let mut candidates: Vec<((u32, EntryId), Position)> = Vec::new();
        for revision in self.fold.revisions_of(key).iter().copied().filter(|r| self.fully_signed(*r)) {
            candidates.push((self.graph.order(revision), Position::Revision(revision)));
            if let Some(request) = self.ended_on(revision, key).and_then(|id| self.graph.find(&id)) {
                candidates.push((self.graph.order(request), Position::End(revision)));
            }
        }
        candidates.sort_unstable();
        candidates.into_iter().map(|(_, position)| position).collect()
    }

    /// What all of these replace.
    pub(super) fn below(
        &self,
        twins: &Twins,
        key: &SubjectKey,
        candidates: &[Position],
        rivals: &[Position],
    ) -> Vec<Position> {
        let under_all = |c: &Position| rivals.iter().all(|r| self.replaces_among(twins, key, *r, *c));
        candidates.iter().copied().filter(under_all).collect()
    }

    /// The candidates that no other replaces, identical ones as one, by name. Candidates come in the agreed order.
    pub(super) fn unreplaced(&self, twins: &Twins, key: &SubjectKey, candidates: &[Position]) -> Standing {
        // A replacer comes after what it replaces, and replacing is transitive: going backwards, each candidate
        // is compared only with the few that stand.
        let mut standing: Vec<Position> = Vec::new();
        for candidate in candidates.iter().rev() {
            if !standing.iter().any(|s| self.replaces_among(twins, key, *s, *candidate)) {
                standing.push(*candidate);
            }
        }
        // An identical one may have been replaced after all.
        let replaced = |c: &Position| standing.iter().any(|s| self.replaces_among(twins, key, *s, *c));
        let mut left: Vec<(EntryId, Position)> =
            standing.iter().filter(|c| !replaced(c)).map(|c| (self.name(*c, key), *c)).collect();
        left.sort_unstable();
        let mut groups: Standing = Vec::new();
        for (name, position) in left {
            match groups.iter_mut().find(|(other, _)| twins.same(*other, position)) {
                Some((_, names)) => names.push(name),
                None => groups.push((position, vec![name])),
            }
        }
        groups
    }
}
