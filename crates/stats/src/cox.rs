//! How regressors change the rate at which something happens.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::cox_residuals::Residuals;
use crate::cox_rows::{HazardRows, Likelihood, TimeRanks, rows_of};
use crate::distribution::{Z_95, f_upper, normal_two_sided, student_97_5, student_two_sided};
use crate::error::{StatsError, require_at_least};
use crate::proportion::Interval;
use crate::several_groups::ChiSquare;

const MOST_ITERATIONS: usize = 50;

/// A coefficient this large for one standard deviation means that an arm has no events at all.
const FARTHEST: f64 = 20.0;

/// What an event tells of a regressor with a standard deviation of 1, at least.
const LEAST_INFORMATION: f64 = 1e-9;

/// Survival data with regressors.
#[derive(Debug, Clone, Copy)]
pub struct CoxData<'a> {
    /// How long each row was observed.
    pub times: &'a [f64],
    /// Whether it ended with the event.
    pub events: &'a [bool],
    /// One column for each regressor.
    pub regressors: &'a [&'a [f64]],
    /// Rows are compared only to those of the same stratum.
    pub strata: Option<&'a [u32]>,
    /// Rows of a cluster depend on each other.
    pub clusters: Option<&'a [u32]>,
}

/// A Cox model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CoxFit {
    /// One for each regressor.
    pub coefficients: Vec<HazardCoefficient>,
    /// The logarithm of the partial likelihood.
    pub log_likelihood: f64,
    /// The test that no coefficient changes over time; when it rejects, no hazard ratio should be shown.
    pub proportionality: ChiSquare,
    /// How many rows.
    pub n: usize,
    /// How many of them have the event.
    pub events: usize,
    /// How many clusters, when they were given.
    pub clusters: Option<usize>,
}

/// The coefficient of one regressor.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HazardCoefficient {
    /// The change of the logarithm of the rate for one more unit.
    pub estimate: f64,
    /// Its standard error; with clusters, that of the sandwich.
    pub standard_error: f64,
    /// Two-sided p-value of "no change".
    pub p: f64,
    /// The 95 % interval.
    pub interval: Interval,
    /// The test that this coefficient does not change over time.
    pub proportionality: ChiSquare,
}

/// Fits a proportional-hazards model by partial likelihood.
///
/// Ties as B. Efron counts them (JASA 72 (1977) 557-565), Newton's method with halved steps. With G clusters
/// the variance is the sandwich of score residuals added up within clusters (D. Y. Lin and L. J. Wei, JASA
/// 84 (1989) 1074-1078), read from Student's t with `G - 1`. Up to 400 clusters the scores are corrected for
/// the pull of each cluster on the estimate, `(1 - I_g I^-1)^-1 U_g`, after L. A. Mancl and T. A. DeRouen,
/// Biometrics 57 (2001) 126-134; above, the sandwich is taken times `G / (G - 1)`. Proportionality: trend of
/// scaled Schoenfeld residuals against the rank of time (P. M. Grambsch and T. M. Therneau, Biometrika 81
/// (1994) 515-526), with clusters against the variance between them, read from Hotelling's F with as many
/// clusters. Source: D. R. Cox, JRSS B 34 (1972)
/// 187-220.
pub fn cox(data: &CoxData) -> Result<CoxFit, StatsError> {
    fit(rows_of(data, TimeRanks::Known)?.as_ref(), data)
}

/// As [`cox`], for rows that are sorted.
pub(crate) fn fit(rows: &dyn HazardRows, data: &CoxData) -> Result<CoxFit, StatsError> {
    let (coefficients, likelihood) = maximise(rows)?;
    // Where the regressors tell which row has each event, the likelihood has no summit: how far the steps
    // went before rounding stopped them means nothing.
    if likelihood.information.diagonal().max() <= LEAST_INFORMATION * rows.events() as f64 {
        return Err(not_converged());
    }
    let inverse = invert(&likelihood.information)?;
    let residuals = rows.residuals(&coefficients);
    let (covariance, df) = if data.clusters.is_some() {
        require_at_least("clusters", 2, rows.clusters())?;
        let steps = corrected_scores(&residuals, &inverse) * &inverse;
        (
            steps.transpose() * &steps,
            Some(rows.clusters() as f64 - 1.0),
        )
    } else {
        (inverse.clone(), None)
    };
    // The covariance of the trend of Schoenfeld residuals; per event, as all had the same.
    let trend_covariance = if data.clusters.is_some() {
        let groups = rows.clusters() as f64;
        let trends = &residuals.cluster_trends;
        let total: DVector<f64> = trends.row_sum().transpose();
        (trends.transpose() * trends - &total * total.transpose() / groups)
            * (groups / (groups - 1.0))
    } else {
        &likelihood.information * (residuals.rank_squares / rows.events() as f64)
    };
    let trend_test = |statistic: f64, tested: usize| {
        // When all events happen at once there is no time to change over.
        let statistic = if statistic.is_finite() {
            statistic
        } else {
            0.0
        };
        let test = ChiSquare::new(statistic, tested, rows.events() as u64);
        let (Some(df), tested) = (df, tested as f64) else {
            return test;
        };
        // The squared t of Hotelling with as many clusters.
        let spare = df + 1.0 - tested;
        let p = if spare > 0.0 {
            f_upper(statistic * spare / (tested * df), tested, spare)
        } else {
            1.0
        };
        ChiSquare { p, ..test }
    };
    let scaled_covariance = &inverse * &trend_covariance * &inverse;
    let joint = trend_covariance.clone().cholesky();
    let joint = joint.map_or(0.0, |it| residuals.trend.dot(&it.solve(&residuals.trend)));
    let scaled_trend = &inverse * &residuals.trend;
    let coefficient = |column: usize| {
        let scale = rows.scales()[column];
        let estimate = coefficients[column] / scale;
        let standard_error = covariance[(column, column)].max(0.0).sqrt() / scale;
        let z = estimate / standard_error;
        let (p, critical) = match df {
            Some(df) => (student_two_sided(z, df), student_97_5(df)),
            None => (normal_two_sided(z), Z_95),
        };
        HazardCoefficient {
            estimate,
            standard_error,
            p,
            interval: Interval {
                low: estimate - critical * standard_error,
                high: estimate + critical * standard_error,
            },
            proportionality: trend_test(
                scaled_trend[column].powi(2) / scaled_covariance[(column, column)],
                1,
            ),
        }
    };
    Ok(CoxFit {
        coefficients: (0..rows.width()).map(coefficient).collect(),
        log_likelihood: likelihood.value,
        proportionality: trend_test(joint, rows.width()),
        n: data.times.len(),
        events: rows.events(),
        clusters: data.clusters.map(|_| rows.clusters()),
    })
}

/// Returns the scores of clusters as if each had not pulled the estimate towards itself.
fn corrected_scores(residuals: &Residuals, inverse: &DMatrix<f64>) -> DMatrix<f64> {
    let groups = residuals.cluster_scores.nrows() as f64;
    let plain = || &residuals.cluster_scores * (groups / (groups - 1.0)).sqrt();
    let Some(information) = &residuals.cluster_information else {
        return plain();
    };
    let mut corrected = residuals.cluster_scores.clone();
    let width = inverse.ncols();
    for (group, own) in information.iter().enumerate() {
        let rest = DMatrix::identity(width, width) - own * inverse;
        let Some(solved) = rest
            .lu()
            .solve(&residuals.cluster_scores.row(group).transpose())
        else {
            // A cluster that alone tells a coefficient cannot be corrected.
            return plain();
        };
        corrected.set_row(group, &solved.transpose());
    }
    corrected
}

fn maximise(rows: &dyn HazardRows) -> Result<(DVector<f64>, Likelihood), StatsError> {
    let mut coefficients = DVector::zeros(rows.width());
    let mut likelihood = rows.likelihood(&coefficients);
    for _ in 0..MOST_ITERATIONS {
        let mut step = invert(&likelihood.information)? * &likelihood.gradient;
        // The square of Newton's decrement is twice what a step can still gain.
        let gain = step.dot(&likelihood.gradient);
        if gain < 1e-18 * (1.0 + likelihood.value.abs()) {
            return Ok((coefficients, likelihood));
        }
        let mut next = &coefficients + &step;
        let mut tried = rows.likelihood(&next);
        while !(tried.value.is_finite()
            && tried.value >= likelihood.value - 1e-9 * likelihood.value.abs())
        {
            step *= 0.5;
            if step.amax().partial_cmp(&1e-14) != Some(std::cmp::Ordering::Greater) {
                return Ok((coefficients, likelihood));
            }
            next = &coefficients + &step;
            tried = rows.likelihood(&next);
        }
        if next.amax() > FARTHEST {
            break;
        }
        let moved = step.amax();
        coefficients = next;
        likelihood = tried;
        if moved < 1e-12 {
            return Ok((coefficients, likelihood));
        }
    }
    Err(not_converged())
}

fn not_converged() -> StatsError {
    StatsError::NotConverged {
        what: "the Cox model",
        iterations: MOST_ITERATIONS,
    }
}

/// Inverts an information matrix of scaled regressors.
fn invert(information: &DMatrix<f64>) -> Result<DMatrix<f64>, StatsError> {
    let collinear = |column: usize| StatsError::Collinear { column };
    let largest = information.diagonal().max();
    let factor = information.clone().cholesky();
    let factor = factor.ok_or_else(|| collinear(information.ncols() - 1))?;
    let lower = factor.l_dirty();
    for column in 0..information.ncols() {
        if lower[(column, column)].powi(2) <= 1e-12 * largest {
            return Err(collinear(column));
        }
    }
    Ok(factor.inverse())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cox_rows::CoxRows;

    /// Rossi's arrests without ties, rows modulo 37 as clusters: the sandwich of lifelines 0.30.3.
    #[test]
    fn the_plain_sandwich_is_the_known_one() {
        let text = include_str!("../tests/it/data/rossi.csv");
        let lines: Vec<Vec<f64>> = text
            .lines()
            .skip(1)
            .map(|line| {
                line.split(',')
                    .map(|cell| cell.parse().expect("a number"))
                    .collect()
            })
            .collect();
        let column = |index: usize| -> Vec<f64> { lines.iter().map(|line| line[index]).collect() };
        let times: Vec<f64> = (0..432)
            .map(|row| lines[row][0] + row as f64 * 1e-4)
            .collect();
        let events: Vec<bool> = lines.iter().map(|line| line[1] == 1.0).collect();
        let columns: Vec<Vec<f64>> = (2..9).map(column).collect();
        let regressors: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let clusters: Vec<u32> = (0..432).map(|row| row % 37).collect();
        let data = CoxData {
            times: &times,
            events: &events,
            regressors: &regressors,
            strata: None,
            clusters: Some(&clusters),
        };
        let rows = CoxRows::new(&data, TimeRanks::Known).expect("valid");
        let (coefficients, likelihood) = maximise(&rows).expect("converges");
        let inverse = invert(&likelihood.information).expect("regular");
        let residuals = Residuals::new(&rows, &coefficients);
        let steps = &residuals.cluster_scores * &inverse;
        let sandwich = steps.transpose() * &steps;
        let want = [
            0.180_552_748,
            0.021_121_744,
            0.233_575_817,
            0.239_139_157,
            0.359_346_160,
            0.182_184_866,
            0.034_439_239,
        ];
        for (column, want) in want.into_iter().enumerate() {
            let error = sandwich[(column, column)].sqrt() / rows.scales()[column];
            assert!(
                (error - want).abs() < 1e-7,
                "{column}: {error} instead of {want}"
            );
        }
        // What the clusters add to the information is all of it.
        let information = residuals.cluster_information.expect("few clusters");
        let sum: DMatrix<f64> = information.iter().sum();
        assert!((sum - likelihood.information).amax() < 1e-8);
    }

    #[test]
    fn arms_without_events_do_not_converge() {
        let data = CoxData {
            times: &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            events: &[true, true, true, false, false, false],
            regressors: &[&[1.0, 1.0, 1.0, 0.0, 0.0, 0.0]],
            strata: None,
            clusters: None,
        };
        assert!(cox(&data).is_err());
        let twice = CoxData {
            regressors: &[
                &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0],
                &[2.0, 1.0, 2.0, 1.0, 2.0, 1.0],
            ],
            ..data
        };
        assert!(matches!(cox(&twice), Err(StatsError::Collinear { .. })));
        let constant = CoxData {
            regressors: &[&[1.0; 6]],
            ..data
        };
        assert_eq!(cox(&constant), Err(StatsError::Collinear { column: 0 }));
    }
}
