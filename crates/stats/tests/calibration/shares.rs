//! Differences of shares, down to rare events and small arms.

use stats::{Clustered, compare_shares_clustered};

use crate::chance::Chance;
use crate::tally::{RUNS, Tally, report_all};

/// Who wrote what, and how often it happened.
struct Situation {
    authors: u32,
    /// Pull requests of either arm.
    arms: (u32, u32),
    /// How often the event happens in the second arm.
    share: f64,
    /// How much more often in the first.
    more: f64,
    /// How far authors differ: the standard deviation of their level on the logit.
    spread: f64,
    /// The share of authors who wrote in both arms.
    switchers: f64,
}

/// With fewer events than this in the smaller arm, steps from one to the next are so large that no test of them
/// rejects 5 % (W. G. Cochran, Biometrics 10 (1954) 417-451): it may reject less.
const FEWEST_EXPECTED: f64 = 5.0;

#[test]
#[ignore = "a simulation that prints figures"]
fn differences_of_shares() {
    let of = |authors, arms, share, more, spread, switchers| Situation {
        authors,
        arms,
        share,
        more,
        spread,
        switchers,
    };
    let situations = [
        of(20, (20, 100), 0.10, 0.0, 0.5, 0.5),
        of(20, (30, 200), 0.03, 0.0, 0.5, 0.5),
        of(20, (30, 200), 0.90, 0.0, 0.5, 0.5),
        of(20, (30, 30), 0.30, 0.0, 0.7, 1.0),
        of(20, (30, 300), 0.10, 0.0, 0.0, 0.5),
        of(40, (100, 300), 0.10, 0.1, 0.0, 0.5),
        of(40, (100, 300), 0.05, 0.0, 0.7, 0.5),
        of(40, (200, 600), 0.01, 0.0, 0.3, 0.5),
        of(100, (300, 1_000), 0.05, 0.0, 0.7, 0.3),
        of(100, (600, 2_000), 0.10, 0.05, 0.0, 0.8),
    ];
    let mut tallies = Vec::new();
    for situation in &situations {
        let Situation {
            authors,
            arms,
            share,
            more,
            ..
        } = situation;
        let name = format!(
            "shares of {share} + {more}, {} and {} of {authors} authors (spread {})",
            arms.0, arms.1, situation.spread
        );
        let mut interval = Tally::coverage(&name);
        let mut test = Tally::rejection(&name);
        let expected = share.min(1.0 - share) * f64::from(arms.0.min(arms.1));
        if expected < FEWEST_EXPECTED {
            test = test.within(3.0, 6.0);
        }
        let mut chance = Chance::new(21);
        for _ in 0..RUNS {
            let Some((first, second)) = draw(situation, &mut chance) else {
                continue;
            };
            // The gate.
            let events: f64 = first.values.iter().chain(&second.values).sum();
            let all = (first.values.len() + second.values.len()) as f64;
            if events.min(all - events) < 10.0 {
                continue;
            }
            let Ok(found) = compare_shares_clustered(first.clustered(), second.clustered()) else {
                continue;
            };
            interval.covers(found.interval, *more);
            if *more == 0.0 {
                test.rejects(found.p);
            }
        }
        tallies.push(interval);
        if *more == 0.0 {
            tallies.push(test);
        }
    }
    report_all(&tallies);
}

#[derive(Default)]
struct Arm {
    values: Vec<f64>,
    authors: Vec<u32>,
}

impl Arm {
    fn clustered(&self) -> Clustered<'_> {
        Clustered {
            values: &self.values,
            clusters: &self.authors,
        }
    }
}

/// Draws both arms; `None` where an arm got no author.
fn draw(situation: &Situation, chance: &mut Chance) -> Option<(Arm, Arm)> {
    // How busy each author is, and how often it happens to each.
    let mut busy: [Vec<f64>; 2] = Default::default();
    let mut levels = Vec::new();
    let logit = (situation.share / (1.0 - situation.share)).ln();
    for _ in 0..situation.authors {
        let weight = (0.8 * chance.normal()).exp();
        let side = chance.uniform();
        let only = (1.0 - situation.switchers) / 2.0;
        busy[0].push(if side < only { 0.0 } else { weight });
        busy[1].push(if side > 1.0 - only { 0.0 } else { weight });
        let level = logit + situation.spread * chance.normal();
        levels.push(1.0 / (1.0 + (-level).exp()));
    }
    let mut arm = |busy: &[f64], rows: u32, more: f64| {
        let all: f64 = busy.iter().sum();
        let mut arm = Arm::default();
        for _ in 0..rows {
            let mut place = chance.uniform() * all;
            let author = busy.iter().position(|weight| {
                place -= weight;
                place < 0.0
            })?;
            arm.values
                .push(f64::from(u8::from(chance.happens(levels[author] + more))));
            arm.authors.push(author as u32);
        }
        Some(arm)
    };
    let first = arm(&busy[0], situation.arms.0, situation.more)?;
    let second = arm(&busy[1], situation.arms.1, 0.0)?;
    Some((first, second))
}
