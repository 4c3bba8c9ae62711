//! The whole report over a large database, with its time and, where a summary of exact answers is
//! given, whether they are met.
//!
//! `TANDEM_BENCH_DB` names a database that `tandem import` and `tandem detect` have filled,
//! `TANDEM_BENCH_SUMMARY` the summary that its generator wrote. Without a database it says so and ends.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use insights::adoption::{AdoptionClock, adoption_of};
use insights::advice::builtin_rules;
use insights::effects::{Exposure, Reading, Sensitivity};
use insights::{ReportOptions, Scope, report};
use measures::{Arm, Calendar, Clock, Metric, Observations};
use serde_json::Value;
use store::{OpenOptions, Selection};

type AnyError = Box<dyn Error>;

fn main() -> Result<(), AnyError> {
    let Some(database) = std::env::var_os("TANDEM_BENCH_DB") else {
        println!("skipped: TANDEM_BENCH_DB names no database");
        return Ok(());
    };
    let database = database.to_string_lossy().into_owned();
    let start = Instant::now();
    let store = store::open(&database, &OpenOptions::read("bench"))?;
    let mut all = Observations::default();
    let mut after = None;
    loop {
        after = store.observations(&Selection::all(), after, 50_000, &mut all)?;
        if after.is_none() {
            break;
        }
    }
    let unlinked = all.link_reverts();
    println!(
        "read        {:7.2} s  {} pull requests, {} teams, {unlinked} reverts without an original",
        start.elapsed().as_secs_f64(),
        all.rows.len(),
        all.teams.names().len()
    );
    let now = all.rows.iter().filter_map(|row| row.opened.seconds()).max();
    let reading = Reading {
        now: now.unwrap_or(0) + 86_400,
        calendar: Calendar::Always,
    };
    let made = Instant::now();
    let options = ReportOptions {
        reading,
        scope: Scope::default(),
        metrics: Vec::new(),
        rules: builtin_rules()?,
        sensitivity: Sensitivity::Skip,
    };
    let report = report(&all, &options);
    println!(
        "report      {:7.2} s  {} comparisons, {} teams with advice",
        made.elapsed().as_secs_f64(),
        report.authorship.len() + report.review.len(),
        report.advice.teams.len()
    );
    println!("in all      {:7.2} s", start.elapsed().as_secs_f64());
    for comparison in report.authorship.iter().filter(|one| one.team.is_none()) {
        println!("  {}", comparison.sentence);
        if comparison.metric == Metric::Cycle {
            println!("  as they are: {:?}", comparison.unadjusted);
            println!("  adjusted: {:?}", comparison.adjusted);
        }
    }
    if let Some(summary) = std::env::var_os("TANDEM_BENCH_SUMMARY") {
        hold_against(
            &all,
            &serde_json::from_str(&std::fs::read_to_string(summary)?)?,
        )?;
    }
    Ok(())
}

/// Holds counts and medians of each team against the generator's own, and fails where they differ.
fn hold_against(all: &Observations, summary: &Value) -> Result<(), AnyError> {
    let mut wrong: BTreeMap<&str, u64> = BTreeMap::new();
    let mut checked = 0_u64;
    let adoption = adoption_of(all, AdoptionClock::Created, None);
    let teams = summary["teams"].as_object().ok_or("no teams")?;
    for (team, expected) in teams {
        let code = all.teams.names().iter().position(|name| **name == **team);
        let of_team = || all.rows.iter().filter(|row| row.team.index() == code);
        let mut check = |what: &'static str, is_right: bool| {
            checked += 1;
            *wrong.entry(what).or_default() += u64::from(!is_right);
        };
        let is_ai = |row: &&measures::Observation| row.arm() == Some(Arm::Ai);
        check(
            "pull requests",
            expected["n"].as_u64() == Some(of_team().count() as u64),
        );
        check(
            "AI-authored",
            expected["ai"].as_u64() == Some(of_team().filter(is_ai).count() as u64),
        );
        for (month, counts) in expected["months"].as_object().ok_or("no months")? {
            let cell = adoption
                .by_team_month
                .iter()
                .find(|cell| cell.team == *team && cell.month == *month);
            let found = cell.map(|cell| {
                let group = &cell.group;
                (
                    group.pull_requests + group.plain_bots,
                    group.agent + group.assisted,
                )
            });
            let wanted = (counts[0].as_u64(), counts[1].as_u64());
            check(
                "team-months",
                found.map(|(n, ai)| (Some(n), Some(ai))) == Some(wanted),
            );
        }
        for (arm, with_ai) in [("ai", true), ("non_ai", false)] {
            for (name, clock) in [
                ("cycle_hours", Clock::OpenToMerge),
                ("first_review_hours", Clock::PickupFromOpen),
            ] {
                let wanted = &expected[name][arm];
                let values: Vec<f64> = of_team()
                    .filter(|row| Exposure::AiAuthored.arm(row) == Some(with_ai))
                    .filter_map(|row| match clock {
                        // The generator's first review may also come after the end.
                        Clock::PickupFromOpen => {
                            let first = row.human_review_from_open.seconds()?;
                            Some(first - row.opened.seconds()?)
                        }
                        _ => row.clock(clock, &Calendar::Always),
                    })
                    .map(|seconds| seconds as f64 / 3600.0)
                    .collect();
                let n_is_right = wanted["n"].as_u64() == Some(values.len() as u64);
                let median = stats::median(&values).ok();
                let near = |one: f64, other: f64| (one - other).abs() < 3e-4;
                let median_is_right = match (median, wanted["median"].as_f64()) {
                    (Some(found), Some(wanted)) => near(found, wanted),
                    (None, None) => true,
                    _ => false,
                };
                if name == "cycle_hours" {
                    check("cycle: n", n_is_right);
                    check("cycle: median", median_is_right);
                } else {
                    check("first review: n", n_is_right);
                    check("first review: median", median_is_right);
                }
            }
        }
    }
    let total: u64 = wrong.values().sum();
    println!("checked     {checked} answers, {total} differ: {wrong:?}");
    Ok(())
}
