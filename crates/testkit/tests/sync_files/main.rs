//! Attached files between copies: fetched by whoever lacks them, resumed, checked.

mod asking;
mod coming_in;
mod over_networks;
mod setting;

use counterpart_core::value::Sealable;
use counterpart_testkit::rng::Rng;

/// What this version asks for at once, and how many such parts it lets be under way.
const PART: u32 = 64 * 1024;
const CHUNK: usize = PART as usize;
const WINDOW: usize = 4;

fn open(text: &str) -> Sealable {
    Sealable::Open(text.to_owned())
}

fn bytes(rng: &mut Rng, size: usize) -> Vec<u8> {
    (0..size.div_ceil(32)).flat_map(|_| rng.bytes::<32>()).take(size).collect()
}
