//! `POST /chat/completions` and `POST /messages`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::body;
use super::errors::ApiError;
use crate::chat::{Place, Reply};
use crate::dialect::Dialect;
use crate::log::LogRecord;
use crate::server::Inner;

pub(crate) async fn create(
    State(server): State<Arc<Inner>>,
    Extension(dialect): Extension<Dialect>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let fields = body::object(&body)?;
    let ordinal = match fields.get("model").and_then(Value::as_str) {
        Some(model) if server.scenario.model(model).is_some() => {
            let mut state = server.state();
            let next = state.ordinals.entry(model.to_owned()).or_default();
            *next += 1;
            *next - 1
        }
        _ => 0,
    };
    let completer = Arc::clone(&server.completer);
    let answering = tokio::task::spawn_blocking(move || {
        let place = Place {
            dialect,
            batch: None,
            custom_id: None,
            ordinal,
            forced: None,
        };
        completer.complete(&Value::Object(fields), place)
    });
    let outcome = answering.await.map_err(|_| ApiError::server(500))?;
    // The time that answering took here is part of the emulated time, unless it is longer.
    let delay =
        Duration::from_micros(outcome.latency_us).mul_f64(server.scenario.timing.chat_scale);
    tokio::time::sleep(delay).await;
    if let Some(billed) = outcome.billed {
        let record = LogRecord {
            batch_id: None,
            custom_id: None,
            model: billed.model,
            outcome: billed.outcome.to_owned(),
            prompt_tokens: billed.prompt_tokens,
            completion_tokens: billed.completion_tokens,
        };
        server
            .log
            .append(vec![record])
            .map_err(|_| ApiError::server(500))?;
    }
    match outcome.reply {
        Reply::Completion(document) => Ok(Json(document).into_response()),
        Reply::Error(error) => Err(*error),
    }
}
