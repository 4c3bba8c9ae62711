//! Webhooks: what GitHub sends when something happens, believed only with its signature.
//!
//! [`verify`] and [`read`] make a [`Delivery`] of a request. [`Receiver`] does both, and gives
//! deliveries through a queue of bounded length to an [`Inbox`], so that a sender never waits for a
//! database. What gets lost on the way is no loss: the next sync reads what its watermark says.

mod receiver;

use model::PullRequest;
use ring::{digest, hmac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::shelf::ShelfError;

pub use receiver::{Head, Receiver};

/// The longest id of a delivery that is taken; GitHub's have 36 characters.
const ID_BYTES_MAX: usize = 128;

/// The events that say something of pull requests or of the repositories they are in: what a webhook
/// has to be subscribed to. Others are taken and mean nothing.
pub const EVENTS: [&str; 7] = [
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "issue_comment",
    "push",
    "repository",
];

/// A delivery that was verified and understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The host's id of the delivery: one that comes again has the same.
    pub id: String,
    /// SHA-256 of the body. The signature covers the body alone, so whoever replays one can give it
    /// another id, but not another digest.
    pub digest: [u8; 32],
    /// The event, `pull_request` for instance.
    pub event: String,
    /// What it asks us to read again.
    pub concerns: Concerns,
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Concerns {
    /// A pull request.
    PullRequest {
        /// Where it is.
        repository: Named,
        /// The number within the repository: never the id that some events carry instead.
        number: u64,
        /// What the delivery says of it: a record in which much is not known.
        says: Option<Box<PullRequest>>,
    },
    /// A branch, or the repository itself.
    Repository(Named),
    /// Nothing that is kept.
    Nothing,
}

/// A repository as a delivery names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// The host's id, in the form that GraphQL uses or in an older one.
    pub node_id: String,
    /// The host's other id, a number.
    #[serde(rename = "id")]
    pub database_id: Option<u64>,
    /// `owner/name`, when the delivery was made.
    #[serde(rename = "full_name")]
    pub name: String,
}

/// Reads one pull request object in REST's shape; `None` where it is none. What the object does not
/// hold must stay unknown in the record.
pub type RestReader = fn(&RawValue) -> Option<PullRequest>;

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It was stored, and what it is about will be read again.
    Marked,
    /// It was taken before.
    Repeated,
    /// It is about a repository that was never synced: the first sync reads all of it anyway.
    Unknown,
}

/// Where deliveries are kept.
pub trait Inbox: Send + Sync {
    /// Takes deliveries, all or none, in their order; durable when it returns. What a delivery says
    /// is stored where it is newer than what is known, what it is about is marked to be read again,
    /// and one that was taken before changes nothing.
    fn take(&self, deliveries: &[Delivery]) -> Result<Vec<Taken>, ShelfError>;
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No or a wrong signature.
    #[error("the signature is missing or wrong")]
    Signature,
    /// A header is missing.
    #[error("the header {0} is missing or too long")]
    Header(&'static str),
    /// The body cannot be read.
    #[error("the body of a {event} event cannot be read: {message}")]
    Body {
        /// The event.
        event: String,
        /// What is wrong.
        message: String,
    },
    /// Too many deliveries wait to be stored.
    #[error("too many deliveries wait to be stored")]
    Busy,
}

/// Checks `X-Hub-Signature-256` (`sha256=` and the HMAC of the body in hex) against each of the
/// secrets: while one is replaced by another, both hold. Each comparison takes the same time whatever
/// is wrong.
///
/// # Errors
/// [`Refusal::Signature`], also where there is no secret.
pub fn verify(
    secrets: &[SecretString],
    signature: Option<&str>,
    body: &[u8],
) -> Result<(), Refusal> {
    let hex = signature
        .and_then(|text| text.trim().strip_prefix("sha256="))
        .ok_or(Refusal::Signature)?;
    let claimed = from_hex(hex).ok_or(Refusal::Signature)?;
    let mut is_signed = false;
    for secret in secrets {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        is_signed |= hmac::verify(&key, body, &claimed).is_ok();
    }
    if is_signed {
        Ok(())
    } else {
        Err(Refusal::Signature)
    }
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
    if !bytes.len().is_multiple_of(2) || bytes.len() > 128 {
        return None;
    }
    bytes
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// Reads a verified delivery. `rest` reads the pull request that it carries.
///
/// # Errors
/// When a header is missing or the body is not what the event has.
pub fn read(
    id: Option<&str>,
    event: Option<&str>,
    body: &[u8],
    rest: RestReader,
) -> Result<Delivery, Refusal> {
    let id = id
        .filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX)
        .ok_or(Refusal::Header("X-GitHub-Delivery"))?;
    let event = event
        .filter(|event| event.len() <= ID_BYTES_MAX)
        .ok_or(Refusal::Header("X-GitHub-Event"))?;
    let concerns = if EVENTS.contains(&event) {
        concerns(event, body, rest)?
    } else {
        Concerns::Nothing
    };
    let mut digest = [0; 32];
    digest.copy_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    Ok(Delivery {
        id: id.to_owned(),
        digest,
        event: event.to_owned(),
        concerns,
    })
}

fn concerns(event: &str, body: &[u8], rest: RestReader) -> Result<Concerns, Refusal> {
    let unreadable = |message: String| Refusal::Body {
        event: event.to_owned(),
        message,
    };
    let payload: Payload =
        serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let repository = payload
        .repository
        .ok_or_else(|| unreadable("it names no repository".to_owned()));
    match event {
        "push" => {
            let is_branch = payload
                .reference
                .is_some_and(|reference| reference.starts_with("refs/heads/"));
            Ok(if is_branch {
                Concerns::Repository(repository?)
            } else {
                Concerns::Nothing
            })
        }
        "repository" => Ok(Concerns::Repository(repository?)),
        "issue_comment" => match payload.issue {
            Some(issue) if issue.pull_request.is_some() => Ok(Concerns::PullRequest {
                repository: repository?,
                number: issue.number,
                // An issue lacks what makes a pull request, and one comment is no list of comments.
                says: None,
            }),
            // A comment on an issue that is no pull request.
            _ => Ok(Concerns::Nothing),
        },
        _ => {
            let repository = repository?;
            let number = payload
                .pull_request
                .and_then(|text| serde_json::from_str::<Numbered>(text.get()).ok())
                .map(|pull_request| pull_request.number)
                .or(payload.number)
                .ok_or_else(|| unreadable("it names no pull request".to_owned()))?;
            let says = payload
                .pull_request
                .and_then(rest)
                .filter(|record| record.number == number)
                .map(|record| {
                    let repo = repository.name.clone();
                    Box::new(PullRequest { repo, ..record })
                });
            Ok(Concerns::PullRequest {
                repository,
                number,
                says,
            })
        }
    }
}

#[derive(Deserialize)]
struct Payload<'b> {
    #[serde(default)]
    number: Option<u64>,
    #[serde(default)]
    repository: Option<Named>,
    #[serde(default, borrow)]
    pull_request: Option<&'b RawValue>,
    #[serde(default)]
    issue: Option<Issue>,
    #[serde(default, rename = "ref")]
    reference: Option<String>,
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

    fn rest(object: &RawValue) -> Option<PullRequest> {
        let number = serde_json::from_str::<Numbered>(object.get()).ok()?.number;
        Some(PullRequest {
            number,
            title: "said".to_owned(),
            ..PullRequest::default()
        })
    }

    /// The example of GitHub's documentation on validating deliveries.
    #[test]
    fn the_documented_signature_is_verified() {
        let secret = SecretString::from("It's a Secret to Everybody");
        let body = b"Hello, World!";
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secrets = [SecretString::from("the next one"), secret.clone()];
        assert_eq!(verify(&secrets, Some(signature), body), Ok(()));
        assert_eq!(sign(&secret, body), signature);
        assert_eq!(
            verify(&secrets[..1], Some(signature), body),
            Err(Refusal::Signature)
        );
        assert_eq!(verify(&[], Some(signature), body), Err(Refusal::Signature));
        for wrong in [
            None,
            Some(""),
            Some("sha256="),
            Some("sha256=zz"),
            Some("sha1=757107ea0eb2509fc211221cce984b8a37570b6d"),
        ] {
            assert_eq!(verify(&secrets, wrong, body), Err(Refusal::Signature));
        }
        assert_eq!(
            verify(&secrets, Some(signature), b"Hello, World?"),
            Err(Refusal::Signature)
        );
    }

    #[test]
    fn deliveries_name_the_pull_request_by_its_number() {
        let check = |event: &str, body: &str, expect: Option<u64>| {
            let read = read(Some("d-1"), Some(event), body.as_bytes(), rest).expect(event);
            let found = match read.concerns {
                Concerns::PullRequest { number, .. } => Some(number),
                Concerns::Repository(_) | Concerns::Nothing => None,
            };
            assert_eq!(found, expect, "{event}");
        };
        let repository = r#""repository":{"id":7,"node_id":"R_1","full_name":"acme/shop"}"#;
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
            read(Some("d"), Some("pull_request"), b"{}", rest),
            Err(Refusal::Body { .. })
        ));
        assert!(matches!(
            read(None, Some("ping"), b"{}", rest),
            Err(Refusal::Header(_))
        ));
        let long = "d".repeat(ID_BYTES_MAX + 1);
        assert!(matches!(
            read(Some(&long), Some("ping"), b"{}", rest),
            Err(Refusal::Header(_))
        ));
    }

    #[test]
    fn a_delivery_says_what_it_carries_and_where() {
        let repository = r#""repository":{"id":7,"node_id":"R_1","full_name":"acme/shop"}"#;
        let body = format!(r#"{{"number":7,"pull_request":{{"number":7}},{repository}}}"#);
        let read =
            |event: &str, body: &str| super::read(Some("d"), Some(event), body.as_bytes(), rest);
        let delivery = read("pull_request", &body).expect("understood");
        let Concerns::PullRequest {
            repository: named,
            says: Some(says),
            ..
        } = delivery.concerns
        else {
            panic!("{delivery:?}");
        };
        assert_eq!(
            (named.database_id, says.repo.as_str(), says.title.as_str()),
            (Some(7), "acme/shop", "said")
        );
        for (event, body, is_about_it) in [
            (
                "push",
                format!(r#"{{"ref":"refs/heads/main",{repository}}}"#),
                true,
            ),
            (
                "push",
                format!(r#"{{"ref":"refs/tags/v1",{repository}}}"#),
                false,
            ),
            (
                "repository",
                format!(r#"{{"action":"renamed",{repository}}}"#),
                true,
            ),
            ("star", format!("{{{repository}}}"), false),
        ] {
            let concerns = read(event, &body).expect("understood").concerns;
            assert_eq!(
                matches!(concerns, Concerns::Repository(_)),
                is_about_it,
                "{event} {body}"
            );
        }
    }
}
