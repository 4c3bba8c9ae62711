//! The timeline of an issue: what `/issues/N/timeline` or `/issues/N/events` gives.

use jiff::Timestamp;
use model::{Actor, Comment, CommentKind, Commit, Event, PullRequest, Review, State};
use serde::Deserialize;

use crate::accounts::{User, actor, login};
use crate::rest_items::{CommentItem, GitActor, git_commit, review};

/// Events of which nothing is concluded, or which stand elsewhere in a record.
const PASSED_OVER: &[&str] = &[
    "commented",
    "committed",
    "commit-commented",
    "cross-referenced",
    "line-commented",
    "mentioned",
    "referenced",
    "reviewed",
    "subscribed",
    "unsubscribed",
];

/// Events that only pull requests have.
const OF_PULL_REQUESTS: &[&str] = &[
    "auto_merge_disabled",
    "auto_merge_enabled",
    "base_ref_changed",
    "committed",
    "convert_to_draft",
    "head_ref_deleted",
    "head_ref_force_pushed",
    "head_ref_restored",
    "line-commented",
    "merged",
    "ready_for_review",
    "review_dismissed",
    "review_request_removed",
    "review_requested",
    "reviewed",
];

/// One entry.
#[derive(Debug, Deserialize)]
pub(crate) struct TimelineItem {
    event: Option<String>,
    actor: Option<User>,
    user: Option<User>,
    created_at: Option<Timestamp>,
    submitted_at: Option<Timestamp>,
    state: Option<String>,
    body: Option<String>,
    sha: Option<String>,
    message: Option<String>,
    author: Option<GitActor>,
    committer: Option<GitActor>,
    label: Option<Label>,
    assignee: Option<User>,
    comments: Option<Vec<CommentItem>>,
    url: Option<String>,
    issue_url: Option<String>,
    pull_request_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: Option<String>,
}

impl TimelineItem {
    /// Whether only a pull request can have it.
    pub(crate) fn is_of_pull_request(&self) -> bool {
        self.pull_request_url.is_some()
            || (self.event.as_deref()).is_some_and(|event| OF_PULL_REQUESTS.contains(&event))
    }

    /// Addresses that may say whose it is.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        let all = [&self.pull_request_url, &self.issue_url, &self.url];
        all.into_iter().filter_map(|url| url.as_deref())
    }
}

/// Adds to a record what its timeline tells.
///
/// Lists that a record has of its own stay: a timeline may be one page of several. For the same reason
/// a kind of entry that is not there is not known to be empty.
pub(crate) fn tell(record: &mut PullRequest, items: Vec<TimelineItem>) {
    let mut told = Told::default();
    for item in items {
        told.add(item);
    }
    fill(&mut record.commits, told.commits);
    fill(&mut record.reviews, told.reviews);
    fill(&mut record.comments, told.comments);
    fill(&mut record.events, told.events);
    record.draft = record.draft.or(told.draft);
    record.updated_at = record.updated_at.or(told.last_at);
    record.merged_at = record.merged_at.or(told.merged_at);
    record.merged_by = record.merged_by.take().or(told.merged_by);
    if record.state == State::Open && (told.closed_at.is_some() || told.merged_at.is_some()) {
        record.state = State::Closed;
    }
    record.closed_at = record.closed_at.or(told.closed_at).or(told.merged_at);
}

fn fill<T>(list: &mut Option<Vec<T>>, told: Vec<T>) {
    if list.is_none() && !told.is_empty() {
        *list = Some(told);
    }
}

#[derive(Default)]
struct Told {
    commits: Vec<Commit>,
    reviews: Vec<Review>,
    comments: Vec<Comment>,
    events: Vec<Event>,
    draft: Option<bool>,
    last_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    merged_at: Option<Timestamp>,
    merged_by: Option<Actor>,
}

impl Told {
    fn add(&mut self, item: TimelineItem) {
        let Some(event) = item.event else { return };
        self.last_at = self.last_at.max(item.created_at).max(item.submitted_at);
        match event.as_str() {
            "committed" => {
                let commit = git_commit(item.sha, item.message, item.author, item.committer);
                self.commits.push(commit);
                return;
            }
            "reviewed" => {
                let user = item.user.or(item.actor);
                let state = item.state.as_deref();
                self.reviews
                    .push(review(user, state, item.submitted_at, item.body));
                return;
            }
            "commented" => {
                let (author, author_id, is_bot) =
                    crate::github::split(item.user.or(item.actor).and_then(actor));
                self.comments.push(Comment {
                    author,
                    author_id,
                    is_bot,
                    created_at: item.created_at,
                    kind: CommentKind::Issue,
                    path: None,
                    body: item.body.unwrap_or_default(),
                });
                return;
            }
            "line-commented" => {
                let comments = item.comments.into_iter().flatten();
                self.comments
                    .extend(comments.map(|comment| comment.comment(CommentKind::Review)));
                return;
            }
            "ready_for_review" => self.draft = Some(false),
            "convert_to_draft" => self.draft = Some(true),
            "closed" => self.closed_at = item.created_at,
            "reopened" => self.closed_at = None,
            _ => {}
        }
        let actor = item.actor.and_then(actor);
        if event == "merged" {
            self.merged_at = item.created_at;
            self.merged_by.clone_from(&actor);
        }
        if PASSED_OVER.contains(&event.as_str()) {
            return;
        }
        self.events.push(Event {
            event,
            actor: actor.and_then(|actor| actor.login),
            created_at: item.created_at,
            label: item.label.and_then(|label| label.name),
            assignee: login(item.assignee),
        });
    }
}
