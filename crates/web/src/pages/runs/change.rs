//! Resuming and cancelling a run, with what that means shown first.

use axum::extract::{Form, Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use batch::ledger::{RunSummary, ShardFilter, ShardState};
use batch::{LedgerError, Money, RunId, RunState};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::start::usd;
use super::{run_id, state_badge};
use crate::access::{Role, Visitor};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::pages::writing::Deed;
use crate::site::Site;
use crate::words::{count, dollars};

/// What is known before somebody decides.
struct Standing {
    summary: RunSummary,
    budget: Option<Money>,
    /// The most that what is at the provider now can cost.
    reserved: Money,
    is_worked_on_here: bool,
}

/// `/runs/{id}/change`.
pub(super) async fn ask(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let run = run_id(&id)?;
    if visitor.role < Role::Admin {
        return Err(PageError::Forbidden(
            "This needs the role admin; you are a viewer.".to_owned(),
        ));
    }
    let standing = site
        .ask(move |source| {
            let ledger = source.store().ledger();
            let known = match ledger.run(run) {
                Ok(known) => known,
                Err(LedgerError::NoSuchRun(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let out = ledger.shards(run, ShardFilter::Unfinished)?;
            let works = source.runs().map(|runs| runs.works()).unwrap_or_default();
            Ok(Some(Standing {
                summary: ledger.summary(run)?,
                budget: known.spec.budget,
                reserved: out
                    .iter()
                    .filter(|shard| {
                        !matches!(shard.state, ShardState::Collected | ShardState::Abandoned)
                    })
                    .map(|shard| shard.reserved)
                    .sum(),
                is_worked_on_here: works
                    .iter()
                    .any(|work| work.is_working && work.run == Some(run)),
            }))
        })
        .await?;
    let Some(standing) = standing else {
        return Err(PageError::NotFound(format!("There is no run {run}.")));
    };
    let title = format!("Resume or cancel run {run}");
    let body = body(run, &standing, &visitor.csrf);
    Ok(Html(page(&Frame::plain(&title, Tab::Runs), body).into_string()).into_response())
}

fn body(run: RunId, standing: &Standing, csrf: &str) -> Markup {
    let totals = &standing.summary.totals;
    let is_over = matches!(
        standing.summary.state,
        RunState::Finished | RunState::Cancelled
    );
    let done = totals.answered + totals.failed;
    // What the rest costs if it goes on as it went.
    let rest = (done > 0).then(|| totals.cost_usd.as_usd() / done as f64 * totals.open as f64);
    html! {
        section.card {
            h2 { "As it stands " (state_badge(standing.summary.state.as_str())) }
            dl.facts {
                dt { "Open" } dd { (count(totals.open)) " of " (count(totals.requests)) " requests" }
                dt { "Cost so far" } dd { (dollars(totals.cost_usd.as_usd())) }
                dt { "At the provider" } dd { "up to " (dollars(standing.reserved.as_usd())) ", sent already" }
                dt { "The rest" } dd { @match rest {
                    Some(rest) => { "about " (dollars(rest)) " if it goes on as it went" },
                    None => "nothing has come back yet that would tell",
                } }
                dt { "Budget" } dd { @match standing.budget {
                    Some(budget) => (dollars(budget.as_usd())),
                    None => "none",
                } }
            }
        }
        @if is_over {
            section.card { p { "It is over: there is nothing to resume or to cancel." } }
        } @else {
            @if !standing.is_worked_on_here {
                section.card {
                    h2 { "Resume" }
                    p { "It goes on where it stopped. What was answered is kept, what is at the provider is collected, and nothing is paid twice." }
                    form method="post" action={ "/runs/" (run) "/resume" } {
                        input type="hidden" name="csrf" value=(csrf);
                        label { span { "Spend at most, in all (US dollars; empty: as before)" }
                            input type="text" inputmode="decimal" name="budget" pattern="\\$?[0-9]+([.][0-9]+)?"; }
                        p { button type="submit" { "Resume run " (run) } }
                    }
                }
            }
            section.card {
                h2 { "Cancel" }
                p { "Its batches at the provider are cancelled. Answers that are there are kept; what the provider has worked on already may still be charged." }
                form method="post" action={ "/runs/" (run) "/cancel" } {
                    input type="hidden" name="csrf" value=(csrf);
                    p { button.danger type="submit" { "Cancel run " (run) } }
                }
            }
        }
        p { a href={ "/runs/" (run) } { "Back to run " (run) } }
    }
}

/// A decision.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    csrf: String,
    budget: Option<String>,
}

/// `POST /runs/{id}/resume`.
pub(super) async fn resume(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&decision.csrf) {
        return Ok(*refused);
    }
    let run = existing(&site, &id).await?;
    let budget = usd(decision.budget.as_ref())?;
    let runs = super::runs_of(&site)?;
    let deed = Deed {
        action: "resume run",
        subject: format!("run {run}"),
        new: Some(json!({ "budget_usd": budget })),
    };
    super::logged(&site, &visitor, deed, move || runs.resume(run, budget)).await?;
    Ok(Redirect::to(&format!("/runs/{run}")).into_response())
}

/// `POST /runs/{id}/cancel`.
pub(super) async fn cancel(
    State(site): State<Site>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&decision.csrf) {
        return Ok(*refused);
    }
    let run = existing(&site, &id).await?;
    let runs = super::runs_of(&site)?;
    let deed = Deed {
        action: "cancel run",
        subject: format!("run {run}"),
        new: None,
    };
    super::logged(&site, &visitor, deed, move || runs.cancel(run)).await?;
    Ok(Redirect::to(&format!("/runs/{run}")).into_response())
}

/// The run of an address, which must be there and not be over.
async fn existing(site: &Site, id: &str) -> Result<RunId, PageError> {
    let run = run_id(id)?;
    let state = site
        .ask(move |source| match source.store().ledger().run(run) {
            Ok(run) => Ok(Some(run.state)),
            Err(LedgerError::NoSuchRun(_)) => Ok(None),
            Err(error) => Err(error.into()),
        })
        .await?;
    match state {
        None => Err(PageError::NotFound(format!("There is no run {run}."))),
        Some(RunState::Finished | RunState::Cancelled) => Err(PageError::BadRequest(format!(
            "Run {run} is over: there is nothing to resume or to cancel."
        ))),
        Some(_) => Ok(run),
    }
}
