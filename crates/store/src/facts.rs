//! Pull requests as they come back, and the narrow facts for numbers.

use std::sync::Arc;

use jiff::Timestamp;
use model::{Origin, PrKey, PullRequest};
use serde::{Deserialize, Serialize};

/// A pull request with what the store knows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPullRequest {
    /// The merged document.
    pub pull_request: PullRequest,
    /// Its [`PullRequest::content_hash`], 64 hex digits.
    pub content_hash: String,
    /// Its team.
    pub team: String,
}

/// What an upsert did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpsertCounts {
    /// New pull requests.
    pub inserted: u64,
    /// Known pull requests whose document changed.
    pub updated: u64,
    /// Known pull requests of which nothing was written.
    pub unchanged: u64,
}

impl UpsertCounts {
    /// All records looked at.
    pub fn total(self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }
}

impl std::ops::AddAssign for UpsertCounts {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
    }
}

/// What became of a pull request so far.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Neither merged nor closed.
    Open,
    /// Closed without a merge.
    Closed,
    /// Merged.
    Merged,
}

/// The numbers of one pull request, without any text. Times are kept to the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// `owner/name`. Shared between facts of one page.
    pub repo: Arc<str>,
    /// The number within the repository.
    pub number: u64,
    /// Its team.
    pub team: Arc<str>,
    /// Login of the author; `None` for deleted accounts.
    pub author: Option<Arc<str>>,
    /// The main language of the repository.
    pub language: Option<Arc<str>>,
    /// Open, closed or merged.
    pub outcome: Outcome,
    /// Whether it is a draft now.
    pub draft: Option<bool>,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When the host last changed it.
    pub updated_at: Option<Timestamp>,
    /// When it was closed, merged or not.
    pub closed_at: Option<Timestamp>,
    /// When it was merged.
    pub merged_at: Option<Timestamp>,
    /// Lines added.
    pub additions: Option<u64>,
    /// Lines deleted.
    pub deletions: Option<u64>,
    /// Number of files changed.
    pub changed_files: Option<u64>,
    /// Number of commits; `None` when the commits are not known.
    pub commits: Option<u64>,
    /// Number of reviews; `None` when the reviews are not known.
    pub reviews: Option<u64>,
    /// Number of comments; `None` when the comments are not known.
    pub comments: Option<u64>,
    /// Whether there is no description, or only white space.
    pub empty_body: bool,
    /// What detection said, whether or not the content changed since.
    pub verdict: Option<VerdictFact>,
}

impl Fact {
    /// The natural key.
    pub fn key(&self) -> PrKey {
        PrKey {
            repo: self.repo.to_string(),
            number: self.number,
        }
    }
}

/// The numbers of a verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VerdictFact {
    /// Where the change came from.
    pub origin: Origin,
    /// True for agent or assisted, false for none detected, `None` for unknown.
    pub ai_authored: Option<bool>,
    /// Whether an AI tool reviewed.
    pub ai_reviewed: bool,
    /// Opened by plain automation.
    pub plain_bot: bool,
    /// Confidence in `origin`, 0 to 1.
    pub confidence: f64,
}
