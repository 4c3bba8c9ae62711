//! Teams as the store knows them: the mapping in force, and what each team has.

use serde::{Deserialize, Serialize};
use teams::TeamMapping;

/// The mapping by which pull requests have their teams.
#[derive(Debug, Clone)]
pub struct TeamsInForce {
    /// The mapping; without rules every pull request is its repository owner's.
    pub mapping: TeamMapping,
    /// Whether every stored pull request has its team by it; see [`crate::Store::map_teams`].
    pub is_applied: bool,
}

/// What a page of mapping did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappedPage {
    /// Pull requests looked at.
    pub looked_at: u64,
    /// Those whose team is another one now.
    pub moved: u64,
    /// Whether every pull request has its team by the mapping now.
    pub is_last: bool,
}

/// One team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSummary {
    /// The team.
    pub team: String,
    /// Repositories that belong to it, and those in which it has pull requests.
    pub repositories: u64,
    /// Its pull requests.
    pub pull_requests: u64,
    /// People to whom they belong: authors, and who asked an agent; no plain bots.
    pub people: u64,
}
