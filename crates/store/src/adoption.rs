//! Counts for adoption tables.

use model::Origin;
use serde::{Deserialize, Serialize};

/// Which time puts a pull request into a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// When it was opened.
    Created,
    /// When it was merged; pull requests that are not merged are left out.
    Merged,
}

/// Counts of pull requests with a verdict, in the smallest cells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// By team, month and verdict; sorted so.
    pub cells: Vec<AdoptionCell>,
    /// By team, month and tool; sorted so. Plain bots are left out. A pull request counts once for
    /// each of its tools.
    pub tools: Vec<ToolCell>,
    /// Pull requests that have no verdict yet and so stand in no cell.
    pub undetected: u64,
}

/// Pull requests of one team and month with the same verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptionCell {
    /// The team.
    pub team: String,
    /// `2026-05`, in UTC; `None` where the time is not known.
    pub month: Option<String>,
    /// Where the changes came from.
    pub origin: Origin,
    /// Whether an AI tool reviewed.
    pub ai_reviewed: bool,
    /// Opened by plain automation.
    pub plain_bot: bool,
    /// How many.
    pub count: u64,
}

/// Pull requests of one team and month with one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCell {
    /// The team.
    pub team: String,
    /// `2026-05`, in UTC; `None` where the time is not known.
    pub month: Option<String>,
    /// The tool's slug.
    pub tool: String,
    /// Behind the change, or behind its review.
    pub place: ToolPlace,
    /// How many.
    pub count: u64,
}

/// Where a tool took part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolPlace {
    /// It wrote the change or helped to.
    Author,
    /// It reviewed.
    Review,
}
