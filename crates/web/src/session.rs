//! Who has opened these pages: secrets in memory that a browser's cookie names. Gone when the program stops.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// How long a browser that asks for nothing is known.
const IDLE: i64 = 24 * 60 * 60 * 1000;

/// How many are known at once; the longest idle goes first.
const MOST: usize = 64;

/// 256 random bits, as text: letters, digits, `-` and `_`.
pub(crate) fn secret() -> String {
    BASE64URL_NOPAD.encode(&counterpart_node::random::<32>())
}

/// What a secret is kept and found by. Comparing these tells nothing of the secret, however long it takes.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// One browser.
#[derive(Debug)]
pub(crate) struct Session {
    key: [u8; 32],
    /// What every form of this browser carries.
    pub(crate) form_secret: String,
    /// When it last asked for something: Unix milliseconds.
    seen: AtomicI64,
    /// How many of its pages are being told of changes.
    pub(crate) streams: AtomicUsize,
}

impl Session {
    /// Whether a form came from a page that was made for this browser.
    pub(crate) fn made(&self, form_secret: &str) -> bool {
        digest(form_secret) == digest(&self.form_secret)
    }
}

/// All browsers that have been let in.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

impl Sessions {
    /// Lets a browser in and gives what its cookie holds.
    pub(crate) fn begin(&self, now: i64) -> String {
        let secret_text = secret();
        let key = digest(&secret_text);
        let session = Session { key, form_secret: secret(), seen: AtomicI64::new(now), streams: AtomicUsize::new(0) };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, session| now - session.seen.load(Ordering::Relaxed) < IDLE);
        while all.len() >= MOST {
            let oldest = all.values().min_by_key(|s| s.seen.load(Ordering::Relaxed)).map(|s| s.key);
            if let Some(oldest) = oldest {
                drop(all.remove(&oldest));
            }
        }
        drop(all.insert(key, Arc::new(session)));
        secret_text
    }

    /// The browser that a cookie names.
    pub(crate) fn find(&self, cookie: &str, now: i64) -> Option<Arc<Session>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = digest(cookie);
        let found = Arc::clone(all.get(&key)?);
        if now - found.seen.load(Ordering::Relaxed) >= IDLE {
            drop(all.remove(&key));
            return None;
        }
        found.seen.store(now, Ordering::Relaxed);
        Some(found)
    }

    /// A browser is not known any more.
    pub(crate) fn end(&self, session: &Session) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&session.key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_until_it_is_idle_or_leaves() {
        let sessions = Sessions::default();
        let cookie = sessions.begin(0);
        assert_eq!(cookie.len(), 43, "256 bits");
        assert!(sessions.find("", 1).is_none() && sessions.find(&format!("{cookie}A"), 1).is_none());
        let found = sessions.find(&cookie, IDLE - 1).expect("known");
        assert!(found.made(&found.form_secret) && !found.made("") && !found.made(&cookie));
        assert!(sessions.find(&cookie, IDLE).is_some(), "asking keeps it");
        assert!(sessions.find(&cookie, 2 * IDLE).is_none(), "idle");
        let cookie = sessions.begin(0);
        let found = sessions.find(&cookie, 0).expect("known");
        sessions.end(&found);
        assert!(sessions.find(&cookie, 0).is_none());
    }

    #[test]
    fn there_are_never_many() {
        let sessions = Sessions::default();
        let first = sessions.begin(0);
        let cookies: Vec<String> = (1..=MOST as i64).map(|now| sessions.begin(now)).collect();
        assert!(sessions.find(&first, 100).is_none());
        assert!(cookies.iter().all(|c| sessions.find(c, 100).is_some()));
    }
}
