//! `/batches`.

use std::ops::Bound;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::body;
use super::creation::{self, Wanted, is_visible, no_batch, visible};
use super::errors::ApiError;
use crate::batches::{Appearance, Batch, ENDPOINT, Form, parse_window};
use crate::dialect::Dialect;
use crate::scenario::Listing;
use crate::server::Inner;

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
    let load = {
        let state = server.state();
        match state.files.get(&input_file_id) {
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
        }
    };
    let wanted = Wanted {
        form: Form::Batch,
        input_id: input_file_id,
        window,
        duration,
        metadata,
        load,
        total: 0,
    };
    let rules = &server.scenario.server;
    creation::create(&server, wanted, |batch| batch.document(rules)).map(Json)
}

/// Reads metadata: an object of strings, or none.
pub(crate) fn metadata(value: Option<Value>) -> Result<Option<Map<String, Value>>, ApiError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(entries)) if entries.values().all(Value::is_string) => Ok(Some(entries)),
        Some(_) => Err(ApiError::invalid(
            "'metadata' : must be an object of strings",
            Some("metadata"),
        )),
    }
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let state = server.state();
    let batch = visible(&state, &id, Dialect::Groq).ok_or_else(|| no_batch(&id))?;
    if batch.appearance == Appearance::BareError {
        return Ok(Json(no_batch(&id).body()).into_response());
    }
    Ok(Json(batch.document(&server.scenario.server)).into_response())
}

pub(crate) async fn cancel(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let rules = &server.scenario.server;
    creation::cancel(&server, &id, Dialect::Groq, |batch| batch.document(rules)).map(Json)
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
        .filter(|batch| batch.form == Form::Batch)
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
        .filter_map(|id| visible(&state, id, Dialect::Groq))
        .filter(|batch| batch.appearance != Appearance::BareError)
        .map(|batch| batch.document(&server.scenario.server))
        .collect();
    Ok(json!({"object": "list", "data": data}))
}
