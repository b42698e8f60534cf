//! Agreements that crossed (R7), and what brings one of them into force: a choice, or that only one is settled.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    InForce, Lens, Position, SubjectKey,
    force::{Standing, Twins},
};
use crate::{act::Act, graph::Ix, id::PartyId};

/// What stands on one subject.
struct Matter {
    twins: Twins,
    candidates: Vec<Position>,
    standing: Standing,
}

impl Matter {
    fn is_crossed(&self) -> bool {
        self.standing.len() > 1
    }

    fn has(&self, position: Position) -> bool {
        self.candidates.iter().any(|c| self.twins.same(*c, position))
    }
}

/// A subject, and those tied to it by bundles that crossed.
type Crossing = BTreeMap<SubjectKey, Matter>;

impl<'a> Lens<'a> {
    /// R2: the fully signed revision that no other fully signed one replaces. R0: a bundle that is crossed on one
    /// subject is suspended on all.
    #[must_use]
    pub fn in_force(&self, key: &SubjectKey) -> InForce {
        let (crossing, _) = self.resolved_crossing(key);
        let matter = &crossing[key];
        let rivals: Vec<Position> = match matter.standing.as_slice() {
            [] => return InForce::None,
            [(position, names)] => {
                let suspended = crossing
                    .values()
                    .any(|m| m.is_crossed() && m.standing.iter().any(|(p, _)| m.twins.same(*p, *position)));
                if !suspended {
                    return InForce::One { position: *position, names: names.clone() };
                }
                vec![*position]
            }
            several => several.iter().map(|(position, _)| *position).collect(),
        };
        let below = self.below(&matter.twins, key, &matter.candidates, &rivals);
        let mut stays = self.unreplaced(&matter.twins, key, &below);
        InForce::Crossed { rivals, stays: if stays.len() == 1 { stays.pop() } else { None } }
    }

    /// Whether several agreements stand against each other on a subject before any choice.
    pub(super) fn is_contended(&self, key: &SubjectKey) -> bool {
        self.crossing(key, &BTreeSet::new()).values().any(Matter::is_crossed)
    }

    /// What crossed on a subject and on those tied to it, after choices and settlements; and what these removed.
    fn resolved_crossing(&self, key: &SubjectKey) -> (Crossing, BTreeSet<Position>) {
        let mut removed: BTreeSet<Position> = BTreeSet::new();
        loop {
            let crossing = self.crossing(key, &removed);
            if !crossing.values().any(Matter::is_crossed) {
                return (crossing, removed);
            }
            let mut out = self.chosen_against(&crossing);
            if out.is_empty() {
                out = self.unsettled(&crossing);
            }
            if out.is_empty() {
                return (crossing, removed);
            }
            removed.extend(out);
        }
    }

    fn crossing(&self, key: &SubjectKey, removed: &BTreeSet<Position>) -> Crossing {
        let mut crossing = Crossing::new();
        let mut next = vec![key.clone()];
        while let Some(at) = next.pop() {
            if crossing.contains_key(&at) {
                continue;
            }
            let twins = self.twins(&at);
            let mut candidates = self.candidates(&at);
            candidates.retain(|c| !removed.contains(c));
            let standing = self.unreplaced(&twins, &at, &candidates);
            // A bundle ties its subjects together: from the one asked about, and from where it crossed.
            if at == *key || standing.len() > 1 {
                let tied = standing.iter().flat_map(|(position, _)| self.fold.subject_keys(position.revision()));
                next.extend(tied.cloned());
            }
            crossing.insert(at, Matter { twins, candidates, standing });
        }
        crossing
    }

    /// Neither replaces the other.
    pub(super) fn cross(&self, twins: &Twins, key: &SubjectKey, a: Position, b: Position) -> bool {
        !self.replaces_among(twins, key, a, b) && !self.replaces_among(twins, key, b, a)
    }

    /// (a) What the choices made in a crossing remove: all that neither replace a pick nor are replaced by it.
    fn chosen_against(&self, crossing: &Crossing) -> Vec<Position> {
        let mut out = Vec::new();
        for pick in self.picks(crossing) {
            for (key, matter) in crossing.iter().filter(|(_, m)| m.is_crossed() && m.has(pick)) {
                let against = |p: &Position| !matter.twins.same(*p, pick) && self.cross(&matter.twins, key, *p, pick);
                out.extend(matter.standing.iter().map(|(p, _)| *p).filter(against));
            }
        }
        out
    }

    /// The picks that count: of the choices that no later choice knows, those that nothing contradicts, and of
    /// contradicting ones the only one relied on (c).
    fn picks(&self, crossing: &Crossing) -> Vec<Position> {
        let mut chooses: Vec<(Ix, Position)> = Vec::new();
        for (key, matter) in crossing {
            for ix in self.touching(key) {
                let Act::Choose { pick, .. } = self.fold.act(ix) else { continue };
                let position = self.graph.find(pick).and_then(|named| self.revision_named(named));
                if let Some(position) = position.filter(|p| matter.has(*p)) {
                    chooses.push((ix, position));
                }
            }
        }
        chooses.sort_unstable_by_key(|(ix, _)| self.graph.order(*ix));
        chooses.dedup();
        let contradict = |a: Position, b: Position| {
            let on = |(key, m): (&SubjectKey, &Matter)| {
                m.has(a) && m.has(b) && !m.twins.same(a, b) && self.cross(&m.twins, key, a, b)
            };
            crossing.iter().any(on)
        };
        let replaced = |p: Position| {
            let by = |q: Position| crossing.iter().any(|(k, m)| m.has(q) && self.replaces_among(&m.twins, k, q, p));
            chooses.iter().any(|(_, q)| by(*q))
        };
        let superseded = |ix: Ix, p: Position| {
            chooses.iter().any(|(later, q)| self.graph.in_past(ix, *later) && contradict(p, *q)) || replaced(p)
        };
        let last: Vec<(Ix, Position)> = chooses.iter().copied().filter(|(ix, p)| !superseded(*ix, *p)).collect();
        let against = |pick: Position| -> Vec<(Ix, Position)> {
            last.iter().copied().filter(|(_, q)| contradict(pick, *q)).collect()
        };
        let counts = |choice: &(Ix, Position)| {
            let rivals = against(choice.1);
            rivals.is_empty()
                || (self.relied_on(*choice, &rivals)
                    && !rivals.iter().any(|rival| self.relied_on(*rival, &against(rival.1))))
        };
        last.iter().filter(|c| counts(c)).map(|(_, pick)| *pick).collect()
    }

    /// Whether another signer of what the picks are signed something that knows a choice and no contradicting one.
    fn relied_on(&self, (choose, pick): (Ix, Position), others: &[(Ix, Position)]) -> bool {
        let chooser = self.party(choose);
        let mut signers: BTreeSet<PartyId> = BTreeSet::new();
        for position in others.iter().map(|(_, position)| *position).chain([pick]) {
            let seats = self.fold.proposal(position.revision()).map_or(&[][..], |p| &p.signers);
            signers.extend(seats.iter().flat_map(|seat| self.signers_for(position.revision(), seat)));
        }
        signers.remove(&chooser);
        signers.iter().flat_map(|party| self.graph.lanes_of_party(party)).any(|lane| {
            let over = |c: Ix| self.first_over(lane, |ix| self.graph.in_past(c, ix));
            let contradicted = others.iter().filter_map(|(c, _)| over(*c)).min();
            over(choose).is_some_and(|at| contradicted.is_none_or(|c| at < c))
        })
    }

    /// (b) Where exactly one of those that crossed is settled: the others.
    fn unsettled(&self, crossing: &Crossing) -> Vec<Position> {
        for (key, matter) in crossing.iter().filter(|(_, m)| m.is_crossed()) {
            let (settled, unsettled): (Vec<Position>, Vec<Position>) =
                matter.standing.iter().map(|(p, _)| *p).partition(|p| self.settled_at(*p, key, &[]));
            if settled.len() == 1 {
                return unsettled;
            }
        }
        Vec::new()
    }

    /// Who chooses where agreements crossed, one for the whole crossing: of the performers who signed all of them
    /// the lowest party id; else the lowest of those who signed all; else of the performers, or of the signers.
    #[must_use]
    pub fn chooser(&self, key: &SubjectKey) -> Option<PartyId> {
        let (crossing, _) = self.resolved_crossing(key);
        let rivals: BTreeSet<Position> =
            crossing.values().filter(|m| m.is_crossed()).flat_map(|m| m.standing.iter().map(|(p, _)| *p)).collect();
        let mut performers: BTreeSet<PartyId> = BTreeSet::new();
        let mut signers: BTreeSet<PartyId> = BTreeSet::new();
        let mut signed_all: Option<BTreeSet<PartyId>> = None;
        for rival in &rivals {
            let revision = rival.revision();
            for key in self.fold.subject_keys(revision) {
                let terms = self.terms(revision, key);
                let seats = terms.iter().flat_map(|t| t.performers.iter().map(|p| p.seat));
                performers.extend(seats.flat_map(|seat| self.parties_of(&seat)));
            }
            let seats = self.fold.proposal(revision).map_or(&[][..], |p| &p.signers);
            // An end is granted by everybody who signed the agreement.
            let signed: BTreeSet<PartyId> = seats.iter().flat_map(|seat| self.signers_for(revision, seat)).collect();
            signers.extend(&signed);
            signed_all = Some(match signed_all {
                None => signed,
                Some(all) => all.intersection(&signed).copied().collect(),
            });
        }
        let signed_all = signed_all?;
        let first = performers.intersection(&signed_all).next().copied();
        first
            .or_else(|| signed_all.first().copied())
            .or_else(|| performers.intersection(&signers).next().copied())
            .or_else(|| signers.first().copied())
    }

    /// The position an id names among those that crossed on a subject.
    pub(super) fn rival(&self, key: &SubjectKey, named: Ix) -> Option<Position> {
        let InForce::Crossed { rivals, .. } = self.in_force(key) else { return None };
        let position = self.revision_named(named)?;
        if matches!(position, Position::End(_)) && self.name(position, key) != self.graph.id(named) {
            return None;
        }
        let twins = self.twins(key);
        rivals.into_iter().find(|rival| twins.same(*rival, position))
    }
}
