//! Beginning a run: what to ask, then what it takes, then the word to go.

use axum::extract::{Form, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

use super::short;
use crate::access::Visitor;
use crate::charts::{Cell, Table};
use crate::error::PageError;
use crate::layout::{Frame, Tab, page};
use crate::live::Plan;
use crate::pages::writing::{self, Deed};
use crate::runs::{RunEstimate, RunRequest};
use crate::site::Site;
use crate::source::{Source, SourceError};
use crate::words::{count, dollars, name, short_line};

/// Pull requests that a run is about unless somebody says otherwise.
const USUAL_LIMIT: u64 = 500;

/// Tiers that may be named.
const MOST_TIERS: usize = 5;

/// What there is to choose from.
pub(super) struct Choices {
    teams: Vec<String>,
}

impl Choices {
    pub(super) fn read(source: &dyn Source) -> Result<Self, SourceError> {
        Ok(Choices {
            teams: source.store().team_names()?,
        })
    }
}

/// The form that asks for an estimate.
pub(super) fn form(choices: &Choices, csrf: &str) -> Markup {
    html! {
        details.card.start {
            summary { "Start a run" }
            form method="post" action="/runs/estimate" {
                input type="hidden" name="csrf" value=(csrf);
                div.fields {
                    label { span { "Pull requests, newest first" }
                        input type="number" name="limit" min="1" max="10000000" value=(USUAL_LIMIT) required; }
                    label { span { "Team" }
                        select name="team" {
                            option value="" { "All teams" }
                            @for team in &choices.teams { option value=(team) { (short_line(team, 60)) } }
                        }
                    }
                    label { span { "Spend at most (US dollars)" }
                        input type="text" inputmode="decimal" name="budget" placeholder="5.00" pattern="\\$?[0-9]+([.][0-9]+)?"; }
                    label.long { span { "Tiers, cheapest first (empty: as configured)" }
                        input type="text" name="tiers" maxlength="500" placeholder="groq:openai/gpt-oss-20b,groq:openai/gpt-oss-120b"; }
                }
                div.checks {
                    label { input type="checkbox" name="fallback" value="yes" checked; " Ask the next tier what the first cannot answer" }
                    label { input type="checkbox" name="doubt" value="yes"; " Ask it about doubtful answers too" }
                    label { input type="checkbox" name="stale" value="yes"; " Renew analyses that are out of date" }
                }
                p { button type="submit" { "Show the estimate" } }
                p.note { "Nothing is sent before you have seen what it takes and said so." }
            }
        }
    }
}

/// What the form says. Empty values count as absent: forms send them.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    csrf: String,
    limit: Option<String>,
    team: Option<String>,
    budget: Option<String>,
    tiers: Option<String>,
    fallback: Option<String>,
    doubt: Option<String>,
    stale: Option<String>,
}

/// A value of a form that says something.
fn given(value: Option<&String>) -> Option<&str> {
    value
        .map(|value| value.trim())
        .filter(|value| !value.is_empty())
}

/// Reads a sum of dollars: `5`, `5.00` or `$5`.
pub(super) fn usd(text: Option<&String>) -> Result<Option<f64>, PageError> {
    let Some(text) = given(text) else {
        return Ok(None);
    };
    match text.trim_start_matches('$').parse::<f64>() {
        Ok(usd) if usd.is_finite() && usd >= 0.0 => Ok(Some(usd)),
        _ => Err(PageError::BadRequest(format!(
            "'{}' is not a sum of dollars; write it as 5.00.",
            short(text)
        ))),
    }
}

impl Wish {
    fn request(&self) -> Result<RunRequest, PageError> {
        let limit = given(self.limit.as_ref())
            .map(|text| {
                text.parse::<u64>()
                    .ok()
                    .filter(|limit| *limit > 0)
                    .ok_or_else(|| {
                        PageError::BadRequest(format!(
                            "'{}' is not a number of pull requests.",
                            short(text)
                        ))
                    })
            })
            .transpose()?;
        let tiers: Vec<String> = given(self.tiers.as_ref())
            .unwrap_or_default()
            .split(',')
            .map(|tier| tier.trim().to_owned())
            .filter(|tier| !tier.is_empty())
            .collect();
        // A word that looks like an option must not become one.
        let odd = tiers
            .iter()
            .map(String::as_str)
            .chain(given(self.team.as_ref()))
            .find(|text| text.starts_with('-') || text.chars().any(char::is_control));
        if tiers.len() > MOST_TIERS || odd.is_some() {
            return Err(PageError::BadRequest(
                "Tiers are written as provider:model, with commas between them, five at most."
                    .to_owned(),
            ));
        }
        Ok(RunRequest {
            team: given(self.team.as_ref()).map(ToOwned::to_owned),
            limit,
            tiers,
            budget_usd: usd(self.budget.as_ref())?,
            with_fallback: self.fallback.is_some(),
            escalate_doubt: self.doubt.is_some(),
            stale: self.stale.is_some(),
        })
    }
}

/// `POST /runs/estimate`.
pub(super) async fn estimate(
    State(site): State<Site>,
    visitor: Visitor,
    Form(wish): Form<Wish>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&wish.csrf) {
        return Ok(*refused);
    }
    let request = wish.request()?;
    let runs = super::runs_of(&site)?;
    let asked = request.clone();
    let estimate = super::apart(move || runs.estimate(&asked)).await?;
    let word = site.live.plans.keep(Plan {
        visitor: visitor.name.clone(),
        request: request.clone(),
        estimate: estimate.clone(),
    });
    let body = estimate_page(&request, &estimate, &word, &visitor.csrf);
    Ok(
        Html(page(&Frame::plain("What the run takes", Tab::Runs), body).into_string())
            .into_response(),
    )
}

fn estimate_page(request: &RunRequest, estimate: &RunEstimate, word: &str, csrf: &str) -> Markup {
    let range =
        |low: String, likely: String, high: String| format!("{likely} likely ({low} to {high})");
    html! {
        section.card {
            h2 { "The run" }
            dl.facts {
                dt { "Pull requests" } dd { (count(estimate.requests))
                    @if let Some(limit) = request.limit { " of at most " (count(limit)) ", newest first" } }
                dt { "Team" } dd { (name(request.team.as_deref().unwrap_or("all"))) }
                dt { "Asked" } dd { (estimate.tiers.join(", then ")) }
                @if estimate.asks_models() {
                    dt { "Tokens in" } dd { (range(count(estimate.prompt_tokens.low), count(estimate.prompt_tokens.likely), count(estimate.prompt_tokens.high))) }
                    dt { "Tokens out" } dd { (range(count(estimate.output_tokens.low), count(estimate.output_tokens.likely), count(estimate.output_tokens.high))) }
                    dt { "Cost" } dd { strong { "up to " (dollars(estimate.cost.high)) } ", "
                        (range(dollars(estimate.cost.low), dollars(estimate.cost.likely), dollars(estimate.cost.high)))
                        "; requests that have to be repeated come on top" }
                    dt { "Budget" } dd { @match request.budget_usd {
                        Some(budget) => { "the run stops before it costs more than " strong { (dollars(budget)) } },
                        None => "none; go back to set one",
                    } }
                    dt { "By synchronous calls" } dd { (dollars(estimate.sync_cost_usd)) " likely" }
                } @else {
                    dt { "Cost" } dd { strong { "nothing" } }
                }
            }
            @if !estimate.unpriced.is_empty() {
                p.warning { "No price is known for " (estimate.unpriced.join(", ")) "; what it costs is not in these sums." }
            }
        }
        section.card {
            h2 { "What leaves this machine" }
            @if estimate.asks_models() {
                p { "For each pull request its repository, number, logins, branches and dates, its title, description, commit messages, reviews, comments and names of files, as far as they fit, with the question and the schema of the answer. "
                    (count(estimate.shortened)) " of the texts are shortened; " (count(estimate.masked)) " secrets and personal addresses are masked before. "
                    code { "tandem analyze --dry-run --show" } " prints every word of it." }
                (parts(estimate))
            } @else { p { "Nothing: rules answer, no model is asked." } }
        }
        section.card {
            @if estimate.requests == 0 {
                p { strong { "There is nothing to ask. " } "Every pull request chosen has a current analysis, or waits in another run." }
            } @else {
                form method="post" action="/runs" {
                    input type="hidden" name="csrf" value=(csrf);
                    input type="hidden" name="plan" value=(word);
                    p { button type="submit" { "Start the run" } " " a.button.quiet href="/runs" { "Do not" } }
                    p.note { "This word counts once and for half an hour. Pull requests that come in meanwhile are not added." }
                }
            }
            @if estimate.requests == 0 { p { a href="/runs" { "All runs" } } }
        }
    }
}

fn parts(estimate: &RunEstimate) -> Markup {
    if estimate.parts.is_empty() {
        return html! {};
    }
    let mut table = Table::new(&[
        "Part",
        ">Tokens, likely",
        ">Tokens, at most",
        ">Cost, likely",
        ">Cost, at most",
    ]);
    for part in &estimate.parts {
        table.row(vec![
            Cell::text(&part.part),
            Cell::number(count(part.tokens.likely)),
            Cell::number(count(part.tokens.high)),
            Cell::number(dollars(part.cost.likely)),
            Cell::number(dollars(part.cost.high)),
        ]);
    }
    html! { details { summary { "By part of the question" } (table) } }
}

/// What the log of changes keeps of a request.
fn told(request: &RunRequest) -> Value {
    json!({
        "team": request.team,
        "limit": request.limit,
        "tiers": request.tiers,
        "budget_usd": request.budget_usd,
        "with_fallback": request.with_fallback,
        "escalate_doubt": request.escalate_doubt,
        "stale": request.stale,
    })
}

/// The word to go.
#[derive(Debug, Deserialize)]
pub(super) struct Go {
    csrf: String,
    plan: String,
}

/// `POST /runs`.
pub(super) async fn begin(
    State(site): State<Site>,
    visitor: Visitor,
    Form(go): Form<Go>,
) -> Result<Response, PageError> {
    if let Err(refused) = visitor.may_change(&go.csrf) {
        return Ok(*refused);
    }
    let Some(plan) = site.live.plans.take(&go.plan, &visitor.name) else {
        return Err(PageError::BadRequest(
            "This estimate was used already, or is older than half an hour. Ask for a new one; \
             whether a run was begun is in the list of runs."
                .to_owned(),
        ));
    };
    let runs = super::runs_of(&site)?;
    // No more than was shown, whatever came in since.
    let request = RunRequest {
        limit: Some(plan.estimate.requests),
        ..plan.request
    };
    let wanted = told(&request);
    let deed = Deed {
        action: "start run",
        subject: "a new run".to_owned(),
        new: Some(wanted.clone()),
    };
    let work = super::logged(&site, &visitor, deed, move || runs.start(&request)).await?;
    let run = super::planned(&site, work).await?;
    if let Some(run) = run {
        let deed = Deed {
            action: "run started",
            subject: format!("run {run}"),
            new: Some(wanted),
        };
        writing::log(&site, &visitor, deed).await?;
    }
    let address = run.map_or_else(|| "/runs".to_owned(), |run| format!("/runs/{run}"));
    Ok(Redirect::to(&address).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(limit: &str, tiers: &str, budget: &str) -> Wish {
        Wish {
            csrf: String::new(),
            limit: Some(limit.to_owned()),
            team: Some(String::new()),
            budget: Some(budget.to_owned()),
            tiers: Some(tiers.to_owned()),
            fallback: Some("yes".to_owned()),
            doubt: None,
            stale: None,
        }
    }

    #[test]
    fn a_form_becomes_a_request() {
        let request = wish("20", "groq:a, groq:b ,", "$0.50")
            .request()
            .expect("sound");
        assert_eq!(
            request,
            RunRequest {
                limit: Some(20),
                tiers: vec!["groq:a".to_owned(), "groq:b".to_owned()],
                budget_usd: Some(0.5),
                with_fallback: true,
                ..RunRequest::default()
            }
        );
        assert_eq!(wish("", "", "").request().expect("sound").limit, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (limit, tiers, budget) in [
            ("0", "", ""),
            ("-3", "", ""),
            ("many", "", ""),
            ("5", "--yes", ""),
            ("5", "a:b,--db=/x", ""),
            ("5", "a,b,c,d,e,f", ""),
            ("5", "", "nan"),
            ("5", "", "-1"),
        ] {
            assert!(
                wish(limit, tiers, budget).request().is_err(),
                "{limit} {tiers} {budget}"
            );
        }
    }
}
