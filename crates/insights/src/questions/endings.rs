//! Question 11: is AI's work abandoned? What became of each tool's pull requests.

use std::collections::BTreeMap;

use measures::{Arm, Code, Metric, Observation, Observations};
use serde::Serialize;
use stats::{CumulativeIncidence, Ending, Proportion, median};

use super::waits::{StepPoint, step_points};
use crate::effects::{Reading, wait_of};
use crate::wording::FEWEST_SHOWN;

/// Fewest pull requests for a curve.
const FEWEST_FOR_CURVE: usize = 20;
/// The most points of a curve of a tool.
const MOST_POINTS: usize = 100;
/// Tools beyond these are summed up in none: the rarest are left out, and counted.
const MOST_TOOLS: usize = 12;

/// What became of the pull requests of a tool, or of those without AI detected.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Endings {
    /// The tool's slug; `None` for those without AI detected.
    pub tool: Option<String>,
    /// Pull requests. One with several tools counts with each of them.
    pub n: u64,
    /// Merged so far.
    pub merged: u64,
    /// Closed without a merge.
    pub closed: u64,
    /// Still open.
    pub open: u64,
    /// Merged out of those that are over.
    pub merged_of_ended: Proportion,
    /// Median seconds from ready to merged, of those merged; `None` below five.
    pub median_cycle_seconds: Option<f64>,
    /// Share merged by the time since ready (Aalen-Johansen: a close without a merge competes, open ones
    /// are censored). Empty below twenty; at most 100 points.
    pub merged_curve: Vec<StepPoint>,
    /// Share closed without a merge by the time since ready, likewise.
    pub closed_curve: Vec<StepPoint>,
}

/// What became of pull requests, by tool: the most frequent first, at last those without AI detected.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ToolEndings {
    /// The tools, at most twelve, and none detected.
    pub groups: Vec<Endings>,
    /// Tools left out because they are rarer.
    pub tools_left_out: usize,
}

#[derive(Default)]
struct Tally {
    n: u64,
    merged: u64,
    closed: u64,
    cycles: Vec<f64>,
    times: Vec<f64>,
    ends: Vec<Ending>,
}

impl Tally {
    fn add(&mut self, row: &Observation, reading: &Reading) {
        self.n += 1;
        match row.is_merged_of_ended() {
            Some(true) => self.merged += 1,
            Some(false) => self.closed += 1,
            None => {}
        }
        let Some((seconds, end)) = wait_of(row, Metric::Cycle, reading) else {
            return;
        };
        if end == Ending::Event {
            self.cycles.push(seconds);
        }
        self.times.push(seconds);
        self.ends.push(end);
    }

    fn finish(self, tool: Option<String>) -> Endings {
        let (merged_curve, closed_curve) = if self.times.len() < FEWEST_FOR_CURVE {
            (Vec::new(), Vec::new())
        } else {
            let turned: Vec<Ending> = self
                .ends
                .iter()
                .map(|end| match end {
                    Ending::Event => Ending::Competing,
                    Ending::Competing => Ending::Event,
                    Ending::Censored => Ending::Censored,
                })
                .collect();
            (curve(&self.times, &self.ends), curve(&self.times, &turned))
        };
        Endings {
            tool,
            n: self.n,
            merged: self.merged,
            closed: self.closed,
            open: self.n - self.merged - self.closed,
            merged_of_ended: Proportion::new(self.merged, self.merged + self.closed),
            median_cycle_seconds: (self.cycles.len() >= FEWEST_SHOWN)
                .then(|| median(&self.cycles).ok())
                .flatten(),
            merged_curve,
            closed_curve,
        }
    }
}

fn curve(times: &[f64], ends: &[Ending]) -> Vec<StepPoint> {
    let Ok(incidence) = CumulativeIncidence::new(times, ends) else {
        return Vec::new();
    };
    let start = StepPoint {
        seconds: 0.0,
        share: 0.0,
        at_risk: times.len(),
    };
    std::iter::once(start)
        .chain(step_points(incidence.curve(), MOST_POINTS - 1))
        .collect()
}

/// What became of pull requests. Groups below five are left out.
pub(super) fn endings(observations: &Observations, reading: &Reading) -> ToolEndings {
    let mut by_names: BTreeMap<Code, Tally> = BTreeMap::new();
    let mut none = Tally::default();
    // Several tools are one name here; each distinct name is split once, below.
    let mut tools: BTreeMap<&str, Tally> = BTreeMap::new();
    for row in &observations.rows {
        match row.arm() {
            Some(Arm::NoneDetected) => none.add(row, reading),
            Some(Arm::Ai) if row.author_tools != Code::NONE => {
                by_names
                    .entry(row.author_tools)
                    .or_default()
                    .add(row, reading);
            }
            _ => {}
        }
    }
    for (names, tally) in by_names {
        let names = observations.tools.name(names).unwrap_or_default();
        for tool in names.split(',').filter(|tool| !tool.is_empty()) {
            let sum = tools.entry(tool).or_default();
            sum.n += tally.n;
            sum.merged += tally.merged;
            sum.closed += tally.closed;
            sum.cycles.extend(&tally.cycles);
            sum.times.extend(&tally.times);
            sum.ends.extend(&tally.ends);
        }
    }
    let mut tools: Vec<(&str, Tally)> = tools
        .into_iter()
        .filter(|(_, tally)| tally.n >= FEWEST_SHOWN as u64)
        .collect();
    tools.sort_by(|one, other| other.1.n.cmp(&one.1.n).then(one.0.cmp(other.0)));
    let tools_left_out = tools.len().saturating_sub(MOST_TOOLS);
    tools.truncate(MOST_TOOLS);
    let mut groups: Vec<Endings> = tools
        .into_iter()
        .map(|(tool, tally)| tally.finish(Some(tool.to_owned())))
        .collect();
    if none.n >= FEWEST_SHOWN as u64 {
        groups.push(none.finish(None));
    }
    ToolEndings {
        groups,
        tools_left_out,
    }
}
