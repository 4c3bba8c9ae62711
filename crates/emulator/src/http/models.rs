//! `GET /models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::errors::ApiError;
use crate::scenario::ModelRules;
use crate::server::Inner;

/// Creation time told for every model: it is not known for the emulator's.
const CREATED_AT: u64 = 1_754_352_000;

pub(crate) async fn list(State(server): State<Arc<Inner>>) -> Json<Value> {
    let scenario = &server.scenario;
    let data: Vec<Value> = scenario
        .models
        .keys()
        .filter_map(|id| Some(document(id, scenario.model(id)?)))
        .collect();
    Json(json!({"object": "list", "data": data}))
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let rules = server
        .scenario
        .model(&id)
        .ok_or_else(|| ApiError::model_not_found(&id))?;
    Ok(Json(document(&id, rules)))
}

fn document(id: &str, rules: &ModelRules) -> Value {
    json!({
        "id": id,
        "object": "model",
        "created": CREATED_AT,
        "owned_by": format!("{} (emulated by Tandem)", rules.owned_by),
        "active": true,
        "context_window": rules.context_window,
        "public_apps": null,
        "max_completion_tokens": rules.max_completion_tokens,
    })
}
