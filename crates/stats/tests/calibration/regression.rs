//! Regression with clusters, and the wild cluster bootstrap.

use stats::{
    EffectsCounted, FixedEffects, Regression, Resampling, StandardErrors, wild_cluster_bootstrap,
};

use crate::chance::{Arms, Chance};
use crate::tally::{FEWER_RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn effects_within_authors() {
    let mut tallies = Vec::new();
    for (authors, mean_size) in [(10, 6), (12, 6), (20, 6), (39, 6), (40, 6), (100, 10)] {
        let mut chance = Chance::new(6);
        let situation = format!("{authors} authors x ~{mean_size}");
        let band = if authors < 40 {
            (85.0, 97.0)
        } else {
            (93.0, 97.0)
        };
        let mut sandwich =
            Tally::coverage(format!("CR1, authors absorbed, {situation}")).within(band.0, band.1);
        let mut pooled =
            Tally::coverage(format!("CR1, pooled, {situation}")).within(band.0, band.1);
        let mut wild = Tally::coverage(format!("wild bootstrap, authors absorbed, {situation}"));
        let mut wild_test =
            Tally::rejection(format!("wild bootstrap, authors absorbed, {situation}"));
        let resampling = Resampling {
            replicates: 399,
            seed: 7,
        };
        for _ in 0..FEWER_RUNS {
            let mut rows = chance.rows(authors, mean_size, Arms::Within);
            let size: Vec<f64> = rows.values.iter().map(|_| chance.normal()).collect();
            for ((value, size), author) in rows.values.iter_mut().zip(&size).zip(&rows.authors) {
                // Authors differ in how much size matters, so that errors depend on each other.
                *value += 0.3 * size + 0.3 * size * f64::from(author % 3);
            }
            let null = rows.values.clone();
            rows.add_effect(0.4);
            let Ok(effects) = FixedEffects::new(&[&rows.authors]) else {
                continue;
            };
            let arm = rows.arm();
            let regressors: [&[f64]; 2] = [&arm, &size];
            let clusters = StandardErrors::Clustered {
                clusters: &rows.authors,
                counting: EffectsCounted::NotNested,
            };
            let Ok(regression) = Regression::absorbing(&rows.values, &regressors, &effects) else {
                continue;
            };
            let Ok(fit) = regression.fit(clusters) else {
                continue;
            };
            let Some(coefficient) = fit.coefficients[0] else {
                continue;
            };
            sandwich.covers(coefficient.interval, 0.4);
            let plain = Regression::new(&rows.values, &regressors).expect("valid");
            let plain = plain.fit(clusters).expect("valid").coefficients[1].expect("varies");
            pooled.covers(plain.interval, 0.4);
            if authors < 40 {
                let judged = wild_cluster_bootstrap(&regression, 0, &rows.authors, resampling);
                wild.covers(judged.expect("valid").interval, 0.4);
                let of_null = Regression::absorbing(&null, &regressors, &effects).expect("valid");
                let judged = wild_cluster_bootstrap(&of_null, 0, &rows.authors, resampling);
                wild_test.rejects(judged.expect("valid").p);
            }
        }
        tallies.extend([sandwich, pooled]);
        if authors < 40 {
            tallies.extend([wild, wild_test]);
        }
    }
    report_all(&tallies);
}
