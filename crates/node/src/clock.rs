//! The clock and the source of randomness: what core may not have of its own.

use jiff::Timestamp;

/// Now, in Unix milliseconds. A claim, like every clock's.
#[must_use]
pub fn now() -> i64 {
    Timestamp::now().as_millisecond().max(0)
}

/// Fresh random bytes from the operating system.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
