//! Events of GH Archive, one a line: which pull requests there are, and who had to do with them.
//!
//! Since October 2025 the events no longer carry titles, bodies and commits, and those before carry them
//! as they were at one moment. So nothing is taken from them but that a pull request exists.

use jiff::Timestamp;
use serde::Deserialize;

use crate::accounts::{User, login};
use crate::error::LineErrorKind;
use crate::parse::{Complaint, check_repo_and_number};

/// A pull request that was seen, but not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// `owner/name`.
    pub repo: String,
    /// The number within the repository.
    pub number: u64,
    /// Who opened it, where the event says so.
    pub author: Option<String>,
    /// Who did what the event tells.
    pub actor: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    actor: Option<User>,
    repo: Option<Repository>,
    payload: Option<Payload>,
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Repository {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    action: Option<String>,
    number: Option<u64>,
    pull_request: Option<Subject>,
    issue: Option<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    number: Option<u64>,
    user: Option<User>,
    pull_request: Option<serde::de::IgnoredAny>,
}

/// Reads an event whose JSON is sound; `None` where it is not about a pull request.
pub(crate) fn read(text: &str) -> Result<Option<Sighting>, Complaint> {
    // Most events are about other things, and their payloads need not be looked at.
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(rename = "type", borrow)]
        kind: std::borrow::Cow<'a, str>,
    }
    let kind: Kind<'_> = crate::parse::json(text)?;
    if !kind.kind.starts_with("PullRequest") && kind.kind != "IssueCommentEvent" {
        return Ok(None);
    }
    let event: Event = crate::parse::json(text)?;
    let is_comment = event.kind == "IssueCommentEvent";
    let payload = event.payload.ok_or_else(|| missing("payload"))?;
    let subject = if is_comment {
        // An issue says that it is a pull request by this key alone.
        match payload.issue {
            Some(issue) if issue.pull_request.is_some() => Some(issue),
            _ => return Ok(None),
        }
    } else {
        payload.pull_request
    };
    let number = subject
        .as_ref()
        .and_then(|subject| subject.number)
        .or(payload.number)
        .ok_or_else(|| missing("payload.number"))?;
    let repo = event
        .repo
        .and_then(|repo| repo.name)
        .ok_or_else(|| missing("repo.name"))?;
    check_repo_and_number(&repo, number)?;
    let actor = login(event.actor);
    let opened = !is_comment && payload.action.as_deref() == Some("opened");
    let author = login(subject.and_then(|subject| subject.user))
        .or_else(|| actor.clone().filter(|_| opened));
    Ok(Some(Sighting {
        repo,
        number,
        author,
        actor,
        at: event.created_at.ok_or_else(|| missing("created_at"))?,
    }))
}

fn missing(field: &str) -> Complaint {
    Complaint::new(LineErrorKind::BadField, Some(field), "missing")
}
