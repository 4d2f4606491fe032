//! Work on several chunks at once.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// The maximum number of threads: more only wait for the file.
const MOST_THREADS: usize = 8;

/// The number of threads for this machine.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |threads| threads.get().min(MOST_THREADS))
}

/// Applies `work` to all items on several threads; the results have the order of the items.
///
/// A thread that the system does not give leaves its work to the others.
pub(super) fn map<T: Send, U: Send>(items: Vec<T>, work: impl Fn(T) -> U + Sync) -> Vec<U> {
    let count = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let results = Mutex::new(Vec::with_capacity(count));
    let run = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((number, item)) = next else { break };
            let result = (number, work(item));
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            results.push(result);
        }
    };
    let helpers = NonZero::new(count.min(threads())).map_or(0, |threads| threads.get() - 1);
    thread::scope(|scope| {
        for _ in 0..helpers {
            let _ = thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_unstable_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
