//! Whom this node knows: the devices of the parties whose key logs are here, by the grants in them. Kept, so that no case
//! is opened to learn it.

use std::collections::{BTreeMap, BTreeSet};

use counterpart_core::{
    id::{DeviceKey, EventId, PartyId},
    keylog::{EventBody, Grant, KeyLogs},
};
use counterpart_net::PeerId;
use counterpart_store::StoredKeyEvent;

use super::{Command, Engine};
use crate::error::DeskError;

/// Most devices known of one party: those that were granted last.
const MOST_OF_PARTY: usize = 64;
/// Most parties whose devices are known.
const MOST_PARTIES: usize = 20_000;

/// So many key events are checked in a moment.
const FEW_EVENTS: usize = 1_000;

/// A device whose grant stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) device: DeviceKey,
    pub(crate) peer: PeerId,
}

/// Devices by party.
#[derive(Debug, Default)]
pub(super) struct Devices {
    parties: BTreeMap<PartyId, Vec<Device>>,
    /// The place of the last key event in the store that is taken into account.
    pub(super) seen: u64,
    /// Something changed that the transport was not told.
    stale: bool,
    /// What it was told.
    told: BTreeSet<PeerId>,
}

impl Devices {
    pub(super) fn of(&self, party: &PartyId) -> &[Device] {
        self.parties.get(party).map_or(&[], Vec::as_slice)
    }

    /// The transport's name of a device.
    pub(super) fn peer_of(&self, party: &PartyId, device: &DeviceKey) -> Option<&PeerId> {
        self.of(party).iter().find(|known| known.device == *device).map(|known| &known.peer)
    }

    pub(super) fn knows(&self, peer: &PeerId) -> bool {
        self.told.contains(peer)
    }

    fn put(&mut self, party: PartyId, devices: Vec<Device>) -> bool {
        if self.of(&party) == devices.as_slice() {
            return false;
        }
        if devices.is_empty() {
            self.parties.remove(&party);
        } else if self.parties.len() < MOST_PARTIES || self.parties.contains_key(&party) {
            self.parties.insert(party, devices);
        }
        self.stale = true;
        true
    }
}

/// The devices of a party whose grants stand; of those that receive, as of the others, the latest last.
pub(super) fn standing(logs: &KeyLogs, party: &PartyId) -> Vec<Device> {
    let mut revoked: BTreeSet<EventId> = BTreeSet::new();
    for event in logs.of_party(party) {
        if let EventBody::Revoke { grant, .. } = &event.body
            && logs.superseded_by(&event.id).is_none()
        {
            revoked.insert(*grant);
        }
    }
    let granted = logs.of_party(party).rev().filter_map(|event| match &event.body {
        EventBody::Grant(grant) if !revoked.contains(&event.id) => Some((event.id, grant)),
        _ => None,
    });
    // An agent's seat is reached where another device receives, and is no further place.
    let (receive, sign): (Vec<_>, Vec<_>) = granted.partition(|(_, grant)| grant.receive);
    // However long a log is, only so much of it is looked at.
    let few = |granted: Vec<(EventId, &Grant)>, found: &[Device]| {
        let stand = granted.into_iter().take(MOST_OF_PARTY * 2).filter(|(id, _)| logs.superseded_by(id).is_none());
        let device = |(_, grant): (EventId, &Grant)| {
            let peer =
                PeerId::from_bytes(&grant.peer).ok().filter(|peer| found.iter().all(|known| known.peer != *peer))?;
            Some(Device { device: grant.device, peer })
        };
        stand.filter_map(device).take(MOST_OF_PARTY - found.len()).collect::<Vec<_>>()
    };
    let mut devices = few(receive, &[]);
    let others = few(sign, &devices);
    devices.extend(others);
    devices.reverse();
    devices
}

/// What key logs say, read from the store: checked anew, which takes a while for many.
fn read(events: &[StoredKeyEvent]) -> Vec<(PartyId, Vec<Device>)> {
    let of_party = |events: &[StoredKeyEvent]| {
        let party = events.first()?.party;
        let mut logs = KeyLogs::new();
        for event in events {
            // What does not hold counts nowhere.
            drop(logs.apply(&event.envelope));
        }
        Some((party, standing(&logs, &party)))
    };
    events.chunk_by(|a, b| a.party == b.party).filter_map(of_party).collect()
}

impl Engine {
    /// Reads all key logs of the store: in a thread of its own where there are many. Whom we know is to be known before
    /// anybody is called: only with those are direct ways looked for.
    pub(super) fn read_devices(&mut self) {
        let read_all = self.desk.with_store(|store| {
            store.read(|reads| Ok::<_, DeskError>((reads.newest_key_event()?, reads.all_key_events()?)))
        });
        let (newest, events) = match read_all {
            Ok(read_all) => read_all,
            Err(why) => return self.trouble(&why),
        };
        self.devices.seen = newest;
        if events.len() <= FEW_EVENTS {
            self.devices_read(read(&events));
            return self.tell_known();
        }
        let commands = self.commands.clone();
        tokio::task::spawn_blocking(move || drop(commands.send(Command::Devices(read(&events)))));
    }

    pub(super) fn devices_read(&mut self, parties: Vec<(PartyId, Vec<Device>)>) {
        for (party, devices) in parties {
            // What was learned meanwhile is later.
            if self.devices.of(&party).is_empty() {
                self.devices.put(party, devices);
            }
        }
        self.read_whereabouts();
    }

    /// Key logs that other processes wrote to.
    pub(super) fn look_at_logs(&mut self) -> Result<(), DeskError> {
        let seen = self.devices.seen;
        let (newest, parties) = self.desk.with_store(|store| {
            store.read(|reads| {
                let newest = reads.newest_key_event()?;
                let parties = if newest > seen { reads.key_logs_since(seen)? } else { Vec::new() };
                Ok::<_, DeskError>((newest, parties))
            })
        })?;
        self.devices.seen = newest;
        self.grown.extend(parties);
        Ok(())
    }

    /// A party's key log grew: its devices are others now, perhaps.
    pub(super) fn look_at_devices(&mut self, party: PartyId) -> Result<(), DeskError> {
        let open = self.cases.values().find(|open| open.machine.concerns(&party));
        let devices = match open {
            // Checked already.
            Some(open) => standing(open.machine.record().logs(), &party),
            None => {
                let events = self.desk.with_store(|store| store.key_events(party))?;
                read(&events).pop().map(|(_, devices)| devices).unwrap_or_default()
            }
        };
        if self.devices.put(party, devices) {
            self.learn_of(party)?;
        }
        Ok(())
    }

    /// Tells the transport whom we know, where that changed.
    pub(super) fn tell_known(&mut self) {
        if !std::mem::take(&mut self.devices.stale) {
            return;
        }
        let own = self.net.peer_id();
        let peers = self.devices.parties.values().flatten().map(|device| device.peer.clone());
        self.devices.told = peers.filter(|peer| peer != own).collect();
        self.net.know(self.devices.told.clone());
    }
}

#[cfg(test)]
mod tests {
    use counterpart_core::{
        envelope::public_half,
        id::DeviceKey,
        keylog::{EventSigner, Kinds, RevokeReason, grant, inception, revoke},
    };
    use ed25519_dalek::SigningKey;

    use super::*;

    #[test]
    fn known_are_the_devices_whose_grants_stand() {
        let key = |n: u8| SigningKey::from_bytes(&[n; 32]);
        let peer = |n: u8| PeerId::from_secret(&[n; 32]);
        let mut logs = KeyLogs::new();
        let (first, _) = logs.apply(&inception(&key(1), &public_half(&key(2)), [3; 16], 0)).expect("an inception");
        let party = logs.event(&first).expect("just applied").party;
        let mut granted = Vec::new();
        for n in 10..13 {
            let what = Grant {
                device: public_half(&key(n)),
                peer: peer(n).as_bytes().to_vec(),
                kinds: Kinds::All,
                receive: true,
                admin: false,
                ceilings: Vec::new(),
                from: None,
                until: None,
            };
            let after = logs.head(&party).expect("a log");
            let event = grant(&after, &EventSigner::Root(&key(1)), &what, &key(n), 0);
            granted.push(logs.apply(&event).expect("a grant").0);
        }
        let peers = |logs: &KeyLogs| standing(logs, &party).into_iter().map(|d| d.peer).collect::<Vec<_>>();
        assert_eq!(peers(&logs), [peer(10), peer(11), peer(12)]);
        let after = logs.head(&party).expect("a log");
        let end = revoke(&after, &EventSigner::Root(&key(1)), &granted[1], RevokeReason::Ended, 0);
        logs.apply(&end).expect("a revocation");
        assert_eq!(peers(&logs), [peer(10), peer(12)]);

        let mut devices = Devices::default();
        assert!(devices.put(party, standing(&logs, &party)) && !devices.put(party, standing(&logs, &party)));
        assert_eq!(devices.peer_of(&party, &public_half(&key(12))), Some(&peer(12)));
        assert_eq!(devices.peer_of(&party, &DeviceKey([9; 32])), None);
    }
}
