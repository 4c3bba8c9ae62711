//! Objects of GitHub's REST API as files keep them: a pull request, or an issue that is one, by itself
//! or with the lists that backup tools put beside it; and timelines.

use model::{Actor, Comment, CommentKind, Commit, FileChange, PullRequest, Review};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::LineErrorKind;
use crate::parse::{Complaint, check_repo_and_number, json};
use crate::rest::read_rest;
use crate::rest_items::{CommentItem, CommitItem, FileItem, ReviewItem};
use crate::timeline::{TimelineItem, tell};

/// What stands around a pull request in a file. Lists go by the names that `python-github-backup`
/// gives them, and by those of the API's addresses.
#[derive(Default, Deserialize)]
struct Around<'a> {
    number: Option<u64>,
    #[serde(borrow)]
    base: Option<&'a RawValue>,
    url: Option<String>,
    html_url: Option<String>,
    repository_url: Option<String>,
    #[serde(borrow, alias = "repo")]
    repository: Option<&'a RawValue>,
    #[serde(borrow)]
    pull_request: Option<&'a RawValue>,
    #[serde(borrow)]
    commit_data: Option<&'a RawValue>,
    #[serde(borrow)]
    commits: Option<&'a RawValue>,
    #[serde(borrow, alias = "reviews")]
    review_data: Option<&'a RawValue>,
    #[serde(borrow)]
    comment_regular_data: Option<&'a RawValue>,
    #[serde(borrow)]
    comment_data: Option<&'a RawValue>,
    #[serde(borrow)]
    comments: Option<&'a RawValue>,
    #[serde(borrow)]
    review_comments: Option<&'a RawValue>,
    #[serde(borrow, alias = "files")]
    file_data: Option<&'a RawValue>,
    #[serde(borrow, alias = "timeline")]
    timeline_data: Option<&'a RawValue>,
    #[serde(borrow, alias = "events")]
    event_data: Option<&'a RawValue>,
}

/// What an issue says of the pull request that it is.
#[derive(Default, Deserialize)]
struct Link {
    url: Option<String>,
    merged_at: Option<jiff::Timestamp>,
}

/// Reads an object, or a timeline alone; `None` for an issue that is no pull request.
pub(crate) fn read(text: &str) -> Result<Option<PullRequest>, Complaint> {
    if text.trim_start().starts_with('[') {
        return timeline_alone(text);
    }
    let around: Around<'_> = json(text)?;
    let link: Option<Link> = around
        .pull_request
        .map(|raw| part("pull_request", raw))
        .transpose()?;
    let is_pull_request = around.base.is_some() || link.is_some();
    let timeline: Option<Vec<TimelineItem>> = list("timeline_data", around.timeline_data)?;
    let events: Option<Vec<TimelineItem>> = list("event_data", around.event_data)?;
    let told = timeline.or(events);
    if !is_pull_request && !names_pull_request(&around, told.as_deref()) {
        return Ok(None);
    }
    let mut record = read_rest(text)?;
    if record.repo.is_empty() {
        record.repo = repository(&around, link.as_ref())?;
    }
    if let Some(link) = &link {
        record.merged_at = record.merged_at.or(link.merged_at);
    }
    add_lists(&mut record, &around, is_pull_request)?;
    if let Some(items) = told {
        tell(&mut record, items);
    }
    check_repo_and_number(&record.repo, record.number)?;
    Ok(Some(record))
}

fn add_lists(
    record: &mut PullRequest,
    around: &Around<'_>,
    is_pull_request: bool,
) -> Result<(), Complaint> {
    let commits: Option<Vec<CommitItem>> = either(
        ("commit_data", around.commit_data),
        ("commits", around.commits),
    )?;
    record.commits = commits.map(|items| items.into_iter().map(Commit::from).collect());
    let reviews: Option<Vec<ReviewItem>> = list("review_data", around.review_data)?;
    record.reviews = reviews.map(|items| items.into_iter().map(Review::from).collect());
    let files: Option<Vec<FileItem>> = list("file_data", around.file_data)?;
    record.files = files.map(|items| items.into_iter().map(FileChange::from).collect());
    // What a backup of an issue calls comment_data are the comments of the conversation; beside a pull
    // request that name is for those on the diff.
    let is_issue =
        around.base.is_none() && is_pull_request && around.comment_regular_data.is_none();
    let (talk, diff) = if is_issue {
        (
            ("comment_data", around.comment_data),
            ("review_comments", around.review_comments),
        )
    } else {
        (
            ("comment_regular_data", around.comment_regular_data),
            (
                "comment_data",
                around.comment_data.or(around.review_comments),
            ),
        )
    };
    let talk: Option<Vec<CommentItem>> = either(talk, ("comments", around.comments))?;
    let diff: Option<Vec<CommentItem>> = list(diff.0, diff.1)?;
    if talk.is_some() || diff.is_some() {
        let of = |items: Option<Vec<CommentItem>>, kind: CommentKind| {
            items
                .into_iter()
                .flatten()
                .map(move |item| item.comment(kind))
        };
        let comments: Vec<Comment> = of(talk, CommentKind::Issue)
            .chain(of(diff, CommentKind::Review))
            .collect();
        record.comments = Some(comments);
    }
    Ok(())
}

/// Whether something in an object without the marks of a pull request tells that it is one.
fn names_pull_request(around: &Around<'_>, told: Option<&[TimelineItem]>) -> bool {
    let by_address = [&around.url, &around.html_url]
        .into_iter()
        .flatten()
        .any(|url| url.contains("/pull/") || url.contains("/pulls/"));
    by_address
        || around.comment_regular_data.is_some()
        || around.commit_data.is_some()
        || around.review_data.is_some()
        || told.is_some_and(|items| items.iter().any(TimelineItem::is_of_pull_request))
}

fn timeline_alone(text: &str) -> Result<Option<PullRequest>, Complaint> {
    let items: Vec<TimelineItem> = json(text)?;
    if !items.iter().any(TimelineItem::is_of_pull_request) {
        return Ok(None);
    }
    let place = items
        .iter()
        .flat_map(TimelineItem::addresses)
        .find_map(|url| place_in(url).and_then(|(repo, number)| Some((repo, number?))));
    let Some((repo, number)) = place else {
        return Err(Complaint::new(
            LineErrorKind::MissingKey,
            Some("repo"),
            "no entry of this timeline says whose it is: wrap it as {\"repo\": \"OWNER/NAME\", \"number\": N, \"timeline\": [...]}",
        ));
    };
    check_repo_and_number(&repo, number)?;
    let mut record = PullRequest {
        repo,
        number,
        ..PullRequest::default()
    };
    tell(&mut record, items);
    Ok(Some(record))
}

/// The repository of an object that has none under `base`: from its own word, or from an address.
fn repository(around: &Around<'_>, link: Option<&Link>) -> Result<String, Complaint> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Named {
        Name(String),
        Object { full_name: String },
    }
    if let Some(raw) = around.repository
        && let Ok(Named::Name(name) | Named::Object { full_name: name }) =
            serde_json::from_str(raw.get())
    {
        return Ok(name);
    }
    let addresses = [
        around.url.as_deref(),
        link.and_then(|link| link.url.as_deref()),
        around.html_url.as_deref(),
        around.repository_url.as_deref(),
    ];
    let found = addresses
        .into_iter()
        .flatten()
        .find_map(|url| Some(place_in(url)?.0));
    found.ok_or_else(|| {
        Complaint::new(
            LineErrorKind::MissingKey,
            Some("base.repo.full_name"),
            match around.number {
                Some(number) => format!("nothing says to which repository number {number} belongs"),
                None => "nothing says which pull request this is".to_owned(),
            },
        )
    })
}

/// Repository and number of an address: `https://github.com/OWNER/NAME/pull/7`,
/// `https://api.github.com/repos/OWNER/NAME/pulls/7`, and the like of an enterprise server.
pub(crate) fn place_in(url: &str) -> Option<(String, Option<u64>)> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let parts: Vec<&str> = path.split('/').collect();
    let kind = |part: &str| matches!(part, "pull" | "pulls" | "issues");
    let api = parts.iter().position(|part| *part == "repos");
    let (owner, name, rest) = if let Some(at) = api {
        (parts.get(at + 1)?, parts.get(at + 2)?, parts.get(at + 3..)?)
    } else {
        let at = parts.iter().position(|part| kind(part))?;
        (
            parts.get(at.checked_sub(2)?)?,
            parts.get(at.checked_sub(1)?)?,
            parts.get(at..)?,
        )
    };
    if owner.is_empty() || name.is_empty() {
        return None;
    }
    let number = match rest {
        [first, number, ..] if kind(first) => number.parse().ok(),
        _ => None,
    };
    Some((format!("{owner}/{name}"), number))
}

/// The list of the first name that is there and is a list; a number is only how many there are.
fn either<T: DeserializeOwned>(
    (first, one): (&str, Option<&RawValue>),
    (second, other): (&str, Option<&RawValue>),
) -> Result<Option<Vec<T>>, Complaint> {
    match list(first, one)? {
        Some(items) => Ok(Some(items)),
        None => list(second, other),
    }
}

fn list<T: DeserializeOwned>(
    name: &str,
    raw: Option<&RawValue>,
) -> Result<Option<Vec<T>>, Complaint> {
    match raw {
        Some(raw) if raw.get().starts_with('[') => part(name, raw).map(Some),
        _ => Ok(None),
    }
}

/// Reads a part; a complaint names it.
fn part<T: DeserializeOwned>(name: &str, raw: &RawValue) -> Result<T, Complaint> {
    json(raw.get()).map_err(|complaint| complaint.within(name))
}

/// An actor whose name alone is wanted.
pub(crate) fn split(actor: Option<Actor>) -> (Option<String>, Option<u64>, Option<bool>) {
    match actor {
        Some(actor) => (actor.login, actor.id, actor.is_bot),
        None => (None, None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_where_they_lead() {
        for (url, expect) in [
            (
                "https://github.com/acme/shop/pull/7",
                Some(("acme/shop", Some(7))),
            ),
            (
                "https://api.github.com/repos/acme/shop/pulls/7",
                Some(("acme/shop", Some(7))),
            ),
            (
                "https://ghe.example/api/v3/repos/acme/shop/issues/7",
                Some(("acme/shop", Some(7))),
            ),
            (
                "https://api.github.com/repos/acme/shop",
                Some(("acme/shop", None)),
            ),
            (
                "https://api.github.com/repos/acme/shop/issues/events/99",
                Some(("acme/shop", None)),
            ),
            (
                "https://api.github.com/repos/acme/shop/issues/comments/99",
                Some(("acme/shop", None)),
            ),
            ("https://github.com/acme", None),
            ("pull", None),
            ("/pull/7", None),
            ("", None),
            ("repos/a", None),
        ] {
            let found = place_in(url);
            let found = found
                .as_ref()
                .map(|(repo, number)| (repo.as_str(), *number));
            assert_eq!(found, expect, "{url}");
        }
    }
}
