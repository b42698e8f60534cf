//! Joining: as the one invited, and as the one who invites.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    act::Act,
    fold::{InForce, Position, SubjectKey, Verdict},
    id::{CaseId, EntryId, PartyId},
    invitation::{JoinRequest, Link},
    keylog::KeyLogs,
    record::Record,
    sync::{
        Stored,
        frame::Decline,
        hello::{Ask, Greeted, Reached},
    },
    value::{ActionId, Seat},
};
use counterpart_net::{Address, PeerId, Protocol};
use counterpart_store::{KeyEventRow, PeerAddress};

use super::{Command, Engine, call::Call};
use crate::{
    clock::now,
    error::DeskError,
    metrics::{self, Refused},
    node::NodeEvent,
    presence::{JoinStanding, Sighting},
};

/// The inviting node's answer to a request to join.
pub(crate) enum Answer {
    Admitted(EntryId),
    Declined(Decline),
}

/// What came of our own request.
pub(crate) enum Outcome {
    Admitted { key_events: Vec<Vec<u8>> },
    Declined(Decline),
    Unreachable(String),
}

impl Engine {
    /// Takes up joins that the store remembers.
    pub(super) fn start_joins(&mut self) {
        let joins = self.desk.with_store(|s| Ok::<_, DeskError>((s.joins()?, s.is_shared())));
        let (joins, shared) = match joins {
            Ok(joins) => joins,
            Err(why) => return self.trouble(&why),
        };
        let own = self.net.peer_id().as_bytes().to_vec();
        let before = std::mem::take(&mut self.awaited);
        for join in joins {
            if self.joining.contains(&join.case) || self.trusted.contains_key(&join.case) {
                continue;
            }
            let Ok(link) = Link::parse(&join.link) else { continue };
            // What another machine of ours asks is signed as from there: from here it would be refused, and ended for both.
            let elsewhere = shared && JoinRequest::claimed_peer(&join.request).as_ref() != Some(&own);
            let expired = join.expires <= now();
            if elsewhere || expired {
                // Where we were let in, there is nothing to ask any more, and whoever asked may be gone.
                match self.was_let_in(join.case, link.opener) {
                    Ok(true) => {
                        self.await_case(join.case, link.opener, &before);
                        continue;
                    }
                    Ok(false) if !expired => continue,
                    Ok(false) => {}
                    Err(why) => {
                        self.trouble(&why);
                        continue;
                    }
                }
            }
            if !self.may("join") {
                self.end_join(join.case, Some(DeskError::MayNotSign("join").to_string()));
                continue;
            }
            if expired {
                self.end_join(join.case, Some("the invitation expired; ask for a new one".to_owned()));
                continue;
            }
            let Ok(peer) = PeerId::from_bytes(&link.peer) else { continue };
            self.joining.insert(join.case);
            self.presence.note(Sighting::Join { case: join.case, standing: JoinStanding::Asking }, now());
            let call = Call {
                net: std::sync::Arc::clone(&self.net),
                peer,
                addresses: link.addresses.iter().filter_map(|a| Address::parse(a).ok()).collect(),
                own: self.identity.clone(),
                key: self.desk.identity().device.clone(),
            };
            let commands = self.commands.clone();
            let case = join.case;
            tokio::spawn(async move {
                let outcome = match call.place(Ask::Join(join.request), Protocol::Invitation).await {
                    Ok((Reached::Admitted { key_events, .. }, _)) => Outcome::Admitted { key_events },
                    Ok((Reached::Declined(reason), _)) => Outcome::Declined(reason),
                    Ok(_) => Outcome::Unreachable("the other side answered out of turn".to_owned()),
                    Err(why) => Outcome::Unreachable(why),
                };
                drop(commands.send(Command::JoinAnswered { case, outcome }));
            });
        }
    }

    /// Whether the answer to a request to join is known in the store: with it the opener's addresses were kept for the case, and
    /// without it nobody has anything of the case.
    fn was_let_in(&self, case: CaseId, opener: PartyId) -> Result<bool, DeskError> {
        self.desk.with_store(|store| {
            let called = store.peer_addresses(case)?.iter().any(|row| row.party == opener);
            Ok(called || store.entry_count(case)? > 0)
        })
    }

    fn await_case(&mut self, case: CaseId, opener: PartyId, before: &BTreeMap<CaseId, PartyId>) {
        // Else another one of us may.
        if !self.may("join") {
            return;
        }
        self.awaited.insert(case, opener);
        if !before.contains_key(&case) {
            self.presence.note(Sighting::Join { case, standing: JoinStanding::Admitted }, now());
        }
    }

    /// The opener of a case that we were let into, heard before the record says who is a member.
    pub(super) fn opener_of(&self, case: &CaseId) -> Option<PartyId> {
        self.trusted.get(case).or_else(|| self.awaited.get(case)).copied()
    }

    pub(super) fn join_answered(&mut self, case: CaseId, outcome: Outcome) {
        self.joining.remove(&case);
        match outcome {
            Outcome::Unreachable(why) => {
                let standing = JoinStanding::Unreachable(why.clone());
                self.presence.note(Sighting::Join { case, standing }, now());
                self.tell(NodeEvent::Unreachable { case, why, party: None, first: true });
            }
            Outcome::Declined(reason) => self.end_join(case, Some(declined(reason).to_owned())),
            Outcome::Admitted { key_events } => {
                if let Err(why) = self.trust_opener(case, &key_events) {
                    return self.trouble(&why);
                }
                self.presence.note(Sighting::Join { case, standing: JoinStanding::Admitted }, now());
                self.find_routes();
                self.dial_due();
            }
        }
    }

    /// We were admitted: keep the opener's key log and addresses, then ask for the case.
    fn trust_opener(&mut self, case: CaseId, key_events: &[Vec<u8>]) -> Result<(), DeskError> {
        let joins = self.desk.with_store(|s| s.joins())?;
        let Some(join) = joins.into_iter().find(|j| j.case == case) else { return Ok(()) };
        let link = Link::parse(&join.link)?;
        let mut logs = KeyLogs::new();
        for event in key_events {
            // The case's own stream brings what is missing here.
            drop(logs.apply(event));
        }
        let time = now();
        let own_peer = PeerId::from_bytes(&link.peer).ok();
        self.desk.with_store(|store| {
            store.write(|txn| {
                for event in logs.of_party(&link.opener) {
                    txn.insert_key_event(&KeyEventRow {
                        id: event.id,
                        party: event.party,
                        position: u64::from(event.position),
                        envelope: event.bytes(),
                    })?;
                }
                for address in &link.addresses {
                    let parsed = Address::parse(address).ok().zip(own_peer.as_ref());
                    let Some((parsed, peer)) = parsed else { continue };
                    let address = parsed.with_peer(peer).to_string();
                    txn.put_peer_address(&PeerAddress {
                        case,
                        party: link.opener,
                        device: None,
                        address,
                        last_seen: time,
                    })?;
                }
                Ok::<_, DeskError>(())
            })
        })?;
        self.finding.read_again();
        self.trusted.insert(case, link.opener);
        Ok(())
    }

    /// Cases that we are let into and that another machine of ours put into the store, or this one before it was stopped: of
    /// what is there already no news comes.
    pub(super) fn look_at_joins(&mut self) {
        let cases: BTreeSet<CaseId> = self.trusted.keys().chain(self.awaited.keys()).copied().collect();
        for case in cases {
            let here = self.desk.with_store(|s| s.entry_count(case)).is_ok_and(|count| count > 0);
            if !here {
                continue;
            }
            if let Err(why) = self.open_case(case).map(drop) {
                self.trouble(&why);
                continue;
            }
            self.join_if_admitted(case);
            self.close_if_idle(case);
        }
    }

    /// Once the record shows our admission, say that we join.
    pub(super) fn join_if_admitted(&mut self, case: CaseId) {
        if self.opener_of(&case).is_none() {
            return;
        }
        let party = self.desk.party();
        let Some(open) = self.cases.get(&case) else { return };
        let lens = open.machine.record().lens();
        let admission = lens.admission(&party).map(|ix| lens.graph().id(ix));
        let joined = lens.joined(&party);
        let Some(admit) = admission else { return };
        if !joined && let Err(why) = self.act(case, &Act::Join { admit }, now()) {
            // Another machine of ours may have been faster.
            let here = self.open_case(case);
            if !here.is_ok_and(|open| open.machine.record().lens().joined(&party)) {
                return self.trouble(&why);
            }
        }
        let (asked, awaited) = (self.trusted.remove(&case), self.awaited.remove(&case));
        if asked.or(awaited).is_none() {
            // Told already, while what others wrote was taken in.
            return;
        }
        self.end_join(case, None);
        self.presence.note(Sighting::Joined { case }, now());
        self.tell(NodeEvent::Joined(case));
    }

    fn end_join(&mut self, case: CaseId, refused: Option<String>) {
        // All of us who share a store may find at the same moment that it is over.
        let done = self.desk.with_store(|s| s.write_again(|txn| txn.delete_join(case).map_err(DeskError::from)));
        if let Err(why) = done {
            self.trouble(&why);
        }
        if let Some(why) = refused {
            let standing = JoinStanding::Refused(why.clone());
            self.presence.note(Sighting::Join { case, standing }, now());
            self.tell(NodeEvent::JoinRefused { case, why });
        }
    }

    /// Somebody holds an invitation's secret and asks to join.
    pub(super) fn joining_asked(&mut self, request: &[u8], greeted: &Greeted) -> Answer {
        match self.admit(request, greeted) {
            Ok(answer) => {
                if matches!(answer, Answer::Declined(_)) {
                    metrics::here().refused(Refused::Join);
                }
                answer
            }
            Err(why) => {
                self.trouble(&why);
                Answer::Declined(Decline::Busy)
            }
        }
    }

    fn admit(&mut self, bytes: &[u8], greeted: &Greeted) -> Result<Answer, DeskError> {
        const UNKNOWN: Answer = Answer::Declined(Decline::Unknown);
        if self.offline {
            return Ok(Answer::Declined(Decline::Busy));
        }
        // Who cannot let anybody in says no more than one who knows nothing of it.
        if !self.may("admit") {
            return Ok(UNKNOWN);
        }
        let Some((case, invite)) = JoinRequest::claims(bytes) else { return Ok(UNKNOWN) };
        // Only invitations made at this desk are answered; an unknown one and a wrong one are told alike.
        let known = self.desk.with_store(|s| s.invite(invite))?;
        if known.is_none_or(|i| i.case != case) {
            return Ok(UNKNOWN);
        }
        self.open_case(case)?;
        self.absorb_stored(case);
        self.open_case(case)?;
        let record = self.cases[&case].machine.record();
        let Some((key, seat)) = invitation(record, &invite) else { return Ok(UNKNOWN) };
        let Ok(request) = JoinRequest::verify(bytes, &key) else { return Ok(UNKNOWN) };
        let party = request.log.party;
        let same = request.peer == greeted.peer
            && party == greeted.party
            && request.device == greeted.device
            && request.grant == greeted.grant;
        if !same {
            return Ok(UNKNOWN);
        }
        if let Some((admit, admitted)) = used(record, &invite) {
            // The answer may have been lost: the same party is told again.
            return Ok(if admitted == party { Answer::Admitted(admit) } else { Answer::Declined(Decline::Used) });
        }
        if revoked(record, &invite) {
            return Ok(Answer::Declined(Decline::Revoked));
        }
        if request.expires <= now() {
            return Ok(Answer::Declined(Decline::Expired));
        }
        let revision = agreed_admission(record, &seat);
        if revision.is_none() && record.lens().members().len() > 1 {
            return Ok(Answer::Declined(Decline::NotAgreed));
        }
        if !self.keep_log(case, &party, &greeted.key_events)? {
            return Ok(UNKNOWN);
        }
        let act = Act::Admit { party, seat, invite, request: bytes.to_vec(), revision };
        let admit = self.act(case, &act, now())?;
        self.tell(NodeEvent::Admitted { case, party });
        Ok(Answer::Admitted(admit))
    }

    /// Keeps the joiner's key log; gives whether it is one.
    fn keep_log(&mut self, case: CaseId, party: &PartyId, events: &[Vec<u8>]) -> Result<bool, DeskError> {
        let mut logs = KeyLogs::new();
        for event in events {
            if logs.apply(event).is_err() {
                return Ok(false);
            }
        }
        let kept: Vec<_> = logs.of_party(party).cloned().collect();
        if kept.is_empty() {
            return Ok(false);
        }
        self.desk.with_store(|store| {
            store.write(|txn| {
                for event in &kept {
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
        self.grown.insert(*party);
        let stored = kept.iter().map(|e| Stored::KeyEvent(e.bytes().to_vec())).collect();
        if let Some(open) = self.cases.get_mut(&case)
            && let Err(why) = open.machine.absorb(stored, self.ticks.now())
        {
            self.trouble(&why);
            return Ok(false);
        }
        Ok(true)
    }
}

/// The key and seat of an effective invitation.
pub(crate) fn invitation(record: &Record, invite: &EntryId) -> Option<([u8; 32], Seat)> {
    let ix = record.graph().find(invite).filter(|ix| *record.fold().verdict(*ix) == Verdict::Effective)?;
    match record.fold().act(ix) {
        Act::Invite { key, seat, .. } => Some((*key, *seat)),
        _ => None,
    }
}

pub(crate) fn used(record: &Record, invite: &EntryId) -> Option<(EntryId, PartyId)> {
    record.lens().about(invite).find_map(|ix| match record.fold().act(ix) {
        Act::Admit { party, .. } => Some((record.graph().id(ix), *party)),
        _ => None,
    })
}

pub(crate) fn revoked(record: &Record, invite: &EntryId) -> bool {
    record.lens().about(invite).any(|ix| matches!(record.fold().act(ix), Act::Uninvite { .. }))
}

/// The agreement that brings a further party to a seat, if there is one.
pub(crate) fn agreed_admission(record: &Record, seat: &Seat) -> Option<EntryId> {
    let key = match seat {
        Seat::Number(_) => SubjectKey::Seat(*seat),
        Seat::Added(proposal, index) => SubjectKey::NewSeat(ActionId { proposal: *proposal, index: *index }),
    };
    match record.lens().in_force(&key) {
        InForce::One { position: Position::Revision(revision), .. } => Some(record.graph().id(revision)),
        _ => None,
    }
}

fn declined(reason: Decline) -> &'static str {
    match reason {
        Decline::Expired => "the invitation expired; ask for a new one",
        Decline::Used => "the invitation was used by somebody else; ask for a new one",
        Decline::Revoked => "the invitation was revoked; ask for a new one",
        Decline::Unknown => "the other side does not know this invitation; check the link, or ask for a new one",
        Decline::NotAgreed => {
            "everybody in the case has to agree before you are let in, and they have not yet; ask whoever invited you, \
             then join again with the same link"
        }
        Decline::Busy => "the other side could not take you in just now; try again",
    }
}
