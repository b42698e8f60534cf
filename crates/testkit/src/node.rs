//! A copy of a case: a machine with a store in memory that survives the machine.

use std::collections::BTreeMap;

use counterpart_core::{
    act::Act,
    attachment::FileRef,
    envelope::Verified,
    graph::Ix,
    id::{CaseId, DeviceKey, EditId, EntryId, PartyId},
    receipt::SignedReceipt,
    record::{DraftError, Record},
    seal::Disclosure,
    statement::Entry,
    sync::{Machine, Persist, Stored, frame::Frame},
    value::Sealable,
    whereabouts::{SignedWhereabouts, Whereabouts},
    worksheet::{EpochId, SignedEdit, Wish, Worksheet, WorksheetState},
};

use crate::{party::Party, rng::Rng};

/// What a copy has made durable, in order.
#[derive(Debug, Clone, Default)]
pub struct Store {
    pub key_events: Vec<Vec<u8>>,
    pub entries: Vec<(EntryId, Vec<u8>)>,
    /// Disclosures by entry and path.
    pub values: BTreeMap<(EntryId, Vec<u8>), Vec<u8>>,
    pub receipts: Vec<Vec<u8>>,
    /// Edits of the worksheet with their epochs.
    pub edits: Vec<(EpochId, EditId, Vec<u8>)>,
    /// Address records by device.
    pub whereabouts: BTreeMap<(PartyId, DeviceKey), Vec<u8>>,
    /// Attached files, whole.
    pub files: BTreeMap<FileRef, Vec<u8>>,
    /// What is here of others, from the beginning.
    pub parts: BTreeMap<FileRef, Vec<u8>>,
}

impl Store {
    pub fn persist(&mut self, items: Vec<Persist>) {
        for item in items {
            match item {
                Persist::Entry { id, bytes, .. } => {
                    assert!(!self.holds(&id), "{id:?} is persisted twice");
                    self.entries.push((id, bytes));
                }
                Persist::KeyEvent { id, bytes, .. } => {
                    assert!(!self.key_events.contains(&bytes), "{id:?} is persisted twice");
                    self.key_events.push(bytes);
                }
                Persist::Value { entry, path, disclosure } => {
                    self.values.insert((entry, path), disclosure);
                }
                Persist::Receipt { bytes, .. } => self.receipts.push(bytes),
                Persist::EraseValue { entry, path } => {
                    self.values.remove(&(entry, path));
                }
                Persist::Edit { id, epoch, bytes, .. } => {
                    assert!(!self.holds_edit(&id), "{id:?} is persisted twice");
                    self.edits.push((epoch, id, bytes));
                }
                Persist::ForgetEdits { but } => self.edits.retain(|(epoch, ..)| *epoch >= but),
                Persist::Addresses { party, device, bytes, .. } => {
                    self.whereabouts.insert((party, device), bytes);
                }
                Persist::ForgetAddresses { party, device } => {
                    self.whereabouts.remove(&(party, device));
                }
                Persist::EraseFile(file) => {
                    self.files.remove(&file);
                    self.parts.remove(&file);
                }
            }
        }
    }

    /// Adds a part to what is here of a file.
    ///
    /// # Panics
    /// When it does not begin where that ends.
    pub fn write_chunk(&mut self, file: FileRef, offset: u64, bytes: &[u8]) {
        let part = self.parts.entry(file).or_default();
        if offset == 0 {
            part.clear();
        }
        assert_eq!(part.len() as u64, offset, "parts of a file come in their order");
        part.extend_from_slice(bytes);
    }

    /// Keeps a file whose parts are all here, if its bytes are those it is named by.
    pub fn check_file(&mut self, file: FileRef) -> bool {
        let bytes = self.parts.remove(&file).unwrap_or_default();
        let sound = FileRef::of(&bytes) == file;
        if sound {
            self.files.insert(file, bytes);
        }
        sound
    }

    /// The answer to one who asks for a part of a file.
    #[must_use]
    pub fn answer(&self, file: FileRef, part: Option<(u64, u32)>) -> Frame {
        let read = |(offset, length): (u64, u32)| {
            let from = usize::try_from(offset).ok()?;
            self.files.get(&file)?.get(from..from + length as usize)
        };
        match part.and_then(|(offset, length)| Some((offset, read((offset, length))?))) {
            Some((offset, bytes)) => Frame::Chunk { sha256: file.sha256, offset, bytes: bytes.to_vec() },
            None => Frame::NotHeld { file },
        }
    }

    fn stored_whereabouts(&self) -> Vec<Stored> {
        self.whereabouts.values().cloned().map(Stored::Addresses).collect()
    }

    fn stored_edits(&self) -> Vec<Vec<u8>> {
        self.edits.iter().map(|(.., bytes)| bytes.clone()).collect()
    }

    fn part_lengths(&self) -> Vec<(FileRef, u64)> {
        self.parts.iter().map(|(file, bytes)| (*file, bytes.len() as u64)).collect()
    }

    #[must_use]
    pub fn holds_edit(&self, id: &EditId) -> bool {
        self.edits.iter().any(|(_, other, _)| other == id)
    }

    #[must_use]
    pub fn holds(&self, id: &EntryId) -> bool {
        self.entries.iter().any(|(other, _)| other == id)
    }

    /// The record as it comes back after a restart.
    ///
    /// # Panics
    /// When something stored does not come back: a machine persisted what it should not have, or out of order.
    #[must_use]
    pub fn restore(&self) -> Record {
        let mut record = Record::new();
        for event in &self.key_events {
            record.apply_key_event(event).expect("a stored key event comes back");
        }
        for (_, bytes) in &self.entries {
            let entry = Entry::decode(bytes).expect("a stored entry can be read").from_own_store();
            record.restore(entry).expect("a stored entry comes back");
        }
        for bytes in self.values.values() {
            let value = Disclosure::decode(bytes).expect("a stored value can be read");
            record.apply_value(value).expect("a stored value comes back");
        }
        for bytes in &self.receipts {
            let receipt = SignedReceipt::from_own_store(bytes).expect("a stored receipt can be read");
            record.apply_receipt(receipt).expect("a stored receipt comes back");
        }
        record.set_files(self.files.keys().copied());
        record
    }
}

/// A device's copy of a case.
#[derive(Debug)]
pub struct Node {
    pub party: Party,
    /// Which of the party's devices this is.
    pub device: usize,
    pub case: CaseId,
    pub trusted: Vec<PartyId>,
    pub store: Store,
    pub machine: Machine,
}

impl Node {
    /// A copy that begins with what is in the store.
    #[must_use]
    pub fn new(party: &Party, device: usize, case: CaseId, trusted: &[PartyId], store: Store) -> Self {
        let mut machine = Machine::new(case, store.restore(), party.author(device), trusted.to_vec());
        machine.parts_found(&store.part_lengths());
        machine.edits_found(store.stored_edits()).expect("stored edits come back");
        machine.absorb(store.stored_whereabouts(), 0).expect("stored address records come back");
        Self { party: party.clone(), device, case, trusted: trusted.to_vec(), store, machine }
    }

    /// Throws the machine away and starts another from what is stored.
    pub fn restart(&mut self) {
        let author = self.party.author(self.device);
        self.machine = Machine::new(self.case, self.store.restore(), author, self.trusted.clone());
        self.machine.parts_found(&self.store.part_lengths());
        self.machine.edits_found(self.store.stored_edits()).expect("stored edits come back");
        self.machine.absorb(self.store.stored_whereabouts(), 0).expect("stored address records come back");
    }

    /// Says anew where this device can be reached; the outputs wait in the machine.
    pub fn move_to(&mut self, number: u64, addresses: &[&str], now: i64) {
        let signed = self.party.whereabouts(self.device, number, now, addresses);
        let Whereabouts { party, device, .. } = *signed.record();
        self.store.whereabouts.insert((party, device), signed.bytes().to_vec());
        let stored = vec![Stored::Addresses(signed.bytes().to_vec())];
        self.machine.absorb(stored, now).expect("an own record can be taken in");
    }

    /// The addresses that the machine knows of a device.
    #[must_use]
    pub fn addresses_of(&self, device: &DeviceKey) -> Option<Vec<String>> {
        let of = |signed: &&SignedWhereabouts| signed.record().device == *device;
        self.machine.whereabouts().find(of).map(|signed| signed.record().addresses.clone())
    }

    /// What a worksheet is at the desk: made of what is stored.
    ///
    /// # Panics
    /// When something stored does not come back.
    #[must_use]
    pub fn worksheet(&self) -> Worksheet {
        let mut sheet = Worksheet::new(self.case);
        for bytes in self.store.stored_edits() {
            let edit = SignedEdit::decode(&bytes).expect("a stored edit can be read").from_own_store();
            sheet.take(edit).expect("a stored edit comes back");
        }
        sheet
    }

    /// Changes the worksheet at the desk, then lets the machine know; the outputs wait in it.
    ///
    /// # Panics
    /// When the change cannot be made.
    pub fn draft(&mut self, now: i64, wishes: impl FnOnce(&mut Worksheet) -> (WorksheetState, Vec<Wish>)) {
        let mut sheet = self.worksheet();
        let (shown, wishes) = wishes(&mut sheet);
        let author = self.party.author(self.device);
        let key = &self.party.devices[self.device].key;
        let (edits, _) = sheet.edit(&author, key, &shown, &wishes, now).expect("a change that can be made");
        self.keep_edits(&edits, now);
    }

    /// Starts the worksheet afresh.
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn restart_worksheet(&mut self, keep: bool, now: i64) {
        let mut sheet = self.worksheet();
        let author = self.party.author(self.device);
        let key = &self.party.devices[self.device].key;
        let (edits, _) = sheet.restart(&author, key, keep, now).expect("a new start");
        self.store.persist(vec![Persist::ForgetEdits { but: sheet.epoch() }]);
        self.keep_edits(&edits, now);
    }

    fn keep_edits(&mut self, edits: &[SignedEdit<Verified>], now: i64) {
        for edit in edits {
            self.store.edits.push((edit.epoch(), edit.id, edit.bytes().to_vec()));
        }
        let stored = edits.iter().map(|edit| Stored::Edit(edit.bytes().to_vec())).collect();
        self.machine.absorb(stored, now).expect("edits made here can be taken in");
    }

    /// Keeps a file and puts it on record; the outputs wait in the machine.
    ///
    /// # Errors
    /// Why it may not be signed.
    pub fn attach(&mut self, bytes: &[u8], now: i64, rng: &mut Rng) -> Result<(EntryId, FileRef), DraftError> {
        let file = FileRef::of(bytes);
        let size = i64::try_from(file.size).expect("a small file");
        let name = Sealable::Open("photo.jpg".to_owned());
        let act = Act::Attach { sha256: file.sha256, size, name, media: None, about: None };
        let id = self.act(&act, now, rng)?;
        // A real command keeps the bytes first; here nothing is drained in between.
        self.store.files.insert(file, bytes.to_vec());
        let held: Vec<FileRef> = self.store.files.keys().copied().collect();
        self.machine.files_found(&held, now);
        Ok((id, file))
    }

    /// Signs an act; the outputs wait in the machine.
    ///
    /// # Errors
    /// Why it may not be signed.
    pub fn act(&mut self, act: &Act, now: i64, rng: &mut Rng) -> Result<EntryId, DraftError> {
        let author = self.party.author(self.device);
        let draft = self.machine.record().draft(&author, act, now, &mut || rng.bytes())?;
        let key = &self.party.devices[self.device].key;
        let signed = self.machine.sign(draft, key, now)?;
        Ok(signed.id)
    }
}

/// The view as text, with entries named by id, so that two copies' views can be compared.
///
/// # Panics
/// When the view names entries that are not in the graph.
#[must_use]
pub fn digest(record: &Record) -> String {
    let view = format!("{:?}", record.view());
    let names: Vec<Ix> = record.graph().all().collect();
    let mut text = String::new();
    let mut parts = view.split("Ix(");
    text.extend(parts.next());
    for part in parts {
        let (number, rest) = part.split_once(')').expect("an entry's number ends");
        let ix = names[number.parse::<usize>().expect("an entry's number")];
        text.push_str(&format!("{:?}{rest}", record.graph().id(ix)));
    }
    text
}
