//! Our own key log, written to: which event comes next, and whose key signs it.

use counterpart_core::{
    id::{EventId, PartyId},
    keylog::{EventSigner, GrantState, KeyLogs},
    statement::KeyCitation,
};
use counterpart_store::{KeyEventRow, Store, Txn};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey as _};
use zeroize::Zeroizing;

use crate::{desk::Desk, error::DeskError, home};

/// A key that may extend our log, and the end it extends.
pub(crate) struct LogKey {
    key: SigningKey,
    /// The grant it acts under; nothing for the root.
    admin: Option<EventId>,
    pub(crate) after: KeyCitation,
}

impl LogKey {
    pub(crate) fn root(key: SigningKey, after: KeyCitation) -> Self {
        Self { key, admin: None, after }
    }

    pub(crate) fn signer(&self) -> EventSigner<'_> {
        match self.admin {
            None => EventSigner::Root(&self.key),
            Some(grant) => EventSigner::Admin { grant, key: &self.key },
        }
    }
}

/// One branch of a log, inside a transaction that keeps what is added.
pub(crate) struct Extending<'t, 's> {
    txn: &'t Txn<'s>,
    pub(crate) logs: KeyLogs,
    /// Where the next event goes.
    pub(crate) after: KeyCitation,
}

impl Extending<'_, '_> {
    /// Takes in an event signed for this place, and stores it.
    pub(crate) fn add(&mut self, event: &[u8]) -> Result<EventId, DeskError> {
        let (id, _) = self.logs.apply(event)?;
        let (party, position) = (self.after.party, self.after.position + 1);
        self.txn.insert_key_event(&KeyEventRow { id, party, position: u64::from(position), envelope: event })?;
        self.after = KeyCitation { party, position, event: id };
        Ok(id)
    }
}

/// Writes events into a party's log: reading it, signing and storing are one transaction. `begin` says after which
/// event, as the log then stands.
pub(crate) fn extend<T>(
    store: &mut Store,
    party: PartyId,
    begin: impl FnOnce(&KeyLogs) -> Result<KeyCitation, DeskError>,
    write: impl FnOnce(&mut Extending<'_, '_>) -> Result<T, DeskError>,
) -> Result<T, DeskError> {
    store.write(|txn| {
        let mut logs = KeyLogs::new();
        for event in txn.key_events(party)? {
            logs.apply(&event.envelope)?;
        }
        let after = begin(&logs)?;
        write(&mut Extending { txn, logs, after })
    })
}

impl Desk {
    /// The key that signs events of our log here, and after which event: the main key if it is here, else this
    /// device's, where its grant lets it add and end devices.
    pub(crate) fn log_key(&self, logs: &KeyLogs) -> Result<LogKey, DeskError> {
        self.must_be_home()?;
        let author = self.author();
        let passphrase = self.identity().passphrase.as_ref();
        let own = logs.head_with(&author.party, &author.grant);
        let ends = [own, logs.head(&author.party)];
        for after in ends.into_iter().flatten() {
            let Some((root, _)) = logs.root_at(&after.event) else { continue };
            if let Some(key) = home::read_root(self.home(), &root, passphrase)? {
                return Ok(LogKey::root(key, after));
            }
        }
        let after = own.ok_or(DeskError::NoRoot)?;
        match logs.grant_at(&after.event, &author.grant) {
            GrantState::Stands(grant) if grant.admin && logs.revocation_of(&author.party, &author.grant).is_none() => {
                Ok(LogKey { key: self.identity().device.clone(), admin: Some(author.grant), after })
            }
            _ if home::has_root(self.home()) => Err(DeskError::RootReplaced),
            _ => Err(DeskError::NoRoot),
        }
    }

    /// Writes events into our own log. A running node is told.
    pub(crate) fn extend_log<T>(
        &self,
        write: impl FnOnce(&mut Extending<'_, '_>, &LogKey) -> Result<T, DeskError>,
    ) -> Result<T, DeskError> {
        // Unlocking a key takes a while, and others wait for the transaction: whose key it is, is found before.
        let key = self.log_key(&self.own_log()?)?;
        let (party, grant) = (self.party(), self.author().grant);
        let begin = |logs: &KeyLogs| {
            let now = logs.head_with(&party, &grant).filter(|end| leads_to(logs, &key.after.event, &end.event));
            Ok(now.unwrap_or(key.after))
        };
        let written = self.with_store(|store| extend(store, party, begin, |log| write(log, &key)))?;
        self.node_is_running();
        Ok(written)
    }
}

/// Whether one event is another, or comes before it.
pub(crate) fn leads_to(logs: &KeyLogs, earlier: &EventId, later: &EventId) -> bool {
    logs.prefix(later).any(|e| e.id == *earlier)
}

/// The main key as it stands in a backup.
pub(crate) fn root_der(root: &SigningKey) -> Result<Zeroizing<Vec<u8>>, DeskError> {
    let der = root.to_pkcs8_der().map_err(|e| DeskError::Rotation { why: e.to_string() })?;
    Ok(Zeroizing::new(der.as_bytes().to_vec()))
}
