//! A comparison as people read it.

use stats::{Interval, Kappa};

use super::Document;
use super::cascades::{Cascade, Reaches};
use super::figures::{ModelFigures, PairFigures};
use crate::error::CliError;
use crate::output::{Output, count, dollars, percent};

/// A difference of this many points is what "too small to rank" is explained with.
const DIFFERENCE: f64 = 0.05;

/// Prints all of it.
pub(super) fn print(output: &Output, document: &Document) -> Result<(), CliError> {
    output.heading(&format!(
        "{} pull requests, seed {}, {}; {} requests asked now",
        count(document.n),
        document.seed,
        if document.mode == "sync" {
            "by plain calls"
        } else {
            "by batch"
        },
        count(document.asked_now),
    ))?;
    let rows: Vec<Vec<String>> = document.models.iter().map(model_row).collect();
    output.table(
        &[
            "Model",
            ">Answered",
            ">95 % interval",
            "Not answered",
            ">ms mean",
            ">p50",
            ">p95",
            ">Tokens in",
            ">out",
            ">Per 1000",
            ">Price in/out",
        ],
        &rows,
    )?;
    output.remark(
        "  one attempt each; ms is the host's own time of an answer, without waiting; tokens of a request; price of a million tokens",
    )?;
    for model in &document.models {
        if let Some(note) = &model.note {
            output.line(&format!("  {}: {note}", model.model))?;
        }
        if model.open > 0 {
            output.line(&format!(
                "  {}: {} without an outcome",
                model.model,
                count(model.open)
            ))?;
        }
    }
    truth(output, document)?;
    if !document.pairs.is_empty() {
        output.heading("Two by two")?;
        for pair in &document.pairs {
            output.line(&format!("  {} and {}", pair.first, pair.second))?;
            output.line(&format!("    {}", separation(pair)))?;
            output.line(&format!(
                "    AI or not: {}; role: {}",
                agreement(pair.claim),
                agreement(pair.role)
            ))?;
        }
    }
    output.heading(&format!(
        "For {} answered",
        percent(Some(document.reliability))
    ))?;
    for cascade in &document.cascades {
        output.line(&format!("  {}", cascade_line(cascade)))?;
    }
    output.line(&format!("  {}", advice(document)))
}

fn model_row(model: &ModelFigures) -> Vec<String> {
    let failed: Vec<String> = model
        .failed
        .iter()
        .map(|(kind, number)| format!("{number} {kind}"))
        .collect();
    let latency = |pick: fn(&super::figures::Latency) -> f64| {
        model.latency_ms.as_ref().map_or_else(
            || "-".to_owned(),
            |latency| count(pick(latency).round() as u64),
        )
    };
    let tokens = |place: usize| {
        model.tokens_per_request.map_or_else(
            || "-".to_owned(),
            |tokens| count(tokens[place].round() as u64),
        )
    };
    vec![
        model.model.clone(),
        format!(
            "{}/{}",
            count(model.success.successes),
            count(model.success.n)
        ),
        bounds(model.success.interval),
        if failed.is_empty() {
            "-".to_owned()
        } else {
            failed.join(", ")
        },
        latency(|latency| latency.mean),
        latency(|latency| latency.p50),
        latency(|latency| latency.p95),
        tokens(0),
        tokens(1),
        model
            .cost_per_1000_usd
            .map_or_else(|| "-".to_owned(), dollars),
        model.price_per_million_usd.map_or_else(
            || "unknown".to_owned(),
            |[input, output]| format!("${}/{}", price(input), price(output)),
        ),
    ]
}

/// A price with as many decimals as it has, and at least two.
fn price(usd: f64) -> String {
    let text = format!("{usd:.4}");
    let short = text.trim_end_matches('0');
    let decimals = short.split('.').nth(1).map_or(0, str::len).max(2);
    format!("{usd:.decimals$}")
}

fn truth(output: &Output, document: &Document) -> Result<(), CliError> {
    if document.models.iter().all(|model| model.truth.is_none()) {
        return Ok(());
    }
    output.heading("Claims of AI against the truth")?;
    for model in &document.models {
        if let Some(tally) = &model.truth {
            output.line(&format!(
                "  {}: precision {} ({}), recall {} ({})",
                model.model,
                percent(tally.precision),
                bounds(tally.intervals.precision),
                percent(tally.recall),
                bounds(tally.intervals.recall),
            ))?;
        }
    }
    Ok(())
}

fn separation(pair: &PairFigures) -> String {
    let seen = format!(
        "of {}, only the first answered {}, only the second {}, neither {} (McNemar p {:.3}, corrected {:.3})",
        count(pair.n),
        count(pair.only_first_answered),
        count(pair.only_second_answered),
        count(pair.both_failed),
        pair.p,
        pair.p_corrected,
    );
    if pair.p_corrected < 0.05 {
        return format!("{seen}: they differ");
    }
    let needed = pair.needed.map_or_else(
        || {
            stats::pairs_needed(DIFFERENCE, 0.0).map_or_else(String::new, |needed| {
                format!(
                    "a difference of 5 points would take about {}",
                    count(needed)
                )
            })
        },
        |needed| format!("at these rates about {} would tell", count(needed)),
    );
    format!("{seen}: too few to rank them; {needed}")
}

fn agreement(kappa: Option<Kappa>) -> String {
    let Some(kappa) = kappa else {
        return "no answers in common".to_owned();
    };
    let same = format!(
        "{} the same of {}",
        percent(Some(kappa.observed)),
        count(kappa.n)
    );
    match (kappa.kappa, kappa.interval) {
        (Some(value), Some(interval)) => format!(
            "{same}, kappa {value:.2} ({:.2} to {:.2})",
            interval.low, interval.high
        ),
        (Some(value), None) => format!("{same}, kappa {value:.2}"),
        (None, _) => format!("{same}, all in one class: kappa says nothing"),
    }
}

fn cascade_line(cascade: &Cascade) -> String {
    format!(
        "{}: {} expected ({}), {} per 1000: {}{}",
        cascade.models.join(", then "),
        percent(Some(cascade.answered)),
        bounds(Some(cascade.interval)),
        dollars(cascade.cost_per_1000_usd),
        match cascade.reaches {
            Reaches::Shown => "shown",
            Reaches::Likely => "likely, not shown",
            Reaches::NotExcluded => "unlikely, not excluded",
            Reaches::Excluded => "excluded",
        },
        cascade.break_even.map_or_else(String::new, |share| format!(
            "; pays while the first fails less than {}",
            percent(Some(share))
        )),
    )
}

fn advice(document: &Document) -> String {
    let Some(cheapest) = &document.cheapest else {
        return "None of these reaches it at the rates seen.".to_owned();
    };
    let name = cheapest.models.join(", then ");
    let cost = dollars(cheapest.cost_per_1000_usd);
    if cheapest.reaches == Reaches::Shown {
        return format!("Cheapest that the sample shows to reach it: {name}, {cost} per 1000.");
    }
    let needed = cheapest.needed.map_or_else(String::new, |needed| {
        format!(
            " At these rates about {} requests would show it.",
            count(needed)
        )
    });
    format!(
        "Cheapest that looks like it: {name}, {cost} per 1000. {} requests cannot show it, nor exclude what is called likely or not excluded.{needed}",
        count(document.n)
    )
}

fn bounds(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "-".to_owned(),
        |interval| format!("{:.1}-{:.1}", interval.low * 100.0, interval.high * 100.0),
    )
}
