//! What the host posts to a webhook, in the shape of its REST API.

use jiff::Timestamp;
use model::{Actor, PullRequest, State};
use serde_json::{Value, json};

use crate::execute::database_id;
use crate::world::World;

/// What a webhook is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A pull request was opened or changed (`pull_request`).
    PullRequest(usize, u64),
    /// A review was submitted (`pull_request_review`).
    Review(usize, u64),
    /// Somebody commented on the diff (`pull_request_review_comment`).
    ReviewComment(usize, u64),
    /// Somebody commented in the conversation (`issue_comment`).
    Comment(usize, u64),
    /// A branch has new commits (`push`).
    Push(usize),
    /// A repository was renamed or transferred (`repository`).
    Renamed(usize),
}

/// A delivery without its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// `X-GitHub-Event`.
    pub event: &'static str,
    /// The body.
    pub body: String,
}

impl World {
    /// What is posted, as the world is now. `None` where the pull request is not there.
    pub fn post(&self, told: Told) -> Option<Post> {
        let (event, body) = match told {
            Told::PullRequest(index, number) => {
                let object = self.whole(index, number)?;
                (
                    "pull_request",
                    json!({"action": "edited", "number": number, "pull_request": object}),
                )
            }
            Told::Review(index, number) => (
                "pull_request_review",
                json!({
                    "action": "submitted",
                    "review": {"id": number, "state": "approved", "body": ""},
                    "pull_request": self.part(index, number)?,
                }),
            ),
            Told::ReviewComment(index, number) => (
                "pull_request_review_comment",
                json!({
                    "action": "created",
                    "comment": {"id": number, "body": "On the diff.", "path": "src/lib.rs"},
                    "pull_request": self.part(index, number)?,
                }),
            ),
            Told::Comment(index, number) => {
                let record = self.pull_request(index, number)?;
                (
                    "issue_comment",
                    json!({
                        "action": "created",
                        "issue": {
                            "number": number, "title": record.title, "body": record.body,
                            "pull_request": {"url": "https://api.github.com/pulls"},
                        },
                        "comment": {"id": number, "body": "In the conversation."},
                    }),
                )
            }
            Told::Push(_) => ("push", json!({"ref": "refs/heads/main", "commits": []})),
            Told::Renamed(_) => ("repository", json!({"action": "renamed"})),
        };
        let (Told::PullRequest(index, _)
        | Told::Review(index, _)
        | Told::ReviewComment(index, _)
        | Told::Comment(index, _)
        | Told::Push(index)
        | Told::Renamed(index)) = told;
        let mut body = body;
        body["repository"] = self.repository_object(index);
        body["sender"] = json!({"login": "ada", "id": 1_000, "type": "User"});
        Some(Post {
            event,
            body: body.to_string(),
        })
    }

    fn repository_object(&self, index: usize) -> Value {
        let name = self.name(index);
        let (owner, short) = name.split_once('/').unwrap_or(("", name));
        json!({
            "id": database_id(index), "node_id": format!("R_{index}"), "name": short,
            "full_name": name, "private": false, "owner": {"login": owner}, "language": "Rust",
        })
    }

    /// A pull request as its own event carries it.
    fn whole(&self, index: usize, number: u64) -> Option<Value> {
        let record = self.pull_request(index, number)?;
        let mut object = self.part(index, number)?;
        object["merged"] = Value::from(record.merged_at.is_some());
        object["merged_by"] = user(record.merged_by.as_ref());
        object["additions"] = Value::from(record.additions);
        object["deletions"] = Value::from(record.deletions);
        object["changed_files"] = Value::from(record.changed_files);
        if let Some(expected) = record.expected {
            object["commits"] = Value::from(expected.commits);
            object["comments"] = Value::from(expected.comments);
        }
        Some(object)
    }

    /// A pull request as the events of reviews carry it: without counts and without who merged it.
    fn part(&self, index: usize, number: u64) -> Option<Value> {
        let record = self.pull_request(index, number)?;
        let reviewers = record.requested_reviewers.as_deref().unwrap_or_default();
        let people = reviewers.iter().filter(|name| !name.starts_with('@'));
        let teams = reviewers.iter().filter_map(|name| name.rsplit_once('/'));
        Some(json!({
            "id": 9_000_000 + number, "node_id": record.id, "number": number,
            "state": if record.state == State::Open { "open" } else { "closed" },
            "title": record.title, "body": record.body, "draft": record.draft,
            "user": user(record.author.as_ref()),
            "created_at": time(record.created_at), "updated_at": time(record.updated_at),
            "closed_at": time(record.closed_at), "merged_at": time(record.merged_at),
            "labels": labels(&record),
            "requested_reviewers": people.map(|name| json!({"login": name})).collect::<Vec<_>>(),
            "requested_teams": teams.map(|(_, slug)| json!({"slug": slug})).collect::<Vec<_>>(),
            "auto_merge": record.auto_merge.unwrap_or_default().then(|| json!({"merge_method": "squash"})),
            "head": {"ref": record.head_ref, "sha": "0".repeat(40)},
            "base": {"ref": record.base_ref, "repo": self.repository_object(index)},
        }))
    }
}

fn labels(record: &PullRequest) -> Vec<Value> {
    let labels = record.labels.as_deref().unwrap_or_default();
    labels
        .iter()
        .map(|label| json!({"name": label.0, "color": "ededed"}))
        .collect()
}

/// REST writes the accounts of apps with `[bot]`, and those that were deleted as `ghost`.
fn user(actor: Option<&Actor>) -> Value {
    let Some(actor) = actor else {
        return json!({"login": "ghost", "id": 10_137, "type": "User"});
    };
    let login = actor.login.clone().unwrap_or_default();
    if actor.is_bot == Some(true) {
        return json!({"login": format!("{login}[bot]"), "id": actor.id, "type": "Bot"});
    }
    json!({"login": login, "id": actor.id, "type": "User"})
}

fn time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| {
        Value::from(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    })
}
