//! How often one token may ask.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Tokens of which it is known how often they asked; when there are more, those that might ask as often as ever go first,
/// and while there are none of them a further token is refused.
const KNOWN: usize = 4_096;

/// A store of requests for each token, which fills again with time.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: f64,
    most: f64,
    left: Mutex<HashMap<[u8; 32], (f64, Instant)>>,
}

impl Rates {
    /// So many a second in the long run, and so many at once.
    pub(crate) fn new(per_second: u32, most: u32) -> Self {
        Self { per_second: per_second.into(), most: most.into(), left: Mutex::default() }
    }

    /// Whether a token may ask once more now.
    pub(crate) fn take(&self, token: &[u8; 32], now: Instant) -> bool {
        let mut all = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KNOWN && !all.contains_key(token) {
            // Whoever would be full by now is as good as unknown.
            let full = |(left, at): &(f64, Instant)| self.filled(*left, *at, now) >= self.most;
            all.retain(|_, known| !full(known));
            if all.len() >= KNOWN {
                return false;
            }
        }
        let (left, at) = all.get(token).copied().unwrap_or((self.most, now));
        let left = self.filled(left, at, now);
        let may = left >= 1.0;
        all.insert(*token, (if may { left - 1.0 } else { left }, now));
        may
    }

    fn filled(&self, left: f64, at: Instant, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(at).as_secs_f64();
        passed.mul_add(self.per_second, left).min(self.most)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn so_many_at_once_and_then_so_many_a_second() {
        let rates = Rates::new(2, 3);
        let now = Instant::now();
        let (one, other) = ([1; 32], [2; 32]);
        assert!((0..3).all(|_| rates.take(&one, now)));
        assert!(!rates.take(&one, now));
        assert!(rates.take(&other, now), "each token has its own");
        assert!(!rates.take(&one, now + Duration::from_millis(400)));
        assert!(rates.take(&one, now + Duration::from_millis(500)));
        assert!(!rates.take(&one, now + Duration::from_millis(500)));
        let later = now + Duration::from_secs(3_600);
        assert!((0..3).all(|_| rates.take(&one, later)) && !rates.take(&one, later));
    }
}
