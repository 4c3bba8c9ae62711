//! What a response means: data, a limit, or a failure of a named kind.
//!
//! GitHub tells of most failures of GraphQL inside a response with status 200, of limits in three
//! places, and of single sign-on in two.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{GithubError, SsoBlock};
use crate::transport::Response;

/// What a response came to.
#[derive(Debug)]
pub(crate) enum Reading {
    /// Data, and errors that concern parts of it.
    Data { data: Value, errors: Vec<PartError> },
    /// None.
    Trouble(Trouble),
}

/// Why there is no data.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The hourly limit is used up.
    Hourly { resets_in: Option<Duration> },
    /// The host asks for a pause.
    Secondary { retry_after: Option<Duration> },
    /// The host gave up on the query: it asks for too much at once.
    TooHeavy(String),
    /// The host is not there, or sends nonsense.
    Away(String),
    /// The token is not accepted.
    Unauthorised {
        refused: SecretString,
        message: String,
    },
    /// Single sign-on.
    SingleSignOn { url: Option<String> },
    /// Not allowed.
    Forbidden(String),
    /// A scope is missing.
    MissingScope(String),
    /// Nothing there.
    NotFound,
    /// The query is refused.
    Refused(String),
}

/// An error that concerns a part of the data.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct PartError {
    /// The kind: `NOT_FOUND`, `FORBIDDEN`, ...
    #[serde(rename = "type", default)]
    pub(crate) kind: Option<String>,
    /// Where, from the root of the data.
    #[serde(default)]
    pub(crate) path: Vec<Value>,
    /// The host's words.
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default)]
    extensions: Option<Value>,
}

impl PartError {
    /// The position in the list at the root that the error is about.
    pub(crate) fn index(&self) -> Option<usize> {
        usize::try_from(self.path.get(1)?.as_u64()?).ok()
    }

    /// The last name of the path: the field that the error left out.
    pub(crate) fn field(&self) -> Option<&str> {
        self.path.iter().rev().find_map(Value::as_str)
    }

    fn is_single_sign_on(&self) -> bool {
        let flagged = (self.extensions.as_ref())
            .and_then(|all| all.get("saml_failure"))
            .and_then(Value::as_bool);
        flagged == Some(true) || self.message.contains("SAML enforcement")
    }

    /// Words of a query that ran out of time within the host.
    fn is_out_of_time(&self) -> bool {
        self.kind.is_none()
            && (self
                .message
                .starts_with("Something went wrong while executing your query")
                || self.message.contains("timeout")
                || self.message.contains("timed out"))
    }
}

impl Trouble {
    pub(crate) fn into_error(self, what: &str) -> GithubError {
        let what = what.to_owned();
        match self {
            Trouble::SingleSignOn { url } => GithubError::SingleSignOn {
                what,
                block: SsoBlock { url },
            },
            Trouble::Forbidden(message) => GithubError::Forbidden { what, message },
            Trouble::MissingScope(message) => GithubError::MissingScope { what, message },
            Trouble::NotFound => GithubError::NotFound { what },
            Trouble::Refused(message) => GithubError::Refused { what, message },
            Trouble::Unauthorised { message, .. } => GithubError::BadCredentials { message },
            Trouble::TooHeavy(message) | Trouble::Away(message) => {
                GithubError::Unavailable { message }
            }
            Trouble::Hourly { .. } | Trouble::Secondary { .. } => GithubError::Unavailable {
                message: "a limit is reached".to_owned(),
            },
        }
    }
}

/// Reads a response. `host_now` is the host's time, by which it dates its limits.
pub(crate) fn read(
    what: &str,
    response: &Response,
    token: &SecretString,
    host_now: Timestamp,
) -> Reading {
    let status = response.status.as_u16();
    let headers = &response.headers;
    let document: Option<Value> = serde_json::from_slice(&response.body).ok();
    let message = document
        .as_ref()
        .and_then(|document| document.get("message")?.as_str())
        .unwrap_or_default()
        .to_owned();
    match status {
        200 => match document {
            Some(document) => read_document(what, document, headers, host_now),
            None => Reading::Trouble(Trouble::Away("the response is not JSON".to_owned())),
        },
        401 => Reading::Trouble(Trouble::Unauthorised {
            refused: token.clone(),
            message: if message.is_empty() {
                "Bad credentials".to_owned()
            } else {
                message
            },
        }),
        403 | 429 => Reading::Trouble(refusal(status, message, headers, host_now)),
        404 => Reading::Trouble(Trouble::NotFound),
        502..=504 | 408 => Reading::Trouble(Trouble::TooHeavy(format!("status {status}"))),
        500..=599 => Reading::Trouble(Trouble::Away(format!("status {status}"))),
        _ => Reading::Trouble(Trouble::Refused(format!("status {status} {message}"))),
    }
}

/// 403 and 429 mean limits more often than refusals.
fn refusal(status: u16, message: String, headers: &HeaderMap, host_now: Timestamp) -> Trouble {
    if let Some(sso) = text(headers, "x-github-sso") {
        let url = sso
            .split(';')
            .find_map(|part| part.trim().strip_prefix("url="))
            .map(str::to_owned);
        return Trouble::SingleSignOn { url };
    }
    let words = message.to_lowercase();
    let is_secondary = words.contains("secondary rate limit") || words.contains("abuse");
    let retry_after = text(headers, "retry-after")
        .and_then(|value| value.parse::<u64>().ok())
        .map(Duration::from_secs);
    let is_used_up = text(headers, "x-ratelimit-remaining").as_deref() == Some("0");
    if is_used_up && !is_secondary {
        return Trouble::Hourly {
            resets_in: resets_in(headers, host_now),
        };
    }
    if is_secondary || retry_after.is_some() || status == 429 {
        return Trouble::Secondary { retry_after };
    }
    Trouble::Forbidden(message)
}

fn resets_in(headers: &HeaderMap, host_now: Timestamp) -> Option<Duration> {
    let reset: i64 = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let reset = Timestamp::from_second(reset).ok()?;
    Some(Duration::try_from(reset.duration_since(host_now)).unwrap_or(Duration::ZERO))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.trim().to_owned())
}

fn read_document(what: &str, document: Value, headers: &HeaderMap, host_now: Timestamp) -> Reading {
    let errors: Vec<PartError> = match document.get("errors") {
        Some(Value::Array(errors)) => errors
            .iter()
            .filter_map(|error| serde_json::from_value(error.clone()).ok())
            .collect(),
        _ => Vec::new(),
    };
    if errors
        .iter()
        .any(|error| error.kind.as_deref() == Some("RATE_LIMITED"))
    {
        return Reading::Trouble(Trouble::Hourly {
            resets_in: resets_in(headers, host_now),
        });
    }
    let mut document = document;
    let data = document
        .get_mut("data")
        .map(Value::take)
        .unwrap_or_default();
    if let Some(error) = errors.iter().find(|error| error.is_out_of_time()) {
        return Reading::Trouble(Trouble::TooHeavy(error.message.clone()));
    }
    // Data with errors is data: which part is missing is for the caller. Where all that was asked for
    // is null, the first error says why.
    let holds_something = data.as_object().is_some_and(|object| {
        object
            .iter()
            .any(|(name, value)| name != "rateLimit" && !value.is_null())
    });
    if holds_something || errors.is_empty() && data.is_object() {
        return Reading::Data { data, errors };
    }
    let Some(error) = errors.into_iter().next() else {
        return Reading::Trouble(Trouble::Away(format!(
            "the response for {what} holds neither data nor errors"
        )));
    };
    if error.is_single_sign_on() {
        let url = text(headers, "x-github-sso").and_then(|sso| {
            sso.split(';')
                .find_map(|part| part.trim().strip_prefix("url=").map(str::to_owned))
        });
        return Reading::Trouble(Trouble::SingleSignOn { url });
    }
    Reading::Trouble(match error.kind.as_deref() {
        Some("NOT_FOUND") => Trouble::NotFound,
        Some("FORBIDDEN") => Trouble::Forbidden(error.message),
        Some("INSUFFICIENT_SCOPES") => Trouble::MissingScope(error.message),
        Some("MAX_NODE_LIMIT_EXCEEDED" | "RESOURCE_LIMITS_EXCEEDED") => {
            Trouble::TooHeavy(error.message)
        }
        _ => Trouble::Refused(error.message),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, StatusCode};

    use super::*;

    fn reading(status: u16, headers: &[(&'static str, &str)], body: &str) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).expect("a header"),
            );
        }
        let response = Response {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: map,
            body: body.to_owned().into(),
        };
        let now = Timestamp::from_second(1_000).expect("a time");
        match read("it", &response, &SecretString::from("t"), now) {
            Reading::Data { data, errors } => format!("data {data} {} errors", errors.len()),
            Reading::Trouble(Trouble::Unauthorised { message, .. }) => {
                format!("Unauthorised {message}")
            }
            Reading::Trouble(trouble) => format!("{trouble:?}"),
        }
    }

    /// Shapes as GitHub documents them.
    #[test]
    fn every_failure_has_its_name() {
        let check = |status, headers: &[(&'static str, &str)], body: &str, expect: &str| {
            let found = reading(status, headers, body);
            assert!(found.starts_with(expect), "{body}: {found}, not {expect}");
        };
        check(200, &[], r#"{"data":{"node":{"id":"x"}}}"#, "data ");
        check(
            200,
            &[],
            r#"{"data":{"nodes":[{"id":"x"},null]},"errors":[{"type":"NOT_FOUND","path":["nodes",1],"message":"no"}]}"#,
            "data {\"nodes\":[{\"id\":\"x\"},null]} 1 errors",
        );
        check(
            200,
            &[("x-ratelimit-reset", "1060")],
            r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}"#,
            "Hourly { resets_in: Some(60s) }",
        );
        check(
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1030"),
            ],
            r#"{"message":"API rate limit exceeded for user"}"#,
            "Hourly { resets_in: Some(30s) }",
        );
        check(
            403,
            &[("retry-after", "42")],
            r#"{"message":"You have exceeded a secondary rate limit."}"#,
            "Secondary { retry_after: Some(42s) }",
        );
        check(429, &[], "{}", "Secondary { retry_after: None }");
        check(
            403,
            &[(
                "x-github-sso",
                "required; url=https://github.com/orgs/a/sso?x=1",
            )],
            "{}",
            "SingleSignOn { url: Some(\"https://github.com/orgs/a/sso?x=1\") }",
        );
        check(
            200,
            &[],
            r#"{"data":{"repositoryOwner":null},"errors":[{"type":"FORBIDDEN","extensions":{"saml_failure":true},"path":["repositoryOwner"],"message":"Resource protected by organization SAML enforcement."}]}"#,
            "SingleSignOn",
        );
        check(
            403,
            &[],
            r#"{"message":"Resource not accessible"}"#,
            "Forbidden",
        );
        check(
            401,
            &[],
            r#"{"message":"Bad credentials"}"#,
            "Unauthorised Bad credentials",
        );
        check(502, &[], "<html>", "TooHeavy");
        check(500, &[], "", "Away");
        check(200, &[], "<html>", "Away");
        check(
            200,
            &[],
            r#"{"data":null,"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout"}]}"#,
            "TooHeavy",
        );
        check(
            200,
            &[],
            r#"{"errors":[{"type":"INSUFFICIENT_SCOPES","message":"requires one of: ['read:org']"}]}"#,
            "MissingScope",
        );
        check(
            200,
            &[],
            r#"{"data":{"repository":null},"errors":[{"type":"NOT_FOUND","path":["repository"],"message":"Could not resolve"}]}"#,
            "NotFound",
        );
    }
}
