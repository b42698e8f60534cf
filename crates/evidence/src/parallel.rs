//! Work over all cores, results in order.

use std::{
    collections::BTreeMap,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Items a thread takes at a time: enough to make the counter cheap, few enough to end together.
const CHUNK: usize = 16;

/// Applies `work` to 0..count, a few at a time, with every core; each thread has a state of its own from `begin`.
pub(crate) fn chunks<S, T: Send>(
    count: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, Range<usize>) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let parts: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count.div_ceil(CHUNK)));
    let run = || {
        let mut state = begin();
        let mut own = Vec::new();
        while let Some(range) = next_range(&next, count) {
            own.push((range.start, work(&mut state, range)));
        }
        locked(&parts).extend(own);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads(count) {
            scope.spawn(run);
        }
        run();
    });
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_unstable_by_key(|(start, _)| *start);
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Applies `work` to each of 0..count with every core, and gives the results to `take` here, one after the other in
/// their order, while others are in the making: so what can only be done in order costs no time of its own. Nor does
/// `first`, which is done here before; `take` is given what it found. Where it finds nothing, what was begun is left.
pub(crate) fn stream<S, T: Send, F>(
    count: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
    first: impl FnOnce() -> Option<F>,
    mut take: impl FnMut(&F, T),
) {
    let threads = threads(count);
    if threads == 1 {
        let mut state = begin();
        return first().into_iter().for_each(|first| (0..count).for_each(|n| take(&first, work(&mut state, n))));
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Ready<T>> = Mutex::new(Ready { parts: BTreeMap::new(), running: threads });
    let news = Condvar::new();
    let run = || {
        let worked = catch_unwind(AssertUnwindSafe(|| {
            let mut state = begin();
            while let Some(range) = next_range(&next, count) {
                let start = range.start;
                let part = range.map(|n| work(&mut state, n)).collect();
                locked(&done).parts.insert(start, part);
                news.notify_one();
            }
        }));
        // Whoever waits here is told also of the end that nobody wants.
        locked(&done).running -= 1;
        news.notify_one();
        worked.unwrap_or_else(|panic| resume_unwind(panic));
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(run);
        }
        let Some(first) = first() else { return next.store(count, Ordering::Relaxed) };
        for start in (0..count).step_by(CHUNK) {
            let mut ready = locked(&done);
            let part = loop {
                if let Some(part) = ready.parts.remove(&start) {
                    break part;
                }
                if ready.running == 0 {
                    // A thread panicked; so does the scope.
                    return;
                }
                ready = news.wait(ready).unwrap_or_else(PoisonError::into_inner);
            };
            drop(ready);
            part.into_iter().for_each(|item| take(&first, item));
        }
    });
}

/// What was worked on and not taken yet, by where it begins.
struct Ready<T> {
    parts: BTreeMap<usize, Vec<T>>,
    running: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn threads(count: usize) -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(count.div_ceil(CHUNK)).max(1)
}

fn next_range(next: &AtomicUsize, count: usize) -> Option<Range<usize>> {
    let start = next.fetch_add(CHUNK, Ordering::Relaxed);
    (start < count).then(|| start..(start + CHUNK).min(count))
}

/// Does two things at once.
pub(crate) fn both<A: Send, B>(other: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        let here = here();
        let other = other.join().unwrap_or_else(|panic| resume_unwind(panic));
        (other, here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order() {
        for count in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 1000] {
            let squares: Vec<usize> = (0..count).map(|n| n * n).collect();
            let mut taken = Vec::new();
            stream(count, || (), |(), n| n * n, || Some(1), |one, square| taken.push(one * square));
            assert_eq!(taken, squares);
            stream(count, || (), |(), n| n, || None::<()>, |(), n| assert_eq!(n, usize::MAX, "nothing is taken"));
            let parts = chunks(count, || (), |(), range| range);
            assert_eq!(parts.into_iter().flatten().collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_is_handed_on() {
        let work = |(): &mut (), n: usize| assert!(n != 500, "wanted");
        let caught = catch_unwind(|| stream(1000, || (), work, || Some(()), |(), ()| ()));
        assert!(caught.is_err());
    }
}
