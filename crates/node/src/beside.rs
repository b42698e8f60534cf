//! What lies beside the record: the bytes of attached files, and leaving nothing of what was erased.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    cbor::{CORE_LIMITS, Value},
    id::{CaseId, EntryId, PartyId},
    record::Record,
    seal::{PathStep, path_from_value, path_to_value},
};
use counterpart_store::{Chore, Listing, Scrubbed, SealedValue, Store, StoreError, Txn};

use crate::{desk::Desk, error::DeskError, notebook::Learnt, search};

/// The folder in a home that holds the bytes of attached files.
pub(crate) const ATTACHMENTS: &str = "attachments";

impl Desk {
    /// What is here of the files of a case, also of those that nothing names any more.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn files_here(&self, case: &CaseId) -> Result<Listing, DeskError> {
        Ok(self.files().list(case)?)
    }

    /// Keeps the bytes of a file, before an act that names it is signed or after. They are on disk when this returns; a
    /// running node is told.
    ///
    /// # Errors
    /// When the file's bytes are not those named, or the disk is full or fails; nothing is kept then.
    pub fn keep_file(&self, case: &CaseId, file: &FileRef, source: &Path) -> Result<(), DeskError> {
        self.with_store(|store| {
            // Erased before, and wanted anew: what a crash left to be done about it is not done any more.
            let chore = Chore::EraseFile { case: *case, file: *file };
            let left: Vec<u64> =
                store.chores()?.iter().filter(|row| row.chore == chore).map(|row| row.number).collect();
            if left.is_empty() {
                return Ok(());
            }
            store.write(|txn| left.iter().try_for_each(|number| txn.end_chore(*number)))
        })?;
        self.files().keep(case, file, source)?;
        self.node_is_running();
        Ok(())
    }

    /// A file of a case, to read from its beginning.
    ///
    /// # Errors
    /// When it is not here, or the disk fails.
    pub fn open_file(&self, case: &CaseId, file: &FileRef) -> Result<File, DeskError> {
        Ok(self.files().open(case, file)?)
    }

    /// The bytes of every file that a case names and this copy holds, by hash: what goes into a bundle. All of it comes
    /// into memory; `most` bytes of it at most.
    ///
    /// # Errors
    /// When there is more, or the disk fails.
    pub fn held_files(
        &self,
        case: &CaseId,
        record: &Record,
        most: u64,
    ) -> Result<BTreeMap<[u8; 32], Vec<u8>>, DeskError> {
        let mut held = BTreeMap::new();
        let mut all: u64 = 0;
        for file in record.attachments().into_iter().map(|attachment| attachment.named.file) {
            if !record.holds_file(&file) || held.contains_key(&file.sha256) {
                continue;
            }
            all = all.saturating_add(file.size);
            if all > most {
                return Err(DeskError::TooManyFiles { most });
            }
            let mut bytes = Vec::new();
            let read = self.files().open(case, &file)?.take(file.size + 1).read_to_end(&mut bytes);
            read.map_err(|e| DeskError::File { path: self.home().join(ATTACHMENTS), why: e.to_string() })?;
            if FileRef::of(&bytes) != file {
                let why = "the stored bytes of an attached file were altered".to_owned();
                return Err(DeskError::Damaged { case: *case, why });
            }
            held.insert(file.sha256, bytes);
        }
        Ok(held)
    }

    /// Tells a record just read what lies beside it here. Gives the files of which a part is here.
    pub(crate) fn lay_beside(&self, case: &CaseId, record: &mut Record) -> Result<Vec<(FileRef, u64)>, DeskError> {
        let own = self.party();
        record.forget_erased(&own);
        let Listing { held, parts } = self.files().list(case)?;
        let held: Vec<FileRef> = held.into_iter().filter(|file| record.file_erased_by(&own, file).is_none()).collect();
        record.set_files(held);
        Ok(parts)
    }

    /// Takes out of the store whatever is still there although this party erased it: put there by a process that had not
    /// heard of it.
    pub(crate) fn sweep(&self, case: &CaseId, record: &Record) -> Result<(), DeskError> {
        if record.fold().erasures().is_empty() {
            return Ok(());
        }
        let own = self.party();
        let here = self.files().list(case)?;
        let files = here.held.into_iter().chain(here.parts.into_iter().map(|(file, _)| file));
        let files: Vec<FileRef> = files.filter(|file| record.file_erased_by(&own, file).is_some()).collect();
        self.with_store(|store| {
            let kept = store.values(*case)?;
            let erased = |value: &&SealedValue| {
                let path = Value::decode(&value.path, CORE_LIMITS).ok().and_then(|path| path_from_value(&path));
                path.is_some_and(|path| record.erased_by(&own, &value.entry, &path))
            };
            let values: Vec<&SealedValue> = kept.iter().filter(erased).collect();
            if values.is_empty() && files.is_empty() {
                return Ok(());
            }
            store.write(|txn| {
                for value in &values {
                    txn.delete_value(*case, value.entry, &value.path)?;
                }
                if !values.is_empty() {
                    search::values_went(txn, *case, record, &own)?;
                    txn.put_chore(&Chore::Scrub)?;
                }
                files.iter().try_for_each(|file| txn.put_chore(&Chore::EraseFile { case: *case, file: *file }))
            })
        })?;
        if self.leaves_chores() { Ok(()) } else { self.do_chores().map(drop) }
    }

    /// Does what is left to be done about erased things; gives whether nothing is left. What another program holds up
    /// is left for the next time: the running node tries again and again.
    ///
    /// # Errors
    /// A failing disk.
    pub fn do_chores(&self) -> Result<bool, DeskError> {
        self.erase_files()?;
        loop {
            // The store is let go of in between.
            match self.with_store(Store::scrub_step)? {
                Scrubbed::More => {}
                Scrubbed::Clean => return Ok(true),
                Scrubbed::Held => return Ok(false),
            }
        }
    }

    /// The part of the chores that is done at once: the bytes of erased files.
    pub(crate) fn erase_files(&self) -> Result<(), DeskError> {
        let files = self.files();
        self.with_store(|store| {
            let mut done = Vec::new();
            for row in store.chores()? {
                if let Chore::EraseFile { case, file } = row.chore {
                    files.erase(&case, &file)?;
                    done.push(row.number);
                }
            }
            if done.is_empty() {
                return Ok(());
            }
            Ok(store.write(|txn| done.iter().try_for_each(|number| txn.end_chore(*number)))?)
        })
    }
}

/// What an `erased` of ours takes with it, found before it is signed: afterwards the record has forgotten.
#[derive(Debug)]
pub(crate) struct Erasing {
    entry: EntryId,
    path: Vec<PathStep>,
    /// The files that the entry names.
    files: Vec<FileRef>,
    /// What the notebook learnt from the value.
    learnt: Option<Learnt>,
}

impl Erasing {
    /// Nothing for any other act.
    pub(crate) fn by(record: &Record, act: &Act) -> Option<Self> {
        let Act::Erased { entry, path, .. } = act else { return None };
        let named = record.graph().find(entry)?;
        let files = record.files_of(named).into_iter().map(|named| named.file).collect();
        let learnt = Learnt::from(&record.laid_open(named), path);
        Some(Self { entry: *entry, path: path.clone(), files, learnt })
    }

    /// Takes it out of the store, in the transaction that keeps the signed act; what cannot be done in one is left to be
    /// done. `record` has taken the act in and forgotten the value.
    pub(crate) fn carry_out(
        &self,
        txn: &Txn<'_>,
        case: CaseId,
        record: &Record,
        own: &PartyId,
    ) -> Result<(), StoreError> {
        if txn.delete_value(case, self.entry, &path_to_value(&self.path).encode())? {
            search::values_went(txn, case, record, own)?;
            txn.put_chore(&Chore::Scrub)?;
        }
        if let Some(learnt) = &self.learnt {
            learnt.forget(txn)?;
        }
        for file in &self.files {
            if record.file_erased_by(own, file).is_some() || !record.names_file(file) {
                txn.put_chore(&Chore::EraseFile { case, file: *file })?;
            }
        }
        Ok(())
    }

    pub(crate) fn forget(&self, record: &mut Record) {
        record.forget_value(&self.entry, &self.path);
    }
}
