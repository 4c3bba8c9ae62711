//! Do groups differ in how long something takes?

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

use crate::codes::DenseCodes;
use crate::cox::{CoxData, CoxFit, fit};
use crate::cox_rows::{HazardRows, TimeRanks, rows_of};
use crate::distribution::f_upper;
use crate::error::{StatsError, require_at_least, require_length};
use crate::kaplan_meier::check_times;
use crate::several_groups::ChiSquare;

/// Tests whether groups have the same survival curve, within strata when they are given.
///
/// For each group `sum over event times of d_g - d Y_g / Y`, with the hypergeometric covariance, added up
/// over strata; chi-square with groups less 1. Sources: N. Mantel, Cancer Chemotherapy Reports 50 (1966)
/// 163-170; R. Peto and J. Peto, JRSS A 135 (1972) 185-207. It takes every row as independent;
/// [`log_rank_clustered`] does not. O(n log n + n groups^2).
pub fn log_rank(
    times: &[f64],
    events: &[bool],
    groups: &[u32],
    strata: Option<&[u32]>,
) -> Result<ChiSquare, StatsError> {
    check_times(times, events.len())?;
    require_length("groups", times.len(), groups.len())?;
    let groups = DenseCodes::new(groups);
    require_at_least("groups", 2, groups.groups)?;
    let no_strata = vec![0; times.len()];
    let strata = strata.unwrap_or(&no_strata);
    require_length("strata", times.len(), strata.len())?;
    let mut order: Vec<u32> = (0..times.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| {
        let (a, b) = (a as usize, b as usize);
        strata[a]
            .cmp(&strata[b])
            .then(times[b].total_cmp(&times[a]))
    });
    let width = groups.groups;
    let mut excess = DVector::<f64>::zeros(width);
    let mut covariance = DMatrix::<f64>::zeros(width, width);
    for of_stratum in order.chunk_by(|&a, &b| strata[a as usize] == strata[b as usize]) {
        let mut at_risk = vec![0.0; width];
        let mut all = 0.0;
        for tied in of_stratum.chunk_by(|&a, &b| times[a as usize] == times[b as usize]) {
            let mut deaths = 0.0;
            for &row in tied {
                let group = groups.codes[row as usize] as usize;
                at_risk[group] += 1.0;
                all += 1.0;
                if events[row as usize] {
                    deaths += 1.0;
                    excess[group] += 1.0;
                }
            }
            if deaths == 0.0 {
                continue;
            }
            for (group, count) in at_risk.iter().enumerate() {
                excess[group] -= deaths * count / all;
            }
            if all > 1.0 {
                let factor = deaths * (all - deaths) / (all - 1.0);
                for column in 0..width {
                    let share = at_risk[column] / all;
                    covariance[(column, column)] += factor * share;
                    for row in 0..width {
                        covariance[(row, column)] -= factor * share * at_risk[row] / all;
                    }
                }
            }
        }
    }
    // The excesses add up to zero, so that the last one tells nothing.
    let shape = (width - 1, width - 1);
    let solved = covariance.view((0, 0), shape).into_owned().cholesky();
    let solved = solved.ok_or(StatsError::Constant {
        what: "events within strata",
    })?;
    let excess = excess.rows(0, width - 1).into_owned();
    let statistic = excess.dot(&solved.solve(&excess));
    let rows = times.len() as u64;
    Ok(ChiSquare::new(statistic, width - 1, rows))
}

/// Tests whether groups have the same survival curve when rows come in clusters.
///
/// As [`log_rank`], but what rows of a cluster share is added to the covariance: the products of the score
/// residuals of a Cox model without any effect, added up within clusters, less those of single rows. (The
/// sandwich alone is too small below about 100 events.) The statistic is scaled to an F with groups less 1
/// and clusters less groups plus 1 degrees of freedom, as Hotelling's. Source of the residuals: D. Y. Lin
/// and L. J. Wei, JASA 84 (1989) 1074-1078.
pub fn log_rank_clustered(
    times: &[f64],
    events: &[bool],
    groups: &[u32],
    strata: Option<&[u32]>,
    clusters: &[u32],
) -> Result<ChiSquare, StatsError> {
    require_length("groups", times.len(), groups.len())?;
    let codes = DenseCodes::new(groups);
    require_at_least("groups", 2, codes.groups)?;
    let of_group = |group: usize| -> Vec<f64> {
        let belongs = |&code: &u32| f64::from(u8::from(code as usize == group));
        codes.codes.iter().map(belongs).collect()
    };
    let columns: Vec<Vec<f64>> = (1..codes.groups).map(of_group).collect();
    let regressors: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    log_rank_of_regressors(&CoxData {
        times,
        events,
        regressors: &regressors,
        strata,
        clusters: Some(clusters),
    })
}

/// As [`log_rank_clustered`], the groups given as the regressors of a Cox model: 1 in its group and 0
/// elsewhere, for each group but one. Needs clusters.
pub fn log_rank_of_regressors(data: &CoxData) -> Result<ChiSquare, StatsError> {
    score_test(
        rows_of(data, TimeRanks::Skipped)?.as_ref(),
        data.times.len(),
    )
}

/// Returns what [`log_rank_of_regressors`] and [`crate::cox()`] do of the same rows, which are sorted once for both.
pub fn log_rank_and_cox(
    data: &CoxData,
) -> (Result<ChiSquare, StatsError>, Result<CoxFit, StatsError>) {
    match rows_of(data, TimeRanks::Known) {
        Ok(rows) => (
            score_test(rows.as_ref(), data.times.len()),
            fit(rows.as_ref(), data),
        ),
        Err(error) => (Err(error.clone()), Err(error)),
    }
}

/// The test of no effect by the scores of clusters; `n` rows.
fn score_test(rows: &dyn HazardRows, n: usize) -> Result<ChiSquare, StatsError> {
    let width = rows.width();
    require_at_least("clusters", width + 1, rows.clusters())?;
    let no_effect = DVector::zeros(width);
    let residuals = rows.residuals(&no_effect);
    let scores = &residuals.cluster_scores;
    let score: DVector<f64> = scores.row_sum().transpose();
    let clusters = rows.clusters() as f64;
    let between = spread(scores.transpose() * scores, &score, clusters);
    let single = spread(residuals.row_products, &score, n as f64);
    let independent = rows.likelihood(&no_effect).information;
    // Rows that happen to repel each other within clusters can make the sum indefinite.
    let scale = independent.diagonal().max();
    let solved =
        regular(independent + &between - single, scale).or_else(|| regular(between, scale));
    let solved = solved.ok_or(StatsError::Constant {
        what: "events within clusters",
    })?;
    let statistic = score.dot(&solved.solve(&score));
    let df = width as f64;
    let spare = clusters - df;
    let f = statistic * spare / (df * (clusters - 1.0));
    Ok(ChiSquare {
        p: f_upper(f, df, spare),
        ..ChiSquare::new(statistic, width, n as u64)
    })
}

/// Factors a covariance unless it is singular but for rounding, which the order of rows would decide.
fn regular(covariance: DMatrix<f64>, scale: f64) -> Option<Cholesky<f64, Dyn>> {
    let factor = covariance.cholesky()?;
    let smallest = factor.l_dirty().diagonal().min();
    (smallest * smallest > 1e-6 * scale).then_some(factor)
}

/// Takes the mean off a sum of products of `count` parts, and makes the sum unbiased.
fn spread(products: DMatrix<f64>, total: &DVector<f64>, count: f64) -> DMatrix<f64> {
    (products - total * total.transpose() / count) * (count / (count - 1.0))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn groups_without_contrast_are_refused() {
        assert!(log_rank(&[1.0, 2.0], &[true; 2], &[1, 1], None).is_err());
        assert!(log_rank(&[1.0, 2.0], &[false; 2], &[1, 2], None).is_err());
        assert!(log_rank(&[1.0, 2.0], &[true; 2], &[1, 2], Some(&[1, 2])).is_err());
        assert!(log_rank_clustered(&[1.0, 2.0], &[true; 2], &[1, 2], None, &[1]).is_err());
        assert!(log_rank_clustered(&[1.0, 2.0], &[false; 2], &[1, 2], None, &[1, 2]).is_err());
    }

    /// With a cluster for each row and no ties, both variances estimate the same.
    #[test]
    fn clusters_of_one_are_independent_rows() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let times: Vec<f64> = (0..2000).map(|_| rng.random()).collect();
        let events: Vec<bool> = (0..2000).map(|_| rng.random_bool(0.8)).collect();
        let groups: Vec<u32> = (0..2000).map(|_| rng.random_range(0..3)).collect();
        let rows: Vec<u32> = (0..2000).collect();
        let plain = log_rank(&times, &events, &groups, None).expect("valid");
        let clustered = log_rank_clustered(&times, &events, &groups, None, &rows).expect("valid");
        assert_eq!(plain.df, 2);
        assert!(
            (clustered.statistic / plain.statistic - 1.0).abs() < 0.2,
            "{plain:?} {clustered:?}"
        );
    }
}
