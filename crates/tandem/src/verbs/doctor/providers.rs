//! Every provider that somebody has configured: by a tier, a section of the file, a key or an address.

use std::time::Duration;

use batch::provider::{Dialect, KeyUse, Profile};
use batch::{Catalogue, DEFAULT_TIERS, Settings, TierSpec};
use jiff::civil::Date;
use secrecy::SecretString;
use serde::Serialize;

use crate::app::App;
use crate::cli::DoctorArguments;
use crate::config::Config;
use crate::error::CliError;
use crate::verbs::costs::per_million;
use crate::wiring::engine::{models, tiers};
use crate::wiring::hosts::{connected, known_names, profile, spool};
use crate::wiring::in_service::today;

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
pub(super) struct ProviderReport {
    pub(super) name: String,
    pub(super) base_url: String,
    /// How it is asked: `batches` or `plain calls`.
    pub(super) asked_by: &'static str,
    /// The completion windows it offers.
    pub(super) windows: String,
    /// `there`, `missing` or `not needed`.
    pub(super) key: &'static str,
    /// `reachable`, `not asked`, or what went wrong.
    pub(super) state: String,
    pub(super) models: Vec<ModelReport>,
    /// Whether the tiers in force ask it.
    #[serde(skip)]
    pub(super) is_asked: bool,
}

#[derive(Serialize)]
pub(super) struct ModelReport {
    pub(super) model: String,
    pub(super) state: String,
    pub(super) price: Option<PriceReport>,
}

/// What the table of models says a model costs today, in dollars per million tokens.
#[derive(Serialize)]
pub(super) struct PriceReport {
    input: f64,
    output: f64,
    /// Whether this is the price through the Batch API; else none is established, and it is the
    /// synchronous one.
    by_batch: bool,
    /// From when on it counts.
    from: Date,
    /// When the table was last looked at.
    as_of: Date,
    source: String,
}

impl ModelReport {
    /// The price in words.
    pub(super) fn price_text(&self) -> String {
        let Some(price) = &self.price else {
            return "no price is known".to_owned();
        };
        format!(
            "${} in, ${} out per million tokens {} since {} (as of {}, {})",
            price.input,
            price.output,
            if price.by_batch {
                "by batch"
            } else {
                "by synchronous calls"
            },
            price.from,
            price.as_of,
            price.source
        )
    }
}

/// Reports on the providers of the tiers in force first, then on the others.
pub(super) fn reports(
    app: &App,
    config: &Config,
    arguments: &DoctorArguments,
) -> Result<Vec<ProviderReport>, CliError> {
    let catalogue = models(config)?;
    let texts: Vec<String> = match &config.analyze.tiers {
        Some(tiers) => tiers
            .iter()
            .filter(|tier| *tier != "rules")
            .cloned()
            .collect(),
        None => DEFAULT_TIERS
            .iter()
            .map(|tier| (*tier).to_owned())
            .collect(),
    };
    let tiers = tiers(config, &texts, None, &catalogue)?;
    let mut names: Vec<String> = Vec::new();
    let asked = tiers.iter().map(|tier| tier.reference.provider.clone());
    let others = config.providers.keys().cloned();
    let built_in = known_names()
        .into_iter()
        .filter(|name| is_configured(config, name));
    for name in asked.chain(others).chain(built_in) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut reports = Vec::with_capacity(names.len());
    for name in names {
        reports.push(report(app, config, arguments, &name, &tiers, &catalogue)?);
    }
    Ok(reports)
}

/// Whether the environment says something of a built-in provider.
fn is_configured(config: &Config, name: &str) -> bool {
    let variable = config.key_source(name).variable;
    std::env::var(variable).is_ok_and(|key| !key.trim().is_empty())
        || Config::base_url_of_environment(name).is_some()
}

fn report(
    app: &App,
    config: &Config,
    arguments: &DoctorArguments,
    name: &str,
    tiers: &[TierSpec],
    catalogue: &Catalogue,
) -> Result<ProviderReport, CliError> {
    let profile = profile(config, name)?;
    let source = config.key_source(name);
    let key = source.key()?;
    let key_state = match (&key, profile.key) {
        (Some(_), _) => "there",
        (None, KeyUse::Required) => "missing",
        (None, KeyUse::Optional) => "not needed",
    };
    let (state, listed) = if key_state == "missing" {
        (format!("not asked: {} is not set", source.variable), None)
    } else if arguments.offline {
        ("not asked".to_owned(), None)
    } else {
        ask(app, config, &profile, key)
    };
    let wanted: Vec<&TierSpec> = tiers
        .iter()
        .filter(|tier| tier.reference.provider == name)
        .collect();
    Ok(ProviderReport {
        name: name.to_owned(),
        asked_by: match profile.dialect {
            Dialect::Chat => "plain calls",
            Dialect::OpenAi | Dialect::Anthropic | Dialect::Mistral => "batches",
        },
        windows: profile.windows.to_string(),
        base_url: profile.base_url,
        key: key_state,
        state,
        is_asked: !wanted.is_empty(),
        models: wanted
            .into_iter()
            .map(|tier| model_report(tier, catalogue, listed.as_deref()))
            .collect(),
    })
}

/// Asks the host for its models: that checks address, network and key at once.
fn ask(
    app: &App,
    config: &Config,
    profile: &Profile,
    key: Option<SecretString>,
) -> (String, Option<Vec<String>>) {
    let has_key = key.is_some();
    let asked = (|| -> Result<Option<Vec<String>>, String> {
        let mut settings = Settings::production();
        settings.retry.max_tries = 1;
        let name = &profile.name;
        let spool = spool(app, name).map_err(|error| error.words())?;
        let provider =
            connected(config, name, key, &settings, spool).map_err(|error| error.words())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        runtime.block_on(async {
            match tokio::time::timeout(PATIENCE, provider.models()).await {
                Ok(Ok(models)) => Ok(models),
                Ok(Err(error)) => Err(format!("{:#}", anyhow::Error::new(error))),
                Err(_) => Err(format!("no reply within {} s", PATIENCE.as_secs())),
            }
        })
    })();
    match asked {
        Ok(models) if has_key => ("reachable, the key is accepted".to_owned(), models),
        Ok(models) => ("reachable".to_owned(), models),
        Err(words) => (words, None),
    }
}

fn model_report(tier: &TierSpec, catalogue: &Catalogue, listed: Option<&[String]>) -> ModelReport {
    let name = &tier.reference.model;
    let known = catalogue.model(&tier.reference);
    let successor = known.and_then(|model| model.successor.as_deref());
    let today = today();
    let is_retired = known.is_some_and(|model| model.is_retired_on(today));
    let state = match (
        listed.map(|models| models.contains(name)),
        is_retired,
        successor,
    ) {
        (Some(true), _, _) => "served".to_owned(),
        (Some(false), _, Some(successor)) | (None, true, Some(successor)) => {
            format!("retired; {successor} takes its place")
        }
        (Some(false), _, None) => "not served".to_owned(),
        (None, true, None) => "retired, without a successor".to_owned(),
        (None, false, _) => "not asked".to_owned(),
    };
    ModelReport {
        model: name.clone(),
        state,
        price: known.and_then(|model| price_report(model, today)),
    }
}

fn price_report(model: &batch::Model, day: Date) -> Option<PriceReport> {
    let price = model.price_on(day)?;
    let (input, output) = per_million(price.batch_or_sync());
    Some(PriceReport {
        input,
        output,
        by_batch: price.batch.is_some(),
        from: price.from,
        as_of: model.as_of,
        source: model.source.clone(),
    })
}
