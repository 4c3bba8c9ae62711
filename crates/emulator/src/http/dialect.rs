//! Which API a call belongs to, and errors in its words.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::{Value, json};

use super::errors::ApiError;
use crate::dialect::Dialect;
use crate::server::Inner;

/// The header that names the version of Anthropic's API.
pub(crate) const ANTHROPIC_VERSION: &str = "anthropic-version";

/// The header that names a request at Anthropic.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The address up to `/v1` under which a client called, for addresses that are given back.
#[derive(Debug, Clone)]
pub(crate) struct Base(pub(crate) String);

/// Says which API a call belongs to. Under `/v1` alone, the path tells, and for the list of models
/// the header that only Anthropic has.
pub(crate) fn of(path: &str, headers: &HeaderMap) -> Dialect {
    let below = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if below("/anthropic") || below("/v1/messages") {
        Dialect::Anthropic
    } else if below("/mistral") || below("/v1/batch") {
        Dialect::Mistral
    } else if below("/v1/models") && headers.contains_key(ANTHROPIC_VERSION) {
        Dialect::Anthropic
    } else {
        Dialect::Groq
    }
}

/// Tells the handlers which API is spoken, and puts errors into its words.
pub(crate) async fn speak(
    State(server): State<Arc<Inner>>,
    mut request: Request,
    next: Next,
) -> Response {
    let dialect = of(request.uri().path(), request.headers());
    let base = base(&request);
    request.extensions_mut().insert(dialect);
    request.extensions_mut().insert(base);
    let mut response = next.run(request).await;
    if dialect == Dialect::Groq {
        return response;
    }
    let request_id = server.ids.next("req_");
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        let (status, document) = error.in_dialect(dialect, &request_id);
        *response.body_mut() = Body::from(document.to_string());
        *response.status_mut() =
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    if dialect == Dialect::Anthropic
        && let Ok(value) = HeaderValue::from_str(&request_id)
    {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn base(request: &Request) -> Base {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(axum::http::uri::Authority::as_str)
        })
        .unwrap_or("localhost");
    let prefix = if request.uri().path().starts_with("/anthropic/") {
        "/anthropic"
    } else {
        ""
    };
    Base(format!("http://{host}{prefix}"))
}

impl ApiError {
    /// The status and the document of an error in a provider's words.
    pub(crate) fn in_dialect(&self, dialect: Dialect, request_id: &str) -> (u16, Value) {
        match dialect {
            Dialect::Groq => (self.status, self.body()),
            Dialect::Anthropic => {
                let mut document = self.anthropic();
                document["request_id"] = json!(request_id);
                (self.status, document)
            }
            Dialect::Mistral => self.mistral(),
        }
    }

    /// Anthropic's document, as it also stands in result lines.
    pub(crate) fn anthropic(&self) -> Value {
        let kind = match self.status {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            504 => "timeout_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let message = match self.code {
            Some("context_length_exceeded") => {
                "input length and `max_tokens` exceed context limit (emulated)"
            }
            Some("invalid_api_key") => "invalid x-api-key",
            _ => &self.message,
        };
        json!({"type": "error", "error": {"type": kind, "message": message}})
    }

    /// Mistral's document: complaints about a field are lists with status 422.
    fn mistral(&self) -> (u16, Value) {
        match (self.status, &self.param) {
            (401, _) => (401, json!({"detail": "Unauthorized"})),
            (400, Some(param)) => {
                let place: Vec<&str> = std::iter::once("body").chain(param.split('.')).collect();
                let detail = json!([{"type": "value_error", "loc": place, "msg": self.message}]);
                (422, json!({ "detail": detail }))
            }
            (status, _) => (status, self.mistral_object()),
        }
    }

    /// Mistral's flat document, as it also stands in result lines.
    pub(crate) fn mistral_object(&self) -> Value {
        json!({
            "object": "error",
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_whose_api_is_called() {
        let plain = HeaderMap::new();
        let mut versioned = HeaderMap::new();
        versioned.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
        for (path, headers, expect) in [
            ("/openai/v1/batches", &plain, Dialect::Groq),
            ("/v1/batches", &plain, Dialect::Groq),
            ("/v1/files", &plain, Dialect::Groq),
            ("/v1/models", &plain, Dialect::Groq),
            ("/v1/models", &versioned, Dialect::Anthropic),
            ("/v1/models/a/b", &versioned, Dialect::Anthropic),
            ("/v1/messages", &plain, Dialect::Anthropic),
            ("/v1/messages/batches/x", &plain, Dialect::Anthropic),
            ("/v1/messagesx", &plain, Dialect::Groq),
            ("/anthropic/v1/models", &plain, Dialect::Anthropic),
            ("/v1/batch/jobs", &plain, Dialect::Mistral),
            ("/mistral/v1/files", &plain, Dialect::Mistral),
            ("/", &plain, Dialect::Groq),
        ] {
            assert_eq!(of(path, headers), expect, "{path}");
        }
    }
}
