//! Devices whose rights ended, by their parties' key logs: what somebody has to know of what such a key signed.

use std::collections::BTreeSet;

use super::people::CardNames;
use crate::{
    graph::Ix,
    id::{DeviceKey, PartyId},
    keylog::{EventBody, KeyEvent, RevokeReason},
    record::Record,
    value::Sealable,
};

/// How the rights of a device ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Revoked, for this reason.
    Revoked(RevokeReason),
    /// A new main key took back what was granted under the one before.
    TakenBack,
}

impl Ending {
    /// The word that stands for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revoked(reason) => reason.word(),
            Self::TakenBack => "taken_back",
        }
    }

    /// Whether somebody else may have signed with that key.
    #[must_use]
    pub fn is_warning(self) -> bool {
        self != Self::Revoked(RevokeReason::Ended)
    }
}

/// A device that signed here, or that a card or a hand-over names, and whose rights ended.
#[derive(Debug, Clone)]
pub struct EndedDevice {
    pub party: PartyId,
    pub device: DeviceKey,
    pub how: Ending,
    /// Claimed time of that, Unix milliseconds.
    pub at: i64,
    /// Who signed with it last, where a card or a hand-over says so.
    pub person: Option<Sealable>,
    /// What it signed here, in the agreed order.
    pub signed: Vec<Ix>,
    /// Which of that is contested for it.
    pub contested: Vec<Ix>,
}

impl Record {
    /// How the rights of a party's device ended, and when by the word of whoever ended them, Unix milliseconds; nothing
    /// while they stand. By the key log as it is here, whether an entry cites it or not.
    #[must_use]
    pub fn ended(&self, party: &PartyId, device: &DeviceKey) -> Option<(Ending, i64)> {
        let logs = self.logs();
        let (grant, _) = logs.grant_of_device(party, device)?;
        if let Some(rotation) = logs.superseded_by(&grant) {
            return Some((Ending::TakenBack, rotation.at));
        }
        let event = logs.revocation_of(party, &grant)?;
        let EventBody::Revoke { reason, .. } = &event.body else { return None };
        Some((Ending::Revoked(*reason), event.at))
    }

    /// The devices whose rights ended and that have to do with this case, by party and then by when they first signed.
    #[must_use]
    pub fn ended_devices(&self) -> Vec<EndedDevice> {
        let (graph, lens) = (self.graph(), self.lens());
        let ends = |e: &KeyEvent| matches!(e.body, EventBody::Revoke { .. } | EventBody::Rotate { .. });
        let mut parties: Vec<PartyId> = lens.members();
        parties.sort_unstable();
        parties.retain(|party| self.logs().of_party(party).any(ends));
        if parties.is_empty() {
            return Vec::new();
        }
        let names = CardNames::new(self);
        let ordered = graph.ordered();
        let mut found: Vec<EndedDevice> = Vec::new();
        for party in parties {
            let of_party = || ordered.iter().copied().filter(|ix| graph.statement(*ix).party == party);
            let signing = of_party().map(|ix| graph.statement(ix).device);
            let mut seen = BTreeSet::new();
            for device in signing.chain(names.devices_of(self, &party)) {
                let ended = seen.insert(device).then(|| self.ended(&party, &device)).flatten();
                let Some((how, at)) = ended else { continue };
                let signed: Vec<Ix> = of_party().filter(|ix| graph.statement(*ix).device == device).collect();
                let contested = signed.iter().copied().filter(|ix| lens.contested(*ix)).collect();
                let person = names.of_device(&device);
                found.push(EndedDevice { party, device, how, at, person, signed, contested });
            }
        }
        found
    }
}
