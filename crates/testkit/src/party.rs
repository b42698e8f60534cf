//! Parties with fixed keys: root, devices, key log.

use counterpart_core::{
    envelope::public_half,
    id::{EventId, PartyId},
    keylog::{EventSigner, Grant, KeyLogs, Kinds, RevokeReason, grant, inception, revoke},
    record::Author,
    statement::KeyCitation,
    sync::hello::Identity,
    whereabouts::{SignedWhereabouts, Whereabouts},
};
use ed25519_dalek::SigningKey;

use crate::rng::Rng;

/// A device of a party, with its grant.
#[derive(Debug, Clone)]
pub struct Device {
    pub key: SigningKey,
    pub grant: EventId,
    /// Its transport's peer id.
    pub peer: Vec<u8>,
}

/// A person or organisation, all of whose keys follow from a seed.
#[derive(Debug, Clone)]
pub struct Party {
    pub id: PartyId,
    pub root: SigningKey,
    pub next_root: SigningKey,
    pub devices: Vec<Device>,
    /// Its key log, inception first.
    pub events: Vec<Vec<u8>>,
    /// Where its key log ends.
    pub head: KeyCitation,
    logs: KeyLogs,
}

impl Party {
    /// A party with one device.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_devices(seed, 1)
    }

    /// A party with several devices, each with leave for everything.
    #[must_use]
    pub fn with_devices(seed: u64, devices: usize) -> Self {
        let mut rng = Rng::new(seed ^ 0x70a7_1e5e_ed00_0000);
        let root = SigningKey::from_bytes(&rng.bytes());
        let next_root = SigningKey::from_bytes(&rng.bytes());
        let first = inception(&root, &public_half(&next_root), rng.bytes(), 0);
        let mut logs = KeyLogs::new();
        let (event, _) = logs.apply(&first).expect("an inception made here is good");
        let id = logs.event(&event).expect("it was just taken in").party;
        let head = KeyCitation { party: id, position: 1, event };
        let mut party = Self { id, root, next_root, devices: Vec::new(), events: vec![first], head, logs };
        for _ in 0..devices {
            party.add_device(&mut rng);
        }
        party
    }

    /// A party whose key log was made elsewhere, with one of its devices. It makes no key events: it has no root keys.
    ///
    /// # Panics
    /// When the events are no key log.
    #[must_use]
    pub fn of_log(device: Device, events: Vec<Vec<u8>>) -> Self {
        let mut logs = KeyLogs::new();
        let ids = events.iter().map(|bytes| logs.apply(bytes).expect("a good log").0);
        let event = ids.last().expect("a log has at least its inception");
        let last = logs.event(&event).expect("it was just taken in");
        let (id, position) = (last.party, last.position);
        let head = KeyCitation { party: id, position, event };
        let (root, next_root) = (device.key.clone(), device.key.clone());
        Self { id, root, next_root, devices: vec![device], events, head, logs }
    }

    /// Grants leave for everything to a new device; gives its index.
    pub fn add_device(&mut self, rng: &mut Rng) -> usize {
        self.add(rng, Kinds::All)
    }

    /// Grants leave for receiving and nothing else to a new device, a mailbox; gives its index.
    pub fn add_mailbox(&mut self, rng: &mut Rng) -> usize {
        self.add(rng, Kinds::Listed(Vec::new()))
    }

    fn add(&mut self, rng: &mut Rng, kinds: Kinds) -> usize {
        let key = SigningKey::from_bytes(&rng.bytes());
        let leave = Grant {
            device: public_half(&key),
            peer: rng.bytes::<38>().to_vec(),
            kinds,
            receive: true,
            admin: false,
            ceilings: Vec::new(),
            from: None,
            until: None,
        };
        let peer = leave.peer.clone();
        let event = grant(&self.head, &EventSigner::Root(&self.root), &leave, &key, 0);
        let grant = self.append(event);
        self.devices.push(Device { key, grant, peer });
        self.devices.len() - 1
    }

    /// Revokes a device's grant; gives the event's bytes.
    pub fn revoke_device(&mut self, device: usize, reason: RevokeReason) -> Vec<u8> {
        let event = revoke(&self.head, &EventSigner::Root(&self.root), &self.devices[device].grant, reason, 0);
        self.append(event.clone());
        event
    }

    fn append(&mut self, event: Vec<u8>) -> EventId {
        let (id, _) = self.logs.apply(&event).expect("an event made here is good");
        self.events.push(event);
        self.head = KeyCitation { party: self.id, position: self.head.position + 1, event: id };
        id
    }

    /// Who signs with a device.
    #[must_use]
    pub fn author(&self, device: usize) -> Author {
        let Device { key, grant, .. } = &self.devices[device];
        Author { party: self.id, device: public_half(key), grant: *grant }
    }

    /// A device's word where it can be reached.
    #[must_use]
    pub fn whereabouts(&self, device: usize, number: u64, at: i64, addresses: &[&str]) -> SignedWhereabouts {
        let Author { party, device: key, grant } = self.author(device);
        let addresses = addresses.iter().map(|&address| address.to_owned()).collect();
        let record = Whereabouts { party, device: key, grant, number, at, addresses, carries: false };
        record.sign(&self.devices[device].key)
    }

    /// Who a device says it is on a stream.
    #[must_use]
    pub fn identity(&self, device: usize) -> Identity {
        let Device { key, grant, peer } = &self.devices[device];
        Identity {
            party: self.id,
            device: public_half(key),
            grant: *grant,
            log: self.head,
            peer: peer.clone(),
            key_events: self.events.clone(),
        }
    }
}
