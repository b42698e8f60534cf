//! Where a home's store is: in its folder, or in a database that it shares with other machines. One setting, read whenever
//! the store is opened.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use counterpart_store::{Copied, Files, FilesError, Store, StorePlace};

use crate::{beside::ATTACHMENTS, desk::Desk, error::DeskError, home};

/// The address of the database, in one line; absent where the store is in the folder. It may have a password in it.
const FILE: &str = "database";
const WRITTEN: &str = "database.new";
/// The longest address that is read, in bytes.
const LONGEST: u64 = 4096;

/// Where the store of a home is.
pub(crate) fn place(home: &Path) -> Result<StorePlace, DeskError> {
    let path = home.join(FILE);
    let file = match home::read_bounded(&path, LONGEST) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return own_place(home),
        Err(e) => return Err(DeskError::File { path, why: e.to_string() }),
    };
    let address = str::from_utf8(&file).unwrap_or_default().trim();
    match StorePlace::named(address) {
        place @ StorePlace::Postgres(_) => Ok(place),
        StorePlace::File(_) => {
            let why =
                "it names no database: write postgres://NAME@HOST/DATABASE, or remove it and the store is the one here";
            Err(DeskError::File { path, why: why.to_owned() })
        }
    }
}

/// Where a home's store is that was told nothing else.
#[cfg(not(debug_assertions))]
fn own_place(home: &Path) -> Result<StorePlace, DeskError> {
    Ok(StorePlace::File(home::store_path(home)))
}

/// The same. In programs made for tests, whatever begins to keep something does so in a database where it is told to: so the
/// tests of everything else are those of a shared store as well.
#[cfg(debug_assertions)]
fn own_place(home: &Path) -> Result<StorePlace, DeskError> {
    use std::{
        hash::{DefaultHasher, Hash as _, Hasher as _},
        time::SystemTime,
    };
    let file = home::store_path(home);
    let server = std::env::var("COUNTERPART_TEST_STORE").ok().filter(|server| !server.is_empty());
    // What is restored or brought by a test is where it is.
    let Some(server) = server.filter(|_| !file.exists()) else { return Ok(StorePlace::File(file)) };
    let failed = |e: io::Error| DeskError::File { path: home.to_owned(), why: e.to_string() };
    let mut hasher = DefaultHasher::new();
    (home, std::process::id(), SystemTime::now()).hash(&mut hasher);
    let mark = if server.contains('?') { '&' } else { '?' };
    let address = format!("{server}{mark}options=-c%20search_path%3Dhome_{:016x}", hasher.finish());
    let kept = home::write_private(&home.join(WRITTEN), format!("{address}\n").as_bytes());
    kept.and_then(|()| fs::rename(home.join(WRITTEN), home.join(FILE))).map_err(failed)?;
    Ok(StorePlace::Postgres(address))
}

/// The store's file; nothing where it is kept elsewhere.
pub(crate) fn file(home: &Path) -> Option<PathBuf> {
    place(home).ok()?.file().map(Path::to_owned)
}

/// Opens the store of a home.
pub(crate) fn open(home: &Path) -> Result<Store, DeskError> {
    Ok(Store::open_at(&place(home)?)?)
}

/// The attached files of a home.
pub(crate) fn files(home: &Path) -> Result<Files, DeskError> {
    Ok(Files::of(&place(home)?, home.join(ATTACHMENTS)))
}

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] counterpart_store::StoreError),
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

impl Desk {
    /// Where this home's store is.
    ///
    /// # Errors
    /// When the setting cannot be read.
    pub fn store_place(&self) -> Result<StorePlace, DeskError> {
        place(self.home())
    }

    /// Where it is unless it was told otherwise: in the home.
    #[must_use]
    pub fn own_store_place(&self) -> StorePlace {
        StorePlace::File(home::store_path(self.home()))
    }

    /// Copies the store with all attached files to another place that is empty, then reads both and compares them. Nothing may
    /// write to either meanwhile. The store in use stays the same.
    ///
    /// # Errors
    /// When there is something there already, reading or writing fails, or the two are not the same.
    pub fn copy_store(&self, to: &StorePlace) -> Result<Copied, DeskError> {
        if *to == self.store_place()? {
            return Err(counterpart_store::StoreError::NotEmpty { place: to.to_string() }.into());
        }
        let mut target = Store::open_at(to)?;
        let target_files = Files::of(to, self.home().join(ATTACHMENTS));
        let (mut source, files) = (open(self.home())?, self.files());
        counterpart_store::copy::<CopyError>((&mut source, &files), (&mut target, &target_files))?;
        Ok(counterpart_store::verify::<CopyError>((&mut source, &files), (&mut target, &target_files))?)
    }

    /// From the next start of any program on, this home's store is that one. It must have the key log of this home's party.
    ///
    /// # Errors
    /// When it cannot be opened, is not one of this home's, or the setting cannot be written; nothing was changed then.
    pub fn use_store(&self, place: &StorePlace) -> Result<(), DeskError> {
        let path = self.home().join(FILE);
        let failed = |e: io::Error| DeskError::File { path: path.clone(), why: e.to_string() };
        let there = Store::open_at(place)?;
        if there.key_events(self.party())?.is_empty() {
            let why =
                format!("the store at {place} knows nothing of this home's party: copy this home's store there first");
            return Err(DeskError::File { path, why });
        }
        match place {
            StorePlace::File(_) => match fs::remove_file(&path) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(failed(e)),
                _ => Ok(()),
            },
            StorePlace::Postgres(address) => {
                let written = self.home().join(WRITTEN);
                let kept = home::write_private(&written, format!("{address}\n").as_bytes());
                kept.and_then(|()| fs::rename(&written, &path)).map_err(failed)
            }
        }
    }
}
