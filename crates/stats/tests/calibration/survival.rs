//! Medians of survival, log-rank and Cox.

use stats::{
    CoxData, Ending, Interval, KaplanMeier, SurvivalQuantile, cox, incidence_clustered, log_rank,
    log_rank_clustered,
};

use crate::chance::{Arms, Chance, Rows};
use crate::tally::{RUNS, Tally, report_all};

/// Waiting times of rows in clusters, a third of them cut off.
struct Waits {
    times: Vec<f64>,
    events: Vec<bool>,
    rows: Rows,
}

/// The normal levels of authors are read as positions in an exponential distribution, so that all waits
/// together are exponential with rate 1, and depend on each other within authors.
fn waits(
    chance: &mut Chance,
    authors: u32,
    mean_size: u32,
    arms: Arms,
    hazard_ratio: f64,
) -> Waits {
    let rows = chance.rows(authors, mean_size, arms);
    let mut waits = Waits {
        times: vec![],
        events: vec![],
        rows,
    };
    for (value, first) in waits.rows.values.iter().zip(&waits.rows.first) {
        let position = normal_lower(value / 1.5_f64.sqrt());
        let rate = if *first { hazard_ratio } else { 1.0 };
        let wait = -(1.0 - position).max(1e-12).ln() / rate;
        let cut_off = chance.exponential(0.5);
        waits.times.push(wait.min(cut_off));
        waits.events.push(wait <= cut_off);
    }
    waits
}

/// P(Z <= z), by the series of the error function; good enough to make up data.
fn normal_lower(z: f64) -> f64 {
    let (mut term, mut sum) = (z, z);
    for step in 1..200 {
        term *= z * z / f64::from(2 * step + 1);
        sum += term;
    }
    (0.5 + sum * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()).clamp(0.0, 1.0)
}

fn closed(quantile: SurvivalQuantile) -> Interval {
    Interval {
        low: quantile.low.unwrap_or(f64::INFINITY),
        high: quantile.high.unwrap_or(f64::INFINITY),
    }
}

#[test]
#[ignore = "a simulation that prints figures"]
fn medians_with_censoring() {
    let mut tallies = Vec::new();
    for (authors, mean_size) in [(30, 1), (100, 1), (10, 5), (20, 6), (40, 10), (100, 10)] {
        let mut chance = Chance::new(10);
        let situation = format!("{authors} authors x ~{mean_size}");
        let independent = mean_size == 1;
        let band = if independent {
            (93.0, 97.0)
        } else {
            (40.0, 100.0)
        };
        let mut plain =
            Tally::coverage(format!("Kaplan-Meier median, {situation}")).within(band.0, band.1);
        let mut clustered = Tally::coverage(format!("clustered Kaplan-Meier median, {situation}"));
        for _ in 0..RUNS {
            let made = waits(&mut chance, authors, mean_size, Arms::Within, 1.0);
            let truth = std::f64::consts::LN_2;
            let curve = KaplanMeier::new(&made.times, &made.events).expect("valid");
            plain.covers(closed(curve.median()), truth);
            let curve = KaplanMeier::clustered(&made.times, &made.events, &made.rows.authors);
            clustered.covers(closed(curve.expect("valid").median()), truth);
        }
        tallies.extend([plain, clustered]);
    }
    report_all(&tallies);
}

/// Waits end with the event, with a competing one, or are cut off.
#[test]
#[ignore = "a simulation that prints figures"]
fn shares_by_a_time() {
    let mut tallies = Vec::new();
    for (authors, mean_size) in [(30, 1), (100, 1), (10, 5), (20, 6), (40, 10), (100, 10)] {
        let mut chance = Chance::new(14);
        for (time, share) in [(0.2, "early"), (1.2, "late")] {
            let situation = format!("{share}, {authors} authors x ~{mean_size}");
            let mut merged = Tally::coverage(format!("clustered Aalen-Johansen, {situation}"));
            let mut seen = Tally::coverage(format!("clustered share by a time, {situation}"));
            for _ in 0..RUNS {
                let made = waits(&mut chance, authors, mean_size, Arms::Within, 1.0);
                if made.events.iter().filter(|it| **it).count() < 20 {
                    continue;
                }
                // A third of the ends are of the other kind, whatever the time.
                let endings: Vec<Ending> = (made.events.iter())
                    .map(|event| match (event, chance.below(3)) {
                        (false, _) => Ending::Censored,
                        (true, 0) => Ending::Competing,
                        (true, _) => Ending::Event,
                    })
                    .collect();
                let all = 1.0 - f64::exp(-time);
                let clusters = &made.rows.authors;
                let found = incidence_clustered(&made.times, &endings, clusters, &[time]);
                merged.covers(found.expect("valid")[0].interval, 2.0 / 3.0 * all);
                let endings: Vec<Ending> = (made.events.iter())
                    .map(|event| {
                        if *event {
                            Ending::Event
                        } else {
                            Ending::Censored
                        }
                    })
                    .collect();
                let found = incidence_clustered(&made.times, &endings, clusters, &[time]);
                seen.covers(found.expect("valid")[0].interval, all);
            }
            tallies.extend([merged, seen]);
        }
    }
    report_all(&tallies);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn rates_of_two_arms() {
    let mut tallies = Vec::new();
    for (authors, mean_size, arms) in [
        (60, 1, Arms::Between),
        (200, 1, Arms::Between),
        (10, 6, Arms::Within),
        (20, 6, Arms::Within),
        (40, 10, Arms::Within),
        (20, 6, Arms::Between),
        (40, 10, Arms::Between),
        (100, 10, Arms::Between),
    ] {
        let mut chance = Chance::new(11);
        let name = if arms == Arms::Within {
            "within"
        } else {
            "between"
        };
        let situation = format!("arms {name} {authors} authors x ~{mean_size}");
        let independent = mean_size == 1;
        let band = if independent { (4.0, 6.0) } else { (0.0, 60.0) };
        let mut plain = Tally::rejection(format!("log-rank, {situation}")).within(band.0, band.1);
        let mut clustered = Tally::rejection(format!("clustered log-rank, {situation}"));
        let band = if independent {
            (93.0, 97.0)
        } else {
            (40.0, 100.0)
        };
        let mut plain_cox = Tally::coverage(format!("Cox, {situation}")).within(band.0, band.1);
        let mut clustered_cox = Tally::coverage(format!("clustered Cox, {situation}"));
        let mut proportional =
            Tally::rejection(format!("proportionality with clusters, {situation}"));
        for _ in 0..RUNS {
            let null = waits(&mut chance, authors, mean_size, arms, 1.0);
            let groups: Vec<u32> = null.rows.first.iter().map(|it| u32::from(*it)).collect();
            let Ok(test) = log_rank(&null.times, &null.events, &groups, None) else {
                continue;
            };
            plain.rejects(test.p);
            let test =
                log_rank_clustered(&null.times, &null.events, &groups, None, &null.rows.authors);
            if let Ok(test) = test {
                clustered.rejects(test.p);
            }
            let made = waits(&mut chance, authors, mean_size, arms, 1.5);
            let arm = made.rows.arm();
            let data = CoxData {
                times: &made.times,
                events: &made.events,
                regressors: &[&arm],
                strata: None,
                clusters: None,
            };
            let Ok(fit) = cox(&data) else { continue };
            plain_cox.covers(fit.coefficients[0].interval, 1.5_f64.ln());
            let fit = cox(&CoxData {
                clusters: Some(&made.rows.authors),
                ..data
            });
            let fit = fit.expect("converges");
            clustered_cox.covers(fit.coefficients[0].interval, 1.5_f64.ln());
            proportional.rejects(fit.proportionality.p);
        }
        tallies.extend([plain, clustered, plain_cox, clustered_cox, proportional]);
    }
    report_all(&tallies);
}
