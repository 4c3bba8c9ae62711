//! `tandem doctor`: what is configured, reachable and missing, and what to do next.

use std::sync::Arc;
use std::time::Duration;

use batch::provider::{OpenAiShaped, Profile, Provider};
use batch::transport::HttpTransport;
use batch::{DEFAULT_TIERS, Settings, TierSpec};
use serde::Serialize;
use store::{Statistics, StoreError};

use crate::app::App;
use crate::cli::DoctorArguments;
use crate::config::{Config, DEFAULT_TEXT};
use crate::error::{CliError, Outcome};
use crate::output::{Output, count};
use crate::wiring::detection::detector;
use crate::wiring::engine::{models, tiers};
use crate::wiring::question::current_versions;

/// How long a provider may take to list its models.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Report {
    version: u32,
    tandem: &'static str,
    database: DatabaseReport,
    config: ConfigReport,
    signatures: String,
    prompt_version: String,
    schema_version: String,
    providers: Vec<ProviderReport>,
    next: Vec<String>,
}

#[derive(Serialize)]
struct DatabaseReport {
    path: String,
    state: String,
    statistics: Option<Statistics>,
}

#[derive(Serialize)]
struct ConfigReport {
    path: String,
    state: &'static str,
}

#[derive(Serialize)]
struct ProviderReport {
    name: String,
    base_url: String,
    key: &'static str,
    /// `reachable`, `not asked`, or what went wrong.
    state: String,
    models: Vec<ModelReport>,
}

#[derive(Serialize)]
struct ModelReport {
    model: String,
    state: String,
}

/// Looks at everything and says what to do next.
pub(crate) fn run(app: &App, arguments: &DoctorArguments) -> Result<Outcome, CliError> {
    if arguments.print_config {
        app.output.line(DEFAULT_TEXT.trim_end())?;
        return Ok(Outcome::Done);
    }
    let config = app.config()?;
    let detector = detector(app, &[])?;
    let database = database(app)?;
    let providers = providers(&config, arguments)?;
    let config_path = app.config_path()?;
    let versions = current_versions();
    let next = next_steps(&database, &providers);
    let report = Report {
        version: 1,
        tandem: env!("CARGO_PKG_VERSION"),
        database,
        config: ConfigReport {
            state: if config_path.exists() {
                "read"
            } else {
                "not there, defaults hold"
            },
            path: config_path.display().to_string(),
        },
        signatures: detector.version().to_owned(),
        prompt_version: versions.prompt,
        schema_version: versions.schema,
        providers,
        next,
    };
    if app.output.json {
        app.output.document(&report)?;
    } else {
        print(&app.output, &report)?;
    }
    Ok(Outcome::Done)
}

fn database(app: &App) -> Result<DatabaseReport, CliError> {
    let path = app.database_path()?;
    let (state, statistics) = match store::open(
        &path.display().to_string(),
        &store::OpenOptions::read("doctor"),
    ) {
        Ok(store) => ("sound".to_owned(), Some(store.statistics()?)),
        Err(StoreError::NotFound { .. }) => ("not there yet".to_owned(), None),
        Err(error) => (error.to_string(), None),
    };
    Ok(DatabaseReport {
        path: path.display().to_string(),
        state,
        statistics,
    })
}

fn providers(
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
    let tiers = tiers(&texts, None, &catalogue)?;
    let mut names: Vec<&str> = tiers
        .iter()
        .map(|tier| tier.reference.provider.as_str())
        .collect();
    names.dedup();
    let mut reports = Vec::new();
    for name in names {
        let settings = config.provider(name);
        let key = settings.key()?;
        let profile = Profile::named(name).unwrap_or_else(Profile::openai);
        let profile = match &settings.base_url {
            Some(address) => profile.at(address),
            None => profile,
        };
        let base_url = profile.base_url.clone();
        let wanted: Vec<&TierSpec> = tiers
            .iter()
            .filter(|tier| tier.reference.provider == name)
            .collect();
        let (state, listed) = match (&key, arguments.offline) {
            (None, _) => (format!("not asked: {} is not set", settings.key_env), None),
            (Some(_), true) => ("not asked".to_owned(), None),
            (Some(key), false) => ask(profile, key.clone()),
        };
        reports.push(ProviderReport {
            name: name.to_owned(),
            base_url,
            key: if key.is_some() { "there" } else { "missing" },
            state,
            models: wanted
                .iter()
                .map(|tier| model_report(tier, &catalogue, listed.as_deref()))
                .collect(),
        });
    }
    Ok(reports)
}

/// Asks the host for its models: that checks address, network and key at once.
fn ask(profile: Profile, key: secrecy::SecretString) -> (String, Option<Vec<String>>) {
    let result = (|| {
        let transport = Arc::new(HttpTransport::new().map_err(|error| error.to_string())?);
        let mut retry = Settings::production().retry;
        retry.max_tries = 1;
        let provider = OpenAiShaped::new(profile, Some(key), transport, retry);
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
    match result {
        Ok(models) => ("reachable, the key is accepted".to_owned(), models),
        Err(words) => (words, None),
    }
}

fn model_report(
    tier: &TierSpec,
    catalogue: &batch::Catalogue,
    listed: Option<&[String]>,
) -> ModelReport {
    let name = &tier.reference.model;
    let known = catalogue.model(&tier.reference);
    let successor = known.and_then(|model| model.successor.as_deref());
    let today = jiff::Timestamp::now()
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .date();
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
    }
}

fn next_steps(database: &DatabaseReport, providers: &[ProviderReport]) -> Vec<String> {
    let mut next = Vec::new();
    match &database.statistics {
        None => next.push(
            "tandem import FILE: pull requests from JSONL files (or tandem demo, to look first)"
                .to_owned(),
        ),
        Some(numbers) if numbers.pull_requests == 0 => {
            next.push("tandem import FILE: pull requests from JSONL files".to_owned());
        }
        Some(numbers) if numbers.verdicts < numbers.pull_requests => next.push(format!(
            "tandem detect: {} pull requests have no verdict yet",
            count(numbers.pull_requests - numbers.verdicts)
        )),
        Some(numbers) if numbers.analyses < numbers.pull_requests => next.push(format!(
            "tandem analyze --limit 500 --with-fallback: {} pull requests have no analysis yet",
            count(numbers.pull_requests - numbers.analyses)
        )),
        Some(_) => next.push("tandem coverage, tandem adoption".to_owned()),
    }
    for provider in providers
        .iter()
        .filter(|provider| provider.key == "missing")
    {
        next.push(format!(
            "{}; without it the rules tier answers, free and on this machine",
            provider.state.trim_start_matches("not asked: ")
        ));
    }
    next
}

fn print(output: &Output, report: &Report) -> Result<(), CliError> {
    output.line(&format!("tandem {}", report.tandem))?;
    let mut rows = vec![
        vec![
            "database".to_owned(),
            report.database.path.clone(),
            report.database.state.clone(),
        ],
        vec![
            "configuration".to_owned(),
            report.config.path.clone(),
            report.config.state.to_owned(),
        ],
        vec![
            "signatures".to_owned(),
            report.signatures.clone(),
            "sound".to_owned(),
        ],
        vec![
            "prompt, schema".to_owned(),
            format!("{}, {}", report.prompt_version, report.schema_version),
            String::new(),
        ],
    ];
    if let Some(numbers) = &report.database.statistics {
        rows.insert(
            1,
            vec![
                String::new(),
                format!(
                    "{} pull requests in {} repositories of {} teams; {} verdicts, {} analyses",
                    count(numbers.pull_requests),
                    count(numbers.repositories),
                    count(numbers.teams),
                    count(numbers.verdicts),
                    count(numbers.analyses)
                ),
                String::new(),
            ],
        );
    }
    for provider in &report.providers {
        rows.push(vec![
            provider.name.clone(),
            provider.base_url.clone(),
            provider.state.clone(),
        ]);
        for model in &provider.models {
            rows.push(vec![
                String::new(),
                model.model.clone(),
                model.state.clone(),
            ]);
        }
    }
    output.table(&["", "", ""], &rows)?;
    output.heading("Next")?;
    for step in &report.next {
        output.line(&format!("  {step}"))?;
    }
    Ok(())
}
