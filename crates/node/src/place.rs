//! Where a home's store is: in its folder, or in a database that it shares with other machines. One setting, read whenever
//! the store is opened.

mod moving;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use counterpart_core::id::PartyId;
use counterpart_store::{Files, Store, StoreError, StorePlace};

use crate::{beside::ATTACHMENTS, error::DeskError, home};

pub use moving::{own_store_place, use_store_unchecked};

/// The address of the database, in one line; absent where the store is in the folder. It may have a password in it.
const FILE: &str = "database";
const WRITTEN: &str = "database.new";
/// The longest address that is read, in bytes.
const LONGEST: u64 = 4096;

/// Where the store of a home is.
pub fn store_place_of(home: &Path) -> Result<StorePlace, DeskError> {
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
    store_place_of(home).ok()?.file().map(Path::to_owned)
}

/// Opens the store of a home that has an identity.
pub(crate) fn open(home: &Path) -> Result<Store, DeskError> {
    open_for(home, home::read_party(&home::keys_folder(home))?)
}

/// Opens the store of a home that is, or is to be, this party's.
pub(crate) fn open_for(home: &Path, party: PartyId) -> Result<Store, DeskError> {
    open_of(&store_place_of(home)?, party)
}

/// Opens the store at a place, unless it is another party's.
fn open_of(place: &StorePlace, party: PartyId) -> Result<Store, DeskError> {
    let mut store = Store::open_at(place)?;
    if store.belongs_to(party)? { Ok(store) } else { Err(StoreError::OfAnother { place: place.to_string() }.into()) }
}

/// The attached files of a home.
pub(crate) fn files(home: &Path) -> Result<Files, DeskError> {
    Ok(Files::of(&store_place_of(home)?, home.join(ATTACHMENTS)))
}
