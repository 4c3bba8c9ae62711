//! Question 5: where the time goes, and how long the first look by a person takes.

use measures::{Arm, Clock, Metric, Observation, Observations};
use serde::Serialize;
use stats::{CurvePoint, Ending, KaplanMeier, median, thin_curve};

use crate::effects::{Reading, wait_of};
use crate::wording::FEWEST_SHOWN;

/// The most points of a curve.
pub(super) const MOST_POINTS: usize = 200;

/// The median of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StageMedian {
    /// The median in seconds, by the report's calendar; time as a draft by the clock on the wall.
    pub seconds: f64,
    /// Pull requests in which it is known.
    pub n: usize,
}

/// Medians of the stages of an arm. They are medians each of its own: they do not add up to the median
/// cycle. Approval to merge is the last part of the review. `None` below five pull requests.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StageMedians {
    /// Pull requests of the arm.
    pub n: usize,
    /// Time as a draft, of those that were one.
    pub draft: Option<StageMedian>,
    /// Ready to the first look by another person.
    pub pickup: Option<StageMedian>,
    /// First look to merged.
    pub review: Option<StageMedian>,
    /// First approval to merged.
    pub approve_to_merge: Option<StageMedian>,
    /// Ready to merged, for the whole.
    pub cycle: Option<StageMedian>,
}

/// Where the time goes, with AI and without.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CycleSplit {
    /// The team; `None` for all together.
    pub team: Option<String>,
    /// AI wrote or helped; `None` below five pull requests.
    pub with_ai: Option<StageMedians>,
    /// None detected.
    pub without_ai: Option<StageMedians>,
}

/// A point of a step curve: from this time on the share holds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StepPoint {
    /// Seconds since the start.
    pub seconds: f64,
    /// The share.
    pub share: f64,
    /// How many were still under observation just before.
    pub at_risk: usize,
}

/// The Kaplan-Meier curve of an arm: the share still waiting. At most 200 points, each a true point of
/// the curve; between them at most half a percent of the whole range is left out.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct WaitCurve {
    /// Pull requests that were ready and whose reviews are known.
    pub n: usize,
    /// Those that a person looked at before they ended.
    pub events: usize,
    /// In order of time; begins at (0, 1).
    pub points: Vec<StepPoint>,
}

/// Time to the first look by another person; ended without one, and open ones, are censored.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FirstReviewCurves {
    /// AI wrote or helped; `None` below five pull requests.
    pub with_ai: Option<WaitCurve>,
    /// None detected.
    pub without_ai: Option<WaitCurve>,
}

/// Splits the cycle for all together, then for each team where there are several.
pub(super) fn cycle_splits(observations: &Observations, reading: &Reading) -> Vec<CycleSplit> {
    let teams = observations.teams.names().len();
    // Behind the teams, what belongs to none: all together are put together from these.
    let mut by_team = vec![[Stages::default(), Stages::default()]; teams + 1];
    for row in observations.rows.iter().filter(|row| row.measured) {
        let Some(arm) = row.arm() else { continue };
        let team = row.team.index().map_or(teams, |team| team.min(teams));
        if let Some(stages) = by_team.get_mut(team) {
            stages[usize::from(arm != Arm::Ai)].add(stages_of(row, reading));
        }
    }
    let split = |team: Option<String>, groups: &[[Stages; 2]]| {
        let arm = |place: usize| {
            let of_arm: Vec<&Stages> = groups.iter().map(|arms| &arms[place]).collect();
            Stages::medians(&of_arm)
        };
        CycleSplit {
            team,
            with_ai: arm(0),
            without_ai: arm(1),
        }
    };
    let mut splits = vec![split(None, &by_team)];
    if teams > 1 {
        let names = observations.teams.names().iter();
        splits.extend(
            names
                .zip(&by_team)
                .filter(|(_, arms)| arms.iter().any(|arm| arm.n > 0))
                .map(|(name, arms)| split(Some(name.to_string()), std::slice::from_ref(arms))),
        );
    }
    splits
}

const STAGES: usize = 5;

fn stages_of(row: &Observation, reading: &Reading) -> [Option<u32>; STAGES] {
    let clock = |clock| {
        // Moments have 32 bits, and so has what lies between two.
        row.clock(clock, &reading.calendar)
            .and_then(|seconds| u32::try_from(seconds).ok())
    };
    [
        row.draft_seconds().filter(|seconds| *seconds > 0),
        clock(Clock::Pickup),
        clock(Clock::Review),
        clock(Clock::ApproveToMerge),
        clock(Clock::Cycle),
    ]
}

/// Pull requests of an arm, with the seconds of each stage where they are known.
#[derive(Debug, Clone, Default)]
struct Stages {
    n: usize,
    seconds: [Vec<u32>; STAGES],
}

impl Stages {
    fn add(&mut self, seconds: [Option<u32>; STAGES]) {
        self.n += 1;
        for (column, value) in self.seconds.iter_mut().zip(seconds) {
            column.extend(value);
        }
    }

    /// The medians of one or more groups together.
    fn medians(groups: &[&Stages]) -> Option<StageMedians> {
        let n = groups.iter().map(|group| group.n).sum();
        if n < FEWEST_SHOWN {
            return None;
        }
        let of = |stage: usize| {
            let seconds = groups.iter().flat_map(|group| &group.seconds[stage]);
            stage_median(seconds.copied().map(f64::from))
        };
        Some(StageMedians {
            n,
            draft: of(0),
            pickup: of(1),
            review: of(2),
            approve_to_merge: of(3),
            cycle: of(4),
        })
    }
}

/// The median of a stage; `None` below five values.
pub(super) fn stage_median(seconds: impl Iterator<Item = f64>) -> Option<StageMedian> {
    let seconds: Vec<f64> = seconds.collect();
    if seconds.len() < FEWEST_SHOWN {
        return None;
    }
    Some(StageMedian {
        seconds: median(&seconds).ok()?,
        n: seconds.len(),
    })
}

/// The curves of the first look by a person.
pub(super) fn first_review_curves(
    observations: &Observations,
    reading: &Reading,
) -> FirstReviewCurves {
    let mut arms = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for row in observations.rows.iter().filter(|row| row.measured) {
        let (Some(arm), Some((seconds, end))) = (row.arm(), wait_of(row, Metric::Pickup, reading))
        else {
            continue;
        };
        let (times, events) = &mut arms[usize::from(arm != Arm::Ai)];
        times.push(seconds);
        events.push(end == Ending::Event);
    }
    let [with_ai, without_ai] = arms.map(|(times, events)| curve(&times, &events));
    FirstReviewCurves {
        with_ai,
        without_ai,
    }
}

fn curve(times: &[f64], events: &[bool]) -> Option<WaitCurve> {
    if times.len() < FEWEST_SHOWN {
        return None;
    }
    let estimate = KaplanMeier::new(times, events).ok()?;
    let mut points = vec![StepPoint {
        seconds: 0.0,
        share: 1.0,
        at_risk: times.len(),
    }];
    points.extend(step_points(estimate.curve(), MOST_POINTS - 1));
    Some(WaitCurve {
        n: times.len(),
        events: events.iter().filter(|event| **event).count(),
        points,
    })
}

/// The points of a curve, at most so many.
pub(super) fn step_points(
    curve: impl Iterator<Item = CurvePoint>,
    most: usize,
) -> impl Iterator<Item = StepPoint> {
    thin_curve(curve, most).into_iter().map(|point| StepPoint {
        seconds: point.time,
        share: point.share,
        at_risk: point.at_risk,
    })
}
