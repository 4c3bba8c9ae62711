//! The whole report over a large database, with its time and, where a summary of exact answers is
//! given, whether they are met.
//!
//! `TANDEM_BENCH_DB` names a database that `tandem import` and `tandem detect` have filled,
//! `TANDEM_BENCH_SUMMARY` the summary that its generator wrote (see `scripts/exact`), and
//! `TANDEM_BENCH_REPORT` a file for the report. Without a database it says so and ends.
//!
//! Generators give each person to one arm, so that nothing can be adjusted for who did it and the costliest
//! step is refused. `TANDEM_BENCH_PEOPLE=50` deals the pull requests of each team to so many people instead,
//! by a hash of their numbers: everybody then works both with AI and without.

use std::error::Error;
use std::time::Instant;

use insights::adoption::{AdoptionClock, adoption_of};
use insights::advice::builtin_rules;
use insights::effects::{Exposure, Reading, Sensitivity};
use insights::{ReportOptions, Scope, report};
use measures::{Arm, Calendar, Clock, Dictionary, Metric, Observation, Observations};
use serde_json::Value;
use store::{OpenOptions, Selection};

type AnyError = Box<dyn Error>;

/// The generator's hours have four digits. It also cuts them down to whole seconds after a multiplication
/// that may fall short by the last bit: a second can be lost.
const ROUNDED_HOURS: f64 = 1.0 / 3_600.0 + 0.51e-4;

fn main() -> Result<(), AnyError> {
    let Some(database) = std::env::var_os("TANDEM_BENCH_DB") else {
        println!("skipped: TANDEM_BENCH_DB names no database");
        return Ok(());
    };
    let database = database.to_string_lossy().into_owned();
    let start = Instant::now();
    let store = store::open(&database, &OpenOptions::read("bench"))?;
    let mut all = store.all_observations(&Selection::all())?;
    let unlinked = all.link_reverts();
    if let Some(people) = std::env::var_os("TANDEM_BENCH_PEOPLE") {
        deal(&mut all, people.to_string_lossy().parse()?);
    }
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
    print_use_of_machine();
    if let Some(path) = std::env::var_os("TANDEM_BENCH_REPORT") {
        std::fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    for comparison in report.authorship.iter().filter(|one| one.team.is_none()) {
        println!("  {}", comparison.sentence);
        if comparison.metric == Metric::Cycle {
            println!("  as they are: {:?}", comparison.unadjusted);
            println!("  adjusted: {:?}", comparison.adjusted);
        }
    }
    if let Some(summary) = std::env::var_os("TANDEM_BENCH_SUMMARY") {
        let summary = serde_json::from_str(&std::fs::read_to_string(summary)?)?;
        let differing = hold_against(&all, &summary)?;
        if differing > 0 {
            return Err(format!("{differing} answers differ").into());
        }
    }
    Ok(())
}

/// Deals the pull requests of each team to `people` of its own, the same in every run.
fn deal(all: &mut Observations, people: u64) {
    let mut names = Dictionary::default();
    for row in &mut all.rows {
        // Mixed up by multiplying, so that neighbours fall to different people.
        let place = row.repo.index().unwrap_or(0) as u64;
        let mixed = (u64::from(row.number) << 20 ^ place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let person = (mixed >> 33) % people.max(1);
        let team = row.team.index().unwrap_or(0);
        row.person = names.code(&format!("{team}/{person}"));
    }
    all.people = names;
}

/// Prints processor time and memory where the system tells them, which Linux does: on a machine that is
/// busy, time alone says little.
fn print_use_of_machine() {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let stat = read("/proc/self/stat");
    // Behind the name, which may hold anything: user and system time are the 12th and 13th, in ticks.
    let fields = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace();
    let ticks: Vec<f64> = fields
        .skip(11)
        .take(2)
        .filter_map(|it| it.parse().ok())
        .collect();
    if let [user, system] = ticks[..] {
        println!(
            "processor   {:7.2} s  of a user, {:.2} s of the system",
            user / 100.0,
            system / 100.0
        );
    }
    let status = read("/proc/self/status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    if let Some(kibibytes) = peak {
        println!("memory      {:7.0} MiB at most", kibibytes / 1024.0);
    }
    println!("load        {}", read("/proc/loadavg").trim());
}

/// Holds counts and medians of each team against the generator's own; says which differ.
fn hold_against(all: &Observations, summary: &Value) -> Result<u64, AnyError> {
    let mut checked = 0_u64;
    let mut differing = 0_u64;
    let mut check = |what: &str, whose: &str, found: String, wanted: String, is_right: bool| {
        checked += 1;
        if !is_right {
            differing += 1;
            println!("differs     {what}: {whose} is {found} instead of {wanted}");
        }
    };
    let adoption = adoption_of(all, AdoptionClock::Created, None);
    let teams = summary["teams"].as_object().ok_or("no teams")?;
    for (team, expected) in teams {
        let code = all.teams.names().iter().position(|name| **name == **team);
        let of_team = || all.rows.iter().filter(|row| row.team.index() == code);
        let is_ai = |row: &&Observation| row.arm() == Some(Arm::Ai);
        for (what, found) in [
            ("n", of_team().count()),
            ("ai", of_team().filter(is_ai).count()),
        ] {
            let is_right = expected[what].as_u64() == Some(found as u64);
            check(
                what,
                team,
                found.to_string(),
                expected[what].to_string(),
                is_right,
            );
        }
        for (month, counts) in expected["months"].as_object().ok_or("no months")? {
            let mut cells = adoption.by_team_month.iter();
            let cell = cells.find(|cell| cell.team == *team && cell.month == *month);
            let found = cell.map_or([0, 0], |cell| {
                let group = &cell.group;
                [
                    group.pull_requests + group.plain_bots,
                    group.agent + group.assisted,
                ]
            });
            let is_right = *counts == serde_json::json!(found);
            let whose = format!("{team} {month}");
            check(
                "month",
                &whose,
                format!("{found:?}"),
                counts.to_string(),
                is_right,
            );
        }
        for (arm, with_ai) in [("ai", true), ("non_ai", false)] {
            for (what, key, clock) in [
                ("cycle", "cycle_hours", Clock::OpenToMerge),
                ("first review", "first_review_hours", Clock::PickupFromOpen),
            ] {
                let wanted = &expected[key][arm];
                let values: Vec<f64> = of_team()
                    .filter(|row| Exposure::AiAuthored.arm(row) == Some(with_ai))
                    .filter_map(|row| hours(row, clock))
                    .collect();
                let n_is_right = wanted["n"].as_u64() == Some(values.len() as u64);
                let median = stats::median(&values).ok();
                let median_is_right = match (median, wanted["median"].as_f64()) {
                    (Some(found), Some(wanted)) => (found - wanted).abs() < ROUNDED_HOURS,
                    (None, None) => true,
                    _ => false,
                };
                for (part, is_right) in [("n", n_is_right), ("median", median_is_right)] {
                    let found = format!("{} and {median:?}", values.len());
                    let whose = format!("{team} {arm} {part}");
                    check(what, &whose, found, wanted.to_string(), is_right);
                }
            }
        }
    }
    println!("checked     {checked} answers, {differing} differ");
    Ok(differing)
}

/// A duration in hours, by the moments that the generator takes.
fn hours(row: &Observation, clock: Clock) -> Option<f64> {
    let seconds = match clock {
        // The generator's first review may also come after the end.
        Clock::PickupFromOpen => {
            let first = row.human_review_from_open.seconds()?;
            first - row.opened.seconds()?
        }
        _ => row.clock(clock, &Calendar::Always)?,
    };
    Some(seconds as f64 / 3600.0)
}
