//! Errors, in one shape.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::PageError;
use crate::source::SourceError;

/// Seconds after which it is worth to ask for a report again that is being worked out.
const RETRY_SECONDS: u64 = 2;

/// Why there is no answer, as RFC 9457 has it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Problem {
    /// The status as a number.
    pub(crate) status: u16,
    /// The status in words.
    pub(crate) title: String,
    /// What is wrong with this request.
    pub(crate) detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: detail.into(),
            hint: None,
        }
    }

    /// The request does not make sense.
    pub(crate) fn wrong(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// There is no such thing.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    /// The report is being worked out.
    pub(crate) fn working() -> Self {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the report of these months is being worked out",
        )
        .hint(format!("ask again in {RETRY_SECONDS} seconds"))
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::NotFound(words) => Problem::missing(words),
            PageError::Forbidden(words) => Problem::new(StatusCode::FORBIDDEN, words),
            PageError::BadRequest(words) => Problem::wrong(words),
            PageError::Busy(words) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, words),
            PageError::Source(error) => error.into(),
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
