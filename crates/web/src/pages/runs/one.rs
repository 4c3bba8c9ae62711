//! One run, live.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use batch::ledger::{FailedRequest, RunSummary, ShardSummary, TierSummary};
use batch::{FailureKind, LedgerError, RunId, RunState};
use maud::{Markup, html};

use super::quarantine::failure_rows;
use super::{bar, run_id, state_badge, took, works};
use crate::access::{Role, Visitor};
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, live_page};
use crate::live::{Fragment, Watched};
use crate::runs::Work;
use crate::site::Site;
use crate::source::{Source, SourceError};
use crate::words::{count, dollars, moment, percent};

/// Shards that are shown: the latest.
const SHARDS: usize = 50;

/// Failures that are shown before there is a page for them.
const FAILURES: usize = 20;

/// `/runs/{id}`.
pub(super) async fn page_of_run(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let run = run_id(&id)?;
    let found = site
        .ask(move |source| {
            let Some((markup, is_final)) = fragment(source, run)? else {
                return Ok(None);
            };
            let failures = source.store().ledger().failures(run, None, FAILURES + 1)?;
            Ok(Some((markup, is_final, failures)))
        })
        .await?;
    let Some((markup, is_final, failures)) = found else {
        return Err(PageError::NotFound(format!("There is no run {run}.")));
    };
    let may_change = site.source.runs().is_some() && visitor.role >= Role::Admin;
    let body = html! {
        @if may_change && !is_final {
            p.actions { a.button.quiet href={ "/runs/" (run) "/change" } { "Resume or cancel" } }
        }
        div.live data-live=[(!is_final).then(|| format!("/runs/{run}/events"))] { (markup) }
        (failure_section(run, &failures))
        p { a href="/runs" { "All runs" } }
    };
    let title = format!("Run {run}");
    let frame = Frame::plain(&title, Tab::Runs);
    let page = live_page(&frame, if is_final { None } else { Some(5) }, body);
    Ok(Html(page.into_string()).into_response())
}

/// `/runs/{id}/events`.
pub(super) async fn events(
    State(site): State<Site>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let run = run_id(&id)?;
    site.ask(move |source| Ok(source.store().ledger().run(run)))
        .await?
        .map_err(|_| PageError::NotFound(format!("There is no run {run}.")))?;
    Ok(site
        .live
        .events(&site.source, Watched::Run(run), |source, what| {
            let Watched::Run(run) = what else { return None };
            match fragment(source, run) {
                Ok(Some((markup, is_final))) => Some(Fragment {
                    html: markup.into_string().into(),
                    is_final,
                }),
                // A run that was planned and given up is gone.
                Ok(None) => Some(Fragment {
                    html: "<p class=\"note\">The run was given up before anything was sent.</p>"
                        .into(),
                    is_final: true,
                }),
                Err(_) => None,
            }
        }))
}

/// The part of the page that moves, and whether it is over.
fn fragment(source: &dyn Source, run: RunId) -> Result<Option<(Markup, bool)>, SourceError> {
    let summary = match source.store().ledger().summary(run) {
        Ok(summary) => summary,
        Err(LedgerError::NoSuchRun(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let all = source.runs().map(|runs| runs.works()).unwrap_or_default();
    let shown: Vec<&Work> = all
        .iter()
        .filter(|work| work.run == Some(run))
        .take(2)
        .collect();
    let is_worked_on = shown.iter().any(|work| work.is_working);
    let is_over = matches!(summary.state, RunState::Finished | RunState::Cancelled);
    let markup = html! {
        (works(&shown))
        (overview(&summary))
        (tiers(&summary.tiers))
        (shards(&summary.tiers))
    };
    Ok(Some((markup, is_over && !is_worked_on)))
}

fn overview(run: &RunSummary) -> Markup {
    let totals = &run.totals;
    let is_running = run.state == RunState::Running;
    html! {
        section.card.run {
            h2 { "Progress " (state_badge(run.state.as_str())) }
            @if let Some(note) = &run.note { p.note { (note) } }
            (bar(totals.answered, totals.failed, totals.requests))
            p.big { (count(totals.answered)) " of " (count(totals.requests)) " answered" }
            dl.facts.columns {
                dt { "Failed" } dd { (count(totals.failed)) }
                dt { "Open" } dd { (count(totals.open)) }
                @if totals.in_doubt > 0 { dt { "Asked again in doubt" } dd { (count(totals.in_doubt)) } }
                dt { "Tokens" } dd { (count(totals.tokens.input)) " in, " (count(totals.tokens.output)) " out" }
                dt { "Cost" } dd { (dollars(totals.cost_usd.as_usd()))
                    @if totals.possible_cost_usd > batch::Money::ZERO {
                        ", up to " (dollars(totals.possible_cost_usd.as_usd())) " more if failures without usage are billed"
                    } }
                dt { "By synchronous calls" } dd { (dollars(totals.sync_cost_usd.as_usd())) }
                dt { "By the last tier alone" } dd { (dollars(totals.strong_only_cost_usd.as_usd())) }
                @if let Some(escalated) = totals.escalated {
                    dt { "Went to the next tier" } dd { (percent(Some(escalated)))
                        @if let Some(limit) = totals.break_even_escalated { ", break-even at " (percent(Some(limit))) } }
                }
                dt { "Started" } dd { (moment(run.started_at)) }
                @if let Some(ended_at) = run.ended_at { dt { "Ended" } dd { (moment(ended_at)) } }
                dt { "Duration" } dd { (took(run.started_at, run.ended_at, is_running)) }
            }
        }
    }
}

fn kinds(failed: &BTreeMap<FailureKind, u64>) -> String {
    if failed.is_empty() {
        return "–".to_owned();
    }
    let kinds: Vec<String> = failed
        .iter()
        .map(|(kind, number)| format!("{} {}", count(*number), kind.as_str().replace('_', " ")))
        .collect();
    kinds.join(", ")
}

fn tiers(tiers: &[TierSummary]) -> Markup {
    let mut table = Table::new(&[
        "Tier",
        "Model",
        ">Requests",
        ">Answered",
        ">Open",
        ">Doubted",
        "Not answered",
        ">Tokens in",
        ">Tokens out",
        ">Cost",
    ]);
    for tier in tiers {
        table.row(vec![
            Cell::text(tier.tier),
            Cell::text(format!("{}:{}", tier.provider, tier.model)),
            Cell::number(count(tier.requests)),
            Cell::number(count(tier.answered)),
            Cell::number(count(tier.open)),
            Cell::number(count(tier.doubted.values().sum())),
            Cell::text(kinds(&tier.failed)),
            Cell::number(count(tier.tokens.input)),
            Cell::number(count(tier.tokens.output)),
            Cell::number(dollars(tier.cost_usd.as_usd())),
        ]);
    }
    html! {
        section.card {
            h2 { "Tiers" }
            p.note { "\"Not answered\" counts each request by its last failure at the tier; the next tier may have answered it." }
            (table)
        }
    }
}

fn shards(tiers: &[TierSummary]) -> Markup {
    let mut all: Vec<(u32, &ShardSummary)> = tiers
        .iter()
        .flat_map(|tier| tier.shards.iter().map(move |shard| (tier.tier, shard)))
        .collect();
    all.sort_by_key(|(_, shard)| std::cmp::Reverse(shard.id));
    let mut by_state: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, shard) in &all {
        *by_state.entry(shard.state.as_str()).or_default() += 1;
    }
    let states: Vec<String> = by_state
        .iter()
        .map(|(state, number)| format!("{} {state}", count(*number)))
        .collect();
    let mut table = Table::new(&[
        "Shard",
        "State",
        ">Tier",
        "At the provider",
        ">Requests",
        ">Answered",
        "Failed",
        "Irregular",
        ">Tokens",
        ">Cost",
    ]);
    for (tier, shard) in all.iter().take(SHARDS) {
        let remote = shard.remote_status.as_deref().unwrap_or("–");
        table.row(vec![
            Cell::text(shard.id.to_string()),
            Cell::text(state_badge(shard.state.as_str())),
            Cell::number(tier),
            Cell::text(remote),
            Cell::number(count(shard.requests)),
            Cell::number(count(shard.answered)),
            Cell::text(kinds(&shard.failed)),
            Cell::text(irregular(shard)),
            Cell::number(count(shard.tokens.input + shard.tokens.output)),
            Cell::number(dollars(shard.cost_usd.as_usd())),
        ]);
    }
    html! {
        section.card {
            h2 { "Shards" }
            @if all.is_empty() { p.note { "None has been planned yet." } }
            @else {
                p.note { (states.join(", ")) @if all.len() > SHARDS { "; the latest " (SHARDS) " are shown" } }
                (table)
            }
        }
    }
}

fn irregular(shard: &ShardSummary) -> String {
    let counts = [
        ("missing", shard.missing),
        ("answered twice", shard.duplicates),
        ("not ours", shard.foreign),
        ("unreadable", shard.unreadable),
        ("repaired", shard.repaired),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(what, number)| format!("{} {what}", count(*number)))
        .collect();
    if told.is_empty() {
        "–".to_owned()
    } else {
        told.join(", ")
    }
}

fn failure_section(run: RunId, failures: &[FailedRequest]) -> Markup {
    html! {
        @if !failures.is_empty() {
            section.card {
                h2 { "Without an answer" }
                (failure_rows(failures.iter().take(FAILURES)))
                @if failures.len() > FAILURES {
                    p { a href={ "/runs/" (run) "/failures" } { "All that have no answer" } }
                }
            }
        }
    }
}
