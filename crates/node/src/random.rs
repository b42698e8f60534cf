//! Randomness: what core may not have of its own. The only place that draws it.
//!
//! In debug builds `COUNTERPART_TEST_SEED` fixes it, so that what a walkthrough shows stays the same: any text, another
//! for each home. In release builds the variable does nothing.

use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::clock;

/// Fresh random bytes from the operating system.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Where a home's keys, nonces and salts come from.
#[derive(Debug)]
pub(crate) struct Source {
    /// Nothing where the operating system is asked, as always in a release build.
    seed: Option<[u8; 32]>,
    drawn: AtomicU64,
}

impl Source {
    /// The source for a home that holds so many entries; they are counted only where the seed is fixed. With a fixed
    /// seed that number and the clock keep two commands from drawing the same.
    pub(crate) fn new<E>(entries: impl FnOnce() -> Result<u64, E>) -> Result<Self, E> {
        let seed = match fixed() {
            Some(text) => {
                let mut hash = Sha256::new();
                hash.update(b"counterpart fixed seed");
                hash.update(entries()?.to_be_bytes());
                hash.update(clock::fixed().unwrap_or(0).to_be_bytes());
                hash.update(text.as_bytes());
                Some(hash.finalize().into())
            }
            None => None,
        };
        Ok(Self { seed, drawn: AtomicU64::new(0) })
    }

    /// The next bytes.
    pub(crate) fn draw<const N: usize>(&self) -> [u8; N] {
        let Some(seed) = self.seed else { return random() };
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(32) {
            let number = self.drawn.fetch_add(1, Ordering::Relaxed);
            let hash = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize();
            part.copy_from_slice(&hash[..part.len()]);
        }
        bytes
    }
}

/// What randomness is fixed by; nothing in a release build.
fn fixed() -> Option<String> {
    #[cfg(debug_assertions)]
    return std::env::var("COUNTERPART_TEST_SEED").ok().filter(|t| !t.is_empty());
    #[cfg(not(debug_assertions))]
    None
}
