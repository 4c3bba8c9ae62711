//! Made-up rows in clusters.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A source of samples.
pub(crate) struct Chance {
    rng: ChaCha8Rng,
}

/// Rows of authors: the logarithm of a duration is an author's level plus noise.
pub(crate) struct Rows {
    pub(crate) values: Vec<f64>,
    pub(crate) authors: Vec<u32>,
    /// Whether a row is of the first arm; some authors use it more than others.
    pub(crate) first: Vec<bool>,
}

/// How the arms lie in the clusters.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Arms {
    /// Each author has rows of both.
    Within,
    /// Each author has rows of one only.
    Between,
}

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Chance {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.rng.random()
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.rng.random_range(0..bound)
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    /// A standard normal number, by the method of Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    pub(crate) fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }

    /// Waiting times with the given rate.
    pub(crate) fn exponential(&mut self, rate: f64) -> f64 {
        -(1.0 - self.uniform()).ln() / rate
    }

    /// Draws rows of unequally busy authors, a third of the variance being theirs.
    pub(crate) fn rows(&mut self, authors: u32, mean_size: u32, arms: Arms) -> Rows {
        let mut rows = Rows {
            values: vec![],
            authors: vec![],
            first: vec![],
        };
        for author in 0..authors {
            let level = 0.5_f64.sqrt() * self.normal();
            // From 1 to twice the mean less 1.
            let size = 1 + self.below(2 * mean_size - 1);
            let preference = 0.2 + 0.6 * self.uniform();
            for _ in 0..size {
                rows.values.push(level + self.normal());
                rows.authors.push(author);
                rows.first.push(match arms {
                    Arms::Within => self.happens(preference),
                    Arms::Between => author.is_multiple_of(2),
                });
            }
        }
        rows
    }
}

impl Rows {
    /// Splits a column into the first arm and the second.
    pub(crate) fn split<T: Copy>(&self, column: &[T]) -> (Vec<T>, Vec<T>) {
        let arm = |wanted: bool| -> Vec<T> {
            let rows = column.iter().zip(&self.first);
            rows.filter(|row| *row.1 == wanted)
                .map(|row| *row.0)
                .collect()
        };
        (arm(true), arm(false))
    }

    /// Adds an effect to the first arm.
    pub(crate) fn add_effect(&mut self, effect: f64) {
        for (value, first) in self.values.iter_mut().zip(&self.first) {
            if *first {
                *value += effect;
            }
        }
    }

    pub(crate) fn arm(&self) -> Vec<f64> {
        self.first
            .iter()
            .map(|first| f64::from(u8::from(*first)))
            .collect()
    }
}
