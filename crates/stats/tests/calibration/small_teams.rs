//! The arms as they are in small teams, at the gate: 20 pull requests and 6 authors in each arm, and of shares 10
//! pull requests with the event and 10 without, of 20 authors together.

use stats::{Clustered, ClusteredSample, compare_clustered, compare_shares_clustered};

use crate::chance::{Arms, Chance, Rows};
use crate::tally::{RUNS, Tally, report_all};

/// Authors, and pull requests of each.
const SIZES: [(u32, u32, Arms); 10] = [
    (6, 8, Arms::Within),
    (8, 6, Arms::Within),
    (20, 4, Arms::Within),
    (50, 1, Arms::Within),
    (12, 5, Arms::Between),
    (12, 10, Arms::Between),
    (16, 4, Arms::Between),
    (44, 1, Arms::Between),
    (40, 3, Arms::Between),
    (40, 10, Arms::Between),
];

const FEWEST_IN_ARM: usize = 20;
const FEWEST_AUTHORS: usize = 6;
const FEWEST_EVENTS: usize = 10;
const FEWEST_AUTHORS_FOR_SHARES: u32 = 20;

fn name_of(arms: Arms) -> &'static str {
    if arms == Arms::Within {
        "within"
    } else {
        "between"
    }
}

/// Whether each arm has pull requests and authors enough.
fn passes(rows: &Rows) -> bool {
    let (first, second) = rows.split(&rows.authors);
    [first, second].into_iter().all(|mut of_arm| {
        let count = of_arm.len();
        of_arm.sort_unstable();
        of_arm.dedup();
        count >= FEWEST_IN_ARM && of_arm.len() >= FEWEST_AUTHORS
    })
}

#[test]
#[ignore = "a simulation that prints figures"]
fn durations() {
    let mut tallies = Vec::new();
    for (authors, mean_size, arms) in SIZES {
        for counts in [false, true] {
            let mut chance = Chance::new(51);
            let what = if counts { "counts" } else { "durations" };
            let situation = format!(
                "{what}, arms {} {authors} authors x ~{mean_size}",
                name_of(arms)
            );
            let mut test = Tally::rejection(format!("Mann-Whitney, {situation}"));
            let mut shift = Tally::coverage(format!("Hodges-Lehmann, {situation}"));
            let mut delta = Tally::coverage(format!("Cliff's delta, {situation}"));
            let mut median = Tally::coverage(format!("median, {situation}"));
            for _ in 0..RUNS {
                let mut rows = chance.rows(authors, mean_size, arms);
                if !passes(&rows) {
                    continue;
                }
                if counts {
                    // Rounds of review: mostly none or one, so that nearly all rows are tied.
                    for value in &mut rows.values {
                        *value = (*value - 0.3).exp().floor().min(6.0).ln_1p();
                    }
                }
                let (first, second) = rows.split(&rows.values);
                let (of_first, of_second) = rows.split(&rows.authors);
                let pair = |values, clusters| Clustered { values, clusters };
                let compared =
                    compare_clustered(pair(&first, &of_first), pair(&second, &of_second));
                if let Ok((found, ranks)) = compared {
                    test.rejects(ranks.p);
                    shift.covers(found.interval, 0.0);
                    delta.covers(ranks.interval, 0.0);
                }
                let sample = ClusteredSample::new(&first, &of_first).expect("valid");
                let found = sample.quantile(0.5).expect("valid");
                median.covers(found.interval.expect("clusters"), 0.0);
            }
            tallies.extend([test, delta]);
            // Where most values are tied, the whole interval of a shift is often one of them.
            if !counts {
                tallies.extend([shift, median]);
            }
        }
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn differences_of_shares() {
    let mut tallies = Vec::new();
    // Half of all, or about one in six.
    for (limit, share) in [(0.0, "half"), (1.2, "a sixth")] {
        for (authors, mean_size, arms) in SIZES {
            if authors < FEWEST_AUTHORS_FOR_SHARES {
                continue;
            }
            let mut chance = Chance::new(52);
            let situation = format!(
                "difference of shares ({share}), arms {} {authors} authors x ~{mean_size}",
                name_of(arms)
            );
            let mut test = Tally::rejection(situation.clone());
            let mut coverage = Tally::coverage(situation);
            for _ in 0..RUNS {
                let rows = chance.rows(authors, mean_size, arms);
                let events: Vec<bool> = rows.values.iter().map(|value| *value > limit).collect();
                let all = events.iter().filter(|it| **it).count();
                if !passes(&rows) || all.min(events.len() - all) < FEWEST_EVENTS {
                    continue;
                }
                let ones: Vec<f64> = (events.iter())
                    .map(|event| f64::from(u8::from(*event)))
                    .collect();
                let (first, second) = rows.split(&ones);
                let (of_first, of_second) = rows.split(&rows.authors);
                let pair = |values, clusters| Clustered { values, clusters };
                let found =
                    compare_shares_clustered(pair(&first, &of_first), pair(&second, &of_second))
                        .expect("varies");
                test.rejects(found.p);
                coverage.covers(found.interval, 0.0);
            }
            tallies.extend([test, coverage]);
        }
    }
    report_all(&tallies);
}
