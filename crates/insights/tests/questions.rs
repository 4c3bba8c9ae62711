//! Answers on made-up observations whose truth is known.

use insights::effects::Reading;
use insights::months::{first_second_of, month_of_name};
use insights::questions::{
    EventKind, EventReport, QualitySign, Questions, StepPoint, WorkAxis, WorkMatrix, answer,
};
use measures::{Calendar, Code, Metric, Moment, Observation, Observations};
use model::{ChangeType, Origin};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

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

fn start_of(month: &str) -> i64 {
    first_second_of(month_of_name(month).expect("a month")).expect("in range")
}

fn reading() -> Reading {
    Reading {
        now: start_of("2026-10") + 14 * DAY,
        calendar: Calendar::Always,
    }
}

fn at(seconds: i64) -> Moment {
    Moment::new(Some(seconds))
}

/// A pull request that was opened ready, looked at after `pickup_hours` and merged after `cycle_hours`.
fn merged(opened: i64, ai: bool, pickup_hours: i64, cycle_hours: i64) -> Observation {
    Observation {
        opened: at(opened),
        ready: at(opened),
        human_review: at(opened + pickup_hours * HOUR),
        merged: at(opened + cycle_hours * HOUR),
        draft_seconds: 0,
        size_lines: 50,
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
    }
}

/// Puts a row into a team and its one repository.
fn put(all: &mut Observations, team: &str, mut row: Observation) {
    row.team = all.teams.code(team);
    row.repo = all.repos.code(&format!("{team}/main"));
    row.number = all.rows.len() as u32 + 1;
    all.rows.push(row);
}

fn answers(all: &Observations) -> Questions {
    answer(all, &reading())
}

/// What is planted when teams adopt.
#[derive(Clone, Copy)]
struct Adoption {
    teams: usize,
    /// Factor on the cycle from the adoption month on.
    ratio: f64,
    /// Factor a month before it, for teams that will adopt.
    trend_before: f64,
    seed: u64,
}

const ADOPTION: Adoption = Adoption {
    teams: 12,
    ratio: 0.5,
    trend_before: 1.0,
    seed: 11,
};

/// Teams over 21 months; two thirds adopt one after the other, the rest never does.
fn adopting(plan: Adoption) -> Observations {
    let mut all = Observations::default();
    let mut chance = Chance(plan.seed);
    let first = month_of_name("2025-01").expect("a month");
    for team in 0..plan.teams {
        let adopts = (team % 3 != 2).then_some(first + 7 + team as u32 % 4);
        let own = 0.4 * chance.normal();
        for month in first..first + 21 {
            let is_after = adopts.is_some_and(|start| month >= start);
            let ahead = adopts.map_or(0.0, |start| f64::from(start) - f64::from(month));
            let level = 3.0
                + own
                + if is_after { plan.ratio.ln() } else { 0.0 }
                // Before the start it drifts towards where it then stays.
                - ahead.max(0.0) * plan.trend_before.ln();
            for index in 0..24 {
                let opened = first_second_of(month).expect("in range") + index * DAY;
                let hours = (level + 0.8 * chance.normal()).exp();
                let mut row = merged(opened, is_after && index % 3 == 0, 1, 1);
                row.merged = at(opened + (hours * 3_600.0) as i64);
                row.human_review = at(opened + (hours * 900.0) as i64);
                put(&mut all, &format!("t{team:02}"), row);
            }
        }
    }
    all
}

fn study(all: &Observations, event: EventKind, metric: Metric) -> EventReport {
    let events = answers(all).events;
    let found = events
        .into_iter()
        .find(|one| one.event == event && one.metric == metric);
    found.expect("asked for")
}

#[test]
fn a_planted_change_at_adoption_is_covered_and_said() {
    let report = study(&adopting(ADOPTION), EventKind::AiAdopted, Metric::Cycle);
    let effect = report.study.shown().expect("gates passed");
    assert!(
        effect.after.interval.low < 0.5 && 0.5 < effect.after.interval.high,
        "{effect:?}"
    );
    assert!(effect.after.interval.high < 0.7, "{effect:?}");
    assert!(effect.ran_alongside, "{effect:?}");
    assert_eq!((effect.started, effect.units), (8, 12));
    let months: Vec<i32> = effect.months.iter().map(|month| month.relative).collect();
    assert_eq!(months, (-6..=6).collect::<Vec<i32>>());
    assert_eq!(report.starts.len(), 8);
    assert_eq!(report.starts[0].month, "2025-08");
    assert!(
        report.sentence.contains("shorter cycle time went along"),
        "{}",
        report.sentence
    );
    assert!(!report.sentence.contains("cause"), "{}", report.sentence);
}

#[test]
fn no_change_and_an_older_trend_are_not_sold_as_one() {
    let null = Adoption {
        ratio: 1.0,
        ..ADOPTION
    };
    let report = study(&adopting(null), EventKind::AiAdopted, Metric::Cycle);
    assert!(
        report.sentence.contains("no change could be told"),
        "{}",
        report.sentence
    );
    let drifting = Adoption {
        ratio: 1.0,
        trend_before: 0.8,
        ..ADOPTION
    };
    let report = study(&adopting(drifting), EventKind::AiAdopted, Metric::Cycle);
    assert!(!report.study.shown().expect("an estimate").ran_alongside);
    assert!(
        report.sentence.contains("own way before"),
        "{}",
        report.sentence
    );
}

#[test]
fn an_event_study_is_refused_with_its_reason() {
    let few = Adoption {
        teams: 6,
        ..ADOPTION
    };
    let report = study(&adopting(few), EventKind::AiAdopted, Metric::Cycle);
    let reason = report.study.reason().expect("refused");
    assert!(
        reason.contains("6 teams") && reason.contains('8'),
        "{reason}"
    );
    assert!(report.sentence.contains("not enough data"));
    // Everybody from the first month on: no month before.
    let mut all = adopting(ADOPTION);
    for row in &mut all.rows {
        row.origin = Some(Origin::Agent);
    }
    let report = study(&all, EventKind::AiAdopted, Metric::Cycle);
    let reason = report.study.reason().expect("refused");
    assert!(reason.contains("three months known before"), "{reason}");
    // Nobody has an AI reviewer.
    let report = study(&all, EventKind::AiReviewIntroduced, Metric::Pickup);
    assert!(report.study.reason().is_some() && report.starts.is_empty());
}

#[test]
fn the_introduction_of_an_ai_reviewer_is_looked_at_by_repository() {
    let mut all = adopting(ADOPTION);
    for row in &mut all.rows {
        row.ai_reviewed = row.origin == Some(Origin::Agent);
        row.origin = Some(Origin::NoneDetected);
    }
    let report = study(&all, EventKind::AiReviewIntroduced, Metric::Pickup);
    let effect = report.study.shown().expect("gates passed");
    assert_eq!((report.of, effect.units), ("repositories", 12));
    assert_eq!(report.starts[0].name, "t00/main");
    assert!(
        report.sentence.contains("pickup time"),
        "{}",
        report.sentence
    );
}

#[test]
fn starts_tell_when_and_how_far() {
    let starts = answers(&adopting(ADOPTION)).starts;
    assert_eq!(starts.len(), 12);
    let of = |team: &str| {
        starts
            .iter()
            .find(|start| start.team == team)
            .expect("there")
    };
    let first = of("t00");
    assert_eq!(first.adopted.as_deref(), Some("2025-08"));
    assert_eq!(first.first_seen.as_deref(), Some("2025-08"));
    assert!(!first.may_be_earlier);
    assert_eq!(first.first_months.share, Some(0.0));
    assert!((first.last_months.share.expect("months") - 1.0 / 3.0).abs() < 1e-12);
    assert!((first.change.expect("months enough") - 1.0 / 3.0).abs() < 1e-12);
    // Four teams of twelve did not move, eight moved as far as each other.
    assert_eq!(first.quartile_of_change, Some(2));
    assert_eq!(of("t02").quartile_of_change, Some(1));
    assert_eq!(of("t02").adopted, None);
    assert_eq!(starts.last().map(|start| start.team.as_str()), Some("t11"));
}

/// Six people review in May; a seventh pull request waits over two months' ends.
fn reviewed() -> Observations {
    let mut all = Observations::default();
    let may = start_of("2026-05");
    let sets: Vec<Code> = ["a", "b", "c", "d", "e", "a,f"]
        .iter()
        .map(|set| all.reviewer_sets.code(set))
        .collect();
    for (index, set) in (0_i64..).zip(&sets) {
        let mut row = merged(may + index * DAY, index % 2 == 0, 2, 10);
        row.reviewers = *set;
        put(&mut all, "acme", row);
    }
    let mut waiting = merged(start_of("2026-05") + 30 * DAY, true, 0, 0);
    waiting.human_review = Moment::default();
    waiting.human_reviews = 0;
    waiting.merged = Moment::default();
    waiting.closed = at(start_of("2026-07") + DAY);
    put(&mut all, "acme", waiting);
    all
}

#[test]
fn the_load_of_reviewers_is_counted_without_names() {
    let questions = answers(&reviewed());
    let load = &questions.reviewer_load;
    assert_eq!(load.groups.len(), 1, "one team is all together");
    let months = &load.groups[0].months;
    let may = &months[0];
    assert_eq!(may.month, "2026-05");
    // Six pull requests, one with two reviewers; a did two.
    assert_eq!((may.reviews, may.reviewers), (7, Some(6)));
    assert!((may.per_reviewer.expect("six people") - 7.0 / 6.0).abs() < 1e-12);
    // Amounts 1 1 1 1 1 2: sum (2 i - 7) x / (6 * 7) = (0 - ... ) by hand 5 / 42.
    assert!((may.gini.expect("six people") - 5.0 / 42.0).abs() < 1e-12);
    assert_eq!((may.waiting, may.waiting_with_ai), (1, 1));
    assert_eq!(may.median_age_seconds, Some(DAY as f64));
    let june = &months[1];
    assert_eq!((june.reviews, june.reviewers, june.waiting), (0, None, 1));
    assert_eq!(june.median_age_seconds, Some(31.0 * DAY as f64));
    assert_eq!(months.len(), 2, "closed in July, before its end");
    let reason = load.groups[0].busiest_tenth.reason().expect("refused");
    assert!(reason.starts_with("6 people"), "{reason}");
    let text = serde_json::to_string(&questions).expect("serialises");
    assert!(!text.contains("\"a,f\"") && !text.contains("\"b\""));
    assert!(load.share_to_next_pickup.reason().is_some());
}

#[test]
fn fewer_than_five_reviewers_are_not_shown() {
    let mut all = reviewed();
    for row in &mut all.rows {
        if row.reviewers.index() == Some(5) {
            row.reviewers = Code::NONE;
        }
        if row.reviewers.index() == Some(4) {
            row.reviewers = all.reviewer_sets.code("a");
        }
    }
    let load = answers(&all).reviewer_load;
    let may = &load.groups[0].months[0];
    assert_eq!(
        (may.reviewers, may.per_reviewer, may.gini),
        (None, None, None)
    );
    assert_eq!(load.without_reviewers, 1);
}

#[test]
fn the_busiest_tenth_and_the_lag_are_those_planted() {
    let mut all = Observations::default();
    let first = month_of_name("2025-10").expect("a month");
    for team in 0..7_u32 {
        for month in 0..9_u32 {
            let share = (month * 7 + team * 3) % 10;
            // The pickup of a month follows the share of the month before.
            let before = if month == 0 {
                0
            } else {
                ((month - 1) * 7 + team * 3) % 10
            };
            for index in 0..10_u32 {
                let opened =
                    first_second_of(first + month).expect("in range") + i64::from(index) * DAY;
                let pickup = 1 + i64::from(before) * 2;
                let mut row = merged(opened, index < share, pickup, 40);
                let busy = index < share && index % 2 == 0;
                let name = if busy {
                    "p0".to_owned()
                } else {
                    format!("p{}", (index + team) % 20)
                };
                row.reviewers = all.reviewer_sets.code(&name);
                put(&mut all, &format!("t{team}"), row);
            }
        }
    }
    let load = answers(&all).reviewer_load;
    let tenth = load.groups[0].busiest_tenth.shown().expect("twenty people");
    let (of_ai, of_others) = (tenth.of_ai.expect("many"), tenth.of_others.expect("many"));
    assert!(of_ai > 0.5 && of_others < 0.35, "{of_ai} {of_others}");
    let lag = load.share_to_next_pickup.shown().expect("gates passed");
    assert_eq!((lag.teams, lag.months, lag.n), (7, 8, 56));
    assert!(lag.rho > 0.95 && lag.interval.low > 0.9, "{lag:?}");
}

#[test]
fn stages_are_medians_of_what_is_known() {
    let mut all = Observations::default();
    let start = start_of("2026-05");
    for index in 0..5 {
        let mut row = merged(start + index * DAY, true, 1 + index, 20 + index);
        row.approved = at(start + index * DAY + 10 * HOUR);
        row.draft_seconds = if index == 0 { 600 } else { 0 };
        put(&mut all, "acme", row);
    }
    for _ in 0..4 {
        put(&mut all, "acme", merged(start, false, 1, 2));
    }
    let questions = answers(&all);
    assert_eq!(questions.cycle_split.len(), 1);
    let split = &questions.cycle_split[0];
    assert_eq!(split.without_ai, None, "four are not shown");
    let with_ai = split.with_ai.as_ref().expect("five");
    let hours =
        |stage: Option<insights::questions::StageMedian>| stage.expect("known").seconds / 3_600.0;
    assert!((hours(with_ai.pickup) - 3.0).abs() < 1e-9);
    assert!((hours(with_ai.review) - 19.0).abs() < 1e-9);
    assert!((hours(with_ai.approve_to_merge) - 12.0).abs() < 1e-9);
    assert!((hours(with_ai.cycle) - 22.0).abs() < 1e-9);
    assert_eq!(with_ai.draft, None, "one was a draft");
    assert_eq!(questions.bot_latency, None);
}

#[test]
fn what_is_merged_unseen_is_listed_when_it_is_large() {
    let mut all = Observations::default();
    let start = start_of("2026-05");
    for index in 0..10 {
        let mut row = merged(start + index * DAY, index < 6, 1, 5);
        if index % 2 == 0 {
            row.human_review = Moment::default();
            row.human_reviews = 0;
            row.size_lines = if index == 4 { 100 } else { 101 };
        }
        put(&mut all, "acme", row);
    }
    let unseen = answers(&all).unseen;
    let share = &unseen.shares[0];
    let counts = share.with_ai.expect("six");
    assert_eq!((counts.successes, counts.n), (3, 6));
    assert_eq!(share.without_ai, None, "four are not shown");
    assert_eq!(unseen.large_total, 4);
    let listed: Vec<&str> = unseen
        .large
        .iter()
        .map(|one| one.pull_request.as_str())
        .collect();
    assert_eq!(
        listed,
        ["acme/main#9", "acme/main#7", "acme/main#3", "acme/main#1"]
    );
    assert!(!unseen.large[0].with_ai && unseen.large[3].with_ai);
}

#[test]
fn odds_sizes_outcomes_and_work_are_those_planted() {
    let mut all = Observations::default();
    let tool = all.tools.code("claude_code,cursor");
    let start = start_of("2026-02");
    let people: Vec<Code> = (0..12)
        .map(|one| all.people.code(&format!("p{one}")))
        .collect();
    for index in 0..240_i64 {
        let ai = index % 2 == 0;
        let mut row = merged(start + index * DAY / 2, ai, 2, 10 + index % 7);
        row.person = people[index as usize % people.len()];
        row.author_tools = if ai { tool } else { Code::NONE };
        row.change_type = Some(if index % 3 == 0 {
            ChangeType::Bugfix
        } else {
            ChangeType::Feature
        });
        if index % 6 < 2 {
            row.language = all.languages.code("Rust");
        }
        row.size_lines = if ai && index % 10 == 0 { 501 } else { 20 };
        row.review_rounds = if index % (if ai { 4 } else { 15 }) < 1 {
            2
        } else {
            1
        };
        if ai && index % 6 == 0 {
            row.closed = row.merged;
            row.merged = Moment::default();
        }
        put(&mut all, "acme", row);
    }
    let questions = answers(&all);
    let rounds = questions
        .quality
        .iter()
        .find(|one| one.sign == QualitySign::SeveralRounds)
        .expect("there");
    let odds = rounds.odds.shown().expect("gates passed");
    assert!(odds.ratio > 3.0 && odds.interval.low > 1.0, "{odds:?}");
    let reverted = questions
        .quality
        .iter()
        .find(|one| one.sign == QualitySign::Reverted)
        .expect("there");
    assert!(
        reverted
            .odds
            .reason()
            .expect("none")
            .contains("it is so of 0 pull requests")
    );
    let agent = &questions.sizes.origins[0];
    assert_eq!(
        (agent.origin, agent.n, agent.very_large.successes),
        (Origin::Agent, 120, 24)
    );
    assert_eq!(
        agent
            .buckets
            .iter()
            .map(|bucket| bucket.n)
            .collect::<Vec<_>>(),
        [0, 96, 0, 0, 24, 0]
    );
    let endings = &questions.endings.groups;
    assert_eq!(endings.len(), 3, "each of two tools, and none");
    assert_eq!(endings[0].tool.as_deref(), Some("claude_code"));
    assert_eq!(
        (endings[0].n, endings[0].closed, endings[0].open),
        (120, 40, 0)
    );
    let last = endings[0].merged_curve.last().expect("a curve");
    assert!((last.share - 80.0 / 120.0).abs() < 1e-9, "{last:?}");
    let closed = endings[0].closed_curve.last().expect("a curve");
    assert!((closed.share + last.share - 1.0).abs() < 1e-9);
    let [kinds, languages, repositories] = &questions.work[..] else {
        panic!("three divisions of the work");
    };
    let cell = &kinds.cells[0];
    assert_eq!(
        (cell.row.as_str(), cell.tool.as_deref(), cell.n),
        ("feature", Some("claude_code"), 80)
    );
    assert_eq!(cell.merged.successes, 80);
    assert!(cell.cycle_ratio.is_some() && !cell.insufficient);
    let rows = |matrix: &WorkMatrix| -> Vec<(String, Option<String>, u64)> {
        let cells = matrix.cells.iter();
        cells
            .map(|cell| (cell.row.clone(), cell.tool.clone(), cell.n))
            .collect()
    };
    let expected = |row: &str, n: [u64; 3]| -> Vec<(String, Option<String>, u64)> {
        let tools = [
            Some("claude_code".to_owned()),
            Some("cursor".to_owned()),
            None,
        ];
        tools
            .into_iter()
            .zip(n)
            .map(|(tool, n)| (row.to_owned(), tool, n))
            .collect()
    };
    // Of the others the language is not known.
    assert_eq!(rows(languages), expected("Rust", [40, 40, 40]));
    assert_eq!(rows(repositories), expected("acme/main", [120, 120, 120]));
    assert_eq!(
        (repositories.axis, repositories.more_rows),
        (WorkAxis::Repository, 0)
    );
    assert_eq!(questions.detection.with_ai.hard, 120);
    assert_eq!(questions.detection.none_detected, 120);
}

fn check_curve(points: &[StepPoint], most: usize) {
    assert!(points.len() <= most, "{}", points.len());
    for pair in points.windows(2) {
        assert!(pair[0].seconds < pair[1].seconds && pair[0].at_risk >= pair[1].at_risk);
    }
}

#[test]
fn curves_have_a_bounded_number_of_points() {
    let questions = answers(&adopting(ADOPTION));
    let with_ai = questions.first_review.with_ai.as_ref().expect("a curve");
    let without_ai = questions.first_review.without_ai.as_ref().expect("a curve");
    assert!(without_ai.n > 4_000);
    check_curve(&with_ai.points, 200);
    check_curve(&without_ai.points, 200);
    assert!(without_ai.points.len() > 150);
    for group in &questions.endings.groups {
        check_curve(&group.merged_curve, 100);
    }
}

/// Everything that is said, with numbers rounded to nine digits: sums in another order differ in the last.
fn said(questions: &Questions) -> serde_json::Value {
    fn round(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => {
                if let Some(float) = number.as_f64().filter(|_| number.is_f64()) {
                    *value = serde_json::json!(format!("{float:.8e}"));
                }
            }
            serde_json::Value::Array(values) => values.iter_mut().for_each(round),
            serde_json::Value::Object(map) => map.values_mut().for_each(round),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(questions).expect("serialises");
    round(&mut value);
    value
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut all = adopting(Adoption {
        teams: 9,
        ..ADOPTION
    });
    let before = said(&answers(&all));
    let mut chance = Chance(3);
    for index in (1..all.rows.len()).rev() {
        all.rows
            .swap(index, (chance.uniform() * (index + 1) as f64) as usize);
    }
    assert_eq!(said(&answers(&all)), before);
}

#[test]
fn duplicates_move_no_point_and_nulls_are_never_zero() {
    let mut all = adopting(ADOPTION);
    let point = |all: &Observations| {
        let questions = answers(all);
        let event = &questions.events[0];
        let effect = event.study.shown().expect("gates passed").after.ratio;
        let with_ai = questions.cycle_split[0].with_ai.clone().expect("many");
        let none = &questions.endings.groups[0];
        (
            effect,
            with_ai.pickup.map(|stage| stage.seconds),
            none.merged_of_ended.share,
            questions.starts[0].last_months.share,
        )
    };
    let before = point(&all);
    let twice = all.rows.clone();
    all.rows.extend(twice);
    assert_eq!(point(&all), before);
    // Rows without any clock: they count as opened, and are open.
    let mut all = adopting(ADOPTION);
    let before = answers(&all);
    for month in ["2025-03", "2026-03"] {
        let row = Observation {
            opened: at(start_of(month)),
            origin: Some(Origin::NoneDetected),
            measured: true,
            ..Observation::default()
        };
        put(&mut all, "t00", row);
    }
    let after = answers(&all);
    assert_eq!(after.events[0].study, before.events[0].study);
    let split = |questions: &Questions| {
        let arm = questions.cycle_split[0].without_ai.clone().expect("many");
        (arm.pickup, arm.review, arm.cycle)
    };
    assert_eq!(split(&after), split(&before));
    assert_eq!(after.first_review, before.first_review);
}
