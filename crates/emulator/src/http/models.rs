//! `GET /models`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use serde_json::{Value, json};

use super::errors::ApiError;
use super::message_batches::Page;
use crate::dialect::Dialect;
use crate::scenario::ModelRules;
use crate::server::Inner;

/// Creation time told for every model: it is not known for the emulator's.
const CREATED_AT: u64 = 1_754_352_000;

pub(crate) async fn list(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Json<Value>, ApiError> {
    let scenario = &server.scenario;
    let known: Vec<(&String, &ModelRules)> = scenario
        .models
        .keys()
        .filter_map(|id| Some((id, scenario.model(id)?)))
        .collect();
    let documents = |models: &[(&String, &ModelRules)]| -> Vec<Value> {
        let shown = models
            .iter()
            .map(|(id, rules)| document(id, rules, dialect));
        shown.collect()
    };
    if dialect != Dialect::Anthropic {
        return Ok(Json(json!({"object": "list", "data": documents(&known)})));
    }
    let (page, has_more) = Page::read(query)?.cut(&known, |(id, _)| id)?;
    Ok(Json(json!({
        "data": documents(page),
        "has_more": has_more,
        "first_id": page.first().map(|(id, _)| id),
        "last_id": page.last().map(|(id, _)| id),
    })))
}

pub(crate) async fn retrieve(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let rules = server
        .scenario
        .model(&id)
        .ok_or_else(|| ApiError::model_not_found(&id))?;
    Ok(Json(document(&id, rules, dialect)))
}

fn document(id: &str, rules: &ModelRules, dialect: Dialect) -> Value {
    let owner = format!("{} (emulated by Tandem)", rules.owned_by);
    match dialect {
        Dialect::Groq => json!({
            "id": id,
            "object": "model",
            "created": CREATED_AT,
            "owned_by": owner,
            "active": true,
            "context_window": rules.context_window,
            "public_apps": null,
            "max_completion_tokens": rules.max_completion_tokens,
        }),
        Dialect::Anthropic => json!({
            "id": id,
            "type": "model",
            "display_name": format!("{id} ({owner})"),
            // What is told where the time is not known.
            "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active",
            "max_input_tokens": rules.context_window,
            "max_tokens": rules.max_completion_tokens,
        }),
        Dialect::Mistral => json!({
            "id": id,
            "object": "model",
            "created": CREATED_AT,
            "owned_by": owner,
            "type": "base",
            "max_context_length": rules.context_window,
            "capabilities": {"completion_chat": true},
        }),
    }
}
