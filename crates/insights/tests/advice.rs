//! Advice on made-up observations: it fires where it should, and nowhere else.

use insights::advice::{AdviceReport, FollowUpOutcome, MOST_FOR_A_TEAM, advise, builtin_rules};
use insights::effects::Reading;
use insights::months::{first_second_of, month_of_name};
use measures::{Calendar, Moment, Observation, Observations};
use model::Origin;

const HOUR: i64 = 3_600;

fn start_of(month: &str) -> i64 {
    month_of_name(month)
        .and_then(first_second_of)
        .expect("a month")
}

/// What a month of the team is like.
#[derive(Clone, Copy)]
struct Month {
    name: &'static str,
    with_ai: u32,
    without_ai: u32,
    /// Of those with AI, merged without a review.
    unseen: u32,
    pickup_hours: i64,
}

fn observations(months: &[Month]) -> Observations {
    let mut all = Observations::default();
    let (team, repo) = (all.teams.code("acme"), all.repos.code("acme/stairs"));
    let people: Vec<_> = (0..12)
        .map(|person| all.people.code(&format!("p{person}")))
        .collect();
    let tools = all.tools.code("cursor");
    for month in months {
        for index in 0..month.with_ai + month.without_ai {
            let ai = index < month.with_ai;
            let opened = start_of(month.name) + i64::from(index) * 2 * HOUR;
            let seen = !ai || index >= month.unseen;
            let pickup = month.pickup_hours * HOUR + i64::from(index % 7) * 600;
            let review = seen.then_some(opened + pickup);
            all.rows.push(Observation {
                team,
                repo,
                person: people[index as usize % people.len()],
                author_tools: if ai { tools } else { measures::Code::NONE },
                number: all.rows.len() as u32 + 1,
                opened: Moment::new(Some(opened)),
                ready: Moment::new(Some(opened)),
                human_review: Moment::new(review),
                human_review_from_open: Moment::new(review),
                merged: Moment::new(Some(opened + 80 * HOUR)),
                size_lines: 40,
                changed_files: 2,
                human_reviews: u32::from(seen),
                review_rounds: u32::from(seen),
                origin: Some(if ai {
                    Origin::Agent
                } else {
                    Origin::NoneDetected
                }),
                measured: true,
                ..Observation::default()
            });
        }
    }
    all
}

fn month(name: &'static str, with_ai: u32, unseen: u32, pickup_hours: i64) -> Month {
    Month {
        name,
        with_ai,
        without_ai: 30,
        unseen,
        pickup_hours,
    }
}

fn advice(all: &Observations, now: i64) -> AdviceReport {
    let reading = Reading {
        now,
        calendar: Calendar::Always,
    };
    advise(all, &builtin_rules().expect("rules"), &reading)
}

fn rules_of(report: &AdviceReport) -> Vec<&str> {
    report
        .teams
        .iter()
        .flat_map(|team| &team.advice)
        .map(|advice| advice.rule.as_str())
        .collect()
}

#[test]
fn unseen_merges_are_named_with_their_pull_requests() {
    let all = observations(&[
        month("2026-03", 20, 0, 4),
        month("2026-04", 20, 12, 4),
        month("2026-05", 20, 12, 4),
    ]);
    let report = advice(&all, start_of("2026-06") + 40 * HOUR);
    assert_eq!(report.month, "2026-05");
    let team = report.teams.first().expect("the team");
    assert!(team.advice.len() <= MOST_FOR_A_TEAM);
    let unseen = team
        .advice
        .iter()
        .find(|advice| advice.rule == "ai_work_merged_unseen")
        .expect("fires");
    assert_eq!(unseen.pull_requests.total, 24);
    assert!(
        unseen
            .pull_requests
            .newest
            .iter()
            .all(|key| key.starts_with("acme/stairs#"))
    );
    let number = unseen.numbers.first().expect("a number");
    assert_eq!(number.n, 60);
    assert!(number.interval.is_some_and(|interval| interval.low > 0.2));
    assert!(
        !unseen.given_before,
        "a month before it was 12 of 40, which may be chance"
    );
}

#[test]
fn the_same_month_gives_the_same_advice_on_every_day() {
    let months = [
        month("2026-04", 20, 12, 4),
        month("2026-05", 20, 12, 4),
        month("2026-06", 20, 20, 90),
    ];
    let all = observations(&months);
    let first = advice(&all, start_of("2026-06"));
    for day in [3, 11, 29] {
        assert_eq!(advice(&all, start_of("2026-06") + day * 24 * HOUR), first);
    }
    // June is not over: nothing of it is looked at.
    assert_eq!(
        advice(&observations(&months[..2]), start_of("2026-06")),
        first
    );
}

#[test]
fn too_few_pull_requests_fire_nothing() {
    let few = Month {
        without_ai: 4,
        ..month("2026-05", 6, 6, 4)
    };
    let report = advice(&observations(&[few]), start_of("2026-06"));
    assert_eq!(rules_of(&report), [""; 0]);
}

#[test]
fn a_slower_pickup_beside_more_ai_is_told() {
    let mut months = Vec::new();
    for name in ["2025-12", "2026-01", "2026-02"] {
        months.push(month(name, 3, 0, 4));
    }
    for name in ["2026-03", "2026-04", "2026-05"] {
        months.push(month(name, 30, 0, 9));
    }
    let report = advice(&observations(&months), start_of("2026-06"));
    let found = rules_of(&report);
    assert!(found.contains(&"pickup_slower_as_ai_grows"), "{found:?}");
    // The same without any growth of AI says nothing about AI.
    for month in &mut months {
        month.with_ai = 30;
    }
    let report = advice(&observations(&months), start_of("2026-06"));
    assert!(!rules_of(&report).contains(&"pickup_slower_as_ai_grows"));
}

#[test]
fn last_months_advice_is_followed_up() {
    let mut months = vec![
        month("2026-02", 30, 25, 4),
        month("2026-03", 30, 25, 4),
        month("2026-04", 30, 25, 4),
    ];
    months.push(month("2026-05", 90, 0, 4));
    let report = advice(&observations(&months), start_of("2026-06"));
    let team = report.teams.first().expect("the team");
    let follow_up = team
        .follow_up
        .iter()
        .find(|one| one.id == "ai_work_merged_unseen/acme")
        .expect("is looked at again");
    // 50 of 150 in the last three months, after 75 of 90.
    assert_eq!(follow_up.outcome, FollowUpOutcome::StillHolds);
    assert!(follow_up.then.contains("75 of 90"), "{}", follow_up.then);
    assert!(
        follow_up
            .now
            .as_deref()
            .is_some_and(|now| now.contains("50 of 150"))
    );

    let months = [
        month("2026-01", 40, 40, 4),
        month("2026-02", 30, 0, 4),
        month("2026-03", 30, 0, 4),
        month("2026-04", 90, 0, 4),
    ];
    let report = advice(&observations(&months), start_of("2026-05"));
    let team = report.teams.first().expect("the team");
    let follow_up = team
        .follow_up
        .iter()
        .find(|one| one.id == "ai_work_merged_unseen/acme")
        .expect("is looked at again");
    assert_eq!(follow_up.outcome, FollowUpOutcome::NoLongerHolds);
    assert!(!rules_of(&report).contains(&"ai_work_merged_unseen"));
}
