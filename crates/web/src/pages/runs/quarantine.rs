//! What has no answer: of one run, and what always failed over all runs.

use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use batch::ledger::{FailedRequest, QuarantinedRequest, RequestCursor};
use batch::{LedgerError, RunId};
use maud::{Markup, html};
use serde::Deserialize;

use super::run_id;
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::site::Site;
use crate::view::escape_path;

/// Rows on a page.
const PAGE: usize = 100;

/// How much of a failure's reason is shown, in characters: providers write whole pages.
const DETAIL: usize = 300;

#[derive(Debug, Default, Deserialize)]
pub(super) struct FailuresQuery {
    after: Option<u64>,
}

/// `/runs/{id}/failures`.
pub(super) async fn failures(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(query): Query<FailuresQuery>,
) -> Result<Response, PageError> {
    let run = run_id(&id)?;
    let found = site
        .ask(move |source| {
            let ledger = source.store().ledger();
            match ledger.run(run) {
                Ok(_) => Ok(Some(ledger.failures(run, query.after, PAGE + 1)?)),
                Err(LedgerError::NoSuchRun(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        })
        .await?;
    let Some(rows) = found else {
        return Err(PageError::NotFound(format!("There is no run {run}.")));
    };
    let next = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE);
    let body = html! {
        section.card {
            h2 { "Requests without an answer" }
            @if rows.is_empty() { p.note { "There is none here: all have an answer, or are still open." } }
            @else { (failure_rows(rows.iter().take(PAGE))) }
            @if let Some(last) = next { p { a href={ "/runs/" (run) "/failures?after=" (last.seq) } rel="next" { "Next" } } }
        }
        p { a href={ "/runs/" (run) } { "Run " (run) } }
    };
    let title = format!("Run {run}: failures");
    Ok(Html(page(&Frame::plain(&title, Tab::Runs), body).into_string()).into_response())
}

/// Failed requests as a table.
pub(super) fn failure_rows<'f>(rows: impl Iterator<Item = &'f FailedRequest>) -> Markup {
    let mut table = Table::new(&[
        "Pull request",
        "Why",
        "Detail",
        ">Tier",
        ">Attempts",
        "Kept out",
    ]);
    for row in rows {
        table.row(vec![
            subject(&row.subject),
            Cell::text(row.kind.as_str().replace('_', " ")),
            Cell::text(detail(&row.detail)),
            Cell::number(row.tier),
            Cell::number(row.attempts),
            Cell::text(if row.quarantined { "yes" } else { "no" }),
        ]);
    }
    html! { (table) }
}

/// What a request was about, as a link where it names a pull request.
fn subject(text: &str) -> Cell {
    let address = text
        .parse::<model::PrKey>()
        .ok()
        .map(|key| format!("/pull-requests/{}/{}", escape_path(&key.repo), key.number));
    Cell::link(text, address)
}

fn detail(text: &str) -> String {
    let mut short: String = text.chars().take(DETAIL).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct QuarantineQuery {
    run: Option<i64>,
    seq: Option<u64>,
}

/// `/runs/quarantine`.
pub(super) async fn quarantined(
    State(site): State<Site>,
    Query(query): Query<QuarantineQuery>,
) -> Result<Response, PageError> {
    let after = query.run.zip(query.seq).map(|(run, seq)| RequestCursor {
        run: RunId(run),
        seq,
    });
    let rows = site
        .ask(move |source| {
            let task = source.runs().map(|runs| runs.task());
            match task {
                Some(task) => Ok(source.store().ledger().quarantined(task, after, PAGE + 1)?),
                None => Ok(Vec::new()),
            }
        })
        .await?;
    let next = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE);
    let body = html! {
        p.lead { "These failed too often with their present content, or somebody dropped them. No run asks them by itself. "
            "To ask them again or to drop them: " code { "tandem quarantine retry" } ", " code { "tandem quarantine drop" } "." }
        section.card {
            h2 { "Quarantine" }
            @if rows.is_empty() { p.note { "It is empty." } } @else { (table_of(rows.iter().take(PAGE))) }
            @if let Some(last) = next {
                p { a href={ "/runs/quarantine?run=" (last.cursor.run) "&seq=" (last.cursor.seq) } rel="next" { "Next" } }
            }
        }
        p { a href="/runs" { "All runs" } }
    };
    Ok(Html(page(&Frame::plain("Quarantine", Tab::Runs), body).into_string()).into_response())
}

fn table_of<'q>(rows: impl Iterator<Item = &'q QuarantinedRequest>) -> Markup {
    let mut table = Table::new(&[
        "Pull request",
        "Team",
        "Why",
        "Detail",
        ">Attempts",
        "Run",
        "Standing",
        "Said",
    ]);
    for row in rows {
        let run = row.cursor.run;
        table.row(vec![
            subject(&row.subject),
            Cell::text(&row.group),
            Cell::text(row.kind.as_str().replace('_', " ")),
            Cell::text(detail(&row.detail)),
            Cell::number(row.attempts),
            Cell::link(format!("Run {run}"), Some(format!("/runs/{run}"))),
            Cell::text(if row.dropped {
                "dropped"
            } else {
                "quarantined"
            }),
            Cell::text(row.note.as_deref().map(detail).unwrap_or_default()),
        ]);
    }
    html! { (table) }
}
