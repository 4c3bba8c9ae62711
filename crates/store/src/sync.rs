//! What the store knows of a sync: repositories, what is expected against what is stored, gaps.

use jiff::Timestamp;
use serde::Serialize;

/// A repository with what the host counts beside what is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositorySync {
    /// `owner/name`.
    pub repo: String,
    /// The team to which the repository itself belongs.
    pub team: String,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is a fork.
    pub fork: bool,
    /// When a sync last found everything stored; `None` before the first one ended.
    pub finished_at: Option<Timestamp>,
    /// The oldest change that was asked for; `None` when all history was.
    pub since: Option<Timestamp>,
    /// Whether a walk did not end: the next sync goes on there.
    pub unfinished: bool,
    /// Why it cannot be read any more.
    pub trouble: Option<String>,
    /// Pull requests.
    pub pull_requests: ExpectedAgainstStored,
    /// Those the host no longer has; they are kept.
    pub gone: u64,
    /// Those whose record lacks something.
    pub incomplete: u64,
    /// Commits of all pull requests read.
    pub commits: ExpectedAgainstStored,
    /// Reviews.
    pub reviews: ExpectedAgainstStored,
    /// Comments in conversations and on diffs.
    pub comments: ExpectedAgainstStored,
    /// Changed files.
    pub files: ExpectedAgainstStored,
    /// Pull requests that the next sync reads again: a webhook told of them, or they lack something
    /// that may yet come.
    pub to_read_again: u64,
}

/// What the host counts, and what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExpectedAgainstStored {
    /// What the host counts.
    pub expected: u64,
    /// What is stored.
    pub stored: u64,
}

/// A pull request whose record lacks something, or that is gone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncGap {
    /// `owner/name`.
    pub repo: String,
    /// Its number.
    pub number: u64,
    /// What could not be had, in words.
    pub reason: String,
}
