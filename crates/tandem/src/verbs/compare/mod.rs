//! `tandem compare`: the same pull requests to several models, and what the sample can tell of them.

mod cascades;
mod figures;
mod print;
mod records;
mod sample;

use std::io::IsTerminal;
use std::sync::Arc;

use batch::engine::{Estimate, RunEnd, RunReport};
use batch::ledger::Takeover;
use batch::provider::SYNC_SUFFIX;
use batch::{
    AttemptSettings, Engine, Ledger, ModelRef, Money, NewRequest, RunId, RunSpec, RunState, Task,
    TierSpec, Wait,
};
use detect::Detector;
use futures_util::future::join_all;
use serde::Serialize;
use store::Store;

use self::cascades::{Cascade, cheapest, options};
use self::figures::{ModelFigures, PairFigures, of_model, of_pairs};
use self::records::{Outcome as Said, Record, Records, is_of_host, task_name};
use self::sample::{Sampled, sample};
use crate::app::App;
use crate::cli::CompareArguments;
use crate::config::Config;
use crate::error::{CliError, Outcome};
use crate::output::{count, dollars};
use crate::verbs::analyze::{confirmed, money};
use crate::wiring::database::require_team;
use crate::wiring::detection::detector;
use crate::wiring::engine::{Setup, ledger, models, tiers};
use crate::wiring::in_service::today;
use crate::wiring::interrupt::{Interrupt, TakenUp};
use crate::wiring::question::{Questions, task};

/// The document of `compare --json`.
#[derive(Serialize)]
struct Document {
    version: u32,
    /// Pull requests in the sample.
    n: u64,
    seed: u64,
    /// By batches or by plain calls.
    mode: &'static str,
    /// Requests that were asked now; the others had their outcome from before.
    asked_now: u64,
    models: Vec<ModelFigures>,
    pairs: Vec<PairFigures>,
    reliability: f64,
    cascades: Vec<Cascade>,
    cheapest: Option<Cascade>,
}

/// A model in the comparison.
struct Contender {
    tier: TierSpec,
    note: Option<String>,
    /// The run with what is asked now.
    planned: Option<(RunId, Estimate)>,
    /// Runs of earlier comparisons that are not at their end.
    open: Vec<RunId>,
}

impl Contender {
    fn model(&self) -> &ModelRef {
        &self.tier.reference
    }
}

/// Samples, asks what is not known yet, and tells.
pub(crate) fn run(app: &App, arguments: &CompareArguments) -> Result<Outcome, CliError> {
    let config = app.config()?;
    let detector = detector(app, &[])?;
    let tiers = asked_for(&config, arguments)?;
    let reading = app.open_to_read("compare")?;
    require_team(reading.as_ref(), arguments.selection.team.as_deref())?;
    let sampled = sample(
        reading.as_ref(),
        &arguments.selection.to_selection(),
        arguments.truth.as_deref(),
        arguments.limit,
        arguments.seed,
    )?;
    if sampled.is_empty() {
        return Err(CliError::input("there is no pull request to compare on")
            .hint("tandem import FILE brings some; --truth and --repo may leave none"));
    }
    if (sampled.len() as u64) < arguments.limit {
        app.output.warning(&format!(
            "there are only {} pull requests to sample from",
            count(sampled.len() as u64)
        ));
    }
    let store = app.open_to_write("compare")?;
    let _alone = store.lock("compare")?;
    let ledger = ledger(&store);
    let records = Arc::new(Records::new(Arc::clone(&store)));
    let interrupt = Interrupt::new(app.output, TakenUp::BySameCommand);
    let mut setup = Setup::new(app, &config, &tiers, Wait::UntilDone)?;
    // What a model makes of a request at the first try is what is compared.
    setup.settings.attempts = AttemptSettings {
        per_tier: 1,
        per_run: u32::MAX,
        quarantine_after: u32::MAX,
    };
    let catalogue = setup.models.clone();
    let engine = setup.engine_for(
        app,
        Arc::clone(&ledger),
        records.clone(),
        records.clone(),
        interrupt.token(),
    )?;
    let questions = SampleQuestions {
        store: Arc::clone(&store),
        sampled: &sampled,
        detector: &detector,
    };
    let (contenders, ends) = interrupt.heeded(async {
        let mut contenders = in_service(app, &engine, &catalogue, tiers).await?;
        for contender in &mut contenders {
            contender.open = take_in(&*ledger, &records, contender.model())?;
            plan(&engine, contender, &questions, &records)?;
        }
        let ends = ask(app, &engine, &*ledger, &contenders, arguments).await?;
        Ok((contenders, ends))
    })?;
    let mut known = Vec::with_capacity(contenders.len());
    for contender in &contenders {
        take_in(&*ledger, &records, contender.model())?;
        let mut of_sample = Vec::with_capacity(sampled.len());
        questions.each(|request| {
            of_sample.push(records.get(contender.model(), &request.custom_id)?);
            Ok(())
        })?;
        known.push((contender.model().to_string(), of_sample));
    }
    let document = document(arguments, &sampled, &contenders, &known);
    if app.output.json {
        app.output.document(&document)?;
    } else {
        print::print(&app.output, &document)?;
    }
    Ok(outcome(app, &document, &ends))
}

/// The pull requests of the sample, as questions.
struct SampleQuestions<'a> {
    store: Arc<dyn Store>,
    sampled: &'a [Sampled],
    detector: &'a Detector,
}

impl SampleQuestions<'_> {
    /// Gives each question, one at a time.
    fn each(
        &self,
        mut give: impl FnMut(NewRequest) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let questions = Questions::new(self.detector);
        for sampled in self.sampled {
            if let Some(stored) = self.store.pull_request(&sampled.key)? {
                give(questions.ask(&stored).0)?;
            }
        }
        Ok(())
    }
}

/// The models asked for, by plain calls where that is wanted.
fn asked_for(config: &Config, arguments: &CompareArguments) -> Result<Vec<TierSpec>, CliError> {
    let mut texts: Vec<String> = Vec::new();
    for model in &arguments.models {
        let text = match model.trim().split_once(':') {
            Some((host, id)) if arguments.sync && !host.ends_with(SYNC_SUFFIX) => {
                format!("{host}{SYNC_SUFFIX}:{id}")
            }
            _ => model.trim().to_owned(),
        };
        if texts.contains(&text) {
            return Err(CliError::input(format!("{text} is named twice")));
        }
        texts.push(text);
    }
    tiers(config, &texts, None, &models(config)?)
}

/// Leaves out, with a warning, what its host does not serve, and notes what is retired.
async fn in_service(
    app: &App,
    engine: &Engine,
    catalogue: &batch::Catalogue,
    tiers: Vec<TierSpec>,
) -> Result<Vec<Contender>, CliError> {
    let mut contenders = Vec::new();
    for tier in tiers {
        let known = catalogue.model(&tier.reference);
        let retired = known.and_then(|model| model.retired);
        let host = tier.reference.provider.strip_suffix(SYNC_SUFFIX);
        let host = host.unwrap_or(&tier.reference.provider);
        let note = retired.map(|day| format!("retired on {} since {day}", host_name(host)));
        let served = engine.preflight(std::slice::from_ref(&tier)).await?.tiers;
        let is_served = served
            .iter()
            .all(|served| served.reference == tier.reference);
        if let Some(note) = &note {
            app.output
                .warning(&format!("{} is {note}", tier.reference.model));
        }
        if !is_served {
            let successor = known.and_then(|model| model.successor.clone());
            app.output.warning(&format!(
                "{} is not served and left out{}",
                tier.reference,
                successor.map_or_else(String::new, |name| format!("; its successor is {name}"))
            ));
            continue;
        }
        contenders.push(Contender {
            tier: tier.priced_on(today(), catalogue),
            note,
            planned: None,
            open: Vec::new(),
        });
    }
    if contenders.is_empty() {
        return Err(CliError::configuration("none of the models is served")
            .hint("tandem doctor checks key, address and models"));
    }
    Ok(contenders)
}

/// A host's name as people write it.
fn host_name(host: &str) -> String {
    let mut letters = host.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Takes what ended runs of a model left into the records; gives the runs that are open.
fn take_in(
    ledger: &dyn Ledger,
    records: &Records,
    model: &ModelRef,
) -> Result<Vec<RunId>, CliError> {
    let name = task_name(model);
    let mut open = Vec::new();
    for line in ledger.runs()? {
        if ledger.run(line.id)?.spec.task.name != name {
            continue;
        }
        records.take_failures(ledger, line.id)?;
        if matches!(line.state, RunState::Running | RunState::Stopped) {
            open.push(line.id);
        }
    }
    Ok(open)
}

/// Plans what a model has not been asked yet.
fn plan(
    engine: &Engine,
    contender: &mut Contender,
    questions: &SampleQuestions<'_>,
    records: &Records,
) -> Result<(), CliError> {
    let mut wanted = Vec::new();
    questions.each(|request| {
        let record = records.get(contender.model(), &request.custom_id)?;
        let is_known = record.is_some_and(|record| match record.outcome {
            Said::Answered { .. } => true,
            Said::Failed { kind } => !is_of_host(kind),
        });
        if !is_known {
            wanted.push(request);
        }
        Ok(())
    })?;
    if wanted.is_empty() {
        return Ok(());
    }
    let spec = RunSpec {
        task: Task {
            name: task_name(contender.model()),
            ..task()
        },
        tiers: vec![contender.tier.clone()],
        budget: None,
        doubt: None,
    };
    let plan = engine.plan(spec, wanted)?;
    if plan.estimate.requests == 0 {
        engine.discard(plan.run)?;
        return Ok(());
    }
    contender.planned = Some((plan.run, plan.estimate));
    Ok(())
}

/// Asks all models at the same time, once the user has agreed to the price.
async fn ask(
    app: &App,
    engine: &Engine,
    ledger: &dyn Ledger,
    contenders: &[Contender],
    arguments: &CompareArguments,
) -> Result<Vec<RunEnd>, CliError> {
    let planned: Vec<(RunId, &Estimate)> = contenders
        .iter()
        .filter_map(|contender| contender.planned.as_ref())
        .map(|(run, estimate)| (*run, estimate))
        .collect();
    let sum = |each: fn(&Estimate) -> Money| {
        planned
            .iter()
            .fold(Money::ZERO, |sum, (_, estimate)| sum + each(estimate))
    };
    let (likely, high) = (
        sum(|estimate| estimate.cost.likely.0),
        sum(|estimate| estimate.cost.high.0),
    );
    if !planned.is_empty() {
        let requests: u64 = planned.iter().map(|(_, estimate)| estimate.requests).sum();
        app.output.note(&format!(
            "{} requests to {} models; likely {}, at most {}",
            count(requests),
            planned.len(),
            dollars(likely.as_usd()),
            dollars(high.as_usd()),
        ));
        let somebody_is_there = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if !arguments.yes && somebody_is_there && !confirmed()? {
            for (run, _) in &planned {
                engine.discard(*run)?;
            }
            app.output.note("nothing was sent");
            return Ok(Vec::new());
        }
    }
    let open: Vec<RunId> = contenders
        .iter()
        .flat_map(|contender| contender.open.iter().copied())
        .collect();
    let budget = money(arguments.budget)?;
    let each = 1.0 / (open.len() + planned.len()).max(1) as f64;
    // Runs of before get equal parts; what is planned now shares the rest by what it needs at most.
    let rest = each * planned.len() as f64;
    let whole = high.as_usd().max(f64::MIN_POSITIVE);
    let parts = open.iter().map(|run| (*run, each)).chain(
        planned
            .iter()
            .map(|(run, estimate)| (*run, rest * estimate.cost.high.0.as_usd() / whole)),
    );
    for (run, part) in parts {
        let mut spec = ledger.run(run)?.spec;
        let unpriced = spec.tiers.iter().find(|tier| tier.price.is_none());
        if let (Some(tier), Some(_)) = (unpriced, budget) {
            return Err(CliError::configuration(format!(
                "the price of {} is not known, so no budget can be kept",
                tier.reference
            )));
        }
        spec.budget = money(budget.map(|budget| budget.as_usd() * part))?;
        ledger.set_run_spec(run, &spec)?;
    }
    let runs = open.into_iter().chain(planned.iter().map(|(run, _)| *run));
    let results: Vec<Result<RunReport, batch::EngineError>> =
        join_all(runs.map(|run| engine.resume(run, Takeover::Now))).await;
    let mut ends = Vec::new();
    for result in results {
        ends.push(
            result
                .map_err(|error| {
                    CliError::from(error)
                        .hint("what was answered is kept: the same command again goes on with it")
                })?
                .end,
        );
    }
    Ok(ends)
}

fn document(
    arguments: &CompareArguments,
    sampled: &[Sampled],
    contenders: &[Contender],
    known: &[(String, Vec<Option<Record>>)],
) -> Document {
    let truths: Vec<Option<bool>> = sampled.iter().map(|sampled| sampled.truth).collect();
    let figures: Vec<ModelFigures> = contenders
        .iter()
        .zip(known)
        .map(|(contender, (name, records))| {
            let price = contender.tier.price.map(|price| {
                let per_million = |money: Money| money.as_usd() * 1e6;
                [
                    per_million(price.batch.input),
                    per_million(price.batch.output),
                ]
            });
            of_model(
                name.clone(),
                contender.note.clone(),
                price,
                records,
                &truths,
            )
        })
        .collect();
    let cascades = options(&figures, arguments.reliability);
    Document {
        version: 1,
        n: sampled.len() as u64,
        seed: arguments.seed,
        mode: if arguments.sync { "sync" } else { "batch" },
        asked_now: contenders
            .iter()
            .filter_map(|contender| contender.planned.as_ref())
            .map(|(_, estimate)| estimate.requests)
            .sum(),
        pairs: of_pairs(known),
        reliability: arguments.reliability,
        cheapest: cheapest(&cascades).cloned(),
        cascades,
        models: figures,
    }
}

fn outcome(app: &App, document: &Document, ends: &[RunEnd]) -> Outcome {
    let open: u64 = document.models.iter().map(|model| model.open).sum();
    if ends.contains(&RunEnd::Budget) {
        app.output.hint("the budget does not allow the next request; the same command with a larger --budget goes on");
        return Outcome::BudgetSpent;
    }
    if ends
        .iter()
        .any(|end| matches!(end, RunEnd::Interrupted | RunEnd::Deadline))
    {
        app.output
            .hint("the same command again goes on where it stopped; nothing is paid twice");
        return Outcome::Interrupted;
    }
    if open > 0 {
        app.output.hint(&format!(
            "{} requests have no outcome for a reason of the host: the same command asks them again",
            count(open)
        ));
        return Outcome::Unanswered;
    }
    Outcome::Done
}
