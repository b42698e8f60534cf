//! From a backup to a home: all that is in it, and a device key of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use counterpart_core::{
    envelope::public_half,
    id::{DeviceKey, PartyId},
    keylog::{self, EventSigner, GrantState, KeyLogs, RevokeReason},
    receipt::SignedReceipt,
    record::Record,
    seal::{Disclosure, path_to_value},
    stamp::imprint,
    statement::Entry,
};
use counterpart_store::{EntryRow, Files, KeyEventRow, PeerAddress, ReceiptRow, Store, StoreError, Txn};
use counterpart_timestamp::Token;
use ed25519_dalek::{SigningKey, pkcs8::DecodePrivateKey as _};

use crate::{
    agent::names,
    backup::{BackupAbout, BackupContents, Item, Reader},
    beside::ATTACHMENTS,
    clock,
    desk::{Desk, put_summary},
    error::DeskError,
    home,
    identity::rotate::{Rotated, check_sheet, rotation, write_rotation},
    keyfile::{Passphrase, Rest},
    log::extend,
    random::Source,
    search,
    sheet::{self, SheetKey},
};

/// Where a home is put together before it stands in its place.
const RESTORING: &str = "restoring";
/// Items taken in by one transaction.
const BATCH: usize = 1024;

/// A backup that was read and checked, not yet a home. Given up, it leaves nothing behind.
#[derive(Debug)]
pub struct Restoring {
    home: PathBuf,
    /// Nothing once the home is about to be put in place.
    folder: Option<PathBuf>,
    backup: PathBuf,
    pub about: BackupAbout,
    pub contents: BackupContents,
    root: Option<SigningKey>,
    store: Option<Store>,
}

/// Whose rights end with the restoration, and why.
#[derive(Debug, Clone, Default)]
pub struct Lost {
    pub devices: Vec<DeviceKey>,
    pub reason: Option<RevokeReason>,
}

/// A home that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub party: PartyId,
    /// This home's own, new device.
    pub device: DeviceKey,
    /// The new recovery sheet, where the main key was changed: to be printed and deleted.
    pub recovery_sheet: Option<PathBuf>,
}

impl Restoring {
    /// Reads a backup into an empty home and checks every signature and rule in it. Nothing is in place before
    /// [`Restoring::finish`].
    ///
    /// # Errors
    /// When the home is not empty, the passphrase is wrong, or the backup is damaged or altered.
    pub fn read(home: &Path, backup: &Path, passphrase: Option<&Passphrase>) -> Result<Self, DeskError> {
        let mut reader = Reader::open(backup, passphrase)?;
        let refused = |why: String| DeskError::Backup { path: backup.to_owned(), why };
        let Some(Item::About(about)) = reader.next()? else {
            return Err(refused("it does not begin as a backup does".to_owned()));
        };
        let folder = prepare(home)?;
        let mut restoring = Self {
            home: home.to_owned(),
            folder: Some(folder.clone()),
            backup: backup.to_owned(),
            about,
            contents: BackupContents::default(),
            root: None,
            store: None,
        };
        let store = Store::open(&home::store_path(&folder))?;
        store.use_clock(clock::now);
        restoring.store = Some(store);
        restoring.take_in(&mut reader)?;
        restoring.check().map_err(refused)?;
        Ok(restoring)
    }

    fn folder(&self) -> &Path {
        self.folder.as_deref().expect("there is a folder until the home is in place")
    }

    fn store(&self) -> &Store {
        self.store.as_ref().expect("the store is open until the home is in place")
    }

    fn store_mut(&mut self) -> &mut Store {
        self.store.as_mut().expect("the store is open until the home is in place")
    }

    fn refused(&self, why: &dyn std::fmt::Display) -> DeskError {
        DeskError::Backup { path: self.backup.clone(), why: why.to_string() }
    }

    fn take_in(&mut self, reader: &mut Reader) -> Result<(), DeskError> {
        let files = Files::new(self.folder().join(ATTACHMENTS));
        let mut ended = false;
        while !ended {
            let mut batch = Vec::new();
            while batch.len() < BATCH && !ended {
                match reader.next()? {
                    None => ended = true,
                    Some(Item::File { case, file }) => {
                        reader.file(file.size, |offset, bytes| Ok(files.append(&case, &file, offset, bytes)?))?;
                        if !files.finish(&case, &file)? {
                            return Err(self.refused(&"an attached file in it was altered"));
                        }
                        self.contents.files += 1;
                    }
                    Some(Item::Name { device, name }) => {
                        // A name that is none is no loss.
                        if names::check_name(&name).is_ok() {
                            names::keep(self.folder(), device, &name)?;
                        }
                    }
                    Some(Item::Root(der)) => {
                        self.root = Some(SigningKey::from_pkcs8_der(&der).map_err(|e| self.refused(&e))?);
                        self.contents.root = true;
                    }
                    Some(item) => batch.push(item),
                }
            }
            self.contents.entries += batch.iter().filter(|item| matches!(item, Item::Entry { .. })).count() as u64;
            let backup = self.backup.clone();
            let altered = |why: String| DeskError::Backup { path: backup.clone(), why };
            self.store_mut().write(|txn| batch.iter().try_for_each(|item| keep(txn, item, &altered)))?;
        }
        self.contents.cases = self.store().cases()?.len();
        Ok(())
    }

    /// Every signature and rule again: a backup may have lain anywhere.
    fn check(&mut self) -> Result<(), String> {
        let text = |e: StoreError| e.to_string();
        let mut logs = KeyLogs::new();
        let events = self.store().all_key_events().map_err(text)?;
        for event in &events {
            let taken = logs.apply(&event.envelope).map_err(|e| format!("a key event in it was altered: {e}"))?;
            if taken.0 != event.id {
                return Err("a key event in it is another than it says".to_owned());
            }
        }
        logs.head(&self.about.party).ok_or("the key log of its own identity is not in it")?;
        for case in self.store().cases().map_err(text)? {
            let mut record = Record::new();
            for event in &events {
                record.apply_key_event(&event.envelope).map_err(|e| e.to_string())?;
            }
            for entry in self.store().entries_after(case, 0).map_err(text)? {
                record.apply_bytes(&entry.envelope).map_err(|e| format!("an entry in it was altered: {e}"))?;
            }
            if record.case() != Some(case) {
                return Err("a case in it is another than it says".to_owned());
            }
            for value in self.store().values(case).map_err(text)? {
                let value = Disclosure::decode(&value.disclosure).map_err(|e| e.to_string())?;
                record.apply_value(value).map_err(|e| format!("a sealed value in it was altered: {e}"))?;
            }
            for stored in self.store().receipts(case).map_err(text)? {
                let taken = SignedReceipt::verify(&stored.envelope).and_then(|r| record.apply_receipt(r));
                taken.map_err(|e| format!("a receipt in it was altered: {e}"))?;
            }
            for kept in self.store().stamps(case).map_err(text)? {
                Token::check(&kept.token, &imprint(&case, &kept.heads), None)
                    .map_err(|e| format!("a time stamp in it was altered: {e}"))?;
            }
            let party = self.about.party;
            if let Some(brief) = record.brief() {
                let now = self.about.made;
                let put = self.store_mut().write(|txn| put_summary(txn, case, &brief, &record, &party, now));
                put.map_err(text)?;
            }
        }
        Ok(())
    }

    /// The key log in the backup.
    ///
    /// # Errors
    /// A failing store.
    pub fn logs(&self) -> Result<KeyLogs, DeskError> {
        let mut logs = KeyLogs::new();
        for event in self.store().key_events(self.about.party)? {
            logs.apply(&event.envelope)?;
        }
        Ok(logs)
    }

    /// The devices whose rights stand in the backup's log, with what they were called.
    ///
    /// # Errors
    /// A failing store.
    pub fn devices(&self) -> Result<Vec<(DeviceKey, Option<String>)>, DeskError> {
        let (logs, known) = (self.logs()?, names::read(self.folder())?);
        let Some(end) = logs.head(&self.about.party) else { return Ok(Vec::new()) };
        let mut devices = Vec::new();
        let mut log: Vec<_> = logs.prefix(&end.event).collect();
        log.reverse();
        for event in log {
            if let GrantState::Stands(grant) = logs.grant_at(&end.event, &event.id) {
                devices.push((grant.device, known.get(&grant.device).cloned()));
            }
        }
        Ok(devices)
    }

    /// Whether the home can be restored: with the main key in the backup, or with a sheet that is the one in force.
    ///
    /// # Errors
    /// Why not.
    pub fn check_keys(&self, sheet: Option<&SheetKey>) -> Result<(), DeskError> {
        let logs = self.logs()?;
        let end = logs.head(&self.about.party).ok_or(DeskError::NoRoot)?;
        if let Some(sheet) = sheet {
            return check_sheet(&logs, &end, sheet);
        }
        let root = logs.root_at(&end.event).map(|(root, _)| root);
        match &self.root {
            Some(key) if Some(public_half(key)) == root => Ok(()),
            _ => Err(DeskError::NoRootInBackup),
        }
    }

    /// Makes the home: a new device, granted by the main key or by the one on the sheet, which becomes the main key
    /// then. The keys rest under `passphrase`, if one is given. `now` in Unix milliseconds.
    ///
    /// # Errors
    /// As [`Restoring::check_keys`], or when nothing can be written; then the home is as empty as before.
    pub fn finish(
        mut self,
        sheet: Option<&SheetKey>,
        lost: &Lost,
        passphrase: Option<&Passphrase>,
        now: i64,
    ) -> Result<Restored, DeskError> {
        self.check_keys(sheet)?;
        let entries = self.contents.entries;
        let random = Source::new(|| Ok::<_, DeskError>(entries))?;
        let rest = Rest { under: passphrase, random: &random };
        let party = self.about.party;
        let device = SigningKey::from_bytes(&random.draw());
        let transport = SigningKey::from_bytes(&random.draw());
        let next = SigningKey::from_bytes(&random.draw());
        let folder = self.folder().to_owned();
        let keys = home::keys_folder(&folder);
        home::private_folder(&keys).map_err(|e| DeskError::File { path: keys.clone(), why: e.to_string() })?;
        home::write_device_keys(&keys, &device, &transport, &party, rest)?;
        home::write_port(&folder, &random)?;
        let root = match sheet {
            Some(sheet) => sheet.key().clone(),
            None => self.root.clone().ok_or(DeskError::NoRootInBackup)?,
        };
        home::write_root(&keys, &root, rest)?;
        if sheet.is_some() {
            let path = sheet::path(&folder);
            let written = home::write_private(&path, sheet::text(&party, &next, now).as_bytes());
            written.map_err(|e| DeskError::File { path, why: e.to_string() })?;
        }
        let begin = |logs: &KeyLogs| logs.head(&party).ok_or(DeskError::NoRoot);
        extend(self.store_mut(), party, begin, |log| {
            if sheet.is_some() {
                let plan = rotation(&log.logs, log.after, &[]);
                write_rotation(log, &Rotated { root: root.clone(), next: next.clone() }, &plan, now)?;
            }
            let signer = EventSigner::Root(&root);
            let rights = home::every_right(&device, &transport);
            log.add(&keylog::grant(&log.after, &signer, &rights, &device, now))?;
            let Some(reason) = lost.reason else { return Ok(()) };
            for device in &lost.devices {
                let found = log.logs.grant_of_device(&party, device).map(|(id, _)| id);
                let standing =
                    found.filter(|id| matches!(log.logs.grant_at(&log.after.event, id), GrantState::Stands(_)));
                if let Some(grant) = standing {
                    log.add(&keylog::revoke(&log.after, &signer, &grant, reason, now))?;
                }
            }
            Ok(())
        })?;
        // All of it is to be in the one file before that is moved.
        if !self.store_mut().checkpoint()? {
            return Err(DeskError::Store(StoreError::Busy));
        }
        self.store = None;
        drop(Desk::open_with(&folder, passphrase)?);
        // From here on it goes forward only: the next attempt begins anew.
        self.folder = None;
        settle(&folder, &self.home)?;
        let recovery_sheet = sheet.map(|_| sheet::path(&self.home));
        Ok(Restored { party, device: public_half(&device), recovery_sheet })
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        self.store = None;
        if let Some(folder) = &self.folder {
            drop(fs::remove_dir_all(folder));
        }
    }
}

/// The pieces of a home, in the order in which they are put in place: the keys last, for a home has a whole identity or
/// none.
fn pieces() -> [PathBuf; 6] {
    let home = Path::new("");
    [
        home::store_path(home),
        home.join(ATTACHMENTS),
        home.join(names::FILE),
        home.join(home::PORT),
        sheet::path(home),
        home::keys_folder(home),
    ]
}

/// An empty folder in an empty home. What an interrupted restoration left is removed.
fn prepare(home: &Path) -> Result<PathBuf, DeskError> {
    if home::is_initialised(home) {
        return Err(DeskError::AlreadyInitialised { home: home.to_owned() });
    }
    let failed = |e: io::Error| DeskError::File { path: home.to_owned(), why: e.to_string() };
    home::private_folder(home).map_err(failed)?;
    let folder = home.join(RESTORING);
    if folder.exists() {
        for piece in pieces() {
            let left = home.join(piece);
            drop(if left.is_dir() { fs::remove_dir_all(&left) } else { fs::remove_file(&left) });
        }
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    if fs::read_dir(home).map_err(failed)?.next().is_some() {
        return Err(DeskError::NotEmpty { home: home.to_owned() });
    }
    home::private_folder(&folder).map_err(failed)?;
    Ok(folder)
}

fn settle(folder: &Path, home: &Path) -> Result<(), DeskError> {
    for piece in pieces() {
        let (from, to) = (folder.join(&piece), home.join(&piece));
        if from.exists() {
            fs::rename(&from, &to).map_err(|e| DeskError::File { path: from, why: e.to_string() })?;
        }
    }
    // The home is whole; what is left of the folder says nothing.
    drop(fs::remove_dir_all(folder));
    Ok(())
}

/// What a backup holds, as it is stored. Nothing of it was signed by this home's device: that one is yet to be made.
fn keep(txn: &Txn<'_>, item: &Item, refused: &dyn Fn(String) -> DeskError) -> Result<(), DeskError> {
    let altered = |what: &str, why: &dyn std::fmt::Display| refused(format!("{what} in it was altered: {why}"));
    match item {
        Item::KeyEvent { party, position, id, bytes } => {
            txn.insert_key_event(&KeyEventRow { id: *id, party: *party, position: *position, envelope: bytes })?;
        }
        Item::Entry { case, bytes } => {
            let entry = Entry::decode(bytes).map_err(|e| altered("an entry", &e))?;
            let (device, seq) = (entry.statement.device, u64::from(entry.statement.seq));
            txn.insert_entry(&EntryRow { case: *case, id: entry.id, device, seq, own: false, envelope: bytes })?;
        }
        Item::Value { case, entry, path, disclosure } => {
            let value = Disclosure::decode(disclosure).map_err(|e| altered("a sealed value", &e))?;
            if value.entry != *entry || path_to_value(&value.path).encode() != *path {
                return Err(altered("a sealed value", &"it stands in another place"));
            }
            txn.put_value(*case, *entry, path, disclosure)?;
        }
        Item::Receipt { case, bytes } => {
            let signed = SignedReceipt::verify(bytes).map_err(|e| altered("a receipt", &e))?;
            let (device, number) = (signed.receipt.device, u64::from(signed.receipt.number));
            let row = ReceiptRow { id: signed.id, case: *case, device, number, own: false, envelope: bytes };
            txn.insert_receipt(&row)?;
        }
        Item::Stamp { case, stamp } => {
            txn.insert_stamp(*case, stamp)?;
        }
        Item::Address { case, party, address, last_seen } => {
            txn.put_peer_address(&PeerAddress {
                case: *case,
                party: *party,
                device: None,
                address: address.clone(),
                last_seen: *last_seen,
            })?;
        }
        Item::Note(note) => txn.put_note(note)?,
        Item::Aside(aside) => txn.put_aside(aside)?,
        Item::Assigned { case, agent, at } => txn.assign(*case, Some((agent, &search::folded(agent))), *at)?,
        // A backup has each name once; in one that was tampered with the first holds.
        Item::External { case, name } => drop(txn.put_external_id(*case, name)?),
        Item::BegunBy { case, template } => txn.put_begun_by(*case, template)?,
        Item::About(_) | Item::Name { .. } | Item::File { .. } | Item::Root(_) | Item::End(_) => {}
    }
    Ok(())
}
