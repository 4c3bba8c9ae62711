//! Whether a difference called detectable is detected four times in five, and what may be called none.

use stats::{
    EffectsCounted, FixedEffects, Interval, Regression, Resampling, StandardErrors,
    minimum_detectable_of_interval, two_one_sided_tests, wild_cluster_bootstrap,
};

use crate::chance::{Arms, Chance};
use crate::tally::{FEWER_RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn detectable_differences() {
    let mut tallies = Vec::new();
    for (authors, mean_size) in [(10, 6), (12, 6), (20, 6), (40, 6), (100, 6)] {
        let mut chance = Chance::new(71);
        let situation = format!("{authors} authors x ~{mean_size}");
        let mut power =
            Tally::rejection(format!("detectable difference, {situation}")).within(78.0, 82.0);
        let mut margin = Tally::rejection(format!("equivalence at the margin, {situation}"));
        let mut detectable = 0.0;
        // First how large the stated difference is, on average; then how often it is found.
        for phase in 0..2 {
            for run in 0..FEWER_RUNS {
                let mut rows = chance.rows(authors, mean_size, Arms::Within);
                if phase == 1 {
                    rows.add_effect(detectable);
                }
                let Ok(effects) = FixedEffects::new(&[&rows.authors]) else {
                    continue;
                };
                let arm = rows.arm();
                let Ok(regression) = Regression::absorbing(&rows.values, &[&arm], &effects) else {
                    continue;
                };
                let fit = regression.fit(StandardErrors::Clustered {
                    clusters: &rows.authors,
                    counting: EffectsCounted::NotNested,
                });
                let Some(found) = fit.ok().and_then(|fit| fit.coefficients[0]) else {
                    continue;
                };
                let wild = (authors < 40).then(|| {
                    let resampling = Resampling {
                        replicates: 399,
                        seed: 7,
                    };
                    wild_cluster_bootstrap(&regression, 0, &rows.authors, resampling)
                        .expect("valid")
                });
                let (interval, p) = match wild {
                    Some(wild) => (wild.interval, wild.p),
                    None => (found.interval, found.p),
                };
                if phase == 0 {
                    let half_width = 0.5 * (interval.high - interval.low);
                    let stated = minimum_detectable_of_interval(half_width, found.df);
                    let Ok(stated) = stated else { continue };
                    detectable += (stated - detectable) / f64::from(run + 1);
                    // The truth lies on the edge of the margin.
                    let margin_of = Interval {
                        low: -10.0,
                        high: 0.0,
                    };
                    let p = two_one_sided_tests(
                        found.estimate,
                        found.standard_error,
                        Some(found.df),
                        margin_of,
                    );
                    margin.rejects(p.expect("valid"));
                    continue;
                }
                power.rejects(p);
            }
        }
        tallies.extend([power, margin]);
    }
    report_all(&tallies);
}
