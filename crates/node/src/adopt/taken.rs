//! Taking the grant, and what a machine that was added answers to whoever calls it by its line again.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, PartyId},
    invitation::Secret,
    keylog::{GrantState, KeyLogs, Kinds, RevokeReason},
    whereabouts::{SignedWhereabouts, Whereabouts},
};
use counterpart_net::{Address, Channel, PeerId};
use counterpart_store::{KeyEventRow, StoredWhereabouts, Txn};
use ed25519_dalek::SigningKey;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::{
    waiting::{WORDS, waiting_folder},
    wire::{Frame, No},
};
use crate::{
    agent::{Agent, Taken, names},
    desk::Desk,
    error::DeskError,
    home,
    keyfile::Passphrase,
    network::{self, NetworkSettings},
    place,
};

/// Beside the keys: the secret of the line by which this machine was added, hashed.
const USED: &str = "line.used";
/// Callers by a used line that are answered at one time, in all nodes of this process.
static PLACES: Semaphore = Semaphore::const_new(8);
const PATIENCE: Duration = Duration::from_secs(10);
/// Nothing is to be had by guessing; this keeps it from being tried for its own sake.
const PAUSE: Duration = Duration::from_secs(1);

/// What secrets are compared and kept as.
pub(super) fn digest(secret: &Secret) -> [u8; 32] {
    Sha256::new().chain_update(b"counterpart device line").chain_update(secret.0).finalize().into()
}

/// All that taking needs.
pub(super) struct Taking<'a> {
    pub(super) home: &'a Path,
    pub(super) passphrase: Option<&'a Passphrase>,
    pub(super) device: &'a SigningKey,
    pub(super) peer: &'a PeerId,
    pub(super) secret: &'a Secret,
    pub(super) name: &'a str,
}

/// What the caller handed over.
pub(super) struct Brought {
    /// The party's key log.
    pub(super) events: Vec<Vec<u8>>,
    /// Where its other devices say to be reached.
    pub(super) records: Vec<Vec<u8>>,
}

impl Taking<'_> {
    /// Takes the grant in a party's log: the home is a home like any other from then on. Gives what was taken, and the
    /// record of where this machine is reached.
    pub(super) fn take(
        &self,
        party: PartyId,
        brought: &Brought,
        addresses: &[Address],
        announced: &[Address],
        now: i64,
    ) -> Result<(Taken, Option<Vec<u8>>), No> {
        let (logs, carries) = self.fit(party, &brought.events)?;
        let unwritten = |_why: DeskError| No::Unwritten;
        let settings = NetworkSettings {
            announced: announced.iter().map(ToString::to_string).collect(),
            relay: carries,
            ..NetworkSettings::default()
        };
        // Before the home is whole: its node goes by them from its first start on, whatever happens in between.
        network::keep(self.home, &settings).map_err(unwritten)?;
        self.keep(party, &logs).map_err(unwritten)?;
        let desk = Desk::open_with(self.home, self.passphrase).map_err(unwritten)?;
        let agent = desk.agents().map_err(unwritten)?.into_iter().find(|agent| agent.here).ok_or(No::Unwritten)?;
        // It is added from here on. What follows is there again with the node's next start where it fails.
        for record in brought.records.iter().filter_map(|bytes| SignedWhereabouts::verify(bytes).ok()) {
            let said = record.record();
            let head = logs.head_with(&party, &said.grant);
            let stands = head.is_some_and(|head| match logs.grant_at(&head.event, &said.grant) {
                GrantState::Stands(grant) => grant.device == said.device,
                GrantState::Absent | GrantState::Revoked(_) => false,
            });
            if said.party == party && stands {
                drop(desk.keep_whereabouts(&record));
            }
        }
        let record = desk.first_whereabouts(addresses, carries, now);
        Ok((Taken { party, agent }, record.ok()))
    }

    /// The log, if it grants this very device something; and whether that is nothing but to receive, as a mailbox does,
    /// which carries connections for those it knows.
    fn fit(&self, party: PartyId, events: &[Vec<u8>]) -> Result<(KeyLogs, bool), No> {
        let mut logs = KeyLogs::new();
        for event in events {
            logs.apply(event).map_err(|_refused| No::Unfit)?;
        }
        let (id, grant) = logs.grant_of_device(&party, &public_half(self.device)).ok_or(No::Unfit)?;
        if grant.peer != self.peer.as_bytes() {
            return Err(No::Unfit);
        }
        let head = logs.head_with(&party, &id).ok_or(No::Unfit)?;
        match logs.grant_at(&head.event, &id) {
            GrantState::Stands(grant) => {
                let mailbox = grant.kinds == Kinds::Listed(Vec::new());
                Ok((logs, mailbox))
            }
            GrantState::Revoked(_) => Err(No::Ended),
            GrantState::Absent => Err(No::Unfit),
        }
    }

    fn keep(&self, party: PartyId, logs: &KeyLogs) -> Result<(), DeskError> {
        let folder = waiting_folder(self.home);
        let mut store = place::open_for(self.home, party)?;
        store.write(|txn| {
            for event in logs.of_party(&party) {
                let position = u64::from(event.position);
                txn.insert_key_event(&KeyEventRow { id: event.id, party, position, envelope: event.bytes() })?;
            }
            Ok::<_, DeskError>(())
        })?;
        drop(store);
        names::keep(self.home, public_half(self.device), self.name)?;
        keep_used(&folder, self.secret)?;
        home::write_party(&folder, &party)?;
        home::sync_folder(&folder);
        // The keys' folder appears last and at once: a home either has a whole identity or none.
        let keys = home::keys_folder(self.home);
        fs::rename(&folder, &keys).map_err(|e| DeskError::File { path: keys.clone(), why: e.to_string() })?;
        home::sync_folder(self.home);
        // Left behind it would say no more than what was in a line that is used.
        drop(fs::remove_file(keys.join(WORDS)));
        Ok(())
    }
}

fn keep_used(folder: &Path, secret: &Secret) -> Result<(), DeskError> {
    let path = folder.join(USED);
    let text = data_encoding::HEXLOWER.encode(&digest(secret));
    home::write_private(&path, text.as_bytes()).map_err(|e| DeskError::File { path, why: e.to_string() })
}

/// Answers a call by the line that this machine was added by: the same party hears that it is done, another one that the
/// line is used, and one without the line what he would hear of any. A machine that was added otherwise hangs up.
pub(crate) fn answer_if_added(desk: &Desk, channel: Channel) {
    let kept = home::read_bounded(&home::keys_folder(desk.home()).join(USED), 64).ok();
    let Some(used) = kept.and_then(|text| data_encoding::HEXLOWER.decode(&text).ok()) else { return };
    let Ok(place) = PLACES.try_acquire() else { return };
    let (party, record) = (desk.party(), desk.own_whereabouts().ok().flatten());
    tokio::spawn(async move {
        answer(&used, party, record, channel).await;
        drop(place);
    });
}

async fn answer(used: &[u8], party: PartyId, record: Option<Vec<u8>>, mut channel: Channel) {
    let Ok(Ok(Some(first))) = timeout(PATIENCE, channel.recv()).await else { return };
    let answer = match Frame::first(&first) {
        Ok((secret, caller)) if digest(&secret).as_slice() == used => {
            if caller == party {
                Frame::Taken { record }
            } else {
                Frame::No(No::Used)
            }
        }
        Ok(_) => Frame::No(No::Wrong),
        Err(_) => Frame::No(No::Unread),
    };
    if matches!(answer, Frame::No(No::Wrong | No::Unread)) {
        sleep(PAUSE).await;
    }
    if channel.send(&answer.encode()).await.is_ok() {
        drop(timeout(PATIENCE, channel.recv()).await);
    }
}

impl Desk {
    /// The first record of where this machine is reached, signed and stored; a running node replaces it by newer ones.
    pub(super) fn first_whereabouts(
        &self,
        addresses: &[Address],
        carries: bool,
        now: i64,
    ) -> Result<Vec<u8>, DeskError> {
        let (author, peer) = (self.author(), self.peer_id());
        let record = Whereabouts {
            party: author.party,
            device: author.device,
            grant: author.grant,
            number: 1,
            at: now,
            addresses: addresses.iter().map(|a| a.with_peer(&peer).to_string()).collect(),
            carries,
        };
        let signed = record.sign(&self.identity().device);
        self.keep_whereabouts(&signed)?;
        Ok(signed.bytes().to_vec())
    }

    /// Keeps a record of where one of our devices is reached, unless a newer one is here.
    pub(super) fn keep_whereabouts(&self, signed: &SignedWhereabouts) -> Result<(), DeskError> {
        let record = signed.record();
        let put = |txn: &Txn<'_>| txn.put_whereabouts(record.party, record.device, record.number, signed.bytes());
        self.with_store(|store| store.write(put))?;
        Ok(())
    }

    /// Where our party's devices say to be reached, those that said so.
    ///
    /// # Errors
    /// A damaged or busy store.
    pub fn device_addresses(&self) -> Result<BTreeMap<DeviceKey, Vec<String>>, DeskError> {
        let all = self.with_store(|store| store.whereabouts_of(self.party()))?;
        let read = |stored: StoredWhereabouts| {
            let signed = SignedWhereabouts::from_own_store(&stored.envelope).ok()?;
            Some((stored.device, signed.record().addresses.clone()))
        };
        Ok(all.into_iter().filter_map(read).collect())
    }

    /// Ends a device's rights, and forgets where it was reached. A running node is told. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Desk::check_revocation`].
    pub fn remove_device(&self, agent: &Agent, reason: RevokeReason, now: i64) -> Result<(), DeskError> {
        self.revoke_agent(&agent.grant, reason, now)?;
        let party = self.party();
        self.with_store(|store| store.write(|txn| txn.forget_whereabouts(party, agent.device).map_err(DeskError::from)))
    }

    /// The newest record of where this machine is reached, as signed.
    fn own_whereabouts(&self) -> Result<Option<Vec<u8>>, DeskError> {
        let author = self.author();
        let all = self.with_store(|store| store.whereabouts_of(author.party))?;
        Ok(all.into_iter().find(|stored| stored.device == author.device).map(|stored| stored.envelope))
    }
}
