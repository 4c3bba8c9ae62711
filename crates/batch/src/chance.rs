//! Chance: jitter, and words that nobody else uses.

use std::cell::RefCell;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

thread_local! {
    /// Seeded by the system, so that no two threads or processes draw the same; tests seed it to play a
    /// scenario again.
    static SOURCE: RefCell<StdRng> = RefCell::new(StdRng::from_rng(&mut rand::rng()));
}

/// A word of 32 digits that nobody else uses.
pub(crate) fn word() -> String {
    let number: u128 = SOURCE.with_borrow_mut(rand::RngExt::random);
    format!("{number:032x}")
}

/// A factor between `least` and `most`.
pub(crate) fn factor(least: f64, most: f64) -> f64 {
    SOURCE.with_borrow_mut(|source| source.random_range(least..=most))
}

/// Makes everything that this thread draws from now on follow from a seed.
#[cfg(feature = "testing")]
pub(crate) fn seed(seed: u64) {
    SOURCE.set(StdRng::seed_from_u64(seed));
}
