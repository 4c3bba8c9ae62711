//! `tandem runs`: list runs, look into one, resume or cancel it.

use batch::RunId;
use batch::ledger::{AttemptRecord, FailedRequest, RunSummary, ShardSummary, TierSummary};
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
    team: &'a str,
    history: &'a [AttemptRecord],
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

pub(crate) fn parse_id(text: &str) -> Result<RunId, CliError> {
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
    warn_of_break_even(&app.output, &summary);
    Ok(Outcome::Done)
}

/// Warns where the cascade cost more than the last tier alone would have.
pub(crate) fn warn_of_break_even(output: &Output, run: &RunSummary) {
    let totals = &run.totals;
    let Some(last) = run.tiers.last() else { return };
    if totals.is_dearer_than_strong_alone() {
        output.warning(&format!(
            "more requests went on to the next tier than the cascade is worth ({}, break-even {}): --tiers {}:{} alone would be cheaper",
            percent(totals.escalated),
            percent(totals.break_even_escalated),
            last.provider,
            last.model
        ));
    }
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
        let seqs: Vec<u64> = page.iter().map(|failed| failed.seq).collect();
        let attempts = ledger.attempts(run, &seqs)?;
        for failed in &page {
            shown += 1;
            // The attempts come in the order of the requests that were asked for.
            let start = attempts.partition_point(|attempt| attempt.seq < failed.seq);
            let end = attempts.partition_point(|attempt| attempt.seq <= failed.seq);
            let history = attempts.get(start..end).unwrap_or_default();
            if app.output.json {
                let line = FailureLine {
                    custom_id: &failed.custom_id,
                    subject: &failed.subject,
                    kind: failed.kind.as_str(),
                    detail: &failed.detail,
                    tier: failed.tier,
                    attempts: failed.attempts,
                    quarantined: failed.quarantined,
                    team: &failed.group,
                    history,
                };
                app.output.json_line(&line)?;
            } else {
                print_failure(&app.output, failed, history)?;
            }
        }
    }
    if shown == 0 && !app.output.json {
        app.output
            .line("Every request of this run has an answer, or is still open.")?;
    }
    Ok(Outcome::Done)
}

fn print_failure(
    output: &Output,
    failed: &FailedRequest,
    history: &[AttemptRecord],
) -> Result<(), CliError> {
    let mark = if failed.quarantined {
        ", quarantined"
    } else {
        ""
    };
    output.line(&crate::output::printable(&format!(
        "{}  {} after {} attempts{mark}",
        failed.subject, failed.kind, failed.attempts
    )))?;
    if history.is_empty() {
        // It ended while it waited, so no attempt says why.
        output.line(&crate::output::printable(&format!("    {}", failed.detail)))?;
    }
    for attempt in history {
        let kind = attempt
            .kind
            .map_or("answered, doubted", |kind| kind.as_str());
        let detail = attempt.detail.as_deref().or(attempt.doubt.as_deref());
        let detail = detail.unwrap_or_default();
        let cost = if attempt.usage.is_none() && attempt.possible_cost > batch::Money::ZERO {
            format!("up to {}", dollars(attempt.possible_cost.as_usd()))
        } else {
            dollars(attempt.cost.as_usd())
        };
        output.line(&crate::output::printable(&format!(
            "    tier {}, {}, shard {}, {cost}: {kind}: {detail}",
            attempt.tier, attempt.model, attempt.shard
        )))?;
    }
    Ok(())
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
    print_totals(output, run)?;
    print_irregularities(output, run)
}

/// How many irregular shards are shown; `--json` has them all.
const SHARDS_SHOWN: usize = 10;

/// Says which shards had ids that are missing, given twice or not ours, and how many were repaired.
fn print_irregularities(output: &Output, run: &RunSummary) -> Result<(), CliError> {
    let repaired: u64 = run.tiers.iter().map(|tier| tier.repaired).sum();
    if repaired > 0 {
        output.line(&format!(
            "  {} answers were saved by the narrow repair (fences, prose around one object, trailing commas)",
            count(repaired)
        ))?;
    }
    let shards = run.tiers.iter().flat_map(|tier| &tier.shards);
    let irregular: Vec<(&ShardSummary, String)> = shards
        .filter_map(|shard| Some((shard, irregularities(shard)?)))
        .collect();
    for (shard, words) in irregular.iter().take(SHARDS_SHOWN) {
        output.line(&crate::output::printable(&format!(
            "  Shard {}: {words}",
            shard.id
        )))?;
    }
    if irregular.len() > SHARDS_SHOWN {
        output.line(&format!(
            "  ... and {} more shards with irregularities: --json has them all",
            count((irregular.len() - SHARDS_SHOWN) as u64)
        ))?;
    }
    Ok(())
}

fn irregularities(shard: &ShardSummary) -> Option<String> {
    let counts = [
        ("missing", shard.missing),
        ("answered twice", shard.duplicates),
        ("not ours", shard.foreign),
        ("unreadable", shard.unreadable),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(what, number)| format!("{} {what}", count(*number)))
        .collect();
    if told.is_empty() {
        return None;
    }
    let first: Vec<&str> = shard.named.iter().take(5).map(String::as_str).collect();
    let more = shard.named.len().saturating_sub(first.len());
    let examples = match (first.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(" ({})", first.join(", ")),
        (false, more) => format!(" ({} and {more} more)", first.join(", ")),
    };
    Some(format!("{}{examples}", told.join(", ")))
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
    print_doubts(output, run)?;
    Ok(())
}

/// What was asked again because of doubt, by reason, and what it cost.
fn print_doubts(output: &Output, run: &RunSummary) -> Result<(), CliError> {
    let totals = &run.totals;
    for tier in run.tiers.iter().filter(|tier| !tier.doubted.is_empty()) {
        let doubted: u64 = tier.doubted.values().sum();
        let reasons: Vec<String> = tier
            .doubted
            .iter()
            .map(|(reason, number)| format!("{} {reason}", count(*number)))
            .collect();
        output.line(&format!(
            "  Doubted at tier {}: {} answers ({}); {} replaced by a later tier, {} stand",
            tier.tier,
            count(doubted),
            reasons.join(", "),
            count(tier.replaced),
            count(doubted - tier.replaced),
        ))?;
    }
    if totals.escalated_by_doubt > Some(0.0) {
        output.line(&format!(
            "  Of tier 1, {} were not answered and {} doubted; asking again about the doubted cost {}",
            percent(totals.escalated_by_failure),
            percent(totals.escalated_by_doubt),
            dollars(totals.doubt_cost_usd.as_usd()),
        ))?;
    }
    if totals.in_doubt > 0 {
        output.line(&format!(
            "  {} doubted answers are still to be asked again; until then they count as they are",
            count(totals.in_doubt)
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
