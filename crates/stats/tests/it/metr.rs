//! METR's randomised trial of early 2025 (arXiv 2507.09089), `data_complete.csv` of
//! METR/Measuring-Early-2025-AI-on-Exp-OSS-Devs, computed with scipy 1.17.1 and statsmodels 0.15.0.

use stats::{
    ClusteredSample, EffectsCounted, FixedEffects, Regression, StandardErrors,
    hodges_lehmann_ratio, kendall, mann_whitney, spearman,
};

use crate::close_to::{close_to, same_digits};
use crate::shared_data::{Table, shared_file};

/// The 246 tasks. A missing review time is the mean of its arm.
struct Trial {
    with_ai: Vec<bool>,
    total_minutes: Vec<f64>,
    forecast_minutes: Vec<f64>,
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
        forecast_minutes: table
            .numbers("predicted_time_no_ai")
            .into_iter()
            .flatten()
            .collect(),
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

fn check_row(trial: &Trial, errors: StandardErrors, want: [f64; 3]) {
    let fit = trial.regression().fit(errors).expect("valid");
    for (coefficient, want) in fit.coefficients.iter().zip(want) {
        let coefficient = coefficient.expect("not dropped");
        close_to(coefficient.standard_error, want, 5.1e-9);
    }
}

impl Trial {
    fn columns(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let logs = |minutes: &[f64]| -> Vec<f64> { minutes.iter().map(|it| it.ln()).collect() };
        let arm = |with_ai: &bool| f64::from(u8::from(*with_ai));
        (
            logs(&self.total_minutes),
            self.with_ai.iter().map(arm).collect(),
            logs(&self.forecast_minutes),
        )
    }

    fn regression(&self) -> Regression<'static> {
        let (total, arm, forecast) = self.columns();
        Regression::new(&total, &[&arm, &forecast]).expect("valid")
    }
}

#[test]
fn adjusted_contrast() {
    let Some(trial) = trial() else { return };
    let fit = trial
        .regression()
        .fit(StandardErrors::Classical)
        .expect("valid");
    let want = [0.484_234_33, 0.172_607_82, 0.851_330_80];
    for (coefficient, want) in fit.coefficients.iter().zip(want) {
        close_to(coefficient.expect("not dropped").estimate, want, 5.1e-9);
    }
    close_to(fit.r_squared, 0.473_041_28, 5.1e-9);
    let with_ai = fit.coefficients[1].expect("not dropped");
    close_to(with_ai.estimate.exp_m1(), 0.188, 5.1e-4);
    let clustered = StandardErrors::Clustered {
        clusters: &trial.developers,
        counting: EffectsCounted::All,
    };
    check_row(
        &trial,
        StandardErrors::Classical,
        [0.268_553_24, 0.081_698_53, 0.058_506_65],
    );
    check_row(
        &trial,
        StandardErrors::Hc0,
        [0.263_493_46, 0.080_450_83, 0.058_624_01],
    );
    check_row(
        &trial,
        StandardErrors::Hc1,
        [0.265_114_97, 0.080_945_92, 0.058_984_78],
    );
    check_row(
        &trial,
        StandardErrors::Hc3,
        [0.268_256_63, 0.081_467_31, 0.059_672_29],
    );
    check_row(
        &trial,
        clustered,
        [0.239_625_13, 0.079_809_21, 0.054_983_85],
    );
    // The printed intervals of exp(beta) - 1 are at normal quantiles.
    let printed = [
        (StandardErrors::Classical, 0.013, 0.395),
        (StandardErrors::Hc3, 0.013, 0.394),
        (clustered, 0.016, 0.390),
    ];
    for (errors, low, high) in printed {
        let fit = trial.regression().fit(errors).expect("valid");
        let it = fit.coefficients[1].expect("not dropped");
        let end = |z: f64| (it.estimate + z * it.standard_error).exp_m1();
        close_to(end(-1.959_964), low, 5.1e-4);
        close_to(end(1.959_964), high, 5.1e-4);
    }
}

#[test]
fn effects_of_developers_absorbed() {
    let Some(trial) = trial() else { return };
    let (total, arm, forecast) = trial.columns();
    let effects = FixedEffects::new(&[&trial.developers]).expect("valid");
    let regression = Regression::absorbing(&total, &[&arm, &forecast], &effects).expect("valid");
    let of_arm = |errors| regression.fit(errors).expect("valid").coefficients[0].expect("varies");
    let classical = of_arm(StandardErrors::Classical);
    same_digits(classical.estimate, 0.139_115_427_178_142_57, 13);
    same_digits(classical.standard_error, 0.078_391_180_763_806_15, 13);
    close_to(classical.estimate.exp_m1(), 0.149_256_747_811_237_88, 1e-13);
    let clustered = of_arm(StandardErrors::Clustered {
        clusters: &trial.developers,
        counting: EffectsCounted::All,
    });
    same_digits(clustered.standard_error, 0.091_662_288_465_619_25, 13);
}

/// The developers' forecast with AI allowed or not, against the time it took.
#[test]
fn forecast_and_actual_time() {
    let Some(trial) = trial() else { return };
    let spearman = spearman(&trial.forecast_minutes, &trial.total_minutes).expect("valid");
    same_digits(spearman.rho, 0.668_234_751_413_035_1, 14);
    same_digits(spearman.p, 3.447_089_413_019_585e-33, 11);
    close_to(spearman.interval.low, 0.583_982_867_980_530_5, 1e-14);
    close_to(spearman.interval.high, 0.738_243_572_407_721_1, 1e-14);
    close_to(spearman.fisher_interval.low, 0.592_698_126_843_890_2, 1e-14);
    close_to(
        spearman.fisher_interval.high,
        0.732_118_821_377_428_6,
        1e-14,
    );
    let kendall = kendall(&trial.forecast_minutes, &trial.total_minutes).expect("valid");
    same_digits(kendall.tau, 0.505_340_820_754_232_5, 14);
    same_digits(kendall.p, 1.129_768_299_680_474_9e-29, 12);
}
