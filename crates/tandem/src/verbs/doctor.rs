//! `tandem doctor`: what is configured, reachable and missing, and what to do next.

mod github;
mod providers;

use serde::Serialize;
use store::{Statistics, StoreError};

use crate::app::App;
use crate::cli::DoctorArguments;
use crate::config::DEFAULT_TEXT;
use crate::error::{CliError, Outcome};
use crate::output::{Output, count};
use crate::verbs::calibrate::result_text;
use crate::wiring::detection::detector;
use crate::wiring::doubt::StoredCalibration;
use crate::wiring::question::current_versions;
use github::GithubReport;
use providers::ProviderReport;

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
    github: GithubReport,
    calibration: Option<CalibrationReport>,
    next: Vec<String>,
}

#[derive(Serialize)]
struct DatabaseReport {
    path: String,
    state: String,
    statistics: Option<Statistics>,
    #[serde(skip)]
    calibration: Option<CalibrationReport>,
    /// Repositories that were synced.
    #[serde(skip)]
    synced: Vec<String>,
}

/// The last calibration.
#[derive(Clone, Serialize)]
struct CalibrationReport {
    calibrated_at: jiff::Timestamp,
    cheap: String,
    oracle: String,
    labels: u64,
    /// `current`, or `stale` where prompt or schema have changed since.
    state: &'static str,
    /// What was learned, in a sentence.
    result: String,
}

#[derive(Serialize)]
struct ConfigReport {
    path: String,
    state: &'static str,
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
    let providers = providers::reports(app, &config, arguments)?;
    let config_path = app.config_path()?;
    let versions = current_versions();
    let github = github::report(&config, arguments, &database.synced);
    let mut next = next_steps(&database, &providers);
    next.extend(github.fixes());
    let report = Report {
        version: 1,
        tandem: env!("CARGO_PKG_VERSION"),
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
        github,
        calibration: database.calibration.clone(),
        database,
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
    let mut calibration = None;
    let mut synced = Vec::new();
    let (state, statistics) = match store::open(
        &path.display().to_string(),
        &store::OpenOptions::read("doctor"),
    ) {
        Ok(store) => {
            calibration =
                StoredCalibration::load(store.as_ref())?.map(|stored| calibrated(&stored));
            synced = store
                .sync_status()?
                .into_iter()
                .filter(|line| line.trouble.is_none())
                .map(|line| line.repo)
                .collect();
            ("sound".to_owned(), Some(store.statistics()?))
        }
        Err(StoreError::NotFound { .. }) => ("not there yet".to_owned(), None),
        Err(error) => (error.to_string(), None),
    };
    Ok(DatabaseReport {
        path: path.display().to_string(),
        state,
        statistics,
        calibration,
        synced,
    })
}

fn calibrated(stored: &StoredCalibration) -> CalibrationReport {
    let versions = current_versions();
    let is_current =
        stored.prompt_version == versions.prompt && stored.schema_version == versions.schema;
    CalibrationReport {
        calibrated_at: stored.calibrated_at,
        cheap: stored.cheap.clone(),
        oracle: stored.oracle.clone(),
        labels: stored.calibration.labels,
        state: if is_current { "current" } else { "stale" },
        result: result_text(stored),
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
        .filter(|provider| provider.key == "missing" && provider.is_asked)
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
    if let Some(calibration) = &report.calibration {
        rows.push(vec![
            "calibration".to_owned(),
            format!(
                "{} with {} labels of {}",
                calibration.calibrated_at.strftime("%Y-%m-%d"),
                count(calibration.labels),
                calibration.oracle
            ),
            calibration.state.to_owned(),
        ]);
    }
    for provider in &report.providers {
        rows.push(vec![
            provider.name.clone(),
            match provider.base_url.as_str() {
                "" => "no address".to_owned(),
                address => address.to_owned(),
            },
            provider.state.clone(),
        ]);
        for model in &provider.models {
            rows.push(vec![
                String::new(),
                model.model.clone(),
                format!("{}; {}", model.state, model.price_text()),
            ]);
        }
    }
    rows.extend(report.github.rows());
    output.table(&["", "", ""], &rows)?;
    output.heading("Next")?;
    for step in &report.next {
        output.line(&format!("  {step}"))?;
    }
    Ok(())
}
