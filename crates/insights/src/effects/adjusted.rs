//! Step 3, the headline: within author and repository.

use serde::Serialize;
use stats::{
    EffectsCounted, FixedEffects, Interval, Regression, Resampling, StandardErrors, StatsError,
    minimum_detectable_of_interval, wild_cluster_bootstrap,
};

use measures::Metric;

use super::sample::Sample;
use super::{EffectUnit, Gated};
use crate::gates::too_rare;

/// Fewest authors with pull requests in both arms.
const FEWEST_SWITCHERS: usize = 10;
/// Fewest pull requests in each arm.
const FEWEST_IN_ARM: usize = 30;
/// Fewest authors.
const FEWEST_CLUSTERS: usize = 10;
/// Below this many clusters the wild bootstrap takes the place of the usual errors.
const FEW_CLUSTERS: usize = 40;

/// The difference within author and repository.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Adjusted {
    /// The ratio, or the difference of shares.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: Interval,
    /// Two-sided p-value.
    pub p: f64,
    /// Pull requests that entered; those alone in a group do not.
    pub n: usize,
    /// Authors: the clusters.
    pub authors: usize,
    /// Authors with pull requests in both arms: they carry the estimate.
    pub switching_authors: usize,
    /// Repositories with pull requests in both arms.
    pub switching_repos: usize,
    /// The share of variance explained within authors and repositories.
    pub within_r_squared: f64,
    /// The smallest difference that would have shown four times in five.
    pub detectable: Option<f64>,
    /// How uncertainty was computed.
    pub method: &'static str,
}

/// Estimates within author and repository, if there is enough that varies within them.
pub(crate) fn adjusted(sample: &Sample<'_>) -> Gated<Adjusted> {
    let fewest = sample.fewest();
    let refuse =
        |what: String| Gated::refused(format!("cannot separate AI from who uses it: {what}"));
    if fewest < FEWEST_IN_ARM {
        return refuse(format!(
            "one arm has {fewest} pull requests of the {FEWEST_IN_ARM} needed"
        ));
    }
    if let Some(why) = sample.all_alike() {
        return Gated::refused(why);
    }
    if sample.unit == EffectUnit::Points
        && let Some(why) = too_rare(sample.events(), sample.len())
    {
        return Gated::refused(why);
    }
    let switching_authors = sample.people.switching();
    if switching_authors < FEWEST_SWITCHERS {
        return refuse(format!(
            "{switching_authors} authors have pull requests both with and without AI, {FEWEST_SWITCHERS} are needed"
        ));
    }
    let clusters = sample.people.count();
    if clusters < FEWEST_CLUSTERS {
        return refuse(format!("{clusters} authors, {FEWEST_CLUSTERS} are needed"));
    }
    match estimate(sample) {
        Ok(mut adjusted) => {
            adjusted.switching_authors = switching_authors;
            adjusted.switching_repos = sample.switching_repos();
            Gated::Shown(adjusted)
        }
        Err(error) => refuse(error.to_string()),
    }
}

fn estimate(sample: &Sample<'_>) -> Result<Adjusted, StatsError> {
    let Columns {
        factors,
        regressors,
    } = Columns::of(sample);
    let effects = FixedEffects::of_columns(factors)?;
    let regression = Regression::absorbing_columns(sample.scaled.clone(), regressors, &effects)?;
    let fit = regression.fit(StandardErrors::Clustered {
        clusters: &sample.person,
        counting: EffectsCounted::NotNested,
    })?;
    let coefficient =
        (fit.coefficients.first().copied().flatten()).ok_or(StatsError::Constant {
            what: "AI within authors and repositories",
        })?;
    let authors = fit.clusters.unwrap_or(0);
    let (interval, p, method) = if authors < FEW_CLUSTERS {
        let wild = wild_cluster_bootstrap(&regression, 0, &sample.person, Resampling::default())?;
        (
            wild.interval,
            wild.p,
            "fixed effects, wild cluster bootstrap by author",
        )
    } else {
        (
            coefficient.interval,
            coefficient.p,
            "fixed effects, errors clustered by author",
        )
    };
    let is_ratio = sample.unit == EffectUnit::Ratio;
    let shown = |value: f64| if is_ratio { value.exp() } else { value };
    Ok(Adjusted {
        value: shown(coefficient.estimate),
        interval: Interval {
            low: shown(interval.low),
            high: shown(interval.high),
        },
        p,
        n: fit.n,
        authors,
        switching_authors: 0,
        switching_repos: 0,
        within_r_squared: fit.r_squared,
        detectable: minimum_detectable_of_interval(
            0.5 * (interval.high - interval.low),
            coefficient.df,
        )
        .ok()
        .map(shown),
        method,
    })
}

/// What an adjusted estimate needs beside the values.
struct Columns {
    /// Whom, where, when and what: the groups whose effects are absorbed.
    factors: Vec<Vec<u32>>,
    /// Whether it is with AI, which comes first, and what is told apart beside it: drafts, and lines and files
    /// but for sizes themselves; of a count the logarithm of 1 + count, 0 where it is not known, and a column
    /// that says where that is.
    regressors: Vec<Vec<f64>>,
}

impl Columns {
    /// Walks the rows once: each lies elsewhere in the table.
    fn of(sample: &Sample<'_>) -> Self {
        let rows = sample.len();
        let mut groups: [Vec<u32>; 3] = std::array::from_fn(|_| Vec::with_capacity(rows));
        let mut drafts = Vec::with_capacity(rows);
        let mut counts: [Vec<u32>; 2] = std::array::from_fn(|_| Vec::with_capacity(rows));
        let has_counts = sample.metric != Metric::Size;
        for row in sample.packed() {
            let of_row = [row.month.into(), row.kind.into(), row.weekday.into()];
            for (column, group) in groups.iter_mut().zip(of_row) {
                column.push(group);
            }
            drafts.push(f64::from(row.flags.is_draft()));
            if has_counts {
                for (column, count) in counts.iter_mut().zip([row.size, row.files]) {
                    column.push(count);
                }
            }
        }
        let mut with_ai = vec![0.0; rows];
        with_ai[..sample.n_ai].fill(1.0);
        let mut regressors = vec![with_ai, drafts];
        let logs = Logarithms::new();
        for counts in counts.into_iter().filter(|_| has_counts) {
            let log: Vec<f64> = counts.iter().map(|count| logs.of(*count)).collect();
            let unknown = counts.iter().map(|count| f64::from(*count == u32::MAX));
            let unknown: Vec<f64> = unknown.collect();
            regressors.extend([log, unknown].into_iter().filter(|column| varies(column)));
        }
        let repos = sample.stratum.iter().map(|stratum| stratum.repo());
        let mut factors = vec![sample.person.clone(), repos.collect()];
        factors.extend(groups);
        Columns {
            factors,
            regressors,
        }
    }
}

/// Logarithms of 1 + count. Most counts are small, and looked up.
struct Logarithms(Vec<f64>);

impl Logarithms {
    fn new() -> Self {
        Logarithms(
            (0..2_048_u32)
                .map(|count| f64::from(count).ln_1p())
                .collect(),
        )
    }

    /// 0 for what is not known.
    fn of(&self, count: u32) -> f64 {
        if count == u32::MAX {
            return 0.0;
        }
        let known = self.0.get(count as usize).copied();
        known.unwrap_or_else(|| f64::from(count).ln_1p())
    }
}

fn varies(column: &[f64]) -> bool {
    column
        .first()
        .is_some_and(|first| column.iter().any(|value| (value - first).abs() > 0.0))
}
