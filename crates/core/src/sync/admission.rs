//! Who may have a case: whether the grant of the device that greeted stands, by its party's key log.

use super::{PeerDevice, hello::Greeted};
use crate::{
    cbor::{Limits, Value},
    envelope::Envelope,
    id::{Domain, EventId, PartyId, hash},
    keylog::{GrantState, KeyLogs, MAX_EVENT},
    record::Record,
};

/// "Unknown case" and "not yours" are one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side's device has no part in this case, as far as this copy knows")]
pub struct NotAvailable;

/// Decides whether who greeted may have this case, and takes in what its key log adds; gives the events that are
/// new, to be persisted. `trusted` are parties known from an invitation's link, for a joiner who holds nothing yet.
///
/// # Errors
/// When its party is no member, or its grant does not stand for that device and peer id, or was revoked.
pub(super) fn admit_peer(
    record: &mut Record,
    trusted: &[PartyId],
    greeted: &Greeted,
) -> Result<(PeerDevice, Vec<EventId>), NotAvailable> {
    if !trusted.contains(&greeted.party) && !record.is_member(&greeted.party) {
        return Err(NotAvailable);
    }
    let mut new = Vec::new();
    for bytes in &greeted.key_events {
        let named = EventName::read(bytes).filter(|name| name.party == greeted.party);
        let Some(name) = named else { continue };
        if record.apply_key_event(bytes) == Ok(true) {
            new.push(name.id);
        }
    }
    let grant = match record.logs().grant_at(&greeted.log.event, &greeted.grant) {
        GrantState::Stands(grant) => grant,
        GrantState::Revoked(_) | GrantState::Absent => return Err(NotAvailable),
    };
    let fits = record.logs().knows(&greeted.log)
        && grant.device == greeted.device
        && grant.peer == greeted.peer
        && !is_revoked(record.logs(), &greeted.party, &greeted.grant);
    let Greeted { party, device, grant, version, .. } = *greeted;
    let peer = PeerDevice { party, device, grant, version };
    if fits { Ok((peer, new)) } else { Err(NotAvailable) }
}

/// Whether any branch of the party's log revokes a grant, or a rotation took it back: content goes only to devices
/// beyond doubt.
pub(super) fn is_revoked(logs: &KeyLogs, party: &PartyId, grant: &EventId) -> bool {
    logs.revocation_of(party, grant).is_some() || logs.superseded_by(grant).is_some()
}

/// Which event some bytes claim to be, before anything about them is checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventName {
    pub(super) id: EventId,
    pub(super) party: PartyId,
}

impl EventName {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let limits = Limits { bytes: MAX_EVENT, nodes: 512, depth: 6, text: 128 };
        let envelope = Envelope::parse(bytes, MAX_EVENT).ok()?;
        let value = Value::decode(envelope.payload(), limits).ok()?;
        let party = match value.header(2) {
            Some(party) => PartyId::from_slice(party.as_bytes()?)?,
            None => PartyId(hash(Domain::Party, &[envelope.payload()])),
        };
        Some(Self { id: EventId(hash(Domain::KeyEvent, &[envelope.payload()])), party })
    }
}
