//! Dossiers: all that is known of pull requests, in the order in which they were opened.

use jiff::Timestamp;
use model::{ChangeType, PullRequest};

use crate::analyses::AnalysisRecord;
use crate::search::{PullRequestRow, TimeSpan};
use crate::selection::Selection;
use crate::verdicts::VerdictRecord;

/// Which dossiers, and what is to be in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DossierQuery {
    /// Of which pull requests.
    pub selection: Selection,
    /// When they were opened. Those of which that is not known are left out where it is bounded.
    pub opened: TimeSpan,
    /// What is read beside the row.
    pub parts: DossierParts,
}

/// What is read of a pull request beside its row. The default is nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DossierParts {
    /// The verdict with its evidence.
    pub verdict: bool,
    /// The analysis.
    pub analysis: bool,
    /// The whole record, which may be large: ask for small pages.
    pub document: bool,
}

/// All that is known of a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct Dossier {
    /// What stands in lists.
    pub row: PullRequestRow,
    /// Further facts.
    pub facts: DossierFacts,
    /// The verdict with its evidence; `None` before detection, and where it was not asked for.
    pub verdict: Option<VerdictRecord>,
    /// The analysis; `None` where there is none, and where it was not asked for.
    pub analysis: Option<AnalysisRecord>,
    /// The record; `None` where it was not asked for.
    pub document: Option<PullRequest>,
}

/// Facts that do not stand in lists. Times are kept to the second.
#[derive(Debug, Clone, PartialEq)]
pub struct DossierFacts {
    /// The present content hash, 64 hex digits.
    pub content_hash: String,
    /// The main language of the repository.
    pub language: Option<String>,
    /// When the host last changed it.
    pub updated_at: Option<Timestamp>,
    /// Lines added.
    pub additions: Option<u64>,
    /// Lines deleted.
    pub deletions: Option<u64>,
    /// Number of files changed.
    pub changed_files: Option<u64>,
    /// Number of commits; `None` when the commits are not known.
    pub commits: Option<u64>,
    /// Number of reviews, of people and bots; `None` when the reviews are not known.
    pub reviews: Option<u64>,
    /// Number of comments; `None` when the comments are not known.
    pub comments: Option<u64>,
    /// When it was ready for review.
    pub ready_at: Option<Timestamp>,
    /// When its first commit was made.
    pub first_commit_at: Option<Timestamp>,
    /// When another person first said a word, once it was ready.
    pub human_review_at: Option<Timestamp>,
    /// When another person first approved it.
    pub approved_at: Option<Timestamp>,
    /// Reviews by other people.
    pub human_reviews: Option<u64>,
    /// Other people who reviewed.
    pub human_reviewers: Option<u64>,
    /// Rounds of review.
    pub review_rounds: Option<u64>,
    /// The kind of change as the title names it.
    pub change_type: Option<ChangeType>,
    /// Logins of the other people who reviewed, in order; empty where there are none or they are not known.
    pub reviewers: Vec<String>,
}

/// A page of dossiers.
#[derive(Debug, Clone, PartialEq)]
pub struct DossierPage {
    /// In the order of opening, those of which that is not known first.
    pub dossiers: Vec<Dossier>,
    /// Where to go on; `None` at the end.
    pub next: Option<DossierCursor>,
}

/// Where a page of dossiers ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DossierCursor {
    /// Seconds since 1970; `None` among those of which that is not known.
    pub(crate) created_at: Option<i64>,
    pub(crate) repo_id: i64,
    pub(crate) number: i64,
}

impl DossierCursor {
    /// Before the first of those opened at `created_at`.
    pub(crate) fn before_all_at(created_at: Option<i64>) -> Self {
        DossierCursor {
            created_at,
            repo_id: i64::MIN,
            number: i64::MIN,
        }
    }
}
