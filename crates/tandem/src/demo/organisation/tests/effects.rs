//! The planted curves and effects can be recovered from the records by plain means.

use std::collections::BTreeMap;

use super::super::Organisation;
use super::super::plan::{EffectKind, TEAMS};
use super::super::summary::ready_second;
use super::*;

/// A merged pull request as a regression sees it.
struct Row {
    cell: (String, String),
    ai: f64,
    log_size: f64,
    log_seconds: f64,
}

/// A clock read from a record, in seconds; `None` where it did not run to its end.
type Clock = fn(&PullRequest) -> Option<i64>;

fn cycle_seconds(record: &PullRequest) -> Option<i64> {
    Some(record.merged_at?.as_second() - ready_second(record)?)
}

fn pickup_seconds(record: &PullRequest) -> Option<i64> {
    let people = record
        .reviews
        .iter()
        .flatten()
        .filter(|review| review.is_bot == Some(false));
    let first = people.filter_map(|review| review.submitted_at).min()?;
    Some(first.as_second() - ready_second(record)?)
}

fn rows(records: &[(PullRequest, PlantedTruth)], team: &str, clock: Clock) -> Vec<Row> {
    let mut rows = Vec::new();
    for (record, truth) in records {
        let (Some(person), Some(seconds)) = (&truth.person, clock(record)) else {
            continue;
        };
        if truth.team == team {
            rows.push(Row {
                cell: (person.clone(), record.repo.clone()),
                ai: f64::from(u8::from(truth.ai_authored)),
                log_size: (1.0 + record.size_lines().unwrap_or(0) as f64).ln(),
                log_seconds: (seconds as f64).ln(),
            });
        }
    }
    rows
}

/// The AI coefficient of ln(seconds) on AI and size within person and repository, and its standard
/// error: least squares after taking cell means away, by the two normal equations.
fn within(rows: &[Row]) -> (f64, f64) {
    let mut cells: BTreeMap<&(String, String), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        cells.entry(&row.cell).or_default().push(row);
    }
    let (mut aa, mut as_, mut ss, mut ay, mut sy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut centred = Vec::new();
    for members in cells.values() {
        let n = members.len() as f64;
        let mean = |value: fn(&Row) -> f64| members.iter().map(|row| value(row)).sum::<f64>() / n;
        let (ai, size, seconds) = (
            mean(|row| row.ai),
            mean(|row| row.log_size),
            mean(|row| row.log_seconds),
        );
        for row in members {
            let (a, s, y) = (row.ai - ai, row.log_size - size, row.log_seconds - seconds);
            aa += a * a;
            as_ += a * s;
            ss += s * s;
            ay += a * y;
            sy += s * y;
            centred.push((a, s, y));
        }
    }
    let determinant = aa * ss - as_ * as_;
    let slope_ai = (ss * ay - as_ * sy) / determinant;
    let slope_size = (aa * sy - as_ * ay) / determinant;
    let residuals: f64 = centred
        .iter()
        .map(|(a, s, y)| (y - slope_ai * a - slope_size * s).powi(2))
        .sum();
    let freedom = rows.len() as f64 - cells.len() as f64 - 2.0;
    (slope_ai, (residuals / freedom * ss / determinant).sqrt())
}

/// How far the estimates are from what was planted, in standard errors: cycle and pickup of each
/// team in which there is enough to estimate.
fn distances(records: &[(PullRequest, PlantedTruth)]) -> Vec<(String, f64)> {
    let mut distances = Vec::new();
    for plan in TEAMS
        .iter()
        .filter(|plan| plan.effect.kind != EffectKind::TooFew)
    {
        let clocks: [(Clock, &str, f64); 2] = [
            (cycle_seconds, "cycle", plan.effect.cycle_ratio),
            (pickup_seconds, "pickup", plan.effect.pickup_ratio),
        ];
        for (clock, name, planted) in clocks {
            let (slope, error) = within(&rows(records, plan.name, clock));
            distances.push((
                format!("{} {name}", plan.name),
                (slope - planted.ln()) / error,
            ));
        }
    }
    distances
}

#[test]
fn planted_ratios_come_back_within_their_error() {
    for (what, distance) in distances(&RECORDS) {
        assert!(
            distance.abs() < 3.5,
            "{what} is {distance:.1} standard errors off"
        );
    }
}

#[test]
fn estimates_scatter_around_what_was_planted() {
    let mut all = Vec::new();
    for seed in 100..105 {
        let records: Vec<_> = Organisation::new(seed, date(2027, 3, 9))
            .pull_requests()
            .collect();
        all.extend(
            distances(&records)
                .into_iter()
                .map(|(_, distance)| distance),
        );
    }
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    let spread = (all.iter().map(|distance| distance.powi(2)).sum::<f64>() / n).sqrt();
    // Cycle and pickup of a team go together, so there are about half as many draws as numbers.
    assert!(
        mean.abs() < 3.0 / (n / 2.0).sqrt(),
        "mean distance {mean:.2}"
    );
    assert!(
        (0.5..1.6).contains(&spread),
        "root mean square distance {spread:.2}"
    );
}

#[test]
fn effects_are_large_enough_to_be_seen_and_nulls_are_not() {
    for plan in &TEAMS {
        let (slope, error) = within(&rows(&RECORDS, plan.name, cycle_seconds));
        let score = (slope / error).abs();
        match plan.effect.kind {
            EffectKind::Effect | EffectKind::Simpson => {
                assert!(score > 2.5, "{} shows nothing: {score:.1}", plan.name);
            }
            EffectKind::Null => assert!(score < 3.0, "{} shows {score:.1}", plan.name),
            EffectKind::TooFew => {}
        }
    }
}

#[test]
fn the_simpson_case_turns_around_when_pooled() {
    for (plan, effect) in TEAMS.iter().zip(&SUMMARY.effects) {
        assert_eq!(plan.name, effect.team);
        if effect.kind == EffectKind::Simpson {
            let (slope, _) = within(&rows(&RECORDS, plan.name, cycle_seconds));
            let pooled = effect.pooled_cycle_ratio.expect("both arms");
            assert!(effect.cycle_ratio > 1.0 && slope > 0.0, "within is slower");
            assert!(pooled < 0.85, "pooled is faster: {pooled:.2}");
        }
    }
    assert_eq!(
        SUMMARY
            .effects
            .iter()
            .filter(|effect| effect.kind == EffectKind::Simpson)
            .count(),
        1
    );
}

#[test]
fn one_team_has_too_little_ai_to_say_anything() {
    for plan in &TEAMS {
        let merged_with_ai = rows(&RECORDS, plan.name, cycle_seconds)
            .iter()
            .filter(|row| row.ai > 0.5)
            .count();
        assert_eq!(
            merged_with_ai < 30,
            plan.effect.kind == EffectKind::TooFew,
            "{} has {merged_with_ai}",
            plan.name
        );
    }
}

#[test]
fn adoption_follows_the_planted_curves() {
    let mut teams: BTreeMap<&str, (f64, f64, f64, f64, f64)> = BTreeMap::new();
    for cell in &SUMMARY.adoption {
        let n = cell.pull_requests as f64;
        let sums = teams.entry(&cell.team).or_default();
        sums.0 += cell.ai_authored as f64;
        sums.1 += n * cell.expected_share;
        sums.2 += n * cell.expected_share * (1.0 - cell.expected_share);
        sums.3 += n * cell.curve_share;
        sums.4 += n;
        let error = (cell.expected_share * (1.0 - cell.expected_share) / n.max(1.0)).sqrt();
        let found = cell.ai_authored as f64 / n.max(1.0);
        assert!(
            (found - cell.expected_share).abs() <= 4.0 * error + 1.0 / n.max(1.0),
            "{} {}: {found:.2} of {:.2}",
            cell.team,
            cell.month,
            cell.expected_share
        );
        assert!(cell.signed <= cell.ai_authored && cell.ai_authored <= cell.pull_requests);
    }
    assert_eq!(teams.len(), 6);
    for (team, (found, expected, variance, curve, n)) in teams {
        let distance = (found - expected) / variance.sqrt();
        assert!(distance.abs() < 3.5, "{team}: {found} of {expected:.0}");
        assert!(
            (expected - curve).abs() / n < 0.03,
            "{team} leaves its curve"
        );
    }
}
