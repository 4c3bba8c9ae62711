//! Trends and change points.

use stats::{change_points_of_shares, cochran_armitage, mann_kendall};

use crate::chance::Chance;
use crate::tally::{RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn series_of_months() {
    let mut tallies = Vec::new();
    for months in [4_u32, 6, 9, 12, 24] {
        for (kind, fewest, overdispersed) in [
            ("binomial", 20, false),
            ("overdispersed", 20, true),
            ("few", 5, false),
        ] {
            let mut chance = Chance::new(12);
            let situation = format!("{months} months, {kind}");
            let mut trend =
                Tally::rejection(format!("Cochran-Armitage, {situation}")).within(4.0, 6.0);
            // Steps are asked for from 6 months on.
            let mut steps = Tally::rejection(format!("change points, {situation}"));
            for _ in 0..RUNS {
                let times: Vec<f64> = (0..months).map(f64::from).collect();
                let (mut successes, mut totals) = (vec![], vec![]);
                for _ in 0..months {
                    let total = fewest + chance.below(2 * fewest);
                    let level = if overdispersed {
                        0.5 * chance.normal()
                    } else {
                        0.0
                    };
                    let share = 1.0 / (1.0 + (0.8 - level).exp());
                    successes.push((0..total).filter(|_| chance.happens(share)).count() as u64);
                    totals.push(u64::from(total));
                }
                // The gate.
                let found: u64 = successes.iter().sum();
                if found.min(totals.iter().sum::<u64>() - found) < 10 {
                    continue;
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
        if months < 9 {
            continue;
        }
        let mut chance = Chance::new(13);
        let mut trend = Tally::rejection(format!("Mann-Kendall, {months} months"));
        let mut slope = Tally::coverage(format!("Sen slope, {months} months"));
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

/// Where there is one step, a second one is found in 5 % at most.
#[test]
#[ignore = "a simulation that prints figures"]
fn steps_beyond_the_true_one() {
    let mut tallies = Vec::new();
    for months in [8_u32, 12, 24] {
        let mut chance = Chance::new(15);
        let mut more = Tally::rejection(format!("a second step of one, {months} months"));
        for _ in 0..RUNS {
            let (mut successes, mut totals) = (vec![], vec![]);
            for month in 0..months {
                let total = 40 + chance.below(40);
                let share = if month < months / 2 { 0.1 } else { 0.6 };
                successes.push((0..total).filter(|_| chance.happens(share)).count() as u64);
                totals.push(u64::from(total));
            }
            let found = change_points_of_shares(&successes, &totals).expect("valid");
            if found.segments.len() > 1 {
                more.count(found.segments.len() > 2);
            }
        }
        tallies.push(more);
    }
    report_all(&tallies);
}
