//! Webhooks: what GitHub sends when something happens, believed only with its signature.

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A delivery that was verified and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The host's id of the delivery: one that comes again has the same.
    pub id: String,
    /// The event, `pull_request` for instance.
    pub event: String,
    /// What it asks us to read again.
    pub concerns: Concerns,
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerns {
    /// A pull request.
    PullRequest {
        /// The host's id of the repository.
        repository_id: String,
        /// `owner/name`.
        repository: String,
        /// The number within the repository: never the id that some events carry instead.
        number: u64,
    },
    /// A branch; pull requests from it changed, and tell so themselves.
    Repository {
        /// `owner/name`.
        repository: String,
    },
    /// Nothing that is kept.
    Nothing,
}

/// Why a delivery is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No or a wrong signature.
    #[error("the signature is missing or wrong")]
    Signature,
    /// A header is missing.
    #[error("the header {0} is missing")]
    Header(&'static str),
    /// The body cannot be read.
    #[error("the body of a {event} event cannot be read: {message}")]
    Body {
        /// The event.
        event: String,
        /// What is wrong.
        message: String,
    },
}

/// Checks `X-Hub-Signature-256` (`sha256=` and the HMAC of the body in hex) in constant time.
///
/// # Errors
/// [`Refusal::Signature`].
pub fn verify(secret: &SecretString, signature: Option<&str>, body: &[u8]) -> Result<(), Refusal> {
    let hex = signature
        .and_then(|text| text.trim().strip_prefix("sha256="))
        .ok_or(Refusal::Signature)?;
    let claimed = from_hex(hex).ok_or(Refusal::Signature)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::verify(&key, body, &claimed).map_err(|_| Refusal::Signature)
}

/// Signs a body as GitHub does, for senders of tests.
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    let hex: String = hmac::sign(&key, body)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Reads a verified delivery.
///
/// # Errors
/// When a header is missing or the body is not what the event has.
pub fn read(id: Option<&str>, event: Option<&str>, body: &[u8]) -> Result<Delivery, Refusal> {
    let id = id
        .filter(|id| !id.is_empty())
        .ok_or(Refusal::Header("X-GitHub-Delivery"))?;
    let event = event.ok_or(Refusal::Header("X-GitHub-Event"))?;
    let concerns = match event {
        "pull_request"
        | "pull_request_review"
        | "pull_request_review_comment"
        | "pull_request_review_thread" => {
            let payload: Payload = parse(event, body)?;
            let number = payload
                .pull_request
                .map(|pull_request| pull_request.number)
                .or(payload.number);
            about(event, payload.repository, number)?
        }
        "issue_comment" => {
            let payload: Payload = parse(event, body)?;
            match payload.issue {
                Some(issue) if issue.pull_request.is_some() => {
                    about(event, payload.repository, Some(issue.number))?
                }
                // A comment on an issue that is no pull request.
                _ => Concerns::Nothing,
            }
        }
        "push" => {
            let payload: Payload = parse(event, body)?;
            match payload.repository {
                Some(repository) => Concerns::Repository {
                    repository: repository.full_name,
                },
                None => Concerns::Nothing,
            }
        }
        _ => Concerns::Nothing,
    };
    Ok(Delivery {
        id: id.to_owned(),
        event: event.to_owned(),
        concerns,
    })
}

fn about(
    event: &str,
    repository: Option<Repository>,
    number: Option<u64>,
) -> Result<Concerns, Refusal> {
    let lacks = |what: &str| Refusal::Body {
        event: event.to_owned(),
        message: format!("it names no {what}"),
    };
    let repository = repository.ok_or_else(|| lacks("repository"))?;
    Ok(Concerns::PullRequest {
        repository_id: repository.node_id,
        repository: repository.full_name,
        number: number.ok_or_else(|| lacks("pull request"))?,
    })
}

fn parse(event: &str, body: &[u8]) -> Result<Payload, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Body {
        event: event.to_owned(),
        message: error.to_string(),
    })
}

#[derive(Deserialize)]
struct Payload {
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    repository: Option<Repository>,
    #[serde(default)]
    pull_request: Option<Numbered>,
    #[serde(default)]
    issue: Option<Issue>,
}

#[derive(Deserialize)]
struct Repository {
    node_id: String,
    full_name: String,
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation on validating deliveries.
    #[test]
    fn the_documented_signature_is_verified() {
        let secret = SecretString::from("It's a Secret to Everybody");
        let body = b"Hello, World!";
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(verify(&secret, Some(signature), body), Ok(()));
        assert_eq!(sign(&secret, body), signature);
        for wrong in [
            None,
            Some(""),
            Some("sha256="),
            Some("sha256=zz"),
            Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"),
        ] {
            assert_eq!(verify(&secret, wrong, body), Err(Refusal::Signature));
        }
        assert_eq!(
            verify(&secret, Some(signature), b"Hello, World?"),
            Err(Refusal::Signature)
        );
    }

    #[test]
    fn deliveries_name_the_pull_request_by_its_number() {
        let check = |event: &str, body: &str, expect: Option<u64>| {
            let read = read(Some("d-1"), Some(event), body.as_bytes()).expect(event);
            let found = match read.concerns {
                Concerns::PullRequest { number, .. } => Some(number),
                Concerns::Repository { .. } | Concerns::Nothing => None,
            };
            assert_eq!(found, expect, "{event}");
        };
        let repository = r#""repository":{"node_id":"R_1","full_name":"acme/shop"}"#;
        check(
            "pull_request",
            &format!(r#"{{"number":7,"pull_request":{{"id":900,"number":7}},{repository}}}"#),
            Some(7),
        );
        check(
            "pull_request_review",
            &format!(r#"{{"review":{{"id":1}},"pull_request":{{"number":8}},{repository}}}"#),
            Some(8),
        );
        check(
            "issue_comment",
            &format!(r#"{{"issue":{{"number":9,"pull_request":{{"url":"x"}}}},{repository}}}"#),
            Some(9),
        );
        check(
            "issue_comment",
            &format!(r#"{{"issue":{{"number":9}},{repository}}}"#),
            None,
        );
        check("push", &format!("{{{repository}}}"), None);
        check("ping", "{}", None);
        assert!(matches!(
            read(Some("d"), Some("pull_request"), b"{}"),
            Err(Refusal::Body { .. })
        ));
        assert!(matches!(
            read(None, Some("ping"), b"{}"),
            Err(Refusal::Header(_))
        ));
    }
}
