//! Intervals of medians and quantiles.

use stats::{ClusteredSample, Resampling};

use crate::chance::{Arms, Chance};
use crate::tally::{RUNS, Tally, report_all};

/// The standard deviation of the made-up values, and the 75 % point of the normal distribution.
const SPREAD: f64 = 1.224_744_871_391_589;
const NORMAL_75: f64 = 0.674_489_750_196_081_7;

#[test]
#[ignore = "a simulation that prints figures"]
fn quantiles_of_clustered_rows() {
    let mut tallies = Vec::new();
    for (authors, mean_size) in [(30, 1), (10, 4), (15, 5), (25, 8), (40, 10), (100, 10)] {
        let mut chance = Chance::new(1);
        let situation = format!("{authors} authors x ~{mean_size}");
        let mut score = Tally::coverage(format!("score median, {situation}"));
        let mut score_75 = Tally::coverage(format!("score p75, {situation}"));
        let mut bootstrap =
            Tally::coverage(format!("bootstrap median, {situation}")).within(80.0, 97.0);
        let resampling = Resampling {
            replicates: 500,
            seed: 2,
        };
        for run in 0..RUNS {
            let rows = chance.rows(authors, mean_size, Arms::Within);
            let sample = ClusteredSample::new(&rows.values, &rows.authors).expect("valid");
            let interval = |p| {
                sample
                    .quantile(p)
                    .expect("valid")
                    .interval
                    .expect("clusters")
            };
            score.covers(interval(0.5), 0.0);
            score_75.covers(interval(0.75), SPREAD * NORMAL_75);
            if run < RUNS / 2 {
                let drawn = sample
                    .bootstrap_quantiles(&[0.5], resampling)
                    .expect("valid");
                bootstrap.covers(drawn[0].interval.expect("clusters"), 0.0);
            }
        }
        tallies.extend([score, score_75, bootstrap]);
    }
    report_all(&tallies);
}
