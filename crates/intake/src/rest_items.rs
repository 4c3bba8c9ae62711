//! Items of the lists of GitHub's REST API.

use jiff::Timestamp;
use model::{Comment, CommentKind, Commit, FileChange, Review, ReviewState};
use serde::Deserialize;

use crate::accounts::{User, actor, login};
use crate::github::split;

/// A commit of a pull request.
#[derive(Debug, Deserialize)]
pub(crate) struct CommitItem {
    sha: Option<String>,
    commit: Option<GitCommit>,
    author: Option<User>,
    committer: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
struct GitCommit {
    message: Option<String>,
    author: Option<GitActor>,
    committer: Option<GitActor>,
}

/// A line of a commit that says who.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct GitActor {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) date: Option<Timestamp>,
}

impl From<CommitItem> for Commit {
    fn from(item: CommitItem) -> Self {
        let git = item.commit.unwrap_or_default();
        Commit {
            author_login: login(item.author),
            committer_login: login(item.committer),
            ..git_commit(item.sha, git.message, git.author, git.committer)
        }
    }
}

/// A commit by what git knows of it.
pub(crate) fn git_commit(
    sha: Option<String>,
    message: Option<String>,
    author: Option<GitActor>,
    committer: Option<GitActor>,
) -> Commit {
    let author = author.unwrap_or_default();
    let committer = committer.unwrap_or_default();
    Commit {
        sha,
        message: message.unwrap_or_default(),
        author_login: None,
        committer_login: None,
        author_name: author.name,
        author_email: author.email,
        committer_name: committer.name,
        committer_email: committer.email,
        authored_at: author.date,
    }
}

/// A submitted review.
#[derive(Debug, Deserialize)]
pub(crate) struct ReviewItem {
    user: Option<User>,
    state: Option<String>,
    submitted_at: Option<Timestamp>,
    body: Option<String>,
}

impl From<ReviewItem> for Review {
    fn from(item: ReviewItem) -> Self {
        review(
            item.user,
            item.state.as_deref(),
            item.submitted_at,
            item.body,
        )
    }
}

/// A review; timelines write its state in small letters.
pub(crate) fn review(
    user: Option<User>,
    state: Option<&str>,
    submitted_at: Option<Timestamp>,
    body: Option<String>,
) -> Review {
    let (author, author_id, is_bot) = split(user.and_then(actor));
    let state = match state.unwrap_or_default().to_ascii_lowercase().as_str() {
        "approved" => ReviewState::Approved,
        "changes_requested" => ReviewState::ChangesRequested,
        "commented" => ReviewState::Commented,
        "dismissed" => ReviewState::Dismissed,
        "pending" => ReviewState::Pending,
        _ => ReviewState::Other,
    };
    Review {
        author,
        author_id,
        is_bot,
        state,
        submitted_at,
        body,
    }
}

/// A comment of the conversation or on the diff.
#[derive(Debug, Deserialize)]
pub(crate) struct CommentItem {
    user: Option<User>,
    created_at: Option<Timestamp>,
    path: Option<String>,
    body: Option<String>,
}

impl CommentItem {
    pub(crate) fn comment(self, kind: CommentKind) -> Comment {
        let (author, author_id, is_bot) = split(self.user.and_then(actor));
        Comment {
            author,
            author_id,
            is_bot,
            created_at: self.created_at,
            kind,
            path: self.path,
            body: self.body.unwrap_or_default(),
        }
    }
}

/// A changed file.
#[derive(Debug, Deserialize)]
pub(crate) struct FileItem {
    filename: String,
    additions: Option<u64>,
    deletions: Option<u64>,
}

impl From<FileItem> for FileChange {
    fn from(item: FileItem) -> Self {
        FileChange {
            path: item.filename,
            additions: item.additions,
            deletions: item.deletions,
        }
    }
}
