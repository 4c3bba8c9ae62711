//! Effects of authors, repositories, months and the like, absorbed instead of estimated.

use crate::codes::DenseCodes;
use crate::error::{StatsError, require_length};

/// The residual at which the iteration stops, relative to where it began.
const TOLERANCE: f64 = 1e-12;

/// More iterations than any graph of authors and repositories has needed.
const MOST_ITERATIONS: usize = 10_000;

/// Group effects that a regression absorbs, prepared once for any number of columns.
///
/// Rows that are alone in a group carry no information and are dropped, again and again until none is
/// left (S. Correia, "Singletons, cluster-robust standard errors and fixed effects", 2015).
#[derive(Debug, Clone)]
pub struct FixedEffects {
    rows_given: usize,
    kept: Vec<u32>,
    factors: Vec<DenseCodes>,
    sizes: Vec<Vec<f64>>,
    crossings: Vec<Crossing>,
}

/// How often each pair of levels of two factors meets.
#[derive(Debug, Clone)]
struct Crossing {
    first: usize,
    second: usize,
    cells: Vec<(u32, u32, f64)>,
}

impl FixedEffects {
    /// Prepares one or more columns of group codes, all of the same length.
    pub fn new(factors: &[&[u32]]) -> Result<Self, StatsError> {
        let Some(first) = factors.first() else {
            return Err(StatsError::Empty { what: "factors" });
        };
        for factor in factors {
            require_length("factor", first.len(), factor.len())?;
        }
        let kept = rows_without_singletons(factors);
        if kept.is_empty() {
            return Err(StatsError::Empty {
                what: "rows that are not alone in a group",
            });
        }
        let factors: Vec<DenseCodes> = factors
            .iter()
            .map(|codes| {
                DenseCodes::new(
                    &kept
                        .iter()
                        .map(|&row| codes[row as usize])
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        let sizes = factors
            .iter()
            .map(|factor| factor.sizes().into_iter().map(f64::from).collect())
            .collect();
        let mut crossings = Vec::new();
        for second in 1..factors.len() {
            for first in 0..second {
                crossings.push(Crossing::new(first, second, &factors));
            }
        }
        Ok(FixedEffects {
            rows_given: first.len(),
            kept,
            factors,
            sizes,
            crossings,
        })
    }

    /// Returns the rows that are used, in ascending order.
    pub fn kept(&self) -> &[u32] {
        &self.kept
    }

    /// Returns how many rows were dropped because they are alone in a group.
    pub fn singletons(&self) -> usize {
        self.rows_given - self.kept.len()
    }

    /// Returns how many groups each factor has among the rows that are used.
    pub fn levels(&self) -> Vec<usize> {
        self.factors.iter().map(|factor| factor.groups).collect()
    }

    /// Returns how many rows a column must have before singletons are dropped.
    pub(crate) fn rows_given(&self) -> usize {
        self.rows_given
    }

    /// Picks the rows that are used out of a full column.
    pub(crate) fn pick<T: Copy>(&self, column: &[T]) -> Vec<T> {
        self.kept.iter().map(|&row| column[row as usize]).collect()
    }

    /// Tells for each factor whether its groups lie within clusters.
    pub(crate) fn nested_in(&self, clusters: &DenseCodes) -> Vec<bool> {
        let nested = |factor: &DenseCodes| {
            let mut cluster_of = vec![u32::MAX; factor.groups];
            factor
                .codes
                .iter()
                .zip(&clusters.codes)
                .all(|(&group, &cluster)| {
                    let known = &mut cluster_of[group as usize];
                    if *known == u32::MAX {
                        *known = cluster;
                    }
                    *known == cluster
                })
        };
        self.factors.iter().map(nested).collect()
    }

    /// Removes the group effects from a column of the rows that are used: the residual of its
    /// projection on all groups.
    ///
    /// The projection is the one that alternating group means converge to. Here its normal equations
    /// `D'D a = D'x` are solved for the group effects by conjugate gradients with the group sizes as
    /// preconditioner: an iteration touches each pair of groups that meet once instead of each row, and
    /// sparse graphs of authors and repositories need far fewer of them. Source: S. Gaure, "OLS with
    /// multiple high dimensional category variables", Computational Statistics and Data Analysis 66
    /// (2013) 8-18.
    pub(crate) fn absorb(&self, column: &mut [f64]) -> Result<(), StatsError> {
        // Large means would cost digits.
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        for value in column.iter_mut() {
            *value -= mean;
        }
        let effects = self.solve(self.group_sums(column))?;
        for (factor, effects) in self.factors.iter().zip(&effects) {
            for (value, &code) in column.iter_mut().zip(&factor.codes) {
                *value -= effects[code as usize];
            }
        }
        Ok(())
    }

    fn group_sums(&self, column: &[f64]) -> Vec<Vec<f64>> {
        let sums = |factor: &DenseCodes| {
            let mut sums = vec![0.0; factor.groups];
            for (&value, &code) in column.iter().zip(&factor.codes) {
                sums[code as usize] += value;
            }
            sums
        };
        self.factors.iter().map(sums).collect()
    }

    /// Solves `D'D a = sums`; the solution is not unique, its fitted values are.
    fn solve(&self, sums: Vec<Vec<f64>>) -> Result<Vec<Vec<f64>>, StatsError> {
        let mut effects: Vec<Vec<f64>> = sums.iter().map(|it| vec![0.0; it.len()]).collect();
        let mut residual = sums;
        let mut scaled = self.by_size(&residual);
        let mut direction = scaled.clone();
        let mut energy = dot(&residual, &scaled);
        let target = energy * TOLERANCE * TOLERANCE;
        for _ in 0..MOST_ITERATIONS {
            if !energy.is_finite() {
                // Values near the largest number have no sums of squares.
                break;
            }
            if energy <= target || energy == 0.0 {
                return Ok(effects);
            }
            let image = self.times(&direction);
            let curvature = dot(&direction, &image);
            if curvature <= 0.0 {
                return Ok(effects);
            }
            let step = energy / curvature;
            add_scaled(&mut effects, step, &direction);
            add_scaled(&mut residual, -step, &image);
            scaled = self.by_size(&residual);
            let next = dot(&residual, &scaled);
            let momentum = next / energy;
            for (block, fresh) in direction.iter_mut().zip(&scaled) {
                for (value, fresh) in block.iter_mut().zip(fresh) {
                    *value = fresh + momentum * *value;
                }
            }
            energy = next;
        }
        Err(StatsError::NotConverged {
            what: "the absorption of group effects",
            iterations: MOST_ITERATIONS,
        })
    }

    fn by_size(&self, blocks: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let divide = |(block, sizes): (&Vec<f64>, &Vec<f64>)| {
            block
                .iter()
                .zip(sizes)
                .map(|(value, size)| value / size)
                .collect()
        };
        blocks.iter().zip(&self.sizes).map(divide).collect()
    }

    /// Multiplies with `D'D`: sizes on the diagonal, meetings beside it.
    fn times(&self, blocks: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let multiply = |(block, sizes): (&Vec<f64>, &Vec<f64>)| {
            block
                .iter()
                .zip(sizes)
                .map(|(value, size)| value * size)
                .collect()
        };
        let mut image: Vec<Vec<f64>> = blocks.iter().zip(&self.sizes).map(multiply).collect();
        for crossing in &self.crossings {
            let (head, tail) = image.split_at_mut(crossing.second);
            let (into_first, into_second) = (&mut head[crossing.first], &mut tail[0]);
            let (from_first, from_second) = (&blocks[crossing.first], &blocks[crossing.second]);
            for &(first, second, count) in &crossing.cells {
                let (first, second) = (first as usize, second as usize);
                into_first[first] += count * from_second[second];
                into_second[second] += count * from_first[first];
            }
        }
        image
    }
}

impl Crossing {
    fn new(first: usize, second: usize, factors: &[DenseCodes]) -> Self {
        let codes = factors[first].codes.iter().zip(&factors[second].codes);
        let mut keys: Vec<u64> = codes
            .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b))
            .collect();
        keys.sort_unstable();
        let cells = keys
            .chunk_by(|a, b| a == b)
            .map(|run| ((run[0] >> 32) as u32, run[0] as u32, run.len() as f64))
            .collect();
        Crossing {
            first,
            second,
            cells,
        }
    }
}

fn rows_without_singletons(factors: &[&[u32]]) -> Vec<u32> {
    let factors: Vec<DenseCodes> = factors.iter().map(|codes| DenseCodes::new(codes)).collect();
    let mut counts: Vec<Vec<u32>> = factors.iter().map(DenseCodes::sizes).collect();
    let mut kept: Vec<u32> = (0..factors[0].codes.len() as u32).collect();
    loop {
        let before = kept.len();
        kept.retain(|&row| {
            let level = |factor: &DenseCodes| factor.codes[row as usize] as usize;
            let mut levels = factors.iter().zip(&counts);
            let alone = levels.any(|(factor, counts)| counts[level(factor)] == 1);
            if alone {
                for (factor, counts) in factors.iter().zip(&mut counts) {
                    counts[level(factor)] -= 1;
                }
            }
            !alone
        });
        if kept.len() == before {
            return kept;
        }
    }
}

fn dot(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.map(|(x, y)| x * y).sum()
}

fn add_scaled(target: &mut [Vec<f64>], factor: f64, source: &[Vec<f64>]) {
    let pairs = target.iter_mut().flatten().zip(source.iter().flatten());
    for (value, addend) in pairs {
        *value += factor * addend;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singletons_are_dropped_until_none_is_left() {
        // Author 3 is alone; without that row, repository 8 is alone too.
        let authors = [1, 1, 2, 2, 3, 1];
        let repositories = [7, 7, 7, 8, 8, 7];
        let effects = FixedEffects::new(&[&authors, &repositories]).expect("valid");
        assert_eq!(effects.kept(), [0, 1, 5]);
        assert_eq!(effects.singletons(), 3);
        assert_eq!(effects.levels(), [1, 1]);
        assert!(FixedEffects::new(&[&[1, 2, 3]]).is_err());
        assert!(FixedEffects::new(&[]).is_err());
    }

    #[test]
    fn what_is_left_has_no_group_means() {
        let rows = 200_u32;
        let authors: Vec<u32> = (0..rows).map(|row| row * 7 % 23).collect();
        let repositories: Vec<u32> = (0..rows).map(|row| row * row % 11).collect();
        let months: Vec<u32> = (0..rows).map(|row| row / 40).collect();
        let effects = FixedEffects::new(&[&authors, &repositories, &months]).expect("valid");
        let mut column: Vec<f64> = (0..rows)
            .map(|row| f64::from(row * row % 97) + 1e6)
            .collect();
        effects.absorb(&mut column).expect("converges");
        for sums in effects.group_sums(&column) {
            assert!(sums.iter().all(|sum| sum.abs() < 1e-8), "{sums:?}");
        }
    }
}
