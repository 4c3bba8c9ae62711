//! The log of changes: who corrected, withdrew, started, resumed and cancelled what. For admins.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use store::AuditRecord;

use crate::access::{Role, Visitor};
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::site::Site;
use crate::view::escape_path;
use crate::words::{moment, short_line};

/// Entries on a page.
const PAGE: usize = 50;

/// Characters of a value.
const VALUE: usize = 300;

/// The route of the log.
pub(super) fn routes() -> Router<Site> {
    Router::new().route("/account/log", get(page_of_log))
}

#[derive(Debug, Default, Deserialize)]
struct LogQuery {
    before: Option<u64>,
}

async fn page_of_log(
    State(site): State<Site>,
    visitor: Visitor,
    Query(query): Query<LogQuery>,
) -> Result<Response, PageError> {
    if visitor.role < Role::Admin {
        return Err(PageError::Forbidden(
            "This needs the role admin; you are a viewer.".to_owned(),
        ));
    }
    let mut records = site
        .ask(move |source| Ok(source.store().audit(query.before, PAGE + 1)?))
        .await?;
    let has_more = records.len() > PAGE;
    records.truncate(PAGE);
    let next = (records.last())
        .filter(|_| has_more)
        .map(|record| format!("/account/log?before={}", record.id));
    let body = html! {
        p.lead { "Who corrected what, and who started, resumed and cancelled which run from these pages. It only grows. Admins alone see it, names included." }
        section.card {
            @if records.is_empty() {
                div.empty { p { @if query.before.is_some() { "There is nothing before this." } @else { "Nothing was changed yet." } } }
            } @else { (table(&records)) }
            @if query.before.is_some() || next.is_some() {
                nav.turning aria-label="Pages of the log" {
                    @if query.before.is_some() { a.button.quiet href="/account/log" { "Latest" } }
                    @if let Some(next) = next { a.button.quiet href=(next) rel="next" { "Earlier" } }
                }
            }
        }
        p { a href="/account" { "Access" } }
    };
    Ok(Html(page(&Frame::plain("Log of changes", Tab::Other), body).into_string()).into_response())
}

fn table(records: &[AuditRecord]) -> Markup {
    let mut table = Table::new(&["When", "Who", "What", "To what", "Before", "Now"]);
    for AuditRecord { entry, .. } in records {
        table.row(vec![
            Cell::text(html! { span.log-time { (moment(entry.at)) } }),
            Cell::text(shortened(&entry.who)),
            Cell::text(shortened(&entry.action)),
            Cell::link(shortened(&entry.subject), address(&entry.subject)),
            Cell::text(entry.old.as_ref().map(told).unwrap_or_default()),
            Cell::text(entry.new.as_ref().map(told).unwrap_or_default()),
        ]);
    }
    html! { (table) }
}

/// Where what an entry is about has its page.
fn address(subject: &str) -> Option<String> {
    if let Some(run) = subject.strip_prefix("run ") {
        return run.parse::<i64>().ok().map(|run| format!("/runs/{run}"));
    }
    let (repo, number) = subject.rsplit_once('#')?;
    let number: u64 = number.parse().ok()?;
    Some(format!("/pull-requests/{}/{number}", escape_path(repo)))
}

/// A value as people read it: `origin: agent; author tools: devin`. What says nothing is left out.
fn told(value: &Value) -> String {
    let text = match value {
        Value::Object(fields) => {
            let parts = fields.iter().filter_map(|(name, value)| {
                let value = told(value);
                (!value.is_empty()).then(|| format!("{}: {value}", name.replace('_', " ")))
            });
            parts.collect::<Vec<_>>().join("; ")
        }
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
    };
    shortened(&text)
}

fn shortened(text: &str) -> String {
    short_line(text, VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_as_words() {
        let value = json!({"origin": "agent", "ai_reviewed": false, "author_tools": ["a", "b"], "tiers": [], "team": null});
        assert_eq!(
            told(&value),
            "origin: agent; ai reviewed: no; author tools: a, b"
        );
    }

    #[test]
    fn subjects_lead_to_their_pages() {
        for (subject, expected) in [
            ("run 7", Some("/runs/7")),
            ("acme/shop#12", Some("/pull-requests/acme/shop/12")),
            ("a new run", None),
            ("run x", None),
        ] {
            assert_eq!(address(subject).as_deref(), expected, "{subject}");
        }
    }
}
