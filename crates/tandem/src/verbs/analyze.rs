//! `tandem analyze`: ask language models about pull requests, or the rules where no model is asked.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;

use batch::engine::{Estimate, Plan, RunEnd, RunReport};
use batch::ledger::Takeover;
use batch::{DoubtSpec, Engine, Ledger, Money, RunId, RunSpec, TierSpec, Wait};
use serde::Serialize;

use crate::app::App;
use crate::cli::AnalyzeArguments;
use crate::config::Config;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::{Output, count, dollars};
use crate::verbs::runs::{print_summary, warn_of_break_even};
use crate::wiring::candidates::Candidates;
use crate::wiring::database::require_team;
use crate::wiring::detection::detector;
use crate::wiring::doubt::{self, rules_of};
use crate::wiring::engine::{Setup, default_tiers, ledger, models, tiers};
use crate::wiring::interrupt::{Interrupt, TakenUp};
use crate::wiring::oracle::{ORACLE_TASK, OracleAnswers};
use crate::wiring::prompt_parts::{COLUMNS, PromptParts};
use crate::wiring::question::{Questions, TASK, task};
use store::{SatisfiedBy, Store};

mod dry_run;
mod rules;

/// The name of the tier that asks no model.
const RULES: &str = "rules";

/// Whom to ask.
enum Whom {
    /// The deterministic rules.
    Rules,
    /// These tiers, in order.
    Models(Vec<TierSpec>),
}

/// The document of `analyze --json`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    end: &'static str,
    estimate: Option<&'a Estimate>,
    #[serde(flatten)]
    summary: &'a batch::ledger::RunSummary,
}

/// Plans, asks, collects.
pub(crate) fn run(app: &App, arguments: &AnalyzeArguments) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let detector = Arc::new(detector(app, &[])?);
    let whom = whom(app, &config, arguments)?;
    // A missing database is a mistake here, not something to make.
    let reading = app.open_to_read("analyze")?;
    require_team(reading.as_ref(), arguments.selection.team.as_deref())?;
    let satisfied_by = match whom {
        Whom::Rules => SatisfiedBy::Anyone,
        Whom::Models(_) => SatisfiedBy::ModelOnly,
    };
    let wanted = Candidates::wanted(arguments, satisfied_by);
    if arguments.dry_run {
        return match whom {
            Whom::Rules => dry_run::rules(app, &reading, wanted),
            Whom::Models(tiers) => {
                dry_run::models(app, &config, &reading, &detector, wanted, tiers, arguments)
            }
        };
    }
    let store = app.open_to_write("analyze")?;
    let tiers = match whom {
        Whom::Rules => {
            let _alone = store.lock("analyze")?;
            return rules::run(app, &store, &detector, wanted);
        }
        Whom::Models(tiers) => tiers,
    };
    let budget = money(arguments.budget.or(config.analyze.budget_usd))?;
    let wait = if arguments.no_wait {
        Wait::SubmitOnly
    } else {
        Wait::UntilDone
    };
    let interrupt = Interrupt::new(app.output, TakenUp::ByRun);
    let setup = Setup::new(app, &config, &tiers, wait)?;
    let engine = setup.engine(app, &store, Arc::clone(&detector), interrupt.token())?;
    let outcome = interrupt.heeded(async {
        let tiers = checked_models(app, &engine, &tiers).await?;
        let doubt = doubts(app, &config, store.as_ref(), &tiers, arguments)?;
        let engine = match rules_of(doubt.as_ref())? {
            None => engine,
            rules => Setup::new(app, &config, &tiers, wait)?.doubting_engine(
                app,
                &store,
                Arc::clone(&detector),
                rules,
                interrupt.token(),
            )?,
        };
        let spec = RunSpec {
            task: task(),
            tiers,
            budget,
            doubt,
        };
        let questions = Questions::new(&detector);
        let mut candidates = Candidates::new(Arc::clone(&store), wanted);
        let mut parts = PromptParts::default();
        let requests = std::iter::from_fn(|| candidates.next()).map(|stored| {
            let (request, context) = questions.ask(&stored);
            parts.add(&questions, &context);
            request
        });
        let plan = engine.plan(spec, requests)?;
        candidates.finish()?;
        interrupt.concerns(plan.run);
        let consent = consent(arguments.yes);
        if consent == Consent::Wanted && plan.estimate.requests > 0 {
            app.output
                .note_table(&COLUMNS, &parts.rows(&plan.spec, &plan.estimate));
        }
        if !worth_it(app, &engine, &*ledger(&store), &plan, consent)? {
            return Ok(Outcome::Done);
        }
        let _mine = store.lock(&lock_of(plan.run))?;
        let report = engine
            .run(plan.run)
            .await
            .map_err(|error| resumable(error.into(), plan.run))?;
        finish(app, &report, Some(&plan.estimate))
    })?;
    store.refresh_search()?;
    Ok(outcome)
}

/// Goes on with a run.
pub(crate) fn resume(app: &App, run: RunId, budget: Option<f64>) -> Result<Outcome, CliError> {
    take_up(app, run, budget, Purpose::Resume)
}

/// Cancels a run and its remote batches; keeps the answers that are there.
pub(crate) fn cancel(app: &App, run: RunId) -> Result<Outcome, CliError> {
    take_up(app, run, None, Purpose::Cancel)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Resume,
    Cancel,
}

fn take_up(
    app: &App,
    run: RunId,
    budget: Option<f64>,
    purpose: Purpose,
) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let detector = Arc::new(detector(app, &[])?);
    app.open_to_read("runs")?;
    let store = app.open_to_write("runs")?;
    let ledger = ledger(&store);
    ledger.run(run)?;
    // Who holds this lock is the only one who works on the run; so a lease in the ledger can only be
    // of a process that is gone.
    let _mine = store.lock(&lock_of(run))?;
    let mut spec = ledger.run(run)?.spec;
    refuse_other_tasks(run, &spec.task.name)?;
    if let Some(budget) = money(budget)? {
        spec.budget = Some(budget);
        ledger.set_run_spec(run, &spec)?;
    }
    let interrupt = Interrupt::new(app.output, TakenUp::ByRun);
    interrupt.concerns(run);
    let setup = Setup::new(app, &config, &spec.tiers, Wait::UntilDone)?;
    // Labels are kept in one place, which one process writes at a time.
    let is_of_oracle = spec.task.name == ORACLE_TASK;
    let _labels = is_of_oracle.then(|| store.lock("calibrate")).transpose()?;
    let engine = if is_of_oracle {
        let labels = Arc::new(OracleAnswers::new(Arc::clone(&store), detector));
        let token = interrupt.token();
        setup.engine_for(app, ledger, labels.clone(), labels, token)?
    } else {
        let rules = rules_of(spec.doubt.as_ref())?;
        setup.doubting_engine(app, &store, detector, rules, interrupt.token())?
    };
    let outcome = interrupt.heeded(async {
        let report = match purpose {
            Purpose::Resume => engine.resume(run, Takeover::Now).await,
            Purpose::Cancel => engine.cancel(run, Takeover::Now).await,
        };
        let report = report.map_err(|error| resumable(error.into(), run))?;
        finish(app, &report, None)
    })?;
    store.refresh_search()?;
    Ok(outcome)
}

/// Refuses a run whose answers are not analyses of pull requests.
fn refuse_other_tasks(run: RunId, task: &str) -> Result<(), CliError> {
    if task == TASK || task == ORACLE_TASK {
        return Ok(());
    }
    let error = CliError::input(format!(
        "run {run} is not of tandem analyze: its task is {task}"
    ));
    Err(if task.starts_with("batch:") {
        error.hint(format!(
            "give its results file: tandem batch resume {run} --output FILE, or tandem batch cancel"
        ))
    } else {
        error.hint("run the verb that began it again: it goes on where it stopped")
    })
}

/// Decides whom to ask: what the options say, then the configuration, then whether there is a key.
fn whom(app: &App, config: &Config, arguments: &AnalyzeArguments) -> Result<Whom, CliError> {
    let asked = !arguments.tiers.is_empty()
        || arguments.provider.is_some()
        || arguments.with_fallback
        || arguments.escalate_doubt;
    let texts = match (&arguments.provider, arguments.tiers.is_empty()) {
        (Some(provider), _) if provider == RULES => return Ok(Whom::Rules),
        (Some(provider), _) => default_tiers(provider)?,
        (None, false) => arguments.tiers.clone(),
        (None, true) => match &config.analyze.tiers {
            Some(tiers) => tiers.clone(),
            None => default_tiers("groq")?,
        },
    };
    if texts == [RULES] {
        return Ok(Whom::Rules);
    }
    let window = arguments
        .window
        .as_deref()
        .or(config.analyze.window.as_deref());
    let mut tiers = tiers(config, &texts, window, &models(config)?)?;
    let needs_fallback = arguments.with_fallback || doubts_wanted(config, arguments);
    if arguments.tiers.is_empty() && !needs_fallback {
        tiers.truncate(1);
    }
    let Some(first) = tiers.first() else {
        return Err(CliError::configuration("analyze.tiers is empty"));
    };
    let source = config.key_source(&first.reference.provider);
    if !asked && config.analyze.tiers.is_none() && source.key()?.is_none() {
        app.output.note(&format!(
            "{} is not set, so no model is asked: the rules tier answers (labelled as rules)",
            source.variable
        ));
        return Ok(Whom::Rules);
    }
    Ok(Whom::Models(tiers))
}

/// Replaces retired models by their successors and refuses ids that the host does not serve.
pub(crate) async fn checked_models(
    app: &App,
    engine: &Engine,
    tiers: &[TierSpec],
) -> Result<Vec<TierSpec>, CliError> {
    let preflight = engine.preflight(tiers).await?;
    for warning in &preflight.warnings {
        app.output.warning(warning);
    }
    Ok(preflight.tiers)
}

/// Whether answers are to be doubted.
fn doubts_wanted(config: &Config, arguments: &AnalyzeArguments) -> bool {
    arguments.escalate_doubt || config.analyze.doubt.enabled()
}

/// How answers are doubted in a run of these tiers; `None` when they are not.
fn doubts(
    app: &App,
    config: &Config,
    store: &dyn Store,
    tiers: &[TierSpec],
    arguments: &AnalyzeArguments,
) -> Result<Option<DoubtSpec>, CliError> {
    if !doubts_wanted(config, arguments) {
        return Ok(None);
    }
    if tiers.len() < 2 {
        app.output
            .warning("doubted answers are kept as they are: there is no second tier to ask");
        return Ok(None);
    }
    doubt::spec(&app.output, store, tiers, &config.analyze.doubt).map(Some)
}

/// Whether the user has to be asked before money is spent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Said with `--yes`, or nobody is there to be asked.
    Given,
    /// To be asked for.
    Wanted,
}

/// Whether to ask, given whether consent was given on the command line.
pub(crate) fn consent(given: bool) -> Consent {
    let somebody_is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if given || !somebody_is_there {
        Consent::Given
    } else {
        Consent::Wanted
    }
}

/// Shows what the run will take and asks, at a terminal, whether to go on.
pub(crate) fn worth_it(
    app: &App,
    engine: &Engine,
    ledger: &dyn Ledger,
    plan: &Plan,
    consent: Consent,
) -> Result<bool, CliError> {
    let output = &app.output;
    let estimate = &plan.estimate;
    let held: u64 = plan.skipped.held.values().sum();
    if let Some(run) = plan.skipped.held.keys().next().filter(|_| held > 0) {
        output.warning(&format!(
            "{} pull requests are still open in run {run}, which can be resumed: tandem runs resume {run}",
            count(held)
        ));
    }
    if plan.skipped.quarantined > 0 {
        output.warning(&format!(
            "{} pull requests are quarantined: they failed too often with this content",
            count(plan.skipped.quarantined)
        ));
    }
    if plan.skipped.answered > 0 {
        output.note(&format!(
            "{} pull requests were answered by another run in the meantime",
            count(plan.skipped.answered)
        ));
    }
    if estimate.requests == 0 {
        engine.discard(plan.run)?;
        nothing_to_ask(output, ledger)?;
        return Ok(false);
    }
    output.note(&format!("run {}: {}", plan.run, estimate_text(estimate)));
    if consent == Consent::Given || confirmed()? {
        return Ok(true);
    }
    engine.discard(plan.run)?;
    output.note("nothing was sent");
    Ok(false)
}

/// Says why there is nothing to ask: all is answered, or another run is asking it.
fn nothing_to_ask(output: &Output, ledger: &dyn Ledger) -> Result<(), CliError> {
    let open = ledger.waiting(TASK, None, 1)?;
    let open_in = open.first().map(|request| request.cursor.run);
    if output.json {
        let mut document = serde_json::json!({"version": 1, "end": "nothing_to_do"});
        if let Some(run) = open_in {
            document["open_in_run"] = serde_json::json!(run);
        }
        return output.document(&document);
    }
    let Some(run) = open_in else {
        return output.line("Nothing to ask: every pull request chosen has a current analysis.");
    };
    output.line(&format!(
        "Nothing to ask: what has no current analysis is being asked in run {run}."
    ))?;
    output.hint(&format!(
        "if nobody works on it any more: tandem runs resume {run}"
    ));
    Ok(())
}

/// The name of the lock on the work on a run.
pub(crate) fn lock_of(run: RunId) -> String {
    format!("run-{run}")
}

/// The estimate in one line.
pub(crate) fn estimate_text(estimate: &Estimate) -> String {
    let mut text = format!(
        "{} requests, about {} tokens in and {} out; likely {} ({} to {}), {} by synchronous calls",
        count(estimate.requests),
        count(estimate.input_tokens),
        count(estimate.output_tokens.likely),
        dollars(estimate.cost.likely.0.as_usd()),
        dollars(estimate.cost.low.0.as_usd()),
        dollars(estimate.cost.high.0.as_usd()),
        dollars(estimate.sync_cost_usd.as_usd()),
    );
    if estimate.doubt_cost_usd > Money::ZERO {
        text.push_str(&format!(
            "; {} of it for doubted answers",
            dollars(estimate.doubt_cost_usd.as_usd())
        ));
    }
    if !estimate.unpriced.is_empty() {
        text.push_str(&format!(
            "; no price is known for {}",
            estimate.unpriced.join(", ")
        ));
    }
    text
}

pub(crate) fn confirmed() -> Result<bool, CliError> {
    let mut stderr = std::io::stderr().lock();
    write!(stderr, "Send them? [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Says what became of the run, and how to go on.
fn finish(app: &App, report: &RunReport, estimate: Option<&Estimate>) -> Result<Outcome, CliError> {
    let (outcome, end) = match report.end {
        RunEnd::Finished if report.summary.totals.failed > 0 => (Outcome::Unanswered, "finished"),
        RunEnd::Finished => (Outcome::Done, "finished"),
        RunEnd::Budget => (Outcome::BudgetSpent, "budget"),
        RunEnd::Interrupted => (Outcome::Interrupted, "interrupted"),
        RunEnd::Submitted => (Outcome::Done, "submitted"),
        RunEnd::Deadline => (Outcome::Interrupted, "deadline"),
        RunEnd::Cancelled => (Outcome::Done, "cancelled"),
    };
    if app.output.json {
        app.output.document(&Document {
            version: 1,
            end,
            estimate,
            summary: &report.summary,
        })?;
    } else {
        print_summary(&app.output, &report.summary)?;
    }
    warn_of_break_even(&app.output, &report.summary);
    advise(&app.output, report);
    Ok(outcome)
}

fn advise(output: &Output, report: &RunReport) {
    let run = report.run;
    match report.end {
        RunEnd::Finished if report.summary.totals.failed > 0 => output.hint(&format!(
            "{} requests have no answer: tandem runs show {run} --failed says why; the next tandem analyze asks them again",
            count(report.summary.totals.failed)
        )),
        RunEnd::Finished | RunEnd::Cancelled => {}
        RunEnd::Budget => output.hint(&format!(
            "the budget does not allow the next request; every answer so far is kept: tandem runs resume {run} --budget USD"
        )),
        RunEnd::Interrupted | RunEnd::Deadline => output.hint(&format!(
            "the run can be taken up where it stopped, nothing is paid twice: tandem runs resume {run}"
        )),
        RunEnd::Submitted => output.hint(&format!("collect the answers with: tandem runs resume {run}")),
    }
}

pub(crate) fn resumable(error: CliError, run: RunId) -> CliError {
    error.hint(format!(
        "what was answered is kept; when the cause is gone: tandem runs resume {run}"
    ))
}

pub(crate) fn money(usd: Option<f64>) -> Result<Option<Money>, CliError> {
    usd.map(Money::from_usd)
        .transpose()
        .map_err(|error| CliError::new(ErrorKind::Input, error))
}
