//! Reading JSON bodies strictly.

use axum::body::Bytes;
use axum::extract::Request;
use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::errors::ApiError;

/// Reads a body that must be a JSON object.
pub(crate) fn object(body: &Bytes) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::invalid(
            "request body must be a JSON object",
            None,
        )),
        Err(error) => Err(ApiError::invalid(
            &format!("request body is not valid JSON: {error}"),
            None,
        )),
    }
}

/// Takes a required string out of an object.
pub(crate) fn string(
    fields: &mut Map<String, Value>,
    name: &'static str,
) -> Result<String, ApiError> {
    match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(ApiError::invalid(
            &format!("'{name}' : must be a string"),
            Some(name),
        )),
        None => Err(ApiError::invalid(
            &format!("'{name}' : property '{name}' is missing"),
            Some(name),
        )),
    }
}

/// Reads and forgets the body of a request that is refused, so that its client gets to hear why.
pub(crate) async fn drain(request: Request) {
    let mut pieces = request.into_body().into_data_stream();
    while let Some(Ok(_)) = pieces.next().await {}
}
