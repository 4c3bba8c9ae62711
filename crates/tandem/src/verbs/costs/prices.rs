//! `tandem costs --prices`: the dated table of prices, and where each entry comes from.

use batch::{Catalogue, Model};
use jiff::civil::Date;
use serde::Serialize;

use super::per_million;
use crate::app::App;
use crate::error::{CliError, Outcome};
use crate::wiring::engine::{configured_tiers, models};
use crate::wiring::in_service::{in_service, today};

/// The document.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    as_of: Date,
    today: Date,
    models: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    provider: &'a str,
    model: &'a str,
    /// Dollars per million tokens.
    batch: Option<Price>,
    sync: Option<Price>,
    /// From when on the price counts.
    price_from: Option<Date>,
    retired: Option<Date>,
    successor: Option<&'a str>,
    source: &'a str,
    as_of: Date,
    configured: bool,
}

#[derive(Serialize, Clone, Copy)]
struct Price {
    input: f64,
    output: f64,
}

/// Prints the table.
pub(super) fn run(app: &App) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let catalogue = models(&config)?;
    let mut configured = configured_tiers(&config, &catalogue)?;
    // A run would ask the successors of retired models.
    configured.extend(in_service(&config, configured.clone(), &catalogue, today())?.0);
    let is_configured = |model: &Model| {
        configured
            .iter()
            .any(|tier| tier.reference == model.reference)
    };
    let day = today();
    let lines: Vec<Line<'_>> = catalogue
        .models()
        .iter()
        .map(|model| line(model, day, is_configured(model)))
        .collect();
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            as_of: catalogue.as_of(),
            today: day,
            models: lines,
        })?;
    } else {
        print(app, &catalogue, &lines)?;
    }
    Ok(Outcome::Done)
}

fn line(model: &Model, day: Date, configured: bool) -> Line<'_> {
    let price = model.price_on(day);
    let of = |price| {
        let (input, output) = per_million(price);
        Price { input, output }
    };
    Line {
        provider: &model.reference.provider,
        model: &model.reference.model,
        batch: price.and_then(|price| price.batch).map(of),
        sync: price.map(|price| of(price.sync)),
        price_from: price.map(|price| price.from),
        retired: model.retired,
        successor: model.successor.as_deref(),
        source: &model.source,
        as_of: model.as_of,
        configured,
    }
}

fn print(app: &App, catalogue: &Catalogue, lines: &[Line<'_>]) -> Result<(), CliError> {
    let dollars = |price: Option<Price>| {
        price.map_or_else(
            || "- / -".to_owned(),
            |price| format!("{} / {}", price.input, price.output),
        )
    };
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| {
            let standing = match (line.retired, line.successor) {
                (Some(day), Some(successor)) => format!("retired {day}, then {successor}"),
                (Some(day), None) => format!("retired {day}"),
                (None, _) if line.configured => "configured".to_owned(),
                (None, _) => String::new(),
            };
            vec![
                format!("{}:{}", line.provider, line.model),
                dollars(line.batch),
                dollars(line.sync),
                line.price_from
                    .map(|day| day.to_string())
                    .unwrap_or_default(),
                format!("{} ({})", line.as_of, line.source),
                standing,
            ]
        })
        .collect();
    app.output.table(
        &[
            "Model",
            ">Batch in / out",
            ">Sync in / out",
            "From",
            "As of",
            "",
        ],
        &rows,
    )?;
    app.output.line("")?;
    app.output.remark(&format!(
        "  Dollars per million tokens, as of {}; providers change them. Your own table: models_file in the configuration, in the shape of tandem's models.toml",
        catalogue.as_of()
    ))
}
