//! Work on all cores.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::thread;

/// What `work` makes of every item, in their order. Each thread has what `begin` makes for it.
pub(crate) fn each<T: Sync, S, R: Send>(
    items: &[T],
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    // Asking for their number takes longer than reading a small file.
    let number = || thread::available_parallelism().map_or(1, NonZero::get).min(items.len());
    let cores = if items.len() > 1 { number() } else { 1 };
    if cores <= 1 {
        let mut state = begin();
        return items.iter().map(|item| work(&mut state, item)).collect();
    }
    let waiting = Mutex::new(items.iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let thread = || {
            let mut state = begin();
            let mut done = Vec::new();
            while let Some((at, item)) = next() {
                done.push((at, work(&mut state, item)));
            }
            done
        };
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(thread)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("work does not panic")).collect()
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
