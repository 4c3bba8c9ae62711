//! Errors in the provider's envelope.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An error as the provider answers it, over HTTP or inside of a result line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) message: String,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<String>,
    pub(crate) failed_generation: Option<String>,
    pub(crate) retry_after_seconds: Option<u32>,
}

impl ApiError {
    fn new(status: u16, kind: &'static str, code: Option<&'static str>, message: &str) -> Self {
        Self {
            status,
            message: message.to_owned(),
            kind,
            code,
            param: None,
            failed_generation: None,
            retry_after_seconds: None,
        }
    }

    /// 400: the request is not one that the provider takes.
    pub(crate) fn invalid(message: &str, param: Option<&str>) -> Self {
        let error = Self::new(400, "invalid_request_error", None, message);
        Self {
            param: param.map(str::to_owned),
            ..error
        }
    }

    /// 400 with a code.
    pub(crate) fn coded(code: &'static str, message: &str) -> Self {
        Self::new(400, "invalid_request_error", Some(code), message)
    }

    /// 404: no such file, batch or path.
    pub(crate) fn not_found(message: &str) -> Self {
        Self::new(404, "invalid_request_error", Some("not_found"), message)
    }

    /// 404: the model is unknown or retired.
    pub(crate) fn model_not_found(model: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist or you do not have access to it.");
        Self::new(
            404,
            "invalid_request_error",
            Some("model_not_found"),
            &message,
        )
    }

    /// 401: no key, or a wrong one.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
            "Invalid API Key",
        )
    }

    /// 400 `json_validate_failed`.
    pub(crate) fn json_validate_failed(message: &str, failed_generation: Option<String>) -> Self {
        Self {
            failed_generation,
            ..Self::coded("json_validate_failed", message)
        }
    }

    /// 429 with the time to wait.
    pub(crate) fn rate_limited(retry_after_seconds: u32) -> Self {
        let message =
            format!("Rate limit reached (emulated). Please try again in {retry_after_seconds}s.");
        let error = Self::new(429, "requests", Some("rate_limit_exceeded"), &message);
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..error
        }
    }

    /// A 5xx status.
    pub(crate) fn server(status: u16) -> Self {
        Self::new(
            status,
            "internal_server_error",
            None,
            "Internal Server Error (emulated)",
        )
    }

    /// The `{"error":{...}}` document.
    pub(crate) fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("message".to_owned(), json!(self.message));
        error.insert("type".to_owned(), json!(self.kind));
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        if let Some(failed) = &self.failed_generation {
            error.insert("failed_generation".to_owned(), json!(failed));
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        // For the layer that puts errors into the words of the API that was called.
        let told = self.clone();
        response.extensions_mut().insert(told);
        if let Some(seconds) = self.retry_after_seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
