//! METR's randomised trial of early 2025 (arXiv 2507.09089), `data_complete.csv` of
//! METR/Measuring-Early-2025-AI-on-Exp-OSS-Devs, computed with scipy 1.17.1 and statsmodels 0.15.0.

use stats::{ClusteredSample, hodges_lehmann_ratio, mann_whitney};

use crate::close_to::{close_to, same_digits};
use crate::shared_data::{Table, shared_file};

/// The 246 tasks. A missing review time is the mean of its arm.
struct Trial {
    with_ai: Vec<bool>,
    total_minutes: Vec<f64>,
    developers: Vec<u32>,
}

fn trial() -> Option<Trial> {
    let file = shared_file("stats/metr_data_complete.csv")?;
    let table = Table::parse(&std::fs::read_to_string(file).expect("readable"));
    let with_ai: Vec<bool> = table
        .numbers("ai_treatment")
        .into_iter()
        .map(|arm| arm == Some(1.0))
        .collect();
    let implementation = table.numbers("initial_implementation_time");
    let review = table.numbers("post_review_implementation_time");
    let arm_mean = |arm: bool| {
        let known = review.iter().zip(&with_ai).filter(|it| *it.1 == arm);
        let known: Vec<f64> = known.filter_map(|it| *it.0).collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let means = [arm_mean(false), arm_mean(true)];
    let total = |row: usize| {
        let review = review[row].unwrap_or(means[usize::from(with_ai[row])]);
        implementation[row].expect("every task has one") + review
    };
    let total_minutes = (0..with_ai.len()).map(total).collect();
    Some(Trial {
        with_ai,
        total_minutes,
        developers: table.codes("dev_id"),
    })
}

#[test]
fn total_time_by_arm() {
    let Some(trial) = trial() else { return };
    let arm = |wanted: bool| -> Vec<f64> {
        let rows = trial.total_minutes.iter().zip(&trial.with_ai);
        rows.filter(|it| *it.1 == wanted).map(|it| *it.0).collect()
    };
    let (with_ai, without) = (arm(true), arm(false));
    assert_eq!((with_ai.len(), without.len()), (136, 110));
    let test = mann_whitney(&with_ai, &without).expect("valid");
    assert_eq!(test.u, 8460.0);
    same_digits(test.p, 0.077_522_568_403_878_9, 14);
    close_to(test.cliffs_delta, 0.131_016_042_780_748_52, 1e-15);
    let ratio = hodges_lehmann_ratio(&with_ai, &without).expect("valid");
    close_to(ratio.estimate.ln(), 0.198_450_938_723_838_45, 1e-14);
}

#[test]
fn the_interval_of_the_median_counts_developers() {
    let Some(trial) = trial() else { return };
    let sample = ClusteredSample::new(&trial.total_minutes, &trial.developers).expect("valid");
    let median = sample.quantile(0.5).expect("valid");
    assert_eq!((median.n, median.clusters), (246, 16));
    let interval = median.interval.expect("16 clusters");
    assert!(interval.low < median.estimate && median.estimate < interval.high);
}
