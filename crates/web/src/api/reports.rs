//! Operations on kept reports.

use std::sync::Arc;

use insights::Report;
use insights::advice::AdviceReport;
use insights::effects::{Exposure, METRICS, REVIEW_METRICS};
use measures::{Definition, Metric};
use schemars::JsonSchema;
use serde::Serialize;

use super::answer::Answer;
use super::{Asked, Problem};
use crate::documents::{AdoptionDocument, EffectsDocument, TeamsDocument, ToolsDocument};
use crate::snapshot::{Found, Kept};
use crate::source::{Period, SourceError};

/// The version of the documents here that have no verb of their own.
const VERSION: u32 = 1;

/// What every number is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DefinitionsDocument {
    /// The version of this shape.
    version: u32,
    /// In the order in which they are explained.
    definitions: Vec<&'static Definition>,
}

/// The report of the scope in the request.
async fn kept(asked: &Asked) -> Result<Kept, Problem> {
    let period = Period {
        from: asked.given.text("from").map(ToOwned::to_owned),
        to: asked.given.text("to").map(ToOwned::to_owned),
    };
    let team = asked.given.text("team");
    match asked.site.keeper.report(&period, team).await {
        Found::Ready(kept) => Ok(kept),
        Found::Working => Err(Problem::working()),
        Found::NoSuchTeam => Err(Problem::missing(format!(
            "there is no team '{}' with pull requests in these months",
            team.unwrap_or_default()
        ))
        .hint("/api/v1/teams lists them")),
        Found::Failed(why) => Err(SourceError::Other(why).into()),
    }
}

/// A document made of the report in the request.
async fn made(
    asked: &Asked,
    make: impl FnOnce(Arc<Report>) -> Result<Vec<u8>, serde_json::Error> + Send + 'static,
) -> Result<Answer, Problem> {
    let kept = kept(asked).await?;
    Ok(Answer::of_report(kept.serial, move || make(kept.report)))
}

pub(super) async fn report(asked: Asked) -> Result<Answer, Problem> {
    made(&asked, |report| {
        let mut report = Report::clone(&report);
        report.adoption_by_created = report.adoption_by_created.without_small_cells();
        report.adoption_by_merged = report.adoption_by_merged.without_small_cells();
        serde_json::to_vec(&report)
    })
    .await
}

pub(super) async fn adoption(asked: Asked) -> Result<Answer, Problem> {
    let is_merged = asked.given.text("by") == Some("merged");
    made(&asked, move |report| {
        let (clock, adoption) = if is_merged {
            ("merged_at", &report.adoption_by_merged)
        } else {
            ("created_at", &report.adoption_by_created)
        };
        serde_json::to_vec(&AdoptionDocument {
            version: VERSION,
            clock,
            adoption: &adoption.without_small_cells(),
        })
    })
    .await
}

/// The words for metrics that can be compared.
pub(super) fn compared_metrics() -> Vec<&'static str> {
    let mut words: Vec<&str> = Vec::new();
    for metric in METRICS.iter().chain(&REVIEW_METRICS) {
        if !words.contains(&metric.as_str()) {
            words.push(metric.as_str());
        }
    }
    words
}

pub(super) async fn effects(asked: Asked) -> Result<Answer, Problem> {
    let is_review = asked.given.text("of") == Some("reviewed");
    let metric: Option<Metric> = asked
        .given
        .text("metric")
        .and_then(|text| text.parse().ok());
    made(&asked, move |report| {
        let (exposure, comparisons) = if is_review {
            (Exposure::AiReviewed, &report.review)
        } else {
            (Exposure::AiAuthored, &report.authorship)
        };
        serde_json::to_vec(&EffectsDocument {
            version: VERSION,
            exposure,
            calendar: report.calendar.clone(),
            comparisons: comparisons
                .iter()
                .filter(|one| metric.is_none_or(|metric| one.metric == metric))
                .collect(),
        })
    })
    .await
}

pub(super) async fn insights(asked: Asked) -> Result<Answer, Problem> {
    made(&asked, |report| {
        serde_json::to_vec::<AdviceReport>(&report.advice)
    })
    .await
}

pub(super) async fn teams(asked: Asked) -> Result<Answer, Problem> {
    made(&asked, |report| {
        serde_json::to_vec(&TeamsDocument {
            version: VERSION,
            teams: &report.adoption_by_created.by_team,
        })
    })
    .await
}

pub(super) async fn tools(asked: Asked) -> Result<Answer, Problem> {
    made(&asked, |report| {
        let adoption = report.adoption_by_created.without_small_cells();
        serde_json::to_vec(&ToolsDocument {
            version: VERSION,
            author_tools: &adoption.author_tools,
            review_tools: &adoption.review_tools,
            tool_months: &adoption.tool_months,
            tool_changes: &adoption.tool_changes,
        })
    })
    .await
}

pub(super) fn definitions() -> Result<Answer, Problem> {
    Answer::of(&DefinitionsDocument {
        version: VERSION,
        definitions: Metric::all().map(Metric::definition).collect(),
    })
}

pub(super) async fn coverage(asked: Asked) -> Result<Answer, Problem> {
    let team = asked.given.text("team").map(ToOwned::to_owned);
    let wanted = team.clone();
    let found = asked
        .site
        .ask(move |source| {
            let teams = source.store().team_names()?;
            let is_known = wanted.as_ref().is_none_or(|wanted| teams.contains(wanted));
            if !is_known {
                return Ok(None);
            }
            source.coverage_document(wanted.as_deref()).map(Some)
        })
        .await?;
    match found {
        Some(document) => Answer::of(&document),
        None => Err(
            Problem::missing(format!("there is no team '{}'", team.unwrap_or_default()))
                .hint("/api/v1/teams lists them"),
        ),
    }
}
