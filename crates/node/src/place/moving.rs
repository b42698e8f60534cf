//! A home's store copied to another place, and kept there from then on.

use std::{collections::BTreeMap, fs, io, path::Path};

use counterpart_core::id::{CaseId, DeviceKey, EventId, PartyId};
use counterpart_store::{Copied, Files, FilesError, Store, StoreError, StorePlace};

use super::{FILE, WRITTEN, open, open_of, store_place_of};
use crate::{beside::ATTACHMENTS, desk::Desk, error::DeskError, home, poke::poke};

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl From<CopyError> for DeskError {
    fn from(e: CopyError) -> Self {
        match e {
            CopyError::Store(e) => e.into(),
            CopyError::Files(e) => e.into(),
        }
    }
}

/// Where a home's store is unless it was told otherwise: in the home.
#[must_use]
pub fn own_store_place(home: &Path) -> StorePlace {
    StorePlace::File(home::store_path(home))
}

/// From the next start of any program on, a home's store is that one, whatever was in the one before: for a home whose store is
/// lost. It must have the key log of this home's party.
///
/// # Errors
/// While a node of this home runs; when it cannot be opened, is not one of this home's, or the setting cannot be written.
/// Nothing was changed then.
pub fn use_store_unchecked(home: &Path, place: &StorePlace) -> Result<(), DeskError> {
    if poke(home) {
        return Err(DeskError::Running);
    }
    knowing(home, place, home::read_party(&home::keys_folder(home))?)?;
    set(home, place)
}

impl Desk {
    /// Where this home's store is.
    ///
    /// # Errors
    /// When the setting cannot be read.
    pub fn store_place(&self) -> Result<StorePlace, DeskError> {
        store_place_of(self.home())
    }

    /// Copies the store with all attached files to another place that is empty, then reads both and compares them. Nothing may
    /// write to either meanwhile. The store in use stays the same. A copy that did not come to its end is refused from then on.
    ///
    /// # Errors
    /// When there is something there already, reading or writing fails, or the two are not the same.
    pub fn copy_store(&self, to: &StorePlace) -> Result<Copied, DeskError> {
        if *to == self.store_place()? {
            return Err(StoreError::NotEmpty { place: to.to_string() }.into());
        }
        let mut target = open_of(to, self.party())?;
        let target_files = Files::of(to, self.home().join(ATTACHMENTS));
        let (mut source, files) = (open(self.home())?, self.files());
        counterpart_store::copy::<CopyError>((&mut source, &files), (&mut target, &target_files))?;
        let copied = counterpart_store::verify::<CopyError>((&mut source, &files), (&mut target, &target_files))?;
        target.end_copy()?;
        Ok(copied)
    }

    /// From the next start of any program on, this home's store is that one. It must have the key log of this home's party, and
    /// all that this home signed: whatever it signed next without that would be a second history.
    ///
    /// # Errors
    /// [`DeskError::StoreBehind`]; when it cannot be opened, is not one of this home's, or the setting cannot be written.
    /// Nothing was changed then.
    pub fn use_store(&self, place: &StorePlace) -> Result<(), DeskError> {
        let present = open(self.home())?;
        let there = knowing(self.home(), place, self.party())?;
        let mut devices = vec![self.author().device];
        devices.extend(self.seats()?.into_iter().map(|seat| seat.agent.device));
        let lacks = Lacks::of(&there, &present, self.party(), &devices)?;
        if lacks != Lacks::default() {
            return Err(DeskError::StoreBehind { place: place.to_string(), lacks: lacks.to_string() });
        }
        set(self.home(), place)
    }
}

/// The store at a place, which knows a party.
fn knowing(home: &Path, place: &StorePlace, party: PartyId) -> Result<Store, DeskError> {
    let there = open_of(place, party)?;
    if there.key_events(party)?.is_empty() {
        let why =
            format!("the store at {place} knows nothing of this home's party: copy this home's store there first");
        return Err(DeskError::File { path: home.join(FILE), why });
    }
    Ok(there)
}

fn set(home: &Path, place: &StorePlace) -> Result<(), DeskError> {
    let path = home.join(FILE);
    let failed = |e: io::Error| DeskError::File { path: path.clone(), why: e.to_string() };
    match place {
        StorePlace::File(_) => match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(e)),
            _ => Ok(()),
        },
        StorePlace::Postgres(address) => {
            let written = home.join(WRITTEN);
            let kept = home::write_private(&written, format!("{address}\n").as_bytes());
            kept.and_then(|()| fs::rename(&written, &path)).map_err(failed)
        }
    }
}

/// What a store lacks of what another one has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lacks {
    /// Signed with the keys of this home, and in how many cases.
    signed: u64,
    signed_in: u64,
    /// Given with them.
    receipts: u64,
    /// Cases of which it has nothing.
    cases: u64,
    /// Of the party's key log.
    key_events: u64,
}

impl Lacks {
    fn of(there: &Store, present: &Store, party: PartyId, devices: &[DeviceKey]) -> Result<Self, StoreError> {
        let mut lacks = Self::default();
        for device in devices {
            let last: BTreeMap<CaseId, u64> =
                there.last_own_entries(*device)?.into_iter().map(|(case, seq, _)| (case, seq)).collect();
            for (case, seq, id) in present.last_own_entries(*device)? {
                if !there.has_own_entry(case, id)? {
                    // What was signed at the same positions, if anything, is at least one entry less.
                    lacks.signed += seq.saturating_sub(last.get(&case).copied().unwrap_or_default()).max(1);
                    lacks.signed_in += 1;
                }
            }
            let last: BTreeMap<CaseId, u64> = there.last_own_receipts(*device)?.into_iter().collect();
            for (case, number) in present.last_own_receipts(*device)? {
                lacks.receipts += number.saturating_sub(last.get(&case).copied().unwrap_or_default());
            }
        }
        let cases = there.cases()?;
        lacks.cases = present.cases()?.iter().filter(|case| cases.binary_search(case).is_err()).count() as u64;
        let known: Vec<EventId> = there.key_events(party)?.iter().map(|event| event.id).collect();
        lacks.key_events = present.key_events(party)?.iter().filter(|event| !known.contains(&event.id)).count() as u64;
        Ok(lacks)
    }
}

impl std::fmt::Display for Lacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let counted = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let signed = format!(
            "{} of {} that this machine signed",
            counted(self.signed, "entry", "entries"),
            counted(self.signed_in, "case", "cases")
        );
        let cases = format!("all of {}", counted(self.cases, "case", "cases"));
        let events = format!("{} of your key log", counted(self.key_events, "entry", "entries"));
        let receipts = format!("{} that it gave", counted(self.receipts, "receipt", "receipts"));
        let parts = [(self.signed, signed), (self.receipts, receipts), (self.cases, cases), (self.key_events, events)];
        let said: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, said)| said).collect();
        f.write_str(&said.join(", "))
    }
}
