//! Work over all cores, results in order.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

/// Items a thread takes at a time: enough to make the counter cheap, few enough to end together.
const CHUNK: usize = 16;

/// Applies `work` to 0..count with every core; each thread has a state of its own from `begin`.
pub(crate) fn map<S, T: Send>(
    count: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> T + Sync,
    after: impl Fn(usize) + Sync,
) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.div_ceil(CHUNK)).max(1);
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let parts: Mutex<Vec<(usize, Vec<T>)>> = Mutex::new(Vec::new());
    let run = || {
        let mut state = begin();
        let mut own = Vec::new();
        loop {
            let start = next.fetch_add(CHUNK, Ordering::Relaxed);
            if start >= count {
                break;
            }
            let end = (start + CHUNK).min(count);
            own.push((start, (start..end).map(|n| work(&mut state, n)).collect::<Vec<T>>()));
            after(done.fetch_add(end - start, Ordering::Relaxed) + end - start);
        }
        parts.lock().unwrap_or_else(PoisonError::into_inner).extend(own);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(run);
        }
        run();
    });
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_unstable_by_key(|(start, _)| *start);
    parts.into_iter().flat_map(|(_, part)| part).collect()
}

/// Does two things at once.
pub(crate) fn both<A: Send, B>(other: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        let here = here();
        let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (other, here)
    })
}
