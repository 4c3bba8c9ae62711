//! Question 13: which work suits AI here?

use std::collections::BTreeMap;

use measures::{Arm, Clock, Observation, Observations, change_type_word};
use serde::Serialize;
use stats::{Proportion, median};

use crate::effects::Reading;
use crate::wording::{FEWEST_SHOWN, FEWEST_SUFFICIENT};

/// A kind of change in the hands of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WorkCell {
    /// The kind of change as its title names it: `feature`, `bugfix`, ..., `other` where it names none.
    pub kind: &'static str,
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
    /// That median over the one of the same kind without AI detected: as they are, not adjusted for who and
    /// where. `None` for the latter itself, and where either is not shown.
    pub cycle_ratio: Option<f64>,
}

/// Kinds of change by tool. Cells below five pull requests are left out; one with several tools counts with
/// each of them.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WorkMatrix {
    /// Kinds, the most frequent first.
    pub kinds: Vec<&'static str>,
    /// Tools, the most frequent first; `None` for none detected, at last.
    pub tools: Vec<Option<String>>,
    /// The cells, by kind, then tool.
    pub cells: Vec<WorkCell>,
}

#[derive(Default)]
struct Tally {
    ended: u64,
    merged: u64,
    cycles: Vec<f64>,
}

pub(super) fn work(observations: &Observations, reading: &Reading) -> WorkMatrix {
    let mut tallies: BTreeMap<(&'static str, Option<&str>), Tally> = BTreeMap::new();
    for row in &observations.rows {
        let Some(arm) = row.arm() else { continue };
        let kind = change_type_word(row.change_type);
        if arm == Arm::NoneDetected {
            tallies.entry((kind, None)).or_default().add(row, reading);
            continue;
        }
        let names = observations
            .tools
            .name(row.author_tools)
            .unwrap_or_default();
        for tool in names.split(',').filter(|tool| !tool.is_empty()) {
            let tally = tallies.entry((kind, Some(tool))).or_default();
            tally.add(row, reading);
        }
    }
    tallies.retain(|_, tally| tally.ended >= FEWEST_SHOWN as u64);
    let mut kinds: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut tools: BTreeMap<Option<&str>, u64> = BTreeMap::new();
    for ((kind, tool), tally) in &tallies {
        *kinds.entry(kind).or_default() += tally.ended;
        *tools.entry(*tool).or_default() += tally.ended;
    }
    let mut kinds: Vec<(&'static str, u64)> = kinds.into_iter().collect();
    kinds.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
    let mut tools: Vec<(Option<&str>, u64)> = tools.into_iter().collect();
    tools.sort_by_key(|(tool, n)| (tool.is_none(), std::cmp::Reverse(*n), *tool));
    let mut cells = Vec::new();
    for (kind, _) in &kinds {
        let usual = tallies.get(&(*kind, None)).and_then(Tally::median_cycle);
        for (tool, _) in &tools {
            if let Some(tally) = tallies.get(&(*kind, *tool)) {
                cells.push(tally.cell(kind, *tool, usual));
            }
        }
    }
    WorkMatrix {
        kinds: kinds.into_iter().map(|(kind, _)| kind).collect(),
        tools: tools
            .into_iter()
            .map(|(tool, _)| tool.map(str::to_owned))
            .collect(),
        cells,
    }
}

impl Tally {
    fn add(&mut self, row: &Observation, reading: &Reading) {
        let Some(is_merged) = row.is_merged_of_ended() else {
            return;
        };
        self.ended += 1;
        self.merged += u64::from(is_merged);
        let cycle = row.clock(Clock::Cycle, &reading.calendar);
        self.cycles.extend(cycle.map(|seconds| seconds as f64));
    }

    fn median_cycle(&self) -> Option<f64> {
        if self.cycles.len() < FEWEST_SHOWN {
            return None;
        }
        median(&self.cycles).ok()
    }

    fn cell(&self, kind: &'static str, tool: Option<&str>, usual: Option<f64>) -> WorkCell {
        let median_cycle_seconds = self.median_cycle();
        WorkCell {
            kind,
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
