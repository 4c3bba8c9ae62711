//! `tandem costs`: what was paid, from every side, and whether the cascade was worth it.

use batch::costs::{
    CostKey, CostLine, CostReport, CostSums, Costly, Escalation, costs, each_request,
};
use batch::ledger::{CostFilter, Ledger, RunId};
use batch::{Money, TierSpec, TokenPrice, break_even_escalation};
use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::cli::{CostsArguments, Side};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{Output, count, dollars, percent, printable};
use crate::wiring::engine::{configured_tiers, ledger, models};
use crate::wiring::in_service::{in_service, today};

mod prices;

/// The document of `costs --json`.
#[derive(Serialize)]
struct Document {
    version: u32,
    by: &'static str,
    from: Option<Date>,
    to: Option<Date>,
    team: Option<String>,
    lines: Vec<Value>,
    totals: Value,
    cascade: Cascade,
    prices_as_of: Date,
}

/// Whether asking the cheap tier first is worth it.
#[derive(Serialize)]
struct Cascade {
    /// The configured tiers, as they are in service today.
    tiers: Vec<String>,
    /// What was measured.
    #[serde(flatten)]
    escalation: Escalation,
    escalated_share: Option<f64>,
    /// The share above which the last tier alone would be cheaper, at today's prices.
    break_even_share: Option<f64>,
    dearer_than_strong_alone: bool,
}

/// Sums up.
pub(crate) fn run(app: &App, arguments: &CostsArguments) -> Result<Outcome, CliError> {
    if arguments.prices {
        return prices::run(app);
    }
    let filter = filter(arguments)?;
    let store = app.open_to_read("costs")?;
    let ledger = ledger(&store);
    let Some(by) = arguments.by.to_costs_by() else {
        return by_request(app, &*ledger, &filter);
    };
    let report = costs(&*ledger, by, &filter)?;
    let config = app.config()?;
    let catalogue = models(&config)?;
    let configured = configured_tiers(&config, &catalogue)?;
    let (tiers, _) = in_service(&config, configured, &catalogue, today())?;
    let cascade = cascade(&tiers, &report);
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            by: arguments.by.as_str(),
            from: arguments.from,
            to: arguments.to,
            team: arguments.team.clone(),
            lines: report.lines.iter().map(line_document).collect(),
            totals: sums_document(&report.totals),
            cascade,
            prices_as_of: catalogue.as_of(),
        })?;
        return Ok(Outcome::Done);
    }
    if report.lines.is_empty() {
        app.output
            .line("Nothing was asked of a model in this span.")?;
        return Ok(Outcome::Done);
    }
    print(&app.output, arguments.by, &report)?;
    print_totals(&app.output, &report.totals)?;
    print_cascade(&app.output, &cascade)?;
    app.output.remark(&format!(
        "  Prices as of {}: tandem costs --prices",
        catalogue.as_of()
    ))?;
    Ok(Outcome::Done)
}

fn filter(arguments: &CostsArguments) -> Result<CostFilter, CliError> {
    let start_of = |day: Date| {
        Offset::UTC
            .to_timestamp(day.to_datetime(Time::midnight()))
            .map_err(|error| CliError::new(ErrorKind::Input, error))
    };
    let day_after = arguments.to.map(|day| {
        day.tomorrow()
            .map_err(|error| CliError::new(ErrorKind::Input, error))
    });
    Ok(CostFilter {
        from: arguments.from.map(start_of).transpose()?,
        before: day_after.transpose()?.map(start_of).transpose()?,
        group: arguments.team.clone(),
    })
}

/// The break-even of tiers at the tokens of the answers that were measured. Where none were, the
/// ratio of the prices of prompts and completions in equal parts.
fn cascade(tiers: &[TierSpec], report: &CostReport) -> Cascade {
    let tokens = report.totals.answered_tokens;
    let (input, output) = match (tokens.input, tokens.output) {
        (0, 0) => (1, 1),
        seen => seen,
    };
    let cost = |tier: &TierSpec| Some(tier.price?.batch.cost(input, output));
    let break_even_share = match tiers {
        [first, .., last] => cost(first)
            .zip(cost(last))
            .and_then(|(cheap, strong)| break_even_escalation(cheap, strong)),
        _ => None,
    };
    let escalated_share = report.escalation.share();
    Cascade {
        tiers: tiers
            .iter()
            .map(|tier| tier.reference.to_string())
            .collect(),
        escalation: report.escalation,
        escalated_share,
        break_even_share,
        dearer_than_strong_alone: escalated_share
            .zip(break_even_share)
            .is_some_and(|(escalated, limit)| escalated > limit),
    }
}

fn line_document(line: &CostLine) -> Value {
    let mut members = Map::new();
    match &line.key {
        CostKey::Run(run) => {
            members.insert("run".to_owned(), json!(run));
        }
        CostKey::Tier(tier) => {
            members.insert("tier".to_owned(), json!(tier));
        }
        CostKey::Shard(run, shard) => {
            members.insert("run".to_owned(), json!(run));
            members.insert("shard".to_owned(), json!(shard));
        }
        CostKey::Group(team) => {
            members.insert("team".to_owned(), json!(team));
        }
        CostKey::Month(month) => {
            members.insert("month".to_owned(), json!(month));
        }
        CostKey::Model(model) => {
            members.insert("provider".to_owned(), json!(model.provider));
            members.insert("model".to_owned(), json!(model.model));
        }
    }
    if let Value::Object(sums) = sums_document(&line.sums) {
        members.extend(sums);
    }
    Value::Object(members)
}

fn sums_document(sums: &CostSums) -> Value {
    let mut document = json!(sums);
    document["per_1000_answers_usd"] = json!(sums.per_thousand_answers().map(Money::as_usd));
    document["saved_on_sync_usd"] = json!(difference(sums.sync_cost, sums.cost));
    document["saved_on_strong_only_usd"] = json!(difference(sums.strong_only_cost, sums.cost));
    document
}

/// What is saved, in dollars; negative where nothing is.
fn difference(otherwise: Money, paid: Money) -> f64 {
    Money::from_picodollars(otherwise.picodollars().saturating_sub(paid.picodollars())).as_usd()
}

fn print(output: &Output, by: Side, report: &CostReport) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = report
        .lines
        .iter()
        .map(|line| {
            let sums = &line.sums;
            vec![
                name_of(&line.key),
                count(sums.answered),
                count(sums.failed),
                count(sums.tokens.input),
                count(sums.tokens.output),
                dollars(sums.cost.as_usd()),
                dollars(sums.possible_cost.as_usd()),
                sums.per_thousand_answers()
                    .map_or_else(|| "-".to_owned(), |money| dollars(money.as_usd())),
                dollars(sums.sync_cost.as_usd()),
                dollars(sums.strong_only_cost.as_usd()),
            ]
        })
        .collect();
    let column = match by {
        Side::Run => ">Run",
        Side::Tier => ">Tier",
        Side::Shard => "Run, shard",
        Side::Team => "Team",
        Side::Month => "Month",
        Side::Model | Side::Request => "Model",
    };
    output.table(
        &[
            column,
            ">Answered",
            ">Failed",
            ">Tokens in",
            ">Tokens out",
            ">Cost",
            ">Possibly more",
            ">Per 1000 answers",
            ">Synchronous",
            ">Last tier alone",
        ],
        &rows,
    )?;
    output.line("")
}

fn name_of(key: &CostKey) -> String {
    match key {
        CostKey::Run(run) => run.to_string(),
        CostKey::Tier(tier) => tier.to_string(),
        CostKey::Shard(run, shard) => format!("{run}, {shard}"),
        CostKey::Group(Some(team)) => team.clone(),
        CostKey::Group(None) => "(answers given twice)".to_owned(),
        CostKey::Month(month) => month.clone(),
        CostKey::Model(model) => model.to_string(),
    }
}

fn print_totals(output: &Output, totals: &CostSums) -> Result<(), CliError> {
    output.line(&format!(
        "  {} known cost for {} answers; up to {} more if failures without usage are billed",
        dollars(totals.cost.as_usd()),
        count(totals.answered),
        dollars(totals.possible_cost.as_usd()),
    ))?;
    output.line(&format!(
        "  The same tokens by synchronous calls: {} ({}); the last tier alone, by batch: {} ({})",
        dollars(totals.sync_cost.as_usd()),
        saving(totals.sync_cost, totals.cost),
        dollars(totals.strong_only_cost.as_usd()),
        saving(totals.strong_only_cost, totals.cost),
    ))
}

fn saving(otherwise: Money, paid: Money) -> String {
    let saved = difference(otherwise, paid);
    if otherwise == Money::ZERO {
        return "nothing to compare".to_owned();
    }
    let share = percent(Some(saved.abs() / otherwise.as_usd()));
    if saved < 0.0 {
        format!("{} or {share} less", dollars(-saved))
    } else {
        format!("saved {} or {share}", dollars(saved))
    }
}

fn print_cascade(output: &Output, cascade: &Cascade) -> Result<(), CliError> {
    let Some(limit) = cascade.break_even_share else {
        return Ok(());
    };
    output.line(&format!(
        "  Break-even of {}: the last tier alone is cheaper when more than {} go on to it; {} did",
        cascade.tiers.join(", then "),
        percent(Some(limit)),
        percent(cascade.escalated_share),
    ))?;
    if cascade.dearer_than_strong_alone {
        output.warning(&format!(
            "more requests went on to the next tier than the cascade is worth: {} alone would be cheaper",
            cascade.tiers.last().map_or("the last tier", String::as_str)
        ));
    }
    Ok(())
}

/// One line of `costs --by request --json`.
#[derive(Serialize)]
struct RequestLine<'a> {
    run: RunId,
    custom_id: Option<&'a str>,
    subject: Option<&'a str>,
    team: Option<&'a str>,
    answered_by_tier: Option<u32>,
    #[serde(flatten)]
    sums: &'a CostSums,
}

fn by_request(app: &App, ledger: &dyn Ledger, filter: &CostFilter) -> Result<Outcome, CliError> {
    let output = &app.output;
    let mut lines = 0_u64;
    let mut cost = Money::ZERO;
    each_request(ledger, filter, |run, costly, sums| {
        lines += 1;
        cost += sums.cost;
        if output.json {
            let (request, _) = parts(costly);
            let line = RequestLine {
                run,
                custom_id: request.map(|request| request.custom_id.as_str()),
                subject: request.map(|request| request.subject.as_str()),
                team: request.map(|request| request.group.as_str()),
                answered_by_tier: request.and_then(|request| request.answered_by),
                sums,
            };
            return output.json_line(&line);
        }
        let (_, name) = parts(costly);
        output.line(&printable(&format!(
            "{name}  run {run}, {} attempts, {} tokens in, {} out, {}{}",
            sums.attempts,
            count(sums.tokens.input),
            count(sums.tokens.output),
            dollars(sums.cost.as_usd()),
            if sums.possible_cost == Money::ZERO {
                String::new()
            } else {
                format!(", possibly {} more", dollars(sums.possible_cost.as_usd()))
            }
        )))
    })?;
    output.note(&format!(
        "{} requests, {} known cost",
        count(lines),
        dollars(cost.as_usd())
    ));
    Ok(Outcome::Done)
}

fn parts(costly: Costly<'_>) -> (Option<&batch::ledger::RequestCost>, String) {
    match costly {
        Costly::Request(request) => (Some(request), request.subject.clone()),
        Costly::SecondAnswers(shard) => (None, format!("(answers given twice in shard {shard})")),
    }
}

/// A price of a table in dollars per million tokens.
pub(crate) fn per_million(price: TokenPrice) -> (f64, f64) {
    let per_million = |money: Money| money.times(1_000_000).as_usd();
    (per_million(price.input), per_million(price.output))
}
