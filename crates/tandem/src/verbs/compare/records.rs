//! What a model said of a pull request, kept so that comparing again asks nothing anew. Answers of a
//! comparison are no analyses: they have a task and a place of their own.

use std::sync::Arc;

use analysis::parse_answer;
use batch::{
    Answer, AnswerCheck, AnswerSink, Candidate, FailureKind, Ledger, ModelRef, Money, RunId,
    SinkError, Usage,
};
use model::ClaimedRole;
use serde::{Deserialize, Serialize};
use store::Store;

use crate::error::CliError;

/// The version of a record's shape.
const VERSION: u32 = 1;
/// Failed requests read at a time.
const PAGE: usize = 1_000;

/// The task of a model's requests in the ledger.
pub(super) fn task_name(model: &ModelRef) -> String {
    format!("compare:{model}")
}

/// What became of one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    /// Answer or failure.
    pub(super) outcome: Outcome,
    /// Tokens, where the host told them.
    pub(super) usage: Option<Usage>,
    /// Known cost.
    pub(super) cost_pico_usd: i64,
    /// Cost that may have been charged without usage.
    pub(super) possible_cost_pico_usd: i64,
    /// The host's time.
    pub(super) latency_ms: Option<u64>,
}

/// Answer or failure.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// A valid answer: what it claims of AI.
    Answered {
        is_assisted: bool,
        role: ClaimedRole,
        quote_supported: bool,
    },
    /// None.
    Failed { kind: FailureKind },
}

/// Whether a failure says something of the host or of us, and nothing of the model.
pub(super) fn is_of_host(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Expired
            | FailureKind::Missing
            | FailureKind::Provider
            | FailureKind::Config
            | FailureKind::Cancelled
    )
}

/// The records, in the database.
pub(super) struct Records {
    store: Arc<dyn Store>,
}

impl Records {
    /// Records in this database.
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Records { store }
    }

    /// What a model said to a question; the question's id stands for its content and versions.
    pub(super) fn get(
        &self,
        model: &ModelRef,
        custom_id: &str,
    ) -> Result<Option<Record>, CliError> {
        let Some(text) = self.store.meta(&name(model, custom_id))? else {
            return Ok(None);
        };
        let record: Record = serde_json::from_str(&text)?;
        Ok(Some(record).filter(|record| record.version == VERSION))
    }

    fn put(&self, model: &ModelRef, custom_id: &str, record: &Record) -> Result<(), SinkError> {
        let text = serde_json::to_string(record)?;
        Ok(self.store.set_meta(&name(model, custom_id), &text)?)
    }

    /// Takes the failures of a run into the records; the kinds' tokens and money are shared evenly
    /// among the requests that failed so, and sum up exactly. Doing it twice changes nothing.
    pub(super) fn take_failures(&self, ledger: &dyn Ledger, run: RunId) -> Result<(), CliError> {
        let spec = ledger.run(run)?.spec;
        let Some(model) = spec.tiers.first().map(|tier| tier.reference.clone()) else {
            return Ok(());
        };
        let mut failed: Vec<(String, FailureKind)> = Vec::new();
        let mut after = None;
        loop {
            let page = ledger.failures(run, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = Some(last.seq);
            let of_model = page.iter().filter(|request| !is_of_host(request.kind));
            failed.extend(of_model.map(|request| (request.custom_id.clone(), request.kind)));
        }
        let lines = ledger.attempt_lines(run)?;
        for kind in FailureKind::ALL {
            let ids: Vec<&String> = failed
                .iter()
                .filter(|(_, failed)| *failed == kind)
                .map(|(id, _)| id)
                .collect();
            let mut usage = Usage::default();
            let (mut cost, mut possible) = (Money::ZERO, Money::ZERO);
            for line in lines.iter().filter(|line| line.kind == Some(kind)) {
                usage = usage.plus(line.usage);
                cost += line.cost;
                possible += line.possible_cost;
            }
            let count = ids.len() as u64;
            for (place, id) in (0_u64..).zip(ids) {
                let part = |total: u64| total / count + u64::from(place < total % count);
                let part_of_money = |total: Money| {
                    part(u64::try_from(total.picodollars()).unwrap_or(0)).cast_signed()
                };
                let usage = Usage {
                    input_tokens: part(usage.input_tokens),
                    output_tokens: part(usage.output_tokens),
                };
                let record = Record {
                    version: VERSION,
                    outcome: Outcome::Failed { kind },
                    usage: (usage != Usage::default()).then_some(usage),
                    cost_pico_usd: part_of_money(cost),
                    possible_cost_pico_usd: part_of_money(possible),
                    latency_ms: None,
                };
                self.put(&model, id, &record).map_err(|error| {
                    CliError::new(crate::error::ErrorKind::Internal, anyhow::anyhow!(error))
                })?;
            }
        }
        Ok(())
    }
}

impl AnswerSink for Records {
    fn store(&self, answers: &[Answer]) -> Result<(), SinkError> {
        for answer in answers {
            let checked = parse_answer(&answer.json, &answer.payload.text())?;
            let record = Record {
                version: VERSION,
                outcome: Outcome::Answered {
                    is_assisted: checked.analysis.ai.is_assisted,
                    role: checked.analysis.ai.role,
                    quote_supported: checked.quote_supported,
                },
                usage: answer.usage,
                cost_pico_usd: answer.cost.picodollars(),
                possible_cost_pico_usd: 0,
                latency_ms: answer.latency_ms,
            };
            self.put(&answer.model, &answer.custom_id, &record)?;
        }
        Ok(())
    }
}

impl AnswerCheck for Records {
    fn check(&self, candidate: Candidate<'_>) -> Result<(), String> {
        parse_answer(candidate.json, &candidate.payload.text())
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
}

fn name(model: &ModelRef, custom_id: &str) -> String {
    format!("compare/{model}/{custom_id}")
}
