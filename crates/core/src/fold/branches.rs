//! Key logs that branch: what a rotation took back, and what binds in a disputed identity (R9, R10).
//!
//! Only events count that some entry cites, with those before them; so every copy comes to the same answer.

use std::collections::BTreeMap;

use super::{Lens, revoked::Standing};
use crate::{
    act::Act,
    graph::{Graph, Ix},
    id::{EventId, PartyId},
    keylog::{Dispute, KeyEvent},
};

/// What entries cite of one party's key log.
#[derive(Debug, Default)]
pub(super) struct CitedLog {
    events: BTreeMap<EventId, CitedEvent>,
    /// What follows each event; several where the log branches.
    after: BTreeMap<EventId, Vec<EventId>>,
    /// Rotations by the inception or rotation whose time they end.
    rotations: BTreeMap<EventId, Vec<EventId>>,
    branches: bool,
}

#[derive(Debug)]
struct CitedEvent {
    position: u32,
    prev: Option<EventId>,
    /// The inception or rotation whose root key is in force.
    era: EventId,
    /// The first entries that rely on it, each without knowing of the others.
    citing: Vec<Ix>,
}

impl CitedLog {
    /// Whether an entry's past relied on an event already, and with it on all before it.
    pub(super) fn is_known(&self, graph: &Graph, event: &EventId, ix: Ix) -> bool {
        self.events.get(event).is_some_and(|e| e.citing.iter().any(|c| graph.in_past_or_same(*c, ix)))
    }

    /// Notes that an entry is among the first to rely on an event.
    pub(super) fn note(&mut self, event: &KeyEvent, ended: Option<EventId>, ix: Ix) {
        let known = self.events.entry(event.id).or_insert_with(|| CitedEvent {
            position: event.position,
            prev: event.prev,
            era: event.era,
            citing: Vec::new(),
        });
        let first = known.citing.is_empty();
        known.citing.push(ix);
        if !first {
            return;
        }
        if let Some(prev) = event.prev {
            let after = self.after.entry(prev).or_default();
            after.push(event.id);
            after.sort_unstable();
            self.branches |= after.len() > 1;
        }
        if let Some(ended) = ended {
            self.rotations.entry(ended).or_default().push(event.id);
        }
    }

    /// Whether anything about it has to be decided.
    pub(super) fn branches(&self) -> bool {
        self.branches
    }

    /// Whether an event is another one, or among those before it.
    fn leads_to(&self, earlier: &EventId, later: &EventId) -> bool {
        let Some(position) = self.events.get(earlier).map(|e| e.position) else { return false };
        let mut at = Some(*later);
        while let Some((id, event)) = at.and_then(|id| Some((id, self.events.get(&id)?))) {
            if event.position <= position {
                return id == *earlier;
            }
            at = event.prev;
        }
        false
    }
}

impl Lens<'_> {
    /// Whether some entry asked about relies on a key event.
    fn is_cited(&self, log: &CitedLog, event: &EventId) -> bool {
        log.events.get(event).is_some_and(|e| e.citing.iter().any(|c| self.holds(*c)))
    }

    /// The rotation that takes a key event back, as far as the entries asked about say.
    fn taken_back(&self, log: &CitedLog, event: &EventId) -> Option<EventId> {
        let era = log.events.get(event)?.era;
        let mut ending = log.rotations.get(&era)?.iter().filter(|r| self.is_cited(log, r));
        let rotation = *ending.next()?;
        // Two of them say two things with one key: neither decides.
        (ending.next().is_none() && !log.leads_to(event, &rotation)).then_some(rotation)
    }

    fn branching_log(&self, party: &PartyId) -> Option<&CitedLog> {
        self.fold.key_logs.get(party).filter(|log| log.branches())
    }

    /// Whether a rotation took a party's key event back, such as a revocation.
    pub(super) fn event_taken_back(&self, party: &PartyId, event: &EventId) -> bool {
        self.branching_log(party).is_some_and(|log| self.taken_back(log, event).is_some())
    }

    /// Whether an entry's grant was taken back.
    pub(super) fn grant_taken_back(&self, ix: Ix) -> bool {
        self.event_taken_back(&self.party(ix), &self.graph.statement(ix).grant)
    }

    /// What the branches of its party's key log make of an act under a grant that stands on one of them only.
    pub(super) fn standing_on_its_branch(&self, ix: Ix) -> Standing {
        let Some(log) = self.branching_log(&self.party(ix)) else { return Standing::Counts };
        let grant = self.graph.statement(ix).grant;
        let knows = |event: &EventId, by: Ix| log.is_known(self.graph, event, by);
        if let Some(rotation) = self.taken_back(log, &grant) {
            return self.standing_unless_known(ix, |by| knows(&rotation, by));
        }
        if !binds(self.fold.act(ix)) {
            return Standing::Counts;
        }
        let disputed = |fork: &&[EventId]| fork.iter().any(|branch| log.leads_to(branch, &grant));
        let several = |fork: &[EventId], by: Ix| fork.iter().filter(|branch| knows(branch, by)).count() > 1;
        let each =
            self.open_forks(log).filter(disputed).map(|fork| self.standing_unless_known(ix, |by| several(fork, by)));
        each.max().unwrap_or(Standing::Counts)
    }

    /// An act that is in doubt for all who know something: as one by a key that was revoked as compromised.
    fn standing_unless_known(&self, ix: Ix, knows: impl Fn(Ix) -> bool) -> Standing {
        let Some(others) = self.other_signers(ix) else { return Standing::Counts };
        if let Some(standing) = self.resolved_by_word(ix, &knows) {
            return standing;
        }
        let relied = others.iter().any(|party| self.order_of_knowing(party, &knows, ix).1);
        if relied { Standing::Counts } else { Standing::Contested }
    }

    /// Where a log branches, the branches of which several are relied on and no rotation takes back.
    fn open_forks<'l>(&self, log: &'l CitedLog) -> impl Iterator<Item = &'l [EventId]> {
        let rival = |branch: &EventId| self.is_cited(log, branch) && self.taken_back(log, branch).is_none();
        let forks = log.after.values().filter(|after| after.len() > 1);
        forks.filter(move |after| after.iter().filter(|branch| rival(branch)).count() > 1).map(Vec::as_slice)
    }

    /// The parties whose key logs have branches that nothing decides between.
    #[must_use]
    pub fn disputed_identities(&self) -> Vec<(PartyId, Dispute)> {
        let branching = self.fold.key_logs.iter().filter(|(_, log)| log.branches());
        branching.filter_map(|(party, log)| Some((*party, self.dispute_in(log)?))).collect()
    }

    fn dispute_in(&self, log: &CitedLog) -> Option<Dispute> {
        let position = |id: &EventId| log.events.get(id).map(|e| e.position);
        let cited = |rotations: &Vec<EventId>| rotations.iter().filter(|r| self.is_cited(log, r)).count();
        let twice = log.rotations.values().filter(|rotations| cited(rotations) > 1).flatten();
        if let Some(position) = twice.filter_map(position).min() {
            return Some(Dispute { position, for_good: true });
        }
        let first = self.open_forks(log).filter_map(|fork| position(fork.first()?)).min();
        first.map(|position| Dispute { position, for_good: false })
    }
}

/// Acts by which a party binds itself or gives something up: in a disputed identity these wait for its word.
fn binds(act: &Act) -> bool {
    matches!(
        act,
        Act::Propose(_)
            | Act::Counter { .. }
            | Act::Accept { .. }
            | Act::Confirm { .. }
            | Act::Approve { .. }
            | Act::Release { .. }
            | Act::Allow { .. }
            | Act::Cancel { .. }
            | Act::Choose { .. }
    )
}
