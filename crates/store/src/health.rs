//! What this process knows of a place where a store is kept: that nobody answers there, or that nothing can be written. All
//! handles of the place know the same, so that one of them finds out and the others do not wait for it once more.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use crate::StoreError;

/// The places that handles of this process are open on.
static PLACES: Mutex<BTreeMap<String, Weak<Known>>> = Mutex::new(BTreeMap::new());

/// How often it is tried whether a place answers again that did not.
const AGAIN: Duration = Duration::from_millis(250);

/// Where so many bytes find no room beside a store's file, the disk counts as full: what is written at a time is less.
const ROOM: usize = 1 << 20;

/// How a place does that keeps a store, as far as this process knows.
#[derive(Clone)]
pub struct Health(Arc<Known>);

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("trouble", &self.trouble()).finish_non_exhaustive()
    }
}

struct Known {
    /// A file's path or a database's address: that may have a password in it.
    place: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    away: Option<StoreError>,
    full: Option<StoreError>,
    fails: Option<StoreError>,
}

impl Health {
    /// Of a place by its name, a file's path or a database's address.
    pub(crate) fn of(place: &str) -> Self {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get(place).and_then(Weak::upgrade) {
            return Self(known);
        }
        places.retain(|_, known| known.strong_count() > 0);
        let known = Arc::new(Known { place: place.to_owned(), state: Mutex::default() });
        places.insert(place.to_owned(), Arc::downgrade(&known));
        Self(known)
    }

    /// Why nothing can be read there, or nothing written; nothing where all is well, as far as is known.
    #[must_use]
    pub fn trouble(&self) -> Option<StoreError> {
        let state = self.state();
        state.away.as_ref().or(state.fails.as_ref()).or(state.full.as_ref()).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn away(&self) -> Option<StoreError> {
        self.state().away.clone()
    }

    /// Nobody answered there for as long as patience lasts. Until `answers` says that somebody does, which is asked by a thread
    /// of its own, or all handles are gone, no handle waits for it.
    pub(crate) fn goes_away(&self, why: StoreError, mut answers: impl FnMut(&str) -> bool + Send + 'static) {
        if self.state().away.replace(why).is_some() {
            return;
        }
        let (known, place) = (Arc::downgrade(&self.0), self.0.place.clone());
        let looking = thread::Builder::new().name("store-away".to_owned()).spawn(move || {
            loop {
                // Nothing tells when a database answers again: it has to be asked.
                thread::sleep(AGAIN);
                if known.strong_count() == 0 {
                    return;
                }
                if answers(&place) {
                    break;
                }
            }
            if let Some(known) = known.upgrade() {
                Self(known).state().away = None;
            }
        });
        if looking.is_err() {
            // Then each handle looks for itself.
            self.state().away = None;
        }
    }

    /// Something was written and kept.
    pub(crate) fn writes(&self) {
        self.state().fails = None;
    }

    /// Something could not be written.
    pub(crate) fn fails(&self, why: StoreError) {
        self.state().fails = Some(why);
    }

    /// Whether what failed is to be tried again.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().fails.is_some()
    }

    /// Looks whether there is room beside a store's file for what is written next, before something fails for it.
    pub(crate) fn look_for_room(&self, file: &Path) {
        let full = has_room(file).err().map(|why| match why.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
            _ => StoreError::Io { detail: why.to_string() },
        });
        self.state().full = full;
    }
}

/// The disk gives or refuses room when it is asked, and what is removed at once it need never write.
fn has_room(file: &Path) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".room");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let tried = options.open(&beside).and_then(|mut open| io::Write::write_all(&mut open, &vec![0; ROOM]));
    drop(fs::remove_file(&beside));
    tried
}
