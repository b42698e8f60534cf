//! What a copy shows, in words that mean the same on every copy of a set.

use counterpart_core::{
    fold::{ActionStatus, InForce, Position, SubjectKey},
    graph::Ix,
    id::EntryId,
    record::Record,
    view::View,
};

/// An entry: what everybody knows from the start counts from 0, what was signed in the model from [`SIGNED`].
pub(crate) type Place = u32;
pub(crate) const SIGNED: Place = 1_000;

/// What is in force on a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Force {
    Nothing,
    Revision(Vec<Place>),
    End { of: Place },
    Crossed { rivals: Vec<(bool, Place)>, stays: Option<Place> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) key: SubjectKey,
    pub(crate) state: &'static str,
    pub(crate) force: Force,
    pub(crate) open: Vec<Place>,
    pub(crate) declare: Option<Place>,
    pub(crate) requests: Vec<Place>,
    pub(crate) reopen: Vec<Place>,
    pub(crate) overlays: Vec<&'static str>,
    pub(crate) settled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) items: String,
    pub(crate) case: &'static str,
    pub(crate) forks: usize,
}

impl Shown {
    pub(crate) fn of(record: &Record, places: &[Option<u32>]) -> Self {
        let view = record.view().expect("a case is open");
        let at = |ix: Ix| place(places, ix);
        let named = |id: &EntryId| record.graph().find(id).map_or(Place::MAX, at);
        let mut subjects: Vec<Subject> = view
            .actions
            .iter()
            .map(|a| subject(&a.key, &a.status, a.overlays.clone(), a.settled, &at, &named))
            .chain(view.matters.iter().map(|m| subject(&m.key, &m.status, Vec::new(), m.settled, &at, &named)))
            .collect();
        subjects.sort_by(|a, b| a.key.cmp(&b.key));
        let View { items, state, forks, .. } = view;
        let stated = |i: &counterpart_core::view::ItemView| {
            let stated: Vec<Place> = i.stated.iter().map(|s| named(&s.entry)).collect();
            (i.key.clone(), stated, i.agreed.as_ref().map(|(id, _)| named(id)), i.disputed)
        };
        let items: Vec<_> = items.iter().map(stated).collect();
        let items = if items.is_empty() { String::new() } else { format!("{items:?}") };
        Self { subjects, items, case: state.as_str(), forks: forks.len() }
    }

    pub(crate) fn subject(&self, key: &SubjectKey) -> Option<&Subject> {
        self.subjects.binary_search_by(|s| s.key.cmp(key)).ok().map(|at| &self.subjects[at])
    }

    /// The same but for what an act without effect may change: it is signed all the same, so it settles, and a fork
    /// is one whatever was signed.
    pub(crate) fn same_but_for_ticks(&self, other: &Self) -> bool {
        let bare = |s: &Subject| Subject { settled: false, ..s.clone() };
        self.items == other.items
            && self.subjects.len() == other.subjects.len()
            && self.subjects.iter().zip(&other.subjects).all(|(a, b)| bare(a) == bare(b))
    }
}

pub(crate) fn place(places: &[Option<u32>], ix: Ix) -> Place {
    let base = || Place::try_from(ix.at()).expect("few entries");
    places[ix.at()].map_or_else(base, |item| SIGNED + item)
}

fn subject(
    key: &SubjectKey,
    status: &ActionStatus,
    overlays: Vec<&'static str>,
    settled: bool,
    at: &impl Fn(Ix) -> Place,
    named: &impl Fn(&EntryId) -> Place,
) -> Subject {
    let all = |list: &[Ix]| {
        let mut all: Vec<Place> = list.iter().map(|ix| at(*ix)).collect();
        all.sort_unstable();
        all
    };
    let position = |p: &Position| (matches!(p, Position::End(_)), at(p.revision()));
    let force = match &status.in_force {
        InForce::None => Force::Nothing,
        InForce::One { position: Position::End(of), .. } => Force::End { of: at(*of) },
        InForce::One { position: Position::Revision(_), names } => {
            let mut names: Vec<Place> = names.iter().map(named).collect();
            names.sort_unstable();
            Force::Revision(names)
        }
        InForce::Crossed { rivals, stays } => {
            let mut rivals: Vec<(bool, Place)> = rivals.iter().map(position).collect();
            rivals.sort_unstable();
            Force::Crossed { rivals, stays: stays.as_ref().map(|(p, _)| position(p).1) }
        }
    };
    Subject {
        key: key.clone(),
        state: status.state.as_str(),
        force,
        open: all(&status.open),
        declare: status.declare.map(at),
        requests: all(&status.release_requests),
        reopen: all(&status.reopen_requests),
        overlays,
        settled,
    }
}
