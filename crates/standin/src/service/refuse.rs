//! Responses, and how the stand-in refuses.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{Reply, StandIn, State};
use crate::faults::Script;

impl StandIn {
    pub(super) fn no_access(&self, state: &State, operation: &str) -> Option<Reply> {
        if operation == "Viewer" {
            return None;
        }
        let (kind, message, extensions) = if state.script.single_sign_on {
            (
                "FORBIDDEN",
                "Resource protected by organization SAML enforcement. You must grant your OAuth \
                 token access to this organization.",
                json!({"saml_failure": true}),
            )
        } else if state.script.lacks_scope {
            (
                "INSUFFICIENT_SCOPES",
                "Your token has not been granted the required scopes to execute this query. The \
                 'repositories' field requires one of the following scopes: ['repo'].",
                Value::Null,
            )
        } else {
            return None;
        };
        let mut error = json!({"type": kind, "path": ["repositoryOwner"], "message": message});
        if !extensions.is_null() {
            error["extensions"] = extensions;
        }
        let document = json!({"data": {"repositoryOwner": null}, "errors": [error]});
        let mut headers = HeaderMap::new();
        if state.script.single_sign_on {
            headers.insert(
                "x-github-sso",
                HeaderValue::from_static(
                    "required; url=https://github.com/orgs/acme/sso?authorization_request=A",
                ),
            );
        }
        Some(self.respond(200, headers, document.to_string().into()))
    }

    pub(super) fn used_up(&self, resets_in: Duration, status: u16) -> Reply {
        let mut headers = HeaderMap::new();
        let until = self.host_now().as_second() + i64::try_from(resets_in.as_secs()).unwrap_or(0);
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        if let Ok(value) = HeaderValue::from_str(&until.to_string()) {
            headers.insert("x-ratelimit-reset", value);
        }
        let document = if status == 200 {
            json!({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})
        } else {
            json!({"message": "API rate limit exceeded for user ID 1."})
        };
        self.respond(status, headers, document.to_string().into())
    }

    pub(super) fn secondary(&self, retry_after: Option<Duration>) -> Reply {
        let mut headers = HeaderMap::new();
        if let Some(wait) = retry_after
            && let Ok(value) = HeaderValue::from_str(&wait.as_secs().to_string())
        {
            headers.insert(http::header::RETRY_AFTER, value);
        }
        let message = "You have exceeded a secondary rate limit. Please wait a few minutes.";
        self.respond(403, headers, json!({"message": message}).to_string().into())
    }

    pub(super) fn plain(&self, status: u16, document: &Value) -> Reply {
        self.respond(status, HeaderMap::new(), document.to_string().into())
    }

    pub(super) fn respond(&self, status: u16, headers: HeaderMap, body: Bytes) -> Reply {
        let mut headers = headers;
        let date = self
            .host_now()
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        if let Ok(value) = HeaderValue::from_str(&date) {
            headers.insert(http::header::DATE, value);
        }
        headers.insert("x-standin", HeaderValue::from_static("no GitHub"));
        Reply::Response {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers,
            body,
        }
    }
}

pub(super) fn is_too_heavy(script: &Script, operation: &str, variables: &Value) -> bool {
    if operation != "Whole" {
        return false;
    }
    let ids = variables["ids"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let names = |list: &[String]| {
        ids.iter()
            .filter_map(Value::as_str)
            .any(|id| list.iter().any(|heavy| heavy == id))
    };
    let is_usual = variables["many"].as_u64().unwrap_or_default() > 10;
    script.heavy_above.is_some_and(|most| ids.len() > most)
        || (is_usual && names(&script.heavy_alone))
        || names(&script.unreadable)
}

/// Takes a list from the first pull request, with the error that GitHub adds.
pub(super) fn lose_list(document: &mut Value, list: &str) {
    let Some(node) = document.pointer_mut("/data/nodes/0") else {
        return;
    };
    if node.is_null() {
        return;
    }
    node[list] = Value::Null;
    let error = json!({
        "type": "SERVICE_UNAVAILABLE",
        "path": ["nodes", 0, list],
        "message": format!("{list} could not be loaded"),
    });
    match document.get_mut("errors").and_then(Value::as_array_mut) {
        Some(errors) => errors.push(error),
        None => document["errors"] = json!([error]),
    }
}

/// Takes fields from the pull request of a `Probe`, as from a token that lacks a permission.
pub(super) fn refuse_fields(document: &mut Value, fields: &[&str]) {
    let mut errors = Vec::new();
    for field in fields {
        if let Some(node) = document.pointer_mut("/data/repository/pullRequests/nodes/0") {
            node[*field] = Value::Null;
            errors.push(json!({
                "type": "FORBIDDEN",
                "path": ["repository", "pullRequests", "nodes", 0, field],
                "message": "Resource not accessible by personal access token",
            }));
        }
    }
    if !errors.is_empty() {
        document["errors"] = Value::from(errors);
    }
}
