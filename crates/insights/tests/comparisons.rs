//! Comparisons on made-up observations whose truth is known.

use insights::effects::{
    Basis, Comparison, Exposure, Finding, Groups, Question, Reading, Sensitivity, compare,
};
use measures::{Calendar, Metric, Moment, Observation, Observations};
use model::Origin;

const NOW: i64 = 1_780_000_000;
const DAY_SECONDS: i64 = 86_400;

/// Random numbers that depend on nothing but their place.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// What is planted.
#[derive(Clone, Copy)]
struct Plan {
    /// Factor of AI on the cycle.
    ratio: f64,
    /// How much more AI there is in fast repositories: 0 for none.
    lean_to_fast: f64,
    people: usize,
    rows: u32,
    seed: u64,
}

const PLAN: Plan = Plan {
    ratio: 0.7,
    lean_to_fast: 0.0,
    people: 30,
    rows: 1_500,
    seed: 7,
};

fn observations(plan: Plan) -> Observations {
    let mut chance = Chance(plan.seed);
    let mut all = Observations::default();
    let team = all.teams.code("acme");
    let repos: Vec<_> = (0..4)
        .map(|repo| all.repos.code(&format!("acme/r{repo}")))
        .collect();
    let people: Vec<_> = (0..plan.people)
        .map(|person| all.people.code(&format!("p{person}")))
        .collect();
    for number in 0..plan.rows {
        let person = (chance.uniform() * plan.people as f64) as usize % plan.people;
        let repo = (chance.uniform() * 4.0) as usize % 4;
        let is_fast = repo < 2;
        let lean = if is_fast {
            plan.lean_to_fast
        } else {
            -plan.lean_to_fast
        };
        let ai = chance.uniform() < 0.4 + lean;
        let slow = if is_fast {
            0.0
        } else {
            1.5 * f64::from(plan.lean_to_fast > 0.0)
        };
        let log_hours = 2.0
            + 0.2 * (person % 5) as f64
            + slow
            + if ai { plan.ratio.ln() } else { 0.0 }
            + 0.6 * chance.normal();
        let opened =
            NOW - 400 * DAY_SECONDS + i64::from(number) * 300 * DAY_SECONDS / i64::from(plan.rows);
        all.rows.push(Observation {
            team,
            repo: repos[repo],
            person: people[person],
            number: number + 1,
            opened: Moment::new(Some(opened)),
            ready: Moment::new(Some(opened)),
            merged: Moment::new(Some(opened + (log_hours.exp() * 3600.0) as i64)),
            size_lines: (40.0 * (0.8 * chance.normal()).exp()) as u32 + 1,
            changed_files: 2,
            human_reviews: 1,
            review_rounds: 1,
            origin: Some(if ai {
                Origin::Agent
            } else {
                Origin::NoneDetected
            }),
            confidence_percent: 99,
            measured: true,
            ..Observation::default()
        });
    }
    all
}

fn reading() -> Reading {
    Reading {
        now: NOW,
        calendar: Calendar::Always,
    }
}

fn together(all: &Observations, metric: Metric) -> Comparison {
    let question = Question {
        exposure: Exposure::AiAuthored,
        metrics: vec![metric],
        groups: Groups::Together,
        sensitivity: Sensitivity::Skip,
    };
    compare(all, &question, &reading()).remove(0)
}

#[test]
fn a_planted_ratio_is_covered_and_called() {
    let found = together(&observations(PLAN), Metric::Cycle);
    let headline = found.headline.expect("an estimate");
    let interval = headline.interval.expect("an interval");
    assert_eq!(headline.basis, Basis::Adjusted);
    assert!(interval.low < 0.7 && 0.7 < interval.high, "{interval:?}");
    assert_eq!(found.finding, Finding::Lower);
    assert!(
        found.sentence.contains("shorter cycle time"),
        "{}",
        found.sentence
    );
    assert_eq!(found.simpson, None);
}

#[test]
fn a_planted_null_is_no_difference_where_there_is_enough() {
    let plan = Plan {
        ratio: 1.0,
        rows: 6_000,
        ..PLAN
    };
    let found = together(&observations(plan), Metric::Cycle);
    assert_eq!(
        found.finding,
        Finding::NoMeaningfulChange,
        "{}",
        found.sentence
    );
}

#[test]
fn opposite_signs_raise_simpsons_warning() {
    let plan = Plan {
        ratio: 1.4,
        lean_to_fast: 0.35,
        ..PLAN
    };
    let found = together(&observations(plan), Metric::Cycle);
    let simpson = found.simpson.expect("a warning");
    assert!(simpson.pooled < 1.0 && simpson.within > 1.0 && simpson.both_certain);
    assert_eq!(found.finding, Finding::Higher, "the fair figure is told");
    let stratified = found.stratified.shown().expect("like with like");
    assert!(stratified.value > 1.0, "so say the strata: {stratified:?}");
}

#[test]
fn too_few_switchers_are_refused_with_a_reason() {
    let plan = Plan { people: 6, ..PLAN };
    let found = together(&observations(plan), Metric::Cycle);
    let reason = found.adjusted.reason().expect("refused");
    assert!(
        reason.contains("cannot separate AI from who uses it"),
        "{reason}"
    );
    assert_eq!(
        found.headline.map(|headline| headline.basis),
        Some(Basis::Unadjusted)
    );
}

#[test]
fn tiny_arms_are_not_shown() {
    let mut all = observations(Plan { rows: 60, ..PLAN });
    for row in all.rows.iter_mut().skip(4) {
        row.origin = Some(Origin::NoneDetected);
    }
    let found = together(&all, Metric::Cycle);
    assert_eq!(found.with_ai, None);
    assert!(found.unadjusted.reason().is_some());
    assert_eq!(found.finding, Finding::NotEnoughData);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let all = observations(PLAN);
    let mut shuffled = all.clone();
    shuffled.rows.reverse();
    shuffled.rows.rotate_left(411);
    let (one, other) = (
        together(&all, Metric::Cycle),
        together(&shuffled, Metric::Cycle),
    );
    let near = |one: f64, other: f64| (one - other).abs() < 1e-8;
    let (left, right) = (one.headline.expect("one"), other.headline.expect("other"));
    assert!(near(left.value, right.value));
    assert_eq!(one.with_ai, other.with_ai);
    let (left, right) = (one.unadjusted.shown(), other.unadjusted.shown());
    let (left, right) = (left.expect("one"), right.expect("other"));
    assert!(near(left.value, right.value) && near(left.p, right.p));
}

#[test]
fn a_dataset_twice_has_the_same_point_estimates() {
    let all = observations(PLAN);
    let mut twice = all.clone();
    twice.rows.extend(all.rows.iter().copied());
    for metric in [Metric::Cycle, Metric::Size, Metric::MergedShare] {
        let (one, other) = (together(&all, metric), together(&twice, metric));
        let medians = |found: &Comparison| {
            let arm = found.with_ai.clone().expect("an arm");
            arm.median
                .map(|median| median.estimate)
                .or_else(|| arm.share.and_then(|share| share.share))
        };
        // A quantile between two values may fall on one of them when each is there twice.
        let (left, right) = (medians(&one).expect("one"), medians(&other).expect("other"));
        assert!(
            (left / right - 1.0).abs() < 0.01,
            "{metric}: {left} {right}"
        );
        let value = |found: &Comparison| found.unadjusted.shown().map(|shown| shown.value);
        if let (Some(left), Some(right)) = (value(&one), value(&other)) {
            assert!((left - right).abs() < 1e-3, "{metric}: {left} {right}");
        }
    }
}

#[test]
fn what_is_not_known_is_never_zero() {
    let mut all = observations(PLAN);
    let before = together(&all, Metric::Cycle);
    let nothing_known: Vec<Observation> = all
        .rows
        .iter()
        .map(|row| Observation {
            merged: Moment::default(),
            ready: Moment::default(),
            human_reviews: u32::MAX,
            review_rounds: u32::MAX,
            size_lines: u32::MAX,
            ..*row
        })
        .collect();
    all.rows.extend(nothing_known);
    let after = together(&all, Metric::Cycle);
    assert_eq!(before.with_ai, after.with_ai);
    assert_eq!(before.without_ai, after.without_ai);
    for metric in [
        Metric::Pickup,
        Metric::ReviewRounds,
        Metric::Size,
        Metric::Unreviewed,
    ] {
        let known = together(&all, metric);
        let n = known
            .steps
            .iter()
            .find(|step| step.what.contains("is known"));
        let n = n.map(|step| step.n).expect("a step");
        assert!(n <= u64::from(PLAN.rows), "{metric}: {n}");
    }
}

#[test]
fn plain_bots_and_the_unknown_are_in_no_arm() {
    let mut all = observations(PLAN);
    let before = together(&all, Metric::Cycle);
    let mut others: Vec<Observation> = all.rows.clone();
    for (index, row) in others.iter_mut().enumerate() {
        if index % 2 == 0 {
            row.plain_bot = true;
        } else {
            row.origin = Some(Origin::Unknown);
        }
    }
    all.rows.extend(others);
    let after = together(&all, Metric::Cycle);
    assert_eq!(before.with_ai, after.with_ai);
    assert_eq!(before.headline, after.headline);
}

#[test]
fn open_pull_requests_are_censored_not_dropped() {
    let mut all = observations(Plan { ratio: 1.0, ..PLAN });
    let before = together(&all, Metric::Cycle);
    // Half as many again with AI that were opened of late and are not merged yet.
    let open: Vec<Observation> = all
        .rows
        .iter()
        .filter(|row| row.origin == Some(Origin::Agent))
        .step_by(2)
        .map(|row| Observation {
            opened: Moment::new(Some(NOW - 20 * DAY_SECONDS)),
            ready: Moment::new(Some(NOW - 20 * DAY_SECONDS)),
            merged: Moment::default(),
            ..*row
        })
        .collect();
    let added = open.len();
    all.rows.extend(open);
    let after = together(&all, Metric::Cycle);
    let arm = |found: &Comparison| found.survival.shown().expect("followed").with_ai.clone();
    let (one, other) = (arm(&before), arm(&after));
    assert_eq!(other.n, one.n + added);
    assert_eq!(other.events, one.events);
    assert!(other.median.estimate > one.median.estimate);
    assert!(other.within_seven_days.share < one.within_seven_days.share);
    // The plain medians see nothing of it.
    assert_eq!(before.with_ai, after.with_ai);
}

#[test]
fn where_all_are_alike_no_certainty_is_claimed() {
    // Nothing was ever reverted: "no difference, interval of no width" would be more than is known.
    let mut all = observations(PLAN);
    for row in &mut all.rows {
        row.reverted = Moment::default();
        if row.merged.seconds().is_some() {
            row.merged = Moment::new(Some(NOW - 60 * DAY_SECONDS));
        }
    }
    let comparison = together(&all, Metric::Reverted);
    assert_eq!(comparison.finding, Finding::NotEnoughData);
    for reason in [comparison.unadjusted.reason(), comparison.adjusted.reason()] {
        assert!(
            reason.is_some_and(|why| why.contains("none of the")),
            "{reason:?}"
        );
    }
    let text = serde_json::to_string(&comparison).expect("serialises");
    assert!(!text.contains("\"p\":null"), "{text}");
}
