//! Which pull requests, and where a page goes on.

use jiff::Timestamp;
use model::PrKey;

/// Which pull requests an operation is about. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only this team's.
    pub team: Option<String>,
    /// Only this repository's (`owner/name`).
    pub repo: Option<String>,
}

impl Selection {
    /// Every pull request.
    pub fn all() -> Self {
        Self::default()
    }

    /// The pull requests of one team.
    pub fn team(team: impl Into<String>) -> Self {
        Self {
            team: Some(team.into()),
            repo: None,
        }
    }

    /// The pull requests of one repository.
    pub fn repo(repo: impl Into<String>) -> Self {
        Self {
            team: None,
            repo: Some(repo.into()),
        }
    }
}

/// Where a page of candidates ended. Give it back to get the page after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// When the last pull request of the page was opened.
    pub created_at: Option<Timestamp>,
    /// Its key.
    pub key: PrKey,
}
