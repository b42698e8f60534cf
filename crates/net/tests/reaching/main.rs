//! Nodes that reach each other where no direct way is known, and what strangers cannot do to them.
#![expect(clippy::panic, reason = "a test says what it found instead of what it expected")]
#![expect(clippy::print_stderr, reason = "and what it measured")]

mod flood;
mod relayed;
mod stage;
mod standing;
