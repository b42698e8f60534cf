//! The brief: what a list of cases shows. Kept up subject by subject, so that recording one act costs the same in
//! a large case as in a small one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::waiting::{Waiting, of_subject};
use crate::{
    fold::{ActionState, Fold, SubjectKey},
    graph::{Graph, Ix},
    id::{EntryId, PartyId},
    record::Record,
    value::{ActionId, Due, Seat},
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
    /// Due times of what is promised and not done: agreed, or noted as said by the other side.
    pub due: Vec<Arc<Promised>>,
    pub seats: Vec<BriefSeat>,
}

/// A seat as a list names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BriefSeat {
    pub seat: Seat,
    pub parties: Vec<PartyId>,
    /// Where it is an open text.
    pub label: Option<String>,
}

/// A promise with its due time, not done yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promised {
    pub due: Due,
    /// What a relative due time counts from, Unix milliseconds.
    pub counted_from: Option<i64>,
    pub action: ActionId,
    /// The revision that stands for it.
    pub revision: EntryId,
    /// Which subject of it; nothing where it has but one.
    pub subject: Option<u32>,
    /// What is to be done, where that is an open text.
    pub what: Option<Arc<str>>,
    pub performers: Vec<Seat>,
    /// Noted as said by the other side, and not agreed.
    pub said: bool,
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
    due: Option<Arc<Promised>>,
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
            brief.volatile || brief.due.as_ref().is_some_and(|due| due.counted_from.is_some_and(|f| at < f))
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
            waiting.sort_by_key(|w| (w.since, w.about, w.seat, w.expected));
            waiting.dedup();
            let due = subjects().filter_map(|s| s.due.clone()).collect();
            let seat = |seat: Seat| {
                let label = lens.seat(&seat)?.label.open().map(str::to_owned);
                Some(BriefSeat { seat, parties: lens.parties_of(&seat), label })
            };
            let seats = lens.seats().into_iter().filter_map(seat).collect();
            Brief { title, state: state.as_str(), entries: self.graph().len(), waiting, due, seats }
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
    let said = record.fold().proposal(status.revision).is_some_and(|p| p.alleged.is_some());
    let live = match status.state {
        ActionState::Agreed | ActionState::Rework => true,
        // What was said to be promised is tracked at once.
        ActionState::Proposed | ActionState::Accepted => said,
        _ => false,
    };
    let terms = lens.terms(status.revision, key).filter(|_| live);
    let due = terms.and_then(|terms| {
        let SubjectKey::Action(action) = key else { return None };
        let due = terms.due.clone()?;
        // Finding what a relative time counts from walks the record; an absolute one needs nothing.
        let counted_from = if matches!(due, Due::After { .. }) { record.agreed_at(status.revision) } else { None };
        let keys = record.fold().subject_keys(status.revision);
        let subject = keys.iter().position(|k| k == key).filter(|_| keys.len() > 1);
        Some(Arc::new(Promised {
            due,
            counted_from,
            action: *action,
            revision: record.graph().id(status.revision),
            subject: subject.and_then(|n| u32::try_from(n).ok()),
            what: terms.what.open().map(Arc::from),
            performers: terms.performers.iter().map(|p| p.seat).collect(),
            said: said && !matches!(status.state, ActionState::Agreed | ActionState::Rework),
        }))
    });
    Some(SubjectBrief { waiting, due, volatile: lens.is_volatile(key) })
}
