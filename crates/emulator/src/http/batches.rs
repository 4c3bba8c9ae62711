//! `/batches`.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::body;
use super::errors::ApiError;
use crate::batches::{Appearance, Batch, Counts, ENDPOINT, Status, parse_window, run};
use crate::scenario::{BatchFault, BatchFaultRule, Listing};
use crate::server::{Inner, State as ServerState};

/// Most batches on one page, whatever is asked.
const LARGEST_PAGE: usize = 100;

pub(crate) async fn create(
    State(server): State<Arc<Inner>>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let mut fields = body::object(&body)?;
    let input_file_id = body::string(&mut fields, "input_file_id")?;
    let endpoint = body::string(&mut fields, "endpoint")?;
    if endpoint != ENDPOINT {
        let message = format!("'endpoint' : value must be {ENDPOINT}");
        return Err(ApiError::invalid(&message, Some("endpoint")));
    }
    let window = body::string(&mut fields, "completion_window")?;
    let duration = parse_window(&window).ok_or_else(|| {
        let message = "'completion_window' : must be a duration from 24h to 7d";
        ApiError::invalid(message, Some("completion_window"))
    })?;
    let metadata = metadata(fields.remove("metadata"))?;
    if let Some(name) = fields.keys().next() {
        return Err(ApiError::invalid(
            &format!("property '{name}' is unsupported"),
            Some(name),
        ));
    }
    let (batch_id, document) = {
        let mut state = server.state();
        let load = match state.files.get(&input_file_id) {
            Some(file) if file.purpose == "batch" => file.load.clone(),
            Some(_) => {
                return Err(ApiError::invalid(
                    "'input_file_id' : the file's purpose is not batch",
                    Some("input_file_id"),
                ));
            }
            None => {
                return Err(ApiError::invalid(
                    &format!("No such File object: {input_file_id}"),
                    Some("input_file_id"),
                ));
            }
        };
        state.batches_made += 1;
        let number = state.batches_made;
        // Places are given out now, so that batches that run side by side do not change each
        // other's faults.
        let mut first_ordinals = BTreeMap::new();
        for (model, load) in &load {
            let next = state.ordinals.entry(model.clone()).or_default();
            first_ordinals.insert(model.clone(), *next);
            *next += load.requests;
        }
        let fault = choose_fault(&server, number, load.keys());
        let now = Instant::now();
        let appearance = match &fault {
            Some(rule) if rule.kind == BatchFault::AppearsLate => {
                Appearance::From(now + Duration::from_millis(rule.delay_ms))
            }
            _ => Appearance::Plain,
        };
        let created_at = server.clock.unix_seconds();
        let batch = Batch {
            id: server.ids.next("batch_"),
            number,
            endpoint,
            input_file_id,
            window,
            metadata,
            status: Status::Validating,
            errors: Vec::new(),
            output_file_id: None,
            error_file_id: None,
            counts: Counts::default(),
            created_at,
            expires_at: created_at + duration.as_secs(),
            in_progress_at: None,
            completed_at: None,
            failed_at: None,
            expired_at: None,
            cancelling_at: None,
            cancelled_at: None,
            deadline: now + duration,
            fault,
            cancel: Arc::new(Notify::new()),
            first_ordinals,
            load,
            appearance,
        };
        let document = batch.document(&server.scenario.server);
        let id = batch.id.clone();
        state.batches.insert(id.clone(), batch);
        (id, document)
    };
    tokio::spawn(run(Arc::downgrade(&server), batch_id));
    Ok(Json(document))
}

fn metadata(value: Option<Value>) -> Result<Option<Map<String, Value>>, ApiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(entries)) if entries.values().all(Value::is_string) => Ok(Some(entries)),
        Some(_) => Err(ApiError::invalid(
            "'metadata' : must be an object of strings",
            Some("metadata"),
        )),
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

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let state = server.state();
    let batch = visible(&state, &id).ok_or_else(|| no_batch(&id))?;
    if batch.appearance == Appearance::BareError {
        return Ok(Json(no_batch(&id).body()).into_response());
    }
    Ok(Json(batch.document(&server.scenario.server)).into_response())
}

pub(crate) async fn cancel(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let now = server.clock.unix_seconds();
    let mut state = server.state();
    visible(&state, &id).ok_or_else(|| no_batch(&id))?;
    let batch = state.batches.get_mut(&id).ok_or_else(|| no_batch(&id))?;
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
    Ok(Json(batch.document(&server.scenario.server)))
}

pub(crate) async fn list(
    State(server): State<Arc<Inner>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    let mut ids = Vec::new();
    let mut before = None;
    let mut size = server.scenario.server.page_size;
    let listing = server.scenario.server.listing;
    for (key, value) in query {
        match (key.as_str(), listing) {
            ("id", _) => ids.push(value),
            ("cursor", Listing::Cursor) => {
                let position = value
                    .strip_prefix("cursor_")
                    .map(|sign| format!("batch_{sign}"));
                before =
                    Some(position.ok_or_else(|| {
                        ApiError::invalid("'cursor' : is not valid", Some("cursor"))
                    })?);
            }
            ("after", Listing::After) => before = Some(value),
            ("limit", _) => {
                let limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=LARGEST_PAGE).contains(limit));
                size = limit.ok_or_else(|| {
                    ApiError::invalid("'limit' : must be from 1 to 100", Some("limit"))
                })?;
            }
            _ => {
                return Err(ApiError::invalid(
                    &format!("query parameter '{key}' is unsupported"),
                    Some(&key),
                ));
            }
        }
    }
    if !ids.is_empty() {
        return many(&server, &ids).map(Json);
    }
    let rules = &server.scenario.server;
    let state = server.state();
    // Newest first; one more than a page tells whether there is another.
    let end = before.map_or(Bound::Unbounded, Bound::Excluded);
    let mut page: Vec<&Batch> = state
        .batches
        .range((Bound::Unbounded, end))
        .rev()
        .map(|(_, batch)| batch)
        .filter(|batch| is_visible(batch) && batch.appearance != Appearance::BareError)
        .take(size + 1)
        .collect();
    let more = page.len() > size;
    page.truncate(size);
    let data: Vec<Value> = page.iter().map(|batch| batch.document(rules)).collect();
    let last = page.last().map(|batch| batch.id.as_str());
    Ok(Json(match listing {
        Listing::Cursor => {
            let next = last
                .filter(|_| more)
                .and_then(|id| id.strip_prefix("batch_"))
                .map(|sign| format!("cursor_{sign}"));
            json!({"object": "list", "data": data, "paging": {"next_cursor": next}})
        }
        Listing::After => json!({
            "object": "list", "data": data, "has_more": more,
            "first_id": page.first().map(|batch| &batch.id), "last_id": last,
        }),
    }))
}

/// Many batches by their ids; ids that are not known are left out.
fn many(server: &Inner, ids: &[String]) -> Result<Value, ApiError> {
    let most = server.scenario.limits.ids_per_poll;
    if ids.len() > most {
        return Err(ApiError::invalid(
            &format!("'id' : at most {most} ids are allowed"),
            Some("id"),
        ));
    }
    let state = server.state();
    let data: Vec<Value> = ids
        .iter()
        .filter_map(|id| visible(&state, id))
        .filter(|batch| batch.appearance != Appearance::BareError)
        .map(|batch| batch.document(&server.scenario.server))
        .collect();
    Ok(json!({"object": "list", "data": data}))
}

fn visible<'a>(state: &'a ServerState, id: &str) -> Option<&'a Batch> {
    state.batches.get(id).filter(|batch| is_visible(batch))
}

fn is_visible(batch: &Batch) -> bool {
    match batch.appearance {
        Appearance::Plain | Appearance::BareError => true,
        Appearance::From(instant) => Instant::now() >= instant,
        Appearance::Gone => false,
    }
}

fn no_batch(id: &str) -> ApiError {
    ApiError::not_found(&format!("No batch found with id '{id}'."))
}
