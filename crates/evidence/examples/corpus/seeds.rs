//! The bundle of a seed, and what this program's verifier says of it.

use counterpart_evidence::verify;

use crate::{hostile, made::Made, world::Rng};

/// Even seeds are left as they were made; the others say how they were altered.
pub(crate) fn bundle(seed: u64) -> (&'static str, Vec<u8>) {
    let mut random = Rng::new(seed ^ 0x00c0_ffee);
    let mut made = Made::of(seed, &mut random);
    if seed.is_multiple_of(2) {
        return ("good", made.bundle);
    }
    hostile::altered(&mut made, &mut random)
}

pub(crate) fn verdict(bundle: &[u8]) -> String {
    match verify(bundle, &|_, _| {}) {
        Ok(verdict) => verdict.to_json(),
        Err(failure) => failure.to_json(),
    }
}
