//! Forked logs: where they branch, what a rotation takes back, what stays in dispute.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
};

use super::{
    EventBody, Grant, KeyEvent, KeyLogs,
    logs::{cite, grants},
};
use crate::{
    id::{DeviceKey, EventId, PartyId},
    statement::KeyCitation,
};

/// Grants of one device that are compared with each other; an honest party makes one a branch.
const MAX_GRANTS: usize = 8;

/// Two events follow the same one, and no rotation says which is the party's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dispute {
    /// The first position with two of them.
    pub position: u32,
    /// The next root key itself signed two rotations: nothing can tell them apart any more.
    pub for_good: bool,
}

impl KeyLogs {
    /// The rotation that takes an event back: it ends the time of the root key under which the event stands, and the
    /// event is not among what it follows. Of two such rotations neither does.
    #[must_use]
    pub fn superseded_by(&self, event: &EventId) -> Option<&KeyEvent> {
        let event = self.event(event).filter(|e| self.is_forked(&e.party))?;
        let rotation = self.rotation_ending(&event.era)?;
        let followed = self.same_era_before(rotation).take_while(|e| e.position >= event.position);
        (!followed.map(|e| e.id).any(|id| id == event.id)).then_some(rotation)
    }

    /// The one rotation that ends the time of a root key.
    fn rotation_ending(&self, era: &EventId) -> Option<&KeyEvent> {
        match self.rotations.get(era)?.as_slice() {
            [one] => self.event(one),
            _ => None,
        }
    }

    /// What a rotation follows under the root key that it ends, latest first.
    fn same_era_before<'a>(&'a self, rotation: &'a KeyEvent) -> impl Iterator<Item = &'a KeyEvent> {
        let last = rotation.prev.and_then(|prev| self.event(&prev));
        let era = last.map(|e| e.era);
        std::iter::successors(last, |e| self.event(&e.prev?)).take_while(move |e| Some(e.era) == era)
    }

    /// The events of a party that no rotation takes back, by position, then id: one pass, however many branches.
    fn standing_events(&self, party: &PartyId) -> Vec<&KeyEvent> {
        let rotations = self.of_party(party).filter(|e| e.is_rotation());
        let followed: HashSet<EventId> = rotations.flat_map(|r| self.same_era_before(r)).map(|e| e.id).collect();
        let stands = |e: &&KeyEvent| followed.contains(&e.id) || self.rotation_ending(&e.era).is_none();
        self.of_party(party).filter(stands).collect()
    }

    /// The end of a forked log on which a grant stands: the latest that no rotation takes back, then the smallest id.
    pub(super) fn end_granting(&self, party: &PartyId, grant: &EventId) -> Option<KeyCitation> {
        let mut granting: HashSet<EventId> = HashSet::new();
        let follows = |event: &&KeyEvent| {
            let revokes = matches!(&event.body, EventBody::Revoke { grant: g, .. } if g == grant);
            let after = event.prev.is_some_and(|prev| granting.contains(&prev)) && !revokes;
            // An event comes behind the one it follows.
            (event.id == *grant || after) && granting.insert(event.id)
        };
        self.standing_events(party).into_iter().filter(follows).max_by_key(|e| (e.rank(), Reverse(e.id))).map(cite)
    }

    /// Which of the grants of one device in a forked log is the one to go by.
    pub(super) fn best_grant(&self, party: &PartyId, device: &DeviceKey) -> Option<(EventId, &Grant)> {
        let few = self.of_party(party).filter_map(grants).filter(|(_, g)| g.device == *device).take(MAX_GRANTS);
        few.max_by_key(|(id, _)| {
            let taken_back = self.superseded_by(id).is_some();
            let end = self.end_granting(party, id).and_then(|end| self.event(&end.event)).map(KeyEvent::rank);
            (!taken_back, end, Reverse(*id))
        })
    }

    /// Whether a party's log has branches that no rotation decides between.
    #[must_use]
    pub fn dispute(&self, party: &PartyId) -> Option<Dispute> {
        if !self.is_forked(party) {
            return None;
        }
        let ended = |e: &KeyEvent| e.prev.and_then(|prev| self.event(&prev)).map(|prev| prev.era);
        let twice = |e: &&KeyEvent| {
            e.is_rotation() && ended(e).and_then(|era| self.rotations.get(&era)).is_some_and(|r| r.len() > 1)
        };
        if let Some(first) = self.of_party(party).find(twice) {
            return Some(Dispute { position: first.position, for_good: true });
        }
        let mut seen: BTreeSet<u32> = BTreeSet::new();
        let second = self.standing_events(party).into_iter().find(|e| !seen.insert(e.position));
        second.map(|e| Dispute { position: e.position, for_good: false })
    }
}
