//! What a case says of who has what: everything that only changes when something of the case comes in.

use std::collections::BTreeSet;

use counterpart_core::{
    act::Act,
    fold::Verdict,
    graph::Ix,
    id::{CaseId, DeviceKey, EntryId, PartyId, short_form},
    keylog::EventBody,
    record::Record,
    value::Seat,
    view::Held,
};
use counterpart_net::PeerId;

use crate::{desk::Desk, error::DeskError};

/// So many entries are named, the oldest first.
const NAMED: usize = 12;

/// Entries that somebody lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    pub count: u64,
    /// The first of them, as people name them: `#7`.
    pub names: Vec<String>,
}

/// A seat that nobody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSeat {
    pub label: String,
    /// As it is typed, where there are several free ones.
    pub typed: Option<String>,
    /// We may invite somebody to it.
    pub ours: bool,
    /// When the last invitation to it was made, and until when it holds: Unix milliseconds. Nothing where there is none
    /// that was not taken back.
    pub invited: Option<(i64, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaseFacts {
    pub(super) others: Vec<OtherFacts>,
    pub(super) free: Vec<FreeSeat>,
    pub(super) own: Vec<(DeviceKey, Lacking)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OtherFacts {
    pub(super) party: PartyId,
    pub(super) label: String,
    pub(super) joined: bool,
    pub(super) left: bool,
    pub(super) lacks: Lacking,
    pub(super) at_mailbox: Lacking,
    pub(super) beside: Vec<String>,
    pub(super) last_receipt: Option<i64>,
    pub(super) devices: Vec<DeviceFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeviceFacts {
    pub(super) device: DeviceKey,
    pub(super) peer: Option<PeerId>,
    pub(super) mailbox: bool,
}

impl Desk {
    /// Opens a case to see who has what.
    pub(super) fn case_facts(&self, case: &CaseId) -> Result<CaseFacts, DeskError> {
        let record = self.record(case)?;
        Ok(CaseFacts::of(&record, &self.party(), &self.author().device))
    }
}

impl CaseFacts {
    pub(super) fn of(record: &Record, own: &PartyId, here: &DeviceKey) -> Self {
        let look = Look::new(record);
        let lens = record.lens();
        let seats = lens.seats();
        let mut others = Vec::new();
        for party in lens.members().into_iter().filter(|party| party != own) {
            let seat = seats.iter().find(|seat| lens.parties_of(seat).contains(&party));
            let label = seat.map_or_else(|| short_form(&party.0), |seat| look.label(seat));
            others.push(look.other(party, label));
        }
        let free: Vec<&Seat> = seats.iter().filter(|seat| lens.parties_of(seat).is_empty()).collect();
        let ours = lens.opener() == Some(*own);
        let several = free.len() > 1;
        let free = free.into_iter().map(|seat| FreeSeat {
            label: look.label(seat),
            typed: match seat {
                Seat::Number(number) if several => Some(number.to_string()),
                _ => None,
            },
            ours,
            invited: look.invited(seat),
        });
        let devices = look.devices(own).into_iter().filter(|d| d.device != *here && look.receives(own, &d.device));
        let own = devices.map(|d| (d.device, look.lacking(&look.tips_of(&d.device)))).collect();
        Self { free: free.collect(), others, own }
    }
}

/// One record, looked at.
struct Look<'r> {
    record: &'r Record,
    /// The entries that count, oldest first.
    entries: Vec<Ix>,
    names: counterpart_core::view::Names,
}

impl<'r> Look<'r> {
    fn new(record: &'r Record) -> Self {
        let graph = record.graph();
        let entries = graph.ordered().into_iter().filter(|ix| graph.counts(*ix)).collect();
        Self { record, entries, names: record.names() }
    }

    fn label(&self, seat: &Seat) -> String {
        let offer = self.record.lens().seat(seat);
        offer.and_then(|offer| offer.label.open().map(str::to_owned)).unwrap_or_else(|| seat.to_string())
    }

    fn other(&self, party: PartyId, label: String) -> OtherFacts {
        let lens = self.record.lens();
        let devices = self.devices(&party);
        let receipts = || self.record.receipts().iter().map(|r| &r.receipt).filter(|r| r.party == party);
        let held = self.record.held(&party, &self.entries);
        let lacking = |wanted: Held| {
            let some = self.entries.iter().zip(&held).filter(|(_, held)| **held == wanted);
            self.named(some.map(|(ix, _)| *ix))
        };
        let (lacks, at_mailbox) = (lacking(Held::Not), lacking(Held::Mailbox));
        let last = receipts().max_by_key(|r| (r.at, r.number));
        let erased = |id: &EntryId| self.record.erasures(id).iter().any(|e| e.party == party);
        let beside =
            last.iter().flat_map(|r| &r.lacking).filter(|id| !erased(id)).map(|id| self.names.of(id)).collect();
        OtherFacts {
            party,
            label,
            joined: lens.joined(&party),
            left: lens.has_left(&party),
            lacks,
            at_mailbox,
            beside,
            last_receipt: last.map(|r| r.at),
            devices,
        }
    }

    /// The devices of a party whose rights stand; of those that are reached at one place, and of which one receives, only
    /// those that do: the others are agents' seats there.
    fn devices(&self, party: &PartyId) -> Vec<DeviceFacts> {
        let found = self.granted(party);
        let receives: Vec<bool> = found.iter().map(|d| self.receives(party, &d.device)).collect();
        let places: BTreeSet<&PeerId> =
            found.iter().zip(&receives).filter(|(_, r)| **r).filter_map(|(d, _)| d.peer.as_ref()).collect();
        let seat = |d: &DeviceFacts| d.peer.as_ref().is_some_and(|peer| places.contains(peer));
        found.iter().zip(&receives).filter(|(d, receives)| **receives || !seat(d)).map(|(d, _)| d.clone()).collect()
    }

    fn granted(&self, party: &PartyId) -> Vec<DeviceFacts> {
        let logs = self.record.logs();
        let mut found: Vec<DeviceFacts> = Vec::new();
        for event in logs.of_party(party) {
            let EventBody::Grant(grant) = &event.body else { continue };
            let stands = logs.revocation_of(party, &event.id).is_none() && logs.superseded_by(&event.id).is_none();
            if stands && !found.iter().any(|d| d.device == grant.device) {
                found.push(DeviceFacts {
                    device: grant.device,
                    peer: PeerId::from_bytes(&grant.peer).ok(),
                    mailbox: grant.is_mailbox(),
                });
            }
        }
        found
    }

    fn receives(&self, party: &PartyId, device: &DeviceKey) -> bool {
        self.record.logs().grant_of_device(party, device).is_some_and(|(_, grant)| grant.receive)
    }

    fn received_by(&self, device: &DeviceKey) -> Vec<Ix> {
        let last = self.record.last_receipt(device);
        last.iter().flat_map(|r| &r.receipt.heads).filter_map(|head| self.record.graph().find(head)).collect()
    }

    /// What a device signed last and confirmed last.
    fn tips_of(&self, device: &DeviceKey) -> Vec<Ix> {
        let mut tips = self.record.graph().tips_of(device);
        tips.extend(self.received_by(device));
        tips
    }

    /// What is covered by none of these.
    fn lacking(&self, tips: &[Ix]) -> Lacking {
        self.named(self.entries.iter().copied().filter(|ix| !self.record.graph().covered_by(*ix, tips)))
    }

    fn named(&self, entries: impl Iterator<Item = Ix>) -> Lacking {
        let mut lacking = Lacking::default();
        for ix in entries {
            lacking.count += 1;
            if lacking.names.len() < NAMED {
                lacking.names.push(self.names.of(&self.record.graph().id(ix)));
            }
        }
        lacking
    }

    /// The invitation to a seat that holds longest, of those that were not taken back.
    fn invited(&self, seat: &Seat) -> Option<(i64, i64)> {
        let (graph, fold, lens) = (self.record.graph(), self.record.fold(), self.record.lens());
        let invitation = |ix: &Ix| match fold.act(*ix) {
            Act::Invite { seat: to, expires, .. } if to == seat && *fold.verdict(*ix) == Verdict::Effective => {
                let revoked = lens.about(&graph.id(*ix)).any(|about| matches!(fold.act(about), Act::Uninvite { .. }));
                (!revoked).then(|| (graph.statement(*ix).at, *expires))
            }
            _ => None,
        };
        self.entries.iter().filter_map(invitation).max_by_key(|(_, expires)| *expires)
    }
}
