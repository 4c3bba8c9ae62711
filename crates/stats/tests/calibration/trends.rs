//! Trends and change points.

use stats::{change_points_of_shares, cochran_armitage, mann_kendall};

use crate::chance::Chance;
use crate::tally::{RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn series_of_months() {
    let mut tallies = Vec::new();
    for months in [4_u32, 6, 12, 24] {
        for overdispersed in [false, true] {
            let mut chance = Chance::new(12);
            let kind = if overdispersed {
                "overdispersed"
            } else {
                "binomial"
            };
            let situation = format!("{months} months, {kind}");
            let mut trend =
                Tally::rejection(format!("Cochran-Armitage, {situation}")).within(4.0, 6.0);
            // Steps are asked for from 6 months on.
            let mut steps =
                Tally::rejection(format!("change points, {situation}")).within(0.0, 6.0);
            for _ in 0..RUNS {
                let times: Vec<f64> = (0..months).map(f64::from).collect();
                let (mut successes, mut totals) = (vec![], vec![]);
                for _ in 0..months {
                    let total = 20 + chance.below(40);
                    let level = if overdispersed {
                        0.5 * chance.normal()
                    } else {
                        0.0
                    };
                    let share = 1.0 / (1.0 + (0.8 - level).exp());
                    successes.push((0..total).filter(|_| chance.happens(share)).count() as u64);
                    totals.push(u64::from(total));
                }
                trend.rejects(
                    cochran_armitage(&times, &successes, &totals)
                        .expect("valid")
                        .p,
                );
                let found = change_points_of_shares(&successes, &totals).expect("valid");
                steps.count(found.segments.len() > 1);
            }
            tallies.push(trend);
            if months >= 6 {
                tallies.push(steps);
            }
        }
        if months < 6 {
            continue;
        }
        // Over 6 months the statistic has few values: 5 % is not among its levels.
        let mut chance = Chance::new(13);
        let mut trend = Tally::rejection(format!("Mann-Kendall, {months} months")).within(1.0, 6.0);
        let mut slope = Tally::coverage(format!("Sen slope, {months} months")).within(93.0, 99.0);
        for _ in 0..RUNS {
            let times: Vec<f64> = (0..months).map(f64::from).collect();
            let values = chance.normals(months as usize);
            let judged = mann_kendall(&times, &values).expect("valid");
            trend.rejects(judged.p);
            slope.covers(judged.interval, 0.0);
        }
        tallies.extend([trend, slope]);
    }
    report_all(&tallies);
}
