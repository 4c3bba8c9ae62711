//! `tandem insights` and `tandem effects`: what AI goes along with.

mod comparisons;
mod narrative;
mod questions;
pub(crate) mod sheet;

use clap::ValueEnum;
use insights::advice::{AdviceReport, FollowUpOutcome, builtin_rules};
use insights::effects::{Exposure, Finding, Groups, Question, Sensitivity, compare};
use insights::wording::{ADVICE_LOOKS_AT, q_text};
use insights::{Report, ReportOptions, report};
use measures::Metric;
use serde::Serialize;
use web::documents::EffectsDocument;

use crate::app::App;
use crate::cli::{EffectsArguments, ExposureChoice, InsightsArguments, InsightsPart};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{Output, count, percent};
use crate::verbs::adoption::bounds;
use crate::wiring::database::require_team;
use crate::wiring::observations::{of_period, reading, scope_of};
use sheet::{Sheet, sparkline};

/// Pull requests named under advice; `--json` has more.
const LISTED_IN_TEXT: usize = 3;

/// Prints insights.
pub(crate) fn run(app: &App, arguments: &InsightsArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("insights")?;
    require_team(store.as_ref(), arguments.period.team.as_deref())?;
    let reading = reading(app, &arguments.clock)?;
    let observations = of_period(app, store.as_ref(), &arguments.period)?;
    let metrics = match arguments.explain {
        Some(metric) => vec![metric],
        None => arguments.metric.clone(),
    };
    let options = ReportOptions {
        reading,
        scope: scope_of(&arguments.period),
        metrics,
        rules: if arguments.explain.is_some() {
            Vec::new()
        } else {
            rules()?
        },
        sensitivity: Sensitivity::Skip,
    };
    let report = report(&observations, &options);
    let (told, outcome) = if arguments.narrative.narrative {
        let (told, outcome) = narrative::tell(app, &report, &arguments.narrative)?;
        (Some(told), outcome)
    } else {
        (None, Outcome::Done)
    };
    if app.output.json {
        app.output.document(&Document {
            report: &report,
            narrative: told.as_ref(),
        })?;
        return Ok(outcome);
    }
    let mut sheet = Sheet::default();
    if let Some(told) = &told {
        narrative::add(&mut sheet, told);
    }
    if let Some(metric) = arguments.explain {
        let team = report.scope.team.as_deref();
        comparisons::explain(&mut sheet, metric, &report.authorship, team);
        comparisons::explain_review(&mut sheet, metric, &report.review, team);
        add_calendar(&mut sheet, report.calendar.as_deref());
    } else {
        add_report(&mut sheet, &report, &arguments.only);
    }
    show(&app.output, &sheet, arguments.markdown)?;
    Ok(outcome)
}

/// The document of `insights --json`.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    narrative: Option<&'a narrative::Told>,
}

/// The rules that come with Tandem.
fn rules() -> Result<Vec<insights::advice::Rule>, CliError> {
    builtin_rules().map_err(|error| CliError::new(ErrorKind::Internal, error))
}

/// Prints comparisons.
pub(crate) fn effects(app: &App, arguments: &EffectsArguments) -> Result<Outcome, CliError> {
    let store = app.open_to_read("effects")?;
    require_team(store.as_ref(), arguments.period.team.as_deref())?;
    let reading = reading(app, &arguments.clock)?;
    let observations = of_period(app, store.as_ref(), &arguments.period)?;
    let exposure = match arguments.of {
        ExposureChoice::Authored => Exposure::AiAuthored,
        ExposureChoice::Reviewed => Exposure::AiReviewed,
    };
    let metrics = match (arguments.explain, arguments.metric.is_empty()) {
        (Some(metric), _) => vec![metric],
        (None, true) => vec![Metric::Cycle, Metric::Pickup],
        (None, false) => arguments.metric.clone(),
    };
    let question = Question {
        exposure,
        metrics,
        groups: Groups::TogetherAndTeams,
        sensitivity: if arguments.sensitivity {
            Sensitivity::Together
        } else {
            Sensitivity::Skip
        },
    };
    let comparisons = compare(&observations, &question, &reading);
    if app.output.json {
        app.output.document(&EffectsDocument {
            version: 1,
            exposure,
            calendar: reading.calendar.label(),
            comparisons: comparisons.iter().collect(),
        })?;
        return Ok(Outcome::Done);
    }
    let mut sheet = Sheet::default();
    let team = arguments.period.team.as_deref();
    if let Some(metric) = arguments.explain {
        comparisons::explain(&mut sheet, metric, &comparisons, team);
        add_calendar(&mut sheet, reading.calendar.label().as_deref());
    } else {
        comparisons::add(&mut sheet, heading_of(exposure), &comparisons, team);
        add_footnotes(&mut sheet, reading.calendar.label().as_deref());
    }
    sheet.print(&app.output)?;
    Ok(Outcome::Done)
}

fn show(output: &Output, sheet: &Sheet, markdown: bool) -> Result<(), CliError> {
    if markdown {
        output.line(sheet.markdown().trim_end())
    } else {
        sheet.print(output)
    }
}

fn heading_of(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::AiAuthored => "AI-authored against none detected",
        Exposure::AiReviewed => "Reviewed by AI against not",
    }
}

/// The report as a page; only some parts of it where some are named.
pub(crate) fn add_report(sheet: &mut Sheet, report: &Report, only: &[InsightsPart]) {
    for part in InsightsPart::value_variants() {
        if only.is_empty() || only.contains(part) {
            add_part(sheet, report, *part);
        }
    }
    if only.is_empty() || only.contains(&InsightsPart::Comparisons) {
        add_footnotes(sheet, report.calendar.as_deref());
    } else {
        add_calendar(sheet, report.calendar.as_deref());
    }
}

fn add_part(sheet: &mut Sheet, report: &Report, part: InsightsPart) {
    let answers = &report.questions;
    match part {
        InsightsPart::Adoption => add_adoption(sheet, report),
        InsightsPart::Starts => questions::add_starts(sheet, answers),
        InsightsPart::Advice => add_advice(sheet, &report.advice),
        InsightsPart::Findings => add_findings(sheet, report),
        InsightsPart::Events => questions::add_events(sheet, answers),
        InsightsPart::Time => questions::add_time(sheet, answers),
        InsightsPart::Reviewers => questions::add_load(sheet, answers),
        InsightsPart::Unseen => questions::add_unseen(sheet, &answers.unseen),
        InsightsPart::Quality => questions::add_quality(sheet, &answers.quality),
        InsightsPart::Sizes => questions::add_sizes(sheet, answers),
        InsightsPart::Outcomes => questions::add_outcomes(sheet, answers),
        InsightsPart::Work => questions::add_work(sheet, answers),
        InsightsPart::Detection => questions::add_detection(sheet, answers),
        InsightsPart::Comparisons => {
            let team = report.scope.team.as_deref();
            let heading = heading_of(Exposure::AiAuthored);
            comparisons::add(sheet, heading, &report.authorship, team);
            let heading = heading_of(Exposure::AiReviewed);
            comparisons::add(sheet, heading, &report.review, team);
        }
    }
}

/// What was found, and how much could not be: the short form of a report.
pub(crate) fn add_findings(sheet: &mut Sheet, report: &Report) {
    sheet.heading("What AI goes along with (associations, not causes)");
    let all = || report.authorship.iter().chain(&report.review);
    let found = || all().filter(|one| matches!(one.finding, Finding::Higher | Finding::Lower));
    for comparison in found() {
        let name = comparison.team.as_deref().unwrap_or("all");
        let q = comparison
            .q
            .map_or_else(String::new, |q| format!("; q {}", q_text(q, 3)));
        sheet.line(format!("{name}: {}{q}", comparison.sentence));
    }
    let simpsons = all().filter(|one| one.simpson.is_some());
    for comparison in simpsons {
        sheet.line(format!(
            "! {}: {} points one way pooled and the other within author and repository (Simpson's paradox)",
            comparison.team.as_deref().unwrap_or("all"),
            comparison.metric.definition().title,
        ));
    }
    let same = all()
        .filter(|one| one.finding == Finding::NoMeaningfulChange)
        .count();
    let unknown = all()
        .filter(|one| one.finding == Finding::NotEnoughData)
        .count();
    sheet.line(format!(
        "{} findings, {same} times no difference within 10 %, {unknown} times not enough data to say",
        found().count(),
    ));
}

/// What to do next, and what became of the advice before.
pub(crate) fn add_advice(sheet: &mut Sheet, advice: &AdviceReport) {
    if advice.teams.is_empty() {
        return;
    }
    sheet.heading(format!(
        "What to do next, as of the end of {}",
        advice.month
    ));
    sheet.line(ADVICE_LOOKS_AT);
    for team in &advice.teams {
        for (index, one) in team.advice.iter().enumerate() {
            sheet.line(format!(
                "{} {}. {}{}",
                team.team,
                index + 1,
                one.title,
                if one.given_before {
                    " (as the month before)"
                } else {
                    ""
                }
            ));
            sheet.line(format!("   {}", one.statement));
            sheet.line(format!("   Next: {}", one.next_step));
            let newest: Vec<&str> = one
                .pull_requests
                .newest
                .iter()
                .take(LISTED_IN_TEXT)
                .map(String::as_str)
                .collect();
            if !newest.is_empty() {
                sheet.remark(format!(
                    "   {} pull requests, newest: {}",
                    count(one.pull_requests.total),
                    newest.join(", ")
                ));
            }
            sheet.remark(format!(
                "   What would change our mind: {}",
                one.would_change_our_mind
            ));
        }
    }
    add_follow_up(sheet, advice);
}

/// Last month's advice beside what became of its numbers.
fn add_follow_up(sheet: &mut Sheet, advice: &AdviceReport) {
    let all = || {
        let teams = advice.teams.iter();
        teams.flat_map(|team| team.follow_up.iter().map(move |one| (&team.team, one)))
    };
    if all().next().is_none() {
        return;
    }
    sheet.heading("What became of the advice of the month before");
    for (team, one) in all() {
        let outcome = match one.outcome {
            FollowUpOutcome::StillHolds => "still holds",
            FollowUpOutcome::NoLongerHolds => "no longer holds",
            FollowUpOutcome::CannotTell => "too little to say now",
        };
        sheet.line(format!("{team}: {} - {outcome}", one.title));
        if one.now.as_deref() == Some(one.then.as_str()) {
            sheet.remark(format!("   then and now: {}", one.then));
            continue;
        }
        sheet.remark(format!("   then: {}", one.then));
        if let Some(now) = &one.now {
            sheet.remark(format!("   now:  {now}"));
        }
    }
}

/// Adoption of all and of each team, with the months as a line of blocks.
pub(crate) fn add_adoption(sheet: &mut Sheet, report: &Report) {
    let adoption = &report.adoption_by_created;
    sheet.heading("Adoption (at least: AI that leaves no trace is not seen)");
    let months: Vec<&str> = adoption
        .by_month
        .iter()
        .map(|month| month.name.as_str())
        .collect();
    let share_in = |team: Option<&str>, month: &str| {
        let group = match team {
            None => adoption
                .by_month
                .iter()
                .find(|one| one.name == month)
                .map(|one| &one.group),
            Some(team) => adoption
                .by_team_month
                .iter()
                .find(|one| one.team == team && one.month == month)
                .map(|one| &one.group),
        };
        group
            .and_then(|group| group.of_all)
            .and_then(|share| share.share)
    };
    let row = |name: &str, team: Option<&str>, group: &insights::adoption::Group| {
        let shares: Vec<Option<f64>> = months.iter().map(|month| share_in(team, month)).collect();
        let last = months
            .iter()
            .rev()
            .find(|month| **month != report.current_month)
            .and_then(|month| share_in(team, month));
        vec![
            name.to_owned(),
            count(group.pull_requests),
            percent(group.of_all.and_then(|share| share.share)),
            bounds(group.of_all),
            percent(last),
            percent(group.reviewed_of_all.and_then(|share| share.share)),
            sparkline(&shares),
        ]
    };
    let mut rows = vec![row("all", None, &adoption.overall)];
    if adoption.by_team.len() > 1 {
        rows.extend(
            adoption
                .by_team
                .iter()
                .map(|team| row(&team.name, Some(&team.name), &team.group)),
        );
    }
    let span = match (months.first(), months.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        _ => "By month".to_owned(),
    };
    sheet.table(
        &[
            "Team",
            ">PRs",
            ">At least",
            ">95 % interval",
            ">Last full month",
            ">AI reviewed",
            &span,
        ],
        rows,
    );
}

/// What the marks of the tables stand for.
pub(crate) fn add_footnotes(sheet: &mut Sheet, calendar: Option<&str>) {
    sheet.remark("n? fewer than 20; <5 not shown. Adjusted: within author and repository, for size, type, draft, weekday, month.");
    sheet.remark("q: share of false findings among those as clear, over this page. tandem effects --explain METRIC says how.");
    add_calendar(sheet, calendar);
}

/// Which seconds count, where it is not all of them.
fn add_calendar(sheet: &mut Sheet, calendar: Option<&str>) {
    if let Some(calendar) = calendar {
        sheet.remark(format!("clocks: {calendar}"));
    }
}
