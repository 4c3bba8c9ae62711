//! Question 13: which work suits AI here?

use std::cmp::Reverse;
use std::collections::HashMap;

use measures::{Arm, Clock, Observation, Observations, change_type_word};
use serde::Serialize;
use stats::{Proportion, median};

use crate::effects::Reading;
use crate::wording::{FEWEST_SHOWN, FEWEST_SUFFICIENT};

/// The most rows of a matrix: an organisation may have thousands of repositories.
const MOST_ROWS: usize = 20;

/// What the rows of a matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkAxis {
    /// Kinds of change as titles name them: `feature`, `bugfix`, ..., `other` where one names none.
    Kind,
    /// Main languages of the repositories.
    Language,
    /// Repositories.
    Repository,
}

impl WorkAxis {
    /// All, in the order in which they are shown.
    pub const ALL: [WorkAxis; 3] = [WorkAxis::Kind, WorkAxis::Language, WorkAxis::Repository];

    /// What a row is, as the head of a column.
    pub fn title(self) -> &'static str {
        match self {
            WorkAxis::Kind => "Kind of change",
            WorkAxis::Language => "Language",
            WorkAxis::Repository => "Repository",
        }
    }

    /// The row of a pull request; `None` where its language is not known.
    fn row_of<'o>(self, row: &Observation, observations: &'o Observations) -> Option<&'o str> {
        match self {
            WorkAxis::Kind => Some(change_type_word(row.change_type)),
            WorkAxis::Language => observations.languages.name(row.language),
            WorkAxis::Repository => observations.repos.name(row.repo),
        }
    }
}

/// Some work in the hands of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WorkCell {
    /// The row: a kind of change, a language or a repository.
    pub row: String,
    /// The tool's slug; `None` for those without AI detected.
    pub tool: Option<String>,
    /// Pull requests that are over.
    pub n: u64,
    /// Fewer than 20: greyed, too few to lean on.
    pub insufficient: bool,
    /// Merged out of those that are over.
    pub merged: Proportion,
    /// Median seconds from ready to merged; `None` below five.
    pub median_cycle_seconds: Option<f64>,
    /// That median over the one of the same row without AI detected: as they are, not adjusted for who and
    /// where. `None` for the latter itself, and where either is not shown.
    pub cycle_ratio: Option<f64>,
}

/// Some division of the work, by tool. Cells below five pull requests are left out; one with several tools
/// counts with each of them.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WorkMatrix {
    /// What its rows are.
    pub axis: WorkAxis,
    /// Rows, the most frequent first, at most 20.
    pub rows: Vec<String>,
    /// Rows beyond those.
    pub more_rows: u64,
    /// Tools, the most frequent first; `None` for none detected, at last.
    pub tools: Vec<Option<String>>,
    /// The cells, by row, then tool.
    pub cells: Vec<WorkCell>,
}

#[derive(Default)]
struct Tally {
    ended: u64,
    merged: u64,
    cycles: Vec<f64>,
}

pub(super) fn work(observations: &Observations, reading: &Reading) -> Vec<WorkMatrix> {
    WorkAxis::ALL
        .into_iter()
        .map(|axis| matrix(axis, observations, reading))
        .collect()
}

fn matrix(axis: WorkAxis, observations: &Observations, reading: &Reading) -> WorkMatrix {
    let mut tallies: HashMap<(&str, Option<&str>), Tally> = HashMap::new();
    for row in &observations.rows {
        let (Some(arm), Some(is_merged)) = (row.arm(), row.is_merged_of_ended()) else {
            continue;
        };
        let Some(name) = axis.row_of(row, observations) else {
            continue;
        };
        let cycle = row.clock(Clock::Cycle, &reading.calendar);
        let mut add = |tool| {
            let tally = tallies.entry((name, tool)).or_default();
            tally.add(is_merged, cycle);
        };
        if arm == Arm::NoneDetected {
            add(None);
            continue;
        }
        let tools = observations.tools.name(row.author_tools);
        let tools = tools.unwrap_or_default().split(',');
        tools
            .filter(|tool| !tool.is_empty())
            .for_each(|tool| add(Some(tool)));
    }
    tallies.retain(|_, tally| tally.ended >= FEWEST_SHOWN as u64);
    let mut rows: HashMap<&str, u64> = HashMap::new();
    for ((row, _), tally) in &tallies {
        *rows.entry(row).or_default() += tally.ended;
    }
    let mut rows: Vec<(&str, u64)> = rows.into_iter().collect();
    rows.sort_by_key(|(row, n)| (Reverse(*n), *row));
    let more_rows = rows.len().saturating_sub(MOST_ROWS) as u64;
    rows.truncate(MOST_ROWS);
    let mut tools: HashMap<Option<&str>, u64> = HashMap::new();
    for ((row, tool), tally) in &tallies {
        if rows.iter().any(|(kept, _)| kept == row) {
            *tools.entry(*tool).or_default() += tally.ended;
        }
    }
    let mut tools: Vec<(Option<&str>, u64)> = tools.into_iter().collect();
    tools.sort_by_key(|(tool, n)| (tool.is_none(), Reverse(*n), *tool));
    let mut cells = Vec::new();
    for (row, _) in &rows {
        let usual = tallies.get(&(*row, None)).and_then(Tally::median_cycle);
        for (tool, _) in &tools {
            if let Some(tally) = tallies.get(&(*row, *tool)) {
                cells.push(tally.cell(row, *tool, usual));
            }
        }
    }
    WorkMatrix {
        axis,
        rows: rows.into_iter().map(|(row, _)| row.to_owned()).collect(),
        more_rows,
        tools: tools
            .into_iter()
            .map(|(tool, _)| tool.map(str::to_owned))
            .collect(),
        cells,
    }
}

impl Tally {
    fn add(&mut self, is_merged: bool, cycle_seconds: Option<i64>) {
        self.ended += 1;
        self.merged += u64::from(is_merged);
        self.cycles
            .extend(cycle_seconds.map(|seconds| seconds as f64));
    }

    fn median_cycle(&self) -> Option<f64> {
        if self.cycles.len() < FEWEST_SHOWN {
            return None;
        }
        median(&self.cycles).ok()
    }

    fn cell(&self, row: &str, tool: Option<&str>, usual: Option<f64>) -> WorkCell {
        let median_cycle_seconds = self.median_cycle();
        WorkCell {
            row: row.to_owned(),
            tool: tool.map(str::to_owned),
            n: self.ended,
            insufficient: self.ended < FEWEST_SUFFICIENT as u64,
            merged: Proportion::new(self.merged, self.ended),
            median_cycle_seconds,
            cycle_ratio: match (tool, median_cycle_seconds, usual) {
                (Some(_), Some(own), Some(usual)) if usual > 0.0 => Some(own / usual),
                _ => None,
            },
        }
    }
}
