//! `tandem demo`: the whole job on a made-up organisation, on the bundled emulator.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use batch::provider::{OpenAiShaped, Profile};
use batch::transport::HttpTransport;
use batch::{CancellationToken, Catalogue, DEFAULT_TIERS, Providers, RunSpec, Settings, Wait};
use detect::Detector;
use detect::evaluation::{Evaluation, TruthRecord};
use emulator::{EmulatorConfig, EmulatorHandle, Scenario};
use insights::adoption::{Adoption, AdoptionClock};
use insights::effects::{Reading, Sensitivity};
use insights::{ReportOptions, Scope};
use jiff::{Timestamp, tz::TimeZone};
use measures::{Calendar, Metric};
use model::PullRequest;
use secrecy::SecretString;
use serde::Serialize;
use store::{Coverage, Selection, Store};

use crate::app::App;
use crate::cli::DemoArguments;
use crate::config::Config;
use crate::demo::comparison::{self, Comparison};
use crate::demo::effects::{self, EffectComparison};
use crate::demo::organisation::{Organisation, PlantedSummary, Team};
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::count;
use crate::verbs::analyze::checked_models;
use crate::verbs::detect::Extent;
use crate::verbs::emulate::RulesAnswerer;
use crate::verbs::{adoption, coverage, detect as detect_verb, evaluate, runs};
use crate::wiring::candidates::{Candidates, Wanted};
use crate::wiring::detection::{VerdictCounts, detector};
use crate::wiring::engine::{Setup, local, tiers};
use crate::wiring::observations;
use crate::wiring::question::{Questions, task};

/// Records written in one transaction.
const RECORDS_PER_WRITE: usize = 1_000;

/// A key that only the emulator accepts as one.
const EMULATOR_KEY: &str = "emulator";

/// The document of `demo --json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    emulator: bool,
    database: &'a Path,
    planted: &'a PlantedSummary,
    detected: VerdictCounts,
    run: &'a batch::ledger::RunSummary,
    coverage: &'a Coverage,
    adoption: &'a Adoption,
    evaluation: &'a Evaluation,
    comparison: &'a Comparison,
    effects: &'a [EffectComparison],
    seconds: f64,
}

/// Does the whole job.
pub(crate) fn run(app: &App, arguments: &DemoArguments) -> Result<Outcome, CliError> {
    let start = Instant::now();
    let place = Place::new(arguments.keep.as_deref())?;
    let app = app.with_database(&place.database);
    let detector = Arc::new(detector(&app, &[])?);
    let store = app.open_to_write("demo")?;
    let today = Timestamp::now().to_zoned_datetime(TimeZone::UTC).date();
    let organisation = Organisation::new(arguments.seed, today);
    let output = &app.output;

    let teams: Vec<&str> = organisation.teams().iter().map(Team::name).collect();
    output.note(&format!(
        "1. a made-up organisation with planted truth; its teams: {}",
        teams.join(", ")
    ));
    plant(&organisation, store.as_ref(), &place.truth)?;
    let planted = organisation.summary();
    output.note("2. detect: signatures");
    let detected = detect_verb::detect(
        &app,
        store.as_ref(),
        &detector,
        &Selection::all(),
        Extent::NewAndChanged,
    )?;
    output.note("3. analyze: two passes through the Batch API of the bundled emulator (no model, no network, no key)");
    let report = analyze(&app, arguments.seed, &store, &detector)?;
    let coverage = store.coverage(
        &crate::wiring::question::current_versions(),
        &Selection::all(),
    )?;
    let adoption = adoption::measure(store.as_ref(), &Selection::all())?;
    let insights = insights::report(
        &observations::read(store.as_ref(), &Selection::all())?,
        &ReportOptions {
            reading: Reading {
                now: Timestamp::now().as_second(),
                calendar: Calendar::Always,
            },
            scope: Scope::default(),
            metrics: vec![Metric::Cycle, Metric::Pickup],
            rules: Vec::new(),
            sensitivity: Sensitivity::Skip,
        },
    );
    let found_effects = effects::compare(&planted, &insights);
    let evaluation = evaluate_against(&place.truth, store.as_ref())?;
    let comparison = comparison::compare(&planted, &adoption);
    if output.json {
        output.document(&Document {
            version: 1,
            emulator: true,
            database: &place.database,
            planted: &planted,
            detected,
            run: &report.summary,
            coverage: &coverage,
            adoption: &adoption,
            evaluation: &evaluation,
            comparison: &comparison,
            effects: &found_effects,
            seconds: start.elapsed().as_secs_f64(),
        })?;
        return Ok(Outcome::Done);
    }
    output.line(&format!(
        "Tandem's demo: {} pull requests that nobody wrote, answered by an emulator in which no model runs.",
        count(planted.pull_requests)
    ))?;
    coverage::print(output, &coverage)?;
    adoption::print(output, &adoption, AdoptionClock::Created)?;
    runs::print_summary(output, &report.summary)?;
    output.remark(
        "  tokens are the emulator's, prices are Groq's of the dated table; nothing was paid",
    )?;
    comparison::print(output, &comparison, &evaluation)?;
    effects::print(output, &found_effects)?;
    farewell(&app, &place, start)?;
    Ok(Outcome::Done)
}

/// Where the demo's files are.
struct Place {
    database: PathBuf,
    truth: PathBuf,
    kept: bool,
    /// Removed at the end, unless the database is kept.
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Self, CliError> {
        let (database, folder) = match keep {
            Some(path) if path.exists() => {
                return Err(
                    CliError::input(format!("{} is there already", path.display()))
                        .hint("the demo makes a database of its own; name a new file"),
                );
            }
            Some(path) => (path.to_path_buf(), None),
            None => {
                let folder = tempfile::Builder::new().prefix("tandem-demo-").tempdir()?;
                (folder.path().join("demo.db"), Some(folder))
            }
        };
        Ok(Place {
            truth: database.with_extension("truth.jsonl"),
            kept: folder.is_none(),
            database,
            _folder: folder,
        })
    }
}

/// Writes the organisation into the database and its truth beside it.
fn plant(organisation: &Organisation, store: &dyn Store, truth: &Path) -> Result<(), CliError> {
    let mut truth_file = BufWriter::new(std::fs::File::create(truth)?);
    let mut pending: Vec<PullRequest> = Vec::with_capacity(RECORDS_PER_WRITE);
    for (pull_request, planted) in organisation.pull_requests() {
        serde_json::to_writer(&mut truth_file, &planted)?;
        truth_file.write_all(b"\n")?;
        pending.push(pull_request);
        if pending.len() == RECORDS_PER_WRITE {
            store.upsert_pull_requests(&pending)?;
            pending.clear();
        }
    }
    store.upsert_pull_requests(&pending)?;
    truth_file.flush()?;
    Ok(())
}

/// The two-pass batch on an emulator in this process.
fn analyze(
    app: &App,
    seed: u64,
    store: &Arc<dyn Store>,
    detector: &Arc<Detector>,
) -> Result<batch::RunReport, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut config = EmulatorConfig::new(Scenario::default());
        config.seed = seed;
        let emulator = EmulatorHandle::start(config, Arc::new(RulesAnswerer))
            .await
            .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        let models = Catalogue::embedded();
        let texts: Vec<String> = DEFAULT_TIERS
            .iter()
            .map(|tier| (*tier).to_owned())
            .collect();
        let setup = Setup {
            providers: emulated(&emulator.base_url())?,
            settings: local(Settings {
                wait: Wait::UntilDone,
                ..Settings::production()
            }),
            models: models.clone(),
        };
        let engine = setup.engine(app, store, Arc::clone(detector), CancellationToken::new())?;
        let tiers = checked_models(
            app,
            &engine,
            &tiers(&Config::default(), &texts, None, &models)?,
        )
        .await?;
        let questions = Questions::new(detector);
        let mut candidates = Candidates::new(Arc::clone(store), Wanted::everything());
        let requests =
            std::iter::from_fn(|| candidates.next()).map(|stored| questions.ask(&stored).0);
        let plan = engine.plan(
            RunSpec {
                task: task(),
                tiers,
                budget: None,
                doubt: None,
            },
            requests,
        )?;
        candidates.finish()?;
        Ok(engine.run(plan.run).await?)
    })
}

/// Groq's dialect, spoken to the emulator.
fn emulated(base_url: &str) -> Result<Providers, CliError> {
    let transport =
        HttpTransport::new().map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let provider = OpenAiShaped::new(
        Profile::groq().at(base_url),
        Some(SecretString::from(EMULATOR_KEY.to_owned())),
        Arc::new(transport),
        Settings::production().retry,
    );
    let mut providers = Providers::new();
    providers.insert("groq".to_owned(), Arc::new(provider));
    Ok(providers)
}

fn evaluate_against(truth: &Path, store: &dyn Store) -> Result<Evaluation, CliError> {
    let mut evaluator = evaluate::evaluator()?;
    let source = intake::Source::Path(truth.to_path_buf());
    let lines = intake::JsonLines::<TruthRecord>::open(&source, intake::Options::default())
        .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    for record in lines {
        let record = record.map_err(|error| CliError::new(ErrorKind::Internal, error))?;
        evaluate::push(&mut evaluator, store, &record.value)?;
    }
    Ok(evaluator.finish())
}

fn farewell(app: &App, place: &Place, start: Instant) -> Result<(), CliError> {
    let output = &app.output;
    output.line("")?;
    output.remark(&format!("  {:.1} s in all", start.elapsed().as_secs_f64()))?;
    if place.kept {
        output.note(&format!(
            "kept: tandem --db {0} verdicts, runs show 1, evaluate --truth {1}, ...",
            place.database.display(),
            place.truth.display()
        ));
    } else {
        output.note(
            "tandem demo --keep demo.db keeps the database, to look around in with the other verbs",
        );
    }
    output
        .note("your own pull requests: tandem import FILE, then tandem detect, then tandem doctor");
    Ok(())
}
