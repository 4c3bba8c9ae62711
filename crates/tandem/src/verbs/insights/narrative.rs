//! `tandem insights --narrative`: a model writes from the report's numbers, and is held against them.

use std::sync::{Arc, Mutex, PoisonError};

use batch::engine::RunEnd;
use batch::ledger::Takeover;
use batch::{
    Answer, AnswerCheck, AnswerSchema, AnswerSink, Candidate, NewRequest, RunId, RunSpec, RunState,
    SinkError, Task, Wait,
};
use insights::Report;
use insights::narrative::{
    Fact, NARRATIVE_PROMPT, NARRATIVE_SCHEMA, Narrative, Sentence, facts, read_narrative,
};
use serde::{Deserialize, Serialize};
use store::Store;

use super::sheet::Sheet;
use crate::app::App;
use crate::cli::NarrativeOptions;
use crate::error::{CliError, ErrorKind, Outcome};
use crate::verbs::analyze::{Consent, checked_models, confirmed, consent, estimate_text, money};
use crate::wiring::engine::{Setup, configured_tiers, ledger, models, tiers};
use crate::wiring::interrupt::{Interrupt, TakenUp};

/// The task under which the ledger keeps narratives, and the name under which the store keeps the last.
const TASK: &str = "narrative";

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Told {
    /// Every sentence says only what its fact says.
    Accepted {
        /// Who wrote it, `provider:model`.
        model: String,
        /// The sentences, each with its fact's id.
        sentences: Vec<Sentence>,
    },
    /// It does not, or there is none; the plain text stands.
    Refused {
        /// Why.
        reason: String,
    },
}

/// The last narrative, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    /// The version of this document; 1.
    version: u32,
    /// The hash of the facts it was written from.
    content_hash: String,
    prompt_version: String,
    model: String,
    narrative: Narrative,
}

/// Holds answers against the facts they were asked about, and keeps the one that passes.
struct Narratives {
    store: Arc<dyn Store>,
    /// Why answers were refused, the last one last.
    refusals: Mutex<Vec<String>>,
}

impl AnswerCheck for Narratives {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        // What was asked holds the facts, also where the report has moved on since.
        let facts: Vec<Fact> = serde_json::from_str(&candidate.payload.text())
            .map_err(|_| "the question holds no facts".to_owned())?;
        read_narrative(candidate.json, &facts)
            .map(|_| ())
            .map_err(|error| {
                let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
                refusals.push(error.to_string());
                error.to_string()
            })
    }
}

impl AnswerSink for Narratives {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        for answer in answers {
            let stored = Stored {
                version: 1,
                content_hash: answer.content_hash.clone(),
                prompt_version: answer.prompt_version.clone(),
                model: answer.model.to_string(),
                narrative: serde_json::from_str(&answer.json)?,
            };
            self.store
                .set_meta(TASK, &serde_json::to_string(&stored)?)?;
        }
        Ok(())
    }
}

/// Asks for a narrative of a report, or takes the one that was written from the same numbers.
pub(super) fn tell(
    app: &App,
    report: &Report,
    options: &NarrativeOptions,
) -> Result<(Told, Outcome), CliError> {
    let config = app.config()?;
    let facts = facts(report);
    if facts.is_empty() {
        return Ok((refused("there is nothing to write about"), Outcome::Done));
    }
    let catalogue = models(&config)?;
    let tiers = if options.tiers.is_empty() {
        configured_tiers(&config, &catalogue)?
    } else {
        tiers(&config, &options.tiers, None, &catalogue)?
    };
    let schema = serde_json::from_str(NARRATIVE_SCHEMA)
        .map_err(|error| CliError::new(ErrorKind::Internal, error))?;
    let schema = AnswerSchema {
        name: TASK.to_owned(),
        schema,
    };
    let task = Task::new(TASK, NARRATIVE_PROMPT.trim_end(), schema);
    let question = serde_json::to_string(&facts)?;
    let id = format!(
        "narrative-{}",
        &blake3::hash(question.as_bytes()).to_hex()[..32]
    );
    let request = NewRequest {
        // One open request for the whole database: a newer question waits for the older.
        subject: TASK.to_owned(),
        ..NewRequest::user(&id, &question, &task)
    };
    let store = app.open_to_write("insights")?;
    let _alone = store.lock(TASK)?;
    if let Some(known) = known(store.as_ref(), &request, &task)? {
        return Ok((known, Outcome::Done));
    }
    let interrupt = Interrupt::new(app.output, TakenUp::BySameCommand);
    let narratives = Arc::new(Narratives {
        store: Arc::clone(&store),
        refusals: Mutex::new(Vec::new()),
    });
    let engine = Setup::new(app, &config, &tiers, Wait::UntilDone)?.engine_for(
        app,
        ledger(&store),
        narratives.clone(),
        narratives.clone(),
        interrupt.token(),
    )?;
    let outcome = interrupt.heeded(async {
        for run in open_runs(&*ledger(&store))? {
            let ended = engine.resume(run, Takeover::Now).await?;
            if ended.end != RunEnd::Finished {
                return Ok(ended_early(ended.end));
            }
        }
        if known(store.as_ref(), &request, &task)?.is_some() {
            return Ok(Outcome::Done);
        }
        let spec = RunSpec {
            tiers: checked_models(app, &engine, &tiers).await?,
            task: task.clone(),
            budget: money(config.analyze.budget_usd)?,
            doubt: None,
        };
        let plan = engine.plan(spec, std::iter::once(request.clone()))?;
        if plan.estimate.requests == 0 {
            engine.discard(plan.run)?;
            return Ok(Outcome::Unanswered);
        }
        app.output.note(&format!(
            "run {}: {}",
            plan.run,
            estimate_text(&plan.estimate)
        ));
        if consent(options.yes) == Consent::Wanted && !confirmed()? {
            engine.discard(plan.run)?;
            return Ok(Outcome::Unanswered);
        }
        let ended = engine.run(plan.run).await?;
        Ok(match ended.end {
            RunEnd::Finished if ended.summary.totals.failed > 0 => Outcome::Unanswered,
            RunEnd::Finished => Outcome::Done,
            other => ended_early(other),
        })
    })?;
    if let Some(known) = known(store.as_ref(), &request, &task)? {
        return Ok((known, Outcome::Done));
    }
    let refusals = narratives
        .refusals
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let reason = refusals.last().map_or_else(
        || "there is no answer: tandem runs show says why, or it failed before".to_owned(),
        |reason| format!("the last answer was refused: {reason}"),
    );
    Ok((refused(&reason), outcome))
}

fn refused(reason: &str) -> Told {
    Told::Refused {
        reason: reason.to_owned(),
    }
}

fn ended_early(end: RunEnd) -> Outcome {
    match end {
        RunEnd::Budget => Outcome::BudgetSpent,
        _ => Outcome::Interrupted,
    }
}

/// The stored narrative, if it was written from these very facts and still passes.
fn known(store: &dyn Store, request: &NewRequest, task: &Task) -> Result<Option<Told>, CliError> {
    let Some(text) = store.meta(TASK)? else {
        return Ok(None);
    };
    // A narrative of another version of this program is written anew.
    let Ok(stored) = serde_json::from_str::<Stored>(&text) else {
        return Ok(None);
    };
    let fits = stored.version == 1
        && stored.content_hash == request.content_hash
        && stored.prompt_version == task.prompt_version;
    let facts: Vec<Fact> = serde_json::from_str(&request.payload.text())?;
    let again = serde_json::to_string(&stored.narrative)?;
    Ok(
        (fits && read_narrative(&again, &facts).is_ok()).then_some(Told::Accepted {
            model: stored.model,
            sentences: stored.narrative.sentences,
        }),
    )
}

/// Runs of this task that are not at their end, oldest first.
fn open_runs(ledger: &dyn batch::Ledger) -> Result<Vec<RunId>, CliError> {
    let mut open = Vec::new();
    for line in ledger.runs()?.into_iter().rev() {
        if matches!(line.state, RunState::Running | RunState::Stopped)
            && ledger.run(line.id)?.spec.task.name == TASK
        {
            open.push(line.id);
        }
    }
    Ok(open)
}

/// The narrative as people read it.
pub(super) fn add(sheet: &mut Sheet, told: &Told) {
    sheet.heading("In a model's words (each number and direction checked against the report)");
    match told {
        Told::Accepted { model, sentences } => {
            for sentence in sentences {
                sheet.line(crate::output::printable(&sentence.text));
            }
            sheet.remark(format!(
                "written by {model}; the report below is what counts"
            ));
        }
        Told::Refused { reason } => sheet.line(format!("none: {reason}; the plain text stands")),
    }
}
