//! Odds of an event in two arms, within strata.

use serde::{Deserialize, Serialize};

use crate::codes::DenseCodes;
use crate::distribution::{Z_95, student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least, require_length};
use crate::proportion::Interval;
use crate::several_groups::ChiSquare;

/// Counts of one stratum.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct TwoByTwo {
    /// Rows of the first arm with the event.
    pub first_event: u64,
    /// Rows of the first arm without it.
    pub first_other: u64,
    /// Rows of the second arm with the event.
    pub second_event: u64,
    /// Rows of the second arm without it.
    pub second_other: u64,
}

/// The odds ratio of an event, first arm against second, within strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MantelHaenszel {
    /// The common odds ratio.
    pub odds_ratio: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// The odds ratio when strata are ignored; `None` when a cell is empty.
    pub pooled_odds_ratio: Option<f64>,
    /// The Cochran-Mantel-Haenszel test that the odds ratio is 1 in every stratum.
    pub test: ChiSquare,
    /// The same with continuity correction, as R prints it.
    pub test_with_continuity: ChiSquare,
    /// How many strata tell anything.
    pub strata: usize,
    /// How many rows.
    pub n: u64,
}

/// The odds ratio of an event within strata, with clusters counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClusteredMantelHaenszel {
    /// The common odds ratio.
    pub odds_ratio: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value of "1".
    pub p: f64,
    /// How many clusters.
    pub clusters: usize,
    /// How many rows.
    pub n: usize,
}

impl TwoByTwo {
    fn cells(self) -> [f64; 4] {
        [
            self.first_event as f64,
            self.first_other as f64,
            self.second_event as f64,
            self.second_other as f64,
        ]
    }
}

/// Returns the Mantel-Haenszel odds ratio and the Cochran-Mantel-Haenszel test.
///
/// With a, b, c, d the cells of a stratum of N rows, `OR = sum (a d / N) / sum (b c / N)`; the variance of
/// its logarithm is that of J. Robins, N. Breslow and S. Greenland, Biometrics 42 (1986) 311-323; the test
/// is `(|sum (a - E a)| - c)^2 / sum Var a` with the hypergeometric mean and variance and c = 0 or 1/2.
/// Source: N. Mantel and W. Haenszel, JNCI 22 (1959) 719-748. It takes every row as independent;
/// [`mantel_haenszel_clustered`] does not.
pub fn mantel_haenszel(strata: &[TwoByTwo]) -> Result<MantelHaenszel, StatsError> {
    let mut sums = Sums::default();
    let mut pooled = [0.0; 4];
    let (mut excess, mut variance, mut informative, mut rows) = (0.0, 0.0, 0, 0);
    for stratum in strata {
        let [a, b, c, d] = stratum.cells();
        let size = a + b + c + d;
        rows += size as u64;
        for (sum, cell) in pooled.iter_mut().zip([a, b, c, d]) {
            *sum += cell;
        }
        // A stratum with one arm or one outcome tells nothing.
        if (a + b) * (c + d) * (a + c) * (b + d) == 0.0 {
            continue;
        }
        informative += 1;
        sums.add([a, b, c, d]);
        excess += a - (a + b) * (a + c) / size;
        variance += (a + b) * (c + d) * (a + c) * (b + d) / (size * size * (size - 1.0));
    }
    require_at_least("strata with both arms and both outcomes", 1, informative)?;
    let (odds_ratio, error) = sums.odds_ratio()?;
    let test = |correction: f64| {
        let distance = (excess.abs() - correction).max(0.0);
        ChiSquare::new(distance * distance / variance, 1, rows)
    };
    let [a, b, c, d] = pooled;
    Ok(MantelHaenszel {
        odds_ratio,
        interval: interval_of_ratio(odds_ratio, Z_95 * error),
        pooled_odds_ratio: (b * c > 0.0 && a * d > 0.0).then(|| a * d / (b * c)),
        test: test(0.0),
        test_with_continuity: test(0.5),
        strata: informative,
        n: rows,
    })
}

/// Returns the Mantel-Haenszel odds ratio of rows that come in clusters.
///
/// The ratio solves `sum (a d - OR b c) / N = 0`; each row adds the derivative of that sum by its own
/// cell (times `sqrt(N / (N - 1))`, so that small strata count fully), the variance is the sum of squares
/// of the cluster totals, and Student's t has clusters less 1 degrees of freedom. Source: the sandwich of
/// K.-Y. Liang and S. L. Zeger, Biometrika 73 (1986) 13-22, for the Mantel-Haenszel equation.
pub fn mantel_haenszel_clustered(
    first: &[bool],
    event: &[bool],
    strata: &[u32],
    clusters: &[u32],
) -> Result<ClusteredMantelHaenszel, StatsError> {
    require_length("event", first.len(), event.len())?;
    require_length("strata", first.len(), strata.len())?;
    require_length("clusters", first.len(), clusters.len())?;
    let strata = DenseCodes::new(strata);
    let clusters = DenseCodes::new(clusters);
    require_at_least("clusters", 2, clusters.groups)?;
    let mut tables = vec![[0.0; 4]; strata.groups];
    for ((&first, &event), &stratum) in first.iter().zip(event).zip(&strata.codes) {
        tables[stratum as usize][cell_of(first, event)] += 1.0;
    }
    let mut sums = Sums::default();
    for table in &tables {
        sums.add(*table);
    }
    let (odds_ratio, _) = sums.odds_ratio()?;
    let steps: Vec<[f64; 4]> = tables
        .iter()
        .map(|table| influence(*table, odds_ratio))
        .collect();
    let mut totals = vec![0.0; clusters.groups];
    for (row, (&first, &event)) in first.iter().zip(event).enumerate() {
        let step = steps[strata.codes[row] as usize][cell_of(first, event)];
        totals[clusters.codes[row] as usize] += step;
    }
    let groups = clusters.groups as f64;
    let variance = totals.iter().map(|it| it * it).sum::<f64>() * groups / (groups - 1.0);
    let error = variance.sqrt() / (odds_ratio * sums.against);
    if error == 0.0 {
        return Err(StatsError::Constant { what: "clusters" });
    }
    Ok(ClusteredMantelHaenszel {
        odds_ratio,
        interval: interval_of_ratio(odds_ratio, student_97_5(groups - 1.0) * error),
        p: student_two_sided(odds_ratio.ln() / error, groups - 1.0),
        clusters: clusters.groups,
        n: first.len(),
    })
}

fn cell_of(first: bool, event: bool) -> usize {
    match (first, event) {
        (true, true) => 0,
        (true, false) => 1,
        (false, true) => 2,
        (false, false) => 3,
    }
}

/// Returns what a row of each cell adds to the estimating equation.
fn influence([a, b, c, d]: [f64; 4], odds_ratio: f64) -> [f64; 4] {
    let size = a + b + c + d;
    let own = (a * d - odds_ratio * b * c) / (size * size);
    let whole = (size / (size - 1.0).max(1.0)).sqrt();
    [d, -odds_ratio * c, -odds_ratio * b, a].map(|cell| (cell / size - own) * whole)
}

/// The sums that the common odds ratio is made of.
#[derive(Default)]
struct Sums {
    /// `sum a d / N`.
    in_favour: f64,
    /// `sum b c / N`.
    against: f64,
    both_in_favour: f64,
    mixed: f64,
    both_against: f64,
}

impl Sums {
    fn add(&mut self, [a, b, c, d]: [f64; 4]) {
        let size = a + b + c + d;
        if size == 0.0 {
            return;
        }
        let (favour, against) = (a * d / size, b * c / size);
        let (agree, differ) = ((a + d) / size, (b + c) / size);
        self.in_favour += favour;
        self.against += against;
        self.both_in_favour += agree * favour;
        self.mixed += agree * against + differ * favour;
        self.both_against += differ * against;
    }

    /// Returns the odds ratio and the standard error of its logarithm.
    fn odds_ratio(&self) -> Result<(f64, f64), StatsError> {
        let (favour, against) = (self.in_favour, self.against);
        if favour == 0.0 || against == 0.0 {
            return Err(StatsError::Constant {
                what: "the event within strata",
            });
        }
        let variance = self.both_in_favour / (2.0 * favour * favour)
            + self.mixed / (2.0 * favour * against)
            + self.both_against / (2.0 * against * against);
        Ok((favour / against, variance.sqrt()))
    }
}

fn interval_of_ratio(ratio: f64, half_width_of_log: f64) -> Interval {
    Interval {
        low: ratio * (-half_width_of_log).exp(),
        high: ratio * half_width_of_log.exp(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_of_one_come_near_to_independent_rows() {
        let mut columns = (vec![], vec![], vec![]);
        let strata = [[30, 20, 25, 40], [12, 9, 8, 15], [5, 22, 9, 60]];
        for (stratum, cells) in strata.iter().enumerate() {
            for (cell, &count) in cells.iter().enumerate() {
                for _ in 0..count {
                    columns.0.push(cell < 2);
                    columns.1.push(cell % 2 == 0);
                    columns.2.push(stratum as u32);
                }
            }
        }
        let rows: Vec<u32> = (0..columns.0.len() as u32).collect();
        let clustered = mantel_haenszel_clustered(&columns.0, &columns.1, &columns.2, &rows);
        let clustered = clustered.expect("valid");
        let plain = mantel_haenszel(&strata.map(|[a, b, c, d]| TwoByTwo {
            first_event: a,
            first_other: b,
            second_event: c,
            second_other: d,
        }));
        let plain = plain.expect("valid");
        assert!((clustered.odds_ratio - plain.odds_ratio).abs() < 1e-12);
        let width = |it: Interval| (it.high / it.low).ln();
        assert!((width(clustered.interval) / width(plain.interval) - 1.0).abs() < 0.04);
    }

    #[test]
    fn strata_that_tell_nothing_are_refused() {
        let one_arm = TwoByTwo {
            first_event: 3,
            first_other: 4,
            ..TwoByTwo::default()
        };
        assert!(mantel_haenszel(&[one_arm]).is_err());
        assert!(mantel_haenszel(&[]).is_err());
        assert!(
            mantel_haenszel_clustered(&[true, false], &[true, true], &[1, 1], &[1, 2]).is_err()
        );
        assert!(mantel_haenszel_clustered(&[true], &[], &[1], &[1]).is_err());
    }
}
