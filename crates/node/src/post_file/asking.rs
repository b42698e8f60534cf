//! Requests to join that came as a file, and letting in whoever made one.

use counterpart_core::{
    act::Act,
    id::{CaseId, EntryId, PartyId},
    invitation::JoinRequest,
    keylog::{GrantState, KeyLogs},
    record::{Record, Signed},
    sync::frame::Decline,
    value::Seat,
};
use counterpart_store::KeyEventRow;

use crate::{
    desk::Desk,
    engine::{agreed_admission, invitation, revoked, used},
    error::DeskError,
};

/// A request to join, as a file brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinAsked {
    pub case: CaseId,
    pub(super) request: Vec<u8>,
    pub(super) key_events: Vec<Vec<u8>>,
}

/// What is to be said to a request to join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestVerdict {
    /// It holds: this act would let them in. Show it before [`Desk::let_in`] signs it.
    Holds { party: PartyId, seat: Seat, act: Box<Act> },
    /// They were let in before, by this entry.
    LetInBefore { party: PartyId, admit: EntryId },
    /// They cannot be let in, and why.
    Not(Decline),
}

impl Desk {
    /// Looks at a request to join: the same questions as a running node asks, but for those to the connection it came by.
    /// In place of that, the key log in the file must show the device that signed. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn examine_request(&self, asked: &JoinAsked, now: i64) -> Result<RequestVerdict, DeskError> {
        const UNKNOWN: RequestVerdict = RequestVerdict::Not(Decline::Unknown);
        let Some((case, invite)) = JoinRequest::claims(&asked.request) else { return Ok(UNKNOWN) };
        let known = self.with_store(|store| store.invite(invite))?;
        if case != asked.case || known.is_none_or(|known| known.case != case) {
            return Ok(UNKNOWN);
        }
        let record = self.record(&case)?;
        let Some((key, seat)) = invitation(&record, &invite) else { return Ok(UNKNOWN) };
        let Ok(request) = JoinRequest::verify(&asked.request, &key) else { return Ok(UNKNOWN) };
        let party = request.log.party;
        if !stands(&request, &asked.key_events) || record.lens().opener() != Some(request.opener) {
            return Ok(UNKNOWN);
        }
        if let Some((admit, admitted)) = used(&record, &invite) {
            let same = admitted == party;
            return Ok(if same {
                RequestVerdict::LetInBefore { party, admit }
            } else {
                RequestVerdict::Not(Decline::Used)
            });
        }
        if revoked(&record, &invite) {
            return Ok(RequestVerdict::Not(Decline::Revoked));
        }
        if request.expires <= now {
            return Ok(RequestVerdict::Not(Decline::Expired));
        }
        let revision = agreed_admission(&record, &seat);
        if revision.is_none() && record.lens().members().len() > 1 {
            return Ok(RequestVerdict::Not(Decline::NotAgreed));
        }
        let act = Box::new(Act::Admit { party, seat, invite, request: asked.request.clone(), revision });
        Ok(RequestVerdict::Holds { party, seat, act })
    }

    /// A case that also knows the key log of whoever asks to join: letting them in rests on it.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn record_with(&self, asked: &JoinAsked) -> Result<Record, DeskError> {
        let mut record = self.record(&asked.case)?;
        for event in &asked.key_events {
            record.apply_key_event(event)?;
        }
        Ok(record)
    }

    /// Signs the act that lets somebody in, from [`Desk::examine_request`]. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// Why it was not signed; nothing was changed then but that their key log is known.
    pub fn let_in(&self, asked: &JoinAsked, party: &PartyId, act: &Act, now: i64) -> Result<Signed, DeskError> {
        let mut record = self.record_with(asked)?;
        let events: Vec<_> = record.logs().of_party(party).cloned().collect();
        self.with_store(|store| {
            store.write(|txn| {
                for event in &events {
                    txn.insert_key_event(&KeyEventRow {
                        id: event.id,
                        party: event.party,
                        position: u64::from(event.position),
                        envelope: event.bytes(),
                    })?;
                }
                Ok::<_, DeskError>(())
            })
        })?;
        self.sign_on(&asked.case, &mut record, act, now)
    }
}

/// Whether a key log shows the device that made a request: granted at the point that the request names, for that key and
/// that machine, and nowhere taken back.
fn stands(request: &JoinRequest, events: &[Vec<u8>]) -> bool {
    let mut logs = KeyLogs::new();
    if !events.iter().all(|event| logs.apply(event).is_ok()) {
        return false;
    }
    let party = request.log.party;
    let theirs = logs.parties().all(|other| other == party);
    let stands = match logs.grant_at(&request.log.event, &request.grant) {
        GrantState::Stands(grant) => grant.device == request.device && grant.peer == request.peer,
        GrantState::Revoked(_) | GrantState::Absent => false,
    };
    let ended = logs.revocation_of(&party, &request.grant).is_some() || logs.superseded_by(&request.grant).is_some();
    theirs && stands && logs.knows(&request.log) && !ended
}
