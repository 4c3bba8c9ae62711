//! Effects of authors, repositories, months and the like, absorbed instead of estimated.

use crate::bundles::{Bundle, add, bundles_of};
use crate::codes::DenseCodes;
use crate::error::{StatsError, require_length};

/// The residual at which the iteration stops, relative to where it began.
const TOLERANCE: f64 = 1e-12;

/// More iterations than any graph of authors and repositories has needed.
const MOST_ITERATIONS: usize = 10_000;

/// Rows that are worked on together: few enough to stay in the nearest cache.
const BLOCK_ROWS: usize = 256;

/// Group effects that a regression absorbs, prepared once for any number of columns.
///
/// Rows that are alone in a group carry no information and are dropped, again and again until none is
/// left (S. Correia, "Singletons, cluster-robust standard errors and fixed effects", 2015).
#[derive(Debug, Clone)]
pub struct FixedEffects {
    rows_given: usize,
    kept: Vec<u32>,
    /// How many groups each factor has.
    levels: Vec<usize>,
    bundles: Vec<Bundle>,
    /// How many rows each group has, the groups of all factors one after another.
    sizes: Vec<f64>,
    meetings: Vec<Meeting>,
}

/// How often two groups of different factors meet.
#[derive(Debug, Clone, Copy)]
struct Meeting {
    one: u32,
    other: u32,
    rows: f64,
}

impl FixedEffects {
    /// Prepares one or more columns of group codes, all of the same length.
    pub fn new(factors: &[&[u32]]) -> Result<Self, StatsError> {
        FixedEffects::of_columns(factors.iter().map(|codes| codes.to_vec()).collect())
    }

    /// As [`FixedEffects::new`], for columns that are not needed any more: with a million rows each copy
    /// counts.
    pub fn of_columns(factors: Vec<Vec<u32>>) -> Result<Self, StatsError> {
        let Some(first) = factors.first() else {
            return Err(StatsError::Empty { what: "factors" });
        };
        let rows_given = first.len();
        for factor in &factors {
            require_length("factor", rows_given, factor.len())?;
        }
        let given: Vec<DenseCodes> = factors.into_iter().map(DenseCodes::of_column).collect();
        let kept = rows_without_singletons(&given);
        if kept.is_empty() {
            return Err(StatsError::Empty {
                what: "rows that are not alone in a group",
            });
        }
        let factors: Vec<DenseCodes> = if kept.len() == rows_given {
            given
        } else {
            let pick = |factor: &DenseCodes| -> Vec<u32> {
                kept.iter().map(|&row| factor.codes[row as usize]).collect()
            };
            given
                .iter()
                .map(|factor| DenseCodes::of_column(pick(factor)))
                .collect()
        };
        let mut starts = Vec::with_capacity(factors.len());
        let mut sizes = Vec::new();
        for factor in &factors {
            starts.push(sizes.len());
            sizes.extend(factor.sizes().into_iter().map(f64::from));
        }
        let mut meetings = Vec::new();
        for second in 1..factors.len() {
            for first in 0..second {
                let (one, other) = (starts[first] as u32, starts[second] as u32);
                let counted = meetings_of(&factors[first], &factors[second]);
                meetings.extend(counted.into_iter().map(|(a, b, rows)| Meeting {
                    one: one + a,
                    other: other + b,
                    rows: f64::from(rows),
                }));
            }
        }
        Ok(FixedEffects {
            rows_given,
            kept,
            levels: factors.iter().map(|factor| factor.groups).collect(),
            bundles: bundles_of(factors, &starts),
            sizes,
            meetings,
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
        self.levels.clone()
    }

    /// Returns how many rows a column must have before singletons are dropped.
    pub(crate) fn rows_given(&self) -> usize {
        self.rows_given
    }

    /// Leaves the rows that are used of a full column.
    pub(crate) fn keep(&self, mut column: Vec<f64>) -> Vec<f64> {
        if self.kept.len() < column.len() {
            // Rows are kept in ascending order, so that none is overwritten before it is read.
            for (place, &row) in self.kept.iter().enumerate() {
                column[place] = column[row as usize];
            }
            column.truncate(self.kept.len());
        }
        column
    }

    /// Picks the rows that are used out of a full column.
    pub(crate) fn pick<T: Copy>(&self, column: &[T]) -> Vec<T> {
        self.kept.iter().map(|&row| column[row as usize]).collect()
    }

    /// Tells for each factor whether its groups lie within clusters.
    pub(crate) fn nested_in(&self, clusters: &DenseCodes) -> Vec<bool> {
        let mut nested = vec![false; self.levels.len()];
        for bundle in &self.bundles {
            for member in &bundle.members {
                let mut cluster_of = vec![u32::MAX; self.levels[member.factor]];
                let mut rows = bundle.codes.iter().zip(&clusters.codes);
                nested[member.factor] = rows.all(|(&cell, &cluster)| {
                    let group = member.group_of_cell[cell as usize] as usize - member.start;
                    let known = &mut cluster_of[group];
                    if *known == u32::MAX {
                        *known = cluster;
                    }
                    *known == cluster
                });
            }
        }
        nested
    }

    /// Removes the group effects from columns of the rows that are used: the residuals of their
    /// projections on all groups.
    ///
    /// The projection is the one that alternating group means converge to. Here its normal equations
    /// `D'D a = D'x` are solved for the group effects by conjugate gradients with the group sizes as
    /// preconditioner: an iteration touches each pair of groups that meet once instead of each row, and
    /// sparse graphs of authors and repositories need far fewer of them. Source: S. Gaure, "OLS with
    /// multiple high dimensional category variables", Computational Statistics and Data Analysis 66
    /// (2013) 8-18. Up to six columns go side by side, so that rows and meetings are walked once for
    /// them, and factors of few groups go together, so that a row looks into fewer tables.
    pub(crate) fn absorb(&self, columns: &mut [Vec<f64>]) -> Result<(), StatsError> {
        for together in columns.chunks_mut(6) {
            match together {
                [one] => self.absorb_together([one])?,
                [one, two] => self.absorb_together([one, two])?,
                [one, two, three] => self.absorb_together([one, two, three])?,
                [one, two, three, four] => self.absorb_together([one, two, three, four])?,
                [one, two, three, four, five] => {
                    self.absorb_together([one, two, three, four, five])?;
                }
                [one, two, three, four, five, six] => {
                    self.absorb_together([one, two, three, four, five, six])?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn absorb_together<const N: usize>(
        &self,
        mut columns: [&mut Vec<f64>; N],
    ) -> Result<(), StatsError> {
        for column in &mut columns {
            // Large means would cost digits.
            let mean = column.iter().sum::<f64>() / column.len() as f64;
            for value in column.iter_mut() {
                *value -= mean;
            }
        }
        let effects = self.solve(self.group_sums(&columns))?;
        let of_cells: Vec<Vec<[f64; N]>> = self
            .bundles
            .iter()
            .map(|bundle| bundle.cell_effects(&effects))
            .collect();
        let mut block = [[0.0; N]; BLOCK_ROWS];
        for start in (0..self.kept.len()).step_by(BLOCK_ROWS) {
            let rows = start..(start + BLOCK_ROWS).min(self.kept.len());
            let block = &mut block[..rows.len()];
            block.fill([0.0; N]);
            for (bundle, effects) in self.bundles.iter().zip(&of_cells) {
                for (slot, &code) in block.iter_mut().zip(&bundle.codes[rows.clone()]) {
                    add(slot, &effects[code as usize]);
                }
            }
            for (lane, column) in columns.iter_mut().enumerate() {
                for (value, effects) in column[rows.clone()].iter_mut().zip(&*block) {
                    *value -= effects[lane];
                }
            }
        }
        Ok(())
    }

    fn group_sums<const N: usize>(&self, columns: &[&mut Vec<f64>; N]) -> Vec<[f64; N]> {
        let cells = self.bundles.iter();
        let mut of_cells: Vec<Vec<[f64; N]>> =
            cells.map(|bundle| vec![[0.0; N]; bundle.cells()]).collect();
        let mut block = [[0.0; N]; BLOCK_ROWS];
        for start in (0..self.kept.len()).step_by(BLOCK_ROWS) {
            let rows = start..(start + BLOCK_ROWS).min(self.kept.len());
            for (lane, column) in columns.iter().enumerate() {
                for (slot, value) in block.iter_mut().zip(&column[rows.clone()]) {
                    slot[lane] = *value;
                }
            }
            for (bundle, sums) in self.bundles.iter().zip(&mut of_cells) {
                for (values, &code) in block.iter().zip(&bundle.codes[rows.clone()]) {
                    add(&mut sums[code as usize], values);
                }
            }
        }
        let mut sums = vec![[0.0; N]; self.sizes.len()];
        for (bundle, of_cells) in self.bundles.iter().zip(&of_cells) {
            for member in &bundle.members {
                for (&group, of_cell) in member.group_of_cell.iter().zip(of_cells) {
                    add(&mut sums[group as usize], of_cell);
                }
            }
        }
        sums
    }

    /// Solves `D'D a = sums` for each lane; the solution is not unique, its fitted values are.
    fn solve<const N: usize>(&self, sums: Vec<[f64; N]>) -> Result<Vec<[f64; N]>, StatsError> {
        let mut effects = vec![[0.0; N]; sums.len()];
        let mut residual = sums;
        let mut direction = self.by_size(&residual);
        let mut energy = dot(&residual, &direction);
        let mut target = energy.map(|energy| energy * TOLERANCE * TOLERANCE);
        let mut image = vec![[0.0; N]; residual.len()];
        for _ in 0..MOST_ITERATIONS {
            if energy.iter().any(|energy| !energy.is_finite()) {
                // Values near the largest number have no sums of squares.
                break;
            }
            if (0..N).all(|lane| energy[lane] <= target[lane]) {
                return Ok(effects);
            }
            self.times(&direction, &mut image);
            let curvature = dot(&direction, &image);
            let mut step = [0.0; N];
            for lane in 0..N {
                if curvature[lane] <= 0.0 {
                    // Only rounding is left: the lane is as good as it gets.
                    target[lane] = f64::INFINITY;
                }
                let is_done = energy[lane] <= target[lane];
                step[lane] = if is_done {
                    0.0
                } else {
                    energy[lane] / curvature[lane]
                };
            }
            for ((own, residual), (direction, image)) in effects
                .iter_mut()
                .zip(&mut residual)
                .zip(direction.iter().zip(&image))
            {
                for lane in 0..N {
                    own[lane] += step[lane] * direction[lane];
                    residual[lane] -= step[lane] * image[lane];
                }
            }
            let scaled = self.by_size(&residual);
            let next = dot(&residual, &scaled);
            for (slot, fresh) in direction.iter_mut().zip(&scaled) {
                for lane in 0..N {
                    // A lane that is done stands still.
                    let momentum = if step[lane] == 0.0 {
                        0.0
                    } else {
                        next[lane] / energy[lane]
                    };
                    slot[lane] = fresh[lane] + momentum * slot[lane];
                }
            }
            energy = next;
        }
        Err(StatsError::NotConverged {
            what: "the absorption of group effects",
            iterations: MOST_ITERATIONS,
        })
    }

    fn by_size<const N: usize>(&self, values: &[[f64; N]]) -> Vec<[f64; N]> {
        let divide = |(values, size): (&[f64; N], &f64)| values.map(|value| value / size);
        values.iter().zip(&self.sizes).map(divide).collect()
    }

    /// Multiplies with `D'D`: sizes on the diagonal, meetings beside it.
    fn times<const N: usize>(&self, values: &[[f64; N]], image: &mut [[f64; N]]) {
        for ((slot, values), size) in image.iter_mut().zip(values).zip(&self.sizes) {
            *slot = values.map(|value| value * size);
        }
        for meeting in &self.meetings {
            let (one, other) = (meeting.one as usize, meeting.other as usize);
            let (from_one, from_other) = (values[one], values[other]);
            add(
                &mut image[one],
                &from_other.map(|value| value * meeting.rows),
            );
            add(
                &mut image[other],
                &from_one.map(|value| value * meeting.rows),
            );
        }
    }
}

/// Counts how often each pair of groups meets, in ascending order.
fn meetings_of(first: &DenseCodes, second: &DenseCodes) -> Vec<(u32, u32, u32)> {
    let rows = || first.codes.iter().zip(&second.codes);
    // A table of all pairs is quickest while it is not much larger than the columns.
    let pairs = first.groups.saturating_mul(second.groups);
    if pairs <= 2 * first.codes.len() + 1024 {
        let mut counts = vec![0_u32; pairs];
        for (&one, &other) in rows() {
            counts[one as usize * second.groups + other as usize] += 1;
        }
        let met = counts.into_iter().enumerate().filter(|it| it.1 > 0);
        return met
            .map(|(pair, count)| {
                let (one, other) = (pair / second.groups, pair % second.groups);
                (one as u32, other as u32, count)
            })
            .collect();
    }
    let mut ends = vec![0_usize; first.groups + 1];
    for &one in &first.codes {
        ends[one as usize + 1] += 1;
    }
    for group in 1..ends.len() {
        ends[group] += ends[group - 1];
    }
    let starts = ends.clone();
    let mut others = vec![0; first.codes.len()];
    for (&one, &other) in rows() {
        // Ends grow from where a group starts to where the next one does.
        let place = &mut ends[one as usize];
        others[*place] = other;
        *place += 1;
    }
    let mut meetings = Vec::new();
    for (group, pair) in starts.windows(2).enumerate() {
        let of_group = &mut others[pair[0]..pair[1]];
        of_group.sort_unstable();
        let runs = of_group.chunk_by(|a, b| a == b);
        meetings.extend(runs.map(|run| (group as u32, run[0], run.len() as u32)));
    }
    meetings
}

fn rows_without_singletons(factors: &[DenseCodes]) -> Vec<u32> {
    let mut counts: Vec<Vec<u32>> = factors.iter().map(DenseCodes::sizes).collect();
    let mut kept: Vec<u32> = (0..factors[0].codes.len() as u32).collect();
    while counts.iter().flatten().any(|&count| count == 1) {
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
    }
    kept
}

fn dot<const N: usize>(a: &[[f64; N]], b: &[[f64; N]]) -> [f64; N] {
    let mut sums = [0.0; N];
    for (one, other) in a.iter().zip(b) {
        for lane in 0..N {
            sums[lane] += one[lane] * other[lane];
        }
    }
    sums
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
        let column: Vec<f64> = (0..rows)
            .map(|row| f64::from(row * row % 97) + 1e6)
            .collect();
        let wave = |row: u32| f64::from(row).sin();
        for columns in 1..6 {
            let mut columns = vec![column.clone(); columns];
            // What stands beside a column makes no difference to it, but for the last digits.
            if let Some(last) = columns.last_mut() {
                *last = (0..rows).map(wave).collect();
            }
            effects.absorb(&mut columns).expect("converges");
            for column in &mut columns {
                let sums = effects.group_sums(&[column]);
                assert!(sums.iter().all(|sum| sum[0].abs() < 1e-8), "{sums:?}");
            }
        }
    }

    #[test]
    fn meetings_are_counted_alike_with_and_without_a_table() {
        let codes = |groups: u32, stride: u32| -> Vec<u32> {
            (0..300).map(|row| row * stride % groups).collect()
        };
        let (few, many) = (
            DenseCodes::new(&codes(5, 7)),
            DenseCodes::new(&codes(290, 11)),
        );
        for (first, second) in [(&few, &many), (&many, &few), (&many, &many), (&few, &few)] {
            let mut keys: Vec<(u32, u32)> = first
                .codes
                .iter()
                .copied()
                .zip(second.codes.iter().copied())
                .collect();
            keys.sort_unstable();
            let want: Vec<(u32, u32, u32)> = keys
                .chunk_by(|a, b| a == b)
                .map(|run| (run[0].0, run[0].1, run.len() as u32))
                .collect();
            assert_eq!(meetings_of(first, second), want);
        }
    }
}
