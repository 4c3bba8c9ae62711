//! A job: a results file and the ledger beside it; going on with its runs, and cancelling them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use batch::engine::{RunEnd, RunReport};
use batch::ledger::{Run, Takeover};
use batch::{Engine, Ledger, RunId, RunState, Wait};

use super::failures;
use super::report::{End, Report};
use super::results::Results;
use super::schema::Schema;
use crate::app::App;
use crate::cli::BatchJob;
use crate::error::{CliError, Outcome};
use crate::verbs::analyze::money;
use crate::wiring::engine::{Setup, ledger};
use crate::wiring::interrupt::{Interrupt, TakenUp};

/// What every task of this verb is called, before the name of the job.
pub(super) const TASK_PREFIX: &str = "batch:";

/// What to do with runs that are there.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// Go on.
    Resume {
        /// With this budget in place of the run's own.
        budget: Option<f64>,
    },
    /// Stop for good.
    Cancel,
}

/// The application on the job's own ledger.
pub(super) fn app_of(app: &App, job: &BatchJob) -> App {
    app.with_default_database(&beside(&job.output))
}

/// `results.jsonl` -> `results.jsonl.ledger.db`.
fn beside(output: &Path) -> PathBuf {
    let mut path = output.to_owned().into_os_string();
    path.push(".ledger.db");
    PathBuf::from(path)
}

/// The name under which the ledger keeps the job's requests.
pub(super) fn task_name(job: &BatchJob) -> Result<String, CliError> {
    let name = job.output.file_name().and_then(std::ffi::OsStr::to_str);
    let name = name.filter(|name| *name != "-").ok_or_else(|| {
        CliError::input(format!(
            "{} is not the name of a file",
            job.output.display()
        ))
        .hint("answers go to a file, so that a run can be taken up: -o results.jsonl")
    })?;
    Ok(format!("{TASK_PREFIX}{name}"))
}

/// The runs of a task that are not at their end, oldest first.
pub(super) fn open_runs(ledger: &dyn Ledger, task: &str) -> Result<Vec<Run>, CliError> {
    let mut open = Vec::new();
    for line in ledger.runs()?.into_iter().rev() {
        if matches!(line.state, RunState::Running | RunState::Stopped) {
            let run = ledger.run(line.id)?;
            if run.spec.task.name == task {
                open.push(run);
            }
        }
    }
    Ok(open)
}

/// Goes on with runs of a job, or cancels them.
pub(super) fn take_up(
    app: &App,
    job: &BatchJob,
    id: Option<&str>,
    purpose: Purpose,
) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let task = task_name(job)?;
    let job_app = app_of(app, job);
    let missing = |error: CliError| {
        error.hint(
            "the ledger stands beside the results: give the same --output as to tandem batch run",
        )
    };
    job_app.open_to_read("batch").map_err(missing)?;
    let store = job_app.open_to_write("batch")?;
    let _alone = store.lock("batch")?;
    let ledger = ledger(&store);
    let runs = match id {
        None => open_runs(&*ledger, &task)?,
        Some(id) => vec![chosen(&*ledger, &task, id)?],
    };
    let results = Arc::new(Results::open(&job.output)?);
    let mut report = Report::new(job, job_app.database_path()?);
    for mut run in runs {
        let schema = Schema::new(run.spec.task.schema.schema.clone())?;
        if let Purpose::Resume { budget: Some(usd) } = purpose {
            run.spec.budget = money(Some(usd))?;
            ledger.set_run_spec(run.id, &run.spec)?;
        }
        let interrupt = Interrupt::new(app.output, TakenUp::BySameCommand);
        let setup = Setup::new(&job_app, &config, &run.spec.tiers, Wait::UntilDone)?;
        let engine = setup.engine_for(
            app,
            Arc::clone(&ledger),
            results.clone(),
            Arc::new(schema),
            interrupt.token(),
        )?;
        let ended = interrupt.heeded(async {
            match purpose {
                Purpose::Resume { .. } => resumed(&engine, run.id, job).await,
                Purpose::Cancel => engine
                    .cancel(run.id, Takeover::Now)
                    .await
                    .map_err(|error| resumable(error.into(), run.id, job)),
            }
        })?;
        if report.add(ended) != End::Finished {
            break;
        }
    }
    failures::write(
        job.failures.as_deref(),
        &*ledger,
        &task,
        &report.run_ids(),
        None,
    )?;
    report.tell(app, &results.now()?, None)
}

/// Goes on with a run whose process is gone: the job's lock says so.
pub(super) async fn resumed(
    engine: &Engine,
    run: RunId,
    job: &BatchJob,
) -> Result<RunReport, CliError> {
    let report = engine.resume(run, Takeover::Now).await;
    report.map_err(|error| resumable(error.into(), run, job))
}

/// How an error of a run goes on.
pub(super) fn resumable(error: CliError, run: RunId, job: &BatchJob) -> CliError {
    error.hint(format!(
        "what was answered is kept; when the cause is gone: tandem batch resume {run} --output {}",
        job.output.display()
    ))
}

fn chosen(ledger: &dyn Ledger, task: &str, id: &str) -> Result<Run, CliError> {
    let number: RunId = id.trim_start_matches('#').parse().map_err(|_| {
        CliError::input(format!("'{id}' is not the id of a run"))
            .hint("without an id, every open run is taken up")
    })?;
    let run = ledger.run(number)?;
    if run.spec.task.name != task {
        return Err(CliError::input(format!(
            "run {number} belongs to another job: its task is {}",
            run.spec.task.name
        )));
    }
    Ok(run)
}

/// Whether a spell of work ended for good.
pub(super) fn is_over(report: &RunReport) -> bool {
    matches!(report.end, RunEnd::Finished | RunEnd::Cancelled)
}
