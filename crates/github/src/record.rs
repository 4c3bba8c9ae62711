//! From GitHub's shape to a pull request.

use model::{
    Actor, Comment, CommentKind, Commit, Event, ExpectedCounts, FileChange, Label, PullRequest,
    Review, State,
};

use crate::wire::{
    CommentNode, CommitBody, Connection, GitActor, IssueNode, Lists, PullRequestNode, RequestNode,
    ReviewNode, Reviewer, ThreadNode, TimelineNode, Who,
};

/// What the first page of every list left to be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) commits: Option<String>,
    pub(crate) files: Option<String>,
    pub(crate) reviews: Option<String>,
    pub(crate) comments: Option<String>,
    pub(crate) threads: Option<String>,
    pub(crate) labels: Option<String>,
    pub(crate) requests: Option<String>,
    pub(crate) issues: Option<String>,
    pub(crate) timeline: Option<String>,
    /// Review threads with more comments, and where those begin.
    pub(crate) thread_comments: Vec<(String, String)>,
}

impl Rest {
    /// Whether some list of the pull request itself has a further page.
    pub(crate) fn has_lists(&self) -> bool {
        let lists = [
            &self.commits,
            &self.files,
            &self.reviews,
            &self.comments,
            &self.threads,
            &self.labels,
            &self.requests,
            &self.issues,
            &self.timeline,
        ];
        lists.into_iter().any(Option::is_some)
    }
}

/// A record as it is put together from pages.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) record: PullRequest,
    pub(crate) rest: Rest,
    /// Lists that an error left out.
    pub(crate) missing: Vec<&'static str>,
}

/// Reads a pull request with the first page of its lists. `None` when it lacks what makes it one.
pub(crate) fn begin(node: PullRequestNode) -> Option<Draft> {
    let repository = node.repository?;
    let record = PullRequest {
        id: node.id,
        repo: repository.name_with_owner,
        number: node.number?,
        language: repository.primary_language.map(|language| language.name),
        title: node.title.unwrap_or_default(),
        body: node.body,
        author: node.author.map(actor),
        state: if node.state.as_deref() == Some("OPEN") {
            State::Open
        } else {
            State::Closed
        },
        draft: node.is_draft,
        created_at: node.created_at,
        updated_at: node.updated_at,
        closed_at: node.closed_at,
        merged_at: node.merged_at,
        additions: node.additions,
        deletions: node.deletions,
        changed_files: node.changed_files,
        head_ref: node.head_ref_name,
        base_ref: node.base_ref_name,
        merged_by: node.merged_by.map(actor),
        auto_merge: Some(node.auto_merge_request.is_some()),
        checks: node
            .status_check_rollup
            .and_then(|rollup| rollup.state)
            .map(|state| state.to_lowercase()),
        expected: Some(ExpectedCounts::default()),
        ..PullRequest::default()
    };
    let mut draft = Draft {
        record,
        rest: Rest::default(),
        missing: Vec::new(),
    };
    let lists = &node.lists;
    let present = [
        ("commits", lists.commits.is_some()),
        ("files", lists.files.is_some()),
        ("reviews", lists.reviews.is_some()),
        ("comments", lists.comments.is_some()),
        ("review threads", lists.review_threads.is_some()),
        ("timeline", lists.timeline_items.is_some()),
    ];
    draft.missing = present
        .into_iter()
        .filter(|(_, is_there)| !is_there)
        .map(|(name, _)| name)
        .collect();
    add(&mut draft, node.lists);
    if !draft.missing.is_empty() {
        // What the host has of a list that it did not send is not known.
        draft.record.expected = None;
    }
    if draft.missing.contains(&"comments") || draft.missing.contains(&"review threads") {
        draft.record.comments = None;
    }
    Some(draft)
}

/// Adds pages of lists.
pub(crate) fn add(draft: &mut Draft, lists: Lists) {
    let rest = &mut draft.rest;
    let record = &mut draft.record;
    let mut expected = record.expected.unwrap_or_default();
    if let Some(page) = lists.commits {
        expected.commits = page.total_count;
        rest.commits = append(&mut record.commits, page, |node| node.commit.map(commit));
    }
    if let Some(page) = lists.files {
        expected.files = page.total_count;
        rest.files = append(&mut record.files, page, |file| {
            Some(FileChange {
                path: file.path,
                additions: file.additions,
                deletions: file.deletions,
            })
        });
    }
    if let Some(page) = lists.reviews {
        expected.reviews = page.total_count;
        rest.reviews = append(&mut record.reviews, page, |node| Some(review(node)));
    }
    if let Some(page) = lists.comments {
        if record.comments.is_none() {
            expected.comments += page.total_count;
        }
        rest.comments = append(&mut record.comments, page, |node| {
            Some(comment(node, CommentKind::Issue))
        });
    }
    if let Some(page) = lists.review_threads {
        rest.threads = page.next();
        for thread in page.items() {
            let ThreadNode { id, comments } = thread;
            if let Some(page) = comments {
                expected.comments += page.total_count;
                if let Some(next) = add_thread_comments(record, page) {
                    rest.thread_comments.push((id, next));
                }
            }
        }
    }
    if let Some(page) = lists.labels {
        rest.labels = append(&mut record.labels, page, |label| Some(Label(label.name)));
    }
    if let Some(page) = lists.review_requests {
        rest.requests = append(
            &mut record.requested_reviewers,
            page,
            |node: RequestNode| node.requested_reviewer.and_then(reviewer),
        );
    }
    if let Some(page) = lists.closing_issues_references {
        rest.issues = append(&mut record.linked_issues, page, |issue: IssueNode| {
            Some(format!(
                "{}#{}",
                issue.repository.name_with_owner, issue.number
            ))
        });
    }
    if let Some(page) = lists.timeline_items {
        rest.timeline = append(&mut record.events, page, |node| Some(event(node)));
    }
    if record.expected.is_some() {
        record.expected = Some(expected);
    }
}

/// Adds a page of the comments of a review thread; where the next begins.
pub(crate) fn add_thread_comments(
    record: &mut PullRequest,
    page: Connection<CommentNode>,
) -> Option<String> {
    append(&mut record.comments, page, |node| {
        Some(comment(node, CommentKind::Review))
    })
}

fn append<T, R>(
    list: &mut Option<Vec<R>>,
    page: Connection<T>,
    read: impl Fn(T) -> Option<R>,
) -> Option<String> {
    let next = page.next();
    list.get_or_insert_default()
        .extend(page.items().filter_map(read));
    next
}

fn actor(who: Who) -> Actor {
    Actor {
        is_bot: who.kind.as_deref().map(|kind| kind == "Bot"),
        id: who.database_id,
        login: who.login,
    }
}

fn reviewer(reviewer: Reviewer) -> Option<String> {
    reviewer
        .login
        .or_else(|| reviewer.combined_slug.map(|slug| format!("@{slug}")))
}

fn commit(body: CommitBody) -> Commit {
    let author = body.author.unwrap_or_default();
    let committer = body.committer.unwrap_or_default();
    let login = |actor: &GitActor| actor.user.as_ref().map(|user| user.login.clone());
    Commit {
        sha: body.oid,
        message: body.message.unwrap_or_default(),
        author_login: login(&author),
        committer_login: login(&committer),
        author_name: author.name,
        author_email: author.email,
        committer_name: committer.name,
        committer_email: committer.email,
        authored_at: body.authored_date,
    }
}

fn review(node: ReviewNode) -> Review {
    let author = node.author.map(actor);
    Review {
        is_bot: author.as_ref().and_then(|author| author.is_bot),
        author_id: author.as_ref().and_then(|author| author.id),
        author: author.and_then(|author| author.login),
        state: node.state,
        submitted_at: node.submitted_at,
        body: node.body,
    }
}

fn comment(node: CommentNode, kind: CommentKind) -> Comment {
    let author = node.author.map(actor);
    Comment {
        is_bot: author.as_ref().and_then(|author| author.is_bot),
        author_id: author.as_ref().and_then(|author| author.id),
        author: author.and_then(|author| author.login),
        created_at: node.created_at,
        kind,
        path: node.path,
        body: node.body.unwrap_or_default(),
    }
}

/// The event in REST's words, `ready_for_review` for `ReadyForReviewEvent`: those of the import shape.
fn event(node: TimelineNode) -> Event {
    let kind = node.kind.strip_suffix("Event").unwrap_or(&node.kind);
    let mut name = String::with_capacity(kind.len() + 4);
    for character in kind.chars() {
        if character.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(character.to_ascii_lowercase());
    }
    let assignee = node.assignee.or(node.requested_reviewer);
    Event {
        event: name,
        actor: node.actor.and_then(|who| who.login),
        created_at: node.created_at,
        label: node.label.map(|label| label.name),
        assignee: assignee.and_then(reviewer),
    }
}
