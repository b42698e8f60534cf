//! How often something is done that takes the longer the more there is here.

use std::time::Duration;

use tokio::time::Instant;

/// What takes no longer is done whenever it is asked for.
const SHORT: Duration = Duration::from_millis(10);
/// What takes longer rests for so many times as long.
const REST: u32 = 9;

/// Lets something long be done for a tenth of the time at most. What it was not the time for is owed.
#[derive(Debug)]
pub(super) struct Pace {
    again: Instant,
    owed: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { again: Instant::now(), owed: false }
    }
}

impl Pace {
    /// Whether it is to be done now, as somebody asks for it; else it is owed.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        self.owed = true;
        now >= self.again
    }

    /// It was done.
    pub(super) fn done(&mut self, begun: Instant, now: Instant) {
        let took = now.duration_since(begun);
        self.owed = false;
        self.again = if took > SHORT { now + took * REST } else { now };
    }

    /// When it is to be done unasked.
    pub(super) fn due(&self) -> Option<Instant> {
        self.owed.then_some(self.again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_is_done_whenever_asked_and_what_is_long_rests() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(pace.ask(start));
        pace.done(start, after(5));
        assert!(pace.ask(after(5)) && pace.due().is_some());
        pace.done(after(5), after(105));
        assert_eq!(pace.due(), None, "nobody asked since");
        assert!(!pace.ask(after(200)), "a tenth of the time at most");
        assert_eq!(pace.due(), Some(after(1_005)), "and not forgotten");
        assert!(pace.ask(after(1_005)));
    }
}
