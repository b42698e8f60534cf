//! The clock: what core may not have of its own. The only place that reads it.
//!
//! In debug builds `COUNTERPART_TEST_CLOCK` fixes it, so that what a walkthrough shows stays the same: an ISO time
//! with its zone, such as `2026-07-06T10:00+01:00[Europe/London]`. In release builds the variable does nothing.

use std::time::Duration;

use jiff::Timestamp;

/// Now, in Unix milliseconds. A claim, like every clock's.
#[must_use]
pub fn now() -> i64 {
    fixed().unwrap_or_else(|| Timestamp::now().as_millisecond().max(0))
}

/// What the clock is fixed at; nothing in a release build.
#[must_use]
pub(crate) fn fixed() -> Option<i64> {
    #[cfg(debug_assertions)]
    if let Some(text) = std::env::var("COUNTERPART_TEST_CLOCK").ok().filter(|t| !t.is_empty()) {
        let zoned: jiff::Zoned =
            text.parse().expect("COUNTERPART_TEST_CLOCK is a time such as 2026-07-06T10:00+01:00[Europe/London]");
        return Some(zoned.timestamp().as_millisecond().max(0));
    }
    None
}

/// How long a fixed clock stands still before a machine's wake-up time counts as reached.
const STANDSTILL: Duration = Duration::from_millis(20);

/// The clock as the sync machines see it: it goes on where the clock itself is fixed, because they wait for times.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    /// By how many milliseconds a fixed clock was moved on.
    ahead: i64,
}

impl Ticks {
    /// Now, in Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        now() + self.ahead
    }

    /// How long to wait for a point in time.
    pub(crate) fn until(&self, at: i64) -> Duration {
        let wait = u64::try_from((at - self.now()).max(0)).unwrap_or(0);
        if fixed().is_some() { STANDSTILL } else { Duration::from_millis(wait) }
    }

    /// The wait for this point in time is over.
    pub(crate) fn reached(&mut self, at: i64) {
        if fixed().is_some() {
            self.ahead += (at - self.now()).max(0);
        }
    }
}
