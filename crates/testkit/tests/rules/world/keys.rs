//! The parties' key logs: devices granted and revoked, logs that branch.

use counterpart_core::{
    envelope::public_half,
    id::EventId,
    keylog::{self, EventSigner, Grant, Kinds, RevokeReason},
    record::{Author, Record},
    statement::KeyCitation,
};
use ed25519_dalek::SigningKey;

use super::{DEVICES, Device, World};

impl World {
    /// Whether a device's party's log has branches, known to whomever.
    pub(crate) fn log_branches(&self, device: usize) -> bool {
        self.logs.is_forked(&self.party(device))
    }

    /// Signs a revocation and gives it to every device.
    pub(crate) fn revoke(&mut self, device: usize, reason: RevokeReason) -> EventId {
        let everybody: Vec<usize> = (0..self.devices.len()).collect();
        self.revoke_known_to(device, reason, &everybody)
    }

    /// Signs a revocation that only some devices know of; it goes with what they sign from then on.
    pub(crate) fn revoke_known_to(&mut self, device: usize, reason: RevokeReason, knowing: &[usize]) -> EventId {
        let Author { party, grant, .. } = self.devices[device].author;
        let head = self.logs.head(&party).expect("a log");
        let event = keylog::revoke(&head, &EventSigner::Root(&self.roots[&party]), &grant, reason, 3);
        let (id, _) = self.logs.apply(&event).expect("a revocation");
        self.events.push(event);
        for knows in knowing {
            for event in self.logs.of_party(&party) {
                self.devices[*knows].record.apply_key_event(event.bytes()).expect("a good event");
            }
        }
        id
    }

    /// The root key of a device's party, or the one that its n-th rotation reveals.
    pub(crate) fn root_key(device: usize, rotation: u8) -> SigningKey {
        SigningKey::from_bytes(&[DEVICES[device].0 + 100 * rotation; 32])
    }

    /// The event with which a device's grant was given.
    pub(crate) fn granted_at(&self, device: usize) -> KeyCitation {
        let event = self.logs.event(&self.devices[device].author.grant).expect("its grant");
        KeyCitation { party: event.party, position: event.position, event: event.id }
    }

    /// The end of a device's party's log, whatever its branches.
    pub(crate) fn log_end(&self, device: usize) -> KeyCitation {
        self.logs.head(&self.party(device)).expect("a log")
    }

    /// Puts a signed event into a log; only these devices know of it, until somebody they hear of cites it.
    pub(crate) fn log_event(&mut self, event: Vec<u8>, knowing: &[usize]) -> KeyCitation {
        let (id, _) = self.logs.apply(&event).expect("a good event");
        let party = self.logs.event(&id).expect("just applied").party;
        self.events.push(event);
        for knows in knowing {
            for event in self.logs.prefix(&id).collect::<Vec<_>>().into_iter().rev() {
                self.devices[*knows].record.apply_key_event(event.bytes()).expect("a good event");
            }
        }
        let position = self.logs.event(&id).expect("just applied").position;
        KeyCitation { party, position, event: id }
    }

    /// Grants every right to a further device of a device's party, after some event; gives the new device.
    pub(crate) fn grant_after(&mut self, device: usize, after: &KeyCitation, rotation: u8, knowing: &[usize]) -> usize {
        let n = u8::try_from(200 + self.devices.len()).expect("few devices");
        let key = SigningKey::from_bytes(&[n; 32]);
        let grant = Grant {
            device: public_half(&key),
            peer: vec![n],
            kinds: Kinds::All,
            receive: true,
            admin: true,
            ceilings: Vec::new(),
            from: None,
            until: None,
        };
        let root = Self::root_key(device, rotation);
        let event = keylog::grant(after, &EventSigner::Root(&root), &grant, &key, 4);
        let added = self.devices.len();
        let author = Author { party: after.party, device: public_half(&key), grant: EventId([0; 32]) };
        self.devices.push(Device { author, key, record: Record::new(), salts: 0 });
        let cited = self.log_event(event, &[&[added], knowing].concat());
        self.devices[added].author.grant = cited.event;
        added
    }
}
