//! `tandem batch run`: survey, take up what is open, plan what is left, ask, collect.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use batch::provider::Dialect;
use batch::{RunSpec, TierSpec, Wait};

use super::questions::{Asking, Questions, Survey, task};
use super::report::{Asked, End, Report};
use super::results::{Results, outdated};
use super::schema::Schema;
use super::{dry_run, failures, job};
use crate::app::App;
use crate::cli::{BatchPlanOptions, BatchRunArguments};
use crate::config::Config;
use crate::error::{CliError, Outcome};
use crate::output::count;
use crate::verbs::analyze::{checked_models, confirmed, estimate_text, money};
use crate::wiring::engine::{Setup, default_tiers, ledger, models, tiers};
use crate::wiring::hosts::profile;
use crate::wiring::interrupt::{Interrupt, TakenUp};

/// What a command is about, after all its files were read and found sound.
pub(super) struct Command<'a> {
    pub(super) arguments: &'a BatchRunArguments,
    pub(super) questions: Questions,
    pub(super) survey: Survey,
    pub(super) asking: Asking,
    pub(super) schema: Schema,
    pub(super) tiers: Vec<TierSpec>,
    pub(super) task: batch::Task,
}

/// Reads everything, then asks.
pub(crate) fn run(app: &App, arguments: &BatchRunArguments) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let name = job::task_name(&arguments.job)?;
    let schema = Schema::read(&arguments.schema)?;
    let tiers = chosen_tiers(&config, &arguments.plan)?;
    let questions = Questions::open(&arguments.questions)?;
    let asking = Asking::new(system(arguments.plan.system.as_deref())?, schema.text());
    let survey = questions.survey(&asking)?;
    if !survey.bad.is_empty() && !arguments.skip_bad_lines {
        return Err(questions.refused(&survey.bad));
    }
    if !survey.bad.is_empty() {
        app.output.warning(&format!(
            "{} lines of {} are no questions and are left out, for instance line {}: {}",
            count(survey.bad.len() as u64),
            questions.name,
            survey.bad[0].line,
            survey.bad[0].reason,
        ));
    }
    if survey.index.len() == 0 {
        return Err(CliError::input(format!(
            "{} has no questions",
            questions.name
        )));
    }
    for tier in &tiers {
        let host = profile(&config, &tier.reference.provider)?;
        if let (Dialect::Anthropic, Some(line)) = (host.dialect, survey.own_system) {
            return Err(CliError::input(format!(
                "{}:{line}: {} takes one system prompt for all questions, none among the messages",
                questions.name, host.name
            ))
            .hint("give it with --system FILE, or the same system on every line"));
        }
    }
    let asking = asking.with_common_system(&survey.common_system);
    let task = task(
        &name,
        &asking,
        schema.answer_schema(),
        arguments.plan.answer_tokens,
    );
    let command = Command {
        arguments,
        questions,
        survey,
        asking,
        schema,
        tiers,
        task,
    };
    if arguments.dry_run {
        let known = Results::look(&arguments.job.output)?;
        refuse_outdated(&command, outdated(&known, &command.survey.index))?;
        return dry_run::run(app, &config, &command, &known);
    }
    ask(app, &config, command)
}

fn ask(app: &App, config: &Config, command: Command<'_>) -> Result<Outcome, CliError> {
    let Command {
        arguments,
        questions,
        survey,
        asking,
        schema,
        tiers,
        task,
    } = command;
    let files = &arguments.job;
    let job_app = job::app_of(app, files);
    let store = job_app.open_to_write("batch")?;
    let _alone = store.lock("batch")?;
    let ledger = ledger(&store);
    let results = Arc::new(Results::open(&files.output)?);
    let stale = results.outdated(&survey.index);
    if stale > 0 {
        refuse_renewal(arguments, stale)?;
        results.drop_outdated(&survey.index)?;
    }
    if arguments.retry_quarantined {
        let released = failures::release(&*ledger, &task.name, &survey.index)?;
        app.output.note(&format!(
            "{} questions are let out of quarantine",
            count(released)
        ));
    }
    let answered_before = survey.index.found_in(&results.now()?);
    let open = job::open_runs(&*ledger, &task.name)?;
    if let Some(run) = open.iter().find(|run| run.spec.task.schema != task.schema) {
        return Err(CliError::input(format!(
            "run {} of this job is open and has another schema",
            run.id
        ))
        .hint(format!(
            "finish it with tandem batch resume {} --output {}, or give it up with tandem batch cancel",
            run.id,
            files.output.display()
        )));
    }
    let wait = if arguments.no_wait {
        Wait::SubmitOnly
    } else {
        Wait::UntilDone
    };
    let budget = money(arguments.plan.budget)?;
    let interrupt = Interrupt::new(app.output, TakenUp::BySameCommand);
    let everyone: Vec<TierSpec> = open
        .iter()
        .flat_map(|run| run.spec.tiers.iter().cloned())
        .chain(tiers.iter().cloned())
        .collect();
    let setup = Setup::new(&job_app, config, &everyone, wait)?;
    let engine = setup.engine_for(
        app,
        Arc::clone(&ledger),
        results.clone(),
        Arc::new(schema),
        interrupt.token(),
    )?;
    let mut report = Report::new(files, job_app.database_path()?);
    interrupt.heeded(async {
        for mut run in open {
            app.output
                .note(&format!("run {} of this job is open and goes on", run.id));
            if budget.is_some() {
                run.spec.budget = budget;
                ledger.set_run_spec(run.id, &run.spec)?;
            }
            let ended = job::resumed(&engine, run.id, files).await?;
            if report.add(ended) != End::Finished {
                return Ok(());
            }
        }
        let taken_up = results.now()?;
        if survey.index.found_in(&taken_up) == survey.index.len() {
            return Ok(());
        }
        let tiers = checked_models(app, &engine, &tiers).await?;
        let spec = RunSpec {
            task: task.clone(),
            tiers,
            budget: budget.map(|budget| budget.less(report.cost())),
            doubt: None,
        };
        let mut unread = None;
        let wanted = |id, question| !taken_up.has(id, question);
        let plan = {
            let requests = questions.requests(&asking, wanted, &mut unread)?;
            engine.plan(spec, requests)?
        };
        if let Some(error) = unread {
            engine.discard(plan.run)?;
            return Err(error);
        }
        if plan.skipped.quarantined > 0 {
            app.output.warning(&format!(
                "{} questions are quarantined: they failed too often as they are; --retry-quarantined asks them again",
                count(plan.skipped.quarantined)
            ));
        }
        report.estimate = Some(plan.estimate.clone());
        if plan.estimate.requests == 0 {
            engine.discard(plan.run)?;
            return Ok(());
        }
        app.output.note(&format!(
            "run {}: {}",
            plan.run,
            estimate_text(&plan.estimate)
        ));
        let somebody_is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !arguments.yes && somebody_is_there && !confirmed()? {
            engine.discard(plan.run)?;
            app.output.note("nothing was sent");
            report.declined();
            return Ok(());
        }
        let ended = engine
            .run(plan.run)
            .await
            .map_err(|error| job::resumable(error.into(), plan.run, files))?;
        report.add(ended);
        Ok(())
    })?;
    failures::write(
        files.failures.as_deref(),
        &*ledger,
        &task.name,
        &report.run_ids(),
        Some(failures::Asked {
            questions: &survey.index,
            bad: &survey.bad,
        }),
    )?;
    let asked = Asked {
        questions: &survey.index,
        answered_before,
        bad_lines: survey.bad.len() as u64,
    };
    report.tell(app, &results.now()?, Some(asked))
}

/// The system prompt of `--system`.
fn system(path: Option<&Path>) -> Result<String, CliError> {
    let Some(path) = path else {
        return Ok(String::new());
    };
    let text = std::fs::read_to_string(path).map_err(|error| {
        CliError::input(format!(
            "cannot read the system prompt {}: {error}",
            path.display()
        ))
    })?;
    Ok(text.trim_end().to_owned())
}

/// The tiers by option, then by configuration, then the default ones.
fn chosen_tiers(config: &Config, options: &BatchPlanOptions) -> Result<Vec<TierSpec>, CliError> {
    let texts = match (&options.tiers[..], &config.analyze.tiers) {
        ([], Some(configured)) => configured.clone(),
        ([], None) => default_tiers("groq")?,
        (given, _) => given.to_vec(),
    };
    let window = options
        .window
        .as_deref()
        .or(config.analyze.window.as_deref());
    let mut tiers = tiers(config, &texts, window, &models(config)?)?;
    if let Some(cap) = options.max_tokens {
        for tier in &mut tiers {
            tier.max_completion_tokens = cap.min(tier.max_output_tokens);
        }
    }
    Ok(tiers)
}

fn refuse_outdated(command: &Command<'_>, stale: u64) -> Result<(), CliError> {
    if stale == 0 {
        return Ok(());
    }
    refuse_renewal(command.arguments, stale)
}

/// Answers that were paid are not thrown away without being told to.
fn refuse_renewal(arguments: &BatchRunArguments, stale: u64) -> Result<(), CliError> {
    if arguments.renew {
        return Ok(());
    }
    Err(CliError::input(format!(
        "{} has answers to earlier forms of {} of these questions: text, system prompt or schema changed since",
        arguments.job.output.display(),
        count(stale)
    ))
    .hint("--renew asks them again and drops the old answers; another --output keeps both"))
}
