//! The methods behind the headlines, on a million made-up rows: heavy tails, ties, clusters of all sizes.
//!
//! One sample for each, since a run takes longer than what disturbs it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use stats::{
    Clustered, ClusteredSample, CoxData, EffectsCounted, FixedEffects, KaplanMeier, Regression,
    StandardErrors, Stratified, compare_clustered, cox, log_rank_clustered, median,
    van_elteren_clustered,
};

const ROWS: usize = 1_000_000;
const AUTHORS: u32 = 20_000;
const REPOSITORIES: u32 = 400;
const MONTHS: u32 = 24;

fn main() {
    divan::main();
}

/// Columns of a comparison: the first `split` rows are one arm.
struct Rows {
    /// Logarithms of seconds, as comparisons have them.
    logs: Vec<f64>,
    seconds: Vec<f64>,
    events: Vec<bool>,
    first: Vec<bool>,
    authors: Vec<u32>,
    repositories: Vec<u32>,
    months: Vec<u32>,
    sizes: Vec<f64>,
    split: usize,
}

fn rows() -> Rows {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut rows = Rows {
        logs: Vec::new(),
        seconds: Vec::new(),
        events: Vec::new(),
        first: Vec::new(),
        authors: Vec::new(),
        repositories: Vec::new(),
        months: Vec::new(),
        sizes: Vec::new(),
        split: ROWS / 4,
    };
    for row in 0..ROWS {
        // Sums of uniform numbers are near enough to normal.
        let mut normal = || (0..6).map(|_| rng.random::<f64>()).sum::<f64>() - 3.0;
        let is_first = row < rows.split;
        let seconds = (9.5 + 2.5 * normal() - 0.2 * f64::from(u8::from(is_first)))
            .exp()
            .ceil();
        let size = (4.0 + 1.5 * normal()).exp().ceil();
        rows.logs.push((seconds + 60.0).ln());
        rows.seconds.push(seconds);
        rows.sizes.push(size.ln_1p());
        rows.first.push(is_first);
        rows.events.push(rng.random_bool(0.7));
        // The busiest of everything have most of the rows.
        let mut skewed = |count: u32| (rng.random::<f64>().powi(3) * f64::from(count)) as u32;
        rows.authors.push(skewed(AUTHORS));
        rows.repositories.push(skewed(REPOSITORIES));
        rows.months.push(rng.random_range(0..MONTHS));
    }
    rows
}

impl Rows {
    fn arm(&self, is_first: bool) -> Clustered<'_> {
        let (values, others) = self.logs.split_at(self.split);
        let (clusters, other_clusters) = self.authors.split_at(self.split);
        if is_first {
            Clustered { values, clusters }
        } else {
            Clustered {
                values: others,
                clusters: other_clusters,
            }
        }
    }
}

#[divan::bench(sample_count = 3)]
fn median_by_selection(bencher: divan::Bencher) {
    let rows = rows();
    bencher.bench(|| median(&rows.logs));
}

#[divan::bench(sample_count = 3)]
fn median_with_clustered_interval(bencher: divan::Bencher) {
    let rows = rows();
    bencher.bench(|| ClusteredSample::new(&rows.logs, &rows.authors)?.quantile(0.5));
}

#[divan::bench(sample_count = 3)]
fn shift_and_ranks_clustered(bencher: divan::Bencher) {
    let rows = rows();
    bencher.bench(|| compare_clustered(rows.arm(true), rows.arm(false)));
}

#[divan::bench(sample_count = 3)]
fn van_elteren_by_repository(bencher: divan::Bencher) {
    let rows = rows();
    bencher.bench(|| {
        let columns = Stratified {
            values: &rows.logs,
            first: &rows.first,
            strata: &rows.repositories,
        };
        van_elteren_clustered(columns, &rows.authors)
    });
}

#[divan::bench(sample_count = 3)]
fn regression_within_authors_and_repositories(bencher: divan::Bencher) {
    let rows = rows();
    let first: Vec<f64> = rows.first.iter().copied().map(f64::from).collect();
    bencher.bench(|| {
        let effects = FixedEffects::new(&[&rows.authors, &rows.repositories, &rows.months])?;
        let regression = Regression::absorbing(&rows.logs, &[&first, &rows.sizes], &effects)?;
        regression.fit(StandardErrors::Clustered {
            clusters: &rows.authors,
            counting: EffectsCounted::NotNested,
        })
    });
}

#[divan::bench(sample_count = 3)]
fn kaplan_meier_clustered(bencher: divan::Bencher) {
    let rows = rows();
    bencher.bench(|| {
        let curve = KaplanMeier::clustered(&rows.seconds, &rows.events, &rows.authors)?;
        Ok::<_, stats::StatsError>(curve.median())
    });
}

#[divan::bench(sample_count = 3)]
fn log_rank_by_repository(bencher: divan::Bencher) {
    let rows = rows();
    let groups: Vec<u32> = rows.first.iter().map(|first| u32::from(*first)).collect();
    bencher.bench(|| {
        log_rank_clustered(
            &rows.seconds,
            &rows.events,
            &groups,
            Some(&rows.repositories),
            &rows.authors,
        )
    });
}

#[divan::bench(sample_count = 3)]
fn cox_by_repository(bencher: divan::Bencher) {
    let rows = rows();
    let first: Vec<f64> = rows.first.iter().copied().map(f64::from).collect();
    bencher.bench(|| {
        cox(&CoxData {
            times: &rows.seconds,
            events: &rows.events,
            regressors: &[&first],
            strata: Some(&rows.repositories),
            clusters: Some(&rows.authors),
        })
    });
}
