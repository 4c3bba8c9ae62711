//! The headline: within author, repository, month, type and weekday, at the sizes its gate allows.

use stats::{
    EffectsCounted, FixedEffects, Regression, Resampling, StandardErrors, wild_cluster_bootstrap,
};

use crate::chance::{Arms, Chance};
use crate::tally::{FEWER_RUNS, Tally, report_all};

const EFFECT: f64 = 0.4;

/// What is compared.
#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    /// Logarithms of durations.
    Durations,
    /// Whether something happened, nine times in ten.
    Shares,
}

/// Authors and pull requests of each; the gate asks for 30 in each arm and for 10 authors with both.
const SIZES: [(u32, u32); 7] = [
    (10, 8),
    (12, 8),
    (20, 5),
    (39, 5),
    (40, 5),
    (60, 8),
    (150, 8),
];

fn judge(outcome: Outcome) {
    let mut tallies = Vec::new();
    for (authors, mean_size) in SIZES {
        let mut chance = Chance::new(41);
        let (name, effect) = match outcome {
            Outcome::Durations => ("durations", EFFECT),
            Outcome::Shares => ("shares", 0.0),
        };
        let is_wild = authors < 40;
        let method = if is_wild { "wild bootstrap" } else { "CR1" };
        let situation = format!("{method}, five effects, {name}, {authors} authors x ~{mean_size}");
        let mut coverage = Tally::coverage(situation.clone());
        let mut rejection = Tally::rejection(situation);
        for _ in 0..FEWER_RUNS {
            let made = draw(&mut chance, authors, mean_size, outcome);
            let Some((made, arm)) = made else { continue };
            let effects = FixedEffects::new(&[
                &made.person,
                &made.repo,
                &made.month,
                &made.kind,
                &made.weekday,
            ]);
            let effects = effects.expect("valid");
            let judged = |outcome: &[f64]| {
                let regressors: [&[f64]; 4] = [&arm, &made.draft, &made.size, &made.files];
                let regression = Regression::absorbing(outcome, &regressors, &effects).ok()?;
                if is_wild {
                    let resampling = Resampling {
                        replicates: 399,
                        seed: 7,
                    };
                    let wild =
                        wild_cluster_bootstrap(&regression, 0, &made.person, resampling).ok()?;
                    return Some((wild.interval, wild.p));
                }
                let fit = regression.fit(StandardErrors::Clustered {
                    clusters: &made.person,
                    counting: EffectsCounted::NotNested,
                });
                let found = fit.ok()?.coefficients[0]?;
                Some((found.interval, found.p))
            };
            if let Some((_, p)) = judged(&made.outcome) {
                rejection.rejects(p);
            }
            let moved: Vec<f64> = (made.outcome.iter().zip(&arm))
                .map(|(value, arm)| value + effect * arm)
                .collect();
            if let Some((interval, _)) = judged(&moved) {
                coverage.covers(interval, effect);
            }
        }
        tallies.extend([coverage, rejection]);
    }
    report_all(&tallies);
}

struct Columns {
    outcome: Vec<f64>,
    person: Vec<u32>,
    repo: Vec<u32>,
    month: Vec<u32>,
    kind: Vec<u32>,
    weekday: Vec<u32>,
    draft: Vec<f64>,
    size: Vec<f64>,
    files: Vec<f64>,
}

/// Rows that pass the gate; `None` where they do not.
fn draw(
    chance: &mut Chance,
    authors: u32,
    mean_size: u32,
    outcome: Outcome,
) -> Option<(Columns, Vec<f64>)> {
    let rows = chance.rows(authors, mean_size, Arms::Within);
    let arm = rows.arm();
    let in_first = rows.first.iter().filter(|it| **it).count();
    let switching = (0..authors)
        .filter(|author| {
            let of_author = || (rows.authors.iter().zip(&rows.first)).filter(|it| it.0 == author);
            of_author().any(|it| *it.1) && of_author().any(|it| !*it.1)
        })
        .count();
    if in_first < 30 || arm.len() - in_first < 30 || switching < 10 {
        return None;
    }
    let n = arm.len();
    let mut codes = |bound: u32| -> Vec<u32> { (0..n).map(|_| chance.below(bound)).collect() };
    // Authors keep to two of the repositories.
    let choice = codes(2);
    let repo: Vec<u32> = (rows.authors.iter().zip(&choice))
        .map(|(author, choice)| (author + choice) % (authors / 4).max(2))
        .collect();
    let (month, kind, weekday) = (codes(6), codes(5), codes(7));
    let draft = codes(4).into_iter().map(|it| f64::from(u8::from(it == 0)));
    let draft: Vec<f64> = draft.collect();
    let size = chance.normals(n);
    let noise = chance.normals(n);
    let files: Vec<f64> = (size.iter().zip(noise))
        .map(|(s, e)| 0.6 * s + 0.8 * e)
        .collect();
    let outcome = (0..n)
        .map(|row| {
            // Authors differ in how much size matters, so that errors depend on each other.
            let slope = 0.3 + 0.3 * f64::from(rows.authors[row] % 3);
            let value = rows.values[row]
                + slope * size[row]
                + 0.2 * f64::from(repo[row] % 3)
                + 0.1 * f64::from(month[row]);
            match outcome {
                Outcome::Durations => value,
                Outcome::Shares => f64::from(u8::from(value < 2.6)),
            }
        })
        .collect();
    let columns = Columns {
        outcome,
        person: rows.authors,
        repo,
        month,
        kind,
        weekday,
        draft,
        size,
        files,
    };
    Some((columns, arm))
}

#[test]
#[ignore = "a simulation that prints figures"]
fn durations() {
    judge(Outcome::Durations);
}

#[test]
#[ignore = "a simulation that prints figures"]
fn shares() {
    judge(Outcome::Shares);
}
