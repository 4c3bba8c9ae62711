//! Why a call to a host failed.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::reader::text_of;
use crate::transport::{Reach, TransportError};

/// A call to a host that failed. Never holds a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: cannot {call}: {message}")]
pub struct ProviderError {
    /// The provider's name.
    pub provider: String,
    /// What was tried, for instance `upload the input file`.
    pub call: &'static str,
    /// What kind of failure it is.
    pub kind: ProviderErrorKind,
    /// The host's code.
    pub code: Option<String>,
    /// The host's words, or the network's.
    pub message: String,
    /// How long the host asks to wait.
    pub retry_after: Option<Duration>,
}

impl ProviderError {
    /// Whether the host does not know what it was asked about. Some say so with a 400.
    pub(super) fn says_unknown(&self) -> bool {
        let words = self.message.to_lowercase();
        let phrases = ["not found", "no such", "does not exist", "unknown batch"];
        self.kind == ProviderErrorKind::NotFound
            || self.kind == ProviderErrorKind::Rejected
                && phrases.iter().any(|phrase| words.contains(phrase))
    }
}

/// The kinds of failure of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderErrorKind {
    /// The key is missing, wrong or not allowed to do this.
    Auth,
    /// The account has no money or no quota.
    Balance,
    /// There is no such thing.
    NotFound,
    /// Too many calls; the host did not act.
    RateLimited,
    /// The host could not be reached; it did not act.
    Unreachable,
    /// The host failed or the response was lost; it may have acted.
    Unavailable,
    /// The host refuses the request as it is.
    Rejected,
    /// The response is not what was asked for.
    Malformed,
}

impl ProviderErrorKind {
    /// Whether the same call may succeed later.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            ProviderErrorKind::RateLimited
                | ProviderErrorKind::Unreachable
                | ProviderErrorKind::Unavailable
                | ProviderErrorKind::Malformed
        )
    }

    /// Whether only the user can help.
    pub fn is_configuration(self) -> bool {
        matches!(self, ProviderErrorKind::Auth | ProviderErrorKind::Balance)
    }
}

/// The kind that a status stands for, with the host's code where it is clearer.
pub(super) fn kind_of(status: StatusCode, code: Option<&str>) -> ProviderErrorKind {
    if matches!(
        code,
        Some("insufficient_quota" | "billing_hard_limit_reached" | "insufficient_balance")
    ) {
        return ProviderErrorKind::Balance;
    }
    match status.as_u16() {
        401 | 403 => ProviderErrorKind::Auth,
        402 => ProviderErrorKind::Balance,
        // 405: the host has no such call, for instance none that deletes.
        404 | 405 | 410 => ProviderErrorKind::NotFound,
        429 => ProviderErrorKind::RateLimited,
        408 | 425 | 498 | 500..=599 => ProviderErrorKind::Unavailable,
        _ => ProviderErrorKind::Rejected,
    }
}

/// Reads code and message out of an error document of any of the shapes hosts use.
pub(super) fn error_document(body: &Value) -> (Option<String>, Option<String>) {
    let error = match body.get("error") {
        Some(Value::Null) | None => body,
        Some(error) => error,
    };
    if let Value::String(message) = error {
        return (None, Some(message.clone()));
    }
    let code = text_of(error.get("code")).or_else(|| text_of(error.get("type")));
    let message = text_of(error.get("message"))
        .or_else(|| text_of(error.get("detail")))
        .or_else(|| {
            // One server lists the fields it refuses: {"errors":[{"loc","msg","type"}]}.
            let first = body.get("errors")?.get(0)?;
            text_of(first.get("msg")).or_else(|| text_of(first.get("message")))
        });
    (code, message)
}

/// `Retry-After` in seconds or as a date, and Groq's fractional seconds.
pub(super) fn retry_after(headers: &HeaderMap, now: jiff::Timestamp) -> Option<Duration> {
    let value = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return (seconds.is_finite() && seconds >= 0.0)
            .then(|| Duration::from_secs_f64(seconds.min(1e6)));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Duration::try_from(at.duration_since(now))
        .ok()
        .or(Some(Duration::ZERO))
}

/// An error of the transport.
pub(super) fn from_transport(
    provider: &str,
    call: &'static str,
    error: &TransportError,
) -> ProviderError {
    ProviderError {
        provider: provider.to_owned(),
        call,
        kind: match error.reach {
            Reach::NotSent => ProviderErrorKind::Unreachable,
            Reach::Unknown => ProviderErrorKind::Unavailable,
        },
        code: None,
        message: error.message.clone(),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_follow_status_and_code() {
        let check = |status: u16, code: Option<&str>, expect| {
            assert_eq!(
                kind_of(StatusCode::from_u16(status).unwrap(), code),
                expect,
                "{status} {code:?}"
            );
        };
        check(401, None, ProviderErrorKind::Auth);
        check(402, None, ProviderErrorKind::Balance);
        check(429, None, ProviderErrorKind::RateLimited);
        check(429, Some("insufficient_quota"), ProviderErrorKind::Balance);
        check(404, None, ProviderErrorKind::NotFound);
        check(405, None, ProviderErrorKind::NotFound);
        check(400, None, ProviderErrorKind::Rejected);
        check(498, None, ProviderErrorKind::Unavailable);
        check(503, None, ProviderErrorKind::Unavailable);
    }

    #[test]
    fn error_documents_of_all_shapes() {
        let check = |body: Value, code: Option<&str>, message: Option<&str>| {
            let (found_code, found_message) = error_document(&body);
            assert_eq!(found_code.as_deref(), code, "{body}");
            assert_eq!(found_message.as_deref(), message, "{body}");
        };
        check(
            json!({"error": {"message": "m", "type": "t", "code": "c"}}),
            Some("c"),
            Some("m"),
        );
        check(
            json!({"error": {"message": "m", "type": "t", "code": null}}),
            Some("t"),
            Some("m"),
        );
        check(json!({"error": "plain"}), None, Some("plain"));
        check(json!({"detail": "d"}), None, Some("d"));
        check(
            json!({"errors": [{"loc": ["x"], "msg": "bad", "type": "t"}]}),
            None,
            Some("bad"),
        );
        check(json!([]), None, None);
    }

    #[test]
    fn retry_after_in_seconds_and_as_date() {
        let now: jiff::Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let check = |value: &str, expect: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, value.parse().unwrap());
            assert_eq!(
                retry_after(&headers, now).map(|wait| wait.as_secs()),
                expect,
                "{value}"
            );
        };
        check("7", Some(7));
        check("2.5", Some(2));
        check("Mon, 23 Nov 2026 12:00:30 GMT", Some(30));
        check("Mon, 23 Nov 2026 11:00:00 GMT", Some(0));
        check("soon", None);
        check("-3", None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
