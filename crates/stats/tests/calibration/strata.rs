//! Van Elteren and Mantel-Haenszel.

use stats::{
    Stratified, TwoByTwo, mantel_haenszel, mantel_haenszel_clustered, van_elteren,
    van_elteren_clustered,
};

use crate::chance::{Arms, Chance};
use crate::tally::{RUNS, Tally, report_all};

#[test]
#[ignore = "a simulation that prints figures"]
fn durations_within_strata() {
    let mut tallies = Vec::new();
    for (authors, mean_size, strata) in [
        (60, 1, 5),
        (200, 1, 40),
        (10, 5, 3),
        (10, 6, 3),
        (20, 6, 5),
        (40, 10, 20),
        (100, 10, 50),
    ] {
        let mut chance = Chance::new(8);
        let situation = format!("{authors} authors x ~{mean_size}, {strata} strata");
        let independent = mean_size == 1;
        let band = if independent { (4.0, 6.0) } else { (0.0, 60.0) };
        let mut plain =
            Tally::rejection(format!("van Elteren, {situation}")).within(band.0, band.1);
        let band = if independent {
            (93.0, 97.0)
        } else {
            (40.0, 100.0)
        };
        let mut plain_shift =
            Tally::coverage(format!("van Elteren shift, {situation}")).within(band.0, band.1);
        let mut clustered = Tally::rejection(format!("clustered van Elteren, {situation}"));
        let mut shift = Tally::coverage(format!("clustered van Elteren shift, {situation}"));
        for _ in 0..RUNS {
            let mut rows = chance.rows(authors, mean_size, Arms::Within);
            let of_strata: Vec<u32> = rows.values.iter().map(|_| chance.below(strata)).collect();
            for (value, stratum) in rows.values.iter_mut().zip(&of_strata) {
                *value += f64::from(*stratum);
            }
            let null = rows.values.clone();
            rows.add_effect(0.5);
            let with = |values| Stratified {
                values,
                first: &rows.first,
                strata: &of_strata,
            };
            let Ok(judged) = van_elteren(with(&null)) else {
                continue;
            };
            plain.rejects(judged.p);
            let judged = van_elteren(with(&rows.values)).expect("valid");
            plain_shift.covers(judged.interval, 0.5);
            clustered.rejects(
                van_elteren_clustered(with(&null), &rows.authors)
                    .expect("valid")
                    .p,
            );
            let judged = van_elteren_clustered(with(&rows.values), &rows.authors).expect("valid");
            shift.covers(judged.interval, 0.5);
        }
        tallies.extend([plain, plain_shift, clustered, shift]);
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn counts_within_strata() {
    let mut tallies = Vec::new();
    for (authors, mean_size, strata) in [(10, 6, 3), (20, 6, 5), (40, 10, 20), (100, 10, 50)] {
        let mut chance = Chance::new(18);
        let situation = format!("counts of {authors} authors x ~{mean_size}, {strata} strata");
        // Rounds of review: mostly none or one, so that nearly all rows are tied.
        let mut clustered = Tally::rejection(format!("clustered van Elteren, {situation}"));
        for _ in 0..RUNS {
            let mut rows = chance.rows(authors, mean_size, Arms::Within);
            let of_strata: Vec<u32> = rows.values.iter().map(|_| chance.below(strata)).collect();
            for value in &mut rows.values {
                *value = (*value - 0.3).exp().floor().min(6.0).ln_1p();
            }
            let columns = Stratified {
                values: &rows.values,
                first: &rows.first,
                strata: &of_strata,
            };
            if let Ok(judged) = van_elteren_clustered(columns, &rows.authors) {
                clustered.rejects(judged.p);
            }
        }
        tallies.push(clustered);
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn odds_within_strata() {
    let mut tallies = Vec::new();
    for (authors, mean_size, strata) in [
        (60, 1, 2),
        (200, 1, 10),
        (10, 12, 3),
        (20, 10, 5),
        (40, 10, 10),
        (100, 10, 20),
    ] {
        let mut chance = Chance::new(9);
        let situation = format!("{authors} authors x ~{mean_size}, {strata} strata");
        let independent = mean_size == 1;
        let band = if independent {
            (93.0, 97.0)
        } else {
            (40.0, 100.0)
        };
        let mut plain =
            Tally::coverage(format!("Mantel-Haenszel, {situation}")).within(band.0, band.1);
        let band = if independent { (4.0, 6.0) } else { (0.0, 60.0) };
        let mut test = Tally::rejection(format!("CMH, {situation}")).within(band.0, band.1);
        let mut clustered = Tally::coverage(format!("clustered Mantel-Haenszel, {situation}"));
        let mut null_test = Tally::rejection(format!("clustered Mantel-Haenszel, {situation}"));
        for _ in 0..RUNS {
            for odds in [1.0, 2.0] {
                let rows = chance.rows(authors, mean_size, Arms::Within);
                let of_strata: Vec<u32> =
                    rows.values.iter().map(|_| chance.below(strata)).collect();
                let mut tables = vec![TwoByTwo::default(); strata as usize];
                let mut events = Vec::new();
                let mut level = vec![0.0; authors as usize];
                for level in &mut level {
                    *level = if independent {
                        0.0
                    } else {
                        0.7 * chance.normal()
                    };
                }
                for (row, &first) in rows.first.iter().enumerate() {
                    let stratum = of_strata[row];
                    let arm = if first { f64::ln(odds) } else { 0.0 };
                    let logit =
                        level[rows.authors[row] as usize] + arm + 0.2 * f64::from(stratum) - 0.5;
                    let event = chance.happens(1.0 / (1.0 + (-logit).exp()));
                    events.push(event);
                    let table = &mut tables[stratum as usize];
                    match (first, event) {
                        (true, true) => table.first_event += 1,
                        (true, false) => table.first_other += 1,
                        (false, true) => table.second_event += 1,
                        (false, false) => table.second_other += 1,
                    }
                }
                let Ok(judged) = mantel_haenszel(&tables) else {
                    continue;
                };
                let of_clusters =
                    mantel_haenszel_clustered(&rows.first, &events, &of_strata, &rows.authors);
                let Ok(of_clusters) = of_clusters else {
                    continue;
                };
                if odds == 1.0 {
                    test.rejects(judged.test.p);
                    null_test.rejects(of_clusters.p);
                } else if independent {
                    plain.covers(judged.interval, odds);
                    clustered.covers(of_clusters.interval, odds);
                } else {
                    // Levels of authors draw the odds ratio of all towards 1: take the null's truth.
                    plain.covers(judged.interval, odds);
                }
                if odds == 1.0 && !independent {
                    clustered.covers(of_clusters.interval, odds);
                }
            }
        }
        tallies.extend([plain, test, clustered, null_test]);
    }
    report_all(&tallies);
}
