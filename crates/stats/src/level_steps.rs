//! Steps in a series of points with known weights: the search and its test.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Binomial, Poisson, StandardNormal};

/// A level that lasts for less is not told from an outlier.
const SHORTEST: usize = 2;
/// What a change more must gain: as much for each, in units of the logarithm of the number of points.
const PENALTY: f64 = 1.5;
/// How many series without a further change are drawn.
const DRAWS: usize = 999;
/// With this many of them at or beyond the observed one, p is above 5 %.
const TOO_MANY: usize = 50;
/// Below this many successes (and failures) a point, draws are not taken as normal.
const SPARSE: f64 = 5.0;
/// Sums of squares below this are rounding.
const NOTHING: f64 = 1e-12;

/// What a series without a change is drawn from.
enum Draws {
    Normal,
    /// Of each point, with its trials.
    Binomial(Vec<(Binomial, u64)>),
    Poisson(Poisson<f64>),
}

/// Points with the same variance times the dispersion over their weight.
pub(crate) struct Series {
    values: Vec<f64>,
    weights: Vec<f64>,
    draws: Draws,
}

/// Where the levels begin and end: 0, each change, the number of points.
pub(crate) struct Steps {
    pub(crate) bounds: Vec<usize>,
    pub(crate) dispersion: f64,
}

fn of_share(successes: u64, total: u64) -> f64 {
    let share = (successes as f64 + 0.375) / (total as f64 + 0.75);
    share.sqrt().asin()
}

fn of_count(count: u64) -> f64 {
    (count as f64 + 0.375).sqrt()
}

impl Series {
    pub(crate) fn of_shares(successes: &[u64], totals: &[u64]) -> Series {
        let points = successes.len().max(1) as f64;
        let all = totals.iter().sum::<u64>() as f64;
        let in_all = successes.iter().sum::<u64>() as f64;
        let is_sparse = in_all.min(all - in_all) < SPARSE * points;
        let binomial = |total: &u64| Some((Binomial::new(*total, in_all / all).ok()?, *total));
        let binomials = is_sparse.then(|| totals.iter().map(binomial).collect::<Option<_>>());
        let draws = binomials.flatten().map_or(Draws::Normal, Draws::Binomial);
        Series {
            values: (successes.iter().zip(totals))
                .map(|(success, total)| of_share(*success, *total))
                .collect(),
            // A point without trials tells nothing.
            weights: (totals.iter())
                .map(|total| {
                    if *total > 0 {
                        4.0 * *total as f64 + 2.0
                    } else {
                        0.0
                    }
                })
                .collect(),
            draws,
        }
    }

    pub(crate) fn of_counts(counts: &[u64]) -> Series {
        let mean = counts.iter().sum::<u64>() as f64 / counts.len().max(1) as f64;
        Series {
            values: counts.iter().copied().map(of_count).collect(),
            weights: vec![4.0; counts.len()],
            // There is none for a mean of 0, where nothing varies.
            draws: (Poisson::new(mean).ok())
                .filter(|_| mean < SPARSE)
                .map_or(Draws::Normal, Draws::Poisson),
        }
    }

    /// The same series is drawn against the same ones, another against others: a fixed seed would let chance
    /// move the level of all series of a length together. By the method of Fowler, Noll and Vo.
    fn seed(&self) -> u64 {
        let bits = self
            .values
            .iter()
            .chain(&self.weights)
            .map(|it| it.to_bits());
        bits.fold(0xcbf2_9ce4_8422_2325, |hash, bits| {
            (hash ^ bits).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// Draws values of one level into `target`.
    fn draw(&self, rng: &mut ChaCha8Rng, target: &mut [f64]) {
        match &self.draws {
            Draws::Normal => {
                for (value, weight) in target.iter_mut().zip(&self.weights) {
                    let drawn: f64 = rng.sample(StandardNormal);
                    *value = drawn / weight.sqrt().max(1.0);
                }
            }
            Draws::Binomial(points) => {
                for (value, (point, total)) in target.iter_mut().zip(points) {
                    *value = of_share(rng.sample(point), *total);
                }
            }
            Draws::Poisson(counts) => {
                for value in target.iter_mut() {
                    *value = of_count(rng.sample(counts) as u64);
                }
            }
        }
    }
}

/// Running sums of weights, of weighted values and of their squares.
struct Costs {
    weight: Vec<f64>,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Costs {
    fn new(points: usize) -> Costs {
        Costs {
            weight: vec![0.0; points + 1],
            first: vec![0.0; points + 1],
            second: vec![0.0; points + 1],
        }
    }

    fn fill(&mut self, values: &[f64], weights: &[f64]) {
        for (index, (value, weight)) in values.iter().zip(weights).enumerate() {
            self.weight[index + 1] = self.weight[index] + weight;
            self.first[index + 1] = self.first[index] + weight * value;
            self.second[index + 1] = self.second[index] + weight * value * value;
        }
    }

    /// The sum of squares of a level about its mean.
    fn of(&self, start: usize, end: usize) -> f64 {
        let weight = self.weight[end] - self.weight[start];
        if weight <= 0.0 {
            return 0.0;
        }
        let first = self.first[end] - self.first[start];
        (self.second[end] - self.second[start] - first * first / weight).max(0.0)
    }

    /// The most that one change within a level takes off, and where.
    fn split(&self, start: usize, end: usize) -> (f64, usize) {
        let whole = self.of(start, end);
        let mut best = (f64::NEG_INFINITY, start);
        for place in start + SHORTEST..(end + 1).saturating_sub(SHORTEST) {
            let gain = whole - self.of(start, place) - self.of(place, end);
            if gain > best.0 {
                best = (gain, place);
            }
        }
        best
    }

    /// The most that two changes within a level take off.
    fn split_twice(&self, start: usize, end: usize) -> (f64, [usize; 2]) {
        let whole = self.of(start, end);
        let mut best = (f64::NEG_INFINITY, [start; 2]);
        for second in start + 2 * SHORTEST..(end + 1).saturating_sub(SHORTEST) {
            let last = self.of(second, end);
            for first in start + SHORTEST..=second - SHORTEST {
                let gain = whole - self.of(start, first) - self.of(first, second) - last;
                if gain > best.0 {
                    best = (gain, [first, second]);
                }
            }
        }
        best
    }

    fn of_all(&self, bounds: &[usize]) -> f64 {
        bounds.windows(2).map(|it| self.of(it[0], it[1])).sum()
    }

    /// The best one and the best two further changes: what they gain, and where they are.
    fn best(&self, bounds: &[usize]) -> Best {
        let mut one = (f64::NEG_INFINITY, 0);
        let mut next = (f64::NEG_INFINITY, 0);
        let mut two = (f64::NEG_INFINITY, [0; 2]);
        for pair in bounds.windows(2) {
            let split = self.split(pair[0], pair[1]);
            if split.0 > one.0 {
                (one, next) = (split, one);
            } else if split.0 > next.0 {
                next = split;
            }
            let twice = self.split_twice(pair[0], pair[1]);
            if twice.0 > two.0 {
                two = twice;
            }
        }
        if one.0 + next.0 > two.0 {
            two = (one.0 + next.0, [one.1, next.1]);
        }
        let whole = self.of_all(bounds);
        let points = (self.weight.len() - 1) as f64;
        let judged = |gain: f64, changes: f64| {
            if whole <= NOTHING || gain == f64::NEG_INFINITY {
                return f64::NEG_INFINITY;
            }
            let rest = (whole - gain).max(NOTHING * whole);
            0.5 * points * (whole / rest).ln() - PENALTY * changes * points.ln()
        };
        Best {
            one: judged(one.0, 1.0),
            one_at: one.1,
            two: judged(two.0, 2.0),
            two_at: two.1,
        }
    }
}

struct Best {
    one: f64,
    one_at: usize,
    two: f64,
    two_at: [usize; 2],
}

/// Adds changes as long as the test tells that there are more.
pub(crate) fn steps(series: &Series) -> Steps {
    let points = series.values.len();
    let mut costs = Costs::new(points);
    costs.fill(&series.values, &series.weights);
    let mut bounds = vec![0, points];
    let mut drawn = Costs::new(points);
    let mut values = vec![0.0; points];
    loop {
        let best = costs.best(&bounds);
        let observed = best.one.max(best.two);
        if observed == f64::NEG_INFINITY {
            break;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(series.seed());
        let (mut beyond, mut beyond_one) = (0, 0);
        for _ in 0..DRAWS {
            series.draw(&mut rng, &mut values);
            drawn.fill(&values, &series.weights);
            let other = drawn.best(&bounds);
            let other = other.one.max(other.two);
            beyond += usize::from(other >= observed - NOTHING);
            beyond_one += usize::from(other >= best.one - NOTHING);
            if beyond >= TOO_MANY {
                break;
            }
        }
        if beyond >= TOO_MANY {
            break;
        }
        // One change that is clear by itself is not two.
        if beyond_one < TOO_MANY {
            bounds.push(best.one_at);
        } else {
            bounds.extend(best.two_at);
        }
        bounds.sort_unstable();
        settle(&costs, &mut bounds);
    }
    let spare = points.saturating_sub(bounds.len() - 1).max(1) as f64;
    Steps {
        dispersion: costs.of_all(&bounds) / spare,
        bounds,
    }
}

/// Moves each change to the best place between its neighbours, until none moves.
fn settle(costs: &Costs, bounds: &mut [usize]) {
    for _ in 0..bounds.len() {
        let mut moved = false;
        for index in 1..bounds.len() - 1 {
            let (_, place) = costs.split(bounds[index - 1], bounds[index + 1]);
            moved |= place != bounds[index];
            bounds[index] = place;
        }
        if !moved {
            return;
        }
    }
}
