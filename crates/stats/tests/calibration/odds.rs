//! Wilson's interval, and odds within strata down to rare events.

use stats::{mantel_haenszel_clustered, wilson};

use crate::chance::{Arms, Chance};
use crate::tally::{RUNS, Tally, report_all};

/// The share of samples whose interval holds the share, over all shares from 0 to 1 alike.
#[test]
#[ignore = "a simulation that prints figures"]
fn wilson_over_all_shares() {
    let mut tallies = Vec::new();
    for n in [5_u64, 10, 20, 50, 200] {
        let mut chance = Chance::new(61);
        let mut tally = Tally::coverage(format!("Wilson, {n} pull requests, any share"));
        for _ in 0..RUNS {
            let share = chance.uniform();
            let successes = (0..n).filter(|_| chance.happens(share)).count() as u64;
            tally.covers(wilson(successes, n).expect("valid"), share);
        }
        tallies.push(tally);
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn odds_of_rare_events() {
    let mut tallies = Vec::new();
    // Authors, pull requests of each, strata, and how rare the event is.
    for (authors, mean_size, strata, share) in [
        (10, 12, 3, 0.15),
        (10, 12, 3, 0.5),
        (20, 10, 5, 0.1),
        (40, 10, 10, 0.05),
        (40, 10, 10, 0.3),
        (100, 10, 20, 0.02),
        (100, 10, 20, 0.1),
    ] {
        let mut chance = Chance::new(62);
        let situation =
            format!("odds of {share}, {authors} authors x ~{mean_size}, {strata} strata");
        let mut coverage = Tally::coverage(situation.clone());
        let mut test = Tally::rejection(situation);
        for _ in 0..RUNS {
            let rows = chance.rows(authors, mean_size, Arms::Within);
            let of_strata: Vec<u32> = rows.values.iter().map(|_| chance.below(strata)).collect();
            let level: Vec<f64> = (0..authors).map(|_| 0.7 * chance.normal()).collect();
            let base = f64::ln(share / (1.0 - share));
            let events: Vec<bool> = rows
                .authors
                .iter()
                .map(|author| {
                    let logit = base + level[*author as usize];
                    chance.happens(1.0 / (1.0 + (-logit).exp()))
                })
                .collect();
            let in_first = rows.first.iter().filter(|it| **it).count();
            let count = events.iter().filter(|it| **it).count();
            // The gate.
            if in_first.min(rows.first.len() - in_first) < 30
                || count.min(events.len() - count) < 10
            {
                continue;
            }
            let Ok(found) =
                mantel_haenszel_clustered(&rows.first, &events, &of_strata, &rows.authors)
            else {
                continue;
            };
            coverage.covers(found.interval, 1.0);
            test.rejects(found.p);
        }
        tallies.extend([coverage, test]);
    }
    report_all(&tallies);
}
