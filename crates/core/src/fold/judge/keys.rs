//! Agents, their limits, and what embeds a proof.

use super::{Judge, Judged};
use crate::{
    act::{Act, Mandate, Proof, Proposal},
    envelope::Envelope,
    fold::{ProvedReceipt, Reason},
    graph::{Graph, Ix},
    id::{DeviceKey, EntryId, EventId, PartyId},
    keylog::{EventBody, Grant},
    receipt::SignedReceipt,
    statement::{KeyCitation, MAX_ENTRY_PAYLOAD},
    value::Money,
};

impl Judge<'_, '_> {
    /// The point in a party's key log that the statement relies on.
    fn key_point(&self, party: &PartyId) -> Option<KeyCitation> {
        let cited = self.statement.keys.iter().find(|k| k.party == *party).copied();
        cited.or_else(|| self.past.graph.keys_of(&self.statement.deps).get(party).map(|point| point.cited))
    }

    /// The grant of a device in a party's log, as far as the statement relies on it.
    fn grant_of(&self, party: &PartyId, device: &DeviceKey) -> Option<&Grant> {
        let point = self.key_point(party)?;
        self.logs.prefix(&point.event).find_map(|event| match &event.body {
            EventBody::Grant(grant) if grant.device == *device => Some(grant),
            _ => None,
        })
    }

    pub(super) fn own_device(&self, device: &DeviceKey) -> Judged {
        self.grant_of(&self.statement.party, device).map(drop).ok_or(Reason::UnknownDevice)
    }

    /// Limits are set by the party's other devices, never by the one they limit.
    pub(super) fn mandate(&self, mandate: &Mandate) -> Judged {
        if mandate.grant == self.statement.grant {
            return Err(Reason::OwnMandate);
        }
        let point = self.key_point(&self.statement.party).ok_or(Reason::UnknownDevice)?;
        let own =
            self.logs.prefix(&point.event).any(|e| e.id == mandate.grant && matches!(e.body, EventBody::Grant(_)));
        if own { Ok(()) } else { Err(Reason::UnknownDevice) }
    }

    /// The open mandates that limit the author in this case: the newest its past holds.
    fn open_mandates(&self) -> Vec<&Mandate> {
        let list = self.past.fold.mandates.get(&self.statement.grant).map_or(&[][..], |m| m);
        let held: Vec<Ix> = list.iter().copied().filter(|ix| self.past.has(*ix)).collect();
        let newest = held.iter().filter(|ix| !held.iter().any(|later| self.past.graph.in_past(**ix, *later)));
        let mandates = newest.filter_map(|ix| match self.past.fold.act(*ix) {
            Act::Mandate(mandate) => Some(mandate),
            _ => None,
        });
        mandates.filter(|m| m.open).collect()
    }

    /// Whether the author's mandates in this case list the kind.
    pub(super) fn kind_mandated(&self, kind: &str) -> Judged {
        let listed = |m: &&Mandate| m.kinds.is_empty() || m.kinds.iter().any(|k| k == kind);
        if self.open_mandates().iter().all(listed) { Ok(()) } else { Err(Reason::BeyondMandate) }
    }

    /// R9: the money at stake is within every open ceiling.
    pub(super) fn within_mandate(&self, proposal: &Proposal) -> Judged {
        let grant = match self.logs.event(&self.statement.grant).map(|e| &e.body) {
            Some(EventBody::Grant(grant)) => grant.ceilings.as_slice(),
            _ => &[],
        };
        let granted: Option<Vec<Money>> =
            grant.iter().map(|(amount, currency)| Money::parse(amount, currency).ok()).collect();
        let mandates = self.open_mandates();
        let mut limits: Vec<Vec<Money>> = mandates.iter().map(|m| m.ceilings.clone()).collect();
        limits.push(granted.ok_or(Reason::BeyondMandate)?);
        let within = |limit: &Vec<Money>| proposal.beyond(limit).is_none();
        if limits.iter().all(within) { Ok(()) } else { Err(Reason::BeyondMandate) }
    }

    /// A cut names a revocation of an own device, and positions of own feeds in its past.
    pub(super) fn cut(&self, revoke: &EventId, tips: &[(DeviceKey, u32, EntryId)]) -> Judged {
        let party = self.statement.party;
        let point = self.key_point(&party).ok_or(Reason::UnknownReference)?;
        let known =
            self.logs.prefix(&point.event).any(|e| e.id == *revoke && matches!(e.body, EventBody::Revoke { .. }));
        if !known {
            return Err(Reason::UnknownReference);
        }
        for (device, seq, entry) in tips {
            let ix = self.any(entry)?;
            let statement = self.past.graph.statement(ix);
            if statement.party != party || statement.device != *device || statement.seq != *seq {
                return Err(Reason::UnknownReference);
            }
        }
        Ok(())
    }

    pub(super) fn ratify(&self, entries: &[EntryId]) -> Judged {
        for entry in entries {
            let ix = self.any(entry)?;
            if self.past.graph.statement(ix).party != self.statement.party {
                return Err(Reason::NotTheAuthor);
            }
        }
        Ok(())
    }

    pub(super) fn prove(&self, what: Proof, data: &[u8], about: Option<&EntryId>) -> Judged {
        about.map_or(Ok(()), |id| self.any(id).map(drop))?;
        match what {
            // A token is read by a later version, against the roots that the case accepts.
            Proof::TimeStamp => Err(Reason::Unjudged),
            Proof::Envelope => Envelope::parse(data, MAX_ENTRY_PAYLOAD).map(drop).map_err(|_unfit| Reason::BadProof),
            Proof::Receipt => self.receipt(data),
        }
    }

    fn receipt(&self, data: &[u8]) -> Judged {
        let signed = SignedReceipt::verify(data).map_err(|_unfit| Reason::BadProof)?;
        let receipt = &signed.receipt;
        let here = Some(receipt.case) == self.past.graph.case();
        let granted = self.grant_of(&receipt.party, &receipt.device).is_some_and(|grant| grant.receive);
        if !here || !granted {
            return Err(Reason::BadProof);
        }
        receipt.heads.iter().try_for_each(|head| self.any(head).map(drop))
    }
}

/// The receipt that an effective `prove` embeds.
pub(in crate::fold) fn proved(graph: &Graph, prove: Ix, act: &Act) -> Option<ProvedReceipt> {
    let Act::Prove { what: Proof::Receipt, data, .. } = act else { return None };
    // Its signature was checked when the act was judged.
    let receipt = SignedReceipt::from_own_store(data).ok()?.receipt;
    Some(ProvedReceipt {
        prove,
        party: receipt.party,
        device: receipt.device,
        last_seq: receipt.last_seq,
        heads: receipt.heads.iter().filter_map(|head| graph.find(head)).collect(),
        at: receipt.at,
    })
}
