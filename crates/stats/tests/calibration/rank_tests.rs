//! Mann-Whitney, Hodges-Lehmann and Spearman.

use stats::{
    Clustered, hodges_lehmann, hodges_lehmann_clustered, mann_whitney, mann_whitney_clustered,
    spearman,
};

use crate::chance::{Arms, Chance};
use crate::tally::{RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn independent_rows() {
    let mut chance = Chance::new(3);
    let mut tallies = Vec::new();
    for (n, m) in [(30, 30), (30, 200), (15, 20)] {
        let mut rejection = Tally::rejection(format!("Mann-Whitney, {n} against {m}"));
        let mut coverage = Tally::coverage(format!("Hodges-Lehmann, {n} against {m}"));
        for _ in 0..RUNS {
            let first: Vec<f64> = chance.normals(n).into_iter().map(|it| it + 0.5).collect();
            let second = chance.normals(m);
            coverage.covers(
                hodges_lehmann(&first, &second).expect("valid").interval,
                0.5,
            );
            let moved: Vec<f64> = first.iter().map(|it| it - 0.5).collect();
            rejection.rejects(mann_whitney(&moved, &second).expect("valid").p);
        }
        tallies.extend([rejection, coverage]);
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn rows_in_clusters() {
    let mut tallies = Vec::new();
    for arms in [Arms::Within, Arms::Between] {
        for (authors, mean_size) in [(60, 1), (10, 6), (14, 6), (20, 6), (40, 10), (100, 10)] {
            let mut chance = Chance::new(4);
            let name = if arms == Arms::Within {
                "within"
            } else {
                "between"
            };
            let situation = format!("arms {name} {authors} authors x ~{mean_size}");
            let mut plain =
                Tally::rejection(format!("plain Mann-Whitney, {situation}")).within(0.0, 60.0);
            let mut clustered = Tally::rejection(format!("clustered Mann-Whitney, {situation}"));
            let mut coverage = Tally::coverage(format!("clustered Hodges-Lehmann, {situation}"));
            for _ in 0..RUNS {
                let mut rows = chance.rows(authors, mean_size, arms);
                let (first, second) = rows.split(&rows.values);
                let (of_first, of_second) = rows.split(&rows.authors);
                if first.len() < 3 || second.len() < 3 {
                    continue;
                }
                let pair = |values, clusters| Clustered { values, clusters };
                plain.rejects(mann_whitney(&first, &second).expect("valid").p);
                let Ok(test) =
                    mann_whitney_clustered(pair(&first, &of_first), pair(&second, &of_second))
                else {
                    continue;
                };
                clustered.rejects(test.p);
                rows.add_effect(0.5);
                let (first, second) = rows.split(&rows.values);
                let shift =
                    hodges_lehmann_clustered(pair(&first, &of_first), pair(&second, &of_second));
                coverage.covers(shift.expect("valid").interval, 0.5);
            }
            tallies.extend([plain, clustered, coverage]);
        }
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn correlations() {
    let mut tallies = Vec::new();
    for n in [10, 30, 100] {
        for pearson in [0.0, 0.5, 0.8] {
            let mut chance = Chance::new(5);
            // The rank correlation of two normal columns.
            let truth = 6.0 / std::f64::consts::PI * (pearson / 2.0_f64).asin();
            let mut coverage =
                Tally::coverage(format!("Spearman {truth:.2}, Bonett-Wright, {n} pairs"));
            let mut rejection = Tally::rejection(format!("Spearman, {n} pairs"));
            for _ in 0..RUNS {
                let x = chance.normals(n);
                let noise = chance.normals(n);
                let rest = f64::sqrt(1.0 - pearson * pearson);
                let y: Vec<f64> = x
                    .iter()
                    .zip(noise)
                    .map(|(x, e)| pearson * x + rest * e)
                    .collect();
                let result = spearman(&x, &y).expect("valid");
                coverage.covers(result.interval, truth);
                rejection.rejects(result.p);
            }
            tallies.push(coverage);
            if pearson == 0.0 {
                tallies.push(rejection);
            }
        }
    }
    report_all(&tallies);
}
