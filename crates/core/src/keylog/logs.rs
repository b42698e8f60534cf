//! All key logs known: taking events in, and what the logs say of devices.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use super::{
    EventBody, Grant, KeyEvent, RevokeReason, check_possession,
    event::{Draft, decode},
    next_root_hash,
};
use crate::{
    envelope::{EnvelopeError, PublicKey},
    id::{DeviceKey, Domain, EventId, PartyId, hash},
    statement::{DecodeError, KeyCitation},
};

/// Most positions in one log.
pub const MAX_POSITION: u32 = 4096;
/// Most branches kept at one position under one root key, and most rotations that end one: two prove a fork, the rest
/// are noise.
const MAX_BRANCHES: usize = 2;
/// Most events kept at one position. What a thief of the root floods is counted apart from what stands under the root
/// that a rotation revealed, so there is room for the party itself.
const MAX_AT_POSITION: usize = 8;

/// Why a key event is not taken into a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyLogRefusal {
    #[error("the key event cannot be read: {0}")]
    Decode(#[from] DecodeError),
    #[error("the key event: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the event before it is not known yet")]
    MissingPrev(EventId),
    #[error("its position does not follow the event before it")]
    Position,
    #[error("signed by a key that may not extend this log")]
    NotPermitted,
    #[error("the device's own proof that it holds the key is missing or does not fit")]
    Possession,
    #[error("the device key already has a grant in this log")]
    SecondGrant,
    #[error("it revokes a grant that this log does not hold, or revoked before")]
    NothingToRevoke,
    #[error("the new root key is not the one the log committed to")]
    NotTheCommittedKey,
    #[error("more branches at one position than are kept")]
    TooManyBranches,
}

/// All key logs known, by event. Forked logs stand as trees; a citation names the branch.
#[derive(Debug, Clone, Default)]
pub struct KeyLogs {
    events: HashMap<EventId, KeyEvent>,
    by_position: BTreeMap<(PartyId, u32), Vec<EventId>>,
    /// Rotations by the era they end. More than one: whoever holds that key said two things.
    pub(super) rotations: BTreeMap<EventId, Vec<EventId>>,
    forked: BTreeSet<PartyId>,
}

impl KeyLogs {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in an event's envelope as it came; gives the event's id, and whether it was new.
    ///
    /// # Errors
    /// Why it is refused, by name. [`KeyLogRefusal::MissingPrev`] may be tried again later.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<(EventId, bool), KeyLogRefusal> {
        let (id, draft) = decode(bytes)?;
        if self.events.contains_key(&id) {
            return Ok((id, false));
        }
        let party = draft.party.unwrap_or_else(|| party_id(draft.envelope.payload()));
        let signer = self.check(&draft)?;
        let key = PublicKey::parse(&signer.0)?;
        if let EventBody::Grant(grant) = &draft.body {
            check_possession(&party, &grant.device, &grant.peer, &draft.possession)?;
        }
        let before = draft.prev.and_then(|prev| self.events.get(&prev)).map(|prev| (prev.era, prev.rotations));
        let rotates = matches!(draft.body, EventBody::Rotate { .. });
        if !self.has_room(&party, &draft, before.map(|(era, _)| era)) {
            return Err(KeyLogRefusal::TooManyBranches);
        }
        let envelope = draft.envelope.verify(Domain::KeyEvent, &key)?;
        let branches = self.by_position.entry((party, draft.position)).or_default();
        branches.push(id);
        branches.sort_unstable();
        if branches.len() > 1 {
            self.forked.insert(party);
        }
        let (era, rotations) = match before {
            Some((ended, rotations)) if rotates => {
                self.rotations.entry(ended).or_default().push(id);
                (id, rotations + 1)
            }
            Some(before) => before,
            None => (id, 0),
        };
        let Draft { position, prev, by, at, body, .. } = draft;
        self.events.insert(id, KeyEvent { id, party, position, prev, by, at, body, rotations, era, envelope });
        Ok((id, true))
    }

    /// Whether one more event is kept. Under each root key two branches are, and two rotations that end its time.
    fn has_room(&self, party: &PartyId, draft: &Draft, era: Option<EventId>) -> bool {
        let here = self.by_position.get(&(*party, draft.position)).map_or(&[][..], |ids| ids);
        let Some(era) = era else { return here.is_empty() };
        let alike = match draft.body {
            EventBody::Rotate { .. } => self.rotations.get(&era).map_or(0, Vec::len),
            _ => here.iter().filter(|id| self.events.get(id).is_some_and(|e| e.era == era && !e.is_rotation())).count(),
        };
        alike < MAX_BRANCHES && here.len() < MAX_AT_POSITION
    }

    /// Everything that can be said before the signature; gives the key that must have signed.
    fn check(&self, draft: &Draft) -> Result<DeviceKey, KeyLogRefusal> {
        let Some(prev_id) = draft.prev else {
            let EventBody::Inception { root, .. } = &draft.body else { return Err(KeyLogRefusal::Position) };
            let first = draft.position == 1 && draft.party.is_none() && draft.by.is_none();
            return if first { Ok(*root) } else { Err(KeyLogRefusal::Position) };
        };
        let prev = self.events.get(&prev_id).ok_or(KeyLogRefusal::MissingPrev(prev_id))?;
        if draft.position != prev.position + 1 || draft.position > MAX_POSITION || draft.party != Some(prev.party) {
            return Err(KeyLogRefusal::Position);
        }
        let log: Vec<&KeyEvent> = self.prefix(&prev_id).collect();
        let (root, next) = self.root_at(&prev_id).expect("every log begins with an inception");
        let granted = |id: &EventId| {
            let revoked = log.iter().any(|e| matches!(&e.body, EventBody::Revoke { grant, .. } if grant == id));
            let event = log.iter().find(|e| e.id == *id).filter(|_| !revoked)?;
            match &event.body {
                EventBody::Grant(grant) => Some(grant),
                _ => None,
            }
        };
        match &draft.body {
            EventBody::Inception { .. } => return Err(KeyLogRefusal::Position),
            EventBody::Rotate { root, .. } => {
                if next_root_hash(root) != next || draft.by.is_some() {
                    return Err(KeyLogRefusal::NotTheCommittedKey);
                }
                return Ok(*root);
            }
            EventBody::Grant(new) => {
                let again = log.iter().any(|e| matches!(&e.body, EventBody::Grant(g) if g.device == new.device));
                if again {
                    return Err(KeyLogRefusal::SecondGrant);
                }
            }
            EventBody::Revoke { grant, .. } => {
                granted(grant).ok_or(KeyLogRefusal::NothingToRevoke)?;
            }
        }
        match &draft.by {
            None => Ok(root),
            Some(by) => granted(by).filter(|g| g.admin).map(|g| g.device).ok_or(KeyLogRefusal::NotPermitted),
        }
    }

    /// The root key in force at an event, and the hash of the one that a rotation will reveal.
    #[must_use]
    pub fn root_at(&self, event: &EventId) -> Option<(DeviceKey, [u8; 32])> {
        let era = self.events.get(event)?.era;
        match &self.events.get(&era)?.body {
            EventBody::Inception { root, next, .. } | EventBody::Rotate { root, next } => Some((*root, *next)),
            _ => None,
        }
    }

    /// An event by id.
    #[must_use]
    pub fn event(&self, id: &EventId) -> Option<&KeyEvent> {
        self.events.get(id)
    }

    /// The events from one back to the inception.
    pub fn prefix<'a>(&'a self, last: &EventId) -> impl Iterator<Item = &'a KeyEvent> {
        std::iter::successors(self.events.get(last), |e| self.events.get(&e.prev?))
    }

    /// Every event of a party, by position, then id. More than one at a position is a forked log.
    pub fn of_party<'a>(&'a self, party: &PartyId) -> impl DoubleEndedIterator<Item = &'a KeyEvent> {
        self.by_position
            .range((*party, 0)..=(*party, u32::MAX))
            .flat_map(|(_, ids)| ids)
            .filter_map(|id| self.events.get(id))
    }

    /// The parties with a log here.
    pub fn parties(&self) -> impl Iterator<Item = PartyId> {
        self.by_position.keys().filter(|(_, position)| *position == 1).map(|(party, _)| *party)
    }

    /// The end of a party's log to cite; of a forked one the branch with the most rotations, then the longest, then the
    /// smallest id.
    #[must_use]
    pub fn head(&self, party: &PartyId) -> Option<KeyCitation> {
        let last = if self.is_forked(party) {
            self.of_party(party).max_by_key(|e| (e.rank(), Reverse(e.id)))
        } else {
            self.of_party(party).next_back()
        };
        last.map(cite)
    }

    /// The end of a log to cite for whoever acts under a grant in it: of a forked one a branch on which that grant
    /// stands, and the one [`KeyLogs::head`] would give of several. Where it stands on none, that one all the same.
    #[must_use]
    pub fn head_with(&self, party: &PartyId, grant: &EventId) -> Option<KeyCitation> {
        if !self.is_forked(party) {
            return self.head(party);
        }
        self.end_granting(party, grant).or_else(|| self.head(party))
    }

    /// Whether two events stand at one position of a party's log.
    #[must_use]
    pub fn is_forked(&self, party: &PartyId) -> bool {
        self.forked.contains(party)
    }

    /// Whether a citation names an event of that party at that position.
    #[must_use]
    pub fn knows(&self, citation: &KeyCitation) -> bool {
        self.events.get(&citation.event).is_some_and(|e| e.party == citation.party && e.position == citation.position)
    }

    /// A grant as of a cited event: whether the log up to there holds it, and whether it is revoked there.
    #[must_use]
    pub fn grant_at(&self, cited: &EventId, grant: &EventId) -> GrantState<'_> {
        let mut revoked = None;
        for event in self.prefix(cited) {
            match &event.body {
                EventBody::Revoke { grant: g, reason } if g == grant => revoked = Some(*reason),
                EventBody::Grant(found) if event.id == *grant => {
                    return match revoked {
                        None => GrantState::Stands(found),
                        Some(reason) => GrantState::Revoked(reason),
                    };
                }
                _ => {}
            }
        }
        GrantState::Absent
    }

    /// The event that revokes a grant, on whichever branch of its party's log, unless a rotation took it back; the
    /// first by position.
    #[must_use]
    pub fn revocation_of(&self, party: &PartyId, grant: &EventId) -> Option<&KeyEvent> {
        let revokes = |e: &&KeyEvent| matches!(&e.body, EventBody::Revoke { grant: g, .. } if g == grant);
        self.of_party(party).filter(revokes).find(|e| self.superseded_by(&e.id).is_none())
    }

    /// The grant event of a device in a party's log. On a forked one a device may be granted once a branch: the one
    /// that stands goes first, then the one on the branch that [`KeyLogs::head`] would give.
    #[must_use]
    pub fn grant_of_device(&self, party: &PartyId, device: &DeviceKey) -> Option<(EventId, &Grant)> {
        if self.is_forked(party) {
            return self.best_grant(party, device);
        }
        self.of_party(party).filter_map(grants).find(|(_, grant)| grant.device == *device)
    }
}

/// What a log says of a grant at some point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantState<'a> {
    Absent,
    Stands(&'a Grant),
    Revoked(RevokeReason),
}

pub(super) fn cite(event: &KeyEvent) -> KeyCitation {
    KeyCitation { party: event.party, position: event.position, event: event.id }
}

/// The grant that an event is.
pub(super) fn grants(event: &KeyEvent) -> Option<(EventId, &Grant)> {
    match &event.body {
        EventBody::Grant(grant) => Some((event.id, grant)),
        _ => None,
    }
}

fn party_id(inception_payload: &[u8]) -> PartyId {
    PartyId(hash(Domain::Party, &[inception_payload]))
}
