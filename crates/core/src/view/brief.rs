//! The brief: what a list of cases shows. Kept up subject by subject, so that recording one act costs the same in
//! a large case as in a small one.

use std::collections::{BTreeMap, BTreeSet};

use super::waiting::{Waiting, of_subject};
use crate::{
    fold::{ActionState, Fold, SubjectKey},
    graph::{Graph, Ix},
    id::PartyId,
    record::Record,
    value::{Due, Seat},
};

/// What a list shows of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    pub title: String,
    /// open, closed or reopened.
    pub state: &'static str,
    pub entries: usize,
    /// The moves waited for, oldest first.
    pub waiting: Vec<Waiting>,
    /// Due times of what is agreed and not done: the absolute ones, and relative ones with what they count from.
    pub due: Vec<(Due, Option<i64>)>,
}

/// Per subject what the brief needs of it; recomputed only for subjects touched since.
#[derive(Debug, Default)]
pub(crate) struct BriefCache {
    subjects: BTreeMap<SubjectKey, SubjectBrief>,
    stale: BTreeSet<SubjectKey>,
}

#[derive(Debug, Clone)]
struct SubjectBrief {
    waiting: Vec<Waiting>,
    due: Option<(Due, Option<i64>)>,
    /// May change by entries that do not speak of it.
    volatile: bool,
}

impl BriefCache {
    /// Notes what a new entry may have changed.
    pub(crate) fn entered(&mut self, fold: &Fold, graph: &Graph, ix: Ix) {
        self.stale.extend(fold.touched(graph, ix));
        // An entry of another party with an earlier time may move what a relative due time counts from.
        let at = graph.statement(ix).at;
        let later = |brief: &SubjectBrief| {
            brief.volatile || brief.due.as_ref().is_some_and(|(_, from)| from.is_some_and(|f| at < f))
        };
        self.stale.extend(self.subjects.iter().filter(|(_, brief)| later(brief)).map(|(key, _)| key.clone()));
    }
}

impl Record {
    /// What a list shows of this case; `None` for an empty record.
    #[must_use]
    pub fn brief(&mut self) -> Option<Brief> {
        let mut cache = std::mem::take(&mut self.brief_cache);
        for key in std::mem::take(&mut cache.stale) {
            let computed = subject_brief(self, &key);
            match computed {
                Some(brief) => cache.subjects.insert(key, brief),
                None => cache.subjects.remove(&key),
            };
        }
        let lens = self.lens();
        let open = lens.open().map(|(_, open)| open.title.clone());
        let brief = open.map(|title| {
            let state = super::case_state(&lens);
            let closed = matches!(state, super::CaseState::Closed(_));
            let subjects = || cache.subjects.values().filter(|_| !closed);
            let mut waiting: Vec<Waiting> = subjects().flat_map(|s| s.waiting.iter().cloned()).collect();
            let others = super::waiting::joins(&lens).into_iter().chain(super::waiting::erasures(&lens));
            waiting.extend(others.filter(|_| !closed));
            let mut parties: BTreeMap<Seat, Option<PartyId>> = BTreeMap::new();
            for wait in &mut waiting {
                let party = || lens.parties_of(&wait.seat).first().copied();
                wait.party = *parties.entry(wait.seat).or_insert_with(party);
            }
            waiting.sort_by_key(|w| (w.since, w.about));
            waiting.dedup();
            let due = subjects().filter_map(|s| s.due.clone()).collect();
            Brief { title, state: state.as_str(), entries: self.graph().len(), waiting, due }
        });
        self.brief_cache = cache;
        brief
    }
}

impl Brief {
    /// The first move waited for from a party, and the first from anybody else.
    #[must_use]
    pub fn moves(&self, own: &PartyId) -> (Option<&Waiting>, Option<&Waiting>) {
        let mine = self.waiting.iter().find(|w| w.party == Some(*own));
        let theirs = self.waiting.iter().find(|w| w.party != Some(*own));
        (mine, theirs)
    }
}

fn subject_brief(record: &Record, key: &SubjectKey) -> Option<SubjectBrief> {
    let lens = record.lens();
    let status = lens.status(key)?;
    let waiting = of_subject(&lens, key, &status);
    let live = matches!(status.state, ActionState::Agreed | ActionState::Rework);
    let due = lens.terms(status.revision, key).filter(|_| live).and_then(|t| t.due.clone());
    let due = due.map(|due| {
        // Finding what a relative time counts from walks the record; an absolute one needs nothing.
        let from = if matches!(due, Due::After { .. }) { record.agreed_at(status.revision) } else { None };
        (due, from)
    });
    Some(SubjectBrief { waiting, due, volatile: lens.is_volatile(key) })
}
