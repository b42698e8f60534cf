//! Looks into a folder of a mailbox (IMAP, by imap-next): reads what is new there, changes nothing.
//!
//! imap-next was chosen because it does no input or output of its own and bounds what it keeps and how deep it parses;
//! the line beneath gives each answer only as many bytes as that answer needs.

mod session;

use std::{
    num::NonZeroU32,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    incoming::{Incoming, LARGEST},
    server::{Server, ServerError},
    wire::{WireError, converse},
    words,
};
use session::{Found, Session};

/// So many heads are asked for at once.
const AT_ONCE: usize = 50;
/// Of each head so much is looked at.
const LONGEST_HEAD: u32 = 64 * 1024;
const GOODBYE: Duration = Duration::from_secs(2);

/// How far a folder was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The folder's UIDVALIDITY: with another one, the numbers mean other messages.
    pub validity: u32,
    /// The last message that was looked at.
    pub uid: u32,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// After what was read before.
    After(Place),
    /// With what came in on this day (year, month, day) or later.
    Since(i32, u32, u32),
    /// With what comes in from now on.
    FromNow,
}

/// What is to be read.
#[derive(Debug, Clone)]
pub struct Fetch {
    pub server: Server,
    /// Such as `INBOX`.
    pub folder: String,
    pub look: Look,
    /// From which day on to read when the folder was made anew and nobody can say what was read before.
    pub anew_since: (i32, u32, u32),
    /// At most so many messages are looked at; the others the next time.
    pub most: usize,
}

/// A message's head, to decide by.
#[derive(Debug, Clone)]
pub struct Glance {
    pub uid: u32,
    /// As the server says.
    pub size: u32,
    /// From its head alone: without text and files.
    pub head: Incoming,
}

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Read it whole.
    Take,
    /// It stays unread, where it is.
    Leave,
}

/// A message that was to be taken and could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub uid: u32,
    pub subject: String,
    pub why: &'static str,
}

/// What became of a look into the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// How far it was read: to be kept for the next time.
    pub place: Place,
    /// So many heads were looked at.
    pub seen: usize,
    pub skipped: Vec<Skipped>,
    /// Whether more messages wait than were looked at.
    pub more: bool,
    /// Whether the folder was made anew since the last time.
    pub anew: bool,
    /// What ended it early; `place` says how far it came.
    pub broken: Option<FetchError>,
}

/// Why a folder could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("{0}")]
    Server(#[from] ServerError),
    #[error("the mailbox's server {host} was not reached: {why}")]
    Unreachable { host: String, why: String },
    #[error("the mailbox's server {host} could not show that it is the right one: {why}")]
    Untrusted { host: String, why: String },
    #[error("the mailbox's server does not offer what is needed: {0}")]
    Lacking(String),
    #[error("the mailbox's server refused the login: {said}")]
    Login { said: String },
    #[error("the folder '{folder}' cannot be read: {said}")]
    Folder { folder: String, said: String },
    #[error("the mailbox's server refused: {said}")]
    Refused { said: String },
    #[error("the mailbox's server broke off: {why}")]
    Broken { why: String },
    #[error("the mailbox's server did not answer in time")]
    Late,
}

impl FetchError {
    /// Whether the same may succeed later without anything being changed.
    #[must_use]
    pub fn may_try_again(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. } | Self::Broken { .. } | Self::Late)
    }
}

/// Reads what is new in a folder; blocks for at most the server's patience. Each head goes through `choose`; each message
/// that it wants is given whole to `take`, in the order of the folder. Nothing is marked, moved or deleted.
///
/// # Errors
/// Why the folder could not be opened. What breaks later is told in [`Fetched::broken`].
pub fn fetch(
    what: &Fetch,
    choose: &mut (dyn FnMut(&Glance) -> Verdict + Send),
    take: &mut (dyn FnMut(u32, Vec<u8>) + Send),
) -> Result<Fetched, FetchError> {
    let progress = Mutex::new(None::<Fetched>);
    let so_far = |e: FetchError| match progress.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(fetched) => Ok(Fetched { broken: Some(e), ..fetched }),
        None => Err(e),
    };
    converse(
        what.server.patience,
        async {
            let mut session = Session::open(&what.server).await?;
            let read = read(&mut session, what, choose, take, &progress).await;
            if read.is_ok() {
                drop(tokio::time::timeout(GOODBYE, session.close()).await);
            }
            read.map_or_else(so_far, |()| {
                let done = progress.lock().unwrap_or_else(PoisonError::into_inner).take();
                done.ok_or(FetchError::Broken { why: "nothing was read".to_owned() })
            })
        },
        || so_far(FetchError::Late),
        |why| Err(FetchError::Unreachable { host: words::line(&what.server.host, 80), why }),
    )
}

/// Connects, logs in and opens the folder, and reads nothing.
///
/// # Errors
/// As [`fetch`].
pub fn test_folder(server: &Server, folder: &str) -> Result<(), FetchError> {
    converse(
        server.patience,
        async {
            let mut session = Session::open(server).await?;
            session.examine(folder).await?;
            drop(tokio::time::timeout(GOODBYE, session.close()).await);
            Ok(())
        },
        || Err(FetchError::Late),
        |why| Err(FetchError::Unreachable { host: words::line(&server.host, 80), why }),
    )
}

async fn read(
    session: &mut Session,
    what: &Fetch,
    choose: &mut (dyn FnMut(&Glance) -> Verdict + Send),
    take: &mut (dyn FnMut(u32, Vec<u8>) + Send),
    progress: &Mutex<Option<Fetched>>,
) -> Result<(), FetchError> {
    let folder = session.examine(&what.folder).await?;
    let validity = folder.validity;
    let (mut place, anew, mut uids) = match what.look {
        Look::After(place) if place.validity == validity => (place, false, session.after(place.uid).await?),
        Look::After(_) => {
            let (year, month, day) = what.anew_since;
            (Place { validity, uid: 0 }, true, session.since(year, month, day).await?)
        }
        Look::Since(year, month, day) => (Place { validity, uid: 0 }, false, session.since(year, month, day).await?),
        Look::FromNow => {
            let last = match folder.next {
                Some(next) => next.saturating_sub(1),
                None => session.after(0).await?.last().copied().unwrap_or(0),
            };
            (Place { validity, uid: last }, false, Vec::new())
        }
    };
    let more = uids.len() > what.most;
    uids.truncate(what.most);
    if uids.is_empty() && place.uid == 0 {
        place.uid = folder.next.map_or(0, |next| next.saturating_sub(1));
    }
    let report = |change: &mut dyn FnMut(&mut Fetched)| {
        let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetched) = progress.as_mut() {
            change(fetched);
        }
    };
    *progress.lock().unwrap_or_else(PoisonError::into_inner) =
        Some(Fetched { place, seen: 0, skipped: Vec::new(), more, anew, broken: None });
    for some in uids.chunks(AT_ONCE) {
        let heads = session.heads(some, LONGEST_HEAD).await?;
        for uid in some {
            let mut skip = None;
            if let Some(Found { size, bytes }) = heads.get(uid) {
                // A head that cannot be read is decided on as an empty one.
                let head = Incoming::read(bytes).unwrap_or_default();
                let glance = Glance { uid: *uid, size: *size, head };
                report(&mut |fetched| fetched.seen += 1);
                if choose(&glance) == Verdict::Take {
                    let why = if usize::try_from(*size).is_ok_and(|size| size > LARGEST) {
                        Some("it is larger than 25 MiB")
                    } else {
                        match session.whole(*uid).await? {
                            Some(bytes) if bytes.len() <= LARGEST => {
                                take(*uid, bytes);
                                None
                            }
                            Some(_) => Some("it is larger than the server said"),
                            None => Some("the server did not give it"),
                        }
                    };
                    skip = why.map(|why| Skipped { uid: *uid, subject: glance.head.subject, why });
                }
            } else {
                skip = Some(Skipped { uid: *uid, subject: String::new(), why: "the server did not give its head" });
            }
            report(&mut |fetched| {
                fetched.skipped.extend(skip.take());
                fetched.place.uid = *uid;
            });
        }
    }
    Ok(())
}

fn from_wire(server: &Server, e: WireError) -> FetchError {
    let host = words::line(&server.host, 80);
    match e {
        WireError::Server(e) => FetchError::Server(e),
        WireError::Unknown(why) | WireError::Closed(why) => FetchError::Unreachable { host, why },
        WireError::Tls(why) => FetchError::Untrusted { host, why },
    }
}

fn number(uid: u32) -> Option<NonZeroU32> {
    NonZeroU32::new(uid)
}
