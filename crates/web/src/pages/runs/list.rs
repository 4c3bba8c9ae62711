//! The list of runs.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use batch::ledger::{Run, RunLine};
use batch::{RunId, RunState};
use maud::{Markup, html};
use serde::Deserialize;

use super::{bar, before, start, state_badge, took, works};
use crate::access::{Role, Visitor};
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, live_page};
use crate::live::{Fragment, Watched};
use crate::runs::Work;
use crate::site::Site;
use crate::source::{Source, SourceError};
use crate::words::{count, dollars, moment};

/// Runs on a page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    before: Option<i64>,
}

/// `/runs`.
pub(super) async fn page_of_list(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<ListQuery>,
) -> Result<Response, PageError> {
    let from = query.before.map(RunId);
    let (html, form) = site
        .ask(move |source| {
            let form = start::Choices::read(source)?;
            Ok((fragment(source, from)?, form))
        })
        .await?;
    let can_start = site.source.runs().is_some();
    let body = html! {
        @if can_start && visitor.role >= Role::Admin { (start::form(&form, &visitor.csrf)) }
        @else if can_start { p.note { "You are a viewer: runs are begun, resumed and cancelled by an admin." } }
        div.live data-live=[from.is_none().then_some("/runs/events")] { (html) }
        p.note { a href="/runs/quarantine" { "What always failed and is not asked again by itself (quarantine)" } }
    };
    let frame = Frame::plain("Runs", Tab::Runs);
    let page = live_page(&frame, if from.is_none() { Some(10) } else { None }, body);
    Ok(Html(page.into_string()).into_response())
}

/// `/runs/events`.
pub(super) async fn events(State(site): State<Site>) -> Response {
    site.live.events(&site.source, Watched::List, |source, _| {
        fragment(source, None).ok().map(|markup| Fragment {
            html: markup.into_string().into(),
            is_final: false,
        })
    })
}

/// The part of the page that moves.
fn fragment(source: &dyn Source, from: Option<RunId>) -> Result<Markup, SourceError> {
    let ledger = source.store().ledger();
    let mut runs = before(ledger.runs()?, from);
    let is_more = runs.len() > PAGE;
    runs.truncate(PAGE);
    let mut details = BTreeMap::new();
    for run in &runs {
        details.insert(run.id, ledger.run(run.id)?);
    }
    let all_works = source.runs().map(|runs| runs.works()).unwrap_or_default();
    let shown: Vec<&Work> = all_works
        .iter()
        .filter(|work| work.run.is_none() || work.is_working)
        .take(5)
        .collect();
    Ok(html! {
        @if from.is_none() { (works(&shown)) }
        (table_of(&runs, &details))
        @if let Some(last) = runs.last().filter(|_| is_more) {
            p { a href={ "/runs?before=" (last.id) } rel="next" { "Earlier runs" } }
        }
    })
}

fn table_of(runs: &[RunLine], details: &BTreeMap<RunId, Run>) -> Markup {
    if runs.is_empty() {
        return html! {
            section.card.message {
                p.big { "No runs yet" }
                p { "A run asks language models about pull requests, through batches at half the price." }
                p { "From the command line: " code { "tandem analyze --limit 500 --with-fallback" } }
            }
        };
    }
    let mut table = Table::new(&[
        "Run",
        "State",
        "Progress",
        "Tiers",
        ">Requests",
        ">Answered",
        ">Failed",
        ">Cost",
        "Started",
        ">Duration",
    ]);
    for run in runs {
        let detail = details.get(&run.id);
        let tiers: Vec<String> = detail
            .map(|detail| {
                let tiers = detail.spec.tiers.iter();
                tiers.map(|tier| tier.reference.to_string()).collect()
            })
            .unwrap_or_default();
        let ended_at = detail.and_then(|detail| detail.ended_at);
        let is_running = run.state == RunState::Running;
        table.row(vec![
            Cell::link(
                format!("Run\u{a0}{}", run.id),
                Some(format!("/runs/{}", run.id)),
            ),
            Cell::text(state_badge(run.state.as_str())),
            Cell::text(bar(run.answered, run.failed, run.requests)),
            Cell::text(tiers.join(", ")),
            Cell::number(count(run.requests)),
            Cell::number(count(run.answered)),
            Cell::number(count(run.failed)),
            Cell::number(dollars(run.cost_usd.as_usd())),
            Cell::text(moment(run.started_at)),
            Cell::number(took(run.started_at, ended_at, is_running)),
        ]);
    }
    html! { section.card.runs { h2 { "All runs" } (table) } }
}
