//! Fetching: from a folder of the mailbox to what waits in the home. Needs no key, so it may run beside the desk.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use counterpart_mail::{Fetch, Glance, Look, Place, Server, Skipped, Verdict, fetch};
use counterpart_process::notebook::{Kept, Note};

use super::{PostError, aside, fit::fit};
use crate::{
    desk::Desk,
    error::DeskError,
    home::write_private,
    place,
    post::intake::{Known, is_from, known},
};

const FILE: &str = "mail-state";
/// At most so many mails are looked at in one go.
const MOST: usize = 500;
/// So many days back is read when a folder was made anew.
const ANEW_DAYS: i64 = 30;
const DAY: i64 = 24 * 3600 * 1000;

/// How far fetching came, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailState {
    /// When the mailbox was last looked into, Unix milliseconds.
    pub at: i64,
    /// Why that failed.
    pub trouble: Option<String>,
    /// Of which folder: its server, its name, and how far it was read.
    place: Option<(String, String, Place)>,
}

impl MailState {
    fn read(text: &str) -> Option<Self> {
        let mut state = Self::default();
        let (mut host, mut folder, mut validity, mut uid) = (None, None, None, None);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match line.split_once(' ')? {
                ("at", at) => state.at = at.parse().ok()?,
                ("trouble", why) => state.trouble = Some(why.to_owned()),
                ("host", of) => host = Some(of.to_owned()),
                ("folder", of) => folder = Some(of.to_owned()),
                ("validity", number) => validity = Some(number.parse().ok()?),
                ("uid", number) => uid = Some(number.parse().ok()?),
                _ => return None,
            }
        }
        if let (Some(host), Some(folder), Some(validity), Some(uid)) = (host, folder, validity, uid) {
            state.place = Some((host, folder, Place { validity, uid }));
        }
        Some(state)
    }

    fn write(&self) -> String {
        let mut out = format!("at {}\n", self.at);
        if let Some(why) = &self.trouble {
            out.push_str(&format!("trouble {}\n", counterpart_core::text::visible_line(why)));
        }
        if let Some((host, folder, place)) = &self.place {
            out.push_str(&format!("host {host}\nfolder {folder}\nvalidity {}\nuid {}\n", place.validity, place.uid));
        }
        out
    }

    /// What cannot be read counts as nothing: what was fetched before is known by its bytes.
    fn of(home: &Path) -> Self {
        fs::read_to_string(home.join(FILE)).ok().and_then(|text| Self::read(&text)).unwrap_or_default()
    }

    fn keep(&self, home: &Path) -> Result<(), DeskError> {
        // Several processes may do this at once.
        let (path, written) = (home.join(FILE), home.join(format!("mail-state.{}.new", std::process::id())));
        let kept = write_private(&written, self.write().as_bytes()).and_then(|()| fs::rename(&written, &path));
        kept.map_err(|e: io::Error| DeskError::File { path, why: e.to_string() })
    }
}

/// What fetching needs, so that it may run on a thread of its own.
#[derive(Debug)]
pub(crate) struct Collecting {
    pub(crate) home: PathBuf,
    pub(crate) server: Server,
    pub(crate) folder: String,
    /// The person's own address.
    pub(crate) own: String,
    /// So many days back, whatever was read before.
    pub(crate) days: Option<u32>,
    /// Unix milliseconds.
    pub(crate) now: i64,
}

/// What fetching came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// So many mails were looked at.
    pub seen: usize,
    /// So many now wait here.
    pub kept: usize,
    /// So many were known here already.
    pub known: usize,
    pub skipped: Vec<Skipped>,
    /// Whether more wait in the mailbox.
    pub more: bool,
    /// Whether this was the first look: then it begins with what comes from now on.
    pub first: bool,
    /// Whether the folder was made anew since the last time.
    pub anew: bool,
    /// What ended it early; it goes on from there the next time.
    pub broken: Option<String>,
}

/// Looks for mail that belongs to a case, and puts it aside. In `INBOX` only what answers a known mail, bears a case's tag or
/// comes from an address in the notebook is read; in a folder of its own everything is meant.
pub(crate) fn collect(what: &Collecting) -> Result<Collected, PostError> {
    let mut state = MailState::of(&what.home);
    let done = collect_from(what, &mut state);
    state.at = what.now;
    state.trouble = match &done {
        Ok(collected) => collected.broken.clone(),
        Err(why) => Some(why.to_string()),
    };
    state.keep(&what.home)?;
    done
}

fn collect_from(what: &Collecting, state: &mut MailState) -> Result<Collected, PostError> {
    let store = place::open(&what.home)?;
    let people: BTreeSet<String> = store
        .notes_of_kind(Note::PERSON, None)?
        .iter()
        .filter_map(|row| Kept::read(&row.kind, &row.body))
        .filter_map(|kept| if let Note::Person(person) = kept.note { person.email } else { None })
        .map(|email| email.trim().to_lowercase())
        .collect();
    let of_here = |(host, folder, _): &&(String, String, Place)| *host == what.server.host && *folder == what.folder;
    let place = state.place.as_ref().filter(of_here).map(|(_, _, place)| *place);
    let back = |days: i64| day(what.now - days.saturating_mul(DAY));
    let look = match (what.days, place) {
        (Some(days), _) => back(i64::from(days)).map_or(Look::FromNow, |(y, m, d)| Look::Since(y, m, d)),
        (None, Some(place)) => Look::After(place),
        (None, None) => Look::FromNow,
    };
    let everything = !what.folder.eq_ignore_ascii_case("INBOX");
    let asked = Fetch {
        server: what.server.clone(),
        folder: what.folder.clone(),
        look,
        anew_since: back(ANEW_DAYS).unwrap_or((2000, 1, 1)),
        most: MOST,
    };
    let mut collected = Collected { first: matches!(look, Look::FromNow), ..Collected::default() };
    // The conversation runs on a thread; a store is shared with it one at a time.
    let (store, trouble) = (Mutex::new(store), Mutex::new(None::<PostError>));
    let fail = |e: PostError| {
        trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(e);
    };
    let failed = || trouble.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    let mut choose = |glance: &Glance| {
        if failed() {
            return Verdict::Leave;
        }
        let store = store.lock().unwrap_or_else(PoisonError::into_inner);
        let from = |email: &str| people.contains(&email.trim().to_lowercase());
        let wanted = everything
            || glance.head.from.iter().any(|sender| from(&sender.email))
            || match fit(&store, &glance.head) {
                Ok(fit) => fit.is_some(),
                Err(e) => {
                    fail(e.into());
                    false
                }
            };
        if wanted { Verdict::Take } else { Verdict::Leave }
    };
    let (mut kept, mut already) = (0, 0);
    let mut take = |_uid: u32, bytes: Vec<u8>| {
        if failed() {
            return;
        }
        let file = counterpart_core::attachment::FileRef::of(&bytes);
        let mail = counterpart_mail::Incoming::read(&bytes).unwrap_or_default();
        let own = is_from(&mail, Some(&what.own));
        let before = known(&store.lock().unwrap_or_else(PoisonError::into_inner), &file.sha256, &mail, own);
        match before.map_err(PostError::from) {
            Ok(Known::Same { .. }) => already += 1,
            Ok(Known::No | Known::SameId { .. }) => match aside::put(&what.home, &bytes) {
                Ok(true) => kept += 1,
                Ok(false) => already += 1,
                Err(e) => fail(e),
            },
            Err(e) => fail(e),
        }
    };
    let fetched = fetch(&asked, &mut choose, &mut take)?;
    (collected.kept, collected.known) = (kept, already);
    if let Some(e) = trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        // What could not be kept is to be seen again: the place stays where it was.
        return Err(e);
    }
    state.place = Some((what.server.host.clone(), what.folder.clone(), fetched.place));
    collected.seen = fetched.seen;
    collected.skipped = fetched.skipped;
    (collected.more, collected.anew) = (fetched.more, fetched.anew);
    collected.broken = fetched.broken.map(|e| e.to_string());
    Ok(collected)
}

fn day(at: i64) -> Option<(i32, u32, u32)> {
    let date = jiff::Timestamp::from_millisecond(at).ok()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some((i32::from(date.year()), u32::try_from(date.month()).ok()?, u32::try_from(date.day()).ok()?))
}

impl Desk {
    /// Looks into the mailbox that this home is set up with, and puts aside what belongs to a case; with `days` so many days
    /// back. Blocks for some minutes at most; nothing in the mailbox is changed, and nothing is signed.
    ///
    /// # Errors
    /// Why it could not be read, and whether trying again can help.
    pub fn fetch_mail(&self, days: Option<u32>, now: i64) -> Result<Collected, PostError> {
        let settings = self.mail_settings()?.ok_or(PostError::NoFetching)?;
        let (server, folder) = settings.fetching()?.ok_or(PostError::NoFetching)?;
        let own = settings.own.email().to_owned();
        collect(&Collecting { home: self.home().to_owned(), server, folder, own, days, now })
    }

    /// When the mailbox was last looked into, and what came of it.
    #[must_use]
    pub fn mail_state(&self) -> MailState {
        MailState::of(self.home())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_back_as_it_was_written() {
        let place = Some(("imap.example".to_owned(), "My cases".to_owned(), Place { validity: 7, uid: 4_000_000_000 }));
        let state = MailState { at: 5, trouble: Some("it was not reached".to_owned()), place };
        assert_eq!(MailState::read(&state.write()), Some(state));
        assert_eq!(MailState::read("at x\n"), None);
        let broken = MailState { trouble: Some("two\nlines".to_owned()), ..MailState::default() };
        assert_eq!(MailState::read(&broken.write()).and_then(|s| s.trouble).as_deref(), Some("two / lines"));
    }
}
