//! `tandem calibrate`: learns from which confidence on tier 1's answers can be trusted, from a sample
//! that tier 2 is asked about.

mod report;
mod sample;

pub(crate) use report::result_text;

use std::sync::Arc;

use batch::engine::{Estimate, RunEnd, RunReport};
use batch::{ModelRef, RunSpec, Task, TierSpec, Wait};
use jiff::Timestamp;
use stats::{CalibrationTarget, Label, calibrate};
use store::Store;

use crate::app::App;
use crate::cli::CalibrateArguments;
use crate::config::Config;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::output::count;
use crate::verbs::analyze::{checked_models, consent, lock_of, money, resumable, worth_it};
use crate::wiring::database::require_team;
use crate::wiring::detection::detector;
use crate::wiring::doubt::{DoubtRules, StoredCalibration};
use crate::wiring::engine::{Setup, default_tiers, ledger, models, tiers};
use crate::wiring::in_service::{in_service, today};
use crate::wiring::interrupt::{Interrupt, TakenUp};
use crate::wiring::oracle::{Labels, ORACLE_TASK, OracleAnswers, OracleLabel};
use crate::wiring::question::{Questions, current_versions, task};
use sample::{Sample, Sampled, draw};

/// Samples, asks, learns.
pub(crate) fn run(app: &App, arguments: &CalibrateArguments) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let detector = Arc::new(detector(app, &[])?);
    let rules = config.analyze.doubt.rules()?;
    let pair = pair(app, &config, arguments)?;
    let reading = app.open_to_read("calibrate")?;
    require_team(reading.as_ref(), arguments.selection.team.as_deref())?;
    let (store, _alone) = if arguments.dry_run {
        (reading, None)
    } else {
        let store = app.open_to_write("calibrate")?;
        let lock = store.lock("calibrate")?;
        (store, Some(lock))
    };
    let interrupt = Interrupt::new(app.output, TakenUp::ByRun);
    interrupt.heeded(async {
        let pair = if arguments.dry_run {
            pair
        } else {
            let setup = Setup::new(app, &config, &pair, Wait::UntilDone)?;
            let engine = setup.engine(app, &store, Arc::clone(&detector), interrupt.token())?;
            checked_models(app, &engine, &pair).await?
        };
        let [cheap, oracle] = pair.as_slice() else {
            return Err(CliError::configuration("a calibration needs two tiers"));
        };
        let wanted = usize::try_from(arguments.label_budget).unwrap_or(usize::MAX);
        let selection = arguments.selection.to_selection();
        let sample = draw(
            &store,
            &detector,
            &selection,
            &cheap.reference,
            &rules,
            wanted,
        )?;
        if sample.sampled.is_empty() {
            return Err(CliError::input(format!(
                "there are no answers of {} to calibrate",
                cheap.reference
            ))
            .hint("tandem analyze makes them; answers of other models, prompts or schemas do not count"));
        }
        let labels = Labels::load(store.as_ref())?;
        let missing: Vec<&Sampled> = sample
            .sampled
            .iter()
            .filter(|sampled| label_of(&labels, sampled, &oracle.reference).is_none())
            .collect();
        let questions = Questions::new(&detector);
        let requests = missing
            .iter()
            .map(|sampled| questions.ask(&sampled.stored).0);
        let spec = RunSpec {
            task: Task {
                name: ORACLE_TASK.to_owned(),
                ..task()
            },
            tiers: vec![oracle.clone()],
            budget: money(arguments.budget.or(config.analyze.budget_usd))?,
            doubt: None,
        };
        if arguments.dry_run {
            let (mut asked, mut tokens) = (0_u64, 0_u64);
            for request in requests {
                asked += 1;
                tokens += u64::from(request.prompt_tokens);
            }
            let estimate = Estimate::new(&spec, asked, tokens);
            return report::dry_run(app, &sample, &pair, &estimate);
        }
        if !missing.is_empty() {
            let setup = Setup::new(app, &config, &spec.tiers, Wait::UntilDone)?;
            let answers = Arc::new(OracleAnswers::new(
                Arc::clone(&store),
                Arc::clone(&detector),
            ));
            let token = interrupt.token();
            let engine =
                setup.engine_for(app, ledger(&store), answers.clone(), answers, token)?;
            let plan = engine.plan(spec, requests)?;
            interrupt.concerns(plan.run);
            if plan.estimate.requests == 0 {
                // All are open in another run, or quarantined; what labels there are may do.
                app.output.warning(
                    "no further pull request can be labelled now: they are open in another run or quarantined",
                );
                engine.discard(plan.run)?;
            } else {
                let consent = consent(arguments.yes);
                if !worth_it(app, &engine, &*ledger(&store), &plan, consent)? {
                    return Ok(Outcome::Done);
                }
                let _mine = store.lock(&lock_of(plan.run))?;
                let run = engine
                    .run(plan.run)
                    .await
                    .map_err(|error| resumable(error.into(), plan.run))?;
                if let Some(outcome) = left_early(app, &run) {
                    return Ok(outcome);
                }
            }
        }
        learn(app, &store, arguments, &sample, (cheap, oracle), &rules)
    })
}

/// Tier 1 and the tier that is taken to be right.
fn pair(
    app: &App,
    config: &Config,
    arguments: &CalibrateArguments,
) -> Result<Vec<TierSpec>, CliError> {
    let texts = if arguments.tiers.is_empty() {
        match &config.analyze.tiers {
            Some(tiers) => tiers.clone(),
            None => default_tiers("groq")?,
        }
    } else {
        arguments.tiers.clone()
    };
    let catalogue = models(config)?;
    let mut pair = tiers(config, &texts, config.analyze.window.as_deref(), &catalogue)?;
    pair.truncate(2);
    if let [cheap, oracle] = pair.as_slice()
        && cheap.reference != oracle.reference
    {
        if arguments.dry_run {
            let (pair, warnings) = in_service(config, pair, &catalogue, today())?;
            for warning in &warnings {
                app.output.warning(warning);
            }
            return Ok(pair);
        }
        return Ok(pair);
    }
    Err(
        CliError::configuration("a calibration needs two different tiers: one to be trusted or not, and one that is taken to be right")
            .hint("--tiers CHEAP,STRONG, or analyze.tiers in the configuration"),
    )
}

/// How the verb ends when the labels are not all there for a reason the user has to know.
fn left_early(app: &App, run: &RunReport) -> Option<Outcome> {
    match run.end {
        RunEnd::Finished => None,
        RunEnd::Budget => {
            // The order of asking is the order of the draw, so fewer labels are a sample, too.
            app.output.warning(&format!(
                "the budget ended after {} labels; they are what is learned from",
                count(run.summary.totals.answered)
            ));
            None
        }
        RunEnd::Interrupted | RunEnd::Submitted | RunEnd::Deadline | RunEnd::Cancelled => {
            app.output.hint(&format!(
                "the labels so far are kept: tandem runs resume {}, then tandem calibrate again",
                run.run
            ));
            Some(Outcome::Interrupted)
        }
    }
}

fn label_of(labels: &Labels, sampled: &Sampled, oracle: &ModelRef) -> Option<bool> {
    let versions = current_versions();
    let subject = sampled.stored.pull_request.key().to_string();
    let wanted = OracleLabel {
        oracle: oracle.to_string(),
        content_hash: sampled.stored.content_hash.clone(),
        prompt_version: versions.prompt,
        schema_version: versions.schema,
        is_assisted: false,
    };
    labels.of(&subject, &wanted)
}

/// Learns the threshold from the labels that are there, keeps and shows it.
fn learn(
    app: &App,
    store: &Arc<dyn Store>,
    arguments: &CalibrateArguments,
    sample: &Sample,
    (cheap, oracle): (&TierSpec, &TierSpec),
    rules: &DoubtRules,
) -> Result<Outcome, CliError> {
    let known = Labels::load(store.as_ref())?;
    let mut labels = Vec::with_capacity(sample.sampled.len());
    for sampled in &sample.sampled {
        if let Some(is_assisted) = label_of(&known, sampled, &oracle.reference) {
            labels.push(Label {
                score: sampled.score,
                agrees: is_assisted == sampled.is_assisted,
            });
        }
    }
    let target = CalibrationTarget {
        accuracy: arguments.target,
        delta: arguments.delta,
    };
    let calibration = calibrate(&sample.population, &labels, target)
        .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let versions = current_versions();
    let stored = StoredCalibration {
        version: 1,
        calibrated_at: Timestamp::now(),
        cheap: cheap.reference.to_string(),
        oracle: oracle.reference.to_string(),
        prompt_version: versions.prompt,
        schema_version: versions.schema,
        answers: sample.answers,
        without_unsupported_quotes: rules.quote,
        without_contradictions: rules.evidence,
        doubted_otherwise: sample.doubted_otherwise,
        unlabelled: sample.sampled.len().saturating_sub(labels.len()) as u64,
        calibration,
    };
    stored.save(store.as_ref())?;
    report::calibration(app, &stored, cheap, oracle)?;
    Ok(Outcome::Done)
}
