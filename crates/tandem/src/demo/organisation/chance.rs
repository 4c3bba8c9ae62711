//! Seeded chance: every draw of the demo goes through here.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seeded source of draws.
///
/// Each pull request has a stream of its own, so that a change to how one is written moves no
/// other.
pub(super) struct Chance {
    rng: ChaCha8Rng,
}

impl Chance {
    /// The stream numbered `stream` of this seed.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Chance { rng }
    }

    /// True with the given probability; probabilities outside 0 to 1 are cut to it.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform in 0 (included) to 1 (excluded).
    pub(super) fn unit(&mut self) -> f64 {
        self.rng.random::<f64>()
    }

    /// A whole number, both ends included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        self.rng.random_range(low..=high.max(low))
    }

    /// One of a non-empty list, each as likely as the next.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.rng.random_range(0..items.len())]
    }

    /// The index of one of a non-empty list of weights, as likely as its weight says.
    pub(super) fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len() - 1
    }

    /// A standard normal draw (Box and Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A lognormal draw: the median, and the standard deviation of its logarithm.
    pub(super) fn lognormal(&mut self, median: f64, log_deviation: f64) -> f64 {
        median * (log_deviation * self.normal()).exp()
    }

    /// Lower-case hex digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| char::from(self.pick(b"0123456789abcdef")))
            .collect()
    }
}
