//! What creating a batch is for every API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::errors::ApiError;
use crate::batches::{Appearance, Batch, Counts, Form, ModelLoad, Status, run};
use crate::dialect::Dialect;
use crate::scenario::{BatchFault, BatchFaultRule};
use crate::server::{Inner, State};

/// A batch that is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) form: Form,
    /// Name of its requests in the spool.
    pub(crate) input_id: String,
    /// The window as it was given.
    pub(crate) window: String,
    pub(crate) duration: Duration,
    pub(crate) metadata: Option<Map<String, Value>>,
    /// What it asks of each model.
    pub(crate) load: BTreeMap<String, ModelLoad>,
    /// Its requests, where they are counted already.
    pub(crate) total: u64,
}

/// Creates a batch, lets it live, and returns what `show` makes of it.
pub(crate) fn create(
    server: &Arc<Inner>,
    wanted: Wanted,
    show: impl FnOnce(&Batch) -> Value,
) -> Result<Value, ApiError> {
    let (batch_id, document) = {
        let mut state = server.state();
        let batch = admit(server, &mut state, wanted)?;
        let document = show(&batch);
        let id = batch.id.clone();
        state.batches.insert(id.clone(), batch);
        (id, document)
    };
    tokio::spawn(run(Arc::downgrade(server), batch_id));
    Ok(document)
}

fn admit(server: &Inner, state: &mut State, wanted: Wanted) -> Result<Batch, ApiError> {
    let number = state.batches_made + 1;
    let fault = choose_fault(server, number, wanted.load.keys());
    if let Some(rule) = &fault {
        server.hits.batch(rule.kind);
    }
    if wanted.form == Form::Messages {
        check_queue(server, state, &wanted, fault.as_ref())?;
    }
    state.batches_made = number;
    // Places are given out now, so that batches that run side by side do not change each other's
    // faults.
    let mut first_ordinals = BTreeMap::new();
    for (model, load) in &wanted.load {
        let next = state.ordinals.entry(model.clone()).or_default();
        first_ordinals.insert(model.clone(), *next);
        *next += load.requests;
    }
    let now = Instant::now();
    let appearance = match &fault {
        Some(rule) if rule.kind == BatchFault::AppearsLate => {
            Appearance::From(now + Duration::from_millis(rule.delay_ms))
        }
        _ => Appearance::Plain,
    };
    let created_at = server.clock.unix_seconds();
    let id = match wanted.form.dialect() {
        Dialect::Groq => server.ids.next("batch_"),
        Dialect::Anthropic => server.ids.next("msgbatch_"),
        Dialect::Mistral => server.ids.next_uuid(),
    };
    Ok(Batch {
        id,
        number,
        form: wanted.form,
        input_id: wanted.input_id,
        window: wanted.window,
        metadata: wanted.metadata,
        status: Status::Validating,
        errors: Vec::new(),
        output_file_id: None,
        error_file_id: None,
        counts: Counts {
            total: wanted.total,
            ..Counts::default()
        },
        created_at,
        expires_at: created_at + wanted.duration.as_secs(),
        in_progress_at: None,
        completed_at: None,
        failed_at: None,
        expired_at: None,
        cancelling_at: None,
        cancelled_at: None,
        archived_at: None,
        deadline: now + wanted.duration,
        fault,
        cancel: Arc::new(Notify::new()),
        first_ordinals,
        load: wanted.load,
        appearance,
    })
}

/// Refuses a message batch for which there is no room. Faults that elsewhere fail a batch after its
/// creation refuse it here, because a message batch that exists does not fail.
fn check_queue(
    server: &Inner,
    state: &mut State,
    wanted: &Wanted,
    fault: Option<&BatchFaultRule>,
) -> Result<(), ApiError> {
    let most = server.scenario.anthropic.queued_requests;
    let waiting: u64 = state
        .batches
        .values()
        .filter(|batch| batch.form == Form::Messages && !batch.status.is_final())
        .map(|batch| batch.counts.total)
        .sum();
    let refusal = match fault.map(|rule| rule.kind) {
        Some(BatchFault::FailsValidation) => Some(ApiError::invalid(
            "requests: the batch could not be validated (emulated)",
            Some("requests"),
        )),
        Some(BatchFault::TokenLimit) => Some(ApiError::rate_limited(1)),
        _ if most > 0 && waiting + wanted.total > most => Some(ApiError::rate_limited(1)),
        _ => None,
    };
    match refusal {
        None => Ok(()),
        Some(error) => {
            // It counts as one that was created, so that the next one is spared.
            state.batches_made += u64::from(fault.is_some());
            Err(error)
        }
    }
}

fn choose_fault<'a>(
    server: &Inner,
    number: u64,
    models: impl Iterator<Item = &'a String> + Clone,
) -> Option<BatchFaultRule> {
    let rules = server.scenario.batch_faults.iter().enumerate();
    for (place, rule) in rules {
        let named = rule.batches.is_empty() || rule.batches.contains(&number);
        let asked = rule
            .model
            .as_ref()
            .is_none_or(|wanted| models.clone().any(|model| model == wanted));
        if named
            && asked
            && server
                .draws
                .random_hit(&format!("batch {place}"), number, rule.rate)
        {
            return Some(rule.clone());
        }
    }
    None
}

/// Finds a batch of an API, as far as polls see it.
pub(crate) fn visible<'a>(state: &'a State, id: &str, dialect: Dialect) -> Option<&'a Batch> {
    state
        .batches
        .get(id)
        .filter(|batch| batch.form.dialect() == dialect && is_visible(batch))
}

/// Says whether polls see a batch at all.
pub(crate) fn is_visible(batch: &Batch) -> bool {
    match batch.appearance {
        Appearance::Plain | Appearance::BareError => true,
        Appearance::From(instant) => Instant::now() >= instant,
        Appearance::Gone => false,
    }
}

/// Asks a batch to stop.
pub(crate) fn cancel(
    server: &Inner,
    id: &str,
    dialect: Dialect,
    show: impl FnOnce(&Batch) -> Value,
) -> Result<Value, ApiError> {
    let now = server.clock.unix_seconds();
    let mut state = server.state();
    visible(&state, id, dialect).ok_or_else(|| no_batch(id))?;
    let batch = state.batches.get_mut(id).ok_or_else(|| no_batch(id))?;
    if batch.status.is_final() {
        let message = format!(
            "Cannot cancel a batch with status '{}'.",
            batch.status.name()
        );
        return Err(ApiError::invalid(&message, None));
    }
    if batch.status != Status::Cancelling {
        batch.status = Status::Cancelling;
        batch.cancelling_at = Some(now);
        batch.cancel.notify_one();
    }
    Ok(show(batch))
}

/// 404: there is no such batch.
pub(crate) fn no_batch(id: &str) -> ApiError {
    ApiError::not_found(&format!("No batch found with id '{id}'."))
}
