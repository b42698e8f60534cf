//! A backup: one file with the identity, the cases, the notebook and the asides of a home, without the keys of its device
//! and without its settings. The same device is never restored; a restored home makes itself a new one.

mod item;
mod vault;

use std::path::Path;

use counterpart_core::id::{DeviceKey, PartyId};
use counterpart_store::Reads;

use self::vault::Writer;
pub(crate) use self::{item::Item, vault::Reader};
use crate::{agent::names, desk::Desk, error::DeskError, home, keyfile::Passphrase, log::root_der};

/// What a backup says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupAbout {
    pub party: PartyId,
    /// The device of the home it was made of.
    pub device: DeviceKey,
    /// When it was made, Unix milliseconds.
    pub made: i64,
}

/// What went into a backup, or came out of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupContents {
    pub cases: usize,
    pub entries: u64,
    pub files: usize,
    /// The main key is in it.
    pub root: bool,
}

/// Whether a backup asks for a passphrase.
///
/// # Errors
/// When the file cannot be read, or is no backup.
pub fn is_backup_encrypted(path: &Path) -> Result<bool, DeskError> {
    vault::is_encrypted(path)
}

impl Desk {
    /// Writes a backup of this home, encrypted unless there is no passphrase. The file appears at once and whole; a
    /// backup that stood there before is replaced, any other file is left alone. A running node may go on. `now` in Unix
    /// milliseconds.
    ///
    /// # Errors
    /// When the home cannot be read or the file cannot be written; then nothing was changed.
    pub fn backup(&self, to: &Path, under: Option<&Passphrase>, now: i64) -> Result<BackupContents, DeskError> {
        self.must_be_home()?;
        let root = self.root_key()?;
        let names = names::read(self.home())?;
        let files = self.files();
        let mut contents = BackupContents { root: root.is_some(), ..BackupContents::default() };
        let mut out = Writer::create(to, under, self.random())?;
        let about = BackupAbout { party: self.party(), device: self.author().device, made: now };
        out.item(&Item::About(about))?;
        self.with_store(|store| store.read(|reads| put_store(reads, &mut out, &mut contents)))?;
        for (device, name) in names {
            out.item(&Item::Name { device, name })?;
        }
        for case in files.cases()? {
            for file in files.list(&case)?.held {
                // One that was erased meanwhile is left out.
                let Ok(source) = files.open(&case, &file) else { continue };
                out.file(case, file, source)?;
                contents.files += 1;
            }
        }
        if let Some(root) = root {
            out.item(&Item::Root(root_der(&root)?))?;
        }
        out.finish()?;
        Ok(contents)
    }

    /// The main key, where it is here and in force.
    fn root_key(&self) -> Result<Option<ed25519_dalek::SigningKey>, DeskError> {
        let (logs, author) = (self.own_log()?, self.author());
        let end = logs.head_with(&author.party, &author.grant).and_then(|end| logs.root_at(&end.event));
        let Some((root, _)) = end else { return Ok(None) };
        home::read_root(self.home(), &root, self.identity().passphrase.as_ref())
    }
}

/// Everything that the store holds of cases and key logs, and the notebook, as of one moment.
fn put_store(reads: &Reads, out: &mut Writer, contents: &mut BackupContents) -> Result<(), DeskError> {
    for event in reads.all_key_events()? {
        let (party, position) = (event.party, event.position);
        out.item(&Item::KeyEvent { party, position, id: event.id, bytes: event.envelope })?;
    }
    for case in reads.cases()? {
        contents.cases += 1;
        reads.for_each_entry(case, 0, |entry| {
            contents.entries += 1;
            out.item(&Item::Entry { case, bytes: entry.envelope.to_vec() })
        })?;
        for value in reads.values(case)? {
            out.item(&Item::Value { case, entry: value.entry, path: value.path, disclosure: value.disclosure })?;
        }
        for receipt in reads.receipts(case)? {
            out.item(&Item::Receipt { case, bytes: receipt.envelope })?;
        }
        for stamp in reads.stamps(case)? {
            out.item(&Item::Stamp { case, stamp })?;
        }
        for peer in reads.peer_addresses(case)? {
            out.item(&Item::Address { case, party: peer.party, address: peer.address, last_seen: peer.last_seen })?;
        }
        for name in reads.external_ids(case)? {
            out.item(&Item::External { case, name })?;
        }
    }
    for note in reads.notebook()? {
        out.item(&Item::Note(note))?;
    }
    for aside in reads.all_asides()? {
        out.item(&Item::Aside(aside))?;
    }
    for (case, agent, at) in reads.all_assigned()? {
        out.item(&Item::Assigned { case, agent, at })?;
    }
    for (case, template) in reads.all_begun_by()? {
        out.item(&Item::BegunBy { case, template })?;
    }
    Ok(())
}
