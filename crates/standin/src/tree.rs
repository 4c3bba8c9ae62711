//! A pull request as a tree of GraphQL values, with its lists as lists yet to be paged.

use model::{Actor, Comment, Commit, Event, Review, State};
use serde_json::{Map, Value, json};

use crate::truth::Truth;

/// The key that marks a list: the executor cuts pages from it.
pub(crate) const LIST: &str = "__list";
/// The key that marks a repository by its index.
pub(crate) const REPOSITORY: &str = "__repository";

fn list(items: Vec<Value>) -> Value {
    json!({LIST: items})
}

/// A pull request.
pub(crate) fn pull_request(index: usize, truth: &Truth) -> Value {
    let record = &truth.record;
    let state = match (record.merged_at, record.state) {
        (Some(_), _) => "MERGED",
        (None, State::Closed) => "CLOSED",
        (None, State::Open) => "OPEN",
    };
    let threads = truth
        .threads
        .iter()
        .enumerate()
        .map(|(thread, comments)| {
            json!({
                "__typename": "PullRequestReviewThread",
                "id": format!("PRRT_{index}_{}_{thread}", record.number),
                "comments": list(comments.iter().map(review_comment).collect()),
            })
        })
        .collect();
    let mut object = json!({
        "__typename": "PullRequest",
        "id": record.id,
        "number": record.number,
        "title": record.title,
        "body": record.body,
        "state": state,
        "isDraft": record.draft,
        "createdAt": record.created_at,
        "updatedAt": record.updated_at,
        "closedAt": record.closed_at,
        "mergedAt": record.merged_at,
        "additions": record.additions,
        "deletions": record.deletions,
        "changedFiles": record.changed_files,
        "headRefName": record.head_ref,
        "baseRefName": record.base_ref,
        "author": actor(record.author.as_ref()),
        "mergedBy": actor(record.merged_by.as_ref()),
        "autoMergeRequest": if record.auto_merge == Some(true) {
            json!({"__typename": "AutoMergeRequest", "enabledAt": record.created_at})
        } else {
            Value::Null
        },
        "statusCheckRollup": record.checks.as_ref().map(|state| {
            json!({"__typename": "StatusCheckRollup", "state": state.to_uppercase()})
        }),
        "repository": {REPOSITORY: index},
    });
    let lists = [
        ("commits", items(record.commits.as_ref(), commit)),
        (
            "files",
            items(record.files.as_ref(), |file| {
                json!({
                    "__typename": "PullRequestChangedFile", "path": file.path,
                    "additions": file.additions, "deletions": file.deletions,
                })
            }),
        ),
        ("reviews", items(record.reviews.as_ref(), review)),
        (
            "comments",
            list(truth.conversation.iter().map(issue_comment).collect()),
        ),
        ("reviewThreads", list(threads)),
        (
            "labels",
            items(
                record.labels.as_ref(),
                |label| json!({"__typename": "Label", "name": label.0}),
            ),
        ),
        (
            "reviewRequests",
            items(
                record.requested_reviewers.as_ref(),
                |name| json!({"__typename": "ReviewRequest", "requestedReviewer": reviewer(name)}),
            ),
        ),
        (
            "closingIssuesReferences",
            items(record.linked_issues.as_ref(), |issue| {
                let (tracker, number) = issue.rsplit_once('#').unwrap_or_default();
                json!({
                    "__typename": "Issue",
                    "number": number.parse::<u64>().ok(),
                    "repository": {"__typename": "Repository", "nameWithOwner": tracker},
                })
            }),
        ),
        ("timelineItems", timeline(record.events.as_ref())),
    ];
    if let Some(object) = object.as_object_mut() {
        object.extend(lists.map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

fn items<T>(known: Option<&Vec<T>>, write: impl Fn(&T) -> Value) -> Value {
    list(
        known
            .map(|known| known.iter().map(write).collect())
            .unwrap_or_default(),
    )
}

fn actor(actor: Option<&Actor>) -> Value {
    let Some(actor) = actor else {
        return Value::Null;
    };
    json!({
        "__typename": if actor.is_bot == Some(true) { "Bot" } else { "User" },
        "id": format!("U_{}", actor.id.unwrap_or_default()),
        "login": actor.login,
        "databaseId": actor.id,
    })
}

fn author(login: Option<&String>, id: Option<u64>, is_bot: Option<bool>) -> Value {
    let known = login.map(|login| Actor {
        login: Some(login.clone()),
        id,
        is_bot,
    });
    actor(known.as_ref())
}

fn user(login: Option<&String>) -> Value {
    login.map_or(
        Value::Null,
        |login| json!({"__typename": "User", "id": format!("U_{login}"), "login": login, "databaseId": 1}),
    )
}

fn reviewer(name: &str) -> Value {
    match name.strip_prefix('@') {
        Some(slug) => json!({"__typename": "Team", "combinedSlug": slug}),
        None => user(Some(&name.to_owned())),
    }
}

fn commit(commit: &Commit) -> Value {
    json!({
        "__typename": "PullRequestCommit",
        "commit": {
            "__typename": "Commit",
            "oid": commit.sha,
            "message": commit.message,
            "authoredDate": commit.authored_at,
            "author": {
                "__typename": "GitActor", "name": commit.author_name, "email": commit.author_email,
                "user": user(commit.author_login.as_ref()),
            },
            "committer": {
                "__typename": "GitActor", "name": commit.committer_name,
                "email": commit.committer_email, "user": user(commit.committer_login.as_ref()),
            },
        },
    })
}

fn review(review: &Review) -> Value {
    let state = serde_json::to_value(review.state).unwrap_or_default();
    json!({
        "__typename": "PullRequestReview",
        "author": author(review.author.as_ref(), review.author_id, review.is_bot),
        "state": state,
        "submittedAt": review.submitted_at,
        "body": review.body,
    })
}

fn issue_comment(comment: &Comment) -> Value {
    json!({
        "__typename": "IssueComment",
        "author": author(comment.author.as_ref(), comment.author_id, comment.is_bot),
        "createdAt": comment.created_at,
        "body": comment.body,
    })
}

fn review_comment(comment: &Comment) -> Value {
    let mut value = issue_comment(comment);
    value["__typename"] = Value::from("PullRequestReviewComment");
    value["path"] = Value::from(comment.path.clone());
    value
}

/// The timeline, with an event of a kind that nobody asks for between the others.
fn timeline(events: Option<&Vec<Event>>) -> Value {
    let mut nodes = vec![json!({
        "__typename": "SubscribedEvent", "actor": null, "createdAt": "2026-01-01T00:00:00Z",
    })];
    for event in events.into_iter().flatten() {
        let mut node = Map::new();
        node.insert("__typename".to_owned(), Value::from(type_of(&event.event)));
        node.insert("actor".to_owned(), user(event.actor.as_ref()));
        node.insert(
            "createdAt".to_owned(),
            serde_json::to_value(event.created_at).unwrap_or_default(),
        );
        if let Some(label) = &event.label {
            node.insert(
                "label".to_owned(),
                json!({"__typename": "Label", "name": label}),
            );
        }
        if let Some(name) = &event.assignee {
            let key = if event.event == "assigned" {
                "assignee"
            } else {
                "requestedReviewer"
            };
            node.insert(key.to_owned(), reviewer(name));
        }
        nodes.push(Value::Object(node));
    }
    list(nodes)
}

/// `ReadyForReviewEvent` for `ready_for_review`.
fn type_of(event: &str) -> String {
    let mut name = String::new();
    for word in event.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name + "Event"
}
