//! `tandem runs`: list runs, look into one, resume or cancel it.

use batch::RunId;
use batch::ledger::{RunSummary, TierSummary};
use serde::Serialize;

use crate::app::App;
use crate::cli::{RunsArguments, RunsCommand};
use crate::error::{CliError, Outcome};
use crate::output::{Output, count, dollars, percent};
use crate::verbs::analyze;
use crate::wiring::engine::ledger;

/// How many failed requests one page of the ledger gives.
const FAILURES_PAGE: usize = 1_000;

/// One line of `runs show ID --failed --json`.
#[derive(Serialize)]
struct FailureLine<'a> {
    custom_id: &'a str,
    subject: &'a str,
    kind: &'a str,
    detail: &'a str,
    tier: u32,
    attempts: u32,
    quarantined: bool,
}

/// Lists, shows, resumes or cancels.
pub(crate) fn run(app: &App, arguments: &RunsArguments) -> Result<Outcome, CliError> {
    match &arguments.command {
        None | Some(RunsCommand::List) => list(app),
        Some(RunsCommand::Show { id, failed: false }) => show(app, id),
        Some(RunsCommand::Show { id, failed: true }) => show_failed(app, id),
        Some(RunsCommand::Resume { id, budget }) => analyze::resume(app, parse_id(id)?, *budget),
        Some(RunsCommand::Cancel { id }) => analyze::cancel(app, parse_id(id)?),
    }
}

fn parse_id(text: &str) -> Result<RunId, CliError> {
    text.trim_start_matches('#').parse().map_err(|_| {
        CliError::input(format!("'{text}' is not the id of a run")).hint("tandem runs lists them")
    })
}

fn list(app: &App) -> Result<Outcome, CliError> {
    let store = app.open_to_read("runs")?;
    let runs = ledger(&store).runs()?;
    if app.output.json {
        app.output.document(&runs)?;
        return Ok(Outcome::Done);
    }
    if runs.is_empty() {
        app.output
            .line("No runs yet: tandem analyze --limit 500 --with-fallback")?;
        return Ok(Outcome::Done);
    }
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            vec![
                run.id.to_string(),
                run.state.to_string(),
                run.started_at.strftime("%Y-%m-%d %H:%M").to_string(),
                count(run.requests),
                count(run.answered),
                count(run.failed),
                dollars(run.cost_usd.as_usd()),
            ]
        })
        .collect();
    app.output.table(
        &[
            ">Run",
            "State",
            "Started (UTC)",
            ">Requests",
            ">Answered",
            ">Failed",
            ">Cost",
        ],
        &rows,
    )?;
    Ok(Outcome::Done)
}

fn show(app: &App, id: &str) -> Result<Outcome, CliError> {
    let store = app.open_to_read("runs")?;
    let summary = ledger(&store).summary(parse_id(id)?)?;
    if app.output.json {
        app.output.document(&summary)?;
    } else {
        print_summary(&app.output, &summary)?;
    }
    Ok(Outcome::Done)
}

fn show_failed(app: &App, id: &str) -> Result<Outcome, CliError> {
    let store = app.open_to_read("runs")?;
    let ledger = ledger(&store);
    let run = parse_id(id)?;
    ledger.run(run)?;
    let mut after = None;
    let mut shown: u64 = 0;
    loop {
        let page = ledger.failures(run, after, FAILURES_PAGE)?;
        let Some(last) = page.last() else { break };
        after = Some(last.seq);
        for failed in &page {
            shown += 1;
            if app.output.json {
                let line = FailureLine {
                    custom_id: &failed.custom_id,
                    subject: &failed.subject,
                    kind: failed.kind.as_str(),
                    detail: &failed.detail,
                    tier: failed.tier,
                    attempts: failed.attempts,
                    quarantined: failed.quarantined,
                };
                app.output.line(&serde_json::to_string(&line)?)?;
            } else {
                let mark = if failed.quarantined {
                    " (quarantined)"
                } else {
                    ""
                };
                app.output.line(&crate::output::printable(&format!(
                    "{}  tier {}, {} attempts, {}{mark}: {}",
                    failed.subject, failed.tier, failed.attempts, failed.kind, failed.detail
                )))?;
            }
        }
    }
    if shown == 0 && !app.output.json {
        app.output
            .line("Every request of this run has an answer, or is still open.")?;
    }
    Ok(Outcome::Done)
}

/// Prints a run as people read it.
pub(crate) fn print_summary(output: &Output, run: &RunSummary) -> Result<(), CliError> {
    output.heading(&format!("Run {}: {}", run.run, run.state))?;
    if let Some(note) = &run.note {
        output.line(&format!("  {note}"))?;
    }
    let rows: Vec<Vec<String>> = run.tiers.iter().map(tier_row).collect();
    output.table(
        &[
            "Tier",
            "Model",
            ">Requests",
            ">Answered",
            "Not answered",
            ">Tokens in",
            ">Tokens out",
            ">Cost",
            ">Per 1000",
        ],
        &rows,
    )?;
    output.line("")?;
    print_totals(output, run)
}

fn tier_row(tier: &TierSummary) -> Vec<String> {
    let failures: Vec<String> = tier
        .failed
        .iter()
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    vec![
        tier.tier.to_string(),
        format!("{}:{}", tier.provider, tier.model),
        count(tier.requests),
        count(tier.answered),
        if failures.is_empty() {
            "-".to_owned()
        } else {
            failures.join(", ")
        },
        count(tier.tokens.input),
        count(tier.tokens.output),
        dollars(tier.cost_usd.as_usd()),
        per_thousand(tier.cost_usd.as_usd(), tier.requests),
    ]
}

fn print_totals(output: &Output, run: &RunSummary) -> Result<(), CliError> {
    let totals = &run.totals;
    let cost = totals.cost_usd.as_usd();
    output.line(&format!(
        "  {} of {} requests answered, {} failed, {} open",
        count(totals.answered),
        count(totals.requests),
        count(totals.failed),
        count(totals.open),
    ))?;
    output.line(&format!(
        "  {} known cost, {} per 1000 requests; up to {} more if failures without usage are billed",
        dollars(cost),
        per_thousand(cost, totals.requests),
        dollars(totals.possible_cost_usd.as_usd()),
    ))?;
    output.line(&format!(
        "  The same tokens by synchronous calls: {}; the last tier alone, by batch: {}",
        dollars(totals.sync_cost_usd.as_usd()),
        dollars(totals.strong_only_cost_usd.as_usd()),
    ))?;
    if let (Some(escalated), Some(limit)) = (totals.escalated, totals.break_even_escalated) {
        output.line(&format!(
            "  Escalated: {}; the last tier alone would be cheaper above {}",
            percent(Some(escalated)),
            percent(Some(limit)),
        ))?;
    }
    Ok(())
}

/// Cost per 1,000 requests.
pub(crate) fn per_thousand(cost_usd: f64, requests: u64) -> String {
    if requests == 0 {
        return "-".to_owned();
    }
    dollars(cost_usd / requests as f64 * 1_000.0)
}
