//! Runs: how they go, and what began, resumes and ends them.

mod change;
mod list;
mod one;
mod quarantine;
mod start;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use batch::RunId;
use batch::ledger::RunLine;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;

use crate::access::Visitor;
use crate::error::PageError;
use crate::pages::writing::{self, Deed};
use crate::runs::{Runs, RunsError, Work};
use crate::site::Site;
use crate::source::SourceError;
use crate::words::count;

/// How long, and how often, a visitor waits for a new run's number before the list is shown instead.
const PATIENCE: u32 = 50;
const GLANCE: Duration = Duration::from_millis(100);

/// The routes about runs.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/runs", get(list::page_of_list).post(start::begin))
        .route("/runs/events", get(list::events))
        .route("/runs/estimate", post(start::estimate))
        .route("/runs/quarantine", get(quarantine::quarantined))
        .route("/runs/{id}", get(one::page_of_run))
        .route("/runs/{id}/events", get(one::events))
        .route("/runs/{id}/failures", get(quarantine::failures))
        .route("/runs/{id}/change", get(change::ask))
        .route("/runs/{id}/resume", post(change::resume))
        .route("/runs/{id}/cancel", post(change::cancel))
}

/// The number of a run in an address.
fn run_id(text: &str) -> Result<RunId, PageError> {
    text.parse()
        .map_err(|_| PageError::NotFound(format!("'{}' is not the number of a run.", short(text))))
}

/// Who begins, resumes and cancels runs.
fn runs_of(site: &Site) -> Result<Arc<dyn Runs>, PageError> {
    site.source
        .runs()
        .ok_or_else(|| PageError::NotFound("This server only shows runs.".to_owned()))
}

/// Does something about runs on a thread that may block.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunsError> + Send + 'static,
) -> Result<T, PageError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| PageError::Source(SourceError::Other(error.to_string())))?
        .map_err(PageError::from)
}

/// The same for what a visitor asks for, with an entry in the log of changes before, and one more where
/// it could not be done.
async fn logged<T: Send + 'static>(
    site: &Site,
    visitor: &Visitor,
    deed: Deed,
    work: impl FnOnce() -> Result<T, RunsError> + Send + 'static,
) -> Result<T, PageError> {
    let (action, subject) = (deed.action, deed.subject.clone());
    writing::log(site, visitor, deed).await?;
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| PageError::Source(SourceError::Other(error.to_string())))?;
    if let Err(error) = &done {
        let deed = Deed {
            action: "refused",
            subject,
            new: Some(json!({ "asked": action, "why": error.words })),
        };
        // Why it was not done is told to the visitor in any case.
        let _ = writing::log(site, visitor, deed).await;
    }
    done.map_err(PageError::from)
}

/// The run that a work turned out to be about, if that is known soon.
async fn planned(site: &Site, work: u64) -> Result<Option<RunId>, PageError> {
    let runs = runs_of(site)?;
    for _ in 0..PATIENCE {
        let found = runs.works().into_iter().find(|one| one.number == work);
        match found {
            Some(one) if one.run.is_none() && one.is_working => {}
            other => return Ok(other.and_then(|one| one.run)),
        }
        tokio::time::sleep(GLANCE).await;
    }
    Ok(None)
}

/// A text from an address, told back in short.
fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// A state with its colour; the word says it too.
fn state_badge(state: &str) -> Markup {
    html! { span.badge.state data-state=(state) { (state) } }
}

/// Seconds as people read them.
fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// How long a run took so far. A run that stands still has no duration worth telling.
fn took(started_at: Timestamp, ended_at: Option<Timestamp>, is_running: bool) -> String {
    match (ended_at, is_running) {
        (Some(ended_at), _) => duration(ended_at.as_second() - started_at.as_second()),
        (None, true) => duration(Timestamp::now().as_second() - started_at.as_second()),
        (None, false) => "–".to_owned(),
    }
}

/// How far: answered, failed and open, as a bar.
fn bar(answered: u64, failed: u64, requests: u64) -> Markup {
    let share = |part: u64| part as f64 / requests.max(1) as f64 * 100.0;
    let (good, bad) = (share(answered), share(failed));
    html! {
        svg.bar viewBox="0 0 100 2" preserveAspectRatio="none" role="img"
            aria-label={ (count(answered)) " of " (count(requests)) " answered, " (count(failed)) " failed" } {
            rect.bar-good x="0" y="0" width={ (format!("{good:.3}")) } height="2" {}
            rect.bar-bad x={ (format!("{good:.3}")) } y="0" width={ (format!("{bad:.3}")) } height="2" {}
        }
    }
}

/// What was begun from here and goes on, or ended lately.
fn works(works: &[&Work]) -> Markup {
    html! {
        @for work in works {
            section.card.work data-working=[work.is_working.then_some("yes")] {
                @if work.is_working {
                    p { strong { (doing(work)) } }
                } @else if let Some(ending) = &work.ending {
                    p { strong { (capitalised(work.kind.as_str())) ": " } (ending) }
                }
                @for line in &work.said { p.note { (line) } }
            }
        }
    }
}

fn doing(work: &Work) -> &'static str {
    use crate::runs::WorkKind;
    match (work.kind, work.run) {
        (WorkKind::Start, None) => "A run is being planned …",
        (WorkKind::Start | WorkKind::Resume, _) => "This server works on the run.",
        (WorkKind::Cancel, _) => "The run is being cancelled …",
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Where the list of runs goes on: those before a number.
fn before(runs: Vec<RunLine>, before: Option<RunId>) -> Vec<RunLine> {
    match before {
        Some(before) => runs.into_iter().filter(|run| run.id < before).collect(),
        None => runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, words) in [
            (-3, "0 s"),
            (59, "59 s"),
            (61, "1 min 1 s"),
            (3_700, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(duration(seconds), words);
        }
    }
}
