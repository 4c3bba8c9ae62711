//! All differences between two samples, or between those of each stratum, found by their weight in
//! ascending order and never written out.

/// So few rows that a thinner copy would be no cheaper to search.
const FEWEST_ROWS_THINNED: usize = 20_000;

/// How many rows a thinner copy has, about.
const ROWS_KEPT: usize = 2_000;

/// How far around the target a thinner copy is searched, as a share of the weight of all differences.
const MARGIN_OF_THINNED: f64 = 0.004;

/// The differences first - second of one or more pairs of sorted samples.
pub(crate) struct Differences {
    parts: Vec<Part>,
    rows: usize,
    /// The weight of all differences.
    total: f64,
    /// Sums that differ by no more than this are equal but for rounding.
    slack: f64,
    /// What earlier searches found, by weight.
    known: Vec<Split>,
}

/// One pair of samples.
struct Part {
    /// The weight of each of its differences.
    weight: f64,
    first: Runs,
    second: Runs,
}

/// Sorted values, each once.
struct Runs {
    values: Vec<f64>,
    /// How many rows lie before each value, and in the end how many there are.
    before: Vec<u32>,
}

/// What lies on either side of a threshold.
#[derive(Clone, Copy)]
struct Split {
    /// The weight of the differences at or below it.
    weight: f64,
    /// How many pairs of runs those are, a pair being one difference that is written out.
    pairs: u64,
    /// The largest of those.
    largest_below: f64,
    /// The smallest of the others.
    smallest_above: f64,
}

/// The difference at which a weight is reached.
pub(crate) struct Place {
    /// The smallest difference up to which the weight of all is no less.
    pub(crate) at: f64,
    /// The next larger one, where the weight is met exactly: anything between the two divides as well.
    next: Option<f64>,
}

impl Place {
    /// Returns the difference, or the middle of the stretch that divides as well.
    pub(crate) fn middle(&self) -> f64 {
        match self.next {
            // Written so that large ends cannot overflow.
            Some(next) => 0.5 * self.at + 0.5 * next,
            None => self.at,
        }
    }
}

impl Runs {
    fn new(sorted: impl IntoIterator<Item = f64>) -> Self {
        let mut runs = Runs {
            values: Vec::new(),
            before: Vec::new(),
        };
        let mut rows = 0;
        for value in sorted {
            if runs.values.last() != Some(&value) {
                runs.values.push(value);
                runs.before.push(rows);
            }
            rows += 1;
        }
        runs.before.push(rows);
        runs
    }

    fn rows(&self) -> u32 {
        self.before.last().copied().unwrap_or(0)
    }

    /// How many rows share the value at `index`.
    fn length(&self, index: usize) -> f64 {
        f64::from(self.before[index + 1] - self.before[index])
    }

    /// Keeps the middle of every `step` rows.
    fn thinned(&self, step: u32) -> Runs {
        let start = (step / 2).min(self.rows().saturating_sub(1) / 2);
        let mut index = 0;
        Runs::new((start..self.rows()).step_by(step as usize).map(|row| {
            while self.before[index + 1] <= row {
                index += 1;
            }
            self.values[index]
        }))
    }
}

impl Differences {
    /// Takes two sorted samples; each difference weighs 1.
    pub(crate) fn of_samples(first: &[f64], second: &[f64]) -> Self {
        Differences::of_parts(vec![Part {
            weight: 1.0,
            first: Runs::new(first.iter().copied()),
            second: Runs::new(second.iter().copied()),
        }])
    }

    /// Takes the sorted samples of strata with the weight of each of their differences.
    pub(crate) fn of_strata<F, S>(strata: impl IntoIterator<Item = (f64, F, S)>) -> Self
    where
        F: IntoIterator<Item = f64>,
        S: IntoIterator<Item = f64>,
    {
        let part = |(weight, first, second)| Part {
            weight,
            first: Runs::new(first),
            second: Runs::new(second),
        };
        Differences::of_parts(strata.into_iter().map(part).collect())
    }

    fn of_parts(parts: Vec<Part>) -> Self {
        let mut differences = Differences {
            parts,
            rows: 0,
            total: 0.0,
            slack: 0.0,
            known: Vec::new(),
        };
        let mut smallest_weight = f64::INFINITY;
        // The ends, as if they had been searched for.
        let (mut lowest, mut highest, mut pairs) = (f64::INFINITY, f64::NEG_INFINITY, 0);
        for part in &differences.parts {
            let (n, m) = (part.first.rows(), part.second.rows());
            differences.rows += (n + m) as usize;
            differences.total += part.weight * f64::from(n) * f64::from(m);
            smallest_weight = smallest_weight.min(part.weight);
            pairs += part.first.values.len() as u64 * part.second.values.len() as u64;
            if let (Some(first_low), Some(first_high), Some(second_low), Some(second_high)) = (
                part.first.values.first(),
                part.first.values.last(),
                part.second.values.first(),
                part.second.values.last(),
            ) {
                lowest = lowest.min(first_low - second_high);
                highest = highest.max(first_high - second_low);
            }
        }
        differences.slack = (1e-13 * differences.total).min(1e-3 * smallest_weight);
        differences.known = vec![
            Split {
                weight: 0.0,
                pairs: 0,
                largest_below: f64::NEG_INFINITY,
                smallest_above: lowest,
            },
            Split {
                weight: differences.total,
                pairs,
                largest_below: highest,
                smallest_above: f64::INFINITY,
            },
        ];
        differences
    }

    /// Returns the weight of all differences.
    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    /// Finds where the weight of the differences in ascending order reaches `target`, which lies above
    /// zero and is no more than the total.
    ///
    /// Keeps a bracket whose ends are differences that occur, with the weights up to them known; steps to
    /// either side of where the target is expected, and writes the differences out once they are few.
    pub(crate) fn locate(&mut self, target: f64) -> Place {
        let enough = (self.rows / 4) as u64 + 1_000;
        let first = self
            .known
            .partition_point(|it| it.weight + self.slack < target);
        let first = first.clamp(1, self.known.len() - 1);
        let (mut below, mut above) = (self.known[first - 1], self.known[first]);
        let mut guesses = self.guesses(target, &below, &above);
        let mut margin: f64 = if guesses.is_empty() { 0.5 } else { 0.1 };
        let mut steps = 0_u32;
        let mut left_before = f64::INFINITY;
        loop {
            let (low, high) = (below.smallest_above, above.largest_below);
            if (above.weight - target).abs() <= self.slack {
                let next = above.smallest_above;
                return Place {
                    at: high,
                    next: next.is_finite().then_some(next),
                };
            }
            if low >= high {
                return Place {
                    at: high,
                    next: None,
                };
            }
            if above.pairs - below.pairs <= enough {
                return self.place_between(&below, &above, target);
            }
            let left = above.weight - below.weight;
            let threshold = guesses.pop().unwrap_or_else(|| {
                let is_new_pair = steps.is_multiple_of(2);
                steps += 1;
                if is_new_pair {
                    // Where two steps have left much, weights are uneven, and halving is safe.
                    let has_narrowed = left < 0.5 * left_before;
                    left_before = left;
                    if !has_narrowed {
                        return 0.5 * low + 0.5 * high;
                    }
                    margin = (margin * 0.2).max(1e-4);
                }
                let expected = (target - below.weight) / left;
                let aside = if is_new_pair { -margin } else { margin };
                let fraction = (expected + aside).clamp(0.25 * expected, 0.75 + 0.25 * expected);
                low * (1.0 - fraction) + high * fraction
            });
            let threshold = if threshold >= low && threshold < high {
                threshold
            } else {
                low
            };
            let split = self.split(threshold);
            let place = self.known.partition_point(|it| it.weight < split.weight);
            self.known.insert(place, split);
            if split.weight + self.slack >= target {
                above = split;
            } else {
                below = split;
            }
        }
    }

    /// Finds thresholds on either side of the target in a thinner copy of large samples.
    fn guesses(&self, target: f64, below: &Split, above: &Split) -> Vec<f64> {
        // What earlier searches left is narrower than a copy could make it.
        let is_open = below.weight == 0.0 && above.weight == self.total;
        if self.rows < FEWEST_ROWS_THINNED || !is_open {
            return Vec::new();
        }
        let step = (self.rows / ROWS_KEPT) as u32;
        let thinned = self.parts.iter().map(|part| {
            let (first, second) = (part.first.thinned(step), part.second.thinned(step));
            let whole = f64::from(part.first.rows()) * f64::from(part.second.rows());
            let kept = f64::from(first.rows()) * f64::from(second.rows());
            Part {
                weight: part.weight * whole / kept,
                first,
                second,
            }
        });
        let mut thinned = Differences::of_parts(thinned.collect());
        if thinned.rows >= self.rows / 2 {
            // Many small strata cannot be thinned.
            return Vec::new();
        }
        [-MARGIN_OF_THINNED, MARGIN_OF_THINNED]
            .into_iter()
            .map(|margin| (target / self.total + margin) * thinned.total)
            .filter(|target| *target > 0.0 && *target < thinned.total)
            .collect::<Vec<f64>>()
            .into_iter()
            .map(|target| thinned.locate(target).at)
            .collect()
    }

    /// Adds up the differences at or below `threshold` in one walk along the staircases.
    fn split(&self, threshold: f64) -> Split {
        let mut split = Split {
            weight: 0.0,
            pairs: 0,
            largest_below: f64::NEG_INFINITY,
            smallest_above: f64::INFINITY,
        };
        for part in &self.parts {
            let (first, second) = (&part.first, &part.second);
            let seconds = second.values.as_slice();
            let mut start = 0;
            let mut rows = 0;
            for (index, &value) in first.values.iter().enumerate() {
                while let Some(other) = seconds.get(start)
                    && value - other > threshold
                {
                    start += 1;
                }
                if start > 0 {
                    split.smallest_above = split.smallest_above.min(value - seconds[start - 1]);
                }
                let Some(other) = seconds.get(start) else {
                    // Larger values lie above the threshold with every other, and farther.
                    break;
                };
                split.largest_below = split.largest_below.max(value - other);
                let of_first = u64::from(first.before[index + 1] - first.before[index]);
                rows += of_first * u64::from(second.rows() - second.before[start]);
                split.pairs += (seconds.len() - start) as u64;
            }
            split.weight += part.weight * rows as f64;
        }
        split
    }

    /// Writes out the differences between the ends of a bracket and reads the place off.
    fn place_between(&self, below: &Split, above: &Split, target: f64) -> Place {
        let (low, high) = (below.smallest_above, above.largest_below);
        let mut candidates: Vec<(f64, f64)> = Vec::new();
        for part in &self.parts {
            let seconds = part.second.values.as_slice();
            let mut start = 0;
            for (index, &value) in part.first.values.iter().enumerate() {
                while let Some(other) = seconds.get(start)
                    && value - other > high
                {
                    start += 1;
                }
                for (offset, other) in seconds[start..].iter().enumerate() {
                    let difference = value - other;
                    if difference < low {
                        break;
                    }
                    let rows = part.first.length(index) * part.second.length(start + offset);
                    candidates.push((difference, part.weight * rows));
                }
            }
        }
        candidates.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut weight = below.weight;
        let mut runs = candidates.chunk_by(|a, b| a.0 == b.0).peekable();
        while let Some(run) = runs.next() {
            weight += run.iter().map(|it| it.1).sum::<f64>();
            if weight + self.slack >= target || runs.peek().is_none() {
                let next = runs.peek().map_or(above.smallest_above, |next| next[0].0);
                let is_met = (weight - target).abs() <= self.slack && next.is_finite();
                return Place {
                    at: run[0].0,
                    next: is_met.then_some(next),
                };
            }
        }
        // Only values that are not finite leave no difference in a bracket.
        Place {
            at: high,
            next: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::quantile::sorted_copy;

    /// All differences with their weights, in ascending order.
    fn written_out(strata: &[(f64, Vec<f64>, Vec<f64>)]) -> Vec<(f64, f64)> {
        let mut all = Vec::new();
        for (weight, first, second) in strata {
            let pairs = first.iter().flat_map(|a| second.iter().map(move |b| a - b));
            all.extend(pairs.map(|difference| (difference, *weight)));
        }
        all.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        all
    }

    fn drawn(rng: &mut ChaCha8Rng, size: usize, grid: f64) -> Vec<f64> {
        let values = (0..size).map(|_| (rng.random::<f64>().powi(3) * grid).round() / 7.0);
        sorted_copy(&values.collect::<Vec<_>>())
    }

    #[test]
    fn ranks_are_those_of_all_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (n, m, grid) in [
            (1, 1, 5.0),
            (7, 9, 3.0),
            (60, 50, 4.0),
            (60, 50, 1e9),
            (200, 3, 50.0),
        ] {
            let strata = [(1.0, drawn(&mut rng, n, grid), drawn(&mut rng, m, grid))];
            let all = written_out(&strata);
            let mut differences = Differences::of_samples(&strata[0].1, &strata[0].2);
            for (index, want) in all.iter().enumerate() {
                let found = differences.locate((index + 1) as f64);
                assert_eq!(found.at, want.0, "{n} {m} {index}");
                let next = all[index + 1..]
                    .iter()
                    .map(|it| it.0)
                    .find(|it| *it > want.0);
                let is_last = all.get(index + 1).is_none_or(|next| next.0 > want.0);
                assert_eq!(found.next, next.filter(|_| is_last), "{n} {m} {index}");
            }
        }
    }

    #[test]
    fn large_samples_are_searched_in_a_thinner_copy_first() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        for grid in [6.0, 300.0, 1e12] {
            let (first, second) = (drawn(&mut rng, 30_000, grid), drawn(&mut rng, 9_000, grid));
            let mut differences = Differences::of_samples(&first, &second);
            let total = differences.total();
            for share in [0.5, 0.45, 0.55, 1e-9, 1.0] {
                let rank = (total * share).ceil();
                let at = differences.locate(rank).at;
                let count = |up_to: &dyn Fn(f64) -> bool| -> f64 {
                    let of_row =
                        |value: &f64| second.partition_point(|other| !up_to(value - other));
                    first
                        .iter()
                        .map(|value| (second.len() - of_row(value)) as f64)
                        .sum()
                };
                assert!(count(&|it| it <= at) >= rank, "{grid} {share}");
                assert!(count(&|it| it < at) < rank, "{grid} {share}");
            }
        }
    }

    #[test]
    fn weights_of_strata_count() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let sizes = [(3, 4), (1, 1), (40, 25), (2, 60), (1, 7)];
        let strata: Vec<_> = sizes
            .iter()
            .map(|&(n, m)| {
                let weight = 1.0 / f64::from(n + m + 1);
                let mut draw = |size| drawn(&mut rng, size as usize, 90.0);
                (weight, draw(n), draw(m))
            })
            .collect();
        let all = written_out(&strata);
        let mut differences = Differences::of_strata(strata.iter().cloned());
        let mut weight = 0.0;
        for run in all.chunk_by(|a, b| a.0 == b.0) {
            let own: f64 = run.iter().map(|it| it.1).sum();
            assert_eq!(differences.locate(weight + 0.5 * own).at, run[0].0);
            assert_eq!(differences.locate(weight + 0.5 * own).next, None);
            weight += own;
            let next = all.iter().map(|it| it.0).find(|it| *it > run[0].0);
            assert_eq!(differences.locate(weight).next, next);
        }
        assert!((weight - differences.total()).abs() < 1e-9);
    }
}
