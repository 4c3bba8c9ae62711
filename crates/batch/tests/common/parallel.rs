//! Plays many worlds at once, each on a clock of its own.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;

/// Plays every item on as many threads as the machine has cores, each item in a runtime whose clock
/// jumps. Returns what became of each, in order; an item whose play panicked has none.
pub(crate) fn play_all<T: Sync, R: Send, F: Future<Output = R>>(
    items: &[T],
    play: impl Fn(&T) -> F + Sync,
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(items.iter().map(|_| None).collect::<Vec<Option<R>>>());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(place) else {
                        return;
                    };
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .start_paused(true)
                        .build()
                        .expect("a runtime");
                    let played = runtime.block_on(AssertUnwindSafe(play(item)).catch_unwind());
                    if let Ok(result) = played {
                        let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                        results[place] = Some(result);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}
