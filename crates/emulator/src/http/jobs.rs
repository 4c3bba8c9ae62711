//! `/batch/jobs`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde_json::{Map, Value, json};

use super::batches::metadata;
use super::body;
use super::creation::{self, Wanted, is_visible, no_batch, visible};
use super::errors::ApiError;
use super::files::spool_failed;
use crate::batches::{Appearance, Batch, ENDPOINT, Form, Scan, count_file};
use crate::chat::known_mistral_model;
use crate::dialect::Dialect;
use crate::server::Inner;

/// Jobs on a page where nothing is said, and at most.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 1000;

/// Hours that a job may take where nothing is said, and at most.
const HOURS: u64 = 24;
const MOST_HOURS: u64 = 7 * 24;

pub(crate) async fn create(
    State(server): State<Arc<Inner>>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    server.sweep();
    let mut fields = body::object(&body)?;
    let endpoint = body::string(&mut fields, "endpoint")?;
    if endpoint != ENDPOINT {
        let message = format!("Input should be '{ENDPOINT}' (emulated)");
        return Err(ApiError::invalid(&message, Some("endpoint")));
    }
    let model = body::string(&mut fields, "model")?;
    known_mistral_model(&server.scenario, &model)?;
    let input_id = input_file(&mut fields)?;
    let hours = match fields.remove("timeout_hours") {
        None | Some(Value::Null) => Some(HOURS),
        Some(hours) => hours
            .as_u64()
            .filter(|hours| (1..=MOST_HOURS).contains(hours)),
    };
    let hours = hours.ok_or_else(|| {
        let message = format!("Input should be an integer from 1 to {MOST_HOURS}");
        ApiError::invalid(&message, Some("timeout_hours"))
    })?;
    let metadata = metadata(fields.remove("metadata"))?;
    for (name, value) in fields {
        // The SDK sends some fields as null.
        if !(value.is_null() && ["requests", "agent_id"].contains(&name.as_str())) {
            let message = "Extra inputs are not permitted (requests and agents are not emulated)";
            return Err(ApiError::invalid(message, Some(&name)));
        }
    }
    let form = Form::Job { model };
    let scan = count(&server, &input_id, form.clone()).await?;
    let wanted = Wanted {
        form,
        input_id,
        window: String::new(),
        duration: Duration::from_hours(hours),
        metadata,
        load: scan.load,
        total: scan.good,
    };
    creation::create(&server, wanted, Batch::job).map(Json)
}

fn input_file(fields: &mut Map<String, Value>) -> Result<String, ApiError> {
    let wrong = |what: &str| ApiError::invalid(what, Some("input_files"));
    match fields.remove("input_files") {
        Some(Value::Array(ids)) => match ids.as_slice() {
            [Value::String(id)] => Ok(id.clone()),
            [_] => Err(wrong("Input should be a list of ids")),
            _ => Err(wrong("this emulator takes one file for each job")),
        },
        Some(_) => Err(wrong("Input should be a list of ids")),
        None => Err(wrong("Field required")),
    }
}

/// Reads the file once for what it asks: an upload does not yet know the model.
async fn count(server: &Arc<Inner>, input_id: &str, form: Form) -> Result<Scan, ApiError> {
    let purpose = server.state().files.get(input_id).map(|file| file.purpose);
    if purpose != Some("batch") {
        let message = format!("No file for batches has the id {input_id}");
        return Err(ApiError::not_found(&message));
    }
    let path = server.spool.path(input_id);
    let scenario = Arc::clone(&server.scenario);
    tokio::task::spawn_blocking(move || count_file(&path, scenario, form))
        .await
        .map_err(|_| ApiError::server(500))?
        .map_err(spool_failed)
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let state = server.state();
    let batch = visible(&state, &id, Dialect::Mistral).ok_or_else(|| no_batch(&id))?;
    if batch.appearance == Appearance::BareError {
        return Ok(Json(no_batch(&id).mistral_object()));
    }
    Ok(Json(batch.job()))
}

pub(crate) async fn cancel(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    creation::cancel(&server, &id, Dialect::Mistral, Batch::job).map(Json)
}

pub(crate) async fn list(
    State(server): State<Arc<Inner>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    let (mut page, mut size) = (0, PAGE);
    let mut newest_first = true;
    let mut statuses = Vec::new();
    let mut wanted_model = None;
    for (key, value) in query {
        let wrong = |what: &str| ApiError::invalid(what, Some(&key));
        match key.as_str() {
            "page" => {
                let number: Option<usize> = value.parse().ok();
                page = number.ok_or_else(|| wrong("Input should be a valid integer"))?;
            }
            "page_size" => {
                let number = value.parse().ok();
                let number = number.filter(|size| (1..=LARGEST_PAGE).contains(size));
                size = number.ok_or_else(|| wrong("Input should be from 1 to 1000"))?;
            }
            "status" => statuses.push(value),
            "model" => wanted_model = Some(value),
            "order_by" if value == "created" => newest_first = false,
            "order_by" if value == "-created" => newest_first = true,
            // All jobs are one person's here.
            "created_by_me" => {}
            _ => return Err(wrong("this emulator does not know this parameter or value")),
        }
    }
    let state = server.state();
    let mut jobs: Vec<Value> = state
        .batches
        .values()
        .filter(|batch| batch.form.dialect() == Dialect::Mistral && is_visible(batch))
        .filter(|batch| batch.appearance != Appearance::BareError)
        .map(Batch::job)
        .filter(|job| {
            let status = job["status"].as_str().unwrap_or_default();
            statuses.is_empty() || statuses.iter().any(|wanted| wanted == status)
        })
        .filter(|job| {
            wanted_model
                .as_ref()
                .is_none_or(|model| job["model"] == model.as_str())
        })
        .collect();
    if newest_first {
        jobs.reverse();
    }
    let total = jobs.len();
    let data: Vec<Value> = jobs
        .into_iter()
        .skip(page.saturating_mul(size))
        .take(size)
        .collect();
    Ok(Json(
        json!({"object": "list", "data": data, "total": total}),
    ))
}
